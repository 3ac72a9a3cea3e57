from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.trust import dogleg_step, exact_step

ACCEPTED = 0.15  # of the decrease that was predicted
POOR, GOOD = 0.25, 0.75  # of it, below and above which the radius changes
MOST_RADIUS = 1000.0  # times the first
MOST_EXACT = 300  # parameters up to which eigenvalues are affordable
LEVEL = 1e-14  # part of the value by which another is the same, to rounding


class TrustState(NamedTuple):
    x: Any  # the last accepted point
    f: Any  # the value there
    g: Any  # the gradient there
    H: Any  # the second derivatives there
    p: Any  # the step on trial
    radius: Any  # within which the parabola is trusted
    begun: Any  # whether a point was accepted


class TrustRegion(CurvedRule):
    r"""Newton's method within a ball in which its parabola was seen to hold.

    .. math:: x_{k+1} = x_k + p_k, \qquad p_k = \arg\min_{\|p\| \le \Delta_k} \langle g_k, p\rangle +
              \tfrac12 \langle p, H_k p\rangle

    with :math:`g` the gradient and :math:`H` the matrix of second derivatives. The radius :math:`\Delta` is quartered
    where less than a quarter of the predicted decrease came true, and doubled (up to 1,000 times the first) where more
    than three quarters did and the step had reached it. A step is accepted where more than 0.15 did.

    Args:
        radius: the first one, > 0, in the units of the parameters.

    The minimum within the ball is exact, by the eigenvalues of H, up to 300 parameters; beyond, it is that along the
    dogleg. Directions of negative curvature are followed downhill, so it does not end at saddles.

    Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, algorithm 4.1, with the constants of SciPy; the step:
    J. Moré, D. Sorensen, SIAM Journal on Scientific and Statistical Computing 4 (1983) 553-572.

    >>> import downslope as ds
    >>> from downslope.optimizers import TrustRegion
    >>> run = ds.minimize("rosenbrock", optimizer=TrustRegion(), tolerance=1e-8)
    >>> run.status, run.nfev < 40
    ('converged', True)
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
        solve = exact_step if len(at.x) <= MOST_EXACT else dogleg_step
        return within_ball(at, state, solve, MOST_RADIUS * self.radius)


def judged(at: CurvedEvaluation, s: TrustState) -> tuple[bool, float]:
    """Whether a trial is accepted, and the radius after it but for the bound on it."""
    if not s.begun:
        return True, s.radius
    predicted = -float(s.g @ s.p + s.p @ s.H @ s.p / 2)
    usable = bool(np.isfinite(at.value) and np.all(np.isfinite(at.gradient)))
    actual = s.f - at.value if usable else -np.inf
    level = LEVEL * max(abs(s.f), abs(at.value)) if usable else 0.0
    if usable and max(predicted, abs(actual)) <= level:  # rounding hides the fall: the slope decides
        good = bool(np.linalg.norm(at.gradient) < np.linalg.norm(s.g))
        longer = 2 * s.radius if at_the_edge(s) else s.radius  # or it would go on by last digits
        return good, longer if good else s.radius / 4
    ratio = actual / predicted if predicted > 0 else -np.inf
    radius = s.radius
    if ratio < POOR:
        radius = radius / 4
    elif ratio > GOOD and at_the_edge(s):
        radius = 2 * radius
    return ratio > ACCEPTED, radius


def at_the_edge(s: TrustState) -> bool:
    """Whether the last step went as far as it might."""
    return bool(np.linalg.norm(s.p) >= (1 - 1e-6) * s.radius)


def within_ball(at: CurvedEvaluation, state: TrustState, solve: Any, most: float) -> Move:
    """A step of any method of trust regions, whose own ``solve`` finds it from gradient, curvature and radius."""
    accepted, radius = judged(at, state)
    s = state._replace(radius=min(radius, most))
    if accepted:
        s = s._replace(x=np.array(at.x), f=at.value, g=at.gradient, H=at.curvature, begun=True)
    usable = np.all(np.isfinite(s.H)) and np.any(s.g)
    p = solve(s.g, s.H, s.radius) if usable else -s.radius / (np.linalg.norm(s.g) or 1.0) * s.g
    return Move(s.x + p, s._replace(p=p), accepted)
