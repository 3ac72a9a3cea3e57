"""What an objective offers whose framework can compile a descent (``LoopCompiler``) or keep its arrays (``Remote``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.objectives.parameters import Vector

# x and the leaves of the optimizer's state, as arrays of the framework.
Carry: TypeAlias = tuple[Any, ...]
# carry -> the next carry, and (value, squared gradient norm, acceptance) of the evaluation at the x it had
Step: TypeAlias = Callable[[Carry], tuple[Carry, tuple[Any, Any, Any]]]
# carry and a number of evaluations -> the carry after them, and one row (x, value, square, acceptance) for each
Advance: TypeAlias = Callable[[Carry, int], tuple[Carry, NDArray[np.float64]]]

MOST_ROWS = 8192  # of one call, which costs 20 to 200 microseconds by itself
MOST_NUMBERS = 1_000_000  # in them


class LoopCompiler(Protocol):
    """A framework's compiler, bound to an objective."""

    def value_and_gradient(self, x: Any) -> tuple[Any, Any]:
        """Value and flat gradient at a flat array of the framework; can be compiled."""

    def compile(self, step: Step, carry: tuple[Vector, ...]) -> tuple[Carry, Advance]:
        """``step`` as compiled code that repeats it, and the first carry as arrays of the framework.

        Raises:
            TraceError: the framework cannot compile it.
        """


def capacity(dimension: int) -> int:
    """How many evaluations one call of a compiled loop records at most.

    >>> capacity(2), capacity(100_000)
    (8192, 9)
    """
    return max(1, min(MOST_ROWS, MOST_NUMBERS // (dimension + 3)))


def written(numbers: NDArray[Any], out: Vector | None) -> Vector:
    """The numbers as a new float64 vector, or in ``out``."""
    if out is None:
        return np.array(numbers, np.float64)
    out[:] = numbers
    return out


class Remote(Protocol):
    """A framework's arrays, bound to an objective of so many parameters that carrying them to NumPy would cost."""

    engine: str  # "compiled" or "hosted"
    least: int  # parameters, from which on carrying a point to NumPy at every step costs more than it saves

    def array(self, x: Vector) -> Any:
        """A flat vector as the framework keeps it: one array, or a list of tensors that rules see as one vector."""

    def leaf(self, leaf: Any) -> Any:
        """A vector or scalar of an optimizer's first state, as the framework keeps it."""

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """What ``array`` made, or what came of it, as a flat float64 vector: a new one, or written into ``out``."""

    def numbers(self, leaf: Any) -> NDArray[Any]:
        """A vector or scalar of an optimizer's state in NumPy, in its own precision; ``leaf`` is the way back."""

    def value_and_gradient(self, x: Any) -> tuple[Any, Any]:
        """Value, and the gradient in the form of ``array``."""

    def squared_length(self, parts: Any) -> float:
        """The squared Euclidean length of what ``array`` makes."""

    def prepare_step(self, step: Callable[[Any], Any], carry: Any) -> Callable[[Any], Any]:
        """The step as the framework runs it fastest.

        Raises:
            TraceError: it should be compiled, and cannot be.
        """
