"""What is asked of a library of arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

_plain_precision: ContextVar[str] = ContextVar("plain_precision", default="float32")


@contextmanager
def plain_precision(name: str) -> Iterator[None]:
    """What TensorFlow is to make of plain numbers where no tensor beside them says it: "float32" or "float64"."""
    token = _plain_precision.set(name)
    try:
        yield
    finally:
        _plain_precision.reset(token)


def precision_of_plain_numbers() -> str:
    """What ``plain_precision`` said."""
    return _plain_precision.get()


def lone(values: Any) -> Any:
    """The one number that an array of one holds; anything else as it is."""
    return values.item() if hasattr(values, "item") and np.size(values) == 1 else values


class ArrayLibrary(ABC):
    """How rules compute with a library's arrays, and how a person's parameters of it are read and written.

    ``leaf`` is what the person has, ``part`` what is calculated with: the leaf as ``read`` gives it.
    """

    # what update rules are written with

    @abstractmethod
    def call(self, name: str, values: tuple[Any, ...]) -> Any:
        """The library's function of that name, as NumPy calls it; plain numbers among the values fit the others."""

    def dot(self, a: Any, b: Any) -> Any:
        """The inner product of two vectors, a scalar of the library."""
        return self.call("dot", (a, b))

    def transposed(self, matrix: Any) -> Any:
        """A matrix with rows and columns exchanged."""
        return self.call("transpose", (matrix,))

    def own_dot(self, a: Any, b: Any) -> Any:
        """The sum of the products of two arrays of one shape, as a scalar of their library and precision."""
        return self.call("sum", (a * b,))

    def entry(self, table: Sequence[float], k: Any) -> Any:
        """The k-th number of a table of fixed numbers; the last one beyond its end."""
        places, last = np.arange(len(table), dtype=float), float(len(table) - 1)
        away = self.call("absolute", (places - self.call("minimum", (k, last)),))
        return self.dot(np.array(table), self.call("where", (away < 0.5, 1.0, 0.0)))

    # parts of a tree

    def beside(self, scalar: Any, part: Any) -> Any:
        """A scalar that is no plain number in a form in which it does not widen ``part``."""
        return scalar.item() if hasattr(scalar, "item") else scalar

    @abstractmethod
    def piece(self, numbers: np.ndarray[Any, Any], part: Any) -> Any:
        """Part of a flat NumPy array, in the shape, precision and place of ``part``; conditions stay conditions."""

    @abstractmethod
    def part_dot(self, a: Any, b: Any) -> Any:
        """The inner product of two parts of any shape: a float64; while being compiled, a scalar of the library."""

    # a person's parameters

    @abstractmethod
    def read(self, leaf: Any, name: str) -> Any:
        """The leaf as something to calculate with, or a UsageError."""

    @abstractmethod
    def fit(self, values: Any, part: Any) -> Any:
        """Any array or number as one of the library, precision and device of ``part``."""

    @abstractmethod
    def write(self, leaf: Any, part: Any) -> Any:
        """Put the new numbers into the leaf where it can be changed, and return what stands in its place."""

    def copied(self, part: Any) -> Any:
        """The same numbers where nobody else can change them."""
        return part

    def present(self, leaf: Any, part: Any) -> Any:
        """The numbers as something new of the kind of ``leaf``; a tensor for a variable."""
        return part

    @abstractmethod
    def plain(self, part: Any) -> Any:
        """The numbers as a float or a NumPy array."""
