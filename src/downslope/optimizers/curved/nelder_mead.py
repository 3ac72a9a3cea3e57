from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple

import numpy as np

from downslope.lapack import solve
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move

AT_ZERO = 0.00025  # the first size along a coordinate that is 0
SQUARED_LEAST, SQUARED_MOST = 1e-140, 1e150  # between these squares of numbers, and sums of them, are numbers
FADING = 0.1  # of a fall, in every round: two corners on both sides of a valley look level for one
FLAT = 1e-8  # part of the rise along an edge: slopes that are this many times as steep may be rounding
SMALL = 1e-6  # of the coordinates: a simplex whose values may be equal because the function is level
ROUNDING = 4 * float(np.finfo(np.float64).eps)  # of values that are the same
BUILDING, REFLECTED, EXPANDED, CONTRACTED, SHRINKING = range(5)


class NelderMeadState(NamedTuple):
    corners: Any  # one a row, the best first once all are known
    values: Any  # there; infinite where not yet known
    phase: Any  # what the point on trial is
    place: Any  # which corner is being evaluated, while building and shrinking
    reflected: Any  # the reflected point, with its value
    reflected_value: Any
    best: Any  # the least value at the last step
    fall: Any  # of the value in a round of late


class NelderMead(CurvedRule):
    r"""A simplex of d + 1 points that creeps downhill by values alone: for functions that have no gradient.

    .. math:: x_r = 2 \bar x - x_w, \quad x_e = 3 \bar x - 2 x_w, \quad x_c = \tfrac32 \bar x - \tfrac12 x_w
              \;\text{or}\; \tfrac12 \bar x + \tfrac12 x_w, \quad x_i \leftarrow \tfrac12 (x_i + x_b)

    with :math:`x_w` the worst corner, :math:`x_b` the best and :math:`\bar x` the mean of all but the worst. The worst
    is reflected; expanded where that is the best of all; contracted where it is among the worst; and where nothing
    helps, all shrink towards the best.

    Args:
        size: of the first simplex, as part of each coordinate, > 0; a coordinate that is 0 moves by 0.00025.

    It is no gradient descent: the path is that of the best corner, a step is a change of it, and the gradient norm told
    is that of the plane through the corners, or a recent fall of the value over the simplex's size where that is more;
    it is 0 where the values of a small simplex are equal to rounding. Good up to some ten parameters; it may stop at
    points that are no minimum.

    Source: J. Nelder, R. Mead, The Computer Journal 7 (1965) 308-313; as in SciPy, evaluation by evaluation.

    >>> import downslope as ds
    >>> from downslope.optimizers import NelderMead
    >>> run = ds.minimize("abs(x - 1) + abs(y)", {"x": 3, "y": 2}, optimizer=NelderMead(), evaluations=200)
    >>> run.fun < 1e-6
    True
    """

    asks_for: ClassVar[Asks] = "values"

    size: float = hyperparameter(0.05, "size of the first simplex, as part of each coordinate", above=0)

    def init(self, x: Any) -> NelderMeadState:
        corners = np.repeat(np.array(x, np.float64)[None], len(x) + 1, axis=0)
        for i in range(len(x)):
            corners[i + 1, i] = (1 + self.size) * x[i] if x[i] else AT_ZERO
        values = np.full(len(x) + 1, np.inf)
        return NelderMeadState(corners, values, BUILDING, 0, corners[0], np.inf, np.inf, 0.0)

    def step(self, at: CurvedEvaluation, state: NelderMeadState) -> Move:
        s, f = state, at.value if at.value == at.value else np.inf
        last = len(s.values) - 1
        if s.phase in (BUILDING, SHRINKING):
            values = s.values.copy()
            values[s.place] = f
            s = s._replace(values=values, place=s.place + 1)
            if s.place <= last:
                return Move(s.corners[s.place], s, False)
            first = s.phase == BUILDING
            return self._round(_in_order(s), (s.corners[0].copy(), float(values[0])) if first else None)
        if s.phase == REFLECTED:
            if s.values[0] <= f < s.values[-2]:
                return self._round(_replaced(s, at.x, f))
            s, centre = s._replace(reflected=np.array(at.x), reflected_value=f), _centre(s.corners)
            if f < s.values[0]:
                return Move(3 * centre - 2 * s.corners[-1], s._replace(phase=EXPANDED), False)
            outside = f < s.values[-1]
            trial = 1.5 * centre - 0.5 * s.corners[-1] if outside else 0.5 * centre + 0.5 * s.corners[-1]
            return Move(trial, s._replace(phase=CONTRACTED), False)
        if s.phase == EXPANDED:
            better = f < s.reflected_value
            point, value = (at.x, f) if better else (s.reflected, s.reflected_value)
            return self._round(_replaced(s, point, value))
        outside = s.reflected_value < s.values[-1]
        if (outside and f <= s.reflected_value) or (not outside and f < s.values[-1]):
            return self._round(_replaced(s, at.x, f))
        corners = s.corners[0] + 0.5 * (s.corners - s.corners[0])
        return Move(corners[1], s._replace(corners=corners, phase=SHRINKING, place=1), False)

    def _round(self, s: NelderMeadState, start: tuple[Any, float] | None = None) -> Move:
        """A round is over, and the corners are in order: the worst is reflected next."""
        corners, values = s.corners, s.values
        least = float(values[0])
        flat = float(values[-1]) - least <= ROUNDING * abs(least)
        accepted, level, size = start is not None or least < s.best, False, 0.0
        if accepted or flat:
            size = float(np.abs(corners - corners[0]).max())
            level = flat and size <= SMALL * max(1.0, float(np.abs(corners[0]).max()))
            accepted = accepted or level
        fell = max(s.best - least, FADING * s.fall) if start is None else 0.0
        best = start[1] if start is not None else least
        s = s._replace(phase=REFLECTED, best=best if accepted else s.best, fall=fell)
        norm = 0.0 if level or not accepted else max(_slope(corners, values), fell / (size or 1.0))
        at = start if start is not None else (corners[0].copy(), least)
        return Move(2 * _centre(corners) - corners[-1], s, accepted, at, norm)


