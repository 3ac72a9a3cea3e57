"""How a point is judged: by its Hessian where that decides, else by values further out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from downslope.descent.norms import norm_of
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.corners import OFF, Corner, corner_at
from downslope.explain.curvature import Curvature, along, as_dict, turned
from downslope.explain.line_probe import LINEAR, Ground, LineProbe, fall_without_end, probe_along
from downslope.explain.point import Detail, Kind, Point
from downslope.objectives import Vector

FLAT = 1e-7  # a curvature below this part of the largest that meets it does not decide
LEAST_SLOPE = (
    1e-10  # part of the slopes of the coordinates that it belongs to, below which one may be rounding
)
FADING = 0.9  # part of the speed near by that is left far out, where a fall gets ever slower
POLISHES = 8  # Newton steps towards the stationary point itself
HOMING = 60  # more of them, where they arrive slowly
HOME = 1e-9  # part of the first of them, at which they have arrived
NEARLY_HOME = 1e-2  # part of it that will do where rounding ends the way
SHRINKING = 0.97  # each must be shorter than this part of the last
QUADRATIC = 0.1  # a Newton step that leaves more than this part of the way was not on a quadratic
LEAST_DISTANCE = 1e-8  # times the size of the point: nearer is there
PROBES = (1e-5, 1e-3, 1e-2)  # of the scale, over which curvatures are measured again
SPOILT = 0.1  # part by which a second derivative must be off
ALIKE = 0.05  # part by which these measurements may differ
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
LEVEL = 1e-12  # of the highest rise around: a direction that rises no more than this is flat
ROUNDED = 1e3  # roundings of the point, which a step must outweigh
DOUBTED = 100  # roundings, relative to the largest curvature, below which a negative one is no evidence
OUTWEIGHED = (
    0.3  # part of the slope that a negative curvature makes within the scale: more slope left decides nothing
)
MORE = 3.0  # times what the slope explains: a fall that is evidence of something beyond it
SEEN_FALL = 1e-6  # part of it that a place on flat ground must be lower, not to be the same floor
LOWER = 1e-2  # part of the run's whole fall by which values must still fall to be called lower
FAR_DOWN = 8  # tenfold distances over which values fall for ever, as far as can be seen
FAR = 0.08  # a point that is this part of the whole way from the stationary point has not arrived
STEEPEST = (
    12.5  # times as much at ten times the distance: abs(x)^1.1 changes more, and no gradient jumps there
)
NEARER = (1e-5, 1e-6)  # of the scale, over which a gradient's change is held against each other
JUMP = 0.95  # part of the change that must be left at a tenth of the distance
TWO = (1.8, 2.2)  # exponents that are a square's


class PointClassifier:
    """The steps of a judgement, from what is quickly seen to what must be looked for."""

    def __init__(self, view: AnalysisView, x: Vector, seen: tuple[Vector, ...] = ()) -> None:
        self.view, self.x, self.seen = view, x, seen
        start = seen[0] if seen else None
        self.up = view.sign < 0
        self.scale = max(float(np.max(np.abs(x))), norm_of(x - start) if start is not None else 0.0)
        self.scale = self.scale if self.scale > 0 else 1.0
        if start is None:
            self.scale = max(1.0, self.scale)
        self.start = start

    def point(self) -> Point:
        view = self.view
        if not np.isfinite(view.value(self.x)) or not np.all(np.isfinite(view.gradient(self.x))):
            return Point("edge_of_domain", maximize=self.up)
        kink = kinked(view, self.x, self.scale)
        if kink is not None:
            return kink
        hessian = view.hessian(self.x)
        if not np.all(np.isfinite(hessian)):
            return Point("unknown", "not_finite", maximize=self.up)
        curvature = self._curvature(self.x, hessian)
        centre, curvature, regular, off = self._polished(curvature)
        self.centre, self.curvature, self.off = centre, curvature, off
        corner = corner_at(view, centre, self.scale)
        if corner is not None and corner.least >= -OFF * corner.most:
            return self._in_corner(corner)
        endless = self._endless_quadratic() if view.constant is not None else None
        if endless is not None:
            return endless
        down = [i for i in np.flatnonzero(regular) if curvature.values[i] < 0]
        if not down and not np.all(regular):
            endless = self._endless()
            if endless is not None:
                return endless
        if (down and view.expression is not None) or not np.all(regular):
            open_ways = curvature.vectors[:, ~regular | (curvature.values < 0)].T
            plateau = self._plateau(open_ways)
            if plateau is not None:
                return plateau
        if down and not self._shows(-float(curvature.values[down[0]])):
            return self._unfinished()
        if down:
            escape = self._falls(curvature.vectors[:, down[0]], -float(curvature.values[down[0]]))
            if escape is not None:
                every = bool(np.all(curvature.values[regular] < 0)) and bool(np.all(regular))
                return self._made("maximum" if every else "saddle", escape=escape)
            regular[down] = False
        if not np.all(regular):
            regular = self._goes_home(regular)
            centre = self.centre
        if np.all(regular):
            return self._made("minimum") if self._part() <= FAR else self._made("small_by_units")
        return self._beyond(regular)

    def _bent(self, curvature: Curvature) -> Any:
        """Which directions have a curvature that decides: beside those that meet it, whatever the units of others.

        That of a quadratic is the same everywhere, so it decides however small it is.
        """
        least = FLAT if self.view.constant is None else self.view.doubt
        largest = float(np.max(np.abs(curvature.values), initial=0.0))
        return np.abs(curvature.values) > least * (curvature.own if self.view.exact else largest)

    def _in_corner(self, corner: Corner) -> Point:
        """A minimum around which the curvature is not that of any Hessian."""
        if self._part() > FAR:
            return self._made("unknown", "unfinished")
        made = self._made("minimum", "corner" if corner.bounded else "cusp")
        sign = -1.0 if self.up else 1.0
        return replace(
            made, curvatures=(), directions=(), ends=(sign * corner.least + 0.0, sign * corner.most)
        )

    def _endless_quadratic(self) -> Point | None:
        """A quadratic that falls for ever: along a slope without curvature, or far from its saddle or summit."""
        view, curvature = self.view, self.curvature
        gradient, bent = view.gradient(self.x), self._bent(curvature)
        slopes = curvature.vectors.T @ gradient
        sizes = [np.abs(slopes)]
        for point in (np.zeros(len(self.x)), *self.seen[:1]):
            sizes.append(curvature.sizes_beside(curvature.vectors.T @ view.gradient(point)))
        doubt = LEAST_SLOPE * (np.max(sizes, axis=0) + curvature.own * float(np.max(np.abs(self.x))))
        level = ~bent & (np.abs(slopes) > doubt)
        if np.any(level):
            way = -curvature.vectors[:, level] @ slopes[level]
            return self._made("degenerate", "endless", escape=way / norm_of(way))
        if np.any(bent & (curvature.values < 0)) and self._part() > FAR:
            steepest = int(np.argmin(curvature.values))
            way = curvature.vectors[:, steepest] * (-1.0 if slopes[steepest] > 0 else 1.0)
            return self._made("degenerate", "endless", escape=way)
        return None

    def _part(self) -> float:
        """How far the stationary point lies, as a part of the way from the start to it; 0 where none is known."""
        distance = norm_of(self.centre - self.x)
        if self.start is None or distance <= LEAST_DISTANCE * max(1.0, float(np.max(np.abs(self.x)))):
            return 0.0
        way = norm_of(self.centre - self.start)
        return distance / way if way > 0 else 0.0

    def _curvature(self, x: Vector, hessian: Any) -> Curvature:
        """The curvatures at a point, with those that rounding has spoilt taken from gradients further off.

        Near 0 the second derivative of 1 - sin(x)/x is a quotient of two roundings. Where the gradient's change over
        three lengths says the same, and the second derivative something else, the gradient is right.
        """
        curvature = self.view.curvature(x)
        if self.view.expression is None or self.view.constant is not None:
            return curvature
        values = curvature.values.copy()
        for i, direction in enumerate(curvature.vectors.T):
            measured = [self._slope_change(x, direction, part * self.scale) for part in PROBES]
            size = abs(measured[0])
            spoilt = abs(values[i] - measured[0]) > SPOILT * max(size, abs(values[i]))
            if spoilt and max(measured) - min(measured) <= ALIKE * size and self._is_even(x, direction, size):
                values[i] = measured[0]
        order = np.argsort(values, kind="stable")
        return Curvature(values[order], curvature.vectors[:, order], curvature.names)

    def _is_even(self, x: Vector, direction: Vector, size: float) -> bool:
        """Whether the slope changes as fast ahead as behind: else it is no curvature, but the mean of two."""
        step = PROBES[0] * self.scale
        behind, here, ahead = (
            float(self.view.gradient(x + way * step * direction) @ direction) for way in (-1, 0, 1)
        )
        return abs(ahead - 2 * here + behind) <= ALIKE * size * step

    def _slope_change(self, x: Vector, direction: Vector, step: float) -> float:
        ahead, behind = (self.view.gradient(x + way * step * direction) for way in (1, -1))
        return float((ahead - behind) @ direction / (2 * step))

    def _plateau(self, ways: Any) -> Point | None:
        """A plateau: ground from which the objective falls far off by more than any power of the distance makes likely.

        On x^7 a twenty times longer way changes the value 20^7 times as much; on a plateau rounding hides the change
        near by, and far off there is a whole fall. None where there is none.
        """
        view, x = self.view, self.x
        gradient, base = view.gradient(x), view.value(x)
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

    def _unfinished(self) -> Point:
        """A slope that decides nothing: of a plateau, or of a run that has not ended yet."""
        return self._out_of_proportion() or self._worse() or self._made("unknown", "unfinished")

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

    def _out_of_proportion(self) -> Point | None:
        """A plateau with a slow tail: downhill the whole fall is a thousand times what the slope here would make."""
        view, x = self.view, self.x
        gradient, base = view.gradient(x), view.value(x)
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

    def _shows(self, bend: float) -> bool:
        """Whether a curvature of minus this much is more than rounding, and than the gradient that is left here.

        Along it the slope changes by ``bend`` times the scale within the scale. Where the gradient is of that size, the
        point is not where such a curvature would be seen: the run is not finished.
        """
        if bend <= DOUBTED * self.view.precision * float(np.max(np.abs(self.curvature.values))):
            return False
        left = norm_of(self.view.gradient(self.x))
        return left <= max(OUTWEIGHED * bend * self.scale, 10 * self.view.noise(self.x))

    def _polished(self, curvature: Curvature) -> tuple[Vector, Curvature, Any, float]:
        """The stationary point near by, the curvature there, which directions are as quadratics are, and the doubt.

        A direction is regular where its curvature counts beside the largest and where Newton's step along it arrives:
        on x^4 it goes a third of the way, on x^3 half of it.
        """
        view, centre, off = self.view, self.x, 0.0
        regular = self._bent(curvature)
        for _ in range(POLISHES):
            gradient = view.gradient(centre)
            bent = self._bent(curvature)
            slopes = curvature.vectors.T @ gradient
            newton = np.divide(-slopes, curvature.values, out=np.zeros(len(slopes)), where=bent)
            length = norm_of(newton)
            slack = np.divide(
                np.abs(slopes),
                np.abs(curvature.values),
                out=np.zeros(len(slopes)),
                where=curvature.values != 0,
            )
            off = float(np.max(np.minimum(slack, self.scale)))
            there = centre + curvature.vectors @ newton
            if not length or view.hides(centre, gradient, 10):
                break
            after, hessian = view.gradient(there), view.hessian(there)
            if not (np.all(np.isfinite(after)) and np.all(np.isfinite(hessian))):
                regular = np.zeros(len(slopes), bool)
                break
            left = np.divide(
                curvature.vectors.T @ after, curvature.values, out=np.zeros(len(slopes)), where=bent
            )
            dust = 100 * view.noise(there) / np.maximum(np.abs(curvature.values), 1e-300)
            own = np.maximum(np.abs(newton), length / np.sqrt(len(newton)))
            regular = bent & (np.abs(left) <= QUADRATIC * own + dust)
            if not np.all(regular[bent]):
                break
            centre, curvature = there, self._curvature(there, hessian)
            regular = regular & self._bent(curvature)
        return centre, curvature, regular, off

    def _goes_home(self, regular: Any) -> Any:
        """Which directions are regular after moving to where Newton's method leads, slowly, if it does arrive.

        Where the curvature itself vanishes its steps shrink evenly; on an endless slope they never do, and nothing is
        moved.
        """
        view, centre, curvature = self.view, self.centre, self.curvature
        first, length = 0.0, np.inf
        for _ in range(HOMING):
            gradient = view.gradient(centre)
            before, step = length, _newton(curvature, gradient)
            length = norm_of(step)
            first = first or length
            if length <= HOME * first or not length < min(SHRINKING * before, self.scale):
                break
            hessian, after = view.hessian(centre + step), view.gradient(centre + step)
            if not (norm_of(after) < norm_of(gradient) and np.all(np.isfinite(hessian))):
                break
            centre = centre + step
            curvature = self._curvature(centre, hessian)
        shrunk = length / first if first else 1.0
        if shrunk > NEARLY_HOME:
            self.off = 0.0 if shrunk > SHRINKING else self.off  # it leads nowhere: distances mean nothing
            return regular
        old = np.abs(self.curvature.values)
        gone = np.maximum(FLAT * np.max(old), 10 * shrunk * np.max(old[~regular]))
        sizes = np.abs(curvature.values)
        values = np.where(sizes < 10 * shrunk * gone, 0.0, curvature.values)
        self.centre, self.off = centre, length
        self.curvature = Curvature(values, curvature.vectors, curvature.names)
        return sizes > gone

    def _falls(self, direction: Vector, bend: float) -> Vector | None:
        """The way, of the two, in which values do fall as this much downward curvature says; else None."""
        view, centre = self.view, self.centre
        base = view.value(centre)
        doubt = 50 * view.precision * abs(base)
        least = max(float(np.sqrt(100 * doubt / bend)), 4 * self.off, ROUNDED * view.precision * self.scale)
        ways = [direction, -direction] if view.gradient(self.x) @ direction <= 0 else [-direction, direction]
        for step in (
            max(1e-5 * self.scale, least),
            least,
        ):  # far from 0 the former may be many periods of a wave
            for way in ways:
                falls = [view.value(centre + t * step * way) - base for t in (1, 2, 4)]
                if falls[0] < 0 and falls[1] < falls[0] and falls[2] < min(falls[1], -doubt):
                    return way
        return None

    def _beyond(self, regular: Any) -> Point:
        """Judge by values along the directions that curvature leaves open."""
        curvature = self.curvature
        firm = regular & (curvature.values > 0)
        floor = Curvature(curvature.values[firm], curvature.vectors[:, firm], curvature.names)
        ground = Ground(self.view, self.centre, floor)
        looks = probe_along(ground, curvature.vectors[:, ~regular], self.scale, self.off)
        shapes = {look.shape: look for look in reversed(looks)}
        for shape in ("falls_both", "falls_one"):
            if shape in shapes and not self._outfalls(shapes[shape]):
                return self._unfinished()
        if "falls_both" in shapes:
            every = not np.any(firm) and all(look.shape == "falls_both" for look in looks)
            return self._made("maximum" if every else "saddle", look=shapes["falls_both"])
        if "falls_one" in shapes:
            plateau = self._tail(shapes["falls_one"])
            if plateau is not None:
                return plateau
            return self._made("degenerate", "inflection", look=shapes["falls_one"])
        if "slope" in shapes:
            return self._sloping(shapes["slope"])
        if "undecided" in shapes:
            return self._made("degenerate", "undecided")
        highest = max(look.rise for look in looks)
        for look in looks:
            if look.rise <= LEVEL * highest:
                shapes.setdefault("flat", look)
        if "flat" in shapes:
            flat = shapes["flat"]
            other = self._worse() or self._out_of_proportion() or self._underflown(flat) or self._lower(flat)
            if other is None and self._is_dead_level(flat):
                return self._made("degenerate", "undecided", look=flat)
            return other or self._made("degenerate", "flat_valley", look=flat)
        if all(TWO[0] <= look.order <= TWO[1] for look in looks):
            return self._made("minimum" if self._part() <= FAR else "small_by_units")
        steepest = max(looks, key=lambda look: look.order)
        if (
            steepest.order < LINEAR and steepest.line is not None
        ):  # as |x|: a corner, beside which the point stands
            name = along(turned(steepest.line), curvature.names)
            return Point("kink", way=name, names=curvature.names, maximize=self.up)
        return self._made("degenerate", "higher_order_minimum", look=steepest)

    def _endless(self) -> Point | None:
        """An asymptote: the steepest way down falls for ever, and ever less."""
        gradient = self.view.gradient(self.x)
        slope = norm_of(gradient)
        if not 0 < slope < np.inf:
            return None
        way = -gradient / slope
        values = fall_without_end(self.view, self.x, way, self.scale)
        drops = -np.diff([self.view.value(self.x), *(value for _, value in values)])
        if len(values) < FAR_DOWN or drops[-1] > drops[0] or not np.all(np.isfinite(drops)):
            return None
        return self._made("degenerate", self._fall(values, self.x), escape=way)

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
        return None if any(one > slope for one in uphill) else self._out_of_proportion()

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
        axes = np.flatnonzero(_cleaned(look.line)) if look.line is not None else np.arange(0)
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

    def _outfalls(self, look: LineProbe) -> bool:
        """Whether values fall by more than the gradient that is left makes them fall: if not, it is no evidence."""
        slope = norm_of(self.view.gradient(self.centre))
        return -look.nearest[1] > MORE * slope * look.nearest[0]

    def _sloping(self, look: LineProbe) -> Point:
        """Values fall in proportion: for ever, to somewhere far lower, or by no more than the gradient that is left."""
        assert look.way is not None
        values = fall_without_end(self.view, self.centre, look.way, self.scale)
        if len(values) >= FAR_DOWN:
            return self._made("degenerate", self._fall(values, self.centre), look=look)
        if values and abs(values[-1][1]) != np.inf:
            here = self.view.value(self.centre)
            fallen = 0.0 if self.start is None else self.view.value(self.start) - here
            if here - values[-1][1] > LOWER * fallen:
                return self._made("degenerate", "plateau", look=look)
        return self._unfinished()

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
            name = along(_cleaned(way), curvature.names, signed=True)
        elif line is not None:
            name = along(turned(line), curvature.names)
        return Point(
            swapped.get(kind, kind) if self.up else kind,
            detail,
            tuple(entry["curvature"] for entry in listed),
            tuple(listed),
            escape=None if way is None else tuple(float(v) + 0.0 for v in _cleaned(way)),
            way=name,
            line=None if line is None else tuple(map(float, turned(line))),
            order=order,
            distance=norm_of(self.centre - self.x),
            part=self._part(),
            names=curvature.names,
            maximize=self.up,
        )


def _sign(number: Any) -> int:
    return int(bool(number > 0)) - int(bool(number < 0))


def _newton(curvature: Curvature, gradient: Vector) -> Vector:
    """Newton's step in every direction that has a curvature at all."""
    sizes = np.abs(curvature.values)
    bent = sizes > 1e-13 * np.max(sizes, initial=0.0)
    slopes = curvature.vectors.T @ gradient
    return np.asarray(
        curvature.vectors @ np.divide(-slopes, curvature.values, out=np.zeros(len(slopes)), where=bent)
    )


