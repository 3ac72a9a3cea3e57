"""Programs as machine code: one function of a buffer of inputs and a buffer of outputs."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from downslope.programs.element_writer import POINTER
from downslope.programs.evaluate import evaluated
from downslope.programs.helping import HelpingThreads
from downslope.programs.loops import Location, MemoryLayout
from downslope.programs.node import ArrayNode, LibraryCall, Table, needed
from downslope.programs.plan import Plan, segments
from downslope.programs.plan_writer import PlanWriter, blocks_of
from downslope.programs.tasks import Kind
from downslope.programs.team import Team, write_entries
from downslope.symbolic.lanes import DOUBLE, LONG, WIDTH, machine_code

Vector = NDArray[Any]
KEPT_CODES = 128
_BYTE = ir.IntType(8).as_pointer()
_STEP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_LIBRARY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_LIBRARY_TYPE = ir.FunctionType(ir.VoidType(), [POINTER, POINTER]).as_pointer()


@dataclass
class _Code:
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


_CODES: OrderedDict[Any, _Code] = OrderedDict()
_CODES_LOCK = threading.Lock()


class CompiledProgram:
    """Outputs of a program as one native function of its inputs, float64.

    Programs that differ only in the numbers of their tables share their code.

    Args:
        inputs: in the order in which their elements lie in the buffer that is read.
        outputs: in the order in which theirs lie in the one that is written.
        distrusted: writes for two outputs of shape (), the value and the gradient's square, 0 and NaN where a number
            left the range that vector instructions compute rightly: then only ``evaluate`` can be trusted.

    Attributes:
        address, data: of the machine code and what it is called with, valid as long as this object lives.
    """

    def __init__(
        self,
        inputs: Sequence[ArrayNode],
        outputs: Sequence[ArrayNode],
        distrusted: tuple[ArrayNode, ArrayNode] | None = None,
    ) -> None:
        self._inputs, self._outputs = list(inputs), list(outputs)
        self.inputs, self.outputs = (sum(node.size for node in nodes) for nodes in (inputs, outputs))
        self._nodes = needed([*inputs, *outputs])
        self._failed: BaseException | None = None
        self._kept_alive: list[Any] = []
        self._code = self._found(distrusted)
        self.address = self._code.address
        self._call = _STEP(self.address)
        self._team = HelpingThreads(self._code.helping)
        self._pointers = np.array([self._address(*item) for item in self._code.wanted], np.uint64)
        self.data = self._pointers.ctypes.data

    def helped(self, steps: int) -> AbstractContextManager[None]:
        """While so many steps are made, the other cores help with long loops; without them the same is computed."""
        return self._team.helping(self, steps)

    def _found(self, distrusted: tuple[ArrayNode, ArrayNode] | None) -> _Code:
        """The code, from before where a program of the same shape was compiled."""
        place = {node: k for k, node in enumerate(self._nodes)}
        key = (
            tuple(_described(node, place) for node in self._nodes),
            tuple(place[node] for node in self._inputs),
            tuple(place[node] for node in self._outputs),
            distrusted and tuple(place[node] for node in distrusted),
        )
        with _CODES_LOCK:
            if key in _CODES:
                _CODES.move_to_end(key)
                return _CODES[key]
        with _uncollected():
            code = _Writing(self._inputs, self._outputs, place, distrusted).code
        with _CODES_LOCK:
            _CODES[key] = code
            while len(_CODES) > KEPT_CODES:
                _CODES.popitem(last=False)
        return code

    def __call__(self, inputs: Vector) -> Vector:
        """The outputs; those of ``evaluate`` where machine code cannot be trusted."""
        out = np.empty(self.outputs)
        inputs = np.ascontiguousarray(inputs, np.float64)
        assert inputs.size == self.inputs
        if self._call(out.ctypes.data, inputs.ctypes.data, self.data):
            return self.evaluate(inputs)
        self.raise_failed()
        return out

    def evaluate(self, inputs: Vector) -> Vector:
        """The same in NumPy, slower."""
        parts, begin = {}, 0
        for node in self._inputs:
            parts[node.detail] = inputs[begin : begin + node.size].reshape(node.shape)
            begin += node.size
        with np.errstate(all="ignore"):
            found = evaluated(self._outputs, parts)
        return np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in found])

    def raise_failed(self) -> None:
        """What a library raised while it was called from machine code, Ctrl-C included."""
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed

    def _address(self, kind: str, place: int) -> int:
        """The address of something that the code reads through its data."""
        if kind == "scratch":
            self._scratch = np.zeros(place)
            return self._own(self._scratch)
        if kind == "team":
            return self._team.words.ctypes.data
        node = self._nodes[place]
        if kind == "library":
            return self._library(node)
        return self._own(
            np.ascontiguousarray(node.detail.array, np.int64 if kind == "places" else np.float64)
        )

    def _own(self, array: NDArray[Any]) -> int:
        self._kept_alive.append(array)
        return int(array.ctypes.data)

    # --- libraries ------------------------------------------------------------------------------

    def _library(self, node: ArrayNode) -> int:
        """The address of a function of both buffers that computes a node in NumPy."""
        views: dict[tuple[int, int], list[NDArray[Any]]] = {}

        def call(into: int, out: int) -> None:
            key = (into, out)
            try:
                if key not in views:
                    if len(views) > 8:
                        views.clear()
                    views[key] = [self._view(part, into, out) for part in (*node.operands, node)]
                *operands, result = views[key]
                with np.errstate(all="ignore"):
                    if node.operation == "matmul":
                        np.matmul(operands[0], operands[1], out=result)
                    else:
                        result[...] = node.detail.function(*operands)
            except np.linalg.LinAlgError:
                views[key][-1][...] = np.nan
            except BaseException as error:  # it cannot pass through machine code
                self._failed = error

        function = _LIBRARY(call)
        self._kept_alive.append(function)
        return int(ctypes.cast(function, ctypes.c_void_p).value or 0)

    def _view(self, node: ArrayNode, into: int, out: int) -> NDArray[Any]:
        """The memory of an array, or of what it is transposed from."""
        if node.operation == "number":
            return np.array(node.detail)
        place = self._nodes.index(node)
        if place not in self._code.spans:
            assert node.operation == "view"
            return self._view(node.operands[0], into, out).T
        where, begin = self._code.spans[place]
        if where == "table":
            return np.asarray(node.detail.array)
        base = {"in": into, "out": out, "scratch": self._scratch.ctypes.data}[where]
        numbers = (ctypes.c_double * node.size).from_address(base + 8 * begin)
        return np.ctypeslib.as_array(numbers).reshape(node.shape)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for garbage, which would look through everything again and again while code is written:
    all of it is in use until it is compiled."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _described(node: ArrayNode, place: Mapping[ArrayNode, int]) -> Any:
    """What the code of a node depends on: not on the numbers of a table."""
    detail = node.detail
    if isinstance(detail, Table):
        detail = (detail.array.shape, detail.array.dtype.kind)
    elif isinstance(detail, float):
        detail = detail.hex()
    elif isinstance(detail, LibraryCall):
        detail = None
    return node.operation, tuple(place[part] for part in node.operands), node.shape, detail


class _Writing:
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
        self.code = _Code()
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
