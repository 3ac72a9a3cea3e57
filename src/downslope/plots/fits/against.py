"""Predictions against what happened: each row should lie on the diagonal, and its residual anywhere about zero."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist

from downslope.messages import message, plural
from downslope.plots.drawing import Drawing
from downslope.plots.fits.bins import binned
from downslope.plots.fits.points import dense, room_beside, scattered, still
from downslope.plots.fits.scene import Scene, outside_view, span
from downslope.plots.look import LEFT, WIDTH, Page, Panel, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats
from downslope.plots.words import readable, titled

SIDE = 5.0  # inches, of a square
HEIGHT = 4.4
BESIDE = 1.2  # inches for the histogram beside the residuals
BINS = 40
LEAST = 20  # rows for a histogram


def draw_predicted(scene: Scene, options: PlotOptions) -> Drawing:
    """What was predicted of each row against what it is, on equal axes with their diagonal."""
    theme = themed(options.theme)
    target = scene.fit.model.hypothesis.target
    actual, predicted = scene.actual, scene.predicted
    both = span(np.concatenate([actual, predicted]))
    asked = options.view(("actual", "predicted"))
    window = (asked.get("actual") or both, asked.get("predicted") or both)
    panel = Panel.open(theme, window, SIDE, grid=True)
    axes = panel.axes
    (line,) = axes.plot([-1e300, 1e300], [-1e300, 1e300], color=theme.path, linewidth=1.6, zorder=4)
    ends = (min(window[0][0], window[1][0]), max(window[0][1], window[1][1]))
    line.set_data(ends, ends)
    line.set_label(readable(message("predicted = actual")))
    handles: list[Artist] = [line]
    if scene.crowded:
        dense(panel, actual, predicted)
    else:
        handles.insert(0, scattered(panel, (actual, predicted), theme.curve, scene.rows_said(True)))
    axes.xaxis.set_label_text(readable(message("actual {target}", target=target)), parse_math=False)
    axes.yaxis.set_label_text(readable(message("predicted {target}", target=target)), parse_math=False)
    equal = window[0] == window[1]
    page = Page((SIDE, SIDE), room_beside(scene.crowded), options.size, equal)
    notes = [scene.density_said(), outside_view(window, actual, predicted)]
    page.lay([axes], titled(scene.heading(notes), options.title), handles, theme)
    return still(panel.figure, scene)


def draw_residuals(scene: Scene, options: PlotOptions) -> Drawing:
    """Actual minus predicted against predicted, the mean of neighbours, and beside it how often each size occurs."""
    theme = themed(options.theme)
    residuals, predicted = scene.actual - scene.predicted, scene.predicted
    across, name = predicted, "predicted"
    if not np.ptp(predicted) > 1e-12 * np.abs(predicted).max():
        across, name = np.arange(1.0, scene.rows + 1), "row"
    low, high = span(residuals)
    reach = max(-low, high)
    asked = options.view((name, "residual"))
    window = (asked.get(name) or span(across), asked.get("residual") or (-reach, reach))
    beside = not scene.crowded and scene.rows >= LEAST
    right = BESIDE if beside else room_beside(scene.crowded)
    width = WIDTH - LEFT - right
    panel = Panel.open(theme, window, width, grid=True)
    axes = panel.axes
    axes.axhline(0, color=theme.ink, linewidth=1.0, zorder=4)
    handles: list[Artist] = []
    if scene.crowded:
        dense(panel, across, residuals)
    else:
        handles.append(scattered(panel, (across, residuals), theme.curve, scene.rows_said(True)))
        if beside:
            _histogram(panel, residuals)
    parts = binned(across)
    if parts:
        at = [float(across[part].mean()) for part in parts]
        mean = [float(residuals[part].mean()) for part in parts]
        (line,) = axes.plot(at, mean, color=theme.path, linewidth=1.8, marker="o", markersize=3.5, zorder=5)
        neighbours = plural("mean of {n:,} neighbour", "mean of {n:,} neighbours", n=len(parts[0]))
        line.set_label(readable(neighbours))
        handles.append(line)
    target = scene.fit.model.hypothesis.target
    below = message("row", context="axis")
    if name == "predicted":
        below = message("predicted {target}", target=target)
    left = message("residual: actual − predicted {target}", target=target)
    axes.xaxis.set_label_text(readable(below), parse_math=False)
    axes.yaxis.set_label_text(readable(left), parse_math=False)
    page = Page((width, HEIGHT), right, options.size)
    notes = [scene.density_said(), outside_view(window, across, residuals)]
    page.lay([axes], titled(scene.heading(notes), options.title), handles, theme)
    return still(panel.figure, scene)


def _histogram(panel: Panel, residuals: Floats) -> None:
    """How often each size occurs, on its side at the right of the axes."""
    theme = panel.theme
    beside = panel.beside(0.08, BESIDE - 0.25, panel.axes)
    bins = max(5, min(BINS, int(np.sqrt(len(residuals)) * 2)))
    beside.hist(
        residuals,
        bins=bins,
        range=panel.window[1],
        orientation="horizontal",
        color=theme.curve,
        alpha=0.8,
    )
    beside.axhline(0, color=theme.ink, linewidth=1.0)
    beside.axis("off")
