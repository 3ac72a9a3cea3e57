"""What all wrappers share: they hold an optimizer and pass on what they do not change."""

from __future__ import annotations

from typing import Any

from downslope.errors import HyperparameterError
from downslope.messages import message
from downslope.optimizers.base import Optimizer, State
from downslope.optimizers.wrappers.scheduled import resolve_schedule


class Wrapper(Optimizer):
    """An optimizer around ``optimizer``; a subclass changes what goes in or what comes out."""

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
