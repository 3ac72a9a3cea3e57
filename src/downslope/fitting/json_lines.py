"""JSON lines: a table as an object a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from downslope.errors import DataError
from downslope.fitting.addresses import open_bytes, size_of
from downslope.fitting.binary_pages import refuse_lost
from downslope.fitting.cells import Doubt
from downslope.fitting.file_kinds import FilePage, arrow, first_line, system_errors, unpacked
from downslope.fitting.frame import ColumnNote, RowSource
from downslope.messages import listing, message

COPIES = 3  # of a table that are held while it is fitted


class JsonLinesFile:
    """A file of JSON lines; it is read whole, as PyArrow finds the types of its columns.

    Args:
        path: the file, or what it is called.
        packed: how it is packed, or nothing.
        content: its bytes, where they were read before.

    Raises:
        DataError: it cannot be read, is not an object a line, or an entry is a list or an object itself.
    """

    once = False
    index: tuple[str, ...] = ()

    def __init__(self, path: str, packed: str = "", content: bytes | None = None) -> None:
        self.path, self._packed, self._content = path, packed, content
        self.notes: list[ColumnNote] = []
        self.doubts: dict[str, Doubt] = {}
        self.first_line: int | None = 1
        self.names: list[str] = list(self._table().column_names)

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold these columns."""
        return COPIES * (len(self._content) if self._content is not None else size_of(self.path))

    def whole(self, chosen: Sequence[str]) -> FilePage:
        """All rows."""
        table = self._table()
        refuse_lost(self.path, chosen, table.column_names)
        return FilePage(table.select(list(chosen)), RowSource(self.path, len(table), self.first_line))

    def pieces(self) -> None:
        """The file is read as one."""

    def batches(self, chosen: Sequence[str], rows: int, pieces: range | None = None) -> Iterator[Any]:
        """PyArrow tables of these columns, of so many rows."""
        table = self.whole(chosen).table
        for first in range(0, len(table), rows):
            yield table.slice(first, rows)

    def _table(self) -> Any:
        pa = arrow()
        from pyarrow import json

        content = self._bytes()
        if b"\n\n" in content or b"\n\r\n" in content:
            self.first_line = None  # a row is not a line
        try:
            table = json.read_json(
                pa.BufferReader(content),
                read_options=json.ReadOptions(block_size=max(1 << 20, min(len(content), 1 << 30))),
                parse_options=json.ParseOptions(newlines_in_values=False),
            )
        except (pa.ArrowException, ValueError, MemoryError) as error:
            raise DataError(
                message(
                    "{path} is not a table of JSON lines, an object a line: {reason:.200}.",
                    path=self.path,
                    reason=first_line(error),
                )
            ) from error
        nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
        if nested:
            raise DataError(
                message(
                    "the column {names} of {path} holds objects or lists; a table has numbers, words and dates.",
                    names=listing(nested),
                    path=self.path,
                )
            )
        if not len(table):
            raise DataError(message("{origin} has no rows.", origin=self.path))
        return table

    def _bytes(self) -> bytes:
        if self._content is not None:
            return self._content
        with system_errors(self.path), open_bytes(self.path) as file:
            content = file.read()
        return unpacked(content, self._packed, self.path) if self._packed else content
