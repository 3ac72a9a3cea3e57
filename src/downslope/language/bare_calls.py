"""Functions without brackets, as mathematicians write them: ``sin x``, ``sin^2 x``, ``cos 2πx``, ``ln |x|``.

What has one reading gets its brackets here, before anything else looks at the tokens, and a note says which; what
people read in two ways (``sin x/2``, ``sin x y``) is refused with both.

The argument is one operand with its power, and what is written close to it: numbers and constants before it (``2πx``)
and names that touch it (``xy``, where x and y are parameters). A sum ends it, and so does another function.
"""

from __future__ import annotations

from collections.abc import Sequence

from downslope.language import mistakes
from downslope.language.functions import CANONICAL, FUNCTIONS
from downslope.language.token import Token, short
from downslope.messages import Message, message

_OPERANDS = frozenset(("NUMBER", "NAME", "CONSTANT"))
_FACTORS = _OPERANDS | {"LPAR", "ROOT"}
_RAISING = frozenset(("POWER", "SUPERSCRIPT"))
_SIGNS = frozenset(("PLUS", "MINUS"))
_ROOTS = frozenset(("sqrt", "cbrt"))


def bracket_calls(tokens: Sequence[Token], source: str) -> tuple[list[Token], list[Message]]:
    """The tokens with brackets around arguments that have none, and a note for each.

    >>> from downslope.language.tokens import scan
    >>> typed = "sin^2 x + cos 2x"
    >>> tokens, notes = bracket_calls(scan(typed), typed)
    >>> "".join(token.text for token in tokens)
    'sin(x)^2+cos(2x)'
    >>> print(*notes, sep="; ")
    read "sin^2 x" as sin(x)^2; read "cos 2x" as cos(2x)
    """
    bare = (
        token.type == "FUNCTION" and (index + 1 == len(tokens) or tokens[index + 1].type != "LPAR")
        for index, token in enumerate(tokens)
    )
    if not any(bare):
        return list(tokens), []
    calls = _Calls(source)
    for token in reversed(tokens):
        calls.prepend(token)
    return calls.after[::-1], calls.notes[::-1]


