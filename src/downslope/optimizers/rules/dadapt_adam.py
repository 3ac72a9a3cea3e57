from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, sign, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class DAdaptAdamState(NamedTuple):
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step
    gamma: Any  # the rate of the last step
    m: Any  # running mean of gradients, times their rates
    v: Any  # running mean of squared gradients
    r: Any  # running mean of how far the gradients agree with s
    s: Any  # longer running mean of gradients, times their rates
    d: Any  # estimate of the distance to go


class DAdaptAdam(Optimizer):
    r"""Adam by D-adaptation: its rate is an estimate of the distance to the minimum, raised as it descends.

    .. math:: \gamma_k = \eta\, d_k \frac{\sqrt{1 - \beta_2^{k+1}}}{1 - \beta_1^{k+1}}, \qquad
              m_{k+1} = \beta_1 m_k + (1 - \beta_1) \gamma_k g_k, \qquad
              v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2

    .. math:: r_{k+1} = c\, r_k + (1 - c) \gamma_k \Bigl\langle g_k,
              \frac{s_k}{\sqrt{v_k} + \varepsilon}\Bigr\rangle, \qquad
              s_{k+1} = c\, s_k + (1 - c) \gamma_k g_k, \qquad
              d_{k+1} = \max\Bigl(d_k, \frac{r_{k+1}}{(1 - c) \|s_{k+1}\|_1}\Bigr)

    .. math:: x_{k+1} = x_k - \frac{m_{k+1}}{\sqrt{v_{k+1}} + \varepsilon}

    with :math:`d` the estimate of the distance in the largest coordinate, :math:`c = \sqrt{\beta_2}` and
    :math:`\eta` the learning rate, 1.

    Args:
        learning_rate: factor of the learned rate, > 0, without unit; leave it at 1 or give it a schedule.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1); its root is the part of r and s.
        epsilon: > 0, in units of the gradient; outside the root.
        initial_distance: the first d, > 0; in units of x, below the true distance.

    The correction of the zero start by the two powers is optax's. d is a lower bound for the plain subgradient method
    only; here it can pass the distance (x² from 1: d reaches 1.96), and it never falls.

    Source: A. Defazio, K. Mishchenko, "Learning-rate-free learning by D-adaptation", ICML 2023, arXiv 2301.07733, the
    variant for Adam.

    >>> import downslope as ds
    >>> from downslope.optimizers import DAdaptAdam
    >>> rule = DAdaptAdam(initial_distance=0.125)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=3).history["x"].round(6).tolist()
    [1.0, 0.875, 0.729042, 0.462231]
    """

    aliases = ("DAdaptation",)

    learning_rate: float = hyperparameter(1.0, "factor of the learned rate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", above=0)
    initial_distance: float = hyperparameter(1e-6, "first estimate of the distance", above=0)

    def init(self, x: Any) -> DAdaptAdamState:
        zero = zeros_like(x)
        return DAdaptAdamState(1.0, 1.0, 0.0, zero, zero, 0.0, zero, self.initial_distance)

    def update(
        self, x: Any, value: Any, gradient: Any, state: DAdaptAdamState
    ) -> tuple[Any, DAdaptAdamState, Any]:
        β1, β2, ε, g, d = self.beta1, self.beta2, self.epsilon, gradient, state.d
        p1, p2, c = state.p1 * β1, state.p2 * β2, sqrt(β2)
        γ = self.learning_rate * d * sqrt(1 - p2) / (1 - p1)
        m = β1 * state.m + (1 - β1) * γ * g
        v = β2 * state.v + (1 - β2) * g * g
        r = c * state.r + (1 - c) * γ * dot(g, state.s / (sqrt(state.v) + ε))
        s = c * state.s + (1 - c) * γ * g
        size = dot(sign(s), s)  # the sum of absolute values
        d = maximum(d, r / ((1 - c) * where(size > 0, size, 1.0)))
        return x - m / (sqrt(v) + ε), DAdaptAdamState(p1, p2, γ, m, v, r, s, d), True
