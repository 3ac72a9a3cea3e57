"""Pictures of what is no run: a history, a forecast, a check of a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from downslope.descent.history import History
from downslope.explain.gradient import GradientCheck
from downslope.explain.theory import Forecast
from downslope.messages import message
from downslope.plots.fonts import with_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 20
HEIGHT, A_BAR = 2.2, 0.34  # inches, of what stands around bars, and of each of them
DECADES = 100.0  # a quantity that changes by this factor is drawn on a logarithmic axis


@with_fonts
def draw_history(history: History) -> Figure:
    """Value and gradient norm against steps, one above the other."""
    figure, (upper, lower) = _panels(2, 5.0)
    for axes, values, name in (
        (upper, history.value, message("value")),
        (lower, history.gradient_norm, message("gradient norm")),
    ):
        known = values[np.isfinite(values)]
        if known.size and known.min() > 0 and known.max() > DECADES * known.min():
            axes.set_yscale("log")
        axes.plot(history.step, values, linewidth=1.5)
        axes.set_ylabel(str(name))
    lower.set_xlabel(str(message("step")))
    return figure


@with_fonts
def draw_forecast(forecast: Forecast) -> Figure:
    """For each direction what a step makes of the error, between -1 and 1 where it shrinks; else the curvatures."""
    directions = forecast.directions[:MOST_BARS]
    known = all(one["factor"] is not None for one in directions)
    figure, (axes,) = _panels(1, HEIGHT + A_BAR * max(1, len(directions)))
    places = np.arange(len(directions))[::-1]
    axes.barh(places, [one["factor" if known else "curvature"] for one in directions], height=0.6)
    axes.set_yticks(places, [str(one["along"]) for one in directions])
    if known:
        for end in (-1.0, 1.0):
            axes.axvline(end, color="0.4", linestyle="dotted")
        axes.margins(x=0.1)
    said = message("what a step multiplies the error by") if known else message("curvature")
    axes.set_xlabel(str(said))
    return figure


@with_fonts
def draw_check(check: GradientCheck) -> Figure:
    """What was supplied beside the derivative, coordinate by coordinate."""
    names = list(check.coordinates)[:MOST_BARS]
    figure, (axes,) = _panels(1, HEIGHT + 2 * A_BAR * len(names))
    places = np.arange(len(names))[::-1]
    axes.barh(places + 0.2, check.supplied[: len(names)], height=0.36, label=str(message("supplied")))
    axes.barh(places - 0.2, check.derivative[: len(names)], height=0.36, label=str(message("derivative")))
    axes.set_yticks(places, names)
    axes.legend(frameon=False)
    return figure


def _panels(rows: int, height: float) -> tuple[Figure, list[Axes]]:
    from downslope.plots.look import WIDTH, blank, dress, themed

    theme = themed(None)
    figure = blank(theme)
    figure.set_size_inches(WIDTH, height)
    figure.set_layout_engine("constrained")
    panels = list(np.atleast_1d(figure.subplots(rows, sharex=True)))
    for axes in panels:
        axes.set_prop_cycle(color=[theme.path, theme.curve])
        dress(axes, theme)
        axes.grid(color=theme.grid, linewidth=0.7)
        axes.set_axisbelow(True)
    return figure, panels
