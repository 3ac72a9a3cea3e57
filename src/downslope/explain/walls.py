"""Walls: edges of the domain at which a run stands, beyond which the objective is no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from downslope.explain.analysis_view import AnalysisView
from downslope.objectives import Vector

BISECTIONS = 80
BESIDE = 1e-5  # of the scale: so near to a wall a run stands at it
MOST_AXES = 24  # coordinates along which it is looked, those of the greatest slope
DIGITS = 12  # of an edge that has so few
TINY = 1e-12  # of the scale: an edge that near to 0 is at 0
ASIDE = (1e-4, 1e-3, 1e-2)  # of the scale, where values beside a point at an edge are looked at
NEXT_TO_NOTHING = 1e-3  # of the rise around: a fall to the edge that is no more has been made
TRIED = 6  # places between the point and the edge, where the value must be lower the nearer they are


class Wall(NamedTuple):
    """An edge of the domain that lies downhill along one coordinate.

    Attributes:
        axis: the coordinate's place.
        edge: where it ends: the number itself where it has few digits, whether it is inside or not.
        beyond: a point outside, right behind the edge.
    """

    axis: int
    edge: float
    beyond: Vector


def wall_ahead(view: AnalysisView, x: Vector, gradient: Vector, scale: float) -> Wall | None:
    """The wall right before a point, along the coordinate whose slope is greatest; None where there is none.

    Args:
        view: the objective as descent sees it.
        x: where a run stands.
        gradient: there.
        scale: lengths that count beside the run's.
    """
    chosen = np.argsort(-np.abs(gradient), kind="stable")[:MOST_AXES]
    for i in map(int, chosen):
        if np.isfinite(gradient[i]) and gradient[i] != 0:
            found = _along(view, x, i, -np.sign(gradient[i]) * BESIDE * max(scale, abs(float(x[i]))))
            if found is not None:
                return found
    return None


def _along(view: AnalysisView, x: Vector, axis: int, step: float) -> Wall | None:
    """The wall within that step along one coordinate, where the objective falls all the way to it."""

    def at(number: float) -> Vector:
        point = x.copy()
        point[axis] = number
        return point

    here = float(x[axis])
    if np.isfinite(view.value(at(here + step))):
        return None
    inside, outside = edge_between(lambda number: view.value(at(number)), here, here + step)
    base = view.value(x)
    if not all(view.value(at(n)) <= base for n in here + np.linspace(0, 1, TRIED)[1:] * (inside - here)):
        return None
    return Wall(axis, plain(inside, outside, abs(step) / BESIDE), at(outside))


def least_at_an_edge(view: AnalysisView, x: Vector, scale: float) -> int | None:
    """The coordinate along which the domain ends right beside a point from which the objective rises; else None."""
    base, random = view.value(x), np.random.default_rng(0)
    axes = np.eye(len(x))[:MOST_AXES]
    ends = [
        i
        for i, axis in enumerate(axes)
        if np.isfinite([view.value(x + sign * BESIDE * scale * axis) for sign in (1.0, -1.0)]).sum() == 1
    ]
    if not ends:
        return None
    ways = [*axes, *random.normal(size=(MOST_AXES, len(x)))]
    rise = np.inf
    for way in (sign * one / np.linalg.norm(one) for one in ways for sign in (1.0, -1.0)):
        around = np.array([view.value(x + t * scale * way) for t in ASIDE])
        rises = around[np.isfinite(around)] - base
        if np.any(rises < 0):
            return None
        rise = min([rise, *rises])
    low = min(_value_at_the_edge(view, x, scale * axes[i]) for i in ends)
    return ends[0] if base - low <= NEXT_TO_NOTHING * rise else None


def _value_at_the_edge(view: AnalysisView, x: Vector, way: Vector) -> float:
    """The least of the values on both sides of an edge right beside a point, which lies before or behind it."""
    step = BESIDE * way if not np.isfinite(view.value(x + BESIDE * way)) else -BESIDE * way
    values = [
        view.value(x + part * step) for part in edge_between(lambda t: view.value(x + t * step), 0.0, 1.0)
    ]
    return min(value for value in values if not np.isnan(value))


def ends_within(view: AnalysisView, x: Vector, way: Vector, reach: float) -> bool:
    """Whether the domain ends that near to a point, on the way to one that is outside."""
    _, outside = edge_between(lambda part: view.value(x + part * way), 0.0, 1.0)
    return bool(outside * np.linalg.norm(way) <= reach)


def edge_between(value: Callable[[float], float], inside: float, outside: float) -> tuple[float, float]:
    """The last number that has a value and the first that has none, between one of each."""
    for _ in range(BISECTIONS):
        middle = inside + (outside - inside) / 2
        if np.isfinite(value(middle)):
            inside = middle
        else:
            outside = middle
    return inside, outside


def plain(inside: float, outside: float, scale: float) -> float:
    """An edge as people would write it, where a number of few digits lies between these two or by rounding there."""
    near = TINY * scale
    for text in ("0", f"{inside:.6g}", f"{inside:.{DIGITS}g}"):
        if abs(float(text) - inside) <= near + abs(outside - inside):
            return float(text)
    return inside
