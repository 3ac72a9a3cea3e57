"""Columns of words as features: one column of 0 and 1 for each category but the first, with which they are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError
from downslope.fitting.cells import is_number
from downslope.fitting.frame import Frame, listed
from downslope.messages import Message, message, plural

MOST_LEVELS = 100  # categories of a column
REPEATED = 0.5  # categories a row: with more, a column is names and no categories
SHOWN = 12  # categories in a sentence


@dataclass(frozen=True)
class Category:
    """A column whose values are categories.

    Attributes:
        column: its name.
        levels: the categories in order; the first has no feature of its own.
    """

    column: str
    levels: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The features: 1 where the column holds that category, else 0."""
        return tuple(f"{self.column}[{level}]" for level in self.levels[1:])

    @property
    def note(self) -> Message:
        """How it was taken, for the reader."""
        if not self.names:
            return message(
                "Column '{column}' holds '{level}' in every row, so it tells nothing apart and was left out.",
                column=self.column,
                level=self.levels[0],
            )
        if len(self.names) == 1:
            return message(
                "Column '{column}' counts by its categories: {names} is 1 where it holds that one and else 0, and"
                " '{dropped}' has none of its own: it is what the other is compared with.",
                column=self.column,
                names=listed(self.names, SHOWN),
                dropped=self.levels[0],
            )
        return message(
            "Column '{column}' counts by its categories: {names} are each 1 where it holds that one and else 0, and"
            " '{dropped}' has none of its own: it is what the others are compared with.",
            column=self.column,
            names=listed(self.names, SHOWN),
            dropped=self.levels[0],
        )


def is_words(frame: Frame, name: str) -> bool:
    """Whether a column holds words, and no number among them, which a slip of the pen would be."""
    column = frame[name]
    if column.dtype != object:
        return False
    words = [value for value in column if value is not None and not _missing(value)]
    return bool(words) and all(
        isinstance(value, (str, bool)) and not is_number(str(value)) for value in words
    )


def _missing(value: Any) -> bool:
    try:
        return value == "" or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA has no truth value
        return True


def texts_of(frame: Frame, name: str) -> NDArray[Any]:
    """The categories of a column as text, None where they are missing.

    Raises:
        DataError: it holds something that is neither text nor a whole number.
    """
    column = frame[name]
    if column.dtype != object:
        whole = np.isnan(column) | (column == np.floor(column))
        if not whole.all():
            row = int(np.argmin(whole))
            raise DataError(
                message(
                    "column '{name}' of {origin} holds {value:.6g} at {where}, a continuous number and no category.",
                    name=name,
                    origin=frame.origin,
                    value=column[row],
                    where=frame.where(row),
                )
            )
        return np.array([None if np.isnan(v) else f"{v:.0f}" for v in column], object)
    return np.array([None if value is None or _missing(value) else _text(value) for value in column], object)


def _text(value: Any) -> str:
    """A category as text: é is one, however it is encoded."""
    text = str(value)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def categories_of(pages: Iterable[Frame], names: Sequence[str]) -> tuple[Category, ...]:
    """These columns as categories, over all pages of a table.

    Raises:
        DataError: one holds nothing, or one category and gaps, or nearly a category for each row.
    """
    found: dict[str, set[str | None]] = {name: set() for name in names}
    rows = 0
    for frame in pages:
        rows += frame.rows
        for name in names:
            found[name].update(texts_of(frame, name))
    return tuple(category_of(name, texts, rows) for name, texts in found.items())


def category_of(name: str, texts: set[str | None], rows: int) -> Category:
    """A column that holds these in so many rows.

    Raises:
        DataError: that is nothing, or one category and gaps, or nearly a category for each row.
    """
    levels = {text for text in texts if text is not None}
    if not levels:
        raise DataError(message("column '{name}' holds no value in any row.", name=name))
    if len(levels) == 1 and None in texts:
        raise DataError(
            message(
                "column '{name}' holds '{level}' or nothing, and a category needs another to be compared with: write a"
                " word into the empty cells.",
                name=name,
                level=next(iter(levels)),
            )
        )
    if len(levels) > min(MOST_LEVELS, max(2, REPEATED * rows)):
        raise DataError(
            plural(
                "column '{name}' holds {n} different text in {rows} rows, too many to be categories.",
                "column '{name}' holds {n} different texts in {rows} rows, too many to be categories.",
                n=len(levels),
                name=name,
                rows=rows,
            )
        )
    return Category(name, tuple(sorted(levels, key=_order)))


def _order(level: str) -> tuple[float, str]:
    return (float(level), "") if is_number(level) else (float("inf"), level)


def with_indicators(frame: Frame, categories: Sequence[Category]) -> Frame:
    """The table with the features of its categories; where one is missing, they are.

    Raises:
        DataError: it holds a category that is none of these.
    """
    todo = [category for category in categories if category.column in frame.columns]
    todo = [category for category in todo if not set(category.names) <= frame.columns.keys()]
    columns = {}
    for category in todo:
        texts = texts_of(frame, category.column)
        gone = np.array([text is None for text in texts], bool)
        _refuse_others(frame, category, texts)
        for name, level in zip(category.names, category.levels[1:], strict=True):
            columns[name] = np.where(gone, np.nan, (texts == level).astype(np.float64))
    return replace(frame, columns={**frame.columns, **columns}, order=frame.known) if columns else frame


def _refuse_others(frame: Frame, category: Category, texts: NDArray[Any]) -> None:
    known = {*category.levels, None}
    row = next((row for row, text in enumerate(texts) if text not in known), None)
    if row is not None:
        raise DataError(
            message(
                "column '{name}' of {origin} holds {value!r:.40} at {where}, which was not among the categories that"
                " were fitted: {levels}.",
                name=category.column,
                origin=frame.origin,
                value=str(texts[row]),
                where=frame.where(row),
                levels=listed(category.levels, SHOWN),
            )
        )
