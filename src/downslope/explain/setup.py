"""What an optimizer is under its wrappers: the rule, its constant learning rate if it has one, and what was added."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.schedule import Constant, Product, Schedule
from downslope.optimizers.wrappers.projected import Projected
from downslope.optimizers.wrappers.weight_decay import WeightDecay
from downslope.optimizers.wrappers.wrapper import StepWrapper


@dataclass(frozen=True)
class Setup:
    """An optimizer taken apart.

    Attributes:
        optimizer: as it was given.
        rule: the innermost optimizer, with its learning rate as a number where it is constant.
        rate: that learning rate; None where there is none or it changes on a schedule.
        ridge: strength of weight decay.
        plain: whether every step is the rule's own: no clipping, no unknown wrapper, no schedule.
        bounded: whether points are projected onto bounds.
        wrapped: whether there is a wrapper beside those bounds.
        schedule: how the learning rate changes, where it does.
        changes_steps: whether a wrapper makes other steps of those of the rule.

    >>> from downslope.optimizers import GradientDescent
    >>> Setup.of(GradientDescent(learning_rate=0.5) ).rate
    0.5
    """

    optimizer: Optimizer
    rule: Optimizer
    rate: float | None
    ridge: float = 0.0
    plain: bool = True
    bounded: bool = False
    wrapped: bool = False
    schedule: Schedule | None = None
    changes_steps: bool = False

    @property
    def first_rate(self) -> float | None:
        """The learning rate that a schedule changes, before it does; None where there is none."""
        return None if self.schedule is None else _scaled_by(self.schedule)

    def rate_at(self, step: int) -> float | None:
        """The learning rate at a step; None where it depends on more than the step, or there is none."""
        if self.schedule is None:
            return self.rate
        return None if any(states.leaves(self.schedule.init())) else float(self.schedule.factor(float(step)))

    @classmethod
    def of(cls, optimizer: Optimizer) -> Setup:
        """Take an optimizer apart."""
        *wrappers, rule = optimizer.layers()
        wrapped = any(not isinstance(wrapper, Projected) for wrapper in wrappers)
        ridge, plain, bounded, schedule = 0.0, True, False, None
        for wrapper in wrappers:
            if isinstance(wrapper, WeightDecay):
                ridge += wrapper.rate
            elif isinstance(wrapper, Projected):
                bounded = True
            else:
                plain = False
        rate: Any = rule.hyperparameters().get("learning_rate")
        if isinstance(rate, Schedule):
            schedule, rate = rate, _constant(rate)
            if rate is None:
                plain = False
            else:
                rule, schedule = rule.changed(learning_rate=rate), None
        changes = any(isinstance(wrapper, StepWrapper) for wrapper in wrappers)
        return cls(optimizer, rule, rate, ridge, plain, bounded, wrapped, schedule, changes)

    def changed(self, **values: Any) -> Optimizer:
        """The optimizer with hyperparameters of its rule changed, in the same wrappers."""
        return self.with_rule(self.optimizer.layers()[-1].changed(**values))

    def with_rule(self, rule: Optimizer) -> Optimizer:
        """Another rule in the same wrappers."""
        return self.optimizer.replaced(len(self.optimizer.layers()) - 1, rule)


def _constant(schedule: Schedule) -> float | None:
    """The one number that a schedule always gives, or None."""
    if isinstance(schedule, Constant):
        return float(schedule.value)
    if isinstance(schedule, Product):
        first, second = _constant(schedule.first), _constant(schedule.second)
        return None if first is None or second is None else first * second
    return None


def _scaled_by(schedule: Schedule) -> float | None:
    """The constant factors of a schedule, multiplied: the rate that was given with it; None where there is none."""
    if isinstance(schedule, Constant):
        return float(schedule.value)
    if isinstance(schedule, Product):
        parts = [_scaled_by(part) for part in (schedule.first, schedule.second)]
        known = [part for part in parts if part is not None]
        return math.prod(known) if known else None
    return None
