"""An explanation as a picture: the directions of curvature on the contours, the stable range, factors as measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from downslope.descent import Descent
from downslope.errors import UsageError
from downslope.explain.empirical_rate import EmpiricalRates, empirical_rates
from downslope.explain.kept import explanation_of
from downslope.messages import message
from downslope.plots.drawing import Drawing
from downslope.plots.grid import surface
from downslope.plots.levels import choose_levels
from downslope.plots.look import SERIES as COLOURS
from downslope.plots.look import Theme, blank, dress, themed
from downslope.plots.options import PlotOptions
from downslope.plots.plane import Plane
from downslope.plots.whole import spacing
from downslope.plots.window import choose_window
from downslope.plots.words import readable, steps_name

SIZE_TWO, SIZE_THREE = (9.6, 4.4), (13.4, 4.6)
RATES = 240  # learning rates at which the factors are drawn
MOST_DIRECTIONS = 6
SHOWN_STEPS = 60
LARGEST_FACTOR = 1.6


def draw_explained(plane: Plane, options: PlotOptions) -> Drawing:
    """The picture of why a run went as it did.

    Raises:
        UsageError: there is no minimum to measure from.
    """
    run = plane.run
    found = empirical_rates(run)
    if found is None:
        raise UsageError(
            message(
                "there is nothing to measure from: no minimum lies downhill of this run. Its"
                " explanation in words: {explanation}",
                explanation=explanation_of(run),
            )
        )
    theme = themed(options.theme)
    figure = blank(theme)
    two = run.start.size == 2
    figure.set_size_inches(options.size or (SIZE_THREE if two else SIZE_TWO))
    panels = [figure.add_subplot(1, 3 if two else 2, i + 1) for i in range(3 if two else 2)]
    for axes in panels:
        dress(axes, theme)
    if two:
        _map(panels[0], plane, options, found)
    _range(panels[-2], found, theme)
    _factors(panels[-1], found, theme)
    _words(figure, run, options.title, theme)
    return Drawing(figure, [], lambda row: None, plane.steps, plane.path)


def _words(figure: Figure, run: Descent, title: str, theme: Theme) -> None:
    explanation = explanation_of(run)
    said = "\n".join(filter(None, [title, str(explanation.brief or explanation.point.sentence)]))
    above = figure.suptitle(said, fontsize=9.5, color=theme.ink, wrap=True, parse_math=False)
    above.set_y(0.985)
    figure.subplots_adjust(left=0.06, right=0.985, bottom=0.13, top=0.82, wspace=0.26)


def _map(axes: Axes, plane: Plane, options: PlotOptions, found: EmpiricalRates) -> None:
    """Contours, the path, and through the minimum the directions of curvature, each as long as its valley is wide."""
    theme = themed(options.theme)
    window, equal = choose_window([plane], options.view(plane.names))
    across, along, values = surface(plane, window)
    levels = choose_levels(values, options.levels, plane.minimum, plane.run.maximize)
    if levels is not None:
        axes.contour(
            across, along, np.ma.masked_invalid(values), levels.at, cmap=theme.colours, linewidths=0.7
        )
    joined = "-" if spacing(plane.run) == 1 else "none"
    axes.plot(*plane.path.T, color=theme.path, linewidth=1.0, linestyle=joined, marker="o", markersize=2.5)
    reach = 0.35 * min(high - low for low, high in window)
    for i, (value, way) in enumerate(zip(found.curvature.values, found.curvature.vectors.T, strict=True)):
        ends = np.array([found.centre - reach * way, found.centre + reach * way])
        said = message("curvature {value:.4g} along {way}", value=value, way=found.curvature.along(i))
        axes.plot(*ends.T, color=COLOURS[i], linewidth=2.2, alpha=0.9, label=readable(said))
    axes.set(xlim=window[0], ylim=window[1])
    if equal:
        axes.set_aspect("equal")
    for axis, name in zip((axes.xaxis, axes.yaxis), plane.names, strict=True):
        axis.set_label_text(name, parse_math=False)
    _legend(axes, theme)


def _range(axes: Axes, found: EmpiricalRates, theme: Theme) -> None:
    """|factor| of every direction against the learning rate, with the stable range and where this run stands."""
    linear, L = found.linear, found.curvature.largest
    axes.set(ylim=(0, LARGEST_FACTOR))
    axes.set_xlabel(readable(message("learning rate", context="axis")))
    axes.set_ylabel(readable(message("|factor per step|")))
    if linear is None:
        axes.text(
            0.5,
            0.5,
            readable(message("this method has no such range")),
            ha="center",
            color=theme.faint,
            transform=axes.transAxes,
        )
        return
    limit = linear.limit(L)
    far = 1.25 * max(limit, min(linear.rate, 3 * limit))
    rates = np.linspace(far / RATES, far, RATES)
    axes.axvspan(0, limit, color=COLOURS[0], alpha=0.08, linewidth=0)
    axes.axhline(1, color=theme.faint, linewidth=0.8)
    for i in _chosen(found):
        sizes = [abs(linear.at_rate(float(r)).factor(float(found.curvature.values[i]))) for r in rates]
        axes.plot(rates, sizes, color=COLOURS[i % len(COLOURS)], label=found.curvature.along(i))
    edge = readable(message("limit {rate:.4g}", rate=limit))
    axes.axvline(limit, color=theme.ink, linewidth=1.0, linestyle="--", label=edge)
    own = readable(message("this run {rate:.4g}", rate=linear.rate))
    axes.axvline(linear.rate, color=theme.ink, linewidth=1.8, label=own)
    axes.set_xlim(0, far)
    _legend(axes, theme)


def _chosen(found: EmpiricalRates) -> list[int]:
    """All directions, or of many the shallowest and the steepest."""
    count = len(found.curvature.values)
    if count <= MOST_DIRECTIONS:
        return list(range(count))
    half = MOST_DIRECTIONS // 2
    return [*range(half), *range(count - half, count)]


def _factors(axes: Axes, found: EmpiricalRates, theme: Theme) -> None:
    """The factor of every step along each direction as measured, beside the predicted one."""
    factors = found.factors[:SHOWN_STEPS]
    steps = np.arange(1, len(factors) + 1)
    for i in _chosen(found):
        colour: Any = COLOURS[i % len(COLOURS)]
        name = readable(message("{way}, measured", way=found.curvature.along(i)))
        axes.plot(steps, factors[:, i], ".", color=colour, markersize=5, label=name)
        if found.predicted is not None:
            text = readable(message("predicted {factor:.4g}", factor=found.predicted[i]))
            axes.axhline(found.predicted[i], color=colour, linewidth=1.1, alpha=0.7, label=text)
    axes.axhline(0, color=theme.faint, linewidth=0.6)
    axes.set(ylim=(-LARGEST_FACTOR, LARGEST_FACTOR))
    axes.set_xlabel(readable(steps_name("step")))
    axes.set_ylabel(readable(message("factor of this step")))
    _legend(axes, theme)


def _legend(axes: Axes, theme: Theme) -> None:
    legend = axes.legend(
        fontsize=7, framealpha=0.85, facecolor=theme.paper, edgecolor=theme.grid, labelcolor=theme.ink
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
