from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class LaPropState(NamedTuple):
    m: Any  # running mean of scaled gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step


class LaProp(Optimizer):
    r"""Adam in the other order: each gradient is scaled by its mean square first, and then averaged.

    .. math:: v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2, \qquad
              m_{k+1} = \beta_1 m_k + (1 - \beta_1) \frac{g_k}{\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    .. math:: x_{k+1} = x_k - \eta\, \frac{m_{k+1}}{1 - \beta_1^{k+1}}

    with :math:`v` the running mean of the squared gradient and :math:`m` that of the scaled gradient (element by
    element).

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.

    A step is never longer than the rate over :math:`\sqrt{1 - \beta_2}`, whatever beta1 is, where Adam needs
    :math:`\beta_1 < \sqrt{\beta_2}` for that. A gradient that was large for once stays in v for long, and makes all
    steps short.

    Projection onto bounds is sound: gradients are scaled by positive numbers, and m comes to point as they do.

    Source: L. Ziyin, Z. Wang, M. Ueda, "LaProp: separating momentum and adaptivity in Adam", 2020, arXiv 2002.04839,
    algorithm 1. pytorch-optimizer adds epsilon before the correction of v.

    >>> import downslope as ds
    >>> from downslope.optimizers import LaProp
    >>> rule = LaProp(learning_rate=0.1, beta1=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.9, 0.803594]
    """

    short_name = "laprop"

    projects = True

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-15, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> LaPropState:
        return LaPropState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: LaPropState) -> tuple[Any, LaPropState, Any]:
        η, β1, β2, g = self.learning_rate, self.beta1, self.beta2, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        v = β2 * state.v + (1 - β2) * g * g
        scale = sqrt(v / (1 - p2)) + self.epsilon
        scaled = g / where(scale > 0, scale, 1.0)
        m = β1 * state.m + (1 - β1) * scaled
        return x - η / (1 - p1) * m, LaPropState(m, v, p1, p2), True
