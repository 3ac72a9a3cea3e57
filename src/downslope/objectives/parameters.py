"""The names and shapes of what is being varied, and the flat vector that the engines see."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.errors import StartError, nearest

Vector: TypeAlias = NDArray[np.floating[Any]]
Structure: TypeAlias = Literal["dict", "list", "tuple", "vector", "number"]


def natural_order(names: Iterable[str]) -> list[str]:
    """Names as a person sorts them: a, b, x1, x2, x10.

    >>> natural_order(["x10", "b", "x2"])
    ['b', 'x2', 'x10']
    """

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = re.findall(r"\d+|\D+", name)
        return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts]

    return sorted(names, key=key)


@dataclass(frozen=True)
class Parameters:
    """Named parameters, each with a shape, laid out one after the other in one flat vector.

    ``structure`` remembers how the start was given, so that the answer comes back in the same form:
    a dict of numbers and arrays, a list or tuple of them, one array (of the single parameter's shape), or one number.

    >>> p = Parameters(("w", "b"), ((2,), ()), "dict")
    >>> p.coordinates
    ('w[0]', 'w[1]', 'b')
    >>> p.flatten({"w": [1, 2], "b": 3})
    array([1., 2., 3.])
    >>> p.structured(np.array([1.0, 2.0, 3.0]))
    {'w': array([1., 2.]), 'b': 3.0}
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    structure: Structure = "dict"

    @classmethod
    def scalars(cls, names: Sequence[str], structure: Structure = "dict") -> Parameters:
        """One number for each name."""
        return cls(tuple(names), ((),) * len(names), structure)

    @classmethod
    def of(cls, start: Mapping[str, Any]) -> Parameters:
        """The names and shapes of a start given as a dict."""
        return cls(tuple(start), tuple(np.shape(v) for v in start.values()))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        return tuple(int(np.prod(shape, dtype=int)) for shape in self.shapes)

    @cached_property
    def size(self) -> int:
        return sum(self.sizes)

    @cached_property
    def coordinates(self) -> tuple[str, ...]:
        """A name for every element of the flat vector: ``b``, ``w[0]``, ``A[1,2]``."""
        out: list[str] = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            places = itertools.product(*([str(i) for i in range(n)] for n in shape))
            out += [f"{name}[{','.join(place)}]" for place in places] if shape else [name]
        return tuple(out)

    def check_names(self, given: Iterable[str], what: str = "the start") -> None:
        """Raise StartError unless exactly these parameters are given."""
        given = dict.fromkeys(str(name) for name in given)
        known, names = ", ".join(self.names), set(self.names)
        for name in given:
            if name not in names:
                hint = nearest(name, self.names)
                raise StartError(f"{what} names '{name}', but the parameters are: {known}. {hint}".rstrip())
        missing = [name for name in self.names if name not in given]
        if missing:
            raise StartError(f"{what} gives no value for {', '.join(missing)}; the parameters are: {known}.")

    def flatten(self, values: Any, what: str = "the start") -> Vector:
        """Anything of this structure as one new flat float64 vector.

        Raises:
            StartError: a name, shape or kind is wrong, or a number is not finite.
        """
        if isinstance(values, Mapping):
            self.check_names(values)
            named = {str(name): value for name, value in values.items()}
            parts = [named[name] for name in self.names]
        elif self.structure in ("list", "tuple"):
            parts = self._listed(values, what)
        elif len(self.names) == 1:
            parts = [values]
        else:
            parts = self._split(values, what)
        flat = []
        for name, shape, part in zip(self.names, self.shapes, parts, strict=True):
            array = as_real(part, f"{what} for {name}")
            if array.shape != shape and not (array.size == 1 and shape == ()):
                raise StartError(
                    f"{what} for {name} has shape {array.shape}, but {shape or 'one number'} is needed."
                )
            flat.append(array.ravel())
        vector = np.concatenate(flat) if flat else np.empty(0)
        finite = np.isfinite(vector)
        if not finite.all():
            place = int(np.argmin(finite))
            raise StartError(
                f"{what} for {self.coordinates[place]} is {vector[place]}; give a finite number."
            )
        return vector

    def _listed(self, values: Any, what: str) -> list[Any]:
        if not isinstance(values, (list, tuple)) or len(values) != len(self.names):
            raise StartError(f"{what} is {values!r:.60}; a list of {len(self.names)} is needed.")
        return list(values)

    def _split(self, values: Any, what: str) -> list[Any]:
        array = as_real(values, what)
        if array.ndim != 1 or len(array) != self.size:
            order = ", ".join(self.coordinates)
            raise StartError(
                f"{what} has shape {array.shape}, but {self.size} numbers are needed, in the order {order}."
            )
        pieces = np.split(array, np.cumsum(self.sizes)[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def named(self, vector: Any) -> dict[str, Any]:
        """Name -> number or array, sliced out of the flat vector (which may hold symbols)."""
        out: dict[str, Any] = {}
        begin = 0
        for name, shape, size in zip(self.names, self.shapes, self.sizes, strict=True):
            piece = vector[begin : begin + size]
            out[name] = piece.reshape(shape) if shape else piece[0]
            begin += size
        return out

    def structured(self, vector: Vector, dtype: Any = np.float64) -> Any:
        """The flat vector in the form in which the start was given, arrays in the precision ``dtype``."""
        vector = np.array(vector, dtype)
        if self.structure == "number":
            return float(vector[0])
        if self.structure == "vector":
            whole = len(self.names) == 1 and self.shapes[0]
            return vector.reshape(self.shapes[0]) if whole else vector
        named = {k: float(v) if np.ndim(v) == 0 else v.copy() for k, v in self.named(vector).items()}
        return named if self.structure == "dict" else self.sequence(named.values())

    def sequence(self, values: Iterable[Any]) -> list[Any] | tuple[Any, ...]:
        """The values as a list, or as a tuple where the start was one."""
        return tuple(values) if self.structure == "tuple" else list(values)


def as_real(value: Any, what: str) -> NDArray[np.float64]:
    """A number or array as float64; text, complex numbers and objects are refused by name."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise StartError(f"{what} is {value!r:.60}; its rows differ in length.") from error
    if array.dtype.kind not in "biuf":
        kind = "a complex number" if array.dtype.kind == "c" else f"{value!r:.60}"
        raise StartError(f"{what} is {kind}; a real number (or an array of them) is needed.")
    return array.astype(np.float64)