class _Calls:
    """The tokens from the right end of a formula to some place in it, the nearest last; so -1 is behind its end.

    Functions to the right have their brackets already, so that an argument is found without looking into others.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.after: list[Token] = []
        self.notes: list[Message] = []
        self.closings: list[int] = []  # places of closing brackets that are not opened yet
        self.ends: dict[int, int] = {}  # of each opening bracket the place of its closing one
        self.powers: dict[
            int, int
        ] = {}  # of each function, how many tokens its power has that stands behind its call
        self.nested: dict[int, int] = {}  # of each function, how many calls stand within each other there

    def prepend(self, token: Token) -> None:
        """Take in the next token to the left."""
        if token.type == "RPAR":
            self.closings.append(len(self.after))
        elif token.type == "LPAR" and self.closings:
            self.ends[id(token)] = self.closings.pop()
        elif token.type == "FUNCTION" and self._type(len(self.after) - 1) != "LPAR":
            self._bracket(token)
        elif token.type == "ROOT" and self.after and self.powers.get(id(self.after[-1])):
            self._enclose(self._behind_operand(len(self.after) - 1))  # else the power would be the root's
        self.after.append(token)

    def _type(self, place: int) -> str:
        return self.after[place].type if place >= 0 else ""

    def _bracket(self, function: Token) -> None:
        """Put brackets around the argument of ``function``, and a power of the function behind them."""
        following = len(self.after) - 1
        first = following if self._type(following) not in _RAISING else self._behind_power(following)
        end = None if first is None else self._behind_argument(function, first)
        record = FUNCTIONS.get(CANONICAL.get(function.text, ""))
        if self._type(following) == "BAR" and end is None:
            raise mistakes.unclosed(self.after[following])
        if first is None or end is None or record is None or not record.takes(1):
            raise mistakes.bare_function(function, self.after[:-4:-1])
        power = self.after[first + 1 :]
        inside = self.after[end + 1 : first + 1]
        own_brackets = inside[-1].type == "LPAR" and self.ends.get(id(inside[-1])) == end + 1
        typed = self._typed(first, end)
        call = f"{function.text}{typed}" if own_brackets else f"{function.text}({typed})"
        raised = "".join(
            f"^{token.text}" if token.type == "SUPERSCRIPT" else token.text for token in power[::-1]
        )
        if raised == "^-1":
            raise mistakes.inverse_or_power(function, call, power[-1].begin)
        self._refuse_two_readings(function, first, end, (call, raised))
        if not own_brackets:
            self._count_nesting(function, inside)
            inside = _enclosed(inside)
        self.after[end + 1 :] = [*power, *inside]
        self.ends[id(inside[-1])] = end + 1 + len(power)
        self.powers[id(function)] = len(power)
        if power or function.end < inside[-1].begin or inside[-2].type != "NAME":  # sinx is told of as a word
            whole = self.source[function.begin : _end_of(inside)]
            reading = message('read "{whole}" as {reading}', whole=short(whole), reading=short(call + raised))
            self.notes.append(reading)

    def _enclose(self, end: int | None) -> None:
        """Put brackets around all that is before the place ``end``."""
        assert end is not None  # a call is an operand
        self.after[end + 1 :] = _enclosed(self.after[end + 1 :])
        self.ends[id(self.after[-1])] = end + 1

    def _count_nesting(self, function: Token, inside: Sequence[Token]) -> None:
        """Refuse functions of functions of ... that are deeper than a formula may be."""
        inner = inside[-1]
        self.nested[id(function)] = self.nested.get(id(inner), 0) + 1
        if self.nested[id(function)] > mistakes.MAX_DEPTH:
            raise mistakes.too_deep(function.begin)

    def _typed(self, first: int, end: int) -> str:
        return self.source[self.after[first].begin : _end_of(self.after[end + 1 : first + 1])]

    def _behind_power(self, place: int) -> int | None:
        """The place behind one power, which begins at ``place``; None where it is unfinished."""
        if self._type(place) == "SUPERSCRIPT":
            return place - 1
        place -= 1
        while self._type(place) in _SIGNS:
            place -= 1
        return self._behind_operand(place)

    def _behind_operand(self, place: int) -> int | None:
        """The place behind the operand that begins at ``place``; None where none does."""
        while self._type(place) == "ROOT":
            place -= 1
        power = 0
        if self._type(place) == "FUNCTION":
            power = self.powers.get(id(self.after[place]), 0)
            place -= 1
        kind = self._type(place)
        if kind in _OPERANDS:
            return place - 1
        if kind == "LPAR":
            closing = self.ends.get(id(self.after[place]))
            return None if closing is None else closing - 1 - power
        return self._behind_bars(place) if kind == "BAR" else None

    def _behind_bars(self, place: int) -> int | None:
        place -= 1
        begin = place
        while place >= 0 and self._type(place) not in ("BAR", "RPAR"):
            place = self.ends.get(id(self.after[place]), place) - 1
        return place - 1 if self._type(place) == "BAR" and place < begin else None

    def _behind_powers(self, place: int) -> int | None:
        """The place behind an operand with all its powers."""
        behind = self._behind_operand(place)
        while behind is not None and self._type(behind) in _RAISING:
            behind = self._behind_power(behind)
        return behind

    def _behind_argument(self, function: Token, place: int) -> int | None:
        """The place behind the argument that begins at ``place``."""
        if self._type(place) == "LPAR":
            return self._behind_operand(place)
        while self._type(place) in _SIGNS:
            place -= 1
        behind = self._behind_operand(place)
        if function.text in _ROOTS or behind is None:
            return behind
        while self._type(behind) in _RAISING or self._goes_on(behind):
            going_on = self._behind_power if self._type(behind) in _RAISING else self._behind_operand
            further = going_on(behind)
            if further is None:
                return behind
            raised, behind = self._type(behind) in _RAISING, further
            if raised and self._type(behind) not in _RAISING:
                break
        return behind

    def _goes_on(self, place: int) -> bool:
        """Whether a name or constant is a factor of the argument: after a number or constant, or touching a name."""
        before, kind = self.after[place + 1], self._type(place)
        if before.type in ("NUMBER", "CONSTANT"):
            return kind in ("NAME", "CONSTANT", "ROOT")
        return (
            before.type == "NAME" and kind in ("NAME", "CONSTANT") and before.end == self.after[place].begin
        )

    def _refuse_two_readings(self, function: Token, first: int, end: int, reading: tuple[str, str]) -> None:
        """Raise where what follows may belong to the argument or not."""
        call, raised = reading
        kind, bracketed = self._type(end), self._type(first) == "LPAR"
        sign = {"TIMES": "*", "OVER": "/"}.get(kind, "")
        factor = end - 1 if sign else end
        if kind in _RAISING:  # of a root, or of brackets that have a power before them already
            behind, join = self._behind_power(end), ""
            raised_call = f"({call}{raised})" if raised else call
        elif not bracketed and self._type(factor) in _FACTORS:
            behind, join = self._behind_powers(factor), sign or "*"
            raised_call = call + raised
        else:
            return
        if behind is None:
            return
        more = join + self._typed(factor, behind)
        readings = raised_call + more, f"{function.text}({self._typed(first, end)}{more}){raised}"
        whole = self.source[function.begin : _end_of(self.after[behind + 1 : factor + 1])]
        raise mistakes.two_readings(function, short(whole), (short(readings[0]), short(readings[1])))


def _enclosed(inside: Sequence[Token]) -> list[Token]:
    """The tokens, the last one first, in brackets."""
    begin, end = inside[-1].begin, _end_of(inside)
    return [Token("RPAR", ")", end, end), *inside, Token("LPAR", "(", begin, begin)]


def _end_of(tokens: Sequence[Token]) -> int:
    """Where in the source they end: a power that was moved behind its call was typed before it."""
    return max(token.end for token in tokens)
