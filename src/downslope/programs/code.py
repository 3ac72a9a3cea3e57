"""The machine code of a program: where everything lies, and the functions that are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from downslope.programs.element_writer import POINTER
from downslope.programs.loops import Location, MemoryLayout
from downslope.programs.node import ArrayNode
from downslope.programs.plan import Plan, segments
from downslope.programs.plan_writer import PlanWriter, blocks_of
from downslope.programs.tasks import Kind
from downslope.programs.team import Team, write_entries
from downslope.symbolic.lanes import DOUBLE, LONG, WIDTH, machine_code

_BYTE = ir.IntType(8).as_pointer()
_LIBRARY_TYPE = ir.FunctionType(ir.VoidType(), [POINTER, POINTER]).as_pointer()


@dataclass
class Code:
    """Machine code that programs of one shape share, and what each of them has to bring along.

    Attributes:
        owner: keeps the code alive.
        address: of the function.
        helping: of the one that threads call which help with shared loops; 0 where there are none.
        wanted: what the data points to, in order: ("scratch", how many numbers), ("team", 0), or (kind, place of
            a node).
        spans: where the array that is kept of a node lies, by the node's place: (buffer, first number).
    """

    owner: Any = None
    address: int = 0
    helping: int = 0
    wanted: list[tuple[str, int]] = field(default_factory=list)
    spans: dict[int, tuple[str, int]] = field(default_factory=dict)


class Writing:
    """The code of a program, being written."""

    def __init__(
        self,
        inputs: Sequence[ArrayNode],
        outputs: Sequence[ArrayNode],
        place: Mapping[ArrayNode, int],
        distrusted: tuple[ArrayNode, ArrayNode] | None,
    ) -> None:
        self.inputs, self.outputs, self.place, self.distrusted = inputs, outputs, place, distrusted
        self.plan = Plan(outputs)
        self.code = Code()
        module = ir.Module()
        self.shared = any(group.shared for group in self.plan.groups)
        arguments = [POINTER, POINTER, _BYTE, *([ir.IntType(1), LONG] if self.shared else [])]
        function = ir.Function(module, ir.FunctionType(LONG, arguments), "work")
        function.linkage = "internal"
        for argument in function.args[:2]:
            argument.add_attribute("noalias")
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.pointers = self.builder.bitcast(function.args[2], POINTER.as_pointer())
        memory, targets, partial = self._laid_out(function)
        tables = {}
        for node in self.plan.nodes:
            if node.operation in ("take", "scatter", "entry") and node.detail not in tables:
                whole = node.operation != "entry"
                pointer = self._known("places" if whole else "table", self.place[node])
                tables[node.detail] = Location(
                    self.builder.bitcast(pointer, LONG.as_pointer()) if whole else pointer
                )
        libraries = {
            task.node: self.builder.bitcast(self._known("library", self.place[task.node]), _LIBRARY_TYPE)
            for group in self.plan.groups
            for task in group.tasks
            if task.kind is Kind.LIBRARY
        }
        layout = MemoryLayout(memory, targets, tables, libraries, partial)
        writer = PlanWriter(self.plan, layout, function, self.builder)
        team = None
        if self.shared:
            team = len(self.code.wanted)
            words = self.builder.bitcast(self._known("team", 0), LONG.as_pointer())
            writer.team = Team(function, self.builder, words)
        writer.write()
        self._write_numbers(writer, function.args[0])
        write_entries(function, team)
        self.code.owner, self.code.address = machine_code(module, "step")
        if self.shared:
            self.code.helping = int(self.code.owner.get_function_address("help"))

    def _known(self, kind: str, place: int) -> Any:
        """The pointer in the next place of the data."""
        self.code.wanted.append((kind, place))
        at = LONG(len(self.code.wanted) - 1)
        return self.builder.load(self.builder.gep(self.pointers, [at]))

    def _laid_out(self, function: Any) -> tuple[dict[ArrayNode, Location], dict[int, Location], Location]:
        """Where every array lies, the outputs that are copies, and the sums of blocks."""
        out, into = function.args[:2]
        memory: dict[ArrayNode, Location] = {}
        begin = 0
        for node in self.inputs:
            memory[node] = self._lies(node, "in", into, begin)
            begin += node.size
        begin, targets = 0, {}
        for k, node in enumerate(self.outputs):
            if node.shape != ():
                targets[k] = Location(out, begin)
                if node not in memory and node.operation not in ("input", "table"):
                    memory[node] = self._lies(node, "out", out, begin)
            begin += node.size
        own = [
            node
            for node in self.plan.nodes
            if node not in memory
            and (
                node in self.plan.kept  # totals: for threads that did not make them
                or (self.shared and node.operation == "reduce" and node.shape == ())
            )
        ]
        kept = sum(n.size for n in own if n.operation != "table") + 1
        scratch = self._known("scratch", kept + self._sums_of_blocks())
        begin = 0
        for node in own:
            if node.operation == "table":
                memory[node] = self._lies(node, "table", self._known("table", self.place[node]), 0)
            else:
                memory[node] = self._lies(node, "scratch", scratch, begin)
                begin += node.size
        return memory, targets, Location(scratch, kept)

    def _sums_of_blocks(self) -> int:
        """How many numbers those of one loop are at most."""
        most = 0
        for group in self.plan.groups:
            if group.shared:
                blocks = sum(blocks_of(*segment) for segment in segments(self.plan, group))
                most = max(most, WIDTH * blocks * sum(task.kind is Kind.REDUCE for task in group.tasks))
        return most

    def _lies(self, node: ArrayNode, where: str, pointer: Any, begin: int) -> Location:
        if node in self.place:
            self.code.spans[self.place[node]] = (where, begin)
        return Location(pointer, begin)

    def _write_numbers(self, writer: PlanWriter, out: Any) -> None:
        """The outputs of shape (), and what is returned."""
        begin, numbers = 0, []
        for node in self.outputs:
            if node.shape == ():
                numbers.append((node, begin, writer.number(node)))
            begin += node.size
        bad = writer.refused()
        builder = writer.b
        for node, place, number in numbers:
            if self.distrusted is not None and node in self.distrusted:
                instead = 0.0 if node is self.distrusted[0] else float("nan")
                number = builder.select(bad, ir.Constant(DOUBLE, instead), number)
            builder.store(number, builder.gep(out, [LONG(place)]))
        builder.ret(builder.zext(bad, LONG))
