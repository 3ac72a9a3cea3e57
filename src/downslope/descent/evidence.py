"""What decided how a descent ended: a cause, and the named numbers that go with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Literal, get_args

from downslope.descent import judge as j
from downslope.descent.trend import Trend
from downslope.errors import UsageError
from downslope.messages import message

Unit = Literal["step", "epoch"]
Failure = Literal[
    "",
    "value_nan",
    "value_infinite",
    "gradient_not_finite",
    "supplied_gradient_not_finite",
    "norm_overflows",
    "recorded_value_nan",
    "recorded_value_infinite",
    "recorded_gradient_nan",
    "recorded_gradient_infinite",
    "recorded_point_not_finite",
]


class Cause(IntEnum):
    """Why a descent ended. Those of ``judge.judge`` have its numbers; whoever runs an engine sees the others."""

    GRADIENT_SMALL = j.GRADIENT_SMALL
    VALUE_STEADY = j.VALUE_STEADY
    POINT_STEADY = j.POINT_STEADY
    TARGET_REACHED = j.TARGET_REACHED
    COST_STEADY = 14  # no fall worth the name in so many steps: the test of estimators
    COST_AT_FLOOR = 15  # a fit's cost no longer falls, and the gradient is as small as rounding lets it be
    VERTEX = 16  # a piecewise linear cost is at its least, which the multipliers of the rows met prove
    COST_SMOOTHED = (
        17  # no step lowers a cost with a kink that was smoothed: it is near its least, not at it to rounding
    )
    STEP_LIMIT = j.STEP_LIMIT
    EVALUATION_LIMIT = j.EVALUATION_LIMIT
    TIME_LIMIT = 22
    ROUND_LIMIT = 23
    LOOP_ENDED = 24  # of a record: another's loop made as many steps as it made
    VALUE_HIGH = j.VALUE_HIGH
    VALUE_LOW = j.VALUE_LOW
    VALUE_NAN = j.VALUE_NAN
    VALUE_INFINITE = j.VALUE_INFINITE
    GRADIENT_NOT_FINITE = j.GRADIENT_NOT_FINITE
    STALLED = j.STALLED
    STEP_NOT_FINITE = 36  # value and gradient are finite, and the rule makes no point of them
    COST_STUCK = 37  # a fit's cost no longer falls, though the gradient is not small
    RECORD_BROKE = 38  # of a record: a number in another's loop was not finite
    SEPARABLE = 39  # classes that can be told apart perfectly: the cost falls towards 0 for ever
    COST_UNSTEADY = 25  # the limit of steps, with the test of estimators still unmet
    COST_NOISY = 26  # the test of estimators is met only as batches differ: the cost is still above its least
    INTERRUPTED = 50
    LOOP_INTERRUPTED = 52  # of a record
    CALLBACK = 51
    ERROR = 53  # a person's function or rule raised an exception


LIMITS = (Cause.STEP_LIMIT, Cause.EVALUATION_LIMIT, Cause.TIME_LIMIT, Cause.ROUND_LIMIT)
# Grounds that a fit tells of; and, of any run that passed a test, that the value there is worse than at the start.
ENDLESS, POOR_FIT, ABOVE_START = "endless", "poor_fit", "above_start"
LOST_IN_ROUNDING = (
    "lost_in_rounding"  # differences that are no larger than rounding: the test on them says nothing
)
TESTS = (Cause.GRADIENT_SMALL, Cause.VALUE_STEADY, Cause.POINT_STEADY, Cause.TARGET_REACHED)
# Ends that nobody can make again.
FROM_OUTSIDE = (Cause.TIME_LIMIT, Cause.INTERRUPTED, Cause.CALLBACK, Cause.ERROR)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The numbers that decided, as a person sees them: of a climb, values that rise.

    Attributes:
        cause: why the loop ended.
        step, evaluations: accepted steps and evaluations until then; step -1 is before the start was accepted.
        value, first_value: the objective at the end and at the start. Of a method that averages, at the point that it
            reports.
        gradient_norm, first_gradient_norm: the same of the gradient.
        reported: whether these are those of a point that the method reports and did not evaluate on its way.
        tolerance: what the gradient norm was held against, the relative one included; None where it was not.
        relative_to: what that tolerance is a part of by itself: 1e-9 of the root of a fit's cost, say.
        value_tolerance, x_tolerance, target: the other tests that were asked for.
        change, moved: by how much the last step changed the value, and its length.
        idle: evaluations since the point last moved, or was last accepted.
        refused: of a stall, trials that were rejected since the value or the gradient norm was last at its least.
        asked: whether a test was asked for, so that a limit is none of what was wanted.
        worse: whether the end is worse than the start, beyond rounding and chance. Of a cycle, whether no point of it
            is better.
        trend, period: how the values went in the end, and with which period the points repeat (0: unknown or not).
        outside: whether the point evaluated last is outside, and the last good one another.
        far: whether it is so far out that what failed there is an overflow, not the edge of a domain.
        failure: what was not finite.
        maximize: whether it climbed.
        unit: what a step is called.
        coordinates: in which the gradient is taken.
        settled: whether the point at which a run stands still was looked at and found to be the one that was wanted.
        ground: the kind of point it stands on, where that is known to be none that was wanted.
        patience: of the test of estimators, how small a part of the whole fall counts as none.
        above: of a cost that batches keep above its least, by how large a part of that.
        rounds: how many rounds a fit made.
        error: what a person's code raised, and where.
    """

    cause: Cause
    step: int = 0
    evaluations: int = 0
    value: float = math.nan
    first_value: float = math.nan
    gradient_norm: float = math.nan
    first_gradient_norm: float = math.nan
    reported: bool = False
    tolerance: float | None = None
    relative_to: float | None = None
    value_tolerance: float | None = None
    x_tolerance: float | None = None
    target: float | None = None
    change: float = math.nan
    moved: float = math.nan
    idle: int = 0
    refused: int = 0
    asked: bool = False
    worse: bool = False
    trend: Trend = "level"
    period: int = 0
    outside: bool = False
    far: bool = False
    failure: Failure = ""
    maximize: bool = False
    unit: Unit = "step"
    coordinates: str = "user"
    ground: str = ""
    settled: bool = False
    patience: float = 0.0
    above: float = 0.0
    rounds: int = 0
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As plain data; the cause by its name."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**data, "cause": self.cause.name.lower()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Evidence:
        """What ``to_dict`` wrote, with NaN as None and infinities as text.

        Raises:
            KeyError, TypeError, ValueError: it did not write this.
        """
        read = {
            field.name: _READERS[str(field.type)](data[field.name])
            for field in fields(cls)
            if field.name in data and field.name != "cause"
        }
        made = cls(cause=Cause[str(data["cause"]).upper()], **read)
        if (
            made.trend not in get_args(Trend)
            or made.unit not in get_args(Unit)
            or made.failure not in get_args(Failure)
        ):
            raise UsageError(message("a word in the evidence is not known"))
        return made


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


_READERS: dict[str, Any] = {
    "int": int,
    "bool": bool,
    "str": str,
    "Trend": str,
    "Unit": str,
    "Failure": str,
    "float": _number,
    "float | None": lambda value: None if value is None else float(value),
}
