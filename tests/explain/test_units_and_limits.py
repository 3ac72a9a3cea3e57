"""Curvatures that only units make small, advice that needs other limits, curvatures of a wrong gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain.curvature import Curvature


def test_small_curvatures_are_those_of_the_inverse() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        A = rng.normal(size=(6, 3))
        units = 10.0 ** rng.uniform(-9, 0, size=3)
        found = Curvature.of((A * units).T @ (A * units), ("a", "b", "c"), exact=True)
        product = np.prod(found.values)
        assert product == pytest.approx(np.linalg.det(A.T @ A) * np.prod(units) ** 2, rel=1e-6)


@pytest.mark.parametrize("unit", [1e-8, 1e-10, 1e-12])
def test_a_sum_of_squares_is_never_called_endless(unit: float) -> None:
    run = ds.minimize(
        f"((2*{unit}*a+b-3)^2+({unit}*a+b-2)^2)/2", {"a": 0, "b": 0}, learning_rate=0.1, tolerance=1e-6
    )
    told = run.explain()
    assert run.status != "unbounded"
    assert told.point.kind == "small_by_units"
    assert told.point.distance == pytest.approx(1 / unit, rel=1e-3)
    assert "without end" not in str(told)


def test_a_fit_of_a_tiny_column_has_a_minimum() -> None:
    t = np.linspace(0, 10, 40)
    y = 2 * t + 1 + np.random.default_rng(0).normal(size=40) * 0.1
    told = str(ds.fit({"x": t * 1e-8, "y": y}, "y ~ a*x+b", learning_rate=0.1, tolerance=1e-6).explain())
    assert "no minimum" not in told
    assert "only because of the units" in told


def test_a_slope_without_curvature_is_endless_still() -> None:
    run = ds.minimize("(a+b-3)^2+1e-9*a", {"a": 0, "b": 0}, learning_rate=0.1, tolerance=1e-12, steps=1000)
    assert "unbounded_below" in run.explain().codes


@pytest.mark.parametrize(
    ("function", "start", "options"),
    [
        (
            "3*(x-2)^2+x*y+5*(y+1)^2",
            {"x": -1.9, "y": 6.41},
            {"optimizer": "nesterov_restart", "learning_rate": 2e-6, "steps": 50},
        ),
        ("log(cosh(x))+0.01*y^2", {"x": 0.78, "y": -0.54}, {"learning_rate": 4e-5, "steps": 300}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {"learning_rate": 0.1, "evaluations": 20, "tolerance": 1e-6}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {"learning_rate": 1e-4, "evaluations": 20}),
    ],
)
def test_advice_names_the_limit_that_it_needs(function: str, start: Any, options: dict[str, Any]) -> None:
    run = ds.minimize(function, start, **options)
    (advice,) = [finding.advice for finding in run.explain().findings if finding.advice is not None]
    assert "steps" in advice.setting or "evaluations" in advice.setting
    assert "That needs a limit of" in advice.sentence
    again = ds.minimize(function, start, **{**options, **advice.setting})
    assert again.success
    assert again.nit >= advice.steps


def test_a_wrong_gradient_lends_the_point_no_curvatures() -> None:
    with pytest.warns(ds.GradientWarning):
        wrong = ds.minimize(
            lambda x: float((x[0] - 1) ** 2 + 5 * x[1] ** 2),
            np.array([3.0, 1.0]),
            gradient=lambda x: 7 * np.array([2 * (x[0] - 1), 10 * x[1]]),
        )
    told = wrong.explain()
    assert told.codes == ("gradient_mismatch",)
    assert told.point.curvatures == ()
    assert "bounds" not in str(told)


def test_what_curves_down_is_no_strict_minimum() -> None:
    run = ds.minimize(
        "x*y", {"x": 0.5, "y": 0.5}, bounds={"x": (0, 2), "y": (0, 2)}, learning_rate=0.1, tolerance=1e-8
    )
    assert run.explain().point.kind != "minimum"
