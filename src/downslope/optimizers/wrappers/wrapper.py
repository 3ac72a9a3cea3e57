"""What all wrappers share: they hold an optimizer and pass on what they do not change."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from downslope.errors import HyperparameterError
from downslope.messages import message
from downslope.optimizers.base import Optimizer, State
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.wrappers.scheduled import resolve_schedule


class Wrapper(Optimizer):
    """An optimizer around ``optimizer``; a subclass changes what goes in or what comes out.

    Attributes:
        keeps_points: whether it keeps points of its own, which bounds around it would not reach.
    """

    keeps_points: ClassVar[bool] = False

    optimizer: Optimizer

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, Optimizer):
            raise HyperparameterError(
                message(
                    "{kind}: optimizer is {optimizer!r:.60}; it must be an Optimizer, such as Adam().",
                    kind=type(self).__name__,
                    optimizer=self.optimizer,
                )
            )
        super().__post_init__()

    @property
    def inner(self) -> Optimizer:
        """The optimizer inside, as an engine can run it."""
        return resolve_schedule(self.optimizer)

    def init(self, x: Any) -> State:
        return self.inner.init(x)

    def answer(self, x: Any, state: State) -> Any:
        return self.inner.answer(x, state)

    def residual(self, x: Any, gradient: Any) -> Any:
        return self.inner.residual(x, gradient)


class StepWrapper(Wrapper):
    """A wrapper that changes steps: of rules that step from where they evaluate, once for every evaluation.

    Attributes:
        counts_steps: whether each evaluation has to be a step of what is inside.
    """

    counts_steps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.optimizer.layers()[-1], CurvedRule):
            return  # which says itself why it takes its own steps only
        asks = requirements_of(self.inner.settled())
        compared = self.inner if self.counts_steps else resolve_schedule(self.optimizer.layers()[-1])
        if requirements_of(compared.settled()).searches:
            raise HyperparameterError(
                message(
                    "{kind} changes steps, and {inner} does not step from each point that it evaluates. Give it a rule"
                    " that does, such as Adam().",
                    kind=type(self).__name__,
                    inner=type(self.optimizer).__name__,
                )
            )
        if asks.averages and self.keeps_points:
            raise HyperparameterError(
                message(
                    "{kind} keeps points of its own, and {inner} does too: it reports another point than it"
                    " evaluates. Give it a rule that has none, such as Adam().",
                    kind=type(self).__name__,
                    inner=type(self.optimizer).__name__,
                )
            )


def named_within(optimizer: Optimizer, name: str) -> str:
    """The name of a rule, in those of the wrappers that it is given in; bounds and schedules are said elsewhere.

    >>> from downslope.optimizers import Adam, Lookahead
    >>> named_within(Lookahead(optimizer=Adam()), "adam")
    'lookahead(adam)'
    """
    for layer in reversed(optimizer.layers()[:-1]):
        if any("about" in field.metadata for field in dataclasses.fields(layer)):
            name = f"{layer.name()}({name})"
    return name
