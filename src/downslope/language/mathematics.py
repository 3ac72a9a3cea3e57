"""Tree to displayed mathematics: LaTeX and presentation MathML.

``_Layout`` decides what is written where and in brackets; ``_Latex`` and ``_Mathml`` only know how
to spell a fraction, a root, a name. Terms and factors stay in the order in which they were typed, and
SymPy, which would cost its import and reorder them, is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from downslope.language.functions import FUNCTIONS
from downslope.language.notation import Latex, Mathml, Notation
from downslope.language.text import number_text
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

_PLACE = re.compile("_([0-9])")  # of an argument, in what a function's record says


def to_latex(tree: Node) -> str:
    r"""The LaTeX of a tree.

    >>> to_latex(Power(Call("sin", (Variable("x1"),)), Number(2.0)))
    '\\sin^{2}\\left(x_{1}\\right)'
    """
    return _signed(fold(tree, _Layout(Latex()).combine), Latex())


def to_mathml(tree: Node) -> str:
    """The presentation MathML of a tree, as one ``math`` element."""
    notation = Mathml()
    inner = _signed(fold(tree, _Layout(notation).combine), notation)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inner}</math>'


@dataclass(frozen=True, slots=True)
class _Box:
    """What is written for a node: without its sign where it is negative."""

    text: str
    negative: bool = False
    name: str = ""  # of a function written name(arguments), so that a power can follow the name
    arguments: str = ""


def _signed(box: _Box, notation: Notation) -> str:
    return notation.row([notation.sign("-", prefix=True), box.text]) if box.negative else box.text


class _Layout:
    """Bottom-up layout of a tree in one notation."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation

    def combine(self, node: Node, boxes: Sequence[_Box]) -> _Box:
        write = self.notation
        match node:
            case Number(value):
                text = number_text(value)
                return _Box(write.number(text.removeprefix("-")), negative=text.startswith("-"))
            case NamedConstant(name):
                return _Box(write.constant(name))
            case Variable(name):
                return _Box(write.variable(name))
            case Negative(operand):
                return _Box(self._within(operand, boxes[0], Sum, Negative), negative=True)
            case Sum(terms):
                return _Box(self._sum(terms, boxes))
            case Multiplication(factors):
                return _Box(self._product(factors, boxes))
            case Quotient():
                return _Box(write.fraction(_signed(boxes[0], write), _signed(boxes[1], write)))
            case Power(base, exponent):
                return self._power(base, exponent, boxes)
            case Call(function, _):
                return self._call(function, [_signed(box, write) for box in boxes])
            case Comparison(operator, _, _):
                left, right = (_signed(box, write) for box in boxes)
                return _Box(write.row([left, write.sign(operator), right]))
            case Logical(word, operands):
                return _Box(self._logical(word, operands, boxes))

    def _within(self, node: Node, box: _Box, *bracketed: type) -> str:
        text = _signed(box, self.notation)
        loose = isinstance(node, bracketed) or (Negative in bracketed and box.negative)
        return self.notation.fence("(", text, ")") if loose else text

    def _sum(self, terms: Sequence[Node], boxes: Sequence[_Box]) -> str:
        pieces = [self._within(terms[0], boxes[0], Sum)]
        for node, box in zip(terms[1:], boxes[1:], strict=True):
            pieces.append(self.notation.sign("-" if box.negative else "+"))
            pieces.append(box.text if box.negative else self._within(node, box, Sum))
        return self.notation.row(pieces)

    def _product(self, factors: Sequence[Node], boxes: Sequence[_Box]) -> str:
        pieces: list[str] = []
        previous: Node | None = None
        for node, box in zip(factors, boxes, strict=True):
            if previous is not None:
                quotients = isinstance(previous, Quotient) and isinstance(node, Quotient)
                visible = quotients or _leads_with_number(node)
                pieces.append(self.notation.times(visible, isinstance(previous, Number)))
            pieces.append(self._within(node, box, Sum, Negative))
            previous = node
        return self.notation.row(pieces)

    def _power(self, base: Node, exponent: Node, boxes: Sequence[_Box]) -> _Box:
        raised = _signed(boxes[1], self.notation)
        if boxes[0].name and isinstance(exponent, Number) and exponent.value >= 1:
            write = self.notation
            return _Box(write.row([write.power(boxes[0].name, raised), write.applied(), boxes[0].arguments]))
        loose = isinstance(base, Call) and not FUNCTIONS[base.function].enclosed
        scientific = isinstance(base, Number) and "e" in number_text(base.value)
        kinds = (
            Sum,
            Negative,
            Multiplication,
            Quotient,
            Power,
            *([Call] if loose else []),
            *([Number] if scientific else []),
        )
        return _Box(self.notation.power(self._within(base, boxes[0], *kinds), raised))

    def _call(self, function: str, arguments: list[str]) -> _Box:
        write = self.notation
        name = write.function(FUNCTIONS[function])
        if "_0" in name:  # the whole call
            return _Box(_PLACE.sub(lambda place: arguments[int(place[1])], name))
        inner = write.fence("(", write.listed(arguments), ")")
        return _Box(write.row([name, write.applied(), inner]), name=name, arguments=inner)

    def _logical(self, word: str, operands: Sequence[Node], boxes: Sequence[_Box]) -> str:
        write = self.notation
        texts = [
            write.fence("(", box.text, ")")
            if isinstance(node, Logical) and (word == "not" or node.operator != "not")
            else box.text
            for node, box in zip(operands, boxes, strict=True)
        ]
        if word == "not":
            return write.row([write.word("not"), texts[0]])
        pieces = [texts[0]]
        for text in texts[1:]:
            pieces += [write.word(word), text]
        return write.row(pieces)


def _leads_with_number(node: Node) -> bool:
    """Whether the first thing written for this factor is a digit."""
    while True:
        match node:
            case Multiplication(factors):
                node = factors[0]
            case Power(base, _):
                node = base
            case _:
                return isinstance(node, Number)
