"""How text files are to be read, where a person says so."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from downslope.errors import UsageError
from downslope.messages import argument, message

_MARKS = ".,'’ _\u00a0\u202f"  # what separates decimals or thousands somewhere


class ReadingOptions(TypedDict, total=False):
    """The keyword arguments that say how a text file is to be read; what is left out is found out."""

    decimal: str
    thousands: str
    skip_rows: int
    na_values: str | list[str] | tuple[str, ...]
    encoding: str


READING = tuple(ReadingOptions.__annotations__)


@dataclass(frozen=True)
class TextFormat:
    """What is known of text files before they are looked at; None is to be found out.

    Attributes:
        decimal: the sign before decimals.
        thousands: the sign between groups of three digits.
        skip_rows: lines before the line with the names.
        na_values: words for a missing value, beside the usual ones.
        encoding: of the characters.
    """

    decimal: str | None = None
    thousands: str | None = None
    skip_rows: int | None = None
    na_values: tuple[str, ...] = ()
    encoding: str | None = None

    @property
    def point(self) -> str | None:
        """The sign before decimals as far as it is said: what stands between thousands does not stand there."""
        return self.decimal or {",": ".", ".": ","}.get(self.thousands or "")

    @property
    def given(self) -> list[str]:
        """The names of what is said."""
        return [name for name in READING if getattr(self, name) not in (None, ())]

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> TextFormat:
        """The format that the options of ``ReadingOptions`` say; others are not looked at.

        Raises:
            UsageError: one makes no sense, or two contradict each other.
        """
        decimal, thousands = options.get("decimal"), options.get("thousands")
        for name, mark, allowed in (("decimal", decimal, ".,"), ("thousands", thousands, _MARKS)):
            if mark is not None and not (isinstance(mark, str) and len(mark) == 1 and mark in allowed):
                raise UsageError(
                    message(
                        "{option} is {mark!r:.20}; it can be one of {allowed}.",
                        option=argument(name),
                        mark=mark,
                        allowed=" ".join(map(repr, allowed)),
                    )
                )
        if thousands is not None and thousands == decimal:
            raise UsageError(
                message(
                    "decimals and thousands cannot both be written with {mark!r}: give {decimal} and {thousands}.",
                    mark=thousands,
                    decimal=argument("decimal"),
                    thousands=argument("thousands"),
                )
            )
        words = options.get("na_values")
        words = () if words is None else words.split(",") if isinstance(words, str) else words
        words = tuple(map(str, words if isinstance(words, Iterable) else (words,)))
        return cls(decimal, thousands, _lines(options), words, _encoding(options.get("encoding")))


def _lines(options: Mapping[str, Any]) -> int | None:
    skip = options.get("skip_rows")
    if skip is None:
        return None
    if isinstance(skip, bool) or not isinstance(skip, int) or skip < 0:
        raise UsageError(
            message(
                "{option} is {value!r:.20}; it must be a whole number of lines, at least 0.",
                option=argument("skip_rows"),
                value=skip,
            )
        )
    return skip


def _encoding(name: Any) -> str | None:
    if name is None:
        return None
    try:
        return codecs.lookup(name).name
    except (LookupError, TypeError, ValueError):
        raise UsageError(
            message(
                "there is no encoding '{name:.40}'; utf-8, cp1252, cp949, shift_jis, gb18030 and utf-16 are some.",
                name=str(name),
            )
        ) from None


DETECTED = TextFormat()
