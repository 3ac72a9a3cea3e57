"""Which part of the plane is shown when nobody says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from downslope.descent import Status
from downslope.plots.plane import Floats, Plane
from downslope.plots.view import Pair, Window

MARGIN = 0.12
AHEAD = 0.3  # the margin where the run was still going that way: what it went towards belongs in the picture
AHEAD_OF_CURVE = 0.7
FLATTEST, STEEPEST = 0.55, 1.0  # height to width of a picture with equal axes
NEAR = 12.0  # a known minimiser at most so many times as far away as the path is long is shown
BEYOND = 50.0  # the same for the point outside the domain
SMALL = 8.0  # a path so many times smaller than the usual window of a problem is shown closer
UNEQUAL = 8.0  # beyond this ratio of the two extents, equal axes would hide the path
STILL = 1e-6  # an axis along which the path moves less than this part of its coordinates stands still
GROWTH = 8.0  # a run away is shown until it is so many times as wide as it began
FURTHER = 8.0  # a path that would make the view so many times as wide as those of better runs leaves it
RUNAWAY = (Status.DIVERGED, Status.UNBOUNDED)


def inside(points: Floats, window: tuple[Pair, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows lie in the window."""
    low, high = np.array(window, np.float64).T
    within: np.ndarray[tuple[int], np.dtype[np.bool_]] = ((points >= low) & (points <= high)).all(axis=1)
    return within


def worth_showing(plane: Plane) -> Floats:
    """The points that the view is to hold: all of them, or those before a run away left the neighbourhood."""
    path = plane.path[np.isfinite(plane.path).all(axis=1)]
    if not len(path) or plane.run.termination.status not in RUNAWAY:
        return path
    away = np.abs(path - path[0]).max(axis=1)
    first = float(away[:4].max())
    if away.max() <= 2 * GROWTH * first:
        return path
    return path[: max(2, int(np.argmax(away > GROWTH * first)))]


def extent(plane: Plane) -> tuple[Floats, Floats]:
    """The corners of what is to be seen: path, known minimisers near it, the point outside; no margin yet."""
    points = worth_showing(plane)
    if not len(points):
        return np.zeros(len(plane.axes)), np.zeros(len(plane.axes))
    low, high = points.min(axis=0), points.max(axis=0)
    reach = max(float((high - low).max()), 0.1 * float(np.abs(points[0]).max()), 1e-300)
    near = [(mark, NEAR) for mark in _nearest(plane, points[-1])]
    if plane.outside is not None:
        near.append((plane.outside, BEYOND))
    moved = (high - low).copy()
    for mark, most in near:
        if (np.maximum(low - mark, mark - high) <= most * reach).all():
            low, high = np.minimum(low, mark), np.maximum(high, mark)
    published = _published(plane)
    if published is not None:
        wide = published[1] - published[0]
        fits = (moved <= 2 * wide).all() and (moved >= wide / SMALL).any()
        if fits and (np.maximum(published[0] - low, high - published[1]) <= wide).all():
            low, high = np.minimum(low, published[0]), np.maximum(high, published[1])
    return low, high


def _nearest(plane: Plane, last: Floats) -> list[Floats]:
    """The known minimiser that is nearest to a point, if any."""
    if not len(plane.marks):
        return []
    mark: Floats = plane.marks[int(np.argmin(np.abs(plane.marks - last).max(axis=1)))]
    return [mark]


def _published(plane: Plane) -> tuple[Floats, Floats] | None:
    """The corners of the window that a classic problem is usually shown in."""
    problem = plane.run.objective.problem
    if problem is None or problem.view is None or plane.projected:
        return None
    corners = np.array([problem.view[i] for i in plane.axes], np.float64)
    return corners[:, 0], corners[:, 1]


