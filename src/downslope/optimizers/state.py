"""An optimizer's state, a NamedTuple of vectors and scalars (nested at will), as one flat list and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def leaves(state: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(name, vector or scalar) for every leaf, in order."""
    if isinstance(state, tuple):
        names = getattr(state, "_fields", None) or [str(i) for i in range(len(state))]
        for name, part in zip(names, state, strict=True):
            yield from leaves(part, f"{path}.{name}" if path else name)
    else:
        yield path, state


def rebuilt(state: Any, values: Iterator[Any]) -> Any:
    """A state of the same build as ``state`` with its leaves taken from ``values``, in order."""
    if isinstance(state, tuple):
        parts = [rebuilt(part, values) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    return next(values)


def mapped(state: Any, function: Callable[[str, Any], Any]) -> Any:
    """The state with ``function(name, leaf)`` for every leaf."""
    return rebuilt(state, iter([function(name, leaf) for name, leaf in leaves(state)]))


def flat(state: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """All numbers of the state in one vector."""
    parts = [np.ravel(np.asarray(leaf, np.float64)) for _, leaf in leaves(state)]
    return np.concatenate(parts) if parts else np.empty(0)


def viewed(state: Any, numbers: np.ndarray[Any, Any]) -> Any:
    """A state of the same build that shows the numbers of one flat vector where they lie."""
    parts, begin = [], 0
    for _, leaf in leaves(state):
        size, shape = np.size(leaf), np.shape(leaf)
        piece = numbers[begin : begin + size]
        parts.append(piece.reshape(shape) if shape else piece[0])
        begin += size
    return rebuilt(state, iter(parts))


def refilled(state: Any, numbers: np.ndarray[Any, Any]) -> Any:
    """A state of the same build with its numbers taken from one flat vector; the inverse of ``flat``."""
    return mapped(viewed(state, numbers), lambda _, leaf: leaf.copy())
