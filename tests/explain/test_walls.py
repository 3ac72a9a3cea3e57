"""Edges of the domain at which runs stand: named, with a bound that was tried."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds

WALLS: dict[str, tuple[str, dict[str, float], dict[str, float], list[float | None] | None]] = {
    # formula: start, the edge, the bound that is advised
    "a root": ("sqrt(x) + y^2", {"x": 1, "y": 1}, {"x": 0}, [1e-9, None]),
    "a power": ("x^1.5 + x", {"x": 1}, {"x": 0}, [0, None]),
    "a shifted power": ("(x - 2)^1.5 + x", {"x": 5}, {"x": 2}, [2, None]),
    "an upper edge": ("(3 - x)^1.5 - x", {"x": 1}, {"x": 3}, [None, 3]),
    "a power of a product": ("(2*x)^2.5 + 3*x + (y - 1)^2", {"x": 1, "y": 0}, {"x": 0}, [0, None]),
}


@pytest.mark.parametrize("name", WALLS)
@pytest.mark.parametrize("climbing", [False, True])
def test_the_edge_is_named_and_the_bound_was_tried(name: str, climbing: bool) -> None:
    formula, start, edge, bound = WALLS[name]
    run = ds.maximize(f"-({formula})", start=start) if climbing else ds.minimize(formula, start=start)
    assert run.status == "stalled"
    told = run.explain()
    finding = told.findings[0]
    assert finding.code == "edge_of_domain"
    assert finding.evidence["at"] == pytest.approx(edge, abs=1e-12)
    assert "is not a number" in finding.sentence
    assert ("rises" if climbing else "falls") in finding.sentence
    assert told.point.kind == "edge_of_domain"
    (coordinate,) = edge
    assert finding.advice is not None
    assert finding.advice.setting["bounds"] == {coordinate: bound}
    held = (ds.maximize if climbing else ds.minimize)(
        f"-({formula})" if climbing else formula, start=start, bounds={coordinate: tuple(bound)}
    )
    assert held.success
    assert held.nit == finding.advice.steps
    assert held.x[coordinate] == pytest.approx(edge[coordinate], abs=1e-8)


def test_an_opaque_function_has_walls_too() -> None:
    def cost(x: Any) -> float:
        if x[0] < 0.5:
            return float("nan")
        return float(3 * x[0] + (x[1] - 1) ** 2)

    told = ds.minimize(cost, start=[2.0, 3.0]).explain()
    finding = told.findings[0]
    assert finding.code == "edge_of_domain"
    assert finding.evidence["at"]["x[0]"] == pytest.approx(0.5, abs=1e-6)
    assert "gives no finite number" in finding.sentence
    assert finding.advice is not None
    assert finding.advice.setting["bounds"]["x[0]"][0] == pytest.approx(0.5, abs=5e-3)


@pytest.mark.parametrize(
    ("formula", "start", "edge"),
    [("sqrt(x) + y^2", {"x": 1, "y": 1}, 0.0), ("x^1.5 + x", {"x": 1}, 0.0), ("acos(x)", {"x": 0.2}, 1.0)],
)
def test_who_steps_over_the_edge_is_told_the_bound(
    formula: str, start: dict[str, float], edge: float
) -> None:
    finding = ds.minimize(formula, start=start, learning_rate=0.1, tolerance=1e-8).explain().findings[0]
    assert finding.code == "left_domain"
    assert finding.advice is not None
    (bound,) = finding.advice.setting["bounds"].values()
    assert edge in bound


def _root(v: np.ndarray) -> float:
    return math.sqrt(v[0] - 2) + (v[1] - 1) ** 2


def _branch(v: np.ndarray) -> float:
    return float("nan") if v[0] < 0 else float(v[0] ** 1.5 + v[0] + v[1] ** 2)


@pytest.mark.parametrize(("function", "edge"), [(_root, 2.0), (_branch, 0.0)])
def test_so_is_whose_function_no_formula_tells_of(function: Callable[..., float], edge: float) -> None:
    run = ds.minimize(function, [3.0, 2.0], learning_rate=0.1)
    finding = run.explain().findings[0]
    assert finding.code == "left_domain"
    assert "gives no finite number" in finding.sentence
    assert finding.advice is not None
    assert "without optimizer and learning rate" in finding.advice.sentence
    (bound, _) = finding.advice.setting["bounds"]["v[0]"]
    assert bound == pytest.approx(edge, abs=5e-3)
    again = ds.minimize(function, [3.0, 2.0], bounds={"v[0]": (bound, None)})
    assert again.success
    assert again.x == pytest.approx([edge, 1.0 if edge else 0.0], abs=5e-3)


@pytest.mark.parametrize(
    ("formula", "expression"),
    [("log(x) + x^2", "log(x)"), ("atanh(x)", "atanh(x)"), ("3*log(2*x)", "log(2x)")],
)
def test_a_function_that_is_minus_infinity_is_a_pole(formula: str, expression: str) -> None:
    run = ds.minimize(formula, start={"x": 0.5})
    (finding,) = run.explain().findings
    assert finding.code == "pole"
    assert finding.evidence["expression"].replace("*", "").replace(" ", "") == expression.replace(" ", "")
    assert finding.advice is None


@pytest.mark.parametrize("formula", ["log(exp(x) + exp(2*x))", "-exp(x)", "-cosh(x)"])
def test_what_under_or_overflows_is_none(formula: str) -> None:
    told = ds.minimize(formula, start={"x": 3}, learning_rate=1.0, steps=2000).explain()
    assert all(finding.code != "pole" for finding in told.findings)


def test_a_minimum_at_an_edge_with_no_slope_left_is_one() -> None:
    told = ds.minimize("x*sqrt(x) + (y - 1)^2", start={"x": 0.9, "y": 1.5}).explain()
    assert (told.point.kind, told.point.detail) == ("edge_of_domain", "least")
    assert not told.findings
    assert "rises on every side" in told.point.sentence


def test_a_free_pole_beside_an_edge_is_not_called_least() -> None:
    point = ds.minimize("atanh(x)", start={"x": 0.5}).explain().point
    assert point.detail != "least"
    assert np.isfinite(point.distance)


@pytest.mark.parametrize(
    ("formula", "start", "at", "climbing"),
    [
        ("log(x) + x^2", {"x": 1}, {"x": 0}, False),
        ("log(x + y) + x^2 + y^2", {"x": 1, "y": 1}, {"x": 0, "y": 0}, False),
        ("0.01*log(x) + 100*x", {"x": 1}, {"x": 0}, False),
        ("log(3 - x) - x", {"x": 1}, {"x": 3}, False),
        ("atanh(x) + x", {"x": 0.5}, {"x": -1}, False),
        ("-x^(-0.5)", {"x": 1}, {"x": 0}, False),
        ("-log(x) - x^2", {"x": 1}, {"x": 0}, True),
    ],
)
def test_who_steps_over_a_pole_is_told_of_it(
    formula: str, start: dict[str, float], at: dict[str, float], climbing: bool
) -> None:
    descend = ds.maximize if climbing else ds.minimize
    (finding,) = descend(formula, start=start, learning_rate=0.3).explain().findings
    assert finding.code == "left_domain"
    assert finding.evidence["pole"] == pytest.approx(at, abs=1e-12)
    assert f"towards which the value {'rises' if climbing else 'falls'} without limit" in finding.sentence
    last = math.inf
    for part in np.geomspace(1, 1e-12, 7):  # it falls by as much in each hundredth of the way to the pole
        point = {name: at[name] + part * (start[name] - at[name]) for name in at}
        words = {"log": math.log, "atanh": math.atanh, **point}
        here = (-1 if climbing else 1) * eval(formula.replace("^", "**"), words)
        assert here < last
        last = here


@pytest.mark.parametrize(
    "formula", ["sqrt(x) + x", "x*log(x) + 4*x", "log(sqrt(x) + 1e-9) + x", "-sqrt(x) + x^2 + 9*x"]
)
def test_what_stays_finite_at_its_edge_is_called_no_pole(formula: str) -> None:
    told = ds.minimize(formula, start={"x": 1}, learning_rate=0.3).explain()
    assert all("pole" not in finding.evidence for finding in told.findings)


SEVERAL: dict[str, tuple[str, dict[str, float], dict[str, list[float | None]]]] = {
    "two roots": ("sqrt(x) + sqrt(y) + x + 2*y", {"x": 1, "y": 2}, {"x": [0, None], "y": [0, None]}),
    "one of each side": (
        "(x - 1)^1.5 + (3 - y)^1.5 + x - 2*y",
        {"x": 2, "y": 2},
        {"x": [1, None], "y": [None, 3]},
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("rate", [None, 0.1])
def test_walls_of_several_coordinates_are_advised_together(name: str, rate: float | None) -> None:
    formula, start, bounds = SEVERAL[name]
    told = ds.minimize(formula, start=start, learning_rate=rate).explain()
    (advice,) = [finding.advice for finding in told.findings if finding.advice is not None]
    assert advice.setting["bounds"] == bounds


@pytest.mark.parametrize("count", [3, 80, 3000])
def test_a_wall_of_many_coordinates_is_one_bound(count: int) -> None:
    def cost(x: Any) -> Any:
        return np.sum(np.sqrt(x)) + 0.01 * np.sum((x - 1) ** 2)

    (finding,) = ds.minimize(cost, np.linspace(1, 2, count)).explain().findings
    assert finding.code == "edge_of_domain"
    assert finding.evidence["at"] == {"x[0]": 0.0}
    assert finding.advice is not None
    assert list(finding.advice.setting["bounds"]) == ["x"]
    low, high = finding.advice.setting["bounds"]["x"]
    held = ds.minimize(cost, np.linspace(1, 2, count), bounds={"x": (low, high)})
    assert held.success
    assert held.x == pytest.approx(np.zeros(count), abs=1e-2)


@pytest.mark.parametrize("rule", ["adam", "momentum", "rmsprop"])
def test_no_bound_is_advised_before_a_pole(rule: str) -> None:
    told = ds.minimize("log(x) + x^2", start={"x": 1}, optimizer=rule, learning_rate=0.5).explain()
    (finding,) = told.findings
    assert "pole" in finding.evidence
    assert finding.advice is None


def test_a_smaller_rate_that_stays_in_a_valley_beside_a_pole_is_advised() -> None:
    (finding,) = ds.minimize("log(x) + 2*(x - 3)^2", start={"x": 3.5}, learning_rate=2.0).explain().findings
    assert finding.evidence["pole"] == {"x": 0.0}
    assert finding.advice is not None
    assert finding.advice.setting["learning_rate"] < 2
