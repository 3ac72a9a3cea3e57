"""Text to expression: the one way in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from threading import Lock

from downslope.errors import ExpressionError
from downslope.language.arrange import arrange
from downslope.language.bare_calls import bracket_calls
from downslope.language.expression import Expression
from downslope.language.infix_words import refuse_infix_words
from downslope.language.lg import refuse_lg
from downslope.language.look_alikes import look_alikes
from downslope.language.mistakes import Mistake, lone_e
from downslope.language.token import Token, short
from downslope.language.tokens import scan
from downslope.language.tree import Node
from downslope.language.values import evaluate
from downslope.messages import Message, message

_PLAIN_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?\s*")
_MOST_NOTES = 5
_WORD = frozenset(("NAME", "CONSTANT", "FUNCTION"))
_building = Lock()


def parse(text: str, named: Iterable[str] = (), *, e_is_a_number: bool = False) -> Expression:
    """Read a formula as people type it. Nothing is ever run as code.

    ``^`` and ``**`` are powers, ``2x`` and ``2(x+1)`` are products, ``|x|`` is ``abs(x)``; Greek letters,
    ``x²``, ``π``, ``·``, ``−`` and ``√`` are understood. An implied product binds exactly like ``*`` and
    ``/``, from left to right, so ``1/2x`` is ``(1/2)*x``; where people may disagree, ``notes`` says how it
    was read. A function of one argument needs no brackets where there is one reading: ``sin x``, ``cos 2πx``,
    ``sin^2 x``.

    Args:
        text: the formula, at most a million characters.
        named: what is known to be a parameter, from a start or an option. So ``e`` is one, and ``xy`` is the product
            of x and y where it is not known itself.
        e_is_a_number: whether ``e`` is a number everywhere, as in formulas that former versions saved. Otherwise it is
            one as the base of a power only, and refused elsewhere, since it may be meant as a parameter.

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
    known = named if isinstance(named, (set, frozenset, dict)) else frozenset(named)
    return _parse(text, known, e_is_a_number)


def _parse(text: str, named: Collection[str], e_is_a_number: bool) -> Expression:
    try:
        scanned = scan(text, named)
        refuse_lg(scanned, text, named)
        refuse_infix_words(scanned, named)
        raw, calls = bracket_calls(scanned, text)
        words = tuple(_split_words(scanned, text)) if named else ()
        tokens = arrange(raw)
        if not e_is_a_number:
            _refuse_lone_e(tokens)
        tree = _read(tokens, text)
    except Mistake as mistake:
        raise ExpressionError(mistake.message, text, mistake.position, mistake.hint) from None
    names = tuple(dict.fromkeys(token.text for token in tokens if token.type == "NAME"))
    notes = (*words, *calls, *_products(tokens, text), *_words(names), *look_alikes(names))
    return Expression(text, tree, names, _few(notes))


def _refuse_lone_e(tokens: Sequence[Token]) -> None:
    """Raise where ``e`` is neither the base of a power nor said to be a parameter."""
    for place, token in enumerate(tokens):
        power = any(following.type in ("POWER", "SUPERSCRIPT") for following in tokens[place + 1 : place + 2])
        if token.type == "CONSTANT" and token.text == "e" and not power:
            raise lone_e(token.begin)


def parse_number(text: str) -> float:
    """The value of a constant expression, such as a number on the command line.

    Raises:
        ExpressionError: it cannot be read, contains names, or is not a finite real number.

    >>> parse_number("-1e-3"), parse_number("2*pi")
    (-0.001, 6.283185307179586)
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return float(text)
    expression = parse(text, e_is_a_number=True)
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


def _few(notes: Iterable[Message]) -> tuple[Message, ...]:
    """How the formula was read where people disagree: the first few."""
    told = list(dict.fromkeys(notes))
    if len(told) > _MOST_NOTES:
        more = len(told) - _MOST_NOTES
        told[_MOST_NOTES:] = [message("and {count} more like these", count=more)]
    return tuple(told)


def _split_words(tokens: Sequence[Token], text: str) -> Iterator[Message]:
    """Words that were read as products, since their letters are the parameters: they are names that touch."""
    word: list[Token] = []
    for token in (*tokens, None):
        belongs = token is not None and token.type in _WORD and "π" not in text[token.begin : token.end]
        if belongs and token is not None and word and word[-1].end == token.begin:
            word.append(token)
            continue
        if len(word) > 1:
            whole, reading = text[word[0].begin : word[-1].end], "*".join(piece.text for piece in word)
            if word[0].type == "FUNCTION":
                reading = f"{word[0].text}({reading.partition('*')[2]})"
            yield message('read "{whole}" as {reading}', whole=short(whole), reading=short(reading))
        word = [] if token is None or token.type not in _WORD else [token]


def _products(tokens: Sequence[Token], text: str) -> Iterator[Message]:
    for token in tokens:
        if not token.reading:
            continue
        begin, top, bottom, middle, right, end = token.reading
        whole, factor, first = text[begin:end], text[right:end], text[begin:middle]
        if token.text == "call":
            yield _call(short(whole), short(first), short(factor))
        elif token.text == "OVER":
            reading = f"({short(first)})*{short(factor)}"
            yield _reading(whole, reading, f"{text[begin:top]}/({text[bottom:end]})")
        else:
            reading = f"{short(first)}*{short(factor)}"
            yield _reading(whole, reading, f"{text[begin:top]}({text[bottom:end]})")


def _call(whole: str, first: str, factor: str) -> Message:
    """How a name before a bracket was read."""
    return message(
        'read "{whole}" as {reading}, since {name} is not a known function',
        whole=whole,
        reading=f"{first}*{factor}",
        name=first,
    )


def _reading(whole: str, reading: str, other: str) -> Message:
    """How an implied product was read, and how to write the other reading where that is short enough to copy."""
    if short(other) != " ".join(other.split()):
        return message('read "{whole}" as {reading}', whole=short(whole), reading=reading)
    return message(
        'read "{whole}" as {reading}; write {other} for the other reading',
        whole=short(whole),
        reading=reading,
        other=short(other),
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
