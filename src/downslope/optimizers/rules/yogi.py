from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sign, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class YogiState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # size of squared gradients, followed by bounded moves
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step


class Yogi(Optimizer):
    r"""Adam whose mean square moves by what the new square says, not by how far it lies below.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad
              v_{k+1} = v_k - (1 - \beta_2)\, \mathrm{sign}(v_k - g_k^2)\, g_k^2

    .. math:: x_{k+1} = x_k - \eta\, \frac{m_{k+1} / (1 - \beta_1^{k+1})}
              {\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    with :math:`m` the running mean of the gradient and :math:`v` the size of its square (element by element).

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: 1 - β₂ is the part of a squared gradient by which v moves; in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        initial_square: where v starts, > 0.

    The correction of the start is optax's; the paper has none. There m too begins at ``initial_square``; here and
    in the paper it begins at 0. After large gradients v takes about v/((1 - β₂) g²) steps to come down, and the
    steps stay short until then.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: M. Zaheer and others, "Adaptive methods for nonconvex optimization", NeurIPS 2018, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import Yogi
    >>> rule = Yogi(learning_rate=0.1, beta1=0.5, beta2=0.75, epsilon=0)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.9, 0.808227]
    """

    projects = True

    learning_rate: float = hyperparameter(0.01, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(
        0.999, "one minus the part of a square by which v moves", at_least=0, below=1
    )
    epsilon: float = hyperparameter(1e-3, "guard against division by zero", at_least=0)
    initial_square: float = hyperparameter(1e-6, "where the size of squared gradients starts", above=0)

    def init(self, x: Any) -> YogiState:
        return YogiState(m=zeros_like(x), v=zeros_like(x) + self.initial_square, p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: YogiState) -> tuple[Any, YogiState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = state.v - (1 - β2) * sign(state.v - g * g) * g * g
        return x - η / (1 - p1) * m / (sqrt(v / (1 - p2)) + ε), YogiState(m, v, p1, p2), True
