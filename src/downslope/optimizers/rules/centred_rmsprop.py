from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class CentredRMSPropState(NamedTuple):
    s: Any  # running mean of squared gradients
    m: Any  # running mean of gradients


class CentredRMSProp(Optimizer):
    r"""RMSProp that divides by the recent standard deviation of the gradient instead of its mean square.

    .. math:: s_{k+1} = \rho s_k + (1 - \rho) g_k^2, \qquad m_{k+1} = \rho m_k + (1 - \rho) g_k

    .. math:: x_{k+1} = x_k - \eta\, \frac{g_k}{\sqrt{\max(s_{k+1} - m_{k+1}^2, 0)} + \varepsilon}

    with :math:`s, m` the running means of the squared gradient and of the gradient (element by element),
    :math:`\rho` their decay and :math:`\eta` the learning rate.

    Args:
        learning_rate: step per standard deviation of the gradient, > 0; in units of x.
        decay: part of both running means that is kept, in [0, 1); torch calls it alpha, Keras rho.
        epsilon: >= 0, in units of the gradient; as in torch it stands outside the root (Keras: inside).

    Where the gradient hardly changes the variance goes to 0 and the steps become long: it can fly off. Rounding may
    even make the variance negative; torch then returns NaN, here it counts as 0.

    Projection onto bounds is sound: every coordinate of the gradient is scaled by a positive number.

    Source: A. Graves, arXiv 1308.0850 (2013), equations (38) to (41), without the momentum; the guard ε outside the
    root is torch's.

    >>> import downslope as ds
    >>> from downslope.optimizers import CentredRMSProp
    >>> rule = CentredRMSProp(learning_rate=0.25, decay=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.5, 0.146447]
    """

    short_name = "centred_rmsprop"
    aliases = ("CenteredRMSProp",)

    projects = True

    learning_rate: float = hyperparameter(0.01, "step per standard deviation of the gradient", above=0)
    decay: float = hyperparameter(0.99, "part of the running means that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> CentredRMSPropState:
        return CentredRMSPropState(s=zeros_like(x), m=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: CentredRMSPropState
    ) -> tuple[Any, CentredRMSPropState, Any]:
        η, ρ, ε, g = self.learning_rate, self.decay, self.epsilon, gradient
        s = ρ * state.s + (1 - ρ) * g * g
        m = ρ * state.m + (1 - ρ) * g
        return x - η * g / (sqrt(maximum(s - m * m, 0)) + ε), CentredRMSPropState(s, m), True
