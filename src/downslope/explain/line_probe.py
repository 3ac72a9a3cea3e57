"""Looking further than the Hessian: how the objective goes along a direction whose curvature does not decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent.norms import norm_of
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.curvature import Curvature
from downslope.explain.poles import ray_meets_a_pole
from downslope.objectives import Vector

Shape = Literal["falls_both", "falls_one", "slope", "rises", "flat", "undecided"]

PARTS = np.geomspace(1e-4, 0.3, 9)  # of the scale, where values are taken
SETTLED = 10.0  # values count only so many times further out than the point lies off
FEWEST = 3  # values on a side from which to tell
LINEAR = 1.5  # a fall with a smaller exponent than this is a slope: the point is not stationary
COMBINATIONS = 12  # directions tried within a space of directions that the curvature leaves open
SETTLES = 1e-3  # part of the value by which such a step must still lower it
CORRECTIONS = 8  # Newton steps back to the floor of a curved valley
ON_FLOOR = 1e-14  # of the point's size: a step back that is no longer has arrived
NEAR_FLOOR = 1e-9  # that which is near enough where rounding ends the way
RETURNS = 30  # of them on a walk along it, where each goes all the way back


@dataclass(frozen=True)
class LineProbe:
    """What values along one direction showed.

    Attributes:
        shape: how they go.
        order: the exponent with which they rise or fall.
        way: the direction in which they fall (unit vector), where they do.
        rise: the highest value met, above that at the point.
        line: the direction that was looked along.
        nearest: the distance of the nearest sample that showed a fall, and how far the value rises there.
    """

    shape: Shape
    order: float = np.nan
    way: Vector | None = None
    rise: float = 0.0
    line: Vector | None = None
    nearest: tuple[float, float] = (0.0, 0.0)


class Ground(NamedTuple):
    """Where it is looked from.

    Attributes:
        view: the objective.
        x: a point that is all but stationary.
        floor: directions with their curvatures, in which every sample is first moved downhill: a valley may be curved.
    """

    view: AnalysisView
    x: Vector
    floor: Curvature


def reaches(scale: float, off: float) -> int:
    """How many samples on a side count, where the point may lie so far from the stationary point."""
    return int(np.sum(PARTS * scale >= SETTLED * off))


def probe_along(ground: Ground, directions: NDArray[np.float64], scale: float, off: float) -> list[LineProbe]:
    """Look along each column of ``directions``, and along mixtures of them.

    Args:
        ground: where it is looked from.
        directions: orthonormal, the curvature along them does not decide; none of them is one of the floor's.
        scale: the length that counts as far here.
        off: how far the point may still lie from the stationary point.
    """
    tried = list(directions.T)
    if len(tried) > 1:
        pairs = [(a + s * b) / np.sqrt(2) for a, b in combinations(tried[:4], 2) for s in (1, -1)]
        random = np.random.default_rng(0)
        mixed = [directions @ w for w in random.normal(size=(COMBINATIONS, len(tried)))]
        tried += [*pairs, *(m / norm_of(m) for m in mixed)][:COMBINATIONS]
    steps = PARTS * scale
    steps = steps[steps >= SETTLED * off]
    assert len(steps) >= FEWEST  # see ``reaches``
    looks: list[LineProbe] = []
    for direction in tried:
        level = any(look.shape == "flat" for look in looks)
        looks.append(_look(ground, direction, steps, follow=not level))  # one level way is enough
    return looks


def _look(ground: Ground, direction: Vector, steps: Vector, *, follow: bool) -> LineProbe:
    base = _lowest(ground, ground.x)
    size = float(np.max(ground.floor.values, initial=0.0)) * (ground.view.precision * steps[-1]) ** 2
    doubt = _doubt(ground, direction, steps[0]) + 1e3 * size

    def rises(way: Vector) -> Vector:
        """The value minus that at the point for each step that way, 0 where rounding hides it."""
        found = np.array([_lowest(ground, ground.x + t * way) - base for t in steps])
        return np.where(np.abs(found) <= doubt, 0.0, found)

    ahead, behind = rises(direction), rises(-direction)
    sides = [(_trend(ahead), direction, ahead), (_trend(behind), -direction, behind)]
    falling = [(way, values) for trend, way, values in sides if trend < 0]
    if len(falling) == 2:
        way, fall = min(falling, key=lambda side: float(side[1][np.isfinite(side[1])][-1]))
        return LineProbe("falls_both", _order(steps, fall), way, nearest=_nearest(steps, fall))
    if falling:
        way, fall = falling[0]
        order = _order(steps, fall)
        return LineProbe(
            "slope" if order < LINEAR else "falls_one", order, way, nearest=_nearest(steps, fall)
        )
    trends = [trend for trend, _, _ in sides]
    if np.isnan(trends).any():
        return LineProbe("undecided")
    if trends == [0, 0]:
        return LineProbe("flat", line=direction)
    if 0 in trends:
        flat = _order(steps, ahead if trends[0] else behind) > LINEAR
        return LineProbe("flat", line=direction) if flat else LineProbe("undecided")
    if follow and ahead[0] == behind[0] == 0 and len(ground.floor.values):
        # near by it is level: the valley may bend away from the straight line
        walks = [_walk(ground, way, steps) - base for way in (direction, -direction)]
        known = [walk[np.isfinite(walk)] for walk in walks]
        if all(len(walk) >= FEWEST and np.all(np.abs(walk) <= doubt) for walk in known):
            return LineProbe("flat", line=direction)
        if not all(len(walk) >= FEWEST for walk in known):
            return LineProbe("undecided")
    highest = float(max(np.nanmax(ahead), np.nanmax(behind)))
    return LineProbe("rises", min(_order(steps, ahead), _order(steps, behind)), rise=highest, line=direction)


def _doubt(ground: Ground, direction: Vector, step: float) -> float:
    """What a difference of two values may be by rounding alone: estimated, and measured very near."""
    view, x = ground.view, ground.x
    base = view.value(x)
    near = [view.value(x + part * 1e-7 * step * direction) - base for part in (-3, -1, 1, 2)]
    measured = max((abs(v) for v in near if np.isfinite(v)), default=0.0)
    return 50 * view.precision * abs(base) + 3 * measured + 1e-300


def _lowest(ground: Ground, point: Vector) -> float:
    """The value at ``point`` moved down to the floor, by Newton's method in the directions that do curve."""
    view, floor = ground.view, ground.floor
    value = view.value(point)
    if not len(floor.values):
        return value
    across = floor.vectors
    for _ in range(CORRECTIONS):
        slopes, bends = across.T @ view.gradient(point), across.T @ view.hessian(point) @ across
        if (
            not (np.all(np.isfinite(slopes)) and np.all(np.isfinite(bends)))
            or np.linalg.eigvalsh(bends)[0] <= 0
        ):
            break
        point = point - across @ np.linalg.solve(bends, slopes)
        before, value = value, min(value, view.value(point))
        if not before - value > SETTLES * abs(value):
            break
    return value


