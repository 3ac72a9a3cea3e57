"""The loops of the engines, to be machine code: they ask the judge after every evaluation, and keep the history.

The traced engine's evaluations are made in ``iterate``; the other engines make theirs elsewhere and hand them over to
``absorb``.

A buffer holds ``[hyperparameters | x | state | value, |gradient|^2, accepted]``. The step map reads the first
three parts of one buffer and writes all but the hyperparameters of the other; then they change places.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from downslope.descent.judge import (
    ACCEPTED_AT,
    ASK_BELOW,
    EVALUATIONS,
    FORGIVEN,
    GRADIENT_NOT_FINITE,
    GRADIENT_SMALL,
    HERE,
    LAST_NORM,
    LAST_VALUE,
    LAST_X,
    LEAST_NORM,
    LEAST_SQUARE,
    LEAST_VALUE,
    LEVEL,
    MANY,
    MOVED_AT,
    NORM_WANTED,
    REFUSED,
    REFUSED_STEP,
    ROWS,
    ROWS_FULL,
    RUNNING,
    SLICE_DONE,
    SPENT,
    STEP,
    STRIDE,
    SUSPECT,
    TAIL,
    TOLERANCE,
    VALUE_BEFORE,
    VALUE_NAN,
    WATCHED,
    X_TOLERANCE,
    Evaluation,
    judge,
    limits_of,
)
from downslope.descent.kernel_code import emit_call, emit_copy, emit_long_distance
from downslope.symbolic.loop_code import emitted


class TraceArrays(NamedTuple):
    """What the loops write.

    Attributes:
        counts: see STEP ... SPENT, shape (COUNTS,), int64; updated.
        limits: see TOLERANCE ... ASK_BELOW, shape (LIMITS,), float64.
        memory: value, gradient norm and more of the last accepted point, then its p coordinates, shape (LAST_X + p,),
            float64; updated.
        rows: history, one row (value, gradient norm, x...) a step, shape (rows, 2 + p), float64; appended to.
        row_steps: step and evaluations of each row, shape (rows, 2), int64; appended to.
        dimension: p; 0 where points are kept elsewhere, and neither read nor written here.
    """

    counts: Any
    limits: Any
    memory: Any
    rows: Any
    row_steps: Any
    dimension: Any


class StepCode(NamedTuple):
    """A step map in machine code, and the buffers that it goes back and forth between.

    Attributes:
        address, data: of the code, and of what it is called with.
        buffers: three of them one after the other, each of the numbers above, shape (3 * size,), float64 or float32.
            counts[HERE] says which of the first two is to be evaluated next; the third is free between calls. While
            steps are made one of them holds the last accepted point, so that it need not be copied before the step
            map writes: with many parameters that took longer than the step.
        size: how many numbers one has: hyperparameters, x, state and 3.
        begin: how many numbers of a buffer come before x.
    """

    address: Any
    data: Any
    buffers: Any
    size: Any
    begin: Any


class NumbersAt(NamedTuple):
    """Where some numbers are: from a place in an array of one axis on."""

    array: Any
    place: Any


def _not_finite(reason: Any, value: Any) -> Any:
    """Whether a run ends before the point evaluated, which then is none of its steps."""
    return (reason >= VALUE_NAN and reason <= GRADIENT_NOT_FINITE) or not np.isfinite(value)


@emitted(emit_long_distance)
def _long_distance(x: Any, last: Any, dimension: Any) -> Any:
    """As ``_squared_distance``, summed up in the order that is fastest."""
    return _squared_distance(x, last, dimension)


def _squared_distance(x: Any, last: Any, dimension: Any) -> Any:
    """Between two points of so many numbers, float64 or float32: the last accepted one and another."""
    square = 0.0
    for j in range(dimension):
        change = np.float64(x.array[x.place + j]) - np.float64(last.array[last.place + j])
        square += change * change
    return square


def _least_distance(x: Any, last: Any, dimension: Any) -> Any:
    """What is left of a squared distance of 0: the least number where only the squares have underflowed."""
    for j in range(dimension):
        if x.array[x.place + j] != last.array[last.place + j]:
            return LEAST_SQUARE
    return 0.0


def _remember_value(value: Any, memory: Any) -> None:
    """That of the last accepted point, and that of the one before it."""
    memory[VALUE_BEFORE] = memory[LAST_VALUE]
    memory[LAST_VALUE] = value


@emitted(emit_copy)
def _copy_numbers(source: Any, target: Any, count: Any) -> None:
    """From and into ``NumbersAt``."""
    for j in range(count):
        target.array[target.place + j] = source.array[source.place + j]


def _next_row(step: Any, stride: Any, tail: Any) -> Any:
    """The step that is the next row of the history, after this one."""
    next_step = step + stride - step % stride
    return next_step if next_step <= tail else max(step + 1, tail)


def _add_row(row: Any, evaluation: Any, x: Any, trace: Any) -> None:
    """A point as a row of the history, but for the gradient's norm."""
    trace.row_steps[row, 0], trace.row_steps[row, 1] = evaluation.step, evaluation.evaluations
    trace.rows[row, 0] = evaluation.value
    _copy_numbers(x, NumbersAt(trace.rows[row], 2), trace.dimension)


