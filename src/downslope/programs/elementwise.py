"""NumPy's universal functions on nodes: broadcasting, truth values and numbers, and which operation each of them is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from downslope.language.functions import FUNCTIONS
from downslope.messages import listing, message
from downslope.programs.arithmetic import add, apply, div, formula, function, power, sub, where
from downslope.programs.node import ArrayNode, Shape
from downslope.programs.products import matmul
from downslope.symbolic import pairings
from downslope.symbolic.unknown import TraceError


def shape_of_all(name: str, nodes: tuple[ArrayNode, ...]) -> Shape:
    """The shape that nodes are broadcast to; what they do together is named where they do not fit."""
    try:
        return np.broadcast_shapes(*(node.shape for node in nodes))
    except ValueError as error:
        shapes = listing([str(node.shape) for node in nodes], "and")
        raise TraceError(
            message("'{operation}' of arrays of shapes {shapes} does not fit", operation=name, shapes=shapes)
        ) from error


def together(name: str, *nodes: ArrayNode) -> tuple[ArrayNode, ...]:
    """Nodes of one shape, or of shape ()."""
    shape = shape_of_all(name, nodes)
    return tuple(node if node.shape == () else node.graph.broadcast(node, shape) for node in nodes)


def elementwise(operation: str, *nodes: ArrayNode) -> ArrayNode:
    """An operation on each element of nodes that are broadcast."""
    shape: Shape = ()
    for node in nodes:
        if node.shape and node.shape != shape:
            if shape:
                nodes = together(operation, *nodes)
                break
            shape = node.shape
    return apply(operation, *nodes)


def as_number(node: ArrayNode) -> ArrayNode:
    """Truth values as 1 and 0."""
    if not node.truth:
        return node
    return where(node, node.graph.number(1.0), node.graph.number(0.0))


def as_truth(node: ArrayNode) -> ArrayNode:
    """Numbers as whether they are not 0."""
    return node if node.truth else apply("not_equal", node, node.graph.number(0.0))


def on_numbers(operation: str) -> Callable[..., ArrayNode]:
    """An operation on elements, which takes truth values as 1 and 0."""

    simple = function(operation)

    def applied(*nodes: ArrayNode) -> ArrayNode:
        shape: Shape = ()
        for node in nodes:
            if node.truth:
                return elementwise(operation, *map(as_number, nodes))
            if node.shape and node.shape != shape:
                if shape:
                    return simple(*together(operation, *nodes))
                shape = node.shape
        return simple(*nodes)

    return applied


def _difference(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    if a.shape != b.shape:
        pairings.difference(_side(a), _side(b))
    return _subtracted(a, b)


_subtracted = on_numbers("sub")


def _side(node: ArrayNode) -> pairings.Side:
    bare = node
    while bare.operation in ("view", "reshape"):  # of an array, which compute nothing
        bare = bare.operands[0]
    return pairings.Side(node.shape, node.operation in ("number", "table"), bare.operation == "input")


def _on_truth(operation: str) -> Callable[..., ArrayNode]:
    return lambda *nodes: elementwise(operation, *map(as_truth, nodes))


def _on_bits(operation: str) -> Callable[..., ArrayNode]:
    def applied(*nodes: ArrayNode) -> ArrayNode:
        if not all(node.truth for node in nodes):
            raise TraceError(message("'{operation}' of bits is not known for symbols", operation=operation))
        return elementwise(operation, *nodes)

    return applied


def _truth_too(operation: str, connective: str) -> Callable[..., ArrayNode]:
    """Addition and multiplication, which are "or" and "and" of truth values alone."""
    numbers, truth = on_numbers(operation), partial(elementwise, connective)
    return lambda a, b: truth(a, b) if a.truth and b.truth else numbers(a, b)


def differ(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """Whether one of two truth values holds, and not both."""
    return elementwise("not_equal", as_number(as_truth(a)), as_number(as_truth(b)))


def _log_of_sum(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    a, b = together("logaddexp", as_number(a), as_number(b))
    if a.operation == "number":
        a, b = b, a  # what is known goes before: log(exp(0) + exp(b)) is softplus(b), and its slope a sigmoid
    return add(b, apply("softplus", sub(a, b)))


def _size_compared(relation: str, bound: float) -> Callable[[ArrayNode], ArrayNode]:
    return lambda a: apply(relation, apply("abs", as_number(a)), a.graph.number(bound))


def chosen(condition: ArrayNode, yes: ArrayNode, no: ArrayNode) -> ArrayNode:
    """``np.where``."""
    if condition.operation == "table" and not condition.shape:
        return (yes if condition.detail.array else no).graph.broadcast(
            yes if condition.detail.array else no, shape_of_all("where", (condition, yes, no))
        )
    if yes.truth != no.truth:
        yes, no = as_number(yes), as_number(no)
    condition, yes, no = together("where", as_truth(condition), yes, no)
    if yes.truth:
        inside = apply("and", condition, yes)
        return apply("or", inside, apply("and", apply("not", condition), no))
    return where(condition, yes, no)


def _of_numpy() -> Iterator[tuple[Any, Callable[..., ArrayNode]]]:
    """NumPy's functions that are functions of formulas, or such functions of something else."""
    for record in FUNCTIONS.values():
        if record.condition:
            continue
        for name in record.numpy_names:
            function = getattr(np, name, None)
            if isinstance(function, np.ufunc):
                yield function, on_numbers(record.name)
        for name, root in record.foreign.items():
            if name.startswith("numpy."):
                (argument,) = record.arguments
                yield (
                    getattr(np, name.removeprefix("numpy.")),
                    lambda node, root=root, argument=argument: formula(root, {argument: as_number(node)}),
                )


