"""Parquet and Arrow files, some rows at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from downslope.errors import DataError
from downslope.fitting.files import arrow, system_errors
from downslope.fitting.frame import refuse_repeated
from downslope.messages import message

READ_AHEAD = 1 << 20  # bytes of a column that are read from a Parquet file at a time
COPIES = 3  # of a table that are held while it is fitted


class ParquetFile:
    """A Parquet file; memory is taken for the rows asked for, not for its row groups.

    Raises:
        DataError: it cannot be read.
    """

    once, lines = False, False

    def __init__(self, path: str) -> None:
        self.path = path
        with self._opened() as file:
            self.names = list(file.schema_arrow.names)
            self.rows = int(file.metadata.num_rows)
        refuse_repeated(self.names, path)

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold these columns."""
        return COPIES * 8 * self.rows * len(chosen)

    def batches(self, chosen: Sequence[str], rows: int) -> Iterator[Any]:
        """PyArrow tables of these columns, of about so many rows."""
        pa = arrow()
        try:
            with self._opened() as file:
                for batch in file.iter_batches(batch_size=rows, columns=list(chosen)):
                    if len(batch):
                        yield pa.Table.from_batches([batch])
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(
                message("{path} cannot be read: {error}.", path=self.path, error=error)
            ) from error

    def _opened(self) -> Any:
        pa = arrow()
        from pyarrow import parquet

        try:
            with system_errors(self.path):
                return parquet.ParquetFile(self.path, buffer_size=READ_AHEAD, pre_buffer=False)
        except pa.ArrowInvalid as error:
            raise DataError(
                message("{path} is not a Parquet file: {error}.", path=self.path, error=error)
            ) from error


class ArrowFile:
    """An Arrow IPC file or stream; memory is taken for one of its record batches.

    Raises:
        DataError: it cannot be read.
    """

    once, lines = False, False

    def __init__(self, path: str) -> None:
        self.path = path
        self.names = next(self._read(None))
        refuse_repeated(self.names, path)

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold these columns."""
        return COPIES * os.path.getsize(self.path) * len(chosen) // len(self.names)

    def batches(self, chosen: Sequence[str], rows: int) -> Iterator[Any]:
        """PyArrow tables of these columns, of as many rows as were written together."""
        return self._read(chosen)

    def _read(self, chosen: Sequence[str] | None) -> Iterator[Any]:
        """Tables; or the names of all columns, where none are chosen."""
        pa = arrow()
        from pyarrow import ipc

        try:
            with system_errors(self.path), pa.OSFile(self.path, "rb") as source:
                try:
                    reader = ipc.open_file(source)
                    batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
                except pa.ArrowInvalid:
                    source.seek(0)
                    reader = ipc.open_stream(source)
                    batches = iter(reader)
                if chosen is None:
                    yield list(reader.schema.names)
                    return
                for batch in batches:
                    if len(batch):
                        yield pa.Table.from_batches([batch]).select(list(chosen))
        except pa.ArrowInvalid as error:
            raise DataError(
                message("{path} is not an Arrow file: {error}.", path=self.path, error=error)
            ) from error
