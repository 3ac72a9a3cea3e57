"""A first look at a table: what its columns hold, what is missing, and what a fit would refuse."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from downslope.errors import DataError
from downslope.fitting.categories import MOST_LEVELS, is_words, texts_of
from downslope.fitting.checks import finite_column, missing_rows
from downslope.fitting.frame import Column, Frame, Unreadable
from downslope.fitting.table_look import ColumnLook, TableLook
from downslope.messages import Message, message, plural

MOST_SHOWN = 5  # values of a column of text
LEAST_ROWS = 3  # by which a constant column is called one


def look_at(frame: Frame) -> TableLook:
    """What a table holds, column by column."""
    columns = tuple(_look(frame, name) for name in frame.names)
    gone = np.zeros(frame.rows, bool)
    for name in frame.names:
        if not _unreadable(frame.columns[name]):
            gone |= missing_rows(frame, [name])
    alike = _twins(frame)
    noted = tuple(note for name, note in frame.notes if not name)
    return TableLook(frame.origin, frame.rows, int(np.count_nonzero(~gone)), columns, (*noted, *alike))


def _unreadable(column: Column) -> bool:
    return column.dtype == object and len(column) > 0 and isinstance(column[0], Unreadable)


def _look(frame: Frame, name: str) -> ColumnLook:
    column = frame.columns[name]
    remarks = [note for at, note in frame.notes if at == name]
    if _unreadable(column):
        return ColumnLook(name, "unreadable", 0, 0, refused=column[0].why, remarks=tuple(remarks))
    missing = int(np.count_nonzero(missing_rows(frame, [name])))
    if missing == frame.rows:
        return ColumnLook(name, "nothing", missing, 0, refused=_refusal(frame, name), remarks=tuple(remarks))
    if column.dtype == object:
        return _of_objects(frame, name, missing, remarks)
    known = column[~np.isnan(column)]
    whole, values = bool((known == np.floor(known)).all()), np.unique(known)
    if len(values) == 1 and frame.rows >= LEAST_ROWS:
        remarks.append(message("It is the same in every row, so that nothing can be told by it."))
    kind = "whole numbers" if whole else "numbers"
    if len(values) == 2 and values[0] == 0 and values[1] == 1:
        kind = "binary"
    with np.errstate(all="ignore"):
        mean = float(known.mean())
    return ColumnLook(
        name,
        kind,
        missing,
        len(values),
        float(values[0]),
        float(values[-1]),
        mean,
        refused=_refusal(frame, name),
        remarks=tuple(remarks),
    )


def _of_objects(frame: Frame, name: str, missing: int, remarks: list[Message]) -> ColumnLook:
    try:
        counted = Counter(text for text in texts_of(frame, name) if text is not None)
    except TypeError:
        counted = Counter()
    usual = tuple(counted.most_common(MOST_SHOWN))
    first = next(value for value in frame.columns[name] if value is not None and value == value)
    kind = _KINDS.get(type(first).__name__, type(first).__name__)
    refused = _refusal(frame, name)
    if is_words(frame, name):
        refused = None
        if len(counted) <= min(MOST_LEVELS, max(2, frame.rows // 2)):
            remarks.append(
                plural(
                    "As a feature it counts by its category.",
                    "As a feature it counts by its {n} categories.",
                    n=len(counted),
                )
            )
        else:
            refused = message("As a feature it has too many categories: {n:,}.", n=len(counted))
    return ColumnLook(
        name, kind, missing, len(counted), values=usual, refused=refused, remarks=tuple(remarks)
    )


_KINDS = {"str": "text", "date": "dates", "datetime": "dates", "Timestamp": "dates", "timedelta": "durations"}


def _refusal(frame: Frame, name: str) -> Message | None:
    """What a fit would say that uses this column as numbers."""
    try:
        finite_column(frame, name, frame.numbers(name))
    except DataError as error:
        return error.message
    return None


def _twins(frame: Frame) -> list[Message]:
    """Columns of numbers that are the same in every row."""
    seen: dict[Any, str] = {}
    said = []
    for name in frame.names:
        column = frame.columns[name]
        if column.dtype == object:
            continue
        key = column.tobytes()
        if key in seen:
            said.append(
                message(
                    "Columns '{first}' and '{second}' are the same in every row.",
                    first=seen[key],
                    second=name,
                )
            )
        else:
            seen[key] = name
    return said
