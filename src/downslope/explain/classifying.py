"""What kind of point a point is: by derivatives and values around it, and by bounds near by where these decide."""

from __future__ import annotations

import numpy as np

from downslope.descent import Descent
from downslope.descent.bounds import projection_of
from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import TooDearError
from downslope.explain.point import NEAR, Point
from downslope.explain.point_classification import PointClassifier
from downslope.objectives import Objective, Vector
from downslope.objectives.wrapped import RestrictedObjective

INWARDS = (1e-2, 0.1, 0.5)  # of the way from the start to a bound, where values must be higher than on it
TINY = 1e-100  # numbers so small are looked at in other units: squares of what rounding leaves of them would be 0
MOST_BITS = 1000  # of a unit: two to as many is a number, and one over it
MOST_PARAMETERS = 150  # of more, not all second derivatives are taken


def classify(
    objective: Objective,
    x: Vector,
    *,
    maximize: bool = False,
    seen: tuple[Vector, ...] = (),
    ridge: float = 0.0,
) -> Point:
    """Judge a point that is stationary, or nearly, by its Hessian and by values further out where that leaves it open.

    Args:
        objective: the function.
        x: the point.
        maximize: whether a maximum is wanted.
        seen: points that the run came through, its start first, which tells what distance counts as large.
        ridge: of a penalty (ridge/2)|x|^2 that was added.

    >>> from downslope.objectives.formula import from_text
    >>> classify(from_text("x^2 - y^2"), np.zeros(2)).kind
    'saddle'
    >>> point = classify(from_text("x^2 + 2*y^3"), np.zeros(2))
    >>> point.kind, point.detail, point.way
    ('degenerate', 'inflection', '-y')
    """
    if not 0 < len(x) <= MOST_PARAMETERS:
        return Point("unknown", "too_many", maximize=maximize)
    try:
        with np.errstate(all="ignore"):
            sign, x = -1.0 if maximize else 1.0, np.array(x, np.float64)
            view = AnalysisView.of(objective, sign, ridge)
            unit = _unit_at(view, x)
            if unit == 1.0:
                return PointClassifier(view, x, seen).point()
            scaled = AnalysisView.of(objective, sign * unit, ridge * unit)
            return PointClassifier(scaled, x, seen).point().times(1 / unit)
    except TooDearError:
        return Point("unknown", "too_dear", maximize=maximize)
    except (ObjectiveError, np.linalg.LinAlgError):
        return Point("unknown", "not_finite", maximize=maximize)


def at_bound(run: Descent, objective: Objective, x: Vector, point: Point) -> Point:
    """A point that nothing decides, where bounds near by do: x^3 creeps up to its bound at 0, and beyond is nothing.

    It is a minimum on the bounds where the coordinates that are near one, and still go there, can be moved onto it,
    values rise from there inwards, and the others stand at a minimum.
    """
    projected = projection_of(run.optimizer)
    if projected is None:
        return point
    names = objective.parameters.coordinates
    free = run.objective.parameters.places(names)
    lower, upper = np.array(projected.lower)[free], np.array(projected.upper)[free]
    view = AnalysisView.of(objective, -1.0 if run.maximize else 1.0)
    try:
        slope = view.gradient(x)
        bound = np.where(slope > 0, lower, upper)
        way = np.abs(run.start[free] - bound)
        near = (slope != 0) & np.isfinite(bound) & (np.abs(x - bound) <= NEAR * way)
        there = np.where(near, bound, x)
        lowest = view.value(there)
        inwards = [
            there + part * way[i] * np.sign(slope[i]) * np.eye(len(x))[i]
            for i in np.flatnonzero(near)
            for part in INWARDS
        ]
        rises = all(view.value(place) > lowest for place in inwards)
        if not np.any(near) or not lowest <= view.value(x) or not rises:
            return point
        others = np.flatnonzero(~near)
        if len(others):
            rest = RestrictedObjective(objective, there, others.tolist(), (lower, upper))
            if not classify(rest, there[others], maximize=run.maximize).is_wanted:
                return point
    except (TooDearError, ObjectiveError):
        return point
    return Point(
        "maximum" if run.maximize else "minimum",
        "at_bound",
        way=", ".join(name for name, one in zip(names, near, strict=True) if one),
        distance=norm_of(there - x),
        names=names,
        maximize=run.maximize,
    )


def _unit_at(view: AnalysisView, x: Vector) -> float:
    """The power of two that brings values and gradients to about 1 where products of them would be 0 or infinite."""
    size = max(abs(view.value(x)), float(np.max(np.abs(view.gradient(x)))))
    if not 0 < size < np.inf or TINY < size < 1 / TINY:
        return 1.0
    return float(2.0 ** -np.clip(np.round(np.log2(size)), -MOST_BITS, MOST_BITS))
