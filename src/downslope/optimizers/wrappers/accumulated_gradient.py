"""One step of the rule for several evaluations."""

from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.scheduled import chosen
from downslope.optimizers.wrappers.wrapper import StepWrapper


class AccumulatedGradientState(NamedTuple):
    """What was added up since the last step, and the state of the optimizer inside."""

    total: Any  # sum of the gradients
    count: Any  # how many there are
    inner: Any


class AccumulatedGradient(StepWrapper):
    r"""Evaluates k times at one point, and lets the rule step by the mean of the k gradients.

    .. math:: \bar g = \frac{1}{k} \sum_{i=1}^{k} g_i(x), \qquad
              x \leftarrow \text{the rule's step from } x \text{ by } \bar g

    Only the first evaluation of a point is accepted as a step; the others count as the trials of a line search do.

    Args:
        optimizer: the rule inside, which sees the mean of the gradients, and the last value.
        every: k, evaluations for one step, >= 1; at 1 it is the rule itself.

    It has a use where each evaluation is of other rows or is noisy: k mini-batches are one of k times the rows, with
    deviations smaller by :math:`\sqrt k`. A formula without noise has the same gradient each time, and this is the rule
    at k times the evaluations. As ``optax.MultiSteps``.

    Source: the mean of a sample, whose variance is that of one over k: H. Robbins, S. Monro, Annals of Mathematical
    Statistics 22 (1951) 400-407, for steps by such means.

    >>> import downslope as ds
    >>> from downslope.optimizers import AccumulatedGradient
    >>> rule = AccumulatedGradient(optimizer=ds.optimizers.SGD(learning_rate=0.25), every=3)
    >>> run = ds.minimize("x^2", start={"x": 8.0}, optimizer=rule, steps=2)
    >>> run.history["x"].tolist(), run.nfev
    ([8.0, 4.0, 2.0], 7)
    """

    every: float = hyperparameter(4.0, "evaluations for one step", at_least=1)

    def init(self, x: Any) -> AccumulatedGradientState:
        return AccumulatedGradientState(total=0.0 * x, count=0.0, inner=self.inner.init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: AccumulatedGradientState
    ) -> tuple[Any, AccumulatedGradientState, Any]:
        count = state.count + 1
        total = state.total + gradient
        next_x, inner, _ = self.inner.update(x, value, (1 / count) * total, state.inner)
        full = count >= self.every
        made = AccumulatedGradientState(
            total=where(full, 0.0 * total, total),
            count=where(full, 0.0, count),
            inner=chosen(full, inner, state.inner),
        )
        return where(full, next_x, x), made, state.count < 0.5

    def answer(self, x: Any, state: State) -> Any:
        """What the rule inside reports, of its own memory."""
        return self.inner.answer(x, state.inner)
