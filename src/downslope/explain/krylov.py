"""What a few products of the Hessian show of a point of many parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain import budget
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import TooDearError, calls_left
from downslope.explain.curvature import Curvature, turned
from downslope.explain.directions import VERIFYING, Seen, judged_by, scale_of
from downslope.explain.point import Point
from downslope.objectives import Vector
from downslope.symbolic.unknown import TraceError

PRODUCTS = 24  # at most; the ends of a spectrum show in the first few
KEPT = VERIFYING + 5  # evaluations, for seeing that values do fall
ROUGH = 1e-6  # part of the largest curvature that one from differences of gradients may be off
PRODUCT = 2  # gradients, that one by a program takes as long as
ROUNDING = 1e-12  # the same of one from a program
ENDED = 1e-6  # part of the largest curvature: so short a new direction is rounding, and all has been seen
ROUNDED = 64.0  # roundings of a point, beside which a gradient is looked at again
THERE = 1e-6  # part of the scale: nearer is there
ARRIVING = 0.1  # part of the slope that may be left where it should vanish
CERTAIN = 0.1  # part of a curvature that it may be off


def look_along(view: AnalysisView, x: Vector, start: Vector) -> Point | None:
    """What the curvatures along a few directions show of a point; None where none could be had, or nothing curves.

    By Lanczos' method from a random direction: whatever it finds is the curvature along some direction, and so an upper
    bound of the smallest one. That none was found to be negative says nothing of others.

    >>> from downslope.objectives.formula import from_text
    >>> look_along(AnalysisView(from_text("x^2 + y^2 - z^2")), np.zeros(3), np.ones(3)).kind
    'saddle'
    """
    try:
        with np.errstate(all="ignore"):
            seen = _seen(view, x)
            if seen is None:
                return None
            arrived = view.price > 0 and is_bowl_along_slope(view, x, start)
            return judged_by(view, x, replace(seen, arrived=arrived), start)
    except (TooDearError, ObjectiveError, np.linalg.LinAlgError):
        return None


def steepest_at(view: AnalysisView, x: Vector) -> Curvature | None:
    """The least curvature that was found, and the largest there is; None where the latter is not sure.

    >>> from downslope.objectives.formula import from_text
    >>> round(steepest_at(AnalysisView(from_text("x^2 + y^2/20 + 3*z^2")), np.ones(3)).largest, 6)
    6.0
    """
    try:
        with np.errstate(all="ignore"):
            seen = _seen(view, x)
    except (TooDearError, ObjectiveError, np.linalg.LinAlgError):
        return None
    return seen.curvature if seen is not None and seen.none_above else None


def is_bowl_along_slope(view: AnalysisView, x: Vector, start: Vector) -> bool:
    """Whether the slope vanishes where the curvature along it says: so it does in a bowl, and on no plateau or tail.

    Along the way back to the start where there is no slope left.
    """
    gradient = view.gradient(x)
    slope, scale = norm_of(gradient), scale_of(x, start)
    way = -gradient if slope > 0 else start - x
    length = norm_of(way)
    if not 0 < length < np.inf:
        return False
    way = way / length
    step = float(np.cbrt(np.finfo(np.float64).eps)) * max(1.0, norm_of(x))
    bend = float(way @ (view.gradient(x + step * way) - view.gradient(x - step * way))) / (2 * step)
    if not 0 < bend < np.inf:
        return False
    distance = slope / bend
    left = abs(float(way @ view.gradient(x + distance * way)))
    return distance <= THERE * scale or left <= ARRIVING * slope


def may_be_rounding(view: AnalysisView, x: Vector, gradient: Vector) -> bool:
    """Whether a gradient may be no more than what rounding in the point makes, as its neighbours show."""
    beside = x + ROUNDED * np.spacing(np.abs(x)) * np.where(gradient > 0, 1.0, -1.0)
    change = norm_of(view.gradient(beside) - gradient) / ROUNDED
    return norm_of(gradient) <= 100 * view.precision / float(np.finfo(np.float64).eps) * change


def steepest(view: AnalysisView, x: Vector) -> Vector | None:
    """The direction of the greatest curvature that a few products show; None where they show none.

    Raises:
        TooDearError: there is not enough left for them.
    """
    seen = _seen(view, x)
    return None if seen is None else seen.curvature.vectors[:, -1]


def _seen(view: AnalysisView, x: Vector) -> Seen | None:
    """The smallest and the largest curvature that were found, or all where so many directions were looked along."""
    step = float(np.cbrt(np.finfo(np.float64).eps)) * max(1.0, norm_of(x))
    count = min(len(x), _affordable(view))
    basis = np.empty((count, len(x)))
    diagonal: list[float] = []
    beside: list[float] = []
    random = np.random.default_rng(0)
    new, ended, rough = random.normal(size=len(x)), False, 0.0
    for k in range(count):
        rows, v = basis[: k + 1], basis[k]
        v[:] = new / norm_of(new)
        product = product_along(view, x, v)
        if product is None:
            rough = ROUGH
            product = (view.gradient(x + step * v) - view.gradient(x - step * v)) / (2 * step)
        if not np.all(np.isfinite(product)):
            return None
        diagonal.append(float(v @ product))
        new = product - rows.T @ (rows @ product)
        new -= rows.T @ (rows @ new)  # twice is enough
        beside.append(norm_of(new))
        if beside[-1] <= ENDED * max(norm_of(product), abs(diagonal[0])):
            ended, beside[-1] = True, 0.0  # on into what a random direction still has beside these
            new = random.normal(size=len(x))
            new -= rows.T @ (rows @ new)
    if not count:
        return None
    small = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(small)
    whole = count == len(x)
    off = 0.0 if ended or whole else beside[-1] * abs(float(vectors[-1, -1]))
    chosen = list(range(len(values))) if whole else [0, -1] if len(values) > 1 else [0]
    directions = np.array([turned(basis.T @ vectors[:, i]) for i in chosen]).T
    return Seen(
        Curvature(values[chosen], directions, view.names),
        view.gradient(x),
        max(rough, ROUNDING) * float(np.max(np.abs(values))),
        count,
        complete=whole,
        none_above=off <= CERTAIN * abs(float(values[-1])),
    )


def product_along(view: AnalysisView, x: Vector, direction: Vector) -> Vector | None:
    """The Hessian times a direction, by the program that the objective is; None where it is none."""
    program = view.objective.program
    if program is None or program.supplied:
        return None
    budget.spend(PRODUCT * view.price)
    try:
        return np.asarray(view.sign * program.curvature_along(x, direction) + view.ridge * direction)
    except TraceError:  # an operation that has no second derivative
        return None


def _affordable(view: AnalysisView) -> int:
    """So many products are within the budget, at two gradients each; a few values more are looked at then."""
    operations = budget.left() / view.price if view.price else np.inf
    calls = calls_left(view.objective) / view.objective.gradient_calls
    return int(max(0.0, min(PRODUCTS, (min(operations, calls) - KEPT) // 2)))
