from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, minimum, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class MoMoState(NamedTuple):
    m: Any  # running mean of gradients
    h: Any  # running mean of values
    c: Any  # running mean of the inner products of gradient and point
    k: Any  # 0 before the first gradient, 1 after it


class MoMo(Optimizer):
    r"""Momentum with Polyak's step size: as far as a model of the recent values falls to the least value.

    .. math:: m_{k+1} = \beta m_k + (1 - \beta) g_k, \qquad \bar f_{k+1} = \beta \bar f_k + (1 - \beta) f(x_k), \qquad
              c_{k+1} = \beta c_k + (1 - \beta) \langle g_k, x_k\rangle

    .. math:: x_{k+1} = x_k - \min\Bigl(\eta, \frac{\max(\bar f_{k+1} - f^* + \langle m_{k+1}, x_k\rangle - c_{k+1}, 0)}
              {\|m_{k+1}\|^2}\Bigr)\, m_{k+1}

    with :math:`m, \bar f, c` the running means of the gradient, of the value and of their inner products; they begin
    with the first gradient and value. Together they are the mean of the tangents at recent points, seen from
    :math:`x_k`.

    Args:
        learning_rate: η, the longest step for a unit of m, > 0; in units of x² over those of the value.
        beta: part of the means that is kept, in [0, 1).
        minimum: f*, the least value of the objective or a bound below it, in its units; any finite number.

    Without momentum (``beta=0``) it is ``PolyakStep`` that is no longer than η: on a convex function no step leads away
    from the minimum. With a ``minimum`` too low only η holds it; with one too high it stops before.

    Source: F. Schaipp and others, "MoMo: momentum models for adaptive learning rates", ICML 2024, arXiv 2305.07583,
    algorithm 1, with means that begin at the first values.

    >>> import downslope as ds
    >>> from downslope.optimizers import MoMo
    >>> run = ds.minimize("x^2 + 3", start={"x": 1.0}, optimizer=MoMo(beta=0.5, minimum=3.0), steps=3)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.5, 0.416667, 0.342262]
    """

    short_name = "momo"

    learning_rate: float = hyperparameter(1.0, "the longest step for a unit of mean gradient", above=0)
    beta: float = hyperparameter(0.9, "part of the means that is kept", at_least=0, below=1)
    minimum: float = hyperparameter(0.0, "the least value of the objective")

    def init(self, x: Any) -> MoMoState:
        return MoMoState(m=zeros_like(x), h=0.0, c=0.0, k=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: MoMoState) -> tuple[Any, MoMoState, Any]:
        β, g = self.beta * state.k, gradient
        m = β * state.m + (1 - β) * g
        h = β * state.h + (1 - β) * value
        c = β * state.c + (1 - β) * dot(g, x)
        gap, square = maximum(h - self.minimum + dot(m, x) - c, 0.0), dot(m, m)
        α = where(square > 0, minimum(self.learning_rate, gap / where(square > 0, square, 1.0)), 0.0)
        return x - α * m, MoMoState(m, h, c, 1.0), True
