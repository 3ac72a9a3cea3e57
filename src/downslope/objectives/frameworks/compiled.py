"""What costs of the frameworks that compile have in common: tried, read into a formula, repeated inside one loop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.messages import message
from downslope.objectives.frameworks.agreement import look_at_slope
from downslope.objectives.frameworks.answers import name_of
from downslope.objectives.frameworks.programs import CostReader, read_cost
from downslope.objectives.frameworks.tensors import Tensors
from downslope.objectives.loop import Advance, Carry, Step, capacity, written
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.unknown import TraceError

# carry -> the next carry, and a row (x, value, squared gradient norm, acceptance) of the evaluation
Recorded: TypeAlias = Callable[[Carry], tuple[Carry, Any]]


class CompiledObjective(Objective):
    """A function of a framework's flat arrays, compiled where it can be; ``loop`` then compiles whole descents of it.

    Attributes:
        autodiff: the framework's differentiation, by name.
        cuts: what cuts a gradient there without a word.
    """

    autodiff: ClassVar[str]
    cuts: ClassVar[tuple[str, ...]]

    def __init__(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> None:
        super().__init__(tensors.parameters, name_of(function), tensors.precision)
        self._function, self._tensors, self._supplied = function, tensors, gradient
        self.differentiation = self.autodiff if gradient is None else "supplied"
        self._evaluate: Callable[[Any], tuple[Any, Any]] = self.evaluate

    @property
    def called(self) -> tuple[Any, ...]:
        return tuple(f for f in (self._function, self._supplied) if f is not None)

    @abstractmethod
    def settle(self, x: Vector) -> Any:
        """Try the cost at the start: compile what can be compiled, refuse what cannot be descended.

        Returns the cost as the framework's program; None where it cannot be compiled.
        """

    @abstractmethod
    def reader(self, program: Any) -> CostReader:
        """How the framework's program is read."""

    @abstractmethod
    def array(self, x: Vector) -> Any:
        """A flat vector as an array of the start's precision, on its device."""

    @abstractmethod
    def evaluate(self, x: Any) -> tuple[Any, Any]:
        """Value and flat gradient at a flat array."""

    @abstractmethod
    def cast(self, number: Any, shape: tuple[int, ...]) -> Any:
        """An array of that shape and of the start's precision."""

    @abstractmethod
    def row(self, x: Any, numbers: tuple[Any, ...]) -> Any:
        """A flat array with numbers after it."""

    @abstractmethod
    def compile_repeated(
        self, recorded: Recorded, first: Carry, most: int
    ) -> Callable[[Carry, int], tuple[Carry, Any]]:
        """Code that does so many evaluations, at most ``most``, and their rows; or a TraceError."""

    @abstractmethod
    def compile_once(self, step: Callable[[Any], Any], carry: Carry) -> Callable[[Any], Any]:
        """Code that does one; or a TraceError."""

    @abstractmethod
    def squared_length(self, x: Any) -> Any:
        """The squared Euclidean length of a flat array."""

    def use_compiled(self, evaluate: Callable[[Any], tuple[Any, Any]]) -> None:
        """Evaluate by this from now on: ``evaluate``, compiled."""
        self._evaluate = evaluate
        self.loop, self.remote = CompiledLoop(self), CompiledRemote(self)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, gradient = self._evaluate(self.array(x))
        return float(value), np.array(gradient)

    def cast_step(self, step: Callable[[Carry], Any], first: Carry) -> Callable[[Carry], Any]:
        """The step, whose carry keeps its shapes and its precision."""
        shapes = [tuple(part.shape) for part in first]

        def cast(before: Carry) -> Any:
            after, record = step(before)
            return tuple(self.cast(new, shape) for new, shape in zip(after, shapes, strict=True)), record

        return cast


class CompiledLoop:
    """Compiles a step and repeats it inside one loop of the framework."""

    def __init__(self, objective: CompiledObjective) -> None:
        self._objective = objective
        self.value_and_gradient = objective.evaluate

    def compile(self, step: Step, carry: tuple[Vector, ...]) -> tuple[Carry, Advance]:
        """``step`` as compiled code that repeats it, and the first carry."""
        objective, most = self._objective, capacity(carry[0].size)
        first = tuple(objective.array(part) for part in carry)
        once = objective.cast_step(step, first)

        def recorded(before: Carry) -> tuple[Carry, Any]:
            after, record = once(before)
            return after, objective.row(before[0], record)

        repeat = objective.compile_repeated(recorded, first, most)

        def advance(before: Carry, count: int) -> tuple[Carry, NDArray[np.float64]]:
            count = min(count, most)
            after, block = repeat(before, count)
            return after, np.asarray(block)[:count].astype(np.float64)

        return first, advance


class CompiledRemote:
    """Flat arrays that stay on their device; a step is compiled."""

    engine = "compiled"
    least = 20_000

    def __init__(self, objective: CompiledObjective) -> None:
        self._objective = objective
        self.array = self.leaf = objective.array
        self.value_and_gradient = objective.evaluate

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """The numbers of a flat array."""
        return written(np.asarray(x), out)

    def numbers(self, leaf: Any) -> NDArray[Any]:
        """An array in NumPy, in its own precision."""
        return np.asarray(leaf)

    def squared_length(self, parts: Any) -> float:
        """The squared Euclidean length of a flat array."""
        return float(self._objective.squared_length(parts))

    def prepare_step(self, step: Callable[[Any], Any], carry: Any) -> Callable[[Any], Any]:
        """The step, compiled."""
        return self._objective.compile_once(self._objective.cast_step(step, carry), carry)


def read_or_compiled(
    objective: CompiledObjective, tensors: Tensors, differentiated: bool
) -> tuple[Objective, Vector]:
    """The cost as a program or a formula where it can be read, else as it is compiled, else as the framework calls it.

    Args:
        differentiated: whether the gradient is the framework's, and not a person's.
    """
    program = objective.settle(tensors.x)
    if not differentiated:
        return objective, tensors.x
    try:
        if program is None:
            raise TraceError(message("it cannot be compiled"))
        found = read_cost(objective.reader(program), None, objective, tensors)
    except TraceError:
        look_at_slope(objective, tensors.x, objective.cuts)
        return objective, tensors.x
    found.loop, found.remote = objective.loop, objective.remote  # for engine="compiled"
    return found, tensors.x
