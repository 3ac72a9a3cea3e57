"""From a sweep and what was asked for to a figure, and a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from downslope.errors import UsageError, nearest
from downslope.files import write_atomically
from downslope.messages import listing, message, sentences
from downslope.plots.fonts import with_fonts
from downslope.plots.options import PlotOptions, checked_size, checked_title
from downslope.plots.sweeps.axes import numeric_axes
from downslope.sweeping.rate_finder import RateSearch
from downslope.sweeping.record import SweepRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.plots.drawing import Drawing

KINDS = ("phase", "basins", "sensitivity")


@with_fonts
def plot_sweep(
    sweep: SweepRecord,
    path: str | os.PathLike[str] | None = None,
    *,
    kind: str | None = None,
    size: tuple[float, float] | None = None,
    theme: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a sweep.

    Args:
        sweep: what ``sweep`` returned.
        path: where to write it, as PNG, SVG or PDF by its ending; None only draws.
        kind: "phase" (two axes: the colour is how and after how many steps the run ended, and 2/L is drawn where theory
            knows it), "basins" (two axes that set the start: the hue is the minimum, the lightness the steps), or
            "sensitivity" (the final value against one axis, a line for each rule). By default the one that fits.
        size: width and height in inches.
        theme: "light" or "dark".
        title: a line of your own above the others.

    Returns:
        A Matplotlib figure of its own. Every cell of a map is one run; between them nothing is made up.

    Raises:
        UsageError: the sweep has no axes for such a picture, or an option is not one of these.
        DataError: the file cannot be written.

    >>> import downslope as ds
    >>> swept = ds.sweep("x^2", start={"x": ds.grid(-1, 1, 3)}, learning_rate=ds.grid(0.1, 1.3, 4), steps=50)
    >>> [axes.get_xlabel() for axes in plot_sweep(swept, kind="phase").axes][0]
    'learning rate'
    """
    options = PlotOptions(size=checked_size(size), theme=theme, title=checked_title(title))
    chosen = _chosen(sweep, kind)
    from downslope.plots.sweeps.basins import (
        draw_basins,
    )  # with Matplotlib, which takes half a second to import
    from downslope.plots.sweeps.phase import draw_phase
    from downslope.plots.sweeps.sensitivity import draw_sensitivity

    draw: Any = {"phase": draw_phase, "basins": draw_basins, "sensitivity": draw_sensitivity}[chosen]
    return _written(lambda: draw(sweep, options), path)


@with_fonts
def plot_rates(
    found: RateSearch,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
    theme: str | None = None,
) -> Figure:
    """Draw the curve of a search for a learning rate; the arguments are those of ``plot_sweep``."""
    options = PlotOptions(size=checked_size(size), theme=theme)
    from downslope.plots.sweeps.rates import draw_rates

    return _written(lambda: draw_rates(found, options), path)


def _written(draw: Callable[[], Drawing], path: str | os.PathLike[str] | None) -> Figure:
    """The figure, and its file where one is asked for."""
    from downslope.plots.output import DRAWING, checked_suffix, still

    suffix = checked_suffix(path)
    if suffix == ".gif":
        raise UsageError(message("this picture does not move: write it as .png, .svg or .pdf."))
    with DRAWING:
        drawing = draw()
        if path is not None and suffix is not None:
            write_atomically(path, still(drawing, suffix))
    return drawing.figure


def _chosen(sweep: SweepRecord, kind: str | None) -> str:
    if kind is not None and kind not in KINDS:
        raise UsageError(
            sentences(
                message(
                    "there is no picture of a sweep of kind {kind!r}; the kinds are: {kinds}.",
                    kind=kind,
                    kinds=listing(KINDS),
                ),
                nearest(str(kind), KINDS),
            )
        )
    axes = numeric_axes(sweep)
    names = listing(axis.name for axis in sweep.trial.design.axes) or "-"
    starts = [axis for axis in axes if next(iter(axis.sets))[0] == "start"]
    if kind is None:
        kind = (
            "basins" if len(starts) == 2 and len(axes) == 2 else "phase" if len(axes) == 2 else "sensitivity"
        )
    if kind == "basins" and (len(starts) != 2 or sweep.trial.objective.parameters.size != 2):
        raise UsageError(
            message(
                "basins are drawn over two axes that set the start of two parameters; here vary: {axes}.",
                axes=names,
            )
        )
    if kind == "phase" and len(axes) != 2:
        raise UsageError(
            message("a phase map is drawn over two axes of numbers; here vary: {axes}.", axes=names)
        )
    if kind == "sensitivity" and not axes:
        raise UsageError(
            message("there is no axis of numbers to draw a value against; here vary: {axes}.", axes=names)
        )
    return kind
