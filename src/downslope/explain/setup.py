"""What an optimizer is under its wrappers: the rule, its constant learning rate if it has one, and what was added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from downslope.optimizers import Optimizer
from downslope.optimizers.schedule import Constant, Product, Schedule
from downslope.optimizers.wrappers.projected import Projected
from downslope.optimizers.wrappers.weight_decay import WeightDecay


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

    @classmethod
    def of(cls, optimizer: Optimizer) -> Setup:
        """Take an optimizer apart."""
        *wrappers, rule = optimizer.layers()
        ridge, plain, bounded = 0.0, True, False
        for wrapper in wrappers:
            if isinstance(wrapper, WeightDecay):
                ridge += wrapper.rate
            elif isinstance(wrapper, Projected):
                bounded = True
            else:
                plain = False
        rate: Any = rule.hyperparameters().get("learning_rate")
        if isinstance(rate, Schedule):
            rate = _constant(rate)
            if rate is None:
                plain = False
            else:
                rule = rule.changed(learning_rate=rate)
        return cls(optimizer, rule, rate, ridge, plain, bounded)

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
