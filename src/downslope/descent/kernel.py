"""The loops of the engines, in machine code, and the one function that decides when a run ends.

``judge`` is that authority: every engine's accepted evaluations come to it, with the same numbers. The traced engine's
are made in ``iterate``; the other engines make theirs elsewhere and hand them over to ``absorb``.
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
RUNNING, SLICE_DONE, ROWS_FULL = 0, 1, 2
GRADIENT_SMALL, VALUE_STEADY, POINT_STEADY, TARGET_REACHED = 10, 11, 12, 13
STEP_LIMIT, EVALUATION_LIMIT = 20, 21
VALUE_HIGH, VALUE_LOW, VALUE_NAN, VALUE_INFINITE, GRADIENT_NOT_FINITE, STALLED = 30, 31, 32, 33, 34, 35

# Places in the array of limits.
MAX_STEPS, MAX_EVALUATIONS, GRADIENT_SQUARED, VALUE_CHANGE, POINT_CHANGE_SQUARED = 0, 1, 2, 3, 4
TARGET, CEILING, FLOOR, IDLE = 5, 6, 7, 8
LIMITS = 9

# Places in the array of counts, and in the memory of the last accepted point before its coordinates.
STEP, EVALUATIONS, MOVED_AT, ROWS, STRIDE, HERE, ACCEPTED_AT = 0, 1, 2, 3, 4, 5, 6
COUNTS = 7
LAST_VALUE, LAST_SQUARE, VALUE_BEFORE, LAST_X = 0, 1, 2, 3


def judge(
    step: Any,
    evaluations: Any,
    value: Any,
    square: Any,
    last_value: Any,
    moved_squared: Any,
    idle: Any,
    limits: Any,
) -> Any:
    """Why the run ends at an accepted point, or RUNNING.

    ``square`` is the squared gradient norm, ``moved_squared`` the squared length of the last step, ``idle`` the
    number of evaluations since the point last moved. The order is that of certainty: numbers that are not
    finite, then the tests asked for, then runaways, then limits.
    """
    if not np.isfinite(value):
        if value < 0:
            return VALUE_LOW
        return VALUE_INFINITE if value > 0 else VALUE_NAN
    if not np.isfinite(square):
        return GRADIENT_NOT_FINITE
    if square <= limits[GRADIENT_SQUARED]:
        return GRADIENT_SMALL
    if value <= limits[TARGET]:
        return TARGET_REACHED
    if step > 0:
        if abs(value - last_value) <= limits[VALUE_CHANGE]:
            return VALUE_STEADY
        if moved_squared <= limits[POINT_CHANGE_SQUARED]:
            return POINT_STEADY
    if value > limits[CEILING]:
        return VALUE_HIGH
    if value < limits[FLOOR]:
        return VALUE_LOW
    if step >= limits[MAX_STEPS]:
        return STEP_LIMIT
    if idle >= limits[IDLE] and square > 0:
        return STALLED
    return RUNNING


_judge = njit(judge, inline="always", error_model="numpy")


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

    Args:
        first, second: the two buffers; counts[HERE] says which of them is to be evaluated next.
        hyperparameters, dimension: how many numbers of a buffer come before x, and how many x has.
        counts: see STEP ... HERE; updated.
        limits: see MAX_STEPS ... IDLE.
        memory: value, squared gradient, the value before, and x of the last accepted point; updated.
        rows, row_steps: history, (value, squared gradient, x...) and (step, evaluations) per row; appended to.
    """
    tail = first.size - 3
    begin = hyperparameters
    step, evaluations, moved_at = counts[STEP], counts[EVALUATIONS], counts[MOVED_AT]
    count, stride = counts[ROWS], counts[STRIDE]
    here, there = (first, second) if counts[HERE] == 0 else (second, first)
    which = counts[HERE]
    stop_at = evaluations + budget
    watched = limits[IDLE] < np.inf  # without a test to meet, how far a step went is nobody's question
    code = SLICE_DONE
    while evaluations < stop_at:
        if count == rows.shape[0]:
            code = ROWS_FULL
            break
        if evaluations >= limits[MAX_EVALUATIONS]:
            code = EVALUATION_LIMIT
            break
        _call(address, there[begin:], here, data)
        evaluations += 1
        if there[tail + 2] > 0.5:
            value, square = there[tail], there[tail + 1]
            step += 1
            moved = 1.0
            if watched:
                moved = 0.0
                for j in range(dimension):
                    change = here[begin + j] - memory[LAST_X + j]
                    moved += change * change
            if moved > 0 or step == 0:
                moved_at = evaluations
            reason = _judge(
                step, evaluations, value, square, memory[LAST_VALUE], moved, evaluations - moved_at, limits
            )
            if (reason >= VALUE_NAN and reason <= GRADIENT_NOT_FINITE) or not np.isfinite(value):
                step -= 1
                code = reason
                break
            counts[ACCEPTED_AT] = evaluations
            memory[VALUE_BEFORE] = memory[LAST_VALUE]
            memory[LAST_VALUE] = value
            memory[LAST_SQUARE] = square
            for j in range(dimension):
                memory[LAST_X + j] = here[begin + j]
            if step % stride == 0:
                row_steps[count, 0], row_steps[count, 1] = step, evaluations
                rows[count, 0], rows[count, 1] = value, square
                for j in range(dimension):
                    rows[count, 2 + j] = here[begin + j]
                count += 1
            if reason != RUNNING:
                code = reason
                break
        elif evaluations - moved_at >= limits[IDLE] and memory[LAST_SQUARE] > 0:
            code = STALLED
            break
        here, there = there, here
        which = 1 - which
    counts[STEP], counts[EVALUATIONS], counts[MOVED_AT] = step, evaluations, moved_at
    counts[ROWS], counts[HERE] = count, which
    return code


