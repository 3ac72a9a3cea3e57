from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class MoMoAdamState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    h: Any  # running mean of values
    c: Any  # running mean of the inner products of gradient and point
    p1: Any  # beta1 to the power of the step, to correct zero starts
    p2: Any  # beta2 to the power of the step


class MoMoAdam(Optimizer):
    r"""Adam with Polyak's step size: as far as a model of the recent values falls to the least value.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad
              \bar f_{k+1} = \beta_1 \bar f_k + (1 - \beta_1) f(x_k), \qquad
              c_{k+1} = \beta_1 c_k + (1 - \beta_1) \langle g_k, x_k\rangle

    .. math:: v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2, \qquad
              d = \sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon, \qquad q = 1 - \beta_1^{k+1}

    .. math:: x_{k+1} = x_k - \min\Bigl(\frac{\eta}{q}, \frac{\max(\bar f_{k+1} - q f^* + \langle m_{k+1}, x_k\rangle
              - c_{k+1}, 0)}{\langle m_{k+1}, m_{k+1} / d\rangle}\Bigr)\, \frac{m_{k+1}}{d}

    with :math:`m, \bar f, c` the running means of the gradient, of the value and of their inner products, :math:`v`
    that of the squared gradient (element by element).

    Args:
        learning_rate: η, about the longest step in each coordinate, > 0; in units of x.
        beta1: part of m and of the mean value that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: > 0, in units of the gradient; outside the root.
        minimum: f*, the least value of the objective or a bound below it, in its units; any finite number.

    Where the model's gap is wide it is Adam with the rate η. With a ``minimum`` too low it is Adam and no more;
    with one too high it stops before.

    Source: F. Schaipp and others, "MoMo: momentum models for adaptive learning rates", ICML 2024, arXiv 2305.07583,
    algorithm 3.

    >>> import downslope as ds
    >>> from downslope.optimizers import MoMoAdam
    >>> rule = MoMoAdam(learning_rate=0.5, beta1=0.5, minimum=3.0)
    >>> ds.minimize("x^2 + 3", start={"x": 1.0}, optimizer=rule, steps=3).history["x"].round(6).tolist()
    [1.0, 0.5, 0.375, 0.294643]
    """

    short_name = "momo_adam"

    learning_rate: float = hyperparameter(0.01, "about the longest step in each coordinate", above=0)
    beta1: float = hyperparameter(
        0.9, "part of the mean gradient and value that is kept", at_least=0, below=1
    )
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", above=0)
    minimum: float = hyperparameter(0.0, "the least value of the objective")

    def init(self, x: Any) -> MoMoAdamState:
        return MoMoAdamState(m=zeros_like(x), v=zeros_like(x), h=0.0, c=0.0, p1=1.0, p2=1.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: MoMoAdamState
    ) -> tuple[Any, MoMoAdamState, Any]:
        β1, β2, g = self.beta1, self.beta2, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        h = β1 * state.h + (1 - β1) * value
        c = β1 * state.c + (1 - β1) * dot(g, x)
        q, direction = 1 - p1, m / (sqrt(v / (1 - p2)) + self.epsilon)
        gap, square = maximum(h - q * self.minimum + dot(m, x) - c, 0.0), dot(m, direction)
        α = where(square > 0, minimum(self.learning_rate / q, gap / where(square > 0, square, 1.0)), 0.0)
        return x - α * direction, MoMoAdamState(m, v, h, c, p1, p2), True
