"""Poles: where the objective grows without end because something that it divides by vanishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent
from downslope.descent.norms import norm_of
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.subexpressions import Failure, divisors
from downslope.objectives import Objective, Vector

CROSSINGS = 2000  # points between which a pole is looked for
BISECTED = 200
TINY = 1e-30  # a coordinate of a pole that is called 0
GROWN = 1e3  # times the value before it: so much more it must be near a pole
NEARLY_THERE = 1e-9  # of the way from the point before it: there it must have grown so
STEEP = 1e-4  # of the scale: as far on, a value that falls at this slope would be twice as low
ASIDE = 1e-2  # of the scale, uphill, where the value that it is held against is taken
TENFOLD = np.geomspace(1e-5, 1e-10, 6)  # of the way back from an edge, where the values before it are taken
LASTING = 0.9  # of a fall in a tenfold distance that the next has to be, where it is without end
DIGITS = 12  # of an argument at the edge of a function's domain
RAY = 12  # points in each tenfold distance along a ray


class Crossing(NamedTuple):
    """A divisor that changes its sign between two points.

    Attributes:
        row: of the first of the two.
        text: the divisor.
        at: where it vanishes.
        before: the first of the two points.
    """

    row: int
    text: str
    at: Vector
    before: Vector


def crossings(objective: Objective, points: NDArray[np.float64]) -> Iterator[Crossing]:
    """Where a path jumped over a pole."""
    for text, divisor in divisors(objective, points):
        signs = np.sign([divisor(x) for x in points])
        for k in np.flatnonzero(signs[1:] * signs[:-1] < 0):
            at = _pole_between(objective, points[k], points[k + 1], divisor)
            if at is not None:
                yield Crossing(int(k), text, at, points[k])


def jumps_over_a_pole(run: Descent) -> bool:
    """Whether a run left the side of a pole on which it began, and ended on the other."""
    if len(run.history) < 2:
        return False
    ends = np.array([run.start, run.final])
    changed = [
        text for text, divisor in divisors(run.objective, ends) if divisor(ends[0]) * divisor(ends[1]) < 0
    ]
    return bool(changed) and any(found.text in changed for found in crossings(run.objective, _some(run)))


def _some(run: Descent) -> NDArray[np.float64]:
    points = run.history.x
    return points if len(points) <= CROSSINGS else np.concatenate([points[:CROSSINGS], points[-1:]])


def first_crossing(run: Descent) -> Crossing | None:
    """The first pole that a run jumped over, in the order of the formula."""
    return next(crossings(run.objective, _some(run)), None)


def _pole_between(
    objective: Objective, before: Vector, after: Vector, divisor: Callable[[Vector], float]
) -> Vector | None:
    """Where on the way the divisor vanishes; None where the objective stays finite there."""
    inside, outside, first = before, after, np.sign(divisor(before))
    for _ in range(BISECTED):
        middle = inside + (outside - inside) / 2
        same = np.sign(divisor(middle)) == first
        inside, outside = (middle, outside) if same else (inside, middle)
    near = [abs(objective.value(x)) for x in (inside, outside)]
    if not any(v > GROWN * (1 + abs(objective.value(before))) for v in near):
        return None
    return np.where(np.abs(inside) < TINY, 0.0, inside)


def falls_towards(view: AnalysisView, at: Vector, before: Vector) -> bool:
    """Whether the objective falls without end from a point before a pole towards it."""
    near = view.value(at + NEARLY_THERE * (before - at))
    return near < -GROWN * (1 + abs(view.value(before)))


def has_a_pole_at_its_edge(view: AnalysisView, failure: Failure, before: Vector, outside: Vector) -> bool:
    """Whether the objective falls without end from a point towards the edge of the domain of a function in it.

    The function itself is infinite at the edge, as log(u) is at u = 0, and in each tenfold distance to it the
    objective falls by as much as in the one before, or more.

    Args:
        view: the objective as descent sees it.
        failure: what is no number right beyond the edge.
        before: the point inside.
        outside: the first point beyond, right behind the edge.
    """
    if failure.value_at is None or failure.of != "value":
        return False
    number = failure.number
    at_the_edge = {number, float(f"{number:.{DIGITS}g}"), 0.0 if abs(number) < NEARLY_THERE else number}
    if not any(np.isinf(failure.value_at(one)) for one in at_the_edge):
        return False
    values = np.array([view.value(outside + part * (before - outside)) for part in TENFOLD])
    falls = values[:-1] - values[1:]
    return bool(np.all(falls > 0) and np.all(falls[1:] >= LASTING * falls[:-1]))


class Slope(NamedTuple):
    """A point with the value and the gradient there."""

    x: Vector
    value: float
    gradient: Vector


def way_into(view: AnalysisView, here: Slope, scale: float) -> Vector | None:
    """The way down from a point that is all but in a pole, along which the objective falls without end; else None.

    By a pole of -c/d^p the value over the slope is d/p: as tiny as the distance, however large both are. So it is of
    no slope to which something small is added, since uphill near by the value is hardly a thousandth.
    """
    x, value, gradient = here
    slope = norm_of(gradient)
    if not (value < 0 and 0 < slope < np.inf and -value <= STEEP * scale * slope):
        return None
    way = -gradient / slope
    aside = view.value(x - ASIDE * scale * way)
    return way if np.isfinite(aside) and -value > GROWN * (1 + abs(aside)) else None


def place_of(objective: Objective, x: Vector, way: Vector, reach: float) -> tuple[str, Vector] | None:
    """The divisor that vanishes within that distance, and where; None where the formula does not tell."""
    for text, divisor in divisors(objective, [x, x + reach * way]):
        inside, outside = x, x + reach * way
        if not divisor(inside) * divisor(outside) <= 0:
            continue
        for _ in range(BISECTED):
            middle = inside + (outside - inside) / 2
            same = divisor(middle) * divisor(x) > 0
            inside, outside = (middle, outside) if same else (inside, middle)
        return text, np.where(np.abs(outside) < TINY, 0.0, outside)
    return None


def ray_meets_a_pole(objective: Objective, x: Vector, way: Vector, reach: tuple[float, float]) -> bool:
    """Whether a pole lies on a ray, between a point and the farthest of these distances."""
    nearest, farthest = reach
    far = np.geomspace(nearest, farthest, max(2, int(RAY * np.log10(farthest / nearest)) + 2))
    points = x + np.concatenate([[0.0], np.linspace(0.0, nearest, RAY)[1:-1], far])[:, None] * way
    return next(crossings(objective, points), None) is not None
