"""Every way to end: its word, its sentence, whether it is a success, and the point that is kept."""

from __future__ import annotations

import itertools
import math
import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent import Status, Stopping
from downslope.descent.descend import SLICE_SECONDS
from downslope.errors import UsageError
from downslope.objectives import Objective, Parameters

ENGINES = pytest.mark.parametrize("engine", ["traced", "hosted"])


def slope(x: Any) -> list[float]:
    return [1.0]


# function, start, options -> status, success, part of the message
ENDS: dict[str, tuple[Any, Any, dict[str, Any], Status, bool, str]] = {
    "gradient": ("x^2", 1.0, {"learning_rate": 0.25, "tolerance": 1e-3},
        Status.CONVERGED, True, "within the tolerance 0.001, after 11 steps"),
    "gradient at the start": ("x^2", 0.0, {"learning_rate": 0.25, "tolerance": 0.0},
        Status.CONVERGED, True, "after 0 steps"),
    "relative gradient": ("x^2", 1024.0, {"learning_rate": 0.25, "relative_tolerance": 2.0**-8},
        Status.CONVERGED, True, "after 8 steps"),
    "value": ("x^2", 1.0, {"learning_rate": 0.25, "value_tolerance": 1e-3},
        Status.CONVERGED, True, "value changed by no more than 0.001"),
    "point": ("x^2", 1.0, {"learning_rate": 0.25, "x_tolerance": 1e-3},
        Status.CONVERGED, True, "last step was no longer than 0.001"),
    "target": ("x^2", 1.0, {"learning_rate": 0.25, "target": 1e-3},
        Status.TARGET_REACHED, True, "reached the target after 5 steps"),
    "default": ("x^2", 1.0, {}, Status.CONVERGED, True, "within the tolerance 1e-08"),
    "steps": ("x^2", 1.0, {"learning_rate": 0.25, "steps": 3},
        Status.STEP_LIMIT, True, "limit of 3 steps."),
    "one step": ("x^2", 1.0, {"learning_rate": 0.25, "steps": 1},
        Status.STEP_LIMIT, True, "limit of 1 step."),
    "no step": ("x^2", 1.0, {"learning_rate": 0.25, "steps": 0},
        Status.STEP_LIMIT, True, "limit of 0 steps."),
    "steps, tolerance unmet": ("x^2", 1.0, {"learning_rate": 0.25, "steps": 3, "tolerance": 1e-9},
        Status.STEP_LIMIT, False, "with the gradient norm still 0.25"),
    "evaluations": ("x^2", 1.0, {"learning_rate": 0.25, "evaluations": 3},
        Status.EVALUATION_LIMIT, False, "limit of 3 evaluations, with the gradient norm still 0.5"),
    "evaluations and steps": ("x^2", 1.0, {"learning_rate": 0.25, "evaluations": 3, "steps": 9},
        Status.EVALUATION_LIMIT, True, "limit of 3 evaluations."),
    "evaluations, unmet": ("x^2", 1.0, {"learning_rate": 0.25, "evaluations": 3, "target": 0.0},
        Status.EVALUATION_LIMIT, False, "still 0.5"),
    "time": ("x^2", 1.0, {"learning_rate": 1e-12, "time_limit": 0.01},
        Status.TIME_LIMIT, False, "time limit"),
    "diverged at the limit": ("x^2", 1.0, {"learning_rate": 1.1, "steps": 20},
        Status.DIVERGED, False, "worse than at the start"),
    "diverged at the limit of evaluations": ("x^2", 1.0, {"learning_rate": 1.1, "evaluations": 20},
        Status.DIVERGED, False, "still getting worse."),
    "diverged on the way": ("x^2", 1.0, {"learning_rate": 1.1},
        Status.DIVERGED, False, "worse than at the start"),
    "diverged by overflow": ("x^4", 3.0, {"learning_rate": 1.0, "steps": 100},
        Status.DIVERGED, False, "Diverged"),
    "diverged by exp": ("exp(x^2)", 3.0, {"learning_rate": 1.0, "steps": 100},
        Status.DIVERGED, False, "overflows at x = "),
    "unbounded": ("x^2 + 2*y^3", {"x": 1.0, "y": -1.0}, {"learning_rate": 0.1, "tolerance": 1e-5},
        Status.UNBOUNDED, False, "Unbounded below"),
    "unbounded, linear": ("-x", 1.0, {"learning_rate": 1e29}, Status.UNBOUNDED, False, "Unbounded below"),
    "unbounded to -inf": ("-exp(x)", 1.0, {"learning_rate": 1.0},
        Status.UNBOUNDED, False, "Unbounded below"),
    "left, NaN": ("x - 0.1*log(x)", 0.35, {"learning_rate": 1.0, "steps": 100},
        Status.LEFT_DOMAIN, False, "is not a number at x = "),
    "left, no gradient": ("sqrt(x)", 1.0, {"learning_rate": 2.0, "steps": 5},
        Status.LEFT_DOMAIN, False, "has no finite gradient at x = 0"),
    "start, NaN": ("log(x)", -1.0, {"learning_rate": 1.0},
        Status.LEFT_DOMAIN, False, "is not a number at the start, x = -1. Start elsewhere."),
    "start, pole": ("1/x", 0.0, {"learning_rate": 1.0},
        Status.LEFT_DOMAIN, False, "is infinite at the start, x = 0"),
    "start, -inf": ("log(x)", 0.0, {"learning_rate": 1.0},
        Status.LEFT_DOMAIN, False, "is infinite at the start, x = 0"),
    "start, no gradient": ("sqrt(x)", 0.0, {"learning_rate": 1.0},
        Status.LEFT_DOMAIN, False, "no finite gradient at the start, x = 0"),
    "steep, but finite": ("1e160*x", 1.0, {"learning_rate": 1.0},
        Status.UNBOUNDED, False, "Unbounded below: the value computed at x = -1e+160 is minus infinity"),
    "start, too steep": ("1.7e308*x + 1.7e308*y", {"x": 0.0, "y": 0.0}, {"learning_rate": 1.0},
        Status.LEFT_DOMAIN, False, "norm overflows at the start"),
    "stalled": ("(x - 0.1)^2*3 + 1e-3*abs(x - 0.7)", 1.0, {"learning_rate": 1e-20, "tolerance": 1e-9},
        Status.STALLED, False, "the point no longer moves, with the gradient norm still"),
}  # fmt: skip


