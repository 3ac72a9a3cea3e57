from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, both, dot, either, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class ArmijoState(NamedTuple):
    x0: Any  # the last accepted point
    g0: Any  # its gradient
    f0: Any  # its value
    a: Any  # the step size on trial
    started: Any  # 0 before the first evaluation, 1 after


class Armijo(Optimizer):
    r"""Steepest descent that tries twice its last step size and halves it until the value falls enough.

    .. math:: x = x_0 - a\, g_0 \quad\text{is accepted when}\quad f(x) \le f(x_0) - c\, a\, \|g_0\|^2

    Near the minimum rounding hides the fall. There, where :math:`f(x) \le f(x_0) + 10^{-6} |f(x_0)|`, the trial is
    accepted on the gradients instead, when :math:`-\langle g, g_0\rangle \le (1 - 2c) \|g_0\|^2`.

    Args:
        initial_step: the first step size tried, > 0.
        sufficient_decrease: c above, in (0, 1/2).

    One evaluation per trial; rejected trials count as evaluations, not as steps. Needs no learning rate, but
    zig-zags like all steepest descent where the curvatures differ.

    Source: L. Armijo, Pacific Journal of Mathematics 16 (1966) 1-3, corollary 2; acceptance on gradients:
    W. Hager, H. Zhang, SIAM Journal on Optimization 16 (2005) 170-192, equation (4.1).

    >>> import downslope as ds
    >>> from downslope.optimizers import Armijo
    >>> run = ds.minimize("x^4", start={"x": 1.0}, optimizer=Armijo(), tolerance=1e-6)
    >>> run.status, run.nfev > run.nit + 1
    ('converged', True)
    """

    aliases = ("Backtracking",)

    initial_step: float = hyperparameter(1.0, "the first step size tried", above=0)
    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )

    def init(self, x: Any) -> ArmijoState:
        return ArmijoState(x0=zeros_like(x), g0=zeros_like(x), f0=0.0, a=0.5 * self.initial_step, started=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: ArmijoState) -> tuple[Any, ArmijoState, Any]:
        c, f, g = self.sufficient_decrease, value, gradient
        x0, g0, f0, a, started = state
        square = dot(g0, g0)
        falls = f <= f0 - c * a * square
        level = both(f <= f0 + 1e-6 * absolute(f0), -dot(g, g0) <= (1 - 2 * c) * square)
        accept = either(started < 0.5, either(falls, level))
        x0, g0, f0 = where(accept, x, x0), where(accept, g, g0), where(accept, f, f0)
        longer = where(dot(g, g) > 0, 2 * a, a)  # nothing is learnt from a gradient of 0
        a = where(accept, longer, 0.5 * a)
        return x0 - a * g0, ArmijoState(x0, g0, f0, a, 1.0), accept
