"""Answers of partitions -> one answer, merged in the same pairs in whatever order they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MergeTree(Generic[T]):
    """A tree over so many leaves: neighbours are merged, then neighbours of these, as soon as both are there.

    So no more answers are held than there are levels and leaves that have come too early.

    Args:
        leaves: how many there are.
        merge: makes one of two, the left one first.

    >>> tree = MergeTree(5, lambda a, b: f"({a}{b})")
    >>> for place in (4, 2, 0, 3, 1):
    ...     tree.put(place, str(place))
    >>> tree.whole
    '(((01)(23))4)'
    """

    def __init__(self, leaves: int, merge: Callable[[T, T], T]) -> None:
        self._merge, self._sizes = merge, [leaves]
        while self._sizes[-1] > 1:
            self._sizes.append((self._sizes[-1] + 1) // 2)
        self._waiting: dict[tuple[int, int], T] = {}
        self._root: list[T] = []

    def put(self, place: int, value: T) -> None:
        """Take in the answer of a leaf, which comes once."""
        for level, size in enumerate(self._sizes[:-1]):
            other = place ^ 1
            if other < size:  # else it has no neighbour, and goes up as it is
                if (level, other) not in self._waiting:
                    self._waiting[level, place] = value
                    return
                met = self._waiting.pop((level, other))
                value = self._merge(met, value) if other < place else self._merge(value, met)
            place //= 2
        self._root.append(value)

    @property
    def whole(self) -> T:
        """The answer of all leaves, which have come."""
        (root,) = self._root
        return root
