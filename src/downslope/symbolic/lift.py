"""SymEngine expression -> expression tree, so that a traced function can be printed and saved as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import symengine as se

from downslope.errors import ObjectiveError
from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS
from downslope.language.relations import BY_SYMBOL
from downslope.messages import message
from downslope.symbolic.lower import call, function_of

# Functions that are written as a choice.
_CHOICES = [record for record in FUNCTIONS.values() if record.is_choice and not record.symengine]


def lift(expression: Any) -> t.Node:
    """The tree of a SymEngine expression.

    Raises:
        ObjectiveError: a function in it has no name in the language.

    >>> x = se.Symbol("x")
    >>> lift(x**2)
    Power(Variable('x'), Number(2.0))
    """
    memo: dict[Any, t.Node] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        pending = [child for child in node.args if child not in memo]
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        memo[node] = _lift_node(node, [memo[child] for child in node.args], memo)
    return memo[expression]


def _lift_node(node: Any, parts: Sequence[t.Node], memo: dict[Any, t.Node]) -> t.Node:
    if isinstance(node, se.Symbol):
        return t.Variable(node.name)
    if node.is_Number:
        return _number(node)
    if node == se.pi:
        return t.NamedConstant("pi")
    if node == se.E:
        return t.NamedConstant("e")
    if isinstance(node, se.Add):
        return t.Sum(tuple(parts))
    if isinstance(node, se.Mul):
        return _product(node.args, memo)
    if isinstance(node, se.Pow):
        return _power(node.args[0], node.args[1], memo)
    if isinstance(node, se.Piecewise):
        return _recognised(node, memo) or _where(parts)
    if isinstance(node, se.UnevaluatedExpr):
        return parts[0]
    return _named(node, parts)


def _recognised(node: Any, memo: dict[Any, t.Node]) -> t.Node | None:
    """The function of the language that a choice says, where its record defines it as just this choice."""
    branches, conditions = node.args[::2], node.args[1::2]
    if type(conditions[0]).__name__ not in BY_SYMBOL:
        return None
    compared = [part for part in conditions[0].args if part in memo]
    for record in _CHOICES:
        for arguments in _suspected(len(record.arguments), compared, branches):
            if (
                not any(argument.is_Boolean for argument in arguments)
                and call(record.name, *arguments) == node
            ):
                return t.Call(record.name, tuple(memo[argument] for argument in arguments))
    return None


def _suspected(count: int, compared: Sequence[Any], branches: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a choice may be the function of: what it compares, or two of its branches, or one of each."""
    if count == 1:
        return [(u,) for u in compared if not u.is_Number]
    return [tuple(branches[:2]), *((u, h) for u in compared if not u.is_Number for h in branches[2:3])]


def _named(node: Any, parts: Sequence[t.Node]) -> t.Node:
    kind = type(node).__name__
    if kind in BY_SYMBOL:
        return t.Comparison(BY_SYMBOL[kind].sign, parts[0], parts[1])
    if kind in ("And", "Or", "Not"):
        return t.Logical(kind.lower(), tuple(parts))
    if kind in ("BooleanTrue", "BooleanFalse"):
        return t.Comparison("<", t.Number(0.0), t.Number(float(kind == "BooleanTrue")))
    record = function_of(node)
    if record is not None:
        return t.Call(record.name, tuple(parts))
    raise ObjectiveError(message("'{kind}' has no name in downslope's formulas", kind=kind))


def _number(node: Any) -> t.Node:
    if isinstance(node, se.Rational) and node.q != 1:
        top, bottom = float(node.p), t.Number(float(node.q))
        fraction = t.Quotient(t.Number(abs(top)), bottom)
        return t.Negative(fraction) if top < 0 else fraction
    value = float(node)
    return t.Negative(t.Number(-value)) if value < 0 else t.Number(value)


def _where(parts: Sequence[t.Node]) -> t.Node:
    values, conditions = parts[::2], parts[1::2]
    result = values[-1]
    for value, condition in zip(values[-2::-1], conditions[-2::-1], strict=True):
        result = t.Call("where", (condition, value, result))
    return result


def _power(base: Any, exponent: Any, memo: dict[Any, t.Node]) -> t.Node:
    if exponent == se.Rational(1, 2):
        return t.Call("sqrt", (memo[base],))
    if exponent.is_Number and float(exponent) < 0:
        return t.Quotient(t.Number(1.0), _positive_power(base, -exponent, memo))
    return _positive_power(base, exponent, memo)


def _positive_power(base: Any, exponent: Any, memo: dict[Any, t.Node]) -> t.Node:
    if exponent == 1:
        return memo[base]
    if exponent == se.Rational(1, 2):
        return t.Call("sqrt", (memo[base],))
    if base == se.E:
        return t.Call("exp", (memo[exponent] if exponent in memo else _number(exponent),))
    return t.Power(memo[base], memo[exponent] if exponent in memo else _number(exponent))


def _product(factors: Sequence[Any], memo: dict[Any, t.Node]) -> t.Node:
    """Numerator over denominator, the sign in front: ``-3*x/(2*y)`` as a person would write it."""
    above: list[t.Node] = []
    below: list[t.Node] = []
    negative = False
    for factor in factors:
        if factor.is_Number:
            negative = float(factor) < 0
            size = abs(factor)
            top, bottom = (size.p, size.q) if isinstance(size, se.Rational) else (size, 1)
            above += [t.Number(float(top))] if top != 1 else []
            below += [t.Number(float(bottom))] if bottom != 1 else []
        elif isinstance(factor, se.Pow) and factor.args[1].is_Number and float(factor.args[1]) < 0:
            below.append(_positive_power(factor.args[0], -factor.args[1], memo))
        else:
            above.append(memo[factor])
    result = _join(above)
    if below:
        result = t.Quotient(result, _join(below))
    return t.Negative(result) if negative else result


def _join(factors: list[t.Node]) -> t.Node:
    if not factors:
        return t.Number(1.0)
    return factors[0] if len(factors) == 1 else t.Multiplication(tuple(factors))
