"""Why a token stands where the grammar allows none: the messages for formulas of good words in bad order."""

from __future__ import annotations

from collections.abc import Sequence

from downslope.language import mistakes
from downslope.language.mistakes import Mistake
from downslope.language.token import Token
from downslope.messages import message

_OPERATORS = {"PLUS", "MINUS", "TIMES", "OVER", "POWER", "COMPARE", "AND", "OR"}
_PREFIX = {"NOT", "ROOT"}
_JOINING = {"AND", "OR", "NOT"}  # conditions
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
        said = message('"not" stands between two conditions')
        return Mistake(said, token.begin, message("Write and not, or or not, between them."))
    return Mistake(message('"{token}" was not expected here', token=token.text), token.begin)


def _unfinished(before: Token | None, source: str) -> Mistake:
    place = len(source.rstrip())
    if before is None:
        return Mistake(
            message("the formula is empty"), 0, message('Write one such as "{formula}".', formula="x^2 + y^2")
        )
    said = message(
        'the formula ends after "{before}", where a number, a name or a bracket should follow',
        before=before.text,
    )
    if before.type in _JOINING:
        said = message(
            'the formula ends after "{before}", where a condition should follow', before=before.text
        )
    return Mistake(said, place)


def _no_operand(before: Token | None, token: Token) -> Mistake:
    if before is None:
        said = message('a formula cannot begin with "{token}"', token=token.text)
        return Mistake(said, token.begin, message("Put a number, a name or a bracket before it."))
    if before.type in _OPENING and token.type in _CLOSING:
        said = message("there is nothing between these brackets")
        return Mistake(said, before.begin, message("Put a number, a name or a bracket between them."))
    if before.type in _JOINING:
        return _no_condition(before, token)
    if token.type in _CLOSING or token.type == "_COMMA":
        said = message(
            'a number, a name or a bracket is missing between "{before}" and "{token}"',
            before=before.text,
            token=token.text,
        )
        return Mistake(said, token.begin)
    if before.end == token.begin and token.type in _OPERATORS:
        pair = before.text + token.text
        hint = _PAIRS.get(pair) or message(
            'Put a number, a name or a bracket after "{before}".', before=before.text
        )
        return Mistake(mistakes.no_sign(pair), before.begin, hint)
    if token.type == "NOT":
        return _not_joined(token)
    said = message(
        'a number, a name or a bracket should follow "{before}", not "{token}"',
        before=before.text,
        token=token.text,
    )
    return Mistake(said, token.begin)


_PAIRS = {
    "//": message("To divide, write x/y."),
    "<>": message("For not equal, write !=."),
    "^^": message("For a power, write x^y."),
}


def _no_condition(before: Token, token: Token) -> Mistake:
    """After a word that joins conditions, or "not", there is none."""
    if token.type == "NOT":
        return _not_joined(token)
    if token.type in _CLOSING or token.type == "_COMMA":
        said = message(
            'a condition is missing between "{before}" and "{token}"', before=before.text, token=token.text
        )
    else:
        said = message(
            'a condition should follow "{before}", not "{token}"', before=before.text, token=token.text
        )
    return Mistake(said, token.begin)


def _not_joined(word: Token) -> Mistake:
    said = message('"not" needs a condition before it to be joined with')
    return Mistake(said, word.begin, message("Write and not, or or not."))


def _number_after(before: Token, number: Token) -> Mistake:
    if before.type == "NUMBER":
        return _number_after_number(before, number)
    said = message('a sign is missing before "{number}"', number=number.text)
    left = before.text if before.type in ("NAME", "CONSTANT") else ""
    hint = message(
        "Write {product} for the product, {power} for the power.",
        product=f"{left}*{number.text}",
        power=f"{left}^{number.text}",
    )
    return Mistake(said, number.begin, hint)


def _number_after_number(before: Token, number: Token) -> Mistake:
    if before.end == number.begin:
        if number.text.startswith("("):
            return Mistake(message("a fraction follows a whole number"), number.begin)
        if "e" not in before.text.lower():
            return Mistake(message("a number has one decimal point"), number.begin)
        return Mistake(message("a number has a whole exponent"), number.begin)
    said = message(
        'two numbers side by side: "{before}" and "{number}"', before=before.text, number=number.text
    )
    product, together = f"{before.text}*{number.text}", before.text + number.text
    if together.isdecimal():
        hint = message(
            "Write {product} for the product, {number} for one number.", product=product, number=together
        )
    else:  # 1.5 and 2.5 make no number together
        hint = message("Write {product} for the product.", product=product)
    return Mistake(said, number.begin, hint)


def _comma(tokens: Sequence[Token], index: int) -> Mistake:
    comma, before = tokens[index], tokens[index - 1]
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if (
        after is not None
        and (before.type, after.type) == ("NUMBER", "NUMBER")
        and (before.end, comma.end) == (comma.begin, after.begin)
        and (before.text + after.text).isdecimal()  # 1.5,2 is no number with a point
    ):
        said = message("a comma separates arguments; it is not a decimal point")
        return Mistake(said, comma.begin, message("Write {code}.", code=f"{before.text}.{after.text}"))
    opened = _enclosing(tokens, index)
    if (
        opened
        and tokens[opened - 1].type == "JUXTAPOSED"
        and opened > 1
        and tokens[opened - 2].type == "NAME"
    ):
        return mistakes.unknown_function(tokens[opened - 2].text, tokens[opened - 2].begin)
    said = message("a comma separates the arguments of a function, and no function is open here")
    return Mistake(said, comma.begin)


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
