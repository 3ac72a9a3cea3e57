from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, maximum, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdaMaxState(NamedTuple):
    m: Any  # running mean of gradients
    u: Any  # fading maximum of absolute gradients
    p1: Any  # beta1 to the power of the step


class AdaMax(Optimizer):
    r"""Adam with the recent largest gradient in place of the root of the mean square.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad
              u_{k+1} = \max(\beta_2 u_k, |g_k| + \varepsilon)

    .. math:: x_{k+1} = x_k - \eta\, \frac{m_{k+1}}{(1 - \beta_1^{k+1})\, u_{k+1}}

    with :math:`m` the running mean of the gradient and :math:`u` its fading maximum (element by element).

    Args:
        learning_rate: largest length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of u that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; inside the maximum, as in torch and optax (Keras adds it to u, the
            paper has none).

    The maximum needs no correction of its start. One large gradient slows it for about 1/(1 - β₂) steps.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: D. Kingma, J. Ba, ICLR 2015, arXiv 1412.6980, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdaMax
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=AdaMax(learning_rate=0.1), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.9, 0.805168]
    """

    short_name = "adamax"
    aliases = ("Adamax",)

    projects = True

    learning_rate: float = hyperparameter(0.002, "largest length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the fading maximum that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> AdaMaxState:
        return AdaMaxState(m=zeros_like(x), u=zeros_like(x), p1=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AdaMaxState) -> tuple[Any, AdaMaxState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1 = state.p1 * β1
        m = β1 * state.m + (1 - β1) * g
        u = maximum(β2 * state.u, absolute(g) + ε)
        return x - η / (1 - p1) * m / u, AdaMaxState(m, u, p1), True
