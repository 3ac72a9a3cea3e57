"""The rows of a table with one input, and the fitted curve; of labels, the probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from downslope.messages import Message, message, plural
from downslope.plots.curve import broken
from downslope.plots.drawing import Drawing
from downslope.plots.fits.bins import binned_shares
from downslope.plots.fits.points import axes_width, dense, room_beside, scattered
from downslope.plots.fits.scene import Scene, first_labels, outside_view, span
from downslope.plots.look import WIDTH, Page, Panel, Theme, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats
from downslope.plots.view import Pair, Window
from downslope.plots.words import readable, titled

HEIGHT = 4.6
ALONG = 800  # points of a curve
FURTHER = 0.6  # of the rows' range that a curve may leave it by
STRIP = 0.055  # height of the strip of a class, below the probabilities
CURVE, HALO = 1.6, 0.8  # widths: the rows right beside a curve stay to be seen
MOST_CLASSES = 12


def draw_one_input(scene: Scene, options: PlotOptions, moving: bool = False) -> Drawing:
    """The rows and the curve; of a picture that is ``moving`` the curve at every step of the descent."""
    theme = themed(options.theme)
    model = scene.fit.model
    name, target = model.hypothesis.columns[0], model.hypothesis.target
    height = "probability" if model.loss.classifies else target
    asked = options.view((name, height))
    x = scene.column(name)
    across = asked.get(name) or span(x)
    xs = np.linspace(*across, ALONG)
    ys = scene.along({name: xs})
    first = scene.along({name: xs}, scene.fit.history.x[0]) if moving and len(scene.fit.history) else None
    near = np.full(ALONG, True) if name in asked else (xs >= x.min()) & (xs <= x.max())
    if not near.any():
        near[:] = True
    up = asked.get(height) or _heights(scene, ys[near], None if first is None else first[near])
    window = (across, up)
    crowded = scene.crowded and not model.loss.classifies
    width = axes_width(WIDTH, crowded)
    panel = Panel.open(theme, window, width, grid=True)
    axes = panel.axes
    if model.loss.classifies and height not in asked:
        axes.set_yticks(np.linspace(0, 1, 6))
    draw_rows = _labels if model.loss.classifies else _numbers
    handles = draw_rows(panel, scene, x)
    lines = _curves(axes, scene, len(ys.shape) == 2, theme)
    _set(lines, xs, ys, window)
    panel.name_axes(name, target)
    if model.loss.classifies:
        axes.yaxis.set_label_text(readable(message("probability", context="axis")), parse_math=False)
    page = Page((width, HEIGHT), room_beside(crowded), options.size)
    page.lay(
        [axes],
        titled(scene.heading(_notes(scene, window, x, crowded)), options.title),
        [*handles, *lines],
        theme,
    )

    def show(row: int) -> None:
        _set(lines, xs, scene.along({name: xs}, scene.fit.history.x[row]), window)

    return Drawing(panel.figure, lines, show, scene.fit.history.step, _way(scene))


def _heights(scene: Scene, ys: Floats, first: Floats | None) -> Pair:
    """The rows, and the curves at the end and at ``first`` where they do not go much further."""
    loss = scene.fit.model.loss
    if loss.classifies:
        strips = min(len(scene.fit.model.classes), MOST_CLASSES) if ys.ndim == 2 else 1
        return (-0.04 - STRIP * strips, 1.05) if ys.ndim == 2 else (-0.08, 1.08)
    low, high = float(scene.actual.min()), float(scene.actual.max())
    reach = FURTHER * (high - low)
    curve = np.clip(ys[np.isfinite(ys)], low - reach, high + reach)
    if first is not None:
        curve = np.append(curve, np.clip(first[np.isfinite(first)], low - 2 * reach, high + 2 * reach))
    return span(np.concatenate([[low, high], curve]))


def _numbers(panel: Panel, scene: Scene, x: Floats) -> list[Artist]:
    if scene.crowded:
        dense(panel, x, scene.actual)
        return []
    return [scattered(panel, (x, scene.actual), panel.theme.curve, scene.rows_said(True))]


def _labels(panel: Panel, scene: Scene, x: Floats) -> list[Artist]:
    theme = panel.theme
    chosen, classes = scene.sample, scene.fit.model.classes
    x_drawn, actual = x[chosen], scene.actual[chosen]
    jitter = np.random.default_rng(0).uniform(-1, 1, len(chosen))
    if not scene.fit.model.loss.per_class:
        handles = [scattered(panel, (x_drawn, actual + 0.025 * jitter), theme.curve, _labels_said(scene))]
        shares = binned_shares(x, scene.actual)
        if shares is not None:
            at, share, error = shares
            bars = panel.axes.errorbar(
                at, share, error, fmt="s", color=theme.ink, markersize=4.5, linewidth=1, zorder=6
            )
            among = plural(
                "share of {label} among {n:,} neighbour, ± 1 standard error",
                "share of {label} among {n:,} neighbours, ± 1 standard error",
                n=scene.rows // len(at),
                label=classes[1],
            )
            bars.set_label(readable(among))
            handles.append(bars)  # type: ignore[arg-type]
        return handles
    for k in range(min(len(classes), MOST_CLASSES)):
        mine = actual == k
        strip = -STRIP * (k + 0.6) + 0.3 * STRIP * jitter[mine]
        scattered(panel, (x_drawn[mine], strip), theme.of_series(k), among=len(chosen))
    return []


def _labels_said(scene: Scene) -> Message:
    if scene.fetched:
        return scene.fetched
    if not scene.crowded:
        return plural("labels of {n:,} row", "labels of {n:,} rows", n=scene.rows)
    return message(
        "labels of a fair sample of {drawn:,} of {rows:,} rows", drawn=len(scene.sample), rows=scene.rows
    )


def _curve_name(scene: Scene) -> Message:
    model = scene.fit.model
    label = model.classes[1] if model.classes else ""
    return model.loss.fitted.filled(label=label, c=model.loss.shape)


def _curves(axes: Axes, scene: Scene, several: bool, theme: Theme) -> list[Line2D]:
    model = scene.fit.model
    halo: Any = [Stroke(linewidth=CURVE + HALO, foreground=theme.halo, alpha=0.6), Normal()]
    if not several:
        (line,) = axes.plot([], [], color=theme.path, linewidth=CURVE, zorder=5, path_effects=halo)
        line.set_label(readable(_curve_name(scene)))
        return [line]
    lines = []
    for k, name in enumerate(model.classes[:MOST_CLASSES]):
        style = "-" if k < len(theme.series) else "--"
        (line,) = axes.plot([], [], color=theme.of_series(k), linestyle=style, linewidth=2.0, zorder=5)
        line.set_label(readable(f"{name}"))
        lines.append(line)
    return lines


def _set(lines: list[Line2D], xs: Floats, ys: Floats, window: Window) -> None:
    for k, line in enumerate(lines):
        line.set_data(xs, broken(ys if ys.ndim == 1 else ys[:, k], window[1]))


def _notes(scene: Scene, window: Window, x: Floats, crowded: bool) -> list[Message]:
    notes = [scene.density_said()] if crowded else []
    drawn_at = np.full(scene.rows, window[1][0]) if scene.fit.model.loss.classifies else scene.actual
    notes.append(outside_view(window, x, drawn_at))
    if len(scene.fit.model.classes) > MOST_CLASSES:
        notes.append(first_labels(MOST_CLASSES, len(scene.fit.model.classes)))
    return notes


def _way(scene: Scene) -> Floats:
    """The parameters at every row of the history, each in parts of the way it went."""
    points = scene.fit.history.x
    wide = points.max(axis=0) - points.min(axis=0)
    moved: Floats = (points - points.min(axis=0)) / np.where(wide > 0, wide, 1.0)
    return moved
