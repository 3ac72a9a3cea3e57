"""By which a table is known again: a digest of what each column that was fitted holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.errors import DataError
from downslope.fitting.frame import Column, Frame
from downslope.messages import listing, message

MOST_NAMED = 8
GIVEN = "\x00weights"  # under which weights stand that are no column; no column is called so


class TableDigest:
    """Takes in a table page by page.

    Attributes:
        columns: those that are taken in, where a page has them.
        complete: whether the table was read to its end.
        rows: how many there were.
        partitions: of how many digests it was made.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = tuple(dict.fromkeys(columns))
        self.complete, self.rows, self.partitions = False, 0, 1
        self._made: dict[str, Any] = {}
        self._joined: dict[str, str] = {}

    def join(self, digests: Sequence[Mapping[str, Any]]) -> None:
        """Be that of a table whose partitions have these digests, in order; of one alone its own."""
        self._made, self._joined = {}, {}
        self.rows, self.partitions = sum(int(one["rows"]) for one in digests), len(digests)
        for name in dict.fromkeys(name for one in digests for name in one["columns"]):
            parts = [str(one["columns"].get(name, "")) for one in digests]
            whole = hashlib.sha256(",".join(parts).encode()).hexdigest()
            self._joined[name] = parts[0] if len(parts) == 1 else whole
        self.complete = True

    def add(self, frame: Frame) -> None:
        """Take in a page."""
        found = {name: frame.columns[name] for name in self.columns if name in frame.columns}
        for name, column in found.items():
            self._take(name, column)
        self.rows += frame.rows

    def add_weights(self, weights: Column) -> None:
        """Take in the weights of all rows, where they are no column."""
        self._take(GIVEN, weights)

    def _take(self, name: str, column: Column) -> None:
        self._made.setdefault(name, hashlib.sha256()).update(_content(column))

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        columns = {**self._joined, **{name: made.hexdigest() for name, made in self._made.items()}}
        several = {"partitions": self.partitions} if self.partitions > 1 else {}
        return {"rows": self.rows, "columns": columns, **several}

    def check(self, saved: Mapping[str, Any], origin: Any) -> None:
        """Raise where the table is not the one that was saved.

        Raises:
            DataError: it has another number of rows, or other numbers in a column.
        """
        mine, theirs = self.to_dict(), saved["columns"]
        if mine["rows"] != saved["rows"]:
            raise DataError(
                message(
                    "{origin} is another table than that of the fit: it has {rows:,} rows to fit, and that one had"
                    " {saved:,}.",
                    origin=origin,
                    rows=mine["rows"],
                    saved=int(saved["rows"]),
                )
            )
        if mine.get("partitions") != saved.get("partitions"):
            raise DataError(
                message(
                    "{origin} is written in other pieces than the table of the fit ({now} partitions, not {before}), so"
                    " its sums would not have the same bits.",
                    origin=origin,
                    now=mine.get("partitions", 1),
                    before=saved.get("partitions", 1),
                )
            )
        names = dict.fromkeys([*theirs, *mine["columns"]])
        apart = [name.lstrip("\x00") for name in names if theirs.get(name) != mine["columns"].get(name)]
        if apart:
            raise DataError(
                message(
                    "{origin} is another table than that of the fit: {names} held something else.",
                    origin=origin,
                    names=listing(apart, most=MOST_NAMED),
                )
            )


def _content(column: Column) -> Any:
    """The bytes of a column: of numbers every bit, of anything else its text."""
    if column.dtype == object:
        return b"".join(f"{len(text)}:{text}".encode("utf-8", "surrogatepass") for text in map(str, column))
    return np.ascontiguousarray(column, column.dtype.newbyteorder("<")).data
