"""What programs mean, in plain NumPy: the measure of what compiles them, and what runs where nothing does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from downslope.language.functions import FUNCTIONS
from downslope.programs.formulas import worked_out
from downslope.programs.node import ArrayNode, Axis, Shape, is_transposed, needed

Array: TypeAlias = NDArray[Any]

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "neg": np.negative,
    "pow": np.power,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
    **{
        name: getattr(np, name)
        for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    },
}
_REDUCTIONS: dict[str, np.ufunc] = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "all": np.logical_and,
    "any": np.logical_or,
}
_BY_DEFINITION = ("mod",)  # NumPy's remainder is rounded otherwise than x - y*floor(x/y)


def evaluated(roots: Iterable[ArrayNode], inputs: Mapping[str, Array]) -> list[Array]:
    """The values of nodes, where the inputs of their programs have these.

    >>> from downslope.programs.node import Graph
    >>> graph = Graph()
    >>> x = graph.input("x", (3,))
    >>> evaluated([graph.reduced("sum", graph.element("mul", x, x))], {"x": np.array([1.0, 2.0, 3.0])})
    [array(14.)]
    """
    roots = list(roots)
    order = needed(roots)
    last_use = {operand.index: node.index for node in order for operand in node.operands}
    last_use.update((root.index, -1) for root in roots)
    values: dict[int, Array] = {}
    with np.errstate(all="ignore"):
        for node in order:
            values[node.index] = _value(node, [values[operand.index] for operand in node.operands], inputs)
            for operand in node.operands:
                if last_use[operand.index] == node.index:
                    values.pop(operand.index, None)
    return [np.array(np.broadcast_to(values[root.index], root.shape)) for root in roots]


def _value(node: ArrayNode, parts: Sequence[Array], inputs: Mapping[str, Array]) -> Array:
    match node.operation:
        case "input":
            return np.ascontiguousarray(inputs[node.detail], np.float64).reshape(node.shape)
        case "number":
            return np.array(node.detail)
        case "table":
            array: Array = node.detail.array
            return array
        case "view" if is_transposed(node):
            return parts[0].T  # a table of many rows takes long to be copied
        case "view":
            return np.ascontiguousarray(strided(parts[0], node.detail, node.shape)).reshape(node.shape)
        case "reshape":
            return parts[0].reshape(node.shape)
        case "reduce":
            name, axes = node.detail
            kept = parts[0].shape[: parts[0].ndim - axes]
            rows = parts[0].reshape(*kept, int(np.prod(parts[0].shape[len(kept) :])))
            return np.asarray(_REDUCTIONS[name].reduce(rows, axis=-1))
        case "assemble":
            return _assembled(node, parts)
        case "take":
            return np.asarray(parts[0].reshape(-1)[node.detail.array])
        case "scatter":
            flat = np.zeros(node.size)
            np.add.at(flat, node.detail.array, parts[0])
            return flat.reshape(node.shape)
        case "matmul":
            return np.asarray(parts[0] @ parts[1])
        case "call":
            return np.asarray(node.detail.function(*parts))
        case operation:
            return np.asarray(element_function(operation)(*parts))


def strided(array: Array, axes: Sequence[Axis], shape: Shape) -> Array:
    """The elements of an array that a view of this shape shows, in the array's own memory."""
    if 0 in shape:
        return np.empty(shape, array.dtype)
    strides = [0] * len(shape)
    for axis, length in zip(axes, array.strides, strict=True):
        if axis.along is not None:
            strides[axis.along] += axis.step * length
    corner = array[tuple(slice(axis.start, axis.start + 1) for axis in axes)]
    return as_strided(corner, shape, strides)


def _assembled(node: ArrayNode, parts: Sequence[Array]) -> Array:
    result = np.zeros(node.shape)
    for part, axes in zip(parts, node.detail, strict=True):
        named = {axis.along for axis in axes}
        repeated = tuple(k for k in range(part.ndim) if k not in named)
        kept = [k for k in range(part.ndim) if k in named]
        renamed = [Axis(a.start, a.step, None if a.along is None else kept.index(a.along)) for a in axes]
        piece = part.sum(axis=repeated) if repeated else part
        if piece.size:
            place = strided(result, renamed, piece.shape)
            place += piece
    return result


@cache
def element_function(operation: str) -> Callable[..., Any]:
    """NumPy's function for an operation on each element."""
    if operation in _ARITHMETIC:
        return _ARITHMETIC[operation]
    record = FUNCTIONS[operation]
    of_numpy = (getattr(np, name, None) for name in record.numpy_names)
    found = next((function for function in of_numpy if isinstance(function, np.ufunc)), None)
    if found is not None and operation not in _BY_DEFINITION:
        return found
    definition = record.definition
    if definition is not None:
        return lambda *arguments: worked_out(
            definition,
            dict(zip(record.arguments, arguments, strict=True)),
            lambda name, *parts: element_function(name)(*parts),
            np.float64,
        )
    each = np.frompyfunc(record.value, len(record.arguments), 1)
    return lambda *arguments: np.asarray(each(*arguments), np.float64)
