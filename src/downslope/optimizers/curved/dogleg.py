from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.curved.trust_region import MOST_RADIUS, TrustState, judged, within_ball
from downslope.optimizers.trust import dogleg_step


class Dogleg(CurvedRule):
    r"""Newton's method within a ball, along the path from the steepest descent to Newton's point.

    .. math:: x_{k+1} = x_k + p_k, \qquad p_k \in \{-t g_k\} \cup \{p^C_k + t\,(p^N_k - p^C_k)\}, \qquad
              p^C = -\frac{\langle g, g\rangle}{\langle g, H g\rangle}\, g, \quad p^N = -H^{-1} g,
              \quad \|p_k\| \le \Delta_k

    with :math:`g` the gradient and :math:`H` the matrix of second derivatives; the radius :math:`\Delta` changes as
    that of ``TrustRegion``. Where H is not positive definite, the step is along -g.

    Args:
        radius: the first one, > 0, in the units of the parameters.

    A step solves d equations once, where ``TrustRegion`` finds eigenvalues; away from where H is positive definite it
    is no better than steepest descent.

    Source: M. Powell, in: P. Rabinowitz (ed.), Numerical Methods for Nonlinear Algebraic Equations, 1970, 87-114; in
    this form: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, section 4.1.

    >>> import downslope as ds
    >>> from downslope.optimizers import Dogleg
    >>> run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, optimizer=Dogleg(radius=10))
    >>> run.nit, run.fun < 1e-30
    (1, True)
    """

    asks_for: ClassVar[Asks] = "hessian"

    radius: float = hyperparameter(1.0, "radius of the first ball", above=0)

    def init(self, x: Any) -> TrustState:
        zero = np.zeros(len(x))
        return TrustState(x, np.nan, zero, np.zeros((len(x), len(x))), zero, self.radius, False)

    def wants_curvature(self, at: CurvedEvaluation, state: TrustState) -> bool:
        """Only at points that are accepted."""
        return judged(at, state)[0]

    def step(self, at: CurvedEvaluation, state: TrustState) -> Move:
        return within_ball(at, state, dogleg_step, MOST_RADIUS * self.radius)
