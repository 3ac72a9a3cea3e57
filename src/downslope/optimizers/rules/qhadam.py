from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class QHAdamState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step


class QHAdam(Optimizer):
    r"""Adam with a share of the newest gradient in its mean, and of the newest square in its mean square.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2,
              \qquad \hat m = \frac{m_{k+1}}{1 - \beta_1^{k+1}}, \qquad \hat v = \frac{v_{k+1}}{1 - \beta_2^{k+1}}

    .. math:: x_{k+1} = x_k - \eta\, \frac{(1 - \nu_1) g_k + \nu_1 \hat m}
              {\sqrt{(1 - \nu_2) g_k^2 + \nu_2 \hat v} + \varepsilon}

    with :math:`m, v` the running means of the gradient and of its square (element by element) and :math:`\nu_1, \nu_2`
    their shares.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        nu1: share of m in the step, >= 0; from 0 to 1 it is a mean.
        nu2: share of v below it, >= 0; above 1 the root may be that of a negative number.
        epsilon: >= 0, in units of the gradient; outside the root.

    With ν₁ = ν₂ = 1 it is Adam. Like Adam it settles only to within about the learning rate where the gradient is
    noisy.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: J. Ma, D. Yarats, "Quasi-hyperbolic momentum and Adam for deep learning", ICLR 2019, arXiv 1810.06801,
    section 4, QHAdam.

    >>> import downslope as ds
    >>> from downslope.optimizers import QHAdam
    >>> rule = QHAdam(learning_rate=0.1, beta1=0.5, nu1=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.9, 0.80364]
    """

    short_name = "qhadam"

    projects = True

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.995, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    nu1: float = hyperparameter(0.7, "share of the mean gradient in the step", at_least=0)
    nu2: float = hyperparameter(1.0, "share of the mean square below it", at_least=0)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> QHAdamState:
        return QHAdamState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: QHAdamState) -> tuple[Any, QHAdamState, Any]:
        η, β1, β2, ν1, ν2, g = self.learning_rate, self.beta1, self.beta2, self.nu1, self.nu2, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        mean = (1 - ν1) * g + ν1 / (1 - p1) * m
        square = ν2 / (1 - p2) * v
        square = square + (1 - ν2) * g * g
        return x - η * mean / (sqrt(square) + self.epsilon), QHAdamState(m, v, p1, p2), True
