"""Value and gradient norm against steps: the picture that any run can have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from downslope.messages import Message, listing, message
from downslope.plots.drawing import Drawing
from downslope.plots.look import LEFT, RIGHT, WIDTH, Page, Theme, blank, dress, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats, Plane
from downslope.plots.whole import gaps_said
from downslope.plots.words import heading, number, readable, steps_name, titled, value_name

HEIGHT = 5.4
DECADES = 100.0  # a quantity that changes by this factor is drawn on a logarithmic axis
BUCKETS = 1500  # of a longer run the least and the greatest of every bucket are drawn
MANY_STEPS = 1000
EARLY = 0.1  # where nearly all happens in this part of many steps, steps are logarithmic too
DOTS = 50  # so many rows are marked
THIN = 500  # of more rows the line is thin, for they may swing
NO_VALUE = message("no value was recorded")


@dataclass(frozen=True)
class Quantity:
    """What a panel shows.

    Attributes:
        values: one a row; NaN where it cannot be drawn.
        name: for the axis.
        log: whether the axis is logarithmic.
        none: what to say where there are no values.
    """

    values: Floats
    name: Message
    log: bool
    none: Message = NO_VALUE


def draw_progress(plane: Plane, options: PlotOptions) -> Drawing:
    """Two panels, one above the other: the value and the gradient norm at every step."""
    theme = themed(options.theme)
    run, history = plane.run, plane.run.history
    figure = blank(theme)
    upper = figure.add_axes((0.1, 0.5, 0.8, 0.4))
    lower = figure.add_axes((0.1, 0.1, 0.8, 0.4), sharex=upper)
    steps = np.asarray(plane.steps, np.float64)
    value = history.value if len(history) else np.full(1, np.nan)
    norm = history.gradient_norm if len(history) else np.full(1, np.nan)
    quantities = [value_quantity(value, plane.minimum, run.maximize, plane.value), norm_quantity(norm)]
    lines = []
    for axes, quantity, colour in zip((upper, lower), quantities, (theme.path, theme.curve), strict=True):
        dress(axes, theme)
        axes.grid(color=theme.grid, linewidth=0.7)
        lines.append(_Line(axes, steps, quantity, colour=colour, theme=theme))
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(readable(steps_name(plane.step)))
    _step_axis(lower, float(steps[-1]), early(quantities, steps))
    notes = [_ends(plane), plane.note, gaps_said(run, path=False)]
    Page((WIDTH - LEFT - RIGHT, HEIGHT), size=options.size).lay(
        [upper, lower], titled(heading(run, notes, plane.step), options.title), [], theme
    )

    def show(row: int) -> None:
        for line in lines:
            line.show(row)

    way = np.column_stack([line.scaled for line in lines])
    return Drawing(figure, [artist for line in lines for artist in line.moving], show, plane.steps, way)


def _ends(plane: Plane) -> Message:
    run = plane.run
    if not len(run.history):
        return message("the objective has no value at the start")
    row = run.history.evaluated - 1
    last = row == len(run.history) - 1
    if last:
        value, norm = run.fun, run.gradient_norm
    else:  # nobody evaluated where a recorded loop ended
        value, norm = float(run.history.value[row]), float(run.history.gradient_norm[row])
    named = message("cost {value}", value=number(value, 6))
    if plane.value != "cost":
        named = message("value {value}", value=number(value, 6))
    length = message("gradient norm {norm}", norm=number(norm, 3))
    known = listing([said for said, v in ((named, value), (length, norm)) if math.isfinite(v)])
    if not known:
        return message("neither values nor gradients were recorded")
    if last:
        return message("{known} at the end", known=known)
    if plane.step == "epoch":
        return message("{known} at epoch {step}", known=known, step=run.history.step[row])
    return message("{known} at step {step}", known=known, step=run.history.step[row])


def value_quantity(value: Floats, minimum: float | None, climb: bool, name: str = "value") -> Quantity:
    """The value by its ``name``, or how far it is above the known or the lowest minimum, where that spans decades.

    >>> quantity = value_quantity(np.array([5.0, 4.1, 4.001, 4.0]), None, False)
    >>> str(quantity.name), quantity.log
    ('value above the lowest', True)
    """
    cost, plain = name == "cost", value_name(name)
    none = message("no cost was recorded") if cost else NO_VALUE
    value = np.where(np.isfinite(value), value, np.nan)
    if minimum is not None and minimum != 0 and spans_decades(value - minimum):
        least = number(minimum, 6)
        above_known = message("value above the minimum {minimum}", minimum=least)
        if cost:
            above_known = message("cost above the minimum {minimum}", minimum=least)
        return Quantity(positive(value - minimum), above_known, True, none)
    if spans_decades(value):
        return Quantity(positive(value), plain, True, none)
    best = _best(value, climb)
    distance = best - value if climb else value - best
    above = positive(distance)
    if np.count_nonzero(np.isfinite(above)) > 2 and spans_decades(above[np.isfinite(above)]):
        return Quantity(above, _distance_name(cost, climb), True, none)
    return Quantity(value, plain, False, none)


def _distance_name(cost: bool, climb: bool) -> Message:
    if climb:
        return message("cost below the highest") if cost else message("value below the highest")
    return message("cost above the lowest") if cost else message("value above the lowest")


def norm_quantity(norm: Floats) -> Quantity:
    """The gradient norm, on a logarithmic axis where it spans decades; zeros are left out there."""
    norm = np.where(np.isfinite(norm), norm, np.nan)
    log = spans_decades(norm[norm > 0])
    none = message("no gradient norm was recorded")
    return Quantity(positive(norm) if log else norm, message("gradient norm", context="axis"), log, none)


def _best(value: Floats, climb: bool) -> float:
    if not np.isfinite(value).any():
        return float("nan")
    return float(np.nanmax(value) if climb else np.nanmin(value))


def positive(values: Floats) -> Floats:
    """The values, NaN where they are not above zero."""
    return np.where(values > 0, values, np.nan)


def spans_decades(values: Floats) -> bool:
    """Whether all values are above zero (zeros apart), and the greatest is a hundred times the least."""
    finite = values[np.isfinite(values)]
    above = finite[finite > 0]
    if len(above) < 2 or (finite < 0).any() or np.count_nonzero(finite == 0) > len(finite) / 2:
        return False
    return bool(above.max() / DECADES >= above.min())


def early(quantities: list[Quantity], steps: Floats) -> bool:
    """Whether nearly all happens in the first tenth of many steps, so that steps are best counted by decades."""
    if not len(steps) or steps[-1] < MANY_STEPS:
        return False
    shares = []
    for quantity in quantities:
        heights = np.log(quantity.values) if quantity.log else quantity.values
        kept = np.isfinite(heights)
        heights, when = heights[kept], steps[kept]
        if not heights.size or heights.max() <= heights.min():
            continue
        beginning = heights[when <= EARLY * steps[-1]]
        shares.append((beginning.max() - beginning.min()) / (heights.max() - heights.min()))
    return bool(shares) and min(shares) > 0.9


def _step_axis(axes: Axes, last: float, logarithmic: bool) -> None:
    last = max(last, 1.0)
    if logarithmic:
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(0, last * 1.3)
        return
    axes.set_xlim(-0.02 * last, 1.02 * last)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))


class _Line:
    """One quantity against steps."""

    def __init__(self, axes: Axes, steps: Floats, quantity: Quantity, *, colour: str, theme: Theme) -> None:
        self.steps, self.values = steps, quantity.values
        self.kept = envelope(quantity.values, BUCKETS)
        marker = "o" if len(steps) <= DOTS else ""
        width = 1.6 if len(steps) <= THIN else 0.8
        (self.line,) = axes.plot([], [], color=colour, linewidth=width, marker=marker, markersize=3.5)
        (self.end,) = axes.plot([], [], "D", color=colour, markersize=6.5, clip_on=False, zorder=5)
        self.end.set(markeredgecolor=theme.paper, markeredgewidth=1.0)
        if quantity.log:
            axes.set_yscale("log")
        axes.set_ylabel(readable(quantity.name))
        self.range = _limits(axes, quantity)
        if not np.isfinite(quantity.values).any():
            axes.set_yticks([])
            axes.text(
                0.5,
                0.5,
                readable(quantity.none),
                transform=axes.transAxes,
                ha="center",
                va="center",
            ).set(color=theme.faint, fontsize=10)
        self.log = quantity.log
        self.show(len(steps) - 1)

    @property
    def moving(self) -> list[Line2D]:
        return [self.line, self.end]

    @property
    def scaled(self) -> Floats:
        """The values in parts of the panel's height."""
        measure = np.log if self.log else np.asarray
        low, high = measure(np.array(self.range))
        scaled: Floats = (measure(self.values) - low) / (high - low)
        return scaled

    def show(self, row: int) -> None:
        rows = np.append(self.kept[self.kept < row], row)
        self.line.set_data(self.steps[rows], self.values[rows])
        drawn = np.flatnonzero(np.isfinite(self.values[: row + 1]))[-1:]
        self.end.set_data(self.steps[drawn], self.values[drawn])
        self.end.set_visible(bool(len(drawn)) and (drawn[0] == row or row == len(self.values) - 1))


def _limits(axes: Axes, quantity: Quantity) -> tuple[float, float]:
    """Set and return the range of the axis: all values, with a margin."""
    finite = quantity.values[np.isfinite(quantity.values)]
    if not finite.size:
        return axes.get_ylim()
    low, high = float(finite.min()), float(finite.max())
    if quantity.log:
        room = (high / low) ** 0.06
        low, high = max(low / room, 1e-307), min(high * room, 1e307)
    else:
        room = 0.06 * (high - low) or 0.05 * max(abs(high), 1.0)
        low, high = low - room, high + room
    axes.set_ylim(low, high)
    return low, high


def envelope(values: Floats, buckets: int) -> NDArray[np.int64]:
    """Rows that look like all rows: of each bucket the least and the greatest, so that no spike is lost."""
    count = len(values)
    if count <= 2 * buckets:
        return np.arange(count)
    edges = np.linspace(0, count, buckets + 1).astype(int)
    kept = {0, count - 1}
    for low, high in pairwise(edges):
        part = values[low:high]
        if np.isfinite(part).any():
            kept |= {low + int(np.nanargmin(part)), low + int(np.nanargmax(part))}
    return np.array(sorted(kept))
