"""A function of one parameter, the points of the run on it, and the tangents that it followed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch
from numpy.typing import NDArray

from downslope.messages import Message, message
from downslope.objectives import FormulaObjective
from downslope.plots.drawing import Drawing
from downslope.plots.grid import curve, drawable, values_at
from downslope.plots.look import LEFT, RIGHT, WIDTH, Page, Panel, Theme, hatching, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats, Plane
from downslope.plots.trace import Labels, PathStyle, Trace, apart, leaving, reached_summit
from downslope.plots.view import Pair, Window
from downslope.plots.whole import gaps_said, spacing
from downslope.plots.window import MARGIN, choose_span, drawn_until, inside, leaves_at
from downslope.plots.words import heading, number, readable, titled, value_name

MOST_TANGENTS = 12
TANGENT = 0.14  # half the length of a tangent, in parts of the picture
HEIGHT = 4.3
ASIDE = 2.0  # times the width of the view, at either side, it is looked for a lower minimum
CLEARLY = 1e-3  # of the values that the run came through, what is lower by less is not called lower
TALLER = 3.0  # a curve that goes so many times as far from the path as that goes itself is cut off


def draw_curve(plane: Plane, options: PlotOptions) -> Drawing:
    """The curve, the path on it and its tangents."""
    theme = themed(options.theme)
    asked = options.view((*plane.names, plane.value))
    span, lower = (asked[plane.names[0]], None) if plane.names[0] in asked else span_of([plane])
    points = points_of(plane)
    xs, ys = (np.empty(0), np.empty(0)) if plane.lost else curve(plane, span)
    window = (span, asked.get(plane.value) or heights_of(points, ys, span))
    panel = Panel.open(theme, window, WIDTH - LEFT - RIGHT, grid=True)
    axes = panel.axes
    extra: list[Artist] = []
    if not plane.lost:
        (line,) = axes.plot(xs, broken(ys, window[1]), color=theme.curve, linewidth=2.0, zorder=3)
        name = plane.names[0]
        cost = plane.value == "cost"
        line.set_label(readable(message("cost at {name}", name=name) if cost else f"f({name})"))
        extra = [line, *undefined_in(axes, xs, ys, theme)]
    style = PathStyle(joined=spacing(plane.run) == 1)
    labels = _labels(plane, points, window)
    trace = Trace(panel, points, labels, drawn_until(plane, window[:1]), style=style)
    tangents = _Tangents(axes, plane, trace, theme)
    extra += [*tangents.handles, *stars_on_curve(panel, plane), *_outside(panel, plane)]
    panel.name_axes(*plane.names)
    axes.yaxis.set_label_text(readable(value_name(plane.value)))
    page = Page((panel.width, HEIGHT), size=options.size)
    lines = titled(
        heading(plane.run, [*_notes(plane, points, window), lower_said(plane, lower)]), options.title
    )
    page.lay([axes], lines, [*trace.handles, *extra], theme)

    def show(row: int) -> None:
        trace.show(row)
        tangents.show(row)

    return Drawing(panel.figure, [*tangents.moving, *trace.moving], show, plane.steps, trace.scaled)


def span_of(planes: Sequence[Plane]) -> tuple[Pair, float | None]:
    """What is shown of the one parameter, and a lower minimum beyond that to which it was widened (a higher maximum).

    It is looked for at both sides, as far away as twice the width of what holds the paths, of formulas whose best run
    ended as it was to: a picture of one of two minima should not look as if it were the only one.
    """
    span = choose_span(*planes)
    best = min(planes, key=lambda plane: _signed(plane) * plane.run.fun)
    if not (best.run.success and isinstance(best.run.objective, FormulaObjective)) or best.lost:
        return span, None
    wide, end, sign = span[1] - span[0], float(best.path[-1, 0]), _signed(best)
    xs, ys = curve(best, (span[0] - ASIDE * wide, span[1] + ASIDE * wide))
    heights = sign * ys
    least = np.flatnonzero((heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])) + 1
    clearly = sign * best.run.fun - CLEARLY * float(np.ptp(best.run.history.value) or 1.0)
    found = [
        float(xs[i])
        for i in least
        if heights[i] < clearly
        and not span[0] <= xs[i] <= span[1]
        and _is_smooth(best, (xs[i - 1], xs[i + 1]), float(np.ptp(heights[i - 1 : i + 2])))
    ]
    if not found:
        return span, None
    lower = min(found, key=lambda x: abs(x - end))
    room = MARGIN * max(abs(lower - span[0]), abs(lower - span[1]))
    return (min(span[0], lower - room), max(span[1], lower + room)), lower


def _is_smooth(plane: Plane, around: Pair, rise: float) -> bool:
    """Whether a lowest point between two others is a minimum and not the edge of a pole, beside which it falls on."""
    _, ys = curve(plane, around)
    return bool(np.isfinite(ys).all() and np.ptp(ys) <= 2 * rise)


def _signed(plane: Plane) -> float:
    return -1.0 if plane.run.maximize else 1.0


def lower_said(plane: Plane, lower: float | None) -> Message | None:
    """That the minimum reached is not the least, where the picture shows a lower one."""
    if lower is None:
        return None
    point = f"{plane.names[0]} = {number(lower, 3)}"
    if plane.run.maximize:
        return message("a local maximum: there is a higher one near {point}", point=point)
    return message("a local minimum: there is a lower one near {point}", point=point)


def points_of(plane: Plane) -> Floats:
    """The path as points of the graph."""
    history = plane.run.history
    values = drawable(history.value) if len(history) else np.full(1, np.nan)
    return np.column_stack([plane.path[:, 0], values])


def _labels(plane: Plane, points: Floats, window: Window) -> Labels:
    run, name = plane.run, plane.names[0]
    first, last = (f"{name} = {number(x, 4)}" for x in (points[0, 0], points[-1, 0]))
    if reached_summit(run):
        end = message("maximum reached, step {step:,}, {point}", step=run.nit, point=last)
    else:
        end = message("end, step {step:,}, {point}", step=run.nit, point=last)
    if not inside(points[-1:], window)[0]:
        end = message("{end}, outside this view", end=end)
    return Labels(message("start, {point}", point=first), end, message("steps", context="legend"))


def _notes(plane: Plane, points: Floats, window: Window) -> list[Message | None]:
    first = leaves_at(plane, window[:1])
    leaves = None if first is None else leaving(plane, first)
    return [plane.note, leaves, gaps_said(plane.run), plane.missing if plane.lost else None]


def heights_of(points: Floats, ys: Floats, span: Pair) -> Pair:
    """The range of values: the whole curve, or what the path sees of it where the curve goes much further."""
    shown = points[(points[:, 0] >= span[0]) & (points[:, 0] <= span[1]), 1]
    shown, finite = shown[np.isfinite(shown)], ys[np.isfinite(ys)]
    low, high = _range(np.concatenate([shown, finite]))
    if shown.size and finite.size:
        base, top = _range(shown)
        middle = np.quantile(finite, [0.1, 0.9])
        reach = max(top - base, 0.5 * float(middle[1] - middle[0]), 1e-12 * (high - low))
        low = base - reach if base - low > TALLER * reach else low
        high = top + reach if high - top > TALLER * reach else high
    room = 0.07 * (high - low) or 1.0
    return low - room, high + room


def _range(values: Floats) -> Pair:
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def broken(ys: Floats, shown: Pair) -> Floats:
    """The values with a gap wherever a line between two neighbours would be no part of the graph.

    That is at a pole, where the line would cross the whole picture, and at a jump, where it would be much
    steeper than on either side.

    >>> broken(np.array([1.0, 9.0, -9.0, -1.0]), (-2.0, 2.0))
    array([ 1.,  9., nan, -1.])
    """
    low, high = shown
    rise = np.abs(np.diff(ys))
    before, after = ys[:-1], ys[1:]
    crosses = ((before > high) & (after < low)) | ((before < low) & (after > high))
    beside = np.fmax(np.append(0.0, rise[:-1]), np.append(rise[1:], 0.0))
    jumps = (rise > 0.02 * (high - low)) & (rise > 20 * beside)
    out = ys.copy()
    out[1:][crosses | jumps] = np.nan
    return out


def undefined_in(axes: Axes, xs: Floats, ys: Floats, theme: Theme) -> list[Artist]:
    """Hatch the stretches where the function has no value."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isnan(ys), [0]])))
    stretches = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 2]
    style = hatching(theme)
    for first, beyond in stretches:
        axes.axvspan(float(xs[first]), float(xs[beyond - 1]), zorder=0, **style)
    return [Patch(label=readable(message("no finite value")), **style)] if stretches else []


