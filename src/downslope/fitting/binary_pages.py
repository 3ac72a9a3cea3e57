"""Parquet and Arrow files, all rows or some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from downslope.errors import DataError
from downslope.fitting.addresses import is_stored, open_arrow, size_of, stored_file
from downslope.fitting.arrow_columns import index_of
from downslope.fitting.cells import Doubt
from downslope.fitting.file_kinds import FilePage, arrow, damage, system_errors
from downslope.fitting.frame import ColumnNote, RowSource, refuse_repeated
from downslope.messages import message

READ_AHEAD = 1 << 18  # bytes of a column that are read from a Parquet file at a time
COPIES = 3  # of a table that are held while it is fitted
UNNAMED = "__index_level_"  # how pandas calls an index without a name


def _named(names: Sequence[str], index: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """(the columns of data, the indices that have a name)."""
    return [n for n in names if n not in index], tuple(n for n in index if not n.startswith(UNNAMED))


class ParquetFile:
    """A Parquet file; memory is taken for the rows asked for, not for its row groups.

    Args:
        path: the file, or what it is called.
        content: its bytes, where they were read before.

    Raises:
        DataError: it cannot be read.
    """

    once = False
    first_line: int | None = None

    def __init__(self, path: str, content: bytes | None = None) -> None:
        self.path, self._content = path, content
        self.notes: list[ColumnNote] = []
        self.doubts: dict[str, Doubt] = {}
        with self._opened() as file:
            names = list(file.schema_arrow.names)
            self.rows = int(file.metadata.num_rows)
            refuse_repeated(names, path)
            self.names, self.index = _named(names, index_of(file.schema_arrow))
        if not self.names:
            raise DataError(message("{origin} has no columns.", origin=path))

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold these columns."""
        return COPIES * 8 * self.rows * len(chosen)

    def whole(self, chosen: Sequence[str]) -> FilePage:
        """All rows."""
        with self._opened() as file:
            refuse_lost(self.path, chosen, file.schema_arrow.names)
            table = file.read(columns=list(chosen), use_pandas_metadata=False)
        return FilePage(table, RowSource(self.path, len(table), None))

    def batches(self, chosen: Sequence[str], rows: int, pieces: range | None = None) -> Iterator[Any]:
        """PyArrow tables of these columns, of about so many rows: of all row groups, or of these."""
        pa = arrow()
        with self._opened() as file:
            refuse_lost(self.path, chosen, file.schema_arrow.names)
            groups = range(file.num_row_groups) if pieces is None else pieces
            batches = file.iter_batches(batch_size=rows, row_groups=list(groups), columns=list(chosen))
        while True:
            with damage(self.path, "Parquet"):
                batch = next(batches, None)
            if batch is None:
                return
            if len(batch):
                yield pa.Table.from_batches([batch])

    def pieces(self) -> Sequence[int]:
        """How many rows each row group has."""
        with self._opened() as file:
            told = file.metadata
            return [int(told.row_group(i).num_rows) for i in range(told.num_row_groups)]

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        pa = arrow()
        from pyarrow import parquet

        with damage(self.path, "Parquet"):
            if self._content is not None:
                yield parquet.ParquetFile(pa.BufferReader(self._content))
                return
            if is_stored(self.path):
                # few requests, and large ones; it is read on behind this, and closes with its last batch
                yield parquet.ParquetFile(stored_file(self.path), pre_buffer=True)
                return
            with system_errors(self.path):
                open(self.path, "rb").close()  # what the system says is said better than by PyArrow
            yield parquet.ParquetFile(self.path, buffer_size=READ_AHEAD, pre_buffer=False)


class ArrowFile:
    """An Arrow IPC file or stream; memory is taken for one of its record batches.

    Args:
        path: the file, or what it is called.
        content: its bytes, where they were read before.

    Raises:
        DataError: it cannot be read.
    """

    once = False
    first_line: int | None = None

    def __init__(self, path: str, content: bytes | None = None) -> None:
        self.path, self._content = path, content
        self.notes: list[ColumnNote] = []
        self.doubts: dict[str, Doubt] = {}
        schema = next(self._read(None))
        refuse_repeated(schema.names, path)
        self.names, self.index = _named(list(schema.names), index_of(schema))
        if not self.names:
            raise DataError(message("{origin} has no columns.", origin=path))

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold these columns."""
        return COPIES * size_of(self.path) * len(chosen) // len(self.names)

    def whole(self, chosen: Sequence[str]) -> FilePage:
        """All rows."""
        tables = list(self._read(chosen))
        if not tables:
            raise DataError(message("{origin} has no rows.", origin=self.path))
        with damage(self.path, "Arrow"):
            table = arrow().concat_tables(tables)
        return FilePage(table, RowSource(self.path, len(table), None))

    def pieces(self) -> None:
        """How many rows a record batch has is known only when it is read."""

    def batches(self, chosen: Sequence[str], rows: int, pieces: range | None = None) -> Iterator[Any]:
        """PyArrow tables of these columns, of as many rows as were written together."""
        return self._read(chosen)

    def _read(self, chosen: Sequence[str] | None) -> Iterator[Any]:
        """Tables; or the schema, where no columns are chosen."""
        pa = arrow()
        with system_errors(self.path), self._source() as source:
            with damage(self.path, "Arrow"):
                reader, batches = _batches_of(source)
                names = reader.schema.names  # which may be no text
            if chosen is None:
                yield reader.schema
                return
            refuse_lost(self.path, chosen, names)
            while True:
                with damage(self.path, "Arrow"):
                    batch = next(batches, None)
                    if batch is not None:
                        batch = batch.select(list(chosen))
                        batch.validate(full=True)
                if batch is None:
                    return
                if len(batch):
                    yield pa.Table.from_batches([batch])

    def _source(self) -> Any:
        pa = arrow()
        if self._content is not None:
            return pa.BufferReader(self._content)
        return open_arrow(self.path)


def _batches_of(source: Any) -> tuple[Any, Iterator[Any]]:
    """(reader, its record batches), of a file or a stream."""
    pa = arrow()
    from pyarrow import ipc

    try:
        reader = ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        reader = ipc.open_stream(source)
        return reader, iter(reader)
    return reader, (reader.get_batch(i) for i in range(reader.num_record_batches))


def refuse_lost(path: str, chosen: Sequence[str], names: Sequence[str]) -> None:
    """Raise DataError where a column is there no longer."""
    for name in chosen:
        if name not in names:
            raise DataError(
                message(
                    "{path} has changed while it was read: column '{name}' is gone.", path=path, name=name
                )
            )