def _refuse(step: Any, counts: Any, memory: Any) -> None:
    """Count a rejected trial, from 0 where value or gradient norm have become smaller than they ever were."""
    value, least = memory[LAST_VALUE], memory[LEAST_VALUE]
    if value <= least + LEVEL * abs(least):  # on level ground steps may find something; uphill they will not
        counts[REFUSED] = max(0, counts[REFUSED] - FORGIVEN * (step - counts[REFUSED_STEP]))
    counts[REFUSED] += 1
    counts[REFUSED_STEP] = step
    if memory[LAST_VALUE] < memory[LEAST_VALUE]:
        memory[LEAST_VALUE] = memory[LAST_VALUE]
        counts[REFUSED] = 1
    if memory[LAST_NORM] < memory[LEAST_NORM]:
        memory[LEAST_NORM] = memory[LAST_NORM]
        counts[REFUSED] = 1


@emitted(emit_call)
def _call(code: Any, buffers: Any, places: Any) -> None:
    """Call machine code, (address, data), on an array, of which it reads and writes from two places on."""
    raise NotImplementedError


def _free_third(buffers: Any, here: Any, last: Any, size: Any) -> Any:
    """Where the numbers to be evaluated next lie, when the third buffer is free, as it is to be between calls.

    ``here`` and ``last`` are where they and those of the last accepted point lie, ``size`` is that of a buffer.
    """
    third = 2 * size
    if last == third:
        return here
    _copy_numbers(NumbersAt(buffers, third), NumbersAt(buffers, last), size)
    return last if here == third else here


def iterate(code: StepCode, trace: TraceArrays, budget: Any) -> Any:
    """Up to ``budget`` evaluations of a step map; returns one of the codes above.

    Where the gradient's squares over- or underflow, or hide that it is not finite (those of the gradient of sqrt(x^2)
    simplify to 1), it takes the evaluation back and returns NORM_WANTED: the host makes it, and hands it to ``absorb``.
    """
    begin, size, dimension = code.begin, code.size, trace.dimension
    counts, memory, buffers = trace.counts, trace.memory, code.buffers
    step, evaluations, moved_at = counts[STEP], counts[EVALUATIONS], counts[MOVED_AT]
    count, stride = counts[ROWS], counts[STRIDE]
    here, there = counts[HERE] * size, (1 - counts[HERE]) * size
    last = 2 * size
    if step >= 0:
        _copy_numbers(NumbersAt(memory, LAST_X), NumbersAt(buffers, last + begin), dimension)
    stop_at, tail_from = evaluations + budget, counts[TAIL]
    next_row = _next_row(step, stride, tail_from)
    asked = trace.limits
    watched, suspect, ask_below = asked[WATCHED] > 0, asked[SUSPECT] > 0, asked[ASK_BELOW]
    tolerance, x_tolerance = asked[TOLERANCE], asked[X_TOLERANCE]
    limits = limits_of(asked, tolerance * abs(tolerance), x_tolerance * abs(x_tolerance))  # of squares
    last_square, stays = -1.0, False  # stays: what was evaluated last is the last accepted point
    end = SLICE_DONE
    while evaluations < stop_at:
        if count == trace.rows.shape[0]:
            end = ROWS_FULL
            break
        _call((code.address, code.data), buffers, (there + begin, here))
        evaluations += 1
        answers = there + size - 3
        if buffers[answers + 2] > 0.5:
            value, square = buffers[answers], buffers[answers + 1]
            moved, flaw = 1.0, 0.0
            if suspect:
                for j in range(dimension):
                    flaw += buffers[there + begin + j] * 0.0
            if (not square < np.inf or square < ask_below or flaw != 0.0) and np.isfinite(value):
                evaluations -= 1
                end = NORM_WANTED
                break
            step += 1
            if (
                watched
            ):  # points have no names here: Numba would count who holds their arrays, in 10 ns a step
                if dimension < MANY:
                    moved = _squared_distance(
                        NumbersAt(buffers, here + begin), NumbersAt(buffers, last + begin), dimension
                    )
                else:
                    moved = _long_distance(
                        NumbersAt(buffers, here + begin), NumbersAt(buffers, last + begin), dimension
                    )
            if moved > 0 or step == 0:
                moved_at = evaluations
            else:
                moved = _least_distance(
                    NumbersAt(buffers, here + begin), NumbersAt(buffers, last + begin), dimension
                )
                moved_at = evaluations if moved > 0 else moved_at
            change, idle = abs(value - memory[LAST_VALUE]), evaluations - moved_at
            evaluation = Evaluation(True, step, evaluations, value, square, change, moved, idle)
            reason = judge(evaluation, limits)
            if _not_finite(reason, value):
                step -= 1
                end = reason
                break
            counts[ACCEPTED_AT] = evaluations
            last_square = square
            _remember_value(value, memory)
            if step == next_row:
                _add_row(count, evaluation, NumbersAt(buffers, here + begin), trace)
                trace.rows[count, 1] = np.sqrt(square)
                count += 1
                next_row = step + stride if step + stride <= tail_from else max(step + 1, tail_from)
            if reason != RUNNING:
                end, stays = reason, True
                break
            last, here, there = here, there, last
        else:
            if last_square >= 0:
                memory[LAST_NORM] = np.sqrt(last_square)
            _refuse(step, counts, memory)
            idle = max(evaluations - moved_at, counts[REFUSED])
            reason = judge(Evaluation(False, step, evaluations, np.nan, np.nan, np.nan, np.nan, idle), limits)
            if reason != RUNNING:
                end = reason
                break
            here, there = there, here
    if last_square >= 0:
        memory[LAST_NORM] = np.sqrt(last_square)
        accepted = here if stays else last
        _copy_numbers(NumbersAt(buffers, accepted + begin), NumbersAt(memory, LAST_X), dimension)
    counts[STEP], counts[EVALUATIONS], counts[MOVED_AT] = step, evaluations, moved_at
    counts[ROWS], counts[SPENT] = count, end >= GRADIENT_SMALL
    counts[HERE] = _free_third(buffers, here, last, size) // size
    return end


