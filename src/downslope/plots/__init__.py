"""Pictures of runs and fits: the map with the path, the curve, the learning curves, a slice, and all of them moving.

In flows a ``Descent`` or a ``FitResult``; out flow a Matplotlib figure, and a file if asked for. ``draw`` is where to
begin: it checks the options and picks the picture. ``map``, ``curve`` and ``progress`` each draw one kind; pictures of
fits are in ``fits``. Below them, without Matplotlib: ``view`` (what a person may ask to see), ``window`` (what is seen
otherwise), ``plane`` and ``grid`` (the path and the function on a plane), ``levels`` (where contours go). With it:
``look`` (colours and margins), ``words`` (titles and legends), ``trace`` (the path itself), ``output`` (files).

May import ``fitting``, ``explain``, ``descent`` and everything below; nothing above. Matplotlib is imported here and
nowhere else, inside functions, when a picture is drawn; no display and no pyplot is ever touched.
"""

from typing import TYPE_CHECKING, Any

from downslope.plots.draw import plot
from downslope.plots.view import parse_view

if TYPE_CHECKING:
    from downslope.plots.fits import plot_fit

__all__ = ["parse_view", "plot", "plot_fit"]


def __getattr__(name: str) -> Any:
    if name == "plot_fit":  # a picture of a run need not wait for what only fits need
        from downslope.plots.fits import plot_fit

        return plot_fit
    raise AttributeError(f"module 'downslope.plots' has no attribute '{name}'")
