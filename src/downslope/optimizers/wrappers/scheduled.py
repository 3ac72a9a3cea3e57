"""Makes a learning rate that is a schedule into a number at every step."""

from __future__ import annotations

from typing import Any, NamedTuple

from downslope.errors import UsageError
from downslope.messages import Message, message
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import dot, where, zeros_like
from downslope.optimizers.base import Optimizer
from downslope.optimizers.schedule import Schedule


class ScheduledState(NamedTuple):
    """The state of the schedule and of the optimizer inside."""

    count: Any  # accepted steps so far
    schedule: Any
    inner: Any


class Scheduled(Optimizer):
    """An optimizer whose ``learning_rate`` is a schedule, as the engines run it; ``resolve_schedule`` makes it."""

    optimizer: Optimizer

    def init(self, x: Any) -> ScheduledState:
        nothing = zeros_like(x)
        count = dot(nothing, nothing)  # 0 in the number type of x
        schedule = self._schedule()
        return ScheduledState(count, schedule.init(), self._at(schedule.factor(count)).init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: ScheduledState
    ) -> tuple[Any, ScheduledState, Any]:
        rate, schedule = self._schedule().update(state.count, value, state.schedule)
        next_x, inner, accepted = self._at(rate).update(x, value, gradient, state.inner)
        count = state.count + 1
        if accepted is not True:  # a rejected trial is no step: count and schedule stay as they were
            count = where(accepted, count, state.count)
            schedule = chosen(accepted, schedule, state.schedule)
        return next_x, ScheduledState(count, schedule, inner), accepted

    def answer(self, x: Any, state: ScheduledState) -> Any:
        return self._at(1.0).answer(x, state.inner)

    def residual(self, x: Any, gradient: Any) -> Any:
        return self.optimizer.residual(x, gradient)

    def _schedule(self) -> Schedule:
        rate = self.optimizer.hyperparameters()["learning_rate"]
        if not isinstance(rate, Schedule):
            raise UsageError(
                message(
                    "Scheduled takes an optimizer whose learning_rate is a schedule, and that of {kind} is {rate!r}.",
                    kind=type(self.optimizer).__name__,
                    rate=rate,
                )
            )
        return rate

    def _at(self, rate: Any) -> Optimizer:
        return self.optimizer.with_values(learning_rate=rate)


def chosen(condition: Any, yes: Any, no: Any) -> Any:
    """``where`` for every leaf of two states of the same build."""
    pairs = zip(states.leaves(yes), states.leaves(no), strict=True)
    return states.rebuilt(yes, iter([where(condition, a, b) for (_, a), (_, b) in pairs]))


def resolve_schedule(optimizer: Optimizer) -> Optimizer:
    """The optimizer as an engine can run it: wrapped where its learning rate is a schedule.

    >>> from downslope.optimizers import GradientDescent
    >>> resolve_schedule(GradientDescent(learning_rate=0.1))
    GradientDescent(learning_rate=0.1)
    """
    if isinstance(optimizer.hyperparameters().get("learning_rate"), Schedule):
        return Scheduled(optimizer=optimizer)
    return optimizer


def why_without_rate(optimizer: Optimizer) -> Message:
    """What to say to whoever wants to set the learning rate of a rule that has none as a number."""
    if any(
        isinstance(layer.hyperparameters().get("learning_rate"), Schedule) for layer in optimizer.layers()
    ):
        return message(
            "the learning rate of {kind} follows a schedule of its own, which nobody else can change; give it a"
            " number as its learning rate instead.",
            kind=optimizer.layers()[-1].name(),
        )
    return message(
        "{kind} has no learning rate that could be changed: it finds the lengths of its steps itself.",
        kind=optimizer.layers()[-1].name(),
    )
