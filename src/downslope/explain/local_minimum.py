"""The stationary point that a run was, or should have been, on its way to: found safely, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from downslope.descent.norms import norm_of
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.corners import corner_at, length_at
from downslope.explain.curvature import Curvature
from downslope.objectives import Vector

MOST_NEWTON_STEPS = 60
HALVINGS = 30
ARRIVED = 1e-9  # part of the first gradient's norm
QUADRATIC = 0.2  # the last step must leave less than this part of the gradient: on a bowl it leaves much less
LEAST_CURVED = 1e-10  # of the largest curvature: directions that bend less are not divided by


@dataclass(frozen=True, eq=False)
class LocalMinimum:
    """A point where the gradient vanishes, and the curvatures there: those of a Hessian, and none of them negative."""

    x: Vector
    value: float
    curvature: Curvature


def find_local_minimum(view: AnalysisView, x: Vector) -> LocalMinimum | None:
    """The minimum that lies downhill from ``x``, or None where none was found.

    Newton's method with every curvature taken as positive, shortened until the value falls.

    >>> from downslope.objectives.formula import from_text
    >>> found = find_local_minimum(AnalysisView(from_text("(x - 1)^4 + (x - 1)^2 + y^2")), np.array([5.0, 1.0]))
    >>> found.x.round(6), found.curvature.values.round(6)
    (array([1., 0.]), array([2., 2.]))
    """
    start, value, gradient = x, view.value(x), view.gradient(x)
    if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
        return None
    if view.constant is not None:
        return _of_a_quadratic(view, x, gradient)
    first = before = norm_of(gradient)
    for _ in range(MOST_NEWTON_STEPS):
        hessian = view.hessian(x)
        if not np.all(np.isfinite(hessian)):
            return None
        curvature = view.curvature(x)
        norm = norm_of(gradient)
        hidden = view.hides(x, gradient, 10)
        if norm <= ARRIVED * first or hidden:
            ready = curvature.values[0] >= -1e-7 * abs(curvature.largest) and curvature.largest > 0
            bowl = norm <= QUADRATIC * before or hidden or before == first
            if not (ready and bowl) or corner_at(view, x, length_at(x, start)) is not None:
                return None
            return LocalMinimum(x, value, curvature)
        before = norm
        step = _step(curvature, gradient)
        moved = _shortened(view, x, step, value=value, slope=float(gradient @ step))
        if moved is None:
            return None
        x, value = moved
        gradient = view.gradient(x)
        if not np.all(np.isfinite(gradient)):
            return None
    return None


def _of_a_quadratic(view: AnalysisView, x: Vector, gradient: Vector) -> LocalMinimum | None:
    """The minimum of a quadratic that has just one, whatever its condition."""
    curvature = view.curvature(x)
    if not len(curvature.values) or not curvature.values[0] > 0:
        return None
    there = x - curvature.vectors @ ((curvature.vectors.T @ gradient) / curvature.values)
    return LocalMinimum(there, view.value(there), curvature)


def _step(curvature: Curvature, gradient: Vector) -> Vector:
    sizes = np.abs(curvature.values)
    bent = sizes > LEAST_CURVED * np.max(sizes, initial=0.0)
    if not np.any(bent):
        return -gradient
    parts = curvature.vectors.T @ gradient
    return curvature.vectors @ np.where(bent, -parts / np.where(bent, sizes, 1.0), 0.0)


def _shortened(
    view: AnalysisView, x: Vector, step: Vector, *, value: float, slope: float
) -> tuple[Vector, float] | None:
    """The first half, quarter, ... of a step that lowers the value as its slope promises."""
    size = 1.0
    near = 1e-12 * abs(value)
    for _ in range(HALVINGS):
        there = x + size * step
        lower = view.value(there)
        if lower <= value + 1e-4 * size * slope or (lower <= value + near and abs(slope) <= near):
            return there, lower
        size /= 2
    return None
