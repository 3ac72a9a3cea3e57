"""Columns of text for a terminal or a file, as wide as their widest cell."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

GAP = "  "


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
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def text_rows(columns: Iterable[TextColumn], most: int) -> list[str]:
    """The columns as lines, the titles first, in at most so many columns of a terminal; the last of them have no room.

    >>> text_rows([TextColumn("name", ["a", "bcdef"], True), TextColumn("n", ["1", "20"])], 80)
    ['name    n', 'a       1', 'bcdef  20']
    """
    kept: list[list[str]] = []
    room = most + len(GAP)
    for column in columns:
        texts = [column.title, *column.texts]
        wide = max(map(cells, texts))
        room -= wide + len(GAP)
        if room < 0 and kept:
            break
        blanks = [" " * (wide - cells(text)) for text in texts]
        kept.append(
            [
                text + blank if column.words else blank + text
                for text, blank in zip(texts, blanks, strict=True)
            ]
        )
    return [GAP.join(row).rstrip() for row in zip(*kept, strict=True)]
