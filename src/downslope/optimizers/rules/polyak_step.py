from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import dot, maximum, where
from downslope.optimizers.base import Optimizer, State, hyperparameter


class PolyakStep(Optimizer):
    r"""Steepest descent whose step size comes from the known least value.

    .. math:: x_{k+1} = x_k - \frac{f(x_k) - f^*}{\|g_k\|^2}\, g_k

    with :math:`f` the value, :math:`f^*` the least value and :math:`g` the gradient.

    Args:
        minimum: f*, the least value of the objective, in its units; any finite number.

    On a convex function no step leads away from the minimum. With a ``minimum`` too low it steps too far and never
    settles; with one too high it stops where the value is ``minimum``. On a quadratic the step is
    half the one to the least value along a line, so it zig-zags like steepest descent.

    Source: B. Polyak, *Introduction to Optimization*, 1987, section 5.3.2, equation (5.3.16); its rates: E. Hazan,
    S. Kakade, arXiv 1905.00313, algorithm 1 and theorem 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import PolyakStep
    >>> run = ds.minimize("x^2 + 3", start={"x": 1.0}, optimizer=PolyakStep(minimum=3.0), steps=3)
    >>> run.history["x"].tolist()
    [1.0, 0.5, 0.25, 0.125]
    """

    aliases = ("Polyak",)
    projects = True

    minimum: float = hyperparameter(0.0, "the least value of the objective")

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        gap, g = maximum(value - self.minimum, 0.0), gradient
        square = dot(g, g)
        α = where(square > 0, gap / square, 0.0)
        return x - α * g, state, True