def _cleaned(direction: Vector) -> Vector:
    return np.where(np.abs(direction) < 1e-9, 0.0, direction)


def _jumps(view: AnalysisView, x: Vector, scale: float, axis: Vector) -> bool:
    """Whether the slope jumps, and does not only grow fast on both sides, as that of abs(x)^1.2 does."""
    if view.expression is None:
        return True  # differences of values are too coarse to tell
    far, near = (
        norm_of(view.gradient(x + t * scale * axis) - view.gradient(x - t * scale * axis)) for t in NEARER
    )
    return near > JUMP * far


def kinked(view: AnalysisView, x: Vector, scale: float) -> Point | None:
    """The judgement of a point on a kink, found by second differences that shrink like the step and not its square."""
    if view.smooth:
        return None
    base = view.value(x)
    doubt = 50 * view.precision * abs(base)
    names = view.names
    for i, name in enumerate(names):
        axis = np.zeros(len(x))
        axis[i] = 1.0
        far, near = (
            np.array([view.value(x + way * t * scale * axis) - base for way in (1, -1)]) for t in (1e-5, 1e-6)
        )
        if not (np.all(np.isfinite(far)) and np.all(np.isfinite(near))):
            continue
        bends = abs(float(np.sum(far))), abs(float(np.sum(near)))
        if bends[1] > doubt and 5 < bends[0] / bends[1] < STEEPEST and _jumps(view, x, scale, axis):
            worse = int(np.argmin(far))
            escape = (axis if worse == 0 else -axis) if np.sum(far) < 0 else None
            return Point(
                "kink",
                escape=None if escape is None else tuple(as_dict(escape, names).values()),
                way=name,
                names=names,
                maximize=view.sign < 0,
            )
    return None
