"""The one judge of the end: the same ends in every engine and under every rule, with the evidence that decided."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent.evidence import Cause, Evidence
from downslope.descent.norms import norm_of
from downslope.descent.termination import terminate
from downslope.descent.trend import FEW, repeats, trend_of
from downslope.optimizers import all_optimizers

ENGINES = pytest.mark.parametrize("engine", ["traced", "hosted"])
RULES = sorted(rule.name() for rule in all_optimizers())
AVERAGING = ("schedule_free_sgd", "schedule_free_adamw", "dog")
SEARCHING = (
    "armijo",
    "auto",
    "lbfgs",
    "conjugate_gradient_hz",
    "conjugate_gradient_pr",
    "spg",
)


def options_of(rule: str, **more: Any) -> dict[str, Any]:
    """A rate where the rule has one."""
    named = {cls.name(): cls for cls in all_optimizers()}[rule]
    rate = {"learning_rate": 0.1} if "learning_rate" in getattr(named, "__dataclass_fields__", {}) else {}
    return {"optimizer": rule, **rate, **more}


def evidence_of(run: ds.Run) -> Evidence:
    assert run.termination.evidence is not None
    return run.termination.evidence


# --- norms -------------------------------------------------------------------------------------------------

# function, start, options -> the gradient norm at the start
NORMS: dict[str, tuple[str, Any, dict[str, Any], float]] = {
    "exp(x^2) from 20": ("exp(x^2)", 20.0, {}, 40 * math.exp(400)),
    "1e-170 of a square": ("1e-170*(x-1)^2", 5.0, {}, 8e-170),
    "1e200 of a square": ("1e200*(x-3)^2", 1.0, {}, 4e200),
    "two steep coordinates": ("3e200*x + 4e200*y", {"x": 1.0, "y": 1.0}, {}, 5e200),
    "two flat coordinates": ("3e-200*x + 4e-200*y", {"x": 0.0, "y": 0.0}, {}, 5e-200),
    "float32, steep": ("1e20*x^2", 1.0, {"dtype": "float32"}, 2e20),
    "float32, flat": ("1e-25*x^2", 1.0, {"dtype": "float32"}, 2e-25),
    "next to zero": ("x^2", 1e-200, {}, 2e-200),
    "zero": ("x^2", 0.0, {}, 0.0),
}


@ENGINES
@pytest.mark.parametrize("case", NORMS)
def test_norms_are_finite_and_not_zero_where_the_gradient_is_so(case: str, engine: Any) -> None:
    function, start, options, norm = NORMS[case]
    run = ds.minimize(function, start, learning_rate=1e-300, steps=2, engine=engine, **options)
    assert run.history.gradient_norm[0] == pytest.approx(norm, rel=1e-6, abs=0.0)
    assert len(run.history) == 3


@ENGINES
def test_tolerances_are_held_against_true_norms(engine: Any) -> None:
    """The squares of all these norms underflow, and the tolerance lies between them."""
    run = ds.minimize(
        "1e-170*(x-1)^2", 5.0, learning_rate=1e169, relative_tolerance=1e-3, tolerance=None, engine=engine
    )
    assert (run.status, run.nit) == ("converged", 31)
    assert run.gradient_norm == pytest.approx(8e-170 * 0.8**31)
    again = ds.minimize("1e-170*(x-1)^2", 5.0, learning_rate=1e169, tolerance=8e-173, engine=engine)
    assert (again.status, again.nit) == ("converged", 31)
    assert evidence_of(again).tolerance == 8e-173


@ENGINES
def test_a_tolerance_of_zero_is_not_met_by_a_square_that_underflows(engine: Any) -> None:
    run = ds.minimize("1e-170*(x-1)^2", 5.0, learning_rate=1e169, tolerance=0.0, steps=10, engine=engine)
    assert (run.status, run.nit) == ("step_limit", 10)


def test_one_hundred_thousand_steps_beyond_underflow_take_no_time() -> None:
    """Norms of kept rows are made anew only once, at the end."""
    run = ds.minimize("x^2", 1e-140, learning_rate=1e-3, steps=100_000)
    assert np.all(run.history.gradient_norm[:-1] > 0)
    np.testing.assert_allclose(run.history.gradient_norm, 2 * np.abs(run.history.x[:, 0]), rtol=1e-15)


def test_scaled_norms_agree_with_plain_ones() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        v = rng.normal(size=5)
        assert norm_of(v) == np.sqrt(np.dot(v, v))
        for power in (-1000, -600, 600, 1000):
            assert norm_of(np.ldexp(v, power)) == pytest.approx(np.ldexp(norm_of(v), power), rel=1e-15)
    assert math.isnan(norm_of([1.0, math.nan]))
    assert norm_of([1.0, -math.inf]) == math.inf
    assert norm_of([1.7e308, 1.7e308]) == math.inf


# --- kinks, NaN --------------------------------------------------------------------------------------------


@ENGINES
@pytest.mark.parametrize(
    ("function", "start"),
    [
        ("sqrt(x^2)", -3.0),
        ("sqrt((x-1)^2)", 4.0),
        ("(x^2)^0.5 + y^2", {"x": 2.0, "y": 1.0}),
        ("sqrt(x^2 + y^2)", {"x": 3.0, "y": 0.0}),
    ],
)
def test_a_gradient_that_is_undefined_at_a_kink_leaves_the_last_good_point(
    function: str, start: Any, engine: Any
) -> None:
    run = ds.minimize(function, start, learning_rate=0.5, steps=40, engine=engine)
    assert np.all(np.isfinite(run.final))
    assert np.all(np.isfinite(run.history.value))
    assert np.all(np.isfinite(run.history.gradient_norm))
    assert (run.status, run.success) == ("left_domain", False)
    assert "has no finite gradient at" in run.message
    assert evidence_of(run).failure == "gradient_not_finite"
    assert run.fun < 1.0


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_ends_at_nan_beside_a_kink(rule: str) -> None:
    run = ds.minimize("sqrt(x^2)", -3.0, **options_of(rule, steps=200))
    assert np.all(np.isfinite(run.final))
    assert math.isfinite(run.fun)


def test_a_supplied_gradient_that_is_nan_is_said_to_be_the_gradients() -> None:
    def cost(v: Any) -> float:
        return float(np.sum((v - 1) ** 2))

    def gradient(v: Any) -> Any:
        return 2 * (v - 1) * (np.nan if v[0] < 2 else 1.0)

    run = ds.minimize(cost, np.array([3.0, 1.0]), gradient=gradient, learning_rate=0.1, steps=20)
    assert (run.status, run.success) == ("left_domain", False)
    assert "the gradient that was supplied is not a finite number at" in run.message
    assert evidence_of(run).failure == "supplied_gradient_not_finite"
    first = ds.minimize(cost, np.array([1.5, 1.0]), gradient=gradient, learning_rate=0.1, steps=20)
    assert first.fun == 0.25  # the value is finite
    assert first.message.startswith("The gradient that was supplied is not a finite number at the start")


def test_values_of_1e200_are_descended() -> None:
    run = ds.minimize("1e200*(x-3)^2", 1.0, learning_rate=1e-201, steps=100)
    assert run.success
    assert run.x == pytest.approx(3.0)


# --- getting worse, cycles ---------------------------------------------------------------------------------


@ENGINES
@pytest.mark.parametrize("steps", [500, 501, 502])
def test_a_settled_cycle_is_one_whatever_the_parity_of_the_limit(steps: int, engine: Any) -> None:
    run = ds.minimize("log(cosh(x))", 0.7, learning_rate=3, tolerance=1e-8, steps=steps, engine=engine)
    assert (run.status, run.success) == ("step_limit", False)
    assert (evidence_of(run).trend, evidence_of(run).period) == ("cycle", 2)
    assert run.message.endswith("The points repeat themselves with a period of 2 steps.")
    assert abs(run.x) == pytest.approx(1.28784, abs=1e-5)
    plain = ds.minimize("log(cosh(x))", 0.7, learning_rate=3, steps=steps, engine=engine)
    assert not plain.success  # its values are above the start's


def test_no_settled_cycle_is_a_success() -> None:
    """More steps never leave it. One that is narrow beside the whole way is how some rules stand at a minimum."""
    for steps in (200, 201):
        same = ds.minimize("x^2", 3.0, learning_rate=1.0, steps=steps)
        assert (same.success, evidence_of(same).period) == (False, 2)
        lower = ds.minimize("abs(x)", 5.05, learning_rate=0.3, steps=steps)
        assert (lower.success, evidence_of(lower).period) == (True, 0)


@ENGINES
@pytest.mark.parametrize("every", [1, 3, 10, 200, 1000])
def test_the_spacing_of_a_history_changes_nothing_of_what_is_seen(every: int, engine: Any) -> None:
    run = ds.minimize(
        "log(cosh(x))", 0.7, learning_rate=3, tolerance=1e-8, steps=501, every=every, engine=engine
    )
    assert (run.status, evidence_of(run).trend, evidence_of(run).period) == ("step_limit", "cycle", 2)
    assert run.history.step.tolist() == sorted({*range(0, 501, every), 501})
    assert run.history.x[-1, 0] == run.x


def test_a_cycle_that_a_limit_of_time_thinned_is_one_still() -> None:
    points = np.array([[1.0]] * 8 + [[-1.0]])
    assert trend_of(np.ones(9), points, tail=1) == ("cycle", 0)


@pytest.mark.parametrize("moves", [None, 0, FEW - 1, FEW, 3 * FEW - 1])
def test_points_repeat_only_where_every_one_of_many_coordinates_does(moves: int | None) -> None:
    points = np.full((6, 3 * FEW), -5.0)
    if moves is not None:
        points[-2, moves] += 1e-9
    assert repeats(points) == (moves is None)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite_do_not_repeat(number: float) -> None:
    points = np.ones((6, 3))
    points[-1, 1] = number
    with np.errstate(invalid="ignore"):
        assert not repeats(points)


@ENGINES
def test_steps_whose_squares_underflow_are_steps(engine: Any) -> None:
    run = ds.minimize("x^2", 3, learning_rate=0.1, tolerance=1e-300, steps=10_000, engine=engine)
    assert (run.status, run.nit) == ("converged", 3104)


@pytest.mark.parametrize("steps", range(40, 60))
def test_a_swinging_run_is_not_diverging(steps: int) -> None:
    rule = ds.optimizers.Momentum(learning_rate=1.9, momentum=0.99)
    run = ds.minimize("x^2", 3.0, optimizer=rule, tolerance=1e-8, steps=steps)
    assert run.status == "step_limit"
    assert evidence_of(run).trend in ("swinging", "falling")


@pytest.mark.parametrize("steps", range(90, 110))
def test_a_bounded_function_does_not_diverge(steps: int) -> None:
    run = ds.minimize("sin(x)", 1.0, learning_rate=100, steps=steps)
    assert run.status == "step_limit"
    assert run.success == (run.fun <= math.sin(1.0))


def test_a_run_that_ends_above_its_start_is_no_success() -> None:
    run = ds.minimize("sqrt(x^2 + 1)", 0.1, learning_rate=30.0, steps=9)
    assert run.fun > run.history.value[0]
    assert (run.status, run.success) in (("step_limit", False), ("diverged", False))


def test_diverging_needs_five_values() -> None:
    for steps in (1, 2, 3):
        few = ds.minimize("x^2", 1.0, learning_rate=1.1, steps=steps)
        assert (few.status, few.success) == ("step_limit", False)
        assert "is worse than the 1 of the start" in few.message
        assert few.explain().codes == ("learning_rate_above_limit",)
    five = ds.minimize("x^2", 1.0, learning_rate=1.1, steps=4)
    assert (five.status, five.success) == ("diverged", False)
    assert "Try" not in five.message  # advice is the explanation's


def test_three_values_of_a_wave_that_happen_to_rise_are_no_divergence() -> None:
    wave = ds.minimize(
        "sin(x)*cos(2.59*y)",
        {"x": 2.208, "y": -1.439},
        optimizer="schedule_free_adamw",
        learning_rate=75.2,
        steps=2,
    )
    assert np.all(np.diff(wave.history.value) > 0)
    assert (wave.status, wave.success) == ("step_limit", False)


def test_random_values_are_compared_beyond_chance() -> None:
    rng = np.random.default_rng(1)

    def cost(v: Any) -> float:
        return float(v @ v + 0.1 * rng.normal())

    run = ds.minimize(cost, np.array([0.01]), gradient=lambda v: 2 * v, learning_rate=0.1, steps=30)
    assert (run.status, run.success) == ("step_limit", True)


# --- methods that average ----------------------------------------------------------------------------------


@ENGINES
@pytest.mark.parametrize("rule", AVERAGING)
def test_averages_are_judged_at_the_point_that_they_report(rule: str, engine: Any) -> None:
    run = ds.minimize(
        "(x-1)^2+3*(y+2)^2",
        {"x": 4.0, "y": 1.0},
        **options_of(rule, tolerance=1e-4, steps=20_000, engine=engine),
    )
    evidence = evidence_of(run)
    x = run.final
    there = float(np.hypot(2 * (x[0] - 1), 6 * (x[1] + 2)))
    assert run.gradient_norm == pytest.approx(there, rel=1e-9)
    assert evidence.gradient_norm == run.gradient_norm
    assert evidence.reported
    if run.status == "converged":
        assert run.success
        assert there <= 1e-4
        assert f"{there:.3g} is within the tolerance" in run.message
        assert run.nfev > run.nit + 1  # looks at the reported point are evaluations
    else:
        assert (run.status, run.success) == ("step_limit", False)
        assert there > 1e-4


@ENGINES
@pytest.mark.parametrize("test", [{"value_tolerance": 1e-9}, {"x_tolerance": 1e-5}, {"target": 1e-3}])
def test_other_tests_of_averages_are_of_the_reported_point_too(test: dict[str, float], engine: Any) -> None:
    run = ds.minimize(
        "(x-1)^2+3*(y+2)^2",
        {"x": 4.0, "y": 1.0},
        optimizer="schedule_free_sgd",
        learning_rate=0.1,
        steps=100_000,
        engine=engine,
        **test,  # type: ignore[arg-type]
    )
    assert run.success
    if "target" in test:
        assert run.fun <= test["target"]


@pytest.mark.parametrize("limit", [50, 51, 200])
def test_looks_at_reported_points_stay_within_the_limit_of_evaluations(limit: int) -> None:
    run = ds.minimize(
        "(x-1)^2+3*(y+2)^2",
        {"x": 4.0, "y": 1.0},
        optimizer="schedule_free_sgd",
        learning_rate=0.1,
        tolerance=1e-2,
        evaluations=limit,
    )
    assert run.nfev <= limit


# --- an end in bounded time --------------------------------------------------------------------------------


def kinked(v: Any) -> float:
    return float(abs(v[0]) + 2 * abs(v[1] - 1))


def walled(v: Any) -> float:
    return float(np.sum(v**2)) if np.all(np.abs(v - 2) < 1e-3) else math.inf


class Noisy:
    """A cost like one with dropout."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(7)

    def __call__(self, v: Any) -> float:
        return float(np.sum((v - 1) ** 2 * (self.rng.random(len(v)) > 0.5)) + 0.1 * self.rng.random())


