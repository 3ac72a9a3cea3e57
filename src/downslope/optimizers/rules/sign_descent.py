from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import sign
from downslope.optimizers.base import Optimizer, State, hyperparameter


class SignDescent(Optimizer):
    r"""Every coordinate moves by exactly the learning rate, against the sign of its gradient.

    .. math:: x_{k+1} = x_k - \eta\, \mathrm{sign}(g_k)

    with :math:`g` the gradient and :math:`\eta` the learning rate. It is steepest descent where lengths are measured by
    the largest coordinate.

    Args:
        learning_rate: length of a step in each coordinate, > 0; in units of x.

    With a constant rate it never settles: coordinates end up stepping to and fro by the rate, so it needs one that
    falls to 0. In a narrow valley that is not along an axis, most of its steps go from wall to wall.

    Projection onto bounds is sound: coordinates move independently.

    Source: J. Bernstein and others, "signSGD: compressed optimisation for non-convex problems", ICML 2018,
    arXiv 1802.04434, algorithm 1; its geometry: L. Balles, F. Pedregosa, N. Le Roux, 2020, arXiv 2002.08056.

    >>> import downslope as ds
    >>> from downslope.optimizers import SignDescent
    >>> run = ds.minimize("x^2 + y^2", start=[1.0, 0.5], optimizer=SignDescent(learning_rate=0.25), steps=2)
    >>> run.history["x"].tolist(), run.history["y"].tolist()
    ([1.0, 0.75, 0.5], [0.5, 0.25, 0.0])
    """

    aliases = ("SignSGD",)
    projects = True

    learning_rate: float = hyperparameter(0.001, "length of a step in each coordinate", above=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        return x - self.learning_rate * sign(gradient), state, True
