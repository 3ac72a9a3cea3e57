"""What is computed of a program, task by task, and which elements one is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, auto

from downslope.programs.node import ELEMENTS, ArrayNode, Shape
from downslope.programs.places import Affine, ElementPlace, flattened, mapped, refined

ALIKE = 64  # elements by which the domains of tasks in one group may differ
FEWEST_MULTIPLIED = 250_000  # multiplications, likewise
FEWEST_SHARED = 30_000  # elements of a loop, from which sharing it takes less time than meeting


class Kind(Enum):
    """What a task does with the elements of its root."""

    STORE = auto()  # keep each
    REDUCE = auto()  # make one number of those along the last axes
    ASSEMBLE = auto()  # add pieces to zeros
    SCATTER = auto()  # add each in its place
    LIBRARY = auto()  # leave them to a library


@dataclass(eq=False)
class Task:
    """One thing that is computed.

    Attributes:
        kind: how.
        node: what becomes known: an array in memory, or a number.
        root: whose elements are computed for it; for ``ASSEMBLE`` and ``LIBRARY`` the node itself.
        domain: the elements' shape.
        flat: whether the loop goes over them row by row.
        output: the place in the order of outputs that it writes, where it copies one.
    """

    kind: Kind
    node: ArrayNode
    root: ArrayNode
    domain: Shape
    flat: bool = False
    output: int | None = None

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.domain)

    @property
    def reduced(self) -> int:
        """How many of the last axes become one number."""
        return len(self.domain) - len(self.node.shape) if self.kind is Kind.REDUCE else 0

    @property
    def place(self) -> ElementPlace:
        """Where the loop stands."""
        if self.flat:
            return refined(Affine.counter(0), self.domain)
        return ElementPlace(tuple(Affine.counter(k) for k in range(len(self.domain))))


@dataclass(eq=False)
class LoopGroup:
    """Tasks that share a loop; a task that is alone in it if it does not go row by row."""

    tasks: list[Task] = field(default_factory=list)

    @property
    def shared(self) -> bool:
        """Whether its loop is so long that threads share it."""
        first = self.tasks[0]
        if first.kind is Kind.REDUCE and first.node.operation == "matmul":
            return first.size >= FEWEST_MULTIPLIED
        return first.flat and max(task.size for task in self.tasks) >= FEWEST_SHARED

    def takes(self, task: Task) -> bool:
        """Whether a task may join."""
        first = self.tasks[0]
        return first.flat and task.flat and abs(first.size - task.size) <= ALIKE


class UnreachableError(Exception):
    """An element cannot be computed where it is used: its node is to be kept, or a loop has to go along axes."""

    def __init__(self, node: ArrayNode) -> None:
        super().__init__()
        self.node = node


ANYWHERE = ElementPlace((), True)  # of elements that are looked up in memory


def below(node: ArrayNode, place: ElementPlace, task: Task | None) -> list[tuple[ArrayNode, ElementPlace]]:
    """The elements that one of a node that is not kept is computed of.

    Raises:
        UnreachableError: it cannot be said where they lie.
    """
    operation = node.operation
    if operation in ELEMENTS or operation == "entry":
        return [(part, place if part.shape != () else ElementPlace(())) for part in node.operands]
    if operation == "view":
        if place.flat:
            raise UnreachableError(node)
        return [(node.operands[0], mapped(node.detail, place))]
    if operation == "reshape":
        flat = flattened(place, node.shape)
        return [(node.operands[0], refined(flat, node.operands[0].shape))]
    if operation == "assemble":
        if task is None or not task.flat or place != task.place:
            raise UnreachableError(node)
        return [
            (
                part,
                ElementPlace((place.along[0].plus(Affine(-axis.start)),)) if part.shape else ElementPlace(()),
            )
            for part, (axis,) in zip(node.operands, node.detail, strict=True)
        ]
    if operation == "take":
        return [(node.operands[0], ANYWHERE)]
    if operation in ("input", "number", "table"):
        return []
    raise UnreachableError(node)
