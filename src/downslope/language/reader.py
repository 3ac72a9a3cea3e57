"""Tokens to tree: the grammar run by Lark, and what each of its rules builds.

This is the only module that imports Lark. The builder keeps no state, so one parser serves all threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from downslope.language.functions import CANONICAL, FUNCTIONS
from downslope.language.mistakes import Mistake
from downslope.language.token import Token
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
)
from downslope.language.unexpected import unexpected
from downslope.language.values import combine
from downslope.messages import NOTHING, Message, message, plural


class Fragment:
    """A piece of the tree, where it was typed, and its value where it holds no names."""

    __slots__ = ("begin", "end", "node", "sign", "value")

    def __init__(
        self, node: Node, begin: int, end: int, *, value: float | None, sign: Token | None = None
    ) -> None:
        self.node, self.begin, self.end, self.value = node, begin, end, value
        self.sign = sign
        """The comparison or logical word that makes this a condition; None for a number."""


def _part(
    node: Node, parts: Sequence[Fragment], begin: int, end: int, *, sign: Token | None = None
) -> Fragment:
    """A part made of others: constant if they all are, and then finite; whatever is divided, not by zero."""
    if isinstance(node, Quotient) and len(parts) > 1 and parts[-1].value == 0:
        raise _not_real(begin, message("Division by zero has no value."))
    for part in parts:
        if part.value is None:
            return Fragment(node, begin, end, value=None, sign=sign)
    value = combine(node, [part.value for part in parts if part.value is not None])
    if not math.isfinite(value):
        raise _not_real(begin, _why_not_real(node))
    return Fragment(node, begin, end, value=value, sign=sign)


def _not_real(begin: int, why: Message) -> Mistake:
    return Mistake(message("this part is not a finite real number"), begin, why)


def _why_not_real(node: Node) -> Message:
    match node:
        case Power(Number(0.0), _):
            return message("Division by zero has no value.")
        case Call(function, _) if FUNCTIONS[function].outside:
            return FUNCTIONS[function].outside
        case Power(_, Quotient(Number(1.0), Number(3.0))):
            return message("For the real cube root, write cbrt(x).")
        case Power() | Multiplication():
            return message("The largest float64 is about 1.8e308.")
    return NOTHING


def _number(part: Fragment) -> Fragment:
    if part.sign is not None:
        raise Mistake(
            message('"{sign}" makes a condition, and a number is needed here', sign=part.sign.text),
            part.sign.begin,
            message("Conditions are allowed only as the first argument of where(condition, a, b)."),
        )
    return part


def _condition(part: Fragment) -> Fragment:
    if part.sign is None:
        raise Mistake(
            message("a condition is needed here, such as x > 0"),
            part.begin,
            message("Conditions compare: < <= > >= == !=."),
        )
    return part


class _Builder:
    """One method for each rule of the grammar, given the rule's tokens and parts."""

    def number(self, items: list[Token]) -> Fragment:
        (token,) = items
        if token.text.startswith("("):  # a fraction, kept exact
            top, bottom = map(float, token.text[1:-1].split("/"))
            return Fragment(Quotient(Number(top), Number(bottom)), token.begin, token.end, value=token.value)
        return Fragment(Number(token.value), token.begin, token.end, value=token.value)

    def variable(self, items: list[Token]) -> Fragment:
        (token,) = items
        return Fragment(Variable(token.text), token.begin, token.end, value=None)

    def constant(self, items: list[Token]) -> Fragment:
        (token,) = items
        return _part(NamedConstant(token.text), (), token.begin, token.end)

    def bracket(self, items: list[Any]) -> Fragment:
        opened, part, closed = items
        return Fragment(part.node, opened.begin, closed.end, value=part.value, sign=part.sign)

    def absolute(self, items: list[Any]) -> Fragment:
        opened, part, closed = items
        return _part(Call("abs", (_number(part).node,)), (part,), opened.begin, closed.end)

    def root(self, items: list[Any]) -> Fragment:
        sign, part = items
        name = "sqrt" if sign.text == "√" else "cbrt"
        under = _number(part).node
        if under == NamedConstant("e"):  # which is printed so: in brackets, an e alone could be a parameter
            under = Call("exp", (Number(1.0),))
        return _part(Call(name, (under,)), (part,), sign.begin, part.end)

    def call(self, items: list[Any]) -> Fragment:
        function, arguments = items[0], [item for item in items if isinstance(item, Fragment)]
        end = items[-1].end
        name = CANONICAL.get(function.text, function.text)
        _check_count(function, name, len(arguments))
        for place, argument in enumerate(arguments):
            (_condition if name != "pow" and FUNCTIONS[name].condition and place == 0 else _number)(argument)
        nodes = tuple(argument.node for argument in arguments)
        if name == "pow":
            return _part(Power(*nodes), arguments, function.begin, end)
        completed = FUNCTIONS[name].completed(nodes)
        for node in completed[len(nodes) :]:  # arguments that were left out
            arguments.append(Fragment(node, end, end, value=node.value if isinstance(node, Number) else None))
        return _part(Call(name, completed), arguments, function.begin, end)

    def raised(self, items: list[Any]) -> Fragment:
        base, token = items
        size = abs(token.value)
        exponent: Node = Number(size) if not token.text.startswith("-") else Negative(Number(size))
        power = Fragment(exponent, token.begin, token.end, value=token.value)
        return _part(Power(_number(base).node, exponent), (base, power), base.begin, token.end)

    def power(self, items: list[Any]) -> Fragment:
        base, _, exponent = items
        node = Power(_number(base).node, _number(exponent).node)
        return _part(node, (base, exponent), base.begin, exponent.end)

    def signed(self, items: list[Any]) -> Fragment:
        sign, part = items
        if sign.type == "PLUS":
            return Fragment(_number(part).node, sign.begin, part.end, value=part.value)
        return _part(Negative(_number(part).node), (part,), sign.begin, part.end)

    def product(self, items: list[Any]) -> Fragment:
        begin = items[0].begin
        factors: list[Fragment] = [_number(items[0])]
        for index in range(1, len(items), 2):
            sign, part = items[index], _number(items[index + 1])
            if sign.type == "OVER":
                top = _joined(factors, begin)
                node = Quotient(top.node, part.node)
                factors = [_part(node, (top, part), begin, part.end)]
                continue
            factors.append(part)
            if sign.type == "JUXTAPOSED":
                _mark(items, index)
        return _joined(factors, begin)

    def sum(self, items: list[Any]) -> Fragment:
        terms = [_number(items[0])]
        for sign, part in _pairs(items):
            _number(part)
            terms.append(part if sign.type == "PLUS" else _minus(sign, part))
        node = Sum(tuple([term.node for term in terms]))
        return _part(node, terms, terms[0].begin, terms[-1].end)

    def comparison(self, items: list[Any]) -> Fragment:
        left, tests = _number(items[0]), []
        for sign, part in _pairs(items):
            node = Comparison(sign.text, left.node, _number(part).node)
            tests.append(_part(node, (left, part), left.begin, part.end, sign=sign))
            left = part
        return tests[0] if len(tests) == 1 else _logical("and", tests, items[1])

    def disjunction(self, items: list[Any]) -> Fragment:
        return _logical("or", [item for item in items if isinstance(item, Fragment)], items[1])

    def conjunction(self, items: list[Any]) -> Fragment:
        return _logical("and", [item for item in items if isinstance(item, Fragment)], items[1])

    def negated(self, items: list[Any]) -> Fragment:
        word, part = items
        return _part(Logical("not", (_condition(part).node,)), (part,), word.begin, part.end, sign=word)


