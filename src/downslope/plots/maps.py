"""Two axes of a run seen from above: contours, and the path across them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.contour import QuadContourSet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, MaxNLocator

from downslope.messages import Message, message, plural
from downslope.plots.drawing import Drawing
from downslope.plots.grid import surface, values_at
from downslope.plots.levels import Levels, choose_levels
from downslope.plots.look import LEFT, RIGHT, WIDTH, Page, Panel, Theme, hatching, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats, Plane
from downslope.plots.trace import Labels, PathStyle, Trace, leaving, reached_summit
from downslope.plots.view import Window
from downslope.plots.whole import gaps_said, spacing
from downslope.plots.window import choose_window, drawn_until, inside, leaves_at
from downslope.plots.words import heading, point, readable, titled

BAR = 1.15  # inches for the colour bar and its numbers
TALLEST = 6.0
BETWEEN_ARROWS, ARROW = 0.42, 0.26  # inches from one arrow to the next, and its length
UNEQUAL_RATIO = 0.65  # height to width where the axes are not equal


def draw_map(plane: Plane, options: PlotOptions) -> Drawing:
    """The contours around a path and the path itself."""
    theme = themed(options.theme)
    window, equal = choose_window([plane], options.view(plane.names))
    box = box_of(window, equal)
    panel = Panel.open(theme, window, box[0], height=box[1])
    axes = panel.axes
    extra: list[Artist] = []
    contours = None
    if not plane.lost:
        contours, extra = landscape(panel, plane, options)
        extra += slopes(panel, plane) if options.arrows else []
    style = PathStyle(joined=spacing(plane.run) == 1)
    trace = Trace(panel, plane.path, _labels(plane, window), drawn_until(plane, window), style=style)
    extra = [*marks_of(panel, plane), *outside_of(axes, plane, theme), *extra]
    if equal:
        axes.set_aspect("equal")
    panel.name_axes(*plane.names)
    page = Page(box, BAR if contours else RIGHT, options.size, equal)
    lines = titled(heading(plane.run, _notes(plane, window)), options.title)
    page.lay([axes], lines, [*trace.handles, *extra], theme)
    return Drawing(panel.figure, trace.moving, trace.show, plane.steps, trace.scaled)


def box_of(window: Window, equal: bool) -> tuple[float, float]:
    """The size of the axes in inches."""
    wide, tall = (high - low for low, high in window)
    ratio = tall / wide if equal else UNEQUAL_RATIO
    width = min(WIDTH - LEFT - BAR, TALLEST / ratio)
    return width, width * ratio


def _notes(plane: Plane, window: Window) -> list[Message]:
    notes = [plane.note]
    if plane.projected:
        first, second = plane.names
        notes.append(
            message(
                "the plane of {first} and {second} through the last point; the path is projected on it",
                first=first,
                second=second,
            )
        )
    out = leaves_at(plane, window)
    if out is not None:
        notes.append(message("the path starts outside this view") if out == 0 else leaving(plane, out))
    notes.append(gaps_said(plane.run))
    if plane.lost:
        notes.append(plane.missing)
    return notes


def _labels(plane: Plane, window: Window) -> Labels:
    first, last = plane.path[0], plane.path[-1]
    run = plane.run
    if reached_summit(run):
        end = message("maximum reached, step {step:,} {point}", step=run.nit, point=point(last))
    else:
        end = message("end, step {step:,} {point}", step=run.nit, point=point(last))
    if not inside(last[None], window)[0]:
        end = message("{end}, outside this view", end=end)
    return Labels(message("start {point}", point=point(first)), end)


def landscape(panel: Panel, plane: Plane, options: PlotOptions) -> tuple[QuadContourSet | None, list[Artist]]:
    """The contours and their colour bar; hatching where the function has no value."""
    axes, window = panel.axes, panel.window
    across, along, values = surface(plane, window)
    extra: list[Artist] = []
    if np.isnan(values).any():
        extra.append(_hatch(panel))
    known = plane.minimum if len(plane.marks) and inside(plane.marks, window).any() else None
    levels = choose_levels(values, options.levels, known, plane.run.maximize)
    finite = values[np.isfinite(values)]
    if (
        levels is None
        or not finite.size
        or not ((levels.at > finite.min()) & (levels.at < finite.max())).any()
    ):
        return None, extra
    grid = (across, along, np.ma.masked_invalid(values), levels.at)
    coloured: dict[str, Any] = {"norm": _norm(levels), "cmap": panel.theme.colours}
    if options.filled and len(levels.at) > 1:
        bands = axes.contourf(*grid, **coloured, extend="both", zorder=1)
        bands.set_rasterized(True)  # bands side by side show seams where a viewer smooths their edges
        lines = axes.contour(
            *grid, colors="#ffffff", linestyles="solid", linewidths=0.45, alpha=0.4, zorder=2
        )
    else:
        bands = lines = axes.contour(*grid, **coloured, linewidths=0.9, zorder=2)
    if len(levels.at) > 1:
        bar = panel.colour_bar(bands, pointed=False)
        bar.ax.yaxis.set_major_locator(FixedLocator(list(_ticks(levels))))
        bar.ax.yaxis.set_minor_locator(FixedLocator([]))
    return lines, extra


def slopes(panel: Panel, plane: Plane) -> list[Artist]:
    """Arrows of one length, where the gradient says that the ground falls fastest (rises, where the run climbs).

    On axes that are not equal an arrow is at right angles to its contour in numbers, and not on paper.
    """
    (left, right), (bottom, top) = panel.window
    wide, tall = right - left, top - bottom
    sides = np.array([wide, tall]) / np.array([panel.width, panel.height])  # units of each axis in an inch
    columns, rows = (max(2, round(inches / BETWEEN_ARROWS)) for inches in (panel.width, panel.height))
    across = left + wide * (np.arange(columns) + 0.5) / columns
    along = bottom + tall * (np.arange(rows) + 0.5) / rows
    xs, ys = (grid.ravel() for grid in np.meshgrid(across, along))
    points = plane.points(xs, ys)
    ways = np.array([_way(plane, point) for point in points])
    ways[np.isnan(values_at(plane.run.objective, points))] = np.nan
    with np.errstate(all="ignore"):
        ways /= np.hypot(*(ways / sides).T)[:, None] / ARROW  # each as long on paper as the others
    fine = np.isfinite(ways).all(axis=1)
    if not fine.any():
        return []
    panel.axes.quiver(
        *(values[fine] for values in (xs, ys, *ways.T)),
        angles="xy",
        scale_units="xy",
        scale=1,
        pivot="mid",
        color="#101010",
        width=0.0018,
        headwidth=5,
        zorder=3,
        path_effects=[withStroke(linewidth=1.6, foreground="#ffffff", alpha=0.7)],  # seen on dark ground too
    )
    said = message("where it rises fastest") if plane.run.maximize else message("where it falls fastest")
    handle = Line2D([], [], color=panel.theme.ink, alpha=0.7, marker=">", markersize=5, linewidth=1.0)
    handle.set_label(readable(said))
    return [handle]


def _way(plane: Plane, point: Floats) -> Floats:
    """The direction of steepest descent, or of ascent where the run climbs, as far as the plane shows it."""
    with np.errstate(all="ignore"):
        try:
            gradient = np.asarray(plane.run.objective.gradient(point), np.float64)[list(plane.axes)]
        except Exception:  # a person's function may raise anything where the run never went
            return np.full(2, np.nan)
    return gradient if plane.run.maximize else -gradient


def _norm(levels: Levels) -> Normalize:
    """Colours that change evenly from level to level."""
    low, high = float(levels.at[0]), float(levels.at[-1])
    if len(levels.at) == 1:
        return Normalize(low - 1, high + 1)
    if levels.base is None:
        return Normalize(low, high)
    base, sign = levels.base, -1.0 if levels.climb else 1.0
    least = float(np.abs(levels.at - base).min())

    def forward(value: Floats) -> Floats:
        out: Floats = sign * np.log(np.maximum(sign * (np.asarray(value, np.float64) - base), least / 10))
        return out

    def inverse(height: Floats) -> Floats:
        out: Floats = base + sign * np.exp(sign * np.asarray(height, np.float64))
        return out

    return FuncNorm((forward, inverse), low, high)


def _ticks(levels: Levels) -> Floats:
    """Few numbers for the colour bar."""
    low, high = float(levels.at[0]), float(levels.at[-1])
    if levels.base is None:
        found = np.asarray(MaxNLocator(7).tick_values(low, high), np.float64)
        return found[(found >= low) & (found <= high)]
    heights = np.abs(levels.at - levels.base)
    first, last = np.floor(np.log10(heights.min())), np.ceil(np.log10(heights.max()))
    every = max(1, int((last - first) // 6))
    powers: Floats = 10.0 ** np.arange(first, last + 1, every)
    if last - first <= 3:
        powers = np.outer(powers, np.array([1.0, 2.0, 5.0])).ravel()
    powers = powers[(powers >= heights.min()) & (powers <= heights.max())]
    exact = levels.base - powers if levels.climb else levels.base + powers
    return np.array([_round(value, power / 10) for value, power in zip(exact, powers, strict=True)])


def _round(value: float, within: float) -> float:
    """The number of fewest digits that close to it.

    >>> _round(0.010178, 0.001), _round(10041.3, 1000.0), _round(54.93, 1.0)
    (0.01, 10000.0, 55.0)
    """
    rounded = (float(f"{value:.{digits}e}") for digits in range(17))
    return next((r for r in rounded if abs(r - value) <= within), value)


def _hatch(panel: Panel) -> Artist:
    """Hatch everything; the contours will cover where the function has values."""
    (left, right), (bottom, top) = panel.window
    style = hatching(panel.theme)
    panel.axes.add_patch(Rectangle((left, bottom), right - left, top - bottom, zorder=0, **style))
    return Patch(label=readable(message("no finite value")), **style)


def marks_of(panel: Panel, plane: Plane) -> list[Artist]:
    """Stars at the known minimisers in view."""
    marks = plane.marks[inside(plane.marks, panel.window)] if len(plane.marks) else plane.marks
    if not len(marks):
        return []
    name = plural("known minimum {point}", "known minima ({n})", n=len(marks), point=point(marks[0]))
    if plane.projected:
        name = message("known minimum, projected")
    (stars,) = panel.axes.plot(*marks.T, "*", color=panel.theme.minimum, markersize=17, zorder=7)
    stars.set(markeredgecolor="#101010", markeredgewidth=1.0, clip_on=False, label=readable(name))
    return [stars]


def outside_of(axes: Axes, plane: Plane, theme: Theme) -> list[Artist]:
    """The step that led out of the domain, dashed."""
    if plane.outside is None:
        return []
    ends = np.array([plane.path[-1], plane.outside])
    axes.plot(*ends.T, color=theme.path, linewidth=1.1, linestyle=(0, (4, 3)), zorder=5)
    (cross,) = axes.plot(*ends[1:].T, "X", color=theme.path, markersize=9, zorder=9)
    name = readable(message("left the domain {point}", point=point(ends[1])))
    cross.set(markeredgecolor="#ffffff", label=name)
    return [cross]
