"""What a point is where only some directions can be looked along: of many parameters, or of a function called for each.

Nothing is claimed of directions that were not seen. A downward curvature along one of them is enough for a point to be
no minimum; that none was found is told with the number of directions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import TooDearError, calls_left
from downslope.explain.curvature import Curvature, along, turned
from downslope.explain.far_ground import LEAST_DISTANCE, far_descent
from downslope.explain.point import Kind, Point
from downslope.objectives import Vector
from downslope.objectives.differences import VISIBLE, lengthened

RANDOM = (
    8  # directions beside those of the coordinates, at least where there are not calls for all pairs of these
)
MOST_RANDOM = 24
VERIFYING = 7  # values at most, for seeing that they do fall
BEYOND = 70  # values that show what lies far off
CENTRE = 1 + 2 * RANDOM + VERIFYING  # calls beside two for each coordinate
STEP = float(np.finfo(np.float64).eps ** 0.25)  # of the size of a coordinate: rounding and curving cost alike
TINY = 1e-8  # part of the scale: a coordinate as small has no size of its own
ROUNDINGS = 8  # of a value, that the sum of four may be off
RELATIVE = 1e-6  # part of the largest curvature that second differences may be off
ALIKE = 0.99  # part of the most downward curvature: one as large is as good
OUTWEIGHED = 0.3  # part of the slope that the curvature makes within the scale: more left decides nothing
DOUBTED = 50  # roundings of the value, by which a fall must be more
STEEPENING = (
    8.0  # times as much at four times the distance: a fall that grows as fast has a slope that grows, too
)
FAR = 0.08  # a point that is this part of the whole way from the stationary point has not arrived


@dataclass(frozen=True, eq=False)
class Seen:
    """Curvatures along some directions.

    Attributes:
        curvature: ascending, with their directions.
        slope: the gradient, as far as it is known.
        doubt: what any of the curvatures may be off.
        count: how many directions were looked along.
        complete: whether these are the eigenvalues of the whole Hessian.
        none_above: whether there is certainly no greater curvature than the greatest of these.
        arrived: whether the slope vanishes near by, where the curvature along it says.
    """

    curvature: Curvature
    slope: Vector
    doubt: float
    count: int
    complete: bool = False
    none_above: bool = False
    arrived: bool = False


def look_around(
    view: AnalysisView, x: Vector, start: Vector, axes: Differences | None = None
) -> Point | None:
    """What second differences of values show: of all pairs of coordinates, or along each and some random directions.

    None where there are not calls enough for a few, or where nothing curves.

    Args:
        view: the function.
        x: the point.
        start: where the run began.
        axes: those along the coordinates, where they have been taken.

    >>> from downslope.objectives.formula import from_text
    >>> look_around(AnalysisView(from_text("x^2 + y^2 - z^2")), np.zeros(3), np.ones(3)).kind
    'saddle'
    """
    try:
        with np.errstate(all="ignore"):
            axes = axes or along_axes(view, x, start)
            if axes is None or axes.is_level:
                return None
            pairs = len(x) * (len(x) - 1)
            whole = len(axes.ways) == len(x) and _affordable(view) >= pairs
            seen = _whole(axes) if whole else _single(_with_mixtures(axes))
            return None if seen is None else judged_by(view, x, seen, start)
    except (TooDearError, ObjectiveError, np.linalg.LinAlgError):
        return None


def scale_of(x: Vector, start: Vector) -> float:
    """What distance counts as large."""
    return max(float(np.max(np.abs(x))), norm_of(x - start)) or 1.0


def judged_by(view: AnalysisView, x: Vector, seen: Seen, start: Vector) -> Point | None:
    """The judgement that these curvatures allow; None where nothing curves."""
    values = seen.curvature.values
    low, high = float(values[0]), float(values[-1])
    if max(-low, high) <= seen.doubt:
        return None
    if low < -seen.doubt:
        return _downward(view, x, seen, scale_of(x, start))
    if seen.complete and low > seen.doubt:
        newton = -seen.curvature.vectors @ ((seen.curvature.vectors.T @ seen.slope) / values)
        distance, way = norm_of(newton), norm_of(x + newton - start)
        part = distance / way if distance > LEAST_DISTANCE * max(1.0, float(np.max(np.abs(x)))) else 0.0
        made = _made(view, seen, "minimum" if part <= FAR else "small_by_units")
        return _fallen_beyond(view, x, newton, made) or replace(made, distance=distance, part=part)
    least = norm_of(seen.slope) / high  # away from the stationary point, where nothing curves more
    hardly = least > LEAST_DISTANCE * max(1.0, float(np.max(np.abs(x))))
    if seen.none_above and hardly and least > FAR * (least + norm_of(x - start)):
        return replace(_made(view, seen, "small_by_units"), distance=least, part=1.0)
    beyond = None if seen.arrived else far_descent(view, x, start, seen.slope)
    if beyond is not None:
        return beyond
    if seen.none_above and low > seen.doubt:  # how steep it is is known, if not what kind of point
        return replace(_made(view, seen, "unknown"), detail="few_directions")
    return Point("unknown", "few_directions", seen=seen.count, names=view.names, maximize=view.sign < 0)


def _fallen_beyond(view: AnalysisView, x: Vector, newton: Vector, made: Point) -> Point | None:
    """What a point is from which values fall where a bowl of its curvatures would have risen; None where they rise.

    Newton's step leads to the bottom of a bowl, and four of them high up its other side; on x^3 they lead as far down.
    """
    base = view.value(x)
    falls = [base - view.value(x + t * newton) for t in (4, 16, 64)]
    if not falls[0] > DOUBTED * view.precision * abs(base):
        return None
    unfinished = Point("unknown", "unfinished", names=view.names, maximize=view.sign < 0)
    if not (falls[1] > STEEPENING * falls[0] and falls[2] > STEEPENING * falls[1]):
        return unfinished
    escape = newton / norm_of(newton)
    way = along(escape, view.names, signed=True)
    return replace(made, kind="degenerate", detail="inflection", escape=tuple(map(float, escape)), way=way)


def _downward(view: AnalysisView, x: Vector, seen: Seen, scale: float) -> Point:
    """What a point is where the curvature along some direction is negative: no minimum, where values do fall there."""
    values, way = seen.curvature.values, seen.curvature.vectors[:, 0]
    low, high, up = float(values[0]), float(values[-1]), view.sign < 0
    size = float(np.max(np.abs(values)))
    unfinished = Point("unknown", "unfinished", names=view.names, maximize=up)
    rounding = 10 * view.precision * size * norm_of(x)
    shown = float(
        np.sqrt(100 * DOUBTED * view.precision * abs(view.value(x)) / -low)
    )  # no nearer do values show it
    if norm_of(seen.slope) > max(-OUTWEIGHED * low * max(scale, shown), rounding):
        return unfinished
    escape = _falling(view, x, -way if seen.slope @ way > 0 else way, bend=-low, scale=scale)
    if escape is None:
        return unfinished
    kind: Kind = "unknown"
    if high > seen.doubt:
        kind = "saddle"
    elif seen.none_above:
        kind = "maximum"
    made = _made(view, seen, kind)
    return replace(
        made,
        detail="curves_down" if kind == "unknown" else "",
        escape=tuple(map(float, escape)),
        way=along(escape, view.names, signed=True),
    )


def _made(view: AnalysisView, seen: Seen, kind: Kind) -> Point:
    """A point of that kind, seen from the way that a person climbs or descends."""
    up, curvature = view.sign < 0, seen.curvature
    swapped: dict[str, Kind] = {"minimum": "maximum", "maximum": "minimum"}
    if not seen.complete:
        ends = [0, -1] if len(curvature.values) > 1 else [0]
        curvature = Curvature(curvature.values[ends], curvature.vectors[:, ends], curvature.names)
    listed = curvature.to_list(view.sign)
    listed = listed[::-1] if up else listed
    return Point(
        swapped.get(kind, kind) if up else kind,
        curvatures=tuple(entry["curvature"] for entry in listed),
        directions=tuple(listed),
        names=view.names,
        seen=seen.count,
        maximize=up,
    )


@dataclass(frozen=True, eq=False)
class Differences:
    """Values at a point and on both sides of it along some ways.

    Attributes:
        view, x: of what, and where.
        base: the value there.
        ways: shape (ways, parameters): first along coordinates, each as long as its step.
        ends: the values ahead and behind, shape (ways, 2).
        steps: of every coordinate.
        slope: the gradient; where not all coordinates were chosen, as long as if the others were like those.
    """

    view: AnalysisView
    x: Vector
    base: float
    ways: NDArray[np.float64]
    ends: NDArray[np.float64]
    steps: Vector
    slope: Vector

    @property
    def changes(self) -> Vector:
        """Second differences."""
        return np.asarray(self.ends[:, 0] - 2 * self.base + self.ends[:, 1])

    @property
    def rounding(self) -> Vector:
        """What each of them may be by rounding alone."""
        largest = np.maximum(abs(self.base), np.max(np.abs(self.ends), axis=1))
        return np.asarray(ROUNDINGS * self.view.precision * largest)

    @property
    def is_level(self) -> bool:
        """Whether rounding could have made all of them."""
        return bool(np.all(np.abs(self.changes) <= self.rounding))


def _affordable(view: AnalysisView) -> float:
    """Calls that are left beside those that see whether values fall."""
    return calls_left(view.objective) - VERIFYING


def along_axes(view: AnalysisView, x: Vector, start: Vector, spared: int = 0) -> Differences | None:
    """Along each coordinate, or along as many as there are calls for beside those spared; None where these are few."""
    n, within = len(x), _affordable(view) - 1 - spared
    if within < 2 * min(n, RANDOM):
        return None
    scale = scale_of(x, start)
    size = np.maximum(np.abs(x), np.abs(x - start))
    steps = STEP * np.where(size > TINY * scale, size, scale)
    some = np.random.default_rng(0).permutation(n)[: int(min(within, 2 * n)) // 2]
    chosen = np.sort(some)
    base, ends = view.value(x), np.empty((len(chosen), 2))
    for k, i in enumerate(chosen):
        way = np.eye(n)[i]
        ends[k] = view.value(x + steps[i] * way), view.value(x - steps[i] * way)
        rounding = ROUNDINGS * view.precision * max(abs(base), *np.abs(ends[k]))
        change, longest = abs(float(ends[k].sum() - 2 * base)), STEP * scale
        if change <= VISIBLE * rounding and steps[i] < longest and _affordable(view) >= 2 * (len(chosen) - k):
            steps[i] = lengthened(change, rounding, float(steps[i]), longest)
            ends[k] = view.value(x + steps[i] * way), view.value(x - steps[i] * way)
    ways = steps[chosen, None] * np.eye(n)[chosen]
    slope = np.zeros(n)
    slope[chosen] = (ends[:, 0] - ends[:, 1]) / (2 * steps[chosen])
    return Differences(view, x, base, ways, ends, steps, slope * np.sqrt(n / len(chosen)))


def _with_mixtures(axes: Differences) -> Differences:
    """The same with random directions, as many as there are calls for."""
    view, x = axes.view, axes.x
    random, ways = np.random.default_rng(1), [*axes.ways]
    for _ in range(int(min(2 * MOST_RANDOM, _affordable(view))) // 2):
        way = axes.steps * random.normal(size=len(x))
        ways.append(way * np.max(axes.steps) / np.max(np.abs(way)))
    more = [(view.value(x + way), view.value(x - way)) for way in ways[len(axes.ways) :]]
    return replace(axes, ways=np.array(ways), ends=np.array([*axes.ends, *more]))


def _single(seen: Differences) -> Seen | None:
    """Curvatures along single directions."""
    lengths = np.array([norm_of(way) for way in seen.ways])
    values, doubts = seen.changes / lengths**2, seen.rounding / lengths**2
    known = np.isfinite(values)
    if not np.any(known):
        return None
    size = float(np.max(np.abs(values[known])))
    shown = known & ((np.abs(values) > doubts) | (doubts <= RELATIVE * size))  # of others rounding hides it
    if not np.any(shown):
        return None
    order = np.flatnonzero(shown)[np.argsort(values[shown], kind="stable")]
    alike = (
        order[: int(np.sum(values[order] <= ALIKE * values[order[0]]))] if values[order[0]] < 0 else order[:1]
    )
    order = np.concatenate(
        [[min(alike)], order[order != min(alike)]]
    )  # a coordinate is named before a mixture
    vectors = np.array([turned(seen.ways[i] / lengths[i]) for i in order]).T
    doubt = max(RELATIVE * size, float(np.max(np.where(np.abs(values) <= doubts, doubts, 0.0)[order])))
    return Seen(Curvature(values[order], vectors, seen.view.names), seen.slope, doubt, len(order))


def _whole(seen: Differences) -> Seen | None:
    """The eigenvalues of the matrix of second differences: of four corners two are enough."""
    view, x, steps, rises, n = seen.view, seen.x, seen.steps, seen.changes, len(seen.x)
    changes, rounding = np.diag(rises), float(np.max(seen.rounding))
    for i in range(n):
        for j in range(i):
            way = np.zeros(n)
            way[[i, j]] = steps[[i, j]]
            corners = view.value(x + way) + view.value(x - way)
            changes[i, j] = changes[j, i] = (corners - 2 * seen.base - rises[i] - rises[j]) / 2
    changes[np.abs(changes) <= rounding] = 0.0
    hessian = np.asarray(changes / np.outer(steps, steps), np.float64)
    if not np.all(np.isfinite(hessian)):
        return None
    curvature = Curvature.of(hessian, view.names)
    size = float(np.max(np.abs(curvature.values)))
    doubt = max(RELATIVE * size, 2 * np.sqrt(n) * rounding / float(np.min(steps)) ** 2)
    return Seen(curvature, seen.slope, doubt, n, complete=True, none_above=True)


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
