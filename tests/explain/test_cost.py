"""What looking at a run costs is counted: operations of formulas and tables, calls of functions; never seconds."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import budget
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


def test_a_function_that_must_be_called_often_is_not_judged_at_the_price_of_the_run() -> None:
    calls, run = counted(40, tolerance=1e-5)
    calls.clear()
    few = dataclasses.replace(run, nfev=2)
    assert point_of(few).detail == "too_dear"
    assert len(calls) <= 2


@pytest.mark.parametrize("size", [1, 2, 10, 30])
def test_an_explanation_calls_a_function_at_most_so_often(size: int) -> None:
    calls, run = counted(size, learning_rate=0.1, steps=40)
    calls.clear()
    run.explain()
    assert len(calls) <= 2 * (run.nfev + budget.MORE_EVALUATIONS)  # value and gradient apart


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
