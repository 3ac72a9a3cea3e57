"""How a point is judged: by its Hessian where that decides, else by values further out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from downslope.descent.norms import norm_of
from downslope.explain.corners import OFF, Corner, corner_at
from downslope.explain.curvature import Curvature, along, turned
from downslope.explain.far_ground import DOUBTED, FAR_DOWN, FLAT, LOWER, MORE, FarGround, cleaned
from downslope.explain.kinks import kinked, lower_by_a_jump, rises_around
from downslope.explain.line_probe import (
    FEWEST,
    LINEAR,
    Ground,
    LineProbe,
    fall_without_end,
    probe_along,
    reaches,
)
from downslope.explain.point import Point
from downslope.explain.poles import Slope, way_into
from downslope.explain.walls import least_at_an_edge
from downslope.objectives import Vector

LEAST_SLOPE = (
    1e-10  # part of the slopes of the coordinates that it belongs to, below which one may be rounding
)
POLISHES = 8  # Newton steps towards the stationary point itself
HOMING = 60  # more of them, where they arrive slowly
HOME = 1e-9  # part of the first of them, at which they have arrived
NEARLY_HOME = 1e-2  # part of it that will do where rounding ends the way
SHRINKING = 0.97  # each must be shorter than this part of the last
QUADRATIC = 0.1  # a Newton step that leaves more than this part of the way was not on a quadratic
PROBES = (1e-5, 1e-3, 1e-2)  # of the scale, over which curvatures are measured again
SPOILT = 0.1  # part by which a second derivative must be off
ALIKE = 0.05  # part by which these measurements may differ
LEVEL = 1e-12  # of the highest rise around: a direction that rises no more than this is flat
ROUNDED = 1e3  # roundings of the point, which a step must outweigh
OUTWEIGHED = (
    0.3  # part of the slope that a negative curvature makes within the scale: more slope left decides nothing
)
FAR = 0.08  # a point that is this part of the whole way from the stationary point has not arrived
CORNERED = 1.4  # a greater exponent is no corner
TWO = (1.8, 2.2)  # exponents that are a square's


class PointClassifier(FarGround):
    """The steps of a judgement, from what is quickly seen to what must be looked for."""

    def point(self) -> Point:
        """The judgement; at an edge of the domain, where no curvature decides, values inside it do."""
        point = self._inside()
        if point.detail not in (
            "undecided",
            "not_finite",
            "unfinished",
            "flat_valley",
            "higher_order_minimum",
        ):
            return point
        axis = least_at_an_edge(self.view, self.x, self.scale)
        if axis is None:
            return point
        return Point("edge_of_domain", "least", way=self.view.names[axis], maximize=self.up)

    def _inside(self) -> Point:
        view = self.view
        value, gradient = view.value(self.x), view.gradient(self.x)
        if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
            return Point("edge_of_domain", maximize=self.up)
        into = way_into(view, Slope(self.x, value, gradient), self.scale)
        if into is not None:
            way = along(cleaned(into), view.names, signed=True)
            ahead = tuple(float(v) + 0.0 for v in cleaned(into))
            return Point("degenerate", "pole", escape=ahead, way=way, names=view.names, maximize=self.up)
        kink = kinked(view, self.x, self.scale)
        if kink is not None:
            return kink
        lower = lower_by_a_jump(view, self.x, self.scale)
        if lower is not None:
            way = along(lower, view.names, signed=True)
            ahead = tuple(map(float, lower))
            return Point("degenerate", "jump", escape=ahead, way=way, names=view.names, maximize=self.up)
        stepped = self.stepped()
        if stepped is not None:
            return stepped
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
            endless = self.endless()
            if endless is not None:
                return endless
        if (down and view.expression is not None) or not np.all(regular):
            open_ways = curvature.vectors[:, ~regular | (curvature.values < 0)].T
            plateau = self.plateau(open_ways)
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
            regular = regular & (
                self.curvature.values > 0
            )  # what curves down and does not fall is no minimum yet
            centre = self.centre
        if np.all(regular):
            return self._made("minimum") if self._part() <= FAR else self._made("small_by_units")
        return self._beyond(regular)

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

    def _unfinished(self) -> Point:
        """A slope that decides nothing: of a plateau, or of a run that has not ended yet."""
        return self.out_of_proportion() or self._worse() or self._made("unknown", "unfinished")

    def _shows(self, bend: float) -> bool:
        """Whether a curvature of minus this much is more than rounding, and than the gradient that is left here.

        Along it the slope changes by ``bend`` times the scale within the scale. Where the gradient is of that size, the
        point is not where such a curvature would be seen: the run is not finished.
        """
        if bend <= DOUBTED * self.view.precision * float(np.max(np.abs(self.curvature.values))):
            return False
        left, doubt = (
            norm_of(self.view.gradient(self.x)),
            50 * self.view.precision * abs(self.view.value(self.x)),
        )
        seen = max(self.scale, float(np.sqrt(100 * doubt / bend)))  # no nearer would values show it
        return left <= max(OUTWEIGHED * bend * seen, 10 * self.view.noise(self.x))

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
        if reaches(self.scale, self.off) < FEWEST:
            return (
                self._unfinished()
            )  # the stationary point lies so far off that nothing can be seen around it
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
            other = self._worse() or self.out_of_proportion() or self._underflown(flat) or self._lower(flat)
            if other is None and self._is_dead_level(flat):
                return self._made("degenerate", "undecided", look=flat)
            return other or self._made("degenerate", "flat_valley", look=flat)
        if all(TWO[0] <= look.order <= TWO[1] for look in looks):
            made = self._made("minimum" if self._part() <= FAR else "small_by_units")
            hidden = (
                made.kind != "small_by_units" and 0.0 in made.curvatures
            )  # values tell that it is none of 0
            return replace(made, curvatures=(), directions=()) if hidden else made
        steepest = max(looks, key=lambda look: look.order)
        if (
            steepest.order < LINEAR and steepest.line is not None
        ):  # as |x|: a corner, beside which the point stands
            if steepest.order > CORNERED:  # as |x|^1.5: no gradient jumps, and no curvature is finite
                return replace(self._made("minimum", "cusp"), curvatures=(), directions=())
            name = along(turned(steepest.line), curvature.names)
            rises = rises_around(self.view, self.x, self.scale)
            return Point("kink", way=name, names=curvature.names, rises=rises, maximize=self.up)
        return self._made("degenerate", "higher_order_minimum", look=steepest)

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


def _newton(curvature: Curvature, gradient: Vector) -> Vector:
    """Newton's step in every direction that has a curvature at all."""
    sizes = np.abs(curvature.values)
    bent = sizes > 1e-13 * np.max(sizes, initial=0.0)
    slopes = curvature.vectors.T @ gradient
    return np.asarray(
        curvature.vectors @ np.divide(-slopes, curvature.values, out=np.zeros(len(slopes)), where=bent)
    )
