"""Programs as machine code: one function of a buffer of inputs and a buffer of outputs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from downslope.programs.emit import LONGS_AT, POINTER, Emitter, Location
from downslope.programs.evaluate import evaluated
from downslope.programs.node import Node, Table
from downslope.programs.plan import Kind, Plan
from downslope.symbolic.lanes import DOUBLE, LONG, machine_code

Vector = NDArray[np.float64]
_BYTE = ir.IntType(8).as_pointer()
_STEP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_LIBRARY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_LIBRARY_TYPE = ir.FunctionType(ir.VoidType(), [POINTER, POINTER]).as_pointer()


class CompiledProgram:
    """Outputs of a program as one native function of its inputs, float64.

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
        inputs: Sequence[Node],
        outputs: Sequence[Node],
        distrusted: tuple[Node, Node] | None = None,
    ) -> None:
        self._inputs, self._outputs = list(inputs), list(outputs)
        self.inputs, self.outputs = (sum(node.size for node in nodes) for nodes in (inputs, outputs))
        self._plan = Plan(outputs)
        self._distrusted = distrusted
        self._failed: BaseException | None = None
        self._kept_alive: list[Any] = []
        self._owner, self.address = machine_code(self._module(), "step")
        self._call = _STEP(self.address)
        self.data = self._pointers.ctypes.data

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

    # --- the module -----------------------------------------------------------------------------

    def _module(self) -> ir.Module:
        module = ir.Module()
        function = ir.Function(module, ir.FunctionType(LONG, [POINTER, POINTER, _BYTE]), "step")
        out, into, data = function.args
        for argument in (out, into):
            argument.add_attribute("noalias")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        self._addresses: list[int] = []
        pointers = builder.bitcast(data, POINTER.as_pointer())

        def known(address: int) -> Any:
            """The pointer in the next place of the data."""
            self._addresses.append(address)
            return builder.load(builder.gep(pointers, [LONG(len(self._addresses) - 1)]))

        memory, targets = self._laid_out(into, out, known)
        tables = {}
        for node in self._plan.nodes:
            if node.operation in ("take", "scatter", "entry") and node.detail not in tables:
                kind = np.float64 if node.operation == "entry" else np.int64
                pointer = known(self._own(np.array(node.detail.array, kind, order="C")))
                tables[node.detail] = Location(
                    pointer if kind is np.float64 else builder.bitcast(pointer, LONGS_AT)
                )
        libraries = {}
        for group in self._plan.groups:
            for task in group.tasks:
                if task.kind is Kind.LIBRARY:
                    pointer = known(self._library(task.node))
                    libraries[task.node] = builder.bitcast(pointer, _LIBRARY_TYPE)
        emitter = Emitter(self._plan, function, memory, libraries, builder, targets, tables)
        emitter.write()
        self._write_numbers(emitter, out)
        self._pointers = np.array(self._addresses or [0], np.uint64)
        return module

    def _own(self, array: NDArray[Any]) -> int:
        self._kept_alive.append(array)
        return int(array.ctypes.data)

    def _laid_out(
        self, into: Any, out: Any, known: Callable[[int], Any]
    ) -> tuple[dict[Node, Location], dict[int, Location]]:
        """Where every array lies, and the outputs that are copies."""
        memory: dict[Node, Location] = {}
        self._spans: dict[Node, tuple[str, int]] = {}
        begin = 0
        for node in self._inputs:
            memory[node], self._spans[node] = Location(into, begin), ("in", begin)
            begin += node.size
        begin, targets = 0, {}
        for k, node in enumerate(self._outputs):
            if node.shape != ():
                targets[k] = Location(out, begin)
                if node not in memory and node.operation not in ("input", "table"):
                    memory[node], self._spans[node] = targets[k], ("out", begin)
            begin += node.size
        self._starts = begin
        own = [node for node in self._plan.nodes if node in self._plan.kept and node not in memory]
        scratch = np.zeros(sum(node.size for node in own if node.operation != "table") + 1)
        pointer, begin = known(self._own(scratch)), 0
        self._scratch = scratch
        for node in own:
            if node.operation == "table":
                memory[node] = Location(known(self._own(np.array(node.detail.array, np.float64, order="C"))))
                self._spans[node] = ("table", 0)
            else:
                memory[node], self._spans[node] = Location(pointer, begin), ("scratch", begin)
                begin += node.size
        return memory, targets

    def _write_numbers(self, emitter: Emitter, out: Any) -> None:
        """The outputs of shape (), and what is returned."""
        begin, numbers = 0, []
        for node in self._outputs:
            if node.shape == ():
                numbers.append((node, begin, emitter.number(node)))
            begin += node.size
        bad = emitter.refused()
        builder = emitter.b
        for node, place, number in numbers:
            if self._distrusted is not None and node in self._distrusted:
                instead = 0.0 if node is self._distrusted[0] else float("nan")
                number = builder.select(bad, ir.Constant(DOUBLE, instead), number)
            builder.store(number, builder.gep(out, [LONG(place)]))
        builder.ret(builder.zext(bad, LONG))

    # --- libraries ------------------------------------------------------------------------------

    def _library(self, node: Node) -> int:
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
                        np.matmul(*operands, out=result)
                    else:
                        result[...] = node.detail.function(*operands)
            except np.linalg.LinAlgError:
                views[key][-1][...] = np.nan
            except BaseException as error:  # it cannot pass through machine code
                self._failed = error

        function = _LIBRARY(call)
        self._kept_alive.append(function)
        return int(ctypes.cast(function, ctypes.c_void_p).value or 0)

    def _view(self, node: Node, into: int, out: int) -> NDArray[Any]:
        """The memory of an array, or of what it is transposed from."""
        if node not in self._spans:
            assert node.operation == "view"
            return self._view(node.operands[0], into, out).T
        where, begin = self._spans[node]
        if where == "table":
            return np.asarray(node.detail.array)
        base = {"in": into, "out": out, "scratch": self._scratch.ctypes.data}[where]
        numbers = (ctypes.c_double * node.size).from_address(base + 8 * begin)
        return np.frombuffer(numbers).reshape(node.shape)
