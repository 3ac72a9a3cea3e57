"""Basins: at which minimum a run ends, and how soon, by where it starts."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from downslope.messages import Message, message, plural
from downslope.plots.drawing import Drawing
from downslope.plots.look import Panel
from downslope.plots.options import PlotOptions
from downslope.plots.sweeps.cells import Cells, legend_of, status_colours
from downslope.plots.words import number, readable
from downslope.sweeping.minima import EndPoint
from downslope.sweeping.record import GOOD, SweepRecord
from downslope.sweeping.runs import code_of

MOST_HUES = 12  # minima that have a hue of their own
LIGHT, DARK = 0.86, 0.44  # lightness of the quickest run and of the slowest
CHROMA = 0.115  # how far from grey, such that every hue has all these shades
_TO_RGB = np.array([[4.0767, -3.3077, 0.2310], [-1.2684, 2.6098, -0.3413], [-0.0042, -0.7034, 1.7076]])
SHOWN = 8  # minima in the legend
MARKERS = {"minimum": "o", "saddle": "X", "maximum": "^"}
KINDS = {
    "minimum": message("minimum", context="point"),
    "saddle": message("saddle", context="point"),
    "maximum": message("maximum", context="point"),
    "degenerate": message("degenerate", context="point"),
    "not_stationary": message("not stationary", context="point"),
    "unknown": message("unknown", context="point"),
}


def draw_basins(sweep: SweepRecord, options: PlotOptions) -> Drawing:
    """The map: a hue for each minimum, the darker the more steps; what is no minimum in colours of its own."""
    cells = Cells.of(sweep, rate_across=False)
    panel = cells.open(options)
    status, which = cells.of_runs(sweep.ends.status), cells.of_runs(sweep.which)
    steps = np.maximum(cells.of_runs(sweep.ends.steps).astype(np.float64), 1.0)
    colours = np.zeros((*status.shape, 3))
    for one, colour in status_colours(panel.theme).items():
        colours[status == code_of(one)] = colour
    good = np.isin(status, [code_of(one) for one in GOOD])
    light = _lightness(steps, good)
    minima = [place for place, point in enumerate(sweep.minima) if point.kind != "saddle"]
    for order, place in enumerate(minima):
        here = good & (which == place)
        colours[here] = shades_of(order, light[here])
    colours[good & ~np.isin(which, minima)] = to_rgb(panel.theme.ink)  # at a saddle
    others = good & (which < 0)  # of more points than are told apart
    colours[others] = to_rgb(panel.theme.faint)
    cells.fill(panel, colours)
    handles = _marked(panel, sweep.minima, minima)
    if np.any(others):
        label = plural("{n:,} run at other points", "{n:,} runs at other points", n=int(np.sum(others)))
        handles.append(Patch(facecolor=panel.theme.faint, label=readable(label)))
    handles += legend_of(status, panel.theme, leave_out={*GOOD})
    if len(minima) > SHOWN:
        more = plural("{n:,} minimum more", "{n:,} minima more", n=len(minima) - SHOWN)
    shade = message(
        "the hue is the minimum, the darker the more steps (at most {most:,})", most=_most(steps, good)
    )
    lines: list[Message | None] = [shade, more if len(minima) > SHOWN else None]
    panel.axes.set_aspect("auto")
    cells.lay(panel, lines, handles, options)
    return Drawing(panel.figure, [], lambda row: None, np.zeros(1, np.int64), np.zeros((1, 2)))


def _most(steps: np.ndarray, good: np.ndarray) -> int:
    return int(steps[good].max()) if np.any(good) else 0


def _lightness(steps: np.ndarray, good: np.ndarray) -> np.ndarray:
    """By the logarithm of the steps, between those of the quickest and the slowest hundredth."""
    if not np.any(good):
        return np.full(steps.shape, LIGHT)
    logs = np.log(steps)
    low, high = np.quantile(logs[good], [0.01, 0.99])
    part = np.clip((logs - low) / (high - low), 0, 1) if high > low else np.zeros(steps.shape)
    return np.asarray(LIGHT + (DARK - LIGHT) * part)


def shades_of(order: int, light: np.ndarray) -> np.ndarray:
    """Colours of one hue, shape (some, 3); hues go round by the golden section, so that neighbours differ.

    In Oklab (B. Ottosson, 2020), where equally light colours of any hue look equally light.
    """
    chroma = CHROMA if order < MOST_HUES else 0.0
    angle = 2 * np.pi * (0.68 + 0.618034 * order)
    a, b = chroma * np.cos(angle), chroma * np.sin(angle)
    cones = np.stack(
        [light + p * a + q * b for p, q in ((0.3963, 0.2158), (-0.1056, -0.0639), (-0.0895, -1.2915))]
    )
    linear = _TO_RGB @ cones**3
    linear = np.clip(linear, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(coded.T)


def _marked(panel: Panel, points: list[EndPoint], minima: list[int]) -> list[Artist]:
    """The points themselves, and the legend of those that there is room for."""
    handles: list[Artist] = []
    for place, point in enumerate(points):
        order = minima.index(place) if place in minima else None
        if order is not None and order >= SHOWN:
            continue
        face = panel.theme.ink if order is None else tuple(shades_of(order, np.array([0.62]))[0])
        at = ", ".join(number(float(value), 3) for value in point.x)
        words = message(
            "{kind} ({at}): {runs:,} runs", kind=KINDS.get(point.kind, point.kind), at=at, runs=point.runs
        )
        (dot,) = panel.axes.plot(
            *point.x.reshape(2, 1),
            linestyle="none",
            marker=MARKERS.get(point.kind, "s"),
            markersize=8,
            color=face,
            markeredgecolor="#ffffff",
            markeredgewidth=1.3,
            zorder=6,
            label=readable(words),
        )
        handles.append(dot)
    return handles
