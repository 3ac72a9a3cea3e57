"""What a look at a table found: as a record, as lines of text, and as plain data."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from downslope.messages import Message, message, plural, visible

GAP = "  "
LONGEST = 30  # cells of a name or a value


@dataclass(frozen=True)
class ColumnLook:
    """What a column holds.

    Attributes:
        name: its name.
        kind: "numbers", "whole numbers", "binary" (zeros and ones), "text", "dates", "nothing" or the name of a type.
        missing: how many values are missing.
        distinct: how many different ones there are.
        low, high, mean: of numbers.
        values: of text, the most frequent, and how often each comes.
        refused: what a fit that uses it would say, and nothing where it would take it.
        remarks: what a reader should know all the same.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    values: tuple[tuple[str, int], ...] = ()
    refused: Message | None = None
    remarks: tuple[Message, ...] = ()


@dataclass(frozen=True)
class TableLook:
    """What a table holds.

    Attributes:
        origin: what it is.
        rows: how many it has.
        complete: how many have no missing value.
        columns: one by one.
        notes: how it was read.
    """

    origin: Message | str
    rows: int
    complete: int
    columns: tuple[ColumnLook, ...]
    notes: tuple[Message, ...]

    def __repr__(self) -> str:
        return "\n".join(look_lines(self))


def look_lines(look: TableLook) -> list[str]:
    """For a person: a line for each column, then what there is to say."""
    rows = plural("{n:,} row", "{n:,} rows", n=look.rows)
    head = message("{rows}, {complete:,} of them without a missing value", rows=rows, complete=look.complete)
    heads = [
        message("column", context="heading of a look"),
        message("holds", context="heading of a look"),
        message("missing", context="heading of a look"),
        message("range or values", context="heading of a look"),
    ]
    cells = [
        list(map(str, heads)),
        *([_short(c.name), _kind(c), f"{c.missing:,}", _range(c)] for c in look.columns),
    ]
    widths = [max(_width(row[i]) for row in cells) for i in range(3)]
    lines = [str(head), *(GAP + _line(row, widths) for row in cells)]
    for column in look.columns:
        if column.refused is not None:
            lines.append(f"{GAP}{message('{name}: refused: {why}', name=column.name, why=column.refused)}")
        lines += [
            f"{GAP}{message('{name}: {remark}', name=column.name, remark=note)}" for note in column.remarks
        ]
    return [*lines, *(f"{GAP}{message('note: {note}', note=note)}" for note in look.notes)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, kind, missing, values = row
    padded = (
        name + " " * (widths[0] - _width(name)),
        kind + " " * (widths[1] - _width(kind)),
        " " * (widths[2] - _width(missing)) + missing,
        values,
    )
    return GAP.join(padded).rstrip()


def _kind(column: ColumnLook) -> str:
    known: dict[str, Message] = {
        "numbers": message("numbers", context="kind of column"),
        "whole numbers": message("whole numbers", context="kind of column"),
        "binary": message("zeros and ones", context="kind of column"),
        "text": message("text", context="kind of column"),
        "dates": message("dates", context="kind of column"),
        "durations": message("durations", context="kind of column"),
        "nothing": message("nothing", context="kind of column"),
        "unreadable": message("what cannot be read", context="kind of column"),
    }
    return str(known.get(column.kind, column.kind))


def _range(column: ColumnLook) -> str:
    if column.low is not None:
        return str(
            message(
                "{low:.6g} to {high:.6g}, mean {mean:.6g}", low=column.low, high=column.high, mean=column.mean
            )
        )
    shown = ", ".join(f"{_short(value)} {count:,}" for value, count in column.values)
    more = column.distinct - len(column.values)
    return shown + (f", {message('and {n:,} more', n=more)}" if more > 0 else "")


def _short(text: str) -> str:
    text = " ".join(visible(text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def look_to_dict(look: TableLook) -> dict[str, Any]:
    """For programs; what is not finite is null."""

    def plain(value: float | None) -> float | None:
        return value if value is not None and abs(value) < float("inf") else None

    return {
        "origin": str(look.origin),
        "rows": look.rows,
        "complete_rows": look.complete,
        "columns": [
            {
                "name": c.name,
                "kind": c.kind,
                "missing": c.missing,
                "distinct": c.distinct,
                "low": plain(c.low),
                "high": plain(c.high),
                "mean": plain(c.mean),
                "values": dict(c.values),
                "refused": None if c.refused is None else str(c.refused),
                "remarks": list(map(str, c.remarks)),
            }
            for c in look.columns
        ],
        "notes": list(map(str, look.notes)),
    }
