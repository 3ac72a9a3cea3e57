from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, sign, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class ProdigyState(NamedTuple):
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step
    gamma: Any  # the rate of the last step
    m: Any  # running mean of gradients, times d
    v: Any  # running mean of squared gradients, times d squared
    r: Any  # fading sum of how far the gradients point back to the start
    s: Any  # fading sum of gradients
    d: Any  # estimate of the distance to go
    x0: Any  # the start


class Prodigy(Optimizer):
    r"""Adam whose rate is an estimate of the distance to the minimum, learned from its own gradients.

    .. math:: \gamma_k = \eta\, d_k \frac{\sqrt{1 - \beta_2^{k+1}}}{1 - \beta_1^{k+1}}, \qquad
              m_{k+1} = \beta_1 m_k + (1 - \beta_1)\, d_k g_k, \qquad
              v_{k+1} = \beta_2 v_k + (1 - \beta_2)\, d_k^2 g_k^2

    .. math:: r_{k+1} = \sqrt{\beta_2}\, r_k + d_k \gamma_k \langle g_k, x_0 - x_k\rangle, \qquad
              s_{k+1} = \sqrt{\beta_2}\, s_k + d_k \gamma_k g_k, \qquad
              d_{k+1} = \max\Bigl(d_k, \frac{r_{k+1}}{\|s_{k+1}\|_1}\Bigr)

    .. math:: x_{k+1} = x_k - \gamma_k\, \frac{m_{k+1}}{\sqrt{v_{k+1}} + d_{k+1} \varepsilon}

    with :math:`d` the estimate of the distance in the largest coordinate and :math:`\eta` the learning rate, 1.

    Args:
        learning_rate: factor of the learned rate, > 0, without unit; leave it at 1 or give it a schedule.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1); its root is the part of r and s.
        epsilon: >= 0, in units of the gradient.
        initial_distance: the first d, > 0; in units of x, below the true distance.

    The correction of the zero start by the two powers is optax's; in the paper there is none, and in the authors' code
    it is off by default. d never falls: an estimate that is too high is kept.

    Source: K. Mishchenko, A. Defazio, ICML 2024, arXiv 2306.06101, section 5, Prodigy for Adam.

    >>> import downslope as ds
    >>> from downslope.optimizers import Prodigy
    >>> rule = Prodigy(initial_distance=0.125)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=3).history["x"].round(6).tolist()
    [1.0, 0.875, 0.75071, 0.627775]
    """

    learning_rate: float = hyperparameter(1.0, "factor of the learned rate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    initial_distance: float = hyperparameter(1e-6, "first estimate of the distance", above=0)

    def init(self, x: Any) -> ProdigyState:
        zero = zeros_like(x)
        return ProdigyState(1.0, 1.0, 0.0, zero, zero, 0.0, zero, self.initial_distance, x)

    def update(self, x: Any, value: Any, gradient: Any, state: ProdigyState) -> tuple[Any, ProdigyState, Any]:
        β1, β2, ε, g, d = self.beta1, self.beta2, self.epsilon, gradient, state.d
        p1, p2 = state.p1 * β1, state.p2 * β2
        γ = self.learning_rate * d * sqrt(1 - p2) / (1 - p1)
        m = β1 * state.m + (1 - β1) * d * g
        v = β2 * state.v + (1 - β2) * (d * g) * (d * g)
        r = sqrt(β2) * state.r + d * γ * dot(g, state.x0 - x)
        s = sqrt(β2) * state.s + d * γ * g
        size = dot(sign(s), s)  # the sum of absolute values
        d = maximum(d, r / where(size > 0, size, 1.0))
        next_x = x - γ * m / (sqrt(v) + d * ε)
        return next_x, ProdigyState(p1, p2, γ, m, v, r, s, d, state.x0), True
