"""Programs on arrays: the operations that a function does on whole arrays of known shapes, written down.

An ``ArrayNode`` is the result of one operation on others. What a ``Graph`` writes it writes once: the same operation
on the same operands is the same node. There are few operations, and each says what it means here; whoever reads
programs (``evaluate``, ``derivatives``, ``plan``) needs to know no others:

========== ============================================= ===================================================
operation  result                                         detail
========== ============================================= ===================================================
input      an array that is given                         its name
number     a number, of shape ()                          the number
table      an array that never changes                    ``Table``
any of     of each element; operands have the shape of    none
ELEMENTS   the result, or are of shape ()
view       some elements of the operand, in some order    an ``Axis`` for each axis of the operand
reshape    the same elements in another shape             none
reduce     one number for the last axes                   (name in REDUCTIONS, how many axes)
assemble   zeros, to which operands are added in places   for each operand an ``Axis`` for each axis of the result
take       result[i] = operand.flat[index[i]]             ``Table`` of int64, of the shape of the result
scatter    result.flat[index[i]] += operand[i]            ``Table`` of int64, of the shape of the operand
matmul     of two matrices (two axes each)                none
entry      of a ``Table``, the number at a place          the ``Table``; places beyond its end are its last
call       what NumPy computes of its operands            ``LibraryCall``
========== ============================================= ===================================================

Shapes are tuples of lengths; elements lie row by row (C order), float64, or truth values where ``truth`` is set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.language.functions import FUNCTIONS
from downslope.messages import message
from downslope.symbolic.unknown import TraceError

Shape = tuple[int, ...]

ARITHMETIC = frozenset(["add", "sub", "mul", "div", "neg", "pow"])
COMPARISONS = frozenset(["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
CONNECTIVES = frozenset(["and", "or", "not"])
# Functions of formulas go by the names of their records; "where" is one of them.
ELEMENTS = ARITHMETIC | COMPARISONS | CONNECTIVES | frozenset(FUNCTIONS)
REDUCTIONS = frozenset(["sum", "prod", "max", "min", "all", "any"])


EXACT_FACTORS = frozenset([0.25, 0.5, 2.0, 4.0])
COMPARED = 64  # rows of a matrix that are held against its columns at once
SAMPLED = 4096  # about so many elements of a table tell whether another one may be the same


class Axis(NamedTuple):
    """Where along one axis of the larger array the elements of the other lie: at ``start + step*i``.

    Attributes:
        start, step: places along this axis.
        along: the axis of the other array that i counts along; None where i is 0.
    """

    start: int
    step: int
    along: int | None


class Table:
    """An array that never changes; two are the same only where they are one object."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @cached_property
    def symmetric(self) -> bool:
        """Whether it is a matrix that is the same when it is transposed."""
        n, *others = self.array.shape or (0,)
        if others != [n] or not np.array_equal(self.array[0], self.array[:, 0]):
            return False
        blocks = (slice(k, k + COMPARED) for k in range(0, n, COMPARED))
        return all(np.array_equal(self.array[rows], self.array[:, rows].T) for rows in blocks)


@dataclass(frozen=True)
class LibraryCall:
    """An operation that NumPy computes: solving equations, sorting.

    Attributes:
        name: of it.
        function: arrays of the operands' shapes -> an array of the result's shape.
    """

    name: str
    function: Callable[..., NDArray[Any]]