def _walk(ground: Ground, direction: Vector, steps: Vector) -> Vector:
    """Values along the floor of a valley that bends, each step taken from where the last one came back to the floor.

    NaN from where the way back is not found.
    """
    view, firm = ground.view, len(ground.floor.values)
    values, point, done = np.full(len(steps), np.nan), ground.x, 0.0
    for k, step in enumerate(steps):
        across = view.curvature(point).vectors[:, -firm:]
        direction = direction - across @ (across.T @ direction)
        length = norm_of(direction)
        if not length > 0:
            break
        direction = direction / length
        there = _returned(view, point + (step - done) * direction, firm)
        if there is None:
            break
        values[k], point, done = view.value(there), there, step
    return values


def _returned(view: AnalysisView, point: Vector, firm: int) -> Vector | None:
    """The floor by Newton's method in as many directions as are steep, those that are so where it stands."""
    length = np.inf
    for _ in range(RETURNS):
        if not np.all(np.isfinite(view.hessian(point))):
            return None
        curvature, slope = view.curvature(point), view.gradient(point)
        across, bends = curvature.vectors[:, -firm:], curvature.values[-firm:]
        if not (bends[0] > 0 and np.all(np.isfinite(slope))):
            return None
        step = -across @ ((across.T @ slope) / bends)
        before, length = length, norm_of(step)
        if length <= ON_FLOOR * max(norm_of(point), 1e-300) or not length < before:
            return point + step if length <= NEAR_FLOOR * max(norm_of(point), 1e-300) else None
        point = point + step
    return None


def _trend(rises: Vector) -> float:
    """-1 where values fall from the first that shows, 1 where they rise, 0 where nothing shows, else NaN."""
    known = rises[np.isfinite(rises)]
    if len(known) < FEWEST:
        return np.nan
    shown = known[known != 0]
    if not len(shown):
        return 0.0
    return float(np.sign(shown[0]))


def _nearest(steps: Vector, rises: Vector) -> tuple[float, float]:
    """The first sample that shows anything."""
    i = int(np.flatnonzero(np.isfinite(rises) & (rises != 0))[0])
    return float(steps[i]), float(rises[i])


def _order(steps: Vector, rises: Vector) -> float:
    """The exponent p of |rise| ~ step^p, from the samples nearest to the point that show."""
    usable = np.isfinite(rises) & (rises != 0) & (np.sign(rises) == np.sign(rises[np.flatnonzero(rises)[0]]))
    where = np.flatnonzero(usable)[:4]
    if len(where) < 2:
        return np.inf
    x, y = np.log(steps[where]), np.log(np.abs(rises[where]))
    return float((y[-1] - y[0]) / (x[-1] - x[0]))


def fall_without_end(
    view: AnalysisView, x: Vector, way: Vector, scale: float
) -> Sequence[tuple[float, float]]:
    """Distances, growing tenfold, and the values there, for as long as they keep falling; empty where they do not.

    What falls into a pole, and on the other side of it again, does not fall without end.
    """
    found: list[tuple[float, float]] = []
    before = view.value(x)
    for power in range(12):
        distance = scale * 10.0**power
        value = view.far_value(x + distance * way)
        if np.isnan(value) or value > before:
            break
        found.append((distance, value))
        if value == -np.inf:
            break
        before = value
    if len(found) < 3:
        return ()
    reach = (scale, found[-1][0])
    return () if ray_meets_a_pole(view.objective, x, way, reach) else found
