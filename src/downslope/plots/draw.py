"""Where to begin: from a run and what was asked for to a figure, and a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from downslope.descent import Descent
from downslope.errors import UsageError
from downslope.messages import message
from downslope.plots.fonts import with_fonts
from downslope.plots.levels import checked_levels
from downslope.plots.options import (
    PlotOptions,
    checked_frames,
    checked_size,
    checked_title,
    chosen_kind,
    kind_together,
    slice_axes,
)
from downslope.plots.plane import Plane
from downslope.plots.whole import whole
from downslope.sweeping.comparison import check_comparable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.fitting.result import FitResult
    from downslope.plots.drawing import Drawing


@with_fonts
def plot(
    run: Descent | FitResult | Sequence[Descent],
    path: str | os.PathLike[str] | None = None,
    *,
    kind: str | None = None,
    view: Any = None,
    levels: int | Sequence[float] = 30,
    filled: bool = True,
    size: tuple[float, float] | None = None,
    slice: Any = None,
    frames: int | None = None,
    theme: str | None = None,
    title: str | None = None,
    arrows: bool = False,
    table: Any = None,
) -> Figure:
    """Draw a run, several runs together, or a fit.

    Args:
        run: what ``minimize`` or ``maximize`` returned, or a list of that: all paths on one map, their values beside
            it, and a table of what they did. Of what ``fit`` returned, see ``plot_fit`` for the options.
        path: where to write it, as PNG, SVG, PDF, an animated GIF or, with the extra ``video``, an MP4 by its ending;
            None only draws.
        kind: "map" (contours and the path; two parameters), "curve" (the function, the path and its tangents;
            one parameter), "progress" (value and gradient norm against steps; any run), "slice", or
            "explained" (the directions of curvature, the stable range, factors per step as measured). By
            default the one that fits the number of parameters; of several runs with their values beside it.
        view: what the axes show: ``((xmin, xmax), (ymin, ymax))``, a dict by name, or text such as
            ``"x=-10:10,y=-5:5"``. By default what holds the path; of a path that runs away, its beginning.
        levels: how many contour lines, or their values.
        filled: whether the bands between the lines are filled.
        size: width and height in inches.
        slice: the names of two parameters, for more than two: the plane through the last point, with the
            path projected on it.
        frames: most frames of a GIF or MP4; 120 by default.
        theme: "light" or "dark".
        title: a line of your own above the others.
        arrows: whether the ground of a map or slice has arrows, all of one length, that point where the gradient says
            that it falls fastest (or, for a climb, rises).
        table: of a fit, the rows to draw.

    Returns:
        A Matplotlib figure of its own, to be changed or saved further.

    Raises:
        UsageError: an option or the ending of ``path`` is not one of these.
        DataError: the file cannot be written.

    >>> import downslope as ds
    >>> from downslope import plot
    >>> run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
    >>> figure = plot(run, view=((-10, 10), (-5, 5)))
    >>> [float(end) for end in (*figure.axes[0].get_xlim(), *figure.axes[0].get_ylim())]
    [-10.0, 10.0, -5.0, 5.0]
    >>> other = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, optimizer="adam(0.3)", steps=29)
    >>> [axes.get_xlabel() for axes in plot([run, other]).axes if axes.get_xlabel()]
    ['$x$', 'evaluations']
    """
    run = getattr(run, "runs", run)  # of a comparison
    several = isinstance(run, (list, tuple))
    runs = [_descent_of(one) for one in (run if isinstance(run, (list, tuple)) else [run])]
    if several:
        check_comparable(runs)
    first = runs[0]
    if not isinstance(first, Descent):
        from downslope.plots.fits import plot_fit

        asked = {"view": view, "kind": kind, "levels": levels, "filled": filled, "size": size}
        asked |= {"frames": frames, "theme": theme, "title": title, "arrows": arrows}
        return plot_fit(first, path, **asked, slice=slice, table=table)
    if table is not None:
        raise UsageError(message("table= is for a fit; this is a run."))
    options = PlotOptions(
        checked_levels(levels),
        bool(filled),
        checked_size(size),
        theme,
        checked_frames(frames),
        view,
        checked_title(title),
        bool(arrows),
    )
    chosen = kind_together(runs, kind, slice) if several else chosen_kind(first, kind, slice)
    if arrows and (chosen not in ("map", "slice", "together") or first.start.size < 2):
        raise UsageError(
            message("arrows= is for maps and slices, not for a plot of kind {kind!r}.", kind=chosen)
        )
    # Matplotlib takes half a second to import, so it waits until there is something to draw.
    from downslope.plots.output import DRAWING, checked_suffix, write

    suffix = checked_suffix(path)
    axes = tuple(range(min(first.start.size, 2))) if slice is None else slice_axes(first, slice)
    planes = [Plane(whole(one), axes) for one in runs]
    with DRAWING:
        drawing = _draw_together(chosen, planes, options) if several else _draw(chosen, planes[0], options)
        if path is not None and suffix is not None:
            write(drawing, path, suffix, options.frames)
    return drawing.figure


def _descent_of(run: Any) -> Any:
    """The record of a loop that is being recorded; anything else as it is."""
    return run.__descent__() if hasattr(run, "__descent__") else run


def _draw_together(kind: str, planes: Sequence[Plane], options: PlotOptions) -> Drawing:
    from downslope.plots.together import draw_together

    if kind == "progress":
        _refuse_view(options)
    return draw_together(planes, kind, options)


def _draw(kind: str, plane: Plane, options: PlotOptions) -> Drawing:
    if kind == "progress":
        from downslope.plots.progress import draw_progress

        _refuse_view(options)
        return draw_progress(plane, options)
    if kind == "explained":
        from downslope.plots.explained import draw_explained

        return draw_explained(plane, options)
    if kind == "curve":
        from downslope.plots.curve import draw_curve

        return draw_curve(plane, options)
    from downslope.plots.maps import draw_map

    return draw_map(plane, options)


def _refuse_view(options: PlotOptions) -> None:
    if options.asked_view is not None:
        raise UsageError(
            message("a plot of kind 'progress' shows every step; view= is for maps, slices and curves.")
        )