@njit(cache=True, nogil=True, error_model="numpy")
def absorb(block: Any, moves: Any, counts: Any, limits: Any, memory: Any, rows: Any, row_steps: Any) -> Any:
    """Take over evaluations that were made elsewhere; returns one of the codes above.

    It does with them what ``iterate`` does with its own. The body is here a second time because, as a function that
    both call, it makes a step of ``iterate`` cost 28 ns instead of 12.

    Args:
        block: x, value, squared gradient and acceptance of one evaluation a row, in their order. Where points are
            kept elsewhere, ``memory`` and ``block`` have no room for x, and only ``rows`` has.
        moves: squared distance of each from the last accepted point; NaN where it is to be computed here.
        counts, limits, memory, rows, row_steps: as for ``iterate``.
    """
    dimension = memory.size - LAST_X
    watched = limits[IDLE] < np.inf
    for i in range(block.shape[0]):
        if counts[ROWS] == rows.shape[0]:
            return ROWS_FULL
        if counts[EVALUATIONS] >= limits[MAX_EVALUATIONS]:
            return EVALUATION_LIMIT
        counts[EVALUATIONS] += 1
        evaluations = counts[EVALUATIONS]
        idle = evaluations - counts[MOVED_AT]
        if block[i, dimension + 2] > 0.5:
            value, square = block[i, dimension], block[i, dimension + 1]
            moved = moves[i]
            if watched and np.isnan(moved):
                moved = 0.0
                for j in range(dimension):
                    change = block[i, j] - memory[LAST_X + j]
                    moved += change * change
            step = counts[STEP] + 1
            if moved > 0 or step == 0 or not watched:
                counts[MOVED_AT], idle = evaluations, 0
            reason = _judge(step, evaluations, value, square, memory[LAST_VALUE], moved, idle, limits)
            if (reason >= VALUE_NAN and reason <= GRADIENT_NOT_FINITE) or not np.isfinite(value):
                return reason
            counts[STEP], counts[ACCEPTED_AT] = step, evaluations
            memory[VALUE_BEFORE] = memory[LAST_VALUE]
            memory[LAST_VALUE], memory[LAST_SQUARE] = value, square
            for j in range(dimension):
                memory[LAST_X + j] = block[i, j]
            if step % counts[STRIDE] == 0:
                count = counts[ROWS]
                row_steps[count, 0], row_steps[count, 1] = step, evaluations
                rows[count, 0], rows[count, 1] = value, square
                for j in range(dimension):
                    rows[count, 2 + j] = block[i, j]
                counts[ROWS] = count + 1
            if reason != RUNNING:
                return reason
        elif idle >= limits[IDLE] and memory[LAST_SQUARE] > 0:
            return STALLED
    return SLICE_DONE
