"""Columns of text for a terminal or a file, as wide as their widest cell."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

GAP = "  "
_SECOND = "\ue000"  # stands for the second column of a wide character while text is wrapped; nobody's to use


class TextColumn(NamedTuple):
    """A title with the cells below it; words begin at the left, numbers end at the right."""

    title: str
    texts: Sequence[str]
    words: bool = False


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes.

    >>> cells("θ1"), cells("学習率")
    (2, 6)
    """
    if text.isascii():
        return len(text)
    text = unicodedata.normalize("NFC", text)
    return len(text) + sum(map(_is_wide, text)) - sum(unicodedata.combining(c) > 0 for c in text)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def spread(text: str) -> str:
    """``text`` with one character for each column that it takes: for what counts characters. See ``joined``."""
    if text.isascii():
        return text
    return "".join(c + _SECOND if _is_wide(c) else c for c in unicodedata.normalize("NFC", text))


def joined(text: str) -> str:
    """What ``spread`` was given."""
    return text.replace(_SECOND, "")


def wrap(text: str, columns: int, **options: Any) -> list[str]:
    """``text`` in lines of at most so many columns of a terminal, broken between words.

    Args:
        text: a paragraph.
        columns: at least 1.
        options: those of ``textwrap.wrap``.

    >>> wrap("학습률은 1보다 작아야 합니다.", 14)
    ['학습률은 1보다', '작아야 합니다.']
    """
    return [joined(line) for line in textwrap.wrap(spread(text), columns, break_on_hyphens=False, **options)]


def with_room(columns: Sequence[TextColumn], most: int) -> int:
    """How many of the columns have room in so many columns of a terminal; the first always has.

    >>> with_room([TextColumn("name", ["a", "bcdef"], True), TextColumn("n", ["1", "20"])], 8)
    1
    """
    room = most + len(GAP)
    for place, column in enumerate(columns):
        room -= max(map(cells, [column.title, *column.texts])) + len(GAP)
        if room < 0:
            return max(place, 1)
    return len(columns)


def text_rows(columns: Sequence[TextColumn], most: int) -> list[str]:
    """The columns as lines, the titles first, in at most so many columns of a terminal; the last of them have no room.

    >>> text_rows([TextColumn("name", ["a", "bcdef"], True), TextColumn("n", ["1", "20"])], 80)
    ['name    n', 'a       1', 'bcdef  20']
    """
    kept: list[list[str]] = []
    for column in columns[: with_room(columns, most)]:
        texts = [column.title, *column.texts]
        wide = max(map(cells, texts))
        blanks = [" " * (wide - cells(text)) for text in texts]
        kept.append(
            [
                text + blank if column.words else blank + text
                for text, blank in zip(texts, blanks, strict=True)
            ]
        )
    return [GAP.join(row).rstrip() for row in zip(*kept, strict=True)]
