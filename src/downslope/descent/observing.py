"""The evidence of how a descent ended: read off its trace, and off the objective where the trace leaves it open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.descent import judge as j
from downslope.descent.engine import DescentProblem
from downslope.descent.evidence import LIMITS, Cause, Evidence, Failure
from downslope.descent.norms import norm_of
from downslope.descent.reported import Reported
from downslope.descent.stopping import IDLE_EVALUATIONS, Stopping
from downslope.descent.termination import Termination, is_far, terminate
from downslope.descent.termination_messages import Places
from downslope.descent.trace_buffer import TraceBuffer
from downslope.descent.trend import trend_of
from downslope.messages import Message
from downslope.objectives import Vector

DRAWS = 5  # of a random value, to compare two points
CHANCE = 3.0  # times their spread is no chance
ROUNDING = 64.0  # units in the last place between values that are the same


@dataclass(frozen=True)
class StopEvent:
    """What ended the loop, and the point evaluated then."""

    cause: Cause
    point: Vector
    reported: Reported | None = None
    error: str = ""


def judge_end(
    event: StopEvent, trace: TraceBuffer, descent: DescentProblem, *, remarks: tuple[Message, ...] = ()
) -> Termination:
    """How a run ended that ended so; ``remarks`` are what the rule has to say."""
    evidence = observe(event, trace, descent)
    names = descent.objective.parameters.coordinates
    last = trace.last_x if trace.step >= 0 else None
    return terminate(evidence, Places(names, last, event.point if evidence.outside else None), *remarks)


def observe(event: StopEvent, trace: TraceBuffer, descent: DescentProblem) -> Evidence:
    """The named numbers that decided."""
    sign, stopping, cause = descent.sign, trace.stopping, event.cause
    memory, reported = trace.memory, event.reported
    outside = cause in (Cause.VALUE_NAN, Cause.VALUE_INFINITE, Cause.GRADIENT_NOT_FINITE) or (
        cause == Cause.VALUE_LOW and not np.array_equal(event.point, trace.last_x)
    )
    if outside and _made_by_the_rule(event, trace, descent):
        cause, outside = Cause.STEP_NOT_FINITE, False
    value, norm = float(memory[j.LAST_VALUE]), trace.last_norm if trace.step >= 0 else math.nan
    if cause == Cause.GRADIENT_NOT_FINITE and trace.step < 0:  # the value is
        value = sign * descent.objective.value(event.point)
    if reported is not None:
        value, norm = sign * reported.value, reported.gradient_norm
    values, points, tail = trace.written()
    trend, period = trend_of(values, points, tail) if cause in LIMITS else ("level", 0)
    best = float(np.min(values[-period:])) if period else value
    tolerance = float(trace.limits[j.TOLERANCE])
    return Evidence(
        cause=cause,
        step=trace.step,
        evaluations=trace.evaluations,
        value=sign * value + 0.0,
        first_value=sign * trace.first_value + 0.0,
        gradient_norm=norm,
        first_gradient_norm=trace.first_norm,
        reported=reported is not None,
        tolerance=tolerance if tolerance >= 0 else None,
        **_asked(stopping, sign),
        change=abs(float(memory[j.LAST_VALUE] - memory[j.VALUE_BEFORE])),
        moved=norm_of(points[-1] - points[-2]) if tail > 1 else math.nan,
        idle=trace.evaluations - int(trace.counts[j.MOVED_AT]),
        refused=_refused(trace) if cause == Cause.STALLED else 0,
        worse=cause in (*LIMITS, Cause.STALLED)
        and _is_worse(best, event, trace, descent, repeats=trend == "cycle"),
        trend=trend,
        period=period,
        outside=outside,
        far=outside and _is_far(event, trace, descent),
        failure=_failure(cause, event.point, descent) if outside else "",
        maximize=sign < 0,
        error=event.error,
    )


def _refused(trace: TraceBuffer) -> int:
    """The trials that ended a run: none where most were accepted, and led to the same point."""
    in_vain, idle = int(trace.counts[j.IN_VAIN]), trace.evaluations - int(trace.counts[j.MOVED_AT])
    return in_vain if 2 * in_vain >= min(idle, IDLE_EVALUATIONS) else 0


def _asked(stopping: Stopping, sign: float) -> dict[str, Any]:
    return {
        "value_tolerance": stopping.value_tolerance,
        "x_tolerance": stopping.x_tolerance,
        "target": None if stopping.target is None else sign * stopping.target,
        "asked": stopping.asks_for_a_test,
    }


def _made_by_the_rule(event: StopEvent, trace: TraceBuffer, descent: DescentProblem) -> bool:
    """Whether a point that is no number came of finite values and gradients, and of no overflow: the rule made it."""
    if event.cause != Cause.VALUE_NAN or trace.step < 0 or not np.any(np.isnan(event.point)):
        return False
    return not is_far(trace.last_x, descent.start, True)


def _is_far(event: StopEvent, trace: TraceBuffer, descent: DescentProblem) -> bool:
    """Whether what failed is an overflow: by the point outside, or by the last good one where that one is no number."""
    point = event.point if np.all(np.isfinite(event.point)) or trace.step < 0 else trace.last_x
    return is_far(point, descent.start, event.cause == Cause.VALUE_NAN) or bool(np.any(np.isinf(event.point)))


def _failure(cause: Cause, point: Vector, descent: DescentProblem) -> Failure:
    """What was not finite at a point outside."""
    if cause == Cause.VALUE_NAN:
        return "value_nan"
    if cause != Cause.GRADIENT_NOT_FINITE:
        return "value_infinite"
    with np.errstate(all="ignore"):
        gradient = descent.objective.gradient(point)  # asked again: a person's own may answer otherwise now
        if np.all(np.isfinite(gradient)) and not np.isfinite(gradient.dtype.type(norm_of(gradient))):
            return "norm_overflows"
    supplied = descent.objective.differentiation == "supplied"
    return "supplied_gradient_not_finite" if supplied else "gradient_not_finite"


def _is_worse(
    value: float, event: StopEvent, trace: TraceBuffer, descent: DescentProblem, *, repeats: bool
) -> bool:
    """Whether a value is above that of the start, by more than rounding, and not by the luck of random numbers.

    Of a cycle, whether it is not below it.
    """
    first = trace.first_value
    if trace.step < 1 or not (math.isfinite(first) and math.isfinite(value)):
        return False
    slack = ROUNDING * float(np.finfo(descent.objective.dtype).eps) * max(abs(first), abs(value))
    if repeats:
        return not value < first - slack
    return value > first + slack and _beyond_chance(event, trace, descent)


def _beyond_chance(event: StopEvent, trace: TraceBuffer, descent: DescentProblem) -> bool:
    """Whether the end of an objective that draws random numbers is above its start by three times what means spread."""
    objective = descent.objective
    here = trace.last_x if event.reported is None else event.reported.x
    if objective.expression is not None or not objective.draws_random(here):
        return True
    with np.errstate(all="ignore"):
        there, now = (
            descent.sign * np.array([objective.value(x) for _ in range(DRAWS)]) for x in (descent.start, here)
        )
        spread = np.sqrt((np.var(there, ddof=1) + np.var(now, ddof=1)) / DRAWS)
        return not np.mean(now) <= np.mean(there) + CHANCE * spread
