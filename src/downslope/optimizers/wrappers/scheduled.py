"""Makes a learning rate that is a schedule into a number at every step."""

from __future__ import annotations

from typing import Any, NamedTuple

from downslope.errors import UsageError
from downslope.messages import listing, message
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
            schedule = _chosen(accepted, schedule, state.schedule)
        return next_x, ScheduledState(count, schedule, inner), accepted

    def answer(self, x: Any, state: ScheduledState) -> Any:
        return self._at(1.0).answer(x, state.inner)

    def residual(self, x: Any, gradient: Any) -> Any:
        return self.optimizer.residual(x, gradient)

    def _schedule(self) -> Schedule:
        schedule: Schedule = self.optimizer.hyperparameters()["learning_rate"]
        return schedule

    def _at(self, rate: Any) -> Optimizer:
        return self.optimizer.with_values(learning_rate=rate)


def _chosen(condition: Any, yes: Any, no: Any) -> Any:
    """``where`` for every number of a nested state."""
    if not isinstance(yes, tuple):
        return where(condition, yes, no)
    parts = [_chosen(condition, a, b) for a, b in zip(yes, no, strict=True)]
    return type(yes)(*parts) if hasattr(yes, "_fields") else tuple(parts)


def with_schedule(optimizer: Optimizer, schedule: Schedule) -> Optimizer:
    """The optimizer with its learning rate multiplied by a schedule, inside its wrappers where it has any.

    Raises:
        UsageError: it has no learning rate.

    >>> from downslope.optimizers import GradientDescent
    >>> from downslope.optimizers.schedules import Cosine
    >>> with_schedule(GradientDescent(learning_rate=0.5), Cosine(steps=9)).learning_rate.first
    Constant(value=0.5)
    """
    fields = optimizer.hyperparameters()
    if "learning_rate" in fields:
        rate = fields["learning_rate"] * schedule
        changed: Optimizer = type(optimizer)(**{**fields, "learning_rate": rate})
        return changed
    inner = fields.get("optimizer")
    if isinstance(inner, Optimizer):
        changed = type(optimizer)(**{**fields, "optimizer": with_schedule(inner, schedule)})
        return changed
    from downslope.optimizers.registry import all_optimizers  # which imports this folder

    having = [cls.name() for cls in all_optimizers() if "learning_rate" in cls.__dataclass_fields__]
    raise UsageError(
        message(
            "{kind} has no learning rate for a schedule to multiply. These have one: {having}.",
            kind=type(optimizer).__name__,
            having=listing(having),
        )
    )


def resolve_schedule(optimizer: Optimizer) -> Optimizer:
    """The optimizer as an engine can run it: wrapped where its learning rate is a schedule.

    >>> from downslope.optimizers import GradientDescent
    >>> resolve_schedule(GradientDescent(learning_rate=0.1))
    GradientDescent(learning_rate=0.1)
    """
    if isinstance(optimizer.hyperparameters().get("learning_rate"), Schedule):
        return Scheduled(optimizer=optimizer)
    return optimizer
