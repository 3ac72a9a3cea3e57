from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdamWState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step


class AdamW(Optimizer):
    r"""Adam that also pulls every coordinate towards zero, past the gradient's means.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2

    .. math:: x_{k+1} = x_k - \eta \lambda x_k - \eta\, \frac{m_{k+1} / (1 - \beta_1^{k+1})}
              {\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    with :math:`m, v` the running means of the gradient and of its square (element by element) and :math:`\lambda`
    the weight decay.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; times the rate, as in torch, optax and Keras. In the paper it is not
            multiplied by the rate, only by its schedule.

    It is not Adam on a penalised objective: with exact gradients of a convex one it ends at the best point with every
    coordinate in [-1/λ, 1/λ], if it settles (S. Xie, Z. Li, ICML 2024, arXiv 2404.04454, theorem 1.1).

    Source: I. Loshchilov, F. Hutter, ICLR 2019, arXiv 1711.05101, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdamW
    >>> rule = AdamW(learning_rate=0.1, weight_decay=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.85, 0.708248]
    """

    short_name = "adamw"

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.01, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> AdamWState:
        return AdamWState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AdamWState) -> tuple[Any, AdamWState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        λ = self.weight_decay
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        next_x = x - η * λ * x - η / (1 - p1) * m / (sqrt(v / (1 - p2)) + ε)
        return next_x, AdamWState(m, v, p1, p2), True
