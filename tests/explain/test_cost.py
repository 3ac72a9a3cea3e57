"""What looking at a run costs is counted: operations of formulas and tables, calls of functions; never seconds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent.traced import TracedEngine
from downslope.explain import budget, explain
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import SafetyClockError, TooDearError, at_most
from downslope.explain.judgement import point_of
from downslope.objectives.formula import from_text


def counted(size: int, **options: Any) -> tuple[list[int], ds.Run]:
    """An opaque function of so many parameters that counts its calls, and a run of it."""
    calls: list[int] = []

    def opaque(x: Any) -> float:
        calls.append(1)
        return sum(math.cosh(v) for v in x)

    def slope(x: Any) -> Any:
        return np.sinh(np.asarray(x, float))

    return calls, ds.minimize(opaque, start=[1.0] * size, gradient=slope, explain=False, **options)


RUNS: dict[str, tuple[Callable[[Any], float], Callable[[Any], Any], float, dict[str, Any]]] = {
    "arrives": (lambda x: math.fsum(map(math.cosh, x)), np.sinh, 1.0, {"tolerance": 1e-5}),
    "is cut short": (
        lambda x: math.fsum(map(math.cosh, x)),
        np.sinh,
        1.0,
        {"learning_rate": 0.1, "steps": 4},
    ),
    "diverges": (lambda x: float(x @ x), lambda x: 2 * x, 1.0, {"learning_rate": 1.3, "steps": 60}),
    "begins on a summit": (
        lambda x: float(np.sum((x**2 - 1) ** 2)),
        lambda x: 4 * x * (x**2 - 1),
        0.0,
        {"learning_rate": 0.01, "tolerance": 1e-6},
    ),
    "creeps": (lambda x: float(np.sum(x**4)), lambda x: 4 * x**3, 0.1, {"learning_rate": 0.1, "steps": 30}),
    "is on a plateau": (
        lambda x: float(np.sum(np.tanh(x) ** 2)),
        lambda x: 2 * np.tanh(x) / np.cosh(x) ** 2,
        15.0,
        {"learning_rate": 0.1, "tolerance": 1e-6},
    ),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("with_gradient", [False, True], ids=["values", "gradient"])
@pytest.mark.parametrize("size", [1, 2, 20, 80])
def test_judging_and_explaining_take_the_calls_of_the_run_and_200_more(
    size: int, with_gradient: bool, name: str
) -> None:
    """All together, however often it is explained; with a gradient of its own the calls of either are so many."""
    function, slope, first, options = RUNS[name]
    values, gradients = [], []

    def opaque(x: Any) -> float:
        values.append(1)
        return function(np.array([float(v) for v in x]))

    def supplied(x: Any) -> Any:
        gradients.append(1)
        return slope(np.array([float(v) for v in x]))

    start, more = [first] * size, {"gradient": supplied} if with_gradient else {}
    ds.minimize(opaque, start, explain=False, **more, **options)
    before = len(values), len(gradients)  # with those that see how it can be differentiated
    values.clear()
    gradients.clear()
    run = ds.minimize(opaque, start, **more, **options)
    told = repr(run.explain())
    looked = len(values) - before[0], len(gradients) - before[1]
    own = run.nfev if with_gradient else run.nfev * (1 + 2 * size)
    assert max(looked) <= own + budget.MORE_CALLS
    assert repr(explain(run)) == told
    assert repr(ds.minimize(opaque, start, explain=False, **more, **options).explain()) == told


def test_a_function_that_may_not_be_called_is_not_judged() -> None:
    calls, run = counted(40, tolerance=1e-5)
    calls.clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(budget, "MORE_CALLS", 0)
        assert point_of(dataclasses.replace(run, nfev=2)).detail == "too_dear"
    assert len(calls) <= 2


def test_seconds_decide_nothing() -> None:
    _, run = counted(3, learning_rate=0.9, steps=40)
    told = [repr(dataclasses.replace(run, seconds=seconds).explain()) for seconds in (1e-9, 1.0, 1e3)]
    assert told[0] == told[1] == told[2]


def test_what_the_budget_does_not_cover_is_refused_and_noted() -> None:
    landscape = AnalysisView(from_text("x^4 + y^2"))
    for look in (landscape.value, landscape.gradient, landscape.hessian):
        with at_most(1e9) as ample:
            look(np.ones(2))
        assert not ample.refused
        assert ample.left < 1e9
        with at_most(0.0) as over, pytest.raises(TooDearError):
            look(np.array([1.0, 2.0]))
        assert over.refused
    with at_most(1e9) as outer, pytest.raises(TooDearError), at_most(0.0):
        landscape.value(np.ones(2))
    assert outer.refused


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    run = ds.minimize("(x^2+y-11)^2 + (x+y^2-7)^2", {"x": 1.0, "y": 1.0}, learning_rate=0.01, steps=20)
    monkeypatch.setattr(budget, "OPERATIONS", 0)
    told = dataclasses.replace(run, nfev=0).explain()
    assert told.left_out or told.point.detail == "too_dear"
    assert all(finding.advice is None for finding in told.findings)


def test_steps_that_are_made_one_by_one_are_counted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far out, where the squares of a gradient underflow, a step takes a thousand times as long."""
    slow: list[int] = []
    advance = TracedEngine._advance_by_one

    def counted_advance(engine: TracedEngine, trace: Any) -> int:
        slow.append(1)
        return advance(engine, trace)

    monkeypatch.setattr(TracedEngine, "_advance_by_one", counted_advance)
    run = ds.minimize("1/(1+exp(-x))", {"x": 0.8}, optimizer="lion", learning_rate=1.6e-5, x_tolerance=8e-12)
    assert "learning_rate_too_small" in run.explain().codes
    assert len(slow) <= budget.OPERATIONS / budget.HOSTED_STEP


def test_a_safety_clock_that_strikes_leaves_no_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    run = ds.minimize("x^2/20 + y^2", {"x": -7.0, "y": 2.0}, learning_rate=1.05, steps=100)
    assert any(finding.advice for finding in run.explain().findings)
    monkeypatch.setattr(budget, "safety", lambda run: 0.0)
    told = dataclasses.replace(run).explain()
    assert told.codes == ("unexplained",)
    assert told.findings[0].advice is None
    assert told.forecast is None
    assert told.left_out
    with at_most(1e9, 0.0), pytest.raises(SafetyClockError):
        budget.spend(1)
