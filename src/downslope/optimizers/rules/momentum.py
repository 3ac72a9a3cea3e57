from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class MomentumState(NamedTuple):
    v: Any  # velocity


class Momentum(Optimizer):
    r"""Heavy ball: gradient descent that keeps part of its last step.

    .. math:: v_{k+1} = \mu v_k + g_k, \qquad x_{k+1} = x_k - \eta\, v_{k+1}

    with :math:`v` the velocity, :math:`\mu` the momentum and :math:`\eta` the learning rate. This is the
    convention of torch (no dampening); Keras keeps the rate inside the velocity, which is the same
    while the rate is constant.

    Args:
        learning_rate: step per unit of velocity, > 0.
        momentum: part of the velocity that is kept, in [0, 1).

    On a quadratic it is stable exactly when ηL < 2(1 + μ); it overshoots and rings where μ is too near 1.

    Source: B. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
    Computational Mathematics 4(5) (1964) 1-17, equation (9).

    >>> import downslope as ds
    >>> from downslope.optimizers import Momentum
    >>> rule = Momentum(learning_rate=0.1, momentum=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=3).history["x"].round(6).tolist()
    [1.0, 0.8, 0.54, 0.302]
    """

    aliases = ("HeavyBall",)

    learning_rate: float = hyperparameter(0.01, "step per unit of velocity", above=0)
    momentum: float = hyperparameter(0.9, "part of the velocity that is kept", at_least=0, below=1)

    def init(self, x: Any) -> MomentumState:
        return MomentumState(v=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: MomentumState
    ) -> tuple[Any, MomentumState, Any]:
        η, μ, g = self.learning_rate, self.momentum, gradient
        # In this order compilers fuse the longer chain of operations into one.
        v = g + μ * state.v
        return x - η * v, MomentumState(v), True