def ahead(plane: Plane, low: Floats, high: Floats, part: float) -> tuple[Floats, Floats]:
    """The corners moved out, by this part of the path's reach, on the sides that the path ends at."""
    points = worth_showing(plane)
    if len(points) < 2 or plane.run.termination.status in RUNAWAY:
        return low, high
    reach = points.max(axis=0) - points.min(axis=0)
    last, extra = points[-1], (part - MARGIN) * reach
    near = 0.05 * reach
    return (
        np.where(last <= low + near, np.minimum(low, last - extra), low),
        np.where(last >= high - near, np.maximum(high, last + extra), high),
    )


def spread(low: Floats, high: Floats) -> Floats:
    """How far each axis reaches, margins included; an axis along which nothing moves borrows from the others."""
    wide = high - low
    size = np.maximum(np.abs(low), np.abs(high))
    wide = np.where(wide <= STILL * size, 0.0, wide)
    if not wide.max() > 0:
        return 2 * np.maximum(size, 1.0)
    return np.where(wide > 0, wide * (1 + 2 * MARGIN), np.maximum(wide.max(), size / 2))


def _seen(planes: Sequence[Plane], part: float) -> tuple[Floats, Floats]:
    """The corners of what is to be seen of the paths, with room ahead of them.

    Of several runs those that run away are not what the view is for, nor are those that go much further than all
    that ended lower: such paths leave the view.
    """
    staying = [plane for plane in planes if plane.run.termination.status not in RUNAWAY] or list(planes)
    low: Floats | None = None
    high = np.empty(0)
    for plane in sorted(
        staying, key=lambda p: np.nan_to_num(-p.run.fun if p.run.maximize else p.run.fun, nan=np.inf)
    ):
        first, last = ahead(plane, *extent(plane), part)
        if low is None:
            low, high = first, last
            continue
        before = float((high - low).max())
        wider = np.minimum(low, first), np.maximum(high, last)
        if not before > 0 or float((wider[1] - wider[0]).max()) <= FURTHER * before:
            low, high = wider
    assert low is not None
    return low, high


def choose_span(*planes: Plane) -> Pair:
    """The range of the one parameter of a curve."""
    low, high = _seen(planes, AHEAD_OF_CURVE)
    middle, half = (low + high) / 2, spread(low, high) / 2
    return float((middle - half)[0]), float((middle + half)[0])


def choose_window(planes: Sequence[Plane], asked: dict[str, Pair]) -> tuple[Window, bool]:
    """The window of a map that holds the paths, and whether its axes are to be equal.

    What was asked for is kept to the digit; the rest holds the paths with a margin, and grows along its shorter
    side until the picture is neither flat nor tall, unless one side is more than eight times the other.
    """
    low, high = _seen(planes, AHEAD)
    middle, wide = low / 2 + high / 2, spread(low, high)
    names = planes[0].names
    for i, name in enumerate(names):
        if name in asked:
            middle[i], wide[i] = sum(asked[name]) / 2, asked[name][1] - asked[name][0]
    equal = bool(1 / UNEQUAL <= wide[1] / wide[0] <= UNEQUAL)
    if equal and not asked:
        wide[1] = max(wide[1], FLATTEST * wide[0])
        wide[0] = max(wide[0], wide[1] / STEEPEST)
    bounds = [
        asked.get(name, (float(m - w / 2), float(m + w / 2)))
        for name, m, w in zip(names, middle, wide, strict=True)
    ]
    return (bounds[0], bounds[1]), equal


def leaves_at(plane: Plane, window: tuple[Pair, ...]) -> int | None:
    """The index of the first point outside the window; None where all are inside."""
    out = ~inside(plane.path, window)
    return int(np.argmax(out)) if out.any() else None


def drawn_until(plane: Plane, window: tuple[Pair, ...]) -> int:
    """The last row to draw: of a run away the one after the last that is inside, else the last of all."""
    within = np.flatnonzero(inside(plane.path, window))
    last = len(plane.path) - 1
    if plane.run.termination.status not in RUNAWAY or not len(within):
        return last
    return min(int(within[-1]) + 1, last)
