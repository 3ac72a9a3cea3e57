from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.line_search import (
    Search,
    before,
    begin,
    exhausted,
    first_step,
    is_far,
    moved_to,
    narrowed,
    runs_straight,
    unit_of,
    verdict,
)


class BFGSState(NamedTuple):
    search: Search
    H: Any  # the inverse curvature as far as it is known
    learnt: Any  # from how many steps since it was last forgotten


class BFGS(CurvedRule):
    r"""Quasi-Newton steps with all of the inverse curvature remembered, and a strong Wolfe line search.

    .. math:: x_{k+1} = x_k - a_k H_k\, g_k, \qquad
              H_{k+1} = (I - \rho s y^\top) H_k (I - \rho y s^\top) + \rho s s^\top, \quad
              \rho = 1/\langle s, y\rangle

    with :math:`s = x_{k+1} - x_k` and :math:`y = g_{k+1} - g_k`; :math:`H` begins as the identity times
    :math:`\langle s, y\rangle/\langle y, y\rangle` of the first step. A change is left out where the slope did not
    rise.

    Args:
        sufficient_decrease: c_1, in (0, 1/2), part of the promised decrease that is asked for.
        curvature: c_2, in (0, 1), part of the slope that may remain; larger than c_1.

    It needs no second derivatives, and d by d numbers of memory, where ``LBFGS`` keeps a few pairs; it is the better
    where valleys bend, up to some hundred parameters. On a quadratic with exact searches it ends after d steps.

    Source: C. Broyden, Journal of the Institute of Mathematics and its Applications 6 (1970) 76-90; in this form: J.
    Nocedal, S. Wright, *Numerical Optimization*, 2006, algorithm 6.1 and equation 6.20.

    >>> import downslope as ds
    >>> from downslope.optimizers import BFGS
    >>> run = ds.minimize("rosenbrock", optimizer=BFGS(), tolerance=1e-8)
    >>> run.status, run.nfev < 60
    ('converged', True)
    """

    short_name = "bfgs"
    asks_for: ClassVar[Asks] = "matrix"

    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )
    curvature: float = hyperparameter(0.9, "part of the slope that may remain", above=0, below=1)

    def init(self, x: Any) -> BFGSState:
        return BFGSState(before(x), np.eye(len(x)), 0)

    def step(self, at: CurvedEvaluation, state: BFGSState) -> Move:
        old, x = state.search, at.x
        f, g = old.unit * at.value, old.unit * at.gradient
        m = float(g @ old.d)
        good, short = verdict(old, f, m, (self.sufficient_decrease, self.curvature, self.curvature))
        accepted = bool(old.trials < 0 or good)
        if not accepted:
            search = narrowed(old, f, m, short)
            if not exhausted(search):
                return Move(search.x + search.a * search.d, state._replace(search=search), False)
            x, g, f = old.x, old.g, old.f
            H, learnt = np.eye(len(x)), 0
        else:
            H, learnt = updated(state, x - old.x, g - old.g) if old.trials >= 0 else (state.H, 0)
        unit = float(unit_of(f, g))
        straight = accepted and runs_straight(old, x - old.x, g - old.g)
        forget = bool(old.trials < 0 or not accepted or straight or is_far(unit))
        here = moved_to(old, (x, f, g), unit, forget)
        d = -(H @ here.g)
        known = learnt > 0 and not forget and float(d @ here.g) < 0
        a: Any = 1.0
        if not known:
            H, learnt, d, a = np.eye(len(x)), 0, -here.g, first_step(x, here.f, here.g)
        search = _of_plain_numbers(begin(here, d, a))
        return Move(search.x + search.a * search.d, BFGSState(search, H, learnt), accepted)


def _of_plain_numbers(search: Search) -> Search:
    """With Python's numbers for NumPy's, of which its thirty comparisons take a tenth of the time."""
    x, g, d, *numbers = search
    return Search(x, g, d, *map(float, numbers))


def updated(state: BFGSState, s: Any, y: Any) -> tuple[Any, int]:
    """The inverse curvature after a step, and from how many it was learnt."""
    sy, yy = float(s @ y), float(y @ y)
    if not sy > 1e-10 * np.sqrt(float(s @ s) * yy):
        return state.H, state.learnt
    H = state.H if state.learnt else np.eye(len(s)) * sy / yy
    Hy = H @ y
    bend = (1 + float(y @ Hy) / sy) / sy
    column, Hy_column = s[:, None], Hy[:, None]  # np.outer takes three times as long where there are few
    return H + bend * (column * s) - (Hy_column * s + column * Hy) / sy, state.learnt + 1
