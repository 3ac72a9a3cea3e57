"""The phase map: how, and after how many steps, runs end, over two settings."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Patch

from downslope.descent.stopping import Status
from downslope.messages import Message, message
from downslope.plots.drawing import Drawing
from downslope.plots.look import Panel
from downslope.plots.options import PlotOptions
from downslope.plots.sweeps.cells import Cells, legend_of, status_colours
from downslope.plots.words import number, readable
from downslope.sweeping.limits import known_limits
from downslope.sweeping.record import GOOD, SweepRecord
from downslope.sweeping.runs import code_of

RUNAWAYS = "Reds"
RUNAWAY_SHADES = (0.95, 0.35)  # of a quick one, and of one that took all the steps


def draw_phase(sweep: SweepRecord, options: PlotOptions) -> Drawing:
    """The map: a scale of colours for steps to a success, another for runaways, a colour for each other end."""
    cells = Cells.of(sweep, rate_across=True)
    panel = cells.open(options)
    theme = panel.theme
    status = cells.of_runs(sweep.ends.status)
    steps = np.maximum(cells.of_runs(sweep.ends.steps).astype(np.float64), 1.0)
    colours = np.zeros((*status.shape, 3))
    for one, colour in status_colours(theme).items():
        colours[status == code_of(one)] = colour
    good = np.isin(status, [code_of(one) for one in GOOD])
    handles: list[Artist] = []
    if np.any(good):
        norm = _norm(steps[good])
        scale = matplotlib.colormaps[f"{theme.colours}_r"]
        colours[good] = scale(norm(steps[good]))[:, :3]
        name = readable(message("steps until it converged"))
        bar = panel.colour_bar(ScalarMappable(norm, scale), name, pointed=False)
        bar.ax.yaxis.set_minor_formatter(lambda value, _: number(value, 4))
        bar.ax.tick_params(which="both", colors=theme.faint, labelsize=8)
    wild = status == code_of(Status.DIVERGED)
    if np.any(wild):
        red = matplotlib.colormaps[RUNAWAYS]
        quick, slow = RUNAWAY_SHADES
        part = _norm(steps[wild])(steps[wild])
        colours[wild] = red(quick + (slow - quick) * np.asarray(part))[:, :3]
        handles.append(
            Patch(
                facecolor=red(quick),
                edgecolor=theme.faint,
                linewidth=0.5,
                label=readable(
                    message("diverged ({count:,}), the paler the later", count=int(np.count_nonzero(wild)))
                ),
            )
        )
    cells.fill(panel, colours)
    handles += legend_of(status, theme, leave_out={*GOOD, Status.DIVERGED})
    lines: list[Message | None] = [*_limit(cells, panel, handles)]
    cells.lay(panel, lines, handles, options)
    return Drawing(panel.figure, [], lambda row: None, np.zeros(1, np.int64), np.zeros((1, 2)))


def _norm(steps: np.ndarray) -> Normalize:
    low, high = float(steps.min()), float(steps.max())
    return LogNorm(low, high) if high > low else Normalize(low, low + 1)


def _limit(cells: Cells, panel: Panel, handles: list[Artist]) -> list[Message]:
    """The line of the limit (2/L for gradient descent), where the learning rate is across and theory knows it."""
    if next(iter(cells.x.sets)) != ("learning_rate",):
        return []
    known = known_limits(cells.sweep, next(iter(cells.y.sets)))
    if known is None:
        return []
    name = (
        message("where theory puts the limit")
        if known.exact
        else message("the limit by the curvature at the minimum")
    )
    style: dict[str, Any] = {
        "color": panel.theme.ink,
        "linewidth": 1.4,
        "linestyle": "-" if known.exact else "--",
        "zorder": 5,
    }
    low, high = panel.axes.get_xlim()
    if len(known.at):
        (line,) = panel.axes.plot(known.limits, known.at, label=readable(name), **style)
    elif low < known.limits[0] < high:
        line = panel.axes.axvline(float(known.limits[0]), label=readable(name), **style)
    else:
        return [message("the limit by theory, {limit:.6g}, is outside", limit=float(known.limits[0]))]
    handles.append(line)
    return [] if len(known.at) else [message("the limit is {limit:.6g}", limit=float(known.limits[0]))]
