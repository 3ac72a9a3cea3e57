"""Schedules that fall along half a cosine, once or again and again."""

from __future__ import annotations

import math
from typing import Any

from downslope.optimizers.arithmetic import cos, floor, log, minimum
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedules.steps import MOST_STEPS


class Cosine(Schedule):
    r"""Falls from 1 to ``final`` along half a cosine, then stays.

    .. math:: s_k = s_n + (1 - s_n)\, \frac{1 + \cos(\pi \min(k, n)/n)}{2}

    with :math:`s_k` the factor for step k.

    Args:
        steps: n, in how many steps it falls, a whole number >= 1.
        final: s_n, where it ends, >= 0.

    Slow at both ends and steep between. The number of steps must be known: with final = 0 nothing moves after it.
    As ``torch.optim.lr_scheduler.CosineAnnealingLR``, which would rise again after n steps, and
    ``optax.cosine_decay_schedule``.

    Source: I. Loshchilov, F. Hutter, ICLR 2017, arXiv 1608.03983, equation (5).

    >>> from downslope.optimizers.schedules import Cosine
    >>> [round(float(Cosine(steps=4).factor(k)), 6) for k in range(6)]
    [1.0, 0.853553, 0.5, 0.146447, 0.0, 0.0]
    """

    aliases = ("CosineAnnealing", "CosineAnnealingLR", "CosineDecay")

    steps: int
    final: float = hyperparameter(0.0, "the factor it ends at", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        return _half_cosine(minimum(count, self.steps) / self.steps, self.final)


class CosineRestarts(Schedule):
    r"""Falls along half a cosine again and again, each time ``multiplier`` times as long.

    .. math:: s_k = s_T + (1 - s_T)\, \frac{1 + \cos(\pi t/T)}{2}, \qquad T = n\, m^i

    with :math:`s_k` the factor for step k, i the number of restarts so far and t the steps since the last.

    Args:
        steps: n, length of the first cycle, a whole number >= 1.
        multiplier: m, how many times as long each cycle is as the one before, a whole number >= 1.
        final: s_T, where each cycle ends, >= 0.

    The jump back to 1 can leave a shallow minimum, and it spoils a good point: stop at the end of a cycle. As
    ``torch.optim.lr_scheduler.CosineAnnealingWarmRestarts``.

    Source: I. Loshchilov, F. Hutter, ICLR 2017, arXiv 1608.03983, equation (5) and section 3.

    >>> from downslope.optimizers.schedules import CosineRestarts
    >>> [round(float(CosineRestarts(steps=2, multiplier=2).factor(k)), 6) for k in range(7)]
    [1.0, 0.5, 1.0, 0.853553, 0.5, 0.146447, 1.0]
    """

    aliases = ("CosineAnnealingWarmRestarts", "WarmRestarts", "SGDR")

    steps: int
    multiplier: int = 1
    final: float = hyperparameter(0.0, "the factor each cycle ends at", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=MOST_STEPS)
        require_integer(self, "multiplier", at_least=1, at_most=1000)

    def factor(self, count: Any) -> Any:
        n, m = self.steps, self.multiplier
        half = count + 0.5  # keeps rounding away from the step at which a cycle begins
        if m == 1:
            return _half_cosine((count - n * floor(half / n)) / n, self.final)
        # n (1 + m + ... + m^(i-1)) = n (m^i - 1)/(m - 1) steps are behind at the i-th restart
        i = floor(log(1 + half * (m - 1) / n) / math.log(m))
        cycles = floor(m**i + 0.5)  # a whole number, whatever rounding the power has
        return _half_cosine((count - n * (cycles - 1) / (m - 1)) / (n * cycles), self.final)


def _half_cosine(part: Any, final: Any) -> Any:
    """From 1 to ``final`` as ``part`` goes from 0 to 1."""
    return final + (1 - final) * (1 + cos(math.pi * part)) / 2
