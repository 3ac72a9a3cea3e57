"""How well labels are told apart: whether probabilities mean what they say, and which labels are taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from downslope.errors import UsageError
from downslope.messages import NOTHING, message, plural
from downslope.plots.drawing import Drawing
from downslope.plots.fits.bins import binned_shares
from downslope.plots.fits.points import still
from downslope.plots.fits.scene import Scene, first_labels
from downslope.plots.look import LEFT, Page, Theme, blank, dress, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Floats
from downslope.plots.words import readable, titled

SIDE = 5.0
STRIP = 1.1  # inches for the histograms below the calibration
MOST_CLASSES = 20
LETTER = 0.088  # inches, of a name beside the axes
WIDE = 5.5  # inches, of a table
NUMBERED = 12  # classes up to which the cells of the table are numbered


def draw_calibration(scene: Scene, options: PlotOptions) -> Drawing:
    """How often a label occurred against how probable it was said to be; below, how often each was said of either."""
    theme = themed(options.theme)
    if options.asked_view is not None:
        raise UsageError(
            message("the view 'calibration' shows all probabilities; ranges are for the other views.")
        )
    said, happened = scene.predicted, scene.actual
    classes = scene.fit.model.classes
    figure = blank(theme)
    axes = figure.add_axes((0.1, 0.3, 0.8, 0.6))
    dress(axes, theme)
    axes.grid(color=theme.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    (line,) = axes.plot([0, 1], [0, 1], color=theme.faint, linewidth=1.3, linestyle="--")
    line.set_label(readable(message("as often as said")))
    handles: list[Artist] = [line]
    shares = binned_shares(said, happened)
    if shares is not None:
        at, share, error = shares
        bars = axes.errorbar(
            at, share, error, fmt="o-", color=theme.path, markersize=5.5, linewidth=1.6, zorder=5
        )
        each = plural(
            "about {n:,} row each, ± 1 standard error",
            "about {n:,} rows each, ± 1 standard error",
            n=scene.rows // len(at),
        )
        bars.set_label(readable(each))
        handles.append(bars)  # type: ignore[arg-type]
    low = axes.inset_axes((0.0, -STRIP / (SIDE - STRIP), 1.0, (STRIP - 0.06) / (SIDE - STRIP)), sharex=axes)
    dress(low, theme)
    axes.tick_params(labelbottom=False)
    for k, name in enumerate(classes):
        sign = 1 if k else -1
        counts, edges = np.histogram(said[happened == k], bins=40, range=(0, 1))
        columns = low.bar(edges[:-1], sign * counts, np.diff(edges), align="edge", color=theme.series[k])
        columns.set_label(readable(message("rows of {label}", label=name)))
        handles.append(columns)  # type: ignore[arg-type]
    low.axhline(0, color=theme.faint, linewidth=0.6)
    low.set_yticks([])
    low.set_ylabel(readable(message("rows", context="axis")), size=9)
    low.set_xlabel(readable(message("predicted probability of {label}", label=classes[1])))
    axes.set(xlim=(0, 1), ylim=(-0.03, 1.03))
    share_axis = message("share of {label} that occurred", label=classes[1])
    axes.yaxis.set_label_text(readable(share_axis), parse_math=False)
    page = Page((SIDE, SIDE - STRIP), size=options.size, under=STRIP + 0.02)
    page.lay([axes], titled(scene.heading(), options.title), handles, theme)
    return still(figure, scene)


def draw_classes(scene: Scene, options: PlotOptions) -> Drawing:
    """For the rows of each label, the mean probability that was given to each label."""
    theme = themed(options.theme)
    if options.asked_view is not None:
        raise UsageError(message("the view 'classes' shows all labels; ranges are for the other views."))
    classes = scene.fit.model.classes
    names = [_short(readable(str(name))) for name in classes][:MOST_CLASSES]
    count = len(names)
    members = [np.flatnonzero(scene.actual == k) for k in range(count)]
    mean = np.array([scene.predicted[m, :count].mean(axis=0) if len(m) else np.zeros(count) for m in members])
    figure = blank(theme)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    dress(axes, theme)
    _table(axes, mean, theme)
    longest = LETTER * max(map(len, names))
    turned = longest * count > WIDE
    place: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(range(count), names, parse_math=False, **place)
    rows = [f"{name} ({len(m):,})" for name, m in zip(names, members, strict=True)]
    axes.set_yticks(range(count), rows, parse_math=False)
    axes.tick_params(length=0)
    axes.set_xlabel(readable(message("mean probability given to")))
    axes.set_ylabel(readable(message("rows that are")))
    note = first_labels(count, len(classes)) if count < len(classes) else NOTHING
    beside = max(0.0, LETTER * max(map(len, rows)) + 0.45 - LEFT)
    size = (WIDE, min(WIDE, 1.2 + 0.55 * count))
    page = Page(size, size=options.size, beside=beside, under=0.7 * longest if turned else 0.0)
    page.lay([axes], titled(scene.heading([note]), options.title), [], theme)
    return still(figure, scene)


def _table(axes: Axes, mean: Floats, theme: Theme) -> None:
    """The numbers as colours, and where there are few as numbers too."""
    colours = LinearSegmentedColormap.from_list("share", [theme.paper, theme.curve])
    axes.imshow(mean, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for (i, j), part in np.ndenumerate(mean) if len(mean) <= NUMBERED else ():
        colour = theme.paper if part > 0.55 else theme.ink
        words = f"{part:.2f}" if part >= 0.005 else ""
        axes.text(j, i, words, ha="center", va="center", size=9, color=colour)


def _short(name: str) -> str:
    """The beginning and the end of a long name."""
    return name if len(name) <= 18 else f"{name[:9]}...{name[-6:]}"
