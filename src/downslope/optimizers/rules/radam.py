from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class RAdamState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step
    t: Any  # steps so far
    rho: Any  # the number of gradients that v is worth


class RAdam(Optimizer):
    r"""Adam that steps like momentum until its mean square is worth trusting, and trusts it by degrees.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2,
              \qquad \hat m = \frac{m_{k+1}}{1 - \beta_1^t}

    .. math:: \rho_\infty = \frac{2}{1 - \beta_2} - 1, \qquad
              \rho = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}, \qquad
              r^2 = \frac{(\rho - 4)(\rho - 2) \rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2) \rho}

    .. math:: x_{k+1} = x_k - \eta\, r \sqrt{1 - \beta_2^t}\, \frac{\hat m}{\sqrt{v_{k+1}} + \varepsilon}
              \quad\text{if}\quad \rho > 5, \quad\text{else}\quad x_k - \eta\, \hat m

    with :math:`m, v` the running means of the gradient and of its square (element by element), t = k + 1 the step
    and :math:`\rho` the number of gradients that :math:`v` is worth.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; the first few steps are η times the mean
            gradient instead.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in (2/3, 1): below that, ρ never passes 5.
        epsilon: >= 0, in units of the gradient; added before the correction of v, as in torch (optax: after).

    The threshold 5 is torch's and optax's; the paper has 4. Where gradients are large, the first unscaled steps can
    throw it far out.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: L. Liu and others, "On the variance of the adaptive learning rate and beyond", ICLR 2020,
    arXiv 1908.03265, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import RAdam
    >>> rule = RAdam(learning_rate=0.1, beta1=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.8, 0.626667]
    """

    projects = True

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", above=2 / 3, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> RAdamState:
        return RAdamState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0, t=0.0, rho=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: RAdamState) -> tuple[Any, RAdamState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2, t = state.p1 * β1, state.p2 * β2, state.t + 1
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        mean = m / (1 - p1)
        ρ_end = 2 / (1 - β2) - 1
        ρ = ρ_end - t * p2 * 2 / (1 - p2)
        square = where(ρ > 5, (ρ - 4) * (ρ - 2) * ρ_end / ((ρ_end - 4) * (ρ_end - 2) * ρ), 0.0)  # r^2
        step = where(ρ > 5, sqrt(square * (1 - p2)) / (sqrt(v) + ε) * mean, mean)
        return x - η * step, RAdamState(m, v, p1, p2, t, ρ), True
