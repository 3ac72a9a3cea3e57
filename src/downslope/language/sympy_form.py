"""Tree to SymPy, built node by node and never evaluated: no text is given to SymPy to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from downslope.language.functions import FUNCTIONS
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


def to_sympy(tree: Node) -> Any:
    """The SymPy expression of a tree, in the order in which it was typed.

    Whole numbers become ``Integer``, other numbers ``Float``; names become plain symbols.
    """
    return fold(tree, _sympy)


def _sympy(node: Node, parts: Sequence[Any]) -> Any:
    import sympy

    match node:
        case Number(value):
            return (
                sympy.Integer(int(value)) if value.is_integer() and abs(value) < 2**53 else sympy.Float(value)
            )
        case NamedConstant(name):
            return sympy.pi if name == "pi" else sympy.E
        case Variable(name):
            return sympy.Symbol(name)
        case Negative(Number()):
            return -parts[0]
        case Negative():
            return sympy.Mul(-1, parts[0], evaluate=False)
        case Sum():
            return sympy.Add(*parts, evaluate=False)
        case Multiplication():
            return sympy.Mul(*parts, evaluate=False)
        case Quotient():
            return sympy.Mul(parts[0], sympy.Pow(parts[1], -1, evaluate=False), evaluate=False)
        case Power():
            return sympy.Pow(*parts, evaluate=False)
        case Call(function, _):
            return _call(function, parts)
        case Comparison(operator, _, _):
            relation: Callable[..., Any] = getattr(sympy, RELATIONS[operator].short)
            return relation(*parts, evaluate=False)
        case Logical(word, _):
            return {"and": sympy.And, "or": sympy.Or, "not": sympy.Not}[word](*parts, evaluate=False)


def _call(function: str, parts: Sequence[Any]) -> Any:
    import sympy

    record = FUNCTIONS[function]
    if record.condition:
        return sympy.Piecewise((parts[1], parts[0]), (parts[2], True), evaluate=False)
    if isinstance(record.sympy, str) and record.sympy:
        name, _, leading = record.sympy.rstrip(")").partition("(")
        numbers = [sympy.Integer(number) for number in leading.split(",") if number]
        return getattr(sympy, name)(*numbers, *parts, evaluate=False)
    definition = record.sympy or record.definition
    if not isinstance(definition, Node):
        raise LookupError(f"no SymPy form is known for {function}")
    known = dict(zip(record.arguments, parts, strict=True))

    def of_node(node: Node, below: Sequence[Any]) -> Any:
        return known[node.name] if isinstance(node, Variable) else _sympy(node, below)

    return fold(definition, of_node)
