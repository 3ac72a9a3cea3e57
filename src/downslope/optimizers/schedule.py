"""The contract of a schedule: a factor of the learning rate for each step."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from downslope.errors import HyperparameterError
from downslope.messages import message
from downslope.optimizers.hyperparameters import HyperparameterRecord


class Schedule(HyperparameterRecord):
    """A factor for each step, counted from 0, by which a learning rate is multiplied.

    Schedules multiply: ``0.1 * Warmup(steps=10) * Cosine(steps=1000)`` starts at a tenth of 0.1 and falls to 0.
    A schedule that looks at the values of the objective keeps a state; the others have none. The count has the
    run's number type: in float32 it stands still at 2^24 steps.
    """

    def init(self) -> Any:
        """The state before the first step. Nothing by default."""
        return ()

    def update(self, count: Any, value: Any, state: Any) -> tuple[Any, Any]:
        """The factor for step ``count``, at which the objective has ``value``, and the new state."""
        return self.factor(count), state

    @abstractmethod
    def factor(self, count: Any) -> Any:
        """The factor for step ``count``; pure arithmetic, so that it can be traced."""

    def __mul__(self, other: Any) -> Product:
        if isinstance(other, Schedule):
            return Product(first=self, second=other)
        return Product(first=self, second=Constant(value=other))

    def __rmul__(self, other: Any) -> Product:
        return Product(first=Constant(value=other), second=self)


class Constant(Schedule):
    """The same factor at every step.

    >>> Constant(value=0.5).factor(7)
    0.5
    """

    value: float

    def __post_init__(self) -> None:
        if (
            isinstance(self.value, bool)
            or not isinstance(self.value, (int, float))
            or not 0 < self.value < float("inf")
        ):
            raise HyperparameterError(
                message("Constant: value is {value!r}; it must be a finite number > 0.", value=self.value)
            )
        object.__setattr__(self, "value", float(self.value))

    def factor(self, count: Any) -> Any:
        """``value``."""
        return self.value


class Product(Schedule):
    """Two schedules multiplied, step by step; made by ``*``.

    >>> (2.0 * Constant(value=3.0)).factor(0)
    6.0
    """

    first: Schedule
    second: Schedule

    def init(self) -> Any:
        """The states of both."""
        return self.first.init(), self.second.init()

    def update(self, count: Any, value: Any, state: Any) -> tuple[Any, Any]:
        """Both factors multiplied, and both new states."""
        first, one = self.first.update(count, value, state[0])
        second, two = self.second.update(count, value, state[1])
        return first * second, (one, two)

    def factor(self, count: Any) -> Any:
        """Both factors multiplied."""
        return self.first.factor(count) * self.second.factor(count)