@ENGINES
@pytest.mark.parametrize("case", ENDS)
def test_every_way_to_end(case: str, engine: Any) -> None:
    function, start, options, status, success, words = ENDS[case]
    run = ds.minimize(function, start, engine=engine, **options)
    assert (run.status, run.success) == (status, success), run.message
    assert words in run.message
    assert np.all(np.isfinite(run.history.x))
    assert np.all(np.isfinite(run.history.value))
    assert len(run.history) == 0 or run.history.step[-1] == run.nit


@pytest.mark.parametrize("case", ENDS)
def test_every_way_to_end_uphill(case: str) -> None:
    function, start, options, status, success, words = ENDS[case]
    if "target" in options:
        options = {**options, "target": -options["target"]}
    run = ds.maximize(f"-({function})", start, **options)
    assert (run.status, run.success) == (status, success), run.message
    if status == Status.UNBOUNDED:
        assert "Unbounded above: the value" in run.message
    elif status != Status.DIVERGED:
        assert words in run.message


def test_every_status_but_the_hosts_own_is_in_the_table() -> None:
    assert {entry[3] for entry in ENDS.values()} == set(Status) - {
        Status.INTERRUPTED,
        Status.STOPPED_BY_CALLBACK,
        Status.ERROR,
    }


def test_the_last_good_point_is_kept_and_the_one_outside_is_named() -> None:
    run = ds.minimize("x - log(x)", 0.2, learning_rate=0.1, steps=100)
    assert run.success  # x - log x pushes away from zero
    run = ds.minimize("x - 0.1*log(x)", {"x": 0.35}, learning_rate=1.0, steps=100)
    assert run.status == "left_domain"
    assert run.x["x"] == run.history["x"][-1] == 0.35
    assert run.verdict.left_at is not None
    assert run.verdict.left_at[0] == pytest.approx(0.35 - (1 - 0.1 / 0.35))
    assert run.message.endswith("The last good point is x = 0.35 (step 0).")


