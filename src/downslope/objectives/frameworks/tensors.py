"""A start made of some framework's tensors: as numbers, and numbers as tensors like them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.containers import flattened, like, rebuilt
from downslope.errors import StartError, UsageError
from downslope.messages import Message, argument, message
from downslope.objectives.calling import Calling, calling
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Vector

_MODULES = {"torch": "torch", "tensorflow": "tensorflow", "jax": "jax", "jaxlib": "jax"}
PRECISIONS = ("float32", "float64")
IN_PLACE = argument("in_place", True)


class TensorLibrary(ABC):
    """What is asked of a framework: its numbers, tensors like a given one, and objectives."""

    name: str
    cast: tuple[str, str]  # how a person writes a tensor of fractions, and makes one of whole numbers
    fixed: Message = message(  # what is said of a start whose values cannot be changed in place
        "{option} needs a start that can be changed: PyTorch leaf tensors and TensorFlow Variables; leave it"
        " out and use run.x.",
        option=IN_PLACE,
    )

    @abstractmethod
    def numbers(self, tensor: Any) -> NDArray[Any]:
        """A copy of the tensor's numbers."""

    @abstractmethod
    def precision(self, tensor: Any) -> str:
        """The name of its kind of number, as NumPy says it."""

    @abstractmethod
    def like(self, numbers: NDArray[Any], tensor: Any) -> Any:
        """A new tensor of these numbers, with the kind, precision and device of ``tensor``."""

    @abstractmethod
    def objective(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> tuple[Objective, Vector]:
        """The objective of a function of such tensors, tried at the start."""

    def put(self, tensor: Any, numbers: NDArray[Any]) -> None:
        """Write numbers into the tensor itself."""
        raise NotImplementedError

    def can_change(self, tensor: Any) -> bool:
        """Whether ``put`` works on it."""
        return False


def library_name(leaf: Any) -> str | None:
    """The name of the library whose tensor it is, or None."""
    for kind in type(leaf).__mro__:
        name = _MODULES.get(kind.__module__.partition(".")[0])
        if name:
            return name
    return None


def of_keras(start: Any) -> Any:
    """A start whose Keras variables are replaced by what they hold: tensors of Keras's backend.

    Raises:
        StartError: it is a Keras layer or model.
    """
    leaves = [leaf for _, leaf in flattened(start)]
    if not any(kind.__module__.startswith("keras.") for leaf in leaves for kind in type(leaf).__mro__):
        return start
    for leaf in leaves:
        if hasattr(leaf, "trainable_variables"):
            raise StartError(
                message(
                    "the start is a {kind}, not a tensor. For a model, start with"
                    " model.trainable_variables and call it with model.stateless_call(parameters,"
                    " model.non_trainable_variables, inputs)[0].",
                    kind=type(leaf).__name__,
                )
            )
    return rebuilt(start, iter([getattr(leaf, "value", leaf) for leaf in leaves]), in_place=False)


def leaves_of(start: Any) -> Iterator[Any]:
    """What stands in the containers of a start."""
    return (leaf for _, leaf in flattened(start))


@dataclass(frozen=True)
class Tensors:
    """A start of tensors: their numbers in the same form, and the precision that all of them have.

    ``parameters`` and ``how`` are known once the function is.
    """

    library: TensorLibrary
    start: Any
    numbers: Any
    precision: str
    parameters: Parameters = field(default_factory=lambda: Parameters((), ()))
    how: Calling | None = None

    @cached_property
    def x(self) -> Vector:
        """The start as a flat vector."""
        return self.parameters.flatten(self.numbers)

    def of_parameters(self, parameters: Parameters) -> Tensors:
        """The same start, knowing its parameters."""
        return replace(self, parameters=parameters)

    def of_function(self, function: Callable[..., Any]) -> Tensors:
        """The same start, knowing how the function takes it."""
        how = calling(function, self.numbers)
        return replace(self, parameters=how.parameters, how=how)

    def call(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """The function's answer for a tensor of each parameter."""
        assert self.how is not None
        return self.how.with_values(function, values)

    @property
    def like(self) -> Any:
        """One of the tensors, for those that are to be like it."""
        return next(leaf for leaf in leaves_of(self.start) if library_name(leaf))

    def present(self, x: Vector) -> Any:
        """A flat vector in the form of the start."""
        numbers = self.parameters.structured(x)
        if isinstance(self.start, Mapping):
            return {name: self._leaf(numbers[str(name)], leaf) for name, leaf in self.start.items()}
        if isinstance(self.start, (list, tuple)):
            return like(self.start, map(self._leaf, numbers, self.start))
        return self._leaf(numbers, self.start)

    def _leaf(self, value: Any, leaf: Any) -> Any:
        return self.library.like(np.asarray(value), leaf) if library_name(leaf) else value

    def put(self, x: Vector) -> None:
        """Write a flat vector into the tensors of the start themselves."""
        numbers = self.parameters.structured(x)
        values = list(numbers.values()) if isinstance(numbers, dict) else numbers
        parts = values if isinstance(self.start, (Mapping, list, tuple)) else [values]
        for leaf, value in zip(leaves_of(self.start), parts, strict=True):
            self.library.put(leaf, np.asarray(value))


def from_tensors(tensors: Tensors, function: Callable[..., Any], gradient: Any) -> tuple[Objective, Vector]:
    """The objective of a function of tensors, answering in the form of the start.

    Raises:
        StartError: the start does not fit the function.
        ObjectiveError: the function cannot be descended.
    """
    tensors = tensors.of_function(function)
    if gradient is not None and not callable(gradient):
        raise UsageError(message("the gradient of a function of tensors is a function of the same tensors."))
    objective, x = tensors.library.objective(function, tensors, gradient)
    objective.tensors = tensors
    return objective, x
