"""Typed text to tokens, each with its place in what was typed."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Sequence

from downslope.language import mistakes
from downslope.language.characters import FRACTIONS, SUBSCRIPT_DIGITS, SUPERSCRIPTS, normalise
from downslope.language.functions import CANONICAL, CONSTANTS, FUNCTIONS
from downslope.language.mistakes import Mistake
from downslope.language.names import LOGICAL, RESERVED, unquoted
from downslope.language.token import Token
from downslope.messages import message

MAX_CHARACTERS = 1_000_000
MAX_TOKENS = 400_000
MAX_NAME = 200

_RAISED = "".join(chr(c) for c in SUPERSCRIPTS)
_FRACTIONS = "".join(FRACTIONS)
_PATTERN = re.compile(
    rf"""
      (?P<NUMBER>      (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<QUOTED>      `(?:[^`]|``)+`)
    | (?P<FRACTION>    [{_FRACTIONS}])
    | (?P<NAME>        [^\W\dπ{_RAISED}](?:[^\Wπ{_RAISED}{_FRACTIONS}]|[\u0300-\u036f])*)
    | (?P<SPACE>       [ \t\r\n\f\v]+)
    | (?P<POWER>       \*\*|\^)
    | (?P<COMPARE>     [<>]=?|==|!=)
    | (?P<TIMES>       \*)
    | (?P<OVER>        /)
    | (?P<PLUS>        \+)
    | (?P<MINUS>       -)
    | (?P<LPAR>        \()
    | (?P<RPAR>        \))
    | (?P<_COMMA>      ,)
    | (?P<BAR>         \|)
    | (?P<CONSTANT>    π)
    | (?P<SUPERSCRIPT> [⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
    | (?P<ROOT>        [√∛])
    """,
    re.VERBOSE,
)
_INDEX = re.compile(r"\[\s*[0-9]{1,9}\s*(?:,\s*[0-9]{1,9}\s*){0,9}\]")
_LETTER = re.compile(r"[^\W\d_][0-9]*")  # of a product of names without signs: xy, x1x2
_LETTER_OR_PI = re.compile(rf"pi|{_LETTER.pattern}")


def scan(source: str, named: Collection[str] = ()) -> list[Token]:
    """The tokens of a formula, from left to right.

    Args:
        source: the formula.
        named: what is known to be a parameter, also where it is called like a constant; a word that is not known, and
            is made of such letters, is their product, as mathematicians write it.

    >>> scan("2x² <= w[0]")
    [NUMBER('2'), NAME('x'), SUPERSCRIPT('2'), COMPARE('<='), NAME('w[0]')]
    >>> scan("xy", named=("x", "y"))
    [NAME('x'), NAME('y')]
    """
    if len(source) > MAX_CHARACTERS:
        raise Mistake(
            message(
                "the formula has {count:,} characters; at most {most:,} can be read",
                count=len(source),
                most=MAX_CHARACTERS,
            ),
            MAX_CHARACTERS,
        )
    text, origin = normalise(source)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise mistakes.unreadable(text, position, origin, tokens[-1] if tokens else None)
        kind, word, end = match.lastgroup or "", match.group(), match.end()
        if kind != "SPACE":
            token = Token(kind, word, origin[position], origin[end])
            if kind == "NUMBER":
                token.value = _number(token, source)
            elif kind == "FRACTION":
                _fraction(token, tokens)
            elif kind == "NAME":
                index = _INDEX.match(text, end)
                _name(token, index.group() if index else "", text.startswith("(", end), named)
                if index:
                    end = index.end()
                    token.end = origin[end]
            elif kind == "QUOTED":
                token.type, token.text = "NAME", unquoted(source[token.begin : token.end])
            elif kind == "CONSTANT":
                token.text = "pi"
                token.type = "NAME" if "pi" in named else kind
            elif kind == "SUPERSCRIPT":
                token.text = word.translate(SUPERSCRIPTS)
                token.value = _number(token, source)
            if len(tokens) >= MAX_TOKENS:
                raise Mistake(
                    message(
                        "the formula has more than {most:,} numbers, names and signs",
                        most=MAX_TOKENS,
                    ),
                    token.begin,
                )
            tokens.extend(_factors(token, named, origin[position:end]))
        position = end
    return tokens


def canonical_name(name: str) -> str:
    """A name as a formula that has it calls it: ``x₁`` is ``x1``, and µ (the sign for micro) is μ (mu).

    >>> canonical_name("x₁"), canonical_name("w[ 0 ]"), canonical_name("no name")
    ('x1', 'w[0]', 'no name')
    """
    if name.isascii() and name.isidentifier():
        return name
    try:
        tokens = scan(name)
    except Mistake:
        return name
    return tokens[0].text if len(tokens) == 1 else name


def _factors(token: Token, named: Collection[str], places: Sequence[int]) -> list[Token]:
    """A name, or the names of parameters that it is the product of: ``xy``, ``2πx``, ``cosx``."""
    if token.type != "NAME" or not named or token.text in named or len(token.text) != len(places):
        return [token]
    pieces = _pieces(token.text, named)
    if len(pieces) < 2:
        return [token]
    tokens, begin = [], 0
    for piece in pieces:
        end = begin + len(piece)
        made = Token("NAME", piece, places[begin], places[end] if end < len(places) else token.end)
        _name(made, "", False, named)
        tokens.append(made)
        begin = end
    return tokens


def _pieces(word: str, named: Collection[str]) -> list[str]:
    """A word as known names with a digit or letter each, perhaps with pi or after a function; empty where it is not."""
    for function in ("", *(name for name in CANONICAL if word.startswith(name))):
        record = FUNCTIONS.get(CANONICAL.get(function, ""))
        if record is not None and (record.soft or not record.takes(1)):
            continue
        rest = word[len(function) :]
        for pattern in (_LETTER, _LETTER_OR_PI):
            letters = pattern.findall(rest)
            if (
                letters
                and "".join(letters) == rest
                and all(letter in named or letter == "pi" for letter in letters)
            ):
                return [function, *letters] if function else letters
    return []


def _fraction(token: Token, tokens: list[Token]) -> None:
    """Make a number of ½, together with the whole number that it touches: 2½."""
    top, bottom = map(int, FRACTIONS[token.text].split("/"))
    before = tokens[-1] if tokens else None
    if (
        before is not None
        and before.type == "NUMBER"
        and before.end == token.begin
        and before.text.isdecimal()
    ):
        top += int(before.text) * bottom
        token.begin = tokens.pop().begin
    token.type, token.text, token.value = "NUMBER", f"({top}/{bottom})", top / bottom


def _number(token: Token, source: str) -> float:
    value = float(token.text)
    if value in (float("inf"), float("-inf")):
        raise Mistake(
            message(
                "{number} is too large for a float64 (the largest is about 1.8e308)", number=_clip(token.text)
            ),
            token.begin,
        )
    if value == 0.0 and token.text.lower().partition("e")[0].strip("0."):
        raise Mistake(
            message(
                "{number} is too small for a float64 (the smallest is about 5e-324)", number=_clip(token.text)
            ),
            token.begin,
        )
    if not SUBSCRIPT_DIGITS.isdisjoint(source[token.begin : token.end]):
        raise Mistake(
            message("a subscript belongs to a name, such as x₁; here it follows a number"), token.begin
        )
    return value


def _name(token: Token, index: str, before_bracket: bool, named: Collection[str] = ()) -> None:
    """Decide what a word is: a constant, a function, a logical word or the name of a parameter."""
    word = token.text
    if len(word) > MAX_NAME:
        raise Mistake(
            message(
                "a name has {count:,} characters; at most {most} can be read",
                count=len(word),
                most=MAX_NAME,
            ),
            token.begin,
        )
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word)
        if not word.isidentifier():
            raise Mistake(
                message('"{word}" cannot be a name', word=word),
                token.begin,
                message("Names are letters, digits and _."),
            )
    if word in LOGICAL:
        token.type = LOGICAL[word]
    elif word in CONSTANTS and word not in named:
        token.type = "CONSTANT"
    elif word == "pow" or (word in CANONICAL and (before_bracket or not FUNCTIONS[CANONICAL[word]].soft)):
        token.type = "FUNCTION"
    elif keyword.iskeyword(word) or word in RESERVED:
        raise mistakes.reserved(word, token.begin)
    token.text = word
    if index and token.type != "NAME":
        raise mistakes.indexed(word, token)
    if index:
        numbers = re.findall("[0-9]+", index)
        token.text = f"{word}[{','.join(n.lstrip('0') or '0' for n in numbers)}]"


def _clip(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:17]}..."
