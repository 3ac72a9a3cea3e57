"""Where to begin: from a fit and what was asked for to a figure, and a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from downslope.descent import Descent
from downslope.errors import UsageError
from downslope.fitting.result import FitResult
from downslope.messages import message
from downslope.plots.fits.choice import MOVING, checked_name, chosen, parse_fit_view
from downslope.plots.fonts import with_fonts
from downslope.plots.levels import checked_levels
from downslope.plots.options import PlotOptions, checked_frames, checked_size, checked_title, slice_axes
from downslope.plots.plane import Plane

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.plots.drawing import Drawing
    from downslope.plots.fits.scene import Scene


@with_fonts
def plot_fit(
    fit: FitResult,
    path: str | os.PathLike[str] | None = None,
    *,
    view: Any = None,
    kind: str | None = None,
    table: Any = None,
    levels: int | Sequence[float] = 30,
    filled: bool = True,
    size: tuple[float, float] | None = None,
    slice: Any = None,
    frames: int | None = None,
    theme: str | None = None,
    title: str | None = None,
    arrows: bool = False,
) -> Figure:
    """Draw a fit.

    Args:
        fit: what ``fit`` returned, or ``load`` read.
        path: where to write it, as PNG, SVG or PDF by its ending, or as an animated GIF where the view moves (data,
            surface, progress); None only draws.
        view: the name of a picture, and what its axes show, as text such as ``"data, x=0:10"``; or the latter alone, as
            for ``plot``. "data" (the rows with the fitted curve, for one input; a map of the predictions, for two),
            "predicted" (against actual), "residuals", "surface" (the cost over the parameters, with the path),
            "progress" (cost and gradient norm against steps or epochs), "calibration" (of log_loss), "classes" (of
            softmax). By default the one that suits the fit.
        kind: the name of the picture, where ``view`` is a range.
        table: draw these rows, and not those that were fitted; a loaded fit needs it for all views but "progress".
        levels, filled, size, slice, frames, theme, title, arrows: as for ``plot``; ``slice`` names two parameters for a
            surface, and arrows are for one.

    Returns:
        A Matplotlib figure of its own, to be changed or saved further.

    Raises:
        UsageError: an option, or the ending of ``path``, is not one of these, or does not go with this fit.
        DataError: the file cannot be written, or a table is needed.

    >>> import downslope as ds
    >>> from downslope.plots import plot_fit
    >>> fit = ds.fit({"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}, "y ~ a*x + b", loss="rmse")
    >>> figure = plot_fit(fit, view="data, x=0:10")
    >>> [float(end) for end in figure.axes[0].get_xlim()]
    [0.0, 10.0]
    """
    name, ranges = (None, view) if not isinstance(view, str) else parse_fit_view(view)
    if kind is not None:
        if name is not None:
            raise UsageError(
                message("the picture is named twice, kind={kind!r} and view={view!r}.", kind=kind, view=view)
            )
        name = checked_name(kind)
    options = PlotOptions(
        checked_levels(levels),
        bool(filled),
        checked_size(size),
        theme,
        checked_frames(frames),
        ranges,
        checked_title(title),
        bool(arrows),
    )
    name = chosen(fit, name, table is not None or fit.problem is not None, slice)
    if slice is not None and name != "surface":
        raise UsageError(message("slice= is for the view 'surface', not '{name}'.", name=name))
    if arrows and (name != "surface" or fit.run.start.size < 2):
        raise UsageError(
            message("arrows= is for a surface over two parameters, not for the view '{name}'.", name=name)
        )
    # Matplotlib takes half a second to import, so it waits until there is something to draw.
    from downslope.plots.fits.scene import Scene
    from downslope.plots.output import DRAWING, checked_suffix, write

    suffix = checked_suffix(path)
    still = name not in MOVING or (name == "data" and len(fit.model.hypothesis.columns) == 2)
    if suffix == ".gif" and still:
        raise UsageError(
            message("the view '{name}' does not move, so it is no GIF; use .png, .svg or .pdf.", name=name)
        )
    with DRAWING:
        if name == "surface":
            drawing = _surface(fit, slice, options)
        elif name == "progress":
            drawing = _progress(fit, options)
        else:
            drawing = _of_rows(name, Scene(fit, table), options, moving=suffix == ".gif")
        if path is not None and suffix is not None:
            write(drawing, path, suffix, options.frames)
    return drawing.figure


def _of_rows(name: str, scene: Scene, options: PlotOptions, *, moving: bool) -> Drawing:
    if name == "data":
        if len(scene.fit.model.hypothesis.columns) == 1:
            from downslope.plots.fits.one_input import draw_one_input

            return draw_one_input(scene, options, moving)
        from downslope.plots.fits.two_inputs import draw_two_inputs

        return draw_two_inputs(scene, options)
    if name in ("predicted", "residuals"):
        from downslope.plots.fits.against import draw_predicted, draw_residuals

        return (draw_predicted if name == "predicted" else draw_residuals)(scene, options)
    from downslope.plots.fits.labels import draw_calibration, draw_classes

    return (draw_calibration if name == "calibration" else draw_classes)(scene, options)


def _progress(fit: FitResult, options: PlotOptions) -> Drawing:
    from downslope.plots.progress import draw_progress

    if options.asked_view is not None:
        raise UsageError(message("the view 'progress' shows every step; ranges are for the other views."))
    step = "epoch" if fit.path == "batches" else "step"
    return draw_progress(Plane(fit.run, (0,), "cost", step), options)


def _surface(fit: FitResult, slice_: Any, options: PlotOptions) -> Drawing:
    """The cost over the parameters: from the moments where it is quadratic, else from the rows or a sample of them."""
    from downslope.plots.fits.scene import cost_to_draw

    cost, note = cost_to_draw(fit)
    run: Descent = replace(fit.run, objective=cost)
    names = run.history.coordinates
    if len(names) == 1 and slice_ is None:
        from downslope.plots.curve import draw_curve

        return draw_curve(Plane(run, (0,), "cost", note=note), options)
    from downslope.plots.maps import draw_map

    ranges = options.asked_view
    if slice_ is None and isinstance(ranges, dict) and len(ranges) == 2:
        slice_ = tuple(ranges)
    axes = (0, 1) if slice_ is None else slice_axes(run, slice_)
    return draw_map(Plane(run, axes, "cost", note=note), options)
