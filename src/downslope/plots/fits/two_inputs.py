"""A map of the predictions over two inputs, with the rows on it; of labels, where one ends and another begins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from downslope.messages import NOTHING, message
from downslope.plots.drawing import Drawing
from downslope.plots.fits.points import BAR, axes_width, scattered, still
from downslope.plots.fits.scene import Scene, outside_view, span
from downslope.plots.look import RIGHT, WIDTH, Page, Panel, Theme, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats
from downslope.plots.words import readable, titled

SIDE = 241  # points a side of the grid
HEIGHT = 5.2
MOST_CLASSES = 12
PALE = 0.62  # how much of the paper is mixed into the colour of a class where it is certain


class _Predictions(NamedTuple):
    """What is predicted on a grid over the two inputs.

    Attributes:
        across, along: the grid lines, float64 (SIDE,) each.
        values: one row a point, the first input varying fastest, float64 (SIDE²,) or (SIDE², classes).
    """

    across: Floats
    along: Floats
    values: Floats

    def contours(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Such values as Matplotlib's contours take them."""
        return self.across, self.along, values.reshape(SIDE, SIDE)


def draw_two_inputs(scene: Scene, options: PlotOptions) -> Drawing:
    """The map; the rows on it are coloured by what they are."""
    theme = themed(options.theme)
    model = scene.fit.model
    names = model.hypothesis.columns
    x, y = (scene.column(name) for name in names)
    asked = options.view(names)
    window = (asked.get(names[0]) or span(x), asked.get(names[1]) or span(y))
    bar = not model.loss.per_class
    width = axes_width(WIDTH, bar)
    panel = Panel.open(theme, window, width)
    axes = panel.axes
    across, along = (np.linspace(low, high, SIDE) for low, high in window)
    grid = np.meshgrid(across, along)
    values = scene.along({name: part.ravel() for name, part in zip(names, grid, strict=True)})
    chosen = scene.sample
    draw = _labelled if model.loss.classifies else _numbered
    handles = draw(panel, scene, _Predictions(across, along, values), (x[chosen], y[chosen]))
    panel.name_axes(*names)
    page = Page((width, HEIGHT), BAR if bar else RIGHT, options.size)
    notes = [
        scene.rows_said(False) if scene.crowded or scene.fetched else NOTHING,
        outside_view(window, x, y),
    ]
    page.lay([axes], titled(scene.heading(notes), options.title), handles, theme)
    return still(panel.figure, scene)


def _numbered(
    panel: Panel, scene: Scene, predictions: _Predictions, points: tuple[Floats, Floats]
) -> list[Artist]:
    """Contours of the prediction, and the rows in the colour of their target."""
    axes, theme, values = panel.axes, panel.theme, predictions.values
    target = scene.fit.model.hypothesis.target
    actual = scene.actual[scene.sample]
    low, high = span(np.concatenate([actual, np.quantile(values[np.isfinite(values)], [0.02, 0.98])]), 0.0)
    norm = Normalize(low, high)
    coloured: dict[str, Any] = {"norm": norm, "cmap": theme.colours}
    levels = MaxNLocator(16).tick_values(low, high)
    contours = predictions.contours(values)
    bands = axes.contourf(*contours, levels, **coloured, extend="both", zorder=1)
    bands.set_rasterized(True)
    axes.contour(*contours, levels, colors="#ffffff", linewidths=0.45, alpha=0.4, zorder=2)
    size = 42 if len(actual) <= 60 else 24 if len(actual) <= 1000 else 8
    rows = axes.scatter(*points, c=actual, s=size, **coloured, zorder=3)
    few = len(actual) <= 60
    rows.set(edgecolor="#ffffff" if few else "#101010", linewidth=1.0 if few else 0.35)
    rows.set_rasterized(len(actual) > 1000)
    panel.colour_bar(bands, readable(target))
    key = Line2D(
        [], [], linestyle="none", marker="o", markersize=6, color=theme.curve, markeredgecolor="#101010"
    )
    coloured_by = message(
        "rows, in the colour of their {target}; the ground has that of the prediction", target=target
    )
    key.set_label(readable(coloured_by))
    return [key]


def _labelled(
    panel: Panel, scene: Scene, predictions: _Predictions, points: tuple[Floats, Floats]
) -> list[Artist]:
    """The ground in the colour of the likeliest label, the paler the less certain it is."""
    axes, theme, values = panel.axes, panel.theme, predictions.values
    classes = scene.fit.model.classes
    several = values.ndim == 2
    if several:
        image = _mixed(values, theme).reshape(SIDE, SIDE, 3)
        extent = (*panel.window[0], *panel.window[1])
        axes.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="bilinear", zorder=1)
        for k in range(len(classes)):
            ahead = values[:, k] - np.delete(values, k, axis=1).max(axis=1)
            if ahead.min() < 0 < ahead.max():
                contours = predictions.contours(ahead)
                axes.contour(*contours, [0.0], colors=theme.ink, linewidths=0.9, zorder=2)
    else:
        ends = [to_hex(_pale(0, theme)), theme.paper, to_hex(_pale(1, theme))]
        colours = LinearSegmentedColormap.from_list("two", ends)
        contours = predictions.contours(values)
        bands = axes.contourf(*contours, np.linspace(0, 1, 21), cmap=colours, zorder=1)
        bands.set_rasterized(True)
        axes.contour(*contours, [0.5], colors=theme.ink, linewidths=1.6, zorder=2)
        bar = panel.colour_bar(bands, readable(message("probability of {label}", label=classes[1])))
        bar.set_ticks(np.linspace(0, 1, 6).tolist())
    handles: list[Artist] = []
    actual = scene.actual[scene.sample]
    for k, name in enumerate(classes[:MOST_CLASSES]):
        mine = actual == k
        colour = theme.of_series(k)
        rows = (points[0][mine], points[1][mine])
        handles.append(scattered(panel, rows, colour, readable(str(name)), among=len(actual)))
    if not several:
        half = readable(message("probability {share}", share=0.5))
        handles.append(Line2D([], [], color=theme.ink, linewidth=1.6, label=half))
    return handles


def _pale(k: int, theme: Theme) -> tuple[float, float, float]:
    colour, paper = np.array(to_rgb(theme.of_series(k))), np.array(to_rgb(theme.paper))
    mixed = (1 - PALE) * colour + PALE * paper
    return float(mixed[0]), float(mixed[1]), float(mixed[2])


def _mixed(values: Floats, theme: Theme) -> Floats:
    """The pale colour of the likeliest class, mixed with paper the more the less likely it is."""
    count = values.shape[1]
    colours = np.array([_pale(k, theme) for k in range(count)])
    best = values.argmax(axis=1)
    sure = np.clip((values.max(axis=1) - 1 / count) / (1 - 1 / count), 0, 1)[:, None]
    weight = 0.25 + 0.75 * sure
    mixed: Floats = weight * colours[best] + (1 - weight) * np.array(to_rgb(theme.paper))
    return mixed
