"""Why a token stands where the grammar allows none: the messages for formulas of good words in bad order."""

from __future__ import annotations

from collections.abc import Sequence

from downslope.language import mistakes
from downslope.language.mistakes import Mistake
from downslope.language.token import Token

_OPERATORS = {"PLUS", "MINUS", "TIMES", "OVER", "POWER", "COMPARE", "AND", "OR"}
_PREFIX = {"NOT", "ROOT"}
_OPENING = {"LPAR", "LBAR"}
_CLOSING = {"RPAR", "RBAR"}


def unexpected(tokens: Sequence[Token], index: int, source: str) -> Mistake:
    """The grammar stopped at this token (or, where ``index`` is past the last, at the end)."""
    before = tokens[index - 1] if index else None
    if index >= len(tokens):
        return _unfinished(before, source)
    token = tokens[index]
    if before is None or before.type in _OPERATORS | _PREFIX | _OPENING | {"_COMMA"}:
        return _no_operand(before, token)
    if token.type == "NUMBER":
        return _number_after(before, token)
    if token.type == "_COMMA":
        return _comma(tokens, index)
    if token.type == "NOT":
        return Mistake(
            '"not" stands between two conditions', token.begin, "Write and not, or or not, between them."
        )
    return Mistake(f'"{token.text}" was not expected here', token.begin)


def _unfinished(before: Token | None, source: str) -> Mistake:
    place = len(source.rstrip())
    if before is None:
        return Mistake("the formula is empty", 0, 'Write one such as "x^2 + y^2".')
    return Mistake(
        f'the formula ends after "{before.text}", where a number, a name or a bracket should follow', place
    )


def _no_operand(before: Token | None, token: Token) -> Mistake:
    joining = before is not None and before.type in ("AND", "OR", "NOT")
    wanted = "a condition" if joining else "a number, a name or a bracket"
    if before is None:
        return Mistake(f'a formula cannot begin with "{token.text}"', token.begin, f"Put {wanted} before it.")
    if before.type in _OPENING and token.type in _CLOSING:
        return Mistake("there is nothing between these brackets", before.begin, f"Put {wanted} between them.")
    if token.type in _CLOSING or token.type == "_COMMA":
        return Mistake(f'{wanted} is missing between "{before.text}" and "{token.text}"', token.begin)
    pair = before.text + token.text
    if before.end == token.begin and token.type in _OPERATORS:
        hint = {
            "//": "To divide, write x/y.",
            "<>": "For not equal, write !=.",
            "^^": "For a power, write x^y.",
        }
        return Mistake(
            f'there is no sign "{pair}"', before.begin, hint.get(pair, f'Put {wanted} after "{before.text}".')
        )
    if token.type == "NOT":
        return Mistake(
            '"not" needs a condition before it to be joined with', token.begin, "Write and not, or or not."
        )
    return Mistake(f'{wanted} should follow "{before.text}", not "{token.text}"', token.begin)


def _number_after(before: Token, number: Token) -> Mistake:
    if before.type == "NUMBER":
        if before.end == number.begin:
            whole = "." not in before.text
            return Mistake(
                f"a number has {'a whole exponent' if whole else 'one decimal point'}", number.begin
            )
        return Mistake(
            f'two numbers side by side: "{before.text}" and "{number.text}"',
            number.begin,
            f"Write {before.text}*{number.text} for the product, {before.text}{number.text} for one number.",
        )
    if before.type in ("NAME", "CONSTANT"):
        hint = (
            f"Write {before.text}*{number.text} for the product, {before.text}^{number.text} for the power."
        )
    else:
        hint = f"Write *{number.text} for the product, ^{number.text} for the power."
    return Mistake(f'a sign is missing before "{number.text}"', number.begin, hint)


def _comma(tokens: Sequence[Token], index: int) -> Mistake:
    comma, before = tokens[index], tokens[index - 1]
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if (
        after is not None
        and (before.type, after.type) == ("NUMBER", "NUMBER")
        and (before.end, comma.end) == (comma.begin, after.begin)
    ):
        return Mistake(
            "a comma separates arguments; it is not a decimal point",
            comma.begin,
            f"Write {before.text}.{after.text}.",
        )
    opened = _enclosing(tokens, index)
    if (
        opened
        and tokens[opened - 1].type == "JUXTAPOSED"
        and opened > 1
        and tokens[opened - 2].type == "NAME"
    ):
        return mistakes.unknown_function(tokens[opened - 2].text, tokens[opened - 2].begin)
    return Mistake("a comma separates the arguments of a function, and no function is open here", comma.begin)


def _enclosing(tokens: Sequence[Token], index: int) -> int:
    """Index of the bracket that is open at ``index``, or 0."""
    depth = 0
    for place in range(index - 1, 0, -1):
        if tokens[place].type in _CLOSING:
            depth += 1
        elif tokens[place].type in _OPENING:
            if depth == 0:
                return place
            depth -= 1
    return 0
