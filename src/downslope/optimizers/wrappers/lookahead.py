"""Fast steps, of which every few a part is kept."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.wrapper import StepWrapper


class LookaheadState(NamedTuple):
    """The slow point, and the state of the optimizer inside."""

    slow: Any  # the slow point
    count: Any  # fast steps since it moved
    inner: Any


class Lookahead(StepWrapper):
    r"""Lets the rule take k steps and then goes a part of the way back, to a slow point that follows it.

    .. math:: s \leftarrow s + \alpha\,(x_{k+1} - s), \qquad x_{k+1} \leftarrow s \qquad \text{after every k-th step}

    with :math:`s` the slow point, which is where the run begins. It is the answer; the history shows :math:`x`, where
    the objective was evaluated.

    Args:
        optimizer: the rule inside, whose own memory goes on over the jumps.
        every: k, steps of the rule for one of the slow point, >= 1.
        part: α, how much of their way it goes, > 0; at 1 the points are the rule's own.

    Where the rule goes straight to the minimum, it is slower by 1/α. It needs a rule that steps from each point that
    it evaluates: no line search, no average.

    Source: M. Zhang, J. Lucas, G. Hinton, J. Ba, NeurIPS 2019, arXiv 1907.08610, algorithm 1. optax's ``lookahead``
    is the same.

    >>> import downslope as ds
    >>> from downslope.optimizers import Lookahead
    >>> rule = Lookahead(optimizer=ds.optimizers.SGD(learning_rate=0.25), every=2, part=0.5)
    >>> ds.minimize("x^2", start={"x": 8.0}, optimizer=rule, steps=4).history["x"].tolist()
    [8.0, 4.0, 5.0, 2.5, 3.125]
    """

    keeps_points: ClassVar[bool] = True

    every: float = hyperparameter(5.0, "steps of the rule for one of the slow point", at_least=1)
    part: float = hyperparameter(0.5, "part of their way that the slow point goes", above=0)

    def init(self, x: Any) -> LookaheadState:
        return LookaheadState(slow=x, count=0.0, inner=self.inner.init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: LookaheadState
    ) -> tuple[Any, LookaheadState, Any]:
        k, α = self.every, self.part
        next_x, inner, accepted = self.inner.update(x, value, gradient, state.inner)
        count = state.count + 1
        meets = count >= k
        slow = where(meets, state.slow + α * (next_x - state.slow), state.slow)
        next_x = where(meets, slow, next_x)
        return next_x, LookaheadState(slow, where(meets, 0.0, count), inner), accepted

    def answer(self, x: Any, state: State) -> Any:
        """The slow point."""
        return state.slow
