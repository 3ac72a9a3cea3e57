"""What a person probably meant: the messages for formulas that cannot be read.

Nothing here runs while a formula is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from downslope.errors import nearest
from downslope.language.functions import CANONICAL, CONSTANTS, FUNCTIONS, REWRITES
from downslope.language.names import RESERVED
from downslope.language.text import to_text
from downslope.language.token import Token
from downslope.messages import NOTHING, Message, argument, listing, message, sentences

MAX_DEPTH = 200  # of brackets, signs, powers and divisions within each other
PREFIXES = {"np", "numpy", "math", "jnp", "jax", "torch", "tf", "sp", "sympy", "scipy", "cmath"}


class Mistake(Exception):  # noqa: N818 (never leaves this folder; ExpressionError does)
    """A formula cannot be read: what is wrong, where, what to try. ``parse`` adds the formula."""

    def __init__(self, message: Message, position: int, hint: Message = NOTHING) -> None:
        super().__init__(message, position, hint)
        self.message, self.position, self.hint = message, position, hint


def unreadable(text: str, position: int, origin: Sequence[int], before: Token | None) -> Mistake:
    """No token begins here: say why this character is not part of the language."""
    character, place = text[position], origin[position]
    rest = text[position + 1 : position + 60]
    if not character.isprintable():
        said = message(
            "there is a character here that cannot be seen ({code})", code=f"U+{ord(character):04X}"
        )
        return Mistake(said, place, message("Delete it and try again."))
    if character == ".":
        return _dot(rest, place, before)
    if character == "[":
        return _square(rest, place, before)
    if character == "=":
        return _equals(rest, place)
    if character in "'’" and before is not None and before.type == "NAME" and before.end == place:
        hint = message("Write {name} or another name.", name=_one_name(before.text, "1"))
        return Mistake(message("a prime cannot be part of a name"), place, hint)
    if character == "`":
        said = message("a backquote opens a name and is not closed")
        return Mistake(said, place, message("Write `any name` between two of them."))
    if character in "'\"“”‘’":
        said = message("text in quotation marks has no place in a formula")
        return Mistake(said, place, message("Write names without quotes."))
    said, hint = _SIGNS.get(character) or (without_meaning(character), NOTHING)
    return Mistake(said, place, hint)


def without_meaning(character: str) -> Message:
    """What is said of a character that formulas do not use."""
    return message('"{character}" has no meaning in a formula', character=character)


_CURLY = (message("curly brackets have no meaning in a formula"), message("Use round brackets: ( )."))
_CHOICE = message("For a choice, write where(condition, a, b).")
_SIGNS = {
    "!": (
        message("factorials are not among the functions of this language"),
        message('For "not equal", write !=; for n!, write gamma(n + 1).'),
    ),
    "%": (
        message("a percent sign has no meaning in a formula"),
        message("Write mod(a, b) for a remainder, and 0.05 for 5 %."),
    ),
    "&": (without_meaning("&"), message("In a condition, write and.")),
    "~": (without_meaning("~"), message("In a condition, write not.")),
    "{": _CURLY,
    "}": _CURLY,
    "]": (message('"]" closes nothing'), message("For grouping, use round brackets: ( ).")),
    "\\": (message("this looks like LaTeX, which is not read"), message("Write sqrt(x), a/b, x^2, pi.")),
    ";": (
        without_meaning(";"),
        message("A formula is one expression; arguments are separated by commas."),
    ),
    ":": (without_meaning(":"), message("To divide, write /.")),
    "∞": (
        message("infinity is not a number that a formula can hold"),
        message("Write a large number, such as 1e300."),
    ),
    "@": (
        message('"@" (matrix product) is not part of this language'),
        message("Write the sum of products out: a1*b1 + a2*b2."),
    ),
    "∑": (message("sums are written out"), message("Write {code}.", code="x1 + x2 + x3")),
    "∏": (message("products are written out"), message("Write {code}.", code="x1*x2*x3")),
    "°": (message("angles are in radians"), message("For 30 degrees, write 30*pi/180.")),
    "?": (without_meaning("?"), _CHOICE),
}


def _equals(rest: str, place: int) -> Mistake:
    if rest[:1] in ("<", ">"):
        hint = message("To compare, write {sign}.", sign=f"{rest[0]}=")
        return Mistake(no_sign(f"={rest[0]}"), place, hint)
    return Mistake(
        message('"=" sets something equal, and a formula is one expression'),
        place,
        message('Give only what is to be computed, such as "x^2 + 1". To compare, write ==.'),
    )


def no_sign(sign: str) -> Message:
    """What is said of two signs that are none together."""
    return message('there is no sign "{sign}"', sign=sign)


def _dot(rest: str, place: int, before: Token | None) -> Mistake:
    after = re.match(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*", rest)
    if before is not None and before.type == "NAME" and after:
        if before.text in PREFIXES:
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
                message(
                    '"{prefix}." is not needed: functions and constants go by their plain names',
                    prefix=before.text,
                ),
                before.begin,
                message("Write {code}.", code=usage),
            )
        whole = f"{before.text}.{after.group()}"
        return Mistake(
            message('"{whole}" is not a name; names are letters, digits and _', whole=whole),
            place,
            message(
                "Write {name} for a name, {product} for a product.",
                name=_one_name(before.text, after.group()),
                product=whole.replace(".", "*"),
            ),
        )
    return Mistake(
        message('this "." belongs to no number'), place, message("Numbers look like 2, 0.5, .5 or 1e-3.")
    )


def _one_name(*parts: str) -> str:
    """One name of several words: w_0_y of "w[0]" and "y"."""
    return "_".join(word for part in parts for word in re.split(r"\W+", part) if word)


def _square(rest: str, place: int, before: Token | None) -> Mistake:
    if before is None or before.type != "NAME" or before.end != place:
        said = message("square brackets do not group in a formula")
        return Mistake(said, place, message("Use round brackets: ( )."))
    return Mistake(
        message('"{name}[" needs whole numbers and a closing "]"', name=before.text),
        place,
        message("The first entry of {name} is {name}[0]. For a product, write {name}*( ).", name=before.text),
    )


def reserved(word: str, position: int) -> Mistake:
    """A word that Python keeps for itself, or one that means no real number."""
    if word in RESERVED:
        said = message('"{word}" is not a number that a formula can hold', word=word)
        return Mistake(said, position, message("Numbers are finite."))
    hint = {
        "lambda": message("Write λ or lambda_."),
        "if": _CHOICE,
        "else": _CHOICE,
        "True": message("Write {code}.", code="1"),
        "False": message("Write {code}.", code="0"),
        "None": message("Write a number."),
    }.get(word, message("Write {name} or another name.", name=f"{word}_"))
    return Mistake(
        message('"{word}" is a word of Python and cannot be a name here', word=word), position, hint
    )


def indexed(word: str, token: Token) -> Mistake:
    """Square brackets after a function or a constant."""
    if token.type == "FUNCTION":
        said = message("the arguments of {function} stand in round brackets", function=word)
        return Mistake(said, token.end, message("Write {code}.", code=f"{word}( )"))
    said = message('"{word}" has no entries to pick by [ ]', word=word)
    return Mistake(said, token.end, message("Use round brackets to group: ( )."))


def number_format(number: Token, word: Token) -> Mistake | None:
    """A number directly followed by a word that makes it a number of another language, or nothing."""
    if number.text == "0" and re.fullmatch("x[0-9a-fA-F]+|b[01]+|o[0-7]+", word.text):
        whole = f"0{word.text}"
        value = int(word.text[1:17], {"x": 16, "b": 2, "o": 8}[word.text[0]])
        hint = message("Write {code}.", code=value) if len(whole) < 19 else NOTHING
        return Mistake(message('"{number}" is not a decimal number', number=whole), number.begin, hint)
    if re.fullmatch("_[0-9_]+", word.text):
        digits = f"{number.text}{word.text}".replace("_", "")
        hint = message("Write {code}.", code=digits)
        return Mistake(message("digits are not grouped with _"), word.begin, hint)
    return None


def unknown_function(name: str, position: int) -> Mistake:
    """A name of several letters directly before a bracket."""
    said = message('unknown function "{name}"', name=name)
    if name.lower() in CANONICAL:
        usage = FUNCTIONS[CANONICAL[name.lower()]].usage
        return Mistake(said, position, message("Write {code}.", code=usage))
    if name in REWRITES or name.lower() in REWRITES:
        return Mistake(said, position, REWRITES.get(name) or REWRITES[name.lower()])
    hint = sentences(
        nearest(name, [known for known in CANONICAL if known.islower()])
        or message("The functions are {functions}.", functions=listing(FUNCTIONS)),
        message("If {name} is a parameter, write {name}*( ).", name=name),
    )
    return Mistake(said, position, hint)


def too_deep(position: int) -> Mistake:
    """More nesting than is read."""
    return Mistake(
        message("the formula is nested more than {most} levels deep here", most=MAX_DEPTH),
        position,
        message("Brackets, signs, powers and divisions inside each other count."),
    )


def lone_e(position: int) -> Mistake:
    """The letter e where it is not the base of a power, and nothing says that it is a parameter."""
    return Mistake(
        message('"e" may be the number 2.718... or a parameter here'),
        position,
        message(
            "Write exp(1) for the number (or e^x for a power of it); for a parameter give its start, as in {example}.",
            example=argument("start", "e=1"),
        ),
    )


def inverse_or_power(function: Token, call: str, position: int) -> Mistake:
    """A function to the power of -1: people mean its inverse as often as one over it."""
    name = function.text
    said = message(
        '"{function}^-1" is read as the inverse function and as one over {function}', function=name
    )
    if f"a{name}" in FUNCTIONS:
        return Mistake(
            said, position, message("Write {inverse} or {power}.", inverse=f"a{call}", power=f"1/{call}")
        )
    return Mistake(said, position, message("Write {code}.", code=f"1/{call}"))


def two_readings(function: Token, whole: str, readings: tuple[str, str]) -> Mistake:
    """What follows a function without brackets may belong to its argument or not."""
    said = message('"{whole}" can be read in two ways', whole=whole)
    first, second = readings
    return Mistake(said, function.begin, message("Write {first} or {second}.", first=first, second=second))


def bare_function(function: Token, after: Sequence[Token]) -> Mistake:
    """A function that is followed by neither a bracket nor one argument."""
    name = function.text
    known = FUNCTIONS.get(CANONICAL.get(name, ""))
    usage = known.usage if known is not None else "pow(x, y)"
    takes_one = known is not None and known.takes(1)
    kind = after[0].type if after else ""
    if kind in ("POWER", "SUPERSCRIPT"):
        power = _exponent(after)
        said = message("{function} needs its brackets before a power", function=name)
        call = f"{name}(x)" if takes_one else usage
        return Mistake(said, after[0].begin, message("Write {code}.", code=f"{call}^{power}"))
    if kind in ("NAME", "NUMBER", "CONSTANT", "FUNCTION", "BAR", "ROOT"):
        said = message("{function} needs brackets around its arguments", function=name)
        return Mistake(said, function.begin, message("Write {code}.", code=usage))
    said = message('"{function}" is a function and cannot be the name of a parameter', function=name)
    hint = message("Write {code}, or choose another name.", code=usage)
    return Mistake(said, function.begin, hint)


def _exponent(after: Sequence[Token]) -> str:
    """The exponent that stands at the head of these tokens, with its sign; where it is longer, a bracket for it."""
    if after[0].type == "SUPERSCRIPT":
        return after[0].text
    sign = "-" if [token.type for token in after[1:2]] == ["MINUS"] else ""
    raised = after[2:] if sign else after[1:]
    if raised and raised[0].type in ("NUMBER", "NAME", "CONSTANT"):
        return f"{sign}{raised[0].text}"
    return "( )"


def unclosed(bracket: Token) -> Mistake:
    """The formula ended inside this bracket."""
    if bracket.text == "|":
        said = message('the bar "|" opened here is never closed')
        return Mistake(
            said, bracket.begin, sentences(_ABSOLUTE_VALUE, message("Between conditions, write or."))
        )
    said = message('the bracket "(" opened here is never closed')
    return Mistake(said, bracket.begin, message('Add the ")" that belongs to it.'))


def unopened(bracket: Token) -> Mistake:
    """A closing bracket without its opening one."""
    hint = message('Remove it, or add the "(" that belongs to it.')
    return Mistake(message('this ")" closes no bracket'), bracket.begin, hint)


def crossed(bar: Token) -> Mistake:
    """A bar opened inside a bracket that closes before the bar does."""
    said = message('the bar "|" opened here is not closed before the next ")"')
    return Mistake(said, bar.begin, _ABSOLUTE_VALUE)


_ABSOLUTE_VALUE = message("Write |x| or abs(x).")