def _pairs(items: list[Any]) -> Iterator[tuple[Token, Fragment]]:
    return zip(items[1::2], items[2::2], strict=True)


def _minus(sign: Token, part: Fragment) -> Fragment:
    value = None if part.value is None else -part.value
    return Fragment(Negative(part.node), sign.begin, part.end, value=value)


def _joined(factors: list[Fragment], begin: int) -> Fragment:
    if len(factors) == 1:
        return factors[0]
    return _part(Multiplication(tuple([f.node for f in factors])), factors, begin, factors[-1].end)


def _logical(word: str, parts: list[Fragment], sign: Token) -> Fragment:
    node = Logical(word, tuple(_condition(part).node for part in parts))
    return _part(node, parts, parts[0].begin, parts[-1].end, sign=sign)


def _mark(items: list[Any], index: int) -> None:
    """Keep on an implied product the places from which ``notes`` tells how it was read."""
    sign, left, right = items[index], items[index - 1], items[index + 1]
    if index > 2 and items[index - 2].type == "OVER":
        sign.text, top = "OVER", items[index - 3]
        sign.reading = (top.begin, top.end, left.begin, left.end, right.begin, right.end)
    elif sign.text:
        sign.reading = (left.begin, int(sign.value), int(sign.value), left.end, right.begin, right.end)


def _check_count(function: Token, name: str, count: int) -> None:
    if name == "pow":
        if count != 2:
            said = message("pow takes 2 arguments, not {count}", count=count)
            raise Mistake(said, function.begin, message("Write pow(x, y) or x^y."))
        return
    known = FUNCTIONS[name]
    if known.takes(count):
        return
    if known.maximum is None:
        said = plural(
            "{function} takes at least {n} argument, not {count}",
            "{function} takes at least {n} arguments, not {count}",
            n=known.minimum,
            function=function.text,
            count=count,
        )
    elif known.minimum < known.maximum:
        said = message(
            "{function} takes {least} to {most} arguments, not {count}",
            least=known.minimum,
            most=known.maximum,
            function=function.text,
            count=count,
        )
    else:
        said = plural(
            "{function} takes {n} argument, not {count}",
            "{function} takes {n} arguments, not {count}",
            n=known.minimum,
            function=function.text,
            count=count,
        )
    hint = message("Write {code}.", code=known.usage)
    if name == "log" and count == 2:
        hint = message("For another base, write log(x)/log(base), log2(x) or log10(x).")
    raise Mistake(said, function.begin, hint)


class _Ready(Lexer):
    """The tokens are made before Lark is called; it is given them as they are."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, data: Any) -> Iterator[Any]:  # type: ignore[override]
        return iter(data)


_GRAMMAR = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
_PARSER = Lark(
    _GRAMMAR,
    parser="lalr",
    lexer=_Ready,
    transformer=_Builder(),
    maybe_placeholders=False,
    keep_all_tokens=False,
)


def read(tokens: Sequence[Token], source: str) -> Node:
    """The tree that the arranged tokens of ``source`` say."""
    try:
        part: Any = _PARSER.parse(tokens)
    except UnexpectedToken as error:
        found: Any = error.token
        index = next((i for i, token in enumerate(tokens) if token is found), len(tokens))
        raise unexpected(tokens, index, source) from None
    node: Node = _number(part).node
    return node
