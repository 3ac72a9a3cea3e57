"""Schedules that begin low: to warm up, or to rise and fall once."""

from __future__ import annotations

import math
from typing import Any

from downslope.optimizers.arithmetic import cos, maximum, minimum, where
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedules.steps import MOST_STEPS


class Warmup(Schedule):
    r"""Rises from ``initial`` to 1 along a straight line, then stays.

    .. math:: s_k = s_0 + (1 - s_0)\, \frac{\min(k, n)}{n}

    with :math:`s_k` the factor for step k.

    Args:
        steps: n, in how many steps it rises, a whole number >= 1.
        initial: s_0, where it begins, > 0.

    For starts where the gradient is large or wild, or where running means are still empty; multiply it with a schedule
    that falls: ``Warmup(steps=10) * Cosine(steps=990)``. As ``torch.optim.lr_scheduler.LinearLR`` and
    ``optax.linear_schedule``.

    Source: P. Goyal et al., arXiv 1706.02677, section 2.2, "gradual warmup".

    >>> from downslope.optimizers.schedules import Warmup
    >>> [round(Warmup(steps=3).factor(k), 6) for k in range(5)]
    [0.1, 0.4, 0.7, 1.0, 1.0]
    """

    aliases = ("LinearWarmup", "LinearLR")

    steps: int
    initial: float = hyperparameter(0.1, "the factor it begins at", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        return self.initial + (1 - self.initial) * (minimum(count, self.steps) / self.steps)


class OneCycle(Schedule):
    r"""Rises to 1 and falls far below where it began, both along half a cosine, then stays.

    .. math:: s_k = \begin{cases}
              c(s_0, 1, k/p) & k < p \\
              c(1, s_n, (k - p)/(n - 1 - p)) & p \le k < n \end{cases}, \qquad
              p = \max(0, r n - 1), \qquad c(a, b, t) = b + (a - b)\, \frac{1 + \cos \pi t}{2}

    with :math:`s_k` the factor for step k.

    Args:
        steps: n, how many steps the cycle has, a whole number >= 2.
        rise: r, part of them in which it rises, in (0, 1).
        initial: s_0, where it begins, > 0.
        final: s_n, where it ends, >= 0.

    The learning rate is the largest of the run, some ten times what would do without the cycle. The number of steps
    must be known. As ``torch.optim.lr_scheduler.OneCycleLR`` without its cycle of the momentum: torch's
    ``max_lr`` is the learning rate here, initial = 1/div_factor, final = initial/final_div_factor.

    Source: L. Smith, N. Topin, "Super-convergence", SPIE 11006 (2019), arXiv 1708.07120.

    >>> from downslope.optimizers.schedules import OneCycle
    >>> [round(float(OneCycle(steps=10).factor(k)), 6) for k in (0, 1, 2, 9, 20)]
    [0.04, 0.52, 1.0, 4e-06, 4e-06]
    """

    aliases = ("OneCycleLR", "SuperConvergence")

    steps: int
    rise: float = hyperparameter(0.3, "part of the steps in which it rises", above=0, below=1)
    initial: float = hyperparameter(0.04, "the factor it begins at", above=0)
    final: float = hyperparameter(4e-6, "the factor it ends at", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=2, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        last = self.steps - 1
        p = maximum(self.rise * self.steps - 1, 0 * self.rise)
        up = count / where(p > 0, p, 1 + p)
        down = minimum((count - p) / (last - p), 1 + 0 * p)
        return where(count < p, _between(self.initial, 1, up), _between(1, self.final, down))


def _between(begin: Any, end: Any, part: Any) -> Any:
    """From ``begin`` to ``end`` along half a cosine as ``part`` goes from 0 to 1."""
    return end + (begin - end) * (1 + cos(math.pi * part)) / 2
