from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, either, maximum, where
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedules.steps import MOST_STEPS


class PlateauState(NamedTuple):
    """What is remembered from one evaluation to the next."""

    factor: Any  # so far
    best: Any  # lowest value so far
    bad: Any  # steps since it was reached
    rest: Any  # steps still to wait after the last reduction


class ReduceOnPlateau(Schedule):
    r"""Multiplied by ``rate`` where the value has not improved for more than ``patience`` steps.

    .. math:: f(x_k) < f_{best} - \theta\, |f_{best}| \quad\text{is an improvement}

    and a step that is not one is bad. After more than P bad steps in a row the factor becomes
    :math:`\max(\gamma s, s_{least})`, and the count begins anew.

    Args:
        rate: γ, what it is multiplied by, in (0, 1).
        patience: P, how many bad steps in a row are borne, a whole number >= 0.
        threshold: θ, part of the best value by which a better one must be lower, >= 0.
        cooldown: steps after a reduction in which none counts as bad, a whole number >= 0.
        least: s_least, which it does not fall below, in [0, 1).

    The value at a point is judged before the step from that point is taken. It needs no number of steps. A value that
    rises and falls by nature looks like a plateau, and one that creeps down does too: then the rate falls too soon.
    As ``torch.optim.lr_scheduler.ReduceLROnPlateau``, but for best values below 0, of which torch takes a little
    worse for better.

    Source: A. Krizhevsky, I. Sutskever, G. Hinton, NIPS 2012, section 5 (there done by hand).

    >>> import downslope as ds
    >>> from downslope.optimizers.schedules import ReduceOnPlateau
    >>> rule = ds.optimizers.SGD(learning_rate=1.0 * ReduceOnPlateau(rate=0.5, patience=0))
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].tolist()
    [1.0, -1.0, 0.0]
    """

    aliases = ("ReduceLROnPlateau", "Plateau")

    rate: float = hyperparameter(0.1, "what it is multiplied by", above=0, below=1)
    patience: int = 10
    threshold: float = hyperparameter(1e-4, "relative fall of the value that counts", at_least=0)
    cooldown: int = 0
    least: float = hyperparameter(0.0, "the factor it does not fall below", at_least=0, below=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "patience", at_least=0, at_most=MOST_STEPS)
        require_integer(self, "cooldown", at_least=0, at_most=MOST_STEPS)

    def init(self) -> PlateauState:
        return PlateauState(factor=1.0, best=0.0, bad=0.0, rest=0.0)

    def update(self, count: Any, value: Any, state: PlateauState) -> tuple[Any, PlateauState]:
        s, best, bad, rest = state
        zero = 0 * s  # in the number type of the run
        better = either(count < 0.5, value < best - self.threshold * absolute(best))
        best = where(better, value, best)
        bad = where(better, zero, bad + 1)
        bad, rest = where(rest > 0, zero, bad), where(rest > 0, rest - 1, zero)
        reduce = bad > self.patience
        s = where(reduce, maximum(s * self.rate, self.least + zero), s)
        return s, PlateauState(s, best, where(reduce, zero, bad), where(reduce, zero + self.cooldown, rest))

    def factor(self, count: Any) -> Any:
        """1: without values nothing is reduced."""
        return 1.0
