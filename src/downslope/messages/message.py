"""The kinds of message, and the functions that make them."""

from __future__ import annotations

import numbers
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from downslope.messages.languages import Audience, current_audience
from downslope.messages.template import Place, pieces, places, visible

MOST_SHOWN = 10_000  # characters of an object that is kept as text


class Message:
    """Something to be said: data until ``str(m)`` renders it for the reader of that moment."""

    __slots__ = ()

    @abstractmethod
    def render(self, audience: Audience) -> str:
        """The text, for this reader."""

    def __str__(self) -> str:
        return self.render(current_audience())

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return True


class Verbatim(str):
    """What an object of another kind looked like; ``{field!r}`` does not put it in quotes again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


Field: TypeAlias = "Message | str | int | float | bool | tuple[Any, ...] | None"


@dataclass(frozen=True, slots=True)
class Sentence(Message):
    """A template and what fills it in; with ``many``, the template for more than one ``n``."""

    template: str
    fields: tuple[tuple[str, Field], ...] = ()
    context: str = ""
    many: str = ""

    def render(self, audience: Audience) -> str:
        """The template in the reader's language, filled in."""
        values = dict(self.fields)
        if self.many:
            n = values["n"]
            assert isinstance(n, int)
            template = audience.translate_plural(self.context, self.template, self.many, n)
        else:
            template = audience.translate(self.context, self.template)
        return "".join(
            audience.mark(piece) if isinstance(piece, str) else _filled(piece, values[piece.name], audience)
            for piece in pieces(template)
        )

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self.fields)
        about = f", context={self.context!r}" if self.context else ""
        if self.many:
            return f"plural({self.template!r}, {self.many!r}{about}{given})"
        return f"message({self.template!r}{about}{given})"


@dataclass(frozen=True, slots=True)
class Listing(Message):
    """Several things in one sentence: a, b and c."""

    items: tuple[Field, ...]
    last: str = ""  # "and", "or", or only a comma
    more: int = 0  # how many are left out

    def render(self, audience: Audience) -> str:
        """The items with commas, and the word of the reader's language before the last."""
        texts = [_as_text(item, audience) for item in self.items]
        if self.more:
            texts.append(message("{n:,} more", context="list", n=self.more).render(audience))
        if not texts:
            return ""
        text, *others = texts
        word = "and" if self.more else self.last
        for i, other in enumerate(others, 1):
            text = _pair(text, other, word if i == len(others) else "").render(audience)
        return text

    def __bool__(self) -> bool:
        return bool(self.items) or self.more > 0


@dataclass(frozen=True, slots=True)
class Paragraph(Message):
    """Several messages that belong together, with a space or the end of a line between them."""

    parts: tuple[Message, ...] = ()
    between: str = " "

    def render(self, audience: Audience) -> str:
        """Those that say something, joined."""
        return self.between.join(filter(None, (part.render(audience) for part in self.parts)))

    def __bool__(self) -> bool:
        return any(self.parts)


@dataclass(frozen=True, slots=True)
class Argument(Message):
    """An argument of ours as the reader types it, in Python or on the command line."""

    name: str
    value: Field = None
    given: bool = False  # whether the value is part of it

    def render(self, audience: Audience) -> str:
        """``batch_size=32`` or ``--batch-size 32``."""
        if not audience.command_line:
            return f"{self.name}={self.value!r}" if self.given else self.name
        option = self.name.replace("_", "-")
        if not self.given or self.value is True:
            return f"--{option}"
        return f"--no-{option}" if self.value is False else f"--{option} {self.value}"


NOTHING = Paragraph()


def message(template: str, /, *, context: str = "", **fields: Any) -> Message:
    """A sentence: a literal template, which is its key in the catalogues, and the fields that it names.

    Fields are plain values or messages; of any other object, what it looks like is kept. ``context`` tells apart what
    is one word in English and two in another language.

    Raises:
        TypeError: the fields are not those of the template.

    >>> from downslope.errors import message
    >>> print(message("{optimizer} needs a learning rate above {least:.3g}.", optimizer="adam", least=0))
    adam needs a learning rate above 0.
    """
    return Sentence(template, _fitting(places(template), fields), context)


