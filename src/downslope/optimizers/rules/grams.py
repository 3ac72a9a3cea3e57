from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, sign, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class GramsState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step


class Grams(Optimizer):
    r"""A step as long as Adam's in each coordinate, always in the direction of the newest gradient.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2

    .. math:: u = \frac{m_{k+1} / (1 - \beta_1^{k+1})}{\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}, \qquad
              x_{k+1} = x_k - \eta\, \bigl(\operatorname{sign}(g_k)\, |u| + \lambda x_k\bigr)

    with :math:`m, v` the running means of the gradient and of its square, and :math:`u` Adam's step (element by
    element).

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; times the rate.

    It never climbs along a coordinate as Adam does after an overshoot, but it cannot glide through a small bump
    either, and where the gradient is noisy its direction is the noise's.

    Source: Y. Cao, X. Li, Z. Song, "Grams: gradient descent with adaptive momentum scaling", 2024, arXiv 2412.17107,
    algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import Grams
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Grams(learning_rate=0.8, epsilon=0), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.2, -0.442433]
    """

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-6, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> GramsState:
        return GramsState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: GramsState) -> tuple[Any, GramsState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        size = absolute(m) / (1 - p1) / (sqrt(v / (1 - p2)) + ε)
        return x - η * (sign(g) * size + self.weight_decay * x), GramsState(m, v, p1, p2), True
