"""Files -> ``Frame``, by PyArrow (imported here, when a file is first read)."""

from __future__ import annotations

import glob
import io
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import DataError, MissingExtraError, UsageError
from downslope.fitting.csv_faults import MISSING, check_header, explain_failure, header_of, separator_of
from downslope.fitting.frame import Frame, Origin, RowSource, refuse_repeated
from downslope.messages import listing, message

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bz2"}
SEPARATORS = {".csv": "", ".txt": "", ".tsv": "\t", ".tab": "\t", "": ""}
PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc", ".arrows")
_GLOB = frozenset("*?[")
PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
}  # the first bytes of what is packed


class FileTable(NamedTuple):
    """What was read from one file."""

    table: Any  # PyArrow's, of the columns that are needed
    order: list[str]  # the names of all columns
    first_line: int | None = None  # on which the first row stands, where each row is a line


def read_files(path: str | Sequence[str], wanted: Collection[str] | None = None) -> Frame:
    """The table in a file, in all files that match a pattern, or on standard input (``-``).

    Args:
        path: one, or several whose rows follow one another; ``.csv``, ``.tsv``, ``.parquet``, ``.arrow`` or
            ``.feather``; text may end in ``.gz`` or ``.zst`` too.
        wanted: names of the columns that are needed, where that is known; the others are not read.

    Raises:
        DataError: it does not exist, cannot be read, or is not a table; the line is named where there is one.
    """
    if path in ("-", ["-"]):
        return _frame([_standard_input(wanted)], ["standard input"], "standard input")
    paths = [path] if isinstance(path, str) else path
    matches = [match for one in paths for match in matches_of(one)]
    parts = [_read(match, wanted) for match in matches]
    refuse_other_columns([(match, part.order) for match, part in zip(matches, parts, strict=True)])
    if len(matches) == 1:
        return _frame(parts, matches, matches[0])
    origin = (
        message("{path} ({n} files)", path=paths[0], n=len(matches))
        if len(paths) == 1
        else message("{path} and others ({n} files)", path=paths[0], n=len(matches))
    )
    return _frame(parts, matches, origin)