def stars_on_curve(panel: Panel, plane: Plane) -> list[Artist]:
    """A star at each known minimum in view."""
    xs = plane.marks[inside(plane.marks, panel.window[:1]), 0]
    if plane.lost or not len(xs):
        return []
    heights = values_at(plane.run.objective, plane.points(xs))
    (stars,) = panel.axes.plot(xs, heights, "*", color=panel.theme.minimum, markersize=17, zorder=7)
    name = message("known minima")
    if len(xs) == 1:
        name = message("known minimum, {point}", point=f"{plane.names[0]} = {number(xs[0], 4)}")
    stars.set(markeredgecolor="#101010", markeredgewidth=1.0, label=readable(name))
    return [stars]


def _outside(panel: Panel, plane: Plane) -> list[Artist]:
    """A cross on the axis where the run left the domain."""
    if plane.outside is None:
        return []
    x = float(plane.outside[0])
    (cross,) = panel.axes.plot([x], panel.window[1][:1], "X", color=panel.theme.path, markersize=10, zorder=9)
    name = message("left the domain, {point}", point=f"{plane.names[0]} = {number(x, 4)}")
    cross.set(markeredgecolor="#ffffff", clip_on=False, label=readable(name))
    return [cross]


class _Tangents:
    """Short straight lines with the function's slope at points of the path."""

    def __init__(self, axes: Axes, plane: Plane, trace: Trace, theme: Theme) -> None:
        self.rows, segments = _segments(plane, trace)
        self.segments = segments
        name = readable(message("tangents"))
        self.lines = LineCollection([], colors=theme.ink, linewidths=1.1, zorder=4, label=name)
        axes.add_collection(self.lines, autolim=False)
        self.show(len(trace.points))

    @property
    def moving(self) -> list[Artist]:
        return [self.lines]

    @property
    def handles(self) -> list[Artist]:
        return [self.lines] if len(self.rows) else []

    def show(self, row: int) -> None:
        self.lines.set_segments(list(self.segments[self.rows <= row]))


def _segments(plane: Plane, trace: Trace) -> tuple[NDArray[np.int64], Floats]:
    """The rows with a tangent, and the two ends of each."""
    none = np.empty(0, np.int64), np.empty((0, 2, 2))
    (left, right), (bottom, top) = trace.window
    rows = trace.dotted
    within = ((trace.scaled[rows] >= 0) & (trace.scaled[rows] <= 1)).all(axis=1)
    rows = rows[within]
    if plane.lost or not len(rows):
        return none
    rows = rows[apart(trace.scaled[rows], 0.06)]
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_TANGENTS).round().astype(int))]
    points = trace.points[rows]
    slopes = np.array([float(plane.run.objective.gradient(x)[0]) for x in plane.points(points[:, 0])])
    steep = slopes * (right - left) / (top - bottom)
    ahead = TANGENT / np.hypot(1.0, steep)
    reach = np.column_stack([ahead * (right - left), ahead * steep * (top - bottom)])
    fine = np.isfinite(reach).all(axis=1)
    ends = np.stack([points - reach, points + reach], axis=1)
    return rows[fine], ends[fine]
