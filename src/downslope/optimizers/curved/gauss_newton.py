from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.curved.newton import LEVEL, shortened

DEPENDENT = 1e-12  # part of the largest singular value below which a direction is not moved along


class GaussNewtonState(NamedTuple):
    x: Any  # the last accepted point
    f: Any  # the cost there
    slope: Any  # of the cost along the direction, there
    size: Any  # |c| there, see ``Residuals``
    d: Any  # the direction
    a: Any  # the step size on trial
    begun: Any  # whether a point was accepted


class GaussNewton(CurvedRule):
    r"""Least squares by straight lines: to where the residuals would be least if they went on as they begin.

    .. math:: x_{k+1} = x_k + a_k\, p_k, \qquad p_k = \arg\min_p \| r(x_k) + J_k\, p\|^2, \qquad
              f(x_{k+1}) \le f(x_k) - 2 c_1 a_k \| J_k p_k \|^2

    with :math:`r` the residuals and :math:`J` their derivatives. Of several :math:`p` it is the shortest in units in
    which the columns of J have length 1. :math:`a` is 1, or as much less as a parabola says.

    Args:
        sufficient_decrease: c_1, in (0, 1/2).

    For sums of squares: fits with a squared loss, and formulas that are written as such. Exact in one step where the
    hypothesis is linear; near a minimum with small residuals almost as fast as ``Newton``, with first derivatives
    alone. Where J is nearly dependent its steps are too long: ``LevenbergMarquardt`` then.

    Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, section 10.3.

    >>> import downslope as ds
    >>> from downslope.optimizers import GaussNewton
    >>> run = ds.minimize("rosenbrock", optimizer=GaussNewton(), tolerance=1e-8)
    >>> run.status, run.nfev < 30
    ('converged', True)
    """

    asks_for: ClassVar[Asks] = "residuals"

    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )

    def init(self, x: Any) -> GaussNewtonState:
        return GaussNewtonState(x, np.nan, 0.0, np.inf, np.zeros(len(x)), 1.0, False)

    def step(self, at: CurvedEvaluation, state: GaussNewtonState) -> Move:
        s = state
        root, along = at.curvature
        size = float(np.linalg.norm(along))
        accepted = not s.begun or at.value <= s.f + self.sufficient_decrease * s.a * s.slope
        if not accepted and np.isfinite(at.value):
            accepted = abs(at.value - s.f) <= LEVEL * abs(s.f) and size < s.size
        if not accepted or (s.begun and not np.all(np.isfinite(root))):
            a = shortened(s.a, s.slope, at.value - s.f)
            return Move(s.x + a * s.d, s._replace(a=a), False)
        if not np.all(np.isfinite(root)):
            return Move(at.x, s, True)
        norms = np.linalg.norm(root, axis=0)
        norms = np.where(norms > 0, norms, 1.0)
        d = -np.linalg.lstsq(root / norms, along, rcond=DEPENDENT)[0] / norms
        slope = -2 * float(np.linalg.norm(root @ d)) ** 2
        after = GaussNewtonState(np.array(at.x), at.value, slope, size, d, 1.0, True)
        return Move(at.x + d, after, True)
