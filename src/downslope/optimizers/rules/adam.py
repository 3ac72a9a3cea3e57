from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdamState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step


class Adam(Optimizer):
    r"""Momentum divided by the root of the recent mean square, both corrected for their zero start.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2

    .. math:: x_{k+1} = x_k - \eta\, \frac{m_{k+1} / (1 - \beta_1^{k+1})}
              {\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    with :math:`m, v` the running means of the gradient and of its square (element by element).

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root, as in the paper, torch and optax.

    It can diverge on convex problems (S. Reddi, S. Kale, S. Kumar, ICLR 2018, theorem 1), and with a constant
    rate it settles only to within about the learning rate where the gradient is noisy.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: D. Kingma, J. Ba, ICLR 2015, arXiv 1412.6980, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import Adam
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Adam(learning_rate=0.1), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.9, 0.800412]
    """

    projects = True

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> AdamState:
        return AdamState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AdamState) -> tuple[Any, AdamState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        return x - η / (1 - p1) * m / (sqrt(v / (1 - p2)) + ε), AdamState(m, v, p1, p2), True
