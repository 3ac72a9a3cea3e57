"""What kinds of files there are, and what a reader of each gives."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from downslope.errors import DataError, MissingExtraError
from downslope.files import system_reason
from downslope.fitting.addresses import name_of
from downslope.fitting.cells import Doubt
from downslope.fitting.foreign_kinds import LOOKED_AT, refuse_foreign
from downslope.fitting.frame import ColumnNote, RowSource
from downslope.messages import message

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bz2"}
SEPARATORS = {".csv": "", ".txt": "", ".tsv": "\t", ".tab": "\t", ".dat": "", "": ""}
JSON_LINES = (".jsonl", ".ndjson")
PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc", ".arrows")
PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
}  # the first bytes of what is packed


@dataclass(frozen=True)
class FilePage:
    """Some rows of a file, or all.

    Attributes:
        table: of PyArrow.
        source: where they stand.
        notes: how columns were read ("" is the table).
        doubts: what would decide whether a column of text is numbers, by its name.
    """

    table: Any
    source: RowSource
    notes: tuple[ColumnNote, ...] = ()
    doubts: Mapping[str, Doubt] = field(default_factory=dict)


class FileReader(Protocol):
    """A file that gives its rows at once or some at a time.

    Attributes:
        path: what it is called.
        names: of its columns.
        index: of those that are the rows' index, which are data only where they are named.
        once: whether it can be read once only.
        first_line: of the rows, as far as it was read; None where a row is not a line.
        notes: how it is read; they grow while it is.
        doubts: see ``FilePage``.
    """

    path: str
    names: list[str]
    index: tuple[str, ...]
    once: bool
    first_line: int | None
    notes: list[ColumnNote]
    doubts: dict[str, Doubt]

    def whole(self, chosen: Sequence[str]) -> FilePage:
        """All rows of these columns."""

    def batches(self, chosen: Sequence[str], rows: int, pieces: range | None = None) -> Iterator[Any]:
        """PyArrow tables of these columns, of about so many rows: of all pieces of the file, or of these."""

    def pieces(self) -> Sequence[int] | None:
        """How many rows each piece has that can be read by itself; None for a file that is read from its beginning."""

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes of memory it takes to hold these columns and fit them."""


def arrow() -> Any:
    """PyArrow.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError(message("PyArrow is needed to read files: pip install pyarrow")) from error
    return pyarrow


def endings_of(path: str) -> tuple[str, str]:
    """(kind of file, how it is packed or nothing) by the endings of its name.

    Raises:
        DataError: it is a folder, a device, or of a kind that cannot be read.
    """
    if os.path.isdir(path):
        raise DataError(
            message(
                "{path} is a folder; name a file in it, or a pattern such as {folder}/*.csv.",
                path=path,
                folder=path.rstrip("/"),
            )
        )
    _refuse_device(path)
    suffixes = [s.lower() for s in Path(name_of(path)).suffixes]
    packed = COMPRESSED[suffixes.pop()] if suffixes and suffixes[-1] in COMPRESSED else ""
    ending = suffixes[-1] if suffixes else ""
    known = ending in SEPARATORS or ending in (*PARQUET, *ARROW, *JSON_LINES)
    if not known and os.path.exists(path):  # that there is none is to be said first
        _refuse_foreign_file(path)
        raise DataError(
            message(
                "{path} ends in '{ending}'; .csv, .tsv, .txt, .jsonl, .parquet, .arrow and .feather can be"
                " read (text also as .gz, .zst).",
                path=path,
                ending=ending,
            )
        )
    return ending, packed


def _refuse_foreign_file(path: str) -> None:
    """Raise DataError that says what a file is, where its first bytes tell it."""
    if not is_pipe(path):
        with system_errors(path), open(path, "rb") as file:
            refuse_foreign(file.read(LOOKED_AT), path)


def _refuse_device(path: str) -> None:
    """Raise DataError for what never ends, such as /dev/zero; a pipe or a terminal does."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return  # to be said when it is opened
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not _is_terminal(path)):
        raise DataError(message("{path} is a device, not a file.", path=path))


def _is_terminal(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def is_pipe(path: str) -> bool:
    """Whether it can be read once only, as what ``<(...)`` gives."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False  # to be said when it is opened


@contextmanager
def system_errors(path: str) -> Iterator[None]:
    """What the system says about a file, as a DataError."""
    try:
        yield
    except DataError:  # which is an OSError too
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "null" not in str(
            error
        ):  # only that of a path with a NUL is the system's
            raise
        raise DataError(
            message(
                "{path} cannot be read: {reason}.",
                path=path,
                reason=system_reason(error),
            )
        ) from error


@contextmanager
def damage(path: str, kind: Literal["Parquet", "Arrow"]) -> Iterator[None]:
    """Whatever goes wrong within PyArrow while it reads a file, as a DataError.

    Lengths and types in a damaged file can be anything, and so can the exceptions that come of them.
    """
    try:
        yield
    except (DataError, MissingExtraError):
        raise
    except (Exception, MemoryError) as error:
        reason = first_line(error)
        raise DataError(
            message("{path} is not a Parquet file, or is damaged: {reason:.200}.", path=path, reason=reason)
            if kind == "Parquet"
            else message(
                "{path} is not an Arrow file, or is damaged: {reason:.200}.", path=path, reason=reason
            )
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of what it says, or its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def chosen_of(names: Sequence[str], wanted: Collection[str] | None, index: Sequence[str] = ()) -> list[str]:
    """The names that are wanted, an index only where it is named; all but the index where none is."""
    if wanted is None:
        return list(names)
    plain = {unicodedata.normalize("NFKC", name) for name in wanted}
    chosen = [n for n in names if unicodedata.normalize("NFKC", n) in plain]
    named = [n for n in index if unicodedata.normalize("NFKC", n) in plain and n not in names]
    return chosen + named or list(names)


@contextmanager
def packing(codec: str, path: str) -> Iterator[None]:
    """What goes wrong while something packed is unpacked, as a DataError."""
    pa = arrow()
    try:
        yield
    except DataError:
        raise
    except (OSError, pa.ArrowException, MemoryError) as error:
        if isinstance(error, OSError) and error.errno is not None and error.strerror:
            raise  # the system's, such as that there is no such file
        raise DataError(
            message("{path} is not whole {codec} data: {error}.", path=path, codec=codec, error=error)
        ) from error


def unpacked(content: bytes, codec: str, path: str) -> bytes:
    """What is packed in these bytes."""
    pa = arrow()
    with packing(codec, path), pa.input_stream(pa.BufferReader(content), compression=codec) as stream:
        return bytes(stream.read())
