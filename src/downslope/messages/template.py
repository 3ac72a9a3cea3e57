"""Templates: text with named places such as ``{rate:.3g}`` or ``{name!r}``, and nothing more of ``str.format``."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import lru_cache

_NAME = re.compile(r"[^\W\d]\w*")
# Alignment and width, thousands, precision, kind; at most 99 wide and 999 long.
_SPEC = re.compile(r"[<>^]?\+?0?\d{0,2},?(\.\d{1,3})?[deEfFgGsx%]?")
_NUMERIC = re.compile(r".*(,|[deEfFgGx%]$)")


# Controls of terminals, and those that turn the direction of text, by which one name can be shown as another.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Text with its control characters written out, so that a name is shown and not obeyed.

    >>> visible("a\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return text if text.isprintable() else _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


class TemplateError(ValueError):
    """A template asks for what templates cannot do: attributes, indices, nested or unbounded formats."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field goes, and how it is written there."""

    name: str
    spec: str = ""
    quoted: bool = False  # {name!r}

    @property
    def numeric(self) -> bool:
        """Whether only a number can be written so."""
        return _NUMERIC.match(self.spec) is not None

    def fill(self, value: object) -> str:
        """The value as text.

        >>> Place("rate", ".3g").fill(0.12345), Place("name", quoted=True).fill("x")
        ('0.123', "'x'")
        """
        return (
            format(repr(value) if self.quoted else value, self.spec)
            if self.spec
            else (repr(value) if self.quoted else str(value))
        )


@lru_cache(maxsize=4096)
def pieces(template: str) -> tuple[str | Place, ...]:
    """The template as literal texts and places.

    Raises:
        TemplateError: it is no template.

    >>> pieces("{n:,} of {all}")
    (Place(name='n', spec=',', quoted=False), ' of ', Place(name='all', spec='', quoted=False))
    """
    found: list[str | Place] = []
    try:
        for text, name, spec, conversion in string.Formatter().parse(template):
            if text:
                found.append(text)
            if name is None:
                continue
            if not _NAME.fullmatch(name) or conversion not in (None, "r") or not _SPEC.fullmatch(spec or ""):
                raise TemplateError(f"no such place is possible in a template: {template!r:.200}")
            found.append(Place(name, spec or "", conversion == "r"))
    except ValueError as error:  # an unbalanced brace
        raise TemplateError(f"{error}: {template!r:.200}") from None
    return tuple(found)


@lru_cache(maxsize=4096)
def places(template: str) -> dict[str, tuple[Place, ...]]:
    """The places of each field; not to be changed by whoever asks."""
    found: dict[str, tuple[Place, ...]] = {}
    for piece in pieces(template):
        if isinstance(piece, Place):
            found[piece.name] = (*found.get(piece.name, ()), piece)
    return found