BOUNDED: dict[str, Any] = {"kinked": lambda: kinked, "walled": lambda: walled, "noisy": Noisy}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", BOUNDED)
@pytest.mark.parametrize("rule", RULES)
def test_steps_alone_end_in_bounded_evaluations(rule: str, kind: str) -> None:
    gradient = {
        "kinked": lambda v: np.array([np.sign(v[0]), 2 * np.sign(v[1] - 1)]),
        "walled": lambda v: 2 * v,
        "noisy": lambda v: 2 * (v - 1),
    }[kind]
    start = np.array([2.0, 2.0]) if kind == "walled" else np.array([3.0, 2.3])
    run = ds.minimize(
        BOUNDED[kind](), start, gradient=gradient, engine="hosted", **options_of(rule, steps=30)
    )
    assert run.nit <= 30
    assert run.nfev <= 200 * 31 + 1
    if run.status == "stalled":
        assert not run.success or run.fun <= run.history.value[0]
        assert "trials were refused without progress" in run.message


@ENGINES
@pytest.mark.parametrize("rule", SEARCHING)
def test_a_search_on_kinks_ends(rule: str, engine: Any) -> None:
    run = ds.minimize("abs(x)+2*abs(y-1)", {"x": 3.0, "y": 2.3}, optimizer=rule, steps=300, engine=engine)
    assert run.nfev < 3000
    assert run.fun < 1.0


