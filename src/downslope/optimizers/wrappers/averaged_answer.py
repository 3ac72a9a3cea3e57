"""A moving average of the points as the answer."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.wrapper import Wrapper


class AveragedAnswerState(NamedTuple):
    """The sum of the points so far and its weight, and the state of the optimizer inside."""

    mean: Any  # weighted sum of the points
    weight: Any  # sum of the weights in it
    inner: Any


class AveragedAnswer(Wrapper):
    r"""Leaves every step as it is, and answers with a moving average of the points.

    .. math:: m_k = \beta m_{k-1} + (1 - \beta) x_k, \qquad a_k = \frac{m_k}{1 - \beta^{k+1}}

    with :math:`a` the answer; the division makes the first point count no more than the others. The history shows
    :math:`x`, where the objective was evaluated.

    Args:
        optimizer: the rule inside.
        decay: β, part of the average that is kept at each step, in [0, 1); at 0 the answer is the last point.

    It is of use where points scatter about a minimum: of mini-batches, of noise, of a rate that is too large to settle.
    Where the rule goes straight to the minimum the answer comes after it, by no more than β a step.

    Source: B. Polyak, A. Juditsky, SIAM Journal on Control and Optimization 30 (1992) 838-855, for averages of
    points; the weights are those of D. Kingma, J. Ba, arXiv 1412.6980, section 7.2. As ``optax.ema`` of the
    parameters with its correction.

    >>> import downslope as ds
    >>> from downslope.optimizers import AveragedAnswer
    >>> rule = AveragedAnswer(optimizer=ds.optimizers.SGD(learning_rate=1.0), decay=0.5)
    >>> run = ds.minimize("x^2", start={"x": 3.0}, optimizer=rule, steps=2)
    >>> run.history["x"].tolist(), round(run.x["x"], 6)
    ([3.0, -3.0, 3.0], 1.285714)
    """

    keeps_points: ClassVar[bool] = False  # an average of points within bounds is within them

    decay: float = hyperparameter(0.99, "part of the average that is kept at each step", at_least=0, below=1)

    def init(self, x: Any) -> AveragedAnswerState:
        return AveragedAnswerState(mean=0.0 * x, weight=0.0, inner=self.inner.init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: AveragedAnswerState
    ) -> tuple[Any, AveragedAnswerState, Any]:
        next_x, inner, accepted = self.inner.update(x, value, gradient, state.inner)
        mean, weight = self._with(x, state)
        if accepted is not True:  # a rejected trial is no step
            mean, weight = where(accepted, mean, state.mean), where(accepted, weight, state.weight)
        return next_x, AveragedAnswerState(mean, weight, inner), accepted

    def answer(self, x: Any, state: State) -> Any:
        """The average, with this point."""
        mean, weight = self._with(x, state)
        return mean / weight

    def _with(self, x: Any, state: AveragedAnswerState) -> tuple[Any, Any]:
        """Sum and weight with one more point: what the rule inside reports for it."""
        β = self.decay
        reported = self.inner.answer(x, state.inner)
        return β * state.mean + (1 - β) * reported, β * state.weight + (1 - β)
