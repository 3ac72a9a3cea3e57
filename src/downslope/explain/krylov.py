"""Whether a point of many parameters is no minimum, from a few products of its Hessian: differences of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain import budget
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import BudgetedObjective, TooDearError
from downslope.explain.curvature import Curvature, along, turned
from downslope.explain.point import Kind, Point
from downslope.objectives import Vector

PRODUCTS = 24  # at most; the ends of a spectrum show in the first few
KEPT = 12  # evaluations, for seeing that values do fall
EVIDENT = 1e-3  # part of the largest curvature; a lesser negative one may be of a run that is not finished
ENDED = 1e-6  # part of the largest curvature: so short a new direction is rounding, and all has been seen
CERTAIN = 0.1  # part of a curvature that it may be off
OUTWEIGHED = 0.3  # part of the slope that the curvature makes within the scale: more left decides nothing
DOUBTED = 50  # roundings of the value


def fall_of(view: AnalysisView, x: Vector, start: Vector) -> Point | None:
    """The saddle or maximum that a point is, where one of a few directions shows it; None where none does.

    By Lanczos' method from a random direction: whatever it finds is the curvature along some direction, and so an upper
    bound of the smallest one. That none was found to be negative says nothing.

    >>> from downslope.objectives.formula import from_text
    >>> fall_of(AnalysisView(from_text("x^2 + y^2 - z^2")), np.zeros(3), np.ones(3)).kind
    'saddle'
    """
    scale = max(float(np.max(np.abs(x))), norm_of(x - start)) or 1.0
    try:
        with np.errstate(all="ignore"):
            return _fall_of(view, x, scale)
    except (TooDearError, ObjectiveError, np.linalg.LinAlgError):
        return None


def _fall_of(view: AnalysisView, x: Vector, scale: float) -> Point | None:
    curvature, certain = _ends(view, x)
    if curvature is None:
        return None
    size = float(np.max(np.abs(curvature.values)))
    low, high = float(curvature.values[0]), float(curvature.values[-1])
    slope = view.gradient(x)
    rounding = 10 * view.precision * size * norm_of(x)
    if not low < -EVIDENT * size or norm_of(slope) > max(-OUTWEIGHED * low * scale, rounding):
        return None
    kind: Kind = "saddle" if high > EVIDENT * size else "maximum"
    if kind == "maximum" and not certain:
        return None
    way = curvature.vectors[:, 0]
    escape = _falling(view, x, -way if slope @ way > 0 else way, bend=-low, scale=scale)
    if escape is None:
        return None
    up, names = view.sign < 0, view.names
    if up and kind == "maximum":
        kind = "minimum"
    listed = curvature.to_list(view.sign)
    listed = listed[::-1] if up else listed
    return Point(
        kind,
        curvatures=tuple(entry["curvature"] for entry in listed),
        directions=tuple(listed),
        escape=tuple(map(float, escape)),
        way=along(escape, names, signed=True),
        names=names,
        maximize=up,
    )


def _ends(view: AnalysisView, x: Vector) -> tuple[Curvature | None, bool]:
    """The smallest and the largest curvature that were found, and whether there is certainly none above the latter."""
    step = float(np.cbrt(np.finfo(np.float64).eps)) * max(1.0, norm_of(x))
    basis: list[Any] = []
    diagonal: list[float] = []
    beside: list[float] = []
    new = np.random.default_rng(0).normal(size=len(x))
    ended = False
    for _ in range(min(len(x), _affordable(view))):
        basis.append(new / norm_of(new))
        v = basis[-1]
        product = (view.gradient(x + step * v) - view.gradient(x - step * v)) / (2 * step)
        if not np.all(np.isfinite(product)):
            return None, False
        diagonal.append(float(v @ product))
        rows = np.array(basis)
        new = product - rows.T @ (rows @ product)
        new -= rows.T @ (rows @ new)  # twice is enough
        beside.append(norm_of(new))
        ended = beside[-1] <= ENDED * max(norm_of(product), abs(diagonal[0]))
        if ended:
            break
    if not basis:
        return None, False
    small = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(small)
    off = 0.0 if ended or len(basis) == len(x) else beside[-1] * abs(float(vectors[-1, -1]))
    ends = [0, -1] if len(values) > 1 else [0]
    directions = np.array([turned(np.array(basis).T @ vectors[:, i]) for i in ends]).T
    return Curvature(values[ends], directions, view.names), off <= CERTAIN * abs(float(values[-1]))


def _affordable(view: AnalysisView) -> int:
    """So many products are within the budget, at two gradients each; a few values more are looked at then."""
    operations = budget.left() / view.price if view.price else np.inf
    calls = view.objective.left if isinstance(view.objective, BudgetedObjective) else np.inf
    return int(max(0.0, min(PRODUCTS, (min(operations, calls) - KEPT) // 2)))


def _falling(view: AnalysisView, x: Vector, way: Vector, *, bend: float, scale: float) -> Vector | None:
    """The way, of the two, in which values do fall, and ever more steeply, as so much downward curvature says."""
    base = view.value(x)
    doubt = DOUBTED * view.precision * abs(base)
    step = max(1e-5 * scale, float(np.sqrt(100 * doubt / bend)))
    for side in (way, -way):
        falls = [view.value(x + t * step * side) - base for t in (1, 2, 4)]
        if falls[0] < 0 and falls[1] < falls[0] and falls[2] < min(falls[1], -doubt):
            return np.where(np.abs(side) < 1e-9, 0.0, side)
    return None