def test_a_pole_on_the_way() -> None:
    """The step from 1 lands on 0 exactly, where 1/x² is infinite."""
    run = ds.minimize("where(x > 0, x, 1/x^2)", 1.0, learning_rate=1.0, steps=5)
    assert run.status == "left_domain"
    assert "is infinite at x = 0" in run.message
    assert run.x == 1.0


def test_nothing_is_kept_of_a_start_outside() -> None:
    run = ds.minimize("log(x)", {"x": -1.0})
    assert (run.x, run.nit, run.nfev, len(run.history)) == ({"x": -1.0}, 0, 1, 0)
    assert math.isnan(run.fun)
    assert math.isnan(run.gradient_norm)
    assert "left_domain" in repr(run)


def test_nan_is_never_converged() -> None:
    for test in ("value_tolerance", "x_tolerance", "relative_tolerance"):  # looked at from the first step on
        run = ds.minimize("sqrt(x)", 1.0, learning_rate=10.0, **{test: 1e300})  # type: ignore[arg-type]
        assert (run.status, run.fun) == ("left_domain", 1.0)
    assert ds.minimize("sqrt(x)", 1.0, learning_rate=10.0, tolerance=1e300).status == "converged"
    run = ds.minimize(
        "where(x > 0.5, x, log(x - 1))", 1.0, learning_rate=1.0, value_tolerance=1e300, target=-1e300
    )
    assert run.status == "left_domain"


def test_diverged_is_not_said_of_a_run_that_is_coming_back() -> None:
    rule = ds.optimizers.Momentum(learning_rate=0.5, momentum=0.95)
    run = ds.minimize("x^2", 1.0, optimizer=rule, steps=300)
    assert (run.status, run.success) == ("step_limit", True)


def test_a_rise_in_the_last_step_is_no_divergence() -> None:
    rule = ds.optimizers.Momentum(learning_rate=0.1, momentum=0.9)
    rises = [
        run
        for steps in range(5, 40)
        for run in [ds.minimize("x^2", 1.0, optimizer=rule, steps=steps)]
        if run.history.value[-2] < run.fun < run.history.value[0]
    ]
    assert len(rises) > 5
    assert {run.status for run in rises} == {"step_limit"}


@ENGINES
def test_tolerances_of_zero_are_met_by_what_is_exactly_steady(engine: Any) -> None:
    options: dict[str, Any] = {"learning_rate": 0.5, "steps": 9, "engine": engine}
    assert ds.minimize("x^2 + 1", 1.0, value_tolerance=0.0, **options).nit == 2
    assert ds.minimize("x^2 + 1", 1.0, x_tolerance=0.0, **options).nit == 2
    assert ds.minimize("x^2 + 1", 1.0, tolerance=0.0, **options).nit == 1
    assert ds.minimize("x^2 + 1", 1.0, target=1.0, **options).nit == 1


def test_half_rate_on_a_parabola_has_301_rows_and_is_a_success() -> None:
    run = ds.minimize("x^2", 1.0, learning_rate=0.5, steps=300)
    assert (len(run.history), run.status, run.success, run.nfev) == (301, "step_limit", True, 301)
    assert run.history.x[1:].tolist() == [[0.0]] * 300


@ENGINES
def test_a_tolerance_below_the_rounding_floor_stalls(engine: Any) -> None:
    run = ds.minimize("(x - 0.1)^4 + x/3", 1.0, learning_rate=0.01, tolerance=1e-30, engine=engine)
    assert run.status in ("stalled", "converged")
    assert run.nit < 100_000
    if run.status == "stalled":
        assert run.gradient_norm > 1e-30


@ENGINES
def test_callback_sees_every_step_and_stops(engine: Any) -> None:
    seen: list[Any] = []
    run = ds.minimize(
        "x^2",
        {"x": 1.0},
        learning_rate=0.25,
        steps=50,
        engine=engine,
        callback=lambda s: seen.append(s) or s.step == 4,
    )
    assert (run.status, run.success, run.nit) == ("stopped_by_callback", True, 4)
    assert run.message == "Stopped by the callback at step 4."
    assert [s.step for s in seen] == [0, 1, 2, 3, 4]
    assert [s.x["x"] for s in seen] == run.history["x"].tolist()
    assert [s.value for s in seen] == run.history.value.tolist()
    assert [s.gradient_norm for s in seen] == run.history.gradient_norm.tolist()
    assert [s.evaluations for s in seen] == run.history.evaluations.tolist()


