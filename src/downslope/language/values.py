"""The value of a tree, in plain Python floats: the slow, obvious meaning of every node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from downslope.language.functions import CONSTANTS, FUNCTIONS
from downslope.language.relations import RELATIONS
from downslope.language.tree import (
    Call,
    Comparison,
    Logical,
    Multiplication,
    NamedConstant,
    Negative,
    Node,
    Number,
    Power,
    Quotient,
    Sum,
    Variable,
    fold,
)
from downslope.messages import message


def combine(node: Node, parts: Sequence[float]) -> float:
    """The value of one node from those of its children; NaN where it is not a finite real number.

    A condition counts 1 where it holds and 0 where it does not. A variable has no value here.
    """
    try:
        value = _combine(node, parts)
    except (ValueError, ArithmeticError):
        return math.nan
    # A negative number to a fractional power is complex in Python.
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan


def _combine(node: Node, parts: Sequence[float]) -> float | complex:
    match node:
        case Number(value):
            return value
        case NamedConstant(name):
            return CONSTANTS[name]
        case Variable(name):
            raise LookupError(str(message("{name} has no value", name=name)))
        case Negative():
            return -parts[0]
        case Sum():
            return sum(parts)
        case Multiplication():
            return math.prod(parts)
        case Quotient():
            return parts[0] / parts[1]
        case Power():
            result: float | complex = parts[0] ** parts[1]
            return result
        case Call(function, _):
            return FUNCTIONS[function].value(*parts)
        case Comparison(symbol, _, _):
            return bool(RELATIONS[symbol].holds(parts[0], parts[1]))
        case Logical("not", _):
            return not parts[0]
        case Logical(word, _):
            return all(parts) if word == "and" else any(parts)


def evaluate(root: Node, values: Mapping[str, float] | None = None) -> float:
    """The value of a tree where its variables have these values; NaN where it is not a finite real number.

    >>> evaluate(Multiplication((Number(2.0), Variable("x"))), {"x": 21.0})
    42.0
    """
    known = values or {}

    def value(node: Node, parts: Sequence[float]) -> float:
        return float(known[node.name]) if isinstance(node, Variable) else combine(node, parts)

    return fold(root, value)
