"""Differences of each number with each other where each with its own was meant: n numbers beside a column of n.

NumPy and the frameworks make (n, n) of the shapes (n,) and (n, 1), and a cost of that has a minimum too: another one.
Seen where a function is followed in symbols.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

Shape = tuple[int, ...]


class Side(NamedTuple):
    """What is subtracted, or is subtracted from.

    Attributes:
        shape: before it was spread.
        known: whether it is made of numbers alone, as targets are.
        bare: whether it is parameters as they are, and nothing that was computed of them.
    """

    shape: Shape
    known: bool
    bare: bool


class Pairing(NamedTuple):
    """The shapes of two arrays, the difference of which is (n, n)."""

    numbers: Shape
    others: Shape


_seen: ContextVar[list[Pairing] | None] = ContextVar("seen", default=None)


@contextmanager
def watched() -> Iterator[list[Pairing]]:
    """A list that fills with what is seen meanwhile."""
    seen: list[Pairing] = []
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def difference(left: Side, right: Side) -> None:
    """A difference is made. Predictions beside targets are told; parameters that were made a column are meant so.

    >>> with watched() as seen:
    ...     difference(Side((3,), False, True), Side((3, 1), True, False))
    ...     difference(Side((3, 1), False, True), Side((3,), True, False))
    >>> seen
    [Pairing(numbers=(3,), others=(3, 1))]
    """
    seen = _seen.get()
    if seen is None or left.known == right.known:
        return
    shapes = left.shape, right.shape
    n = max(map(max, shapes), default=0) if all(shapes) else 0
    if n < 2 or set(shapes) != {(n,), (n, 1)}:
        return
    followed = right if left.known else left
    if followed.shape == (n, 1) and followed.bare:
        return
    seen.append(Pairing(*shapes))