class ArrayNode:
    """The result of one operation; see the table above.

    Attributes:
        graph: where it is written.
        index: its place there, after those of its operands.
        operation, operands, detail: what was done.
        shape: of the result.
        truth: whether its elements are truth values.
    """

    __slots__ = ("detail", "graph", "index", "operands", "operation", "shape", "truth")

    def __init__(
        self, graph: Graph, operation: str, operands: tuple[ArrayNode, ...], shape: Shape, *, detail: Any
    ) -> None:
        self.graph, self.operation, self.operands = graph, operation, operands
        self.shape, self.detail = shape, detail
        self.index = len(graph.nodes)
        self.truth = _is_truth(operation, operands, detail)

    @property
    def size(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def literal(self) -> float | None:
        """The number that it is, where that is known."""
        return self.detail if self.operation == "number" else None

    def __repr__(self) -> str:
        operands = ", ".join(f"%{node.index}" for node in self.operands)
        return f"%{self.index} = {self.operation}({operands}) of shape {self.shape}"


_ALWAYS_TRUTH = COMPARISONS | CONNECTIVES
_AS_THE_OPERAND = frozenset(["view", "reshape", "take"])


def _is_truth(operation: str, operands: Sequence[ArrayNode], detail: Any) -> bool:
    if operation in ARITHMETIC:
        return False
    if operation in _ALWAYS_TRUTH:
        return True
    if operation == "table":
        return bool(detail.array.dtype == np.bool_)
    if operation == "reduce":
        return detail[0] in ("all", "any")
    if operation in _AS_THE_OPERAND:
        return operands[0].truth
    return operation == "where" and operands[1].truth


class Graph:
    """Where the nodes of a program are written, each after its operands.

    >>> graph = Graph()
    >>> x = graph.input("x", (3,))
    >>> graph.reduced("sum", graph.element("mul", x, x)).shape
    ()
    """

    def __init__(self) -> None:
        self.most: int | None = None  # nodes; None: any number
        self.nodes: list[ArrayNode] = []
        self._seen: dict[Any, ArrayNode] = {}
        self._numbers: dict[float, ArrayNode] = {}
        self._tables: dict[Any, list[ArrayNode]] = {}

    def _written(
        self, operation: str, operands: tuple[ArrayNode, ...], shape: Shape, detail: Any = None
    ) -> ArrayNode:
        key = (operation, operands, shape, detail)
        node = self._seen.get(key)
        if node is None:
            if self.most is not None and len(self.nodes) >= self.most:
                raise TraceError(message("it has too many operations"))
            node = self._seen[key] = ArrayNode(self, operation, operands, shape, detail=detail)
            self.nodes.append(node)
        return node

    def input(self, name: str, shape: Shape) -> ArrayNode:
        """An array that is given each time, float64."""
        return self._written("input", (), shape, name)

    def number(self, value: float) -> ArrayNode:
        """A number; -0 is another one than 0, and NaN is one."""
        value = float(value)
        known = self._numbers.get(value) if value else None
        if known is None:
            known = self._seen.get(("number", value.hex()))
        if known is None:
            known = ArrayNode(self, "number", (), (), detail=value)
            self.nodes.append(known)
            self._seen["number", value.hex()] = known
            self._numbers[value] = known
        return known

    def table(self, array: Any) -> ArrayNode:
        """An array that never changes: float64 or truth values, copied; a number where it has no axes.

        An array of the same contents is the same table, as one is that a loop of a person's function uses again.
        """
        array = np.asarray(array)
        kept = np.array(array, np.bool_ if array.dtype == np.bool_ else np.float64, order="C")
        if not kept.shape and kept.dtype != np.bool_:
            return self.number(float(kept))
        bits = kept.reshape(-1).view(np.uint8)
        sample = bits[:: max(1, kept.size // SAMPLED)]
        alike = self._tables.setdefault((kept.dtype.char, kept.shape, hash(sample.tobytes())), [])
        for node in alike:
            if np.array_equal(node.detail.array.reshape(-1).view(np.uint8), bits):
                return node
        alike.append(self._written("table", (), kept.shape, Table(kept)))
        return alike[-1]

    def element(self, operation: str, *operands: ArrayNode) -> ArrayNode:
        """An operation on each element; operands have one shape, or are of shape ()."""
        shape: Shape = ()
        for node in operands:
            if node.shape and node.shape != shape:
                if shape:
                    raise TraceError(
                        message("arrays of shapes {a} and {b} do not fit", a=shape, b=node.shape)
                    )
                shape = node.shape
        return self._written(operation, operands, shape)

    def view(self, node: ArrayNode, axes: Iterable[Axis], shape: Shape) -> ArrayNode:
        """Some elements of a node; that of a view is one of what it is a view of."""
        axes = tuple(axes)
        if node.operation == "view":
            axes = tuple(_seen_through(outer, axes) for outer in node.detail)
            node = node.operands[0]
        if shape == node.shape and all(axis == (0, 1, k) for k, axis in enumerate(axes)):
            return node
        if node.shape == ():
            axes = ()
        return self._written("view", (node,), shape, axes)

    def broadcast(self, node: ArrayNode, shape: Shape) -> ArrayNode:
        """A node repeated to a shape, by NumPy's rules."""
        if node.shape == shape:
            return node
        extra = len(shape) - len(node.shape)
        if extra < 0 or any(
            n not in (1, m) for n, m in zip(node.shape, shape[max(extra, 0) :], strict=False)
        ):
            raise TraceError(message("arrays of shapes {a} and {b} do not fit", a=node.shape, b=shape))
        axes = [
            Axis(0, 1, k + extra) if n > 1 or shape[k + extra] == 1 else Axis(0, 0, None)
            for k, n in enumerate(node.shape)
        ]
        return self.view(node, axes, shape)

    def transposed(self, node: ArrayNode, order: Sequence[int]) -> ArrayNode:
        """A node with its axes in another order: axis k of the result is axis ``order[k]``."""
        if node.operation == "table" and node.detail.symmetric:
            return node
        place = {axis: k for k, axis in enumerate(order)}
        axes = [Axis(0, 1, place[k]) for k in range(len(node.shape))]
        return self.view(node, axes, tuple(node.shape[k] for k in order))

    def reshaped(self, node: ArrayNode, shape: Shape) -> ArrayNode:
        """The same elements, row by row, in another shape of as many."""
        if node.shape == shape:
            return node
        if node.operation == "reshape":
            return self.reshaped(node.operands[0], shape)
        return self._written("reshape", (node,), shape)

    def reduced(self, name: str, node: ArrayNode, axes: int | None = None) -> ArrayNode:
        """One number for the last ``axes`` axes; for all of them where that is None."""
        axes = len(node.shape) if axes is None else axes
        if not axes:
            return node
        return self._written("reduce", (node,), node.shape[: len(node.shape) - axes], (name, axes))

    def assembled(self, pieces: Sequence[tuple[ArrayNode, Iterable[Axis]]], shape: Shape) -> ArrayNode:
        """Zeros of a shape, to which each piece is added in its places."""
        nodes = tuple(node for node, _ in pieces)
        return self._written("assemble", nodes, shape, tuple(tuple(axes) for _, axes in pieces))

    def taken(self, node: ArrayNode, index: Table, shape: Shape) -> ArrayNode:
        """The elements of a node, row by row, at the places ``index``."""
        return self._written("take", (node,), shape, index)

    def scattered(self, node: ArrayNode, index: Table, shape: Shape) -> ArrayNode:
        """Zeros of a shape, to which the elements of a node are added at the places ``index``."""
        return self._written("scatter", (node,), shape, index)

    def matmul(self, a: ArrayNode, b: ArrayNode) -> ArrayNode:
        """The product of two matrices."""
        if a.shape[1] != b.shape[0]:
            raise TraceError(message("matrices of shapes {a} and {b} do not fit", a=a.shape, b=b.shape))
        if a.shape[0] == 1 and b.operation == "table" and b.detail.symmetric:
            column = self.matmul(
                b, self.reshaped(a, (b.shape[0], 1))
            )  # x'Q as Qx, which is there in most cases
            return self.reshaped(column, (1, b.shape[1]))
        factor, rest = _without_factor(b)
        if factor is not None and b.shape[1] == 1:  # for the same product without it may be there already
            return self.element("mul", factor, self.matmul(a, self.reshaped(rest, b.shape)))
        return self._written("matmul", (a, b), (a.shape[0], b.shape[1]))

    def entry(self, table: Table, place: ArrayNode) -> ArrayNode:
        """The number at a place that is computed, of shape ()."""
        return self._written("entry", (place,), (), table)

    def called(self, call: LibraryCall, operands: tuple[ArrayNode, ...], shape: Shape) -> ArrayNode:
        """What NumPy computes."""
        return self._written("call", operands, shape, call)


def _without_factor(node: ArrayNode) -> tuple[ArrayNode | None, ArrayNode]:
    """A number that an array was multiplied by, and the array without it; such that no digit depends on the order."""
    inner = node.operands[0] if node.operation == "reshape" else node
    if inner.operation == "mul":
        for factor, rest in (inner.operands, inner.operands[::-1]):
            if factor.literal is not None and rest.shape and abs(factor.literal) in EXACT_FACTORS:
                return factor, rest
    return None, node


def _seen_through(outer: Axis, inner: Sequence[Axis]) -> Axis:
    """Where the elements of a view of a view lie in what that is a view of."""
    if outer.along is None:
        return outer
    start, step, along = inner[outer.along]
    return Axis(outer.start + outer.step * start, outer.step * step if along is not None else 0, along)


def is_transposed(node: ArrayNode) -> bool:
    """Whether it is the whole of a matrix with its axes exchanged."""
    return (
        node.operation == "view"
        and node.detail == (Axis(0, 1, 1), Axis(0, 1, 0))
        and node.shape == node.operands[0].shape[::-1]
    )


def needed(roots: Iterable[ArrayNode]) -> list[ArrayNode]:
    """The nodes that some of these depend on, in order."""
    found: dict[int, ArrayNode] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack.extend(node.operands)
    return [found[index] for index in sorted(found)]
