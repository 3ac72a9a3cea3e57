"""The curve of a search for a learning rate: the value that each rate comes down to."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist

from downslope.messages import message, plural
from downslope.plots.drawing import Drawing
from downslope.plots.look import LEFT, RIGHT, WIDTH, Page, Panel, themed
from downslope.plots.options import PlotOptions
from downslope.plots.sweeps.levels import level_of
from downslope.plots.words import readable, said_of, title, titled
from downslope.sweeping.rate_finder import RateSearch

HEIGHT = 4.2
BESIDE = 2.5  # decades that are shown below the fastest rate, and one above the limit
LEAST = 1e-17  # part of the first value; lower ones are drawn there


def draw_rates(found: RateSearch, options: PlotOptions) -> Drawing:
    """A point for each rate; those that run away at the top, as crosses."""
    sign = -1.0 if found.trial.maximize else 1.0
    values = sign * found.values
    fell = values[np.isfinite(values)]
    least, named = level_of(found.trial.objective, float(fell.min()) if len(fell) else 0.0, sign)
    first = sign * found.first - least
    top = first if first > 0 else 1.0
    above = np.maximum(values - least, LEAST * top)
    low, high = float(found.rates[0]), float(found.rates[-1])
    if found.fastest is not None and found.limit is not None:
        low = max(low, found.fastest * 10**-BESIDE)
        high = min(high, 10 * (found.limit if np.isfinite(found.limit) else found.fastest))
    shown = (found.rates >= low) & (found.rates <= high)
    finite = above[shown & np.isfinite(above)]
    bottom = float(finite.min()) if len(finite) else top * 1e-3
    panel = Panel.open(
        themed(options.theme), ((low, high), (bottom / 3, top * 30)), WIDTH - LEFT - RIGHT, grid=True
    )
    axes, theme = panel.axes, panel.theme
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(bottom / 3, top * 30))
    good = shown & np.isfinite(above)
    (curve,) = axes.plot(
        found.rates[good],
        above[good],
        linestyle="none",
        marker="o",
        markersize=3,
        color=theme.curve,
        zorder=4,
    )
    curve.set_label(readable(message("one run each, of at most {steps:,} steps", steps=found.steps)))
    bad = shown & ~np.isfinite(above)
    (crosses,) = axes.plot(
        found.rates[bad],
        np.full(int(bad.sum()), top * 12),
        linestyle="none",
        marker="x",
        color=theme.faint,
        zorder=4,
    )
    crosses.set_label(readable(message("runs that go up or run away")))
    start = axes.axhline(top, color=theme.faint, linewidth=0.9, linestyle=":", zorder=3)
    start.set_label(readable(message("at the start")))
    handles: list[Artist] = [curve, start, *([crosses] if np.any(bad) else [])]
    for value, name, colour, dash in (
        (found.fastest, message("fastest"), theme.series[2], "-."),
        (found.limit, message("limit"), theme.ink, "--"),
        (found.rate, message("to use"), theme.path, "-"),
    ):
        if value is not None and low < value < high:
            line = axes.axvline(value, color=colour, linewidth=1.6, linestyle=dash, zorder=5)
            line.set_label(readable(message("{name} {rate:.4g}", name=name, rate=value)))
            handles.append(line)
    panel.name_axes(str(message("learning rate", context="axis")))
    axes.yaxis.set_label_text(readable(named), parse_math=False)
    rule = found.trial.optimizer_of({("learning_rate",): 1.0}).name().replace("_", " ")
    runs = plural("{n:,} run, nothing between them", "{n:,} runs, nothing between them", n=len(found.rates))
    heading = [title(found.trial.objective), (readable(rule), False), (said_of([runs]), False)]
    Page((panel.width, HEIGHT), size=options.size).lay([axes], titled(heading, options.title), handles, theme)
    return Drawing(panel.figure, [], lambda row: None, np.zeros(1, np.int64), np.zeros((1, 2)))
