"""Why a run ended: from the code that ended it to a status word, a sentence, and whether that is a success."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from downslope.descent import kernel as k
from downslope.descent.stopping import Status, Stopping
from downslope.descent.trace_buffer import TraceBuffer
from downslope.objectives import Objective, Vector

FAR = 1e50  # a NaN this far out is an overflow (inf - inf), not the edge of a domain
JUMP = 100.0  # an infinite value further out than this many times the start is an overflow, not a pole
DRAWS = 5  # of a random value, to compare two points
NAMED_COORDINATES = 4  # a point of more parameters is not spelt out in a sentence

_STATUS = {
    k.GRADIENT_SMALL: Status.CONVERGED,
    k.VALUE_STEADY: Status.CONVERGED,
    k.POINT_STEADY: Status.CONVERGED,
    k.TARGET_REACHED: Status.TARGET_REACHED,
    k.STEP_LIMIT: Status.STEP_LIMIT,
    k.EVALUATION_LIMIT: Status.EVALUATION_LIMIT,
    k.VALUE_HIGH: Status.DIVERGED,
    k.VALUE_LOW: Status.UNBOUNDED,
    k.STALLED: Status.STALLED,
}


@dataclass(frozen=True)
class StopEvent:
    """What ended the loop: a code of ``kernel`` or a status, and the point being evaluated then."""

    cause: int | Status
    point: Vector


@dataclass(frozen=True)
class Termination:
    """How a run ended.

    Attributes:
        status: one word.
        success: whether it ended as it was asked to.
        message: one or two sentences.
        left_at: the point outside, where the run went to one; the last good point is the run's ``x``.
    """

    status: Status
    success: bool
    message: str
    left_at: Vector | None = None


def termination_of(
    ending: StopEvent, trace: TraceBuffer, start: Vector, sign: float, objective: Objective
) -> Termination:
    """The verdict on a run that ended so."""
    status = _status(ending, trace, start, sign, objective)
    outside = ending.cause in (k.VALUE_NAN, k.VALUE_INFINITE, k.GRADIENT_NOT_FINITE) or (
        ending.cause == k.VALUE_LOW and not _is_last(ending, trace)
    )
    message = _Sentences(ending, trace, sign, objective, outside).of(status)
    return Termination(status, _success(status, trace.stopping), message, ending.point if outside else None)


def _is_last(ending: StopEvent, trace: TraceBuffer) -> bool:
    return bool(np.array_equal(ending.point, trace.last_x))


def _status(
    ending: StopEvent, trace: TraceBuffer, start: Vector, sign: float, objective: Objective
) -> Status:
    cause, memory = ending.cause, trace.memory
    if isinstance(cause, Status):
        status = cause
    elif cause in _STATUS and not (cause == k.VALUE_LOW and trace.step < 0):  # -inf at the start is a pole
        status = _STATUS[cause]
    else:
        reach = float(np.max(np.abs(ending.point), initial=0.0))
        home = 1 + float(np.max(np.abs(start), initial=0.0))
        far = FAR if cause == k.VALUE_NAN else JUMP * home
        status = Status.DIVERGED if reach > far and trace.step >= 0 else Status.LEFT_DOMAIN
    limits = (Status.STEP_LIMIT, Status.EVALUATION_LIMIT, Status.TIME_LIMIT)
    if status in limits and trace.step > 0:
        now, before = memory[k.LAST_VALUE], memory[k.VALUE_BEFORE]
        if now > trace.first_value and now > before and _is_higher(trace.last_x, start, sign, objective):
            return Status.DIVERGED
    return status


def _is_higher(here: Vector, start: Vector, sign: float, objective: Objective) -> bool:
    """Whether the value is higher than at the start, and not by the luck of random numbers that the objective draws.

    Of those, the means of some draws must differ by three times what draws do.
    """
    if objective.expression is not None or not objective.draws_random(here):
        return True
    with np.errstate(all="ignore"):
        there, now = (sign * np.array([objective.value(x) for _ in range(DRAWS)]) for x in (start, here))
        spread = np.sqrt((np.var(there, ddof=1) + np.var(now, ddof=1)) / DRAWS)
        return not np.mean(now) <= np.mean(there) + 3 * spread


def _success(status: Status, stopping: Stopping) -> bool:
    if status in (Status.CONVERGED, Status.TARGET_REACHED, Status.STOPPED_BY_CALLBACK):
        return True
    if status in (Status.STEP_LIMIT, Status.EVALUATION_LIMIT, Status.TIME_LIMIT):
        return not stopping.asks_for_a_test
    return False


def spelt(point: Vector, objective: Objective) -> str:
    """``x = 1.5, y = -2``, or how many numbers it has where that would be long."""
    names = objective.parameters.coordinates
    if len(names) > NAMED_COORDINATES:
        return f"a point of {len(names)} coordinates"
    return ", ".join(f"{name} = {value:.6g}" for name, value in zip(names, point, strict=True))


class _Sentences:
    """The sentence for each status, with its numbers."""

    def __init__(
        self, ending: StopEvent, trace: TraceBuffer, sign: float, objective: Objective, outside: bool
    ) -> None:
        self.cause, self.trace, self.outside = ending.cause, trace, outside
        self.step, self.stopping = trace.step, trace.stopping
        self.value = sign * trace.memory[k.LAST_VALUE]
        self.norm = float(np.sqrt(trace.memory[k.LAST_SQUARE]))
        self.up = sign < 0
        self.here = spelt(ending.point, objective)
        self.point, self.objective = ending.point, objective
        self.last = spelt(trace.last_x, objective)

    def of(self, status: Status) -> str:
        if status == Status.CONVERGED:
            return self._converged()
        if self.outside and self.step < 0:
            return f"The objective {self._what_failed()} at the start, {self.here}. Start elsewhere."
        if self.outside or status in (Status.DIVERGED, Status.UNBOUNDED):
            return self._runaway(status)
        steps = "step" if self.step == 1 else "steps"
        return {
            Status.TARGET_REACHED: f"The value {self.value:.6g} reached the target after {self.step} {steps}.",
            Status.STEP_LIMIT: f"Stopped at the limit of {self.step} {steps}{self._unmet()}.",
            Status.EVALUATION_LIMIT: f"Stopped at the limit of {self.trace.evaluations} evaluations{self._unmet()}.",
            Status.TIME_LIMIT: f"Stopped at the time limit, after {self.step} {steps}{self._unmet()}.",
            Status.STALLED: f"Stalled at step {self.step}: the point no longer moves{self._unmet()}.",
            Status.INTERRUPTED: f"Interrupted at step {self.step}; everything until then is kept.",
            Status.STOPPED_BY_CALLBACK: f"Stopped by the callback at step {self.step}.",
        }[status]

    def _converged(self) -> str:
        s = self.stopping
        after = f"after {self.step} {'step' if self.step == 1 else 'steps'}"
        if self.cause == k.VALUE_STEADY:
            return f"The value changed by no more than {s.value_tolerance:g} in the last step, {after}."
        if self.cause == k.POINT_STEADY:
            return f"The last step was no longer than {s.x_tolerance:g}, {after}."
        limit = float(np.sqrt(self.trace.limits[k.GRADIENT_SQUARED]))
        return f"The gradient norm {self.norm:.3g} is within the tolerance {limit:g}, {after}."

    def _unmet(self) -> str:
        return f", with the gradient norm still {self.norm:.3g}" if self.stopping.asks_for_a_test else ""

    def _what_failed(self) -> str:
        if self.cause == k.GRADIENT_NOT_FINITE:
            with np.errstate(all="ignore"):
                finite = np.all(np.isfinite(self.objective.gradient(self.point)))
            return "is so steep that the gradient's norm overflows" if finite else "has no finite gradient"
        return "is not a number" if self.cause == k.VALUE_NAN else "is infinite"

    def _runaway(self, status: Status) -> str:
        kept = f"The last good point is {self.last} (step {self.step})."
        if status == Status.LEFT_DOMAIN:
            return f"Left the domain: the objective {self._what_failed()} at {self.here}. {kept}"
        if status == Status.UNBOUNDED and self.outside:
            bound, infinite = ("above", "plus infinity") if self.up else ("below", "minus infinity")
            return f"Unbounded {bound}: the value is {infinite} at {self.here}. {kept}"
        if status == Status.UNBOUNDED:
            bound, way = ("above", "rises") if self.up else ("below", "falls")
            return f"Unbounded {bound}: the value {way} without limit; at step {self.step} it is {self.value:.3g}."
        way = "falls" if self.up else "rises"
        if self.outside:
            return f"Diverged: the value {way} until it overflows at {self.here}. {kept}"
        return (
            f"Diverged: after {self.step} steps the value {self.value:.4g} is worse than at the start"
            " and still getting worse. Try a smaller learning rate."
        )
