from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class CentredMomentumRMSPropState(NamedTuple):
    s: Any  # running mean of squared gradients
    m: Any  # running mean of gradients
    v: Any  # velocity


class CentredMomentumRMSProp(Optimizer):
    r"""RMSProp by the recent standard deviation of the gradient, with momentum.

    .. math:: s_{k+1} = \rho s_k + (1 - \rho) g_k^2, \qquad m_{k+1} = \rho m_k + (1 - \rho) g_k

    .. math:: v_{k+1} = \mu v_k + \frac{g_k}{\sqrt{\max(s_{k+1} - m_{k+1}^2, 0)} + \varepsilon}, \qquad
              x_{k+1} = x_k - \eta\, v_{k+1}

    with :math:`s, m` the running means of the squared gradient and of the gradient (element by element),
    :math:`\rho` their decay, :math:`v` the velocity, :math:`\mu` the momentum and :math:`\eta` the learning rate.

    Args:
        learning_rate: push per standard deviation of the gradient, > 0; in units of x.
        decay: part of both running means that is kept, in [0, 1); torch calls it alpha, Keras rho.
        momentum: part of the velocity that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; as in torch outside the root (the paper and Keras: inside).

    Where the gradient hardly changes the variance goes to 0 and it can fly off, with momentum all the farther.

    Source: A. Graves, arXiv 1308.0850 (2013), equations (38) to (41), with the rate outside the velocity.

    >>> import downslope as ds
    >>> from downslope.optimizers import CentredMomentumRMSProp
    >>> rule = CentredMomentumRMSProp(learning_rate=0.125, decay=0.5, momentum=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.75, 0.375]
    """

    short_name = "centred_momentum_rmsprop"
    aliases = ("CenteredMomentumRMSProp",)

    learning_rate: float = hyperparameter(0.01, "push per standard deviation of the gradient", above=0)
    decay: float = hyperparameter(0.99, "part of the running means that is kept", at_least=0, below=1)
    momentum: float = hyperparameter(0.9, "part of the velocity that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> CentredMomentumRMSPropState:
        return CentredMomentumRMSPropState(s=zeros_like(x), m=zeros_like(x), v=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: CentredMomentumRMSPropState
    ) -> tuple[Any, CentredMomentumRMSPropState, Any]:
        η, ρ, μ, ε, g = self.learning_rate, self.decay, self.momentum, self.epsilon, gradient
        s = ρ * state.s + (1 - ρ) * g * g
        m = ρ * state.m + (1 - ρ) * g
        v = μ * state.v + g / (sqrt(maximum(s - m * m, 0)) + ε)
        return x - η * v, CentredMomentumRMSPropState(s, m, v), True
