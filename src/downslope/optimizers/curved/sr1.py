from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.curved.trust_region import MOST_RADIUS, TrustState, within_ball
from downslope.optimizers.trust import exact_step

SKIPPED = 1e-8  # cosine between the step and what it taught, below which that is not believed


class SR1(CurvedRule):
    r"""Quasi-Newton steps within a ball, with a curvature that may be negative, learnt by changes of rank one.

    .. math:: B_{k+1} = B_k + \frac{(y - B_k s)(y - B_k s)^\top}{\langle y - B_k s, s\rangle}, \qquad
              p_k = \arg\min_{\|p\| \le \Delta_k} \langle g_k, p\rangle + \tfrac12 \langle p, B_k p\rangle

    with :math:`s` a trial step and :math:`y` the change of the gradient along it; :math:`B` begins as the identity
    times the curvature that the first step met. It learns from trials that are refused too. The radius changes as that
    of ``TrustRegion``.

    Args:
        radius: the first one, > 0, in the units of the parameters.

    It needs no second derivatives, and d by d numbers of memory. On a quadratic, B is exact after d steps in
    independent directions. A change is left out where \|⟨y - Bs, s⟩\| < 1e-8 |s| |y - Bs|.

    Source: A. Conn, N. Gould, P. Toint, Mathematical Programming 50 (1991) 177-195; J. Nocedal, S. Wright, *Numerical
    Optimization*, 2006, algorithm 6.2.

    >>> import downslope as ds
    >>> from downslope.optimizers import SR1
    >>> run = ds.minimize("rosenbrock", optimizer=SR1(), tolerance=1e-8)
    >>> run.status, run.nfev < 100
    ('converged', True)
    """

    asks_for: ClassVar[Asks] = "matrix"

    radius: float = hyperparameter(1.0, "radius of the first ball", above=0)

    def init(self, x: Any) -> TrustState:
        zero = np.zeros(len(x))
        return TrustState(x, np.nan, zero, np.zeros((len(x), len(x))), zero, self.radius, False)

    def step(self, at: CurvedEvaluation, state: TrustState) -> Move:
        s = state
        B = s.H
        if s.begun:
            B = learnt(B, s.p, at.gradient - s.g)
        move = within_ball(at._replace(curvature=B), s, _first_or_exact, MOST_RADIUS * self.radius)
        if move.accepted or not s.begun:
            return move
        after = move.state._replace(H=B)
        p = _first_or_exact(after.g, B, after.radius)
        return Move(after.x + p, after._replace(p=p), False)


def learnt(B: Any, s: Any, y: Any) -> Any:
    """The curvature after a step ``s`` along which the gradient changed by ``y``."""
    if not np.all(np.isfinite(y)):
        return B
    if not np.any(B):
        B = np.eye(len(s)) * abs(float(y @ y) / (float(s @ y) or 1.0))
    rest = y - B @ s
    along = float(rest @ s)
    if abs(along) <= SKIPPED * float(np.linalg.norm(s) * np.linalg.norm(rest)):
        return B
    return B + np.outer(rest, rest) / along


def _first_or_exact(g: Any, B: Any, radius: float) -> Any:
    """The least of the model within the ball; before anything was learnt a tenth of the way to its edge."""
    if np.any(B):
        return exact_step(g, B, radius)
    return -0.1 * radius / np.linalg.norm(g) * g
