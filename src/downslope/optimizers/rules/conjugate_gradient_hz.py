from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, either, maximum, where
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.line_search import (
    Search,
    before,
    begin,
    choose,
    first_step,
    is_far,
    judged_trial,
    moved_to,
    next_step,
    unit_of,
)


class ConjugateGradientHZState(NamedTuple):
    search: Search


class ConjugateGradientHZ(Optimizer):
    r"""Conjugate gradients by Hager and Zhang, whose directions always descend, with a strong Wolfe line search.

    .. math:: d_{k+1} = -g_{k+1} + \beta_k d_k, \qquad \beta_k = \max\Bigl\{
              \frac{\bigl\langle y - 2 d_k \frac{\|y\|^2}{\langle d_k, y\rangle},\; g_{k+1}\bigr\rangle}
              {\langle d_k, y\rangle},\; 0.4\, \frac{\langle d_k, g_k\rangle}{\|d_k\|^2}\Bigr\}, \qquad
              y = g_{k+1} - g_k

    with :math:`g` the gradient, :math:`d` the direction and :math:`x_{k+1} = x_k + a_k d_k`; the step size :math:`a`
    is searched until :math:`f(x_{k+1}) \le f(x_k) + c_1 a_k \langle g_k, d_k\rangle` and
    :math:`|\langle g_{k+1}, d_k\rangle| \le c_2 |\langle g_k, d_k\rangle|`.

    Args:
        sufficient_decrease: c_1 of the line search, in (0, 1/2).
        curvature: c_2 of the line search, in (0, 1); larger than c_1. Small, as conjugacy wants a good step.

    One evaluation per trial of the search. Without memory beyond one direction, ``LBFGS`` mostly needs fewer
    evaluations.

    Source: W. Hager, H. Zhang, SIAM Journal on Optimization 16 (2005) 170-192, equations (1.3) to (1.5); bound 0.4:
    W. Hager, H. Zhang, SIAM Journal on Optimization 23 (2013) 2150-2168, equation (2.4). Their own line search asks for
    less (c_1 = 0.1, c_2 = 0.9).

    >>> import downslope as ds
    >>> from downslope.optimizers import ConjugateGradientHZ
    >>> run = ds.minimize("rosenbrock", optimizer=ConjugateGradientHZ(), tolerance=1e-6)
    >>> run.status, run.nfev < 200
    ('converged', True)
    """

    short_name = "conjugate_gradient_hz"
    aliases = ("CGHZ", "HagerZhang", "CGDescent")

    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )
    curvature: float = hyperparameter(0.1, "part of the slope that may remain", above=0, below=1)

    def init(self, x: Any) -> ConjugateGradientHZState:
        return ConjugateGradientHZState(before(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: ConjugateGradientHZState
    ) -> tuple[Any, ConjugateGradientHZState, Any]:
        c1, c2, old = self.sufficient_decrease, self.curvature, state.search
        _, accept, lost, search, (x1, f1, g1) = judged_trial(old, (x, value, gradient), (c1, c2, c2))
        y, dd = g1 - old.g, dot(old.d, old.d)
        dy = dot(old.d, y)
        conjugate, z = dy > 0, where(dy > 0, dy, 1.0)
        β = dot(y - 2 * dot(y, y) / z * old.d, g1) / z
        β = maximum(β, 0.4 * old.m / where(dd > 0, dd, 1.0))
        d = where(conjugate, -g1 + β * old.d, -g1)
        unit = unit_of(f1, g1)
        forget = either(either(old.trials < 0, lost), is_far(unit))
        here = moved_to(old, (x1, f1, g1), unit, forget)
        d = where(either(forget, dot(d, g1) >= 0), -here.g, d)
        first = first_step(here.x, here.f, here.g)
        a = where(forget, first, next_step(old, dot(d, here.g), first))
        search = choose(either(accept, lost), begin(here, d, a), search)
        return search.x + search.a * search.d, ConjugateGradientHZState(search), accept
