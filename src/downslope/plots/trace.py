"""The path of a run on a pair of axes: its line, its points, where it began and where it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from downslope.descent import Descent
from downslope.messages import Message, message
from downslope.plots.look import Panel
from downslope.plots.plane import Floats, Plane
from downslope.plots.view import Window
from downslope.plots.window import inside
from downslope.plots.words import readable

MOST_POINTS = 6000
ALL_DOTS = 60  # so many points are all marked; of more, those that stand apart
APART = 0.028  # of the width of the picture
BEYOND = 1e4  # widths of the picture: further out nothing needs to be true but the direction

_START: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 9,
    "markeredgecolor": "#101010",
    "markeredgewidth": 1.5,
}
_END: dict[str, Any] = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 7.5,
    "markeredgecolor": "#ffffff",
    "markeredgewidth": 1.2,
}


@dataclass(frozen=True)
class Labels:
    """What the legend says of the path."""

    start: Message
    end: Message
    path: Message = field(default_factory=lambda: message("path", context="legend"))


@dataclass(frozen=True)
class PathStyle:
    """How a path looks among others.

    Attributes:
        colour: of its line, its points and its end; None is the theme's for a path alone.
        dashes: of its line, as Matplotlib takes them.
        joined: whether its points are a path: they are not where steps between them are missing.
        width: of the line, in points.
    """

    colour: str | None = None
    dashes: Any = "-"
    joined: bool = True
    width: float = 1.3


def reached_summit(run: Descent) -> bool:
    """Whether the path ends at a maximum that was looked for."""
    return run.maximize and run.success and run.status == "converged"


def leaving(plane: Plane, row: int) -> Message:
    """The note on the first row that is outside the view."""
    return message("the path leaves this view at step {step:,}", step=plane.steps[row])


class Trace:
    """The artists of one path.

    Args:
        panel: where to draw.
        points: the path, one row for each row of the history.
        labels: for the legend.
        until: the last row to draw; a run away crosses the picture again and again without a point in it.
        style: its look.
    """

    def __init__(
        self, panel: Panel, points: Floats, labels: Labels, until: int, *, style: PathStyle = PathStyle()
    ) -> None:
        axes, theme, window = panel.axes, panel.theme, panel.window
        self.until, self.style = until, style
        self.points, self.window = _tamed(points, window), window
        scaled = self.scaled
        self.within = inside(self.points, window)
        self.kept = thinned(scaled, MOST_POINTS)
        self.dotted = self.kept if len(self.kept) <= ALL_DOTS else self.kept[apart(scaled[self.kept], APART)]
        crowded = len(self.dotted) > ALL_DOTS
        halo = [Stroke(linewidth=2 * style.width, foreground=theme.halo, alpha=0.85), Normal()]
        colour = style.colour or theme.path
        (self.line,) = axes.plot([], [], color=colour, linewidth=style.width, zorder=5, path_effects=halo)
        self.line.set(linestyle=style.dashes, visible=style.joined)
        (self.dots,) = axes.plot([], [], linestyle="none", marker="o", color=colour, zorder=6)
        self.dots.set(markersize=3 if crowded else 4.5, markeredgecolor=theme.halo, markeredgewidth=0.5)
        (self.start,) = axes.plot(*self.points[:1].T, **_START, color=theme.start, zorder=8)
        self.start.set(label=readable(labels.start), clip_on=not self.within[0])
        (self.end,) = axes.plot([], [], **_END, color=colour, zorder=9, clip_on=False)
        self.keys = [
            Line2D(
                [],
                [],
                color=colour,
                linewidth=style.width,
                linestyle=style.dashes if style.joined else "none",
                marker="o",
                markersize=4,
                label=readable(labels.path if style.joined else message("kept points", context="legend")),
            ),
            Line2D([], [], **_END, color=colour, label=readable(labels.end)),
        ]
        self.show(len(points) - 1)

    @property
    def scaled(self) -> Floats:
        """The path in parts of the picture's width and height."""
        low, high = np.array(self.window, np.float64).T
        scaled: Floats = (self.points - low) / (high - low)
        return scaled

    @property
    def moving(self) -> list[Artist]:
        """The artists that change while the path grows, and the start, which stays above them."""
        return [self.line, self.dots, self.start, self.end]

    @property
    def handles(self) -> list[Artist]:
        """What the legend shows."""
        return [self.start, *(self.keys if len(self.points) > 1 else ())]

    def show(self, row: int) -> None:
        """Show the path up to and including a row."""
        row = min(row, self.until)
        line = np.append(self.kept[self.kept < row], row)
        self.line.set_data(*self.points[line].T)
        self.dots.set_data(*self.points[self.dotted[self.dotted <= row]].T)
        self.end.set_data(*self.points[row : row + 1].T)
        self.end.set_visible(len(self.points) > 1 and bool(self.within[row]))


def _tamed(points: Floats, window: Window) -> Floats:
    """The points, those far beyond the picture brought to where a renderer can count."""
    low, high = np.array(window, np.float64).T
    far = BEYOND * (high - low)
    return np.clip(points, low - far, high + far)


def thinned(scaled: Floats, most: int) -> NDArray[np.int64]:
    """Rows enough to draw the path: all, or those that move on by a two-thousandth of the picture, at most so many."""
    rows = np.arange(len(scaled))
    if len(rows) <= most:
        return rows
    cells = np.floor(np.nan_to_num(scaled) * 2000)
    moved = np.concatenate([[True], (np.diff(cells, axis=0) != 0).any(axis=1)])
    moved[-1] = True
    kept = rows[moved]
    if len(kept) > most:
        kept = np.append(kept[:: -(-len(kept) // (most - 1))], rows[-1])
    return np.unique(kept)


def apart(scaled: Floats, least: float) -> NDArray[np.int64]:
    """Rows each at least so far from the one marked before; the first and the last are among them."""
    marked = [0]
    for row in range(1, len(scaled)):
        if np.hypot(*(scaled[row] - scaled[marked[-1]])) >= least:
            marked.append(row)
    if marked[-1] != len(scaled) - 1:
        marked.append(len(scaled) - 1)
    return np.array(marked)
