from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, norm, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class LARSState(NamedTuple):
    v: Any  # velocity


class LARS(Optimizer):
    r"""Momentum whose gradient is scaled to a fixed part of the length of the parameters.

    .. math:: v_{k+1} = \mu\, v_k + \eta\, c\, \frac{\|x_k\|}{\|g_k\| + \lambda \|x_k\|}\, (g_k + \lambda x_k), \qquad
              x_{k+1} = x_k - v_{k+1}

    with :math:`v` the velocity. Where the parameters or the denominator are 0, c times the fraction counts as 1.

    Args:
        learning_rate: η, > 0; with c, the length of a step without momentum relative to that of x; without unit.
        momentum: μ, part of the velocity that is kept, in [0, 1).
        trust: c, how far a layer may move for its length, > 0; without unit.
        weight_decay: λ, >= 0, in units of the gradient per unit of x.

    The lengths are those of all parameters together: here a vector is one layer. In the paper each layer has its own,
    as in optax each tensor has; in PyTorch a parameter group for each tensor does that. optax divides by the length of
    the sum :math:`g_k + \lambda x_k` instead. With a constant rate it never settles but at x = 0: the length of a step
    does not shrink with the gradient. From x = 0 it takes one step of plain momentum.

    Source: Y. You, I. Gitman, B. Ginsburg, "Large batch training of convolutional networks", 2017, arXiv 1708.03888,
    algorithm 1 and equation (6).

    >>> import downslope as ds
    >>> from downslope.optimizers import LARS
    >>> rule = LARS(learning_rate=1.0, momentum=0.5, trust=0.25)
    >>> ds.minimize("(x - 3)^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].tolist()
    [1.0, 1.25, 1.6875]
    """

    short_name = "lars"

    learning_rate: float = hyperparameter(1.0, "factor of the part of x that a step is long", above=0)
    momentum: float = hyperparameter(0.9, "part of the velocity that is kept", at_least=0, below=1)
    trust: float = hyperparameter(0.001, "part of x that a step is long", above=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, beside the gradient", at_least=0)

    def init(self, x: Any) -> LARSState:
        return LARSState(v=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: LARSState) -> tuple[Any, LARSState, Any]:
        λ, g = self.weight_decay, gradient
        length = norm(x)
        slope = norm(g) + λ * length
        ratio = where(both(length > 0, slope > 0), self.trust * length / where(slope > 0, slope, 1.0), 1.0)
        v = self.momentum * state.v + self.learning_rate * ratio * (g + λ * x)
        return x - v, LARSState(v), True
