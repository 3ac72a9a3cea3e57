from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, sqrt, where
from downslope.optimizers.base import Optimizer, hyperparameter


class NesterovRestartState(NamedTuple):
    x0: Any  # where the last gradient step led
    t: Any  # sets the momentum


class NesterovRestart(Optimizer):
    r"""Nesterov's accelerated gradient, which drops its momentum when that points uphill.

    .. math:: x_{k+1} = y_k - \eta\, g(y_k), \qquad t_{k+1} = \tfrac12\bigl(1 + \sqrt{1 + 4 t_k^2}\bigr), \qquad
              y_{k+1} = x_{k+1} + \frac{t_k - 1}{t_{k+1}}\,(x_{k+1} - x_k)

    and where :math:`\langle g(y_k), x_{k+1} - x_k\rangle > 0`, instead :math:`t_{k+1} = 1, y_{k+1} = x_{k+1}`; with
    :math:`y` the points that are evaluated (the history shows them), :math:`t_0 = 1` and :math:`\eta` the learning
    rate.

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; above that it may diverge.

    For a convex function and until the first restart, f(x_k) - f* <= 2 L R²/(k + 1)², with R the distance of the
    start to a minimum. The restart makes it linear in √κ steps where the function is strongly convex,
    without knowing how strongly. It needs a true L, and convexity.

    Source: Y. Nesterov, Soviet Mathematics Doklady 27 (1983) 372-376; bound: A. Beck, M. Teboulle, SIAM Journal on
    Imaging Sciences 2 (2009) 183-202, theorem 4.4; restart: B. O'Donoghue, E. Candès, Foundations of
    Computational Mathematics 15 (2015) 715-732, arXiv 1204.3982, section 3.2, gradient scheme.

    >>> import downslope as ds
    >>> from downslope.optimizers import NesterovRestart
    >>> rule = NesterovRestart(learning_rate=0.125)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=3).history["x"].round(6).tolist()
    [1.0, 0.75, 0.509671, 0.304019]
    """

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)

    def init(self, x: Any) -> NesterovRestartState:
        return NesterovRestartState(x0=x, t=1.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: NesterovRestartState
    ) -> tuple[Any, NesterovRestartState, Any]:
        η, y, g = self.learning_rate, x, gradient
        x0, t0 = state
        x = y - η * g
        t = (1 + sqrt(1 + 4 * t0 * t0)) / 2
        uphill = dot(g, x - x0) > 0
        ahead = where(uphill, x, x + (t0 - 1) / t * (x - x0))
        return ahead, NesterovRestartState(x, where(uphill, 1.0, t)), True
