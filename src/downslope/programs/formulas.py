"""Formulas of our own language (definitions of functions, their derivatives), worked out with any kind of value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from typing import TypeVar

import symengine as se

from downslope.language import tree as t
from downslope.language.functions import CONSTANTS, FUNCTIONS, Function
from downslope.symbolic.derivatives import function_partials
from downslope.symbolic.lift import lift

V = TypeVar("V")

# The sign of a comparison -> its operation in programs.
OPERATION_OF = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}


def worked_out(
    root: t.Node, values: Mapping[str, V], apply: Callable[..., V], number: Callable[[float], V]
) -> V:
    """A formula, where its variables have these values and ``apply`` does an operation of programs.

    >>> worked_out(t.Negative(t.Variable("x")), {"x": 2.0}, lambda operation, x: -x, float)
    -2.0
    """

    def combine(node: t.Node, parts: Sequence[V]) -> V:
        match node:
            case t.Number(value):
                return number(value)
            case t.NamedConstant(name):
                return number(CONSTANTS[name])
            case t.Variable(name):
                return values[name]
            case t.Negative():
                return apply("neg", *parts)
            case t.Sum():
                return reduce(lambda a, b: apply("add", a, b), parts)
            case t.Multiplication():
                return reduce(lambda a, b: apply("mul", a, b), parts)
            case t.Quotient():
                return apply("div", *parts)
            case t.Power():
                return apply("pow", *parts)
            case t.Comparison(operator, _, _):
                return apply(OPERATION_OF[operator], *parts)
            case t.Logical("not", _):
                return apply("not", *parts)
            case t.Logical(operator, _):
                return reduce(lambda a, b: apply(operator, a, b), parts)
            case t.Call(name, _):
                return _called(FUNCTIONS[name], parts, apply, number)

    return t.fold(root, combine)


def _called(record: Function, parts: Sequence[V], apply: Callable[..., V], number: Callable[[float], V]) -> V:
    if record.variadic:
        return reduce(lambda a, b: apply(record.name, a, b), parts)
    missing = len(record.arguments) - len(parts)
    left_out = record.defaults[len(record.defaults) - missing :] if missing else ()
    return apply(record.name, *parts, *map(number, left_out))


@cache
def partial_formulas(name: str) -> tuple[t.Node, ...]:
    """The derivatives of a function by its arguments: those of its record, or of its definition.

    >>> partial_formulas("log1p")
    (Quotient(Number(1.0), Sum((Number(1.0), Variable('x')))),)
    """
    record = FUNCTIONS[name]
    if record.derivatives:
        return record.derivatives
    return tuple(lift(partial) for partial in function_partials(record, se.symbols(record.arguments)))
