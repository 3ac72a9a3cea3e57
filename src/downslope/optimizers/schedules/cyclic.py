"""Schedules that rise and fall along straight lines, again and again."""

from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import absolute, floor
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedules.steps import MOST_STEPS


class Triangular(Schedule):
    r"""Rises from ``low`` to 1 and falls back along straight lines, again and again.

    .. math:: s_k = s_0 + (1 - s_0)\, \Bigl(1 - \Bigl|\frac{k}{n} - 2 c - 1\Bigr|\Bigr), \qquad
              c = \Bigl\lfloor \frac{k}{2 n} \Bigr\rfloor

    with :math:`s_k` the factor for step k and :math:`c` the number of cycles that are done.

    Args:
        steps: n, in how many steps it rises, and in how many it falls, a whole number >= 1.
        low: s_0, where each cycle begins and ends, > 0.

    Tries small and large rates in turn, so neither has to be known well; the largest must not diverge. As
    ``torch.optim.lr_scheduler.CyclicLR`` without its cycle of the momentum: torch's ``max_lr`` is the learning
    rate here, and ``base_lr`` that times ``low``.

    Source: L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, arXiv 1506.01186, section 3.1.

    >>> from downslope.optimizers.schedules import Triangular
    >>> [round(Triangular(steps=2, low=0.2).factor(k), 6) for k in range(6)]
    [0.2, 0.6, 1.0, 0.6, 0.2, 0.6]
    """

    aliases = ("CyclicLR",)

    steps: int
    low: float = hyperparameter(0.1, "the factor at which a cycle begins", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        return self.low + (1 - self.low) * _height(count, self.steps)


class TriangularHalving(Schedule):
    r"""Rises and falls along straight lines, in each cycle half as high as in that before.

    .. math:: s_k = s_0 + (1 - s_0)\, \Bigl(1 - \Bigl|\frac{k}{n} - 2 c - 1\Bigr|\Bigr)\, 2^{-c}, \qquad
              c = \Bigl\lfloor \frac{k}{2 n} \Bigr\rfloor

    with :math:`s_k` the factor for step k and :math:`c` the number of cycles that are done.

    Args:
        steps: n, in how many steps it rises, and in how many it falls, a whole number >= 1.
        low: s_0, where each cycle begins and ends, > 0.

    After some ten cycles it stays at ``low``, which should be a rate that settles. As
    ``torch.optim.lr_scheduler.CyclicLR(mode="triangular2")`` without its cycle of the momentum.

    Source: L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, arXiv 1506.01186, section 3.1.

    >>> from downslope.optimizers.schedules import TriangularHalving
    >>> [round(TriangularHalving(steps=2, low=0.2).factor(k), 6) for k in range(7)]
    [0.2, 0.6, 1.0, 0.6, 0.2, 0.4, 0.6]
    """

    aliases = ("Triangular2",)

    steps: int
    low: float = hyperparameter(0.1, "the factor at which a cycle begins", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        return self.low + (1 - self.low) * _height(count, self.steps) * 0.5 ** _cycles(count, self.steps)


class TriangularExponential(Schedule):
    r"""Rises and falls along straight lines, lower by a factor with every step.

    .. math:: s_k = s_0 + (1 - s_0)\, \Bigl(1 - \Bigl|\frac{k}{n} - 2 c - 1\Bigr|\Bigr)\, \gamma^k, \qquad
              c = \Bigl\lfloor \frac{k}{2 n} \Bigr\rfloor

    with :math:`s_k` the factor for step k and :math:`c` the number of cycles that are done.

    Args:
        steps: n, in how many steps it rises, and in how many it falls, a whole number >= 1.
        rate: γ, what the height is multiplied by at each step, > 0; at most 1 to fall.
        low: s_0, where each cycle begins and ends, > 0.

    As ``torch.optim.lr_scheduler.CyclicLR(mode="exp_range")`` without its cycle of the momentum.

    Source: L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, arXiv 1506.01186, section 3.1.

    >>> from downslope.optimizers.schedules import TriangularExponential
    >>> [round(TriangularExponential(steps=2, rate=0.5, low=0.2).factor(k), 6) for k in range(5)]
    [0.2, 0.4, 0.4, 0.25, 0.2]
    """

    aliases = ("ExpRange",)

    steps: int
    rate: float = hyperparameter(0.999, "what its height is multiplied by at each step", above=0)
    low: float = hyperparameter(0.1, "the factor at which a cycle begins", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        return self.low + (1 - self.low) * _height(count, self.steps) * self.rate**count


def _cycles(count: Any, steps: int) -> Any:
    """How many cycles are done."""
    return floor(
        (count + 0.5) / (2 * steps)
    )  # halfway: away from whole numbers, which rounding could fall below


def _height(count: Any, steps: int) -> Any:
    """From 0 to 1 and back along straight lines."""
    return 1 - absolute((count - 2 * steps * _cycles(count, steps)) / steps - 1)
