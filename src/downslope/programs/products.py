"""Products of matrices, of any number of axes, and what NumPy's linear algebra computes, on nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from downslope.messages import message
from downslope.programs.arithmetic import mul
from downslope.programs.node import ArrayNode, Axis, Shape
from downslope.symbolic.unknown import TraceError

LIBRARY_FROM = 4096  # multiplications of one product of several: that many are worth a call of a library


def flipped(node: ArrayNode) -> ArrayNode:
    """Each matrix (the last two axes) transposed."""
    k = len(node.shape)
    return node.graph.transposed(node, [*range(k - 2), k - 1, k - 2])


def summed(node: ArrayNode, axes: Sequence[int]) -> ArrayNode:
    """The sum over some axes."""
    return reduced("sum", node, axes)


def reduced(name: str, node: ArrayNode, axes: Sequence[int]) -> ArrayNode:
    """One number for some axes, which are first moved behind the others; those of length 1 are left out."""
    gone = [k for k in axes if node.shape[k] != 1]
    kept = [k for k in range(len(node.shape)) if k not in axes]
    order = [*kept, *sorted(gone)]
    places = [Axis(0, 1, order.index(k)) if k in order else Axis(0, 0, None) for k in range(len(node.shape))]
    moved = node.graph.view(node, places, tuple(node.shape[k] for k in order))
    return node.graph.reduced(name, moved, len(gone))


def matmul(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The product of arrays of matrices by NumPy's rules; a vector is a matrix of one row or one column."""
    graph = a.graph
    if not a.shape or not b.shape:
        raise TraceError(message("a single number has no product with a matrix; '*' multiplies by it"))
    _fitting(a, b, a.shape[-1] == b.shape[-2 if len(b.shape) > 1 else 0])
    if len(a.shape) == 1 and len(b.shape) == 1:
        return graph.reduced("sum", mul(a, b))
    if len(a.shape) == 1:
        found = matmul(graph.reshaped(a, (1, a.shape[0])), b)
        return graph.reshaped(found, (*found.shape[:-2], found.shape[-1]))
    if len(b.shape) == 1:
        found = matmul(a, graph.reshaped(b, (b.shape[0], 1)))
        return graph.reshaped(found, found.shape[:-1])
    (m, k), n = a.shape[-2:], b.shape[-1]
    if len(a.shape) == 2 and len(b.shape) == 2:
        return graph.matmul(a, b)
    if len(b.shape) == 2:
        flat = graph.matmul(graph.reshaped(a, (math.prod(a.shape[:-1]), k)), b)
        return graph.reshaped(flat, (*a.shape[:-1], n))
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        _fitting(a, b, False)
    if m * n * k < LIBRARY_FROM:
        rows = _spread(graph.broadcast(a, (*batch, m, k)), -2, n)
        return graph.reduced("sum", mul(rows, _spread(flipped(graph.broadcast(b, (*batch, k, n))), -3, m)), 1)
    count = math.prod(batch)
    lefts = graph.reshaped(graph.broadcast(a, (*batch, m, k)), (count, m, k))
    rights = graph.reshaped(graph.broadcast(b, (*batch, k, n)), (count, k, n))
    pieces = [
        (
            graph.matmul(_matrix(lefts, i), _matrix(rights, i)),
            [Axis(i, 0, None), Axis(0, 1, 0), Axis(0, 1, 1)],
        )
        for i in range(count)
    ]
    return graph.reshaped(graph.assembled(pieces, (count, m, n)), (*batch, m, n))


def _fitting(a: ArrayNode, b: ArrayNode, fits: bool) -> None:
    if not fits:
        raise TraceError(
            message("the product of arrays of shapes {a} and {b} does not fit", a=a.shape, b=b.shape)
        )


def _matrix(node: ArrayNode, i: int) -> ArrayNode:
    return node.graph.view(node, [Axis(i, 0, None), Axis(0, 1, 0), Axis(0, 1, 1)], node.shape[1:])


def _spread(node: ArrayNode, place: int, count: int) -> ArrayNode:
    """A node repeated along a new axis, which is at that place from the end in the result."""
    shape: Shape = node.shape
    at = len(shape) + 1 + place
    axes = [Axis(0, 1, k if k < at else k + 1) for k in range(len(shape))]
    return node.graph.view(node, axes, (*shape[:at], count, *shape[at:]))
