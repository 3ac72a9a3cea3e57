"""A way out of where two terms of a hypothesis have become one: two exponentials of the same rate, say.

There the residuals do not change along a line (what one term takes the other gives), every derivative is zero, and no
first derivative sees that the cost falls where the terms part again. Second derivatives do, at some points of the line.
"""

from __future__ import annotations

import numpy as np

from downslope.fitting.objective import DataObjective
from downslope.fitting.rows import Array

LEVEL = 1e-5  # part of the largest singular value of the scaled derivatives below which a line is level
ALONG = np.linspace(-4.0, 4.0, 65)  # places on the line, in lengths of the point
LENGTHS = np.logspace(-4, 0, 9)  # of the step off the line, in lengths of the point
PLACES = 4  # of these, where the cost bends down most, from which steps are tried
MOST_PARAMETERS = 30  # whose second derivatives are had exactly


def beside_merged_terms(objective: DataObjective, point: Array) -> Array | None:
    """The lowest point that is found beside a level line through ``point``; None where there is none that is lower."""
    cost, told = objective.residuals(point)
    if len(point) > MOST_PARAMETERS or not np.isfinite(told.root).all():
        return None
    unit = np.maximum(np.abs(point), 1e-3 * float(np.max(np.abs(point))))
    _, values, right = np.linalg.svd(told.root * unit)
    if not values[-1] <= LEVEL * values[0]:
        return None
    level = unit * right[-1] / float(np.max(np.abs(right[-1])))
    bent = sorted(
        (_least_bend(objective, point + place * level, unit) for place in ALONG), key=lambda b: b[0]
    )
    tried = [_least_bend(objective, point, unit), *bent[:PLACES]]
    steps = [
        (x, sign * length * unit * axis) for _, x, axis in tried for length in LENGTHS for sign in (1.0, -1.0)
    ]
    costs = np.nan_to_num([objective.residuals(x + step)[0] for x, step in steps], nan=np.inf)
    lowest = int(np.argmin(costs))
    x, step = steps[lowest]
    return x + step if costs[lowest] < cost else None


def _least_bend(objective: DataObjective, x: Array, unit: Array) -> tuple[float, Array, Array]:
    """The least curvature as part of the largest, there, and its axis; 0 where these are no numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        H = objective.hessian(x) * np.outer(unit, unit)
    if not np.isfinite(H).all():
        return 0.0, x, unit
    bends, axes = np.linalg.eigh(H)
    return float(bends[0] / max(bends[-1], np.finfo(float).tiny)), x, axes[:, 0]
