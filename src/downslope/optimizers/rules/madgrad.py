from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class MADGRADState(NamedTuple):
    s: Any  # weighted sum of gradients
    v: Any  # weighted sum of squared gradients
    x0: Any  # the start
    t: Any  # steps so far


class MADGRAD(Optimizer):
    r"""Dual averaging: from the start along the sum of all gradients, over the cube root of the sum of their squares.

    .. math:: w = \eta \sqrt{k + 1}, \qquad s_{k+1} = s_k + w\, g_k, \qquad v_{k+1} = v_k + w\, g_k^2

    .. math:: x_{k+1} = \mu\, x_k + (1 - \mu) \Bigl(x_0 - \frac{s_{k+1}}{\sqrt[3]{v_{k+1}} + \varepsilon}\Bigr)

    with :math:`s, v` the weighted sums of the gradient and of its square (element by element).

    Args:
        learning_rate: η, > 0; a step is about its 2/3 power times the 1/3 power of the gradient.
        momentum: μ, part of the last point that is kept, in [0, 1).
        epsilon: > 0, outside the cube root.

    Old gradients are never forgotten: a steep start slows it for good, and a far minimum is reached late, as all steps
    begin at the start. Implementations add epsilon to the rate; the paper, and this, do not.

    Source: A. Defazio, S. Jelassi, "Adaptivity without compromise: a momentumized, adaptive, dual averaged gradient
    method for stochastic optimization", JMLR 23 (2022), arXiv 2101.11075, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import MADGRAD
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=MADGRAD(learning_rate=0.1, momentum=0.5), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.864279, 0.694961]
    """

    short_name = "madgrad"

    learning_rate: float = hyperparameter(0.01, "weight of the first gradient in the sums", above=0)
    momentum: float = hyperparameter(0.9, "part of the last point that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-6, "guard against division by zero", above=0)

    def init(self, x: Any) -> MADGRADState:
        return MADGRADState(s=zeros_like(x), v=zeros_like(x), x0=x, t=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: MADGRADState) -> tuple[Any, MADGRADState, Any]:
        μ, g, t = self.momentum, gradient, state.t + 1
        w = self.learning_rate * sqrt(t)
        s = state.s + w * g
        v = state.v + w * g * g
        z = state.x0 - s / (v ** (1 / 3) + self.epsilon)
        return μ * x + (1 - μ) * z, MADGRADState(s, v, state.x0, t), True
