"""Which runs ended at the same point, and what kind of point it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent.stopping import Status
from downslope.explain.classifying import classify
from downslope.objectives import Objective
from downslope.sweeping.runs import RunEnds

SAME = 1e-3  # part of the width of starts and ends: two ends so near each other are one
MOST = 50  # points that are told apart; ends beyond are at none of them


class EndPoint(NamedTuple):
    """A point at which runs ended.

    Attributes:
        x: of those runs, the end with the least gradient norm.
        value: there.
        kind: "minimum", "saddle", "maximum", "degenerate", "not_stationary" or "unknown", as ``explain`` has them.
        runs: how many ended here.
    """

    x: NDArray[np.float64]
    value: float
    kind: str
    runs: int


def end_points(
    objective: Objective, ends: RunEnds, starts: NDArray[np.float64], *, maximize: bool = False
) -> tuple[list[EndPoint], NDArray[np.int64]]:
    """The points at which runs came to rest, the best first, and for each run which of them it is; -1 for none.

    Runs that converged, or stand still, are at rest.
    """
    which = np.full(len(ends.status), -1)
    rest = ends.is_status(Status.CONVERGED, Status.STALLED, Status.TARGET_REACHED)
    left = np.flatnonzero(rest & np.all(np.isfinite(ends.points), axis=1))
    if not len(left):
        return [], which
    near = SAME * _width(ends.points[left], starts)
    order = left[np.lexsort((left, ends.gradient_norms[left]))]
    found: list[tuple[int, NDArray[np.intp]]] = []
    while len(order) and len(found) < MOST:
        first = int(order[0])
        here = np.all(np.abs(ends.points[order] - ends.points[first]) <= near, axis=1)
        found.append((first, order[here]))
        order = order[~here]
    sign = -1.0 if maximize else 1.0
    found.sort(key=lambda one: (round(sign * ends.values[one[0]], 9), *ends.points[one[0]].tolist()))
    points = []
    for place, (first, runs) in enumerate(found):
        which[runs] = place
        x = ends.points[first].copy()
        kind = "unknown"
        if objective.expression is not None:  # a person's function is not called for that
            kind = classify(objective, x, maximize=maximize).kind
        points.append(EndPoint(x, float(ends.values[first]), kind, len(runs)))
    return points, which


def _width(points: NDArray[np.float64], starts: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far starts and ends are apart, along each coordinate; of a single point, its size."""
    few = np.quantile(points, [0.01, 0.99], axis=0)  # a few that ran far off say nothing of the others
    wide = np.ptp(np.concatenate([few, starts.min(0, keepdims=True), starts.max(0, keepdims=True)]), axis=0)
    size = np.max(np.abs(points), axis=0)
    return np.asarray(np.where(wide > 0, wide, np.maximum(size, 1e-9)))
