"""The loops of the engines, in machine code, and the one function that decides when a run ends.

``judge`` is that authority: every engine's evaluations come to it, with the same numbers under the same names. The
traced engine's are made in ``iterate``; the other engines make theirs elsewhere and hand them over to ``absorb``.
``conditions`` reads the text of ``judge`` and prints it in other languages, so that nobody writes it twice.
Everything that is compiled is in this file, so that Numba's cache on disk can never be stale.

A buffer holds ``[hyperparameters | x | state | value, |gradient|^2, accepted]``. The step map reads the first
three parts of one buffer and writes all but the hyperparameters of the other; then they change places.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# What judge and iterate return. The first ones are not ends: the host acts and goes on.
RUNNING, SLICE_DONE, ROWS_FULL, NORM_WANTED = 0, 1, 2, 3
GRADIENT_SMALL, VALUE_STEADY, POINT_STEADY, TARGET_REACHED = 10, 11, 12, 13
STEP_LIMIT, EVALUATION_LIMIT = 20, 21
VALUE_HIGH, VALUE_LOW, VALUE_NAN, VALUE_INFINITE, GRADIENT_NOT_FINITE, STALLED = 30, 31, 32, 33, 34, 35

# Places in the array of limits. WATCHED: whether the length of every step is measured. SUSPECT: whether the gradient's
# squares may be finite where it is not. ASK_BELOW: a smaller sum of squares is wrong by underflow, and matters.
TOLERANCE, VALUE_TOLERANCE, X_TOLERANCE, TARGET, CEILING, FLOOR = 0, 1, 2, 3, 4, 5
MOST_STEPS, MOST_EVALUATIONS, MOST_IDLE, WATCHED, SUSPECT, ASK_BELOW = 6, 7, 8, 9, 10, 11
LIMITS = 12

# Places in the array of counts, and in the memory of the last accepted point before its coordinates.
# REFUSED: trials that were rejected since value or gradient norm were last at their least, but for some FORGIVEN for
# every step on level ground; REFUSED_STEP: the step of the last of them.
STEP, EVALUATIONS, MOVED_AT, ROWS, STRIDE, HERE, ACCEPTED_AT, REFUSED, REFUSED_STEP = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
)
COUNTS = 9
FORGIVEN = 4  # trials; a search that works rejects fewer of them for a step
LEVEL = 1e-14  # part of the least value by which another is the same, to rounding
LAST_VALUE, LAST_NORM, VALUE_BEFORE, LEAST_VALUE, LEAST_NORM, LAST_X = 0, 1, 2, 3, 4, 5
NO_LIMIT = 2.0**53


def judge(
    accepted: Any,
    step: Any,
    evaluations: Any,
    value: Any,
    gradient_norm: Any,
    change: Any,
    moved: Any,
    idle: Any,
    tolerance: Any,
    value_tolerance: Any,
    x_tolerance: Any,
    target: Any,
    ceiling: Any,
    floor: Any,
    most_steps: Any,
    most_evaluations: Any,
    most_idle: Any,
) -> Any:
    """Why the run ends after an evaluation, or RUNNING.

    ``change`` is by how much the last step changed the value, ``moved`` its length, ``idle`` the number of evaluations
    since the point last moved (where nobody measures moves: since one was last accepted), or of trials that were
    rejected since value or gradient norm was last at its least (see REFUSED). Of a rejected trial only
    that and the number of evaluations count. The order is that of certainty: numbers that are not finite, then the
    tests asked for, then runaways, then limits.
    """
    if accepted:
        if not np.isfinite(value):
            if value < 0:
                return VALUE_LOW
            if value > 0:
                return VALUE_INFINITE
            return VALUE_NAN
        if not np.isfinite(gradient_norm):
            return GRADIENT_NOT_FINITE
        if gradient_norm <= tolerance:
            return GRADIENT_SMALL
        if value <= target:
            return TARGET_REACHED
        if step > 0 and change <= value_tolerance:
            return VALUE_STEADY
        if step > 0 and moved <= x_tolerance:
            return POINT_STEADY
        if value > ceiling:
            return VALUE_HIGH
        if value < floor:
            return VALUE_LOW
        if step >= most_steps:
            return STEP_LIMIT
    if idle >= most_idle:
        return STALLED
    if evaluations >= most_evaluations:
        return EVALUATION_LIMIT
    return RUNNING


_judge = njit(judge, inline="always", error_model="numpy")


@njit(error_model="numpy")
def _refuse(step: Any, counts: Any, memory: Any) -> None:
    """Count a rejected trial, from 0 where value or gradient norm have become smaller than they ever were."""
    value, least = memory[LAST_VALUE], memory[LEAST_VALUE]
    if value <= least + LEVEL * abs(
        least
    ):  # on level ground steps may find something yet; uphill they will not
        counts[REFUSED] = max(0, counts[REFUSED] - FORGIVEN * (step - counts[REFUSED_STEP]))
    counts[REFUSED] += 1
    counts[REFUSED_STEP] = step
    if memory[LAST_VALUE] < memory[LEAST_VALUE]:
        memory[LEAST_VALUE] = memory[LAST_VALUE]
        counts[REFUSED] = 1
    if memory[LAST_NORM] < memory[LEAST_NORM]:
        memory[LEAST_NORM] = memory[LAST_NORM]
        counts[REFUSED] = 1


@intrinsic
def _call(typingctx: Any, address: Any, outputs: Any, inputs: Any, data: Any) -> Any:
    """Call the machine code at ``address`` on two arrays.

    SymEngine's float64 interface is ``void *f(double *out, const double *in, void *data)``; the bare float32
    function of its object files is ``void f(const float *in, float *out)``.
    """
    signature = types.void(types.uintp, outputs, inputs, types.uintp)
    bare = outputs.dtype == types.float32

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, out, into, data = args
        pointers = [
            cgutils.create_struct_proxy(kind)(context, builder, value=array).data
            for kind, array in zip(signature.args[1:3], (out, into), strict=True)
        ]
        byte = ir.PointerType(ir.IntType(8))
        if bare:
            kind = ir.FunctionType(ir.VoidType(), [pointers[1].type, pointers[0].type])
            builder.call(builder.inttoptr(address, ir.PointerType(kind)), [pointers[1], pointers[0]])
        else:
            kind = ir.FunctionType(byte, [pointers[0].type, pointers[1].type, byte])
            function = builder.inttoptr(address, ir.PointerType(kind))
            builder.call(function, [*pointers, builder.inttoptr(data, byte)])
        return context.get_dummy_value()

    return signature, codegen


@njit(cache=True, nogil=True, error_model="numpy")
def iterate(
    address: Any,
    data: Any,
    first: Any,
    second: Any,
    hyperparameters: Any,
    dimension: Any,
    counts: Any,
    limits: Any,
    memory: Any,
    rows: Any,
    row_steps: Any,
    budget: Any,
) -> Any:
    """Up to ``budget`` evaluations of the step map at ``address``; returns one of the codes above.

    Where the gradient's squares over- or underflow, or hide that it is not finite (those of the gradient of sqrt(x^2)
    simplify to 1), it takes the evaluation back and returns NORM_WANTED: the host makes it, and hands it to ``absorb``.

    Args:
        first, second: the two buffers, shape (hyperparameters + numbers of x and state + 3,), float64 or float32;
            counts[HERE] says which of them is to be evaluated next.
        hyperparameters, dimension: how many numbers of a buffer come before x, and how many x has.
        counts: see STEP ... ACCEPTED_AT, int64; updated.
        limits: see TOLERANCE ... ASK_BELOW, float64.
        memory: value, gradient norm and more of the last accepted point, then its coordinates, float64; updated.
        rows, row_steps: history, (value, gradient norm, x...) float64 and (step, evaluations) int64 per row;
            appended to.
    """
    tail = first.size - 3
    begin = hyperparameters
    step, evaluations, moved_at = counts[STEP], counts[EVALUATIONS], counts[MOVED_AT]
    count, stride = counts[ROWS], counts[STRIDE]
    here, there = (first, second) if counts[HERE] == 0 else (second, first)
    which = counts[HERE]
    stop_at = evaluations + budget
    watched, suspect, ask_below = limits[WATCHED] > 0, limits[SUSPECT] > 0, limits[ASK_BELOW]
    tolerance, value_tolerance, x_tolerance = limits[TOLERANCE], limits[VALUE_TOLERANCE], limits[X_TOLERANCE]
    squared_tolerance, squared_x_tolerance = tolerance * abs(tolerance), x_tolerance * abs(x_tolerance)
    target, ceiling, floor = limits[TARGET], limits[CEILING], limits[FLOOR]
    # whole numbers, as what they are compared with: a step takes 3 % longer otherwise
    most_steps = np.int64(min(limits[MOST_STEPS], NO_LIMIT))
    most_evaluations = np.int64(min(limits[MOST_EVALUATIONS], NO_LIMIT))
    most_idle = np.int64(limits[MOST_IDLE])
    last_square = -1.0
    code = SLICE_DONE
    while evaluations < stop_at:
        if count == rows.shape[0]:
            code = ROWS_FULL
            break
        _call(address, there[begin:], here, data)
        evaluations += 1
        if there[tail + 2] > 0.5:
            value, square = there[tail], there[tail + 1]
            moved, flaw = 1.0, 0.0
            if suspect:
                for j in range(dimension):
                    flaw += there[begin + j] * 0.0
            if (not square < np.inf or square < ask_below or flaw != 0.0) and np.isfinite(value):
                evaluations -= 1
                code = NORM_WANTED
                break
            step += 1
            if watched:
                moved = 0.0
                for j in range(dimension):
                    change = here[begin + j] - memory[LAST_X + j]
                    moved += change * change
            if moved > 0 or step == 0:
                moved_at = evaluations
            reason = _judge(  # norms and lengths are compared by their squares
                True,
                step,
                evaluations,
                value,
                square,
                abs(value - memory[LAST_VALUE]),
                moved,
                evaluations - moved_at,
                squared_tolerance,
                value_tolerance,
                squared_x_tolerance,
                target,
                ceiling,
                floor,
                most_steps,
                most_evaluations,
                most_idle,
            )
            if (reason >= VALUE_NAN and reason <= GRADIENT_NOT_FINITE) or not np.isfinite(value):
                step -= 1
                code = reason
                break
            counts[ACCEPTED_AT] = evaluations
            memory[VALUE_BEFORE] = memory[LAST_VALUE]
            memory[LAST_VALUE] = value
            last_square = square
            for j in range(dimension):
                memory[LAST_X + j] = here[begin + j]
            if step % stride == 0:
                row_steps[count, 0], row_steps[count, 1] = step, evaluations
                rows[count, 0], rows[count, 1] = value, np.sqrt(square)
                for j in range(dimension):
                    rows[count, 2 + j] = here[begin + j]
                count += 1
            if reason != RUNNING:
                code = reason
                break
        else:
            if last_square >= 0:
                memory[LAST_NORM] = np.sqrt(last_square)
            _refuse(step, counts, memory)
            reason = _judge(
                False,
                step,
                evaluations,
                np.nan,
                np.nan,
                np.nan,
                np.nan,
                max(evaluations - moved_at, counts[REFUSED]),
                squared_tolerance,
                value_tolerance,
                squared_x_tolerance,
                target,
                ceiling,
                floor,
                most_steps,
                most_evaluations,
                most_idle,
            )
            if reason != RUNNING:
                code = reason
                break
        here, there = there, here
        which = 1 - which
    if last_square >= 0:
        memory[LAST_NORM] = np.sqrt(last_square)
    counts[STEP], counts[EVALUATIONS], counts[MOVED_AT] = step, evaluations, moved_at
    counts[ROWS], counts[HERE] = count, which
    return code


@njit(cache=True, nogil=True, error_model="numpy")
def absorb(block: Any, moves: Any, counts: Any, limits: Any, memory: Any, rows: Any, row_steps: Any) -> Any:
    """Take over evaluations that were made elsewhere; returns one of the codes above.

    It does with them what ``iterate`` does with its own. The body is here a second time because, as a function that
    both call, it makes a step of ``iterate`` cost 28 ns instead of 12.

    Args:
        block: x, value, gradient norm and acceptance of one evaluation a row, in their order, float64. Where points are
            kept elsewhere, ``memory`` and ``block`` have no room for x, and only ``rows`` has.
        moves: distance of each from the last accepted point; NaN where it is to be computed here.
        counts, limits, memory, rows, row_steps: as for ``iterate``.
    """
    dimension = memory.size - LAST_X
    watched = limits[WATCHED] > 0
    for i in range(block.shape[0]):
        if counts[ROWS] == rows.shape[0]:
            return ROWS_FULL
        counts[EVALUATIONS] += 1
        evaluations = counts[EVALUATIONS]
        accepted = block[i, dimension + 2] > 0.5
        value, norm = block[i, dimension], block[i, dimension + 1]
        step, moved = counts[STEP], 1.0
        if accepted:
            step += 1
            if watched:
                moved = moves[i]
                if np.isnan(moved):
                    moved = 0.0
                    for j in range(dimension):
                        change = block[i, j] - memory[LAST_X + j]
                        moved += change * change
                    moved = np.sqrt(moved)
            if moved > 0 or step == 0:
                counts[MOVED_AT] = evaluations
        idle = evaluations - counts[MOVED_AT]
        if not accepted:
            _refuse(step, counts, memory)
            idle = max(idle, counts[REFUSED])
        reason = _judge(
            accepted,
            step,
            evaluations,
            value,
            norm,
            abs(value - memory[LAST_VALUE]),
            moved,
            idle,
            limits[TOLERANCE],
            limits[VALUE_TOLERANCE],
            limits[X_TOLERANCE],
            limits[TARGET],
            limits[CEILING],
            limits[FLOOR],
            limits[MOST_STEPS],
            limits[MOST_EVALUATIONS],
            limits[MOST_IDLE],
        )
        if accepted:
            if (reason >= VALUE_NAN and reason <= GRADIENT_NOT_FINITE) or not np.isfinite(value):
                return reason
            counts[STEP], counts[ACCEPTED_AT] = step, evaluations
            memory[VALUE_BEFORE] = memory[LAST_VALUE]
            memory[LAST_VALUE], memory[LAST_NORM] = value, norm
            for j in range(dimension):
                memory[LAST_X + j] = block[i, j]
            if step % counts[STRIDE] == 0:
                count = counts[ROWS]
                row_steps[count, 0], row_steps[count, 1] = step, evaluations
                rows[count, 0], rows[count, 1] = value, norm
                for j in range(dimension):
                    rows[count, 2 + j] = block[i, j]
                counts[ROWS] = count + 1
        if reason != RUNNING:
            return reason
    return SLICE_DONE
