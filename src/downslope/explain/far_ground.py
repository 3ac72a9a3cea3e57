"""Ground that is flat near by: whether values fall far off, for ever, or from where the run came."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import TooDearError
from downslope.explain.curvature import Curvature, along, turned
from downslope.explain.line_probe import LineProbe, fall_without_end
from downslope.explain.point import Detail, Kind, Point
from downslope.objectives import Vector

FLAT = 1e-7  # a curvature below this part of the largest that meets it does not decide
FADING = 0.9  # part of the speed near by that is left far out, where a fall gets ever slower
LEAST_DISTANCE = 1e-8  # times the size of the point: nearer is there
FAR_OFF = 0.05 * 1.5 ** np.arange(31)  # times the scale, to some 10,000
AHEAD = (1.0, 10.0, 100.0)  # times the scale, where the sign of a slope that underflows is asked for
HALVED = 24  # times, on the way to where it changes
BESIDE = 3  # directions aside of it
ASIDE = 1e-3  # of the scale
ALIKE_SLOPES = 1e-3  # a slope that is a smaller part of the one aside comes of not being quite at the floor
BETWEEN = np.linspace(0.002, 0.998, 499)  # of the way back to the start
CLOSELY = np.geomspace(0.01, 100.0, 100)  # times the scale, along a line that seems flat
STRAIGHT = (-0.1, -0.01, 0.01, 0.1)  # times the scale, where ground that is level to the last digit is so too
APART = 7  # of these lie between two ways that are held against each other: 17 times
DISPROPORTION = 1e3  # times what the slope alone makes of a way
STEEPER = 8.0  # a fall with a greater exponent has another reason than the slope and the curvatures here
DOUBTED = 100  # roundings, relative to the largest curvature, below which a negative one is no evidence
PASSED = (4e-3, 1.6e-2, 6.4e-2)  # times the scale, beyond a point that may be passed
FASTER = 20.0  # times as far down at four times the distance: a cube falls 64 times, a square 16
MORE = 3.0  # times what the slope explains: a fall that is evidence of something beyond it
SEEN_FALL = 1e-6  # part of it that a place on flat ground must be lower, not to be the same floor
LOWER = 1e-2  # part of the run's whole fall by which values must still fall to be called lower
STEP = 1e-3  # of the scale, within which nothing changes on a step
NEAR_BY = slice(2, 12, 3)  # of the distances far off: up to some four times the scale
FAR_DOWN = 8  # tenfold distances over which values fall for ever, as far as can be seen


class FarGround:
    """A point with what is around it, near and far.

    Attributes:
        view: the function.
        x: where the run stands.
        seen: points that the run came through, its start first.
        scale: what distance counts as large.
        centre: the stationary point near by, once it was looked for; else ``x``.
        curvature: there.
        off: how far it may still lie.
        slope: the gradient at ``x``, where it is known already; else None.
    """

    centre: Vector
    curvature: Curvature
    off: float

    def __init__(self, view: AnalysisView, x: Vector, seen: tuple[Vector, ...] = ()) -> None:
        self.view, self.x, self.seen = view, x, seen
        self.slope: Vector | None = None
        start = seen[0] if seen else None
        self.up = view.sign < 0
        self.scale = max(float(np.max(np.abs(x))), norm_of(x - start) if start is not None else 0.0)
        self.scale = self.scale if self.scale > 0 else 1.0
        if start is None:
            self.scale = max(1.0, self.scale)
        self.start = start

    @property
    def gradient(self) -> Vector:
        """That at the point."""
        return self.view.gradient(self.x) if self.slope is None else self.slope

    def plateau(self, ways: Any) -> Point | None:
        """A plateau: ground from which the objective falls far off by more than any power of the distance makes likely.

        On x^7 a twenty times longer way changes the value 20^7 times as much; on a plateau rounding hides the change
        near by, and far off there is a whole fall. None where there is none.
        """
        view, x = self.view, self.x
        gradient, base = self.gradient, view.value(x)
        size = float(np.max(np.abs(gradient), initial=0.0))
        ways = [*ways, x, gradient / size if size > 0 else gradient]
        if self.start is not None:
            ways.append(self.start - x)
        precision = float(np.finfo(np.float64).eps) if view.expression is not None else view.precision
        doubt = DOUBTED * precision * max(abs(base), 1e-300)
        for way in ways:
            length = norm_of(way)
            if not 0 < length < np.inf:
                continue
            for side in (way / length, -way / length):
                falls = base - np.array([view.value(x + t * self.scale * side) for t in FAR_OFF])
                near = np.maximum(np.abs(falls[:-APART]), doubt)
                steep = falls[APART:] > near * (FAR_OFF[APART:] / FAR_OFF[:-APART]) ** STEEPER
                if np.any(steep & np.isfinite(falls[APART:]) & (falls[APART:] > doubt)):
                    return self._made("degenerate", "plateau", escape=side)
        return None

    def stepped(self) -> Point | None:
        """Level ground with an edge, as whole numbers make it: no value changes near by, and further off they fall."""
        view, base = self.view, self.view.value(self.x)
        if view.expression is not None or norm_of(self.gradient) > 0:
            return None
        self.centre, self.off = self.x, 0.0
        self.curvature = Curvature(np.empty(0), np.empty((len(self.x), 0)), view.names)
        for axis in np.eye(len(self.x)):
            beside = (view.value(self.x + t * self.scale * axis) for t in (-STEP, STEP))
            if all(value == base for value in beside):
                for t in FAR_OFF[NEAR_BY]:
                    for side in (axis, -axis):
                        if self._is_lower(self.x + t * self.scale * side):
                            return self._made("degenerate", "plateau", escape=side)
        return None

    def _worse(self) -> Point | None:
        """A plateau that the run jumped to: worse than the start by more than the slope there explains."""
        if self.start is None:
            return None
        here, first = self.view.value(self.centre), self.view.value(self.start)
        precision = DOUBTED * self.view.precision * max(abs(here), abs(first))
        way = self.start - self.centre
        explained = MORE * norm_of(self.view.gradient(self.centre)) * norm_of(way)
        if not here - first > max(precision, explained) or norm_of(way) == 0:
            return None
        return self._made("degenerate", "plateau", escape=way / norm_of(way))

    def out_of_proportion(self) -> Point | None:
        """A plateau with a slow tail: downhill the whole fall is a thousand times what the slope here would make."""
        view, x = self.view, self.x
        gradient, base = self.gradient, view.value(x)
        slope = norm_of(gradient)
        if not 0 < slope < np.inf or self.start is None:
            return None
        ways = (-gradient / slope, -x / max(norm_of(x), 1e-300))
        for way in ways:
            for t in (*FAR_OFF, 1.0):
                fall = base - view.value(x + t * self.scale * way)
                if np.isfinite(fall) and fall > max(
                    LOWER * abs(base), DISPROPORTION * slope * t * self.scale
                ):
                    return self._made("degenerate", "plateau", escape=way)
        return None

    def endless(self) -> Point | None:
        """An asymptote: the steepest way down falls for ever, and ever less."""
        gradient = self.gradient
        slope = norm_of(gradient)
        if not 0 < slope < np.inf:
            return None
        way = -gradient / slope
        values = fall_without_end(self.view, self.x, way, self.scale)
        drops = -np.diff([self.view.value(self.x), *(value for _, value in values)])
        if len(values) < FAR_DOWN or drops[-1] > drops[0] or not np.all(np.isfinite(drops)):
            return None
        return self._made("degenerate", self._fall(values, self.x), escape=way)

    def passage(self) -> Point | None:
        """An inflection on the way that the run came, or down the slope: beyond the point values fall ever faster."""
        view, x = self.view, self.x
        gradient, base = self.gradient, view.value(x)
        slope, doubt = norm_of(gradient), DOUBTED * view.precision * abs(base)
        came = x - (x if self.start is None else self.start)
        for way in (way / norm_of(way) for way in (-gradient, came) if 0 < norm_of(way) < np.inf):
            falls = [base - view.value(x + t * self.scale * way) for t in PASSED]
            least = [max(doubt, MORE * slope * t * self.scale) for t in PASSED]
            beyond = all(np.isfinite(fall) and fall > some for fall, some in zip(falls, least, strict=True))
            if beyond and all(b > FASTER * a for a, b in pairwise(falls)):
                return self._made("degenerate", "inflection", escape=way)
        return None

    def _fall(self, values: Sequence[tuple[float, float]], x: Vector) -> Detail:
        """Whether a fall without end, of which distances and values are known, gets slower and slower."""
        base = self.view.value(x)
        distances = np.array([0.0, *(distance for distance, _ in values)])
        heights = np.array([base, *(value for _, value in values)])
        drops = -np.diff(heights)
        seen = np.isfinite(drops) & (drops > DOUBTED * self.view.precision * np.abs(heights[1:]))
        speeds = (drops / np.diff(distances))[seen]
        return "endless" if len(speeds) > 1 and speeds[-1] > FADING * speeds[0] else "asymptote"

    def _tail(self, look: LineProbe) -> Point | None:
        """A plateau, where an inflection seems to be: beyond an inflection the slope rises again, here it fades."""
        view, slope = self.view, norm_of(self.view.gradient(self.x))
        if look.way is None or not slope > 0:
            return None
        uphill = [norm_of(view.gradient(self.x - t * self.scale * look.way)) for t in FAR_OFF]
        return None if any(one > slope for one in uphill) else self.out_of_proportion()

    def _lower(self, look: LineProbe) -> Point | None:
        """A plateau: somewhere along the line that seems flat, or at a point that the run came through, it is lower."""
        ways = [] if look.line is None else [look.line, -look.line]
        places = [self.centre + t * self.scale * way for way in ways for t in CLOSELY]
        for point in self.seen[:1]:
            places += [self.centre + t * (point - self.centre) for t in BETWEEN]
        for place in (*self.seen, *places):
            if self._is_lower(place):
                way = place - self.centre
                return self._made("degenerate", "plateau", escape=way / norm_of(way))
        return None

    def _underflown(self, look: LineProbe) -> Point | None:
        """A slope that is there where double precision has lost it: exp(-x) at 800, which falls for ever; tanh(x)^2.

        Not one that other coordinates make, which are not quite at their minimum: that of y^2*exp(x) for a tiny y.
        """
        axes = np.flatnonzero(cleaned(look.line)) if look.line is not None else np.arange(0)
        if len(axes) != 1:
            return None
        i, way = int(axes[0]), np.zeros(len(self.x))
        slope = self.view.exact_slope(self.centre, i)
        if slope is None or _sign(slope) == 0 or self._is_of_others(slope, i):
            return None
        way[i] = -_sign(slope)

        def goes_on(far: float) -> bool:
            ahead = self.view.exact_slope(self.centre + far * self.scale * way, i)
            return ahead is not None and _sign(ahead) == _sign(slope)

        outside = next((far for far in AHEAD if not goes_on(far)), None)
        if outside is None:
            return self._made("degenerate", "asymptote", escape=way)
        inside = 0.0
        for _ in range(HALVED):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if goes_on(middle) else (inside, middle)
        lower = self._is_lower(self.centre + outside * self.scale * way)
        return self._made("degenerate", "plateau", escape=way) if lower else None

    def _is_of_others(self, slope: Any, i: int) -> bool:
        """Whether a slope along an axis is far greater a little way off along another direction."""
        for direction in self.curvature.vectors[:, self._bent(self.curvature)].T[:BESIDE]:
            aside = self.view.exact_slope(self.centre + ASIDE * self.scale * direction, i)
            if aside is None or abs(float(slope / aside) if _sign(aside) else 1.0) < ALIKE_SLOPES:
                return True
        return False

    def _is_lower(self, place: Vector) -> bool:
        """Whether it is lower there by more than rounding, and by a part of what the run has fallen."""
        base = self.view.value(self.centre)
        fallen = self.view.value(self.seen[0]) - base if self.seen else 0.0
        least = max(DOUBTED * self.view.precision * abs(base), SEEN_FALL * fallen, 1e-300)
        return self.view.value(place) < base - least

    def _is_dead_level(self, look: LineProbe) -> bool:
        """Whether nothing changes along a line to the last digit, and no symbols say that it must be so.

        So it is where tanh has become 1 in these numbers: the ground may still slope, and there may be a dip that is
        narrower than the samples lie apart. A formula with corners may truly be constant on one side of them.
        """
        view, line = self.view, look.line
        if line is None or (view.expression is not None and not view.smooth):
            return False
        gradient, hessian = view.gradient(self.centre), view.hessian(self.centre)
        whole = not np.any(hessian) and not np.any(gradient)
        if whole and self._has_fallen():
            return False
        if not whole and (view.expression is None or np.any(hessian @ line) or gradient @ line != 0):
            return False
        base = view.value(self.centre)
        straight = all(view.value(self.centre + t * self.scale * line) == base for t in STRAIGHT)
        return straight and not view.is_constant_along(self.centre, line)

    def _has_fallen(self) -> bool:
        """Whether the run came to this ground from above it."""
        here = self.view.value(self.centre)
        return bool(self.seen) and self.view.value(self.seen[0]) - here > DOUBTED * self.view.precision * abs(
            here
        )

    def _bent(self, curvature: Curvature) -> Any:
        """Which directions have a curvature that decides: beside those that meet it, whatever the units of others.

        That of a quadratic is the same everywhere, so it decides however small it is.
        """
        least = FLAT if self.view.constant is None else self.view.doubt
        largest = float(np.max(np.abs(curvature.values), initial=0.0))
        return (
            np.abs(curvature.values) > least * (curvature.own if self.view.exact else largest)
        ) | curvature.known

    def _part(self) -> float:
        """How far the stationary point lies, as a part of the way from the start to it; 0 where none is known."""
        distance = norm_of(self.centre - self.x)
        if self.start is None or distance <= LEAST_DISTANCE * max(1.0, float(np.max(np.abs(self.x)))):
            return 0.0
        way = norm_of(self.centre - self.start)
        return distance / way if way > 0 else 0.0

    def _made(
        self, kind: Kind, detail: Detail = "", escape: Vector | None = None, look: LineProbe | None = None
    ) -> Point:
        sign, curvature = (-1.0 if self.up else 1.0), self.curvature
        swapped: dict[str, Kind] = {"minimum": "maximum", "maximum": "minimum"}
        way = look.way if look is not None else escape
        line = look.line if look is not None else None
        order = look.order if look is not None and np.isfinite(look.order) else None
        listed = curvature.to_list(sign)
        listed = listed[::-1] if self.up else listed
        name = ""
        if way is not None:
            name = along(cleaned(way), curvature.names, signed=True)
        elif line is not None:
            name = along(turned(line), curvature.names)
        return Point(
            swapped.get(kind, kind) if self.up else kind,
            detail,
            tuple(entry["curvature"] for entry in listed),
            tuple(listed),
            escape=None if way is None else tuple(float(v) + 0.0 for v in cleaned(way)),
            way=name,
            line=None if line is None else tuple(map(float, turned(line))),
            order=order,
            distance=norm_of(self.centre - self.x),
            part=self._part(),
            names=curvature.names,
            maximize=self.up,
        )


def far_fall(
    view: AnalysisView, x: Vector, seen: tuple[Vector, ...], slope: Vector | None = None
) -> Point | None:
    """The plateau that a point is on, seen by values alone, where second derivatives are too dear; None where none is.

    Args:
        view: the function.
        x: the point.
        seen: points that the run came through, its start first.
        slope: the gradient at the point, where it is known.

    >>> from downslope.objectives.formula import from_text
    >>> far_fall(AnalysisView(from_text("tanh(x)^2 + tanh(y)^2")), np.array([20.0, 20.0]), ()).detail
    'plateau'
    """
    ground = FarGround(view, x, seen)
    ground.centre, ground.off, ground.slope = x, 0.0, slope
    ground.curvature = Curvature(np.empty(0), np.empty((len(x), 0)), view.names)
    try:
        with np.errstate(all="ignore"):
            return ground.passage() or ground.plateau([]) or ground.stepped() or ground.out_of_proportion()
    except (TooDearError, ObjectiveError):
        return None


def far_descent(view: AnalysisView, x: Vector, start: Vector, slope: Vector) -> Point | None:
    """The asymptote or inflection that a point is at where no curvature that was seen is negative; None where none is.

    >>> from downslope.objectives.formula import from_text
    >>> x = np.array([30.0, 30.0])
    >>> view = AnalysisView(from_text("exp(-x) + exp(-y)"))
    >>> far_descent(view, x, np.zeros(2), view.gradient(x)).detail
    'asymptote'
    """
    ground = FarGround(view, x, (start,))
    ground.centre, ground.off, ground.slope = x, 0.0, slope
    ground.curvature = Curvature(np.empty(0), np.empty((len(x), 0)), view.names)
    try:
        with np.errstate(all="ignore"):
            cheap = view.expression is not None or view.objective.program is not None
            return (ground.endless() if cheap else None) or ground.passage()
    except (TooDearError, ObjectiveError):
        return None


def _sign(number: Any) -> int:
    return int(bool(number > 0)) - int(bool(number < 0))


def cleaned(direction: Vector) -> Vector:
    """A direction without what is only rounding in it."""
    return np.where(np.abs(direction) < 1e-9, 0.0, direction)
