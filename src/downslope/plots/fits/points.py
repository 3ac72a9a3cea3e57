"""Rows on a pair of axes: as points, or, of very many, as their density."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from downslope.messages import NOTHING, Message, message
from downslope.plots.drawing import Drawing
from downslope.plots.fits.scene import Scene
from downslope.plots.look import LEFT, RIGHT, Panel
from downslope.plots.plane import Floats
from downslope.plots.words import readable

ACROSS, UP = 150, 100  # cells of a density
BAR = 1.15  # inches beside the axes for the colour bar and its numbers
FEW, SOME = 60, 1000  # rows drawn large, and small


def scattered(
    panel: Panel, rows: tuple[Floats, Floats], colour: str, name: Message | str = NOTHING, *, among: int = 0
) -> Artist:
    """The rows (x, y) as points, the smaller and the fainter the more there are, or are ``among`` them."""
    count = max(len(rows[0]), among)
    size, alpha = (6.5, 0.95) if count <= FEW else (4.5, 0.7) if count <= SOME else (3.0, 0.45)
    (points,) = panel.axes.plot(
        *rows, linestyle="none", marker="o", color=colour, markersize=size, alpha=alpha
    )
    points.set(
        markeredgecolor=panel.theme.paper,
        markeredgewidth=0.5 if count <= SOME else 0.0,
        zorder=6 if count <= FEW else 3,
    )
    points.set_rasterized(count > SOME)
    points.set_label(readable(name))
    return points


def dense(panel: Panel, xs: Floats, ys: Floats) -> None:
    """How many rows there are in each cell of the window, with a colour bar."""
    counts, across, up = np.histogram2d(xs, ys, bins=(ACROSS, UP), range=panel.window)
    most = max(float(counts.max()), 2.0)
    cells = panel.axes.pcolormesh(
        across,
        up,
        np.ma.masked_equal(counts.T, 0),
        norm=LogNorm(1, most),
        cmap=panel.theme.colours,
        rasterized=True,
        zorder=2,
    )
    bar = panel.colour_bar(cells, readable(message("rows in a cell")))
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if most < 200 else (1.0,)))
    bar.ax.yaxis.set_minor_locator(NullLocator())


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
