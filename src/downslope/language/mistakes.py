"""What a person probably meant: the messages for formulas that cannot be read.

Nothing here runs while a formula is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from downslope.errors import nearest
from downslope.language.functions import CANONICAL, CONSTANTS, FUNCTIONS, REWRITES
from downslope.language.text import to_text
from downslope.language.token import Token
from downslope.messages import Message

RESERVED = {"inf", "Inf", "infinity", "Infinity", "nan", "NaN"}
_PREFIXES = {"np", "numpy", "math", "jnp", "jax", "torch", "tf", "sp", "sympy", "scipy", "cmath"}


class Mistake(Exception):  # noqa: N818 (never leaves this folder; ExpressionError does)
    """A formula cannot be read: what is wrong, where, what to try. ``parse`` adds the formula."""

    def __init__(self, message: str, position: int, hint: Message | str = "") -> None:
        super().__init__(message, position, hint)
        self.message, self.position, self.hint = message, position, hint


def unreadable(text: str, position: int, origin: Sequence[int], before: Token | None) -> Mistake:
    """No token begins here: say why this character is not part of the language."""
    character, place = text[position], origin[position]
    rest = text[position + 1 : position + 60]
    if not character.isprintable():
        return Mistake(
            f"there is a character here that cannot be seen (U+{ord(character):04X})",
            place,
            "Delete it and try again.",
        )
    if character == ".":
        return _dot(rest, place, before)
    if character == "[":
        return _square(rest, place, before)
    if character == "=" and rest[:1] in ("<", ">"):
        return Mistake(f'there is no sign "={rest[0]}"', place, f"To compare, write {rest[0]}=.")
    if character == "=":
        return Mistake(
            '"=" sets something equal, and a formula is one expression',
            place,
            'Give only what is to be computed, such as "x^2 + 1". To compare, write ==.',
        )
    if character == "&":
        return Mistake('"&" has no meaning in a formula', place, "In a condition, write and.")
    if character in "'’" and before is not None and before.type == "NAME" and before.end == place:
        return Mistake("a prime cannot be part of a name", place, f"Write {before.text}_1 or another name.")
    if character in "'\"`“”‘’":
        return Mistake(
            "text in quotation marks has no place in a formula", place, "Write names without quotes."
        )
    message, hint = _SIGNS.get(character, (f'"{character}" has no meaning in a formula', ""))
    return Mistake(message, place, hint)


_SIGNS = {
    "!": ("factorials are not among the functions of this language", 'For "not equal", write !=.'),
    "%": ("remainders and percentages are not part of this language", "For 5 %, write 0.05."),
    "~": ('"~" has no meaning in a formula', "In a condition, write not."),
    "{": ("curly brackets have no meaning in a formula", "Use round brackets: ( )."),
    "}": ("curly brackets have no meaning in a formula", "Use round brackets: ( )."),
    "]": ('"]" closes nothing', "For grouping, use round brackets: ( )."),
    "\\": ("this looks like LaTeX, which is not read", "Write sqrt(x), a/b, x^2, pi."),
    ";": (
        '";" has no meaning in a formula',
        "A formula is one expression; arguments are separated by commas.",
    ),
    ":": ('":" has no meaning in a formula', "To divide, write /."),
    "∞": ("infinity is not a number that a formula can hold", "Write a large number, such as 1e300."),
    "@": (
        '"@" (matrix product) is not part of this language',
        "Write the sum of products out: a1*b1 + a2*b2.",
    ),
    "∑": ("sums are written out", "Write x1 + x2 + x3."),
    "∏": ("products are written out", "Write x1*x2*x3."),
    "°": ("angles are in radians", "For 30 degrees, write 30*pi/180."),
    "?": ('"?" has no meaning in a formula', "For a choice, write where(condition, a, b)."),
}


def _dot(rest: str, place: int, before: Token | None) -> Mistake:
    after = re.match(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*", rest)
    if before is not None and before.type == "NAME" and after:
        if before.text in _PREFIXES:
            name = after.group().rpartition(".")[2]
            name = CANONICAL.get(name, name)
            if name not in FUNCTIONS and name not in CONSTANTS:
                return unknown_function(name, place + 1)
            usage = FUNCTIONS[name].usage if name in FUNCTIONS else name
            if (
                name in FUNCTIONS and "numpy." + name in FUNCTIONS[name].foreign
            ):  # and means something else there
                usage = to_text(FUNCTIONS[name].foreign["numpy." + name])
            return Mistake(
                f'"{before.text}." is not needed: functions and constants go by their plain names',
                before.begin,
                f"Write {usage}.",
            )
        return Mistake(
            f'"{before.text}.{after.group()}" is not a name; names are letters, digits and _',
            place,
            f"Write {before.text}_{after.group()} for a name, {before.text}*{after.group()} for a product.",
        )
    return Mistake('this "." belongs to no number', place, "Numbers look like 2, 0.5, .5 or 1e-3.")


def _square(rest: str, place: int, before: Token | None) -> Mistake:
    if before is None or before.type != "NAME" or before.end != place:
        return Mistake("square brackets do not group in a formula", place, "Use round brackets: ( ).")
    return Mistake(
        f'"{before.text}[" needs whole numbers and a closing "]"',
        place,
        f"The first entry of {before.text} is {before.text}[0]. For a product, write {before.text}*( ).",
    )


def reserved(word: str, position: int) -> Mistake:
    """A word that Python keeps for itself, or one that means no real number."""
    if word in RESERVED:
        return Mistake(f'"{word}" is not a number that a formula can hold', position, "Numbers are finite.")
    hint = {
        "lambda": "Write λ or lambda_.",
        "if": "For a choice, write where(condition, a, b).",
        "else": "For a choice, write where(condition, a, b).",
        "True": "Write 1.",
        "False": "Write 0.",
        "None": "Write a number.",
    }.get(word, f"Write {word}_ or another name.")
    return Mistake(f'"{word}" is a word of Python and cannot be a name here', position, hint)


def indexed(word: str, token: Token) -> Mistake:
    """Square brackets after a function or a constant."""
    if token.type == "FUNCTION":
        return Mistake(f"the arguments of {word} stand in round brackets", token.end, f"Write {word}( ).")
    return Mistake(f'"{word}" has no entries to pick by [ ]', token.end, "Use round brackets to group: ( ).")


def number_format(number: Token, word: Token) -> Mistake | None:
    """A number directly followed by a word that makes it a number of another language, or nothing."""
    if number.text == "0" and re.fullmatch("x[0-9a-fA-F]+|b[01]+|o[0-7]+", word.text):
        whole = f"0{word.text}"
        value = int(word.text[1:17], {"x": 16, "b": 2, "o": 8}[word.text[0]])
        return Mistake(
            f'"{whole}" is not a decimal number', number.begin, f"Write {value}." if len(whole) < 19 else ""
        )
    if re.fullmatch("_[0-9_]+", word.text):
        digits = f"{number.text}{word.text}".replace("_", "")
        return Mistake("digits are not grouped with _", word.begin, f"Write {digits}.")
    return None


def unknown_function(name: str, position: int) -> Mistake:
    """A name of several letters directly before a bracket."""
    if name.lower() in CANONICAL:
        hint = f"Write {FUNCTIONS[CANONICAL[name.lower()]].usage}."
    elif name in REWRITES or name.lower() in REWRITES:
        rewrite = REWRITES.get(name) or REWRITES[name.lower()]
        hint = f"{rewrite[0].upper()}{rewrite[1:]}."
    else:
        hint = (
            str(nearest(name, [known for known in CANONICAL if known.islower()]))
            or f"The functions are {', '.join(FUNCTIONS)}."
        )
        hint += f" If {name} is a parameter, write {name}*( )."
    return Mistake(f'unknown function "{name}"', position, hint)


def bare_function(function: Token, after: Sequence[Token]) -> Mistake:
    """A function that is not followed by a bracket."""
    name = function.text
    following = after[0] if after else None
    if following is not None and following.type in ("POWER", "SUPERSCRIPT"):
        inverse = following.text == "-1" or [t.text for t in after[1:3]] == ["-", "1"]
        if inverse and f"a{name}" in FUNCTIONS:
            return Mistake(
                f"{name} needs its brackets before a power",
                following.begin,
                f"Write a{name}(x) or 1/{name}(x).",
            )
        power = following.text if following.type == "SUPERSCRIPT" else "2"
        if len(after) > 1 and after[1].type == "NUMBER":
            power = after[1].text
        return Mistake(
            f"{name} needs its brackets before a power", following.begin, f"Write {name}(x)^{power}."
        )
    if following is not None and following.type in ("NAME", "NUMBER", "CONSTANT"):
        return Mistake(f"{name} needs brackets: {name}({_operand(after)})", function.begin)
    if following is not None and following.type in ("FUNCTION", "BAR", "ROOT"):
        return Mistake(f"{name} needs brackets around its argument", function.begin, f"Write {name}( ).")
    usage = FUNCTIONS[CANONICAL[name]].usage if name in CANONICAL else "pow(x, y)"
    return Mistake(
        f'"{name}" is a function and cannot be the name of a parameter',
        function.begin,
        f"Write {usage}, or choose another name.",
    )


def _operand(tokens: Sequence[Token]) -> str:
    """The numbers and names at the head of these tokens that touch: 2x in "2x + 1"."""
    text, end = "", tokens[0].begin
    for token in tokens:
        if token.begin != end or token.type not in ("NAME", "NUMBER", "CONSTANT"):
            break
        text, end = text + token.text, token.end
    return text


def unclosed(bracket: Token) -> Mistake:
    """The formula ended inside this bracket."""
    if bracket.text == "|":
        return Mistake(
            'the bar "|" opened here is never closed',
            bracket.begin,
            "Write |x| or abs(x). Between conditions, write or.",
        )
    return Mistake(
        'the bracket "(" opened here is never closed', bracket.begin, 'Add the ")" that belongs to it.'
    )


def unopened(bracket: Token) -> Mistake:
    """A closing bracket without its opening one."""
    return Mistake(
        'this ")" closes no bracket', bracket.begin, 'Remove it, or add the "(" that belongs to it.'
    )


def crossed(bar: Token) -> Mistake:
    """A bar opened inside a bracket that closes before the bar does."""
    return Mistake(
        'the bar "|" opened here is not closed before the next ")"', bar.begin, "Write |x| or abs(x)."
    )
