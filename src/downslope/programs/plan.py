"""What of a program is kept in memory, and in which loops everything is computed.

A *task* computes one thing over a domain of elements: an array that is kept, a number that is the sum of all
elements, or what a library computes. Nodes that are not kept are computed where they are used, within the loop. Tasks
over the same elements, row by row, share a *group*, one loop, where none needs what another has computed at a
different element.

Source of the idea: K. Kennedy, K. McKinley, *Maximizing loop parallelism and improving data locality via loop fusion
and distribution*, LCPC 1993 (fusion of loops in order of their dependences).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise

from downslope.programs.elements import cost
from downslope.programs.node import ELEMENTS, ArrayNode, Axis, Shape, needed
from downslope.programs.places import Affine, ElementPlace, flattened, mapped, refined

MOST_PIECES = 8  # that an assembled array is computed from where it is used; of more it is kept
KEPT_FROM = 5  # additions; what takes longer is kept rather than computed again in another loop
KEPT_WITHIN = 60  # the same for other places in the same loop, as keeping it would make two loops of it
ALIKE = 64  # elements by which the domains of tasks in one group may differ
LARGE_PRODUCT = 1 << 23  # multiplications, from which a product of matrices is left to the library
THIN = 2  # columns, up to which it is not
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
        return self.tasks[0].flat and max(task.size for task in self.tasks) >= FEWEST_SHARED

    def takes(self, task: Task) -> bool:
        """Whether a task may join."""
        first = self.tasks[0]
        return first.flat and task.flat and abs(first.size - task.size) <= ALIKE


def segments(plan: Plan, group: LoopGroup) -> list[tuple[int, int]]:
    """The parts of a loop row by row, in each of which all elements are computed alike: (first, end)."""
    edges = {0, *(task.size for task in group.tasks)}
    at = plan.groups.index(group)
    for node, uses in plan.uses.items():
        if node.operation != "assemble" or all(where[0] != at for where in uses):
            continue
        if node not in plan.kept or plan.maker.get(node) in group.tasks:
            for part, (axis,) in zip(node.operands, node.detail, strict=True):
                edges.update((axis.start, axis.start + part.size))
    most = max(task.size for task in group.tasks)
    return list(pairwise(sorted(edge for edge in edges if edge <= most)))


class UnreachableError(Exception):
    """An element cannot be computed where it is used: its node is to be kept, or a loop has to go along axes."""

    def __init__(self, node: ArrayNode) -> None:
        super().__init__()
        self.node = node


class Plan:
    """The tasks of a program in groups, in order.

    Args:
        outputs: what is asked for.

    Attributes:
        kept: array nodes that lie in memory: inputs, tables, and results of tasks.
        groups: the loops, in order.
    """

    def __init__(self, outputs: Sequence[ArrayNode]) -> None:
        self.outputs = list(outputs)
        self.nodes = needed(outputs)
        self.kept: set[ArrayNode] = set()
        for node in self.nodes:
            self._keep_first(node)
        self.kept.update(node for node in outputs if node.shape != ())
        while True:
            try:
                self._arrange()
            except UnreachableError as reached:
                self.kept.add(reached.node)
                continue
            again = self._worth_keeping()
            if not again:
                break
            self.kept |= again

    # --- what must be kept ----------------------------------------------------------------------

    def _keep_first(self, node: ArrayNode) -> None:
        if node.operation in ("matmul", "call"):
            self.kept.update(_behind_views(part) for part in node.operands if part.operation != "number")
        if node.operation == "take":
            self.kept.add(node.operands[0])
        if node.shape == ():
            if node.operation == "call":
                self.kept.add(node)
            return
        if node.operation in ("input", "table", "reduce", "matmul", "call", "scatter") or (
            node.operation == "assemble" and not is_simple(node)
        ):
            self.kept.add(node)
        elif node.operation == "view":
            source = node.operands[0]
            along = {axis.along for axis in node.detail if axis.step}
            repeats = any(n > 1 and k not in along for k, n in enumerate(node.shape))
            if repeats and source.shape != () and self._cost(source) >= KEPT_FROM:
                self.kept.add(source)

    def _cost(self, root: ArrayNode, most: int = 200) -> int:
        """In additions, of an element from what is kept."""
        total, seen, stack = 0, {root}, [root]
        while stack and total < most:
            node = stack.pop()
            if node.shape == ():
                continue
            if node is not root and node in self.kept:
                total += 1
                continue
            total += cost(node.operation) if node.operation in ELEMENTS else 0
            for part in node.operands:
                if part not in seen:
                    seen.add(part)
                    stack.append(part)
        return total

    # --- tasks and groups -----------------------------------------------------------------------

    def _arrange(self) -> None:
        self.maker: dict[ArrayNode, Task] = {}
        self.uses: dict[ArrayNode, set[tuple[int, ElementPlace]]] = {}
        self.groups: list[LoopGroup] = []
        self._group_of: dict[Task, int] = {}
        for task in self._tasks():
            used = self._followed(task)
            bound = 0
            for maker, aligned in used.makers:
                at = self._group_of[maker]
                bound = max(bound, at if aligned and self.groups[at].takes(task) else at + 1)
            joined = next(
                (k for k in range(bound, len(self.groups)) if self.groups[k].takes(task)), len(self.groups)
            )
            if joined == len(self.groups):
                self.groups.append(LoopGroup())
            self.groups[joined].tasks.append(task)
            self._group_of[task] = joined
            if task.output is None:
                self.maker[task.node] = task
            for node, place in used.elements:
                self.uses.setdefault(node, set()).add((joined, place))

    def _tasks(self) -> Iterator[Task]:
        for node in self.nodes:
            if node.operation in ("input", "table"):
                continue
            if node.operation == "reduce" and (node.shape == () or node in self.kept):
                yield Task(Kind.REDUCE, node, node.operands[0], node.operands[0].shape)
            elif node in self.kept:
                yield self._keeping(node)
        seen: set[ArrayNode] = set()
        for k, node in enumerate(self.outputs):
            if node.shape != () and (node in seen or node.operation in ("input", "table")):
                yield Task(Kind.STORE, node, node, node.shape, output=k)
            seen.add(node)

    def _keeping(self, node: ArrayNode) -> Task:
        if node.operation == "matmul":
            (m, k), (_, n) = node.operands[0].shape, node.operands[1].shape
            if m * k * n < LARGE_PRODUCT or min(m, n) <= THIN:
                return Task(Kind.REDUCE, node, _multiplied_out(node), (m, n, k))
        if node.operation in ("matmul", "call"):
            return Task(Kind.LIBRARY, node, node, ())
        if node.operation == "scatter":
            return Task(Kind.SCATTER, node, node.operands[0], node.operands[0].shape)
        if node.operation == "assemble" and not is_simple(node):
            return Task(Kind.ASSEMBLE, node, node, node.shape)
        return Task(Kind.STORE, node, node, node.shape)

    def _followed(self, task: Task) -> _Followed:
        """What a task uses, row by row if it can be computed so."""
        if task.kind in (Kind.LIBRARY, Kind.ASSEMBLE):
            followed = _Followed(self, task)
            for part in task.node.operands:
                followed.follow(part, ElementPlace(tuple(Affine.counter(k) for k in range(len(part.shape)))))
            return followed
        if task.reduced in (0, len(task.domain)) and task.kind is not Kind.SCATTER:
            task.flat = True
            try:
                return self._from_root(task)
            except UnreachableError:
                if len(task.domain) < 2:
                    raise
                task.flat = False
        return self._from_root(task)

    def _from_root(self, task: Task) -> _Followed:
        followed = _Followed(self, task)
        followed.follow(task.root, task.place)
        return followed

    # --- what is computed more than once --------------------------------------------------------

    def _worth_keeping(self) -> set[ArrayNode]:
        found: set[ArrayNode] = set()
        for node, uses in self.uses.items():
            if len(uses) < 2 or node in self.kept or node.operation not in ELEMENTS or node.shape == ():
                continue
            loops = len({group for group, _ in uses})
            takes = self._cost(node)
            if (loops > 1 and takes >= KEPT_FROM) or takes >= KEPT_WITHIN:
                found.add(node)
        users: dict[ArrayNode, list[ArrayNode]] = {node: [] for node in found}
        for node in self.nodes:
            for part in node.operands:
                if part in users:
                    users[part].append(node)
        return {node for node in found if not users[node] or any(user not in found for user in users[node])}


class _Followed:
    """The elements that a task computes, and the tasks whose results it needs."""

    def __init__(self, plan: Plan, task: Task) -> None:
        self.plan, self.task = plan, task
        self.makers: list[tuple[Task, bool]] = []
        self.elements: set[tuple[ArrayNode, ElementPlace]] = set()

    def follow(self, root: ArrayNode, place: ElementPlace) -> None:
        own = self.task.kind is Kind.STORE and self.task.output is None
        stack = [(root, place)]
        while stack:
            node, place = stack.pop()
            if (node, place) in self.elements:
                continue
            self.elements.add((node, place))
            if node in self.plan.kept and not (own and node is self.task.node):
                maker = self.plan.maker.get(node)
                if maker is not None:
                    aligned = maker.flat and maker.kind is Kind.STORE and place == self.task.place
                    self.makers.append((maker, aligned))
            elif node.operation == "reduce":
                self.makers.append((self.plan.maker[node], False))
            else:
                stack.extend(below(node, place, self.task))


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


ANYWHERE = ElementPlace((), True)  # of elements that are looked up in memory


def is_simple(node: ArrayNode) -> bool:
    """Whether an assembled array has few pieces, each of consecutive elements along its one axis."""
    return (
        len(node.shape) == 1
        and len(node.operands) <= MOST_PIECES
        and all(
            (axis.step == 1 and axis.along == 0 and len(part.shape) == 1) or part.shape == ()
            for part, (axis,) in zip(node.operands, node.detail, strict=True)
        )
    )


def _behind_views(node: ArrayNode) -> ArrayNode:
    """What a library is to read: what a transposed array is a view of, or the array itself."""
    if node.operation == "view" and is_transposed(node):
        return node.operands[0]
    return node


def is_transposed(node: ArrayNode) -> bool:
    """Whether it is a matrix with its axes exchanged."""
    return bool(node.detail == (Axis(0, 1, 1), Axis(0, 1, 0)))


def _multiplied_out(node: ArrayNode) -> ArrayNode:
    """The products of which a product of matrices is the sums, along a last axis."""
    a, b = node.operands
    (m, k), n, graph = a.shape, b.shape[1], node.graph
    shape = (m, n, k)
    left = graph.view(a, [Axis(0, 1, 0), Axis(0, 1, 2)], shape)
    right = graph.view(b, [Axis(0, 1, 2), Axis(0, 1, 1)], shape)
    return graph.element("mul", left, right)
