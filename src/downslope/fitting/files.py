"""Files -> ``Frame``: all rows at once. ``pages`` reads the same files a page at a time."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from downslope.errors import DataError, UsageError
from downslope.fitting.addresses import is_stored, stored_matches
from downslope.fitting.arrow_columns import from_arrow
from downslope.fitting.binary_pages import ArrowFile, ParquetFile
from downslope.fitting.file_kinds import (
    ARROW,
    JSON_LINES,
    PACKED,
    PARQUET,
    FileReader,
    chosen_of,
    endings_of,
    is_pipe,
    system_errors,
    unpacked,
)
from downslope.fitting.frame import Frame, Origin
from downslope.fitting.interruptible import interruptibly
from downslope.fitting.json_lines import JsonLinesFile
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.fitting.text_pages import TextFile
from downslope.messages import argument, listing, message

_GLOB = frozenset("*?[")


def read_files(
    path: str | Sequence[str], wanted: Collection[str] | None = None, asked: TextFormat = DETECTED
) -> Frame:
    """The table in a file, in all files that match a pattern, or on standard input (``-``).

    Args:
        path: one, or several whose rows follow one another; ``.csv``, ``.tsv``, ``.jsonl``
            (an object a line), ``.parquet``, ``.arrow`` or ``.feather``; text may end in ``.gz`` or ``.zst`` too.
        wanted: names of the columns that are needed, where that is known; the others are not read.
        asked: how text is to be read, where that is known.

    Raises:
        DataError: it does not exist, cannot be read, or is not a table; the line is named where there is one.
    """
    files, origin = open_files([path] if isinstance(path, str) else path, asked, whole=True)
    first = files[0]
    chosen = chosen_of(first.names, wanted, first.index)
    return interruptibly(partial(_frame, files, chosen, origin))


def open_files(paths: Sequence[str], asked: TextFormat, *, whole: bool) -> tuple[list[FileReader], Origin]:
    """The readers of files, which have the same columns, and what they are together.

    Args:
        paths: as for ``read_files``.
        asked: how text is to be read.
        whole: whether all rows are to be read at once.
    """
    matches = ["-"] if list(paths) == ["-"] else [match for path in paths for match in matches_of(path)]
    files = [opened(match, asked, whole=whole) for match in matches]
    if asked.given and not any(isinstance(file, TextFile) for file in files):
        raise UsageError(
            message(
                "{options} can be said of text files only, and {path} is none: convert its columns first.",
                options=listing(map(argument, asked.given), "and"),
                path=files[0].path,
            )
        )
    refuse_other_columns([(file.path, file.names) for file in files])
    if len(files) == 1:
        return files, files[0].path
    if len(paths) == 1:
        return files, message("{path} ({n} files)", path=paths[0], n=len(matches))
    return files, message("{path} and others ({n} files)", path=paths[0], n=len(matches))


def opened(path: str, asked: TextFormat = DETECTED, *, whole: bool = False) -> FileReader:
    """The reader of one file; ``whole`` as for ``open_files``."""
    if path == "-":
        return _standard_input(asked) if whole else TextFile(path, asked)
    kind, packed = endings_of(path)
    if kind in PARQUET:
        return ParquetFile(path)
    if kind in ARROW:
        return ArrowFile(path)
    if kind in JSON_LINES:
        return JsonLinesFile(path, packed, _all_of_pipe(path) if is_pipe(path) else None)
    return TextFile(path, asked, _all_of_pipe(path) if is_pipe(path) else None)


def _all_of_pipe(path: str) -> bytes:
    with system_errors(path), open(path, "rb") as pipe:
        return pipe.read()


def _standard_input(asked: TextFormat) -> FileReader:
    """What is piped in; its first bytes say whether it is packed, Parquet or Arrow, else it is text."""
    content, origin = sys.stdin.buffer.read(), "standard input"
    for magic, codec in PACKED.items():
        if content.startswith(magic):
            content = unpacked(content, codec, origin)
    if content.startswith(b"PAR1"):
        return ParquetFile(origin, content)
    if content.startswith(b"ARROW1"):
        return ArrowFile(origin, content)
    if content.lstrip()[:1] == b"{":
        return JsonLinesFile(origin, "", content)
    return TextFile(origin, asked, content)


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
    if is_stored(path):
        matches = stored_matches(path)
    else:
        matches = sorted(glob.glob(path)) if _GLOB & set(path) and not os.path.exists(path) else [path]
    if not matches:
        raise DataError(message("no file matches '{path}'.", path=path))
    return matches


def _frame(files: Sequence[FileReader], chosen: list[str], origin: Origin) -> Frame:
    import pyarrow as pa

    pages = [file.whole(chosen) for file in files]
    tables = [page.table for page in pages]
    try:
        whole = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
    ):  # numbers in one file, words in another: the words are to be named
        whole = pa.concat_tables([_as_text(table, tables) for table in tables], promote_options="permissive")
    frame = from_arrow(whole, origin, files[0].names, [page.source for page in pages])
    notes = dict.fromkeys(note for page in pages for note in page.notes)
    doubts = {name: doubt for page in pages for name, doubt in page.doubts.items()}
    return frame.told(tuple(notes), doubts)


def _as_text(table: Any, tables: Sequence[Any]) -> Any:
    """The table with those columns as text that are not of the same type in all tables."""
    import pyarrow as pa

    for i, name in enumerate(table.column_names):
        if len({str(other.column(name).type) for other in tables}) > 1:
            table = table.set_column(i, name, table.column(name).cast(pa.string()))
    return table


__all__ = ["matches_of", "open_files", "opened", "read_files"]
