"""The names and shapes of what is being varied, and the flat vector that the engines see."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from downslope.errors import StartError, nearest
from downslope.language import canonical_name, look_alike
from downslope.messages import Message, listing, message, sentences
from downslope.objectives.coordinate_names import coordinate_names

Vector: TypeAlias = NDArray[np.floating[Any]]
Structure: TypeAlias = Literal["dict", "list", "tuple", "vector", "number"]

T = TypeVar("T")
THE_START = message("the start")


def natural_order(names: Iterable[str]) -> list[str]:
    """Names as a person sorts them: a, b, x1, x2, x10.

    >>> natural_order(["x10", "b", "x2"])
    ['b', 'x2', 'x10']
    """

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = re.findall(r"\d+|\D+", name)
        return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts]

    return sorted(names, key=key)


def own_name(name: str, names: Collection[str]) -> str:
    """The one of ``names`` that ``name`` is in another spelling; ``name`` itself where there is none.

    >>> own_name("x₁", ["x1", "y"])
    'x1'
    """
    if name in names:
        return name
    canonical = canonical_name(name)
    return next((known for known in names if canonical_name(known) == canonical), name)


@dataclass(frozen=True)
class Parameters:
    """Named parameters, each with a shape, laid out one after the other in one flat vector.

    ``structure`` remembers how the start was given, so that the answer comes back in the same form:
    a dict of numbers and arrays, a list or tuple of them, one array (of the single parameter's shape), or one number.

    >>> import numpy as np
    >>> from downslope.objectives import Parameters
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
    def place(self) -> Mapping[str, int]:
        """Where in the flat vector each coordinate is."""
        return {name: k for k, name in enumerate(self.coordinates)}

    def places(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Where coordinates are, shape (names,)."""
        if names is self.coordinates:
            return np.arange(self.size)
        return np.array([self.place[name] for name in names], np.intp)

    @cached_property
    def coordinates(self) -> Sequence[str]:
        """A name for every element of the flat vector: ``b``, ``w[0]``, ``A[1,2]``."""
        return coordinate_names(self.names, self.shapes)

    def of_names(self, given: Mapping[Any, T], what: Message = THE_START) -> dict[str, T]:
        """What is given for each parameter, under the name that it has here: a start's µ is the μ of a formula.

        Raises:
            StartError: a name is unknown, missing, or given in two spellings.
        """
        out: dict[str, T] = {}
        known = dict.fromkeys(self.names)
        for key, value in given.items():
            name = own_name(str(key), known)
            if name in out:
                raise StartError(
                    message("{what} gives {name} twice, in two spellings.", what=what, name=name)
                )
            out[name] = value
        self.check_names(out, what)
        return out

    def check_names(self, given: Iterable[str], what: Message = THE_START) -> None:
        """Raise StartError unless exactly these parameters are given."""
        given = dict.fromkeys(str(name) for name in given)
        known, names = listing(self.names), set(self.names)
        for name in given:
            if name not in names:
                raise StartError(
                    sentences(
                        message(
                            "{what} names '{name}', but the parameters are: {known}.",
                            what=what,
                            name=name,
                            known=known,
                        ),
                        look_alike(name, self.names) or nearest(name, self.names),
                    )
                )
        missing = [name for name in self.names if name not in given]
        if missing:
            raise StartError(
                message(
                    "{what} gives no value for {missing}; the parameters are: {known}.",
                    what=what,
                    missing=listing(missing),
                    known=known,
                )
            )

    def flatten(self, values: Any, what: Message = THE_START) -> Vector:
        """Anything of this structure as one new flat float64 vector.

        Raises:
            StartError: a name, shape or kind is wrong, or a number is not finite.
        """
        if isinstance(values, Mapping):
            named = self.of_names(values, what)
            parts = [named[name] for name in self.names]
        elif self.structure in ("list", "tuple"):
            parts = self._listed(values, what)
        elif len(self.names) == 1:
            parts = [values]
        else:
            parts = self._split(values, what)
        flat = []
        for name, shape, part in zip(self.names, self.shapes, parts, strict=True):
            array = as_real(part, message("{what} for {name}", what=what, name=name))
            if array.shape != shape and not (array.size == 1 and shape == ()):
                raise StartError(_misshapen(what, name, array.shape, shape))
            flat.append(array.ravel())
        vector = np.concatenate(flat) if flat else np.empty(0)
        finite = np.isfinite(vector)
        if not finite.all():
            place = int(np.argmin(finite))
            raise StartError(
                message(
                    "{what} for {coordinate} is {value}; give a finite number.",
                    what=what,
                    coordinate=self.coordinates[place],
                    value=vector[place],
                )
            )
        return vector

    def _listed(self, values: Any, what: Message) -> list[Any]:
        if not isinstance(values, (list, tuple)) or len(values) != len(self.names):
            raise StartError(
                message(
                    "{what} is {values!r:.60}; a list of {count} is needed.",
                    what=what,
                    values=values,
                    count=len(self.names),
                )
            )
        return list(values)

    def _split(self, values: Any, what: Message) -> list[Any]:
        array = as_real(values, what)
        if array.ndim != 1 or len(array) != self.size:
            raise StartError(
                message(
                    "{what} has shape {shape}, but {size} numbers are needed, in the order {order}.",
                    what=what,
                    shape=array.shape,
                    size=self.size,
                    order=listing(self.coordinates),
                )
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


def as_real(value: Any, what: Message = THE_START) -> NDArray[np.float64]:
    """A number or array as float64; text, complex numbers and objects are refused by name."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise StartError(
            message("{what} is {value!r:.60}; its rows differ in length.", what=what, value=value)
        ) from error
    if array.dtype.kind not in "biuf":
        if array.dtype.kind == "c":
            raise StartError(
                message(
                    "{what} is a complex number; a real number (or an array of them) is needed.", what=what
                )
            )
        raise StartError(
            message(
                "{what} is {value!r:.60}; a real number (or an array of them) is needed.",
                what=what,
                value=value,
            )
        )
    return array.astype(np.float64)


def _misshapen(what: Message, name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> Message:
    """That one parameter has another shape than is needed."""
    if wanted:
        return message(
            "{what} for {name} has shape {found}, but {wanted} is needed.",
            what=what,
            name=name,
            found=found,
            wanted=wanted,
        )
    return message(
        "{what} for {name} has shape {found}, but one number is needed.", what=what, name=name, found=found
    )
