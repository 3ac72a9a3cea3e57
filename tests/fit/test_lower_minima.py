"""Fits that end in a minimum that is not the lowest: another is taken, or said; and none is seen where none is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nist import NONLINEAR, digits, read
from nonlinear_problems import PROBLEMS

import downslope as ds
from downslope.fitting.lower_minima import lower_points
from downslope.fitting.suggested_starts import starts_beside, suggested_starts

# From these the steps of Levenberg and Marquardt end in a minimum that fits more than 0.95 of the variance.
ELSEWHERE = {
    "Kirby2": (1.5, 0.2, 0.005, -0.01, 1e-6),
    "MGH09": (0.2, -0.4, -0.02, -0.2),
    "Thurber": (1290, 1520, 600, 80, 0.95, 0.4, 0.07),
}


def named(values: Any) -> dict[str, float]:
    return {f"b{i + 1}": float(value) for i, value in enumerate(values)}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_good_fit_that_is_not_the_best_is_left_for_the_best(name: str) -> None:
    data, start = read(name), named(ELSEWHERE[name])
    table = {"x": data.x, "y": data.y}
    held = ds.fit(table, NONLINEAR[name], start=start, evaluations=2_000)
    found = ds.fit(table, NONLINEAR[name], start=start)
    assert held.status == "converged"
    assert held.r2 is not None
    assert held.r2 > 0.95
    assert found.success
    assert digits(list(found.x.values()), data.certified) >= 6
    told = next(note for note in found.notes if note.startswith("There are several minima."))
    assert f"R² is {held.r2:.6g} and the cost {held.loss:.6g}" in told
    assert f"its cost is {found.loss:.6g}" in told
    assert "evaluations=1000" in told
    assert found.nfev > held.nfev


@pytest.mark.parametrize(
    "how", [{"evaluations": 2_000}, {"optimizer": "levenberg_marquardt"}, {"steps": 500}]
)
def test_who_sets_a_limit_or_a_method_is_told_of_a_lower_one(how: dict[str, Any]) -> None:
    data = read("MGH09")
    table = {"x": data.x, "y": data.y}
    held = ds.fit(table, NONLINEAR["MGH09"], start=named(ELSEWHERE["MGH09"]), **how)
    assert held.status == "converged"
    told = next(f for f in held.findings if f.code == "several_minima")
    assert told.evidence["cost"] == pytest.approx(held.loss)
    assert str(told.message) in held.warnings
    at = dict(pair.split("=") for pair in told.evidence["start"].split(","))
    there = ds.fit(table, NONLINEAR["MGH09"], start={k: float(v) for k, v in at.items()}, **how)
    assert there.history["value"][0] == pytest.approx(told.evidence["lower"], rel=1e-6)
    assert there.loss <= told.evidence["lower"] * (1 + 1e-9) < held.loss
    assert not any(f.code == "several_minima" for f in there.findings)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_no_lower_one_is_seen_from_the_lowest(problem: Any) -> None:
    found = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(problem.best()))
    assert found.success
    assert not any("several minima" in note for note in found.notes)
    held = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(problem.best()), evaluations=500)
    assert found.nfev == held.nfev
    assert not any(f.code == "several_minima" for f in held.findings)


def test_a_missed_peak_among_many_rows_is_found_from_few() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 30_000)
    y = 3 * np.exp(-(((x - 2) / 0.7) ** 2)) + 2 * np.exp(-(((x - 7) / 0.9) ** 2))
    table = {"x": x, "y": y + 0.05 * rng.standard_normal(len(x))}
    right = "y ~ a*exp(-((x - b)/c)^2) + d*exp(-((x - e)/f)^2)"
    found = ds.fit(table, right, start="a=3,b=2,c=0.7,d=1,e=2.3,f=0.4")
    assert found.success
    assert found.r2 is not None
    assert found.r2 > 0.99
    values = found.x
    assert sorted((values["b"], values["e"])) == pytest.approx([2, 7], abs=0.01)


@pytest.mark.parametrize("seed", range(8))
def test_few_rows_that_flatter_a_point_are_not_believed(seed: int) -> None:
    """The rows that are looked at fit better with other parameters, as any sample does; the table does not."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 8, 5_000)
    table = {"x": x, "y": 3 * np.exp(-0.4 * x) + 1 + rng.standard_normal(len(x))}
    found = ds.fit(table, "y ~ a*exp(-b*x) + c", start="a=3,b=0.4,c=1")
    objective, point = found.problem.objective, np.array(list(found.x.values()))
    starts = [*suggested_starts(objective.block, 4, point), *starts_beside(objective.block, 4, point)]
    assert len(starts) > 4
    assert list(lower_points(objective, point, starts)) == []


def test_a_curve_that_runs_to_infinity_between_rows_is_no_better_one() -> None:
    """A pole beside one row fits that row; who began without a pole does not want it."""
    x = np.linspace(0, 10, 21)
    y = (1 + 2 * x) / (1 + 0.3 * x + 0.01 * x**2)
    y[13] += 3  # which a pole beside it would meet
    found = ds.fit({"x": x, "y": y}, "y ~ (a + b*x)/(1 + c*x + d*x^2)", start="a=1,b=2,c=0.3,d=0.01")
    assert found.success
    assert found.r2 == pytest.approx(0.7236, abs=1e-4)  # with a pole it is 0.7708
    assert np.all(1 + found.x["c"] * x + found.x["d"] * x**2 > 0)


@pytest.mark.parametrize("right", ["a*exp(-b*x) + c", "h*exp(-((x - m)/s)^2) + k*exp(-((x - n)/r)^2)"])
def test_few_rows_choose_the_start_where_many_are_dear(right: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 6, 20_000)
    curve = 3 * np.exp(-0.8 * x) + 0.5
    if "h*" in right:
        curve = 5 * np.exp(-(((x - 2) / 0.5) ** 2)) + 3 * np.exp(-(((x - 4) / 0.7) ** 2))
    found = ds.fit({"x": x, "y": curve + 0.1 * rng.standard_normal(len(x))}, f"y ~ {right}")
    assert found.success
    assert found.loss == pytest.approx(0.01, rel=0.05)  # the variance of the noise
    assert found.nfev < 20  # of four descents they were over 200


LOOSE = [
    {"tolerance": 1e-3},
    {"tolerance": 1e-3, "evaluations": 1000},
    {"tolerance": 1e-2, "loss": "rmse"},
    {"tolerance": 1e-1, "optimizer": "bfgs"},
    {"tolerance": 1e-1, "optimizer": "adam", "learning_rate": 0.1},
]


@pytest.mark.parametrize("asked", LOOSE, ids=str)
def test_where_a_loose_test_ends_a_descent_is_no_minimum_of_several(asked: dict[str, Any]) -> None:
    x = np.linspace(0, 5, 300)
    table = {"x": x, "y": 3 * np.exp(-0.5 * x) + 0.01 * np.sin(11 * x)}
    fit = ds.fit(table, "y ~ a*exp(-b*x)", start={"a": 1, "b": 1}, **asked)
    assert fit.success
    assert not [note for note in fit.notes if "minima" in str(note)]
