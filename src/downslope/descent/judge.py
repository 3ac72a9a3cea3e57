"""The one function that decides when a run ends, and the numbers that it is asked about.

``judge`` is that authority: every engine's evaluations come to it, with the same numbers under the same names. The
loops of ``kernel`` and ``lane_kernel`` call it in machine code; ``conditions`` reads its text and prints it in other
languages, so that nobody writes it twice.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

# What judge and iterate return. The first ones are not ends: the host acts and goes on.
RUNNING, SLICE_DONE, ROWS_FULL, NORM_WANTED = 0, 1, 2, 3
GRADIENT_SMALL, VALUE_STEADY, POINT_STEADY, TARGET_REACHED = 10, 11, 12, 13
STEP_LIMIT, EVALUATION_LIMIT = 20, 21
VALUE_HIGH, VALUE_LOW, VALUE_NAN, VALUE_INFINITE, GRADIENT_NOT_FINITE, STALLED = 30, 31, 32, 33, 34, 35

# Places in the array of limits, the first of them in the order of ``Limits``. WATCHED: whether the length of every step
# is measured. SUSPECT: whether the gradient's squares may be finite where it is not. ASK_BELOW: a smaller sum of
# squares is wrong by underflow, and matters.
TOLERANCE, VALUE_TOLERANCE, X_TOLERANCE, TARGET, CEILING, FLOOR = 0, 1, 2, 3, 4, 5
MOST_STEPS, MOST_EVALUATIONS, MOST_IDLE, WATCHED, SUSPECT, ASK_BELOW = 6, 7, 8, 9, 10, 11
LIMITS = 12

# Places in the array of counts, and in the memory of the last accepted point before its coordinates.
# REFUSED: trials that were rejected since value or gradient norm were last at their least, but for some FORGIVEN for
# every step on level ground; REFUSED_STEP: the step of the last of them.
# TAIL: the step from which every row is kept, whatever the spacing.
# SPENT: whether the point that the engine stands at is evaluated and counted, so that whoever goes on begins behind it.
STEP, EVALUATIONS, MOVED_AT, ROWS, STRIDE, HERE, ACCEPTED_AT, REFUSED, REFUSED_STEP, TAIL, SPENT = range(11)
COUNTS = 11
FORGIVEN = 4  # trials; a search that works rejects fewer of them for a step
LEVEL = 1e-14  # part of the least value by which another is the same, to rounding
LAST_VALUE, LAST_NORM, VALUE_BEFORE, LEAST_VALUE, LEAST_NORM, LAST_X = 0, 1, 2, 3, 4, 5
NO_LIMIT = 2.0**53
MANY = 30  # parameters, from which the order of a sum is the fastest one
LEAST_SQUARE = 5e-324  # of a step whose square is too small for a number


class Evaluation(NamedTuple):
    """What the judge knows of one evaluation.

    Attributes:
        accepted: whether the rule accepts the point.
        step, evaluations: numbers of this step and this evaluation.
        value, gradient_norm: of the objective, there.
        change: by how much the last step changed the value.
        moved: the length of the last step.
        idle: evaluations since the point last moved (where nobody measures moves: since one was last accepted), or
            trials that were rejected since value or gradient norm was last at its least (see REFUSED).
    """

    accepted: Any
    step: Any
    evaluations: Any
    value: Any
    gradient_norm: Any
    change: Any
    moved: Any
    idle: Any


class Limits(NamedTuple):
    """What an evaluation is held against."""

    tolerance: Any
    value_tolerance: Any
    x_tolerance: Any
    target: Any
    ceiling: Any
    floor: Any
    most_steps: Any
    most_evaluations: Any
    most_idle: Any


def judge(evaluation: Evaluation, limits: Limits) -> Any:
    """Why the run ends after an evaluation, or RUNNING.

    Of a rejected trial only ``idle`` and the number of evaluations count. The order is that of certainty: numbers that
    are not finite, then the tests asked for, then runaways, then limits.
    """
    if evaluation.accepted:
        if not np.isfinite(evaluation.value):
            if evaluation.value < 0:
                return VALUE_LOW
            if evaluation.value > 0:
                return VALUE_INFINITE
            return VALUE_NAN
        if not np.isfinite(evaluation.gradient_norm):
            return GRADIENT_NOT_FINITE
        if evaluation.gradient_norm <= limits.tolerance:
            return GRADIENT_SMALL
        if evaluation.value <= limits.target:
            return TARGET_REACHED
        if evaluation.step > 0 and evaluation.change <= limits.value_tolerance:
            return VALUE_STEADY
        if evaluation.step > 0 and evaluation.moved <= limits.x_tolerance:
            return POINT_STEADY
        if evaluation.value > limits.ceiling:
            return VALUE_HIGH
        if evaluation.value < limits.floor:
            return VALUE_LOW
        if evaluation.step >= limits.most_steps:
            return STEP_LIMIT
    if evaluation.idle >= limits.most_idle:
        return STALLED
    if evaluation.evaluations >= limits.most_evaluations:
        return EVALUATION_LIMIT
    return RUNNING


def limits_of(limits: Any, tolerance: Any, x_tolerance: Any) -> Any:
    """The limits out of their array, shape (LIMITS,), float64, with these two in their places."""
    return Limits(
        tolerance,
        limits[VALUE_TOLERANCE],
        x_tolerance,
        limits[TARGET],
        limits[CEILING],
        limits[FLOOR],
        # whole numbers, as what they are compared with: a step takes 3 % longer otherwise
        np.int64(min(limits[MOST_STEPS], NO_LIMIT)),
        np.int64(min(limits[MOST_EVALUATIONS], NO_LIMIT)),
        np.int64(min(limits[MOST_IDLE], NO_LIMIT)),
    )
