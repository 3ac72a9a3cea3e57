from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class MomentumRMSPropState(NamedTuple):
    s: Any  # running mean of squared gradients
    v: Any  # velocity


class MomentumRMSProp(Optimizer):
    r"""RMSProp whose scaled gradients push a velocity.

    .. math:: s_{k+1} = \rho s_k + (1 - \rho) g_k^2, \qquad
              v_{k+1} = \mu v_k + \frac{g_k}{\sqrt{s_{k+1}} + \varepsilon}, \qquad
              x_{k+1} = x_k - \eta\, v_{k+1}

    with :math:`s` the running mean of squared gradients (element by element), :math:`\rho` its decay,
    :math:`v` the velocity, :math:`\mu` the momentum and :math:`\eta` the learning rate.

    Args:
        learning_rate: about the length of a push in each coordinate, > 0; in units of x.
        decay: part of the running mean that is kept, in [0, 1); torch calls it alpha, Keras rho.
        momentum: part of the velocity that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; as in torch it stands outside the root (Keras: inside).

    Keras keeps the rate inside the velocity, which is the same while the rate is constant. A lasting push goes as
    far as η/(1 - μ) a step, so it overshoots, and with a constant rate it need not settle.

    Source: T. Hinton, *Neural Networks for Machine Learning*, Coursera 2012, lecture 6e, "combining rmsprop with
    standard momentum"; in this form in torch.optim.RMSprop.

    >>> import downslope as ds
    >>> from downslope.optimizers import MomentumRMSProp
    >>> rule = MomentumRMSProp(learning_rate=0.1, decay=0.75, momentum=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.8, 0.56429]
    """

    short_name = "momentum_rmsprop"

    learning_rate: float = hyperparameter(0.01, "about the length of a push in each coordinate", above=0)
    decay: float = hyperparameter(0.99, "part of the running mean that is kept", at_least=0, below=1)
    momentum: float = hyperparameter(0.9, "part of the velocity that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> MomentumRMSPropState:
        return MomentumRMSPropState(s=zeros_like(x), v=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: MomentumRMSPropState
    ) -> tuple[Any, MomentumRMSPropState, Any]:
        η, ρ, μ, ε, g = self.learning_rate, self.decay, self.momentum, self.epsilon, gradient
        s = ρ * state.s + (1 - ρ) * g * g
        v = μ * state.v + g / (sqrt(s) + ε)
        return x - η * v, MomentumRMSPropState(s, v), True
