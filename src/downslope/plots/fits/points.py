"""Rows on a pair of axes: as points, or, of very many, as their density."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from downslope.messages import NOTHING, Message, message
from downslope.plots.drawing import Drawing
from downslope.plots.fits.scene import Scene
from downslope.plots.look import LEFT, RIGHT, Theme
from downslope.plots.plane import Floats
from downslope.plots.view import Window
from downslope.plots.words import number, readable

ACROSS, UP = 150, 100  # cells of a density
BAR = 1.15  # inches beside the axes for the colour bar and its numbers
FEW, SOME = 60, 1000  # rows drawn large, and small


def scattered(
    axes: Axes,
    xs: Floats,
    ys: Floats,
    colour: Any,
    theme: Theme,
    name: Message | str = NOTHING,
    among: int = 0,
) -> Artist:
    """The rows as points, the smaller and the fainter the more there are, in all ``among`` which they are."""
    count = max(len(xs), among)
    size, alpha = (6.5, 0.95) if count <= FEW else (4.5, 0.7) if count <= SOME else (3.0, 0.45)
    (points,) = axes.plot(xs, ys, linestyle="none", marker="o", color=colour, markersize=size, alpha=alpha)
    points.set(
        markeredgecolor=theme.paper,
        markeredgewidth=0.5 if count <= SOME else 0.0,
        zorder=6 if count <= FEW else 3,
    )
    points.set_rasterized(count > SOME)
    points.set_label(readable(name))
    return points


def dense(axes: Axes, xs: Floats, ys: Floats, window: Window, theme: Theme, width: float) -> None:
    """How many rows there are in each cell of the window, with a colour bar beside axes so many inches wide."""
    counts, across, up = np.histogram2d(xs, ys, bins=(ACROSS, UP), range=window)
    most = max(float(counts.max()), 2.0)
    cells = axes.pcolormesh(
        across,
        up,
        np.ma.masked_equal(counts.T, 0),
        norm=LogNorm(1, most),
        cmap=theme.colours,
        rasterized=True,
        zorder=2,
    )
    inset = axes.inset_axes((1 + 0.15 / width, 0.0, 0.19 / width, 1.0))
    bar = axes.figure.colorbar(cells, cax=inset)
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if most < 200 else (1.0,)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))
    bar.ax.tick_params(colors=theme.faint, labelsize=8)
    bar.set_label(readable(message("rows in a cell")), color=theme.faint, size=9)
    bar.outline.set_edgecolor(theme.faint)


def still(figure: Figure, scene: Scene) -> Drawing:
    """A picture in which nothing moves."""
    history = scene.fit.history
    return Drawing(figure, [], lambda row: None, history.step, np.zeros((len(history), 2)))


def room_beside(crowded: bool) -> float:
    """Inches to leave free beside the axes."""
    return BAR if crowded else RIGHT


def axes_width(figure_width: float, crowded: bool) -> float:
    """Inches for the axes themselves."""
    return figure_width - LEFT - room_beside(crowded)
