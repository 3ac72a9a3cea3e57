"""Many runs at once, in machine code: eight to a register, each ended by the one judge, and the next in its place.

A code made by ``sweeping.lane_code`` advances the lanes of a block until something may have happened to one of them.
What has happened is decided here, by ``judge.judge``. It stands beside ``kernel`` and not in ``sweeping`` so that
Numba, which keeps compiled code on disk, compiles it anew where the judge changes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from downslope.descent import judge as j
from downslope.symbolic.kernel_cache import compiled  # first: it makes Numba ready

# isort: split
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_judge = compiled()(j.judge)

# Rows of a block behind hyperparameters, x and state. What a lane is held against:
LOW_SQUARE, HIGH_VALUE, LOW_VALUE, VALUE_CHANGE, X_CHANGE, MOST_STEPS, MOST_IDLE, ACTIVE = range(8)
# what it remembers:
IDLE, LAST_VALUE, LAST_SQUARE, STEP, REFUSED, REFUSED_STEP, LEAST_VALUE, LEAST_NORM = range(8, 16)
# and what its last evaluation was; FLAG: whether the judge is to look at it, BAD: that its numbers cannot be trusted
VALUE, SQUARE, TAKEN, CHANGE, MOVED, FLAG, BAD = range(16, 23)
FIXED = 23  # then the last accepted point, and the one evaluated

UNTRUSTED = 4  # an end beside those of ``judge``: an engine of its own is to make this run
MOST_AT_ONCE = 1 << 16  # evaluations of a lane, between two looks at whether to stop
HAS_NAN, HAS_INFINITY = 1, 2


class LaneCode(NamedTuple):
    """Machine code for lanes.

    Attributes:
        address: of the code, ``int64 advance(double *block, int64 budget)``.
        lanes: how many runs it advances at once.
        hyper, dimension, state: how many numbers of each kind a lane has.
        accepts: whether every evaluation is a step, so that steps need no count of their own.
    """

    address: Any
    lanes: Any
    hyper: Any
    dimension: Any
    state: Any
    accepts: Any


class LaneInputs(NamedTuple):
    """Where runs begin.

    Attributes:
        constants: hyperparameters, x and state that all runs have, shape (inputs,), float64.
        places: which of them have a column of their own, shape (varied,), int64.
        columns: these, shape (varied, runs), float64.
        limits: see ``judge``, with a test on squares not yet squared, shape (LIMITS,), float64.
        relative: of the gradient norm at the start, part that is small enough; -1 where that is not asked.
        every: spacing of the rows that are kept; 0 for none.
    """

    constants: Any
    places: Any
    columns: Any
    limits: Any
    relative: Any
    every: Any


class LaneResults(NamedTuple):
    """Where runs ended; one entry a run.

    Attributes:
        codes: of ``judge``, or UNTRUSTED, or SLICE_DONE where it was stopped, shape (runs,), int8.
        steps, evaluations: shape (runs,), int64.
        values, norms: at the last accepted point, shape (runs,), float64.
        first: value at the start, shape (runs,), float64.
        points: the last accepted points, shape (runs, p), float64.
        reach: how far out the point lies that could not be taken, shape (runs,), float64.
        odd: HAS_NAN and HAS_INFINITY of that point, shape (runs,), int8.
        rows: value, gradient norm and point of every so-many-th step, shape (runs or 0, rows, 2 + p), float64.
    """

    codes: Any
    steps: Any
    evaluations: Any
    values: Any
    norms: Any
    first: Any
    points: Any
    reach: Any
    odd: Any
    rows: Any


class LaneWork(NamedTuple):
    """What one thread works with.

    Attributes:
        code: of the lanes.
        block: the numbers of each lane, shape (rows, lanes), float64.
        runs: which run is in a lane, -1 for none, shape (lanes,), int64.
        born: evaluations that were made before it came there, shape (lanes,), int64.
        stop: ends all runs where it is not 0, shape (1,), int8; they are given as they stand.
    """

    code: Any
    block: Any
    runs: Any
    born: Any
    stop: Any

    @classmethod
    def of(cls, code: LaneCode, stop: Any) -> LaneWork:
        """For this code."""
        rows = code.hyper + code.dimension + code.state + FIXED + 2 * code.dimension
        zeros = np.zeros(code.lanes, np.int64)
        return cls(code, np.zeros((rows, code.lanes)), zeros, zeros.copy(), stop)


@intrinsic
def _advance(typingctx: Any, address: Any, block: Any, budget: Any) -> Any:
    """Call ``int64 advance(double *block, int64 budget)`` at an address; ``block`` has shape (rows, lanes), float64."""
    signature = types.int64(types.uintp, block, types.int64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where, array, most = args
        data = cgutils.create_struct_proxy(signature.args[1])(context, builder, value=array).data
        kind = ir.FunctionType(ir.IntType(64), [data.type, ir.IntType(64)])
        return builder.call(builder.inttoptr(where, ir.PointerType(kind)), [data, most])

    return signature, codegen


@compiled(inline="always")
def _load(work: Any, lane: Any, run: Any, inputs: Any) -> None:
    """Put a run into a lane."""
    code = work.code
    count = code.hyper + code.dimension + code.state
    for i in range(count):
        work.block[i, lane] = inputs.constants[i]
    for i in range(inputs.places.size):
        work.block[inputs.places[i], lane] = inputs.columns[i, run]
    limits = inputs.limits
    work.block[count + LOW_SQUARE, lane] = -1.0
    work.block[count + HIGH_VALUE, lane] = np.inf
    work.block[count + LOW_VALUE, lane] = np.inf  # so that the first evaluation comes to the judge
    work.block[count + VALUE_CHANGE, lane] = limits[j.VALUE_TOLERANCE]
    work.block[count + X_CHANGE, lane] = limits[j.X_TOLERANCE] * abs(limits[j.X_TOLERANCE])
    work.block[count + MOST_STEPS, lane] = limits[j.MOST_STEPS]
    work.block[count + MOST_IDLE, lane] = limits[j.MOST_IDLE]
    work.block[count + ACTIVE, lane] = 1.0
    work.block[count + IDLE, lane] = 0.0
    work.block[count + LAST_VALUE, lane] = np.nan
    work.block[count + LAST_SQUARE, lane] = np.nan
    work.block[count + STEP, lane] = -1.0
    work.block[count + REFUSED, lane] = 0.0
    work.block[count + REFUSED_STEP, lane] = 0.0
    work.block[count + LEAST_VALUE, lane] = np.inf
    work.block[count + LEAST_NORM, lane] = np.inf
    for i in range(code.dimension):
        work.block[count + FIXED + i, lane] = np.nan


@compiled(inline="always")
def _load_first(work: Any, inputs: Any, chunk: Any) -> Any:
    """Put the first runs of a chunk into the lanes, and tell how many there are."""
    alive = 0
    for lane in range(work.code.lanes):
        run = chunk[0] + lane
        _load(work, lane, min(run, chunk[1] - 1), inputs)
        work.born[lane] = 0
        if run < chunk[1]:
            work.runs[lane] = run
            alive += 1
        else:
            work.runs[lane] = -1
            work.block[work.code.hyper + work.code.dimension + work.code.state + ACTIVE, lane] = 0.0
    return alive


@compiled(inline="always")
def _begin(work: Any, lane: Any, inputs: Any) -> None:
    """Set what depends on the value and gradient at the start of the run in a lane."""
    code = work.code
    count = code.hyper + code.dimension + code.state
    limits = inputs.limits
    runaway = _runaway(work.block[count + LAST_VALUE, lane])
    tolerance = limits[j.TOLERANCE]
    if inputs.relative >= 0:
        tolerance = max(tolerance, inputs.relative * np.sqrt(work.block[count + LAST_SQUARE, lane]))
    work.block[count + LOW_SQUARE, lane] = max(tolerance * abs(tolerance), limits[j.ASK_BELOW])
    if limits[j.ASK_BELOW] <= 0 and tolerance < 0:
        work.block[count + LOW_SQUARE, lane] = -1.0
    work.block[count + HIGH_VALUE, lane] = runaway
    work.block[count + LOW_VALUE, lane] = max(-runaway, limits[j.TARGET])


@compiled(inline="always")
def _runaway(value: Any) -> Any:
    """How far a value may go, of a run that began at this one; as ``TraceBuffer`` has it."""
    return min(RUNAWAY * (1 + abs(value)), MOST)


RUNAWAY = 1e30  # that of ``stopping``, which a test holds it against
MOST = np.finfo(np.float64).max


@compiled(inline="always")
def _judged(work: Any, lane: Any, at: Any, inputs: Any) -> Any:
    """Why the run in a lane ends after its last evaluation, or RUNNING.

    ``at`` is its step and the number of its evaluations.
    """
    step, evaluations = at
    code = work.code
    count = code.hyper + code.dimension + code.state
    asked = inputs.limits
    if work.block[count + BAD, lane] > 0:
        return UNTRUSTED
    value, square = work.block[count + VALUE, lane], work.block[count + SQUARE, lane]
    accepted = work.block[count + TAKEN, lane] > 0.5
    ceiling, floor, tolerance = np.inf, -np.inf, asked[j.TOLERANCE] * abs(asked[j.TOLERANCE])
    first = work.block[count + LOW_VALUE, lane] == np.inf
    if not first:
        ceiling = work.block[count + HIGH_VALUE, lane]
        floor = -ceiling
        if inputs.relative >= 0:
            tolerance = work.block[count + LOW_SQUARE, lane]
    limits = j.Limits(
        tolerance,
        asked[j.VALUE_TOLERANCE],
        asked[j.X_TOLERANCE] * abs(asked[j.X_TOLERANCE]),
        asked[j.TARGET],
        ceiling,
        floor,
        np.int64(min(asked[j.MOST_STEPS], j.NO_LIMIT)),
        np.int64(min(asked[j.MOST_EVALUATIONS], j.NO_LIMIT)),
        np.int64(min(asked[j.MOST_IDLE], j.NO_LIMIT)),
    )
    idle = np.int64(work.block[count + IDLE, lane])
    if not accepted:
        idle = max(idle, np.int64(work.block[count + REFUSED, lane]))
        return _judge(j.Evaluation(False, step, evaluations, np.nan, np.nan, np.nan, np.nan, idle), limits)
    flaw = 0.0
    if asked[j.SUSPECT] > 0:
        for i in range(code.hyper, code.hyper + code.dimension):
            flaw += work.block[i, lane] * 0.0
    if (not square < np.inf or square < asked[j.ASK_BELOW] or flaw != 0.0) and np.isfinite(value):
        return j.NORM_WANTED
    change, moved = work.block[count + CHANGE, lane], 1.0
    if asked[j.WATCHED] > 0:
        moved = work.block[count + MOVED, lane]
    return _judge(j.Evaluation(True, step, evaluations, value, square, change, moved, idle), limits)


@compiled(inline="always")
def _finish(work: Any, lane: Any, run: Any, results: Any) -> None:
    """Write where a run ended, from its lane."""
    code = work.code
    count = code.hyper + code.dimension + code.state
    results.values[run] = work.block[count + LAST_VALUE, lane]
    results.norms[run] = np.sqrt(work.block[count + LAST_SQUARE, lane])
    for i in range(code.dimension):
        results.points[run, i] = work.block[count + FIXED + i, lane]
    if results.codes[run] >= j.VALUE_HIGH:
        reach, odd = 0.0, 0
        for i in range(code.dimension):
            there = work.block[count + FIXED + code.dimension + i, lane]
            if np.isnan(there):
                odd |= HAS_NAN
            elif np.isinf(there):
                odd |= HAS_INFINITY
            reach = max(reach, abs(there))
        results.reach[run], results.odd[run] = reach, odd


@compiled(inline="always")
def _row(work: Any, lane: Any, place: Any, results: Any) -> None:
    """Write the last accepted point of a lane as a row of a run."""
    run, row = place
    code = work.code
    count = code.hyper + code.dimension + code.state
    results.rows[run, row, 0] = work.block[count + LAST_VALUE, lane]
    results.rows[run, row, 1] = np.sqrt(work.block[count + LAST_SQUARE, lane])
    for i in range(code.dimension):
        results.rows[run, row, 2 + i] = work.block[count + FIXED + i, lane]


@compiled(_nrt=False)  # no counting of references, which takes longer than everything else here
def run_lanes(inputs: LaneInputs, results: LaneResults, work: LaneWork, chunk: Any) -> None:
    """Make the runs from ``chunk[0]`` to before ``chunk[1]``.

    Args:
        inputs, results: see their classes; the results are written.
        work: the code, and memory that is written over.
        chunk: two whole numbers.
    """
    code, limits = work.code, inputs.limits
    lanes = code.lanes
    count = code.hyper + code.dimension + code.state
    runs, born = work.runs, work.born
    done = np.int64(0)
    alive = _load_first(work, inputs, chunk)
    following = chunk[0] + alive
    most = np.int64(min(limits[j.MOST_EVALUATIONS], j.NO_LIMIT))
    if code.accepts:
        most = min(most, np.int64(min(limits[j.MOST_STEPS], j.NO_LIMIT)) + 1)
    every = np.int64(inputs.every)
    spaced = every if code.accepts or every == 0 else np.int64(1)
    while alive > 0:
        oldest = done
        budget = np.int64(MOST_AT_ONCE)
        for lane in range(lanes):
            if runs[lane] >= 0:
                oldest = min(oldest, born[lane])
                if spaced > 0:
                    budget = min(budget, spaced - (done - born[lane] + spaced - 1) % spaced)
        budget = min(budget, most - (done - oldest))
        done += _advance(code.address, work.block, budget)
        for lane in range(lanes):
            run = runs[lane]
            if run < 0:
                continue
            evaluations = done - born[lane]
            if work.block[count + FLAG, lane] == 0.0 and evaluations < most and spaced == 0:
                continue
            step = evaluations - 1 if code.accepts else np.int64(work.block[count + STEP, lane])
            reason = j.RUNNING
            if work.block[count + FLAG, lane] != 0.0 or evaluations >= most:
                reason = _judged(work, lane, (step, evaluations), inputs)
            taken = work.block[count + TAKEN, lane] > 0.5
            outside = taken and reason != j.RUNNING and not np.isfinite(work.block[count + VALUE, lane])
            if taken and not outside:
                if work.block[count + LOW_VALUE, lane] == np.inf:
                    _begin(work, lane, inputs)
                    results.first[run] = work.block[count + LAST_VALUE, lane]
                if every > 0 and step % every == 0:
                    _row(work, lane, (run, step // every), results)
            if reason != j.RUNNING:
                results.codes[run] = reason
                results.steps[run] = step - 1 if outside else step
                results.evaluations[run] = evaluations
                _finish(work, lane, run, results)
                if following < chunk[1]:
                    _load(work, lane, following, inputs)
                    runs[lane], born[lane] = following, done
                    following += 1
                else:
                    runs[lane] = -1
                    work.block[count + ACTIVE, lane] = 0.0
                    alive -= 1
        if work.stop[0] != 0:
            break
    for lane in range(lanes):
        run = runs[lane]
        if run >= 0:
            evaluations = done - born[lane]
            results.codes[run] = j.SLICE_DONE
            results.steps[run] = evaluations - 1 if code.accepts else np.int64(work.block[count + STEP, lane])
            results.evaluations[run] = evaluations
            _finish(work, lane, run, results)
