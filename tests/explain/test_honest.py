"""What an explanation must not say, and how long it may take to say the rest."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import budget, classify, judgement
from downslope.explain.analysis_view import LONG, AnalysisView
from downslope.explain.theory import QuadraticModel, from_curvature
from downslope.objectives.formula import from_text

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(30, 3))
Y = np.tanh(X @ [1.0, -2.0, 0.5]) * 2 + 0.3
START = RANDOM.normal(size=21)


def network(w: Any) -> Any:
    """The mean squared error of a 3-4-1 net: it is never below 0, and flat along many directions."""
    hidden = np.tanh(X @ w[:12].reshape(3, 4) + w[12:16])
    return np.mean((hidden @ w[16:20] + w[20] - Y) ** 2)


@pytest.fixture(scope="module", params=["float64", "float32"])
def unfinished(request: pytest.FixtureRequest) -> list[Any]:
    """Runs of the net that ended at a coarse tolerance, or where they were told to."""
    options: list[dict[str, Any]] = [
        {"optimizer": "adam", "learning_rate": 0.05, "tolerance": 1e-3},
        {"optimizer": "adam", "learning_rate": 0.05, "steps": 200},
        {"optimizer": "adgd2", "tolerance": 1e-3},
        {"learning_rate": 0.05, "steps": 300},
    ]
    return [ds.minimize(network, START, dtype=request.param, **given) for given in options]


def test_a_sum_of_squares_is_never_said_to_fall_without_end(unfinished: list[Any]) -> None:
    for run in unfinished:
        said = str(run.explain())
        assert "without end" not in said
        assert "nothing to arrive at" not in said
        assert "unbounded_below" not in run.explain().codes


def test_a_net_that_is_not_finished_is_neither_a_saddle_nor_an_inflection(unfinished: list[Any]) -> None:
    for run in unfinished:
        assert run.explain().point.kind not in ("saddle", "maximum")
        assert run.explain().point.detail not in ("inflection", "plateau")
        assert "saddle" not in run.message
        assert run.success is (run.status in ("converged", "step_limit"))


def test_a_negative_curvature_counts_beside_the_gradient_that_is_left() -> None:
    formula = from_text("x^2 - 1e-4*y^2 + 1e-3*y^4")
    start = np.array([1.0, 1.0])
    assert classify(formula, np.array([0.0, 1e-9]), seen=(start,)).kind == "saddle"
    assert classify(formula, np.array([1e-6, 0.0]), seen=(start,)).kind == "saddle"
    # a gradient of 0.02 beside a curvature of 2e-4
    steep = classify(formula, np.array([1e-2, 0.0]), seen=(start,))
    assert (steep.kind, steep.detail, steep.disappoints) == ("unknown", "unfinished", False)
    assert "cannot be told yet" in steep.sentence


def test_in_float32_a_negative_curvature_must_be_more_than_rounding() -> None:
    for dtype, kind in ((np.float64, "saddle"), (np.float32, "unknown")):
        formula = from_text("10*x^2 - 1e-5*y^2", dtype=dtype)
        assert classify(formula, np.zeros(2), seen=(np.ones(2),)).kind == kind


def test_what_falls_without_end_is_still_said_to() -> None:
    for formula in ("x^2 - y^2", "x^2 - y"):
        run = ds.minimize(formula, {"x": 1.0, "y": 2.0}, learning_rate=0.1, steps=4000, explain=False)
        assert "unbounded_below" in run.explain().codes, formula
    assert "falls without end" in str(ds.forecast("x^2 - y^2", {"x": 1.0, "y": 2.0}, learning_rate=0.1))


def test_rounding_in_differences_is_no_slope_without_end() -> None:
    """Two equal columns: the Hessian has a null direction, which differences see as +-1e-11."""

    def opaque(w: Any) -> float:
        return float(sum((float(w[0]) + float(w[1]) - k) ** 2 + 3 * (float(w[2]) - 1) ** 2 for k in range(5)))

    run = ds.minimize(opaque, [1.0, 2.0, 3.0], learning_rate=0.01, tolerance=1e-6)
    assert run.status == "converged"
    assert "without end" not in str(run.explain())


def test_a_curvature_elsewhere_than_on_a_quadratic_does_not_bound_the_objective() -> None:
    from downslope.explain.curvature import Curvature

    curvature = Curvature.of(np.diag([-1.0, 2.0]), ("x", "y"))
    near = from_curvature(QuadraticModel(curvature, np.ones(2), exact=False), None, 1e-8)
    whole = from_curvature(QuadraticModel(curvature, np.ones(2), exact=True), None, 1e-8)
    assert near is not None
    assert whole is not None
    assert near.bounded
    assert not whole.bounded


# --- random values --------------------------------------------------------------------------------------


def test_the_curvature_of_noise_is_no_evidence() -> None:
    noise = np.random.default_rng(0)

    def dropped(w: Any) -> float:
        kept = noise.random(len(X)) < 0.5
        return float(np.mean(2 * kept * (X @ np.asarray(w, float) - Y) ** 2))

    def slope(w: Any) -> Any:
        kept = noise.random(len(X)) < 0.5
        return 4 * X.T @ (kept * (X @ np.asarray(w, float) - Y)) / len(X)

    run = ds.minimize(dropped, [0.0, 0.0, 0.0], gradient=slope, tolerance=1e-6, evaluations=300)
    assert "saddle" not in run.message
    told = run.explain()
    assert (told.point.kind, told.point.detail) == ("unknown", "random")
    assert "draws random numbers" in told.point.sentence
    assert not {"kink", "saddle", "flat"} & set(told.codes)


# --- reasons --------------------------------------------------------------------------------------------


def opaque_bowl(w: Any) -> float:
    return float(sum((float(v) - 1) ** 2 for v in w))


@pytest.mark.parametrize(
    ("options", "size", "reason", "words"),
    [
        ({}, 270, "few_directions", "directions only"),
        ({"dtype": "float32", "tolerance": 1e-2}, 2, "coarse", "float32"),
    ],
)
def test_it_says_why_a_point_was_not_looked_into(options: Any, size: int, reason: str, words: str) -> None:
    told = ds.minimize(opaque_bowl, [0.0] * size, learning_rate=0.3, **options).explain()
    assert (told.point.kind, told.point.detail) == ("unknown", reason)
    assert words in told.point.sentence
    assert "too many parameters, no finite" not in told.point.sentence
    assert told.to_dict()["point"]["detail"] == reason


def test_a_point_that_is_too_dear_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    run = ds.minimize(opaque_bowl, [0.0] * 40, learning_rate=0.3)
    monkeypatch.setattr(budget, "MORE_CALLS", -80)
    told = judgement.point_of(dataclasses.replace(run, nfev=1))
    assert told.detail == "too_dear"
    assert "longer than the run" in told.sentence


def test_the_limit_of_the_learning_rate_is_said_once() -> None:
    told = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=1.05, steps=100).explain()
    assert told.forecast is not None
    assert told.forecast.sentence not in str(told)
    assert str(told).count("limit") == 2  # of the rate, and of the steps that the advice needs
    assert told.forecast.sentence in str(told.forecast)


def test_a_long_formula_is_compiled_and_is_the_same() -> None:
    objective = ds.minimize(network, START, learning_rate=0.01, steps=1, explain=False).objective
    view = AnalysisView(objective)
    assert len(str(objective.expression)) > LONG
    assert view._native is not None
    native = view.value(START), view.gradient(START), view.hessian(START)
    view._machine_code, view._uncompilable, view._hessians = None, True, {}
    assert view._native is None
    assert native[0] == pytest.approx(view.value(START), rel=1e-14)
    np.testing.assert_allclose(native[1], view.gradient(START), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(native[2], view.hessian(START), rtol=1e-6, atol=1e-8)


def test_a_bound_is_not_advised_where_the_run_would_only_lean_on_it() -> None:
    """log(x) + x falls without end towards 0: whatever the bound, the run ends at it."""
    run = ds.minimize("log(x) + x", {"x": 1.0}, learning_rate=0.1)
    assert run.status == "left_domain"
    assert "bounds" not in str(run.explain())


@pytest.mark.parametrize("n", [2, 80, 3000])
@pytest.mark.parametrize("rate", [1e-3, 3.0])
def test_a_lambda_of_any_size_with_a_gradient_is_explained(n: int, rate: float) -> None:
    """Its text is a name, "<lambda>", and no formula."""
    h = np.linspace(1.0, 4.0, n)
    run = ds.minimize(
        lambda x: float(h @ np.abs(np.asarray(x, float)) ** 2),
        np.full(n, 0.3),
        gradient=lambda x: 2 * h * np.asarray(x, float),
        learning_rate=rate,
        steps=20,
    )
    assert "gradient_mismatch" not in run.explain().codes
    assert str(run.explain())


@pytest.mark.parametrize(
    ("scale", "options"),
    [(1e200, {"optimizer": "polyak"}), (1e300, {"optimizer": "polyak"})],
)
def test_squares_beyond_all_numbers_are_named_with_a_factor_that_helps(scale, options):
    run = ds.minimize(f"{scale}*(x-3)^2 + {scale}*(y-1)^2", start={"x": 1, "y": 5}, tolerance=1e-4, **options)
    assert not run.success
    found = next(f for f in run.explain().findings if f.code == "stalled")
    assert "its square, which the method works with, is beyond the largest number" in found.sentence
    times = found.advice.setting["times"]
    again = ds.minimize(
        f"{times}*({scale}*(x-3)^2 + {scale}*(y-1)^2)", start={"x": 1, "y": 5}, tolerance=1e-4, **options
    )
    assert again.success
    assert again.nit == found.advice.steps


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_momentum_0_is_said_to_be_gradient_descent(name):
    asked = {"optimizer": name, "learning_rate": 0.1}
    without, with_some = (
        ds.minimize("x^2 + 3y^2", start={"x": 1, "y": 2}, steps=9, **asked, hyperparameters={"momentum": m})
        for m in (0.0, 0.5)
    )
    plain = ds.minimize("x^2 + 3y^2", start={"x": 1, "y": 2}, steps=9, learning_rate=0.1)
    assert without.history.value.tolist() == plain.history.value.tolist()
    assert any("makes the steps of gradient descent" in note for note in without.notes)
    assert not any("gradient descent" in note for run in (with_some, plain) for note in run.notes)
    fit = ds.fit(
        {"x": [1, 2, 3], "y": [1, 2, 4]}, "y ~ a*x", **asked, steps=2, hyperparameters={"momentum": 0.0}
    )
    assert any("makes the steps of gradient descent" in note for note in fit.notes)


def test_more_steps_are_not_denied_by_the_curvature_of_another_minimum() -> None:
    """The first step leads past the minimum at 0; from there the run is on its way to the one at 11.8."""
    run = ds.minimize("exp(-x)*x^2 + 0.001*x", {"x": -1.0}, learning_rate=10.0, steps=50, tolerance=1e-8)
    told = run.explain()
    assert told.codes == ("too_few_steps",)
    assert "will not settle" not in str(told)
