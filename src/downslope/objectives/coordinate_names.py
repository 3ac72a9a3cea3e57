"""The names of coordinates: written out where they are few, and each when it is asked for where they are many."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

MANY = 1_000  # names, that are not all written out for a run that prints none of them


def coordinate_names(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> Sequence[str]:
    """A name for every element of parameters one after the other: ``b``, ``w[0]``, ``A[1,2]``.

    >>> list(coordinate_names(["b", "A"], [(), (1, 2)]))
    ['b', 'A[0,0]', 'A[0,1]']
    """
    many = CoordinateNames(names, shapes)
    return tuple(many) if len(many) < MANY else many


class CoordinateNames(Sequence[str]):
    """Names of elements that are written when they are asked for; equal to the tuple of them.

    >>> names = CoordinateNames(["w"], [(1000, 1000)])
    >>> len(names), names[123_456], names[-1], "w[3,1000]" in names
    (1000000, 'w[123,456]', 'w[999,999]', False)
    """

    def __init__(self, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> None:
        self._names, self._shapes = tuple(names), tuple(shapes)
        sizes = (int(np.prod(shape, dtype=int)) for shape in self._shapes)
        self._begins = [0, *itertools.accumulate(sizes)]

    def __len__(self) -> int:
        return self._begins[-1]

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return tuple(self[k] for k in range(*place.indices(len(self))))
        k = range(len(self))[place]  # whole numbers of any kind, from either end
        which = bisect_right(self._begins, k) - 1
        name, shape = self._names[which], self._shapes[which]
        if not shape:
            return name
        at = np.unravel_index(k - self._begins[which], shape)
        return f"{name}[{','.join(map(str, map(int, at)))}]"

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    @cached_property
    def _written(self) -> tuple[str, ...]:
        """All of them, which whoever goes through them once does again."""
        out: list[str] = []
        for name, shape in zip(self._names, self._shapes, strict=True):
            if len(shape) == 1:
                out += [f"{name}[{i}]" for i in range(shape[0])]
            elif shape:
                places = itertools.product(*([str(i) for i in range(n)] for n in shape))
                out += [f"{name}[{','.join(place)}]" for place in places]
            else:
                out.append(name)
        return tuple(out)

    def __eq__(self, other: Any) -> bool:
        if isinstance(other, CoordinateNames) and (self._names, self._shapes) == (
            other._names,
            other._shapes,
        ):
            return True
        if not isinstance(other, (tuple, CoordinateNames)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(self._written)

    def __repr__(self) -> str:
        return f"({self[0]!r}, ..., {self[-1]!r})" if len(self) else "()"
