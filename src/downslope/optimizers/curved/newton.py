from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from downslope.messages import Message, plural
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move
from downslope.optimizers.trust import definite_step

FIRST_SHIFT = 1e-3  # of the largest second derivative
LEVEL = 1e-14  # part of the value by which another is the same, to rounding
SHORTER, SHORTEST = 0.5, 0.1  # times the last step size, at most and at least


class NewtonState(NamedTuple):
    x: Any  # the last accepted point
    f: Any  # the value there
    slope: Any  # <g, d> there, for the direction d
    size: Any  # |g| there
    d: Any  # the direction
    a: Any  # the step size on trial
    begun: Any  # whether a point was accepted
    shifts: Any  # at how many points τ was needed
    most: Any  # the largest τ


class Newton(CurvedRule):
    r"""Newton's method: to the minimum of the parabola that fits best, damped, and made to lead downhill.

    .. math:: x_{k+1} = x_k - a_k\, (H_k + \tau_k I)^{-1} g_k, \qquad
              f(x_{k+1}) \le f(x_k) - c_1 a_k \langle g_k, (H_k + \tau_k I)^{-1} g_k\rangle

    with :math:`g` the gradient and :math:`H` the matrix of second derivatives. :math:`\tau` is 0 where H is positive
    definite, and else the first of max(-min H_ii, 0) + 0.001 max|H|, twice that, ... with which H + τI is: the end of
    the run says at how many points, and how much. :math:`a` is 1, or as much less as the parabola through the
    values says, by half to a tenth at each trial.

    Args:
        sufficient_decrease: c_1, in (0, 1/2).

    Exact on a quadratic in one step, and near a minimum with a positive curvature the digits double at every step. A
    step solves d equations, and evaluates d(d+1)/2 second derivatives: exact ones of formulas, differences of
    gradients of anything else. It may end at a saddle if it begins on its axis, which the end of a run then says.

    Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, algorithms 3.2 and 3.3.

    >>> import downslope as ds
    >>> from downslope.optimizers import Newton
    >>> run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, optimizer=Newton())
    >>> run.nit, run.fun < 1e-30
    (1, True)
    """

    asks_for: ClassVar[Asks] = "hessian"

    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )

    def init(self, x: Any) -> NewtonState:
        return NewtonState(x, np.nan, 0.0, np.inf, np.zeros(len(x)), 1.0, False, 0, 0.0)

    def wants_curvature(self, at: CurvedEvaluation, state: NewtonState) -> bool:
        """Only at points that are accepted."""
        return self._accepts(at, state)

    def _accepts(self, at: CurvedEvaluation, s: NewtonState) -> bool:
        if not s.begun:
            return True
        if not np.all(np.isfinite(at.gradient)):
            return False
        if at.value <= s.f + self.sufficient_decrease * s.a * s.slope:
            return True
        same = abs(at.value - s.f) <= LEVEL * max(abs(at.value), abs(s.f))
        return bool(same and np.linalg.norm(at.gradient) < s.size)

    def step(self, at: CurvedEvaluation, state: NewtonState) -> Move:
        s = state
        if not self._accepts(at, s):
            a = shortened(s.a, s.slope, at.value - s.f)
            return Move(s.x + a * s.d, s._replace(a=a), False)
        d, τ = newton_direction(at.gradient, at.curvature)
        slope, size = float(at.gradient @ d), float(np.linalg.norm(at.gradient))
        after = NewtonState(
            np.array(at.x), at.value, slope, size, d, 1.0, True, s.shifts + (τ > 0), max(s.most, τ)
        )
        return Move(at.x + d, after, True)

    def remarks(self, state: NewtonState) -> tuple[Message, ...]:
        """Where the curvature was not positive."""
        if not state.shifts:
            return ()
        said = plural(
            "At {n} point the curvature was not positive in every direction, and {shift:.3g} was added to it.",
            "At {n} points the curvature was not positive in every direction, and up to {shift:.3g} was added to it.",
            n=int(state.shifts),
            shift=float(state.most),
        )
        return (said,)


def newton_direction(g: Any, H: Any) -> tuple[Any, float]:
    """-(H + τI)^-1 g and τ."""
    if not np.all(np.isfinite(H)):
        return -g / (np.linalg.norm(g) or 1.0), np.inf
    largest = float(np.max(np.abs(H))) or 1.0
    least, τ = float(np.min(np.diag(H))), 0.0
    if least <= 0:
        τ = FIRST_SHIFT * largest - least
    while True:
        step = definite_step(g, H + τ * np.eye(len(g)) if τ else H)
        if step is not None:
            return step, τ
        τ = max(2 * τ, FIRST_SHIFT * largest)


def shortened(a: float, slope: float, rise: float) -> float:
    """The next step size: where the parabola through value, slope and this trial is least, within bounds."""
    bend = rise - a * slope
    wanted = -slope * a * a / (2 * bend) if np.isfinite(bend) and bend > 0 else SHORTEST * a
    return float(min(max(wanted, SHORTEST * a), SHORTER * a))
