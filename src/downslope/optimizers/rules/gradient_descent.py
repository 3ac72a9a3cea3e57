from __future__ import annotations

from typing import Any

from downslope.optimizers.base import Optimizer, State, hyperparameter


class GradientDescent(Optimizer):
    r"""Each step goes against the gradient, by the learning rate times its length.

    .. math:: x_{k+1} = x_k - \eta\, g_k

    with :math:`x` the point, :math:`g` the gradient there and :math:`\eta` the learning rate.

    Args:
        learning_rate: step per unit of gradient, > 0; unit of x squared per unit of the objective.

    On a quadratic with largest curvature L and smallest μ it converges exactly when the rate is below 2/L, best at
    2/(L + μ), where the error shrinks by (κ - 1)/(κ + 1) a step, κ = L/μ. Slow where κ is large: it zig-zags.

    Projection onto bounds is sound: the projected step falls for every rate below 2/L.

    Source: A. Cauchy, Comptes rendus 25 (1847) 536-538; stability: B. Polyak, *Introduction to
    Optimization*, 1987, section 1.4, theorem 3.

    >>> import downslope as ds
    >>> from downslope.optimizers import GradientDescent
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=GradientDescent(learning_rate=0.25), steps=4)
    >>> run.history.value.tolist()
    [1.0, 0.25, 0.0625, 0.015625, 0.00390625]
    """

    aliases = ("SGD", "GD")

    projects = True

    learning_rate: float = hyperparameter(0.01, "step per unit of gradient", above=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        η, g = self.learning_rate, gradient
        return x - η * g, state, True
