"""Runs that one step, too long at the rate they had, threw out onto flatter ground, from where they hardly return."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Status
from downslope.descent.norms import norm_of
from downslope.explain.advice import first_to_work, leave_out, more_steps, rates
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.subexpressions import divisors, kinks_at

FLATTER = 0.1  # part of the slope before the step, below which all later ones are
HIGHER = 1e-6  # part of the value by which all later ones must be above the one before the step
BESIDE = 1e-2  # part of the step within which a corner lies beside its beginning
PARTS = (2.0, 4.0, 10.0, 30.0, 100.0, 1e3, 1e4)  # by which the rate is divided


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """At most one.

    A step downhill that ends higher is too long, whatever the rule: a shorter one the same way ends lower.
    """
    rate, history = diagnosis.rate, diagnosis.run.history
    disappointed = diagnosis.status == Status.CONVERGED and not diagnosis.run.termination.success
    ended = disappointed or diagnosis.status in LIMITS
    if rate is None or not ended or diagnosis.setup.bounded or len(history) < 2 or not diagnosis.known:
        return
    values, norms = diagnosis.values, diagnosis.norms
    k = _worst_throw(values, norms, history.step)
    if k is None:
        return
    x = history.x[:, diagnosis.free]
    corners = kinks_at(diagnosis.run.objective, history.x[k], BESIDE * norm_of(x[k + 1] - x[k]))
    if {*corners} - {text for text, _ in divisors(diagnosis.run.objective)}:
        return  # the corner beside it is the cause
    if not float((x[k + 1] - x[k]) @ diagnosis.view.gradient(x[k])) < 0:
        return
    evidence = {
        "step": int(history.step[k + 1]),
        "learning_rate": rate,
        "limit": None,
        "length": norm_of(x[k + 1] - x[k]),
        "before": diagnosis.sign * float(values[k]),
        "after": diagnosis.sign * float(values[k + 1]),
        "slope_before": float(norms[k]),
        "slope": float(norms[-1]),
        "since": norm_of(x[-1] - x[k + 1]),
        "rule": type(diagnosis.setup.rule).__name__,
    }
    smaller = rates(diagnosis, [rate / part for part in PARTS])
    within = diagnosis.run.nit + 1 if diagnosis.missed else np.inf
    advice = first_to_work(diagnosis, smaller, within) or first_to_work(
        diagnosis, [*leave_out(diagnosis), *smaller, more_steps(diagnosis)]
    )
    yield Finding("learning_rate_above_limit", evidence, False, advice, "learning_rate_above_limit.thrown")


def _worst_throw(
    values: NDArray[np.float64], norms: NDArray[np.float64], steps: NDArray[np.int64]
) -> int | None:
    """The row before the step that raised the value most, of those after which it stays higher and the slope small."""
    least = np.minimum.accumulate(values[::-1])[::-1][1:]
    steepest = np.maximum.accumulate(norms[::-1])[::-1][1:]
    thrown = (least > values[:-1] + HIGHER * np.abs(values[:-1])) & (steepest < FLATTER * norms[:-1])
    rows = np.flatnonzero(thrown & (np.diff(steps) == 1))
    return int(max(rows, key=lambda k: values[k + 1] - values[k])) if len(rows) else None
