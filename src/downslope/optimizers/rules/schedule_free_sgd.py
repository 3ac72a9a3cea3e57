from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import Optimizer, hyperparameter


class ScheduleFreeSGDState(NamedTuple):
    z: Any  # the point that takes the steps
    w: Any  # sum of squared rates, the weight of the average
    c: Any  # share of the newest position in the average
    a: Any  # the average of its positions


class ScheduleFreeSGD(Optimizer):
    r"""Gradient descent that averages its points as it goes and takes its gradients near the average.

    .. math:: z_{k+1} = z_k - \eta\, g_k, \qquad a_{k+1} = (1 - c)\, a_k + c\, z_{k+1}, \qquad
              x_{k+1} = \beta a_{k+1} + (1 - \beta) z_{k+1}, \qquad c = \frac{\eta_k^2}{\eta_0^2 + \dots + \eta_k^2}

    with :math:`z` the point that takes the steps, :math:`a` the average and :math:`g_k` the gradient at :math:`x_k`
    between the two; while the rate is constant :math:`c = 1/(k + 1)`. The answer is the average :math:`a`; the
    history shows :math:`x`, where the objective was evaluated. The paper writes y for x and x for a.

    Args:
        learning_rate: step of z per unit of gradient, > 0; larger rates are stable than for gradient descent.
        momentum: β, weight of the average where the gradient is taken, in [0, 1); at 0 z is plain gradient descent.

    The average remembers: on a quadratic it comes in like the power 1/(1 - β) of 1/k in the end, not geometrically.

    Source: A. Defazio and others, "The road less scheduled", NeurIPS 2024, arXiv 2405.15682, equations (3) to (5);
    the weights are those of algorithm 1 there. optax weights by the largest rate so far, which is the same while the
    rate does not fall.

    >>> import downslope as ds
    >>> from downslope.optimizers import ScheduleFreeSGD
    >>> rule = ScheduleFreeSGD(learning_rate=0.25, momentum=0.5)
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2)
    >>> run.history["x"].tolist(), run.x["x"]
    ([1.0, 0.5, 0.3125], 0.375)
    """

    learning_rate: float = hyperparameter(0.01, "step per unit of gradient", above=0)
    momentum: float = hyperparameter(
        0.9, "weight of the average where the gradient is taken", at_least=0, below=1
    )

    def init(self, x: Any) -> ScheduleFreeSGDState:
        return ScheduleFreeSGDState(z=x, w=0.0, c=0.0, a=x)

    def update(
        self, x: Any, value: Any, gradient: Any, state: ScheduleFreeSGDState
    ) -> tuple[Any, ScheduleFreeSGDState, Any]:
        η, β, g = self.learning_rate, self.momentum, gradient
        z = state.z - η * g
        w = state.w + η * η
        c = η * η / where(w > 0, w, 1.0)  # a schedule may begin with a rate of 0
        a = (1 - c) * state.a + c * z
        return β * a + (1 - β) * z, ScheduleFreeSGDState(z, w, c, a), True

    def answer(self, x: Any, state: ScheduleFreeSGDState) -> Any:
        """The average."""
        return state.a
