from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AMSGradState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    v_max: Any  # the largest v so far
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step


class AMSGrad(Optimizer):
    r"""Adam that divides by the largest mean square so far, so that no rate ever grows.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2,
              \qquad \bar v_{k+1} = \max(\bar v_k, v_{k+1})

    .. math:: x_{k+1} = x_k - \eta\, \frac{m_{k+1} / (1 - \beta_1^{k+1})}
              {\sqrt{\bar v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    with :math:`m, v` the running means of the gradient and of its square and :math:`\bar v` the largest
    :math:`v` so far (element by element).

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.

    The correction of the zero start is torch's (and Keras's): largest first, corrected after. The paper corrects
    nothing; optax corrects first. One large gradient slows it for good.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: S. Reddi, S. Kale, S. Kumar, ICLR 2018, arXiv 1904.09237, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import AMSGrad
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=AMSGrad(learning_rate=0.1), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.9, 0.800412]
    """

    projects = True

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> AMSGradState:
        return AMSGradState(m=zeros_like(x), v=zeros_like(x), v_max=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AMSGradState) -> tuple[Any, AMSGradState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        v_max = maximum(state.v_max, v)
        next_x = x - η / (1 - p1) * m / (sqrt(v_max / (1 - p2)) + ε)
        return next_x, AMSGradState(m, v, v_max, p1, p2), True
