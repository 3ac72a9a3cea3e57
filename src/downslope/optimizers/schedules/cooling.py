"""Schedules that stay where they are for most of a run, and fall at its end."""

from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import maximum, minimum, sqrt
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedules.steps import MOST_STEPS


class WarmupStableDecay(Schedule):
    r"""Rises to 1 along a straight line, stays there, and falls along a straight line at the end.

    .. math:: s_k = \min\Bigl(s_0 + (1 - s_0) \frac{k}{w},\ 1,\ 1 - (1 - s_n) \frac{k - (n - d)}{d}\Bigr),
              \qquad k \le n

    with :math:`s_k` the factor for step k; after n steps it stays at :math:`s_n`.

    Args:
        steps: n, after how many steps it has fallen, a whole number >= 2.
        warmup: w, part of the steps in which it rises, in (0, 1).
        decay: d, part of the steps in which it falls, in (0, 1); both together should be at most 1.
        initial: s_0, where it begins, > 0.
        final: s_n, where it ends, >= 0, at most 1.

    The point before it falls is good to go on from for longer: only the end has to be made anew. Most of the progress
    that is seen comes while it falls. As ``pytorch_optimizer.get_wsd_schedule(cooldown_type="linear")``.

    Source: S. Hu and others, "MiniCPM", COLM 2024, arXiv 2404.06395, section 4.2, with a straight fall.

    >>> from downslope.optimizers.schedules import WarmupStableDecay
    >>> schedule = WarmupStableDecay(steps=10, warmup=0.2, decay=0.4, initial=0.5)
    >>> [round(schedule.factor(k), 6) for k in (0, 1, 2, 6, 7, 8, 10, 11)]
    [0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.0, 0.0]
    """

    aliases = ("WSD", "Trapezoidal")

    steps: int
    warmup: float = hyperparameter(0.1, "part of the steps in which it rises", above=0, below=1)
    decay: float = hyperparameter(0.2, "part of the steps in which it falls", above=0, below=1)
    initial: float = hyperparameter(0.01, "the factor it begins at", above=0)
    final: float = hyperparameter(0.0, "the factor it ends at", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=2, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        n, zero = self.steps, 0 * self.final
        up = self.initial + (1 - self.initial) * minimum(count / (self.warmup * n), 1 + zero)
        down = 1 - (1 - self.final) * minimum(maximum(1 - (n - count) / (self.decay * n), zero), 1 + zero)
        return minimum(up, down)


class SquareRootCooldown(Schedule):
    r"""Stays at 1 and falls at the end like 1 minus a root: steeply first, then ever more slowly.

    .. math:: s_k = 1 - (1 - s_n) \sqrt{\frac{k - (n - d)}{d}}, \qquad n - d \le k \le n

    with :math:`s_k` the factor for step k: 1 before, and :math:`s_n` after.

    Args:
        steps: n, after how many steps it has fallen, a whole number >= 2.
        decay: d, part of the steps in which it falls, in (0, 1).
        final: s_n, where it ends, >= 0.

    With ``Warmup`` before it, a schedule as good as a cosine for runs whose length is decided late. As
    ``pytorch_optimizer.get_wsd_schedule(cooldown_type="1-sqrt")`` without its warm-up.

    Source: A. Hägele and others, "Scaling laws and compute-optimal training beyond fixed training durations", NeurIPS
    2024, arXiv 2405.18392, equation (1) with the form (1-sqrt).

    >>> from downslope.optimizers.schedules import SquareRootCooldown
    >>> [round(SquareRootCooldown(steps=8, decay=0.5).factor(k), 6) for k in (0, 4, 5, 6, 8, 9)]
    [1.0, 1.0, 0.5, 0.292893, 0.0, 0.0]
    """

    aliases = ("SqrtCooldown",)

    steps: int
    decay: float = hyperparameter(0.2, "part of the steps in which it falls", above=0, below=1)
    final: float = hyperparameter(0.0, "the factor it ends at", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=2, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        n, zero = self.steps, 0 * self.final
        done = minimum(maximum(1 - (n - count) / (self.decay * n), zero), 1 + zero)
        return 1 - (1 - self.final) * sqrt(done)