def _centre(corners: Any) -> Any:
    """The mean of all corners but the worst."""
    return corners[:-1].sum(axis=0) / (len(corners) - 1)


def _in_order(s: NelderMeadState) -> NelderMeadState:
    """The corners from the best to the worst."""
    order = s.values.argsort(kind="stable")
    return s._replace(corners=s.corners[order], values=s.values[order])


def _replaced(s: NelderMeadState, point: Any, value: float) -> NelderMeadState:
    """The simplex with another corner in place of the worst, in order."""
    corners, values, place = (
        s.corners.copy(),
        s.values.copy(),
        int(s.values[:-1].searchsorted(value, "right")),
    )
    corners[place + 1 :], values[place + 1 :] = s.corners[place:-1], s.values[place:-1]
    corners[place], values[place] = point, value
    return s._replace(corners=corners, values=values)


def _slope(corners: Any, values: Any) -> float:
    """The gradient norm of the plane through the corners; the largest number where a value is not finite."""
    if not np.isfinite(values).all():
        return float(np.finfo(np.float64).max)
    edges, rise = corners[1:] - corners[0], values[1:] - values[0]
    size = float(np.abs(edges).max()) or 1.0
    slopes = solve(edges / size, rise)
    length = math.inf if slopes is None else _length(slopes)
    if not length * FLAT < float(rise.max()):  # corners that are nearly in a plane: of all slopes the least
        length = _length(np.linalg.lstsq(edges / size, rise, rcond=None)[0])
    return length / size


def _length(v: Any) -> float:
    """The norm, also where squares are beyond all numbers or none."""
    most = float(np.abs(v).max())
    if SQUARED_LEAST < most < SQUARED_MOST or not 0 < most < math.inf:
        return math.sqrt(float(v @ v))
    return most * float(np.linalg.norm(v / most))
