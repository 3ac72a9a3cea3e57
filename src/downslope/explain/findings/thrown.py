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
PASSED = np.geomspace(
    1e-3, 0.99, 40
)  # parts of a step, where it is looked what it passed over: most of it near by
MORE = 3.0  # times what the slope at its end explains, that it must be higher there
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
    values, norms, x = diagnosis.values, diagnosis.norms, history.x[:, diagnosis.free]
    k, lowest = _worst_throw(values, norms, history.step), None
    if k is None and (disappointed or diagnosis.missed):
        k, lowest = _throw_over_lower_ground(diagnosis)
    if k is None:
        return
    corners = kinks_at(diagnosis.run.objective, history.x[k], BESIDE * norm_of(x[k + 1] - x[k]))
    if {*corners} - {text for text, _ in divisors(diagnosis.run.objective, history.x[k : k + 2])}:
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
        "lowest": None if lowest is None else diagnosis.sign * lowest,
        "rule": type(diagnosis.setup.rule).__name__,
    }
    smaller = rates(diagnosis, [rate / part for part in PARTS])
    within = diagnosis.run.nit + 1 if diagnosis.missed else np.inf
    advice = first_to_work(diagnosis, smaller, within) or first_to_work(
        diagnosis, [*leave_out(diagnosis), *smaller, more_steps(diagnosis)]
    )
    key = "learning_rate_above_limit.thrown" + ("" if lowest is None else ".over")
    key += ".last" if k + 2 == len(x) or not evidence["since"] else ""
    yield Finding("learning_rate_above_limit", evidence, False, advice, key)


def _throw_over_lower_ground(diagnosis: Diagnosis) -> tuple[int, float] | tuple[None, None]:
    """The row before the longest step onto flat ground that ended above what it passed over, and the lowest of that.

    It may end lower than it began. No convex function is so flat there: it would rise no more than its slope at the end
    of the step says.
    """
    history, values, norms = diagnosis.run.history, diagnosis.values, diagnosis.norms
    x = history.x[:, diagnosis.free]
    lengths = np.array([norm_of(step) for step in np.diff(x, axis=0)])
    steepest = np.maximum.accumulate(norms[::-1])[::-1][1:]
    rows = np.flatnonzero((steepest < FLATTER * norms[:-1]) & (np.diff(history.step) == 1) & (lengths > 0))
    if not len(rows):
        return None, None
    k = int(max(rows, key=lambda row: lengths[row]))
    between = (x[k] + t * (x[k + 1] - x[k]) for t in PASSED)
    lowest = min((v for v in map(diagnosis.view.value, between) if np.isfinite(v)), default=np.inf)
    above = values[k + 1] - lowest > MORE * norms[k + 1] * lengths[k]
    stays = np.min(values[k + 1 :]) > lowest + HIGHER * abs(lowest)
    return (k, float(lowest)) if above and stays else (None, None)


def _worst_throw(
    values: NDArray[np.float64], norms: NDArray[np.float64], steps: NDArray[np.int64]
) -> int | None:
    """The row before the step that raised the value most, of those after which it stays higher and the slope small."""
    least = np.minimum.accumulate(values[::-1])[::-1][1:]
    steepest = np.maximum.accumulate(norms[::-1])[::-1][1:]
    thrown = (least > values[:-1] + HIGHER * np.abs(values[:-1])) & (steepest < FLATTER * norms[:-1])
    rows = np.flatnonzero(thrown & (np.diff(steps) == 1))
    return int(max(rows, key=lambda k: values[k + 1] - values[k])) if len(rows) else None
