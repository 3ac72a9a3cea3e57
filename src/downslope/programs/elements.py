"""Operations on elements, as vector instructions on several elements at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS
from downslope.symbolic.lanes import LaneBuilder, Lanes, lane_function, whole_power
from downslope.symbolic.lanes.exponential import power

_RELATION = {
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}
MOST_MULTIPLIED = 64  # powers up to this exponent are products
_CONSTANTS = {"pi": math.pi, "e": math.e}

# How long an operation takes, in additions; what is not here takes 1, and a function of formulas COSTLY.
COSTS = {
    "div": 6,
    "pow": 6,
    "sqrt": 8,
    "abs": 1,
    "max": 2,
    "min": 2,
    "floor": 1,
    "ceil": 1,
    "where": 1,
    "sign": 2,
}
COSTLY = 30


def cost(operation: str) -> int:
    """Of one operation on an element, in additions."""
    return COSTS.get(operation, COSTLY if operation in FUNCTIONS else 1)


def element(w: LaneBuilder, operation: str, parts: Sequence[Lanes]) -> Lanes:
    """An operation of ``node.ELEMENTS`` on these numbers or truth values."""
    if operation in _RELATION:
        return w.compared(_RELATION[operation], *parts)
    if operation in _DIRECT:
        return _DIRECT[operation](w, *parts)
    return _called(w, operation, parts)


def _pow(w: LaneBuilder, x: Lanes, y: Lanes) -> Lanes:
    """``x ** y``; by multiplication where the exponent is a small whole number, or one and a half."""
    exponent = y.literal
    if exponent is None or abs(2 * exponent) > 2 * MOST_MULTIPLIED or not (2 * exponent).is_integer():
        return power(x, y)
    if exponent == 0:
        return w.number(1.0)
    halves = int(2 * abs(exponent))
    if halves % 2:
        w.refuse(x <= -math.inf)  # whose power 1/2 is infinity in C, and root NaN
        root = w.root(x + 0.0)  # and that of -0.0 is 0.0
        found = root if halves == 1 else whole_power(root, halves)
    else:
        found = whole_power(x, halves // 2)
    return 1.0 / found if exponent < 0 else found


def _not(w: LaneBuilder, a: Lanes) -> Lanes:
    return ~a


_DIRECT: Mapping[str, Callable[..., Lanes]] = {
    "add": lambda w, a, b: a + b,
    "sub": lambda w, a, b: a - b,
    "mul": lambda w, a, b: a * b,
    "div": lambda w, a, b: a / b,
    "neg": lambda w, a: -a,
    "pow": _pow,
    "and": lambda w, a, b: a & b,
    "or": lambda w, a, b: a | b,
    "not": _not,
    "where": lambda w, condition, a, b: w.select(condition, a, b),
    "sqrt": lambda w, a: _pow(w, a, w.number(0.5)),
}


def _called(w: LaneBuilder, name: str, parts: Sequence[Lanes]) -> Lanes:
    """A function of formulas: in vector form where there is one, else by its definition."""
    function = lane_function(name)
    if function is not None:
        return function(*parts)
    record = FUNCTIONS[name]
    assert record.definition is not None, name
    values = dict(zip(record.arguments, parts, strict=True))

    def combine(node: t.Node, below: Sequence[Lanes]) -> Lanes:
        match node:
            case t.Number(value):
                return w.number(value)
            case t.NamedConstant(constant):
                return w.number(_CONSTANTS[constant])
            case t.Variable(variable):
                return values[variable]
            case t.Negative():
                return -below[0]
            case t.Sum():
                return reduce(lambda a, b: a + b, below)
            case t.Multiplication():
                return reduce(lambda a, b: a * b, below)
            case t.Quotient():
                return below[0] / below[1]
            case t.Power():
                return _pow(w, *below)
            case t.Call(inner, _):
                return element(w, inner, below)
            case t.Comparison(sign, _, _):
                return w.compared(sign, *below)
            case t.Logical("not", _):
                return ~below[0]
            case t.Logical(word, _):
                return reduce((lambda a, b: a & b) if word == "and" else (lambda a, b: a | b), below)

    return t.fold(record.definition, combine)
