"""Schedules that fall smoothly."""

from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import sqrt, where
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedules.steps import MOST_STEPS


class Exponential(Schedule):
    r"""Multiplied by ``rate`` at every step.

    .. math:: s_k = \gamma^k

    with :math:`s_k` the factor for step k.

    Args:
        rate: γ, in (0, 1); γ = 0.5^(1/n) halves it every n steps.

    All the steps together cover at most 1/(1 - γ) first steps: where that is too little to reach the minimum the
    run stops short of it, though its steps grow small. As ``torch.optim.lr_scheduler.ExponentialLR``.

    Source: X. Li, Z. Zhuang, F. Orabona, ICML 2021, arXiv 2002.05273.

    >>> from downslope.optimizers.schedules import Exponential
    >>> [Exponential(rate=0.5).factor(k) for k in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    aliases = ("ExponentialLR",)

    rate: float = hyperparameter(0.99, "what it is multiplied by at every step", above=0, below=1)

    def factor(self, count: Any) -> Any:
        return self.rate**count


class InverseTime(Schedule):
    r"""Falls like one over the number of steps.

    .. math:: s_k = \frac{1}{1 + \gamma k}

    with :math:`s_k` the factor for step k.

    Args:
        rate: γ, > 0; after 1/γ steps it is at one half.

    The classic condition for noisy gradients, Σ s_k = ∞ and Σ s_k² < ∞, holds; right for strongly convex problems
    if learning rate / γ is at least 1/μ, and very slow if it is less.

    Source: H. Robbins, S. Monro, Annals of Mathematical Statistics 22 (1951) 400-407.

    >>> from downslope.optimizers.schedules import InverseTime
    >>> [InverseTime(rate=1.0).factor(k) for k in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """

    rate: float = hyperparameter(0.01, "how fast it falls, per step", above=0)

    def factor(self, count: Any) -> Any:
        return 1 / (1 + self.rate * count)


class InverseSquareRoot(Schedule):
    r"""Falls like one over the square root of the number of steps.

    .. math:: s_k = \frac{1}{\sqrt{1 + \gamma k}}

    with :math:`s_k` the factor for step k.

    Args:
        rate: γ, > 0; 1 is the textbook's 1/√(k + 1).

    For objectives with kinks (the subgradient method) and for noisy gradients of convex ones. On a smooth objective it
    only slows down. Multiplied by ``Warmup`` it is the schedule of the first transformers.

    Source: M. Zinkevich, ICML 2003, 928-936, theorem 1.

    >>> from downslope.optimizers.schedules import InverseSquareRoot
    >>> [InverseSquareRoot().factor(k) for k in (0, 3, 15)]
    [1.0, 0.5, 0.25]
    """

    rate: float = hyperparameter(1.0, "how fast it falls, per step", above=0)

    def factor(self, count: Any) -> Any:
        return 1 / sqrt(1 + self.rate * count)


class Polynomial(Schedule):
    r"""Falls from 1 to ``final`` in a number of steps along a power of what is left, then stays.

    .. math:: s_k = s_n + (1 - s_n)\left(1 - \frac{\min(k, n)}{n}\right)^p

    with :math:`s_k` the factor for step k.

    Args:
        steps: n, in how many steps it falls, a whole number >= 1.
        power: p, > 0; 1 is a straight line, more falls faster at first.
        final: s_n, where it ends, >= 0.

    The straight line to 0 gives the best proven rate for the last point of the subgradient method. The number of
    steps must be known: with final = 0 nothing moves after it. As ``torch.optim.lr_scheduler.PolynomialLR``
    (final = 0) and ``optax.polynomial_schedule``.

    Source: A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko, arXiv 2310.07831 (p = 1).

    >>> from downslope.optimizers.schedules import Polynomial
    >>> [float(Polynomial(steps=4, power=2.0).factor(k)) for k in range(6)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    """

    aliases = ("PolynomialLR", "Linear")

    steps: int
    power: float = hyperparameter(1.0, "power of what is left", above=0)
    final: float = hyperparameter(0.0, "the factor it ends at", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        left = where(count < self.steps, (self.steps - count) / self.steps, 0 * self.power)
        return self.final + (1 - self.final) * left**self.power
