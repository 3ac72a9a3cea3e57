from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer, trace_at_most

MOST_TRACED = 500  # numbers; the step map holds all velocities


class AggMoState(NamedTuple):
    v: tuple[Any, ...]  # velocities, that with the shortest memory first


class AggMo(Optimizer):
    r"""Aggregated momentum: the mean step of several heavy balls, from one without memory to one with a long one.

    .. math:: v^{(i)}_{k+1} = \beta_i v^{(i)}_k + g_k, \qquad
              x_{k+1} = x_k - \frac{\eta}{K} \sum_{i=0}^{K-1} v^{(i)}_{k+1}, \qquad \beta_i = 1 - a^i

    with :math:`v^{(i)}` the velocities, K of them: for a = 0.1, with the momenta 0, 0.9, 0.99, ...

    Args:
        learning_rate: η, step per unit of the mean velocity, > 0.
        velocities: K, how many there are, 1 to 10; with 1 it is gradient descent.
        damping: a, the part of a velocity that the second one loses in a step, in (0, 1); each further one loses a
            times as much as that before it.

    The slow velocities carry it far where the slope stays the same, and the fast ones damp them where it swings. It
    keeps K vectors; from K = 4 on the last needs thousands of steps to come to rest.

    Source: J. Lucas, S. Sun, R. Zemel, R. Grosse, "Aggregated momentum: stability through passive damping",
    ICLR 2019, arXiv 1804.00325, equation (3) and the exponential form of section 3.1.

    >>> import downslope as ds
    >>> from downslope.optimizers import AggMo
    >>> rule = AggMo(learning_rate=0.25, velocities=2, damping=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].tolist()
    [1.0, 0.5, 0.125]
    """

    short_name = "aggmo"
    aliases = ("AggregatedMomentum",)

    learning_rate: float = hyperparameter(0.01, "step per unit of the mean velocity", above=0)
    velocities: int = 3
    damping: float = hyperparameter(0.1, "part of a velocity that the second one loses", above=0, below=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "velocities", at_least=1, at_most=10)

    def init(self, x: Any) -> AggMoState:
        return AggMoState(v=(zeros_like(x),) * self.velocities)

    def update(self, x: Any, value: Any, gradient: Any, state: AggMoState) -> tuple[Any, AggMoState, Any]:
        trace_at_most(MOST_TRACED, x, vectors=self.velocities)
        η, a, K, g = self.learning_rate, self.damping, self.velocities, gradient
        velocities, total = [], 0.0 * g
        for i, velocity in enumerate(state.v):
            v = (1 - a**i) * velocity + g
            velocities.append(v)
            total = total + v
        return x - η / K * total, AggMoState(tuple(velocities)), True
