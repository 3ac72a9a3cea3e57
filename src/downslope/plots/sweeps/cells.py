"""What maps of runs have in common: a cell for each run, and where its edges are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from numpy.typing import NDArray

from downslope.descent.status_words import in_words
from downslope.descent.stopping import Status
from downslope.errors import UsageError
from downslope.messages import Message, message, plural
from downslope.plots.look import LEFT, WIDTH, Page, Panel, Theme, themed
from downslope.plots.options import PlotOptions
from downslope.plots.sweeps.axes import axis_name, numeric_axes, setting_word
from downslope.plots.words import readable, said_of, title, titled
from downslope.sweeping.record import SweepRecord
from downslope.sweeping.runs import STATUSES, code_of
from downslope.sweeping.settings import SweepAxis, Target, is_geometric

Floats = NDArray[np.float64]

HEIGHT = 5.2
RIGHT = 1.15  # inches for a colour bar


@dataclass(frozen=True, eq=False)
class Cells:
    """A map of runs.

    Attributes:
        sweep: whose runs.
        x, y: the two axes, and ``places`` of the runs, shape (values of y, values of x).
    """

    sweep: SweepRecord
    x: SweepAxis
    y: SweepAxis
    places: NDArray[np.intp]

    @classmethod
    def of(cls, sweep: SweepRecord, *, rate_across: bool) -> Cells:
        """Over the two axes of numbers, the learning rate across; the other axes must have one value only.

        Raises:
            UsageError: more varies.
        """
        axes = sweep.trial.design.axes
        x, y = numeric_axes(sweep)
        if rate_across and _target(y) == ("learning_rate",):
            x, y = y, x
        others = [axis.name for axis in axes if axis is not x and axis is not y and len(axis) > 1]
        if others:
            raise UsageError(
                message(
                    "a map has two axes, and {others} varies too: make a sweep for each of its values.",
                    others=others[0],
                )
            )
        order = np.arange(len(sweep)).reshape(sweep.trial.design.shape)
        order = np.moveaxis(order, (axes.index(y), axes.index(x)), (0, 1)).reshape(len(y), len(x))
        up, across = np.argsort(values_of(y)), np.argsort(values_of(x))
        return cls(sweep, x, y, order[np.ix_(up, across)])

    def of_runs(self, column: NDArray[Any]) -> NDArray[Any]:
        """A column as it lies on the map."""
        return np.asarray(column[self.places])

    def open(self, options: PlotOptions) -> Panel:
        """Axes for it."""
        theme = themed(options.theme)
        edges = [edges_of(values_of(axis)) for axis in (self.x, self.y)]
        window = tuple((float(e[0]), float(e[-1])) for e in edges)
        panel = Panel.open(theme, window, WIDTH - LEFT - RIGHT)  # type: ignore[arg-type]
        for axis, set_scale, limits, ends in (
            (self.x, panel.axes.set_xscale, panel.axes.set_xlim, edges[0]),
            (self.y, panel.axes.set_yscale, panel.axes.set_ylim, edges[1]),
        ):
            if is_geometric(values_of(axis)):
                set_scale("log")
                limits(float(ends[0]), float(ends[-1]))
        panel.name_axes(axis_name(self.x), axis_name(self.y))
        return panel

    def fill(self, panel: Panel, colours: NDArray[np.float64]) -> None:
        """Colour the cells, shape (values of y, values of x, 3)."""
        across, up = edges_of(values_of(self.x)), edges_of(values_of(self.y))
        panel.axes.pcolormesh(across, up, colours, rasterized=True, antialiased=False, linewidth=0, zorder=1)

    def lay(
        self, panel: Panel, lines: list[Message | None], handles: list[Artist], options: PlotOptions
    ) -> None:
        """Write headings and legend around it."""
        head = [title_of(self.sweep), (readable(rule_of(self.sweep)), False)]
        size = message(
            "{across:,} × {up:,} runs, one a cell, nothing between them", across=len(self.x), up=len(self.y)
        )
        told = said_of([size, *lines])
        page = Page((panel.width, HEIGHT), RIGHT, options.size)
        page.lay([panel.axes], titled([*head, (told, False)], options.title), handles, panel.theme)


def values_of(axis: SweepAxis) -> Floats:
    """The numbers of an axis."""
    return np.asarray(next(iter(axis.sets.values())), np.float64)


def _target(axis: SweepAxis) -> Target:
    return next(iter(axis.sets))


def edges_of(values: Floats) -> Floats:
    """Where cells begin and end: half-way between neighbours, by ratio where these are in equal ratios."""
    values = np.unique(values)
    if is_geometric(values):
        return np.exp(edges_of_sorted(np.log(values)))
    return edges_of_sorted(values)


def edges_of_sorted(values: Floats) -> Floats:
    """The same of sorted numbers at any distances."""
    middle = (values[1:] + values[:-1]) / 2
    first, last = values[0] - (middle[0] - values[0]), values[-1] + (values[-1] - middle[-1])
    return np.concatenate([[first], middle, [last]])


def title_of(sweep: SweepRecord) -> tuple[str, bool]:
    """The objective, as mathematics where it is a short formula."""
    return title(sweep.trial.objective)


def rule_of(sweep: SweepRecord) -> str:
    """The rule, and what all runs have."""
    trial = sweep.trial
    varied = {target[-1] for _, target in trial.design.targets()}
    rule = trial.optimizer_of(trial.design.at(0))
    numbers = [
        f"{setting_word(name)} {value:.6g}"
        for name, value in rule.hyperparameters().items()
        if isinstance(value, float) and name not in varied
    ]
    name = "" if "optimizer" in varied else rule.name().replace("_", " ")
    limit = trial.stopping_of(trial.design.at(0)).with_defaults()
    said = [
        *([name[:1].upper() + name[1:]] if name else []),
        *numbers,
        str(plural("at most {n:,} step", "at most {n:,} steps", n=limit.steps or 0)),
    ]
    if limit.tolerance is not None:
        said.append(str(message("gradient norm to {tolerance:g}", tolerance=limit.tolerance)))
    return ", ".join(said)


def status_colours(theme: Theme) -> dict[Status, tuple[float, float, float]]:
    """A colour for each way to end that is not a success."""
    dark = theme.paper != "#ffffff"
    return {
        Status.STEP_LIMIT: to_rgb("#9aa1ad" if not dark else "#6a7280"),
        Status.EVALUATION_LIMIT: to_rgb("#9aa1ad" if not dark else "#6a7280"),
        Status.STALLED: to_rgb("#c9a227"),
        Status.UNBOUNDED: to_rgb("#7b2d8b"),
        Status.LEFT_DOMAIN: to_rgb("#e8d5b7" if not dark else "#6b5a3e"),
        Status.INTERRUPTED: to_rgb(theme.undefined),
        Status.ERROR: to_rgb("#101010" if not dark else "#f0f0f0"),
        Status.STOPPED_BY_CALLBACK: to_rgb(theme.undefined),
        Status.TIME_LIMIT: to_rgb(theme.undefined),
        Status.DIVERGED: to_rgb("#b3261e"),
    }


def legend_of(status: NDArray[np.int8], theme: Theme, *, leave_out: set[Status]) -> list[Artist]:
    """A patch for each way to end that occurs."""
    colours = status_colours(theme)
    counts = np.bincount(status.ravel(), minlength=len(STATUSES))
    return [
        Patch(
            facecolor=colours[one],
            edgecolor=theme.faint,
            linewidth=0.5,
            label=readable(
                message("{status} ({count:,})", status=in_words(one), count=int(counts[code_of(one)]))
            ),
        )
        for one in colours
        if counts[code_of(one)] and one not in leave_out
    ]
