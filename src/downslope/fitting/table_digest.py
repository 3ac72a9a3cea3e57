"""By which a table is known again: a digest of what each column that was fitted holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
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
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = tuple(dict.fromkeys(columns))
        self.complete, self.rows = False, 0
        self._made: dict[str, Any] = {}

    def begin(self) -> None:
        """Forget a pass that did not come to the end of the table."""
        self._made, self.rows, self.complete = {}, 0, False

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
        return {"rows": self.rows, "columns": {name: made.hexdigest() for name, made in self._made.items()}}

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
