"""Text to expression: the one way in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Lock

from downslope.errors import ExpressionError
from downslope.language.arrange import arrange
from downslope.language.expression import Expression
from downslope.language.mistakes import Mistake
from downslope.language.token import Token
from downslope.language.tokens import scan
from downslope.language.tree import Node
from downslope.language.values import evaluate
from downslope.messages import Message, message

_PLAIN_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?\s*")
_MOST_NOTES = 5
_building = Lock()


def parse(text: str) -> Expression:
    """Read a formula as people type it. Nothing is ever run as code.

    ``^`` and ``**`` are powers, ``2x`` and ``2(x+1)`` are products, ``|x|`` is ``abs(x)``; Greek letters,
    ``x²``, ``π``, ``·``, ``−`` and ``√`` are understood. An implied product binds exactly like ``*`` and
    ``/``, from left to right, so ``1/2x`` is ``(1/2)*x``; where people may disagree, ``notes`` says how it
    was read.

    Args:
        text: the formula, at most a million characters.

    Raises:
        ExpressionError: the formula cannot be read; it says where, what was expected and what to try.

    >>> expression = parse("x^2/20 + y^2")
    >>> expression.names
    ('x', 'y')
    >>> print(parse("2x² − |y|"))
    2*x^2 - abs(y)
    >>> print(*parse("1/2x").notes)
    read "1/2x" as (1/2)*x; write 1/(2x) for the other reading
    >>> parse("2*sine(x)")
    Traceback (most recent call last):
    downslope.errors.ExpressionError: unknown function "sine"
      2*sine(x)
        ^
    Did you mean 'sin', 'sinh' or 'sinc'? If sine is a parameter, write sine*( ).
    """
    if not isinstance(text, str):
        raise TypeError(str(message("a formula is text, not {kind}", kind=type(text).__name__)))
    try:
        tokens = arrange(scan(text))
        tree = _read(tokens, text)
    except Mistake as mistake:
        raise ExpressionError(mistake.message, text, mistake.position, mistake.hint) from None
    names = tuple(dict.fromkeys(token.text for token in tokens if token.type == "NAME"))
    return Expression(text, tree, names, _notes(tokens, names, text))


def parse_number(text: str) -> float:
    """The value of a constant expression, such as a number on the command line.

    Raises:
        ExpressionError: it cannot be read, contains names, or is not a finite real number.

    >>> parse_number("-1e-3"), parse_number("2*pi")
    (-0.001, 6.283185307179586)
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return float(text)
    expression = parse(text)
    if expression.names:
        name = expression.names[0]
        position = next(token.begin for token in scan(text) if token.text == name)
        raise ExpressionError(
            message('a number is needed, and "{name}" is a name', name=name), text, position
        )
    return evaluate(expression.tree)


def _read(tokens: Sequence[Token], text: str) -> Node:
    # Importing Lark and building its tables takes longer than reading a formula, so it waits for the
    # first one; the lock keeps two threads from meeting inside that first import.
    with _building:
        from downslope.language.reader import read
    return read(tokens, text)


def _notes(tokens: Sequence[Token], names: Sequence[str], text: str) -> tuple[Message, ...]:
    """How the formula was read where people disagree."""
    notes = list(dict.fromkeys([*_products(tokens, text), *_words(names)]))
    if len(notes) > _MOST_NOTES:
        more = len(notes) - _MOST_NOTES
        notes[_MOST_NOTES:] = [message("and {count} more like these", count=more)]
    return tuple(notes)


def _products(tokens: Sequence[Token], text: str) -> Iterator[Message]:
    for token in tokens:
        if not token.reading:
            continue
        begin, top, bottom, middle, right, end = token.reading
        whole, factor, first = text[begin:end], text[right:end], text[begin:middle]
        if token.text == "call":
            yield _call(_short(whole), _short(first), _short(factor))
        elif token.text == "OVER":
            reading = f"({_short(first)})*{_short(factor)}"
            yield _reading(whole, reading, f"{text[begin:top]}/({text[bottom:end]})")
        else:
            reading = f"{_short(first)}*{_short(factor)}"
            yield _reading(whole, reading, f"{text[begin:top]}({text[bottom:end]})")


def _call(whole: str, first: str, factor: str) -> Message:
    """How a name before a bracket was read."""
    if first == "e":
        return message(
            'read "{whole}" as {reading}; write {other} for the exponential',
            whole=whole,
            reading=f"{first}*{factor}",
            other=f"exp{factor}",
        )
    return message(
        'read "{whole}" as {reading}, since {name} is not a known function',
        whole=whole,
        reading=f"{first}*{factor}",
        name=first,
    )


def _reading(whole: str, reading: str, other: str) -> Message:
    """How an implied product was read, and how to write the other reading where that is short enough to copy."""
    if _short(other) != " ".join(other.split()):
        return message('read "{whole}" as {reading}', whole=_short(whole), reading=reading)
    return message(
        'read "{whole}" as {reading}; write {other} for the other reading',
        whole=_short(whole),
        reading=reading,
        other=_short(other),
    )


def _words(names: Sequence[str]) -> Iterator[Message]:
    known = set(names)
    for name in names:
        if 1 < len(name) <= 4 and all(letter in known for letter in name):
            yield message(
                'read "{name}" as one name; write {product} for the product',
                name=name,
                product="*".join(name),
            )


def _short(text: str) -> str:
    text = " ".join(text[:200].split())
    return text if len(text) <= 40 else f"{text[:18]}...{text[-18:]}"
