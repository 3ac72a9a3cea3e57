from __future__ import annotations

import functools
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, both, dot, either, minimum, norm, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.line_search import unit_of

LONGEST = 1e30  # of the paper; nothing in practice comes near


class SPGState(NamedTuple):
    """What is remembered from one evaluation to the next."""

    x0: Any  # the last accepted point
    g0: Any  # its gradient
    values: tuple[Any, ...]  # of the last accepted points, the newest first
    a: Any  # the step size on trial
    started: Any  # 0 before the first evaluation, 1 after
    unit: Any  # what values and gradients are multiplied by


class SPG(Optimizer):
    r"""Spectral projected gradient: Barzilai and Borwein's step, kept within bounds and watched over a few steps.

    .. math:: x = P(x_0 - a\, g_0) \quad\text{is accepted when}\quad
              f(x) \le \max_{j < M} f_j + c\, \langle g_0, s\rangle, \qquad s = x - x_0

    .. math:: a \leftarrow \frac{\langle s, s\rangle}{\langle s, y\rangle}, \qquad y = g - g_0

    with :math:`P` the projection onto the bounds, if there are any, and :math:`f_j` the last M accepted values. A trial
    that is rejected is halved. The first a is :math:`1/\|g\|`; where the curvature :math:`\langle s, y\rangle` is not
    positive, a becomes ten times what it was (the paper: 1e30). Near the minimum, where rounding hides the fall
    and :math:`f(x) \le f_0 + 10^{-6} |f_0|`, gradients decide: :math:`\langle g, s\rangle \le (2c - 1)
    \langle g_0, s\rangle`.

    Args:
        window: M, over how many values the highest is taken, 1 to 100; 1 asks for a fall at every step.
        sufficient_decrease: c above, in (0, 1/2).

    One evaluation per trial. Needs no learning rate and no line search that knows of the bounds: it is what runs where
    bounds are given and nothing else. The values rise now and then. Slower than quasi-Newton methods on very
    ill-conditioned problems.

    Projection is sound: it is part of the method, of which this is the variant SPG1, searching along the projected arc.

    Source: E. Birgin, J. Martínez, M. Raydan, SIAM Journal on Optimization 10 (2000) 1196-1211, algorithm SPG1;
    acceptance on gradients: W. Hager, H. Zhang, SIAM Journal on Optimization 16 (2005) 170-192, equation (4.1).

    >>> import downslope as ds
    >>> run = ds.minimize("(x - 3)^2 + x*y + y^2", start={"x": 0, "y": 0}, bounds="x=:1, y=-2:2")
    >>> run.x, run.status
    ({'x': 1.0, 'y': -0.5}, 'converged')
    """

    aliases = ("SpectralProjectedGradient",)

    projects = True

    window: int = 10
    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "window", at_least=1, at_most=100)

    def init(self, x: Any) -> SPGState:
        nothing = zeros_like(x)
        return SPGState(x0=nothing, g0=nothing, values=(0.0,) * self.window, a=1.0, started=0.0, unit=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: SPGState) -> tuple[Any, SPGState, Any]:
        c, first = self.sufficient_decrease, state.started < 0.5
        begin = unit_of(value, gradient)
        unit = where(first, begin, state.unit)
        f = where(first, begin * value, state.unit * value)
        g = where(first, begin * gradient, state.unit * gradient)
        x0, g0, values, a = state.x0, state.g0, state.values, state.a
        f0, s = values[0], x - x0
        slope = dot(g0, s)
        falls = functools.reduce(
            either, (f <= v + c * slope for v in values)
        )  # below one is below the highest
        level = both(f <= f0 + 1e-6 * absolute(f0), dot(g, s) <= (2 * c - 1) * slope)
        accept = either(first, either(falls, level))
        length, curvature = norm(g), dot(s, g - g0)
        bent = curvature > 0
        spectral = where(bent, dot(s, s) / where(bent, curvature, 1.0), 10 * a)
        spectral = where(first, 1 / where(length > 0, length, 1.0), spectral)
        a = where(accept, minimum(spectral, LONGEST), 0.5 * a)
        x0, g0 = where(accept, x, x0), where(accept, g, g0)
        kept = tuple(
            where(first, f, where(accept, new, old)) for new, old in zip((f, *values), values, strict=False)
        )
        return x0 - a * g0, SPGState(x0, g0, kept, a, 1.0, unit), accept
