"""NumPy's arrays, and plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.tensors.library import ArrayLibrary, lone

_WIDE = frozenset({np.ndarray, np.float64, np.float32})  # kinds of values beside which nothing is plain


class NumPyArrays(ArrayLibrary):
    """NumPy arrays, changed in place."""

    def call(self, name: str, values: tuple[Any, ...]) -> Any:
        result = getattr(np, name)(*values)
        if not _WIDE.isdisjoint(map(type, values)):
            return result
        # plain numbers stay plain: a NumPy float64 would widen the float32 vectors it meets
        plain = all(
            isinstance(v, (bool, int, float, np.bool_)) and not isinstance(v, np.number) for v in values
        )
        return result.item() if plain else result

    def entry(self, table: Sequence[float], k: Any) -> Any:
        if hasattr(k, "__array_function__"):  # of symbols, which cannot be looked up
            return super().entry(table, k)
        return table[int(min(k, len(table) - 1))]

    def piece(self, numbers: np.ndarray[Any, Any], part: Any) -> Any:
        whole = numbers.reshape(np.shape(part))
        return whole if numbers.dtype == np.bool_ else whole.astype(part.dtype)

    def part_dot(self, a: Any, b: Any) -> Any:
        return np.float64(np.vdot(a, b))

    def read(self, leaf: Any, name: str) -> Any:
        if leaf.dtype.kind != "f":
            raise UsageError(
                message(
                    "{name} is an array of {dtype}; steps need floating point: {name}.astype('float64').",
                    name=name,
                    dtype=leaf.dtype,
                )
            )
        if not leaf.flags.writeable:
            raise UsageError(
                message("{name} is a read-only array and cannot be changed in place: give a copy.", name=name)
            )
        return leaf

    def fit(self, values: Any, part: Any) -> Any:
        return np.asarray(values, part.dtype)

    def write(self, leaf: Any, part: Any) -> Any:
        leaf[...] = part
        return leaf

    def copied(self, part: Any) -> Any:
        return np.array(part)

    def present(self, leaf: Any, part: Any) -> Any:
        return np.array(part)

    def plain(self, part: Any) -> Any:
        return np.array(part)


class PlainNumbers(NumPyArrays):
    """Python's and NumPy's single numbers: read as NumPy's, replaced by new ones of the type they had."""

    def read(self, leaf: Any, name: str) -> Any:
        return leaf if isinstance(leaf, np.floating) else np.float64(leaf)

    def fit(self, values: Any, part: Any) -> Any:
        return part.dtype.type(lone(values))

    def write(self, leaf: Any, part: Any) -> Any:
        return type(leaf)(part) if isinstance(leaf, np.floating) else float(part)

    def copied(self, part: Any) -> Any:
        return part

    def present(self, leaf: Any, part: Any) -> Any:
        return self.write(leaf, part)

    def plain(self, part: Any) -> Any:
        return float(part)


NUMPY, NUMBERS = NumPyArrays(), PlainNumbers()
