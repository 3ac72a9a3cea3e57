"""Any rule with an average of its points in the place of a schedule."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.wrapper import StepWrapper


class ScheduleFreeState(NamedTuple):
    """The point that takes the steps, their average, and the state of the optimizer inside."""

    z: Any  # the point that takes the steps
    a: Any  # the average of its positions
    k: Any  # how many are in it
    inner: Any


class ScheduleFree(StepWrapper):
    r"""Lets any rule step a point whose average is the answer, and takes gradients between the two.

    .. math:: z_{k+1} = z_k - u_k, \qquad a_{k+1} = a_k + \frac{z_{k+1} - a_k}{k + 1}, \qquad
              x_{k+1} = \beta a_{k+1} + (1 - \beta) z_{k+1}

    with :math:`u_k` the way that the rule would go from :math:`x_k`, :math:`z` the point that goes it and :math:`a`
    the average of its positions, which is the answer; the history shows :math:`x`, where the objective was evaluated.
    The paper writes y for x and x for a.

    Args:
        optimizer: the rule inside. Without momentum of its own: β takes its place.
        momentum: β, weight of the average where the gradient is taken, in [0, 1).

    Every position counts the same, so a learning rate on a schedule is not told of; ``ScheduleFreeSGD`` and
    ``ScheduleFreeAdamW`` weigh by it. It needs a rule that steps from each point that it evaluates.

    Source: A. Defazio and others, "The road less scheduled", NeurIPS 2024, arXiv 2405.15682, equations (3) to (5),
    with any step in the place of the gradient's. As ``optax.contrib.schedule_free`` with a constant rate.

    >>> import downslope as ds
    >>> from downslope.optimizers import ScheduleFree
    >>> rule = ScheduleFree(optimizer=ds.optimizers.SGD(learning_rate=0.25), momentum=0.5)
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2)
    >>> run.history["x"].tolist(), run.x["x"]
    ([1.0, 0.5, 0.3125], 0.375)
    """

    keeps_points: ClassVar[bool] = True

    momentum: float = hyperparameter(
        0.9, "weight of the average where the gradient is taken", at_least=0, below=1
    )

    def init(self, x: Any) -> ScheduleFreeState:
        return ScheduleFreeState(z=x, a=x, k=0.0, inner=self.inner.init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: ScheduleFreeState
    ) -> tuple[Any, ScheduleFreeState, Any]:
        β, k = self.momentum, state.k + 1
        next_x, inner, accepted = self.inner.update(x, value, gradient, state.inner)
        z = state.z - (x - next_x)
        a = state.a + (1 / k) * (z - state.a)
        return β * a + (1 - β) * z, ScheduleFreeState(z, a, k, inner), accepted

    def answer(self, x: Any, state: State) -> Any:
        """The average."""
        return state.a
