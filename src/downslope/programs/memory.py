"""Arrays that share memory: what is written through one of them is seen through the others, as in NumPy.

Nothing is ever changed in a program; a memory holds the node of its present contents. What is written into parts of it
is gathered, and put together only when something is read that was not written at once. So a loop that fills an array
element by element makes one assembled array of it, not as many arrays as elements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.programs.arithmetic import where
from downslope.programs.evaluate import strided
from downslope.programs.node import ArrayNode, Axis, Shape, Table
from downslope.programs.windows import Shown, composed

Window: TypeAlias = tuple[Shown | Shape, ...]
"""How an array sees a memory: a view, or the same elements in another shape, one after the other."""

WHOLE: Window = ()


class _Piece(NamedTuple):
    """Something written: where in the memory, row by row, and, where that is one view of it, its axes."""

    value: ArrayNode
    places: NDArray[np.int64]
    axes: tuple[Axis, ...] | None


class Memory:
    """What several arrays share.

    Attributes:
        version: counts what was written, so that an array knows when to look again.
    """

    __slots__ = ("_index", "_node", "_owner", "_pieces", "_written", "version")

    def __init__(self, node: ArrayNode) -> None:
        self._node = node
        self.version = 0
        self._index: NDArray[np.int64] | None = None
        self._owner: NDArray[np.int64] | None = None
        self._pieces: dict[int, _Piece] = {}
        self._written = 0

    def places(self, window: Window) -> NDArray[np.int64]:
        """The places in the memory, row by row, of the elements that an array sees."""
        if self._index is None:
            self._index = np.arange(self._node.size).reshape(self._node.shape)
        found = self._index
        for step in window:
            found = strided(found, step.axes, step.shape) if isinstance(step, Shown) else found.reshape(step)
        return found

    def shared_by(self, window: Window, function: Callable[[Any], Any]) -> bool:
        """Whether a function of NumPy shows the elements that an array sees where they lie; else it copies them."""
        return not window or np.may_share_memory(function(self.places(window)), self.places(WHOLE))

    def seen(self, window: Window) -> ArrayNode:
        """The present contents that an array sees."""
        if self._pieces:
            found = self.piece(self.places(window))
            if found is not None:
                return found
        node = self.settled()
        for step in window:
            node = step.of(node) if isinstance(step, Shown) else node.graph.reshaped(node, step)
        return node

    def piece(self, places: Any) -> ArrayNode | None:
        """What was written into exactly these places, where it was written at once and is not yet put together."""
        if not self._pieces or self._owner is None:
            return None
        owners = self._owner[places]
        first = int(owners.flat[0]) if owners.size else -1
        found = self._pieces.get(first)
        if (
            found is None
            or found.places.shape != np.shape(places)
            or not np.array_equal(found.places, places)
        ):
            return None
        return found.value if bool((owners == first).all()) else None

    def settled(self) -> ArrayNode:
        """All its present contents as one node."""
        if not self._pieces or self._owner is None:
            return self._node
        graph, shape = self._node.graph, self._node.shape
        covered = self._owner >= 0
        views = [(p.value, p.axes) for p in self._pieces.values() if p.axes is not None]
        node = graph.assembled(views, shape) if views else None
        for piece in self._pieces.values():
            if piece.axes is None:
                part = graph.scattered(piece.value, Table(np.array(piece.places)), shape)
                node = part if node is None else graph.element("add", node, part)
        assert node is not None
        if not covered.all() and not _is_zero(self._node):
            node = where(graph.table(covered.reshape(shape)), node, self._node)
        self._node, self._owner, self._pieces = node, None, {}
        return node

    def write(self, value: ArrayNode, places: NDArray[np.int64], axes: tuple[Axis, ...] | None) -> None:
        """Put a value into these places, all of them different."""
        self.version += 1
        size = self._node.size
        if places.size == size and np.array_equal(places.reshape(-1), np.arange(size)):
            self._node = value.graph.reshaped(value, self._node.shape)
            self._owner, self._pieces = None, {}
            return
        if self._owner is None:
            self._owner = np.full(size, -1, np.int64)
        met = np.unique(self._owner[places])
        for number in met[met >= 0]:
            if int(np.count_nonzero(self._owner == number)) != _count(self._owner[places], number):
                self.settled()  # part of an earlier piece stays
                self._owner = np.full(size, -1, np.int64)
                break
            del self._pieces[int(number)]
        self._owner[places] = self._written
        self._pieces[self._written] = _Piece(value, places, axes)
        self._written += 1


def _count(owners: Any, number: int) -> int:
    return int(np.count_nonzero(owners == number))


def _is_zero(node: ArrayNode) -> bool:
    return node.operation == "view" and node.operands[0].literal == 0


def through(window: Window, step: Shown | Shape) -> Window:
    """A window seen through another one."""
    if window and isinstance(step, Shown) and isinstance(window[-1], Shown):
        return (*window[:-1], composed(window[-1], step))
    if window and not isinstance(step, Shown) and not isinstance(window[-1], Shown):
        return (*window[:-1], step)
    return (*window, step)
