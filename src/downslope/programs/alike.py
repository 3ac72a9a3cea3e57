"""Loops that do the same with other arrays: written once, as a function that is called with each one's arrays.

The two loops of L-BFGS go over ten pairs of vectors; written out, theirs would be twenty loops, and LLVM would take
most of its time for them. What is computed is the same to the last bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from downslope.programs.element_writer import POINTER, SCALAR, ElementWriter
from downslope.programs.loops import Element, Location, MemoryLayout
from downslope.programs.node import ArrayNode
from downslope.programs.places import flattened
from downslope.programs.plan import segments
from downslope.programs.tasks import Kind, LoopGroup
from downslope.programs.team import HANDED, Team
from downslope.symbolic.lanes import BITS, DOUBLE, LONG, WIDTH, Lanes

FEWEST_ALIKE = 3  # loops; two calls of a function take as long to compile as two loops


@dataclass
class _Description:
    """What a loop over a segment does, apart from which arrays and numbers it does it with.

    Attributes:
        steps: what is computed, each of steps before it.
        arrays: the nodes in memory, or the places of outputs, in the order in which the steps name them.
        numbers: the nodes of shape () that are computed before the loop, likewise.
    """

    steps: list[Any] = field(default_factory=list)
    arrays: list[ArrayNode | int] = field(default_factory=list)
    numbers: list[ArrayNode] = field(default_factory=list)

    def step(self, *about: Any) -> int:
        """Write one down; its number."""
        self.steps.append(about)
        return len(self.steps) - 1


class RowWriter(ElementWriter, ABC):
    """Writes loops row by row into the function of a plan, or into one of their own."""

    @abstractmethod
    def inner(self, layout: MemoryLayout, function: Any, builder: ir.IRBuilder) -> RowWriter:
        """A writer of loops of the same plan into a function of its own, where arrays lie elsewhere."""

    @abstractmethod
    def write_rows(self, group: LoopGroup) -> None:
        """A loop row by row."""

    def is_shared(self, group: LoopGroup) -> bool:
        """Whether threads share the loop."""
        return self.team is not None and group.shared

    def know_total(self, node: ArrayNode, number: Any) -> Lanes:
        """From here on a total is known, where no other threads need it."""
        value = self.spread(self.b, number)
        if node.truth:
            value = self.b.fcmp_ordered(">", value, self.w.number(0.5).code)
        lanes = Lanes(self.w, value, True)
        if self.team is None:
            self.fixed[node, SCALAR] = lanes
        return lanes


class AlikeLoops:
    """The loops row by row of a plan of which there are several.

    Args:
        writer: of the plan.
    """

    def __init__(self, writer: RowWriter) -> None:
        self.writer = writer
        self._described: dict[LoopGroup, tuple[Any, _Description]] = {}
        self._functions: dict[Any, Any] = {}
        groups = [group for group in writer.plan.groups if group.tasks[0].flat]
        looks = Counter(_look(group) for group in groups)
        for group in groups:
            if looks[_look(group)] >= FEWEST_ALIKE:
                found = self._describe(group)
                if found is not None:
                    self._described[group] = tuple(found.steps), found
        writer.group = writer.task = None
        self._times = Counter(key for key, _ in self._described.values())

    def call(self, group: LoopGroup) -> bool:
        """Write a call instead of the loop, where there are enough of its kind; whether there are."""
        key, found = self._described.get(group, (None, None))
        if found is None or self._times[key] < FEWEST_ALIKE:
            return False
        writer = self.writer
        writer.task = None  # numbers are computed before the loop
        numbers = [writer.first_of(writer.value(node, SCALAR)) for node in found.numbers]
        if key not in self._functions:
            self._functions[key] = self._written(group, found, [number.type for number in numbers])
        b, layout = writer.b, writer.layout
        pointers = [
            self._pointer(layout.targets[a] if isinstance(a, int) else layout.memory[a]) for a in found.arrays
        ]
        totals = [task.node for task in group.tasks if task.kind is Kind.REDUCE]
        slots = [
            self._pointer(layout.memory[node]) if node in layout.memory else self._slot() for node in totals
        ]
        shared: list[Any] = []
        if writer.is_shared(group):
            assert writer.team is not None
            assert layout.partial is not None
            shared = [self._pointer(layout.partial), *writer.team.handed(b)]
        refused = b.call(self._functions[key], [*pointers, *numbers, *slots, *shared])
        b.store(b.or_(b.load(writer.bad), b.bitcast(refused, BITS)), writer.bad)
        for node, slot in zip(totals, slots, strict=True):
            if node not in layout.memory:
                writer.know_total(node, b.load(slot))
        return True

    def _pointer(self, location: Location) -> Any:
        return self.writer.b.gep(location.pointer, [LONG(location.offset)])

    def _slot(self) -> Any:
        """Memory for a number, taken when the function begins."""
        entry = ir.IRBuilder(self.writer.function.entry_basic_block)
        entry.position_at_start(self.writer.function.entry_basic_block)
        return entry.alloca(DOUBLE)

    # --- what a loop does -----------------------------------------------------------------------

    def _describe(self, group: LoopGroup) -> _Description | None:
        """None where a loop looks up places in tables."""
        writer, found = self.writer, _Description()
        found.step(writer.is_shared(group))
        for segment in segments(writer.plan, group):
            known: dict[Element, int] = {}
            writer.group, writer.segment = group, segment
            found.step(*segment)
            for task in group.tasks:
                if segment[1] > task.size:
                    continue
                writer.task = task
                root = self._steps(found, known, (task.root, task.place))
                if root is None:
                    return None
                if task.kind is Kind.STORE:
                    into = _place_in(found.arrays, task.node if task.output is None else task.output)
                    found.step("store", task.domain, root, into)
                else:
                    found.step(task.node.detail[0], task.domain, root)
        return found

    def _steps(self, found: _Description, known: dict[Element, int], root: Element) -> int | None:
        """Write down how an element is computed, as ``ElementWriter.value`` does."""
        writer, stack = self.writer, [root]
        while stack:
            key = stack[-1]
            node, place = key
            if key in known:
                stack.pop()
            elif node.literal is not None:
                known[key] = found.step("number", node.literal.hex())
            elif node.shape == ():
                known[key] = found.step("given", _place_in(found.numbers, node), node.truth)
            elif writer.is_read(node, place):
                at = flattened(place, node.shape)
                known[key] = found.step("read", _place_in(found.arrays, node), at, node.truth)
            elif node.operation in ("take", "entry", "scatter"):
                return None
            else:
                parts = writer.parts(node, place)
                pending = [part for part in parts if part not in known]
                stack.extend(pending)
                if not pending:
                    known[key] = found.step(node.operation, *(known[part] for part in parts))
        return known[root]

    # --- its function ---------------------------------------------------------------------------

    def _written(self, group: LoopGroup, found: _Description, kinds: Sequence[Any]) -> Any:
        """``loop(arrays, numbers, totals, what is shared)``; gives back which lanes cannot be trusted."""
        outer, shared = self.writer, self.writer.is_shared(group)
        totals = [task.node for task in group.tasks if task.kind is Kind.REDUCE]
        arguments = [
            *[POINTER] * len(found.arrays),
            *kinds,
            *[POINTER] * len(totals),
            *([POINTER, *HANDED] if shared else []),
        ]
        module = outer.function.module
        kind = ir.FunctionType(ir.IntType(WIDTH), arguments)
        function = ir.Function(module, kind, module.get_unique_name("loop"))
        function.linkage = "internal"
        given = iter(function.args)
        arrays = [(a, Location(next(given))) for a in found.arrays]
        numbers = [next(given) for _ in found.numbers]
        memory = {a: at for a, at in arrays if isinstance(a, ArrayNode)}
        memory.update((node, Location(next(given))) for node in totals)
        targets = {a: at for a, at in arrays if isinstance(a, int)}
        partial = Location(next(given)) if shared else None
        builder = ir.IRBuilder(function.append_basic_block())
        inner = outer.inner(MemoryLayout(memory, targets, {}, {}, partial), function, builder)
        for node, number in zip(found.numbers, numbers, strict=True):
            inner.fixed[node, SCALAR] = Lanes(inner.w, inner.spread(builder, number), True)
        inner.begin()
        if shared:
            inner.team = Team.handed_on(function, tuple(given))
        inner.group = group
        inner.write_rows(group)
        inner.close(shared)
        inner.b.ret(inner.b.bitcast(inner.b.load(inner.bad), ir.IntType(WIDTH)))
        return function


def _look(group: LoopGroup) -> Any:
    """What can be seen of a loop at once."""
    return tuple((task.kind, task.domain, task.root.operation) for task in group.tasks)


def _place_in(known: list[Any], item: Any) -> int:
    """Its place, the last one where it is new."""
    for k, other in enumerate(known):
        if other is item:
            return k
    known.append(item)
    return len(known) - 1
