"""Derivatives of programs: the gradient by one reverse sweep, and changes along directions.

Where a function has a kink, the derivative is the one stated in its record, as in ``symbolic.derivatives``; where
several elements are the largest of an array, they share its derivative equally.

Source: A. Griewank and A. Walther, *Evaluating Derivatives*, 2nd ed., SIAM 2008, sections 3.1 and 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.programs import calls, slopes
from downslope.programs.adjoints import Adjoint, as_node, deferred, summed
from downslope.programs.arithmetic import add, apply, div, mul, neg, times, where
from downslope.programs.evaluate import strided
from downslope.programs.node import ELEMENTS, ArrayNode, Axis, Shape, needed
from downslope.programs.products import flipped
from downslope.programs.products import summed as summed_over

MOST_FACTORS = 4  # that are taken out of a sum; in a chain of products there may be thousands
SEVERAL = 2  # elements at least, of which a product is one of two halves


def gradient(value: ArrayNode, inputs: Sequence[ArrayNode]) -> list[ArrayNode]:
    """The derivatives of a program's value, of shape (), by each element of these inputs.

    >>> from downslope.programs.evaluate import evaluated
    >>> from downslope.programs.node import Graph
    >>> graph = Graph()
    >>> x = graph.input("x", (3,))
    >>> slope = gradient(graph.reduced("sum", graph.element("mul", x, x)), [x])
    >>> evaluated(slope, {"x": np.array([1.0, 2.0, 3.0])})
    [array([2., 4., 6.])]
    """
    graph = value.graph
    order = needed([value, *inputs])
    active = _depending(order, inputs)
    gathered: dict[int, _Gathered] = {value.index: _Gathered([Adjoint(graph.number(1.0))])}
    wanted = {node.index for node in inputs}
    found: dict[int, ArrayNode] = {}
    for node in reversed(order):
        terms = gathered.pop(node.index, None)
        if terms is None or node.index not in active:
            continue
        if node.index in wanted:
            found[node.index] = terms.total(node).clean()
        elif node.operands:
            _hand_on(node, terms.total(node), gathered, active)
    return [graph.broadcast(found.get(node.index, graph.number(0.0)), node.shape) for node in inputs]


def _depending(order: Sequence[ArrayNode], inputs: Sequence[ArrayNode]) -> set[int]:
    """The nodes that change as the inputs do."""
    active = {node.index for node in inputs}
    for node in order:
        if not node.truth and any(operand.index in active for operand in node.operands):
            active.add(node.index)
    return active


@dataclass(slots=True)
class _Gathered:
    """What the adjoint of a node is the sum of.

    Attributes:
        terms: adjoints of all its elements.
        pieces: adjoints of views of it, and the views.
        places: adjoints of elements taken from it, and their places.
    """

    terms: list[Adjoint] = field(default_factory=list)
    pieces: list[tuple[Adjoint, tuple[Axis, ...]]] = field(default_factory=list)
    places: list[tuple[Adjoint, Any]] = field(default_factory=list)

    def total(self, node: ArrayNode) -> Adjoint:
        """The adjoint of the node: all pieces are assembled at once."""
        if not self.pieces and not self.places:
            return summed(self.terms)
        graph, shape = node.graph, node.shape
        value: ArrayNode | None = None
        for adjoint, index in self.places:
            part = graph.scattered(graph.broadcast(adjoint.clean(), index.array.shape), index, shape)
            value = part if value is None else add(value, part)
        if self.pieces:
            pieces = [(piece.clean(), axes) for piece, axes in self.pieces]
            if self.terms:
                whole = graph.broadcast(summed(self.terms).clean(), shape)
                pieces.append((whole, tuple(Axis(0, 1, k) for k in range(len(shape)))))
            part = graph.assembled(pieces, shape)
            value = part if value is None else add(value, part)
        elif self.terms:
            assert value is not None
            value = add(value, summed(self.terms).clean())
        assert value is not None
        if node.operation == "input" or any(not term.mask for term in self.terms):
            return Adjoint(value)
        always = self._always_counted(shape)
        if always.all():
            return Adjoint(value)
        masks = [
            term.mask for term in (*self.terms, *(p for p, _ in self.pieces), *(p for p, _ in self.places))
        ]
        return Adjoint(value, deferred(lambda: self._counted(node, always), masks))

    def _always_counted(self, shape: Shape) -> NDArray[np.bool_]:
        """The elements that it counts for whatever the inputs."""
        always = np.zeros(shape, np.bool_)
        for piece, axes in self.pieces:
            if not piece.mask:
                strided(always, axes, piece.value.shape)[...] = True
        for taken, index in self.places:
            if not taken.mask:
                always.reshape(-1)[index.array] = True
        return always

    def _counted(self, node: ArrayNode, always: NDArray[np.bool_]) -> ArrayNode:
        """All elements that it counts for."""
        graph, shape = node.graph, node.shape
        one, zero = graph.number(1.0), graph.number(0.0)
        parts = [as_node(term.mask) for term in self.terms]
        if always.any():
            parts.append(graph.table(always))
        pieces = [
            (graph.broadcast(where(as_node(piece.mask), one, zero), piece.value.shape), axes)
            for piece, axes in self.pieces
            if piece.mask
        ]
        if pieces:
            parts.append(apply("greater", graph.assembled(pieces, shape), zero))
        for taken, index in self.places:
            if taken.mask:
                counted = graph.broadcast(where(as_node(taken.mask), one, zero), index.array.shape)
                parts.append(apply("greater", graph.scattered(counted, index, shape), zero))
        return reduce(lambda a, b: apply("or", a, b), parts)


def _hand_on(node: ArrayNode, adjoint: Adjoint, gathered: dict[int, _Gathered], active: set[int]) -> None:
    """Give what the adjoint of a node gives to its operands."""
    graph = node.graph

    def of(operand: ArrayNode) -> _Gathered:
        found = gathered.get(operand.index)
        if found is None:
            found = gathered[operand.index] = _Gathered()
        return found

    def give(operand: ArrayNode, part: Adjoint) -> None:
        if operand.index in active:
            of(operand).terms.append(part)

    if node.operation in ELEMENTS:
        for operand, part in slopes.contributions(node, adjoint, active):
            give(operand, part if operand.shape == node.shape else _of_one(part, node))
        return
    operand = node.operands[0]
    match node.operation:
        case "view":
            _give_view(node, adjoint, of(operand))
        case "take":
            of(operand).places.append((adjoint, node.detail))
        case "reshape":
            give(
                operand, adjoint.mapped(_reshaped(adjoint.clean(), operand), lambda n: _reshaped(n, operand))
            )
        case "reduce":
            _give_reduced(node, adjoint, give)
        case "assemble":
            for k, axes in enumerate(node.detail):
                give(node.operands[k], _seen(adjoint, node.operands[k], axes))
        case "scatter":
            value = graph.broadcast(adjoint.clean(), node.shape)
            give(operand, Adjoint(graph.taken(value, node.detail, operand.shape)))
        case "matmul":
            value = graph.broadcast(adjoint.clean(), node.shape)
            for k in range(2):
                if node.operands[k].index in active:
                    other = flipped(node.operands[1 - k])
                    product = graph.matmul(other, value) if k else graph.matmul(value, other)
                    give(node.operands[k], Adjoint(product))
        case "call":
            value = graph.broadcast(adjoint.clean(), node.shape)
            for found, given in zip(calls.adjoints(node, value), node.operands, strict=True):
                if found is not None:
                    give(given, Adjoint(found))


def _of_one(adjoint: Adjoint, node: ArrayNode) -> Adjoint:
    """The adjoint of a single number that was used for every element of a node."""
    value = adjoint.clean()
    graph = node.graph
    total = times(value, graph.number(node.size)) if value.shape == () else _total(value)
    return adjoint.mapped(total, lambda mask: graph.reduced("any", graph.broadcast(mask, node.shape)))


def _total(value: ArrayNode) -> ArrayNode:
    """The sum of all elements; what each of them is multiplied by, their sum is."""
    factor = value.graph.number(1.0)
    for _ in range(MOST_FACTORS):
        if value.operation not in ("neg", "mul"):
            break
        apart = [operand for operand in value.operands if operand.shape == ()]
        if value.operation == "mul" and not apart:
            break
        factor = mul(factor, apart[0]) if apart else neg(factor)
        value = next(operand for operand in value.operands if operand.shape != ())
    return mul(factor, value.graph.reduced("sum", value))


def _reshaped(node: ArrayNode, like: ArrayNode) -> ArrayNode:
    return node if node.shape == () and like.shape != () else node.graph.reshaped(node, like.shape)


def _give_view(node: ArrayNode, adjoint: Adjoint, gathered: _Gathered) -> None:
    """The adjoint of some elements, for the array that they are of: axes that repeat them are summed."""
    graph = node.graph
    axes: tuple[Axis, ...] = node.detail
    named = {axis.along for axis in axes}
    kept = [k for k in range(len(node.shape)) if k in named]
    repeated = [k for k in range(len(node.shape)) if k not in named]
    renamed = tuple(
        Axis(start, step, None if along is None else kept.index(along)) for start, step, along in axes
    )
    shape = tuple(node.shape[k] for k in kept)
    if repeated:
        count = math.prod(node.shape[k] for k in repeated)
        value = adjoint.clean()
        value = times(value, graph.number(count)) if value.shape == () else summed_over(value, repeated)
        adjoint = adjoint.mapped(
            value,
            lambda mask: graph.reduced(
                "any", graph.transposed(graph.broadcast(mask, node.shape), [*kept, *repeated]), len(repeated)
            ),
        )
    whole = tuple(Axis(0, 1, k) for k in range(len(shape)))
    if renamed == whole and shape == node.operands[0].shape:
        gathered.terms.append(adjoint)
        return
    piece = graph.broadcast(adjoint.clean(), shape)
    gathered.pieces.append((Adjoint(piece, adjoint.mask), renamed))


def _seen(adjoint: Adjoint, piece: ArrayNode, axes: Sequence[Axis]) -> Adjoint:
    """The adjoint of a piece of what was assembled: those elements of the adjoint of the whole."""
    if adjoint.value.shape == () and not adjoint.mask:
        return adjoint

    def view(node: ArrayNode) -> ArrayNode:
        return node if node.shape == () else node.graph.view(node, axes, piece.shape)

    return adjoint.mapped(view(adjoint.clean()), view)


def _give_reduced(node: ArrayNode, adjoint: Adjoint, give: Any) -> None:
    graph, operand = node.graph, node.operands[0]
    name, count = node.detail
    kept = [Axis(0, 1, k) for k in range(len(node.shape))]

    def spread(part: ArrayNode) -> ArrayNode:
        return graph.view(part, kept, operand.shape) if part.shape != () else part

    value = spread(adjoint.clean())
    if name == "sum":
        give(operand, adjoint.mapped(value, spread))
    elif name in ("max", "min"):
        at = apply("equal", operand, spread(node))
        number = graph.reduced("sum", where(at, graph.number(1.0), graph.number(0.0)), count)
        share = adjoint.mapped(spread(div(adjoint.clean(), number)), spread)
        give(operand, share.under(at, True))
    elif name == "prod":
        part = adjoint.mapped(value, spread)
        give(operand, part.changed(_product_of_others(operand, count, value)))


def _product_of_others(operand: ArrayNode, count: int, value: ArrayNode) -> ArrayNode:
    """The adjoint of the factors of a product over the last axes; through products of halves, as a factor may be 0."""
    graph = operand.graph
    lead = operand.shape[: len(operand.shape) - count]
    levels = [graph.reshaped(operand, (*lead, math.prod(operand.shape[len(lead) :])))]
    while levels[-1].shape[-1] >= SEVERAL:
        now = levels[-1]
        n = now.shape[-1]
        half = mul(_part(now, 0, n // 2), _part(now, n // 2, n // 2))
        levels.append(half if n % 2 == 0 else _joined([half, _part(now, n - 1, 1)]))
    found = graph.number(1.0)
    for now in reversed(levels[:-1]):
        n = now.shape[-1]
        m = n // 2
        above = _part(found, 0, m)
        parts = [mul(above, _part(now, m, m)), mul(above, _part(now, 0, m))]
        found = _joined([*parts, _part(graph.broadcast(found, (*lead, m + 1)), m, 1)] if n % 2 else parts)
    return mul(value, graph.reshaped(graph.broadcast(found, levels[0].shape), operand.shape))


def _part(node: ArrayNode, start: int, length: int) -> ArrayNode:
    """So many elements along the last axis; a number is the same everywhere."""
    if node.shape == ():
        return node
    k = len(node.shape) - 1
    axes = [*(Axis(0, 1, j) for j in range(k)), Axis(start, 1, k)]
    return node.graph.view(node, axes, (*node.shape[:-1], length))


def _joined(parts: Sequence[ArrayNode]) -> ArrayNode:
    """Arrays one behind the other along the last axis."""
    k = len(parts[0].shape) - 1
    pieces, at = [], 0
    for part in parts:
        pieces.append((part, [*(Axis(0, 1, j) for j in range(k)), Axis(at, 1, k)]))
        at += part.shape[-1]
    return parts[0].graph.assembled(pieces, (*parts[0].shape[:-1], at))


def along(
    nodes: Sequence[ArrayNode], inputs: Sequence[ArrayNode], directions: Sequence[ArrayNode]
) -> list[ArrayNode]:
    """How nodes change as each input changes along its direction (of its shape); of a gradient, the Hessian times it.

    >>> from downslope.programs.evaluate import evaluated
    >>> from downslope.programs.node import Graph
    >>> graph = Graph()
    >>> x, v = graph.input("x", (2,)), graph.input("v", (2,))
    >>> change = along([graph.element("mul", x, x)], [x], [v])
    >>> evaluated(change, {"x": np.array([1.0, 2.0]), "v": np.array([1.0, 10.0])})
    [array([ 2., 40.])]
    """
    graph = inputs[0].graph
    tangents: dict[int, ArrayNode] = {
        node.index: direction for node, direction in zip(inputs, directions, strict=True)
    }
    for node in needed(nodes):
        if node.index in tangents or node.truth:
            continue
        changes = [tangents.get(operand.index) for operand in node.operands]
        if any(change is not None for change in changes):
            change = _tangent(node, changes)
            if change is not None:
                tangents[node.index] = graph.broadcast(change, node.shape)
    return [graph.broadcast(tangents.get(node.index, graph.number(0.0)), node.shape) for node in nodes]


def _tangent(node: ArrayNode, changes: list[ArrayNode | None]) -> ArrayNode | None:
    graph = node.graph
    if node.operation in ELEMENTS:
        return slopes.tangent(node, changes)
    if node.operation == "call":
        return calls.tangent(node, changes)
    if node.operation == "assemble":
        pieces = [(c, axes) for c, axes in zip(changes, node.detail, strict=True) if c is not None]
        return graph.assembled(pieces, node.shape)
    if node.operation == "matmul":
        a, b = node.operands
        parts = [graph.matmul(changes[0], b)] if changes[0] is not None else []
        parts += [graph.matmul(a, changes[1])] if changes[1] is not None else []
        return reduce(add, parts)
    change = changes[0]
    assert change is not None
    match node.operation:
        case "view":
            return graph.view(change, node.detail, node.shape)
        case "reshape":
            return graph.reshaped(change, node.shape)
        case "take":
            return graph.taken(change, node.detail, node.shape)
        case "scatter":
            return graph.scattered(change, node.detail, node.shape)
    return _tangent_of_reduced(node, change)


def _tangent_of_reduced(node: ArrayNode, change: ArrayNode) -> ArrayNode:
    graph, operand = node.graph, node.operands[0]
    name, count = node.detail
    if name == "sum":
        return graph.reduced("sum", change, count)
    if name == "prod":
        others = _product_of_others(operand, count, graph.number(1.0))
        return graph.reduced("sum", mul(others, change), count)
    zero = graph.number(0.0)
    axes = [Axis(0, 1, k) for k in range(len(node.shape))]
    at = apply("equal", operand, graph.view(node, axes, operand.shape))
    number = graph.reduced("sum", where(at, graph.number(1.0), zero), count)
    return div(graph.reduced("sum", where(at, change, zero), count), number)