def test_callback_may_raise_stop_iteration_and_sees_values_uphill() -> None:
    values: list[float] = []

    def stop(step: Any) -> None:
        values.append(step.value)
        if step.step == 2:
            raise StopIteration

    run = ds.maximize("-x^2", 1.0, learning_rate=0.25, steps=50, callback=stop)
    assert (run.status, run.nit) == ("stopped_by_callback", 2)
    assert values == [-1.0, -0.25, -0.0625]


def test_error_in_a_callback_reaches_the_person() -> None:
    with pytest.raises(ZeroDivisionError):
        ds.minimize("x^2", 1.0, callback=lambda s: 1 / 0)


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    # A clock of our own: every look at it is a slice's time later, so that slices stay as short as the first one.
    ticks = itertools.count(step=SLICE_SECONDS)
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    ds.minimize("x^2", 1.0, learning_rate=1e-12, time_limit=2.0, every=10**9, progress=told.append)
    assert len(told) >= 10
    between = np.diff([p.seconds for p in told])
    looks = np.round(between / SLICE_SECONDS)  # two a slice, and two more where a place is kept to rewind to
    assert np.median(looks) == 2
    assert set(looks.tolist()) <= {2.0, 4.0}
    assert told[0].seconds >= SLICE_SECONDS
    assert told[-1].seconds < 2.0
    assert all(a.evaluations < b.evaluations for a, b in itertools.pairwise(told))
    assert [p.fraction for p in told] == pytest.approx([p.seconds / 2.0 for p in told])


class Interrupting(Objective):
    """Presses Ctrl-C at its fifth evaluation."""

    calls = 0

    def value_and_gradient(self, x: Any) -> Any:
        self.calls += 1
        if self.calls == 5:
            raise KeyboardInterrupt
        return float(x @ x), 2 * x


def test_interrupted_in_a_hosted_function() -> None:
    run = ds.minimize(
        Interrupting(Parameters.scalars(["x"]), "own"), {"x": 1.0}, learning_rate=0.25, steps=100
    )
    assert (run.status, run.success, run.nit, run.nfev) == ("interrupted", False, 3, 4)
    assert run.history["x"].tolist() == [1.0, 0.5, 0.25, 0.125]
    assert run.message == "Interrupted at step 3; everything until then is kept."


def test_interrupted_in_a_callback() -> None:
    def press(step: Any) -> None:
        if step.step == 3:
            raise KeyboardInterrupt

    run = ds.minimize("x^2", 1.0, learning_rate=0.25, steps=100, callback=press)
    assert (run.status, run.nit, len(run.history)) == ("interrupted", 3, 4)


NATIVE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # where a shell in the background would ignore it
import downslope as ds
def told(progress):
    if progress.step > 1000:
        print("running", flush=True)
