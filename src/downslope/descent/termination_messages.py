"""What is said of how a descent ended: one template for each way, with its numbers as fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from downslope.descent.evidence import (
    ABOVE_START,
    ENDLESS,
    LIMITS,
    LOST_IN_ROUNDING,
    POOR_FIT,
    Cause,
    Evidence,
    Unit,
)
from downslope.descent.stopping import Status
from downslope.messages import Message, literal, message, plural, sentences
from downslope.objectives import Vector

NAMED_COORDINATES = 4  # a point of more parameters is not spelt out in a sentence


@dataclass(frozen=True)
class Places:
    """The points that a sentence may name.

    Attributes:
        names: the coordinates'.
        last: the last good point.
        left_at: the point outside, where there is one.
    """

    names: Sequence[str] = ()
    last: Vector | None = None
    left_at: Vector | None = None


def spelt(point: Vector | None, names: Sequence[str]) -> Message:
    """``x = 1.5, y = -2``, or how many numbers it has where that would be long."""
    if len(names) > NAMED_COORDINATES or point is None:
        return plural("a point of {n} coordinate", "a point of {n} coordinates", n=len(names))
    return literal(", ".join(f"{name} = {value:.6g}" for name, value in zip(names, point, strict=True)))


def counted(n: int, unit: Unit) -> Message:
    """``1 step``, ``20 epochs``."""
    if unit == "epoch":
        return plural("{n} epoch", "{n} epochs", n=n)
    return plural("{n} step", "{n} steps", n=n)


def numbered(n: int, unit: Unit) -> Message:
    """``step 20``."""
    return message("epoch {number}", number=n) if unit == "epoch" else message("step {number}", number=n)


def sentence_of(e: Evidence, status: Status, where: Places) -> Message:
    """How it ended."""
    if e.outside and e.step < 0:
        return _at_the_start(e, where)
    if status == Status.UNBOUNDED and e.ground == ENDLESS:
        return _no_minimum(e, _passed(e))
    if status in (Status.DIVERGED, Status.UNBOUNDED, Status.LEFT_DOMAIN):
        return _ran_away(e, status, where)
    if status == Status.CONVERGED or e.cause == Cause.COST_STUCK or e.ground == POOR_FIT:
        if e.ground == ABOVE_START:
            return sentences(_passed(e), _course(e))
        return _no_minimum(e, _passed(e)) if e.ground not in ("", POOR_FIT) else _passed(e)
    if e.cause in (*LIMITS, Cause.LOOP_ENDED, Cause.COST_UNSTEADY, Cause.COST_NOISY):
        return sentences(_limit(e), _course(e))
    return _other_end(e, where)


def _no_minimum(e: Evidence, passed: Message) -> Message:
    if e.ground == LOST_IN_ROUNDING:
        return message("The test that passed shows nothing. {passed}", passed=passed)
    if e.maximize:
        return message("The test passed at a point that is no maximum. {passed}", passed=passed)
    return message("The test passed at a point that is no minimum. {passed}", passed=passed)


def _passed(e: Evidence) -> Message:
    """The test that passed."""
    steps = counted(e.step, e.unit)
    if e.cause == Cause.VALUE_STEADY:
        return message(
            "The value changed by no more than {tolerance:g} in the last step, after {steps}.",
            tolerance=e.value_tolerance,
            steps=steps,
        )
    if e.cause == Cause.POINT_STEADY:
        return message(
            "The last step was no longer than {tolerance:g}, after {steps}.",
            tolerance=e.x_tolerance,
            steps=steps,
        )
    if e.cause == Cause.COST_STEADY:
        return message(
            "The cost has not fallen by more than {part:g} of its whole fall for {steps} in a row.",
            part=e.patience,
            steps=counted(e.idle, e.unit),
        )
    if e.cause == Cause.COST_AT_FLOOR:
        return message(
            "The cost no longer falls to rounding, after {steps}; the gradient norm in natural coordinates is"
            " {norm:.3g}.",
            steps=steps,
            norm=e.gradient_norm,
        )
    if e.cause == Cause.VERTEX:
        return message(
            "The cost is the least there is, to rounding, after {steps}: the rows that are met exactly prove it.",
            steps=steps,
        )
    if e.cause == Cause.COST_SMOOTHED:
        return message(
            "No step lowers the cost any more, after {steps}: it is near its least, and not at it to rounding, as the"
            " kink of the loss was smoothed.",
            steps=steps,
        )
    if e.cause == Cause.COST_STUCK:
        return message(
            "The cost no longer falls and no step along the gradient lowers the cost, after {steps}; the gradient norm"
            " in natural coordinates is {norm:.3g}.",
            steps=steps,
            norm=e.gradient_norm,
        )
    return _gradient_small(e, steps)


def _gradient_small(e: Evidence, steps: Message) -> Message:
    if e.relative_to is not None:
        return message(
            "The gradient norm {norm:.3g} is within the tolerance {tolerance:.3g}, {part:g} of the root of the cost,"
            " after {steps} in natural coordinates.",
            norm=e.gradient_norm,
            tolerance=e.tolerance,
            part=e.relative_to,
            steps=steps,
        )
    if e.coordinates == "natural":
        return message(
            "The gradient norm {norm:.3g} is within the tolerance {tolerance:.3g}, after {steps} in natural"
            " coordinates.",
            norm=e.gradient_norm,
            tolerance=e.tolerance,
            steps=steps,
        )
    return message(
        "The gradient norm {norm:.3g} is within the tolerance {tolerance:g}, after {steps}.",
        norm=e.gradient_norm,
        tolerance=e.tolerance,
        steps=steps,
    )


def _limit(e: Evidence) -> Message:
    """The limit that was reached, and how far from its test the run was."""
    steps = counted(e.step, e.unit)
    if e.cause == Cause.LOOP_ENDED:
        return message("The loop ended after {steps}.", steps=steps)
    if e.cause == Cause.COST_NOISY:
        return message(
            "Stopped after {steps}: the cost rises and falls from epoch to epoch and stays about {part:.3g} % above its"
            " least. At a constant learning rate the differences between the batches keep it there; a smaller rate, or"
            " one that falls (schedule), comes nearer.",
            steps=steps,
            part=100 * e.above,
        )
    if e.cause == Cause.COST_UNSTEADY:
        return message("Stopped after {steps}, with the cost still changing.", steps=steps)
    if e.cause == Cause.ROUND_LIMIT:
        return message(
            "Stopped after {steps} in {rounds} rounds, the gradient norm still {norm:.3g}.",
            steps=steps,
            rounds=e.rounds,
            norm=e.gradient_norm,
        )
    if e.cause == Cause.TIME_LIMIT:
        if e.asked:
            return message(
                "Stopped at the time limit, after {steps}, with the gradient norm still {norm:.3g}.",
                steps=steps,
                norm=e.gradient_norm,
            )
        return message("Stopped at the time limit, after {steps}.", steps=steps)
    reached = steps
    if e.cause == Cause.EVALUATION_LIMIT:
        reached = plural("{n} evaluation", "{n} evaluations", n=e.evaluations)
    if e.asked:
        return message(
            "Stopped at the limit of {reached}, with the gradient norm still {norm:.3g}.",
            reached=reached,
            norm=e.gradient_norm,
        )
    return message("Stopped at the limit of {reached}.", reached=reached)


def _course(e: Evidence) -> Message | None:
    """What there is to say of the way until then."""
    if e.trend == "cycle" and e.period:
        return message("The points repeat themselves with a period of {period} steps.", period=e.period)
    if e.trend == "cycle":
        return message("The points repeat themselves.")
    if e.ground == ABOVE_START or (e.worse and e.cause in (*LIMITS, Cause.LOOP_ENDED)):
        return message(
            "The value {value:.6g} is worse than the {first:.6g} of the start.",
            value=e.value,
            first=e.first_value,
        )
    return None


def _other_end(e: Evidence, where: Places) -> Message:
    at, steps = numbered(e.step, e.unit), counted(e.step, e.unit)
    if e.cause == Cause.TARGET_REACHED:
        return message("The value {value:.6g} reached the target after {steps}.", value=e.value, steps=steps)
    if e.cause == Cause.ERROR:
        return message(
            "Broke off at {step} with {error}; everything until then is kept.", step=at, error=e.error
        )
    if e.cause == Cause.INTERRUPTED and e.step < 0:
        return message("Interrupted before the first step.")
    if e.cause == Cause.INTERRUPTED:
        return message("Interrupted at {step}; everything until then is kept.", step=at)
    if e.cause == Cause.LOOP_INTERRUPTED:
        return message("Interrupted after {steps}; everything until then is kept.", steps=steps)
    if e.cause == Cause.CALLBACK:
        return message("Stopped by the callback at {step}.", step=at)
    if e.cause == Cause.STEP_NOT_FINITE:
        return message(
            "Stalled at {step}: the method makes a step from {last} that is not a number.",
            step=at,
            last=spelt(where.last, where.names),
        )
    if e.gradient_norm == 0 and e.refused <= 1:
        return message(
            "Stands still since {step}: the gradient is 0, and no test that was asked for has passed.",
            step=at,
        )
    if e.refused:
        return message(
            "Stalled at {step}: {trials}, with the gradient norm still {norm:.3g}.",
            step=at,
            trials=plural(
                "{n} trial was refused without progress",
                "{n} trials were refused without progress",
                n=e.refused,
            ),
            norm=e.gradient_norm,
        )
    return message(
        "Stalled at {step}: the point no longer moves, with the gradient norm still {norm:.3g}.",
        step=at,
        norm=e.gradient_norm,
    )


def _failed(e: Evidence) -> Message:
    """What was not finite, as the end of a sentence."""
    if e.failure == "supplied_gradient_not_finite":
        return message("the gradient that was supplied is not a finite number")
    if e.failure == "norm_overflows":
        return message("the objective is so steep that the gradient's norm overflows")
    if e.failure == "gradient_not_finite":
        return message("the objective has no finite gradient")
    if e.failure == "value_infinite":
        return message("the objective is infinite")
    return message("the objective is not a number")


def _at_the_start(e: Evidence, where: Places) -> Message:
    here = spelt(where.left_at, where.names)
    if e.failure == "supplied_gradient_not_finite":
        return message(
            "The gradient that was supplied is not a finite number at the start, {here}. Start elsewhere.",
            here=here,
        )
    if e.failure == "norm_overflows":
        return message(
            "The objective is so steep that the gradient's norm overflows at the start, {here}. Start elsewhere.",
            here=here,
        )
    if e.failure == "gradient_not_finite":
        return message(
            "The objective has no finite gradient at the start, {here}. Start elsewhere.", here=here
        )
    if e.failure == "value_infinite":
        return message("The objective is infinite at the start, {here}. Start elsewhere.", here=here)
    return message("The objective is not a number at the start, {here}. Start elsewhere.", here=here)


def _ran_away(e: Evidence, status: Status, where: Places) -> Message:
    if e.cause == Cause.SEPARABLE:
        return message(
            "The classes can be separated perfectly, so without a penalty no finite parameters are best: the cost falls"
            " towards zero as they grow for ever. Add a penalty (l2=0.01, --l2 0.01), or take the direction alone."
        )
    if e.cause == Cause.RECORD_BROKE:
        return _broke(e)
    if status == Status.UNBOUNDED:
        return _unbounded(e, where)
    if not e.outside:
        return _still_getting_worse(e)
    here, last = spelt(where.left_at, where.names), spelt(where.last, where.names)
    step = numbered(e.step, e.unit)
    if status == Status.LEFT_DOMAIN:
        return message(
            "Left the domain: {failed} at {here}. The last good point is {last} ({step}).",
            failed=_failed(e),
            here=here,
            last=last,
            step=step,
        )
    if where.left_at is not None and not np.all(np.isfinite(where.left_at)):
        return message(
            "Diverged: the steps grow until the point overflows, at {here}. The last good point is {last} ({step}).",
            here=here,
            last=last,
            step=step,
        )
    if e.maximize:
        return message(
            "Diverged: the value falls until it overflows at {here}. The last good point is {last} ({step}).",
            here=here,
            last=last,
            step=step,
        )
    return message(
        "Diverged: the value rises until it overflows at {here}. The last good point is {last} ({step}).",
        here=here,
        last=last,
        step=step,
    )


def _still_getting_worse(e: Evidence) -> Message:
    if e.cause == Cause.COST_STEADY:
        return message(
            "After {steps} the cost {value:.4g} is above the {first:.4g} of the start.",
            steps=counted(e.step, e.unit),
            value=e.value,
            first=e.first_value,
        )
    return message(
        "Diverged: after {steps} the value {value:.4g} is worse than at the start and still getting worse.",
        steps=counted(e.step, e.unit),
        value=e.value,
    )


def _unbounded(e: Evidence, where: Places) -> Message:
    step = numbered(e.step, e.unit)
    if not e.outside:
        if e.maximize:
            return message(
                "Unbounded above: the value rises without limit; at {step} it is {value:.3g}.",
                step=step,
                value=e.value,
            )
        return message(
            "Unbounded below: the value falls without limit; at {step} it is {value:.3g}.",
            step=step,
            value=e.value,
        )
    here, last = spelt(where.left_at, where.names), spelt(where.last, where.names)
    if e.maximize:
        return message(
            "Unbounded above: the value computed at {here} is plus infinity. The last good point is {last} ({step}).",
            here=here,
            last=last,
            step=step,
        )
    return message(
        "Unbounded below: the value computed at {here} is minus infinity. The last good point is {last} ({step}).",
        here=here,
        last=last,
        step=step,
    )


def _broke(e: Evidence) -> Message:
    """What was not finite in another's loop; ``step`` is that of its last good row."""
    step = e.step + 1
    if e.failure == "recorded_value_nan":
        return message("The value is not a number at step {step}; the record ends before it.", step=step)
    if e.failure == "recorded_value_infinite":
        return message("The value is infinite at step {step}; the record ends before it.", step=step)
    if e.failure == "recorded_gradient_nan":
        return message("The gradient is not a number at step {step}; the record ends before it.", step=step)
    if e.failure == "recorded_gradient_infinite":
        return message("The gradient is infinite at step {step}; the record ends before it.", step=step)
    return message("The point is not finite at step {step}; the record ends before it.", step=step)
