"""Expression tree or SymPy expression -> SymEngine expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import symengine as se

from downslope.errors import ObjectiveError
from downslope.language import tree as t
from downslope.messages import message
from downslope.symbolic.functions import (
    FUNCTIONS,
    absolute,
    bounded,
    maximum,
    minimum,
    number,
    power,
    product,
    sign,
)

_CONSTANTS = {"pi": se.pi, "e": se.E}
_RELATIONS = {"<": se.Lt, "<=": se.Le, ">": se.Gt, ">=": se.Ge, "==": se.Eq, "!=": se.Ne}


def lower(root: t.Node) -> Any:
    """The SymEngine expression of a tree; each variable becomes the symbol of that name.

    >>> from downslope.language import parse
    >>> lower(parse("x^2/20 + y^2").tree)
    (1/20)*x**2 + y**2
    """
    return t.fold(root, lower_node)


def lower_node(node: t.Node, parts: Sequence[Any]) -> Any:
    """The SymEngine expression of one node, from those of its children."""
    match node:
        case t.Number(value):
            return number(value)
        case t.NamedConstant(name):
            return _CONSTANTS[name]
        case t.Variable(name):
            return se.Symbol(name)
        case t.Negative():
            return -parts[0]
        case t.Sum():
            return se.Add(*parts)
        case t.Multiplication():
            return product(*parts)
        case t.Quotient():
            return bounded(parts[0] / parts[1])
        case t.Power():
            return power(parts[0], parts[1])
        case t.Call(name, _):
            return FUNCTIONS[name](*parts)
        case t.Comparison(operator, _, _):
            return _RELATIONS[operator](parts[0], parts[1])
        case t.Logical(operator, _):
            return {"and": se.And, "or": se.Or, "not": se.Not}[operator](*parts)


def from_sympy(expression: Any) -> Any:
    """A SymPy or SymEngine expression as SymEngine, its kinks replaced by ours.

    Raises:
        ObjectiveError: the expression holds something without a derivative here (an integral, a matrix,
            an undefined function, the imaginary unit).
    """
    try:
        converted = se.sympify(expression)  # an object, never text: the callers see to that
    except (se.SympifyError, TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        raise ObjectiveError(
            message("this expression cannot be read by SymEngine: {error}", error=error)
        ) from error
    if not isinstance(converted, se.Basic) or converted.is_Boolean:
        raise ObjectiveError(
            message("a {kind} is not a number to be made smaller or larger.", kind=type(expression).__name__)
        )
    return _replace_kinks(converted)


def _replace_kinks(expression: Any) -> Any:
    """Rebuild ``Abs``, ``Max``, ``Min`` and ``sign`` with the definitions of ``functions``."""
    ours = {"Abs": absolute, "Max": maximum, "Min": minimum, "sign": sign, "Sign": sign}
    memo: dict[Any, Any] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        pending = [child for child in node.args if child not in memo]
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        if node in memo:
            continue
        parts = [memo[child] for child in node.args]
        kind = type(node).__name__
        if node.is_Number and not node.is_real:
            raise ObjectiveError(message("{node} in this expression is not a real number.", node=node))
        if kind in ours:
            memo[node] = ours[kind](*parts)
        elif any(new is not old and new != old for new, old in zip(parts, node.args, strict=True)):
            memo[node] = bounded(_rebuild(node, parts))
        else:
            memo[node] = bounded(node)
    return memo[expression]


def _rebuild(node: Any, parts: list[Any]) -> Any:
    if isinstance(node, se.Piecewise):
        return se.Piecewise(*zip(parts[::2], parts[1::2], strict=True))
    return node.func(*parts)
