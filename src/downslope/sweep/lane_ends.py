"""From what lanes leave behind to how each run ended, by the one judge's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent, Status
from downslope.descent import kernel as k
from downslope.descent import lane_kernel as lk
from downslope.descent.evidence import LIMITS, Cause, Evidence
from downslope.descent.growing_rows import MOST_NUMBERS
from downslope.descent.observing import ROUNDING
from downslope.descent.termination import FAR, JUMP, status_of
from downslope.descent.trace_buffer import TAIL_STEPS
from downslope.descent.trend import rising_rows
from downslope.sweep.cores import Watch
from downslope.sweep.lanes import LaneEngine, LaneProblem, Varied
from downslope.sweep.runs import Ends, code_of

ROWS_AT_ONCE = 1_000_000  # numbers, of runs that are made again with their rows
OUTSIDE = (Cause.VALUE_NAN, Cause.VALUE_INFINITE, Cause.GRADIENT_NOT_FINITE)


class LaneRuns(NamedTuple):
    """Runs that were made in lanes.

    Attributes:
        ends: where they ended.
        rows: value, gradient norm and point of every so-many-th step, shape (runs, rows, 2 + p); NaN behind the last.
    """

    ends: Ends
    rows: NDArray[np.float64]


def run_in_lanes(
    problem: LaneProblem, varied: Varied, run_alone: Callable[[int], Descent], watch: Watch | None = None
) -> LaneRuns:
    """Every run, in lanes; those whose numbers lanes cannot be trusted with, by ``run_alone``.

    Raises:
        TraceError, ObjectiveError: the objective or the rule has no lanes.
    """
    engine = LaneEngine(problem)
    results = engine.run(varied, watch=watch)
    alone = _measure(engine, varied, results)
    codes = results.codes
    status = np.full(len(codes), code_of(Status.INTERRUPTED), np.int8)
    far = _is_far(varied, results)
    by_rule = _made_by_the_rule(varied, results)
    rising = _still_rising(engine, varied, results)
    for code in np.unique(codes):
        if code < k.GRADIENT_SMALL:
            continue
        for flags in np.unique(np.stack([far, by_rule, rising])[:, codes == code], axis=1).T:
            here = (codes == code) & (far == flags[0]) & (by_rule == flags[1]) & (rising == flags[2])
            for before_start in (False, True):
                some = here & ((results.steps < 0) == before_start)
                if np.any(some):
                    status[some] = code_of(_status(Cause(int(code)), flags, before_start))
    values = problem.sign * results.values + 0.0
    ends = Ends(status, results.steps, results.evaluations, values, results.norms, results.points)
    for place in np.flatnonzero(alone):
        ends.put(int(place), run_alone(int(place)))
    return LaneRuns(ends, results.rows)


def _status(cause: Cause, flags: NDArray[np.bool_], before_start: bool) -> Status:
    far, by_rule, rising = map(bool, flags)
    step = -1 if before_start else 1
    if by_rule:
        cause = Cause.STEP_NOT_FINITE
    trend = "rising" if rising else "level"
    return status_of(Evidence(cause=cause, step=step, far=far, trend=trend, worse=rising))  # type: ignore[arg-type]


def _measure(engine: LaneEngine, varied: Varied, results: lk.LaneResults) -> NDArray[np.bool_]:
    """Measure gradients whose squares under- or overflow; which runs are still to be made by an engine of their own."""
    wanted = np.flatnonzero(results.codes == k.NORM_WANTED)
    if len(wanted):
        full = engine.problem.full
        norms = engine.true_norms(results.points[wanted], varied.of(wanted))
        tolerance = -1.0 if full.tolerance is None else full.tolerance
        met = np.isfinite(norms) & (norms <= tolerance)
        results.codes[wanted[met]] = k.GRADIENT_SMALL
        results.norms[wanted[met]] = norms[met]
    return np.asarray((results.codes == k.NORM_WANTED) | (results.codes == lk.UNTRUSTED))


def _is_far(varied: Varied, results: lk.LaneResults) -> NDArray[np.bool_]:
    """Which points outside are so far out that what fails there is an overflow; as ``termination.is_far``."""
    outside = np.isin(results.codes, [int(cause) for cause in OUTSIDE])
    unknown = (results.odd & lk.HAS_NAN) > 0
    infinite = (results.odd & lk.HAS_INFINITY) > 0
    reach = np.where((unknown | infinite) & (results.steps >= 0), _reach(results.points), results.reach)
    limit = np.where(results.codes == k.VALUE_NAN, FAR, JUMP * (1 + _reach(varied.starts)))
    return np.asarray(outside & (infinite | (reach > limit)))


def _made_by_the_rule(varied: Varied, results: lk.LaneResults) -> NDArray[np.bool_]:
    """Which points that are no number came of finite values and gradients, and of no overflow."""
    no_number = (results.codes == k.VALUE_NAN) & ((results.odd & lk.HAS_NAN) > 0) & (results.steps >= 0)
    return np.asarray(no_number & ~(_reach(results.points) > FAR))


def _reach(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.max(np.abs(points), axis=1, initial=0.0))


def _still_rising(engine: LaneEngine, varied: Varied, results: lk.LaneResults) -> NDArray[np.bool_]:
    """Which runs end above their start, at a limit, and still rise: these are made again with their rows."""
    out = np.zeros(len(results.codes), bool)
    slack = ROUNDING * float(np.finfo(np.float64).eps)
    first, last = results.first, results.values
    with np.errstate(all="ignore"):
        worse = last > first + slack * np.maximum(np.abs(first), np.abs(last))
    limited = np.isin(results.codes, [int(cause) for cause in LIMITS]) & worse
    problem = engine.problem
    lengths = results.steps + 1
    width = 2 + varied.starts.shape[1]
    for length in np.unique(lengths[limited]):
        again = np.flatnonzero(limited & (lengths == length))
        if length * (width + 2) > MOST_NUMBERS:
            continue  # so long a history would be thinned; a run that has not run away by then does not
        steps = problem.full
        asked = {name: getattr(steps, name) for name in steps.__dataclass_fields__} | {
            "steps": int(length) - 1
        }
        retold = LaneEngine(
            LaneProblem(problem.objective, problem.optimizer, type(steps)(**asked), problem.maximize, every=1)
        )
        at_once = max(1, int(ROWS_AT_ONCE // (length * width)))
        for begin in range(0, len(again), at_once):
            some = again[begin : begin + at_once]
            rows = retold.run(varied.of(some)).rows
            out[some] = rising_rows(rows[:, :, 0], rows[:, -TAIL_STEPS - 2 :, 2:])
    return out
