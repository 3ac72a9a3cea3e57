"""From what lanes leave behind to how each run ended, by the one judge's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope import interruption
from downslope.descent import Descent, Status
from downslope.descent import judge as j
from downslope.descent import lane_kernel as lk
from downslope.descent.evidence import LIMITS, Cause, Evidence
from downslope.descent.growing_rows import MOST_NUMBERS
from downslope.descent.observing import ROUNDING
from downslope.descent.termination import FAR, JUMP, status_of
from downslope.descent.trace_buffer import TAIL_STEPS
from downslope.descent.trend import rising_rows
from downslope.sweeping.cores import Watch
from downslope.sweeping.lanes import LaneEngine, LaneProblem, Varied
from downslope.sweeping.runs import RunEnds, code_of

ROWS_AT_ONCE = 1_000_000  # numbers, of runs that are made again with their rows
_OUTSIDE = [int(c) for c in (Cause.VALUE_NAN, Cause.VALUE_INFINITE, Cause.GRADIENT_NOT_FINITE)]
_BEFORE_START, _FAR, _BY_RULE, _RISING, _FLAGS = 1, 2, 4, 8, 16


class LaneRuns(NamedTuple):
    """Runs that were made in lanes.

    Attributes:
        ends: where they ended.
        rows: value, gradient norm and point of every so-many-th step, shape (runs, rows, 2 + p); NaN behind the last.
        complete: False where Ctrl-C or the watch ended it; what is done is kept.
    """

    ends: RunEnds
    rows: NDArray[np.float64]
    complete: bool


def run_in_lanes(
    problem: LaneProblem, varied: Varied, run_alone: Callable[[int], Descent], watch: Watch | None = None
) -> LaneRuns:
    """Every run, in lanes; those whose numbers lanes cannot be trusted with, by ``run_alone``.

    Raises:
        TraceError, ObjectiveError: the objective or the rule has no lanes.
    """
    engine = LaneEngine(problem)
    results = engine.results(len(varied.starts))
    try:
        complete = engine.run(varied, results, watch=watch)
    except KeyboardInterrupt:
        interruption.caught()
        complete = False
    alone = _measure(engine, varied, results)
    kinds = results.codes.astype(np.int16) * _FLAGS
    kinds += (results.steps < 0) * _BEFORE_START
    outside = np.flatnonzero(np.isin(results.codes, _OUTSIDE))
    if len(outside):
        kinds[outside] += _is_far(varied, results, outside) * _FAR + _by_the_rule(results, outside) * _BY_RULE
    kinds[_still_rising(engine, varied, results)] += _RISING
    words = np.zeros(np.iinfo(np.int16).max, np.int8)
    for kind in np.flatnonzero(np.bincount(kinds)):
        words[kind] = code_of(_status(int(kind)))
    status = words[kinds]
    values = problem.sign * results.values + 0.0
    ends = RunEnds(status, results.steps, results.evaluations, values, results.norms, results.points)
    ends.status[alone] = code_of(Status.INTERRUPTED)  # until they are made
    for place in np.flatnonzero(alone) if complete else ():
        ends.put(int(place), run_alone(int(place)))
        if ends.status[place] == code_of(Status.INTERRUPTED):
            complete = False
            break
    return LaneRuns(ends, results.rows, complete)


def _status(kind: int) -> Status:
    """The word for an end: a code and what goes with it."""
    code, flags = divmod(kind, _FLAGS)
    if code < j.GRADIENT_SMALL:
        return Status.INTERRUPTED
    cause = Cause.STEP_NOT_FINITE if flags & _BY_RULE else Cause(code)
    rising = bool(flags & _RISING)
    return status_of(
        Evidence(
            cause=cause,
            step=-1 if flags & _BEFORE_START else 1,
            far=bool(flags & _FAR),
            trend="rising" if rising else "level",
            worse=rising,
        )
    )


def _measure(engine: LaneEngine, varied: Varied, results: lk.LaneResults) -> NDArray[np.bool_]:
    """Measure gradients whose squares under- or overflow; which runs are still to be made by an engine of their own."""
    wanted = np.flatnonzero(results.codes == j.NORM_WANTED)
    if len(wanted):
        full = engine.problem.full
        norms = engine.true_norms(results.points[wanted], varied.of(wanted))
        tolerance = -1.0 if full.tolerance is None else full.tolerance
        met = np.isfinite(norms) & (norms <= tolerance)
        results.codes[wanted[met]] = j.GRADIENT_SMALL
        results.norms[wanted[met]] = norms[met]
    return np.asarray((results.codes == j.NORM_WANTED) | (results.codes == lk.UNTRUSTED))


def _is_far(varied: Varied, results: lk.LaneResults, runs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Of runs with a point outside: whether it is so far out that what fails there is an overflow; as ``is_far``."""
    unknown = (results.odd[runs] & lk.HAS_NAN) > 0
    infinite = (results.odd[runs] & lk.HAS_INFINITY) > 0
    last, steps = _reach(results.points[runs]), results.steps[runs]
    reach = np.where((unknown | infinite) & (steps >= 0), last, results.reach[runs])
    home = 1 + _reach(varied.starts[runs])
    limit = np.where(results.codes[runs] == j.VALUE_NAN, FAR, JUMP * home)
    return np.asarray(infinite | (reach > limit))


def _by_the_rule(results: lk.LaneResults, runs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Of the same: whether the point is no number, and came of finite values and gradients, and of no overflow."""
    no_number = (results.codes[runs] == j.VALUE_NAN) & ((results.odd[runs] & lk.HAS_NAN) > 0)
    return np.asarray(no_number & (results.steps[runs] >= 0) & ~(_reach(results.points[runs]) > FAR))


def _reach(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.max(np.abs(points), axis=1, initial=0.0))


def _still_rising(engine: LaneEngine, varied: Varied, results: lk.LaneResults) -> NDArray[np.bool_]:
    """Which runs end above their start, at a limit, and still rise: these are made again with their rows."""
    out = np.zeros(len(results.codes), bool)
    slack = ROUNDING * float(np.finfo(np.float64).eps)
    first, last = results.first, results.values
    with np.errstate(all="ignore"):
        worse = last > first + slack * np.maximum(np.abs(first), np.abs(last))
    limited = worse & np.isin(results.codes, [int(cause) for cause in LIMITS])
    problem = engine.problem
    lengths = results.steps + 1
    width = 2 + varied.starts.shape[1]
    for length in np.unique(lengths[limited]):
        again = np.flatnonzero(limited & (lengths == length))
        if length * (width + 2) > MOST_NUMBERS:
            continue  # so long a history is thinned; a run that has not run away by then does not rise much
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
            told = retold.results(len(some))
            retold.run(varied.of(some), told)
            out[some] = rising_rows(told.rows[:, :, 0], told.rows[:, -TAIL_STEPS - 2 :, 2:])
    return out
