"""What of a program is kept in memory, and in which loops everything is computed.

A *task* computes one thing over a domain of elements: an array that is kept, a number that is the sum of all
elements, or what a library computes. Nodes that are not kept are computed where they are used, within the loop. Tasks
over the same elements, row by row, share a *group*, one loop, where none needs what another has computed at a
different element.

Source of the idea: K. Kennedy, K. McKinley, *Maximizing loop parallelism and improving data locality via loop fusion
and distribution*, LCPC 1993 (fusion of loops in order of their dependences).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from downslope.programs.elements import cost
from downslope.programs.node import ELEMENTS, ArrayNode, Axis, is_transposed, needed
from downslope.programs.places import Affine, ElementPlace
from downslope.programs.tasks import Kind, LoopGroup, Task, UnreachableError, below

MOST_PIECES = 8  # that an assembled array is computed from where it is used; of more it is kept
KEPT_FROM = 5  # additions; what takes longer is kept rather than computed again in another loop
KEPT_WITHIN = 60  # the same for other places in the same loop, as keeping it would make two loops of it
LARGE_PRODUCT = 1 << 23  # multiplications, from which a product of matrices is left to the library
THIN = 2  # columns, up to which it is not


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
        self.numbers: dict[ArrayNode, _Followed] = {}
        self.uses: dict[ArrayNode, set[tuple[int, int]]] = {}  # group, and a number for the place
        places: dict[ElementPlace, int] = {}
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
            for place, nodes in used.elements.items():
                use = (joined, places.setdefault(place, len(places)))
                for node in nodes:
                    if node.shape != ():
                        self.uses.setdefault(node, set()).add(use)

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
        self.elements: dict[ElementPlace, set[ArrayNode]] = {}

    def follow(self, root: ArrayNode, place: ElementPlace) -> None:
        """Down to what is in memory."""
        plan, task = self.plan, self.task
        own = task.kind is Kind.STORE and task.output is None
        stack = [(root, place)]
        while stack:
            node, place = stack.pop()
            seen = self.elements.setdefault(place, set())
            here = [node]  # at one place: places take long to be looked up
            while here:
                node = here.pop()
                if node in seen:
                    continue
                seen.add(node)
                if node in plan.kept and not (own and node is task.node):
                    maker = plan.maker.get(node)
                    if maker is not None:
                        aligned = maker.flat and maker.kind is Kind.STORE and place == task.place
                        self.makers.append((maker, aligned))
                elif node.operation == "reduce":
                    self.makers.append((plan.maker[node], False))
                elif node.operation in ELEMENTS:
                    for part in node.operands:
                        if part.shape != () or place == _NOWHERE:
                            here.append(part)
                        else:
                            self._follow_number(part)
                else:
                    stack.extend(below(node, place, task))

    def _follow_number(self, node: ArrayNode) -> None:
        """One that is computed before the loop; of all loops in the same way, so that it is followed once only."""
        known = self.plan.numbers.get(node)
        if known is None:
            known = _Followed(self.plan, self.task)
            known.follow(node, _NOWHERE)
            self.plan.numbers[node] = known  # only now: it may have been unreachable
        self.makers += known.makers
        for place, nodes in known.elements.items():
            self.elements.setdefault(place, set()).update(nodes)


_NOWHERE = ElementPlace(())


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
    if is_transposed(node):
        return node.operands[0]
    return node


def _multiplied_out(node: ArrayNode) -> ArrayNode:
    """The products of which a product of matrices is the sums, along a last axis."""
    a, b = node.operands
    (m, k), n, graph = a.shape, b.shape[1], node.graph
    shape = (m, n, k)
    left = graph.view(a, [Axis(0, 1, 0), Axis(0, 1, 2)], shape)
    right = graph.view(b, [Axis(0, 1, 2), Axis(0, 1, 1)], shape)
    return graph.element("mul", left, right)
