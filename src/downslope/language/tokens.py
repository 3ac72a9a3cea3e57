"""Typed text to tokens, each with its place in what was typed."""

from __future__ import annotations

import keyword
import re
import unicodedata

from downslope.language import mistakes
from downslope.language.characters import SUBSCRIPT_DIGITS, SUPERSCRIPTS, normalise
from downslope.language.functions import CANONICAL, CONSTANTS, FUNCTIONS
from downslope.language.mistakes import Mistake
from downslope.language.names import LOGICAL, RESERVED, unquoted
from downslope.language.token import Token
from downslope.messages import message

MAX_CHARACTERS = 1_000_000
MAX_TOKENS = 400_000
MAX_NAME = 200

_RAISED = "".join(chr(c) for c in SUPERSCRIPTS)
_PATTERN = re.compile(
    rf"""
      (?P<NUMBER>      (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<QUOTED>      `(?:[^`]|``)+`)
    | (?P<NAME>        [^\W\dπ{_RAISED}](?:[^\Wπ{_RAISED}]|[\u0300-\u036f])*)
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


def scan(source: str) -> list[Token]:
    """The tokens of a formula, from left to right.

    >>> scan("2x² <= w[0]")
    [NUMBER('2'), NAME('x'), SUPERSCRIPT('2'), COMPARE('<='), NAME('w[0]')]
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
            elif kind == "NAME":
                index = _INDEX.match(text, end)
                _name(token, index.group() if index else "", text.startswith("(", end))
                if index:
                    end = index.end()
                    token.end = origin[end]
            elif kind == "QUOTED":
                token.type, token.text = "NAME", unquoted(source[token.begin : token.end])
            elif kind == "CONSTANT":
                token.text = "pi"
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
            tokens.append(token)
        position = end
    return tokens


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


def _name(token: Token, index: str, before_bracket: bool) -> None:
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
    elif word in CONSTANTS:
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
