"""Arithmetic on nodes that writes nothing down for what changes nothing: no zero added, nothing times 1.

All that is left out is left out exactly, up to the sign of a zero, so that what a person's function computes is what
is written. ``times`` is for derivatives, where a product of numbers may be rounded otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial

import numpy as np

from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS
from downslope.programs.evaluate import element_function
from downslope.programs.formulas import worked_out
from downslope.programs.node import ArrayNode

_KNOWN = frozenset(["number", "table"])
_OF_NUMBERS: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
}


def apply(operation: str, *operands: ArrayNode) -> ArrayNode:
    """An operation on each element."""
    simplified = _SIMPLIFIED.get(operation)
    if simplified is not None:
        return simplified(*operands)
    return _written(operation, *operands)


def _written(operation: str, *operands: ArrayNode) -> ArrayNode:
    """It written down, or its result where all operands are known."""
    graph = operands[0].graph
    if operands[0].operation not in _KNOWN or any(node.operation not in _KNOWN for node in operands):
        return graph.element(operation, *operands)
    exact = _OF_NUMBERS.get(operation)
    if exact is not None and all(node.operation == "number" for node in operands):
        return graph.number(exact(*(node.detail for node in operands)))
    with np.errstate(all="ignore"):
        return graph.table(
            element_function(operation)(
                *(n.detail if n.operation == "number" else n.detail.array for n in operands)
            )
        )


def add(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The sum."""
    if a.operation == "number" and a.detail == 0:
        return b
    if b.operation == "number" and b.detail == 0:
        return a
    if b.operation == "neg":
        return sub(a, b.operands[0])
    if a.operation == "neg":
        return sub(b, a.operands[0])
    return _written("add", a, b)


def sub(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The difference."""
    if b.operation == "neg":
        return add(a, b.operands[0])
    if b.operation == "number" and b.detail == 0:
        return a
    if a.operation == "number" and a.detail == 0:
        return neg(b)
    return _written("sub", a, b)


def neg(a: ArrayNode) -> ArrayNode:
    """Minus it."""
    return a.operands[0] if a.operation == "neg" else _written("neg", a)


def mul(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The product."""
    for one, other in ((a, b), (b, a)):
        if one.operation == "number" and one.detail in (1.0, -1.0):
            return other if one.detail == 1.0 else neg(other)
        if one.operation == "neg":
            return neg(mul(one.operands[0], other))
    return _written("mul", a, b)


def div(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The quotient."""
    if b.operation == "number" and b.detail in (1.0, -1.0):
        return a if b.detail == 1.0 else neg(a)
    if a.operation == "neg":
        return neg(div(a.operands[0], b))
    return _written("div", a, b)


def power(base: ArrayNode, exponent: ArrayNode) -> ArrayNode:
    """The power; one with a number stays one."""
    return base if exponent.literal == 1 else _written("pow", base, exponent)


def where(condition: ArrayNode, yes: ArrayNode, no: ArrayNode) -> ArrayNode:
    """One or the other, of each element."""
    if yes is no and condition.shape in ((), yes.shape):
        return yes
    return _written("where", condition, yes, no)


def times(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The product within a derivative: numbers are gathered, and what is times 1/b is divided by b."""
    for one, other in ((a, b), (b, a)):
        if one.operation == "div" and one.operands[0].literal in (1.0, -1.0):
            quotient = _divided(other, one.operands[1])
            return quotient if one.operands[0].literal == 1.0 else neg(quotient)
        if (
            one.operation == "div"
            and other.operation == "mul"
            and one.operands[0].operation == other.operands[0].operation == "number"
        ):
            factor = _written("mul", one.operands[0], other.operands[0])
            return mul(_written("div", factor, one.operands[1]), other.operands[1])
        if one.operation == "number" and one.detail not in (1.0, -1.0):
            if other.operation == "mul":
                first, second = other.operands
                if first.operation == "number":
                    return mul(_written("mul", first, one), second)
                if second.operation == "number":
                    return mul(_written("mul", second, one), first)
            if other.operation == "neg":
                return times(neg(one), other.operands[0])
    return mul(a, b)


def _divided(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The quotient within a derivative; halves and doubles of the divisor, as that of a root, go to what is divided."""
    if b.operation == "mul" and b.operands[0].literal in (2.0, 0.5):
        factor, rest = b.operands
        return div(times(a.graph.number(1.0 / factor.detail), a), rest)
    return div(a, b)


def formula(root: t.Node, arguments: dict[str, ArrayNode]) -> ArrayNode:
    """A formula of our own language, in nodes."""
    graph = next(iter(arguments.values())).graph
    return worked_out(root, arguments, apply, graph.number)


def defined(name: str, *operands: ArrayNode) -> ArrayNode:
    """A function of formulas written out by its definition."""
    record = FUNCTIONS[name]
    assert record.definition is not None, name
    return formula(record.definition, dict(zip(record.arguments, operands, strict=True)))


_SIMPLIFIED: dict[str, Callable[..., ArrayNode]] = {
    "add": add,
    "sub": sub,
    "neg": neg,
    "mul": mul,
    "div": div,
    "pow": power,
    "where": where,
}


def function(name: str) -> Callable[..., ArrayNode]:
    """The operation of that name, on nodes."""
    return _SIMPLIFIED.get(name) or partial(_written, name)
