"""Schedules that fall in steps: after every so many, or after chosen ones."""

from __future__ import annotations

from typing import Any

from downslope.errors import HyperparameterError
from downslope.messages import message
from downslope.optimizers.arithmetic import floor, where
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule

MOST_STEPS = 2**53  # beyond it, counting in float64 stands still
MOST_MILESTONES = 1000


class StepDecay(Schedule):
    r"""Multiplied by ``rate`` after every ``every`` steps.

    .. math:: s_k = \gamma^{\lfloor k/n \rfloor}

    with :math:`s_k` the factor for step k.

    Args:
        every: n, how many steps it stays the same, a whole number >= 1.
        rate: γ, what it is multiplied by then, > 0.

    Easy to reason about; it needs to be known when progress stops, and just after each fall the method makes
    its best progress, just before it little. As ``torch.optim.lr_scheduler.StepLR``.

    Source: R. Ge, S. Kakade, R. Kidambi, P. Netrapalli, NeurIPS 2019, arXiv 1904.12838, algorithm 1.

    >>> from downslope.optimizers.schedules import StepDecay
    >>> [StepDecay(every=2, rate=0.5).factor(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    aliases = ("Step", "StepLR")

    every: int
    rate: float = hyperparameter(0.1, "what it is multiplied by", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "every", at_least=1, at_most=MOST_STEPS)

    def factor(self, count: Any) -> Any:
        halfway = count + 0.5  # away from whole numbers, which rounding could fall below
        return self.rate ** floor(halfway / self.every)


class MultiStep(Schedule):
    r"""Multiplied by ``rate`` at each of the steps in ``milestones``.

    .. math:: s_k = \gamma^{\#\{m : m \le k\}}

    with :math:`s_k` the factor for step k and m the milestones.

    Args:
        milestones: steps from which on it is lower, whole numbers >= 0, ascending, at most 1,000.
        rate: γ, what it is multiplied by at each, > 0.

    For falls that were chosen by looking at an earlier run; on another problem they will be wrong. As
    ``torch.optim.lr_scheduler.MultiStepLR``.

    Source: K. He, X. Zhang, S. Ren, J. Sun, CVPR 2016, arXiv 1512.03385, section 4.2 (falls chosen by hand).

    >>> from downslope.optimizers.schedules import MultiStep
    >>> [round(float(MultiStep(milestones=(2, 3)).factor(k)), 6) for k in range(5)]
    [1.0, 1.0, 0.1, 0.01, 0.01]
    """

    aliases = ("MultiStepLR", "PiecewiseConstant")

    milestones: tuple[int, ...]
    rate: float = hyperparameter(0.1, "what it is multiplied by at each milestone", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.milestones
        try:
            steps = [int(m) for m in given]
            fits = all(not isinstance(m, (bool, str)) and int(m) == m for m in given)
        except (TypeError, ValueError, OverflowError):
            steps, fits = [], False
        fits = fits and steps == sorted(set(steps)) and 0 < len(steps) <= MOST_MILESTONES
        if not fits or not 0 <= steps[0] <= steps[-1] <= MOST_STEPS:
            raise HyperparameterError(
                message(
                    "MultiStep: milestones is {given!r:.80}; it must be 1 to {most:,}"
                    " different whole numbers >= 0 in ascending order, such as (30, 80).",
                    given=given,
                    most=MOST_MILESTONES,
                )
            )
        object.__setattr__(self, "milestones", tuple(steps))

    def factor(self, count: Any) -> Any:
        passed = sum(where(count >= m, self.rate**0, 0 * self.rate) for m in self.milestones)
        return self.rate**passed
