"""Messages in files: a key and plain fields, and the English for whoever does not know the key.

What a file says is not believed. A key of ours becomes a message again where its fields fit; of any other the stored
English is shown as it stands, and never filled in.
"""

from __future__ import annotations

import math
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from typing import Any

from downslope.messages.languages import CATALOGUES, IN_ENGLISH
from downslope.messages.message import (
    Argument,
    Field,
    Listing,
    Message,
    Paragraph,
    Sentence,
    Verbatim,
    fits,
    literal,
)
from downslope.messages.template import Place, places

LONGEST_TEXT = 100_000  # characters of a field, or of the English of a message
MOST_ENTRIES = 10_000  # in a list
DEEPEST = 8  # messages within messages
LARGEST = 10**40  # of whole numbers


class MalformedMessageError(ValueError):
    """What a file has in the place of a message is not one."""


class _UnknownError(Exception):
    """A key that is not ours, or fields that do not fit it."""


def to_plain(said: Message) -> dict[str, Any]:
    """The message as what JSON can hold."""
    return {**_data(said), "english": said.render(IN_ENGLISH)}


def from_plain(data: Any) -> Message:
    """The message that ``to_plain`` wrote; plain text, as older files have it, is taken as it is.

    Raises:
        MalformedMessageError: it is neither.

    >>> print(from_plain({"message": "{x.__class__}", "fields": {"x": 1}, "english": "{x.__class__}"}))
    {x.__class__}
    """
    if isinstance(data, str):
        return literal(_text(data))
    if not isinstance(data, dict) or "english" not in data:
        raise MalformedMessageError("a message is text, or has its English")
    english = literal(_text(data["english"]))
    try:
        return _message(data, DEEPEST)
    except _UnknownError:
        return english


def _data(said: Message) -> dict[str, Any]:
    if isinstance(said, Sentence):
        key = {"message": said.template, "context": said.context, "plural": said.many}
        fields = {name: _plain(value) for name, value in said.fields}
        return {**{name: text for name, text in key.items() if text}, "fields": fields}
    if isinstance(said, Listing):
        return {"listing": [_plain(item) for item in said.items], "last": said.last, "more": said.more}
    if isinstance(said, Paragraph):
        return {"paragraph": [_data(part) for part in said.parts], "between": said.between}
    if isinstance(said, Argument):
        return {"argument": said.name, **({"value": _plain(said.value)} if said.given else {})}
    raise TypeError(f"{type(said).__name__} has no plain form")


def _plain(value: Field) -> Any:
    if isinstance(value, Message):
        return _data(value)
    if isinstance(value, Verbatim):
        return {"shown": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [_plain(entry) for entry in value]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    return value


def _message(data: dict[str, Any], depth: int) -> Message:
    if depth == 0:
        raise MalformedMessageError("messages lie too deep within each other")
    match data:
        case {"message": str(template), "fields": dict(fields)}:
            return _sentence(template, data, {n: _field(v, depth) for n, v in fields.items()})
        case {"listing": list(items), "last": ("" | "and" | "or") as last, "more": int(more)}:
            return Listing(_entries(items, depth), last, max(0, int(_whole(more))))
        case {"paragraph": list(parts), "between": (" " | "\n") as between}:
            found = _entries(parts, depth)
            if all(isinstance(part, Message) for part in found):
                return Paragraph(found, between)
        case {"argument": str(name)} if name.isidentifier():
            given = "value" in data
            return Argument(_text(name), _field(data["value"], depth) if given else None, given)
    raise _UnknownError


def _sentence(template: str, data: dict[str, Any], fields: dict[str, Field]) -> Message:
    context, many = data.get("context", ""), data.get("plural", "")
    if not isinstance(context, str) or not isinstance(many, str) or not is_ours(context, template, many):
        raise _UnknownError
    wanted = {**places(template), **(places(many) if many else {})}
    if many:
        wanted.setdefault("n", (Place("n", "d"),))
    fit = wanted.keys() == fields.keys() and all(
        fits(fields[name], place) for name, some in wanted.items() for place in some
    )
    if not fit or (many and type(fields["n"]) is not int):
        raise _UnknownError
    return Sentence(template, tuple(sorted(fields.items())), context, many)


def _field(value: Any, depth: int) -> Field:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return _whole(value)
        case float():
            return value
        case {"shown": str(text)}:
            return Verbatim(_text(text))
        case {"number": ("inf" | "-inf" | "nan") as text}:
            return float(text)
        case {"tuple": list(entries)}:
            return _entries(entries, depth)
        case dict():
            return _message(value, depth - 1)
    raise MalformedMessageError("a field of a message is text, a number, or a message")


def _entries(values: list[Any], depth: int) -> tuple[Any, ...]:
    if len(values) > MOST_ENTRIES:
        raise MalformedMessageError("a list in a message is too long")
    if depth == 0:
        raise MalformedMessageError("lists lie too deep within each other")
    return tuple(_field(value, depth - 1) for value in values)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise MalformedMessageError("a text in a message is too long, or none")
    return value


def _whole(value: int) -> int:
    if abs(value) >= LARGEST:
        raise MalformedMessageError("a number in a message is too large")
    return value


class _Unknown(NullTranslations):
    """Asked for what the catalogue of our keys does not have."""

    def gettext(self, message: str) -> str:
        raise _UnknownError

    def pgettext(self, context: str, message: str) -> str:
        raise _UnknownError

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise _UnknownError

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        raise _UnknownError


@lru_cache(maxsize=1)
def _keys() -> GNUTranslations:
    with open(CATALOGUES / "en" / "downslope.mo", "rb") as file:
        keys = GNUTranslations(file)
    keys.add_fallback(_Unknown())
    return keys


def is_ours(context: str, template: str, many: str = "") -> bool:
    """Whether the catalogue of our own templates has it, for these numbers of things."""
    if not template:  # under the empty key, catalogues keep their own header
        return False
    keys = _keys()
    try:
        if many:
            found = (
                keys.npgettext(context, template, many, 2) if context else keys.ngettext(template, many, 2)
            )
            return found == many
        found = keys.pgettext(context, template) if context else keys.gettext(template)
    except _UnknownError:
        return False
    return found == template
