"""Places where the gradient is continuous and the curvature is not one number: max(0, x)^2 at 0, or abs(x)^1.5."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent.norms import norm_of
from downslope.explain.analysis_view import AnalysisView
from downslope.objectives import Vector

LENGTHS = (1e-7, 1e-6)  # of the scale, over which the change of the gradient is measured
ROUNDINGS = 10.0  # of a number near the point, which the shorter one has at least
OFF = 0.1  # part of the largest by which a second derivative must miss what is measured
STEADY = 0.05  # part by which what is measured may change with the length
MOST_AXES = 24  # coordinates along which it is measured
MOST_PAIRS = 6  # pairs of them


class Corner(NamedTuple):
    """Curvatures where second derivatives do not tell them.

    Attributes:
        least, most: the curvatures met, with the direction.
        bounded: whether they stay the same the nearer it is looked; that of abs(x)^1.5 grows.
    """

    least: float
    most: float
    bounded: bool


def corner_at(view: AnalysisView, x: Vector, scale: float) -> Corner | None:
    """What curvatures there are around a point at which those of the Hessian are not met; None where they are.

    >>> from downslope.objectives.formula import from_text
    >>> found = corner_at(AnalysisView(from_text("max(0, x)^2 + y^2")), np.zeros(2), 1.0)
    >>> found.least, round(found.most, 6), found.bounded
    (0.0, 2.0, True)
    >>> corner_at(AnalysisView(from_text("abs(x)^3 + x^2")), np.zeros(1), 1.0)
    """
    if view.smooth or view.expression is None or not scale > 0:
        return None
    hessian = view.hessian(x)
    ways, more = _ways(len(x)), max(1.0, ROUNDINGS * view.precision / LENGTHS[0])
    lengths = [more * length * scale for length in LENGTHS]
    measured = np.array([[_bend(view, x, length, way) for length in lengths] for way in ways])
    if not np.all(np.isfinite(measured)):
        return None
    size = float(np.max(np.abs(measured)))
    if np.all(np.isfinite(hessian)):
        told = np.array([way @ hessian @ way for way in ways])
        missed = np.min(np.abs(measured - told[:, None]), axis=1)
        if not np.any(missed > OFF * max(size, float(np.max(np.abs(told))))):
            return None
    changes = np.abs(measured[:, 0] - measured[:, 1])
    bounded = bool(np.all(changes <= STEADY * size))
    if not bounded and not np.max(measured[:, 0]) > (1 + STEADY) * np.max(measured[:, 1]):
        return None  # neither steady nor growing: nothing is known
    return Corner(float(np.min(measured[:, 0])), float(np.max(measured[:, 0])), bounded)


def _ways(dimension: int) -> NDArray[np.float64]:
    """Unit vectors along and against coordinates, and between pairs of them."""
    axes = np.eye(dimension)[:MOST_AXES]
    pairs = [(a + s * b) / np.sqrt(2) for a, b in combinations(axes, 2) for s in (1, -1)][: 2 * MOST_PAIRS]
    ways = np.array([*axes, *pairs])
    return np.concatenate([ways, -ways])


def _bend(view: AnalysisView, x: Vector, step: float, way: Vector) -> float:
    """How fast the slope grows in that direction, on this side only, and a step off: x may lie beside the corner."""
    return float((view.gradient(x + 2 * step * way) - view.gradient(x + step * way)) @ way / step)


def length_at(x: Vector, start: Vector | None) -> float:
    """What counts as far at a point that a run came to from ``start``."""
    return max(float(np.max(np.abs(x), initial=0.0)), 0.0 if start is None else norm_of(x - start))
