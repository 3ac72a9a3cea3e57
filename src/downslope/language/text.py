"""Tree to text, in one spelling, with as few brackets as read back to the same tree."""

from __future__ import annotations

from collections.abc import Sequence

from downslope.language.functions import CONSTANTS
from downslope.language.names import quoted
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


def number_text(value: float) -> str:
    """The shortest text that reads back to the same float64.

    >>> number_text(2.0), number_text(0.1), number_text(1e-5), number_text(1e22)
    ('2', '0.1', '1e-05', '1e+22')
    """
    text = repr(float(value))
    return text.removesuffix(".0")


def to_text(tree: Node) -> str:
    """The text of a tree.

    >>> to_text(Multiplication((Number(2.0), Sum((Variable("x"), Negative(Number(1.0)))))))
    '2*(x - 1)'
    """
    return fold(tree, _text)


def _text(node: Node, parts: Sequence[str]) -> str:
    match node:
        case Number(value):
            return number_text(value)
        case NamedConstant("e"):
            return "exp(1)"  # as e alone is refused: it may be meant as a parameter
        case NamedConstant(name):
            return name
        case Variable(name):
            return (
                name if name in CONSTANTS else quoted(name)
            )  # whoever has a parameter e says so when it is read
        case Negative(operand):
            return f"-{_within(operand, parts[0], Sum, Negative)}"
        case Sum(terms):
            return _sum(terms, parts)
        case Multiplication(factors):
            head = _within(factors[0], parts[0], Sum, Negative, Multiplication)
            rest = zip(factors[1:], parts[1:], strict=True)
            return "*".join(
                [head, *(_within(n, t, Sum, Negative, Multiplication, Quotient) for n, t in rest)]
            )
        case Quotient(top, bottom):
            above = _within(top, parts[0], Sum, Negative)
            return f"{above}/{_within(bottom, parts[1], Sum, Negative, Multiplication, Quotient)}"
        case Power(base, exponent):
            below = "e" if base == NamedConstant("e") else _base(base, parts[0])
            return f"{below}^{_exponent(exponent, parts[1])}"
        case Call(function, _):
            return f"{function}({', '.join(parts)})"
        case Comparison(operator, _, _):
            return f"{parts[0]} {operator} {parts[1]}"
        case Logical("not", (operand,)):
            return f"not {_within(operand, parts[0], Logical)}"
        case Logical("and", operands):
            return " and ".join(_joined(n, t, "and", "or") for n, t in zip(operands, parts, strict=True))
        case Logical(_, operands):
            return " or ".join(_joined(n, t, "or") for n, t in zip(operands, parts, strict=True))


def _sum(terms: Sequence[Node], parts: Sequence[str]) -> str:
    pieces = [_within(terms[0], parts[0], Sum)]
    for node, text in zip(terms[1:], parts[1:], strict=True):
        # A negative term already begins with its sign.
        negative = _is_negative(node)
        pieces.append(f" - {text[1:]}" if negative else f" + {_within(node, text, Sum)}")
    return "".join(pieces)


def _within(node: Node, text: str, *bracketed: type) -> str:
    """The text of an operand, in brackets where its kind binds too loosely."""
    return (
        f"({text})" if isinstance(node, bracketed) or (Negative in bracketed and _is_negative(node)) else text
    )


def _is_negative(node: Node) -> bool:
    # A tree made elsewhere may hold negative numbers; they are written as minus the number.
    return isinstance(node, Negative) or (
        isinstance(node, Number) and number_text(node.value).startswith("-")
    )


def _base(node: Node, text: str) -> str:
    return _within(node, text, Sum, Negative, Multiplication, Quotient, Power)


def _exponent(node: Node, text: str) -> str:
    if isinstance(node, Negative) and not isinstance(node.operand, Number | NamedConstant | Variable | Call):
        return f"({text})"
    return _within(node, text, Sum, Multiplication, Quotient)


def _joined(node: Node, text: str, *bracketed: str) -> str:
    return f"({text})" if isinstance(node, Logical) and node.operator in bracketed else text