def plural(one: str, many: str, /, *, n: int, context: str = "", **fields: Any) -> Message:
    """A sentence about ``n`` things: the templates for one and for more, each of which may leave ``{n}`` out.

    >>> print(plural("{n} step", "{n:,} steps", n=2000))
    2,000 steps
    """
    if not isinstance(n, numbers.Integral):
        raise TypeError(f"n is counted, and {n!r} is not a whole number")
    wanted = {**places(one), **places(many)}
    wanted.setdefault("n", (Place("n"),))
    return Sentence(one, _fitting(wanted, {"n": int(n), **fields}), context, many)


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence of a table, whose fields are known later; with ``many``, the one for more than one ``n``.

    >>> print(Template("{n} step of {rule}", "{n:,} steps of {rule}").filled(n=2, rule="Adam", tried=True))
    2 steps of Adam
    """

    one: str
    many: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The fields that it names."""
        return frozenset(places(self.one)) | frozenset(places(self.many))

    def filled(self, **fields: Any) -> Message:
        """The sentence, with those of these fields that it names.

        Raises:
            TypeError: one of them is missing.
        """
        wanted = {**places(self.one), **places(self.many)}
        if self.many:
            wanted.setdefault("n", (Place("n"),))
            fields = {**fields, "n": int(fields["n"])}
        given = {name: value for name, value in fields.items() if name in wanted}
        return Sentence(self.one, _fitting(wanted, given), many=self.many)


def listing(items: Iterable[Any], last: Literal["", "and", "or"] = "", most: int | None = None) -> Message:
    """Items with commas between them, and a word before the last; of many only the first ``most``.

    >>> from downslope.errors import listing
    >>> print(listing(["x", "y", "z"], "or"), listing("abcde", most=2), sep="; ")
    x, y or z; a, b and 3 more
    """
    found = tuple(_plain(item, Place("item")) for item in items)
    shown = found if most is None else found[:most]
    return Listing(shown, last, len(found) - len(shown))


def sentences(*parts: Message | None) -> Message:
    """Messages one after the other; those that are None or say nothing are left out."""
    return _together(parts, " ")


def lines(*parts: Message | None) -> Message:
    """Messages one below the other; those that are None or say nothing are left out."""
    return _together(parts, "\n")


_ABSENT = object()


def argument(name: str, value: Any = _ABSENT) -> Message:
    """An argument of ours, named, or with a value, as it is typed where the message is read.

    >>> print(argument("drop_missing", True), argument("steps"))
    drop_missing=True steps
    """
    if value is _ABSENT:
        return Argument(name)
    return Argument(name, _plain(value, Place("value")), given=True)


def literal(text: str) -> Message:
    """Text that is the same in every language: a formula, a name, or what another program said."""
    return message("{text}", text=text) if text else NOTHING


def as_message(said: Message | str) -> Message:
    """A message as it is, text as a literal one."""
    return said if isinstance(said, Message) else literal(said)


def _together(parts: Iterable[Message | None], between: str) -> Message:
    said = tuple(part for part in parts if part)
    return said[0] if len(said) == 1 else Paragraph(said, between)


def _pair(first: str, last: str, word: str) -> Message:
    if word == "and":
        return message("{first} and {last}", context="list", first=first, last=last)
    if word == "or":
        return message("{first} or {last}", context="list", first=first, last=last)
    return message("{first}, {last}", context="list", first=first, last=last)


def _as_text(value: Field, audience: Audience) -> str:
    return value.render(audience) if isinstance(value, Message) else visible(str(value))


def _filled(place: Place, value: Field, audience: Audience) -> str:
    return value.render(audience) if isinstance(value, Message) else visible(place.fill(value))


def _fitting(wanted: dict[str, tuple[Place, ...]], given: dict[str, Any]) -> tuple[tuple[str, Field], ...]:
    if wanted.keys() != given.keys():
        raise TypeError(f"the template names {sorted(wanted)}, and there are {sorted(given)}")
    return tuple(sorted((name, _plain(value, *wanted[name])) for name, value in given.items()))


def fits(value: Field, place: Place) -> bool:
    """Whether the value can be written so; messages are neither cut nor quoted."""
    if isinstance(value, Message):
        return not place.spec and not place.quoted
    try:
        place.fill(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _plain(value: Any, *where: Place) -> Field:
    """The value as a field: itself where it is plain, a number where one is wanted, else what it looks like."""
    found = _as_field(value, where)
    if all(fits(found, place) for place in where):
        return found
    if isinstance(found, Message) or any(place.numeric for place in where):
        wanted = "unquoted and uncut" if isinstance(found, Message) else "a number"
        raise TypeError(f"{where[0].name} is {value!r:.200}, and must be {wanted} in its template")
    return Verbatim(found)


def _as_field(value: Any, where: tuple[Place, ...]) -> Field:
    if value is None or type(value) in (str, int, float, bool, Verbatim) or isinstance(value, Message):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if any(place.numeric for place in where):
        return float(value)
    if type(value) is tuple:
        return tuple(_plain(entry, Place("entry")) for entry in value)
    look = repr if any(place.quoted for place in where) else str
    return Verbatim(look(value)[:MOST_SHOWN])
