from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, dot, either, maximum, where
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


class ConjugateGradientPRState(NamedTuple):
    search: Search


class ConjugateGradientPR(Optimizer):
    r"""Conjugate gradients by Polak and Ribière, restarted when they are not, with a strong Wolfe line search.

    .. math:: d_{k+1} = -g_{k+1} + \beta_k d_k, \qquad
              \beta_k = \max\Bigl\{0,\; \frac{\langle g_{k+1}, g_{k+1} - g_k\rangle}{\|g_k\|^2}\Bigr\}, \qquad
              x_{k+1} = x_k + a_k d_k

    with :math:`g` the gradient, :math:`d` the direction and :math:`a` the step size, searched until
    :math:`f(x_{k+1}) \le f(x_k) + c_1 a_k \langle g_k, d_k\rangle` and :math:`|\langle g_{k+1}, d_k\rangle| \le
    c_2 |\langle g_k, d_k\rangle|`. Where :math:`|\langle g_{k+1}, g_k\rangle| \ge 0.2\, \|g_{k+1}\|^2`, or where
    :math:`d` does not descend, it starts anew along :math:`-g`.

    Args:
        sufficient_decrease: c_1 of the line search, in (0, 1/2).
        curvature: c_2 of the line search, in (0, 1); larger than c_1. Small, as conjugacy wants a good step.

    One evaluation per trial of the search. On a quadratic in d dimensions d exact searches would be enough; these
    are not exact. It remembers one direction only, so ``LBFGS`` mostly needs fewer evaluations.

    Source: E. Polak, G. Ribière, Revue française d'informatique 16 (1969) 35-43; PR+: J. Gilbert, J. Nocedal, SIAM
    Journal on Optimization 2 (1992) 21-42; restart: M. Powell, Mathematical Programming 12 (1977) 241-254;
    all in J. Nocedal, S. Wright, *Numerical Optimization*, 2006, equations (5.44), (5.45), (5.52).

    >>> import downslope as ds
    >>> from downslope.optimizers import ConjugateGradientPR
    >>> run = ds.minimize("rosenbrock", optimizer=ConjugateGradientPR(), tolerance=1e-6)
    >>> run.status, run.nfev < 200
    ('converged', True)
    """

    short_name = "conjugate_gradient_pr"
    aliases = ("CG", "ConjugateGradient", "CGPR", "PolakRibiere")

    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )
    curvature: float = hyperparameter(0.1, "part of the slope that may remain", above=0, below=1)

    def init(self, x: Any) -> ConjugateGradientPRState:
        return ConjugateGradientPRState(before(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: ConjugateGradientPRState
    ) -> tuple[Any, ConjugateGradientPRState, Any]:
        c1, c2, old = self.sufficient_decrease, self.curvature, state.search
        _, accept, lost, search, (x1, f1, g1) = judged_trial(old, (x, value, gradient), (c1, c2, c2))
        square = dot(old.g, old.g)
        β = maximum(dot(g1, g1 - old.g) / where(square > 0, square, 1.0), 0.0)
        d = where(absolute(dot(g1, old.g)) < 0.2 * dot(g1, g1), -g1 + β * old.d, -g1)
        unit = unit_of(f1, g1)
        forget = either(either(old.trials < 0, lost), is_far(unit))
        here = moved_to(old, (x1, f1, g1), unit, forget)
        d = where(either(forget, dot(d, g1) >= 0), -here.g, d)
        first = first_step(here.x, here.f, here.g)
        a = where(forget, first, next_step(old, dot(d, here.g), first))
        search = choose(either(accept, lost), begin(here, d, a), search)
        return search.x + search.a * search.d, ConjugateGradientPRState(search), accept
