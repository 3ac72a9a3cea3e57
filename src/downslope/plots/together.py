"""Several runs in one picture: their paths on one map or curve, their values on one pair of axes, and what they did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from downslope.messages import NOTHING, Message, message, plural
from downslope.plots.curve import broken, heights_of, points_of, span_of, stars_on_curve, undefined_in
from downslope.plots.drawing import Drawing
from downslope.plots.grid import curve
from downslope.plots.look import BOTTOM, LEFT, RIGHT, Page, Panel, Theme, dress, themed
from downslope.plots.maps import BAR, UNEQUAL_RATIO, landscape, marks_of, outside_of, slopes
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats, Plane
from downslope.plots.progress import Quantity, envelope, norm_quantity, value_quantity
from downslope.plots.run_table import RunTable
from downslope.plots.trace import Labels, Trace
from downslope.plots.whole import gaps_said, spacing
from downslope.plots.window import choose_window, drawn_until, inside
from downslope.plots.words import number, point, readable, said_of, title, titled, value_name

WIDE, TALL, LOW = 5.8, 4.6, 3.2  # inches: at most so wide and tall is a map, and at least so tall a panel
BESIDE = 3.9  # inches: how wide the values are
ALONE = 4.9  # the same where there is no map
BETWEEN = 0.6  # inches between two panels, for the numbers of the second
BUCKETS = 800  # of a longer curve the least and the greatest of every bucket are drawn
DECADES = (
    30.0  # where the runs made so many times as many evaluations as each other, these are counted by decades
)


@dataclass
class _Parts:
    """What a picture is put together of.

    Attributes:
        axes: from left to right.
        widths: of each, in inches, with the room at its right.
        moving: what changes from step to step.
        shows: makes each of it show a step.
        handles: for the legend.
        ways: where every run is at every step, in parts of a picture, (steps, 2) each.
        notes: what is to be said above.
    """

    axes: list[Axes] = field(default_factory=list)
    widths: list[tuple[float, float]] = field(default_factory=list)
    moving: list[Artist] = field(default_factory=list)
    shows: list[Callable[[int], None]] = field(default_factory=list)
    handles: list[Artist] = field(default_factory=list)
    ways: list[Floats] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def draw_together(planes: Sequence[Plane], kind: str, options: PlotOptions) -> Drawing:
    """The picture of that kind: "together" is the map or curve, where there is one, with the values beside it."""
    theme = themed(options.theme)
    runs = [plane.run for plane in planes]
    table = RunTable.of(runs, theme)
    last = max(int(plane.steps[-1]) for plane in planes)
    steps = (
        np.arange(last + 1) if last < 200_000 else np.unique(np.linspace(0, last, 200_000).astype(np.int64))
    )
    picture = _Picture(planes, table, theme, steps, options)
    parts = _Parts()
    flat = 0 if kind == "progress" else len(planes[0].axes)
    height = LOW
    if flat == 2:
        height = picture.add_map(parts)
    elif flat == 1:
        picture.add_curve(parts)
    if kind in ("together", "progress"):
        picture.add_values(parts, norms=flat == 0)
    picture.lay(parts, height)
    way = np.concatenate(parts.ways, axis=1)

    def show(row: int) -> None:
        for one in parts.shows:
            one(row)

    return Drawing(picture.figure, parts.moving, show, steps, way)


@dataclass
class _Picture:
    """A picture while it is made."""

    planes: Sequence[Plane]
    table: RunTable
    theme: Theme
    steps: NDArray[np.int64]
    options: PlotOptions
    figure: Any = None

    def rows(self, plane: Plane) -> NDArray[np.int64]:
        """The row at which a run is at each of the steps."""
        return np.searchsorted(plane.steps, self.steps, side="right") - 1

    def add_map(self, parts: _Parts) -> float:
        """The paths on one map; returns how high it is, in inches."""
        first = self.planes[0]
        window, equal = choose_window(self.planes, self.options.view(first.names))
        wide, tall = (high - low for low, high in window)
        ratio = tall / wide if equal else UNEQUAL_RATIO
        width = min(WIDE, TALL / ratio)
        panel = Panel.open(self.theme.muted(), window, width, height=width * ratio)
        self.figure = panel.figure
        contours = None
        if not first.lost:
            contours, parts.handles = landscape(panel, first, self.options)
            parts.handles += slopes(panel, first) if self.options.arrows else []
        else:
            parts.notes.append(first.missing)
        self._trace(parts, panel, [plane.path for plane in self.planes])
        for plane in self.planes:
            parts.handles += outside_of(panel.axes, plane, self.theme)
        parts.handles = [*marks_of(panel, first), *parts.handles]
        panel.name_axes(*first.names)
        parts.axes.append(panel.axes)
        parts.widths.append((width, BAR if contours is not None else RIGHT))
        if first.projected:
            parts.notes.append(
                message(
                    "the plane of {first} and {second} through the end of the first; the paths are projected on it",
                    first=first.names[0],
                    second=first.names[1],
                )
            )
        return width * ratio

    def add_curve(self, parts: _Parts) -> None:
        """The paths on the graph of a function of one parameter."""
        first = self.planes[0]
        asked = self.options.view((*first.names, first.value))
        span = asked.get(first.names[0]) or span_of(self.planes)[0]
        points = [points_of(plane) for plane in self.planes]
        xs, ys = (np.empty(0), np.empty(0)) if first.lost else curve(first, span)
        heights = asked.get(first.value) or heights_of(np.concatenate(points), ys, span)
        panel = Panel.open(self.theme, (span, heights), WIDE, grid=True)
        self.figure = panel.figure
        if not first.lost:
            (line,) = panel.axes.plot(
                xs, broken(ys, heights), color=self.theme.faint, linewidth=1.6, zorder=3
            )
            line.set_label(readable(f"f({first.names[0]})"))
            parts.handles = [line, *undefined_in(panel.axes, xs, ys, self.theme)]
        self._trace(parts, panel, points)
        parts.handles = [*stars_on_curve(panel, first), *parts.handles]
        panel.name_axes(*first.names)
        panel.axes.yaxis.set_label_text(readable(value_name(first.value)))
        parts.axes.append(panel.axes)
        parts.widths.append((WIDE, RIGHT))

    def _trace(self, parts: _Parts, panel: Panel, paths: Sequence[Floats]) -> None:
        dimensions = len(self.planes[0].axes)
        out: list[int] = []
        for i, (plane, path) in enumerate(zip(self.planes, paths, strict=True)):
            style = self.table.style_of(i, spacing(plane.run) == 1)
            until = drawn_until(plane, panel.window[:dimensions])
            trace = Trace(panel, path, Labels(NOTHING, NOTHING), until, style=style)
            at = self.rows(plane)
            parts.moving += trace.moving
            parts.shows.append(lambda row, trace=trace, at=at: trace.show(int(at[row])))  # type: ignore[misc]
            parts.ways.append(np.nan_to_num(trace.scaled[at]))
            if not inside(plane.path, panel.window[:dimensions]).all():
                out.append(i)
            if i == 0:
                trace.start.set_label(readable(self._starts(path)))
                parts.handles = [trace.start, *parts.handles]
        if out:
            parts.notes.append(plural("{n} path leaves this view", "{n} paths leave this view", n=len(out)))
        parts.notes.append(next(filter(None, (gaps_said(plane.run) for plane in self.planes)), NOTHING))

    def _starts(self, path: Floats) -> Message:
        starts = {tuple(plane.run.start.tolist()) for plane in self.planes}
        if len(starts) > 1:
            return message("starts ({n})", n=len(starts))
        if len(self.planes[0].axes) == 1:
            return message("start, {point}", point=f"{self.planes[0].names[0]} = {number(path[0, 0], 4)}")
        return message("start {point}", point=point(path[0]))

    def add_values(self, parts: _Parts, *, norms: bool) -> None:
        """The values against evaluations, and the gradient norms in a panel of their own."""
        runs = [plane.run for plane in self.planes]
        first = self.planes[0]
        columns = [run.history.value if len(run.history) else np.full(1, np.nan) for run in runs]
        joined = value_quantity(np.concatenate(columns), first.minimum, runs[0].maximize, first.value)
        panels = [(joined, columns)]
        if norms:
            lengths = [run.history.gradient_norm if len(run.history) else np.full(1, np.nan) for run in runs]
            panels.append((norm_quantity(np.concatenate(lengths)), lengths))
            parts.notes.append(next(filter(None, (gaps_said(run, path=False) for run in runs)), NOTHING))
        places = [self._panel(parts) for _ in panels]
        for axes, (quantity, parted) in zip(places, panels, strict=True):
            pieces = np.split(quantity.values, np.cumsum([len(column) for column in parted])[:-1])
            self._lines(parts, axes, pieces, quantity)

    def _panel(self, parts: _Parts) -> Axes:
        if self.figure is None:
            panel = Panel.open(self.theme, ((0.0, 1.0), (0.0, 1.0)), ALONE, grid=True)
            self.figure = panel.figure
            axes: Axes = panel.axes
        else:
            axes = self.figure.add_axes((0.6, 0.1, 0.3, 0.8))
            dress(axes, self.theme)
            axes.grid(color=self.theme.grid, linewidth=0.7)
            axes.set_axisbelow(True)
        parts.axes.append(axes)
        parts.widths.append((BESIDE if parts.ways else ALONE, RIGHT))
        return axes

    def _lines(self, parts: _Parts, axes: Axes, pieces: Sequence[Floats], quantity: Quantity) -> None:
        spent, mapped = [_spent(plane) for plane in self.planes], bool(parts.ways)
        most = [float(column[-1]) for column in spent]
        axes.set_ylabel(readable(quantity.name))
        axes.set_xlabel(readable(message("evaluations", context="axis")))
        axes.autoscale(True)
        if quantity.log:
            axes.set_yscale("log")
        if max(most) > DECADES * max(min(most), 1.0):
            axes.set_xscale("log")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
        for i, (plane, across, values) in enumerate(zip(self.planes, spent, pieces, strict=True)):
            style = self.table.style_of(i, True)
            kept = envelope(values, BUCKETS)
            (line,) = axes.plot(
                across[kept], values[kept], color=style.colour, linestyle=style.dashes, linewidth=style.width
            )
            (end,) = axes.plot(across[-1:], values[-1:], "D", color=style.colour, markersize=6, zorder=5)
            end.set(markeredgecolor=self.theme.paper, markeredgewidth=1.0)
            at = self.rows(plane)
            parts.moving += [line, end]
            parts.shows.append(_Grown(line, end, kept, across, values, at))
            if not mapped:
                parts.ways.append(np.column_stack([across[at] / max(max(most), 1.0), np.zeros(len(at))]))
        axes.autoscale_view()
        axes.set_autoscale_on(False)

    def lay(self, parts: _Parts, height: float) -> None:
        """Put the panels side by side, with the heading above and the table below."""
        gaps = sum(room for _, room in parts.widths) + BETWEEN * (len(parts.widths) - 1)
        whole = sum(width for width, _ in parts.widths)
        first = parts.widths[0][0]
        page = Page((first, height), whole - first + gaps, self.options.size, under=self.table.height)
        told = [plural("{n} run", "{n} runs", n=len(self.planes)), *parts.notes]
        heading = [title(self.planes[0].run.objective), (said_of(told), False)]
        page.lay(parts.axes[:1], titled(heading, self.options.title), parts.handles, self.theme)
        wide, tall = self.figure.get_size_inches()
        box, at = parts.axes[0].get_position(), LEFT
        stretch = (wide - LEFT - gaps) / whole
        for axes, (width, room) in zip(parts.axes, parts.widths, strict=True):
            axes.set_position((at / wide, box.y0, width * stretch / wide, box.height))
            at += width * stretch + room + BETWEEN
        self.table.draw(self.figure, (LEFT, box.y0 * tall - BOTTOM + 0.02), self.theme)


@dataclass(frozen=True)
class _Grown:
    """A curve as it was at a step."""

    line: Line2D
    end: Line2D
    kept: NDArray[np.int64]
    across: Floats
    values: Floats
    at: NDArray[np.int64]

    def __call__(self, row: int) -> None:
        last = int(self.at[row])
        rows = np.append(self.kept[self.kept < last], last)
        self.line.set_data(self.across[rows], self.values[rows])
        drawn = np.flatnonzero(np.isfinite(self.values[: last + 1]))[-1:]
        self.end.set_data(self.across[drawn], self.values[drawn])


def _spent(plane: Plane) -> Floats:
    """Evaluations made at each row."""
    history = plane.run.history
    return np.asarray(history.evaluations if len(history) else np.zeros(1), np.float64)
