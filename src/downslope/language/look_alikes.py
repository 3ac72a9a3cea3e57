"""Names that look like others and are not: letters of several scripts that are drawn alike, and what to say of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from downslope.messages import NOTHING, Message, message

# Cyrillic and Greek letters that are drawn as the Latin ones below them.
_DRAWN_ALIKE = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅανορυχιΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhqwABEKMHOPCTYXIJSavopuxiABEZHIKMNOPTYX",
)


def drawn(name: str) -> str:
    """A name in Latin letters where others are drawn like them.

    >>> drawn("\u0430"), drawn("θ")
    ('a', 'θ')
    """
    return name if name.isascii() else name.translate(_DRAWN_ALIKE)


def look_alikes(names: Iterable[str]) -> Iterator[Message]:
    """For each name of a formula that is drawn like another one there: that they are two, and by which letter."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(drawn(name), name)
        if other != name:
            yield message(
                "'{other}' and '{name}' are two names that look alike: {letter}",
                other=other,
                name=name,
                letter=_letter(name, other),
            )


def look_alike(name: str, known: Iterable[str]) -> Message:
    """That a name only looks like a known one, and by which letter; nothing where it does not."""
    for other in known:
        if other != name and drawn(other) == drawn(name):
            return message(
                "It only looks like '{other}': {letter}.", other=other, letter=_letter(name, other)
            )
    return NOTHING


def _letter(name: str, other: str) -> Message:
    """The first letter of two names that differs, by its code points."""
    ours, theirs = next((a, b) for a, b in zip(name, other, strict=True) if a != b)
    return message(
        "{ours_code} ({ours}) is not {theirs_code} ({theirs})",
        ours_code=f"U+{ord(ours):04X}",
        ours=unicodedata.name(ours, "?").lower(),
        theirs_code=f"U+{ord(theirs):04X}",
        theirs=unicodedata.name(theirs, "?").lower(),
    )
