"""Points on a kink, where the slope jumps."""

from __future__ import annotations

import numpy as np

from downslope.descent.norms import norm_of
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.curvature import as_dict
from downslope.explain.point import Point
from downslope.objectives import Vector

STEEPEST = (
    12.5  # times as much at ten times the distance: abs(x)^1.1 changes more, and no gradient jumps there
)
ASIDE = (1e-5, 1e-3)  # of the scale, where values must not be lower than the slope makes them
AROUND = 1e-2  # of it, where they must be higher
MOST_WAYS = 8  # coordinates, and as many other directions, along which it is looked
NEARER = (1e-5, 1e-6)  # of the scale, over which a gradient's change is held against each other
ALIKE = 0.9  # part of a fall that is met at a tenth of the distance, where the value jumps
MORE = 3.0  # times what the slope explains
MOST_JUMPS = 24  # coordinates along which a jump is looked for
JUMP = 0.95  # part of the change that must be left at a tenth of the distance


def kinked(view: AnalysisView, x: Vector, scale: float) -> Point | None:
    """The judgement of a point on a kink, found by second differences that shrink like the step and not its square."""
    if view.smooth:
        return None
    base = view.value(x)
    doubt = 50 * view.precision * abs(base)
    names = view.names
    for i, name in enumerate(names):
        axis = np.zeros(len(x))
        axis[i] = 1.0
        far, near = (
            np.array([view.value(x + way * t * scale * axis) - base for way in (1, -1)]) for t in (1e-5, 1e-6)
        )
        if not (np.all(np.isfinite(far)) and np.all(np.isfinite(near))):
            continue
        bends = abs(float(np.sum(far))), abs(float(np.sum(near)))
        if bends[1] > doubt and 5 < bends[0] / bends[1] < STEEPEST and _jumps(view, x, scale, axis):
            worse = int(np.argmin(far))
            escape = (axis if worse == 0 else -axis) if np.sum(far) < 0 else None
            rises = escape is None and rises_around(view, x, scale)
            told = rises or escape is not None or norm_of(view.gradient(x)) > 0
            return Point(
                "kink",
                "" if told else "level",
                escape=None if escape is None else tuple(as_dict(escape, names).values()),
                way=name,
                names=names,
                rises=rises,
                maximize=view.sign < 0,
            )
    return None


def lower_by_a_jump(view: AnalysisView, x: Vector, scale: float) -> Vector | None:
    """The way, along a coordinate, on which the value falls at once by as much as further on; None where none is."""
    if view.smooth or len(x) > MOST_JUMPS:
        return None
    base, slope = view.value(x), norm_of(view.gradient(x))
    for axis in np.eye(len(x)):
        for way in (axis, -axis):
            far, near = (base - view.value(x + t * scale * way) for t in NEARER)
            least = 50 * view.precision * abs(base) + MORE * slope * NEARER[0] * scale
            if np.isfinite(far) and near > least and ALIKE * far < near < far / ALIKE:
                nearest = base - view.value(x + NEARER[1] / 10 * scale * way)
                if (
                    nearest > ALIKE * near or nearest <= least / 100
                ):  # at the point itself, or a little off it
                    return way
    return None


def rises_around(view: AnalysisView, x: Vector, scale: float) -> bool:
    """Whether the objective rises on every side of a point, but for what the slope that is left there makes it fall."""
    base, random = view.value(x), np.random.default_rng(0)
    precision = float(np.finfo(np.float64).eps) if view.expression is not None else view.precision
    doubt, slope = 50 * precision * abs(base), norm_of(view.gradient(x))
    ways = [*np.eye(len(x))[:MOST_WAYS], *random.normal(size=(MOST_WAYS, len(x)))]
    for way in (sign * one / norm_of(one) for one in ways for sign in (1.0, -1.0)):
        near = [view.value(x + t * scale * way) - base + 1.01 * slope * t * scale for t in ASIDE]
        if not (min(near) >= -doubt and view.value(x + AROUND * scale * way) > base):
            return False
    return True


def _jumps(view: AnalysisView, x: Vector, scale: float, axis: Vector) -> bool:
    """Whether the slope jumps, and does not only grow fast on both sides, as that of abs(x)^1.2 does."""
    if view.expression is None and view.objective.by_values:
        return True  # differences of values are too coarse to tell
    far, near = (
        norm_of(view.gradient(x + t * scale * axis) - view.gradient(x - t * scale * axis)) for t in NEARER
    )
    return JUMP * far < near < far / JUMP  # of waves that are shorter, it is now more, now less
