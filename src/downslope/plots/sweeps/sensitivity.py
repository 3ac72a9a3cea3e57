"""Sensitivity: the final value against one setting, for each rule; of several runs their median and quartiles."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from downslope.descent.stopping import Status
from downslope.messages import Message, message, plural
from downslope.plots.drawing import Drawing
from downslope.plots.look import LEFT, RIGHT, WIDTH, Page, Panel, themed
from downslope.plots.options import PlotOptions
from downslope.plots.sweeps.axes import axis_name, numeric_axes
from downslope.plots.sweeps.cells import rule_of, title_of, values_of
from downslope.plots.sweeps.levels import level_of
from downslope.plots.words import readable, said_of, titled
from downslope.sweeping.limits import known_limits
from downslope.sweeping.record import GOOD, LIMITS, SweepRecord, spelling
from downslope.sweeping.settings import SweepAxis, is_geometric

HEIGHT = 4.6
FLOOR = 1e-16  # part of the range of values; what is nearer the best one is drawn there
LEVEL = (*GOOD, *LIMITS, Status.STALLED)  # ends at a value that says something
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def draw_sensitivity(sweep: SweepRecord, options: PlotOptions) -> Drawing:
    """A line of points for each rule: the values at which runs end, or how far above the least known one that is.

    The axis is logarithmic: values that are all above 0 stand there as they are, unless a minimum is known; others by
    their distance from it, or from the best value that was found. Runaways are crosses at the top.
    """
    axis = _axis(sweep)
    design = sweep.trial.design
    along = design.places(design.axes.index(axis))
    sign = -1.0 if sweep.maximize else 1.0
    values = sign * sweep.ends.values
    ran_away = ~np.isfinite(values)
    ran_away[sweep.failed] |= ~sweep.ends.is_status(*LEVEL)[sweep.failed]
    best = float(np.min(values[~ran_away], initial=np.inf))
    least, named = level_of(sweep.trial.objective, best, sign)
    above = np.where(ran_away, np.inf, values - least)
    finite = above[np.isfinite(above) & (above > 0)]
    top = float(finite.max()) if len(finite) else 1.0
    floor = max(float(finite.min()) if len(finite) else top * FLOOR, top * FLOOR)
    ends = values_of(axis)
    margin = 0.03 * (float(np.log(ends.max() / ends.min())) if is_geometric(ends) else float(np.ptp(ends)))
    window = ((float(ends.min()), float(ends.max())), (floor / 3, top * 10))
    panel = Panel.open(themed(options.theme), window, WIDTH - LEFT - RIGHT, grid=True)
    panel.axes.set_yscale("log")
    panel.axes.set_ylim(*window[1])
    if is_geometric(ends):
        panel.axes.set_xscale("log")
        panel.axes.set_xlim(ends.min() * np.exp(-margin), ends.max() * np.exp(margin))
    else:
        panel.axes.set_xlim(ends.min() - margin, ends.max() + margin)
    several, handles = False, list[Artist]()
    for order, (name, mine) in enumerate(_rules(sweep)):
        line, many = _line(panel, order, (ends, along, np.maximum(above, floor)), mine)
        line.set_label(readable(name))
        handles.append(line)
        several = several or many
    if np.any(ran_away):
        cross = Line2D([], [], linestyle="none", marker="x", color=panel.theme.faint)
        cross.set_label(
            readable(plural("{n:,} run that ran away", "{n:,} runs that ran away", n=int(ran_away.sum())))
        )
        handles.append(cross)
    handles += _limit(panel, sweep, axis)
    panel.name_axes(axis_name(axis))
    panel.axes.yaxis.set_label_text(readable(named), parse_math=False)
    runs = plural("{n:,} run", "{n:,} runs", n=len(sweep))
    band: Message | None = message("the band holds the middle half") if several else None
    heading = [title_of(sweep), (readable(rule_of(sweep)), False), (said_of([runs, band]), False)]
    Page((panel.width, HEIGHT), size=options.size).lay(
        [panel.axes], titled(heading, options.title), handles, panel.theme
    )
    return Drawing(panel.figure, [], lambda row: None, np.zeros(1, np.int64), np.zeros((1, 2)))


def _axis(sweep: SweepRecord) -> SweepAxis:
    """The learning rate where it varies, else the first axis of numbers."""
    axes = numeric_axes(sweep)
    rates = [axis for axis in axes if ("learning_rate",) in axis.sets]
    return (rates or axes)[0]


def _rules(sweep: SweepRecord) -> list[tuple[str, np.ndarray]]:
    """(name, which runs) for each rule."""
    design = sweep.trial.design
    for place, target in design.targets():
        if target == ("optimizer",):
            places = design.places(place)
            values = design.axes[place].sets[target]
            return [(str(spelling(value)).replace("_", " "), places == i) for i, value in enumerate(values)]
    name = sweep.trial.optimizer_of(design.at(0)).name().replace("_", " ")
    return [(name, np.ones(len(sweep), bool))]


def _line(
    panel: Panel, order: int, data: tuple[np.ndarray, np.ndarray, np.ndarray], mine: np.ndarray
) -> tuple[Line2D, bool]:
    """The median of each value's runs, with their quartiles; whether there are several of any."""
    ends, along, above = data
    colour, top = panel.theme.of_series(order), panel.axes.get_ylim()[1]
    across = np.argsort(ends)
    groups = [above[mine & (along == place)] for place in across]
    kept = [i for i, group in enumerate(groups) if len(group)]
    quartiles = np.array([np.quantile(groups[i], [0.25, 0.5, 0.75], method="nearest") for i in kept])
    x = ends[across][kept]
    shown = np.where(np.isfinite(quartiles[:, 1]), quartiles[:, 1], np.nan)
    (line,) = panel.axes.plot(
        x,
        shown,
        color=colour,
        linewidth=1.0,
        linestyle=DASHES[order % len(DASHES)],
        marker="o",
        markersize=3.2,
        zorder=4,
    )
    lost = ~np.isfinite(quartiles[:, 1])
    panel.axes.plot(
        x[lost],
        np.full(int(lost.sum()), top / 1.8 / 1.25**order),
        linestyle="none",
        marker="x",
        markersize=5,
        color=colour,
        zorder=4,
    )
    many = any(len(groups[i]) > 1 for i in kept)
    if many:
        low, high = (np.where(np.isfinite(q), q, top) for q in (quartiles[:, 0], quartiles[:, 2]))
        panel.axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0, zorder=3)
    return line, many


def _limit(panel: Panel, sweep: SweepRecord, axis: SweepAxis) -> list[Artist]:
    """The line of 2/L, of a single rule that has one."""
    if ("learning_rate",) not in axis.sets or len(_rules(sweep)) > 1:
        return []
    known = known_limits(sweep)
    low, high = panel.axes.get_xlim()
    if known is None or not low < known.limits[0] < high:
        return []
    line = panel.axes.axvline(
        float(known.limits[0]), color=panel.theme.ink, linewidth=1.2, linestyle="--", zorder=5
    )
    line.set_label(readable(message("the limit by theory: {limit:.6g}", limit=float(known.limits[0]))))
    return [line]