def absorb(block: Any, moves: Any, trace: TraceArrays) -> Any:
    """Take over evaluations that were made elsewhere; returns one of the codes above.

    It does with them what ``iterate`` does with its own, which keeps counts in registers.

    Args:
        block: x, value, gradient norm and acceptance of one evaluation a row, in their order, shape (evaluations,
            dimension + 3), float64; without x where points are kept elsewhere.
        moves: distance of each from the last accepted point, shape (evaluations,), float64; NaN where it is to be
            computed here.
        trace: updated.
    """
    counts, memory = trace.counts, trace.memory
    asked, dimension = trace.limits, trace.dimension
    watched, limits = asked[WATCHED] > 0, limits_of(asked, asked[TOLERANCE], asked[X_TOLERANCE])
    for i in range(block.shape[0]):
        if counts[ROWS] == trace.rows.shape[0]:
            return ROWS_FULL
        counts[EVALUATIONS] += 1
        counts[SPENT] = 1
        evaluations = counts[EVALUATIONS]
        x, accepted = block[i], block[i, dimension + 2] > 0.5
        value, norm = block[i, dimension], block[i, dimension + 1]
        step, moved = counts[STEP], 1.0
        if accepted:
            step += 1
            if watched:
                moved = moves[i]
                if np.isnan(moved):
                    at, before = NumbersAt(x, 0), NumbersAt(memory, LAST_X)
                    moved = np.sqrt(_squared_distance(at, before, dimension))
                    if moved == 0:
                        moved = _least_distance(at, before, dimension)
            if moved > 0 or step == 0:
                counts[MOVED_AT] = evaluations
        idle = evaluations - counts[MOVED_AT]
        if not accepted:
            _refuse(step, counts, memory)
            idle = max(idle, counts[REFUSED])
        change = abs(value - memory[LAST_VALUE])
        evaluation = Evaluation(accepted, step, evaluations, value, norm, change, moved, idle)
        reason = judge(evaluation, limits)
        if accepted:
            if _not_finite(reason, value):
                return reason
            counts[STEP], counts[ACCEPTED_AT] = step, evaluations
            memory[LAST_NORM] = norm
            _remember_value(value, memory)
            _copy_numbers(NumbersAt(x, 0), NumbersAt(memory, LAST_X), dimension)
            if step % counts[STRIDE] == 0 or step >= counts[TAIL]:
                _add_row(counts[ROWS], evaluation, NumbersAt(x, 0), trace)
                trace.rows[counts[ROWS], 1] = norm
                counts[ROWS] += 1
        if reason != RUNNING:
            return reason
    return SLICE_DONE