run = ds.minimize("x^2", 1.0, learning_rate=1e-300, steps=10**12, progress=told)
print(run.status, run.nit == run.nfev - 1, len(run.history) > 100, run.history.step[-1] == run.nit)
"""


def test_ctrl_c_in_a_native_run_loses_nothing() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", NATIVE], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out.splitlines()[-1] == "interrupted True True True"
    assert process.returncode == 0


def test_time_limit_is_kept() -> None:
    began = time.perf_counter()
    run = ds.minimize("x^2 + sin(y)", "x=1,y=1", learning_rate=1e-12, time_limit=0.3)
    assert run.status == "time_limit"
    assert 0.3 <= run.seconds < 3  # compiling included, on a busy machine
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": -1}, "steps is -1; it must be a whole number, at least 0"),
        ({"steps": 1.5}, "whole number"),
        ({"steps": "10"}, "whole number"),
        ({"steps": True}, "whole number"),
        ({"steps": math.nan}, "whole number"),
        ({"evaluations": 0}, "at least 1"),
        ({"tolerance": -1e-9}, "tolerance is -1e-09; it must be a finite number, at least 0"),
        ({"tolerance": math.nan}, "finite number"),
        ({"tolerance": math.inf}, "finite number"),
        ({"tolerance": "1e-5"}, "finite number"),
        ({"value_tolerance": True}, "finite number"),
        ({"x_tolerance": [1]}, "finite number"),
        ({"target": math.nan}, "target is nan; it must be a finite number"),
        ({"time_limit": 0}, "time_limit is 0; it must be a number of seconds"),
        ({"time_limit": math.nan}, "time_limit is nan"),
        ({"every": 0}, "every is 0; it must be a whole number, at least 1"),
        ({"every": 2.5}, "every is 2.5"),
        ({"every": "10"}, "every is '10'"),
        ({"every": math.nan}, "every is nan"),
        ({"every": math.inf}, "every is inf"),
        ({"every": True}, "every is True"),
        ({"every": 1, "steps": 10**12}, "use every="),
    ],
)
def test_wrong_limits_are_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        ds.minimize("x^2", 1.0, learning_rate=0.1, **options)
    assert words in str(caught.value)


def test_defaults_of_stopping() -> None:
    full = Stopping().with_defaults()
    assert (full.steps, full.tolerance) == (100_000, 1e-8)
    assert Stopping(steps=5).with_defaults() == Stopping(steps=5)
    assert Stopping(tolerance=1e-3).with_defaults().steps == 100_000
    assert Stopping(steps=5, seconds=1, evaluations=9).with_defaults().tolerance is None
    assert Stopping(target=1.0).with_defaults().tolerance is None
    assert Stopping(steps=np.int64(5)).steps == 5
    assert Stopping(steps=1e6).steps == 1_000_000  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "net", [{"time_limit": 60.0}, {"evaluations": 1_000_000}], ids=["seconds", "evaluations"]
)
@ENGINES
def test_a_safety_net_leaves_the_default_tolerance_on(engine: Any, net: dict[str, Any]) -> None:
    plain = ds.minimize("x^2", 1.0, learning_rate=0.1, engine=engine)
    caught = ds.minimize("x^2", 1.0, learning_rate=0.1, engine=engine, **net)
    assert (caught.status, caught.success, caught.nit) == ("converged", True, plain.nit)
    single = ds.minimize("x^2", 1.0, learning_rate=0.1, engine=engine, dtype="float32", **net)
    assert single.status == "converged"
    assert single.nit < plain.nit


@ENGINES
def test_a_net_that_caught_the_run_is_no_success_and_a_flat_start_ends_at_once(engine: Any) -> None:
    run = ds.minimize("x^2", 1.0, learning_rate=1e-3, evaluations=9, engine=engine)
    assert (run.status, run.success, run.nfev) == ("evaluation_limit", False, 9)
    assert "with the gradient norm still" in run.message
    flat = ds.minimize("x^2", 0.0, learning_rate=0.1, time_limit=60.0, engine=engine)
    assert (flat.status, flat.nit) == ("converged", 0)
    asked = ds.minimize("x^2", 0.0, learning_rate=0.1, steps=7, engine=engine)
    assert (asked.status, asked.success, asked.nit) == ("step_limit", True, 7)  # as many as were asked for


@ENGINES
def test_a_search_that_cannot_leave_its_start_stalls(engine: Any) -> None:
    """Finite at 1 and nowhere else: every trial that moves is rejected."""
    run = ds.minimize(
        "where(x == 1, x^2, log(-1 - x^2))", {"x": 1.0}, optimizer="armijo", tolerance=1e-9, engine=engine
    )
    assert (run.status, run.success, run.nfev, run.x) == ("stalled", False, 201, {"x": 1.0})


@pytest.mark.parametrize("uphill", [False, True])
@pytest.mark.parametrize(
    ("formula", "rate"), [("exp(x) - x", 0.01), ("log(1 + exp(x)) - x/2", 0.3), ("cosh(x)", 0.01)]
)
@pytest.mark.parametrize("test", [{"tolerance": 1e-9}, {"relative_tolerance": 1e-10}])
def test_what_passes_in_single_precision_is_the_norm_that_is_told(
    formula: str, rate: float, test: dict[str, float], uphill: bool
) -> None:
    call, signed = (ds.maximize, f"-({formula})") if uphill else (ds.minimize, formula)
    run = call(signed, {"x": 3.0}, learning_rate=rate, dtype="float32", steps=20_000, **test)
    asked = run.termination.evidence.tolerance
    assert run.success == (run.gradient_norm <= asked)
    assert run.status == ("converged" if run.success else "stalled")
