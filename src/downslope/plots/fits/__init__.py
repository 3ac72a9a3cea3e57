"""Pictures of fits: the data with the curve, predicted against actual, residuals, the cost surface, ...

In flow a ``FitResult`` and the name of a view, out flows a ``Drawing``. ``draw`` comes first; ``choice`` knows the
views and picks one; ``scene`` holds the rows and what is predicted of them; ``one_input`` and ``two_inputs`` draw the
data, ``against`` predictions against what happened, ``labels`` how well labels are told apart. The surface, the curve
of one parameter and the learning curve are those of runs. Matplotlib is imported only when a picture is drawn.
"""

from downslope.plots.fits.choice import VIEWS, parse_fit_view
from downslope.plots.fits.draw import plot_fit

__all__ = ["VIEWS", "parse_fit_view", "plot_fit"]