ON_NODES: dict[Any, Callable[..., ArrayNode]] = {
    **dict(_of_numpy()),
    np.add: _truth_too("add", "or"),
    np.subtract: _difference,
    np.multiply: _truth_too("mul", "and"),
    np.true_divide: on_numbers("div"),
    np.power: on_numbers("pow"),
    np.float_power: on_numbers("pow"),
    np.negative: on_numbers("neg"),
    np.positive: lambda a: a,
    np.conjugate: lambda a: a,
    np.square: lambda a: power(as_number(a), a.graph.number(2.0)),
    np.reciprocal: lambda a: div(a.graph.number(1.0), as_number(a)),
    np.exp2: lambda a: power(a.graph.number(2.0), as_number(a)),
    np.logaddexp: _log_of_sum,
    np.deg2rad: lambda a: on_numbers("mul")(a, a.graph.number(np.pi / 180)),
    np.radians: lambda a: on_numbers("mul")(a, a.graph.number(np.pi / 180)),
    np.rad2deg: lambda a: on_numbers("mul")(a, a.graph.number(180 / np.pi)),
    np.degrees: lambda a: on_numbers("mul")(a, a.graph.number(180 / np.pi)),
    np.less: on_numbers("less"),
    np.less_equal: on_numbers("less_equal"),
    np.greater: on_numbers("greater"),
    np.greater_equal: on_numbers("greater_equal"),
    np.equal: on_numbers("equal"),
    np.not_equal: on_numbers("not_equal"),
    np.logical_and: _on_truth("and"),
    np.logical_or: _on_truth("or"),
    np.logical_not: _on_truth("not"),
    np.logical_xor: differ,
    np.bitwise_and: _on_bits("and"),
    np.bitwise_or: _on_bits("or"),
    np.bitwise_xor: lambda a, b: differ(_on_bits("and")(a, a), _on_bits("and")(b, b)),
    np.invert: _on_bits("not"),
    np.isnan: lambda a: apply("not_equal", as_number(a), as_number(a)),
    np.isfinite: _size_compared("less", np.inf),
    np.isinf: _size_compared("equal", np.inf),
    np.matmul: lambda a, b: matmul(as_number(a), as_number(b)),
}
"""What NumPy's functions of elements do, on nodes."""
