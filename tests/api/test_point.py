"""What kind of point a run reached, and whether it counts as found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import classify
from downslope.objectives.formula import from_text

# formula, point -> kind
KINDS = [
    ("x^2 + y^2", (0, 0), "minimum"),
    ("1000 + x^2 + 1e-3*y^2", (0, 0), "minimum"),
    ("x^2 - y^2", (0, 0), "saddle"),
    ("1000 + x^2 - y^2", (0, 0), "saddle"),
    ("x*y", (0, 0), "saddle"),
    ("-x^2 - y^2", (0, 0), "maximum"),
    ("x^4 + y^4", (0, 0), "degenerate"),
    ("x^2 + y^4", (0, 0), "degenerate"),
    ("(x*y)^2", (0, 0), "degenerate"),
    ("x^2 + 0*y", (0, 0), "degenerate"),
    ("x^4 - 2*x^2 + y^2", (1, 0), "minimum"),
    ("x^4 - 2*x^2 + y^2", (0, 0), "saddle"),
]


@pytest.mark.parametrize(("formula", "point", "kind"), KINDS)
def test_kind_of_a_point_and_of_its_mirror_image(formula: str, point: Any, kind: str) -> None:
    x = np.array(point, float)
    if "y" not in formula:
        x = x[:1]
    assert classify(from_text(formula), x).kind == kind
    mirrored = {"minimum": "maximum", "maximum": "minimum"}.get(kind, kind)
    assert classify(from_text(f"-({formula})"), x, maximize=True).kind == mirrored


def test_too_many_parameters_or_no_number_is_unknown_or_outside() -> None:
    many = "+".join(f"x{i}^2" for i in range(261))
    assert classify(from_text(many), np.zeros(261)).kind == "unknown"
    assert classify(from_text("log(x)"), np.array([-1.0])).kind != "minimum"


# formula, start, options -> success
FOUND = [
    ("x^2 + y^2", "x=1,y=1", {}, True),
    ("x^4 + y^4", "x=1,y=1", {}, True),
    ("(x*y)^2", "x=1,y=1", {}, True),
    ("(x*y)^2", "x=1,y=0.5", {}, True),
    ("abs(x) + abs(y)", "x=0,y=0", {}, True),
    ("exp(x) + exp(-x)", "x=1", {}, True),
    ("x^3", "x=1", {}, False),
    ("x^2 + 2*y^3", "x=1,y=1", {}, False),
    ("x^2 - y^2", "x=1,y=0", {}, False),
    ("-x^2", "x=0", {}, False),
    ("cos(x)", "x=0", {}, False),
    ("x^4 - 2*x^2", "x=0", {}, False),
]


@pytest.mark.parametrize(("formula", "start", "options", "success"), FOUND)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_only_what_was_asked_for_is_a_success(
    formula: str, start: str, options: Any, success: bool, engine: Any
) -> None:
    run = ds.minimize(formula, start, learning_rate=0.05, tolerance=1e-5, engine=engine, **options)
    assert (run.status, run.success) == ("converged", success), run.message
    up = ds.maximize(f"-({formula})", start, learning_rate=0.05, tolerance=1e-5, engine=engine, **options)
    assert (up.status, up.success) == ("converged", success), up.message


@pytest.mark.parametrize("tolerance", [1e-1, 1e-2, 1e-3, 1e-6, 1e-9])
def test_a_minimum_is_a_success_however_near_the_run_came(tolerance: float) -> None:
    for problem in ("sphere", "booth", "matyas", "rosenbrock", "beale", "himmelblau"):
        run = ds.minimize(problem, optimizer="armijo", tolerance=tolerance, steps=200_000)
        assert run.status in ("converged", "stalled"), problem
        assert run.success == (run.status == "converged"), (problem, run.message)


def test_a_stationary_start_is_judged_without_any_tolerance() -> None:
    assert not ds.minimize("x^2 - y^2", "x=0,y=0", learning_rate=0.1, steps=5).success
    assert ds.minimize("x^2 + y^2", "x=0,y=0", learning_rate=0.1, steps=5).success


def test_the_way_out_of_a_saddle_is_named() -> None:
    assert "along y" in ds.minimize(
        "x^2 - y^2", "x=1,y=0", learning_rate=0.1, tolerance=1e-6
    ).message.replace("-y", "y")