def refuse_other_columns(files: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Raise DataError where a file has not the columns of the first; each is (path, names)."""
    first, known = files[0]
    for path, names in files[1:]:
        if sorted(names) != sorted(known):
            raise DataError(
                message(
                    "{path} has the columns {names}, but {first} has {known}.",
                    path=path,
                    names=listing(names),
                    first=first,
                    known=listing(known),
                )
            )


def matches_of(path: str) -> list[str]:
    """The files that a path or a pattern names.

    Raises:
        DataError: there is none.
    """
    if path == "-":
        raise UsageError(message("standard input (-) is one table; it cannot be read together with files."))
    matches = sorted(glob.glob(path)) if _GLOB & set(path) and not os.path.exists(path) else [path]
    if not matches:
        raise DataError(message("no file matches '{path}'.", path=path))
    return matches


def _standard_input(wanted: Collection[str] | None) -> FileTable:
    """What is piped in; its first bytes say whether it is packed, Parquet or Arrow, else it is text."""
    content, origin = sys.stdin.buffer.read(), "standard input"
    for magic, codec in PACKED.items():
        if content.startswith(magic):
            content = _unpacked(content, codec, origin)
    if content.startswith(b"PAR1"):
        return _parquet(arrow().BufferReader(content), origin, wanted)
    if content.startswith(b"ARROW1"):
        return _ipc(arrow().BufferReader(content), origin, wanted)
    return _csv(content, origin, "", wanted)


def from_arrow(
    table: Any, origin: Origin, order: Sequence[str] = (), sources: Sequence[RowSource] = ()
) -> Frame:
    """The columns of a PyArrow table; ``order`` has the names of those too that were not read."""
    names = list(table.column_names)
    refuse_repeated(names, origin)
    columns = {n: _column(table.column(n)) for n in names}
    return Frame(columns, origin, order=tuple(order), sources=tuple(sources))


def _frame(parts: Sequence[FileTable], paths: Sequence[str], origin: Origin) -> Frame:
    import pyarrow as pa

    tables = [part.table for part in parts]
    try:
        whole = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
    ):  # numbers in one file, words in another: the words are to be named
        whole = pa.concat_tables([_as_text(table, tables) for table in tables], promote_options="permissive")
    sources = [RowSource(path, len(p.table), p.first_line) for path, p in zip(paths, parts, strict=True)]
    return from_arrow(whole, origin, parts[0].order, sources)


def _as_text(table: Any, tables: Sequence[Any]) -> Any:
    """The table with those columns as text that are not of the same type in all tables."""
    import pyarrow as pa

    for i, name in enumerate(table.column_names):
        if len({str(other.column(name).type) for other in tables}) > 1:
            table = table.set_column(i, name, table.column(name).cast(pa.string()))
    return table


def _column(column: Any) -> Any:
    """A column as float64 (missing values as NaN), or as objects where it is not numbers."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        column, kind = column.cast(pa.float64(), safe=False), pa.float64()
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return _numbers(column)
    return np.array([*column.to_pylist(), None], object)[:-1]  # the None keeps lists from becoming a matrix


def _numbers(column: Any) -> Any:
    """A column of numbers as float64, not by PyArrow's ``to_numpy`` and ``cast``, which import pandas and more."""
    import pyarrow as pa

    parts = [np.empty(0)]
    for chunk in column.chunks:
        bare = pa.Array.from_buffers(chunk.type, len(chunk), [None, chunk.buffers()[1]], offset=chunk.offset)
        part = np.array(np.from_dlpack(bare), np.float64)
        if chunk.null_count:
            part[np.from_dlpack(chunk.is_null().cast(pa.int8())) != 0] = np.nan
        parts.append(part)
    return parts[1] if len(parts) == 2 else np.concatenate(parts)


def endings_of(path: str) -> tuple[str, str]:
    """(kind of file, how it is packed or nothing) by the endings of its name.

    Raises:
        DataError: it is a folder, or of a kind that cannot be read.
    """
    if os.path.isdir(path):
        raise DataError(
            message(
                "{path} is a folder; name a file in it, or a pattern such as {folder}/*.csv.",
                path=path,
                folder=path.rstrip("/"),
            )
        )
    suffixes = [s.lower() for s in Path(path).suffixes]
    packed = COMPRESSED[suffixes.pop()] if suffixes and suffixes[-1] in COMPRESSED else ""
    ending = suffixes[-1] if suffixes else ""
    known = ending in SEPARATORS or ending in PARQUET or ending in ARROW
    if not known and os.path.exists(path):  # that there is none is to be said first
        raise DataError(
            message(
                "{path} ends in '{ending}'; .csv, .tsv, .txt, .parquet, .arrow and .feather can be"
                " read (text also as .gz, .zst).",
                path=path,
                ending=ending,
            )
        )
    return ending, packed


@contextmanager
def system_errors(path: str) -> Iterator[None]:
    """What the system says about a file, as a DataError."""
    try:
        yield
    except DataError:  # which is an OSError too
        raise
    except OSError as error:
        raise DataError(
            message("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
        ) from error


def _read(path: str, wanted: Collection[str] | None) -> FileTable:
    ending, packed = endings_of(path)
    with system_errors(path):
        if ending in PARQUET:
            return _parquet(path, path, wanted)
        if ending in ARROW:
            with arrow().memory_map(path) as source:
                return _ipc(source, path, wanted)
        with open(path, "rb") as file:
            content = file.read()
    if packed:
        content = _unpacked(content, packed, path)
    return _csv(content, path, SEPARATORS[ending], wanted)


def arrow() -> Any:
    """PyArrow.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError(
            message("PyArrow is needed to read files: pip install 'downslope[tables]'")
        ) from error
    return pyarrow


def _unpacked(content: bytes, codec: str, path: str) -> bytes:
    pa = arrow()
    try:
        with pa.input_stream(pa.BufferReader(content), compression=codec) as stream:
            return bytes(stream.read())
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            message("{path} is not whole {codec} data: {error}.", path=path, codec=codec, error=error)
        ) from error


def _parquet(source: Any, origin: str, wanted: Collection[str] | None) -> FileTable:
    """From a path, or a file of PyArrow's."""
    pa = arrow()
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(source)
        names = list(file.schema_arrow.names)
        refuse_repeated(names, origin)
        chosen = chosen_of(names, wanted)
        return FileTable(file.read(columns=chosen), names)
    except pa.ArrowInvalid as error:
        raise DataError(
            message("{origin} is not a Parquet file: {error}.", origin=origin, error=error)
        ) from error


def _ipc(source: Any, origin: str, wanted: Collection[str] | None) -> FileTable:
    pa = arrow()
    from pyarrow import ipc

    try:
        table = ipc.open_file(source).read_all()
    except pa.ArrowInvalid:
        source.seek(0)
        try:
            table = ipc.open_stream(source).read_all()
        except pa.ArrowInvalid as error:
            raise DataError(
                message("{origin} is not an Arrow file: {error}.", origin=origin, error=error)
            ) from error
    refuse_repeated(table.column_names, origin)
    return FileTable(table.select(chosen_of(table.column_names, wanted)), list(table.column_names))


def chosen_of(names: Sequence[str], wanted: Collection[str] | None) -> list[str]:
    """The names that are wanted; all where none is."""
    chosen = [n for n in names if wanted is None or n in wanted]
    return chosen or list(names)


def _csv(content: bytes, origin: str, separator: str, wanted: Collection[str] | None) -> FileTable:
    pa = arrow()
    from pyarrow import csv

    names, separator = header_of(content, origin, separator)
    check_header(names, origin)
    chosen = chosen_of(names, wanted)
    single = (
        len(names) == 1
    )  # where an empty line is a missing value; among more columns it is a gap between rows
    if single and content.endswith((b"\n\n", b"\r\n\r\n")):
        content = content.rstrip(b"\r\n")
    try:
        table = csv.read_csv(
            pa.BufferReader(content),
            parse_options=csv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in content, ignore_empty_lines=not single
            ),
            convert_options=csv.ConvertOptions(
                include_columns=chosen,
                null_values=MISSING,
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(explain_failure(io.BytesIO(content), origin, separator, str(error))) from error
    if any(pa.types.is_binary(kind) for kind in table.schema.types):  # Arrow's way to say: not UTF-8
        raise DataError(
            explain_failure(io.BytesIO(content), origin, separator, message("it is not UTF-8 text"))
        )
    if not len(table):
        raise DataError(
            message("{origin} has a header ({names}) but no rows.", origin=origin, names=listing(names[:8]))
        )
    stray = b'"' in content if single else strays(content, content.find(b"\n"))
    return FileTable(table, names, None if stray else 2)


def strays(text: bytes, begin: int) -> bool:
    """Whether, from a place in the header or below it on, a row might not be a line of its own."""
    return any(text.find(mark, begin) >= 0 for mark in (b'"', b"\n\n", b"\n\r\n"))


__all__ = ["from_arrow", "read_files", "separator_of"]
