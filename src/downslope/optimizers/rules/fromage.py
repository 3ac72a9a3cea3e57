from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import absolute, both, norm, sqrt, where
from downslope.optimizers.base import Optimizer, State, hyperparameter


class Fromage(Optimizer):
    r"""Steps whose length is a fixed part of the parameters' own length.

    .. math:: x_{k+1} = \frac{1}{\sqrt{1 + \eta^2}} \Bigl(x_k - \eta\, \frac{\|x_k\|}{\|g_k\|}\, g_k\Bigr)

    with :math:`g` the gradient; where x is 0, the plain :math:`\eta g` is taken. The lengths are those of all
    parameters together. A coordinate whose derivative is 0 stays as it is.

    Args:
        learning_rate: η, the length of a step as a part of that of x, > 0; without unit.

    The root keeps x from growing where the step is across it, as for weights whose length does not matter. With a
    constant rate it never settles unless the minimum is at 0: it circles at about η‖x‖.

    Source: J. Bernstein, A. Vahdat, Y. Yue, M.-Y. Liu, "On the distance between two neural networks and the stability
    of learning", NeurIPS 2020, arXiv 2002.03432, algorithm 1. There, and in other libraries, each layer has a length
    of its own, and the root divides coordinates without a derivative too; optax takes lengths below 1e-6 for that.

    >>> import downslope as ds
    >>> from downslope.optimizers import Fromage
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Fromage(learning_rate=0.75), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.2, 0.04]
    """

    learning_rate: float = hyperparameter(0.01, "length of a step as a part of that of x", above=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        η, g = self.learning_rate, gradient
        length, slope = norm(x), norm(g)
        known = both(length > 0, slope > 0)
        ratio = where(known, length / where(slope > 0, slope, 1.0), 1.0)
        moved = (x - η * ratio * g) / sqrt(1 + η * η)
        return where(absolute(g) > 0, moved, x), state, True