@pytest.mark.filterwarnings("ignore::downslope.objectives.GradientWarning")
@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("rule", SEARCHING)
def test_a_gradient_of_the_wrong_sign_stalls_soon(rule: str, dimension: int) -> None:
    def cost(v: Any) -> float:
        return float(3 * np.sum((v - 1) ** 2) + 1)

    start = np.full(dimension, 3.0)
    run = ds.minimize(cost, start, gradient=lambda v: -6 * (v - 1), optimizer=rule)
    assert (run.status, run.success) == ("stalled", False)
    assert run.nfev < 500
    assert "worse than at the start" not in run.message


# --- what is said, and kept --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["minimize", "maximize"])
def test_a_test_that_passed_elsewhere_is_said_first(command: str) -> None:
    function = "x^2 + 2*y^3" if command == "minimize" else "-(x^2 + 2*y^3)"
    run = getattr(ds, command)(function, {"x": 1.0, "y": 1.0}, learning_rate=0.1, tolerance=1e-5)
    assert (run.status, run.success) == ("converged", False)
    wanted = "minimum" if command == "minimize" else "maximum"
    assert run.message.startswith(f"The test passed at a point that is no {wanted}. The gradient norm")
    assert "inflection" in run.message
    assert evidence_of(run).ground == "inflection"


