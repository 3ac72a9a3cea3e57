from __future__ import annotations

from typing import Any, ClassVar

from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.marquardt import FIRST_RADIUS, MarquardtState, after, beginning


class LevenbergMarquardt(CurvedRule):
    r"""Least squares by straight lines, damped where these were seen not to hold: the method for nonlinear fits.

    .. math:: x_{k+1} = x_k - (J_k^\top J_k + \lambda_k D_k^2)^{-1} J_k^\top r_k, \qquad \| D_k (x_{k+1} - x_k)\| \le
              \Delta_k, \qquad \rho_k = \frac{f(x_k) - f(x_{k+1})}{\text{predicted}}

    with :math:`r` the residuals, :math:`J` their derivatives, and :math:`D` the largest length of each column of J that
    was seen so far. :math:`\lambda` is 0 where the undamped step lies within the radius :math:`\Delta`, which shrinks
    where :math:`\rho` < 1/4 and grows where it is > 3/4; a step is accepted where it is at least 1e-4.

    Args:
        radius: the first one, in lengths of the scaled start, > 0.

    For sums of squares: fits with a squared loss, and formulas that are written as such. ``fit`` uses it by itself for
    hypotheses that are not linear. It needs no second derivatives and no learning rate, and its steps do not depend on
    the units of the parameters.

    Source: D. Marquardt, SIAM Journal on Applied Mathematics 11 (1963) 431-441; in this form: J. Moré, Lecture Notes in
    Mathematics 630 (1978) 105-116, and MINPACK.

    >>> import downslope as ds
    >>> from downslope.optimizers import LevenbergMarquardt
    >>> run = ds.minimize("rosenbrock", optimizer=LevenbergMarquardt(), tolerance=1e-8)
    >>> run.status, run.nfev < 40
    ('converged', True)
    """

    asks_for: ClassVar[Asks] = "residuals"

    radius: float = hyperparameter(FIRST_RADIUS, "first radius, in lengths of the scaled start", above=0)

    def init(self, x: Any) -> MarquardtState:
        return beginning(x, self.radius)

    def step(self, at: CurvedEvaluation, state: MarquardtState) -> Move:
        point, state, accepted = after(at.x, at.value, state._replace(told=at.curvature))
        return Move(point, state, accepted)
