from __future__ import annotations

import math
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, dot, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.line_search import within

LEAST, MOST = 1e-10, 1e10  # of a step size


class BarzilaiBorweinLongState(NamedTuple):
    x0: Any  # the last point
    g0: Any  # its gradient
    α: Any  # the last step size
    started: Any  # 0 before the first evaluation, 1 after


class BarzilaiBorweinLong(Optimizer):
    r"""Steepest descent whose step size fits the curvature along the last step; the longer of the two fits.

    .. math:: \alpha_k = \frac{\langle s, s\rangle}{\langle s, y\rangle}, \qquad s = x_k - x_{k-1}, \quad
              y = g_k - g_{k-1}, \qquad x_{k+1} = x_k - \alpha_k\, g_k

    with :math:`g` the gradient and :math:`\alpha` the step size: the inverse of a secant curvature. Where the
    function curves downwards, ⟨s, y⟩ <= 0, the last step size is taken ten times; always within 1e-10 ... 1e10.

    Args:
        initial_step: the first step size, > 0. A small one is safe: the second step is already measured.

    Linear on strictly convex quadratics, in practice far faster than any constant rate; the value jumps up and down.
    It can cycle or diverge on other functions: ``AdaptiveBarzilaiBorwein`` has a safeguard.

    Source: J. Barzilai, J. Borwein, IMA Journal of Numerical Analysis 8 (1988) 141-148, equation (5);
    convergence: M. Raydan, IMA Journal of Numerical Analysis 13 (1993) 321-326.

    >>> import downslope as ds
    >>> from downslope.optimizers import BarzilaiBorweinLong
    >>> rule = BarzilaiBorweinLong(initial_step=0.25)
    >>> run = ds.minimize("x^2 + 2*y^2", start={"x": 1.0, "y": 1.0}, optimizer=rule, steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.5, 0.222222]
    """

    aliases = ("BB1", "BarzilaiBorwein")

    initial_step: float = hyperparameter(1e-6, "the first step size", above=0)

    def init(self, x: Any) -> BarzilaiBorweinLongState:
        zero = zeros_like(x)
        return BarzilaiBorweinLongState(x0=zero, g0=zero, α=self.initial_step, started=0.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: BarzilaiBorweinLongState
    ) -> tuple[Any, BarzilaiBorweinLongState, Any]:
        x0, g0, α, started = state
        g = gradient
        s, y = x - x0, g - g0
        sy = dot(s, y)
        grown = where(dot(g0, g) > 0, 10 * α, α)  # as it is where a gradient was 0
        fit = where(sy > 0, dot(s, s) / where(sy > 0, sy, 1.0), grown)
        fit = where(absolute(sy) < math.inf, within(fit, LEAST, MOST), LEAST)
        α = where(started > 0.5, fit, α)
        return x - α * g, BarzilaiBorweinLongState(x, g, α, 1.0), True
