from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from downslope.optimizers.curvature import Asks, CurvedEvaluation, CurvedRule, Move

LEVEL = 1e-14  # part of the cost by which another is the same, to rounding


class CoordinateState(NamedTuple):
    x: Any  # the last accepted point
    f: Any  # the cost there, with the penalty
    d: Any  # the change of the last pass
    a: Any  # the part of it on trial
    begun: Any  # whether a point was accepted


class CoordinateDescent(CurvedRule):
    r"""Least squares one coordinate after the other, each at its best with the others held; the way to an l1 penalty.

    .. math:: x_j \leftarrow \frac{S_{t_j/2}(\langle J_j, J_j\rangle\, x_j - \langle J_j, r\rangle)}{\langle J_j, J_j
              \rangle}, \qquad S_a(v) = \operatorname{sign}(v) \max(|v| - a, 0), \qquad j = 1, ..., d

    with :math:`r` the residuals at the point reached, :math:`J_j` their derivatives in coordinate j, and :math:`t_j`
    the strength of ``t_j |x_j|``. A step is one pass over the coordinates; of residuals that are not linear it is
    halved until the cost falls.

    Args:
        thresholds: t, one for each coordinate; ``fit`` puts its l1 penalty there. None: there is no penalty.

    For sums of squares: fits with a squared loss, and formulas that are written as such. Coordinates that the penalty
    makes zero are zero exactly. Where columns are correlated it takes many passes, as all methods that go along axes.

    Source: J. Friedman, T. Hastie, R. Tibshirani, Journal of Statistical Software 33 (2010) 1-22, equation (5).

    >>> import downslope as ds
    >>> from downslope.optimizers import CoordinateDescent
    >>> table = {"u": [1, -1, 1, -1], "v": [1, 1, -1, -1], "y": [3, 1, 2.9, 1.1]}
    >>> found = ds.fit(table, "y ~ a*u + b*v + c", l1=0.5, optimizer=ds.optimizers.CoordinateDescent())
    >>> {name: round(value, 6) for name, value in found.x.items()}
    {'a': 0.7, 'b': 0.0, 'c': 2.0}
    """

    asks_for: ClassVar[Asks] = "residuals"

    thresholds: tuple[float, ...] = ()

    def init(self, x: Any) -> CoordinateState:
        return CoordinateState(x, np.nan, np.zeros(len(x)), 1.0, False)

    def step(self, at: CurvedEvaluation, state: CoordinateState) -> Move:
        s, x = state, at.x
        t = np.array(self.thresholds) if self.thresholds else np.zeros(len(x))
        f = at.value + float(t @ np.abs(x))
        root, along = at.curvature
        usable = np.isfinite(f) and np.all(np.isfinite(root))
        if s.begun and not (usable and f <= s.f + LEVEL * abs(s.f)):
            a = s.a / 2
            return Move(s.x + a * s.d, s._replace(a=a), False)
        norm = _length(_steepest(x, at.gradient, t))
        if not usable:
            return Move(x, s, True, (x, f), norm)
        following = one_pass(x, root, along, t)
        return Move(following, CoordinateState(x, f, following - x, 1.0, True), True, (x, f), norm)


def one_pass(x: Any, root: Any, along: Any, t: Any) -> Any:
    """The coordinates after each was put at its best; ``root`` and ``along`` see ``Residuals``."""
    x, rest = np.array(x), np.array(along)
    squares = np.sum(root * root, axis=0)
    for j in np.flatnonzero(squares):
        column = root[:, j]
        wanted = squares[j] * x[j] - float(column @ rest)
        best = np.sign(wanted) * max(abs(wanted) - t[j] / 2, 0.0) / squares[j] + 0.0  # no minus zero
        rest += column * (best - x[j])
        x[j] = best
    return x


def _length(v: Any) -> float:
    """The norm, also where squares are beyond all numbers or none."""
    most = float(np.max(np.abs(v), initial=0.0))
    return most * float(np.linalg.norm(v / most)) if 1e-300 < most < np.inf else most


def _steepest(x: Any, g: Any, t: Any) -> Any:
    """The shortest subgradient of the cost with the penalty."""
    at_zero = np.sign(g) * np.maximum(np.abs(g) - t, 0.0)
    return np.where(x == 0, at_zero, g + t * np.sign(x))
