"""Tree to SymPy, built node by node and never evaluated: no text is given to SymPy to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
            relation: Callable[..., Any] = getattr(sympy, _RELATIONS[operator])
            return relation(*parts, evaluate=False)
        case Logical(word, _):
            return {"and": sympy.And, "or": sympy.Or, "not": sympy.Not}[word](*parts, evaluate=False)


_RELATIONS = {"<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge", "==": "Eq", "!=": "Ne"}
_NAMES = {
    **{name: name for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: name for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sign", "erf")},
    **{"abs": "Abs", "min": "Min", "max": "Max"},
}


def _call(function: str, parts: Sequence[Any]) -> Any:
    import sympy

    if function in _NAMES:
        return getattr(sympy, _NAMES[function])(*parts, evaluate=False)
    x = parts[0]
    match function:
        case "log10" | "log2":
            base = sympy.Integer(function[3:])
            return sympy.Mul(_call("log", parts), sympy.Pow(sympy.log(base), -1), evaluate=False)
        case "cbrt":  # SymPy's own cbrt is complex for negative numbers
            root = sympy.Pow(_call("abs", parts), sympy.Rational(1, 3), evaluate=False)
            return sympy.Mul(_call("sign", parts), root, evaluate=False)
        case "relu":
            return sympy.Max(0, x, evaluate=False)
        case "sigmoid":
            decay = sympy.exp(sympy.Mul(-1, x, evaluate=False), evaluate=False)
            return sympy.Pow(sympy.Add(1, decay, evaluate=False), -1, evaluate=False)
        case "softplus":
            return sympy.log(sympy.Add(1, sympy.exp(x, evaluate=False), evaluate=False), evaluate=False)
        case "where":
            return sympy.Piecewise((parts[1], x), (parts[2], True), evaluate=False)
    raise LookupError(str(message("no SymPy form is known for {function}", function=function)))
