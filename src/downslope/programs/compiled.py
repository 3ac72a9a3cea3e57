"""Programs as machine code: one function of a buffer of inputs and a buffer of outputs."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.programs.code import Code, Writing
from downslope.programs.evaluate import evaluated
from downslope.programs.helping import HelpingThreads
from downslope.programs.node import ArrayNode, LibraryCall, Table, needed

Vector = NDArray[Any]
KEPT_CODES = 128
_STEP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_LIBRARY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Recipe(NamedTuple):
    """What another program of the same shape needs instead of being written down, planned and compiled.

    Attributes:
        code: the machine code.
        inputs, outputs: how many numbers it reads and writes.
        tables: for each thing that the code wants, the place of its table among the nodes that the other program has
            of its own, or the table itself; None where it wants no table.
    """

    code: Code
    inputs: int
    outputs: int
    tables: tuple[int | Table | None, ...]


Recorded: TypeAlias = tuple[Sequence[ArrayNode], Sequence[ArrayNode]]  # inputs and outputs
Written: TypeAlias = tuple[Sequence[ArrayNode], Sequence[ArrayNode], tuple[ArrayNode, ArrayNode] | None]
_CODES: OrderedDict[Any, Code] = OrderedDict()
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
        self._recorded: Callable[[], Recorded] = lambda: (inputs, outputs)
        self.inputs, self.outputs = (sum(node.size for node in nodes) for nodes in (inputs, outputs))
        self._nodes = needed([*inputs, *outputs])
        self._start(self._found(inputs, outputs, distrusted))

    def _start(self, code: Code, tables: Sequence[Table | None] | None = None) -> None:
        self._failed: BaseException | None = None
        self._kept_alive: list[Any] = []
        self._code = code
        self.address = code.address
        self._call = _STEP(self.address)
        self._team = HelpingThreads(code.helping)
        if tables is None:
            tables = [self._table_at(*item) for item in code.wanted]
        found = (self._address(*item, table) for item, table in zip(code.wanted, tables, strict=True))
        self._pointers = np.array(list(found), np.uint64)
        self.data = self._pointers.ctypes.data

    @classmethod
    def by_recipe(
        cls, recipe: Recipe, own: Sequence[ArrayNode], recorded: Callable[[], Recorded]
    ) -> CompiledProgram:
        """A program whose recipe is known.

        Args:
            own: the nodes that ``Recipe.tables`` counts.
            recorded: writes the whole program down, which is only asked for where machine code cannot be trusted.
        """
        made = cls.__new__(cls)
        made._recorded, made._nodes = recorded, []
        made.inputs, made.outputs = recipe.inputs, recipe.outputs
        tables = (own[item].detail if isinstance(item, int) else item for item in recipe.tables)
        made._start(recipe.code, list(tables))
        return made

    def recipe(self, own: Sequence[ArrayNode]) -> Recipe | None:
        """The recipe for programs that have nodes like these of their own; None where it calls a library."""
        places = {node: k for k, node in enumerate(own)}
        tables: list[int | Table | None] = []
        for kind, place in self._code.wanted:
            if kind == "library":
                return None
            table = self._table_at(kind, place)
            tables.append(table if table is None else places.get(self._nodes[place], table))
        return Recipe(self._code, self.inputs, self.outputs, tuple(tables))

    def _table_at(self, kind: str, place: int) -> Table | None:
        table: Table | None = self._nodes[place].detail if kind in ("table", "places") else None
        return table

    def helped(self, steps: int) -> AbstractContextManager[None]:
        """While so many steps are made, the other cores help with long loops; without them the same is computed."""
        return self._team.helping(self, steps)

    def _found(
        self,
        inputs: Sequence[ArrayNode],
        outputs: Sequence[ArrayNode],
        distrusted: tuple[ArrayNode, ArrayNode] | None,
    ) -> Code:
        """The code, from before where a program of the same shape was compiled."""
        place = {node: k for k, node in enumerate(self._nodes)}
        key = (
            described(self._nodes),
            tuple(place[node] for node in inputs),
            tuple(place[node] for node in outputs),
            distrusted and tuple(place[node] for node in distrusted),
        )
        with _CODES_LOCK:
            if key in _CODES:
                _CODES.move_to_end(key)
                return _CODES[key]
        with _uncollected():
            code = Writing(inputs, outputs, place, distrusted).code
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
        given, outputs = self._recorded()
        for node in given:
            parts[node.detail] = inputs[begin : begin + node.size].reshape(node.shape)
            begin += node.size
        with np.errstate(all="ignore"):
            found = evaluated(outputs, parts)
        return np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in found])

    def raise_failed(self) -> None:
        """What a library raised while it was called from machine code, Ctrl-C included."""
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed

    def _address(self, kind: str, place: int, table: Table | None) -> int:
        """The address of something that the code reads through its data."""
        if kind == "scratch":
            self._scratch = np.zeros(place)
            return self._own(self._scratch)
        if kind == "team":
            return self._team.words.ctypes.data
        if table is None:
            return self._library(self._nodes[place])
        return self._own(np.ascontiguousarray(table.array, np.int64 if kind == "places" else np.float64))

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


def described(nodes: Sequence[ArrayNode]) -> tuple[Any, ...]:
    """What the code of nodes depends on, all operands among them: not on the numbers of tables."""
    place = {node: k for k, node in enumerate(nodes)}
    return tuple(_described(node, place) for node in nodes)


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


class Recipes:
    """What was compiled, found again by its shape before it is written down.

    Args:
        most: how many are kept, those that were asked for last.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._known: OrderedDict[Any, Recipe] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def compiled(self, key: Any, own: Sequence[ArrayNode], record: Callable[[], Written]) -> CompiledProgram:
        """A program, by its recipe where that is known.

        Args:
            key: what all its code depends on.
            own: the nodes, in order, whose tables may be others each time.
            record: writes it down: inputs, outputs, and those that are distrusted.
        """
        with self._lock:
            recipe = self._known.get(key)
            if recipe is not None:
                self._known.move_to_end(key)
        if recipe is not None:
            return CompiledProgram.by_recipe(recipe, own, lambda: record()[:2])
        made = CompiledProgram(*record())
        found = made.recipe(own)
        if found is not None:
            with self._lock:
                self._known[key] = found
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return made
