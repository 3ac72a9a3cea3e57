from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class NesterovState(NamedTuple):
    v: Any  # velocity


class Nesterov(Optimizer):
    r"""Momentum whose gradient is taken one step ahead.

    .. math:: v_{k+1} = \mu v_k + g_k, \qquad x_{k+1} = x_k - \eta\,(g_k + \mu v_{k+1})

    with :math:`v` the velocity, :math:`\mu` the momentum and :math:`\eta` the learning rate. As in torch, the
    point kept is the one looked ahead at, where the gradient is taken; Keras's ``SGD(nesterov=True)`` is
    the same while the rate is constant.

    Args:
        learning_rate: step per unit of velocity, > 0.
        momentum: part of the velocity that is kept, in [0, 1).

    Source: Y. Nesterov, Soviet Mathematics Doklady 27 (1983) 372-376; in this form: Y. Bengio,
    N. Boulanger-Lewandowski, R. Pascanu, ICASSP 2013, arXiv 1212.0901, equation (7).

    >>> import downslope as ds
    >>> from downslope.optimizers import Nesterov
    >>> rule = Nesterov(learning_rate=0.1, momentum=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.7, 0.44]
    """

    learning_rate: float = hyperparameter(0.01, "step per unit of velocity", above=0)
    momentum: float = hyperparameter(0.9, "part of the velocity that is kept", at_least=0, below=1)

    def init(self, x: Any) -> NesterovState:
        return NesterovState(v=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: NesterovState
    ) -> tuple[Any, NesterovState, Any]:
        η, μ, g = self.learning_rate, self.momentum, gradient
        v = μ * state.v + g
        return x - η * (g + μ * v), NesterovState(v), True
