from __future__ import annotations

import functools
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import (
    absolute,
    dot,
    either,
    maximum,
    minimum,
    where,
    zeros_like,
)
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer

LEAST, MOST = 1e-10, 1e10  # of a step size
ROUNDING = 1e-12  # rises of the value by this part are not told from none


class AdaptiveBarzilaiBorweinState(NamedTuple):
    x0: Any  # the last accepted point
    g0: Any  # its gradient
    α: Any  # the step size on trial
    values: tuple[Any, ...]  # of the last accepted points, the newest first
    started: Any  # 0 before the first evaluation, 1 after


class AdaptiveBarzilaiBorwein(Optimizer):
    r"""Barzilai and Borwein's short or long step, whichever suits, with a safeguard that lets the value rise a little.

    .. math:: \alpha = \begin{cases} \langle s, y\rangle / \langle y, y\rangle & \text{where } \langle s, y\rangle^2 <
              \kappa\, \langle s, s\rangle \langle y, y\rangle \\
              \langle s, s\rangle / \langle s, y\rangle & \text{elsewhere} \end{cases}, \qquad
              s = x_k - x_{k-1}, \quad y = g_k - g_{k-1}

    .. math:: x = x_k - \alpha\, g_k \quad\text{is accepted when}\quad
              f(x) \le \max_{j < M} f(x_{k-j}) - c\, \alpha\, \|g_k\|^2

    and otherwise :math:`\alpha` is halved; with :math:`g` the gradient and :math:`M` the window. Where the function
    curves downwards, ⟨s, y⟩ <= 0, the last step size is taken ten times; always within 1e-10 ... 1e10.

    Args:
        initial_step: the first step size tried, > 0. A small one is safe: the second step is already measured.
        threshold: κ, where the short step's share of the long one is below it, the short one is taken; in (0, 1).
        sufficient_decrease: c above, in (0, 1/2).
        window: M, how many values are remembered, 1 to 100; 1 makes it monotone, and slow.

    One evaluation per trial. The steps are steepest descent's, so a method that learns the curvature
    (``LBFGS``) needs fewer where that is very uneven.

    Source: B. Zhou, L. Gao, Y. Dai, Computational Optimization and Applications 35 (2006) 69-86, method ABB;
    safeguard: M. Raydan, SIAM Journal on Optimization 7 (1997) 26-33, global Barzilai-Borwein algorithm.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdaptiveBarzilaiBorwein
    >>> run = ds.minimize("rosenbrock", optimizer=AdaptiveBarzilaiBorwein(), tolerance=1e-6)
    >>> run.status, run.nfev < 200
    ('converged', True)
    """

    aliases = ("ABB",)

    initial_step: float = hyperparameter(1e-6, "the first step size tried", above=0)
    threshold: float = hyperparameter(0.25, "the short step is taken below this share", above=0, below=1)
    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )
    window: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "window", at_least=1, at_most=100)

    def init(self, x: Any) -> AdaptiveBarzilaiBorweinState:
        zero, none = zeros_like(x), (0.0,) * self.window
        return AdaptiveBarzilaiBorweinState(x0=zero, g0=zero, α=self.initial_step, values=none, started=0.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: AdaptiveBarzilaiBorweinState
    ) -> tuple[Any, AdaptiveBarzilaiBorweinState, Any]:
        κ, c, f, g = self.threshold, self.sufficient_decrease, value, gradient
        x0, g0, α, values, started = state
        start = started < 0.5
        promised = c * α * dot(g0, g0)
        falls = (f <= v + ROUNDING * absolute(v) - promised for v in values)  # below one is below the highest
        accept = functools.reduce(either, falls, start)
        s, y = x - x0, g - g0
        ss, sy, yy = dot(s, s), dot(s, y), dot(y, y)
        bent = sy > 0
        long, short = ss / where(bent, sy, 1.0), sy / where(bent, yy, 1.0)
        fit = where(bent, where(sy * sy < κ * ss * yy, short, long), 10 * α)
        fit = where(start, α, minimum(maximum(fit, LEAST), MOST))
        newest = (f, *values[:-1])
        values = tuple(where(start, f, where(accept, n, v)) for n, v in zip(newest, values, strict=True))
        x0, g0 = where(accept, x, x0), where(accept, g, g0)
        α = where(accept, fit, α / 2)
        return x0 - α * g0, AdaptiveBarzilaiBorweinState(x0, g0, α, values, 1.0), accept