def test_the_evidence_is_the_numbers_of_the_run() -> None:
    run = ds.minimize("x^2", 1.0, learning_rate=0.25, tolerance=1e-3)
    evidence = evidence_of(run)
    assert (evidence.cause, evidence.step, evidence.evaluations) == (Cause.GRADIENT_SMALL, 11, 12)
    assert (evidence.value, evidence.first_value, evidence.gradient_norm) == (run.fun, 1.0, run.gradient_norm)
    assert (evidence.tolerance, evidence.first_gradient_norm, evidence.asked) == (1e-3, 2.0, True)
    assert evidence.moved == pytest.approx(2.0**-11)
    assert evidence.change == pytest.approx(2.0**-20 - 2.0**-22)
    up = evidence_of(ds.maximize("-x^2", 1.0, learning_rate=0.25, target=-1e-3))
    assert (up.cause, up.target, up.maximize, up.value) == (Cause.TARGET_REACHED, -1e-3, True, -(2.0**-10))


def test_evidence_is_saved_and_files_without_it_still_load(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for run in (
        ds.minimize("x^2", 1.0, learning_rate=0.25, tolerance=1e-3),
        ds.minimize("log(x)", {"x": -1.0}),
        ds.minimize("x^2 + 2*y^3", {"x": 1.0, "y": 1.0}, learning_rate=0.1, tolerance=1e-5),
        ds.minimize("exp(x^2)", 3.0, learning_rate=1.0, steps=100),
    ):
        run.save(path)
        again = ds.load(path)
        assert repr(evidence_of(again)) == repr(evidence_of(run))
        assert (again.message, again.status, again.success) == (run.message, run.status, run.success)
        data = json.loads(path.read_text())
        del data["evidence"], data["said"], data["sha256"], data["digest"]
        path.write_text(json.dumps(data))
        old = ds.load(path)
        assert old.termination.evidence is None
        assert (old.message, old.status, old.success) == (run.message, run.status, run.success)


@pytest.mark.parametrize(("key", "value"), [("cause", "nonsense"), ("trend", "sideways"), ("step", "many")])
def test_evidence_of_a_file_that_makes_no_sense_is_refused(key: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ds.minimize("x^2", 1.0, learning_rate=0.25, steps=3).save(path)
    data = json.loads(path.read_text())
    data["evidence"][key] = value
    path.write_text(json.dumps(data))
    with pytest.raises(ds.errors.DataError):
        ds.load(path)


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("unit", ["step", "epoch"])
def test_every_cause_has_a_word_and_a_sentence(cause: Cause, unit: Any) -> None:
    left = cause in (Cause.VALUE_NAN, Cause.VALUE_INFINITE, Cause.GRADIENT_NOT_FINITE)
    end = terminate(
        Evidence(
            cause=cause,
            step=1,
            evaluations=2,
            unit=unit,
            tolerance=1e-3,
            value_tolerance=1e-3,
            x_tolerance=1e-3,
            outside=left,
        )
    )
    assert end.message.endswith(".")
    assert end.status in ds.Status
    assert "{" not in end.message
    if unit == "epoch" and not left:
        assert "step 1" not in end.message
        assert "1 step" not in end.message


def test_a_fit_in_batches_counts_epochs_and_the_user_sees_the_users_parameters() -> None:
    table = {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.1, 6.0, 8.2]}
    fit = ds.fit(table, "y ~ a*x + b", learning_rate=0.01, batch_size=2, epochs=3)
    assert fit.message == "Stopped at the limit of 3 epochs."
    assert fit.run.termination.evidence.unit == "epoch"
    ran = ds.fit(table, "y ~ a*x + b", learning_rate=1e200, standardize=True, steps=50)
    assert ran.status in ("diverged", "left_domain")
    assert "z1" not in ran.message


def test_a_cycle_far_above_the_start_of_a_fit_is_no_success() -> None:
    table = {"x": [2.0, 4.0, 6.0, 8.0], "y": [81.0, 93.0, 91.0, 97.0]}
    fit = ds.fit(table, "y ~ a*x+b", loss="rmse", start={"a": 7.5, "b": 80.6}, learning_rate=50, steps=300)
    assert not fit.run.success
    assert fit.status == "step_limit"
    assert not any("give it more steps" in warning for warning in fit.warnings)


def test_a_fit_with_kinks_by_conjugate_gradients_ends() -> None:
    table = {"x": [2.0, 4.0, 6.0, 8.0], "y": [81.0, 93.0, 91.0, 97.0]}
    fit = ds.fit(table, "y ~ a*x+b", loss="mae", optimizer="conjugate_gradient_hz", steps=500)
    assert fit.run.nfev < 5000
    assert fit.status in ("stalled", "step_limit")
