"""Tables larger than memory: files -> their rows, a page at a time, as often as they are wanted.

Every page is a ``Frame`` that knows where in its file its rows stand, so that whatever looks at a table can look at
its pages one by one. PyArrow is imported here when a file is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from downslope.errors import DataError, UsageError
from downslope.fitting.binary_pages import ArrowFile, ParquetFile
from downslope.fitting.files import (
    ARROW,
    PARQUET,
    chosen_of,
    endings_of,
    from_arrow,
    matches_of,
    refuse_other_columns,
)
from downslope.fitting.frame import Frame, Origin, RowSource
from downslope.fitting.text_pages import TextFile
from downslope.messages import argument, message

PAGE_NUMBERS = 1 << 20  # numbers in a page, 8 MB of them


class Readable(Protocol):
    """A file that gives its rows some at a time."""

    path: str
    names: list[str]
    once: bool
    lines: bool  # whether each row is a line, as far as it was read

    def batches(self, chosen: Sequence[str], rows: int) -> Iterator[Any]:
        """PyArrow tables of these columns, of about so many rows."""

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes of memory it takes to hold these columns and fit them."""


class Pages:
    """A table in files, read anew at every pass.

    Args:
        paths: one, or several whose rows follow one another; patterns are allowed, ``-`` is standard input.
        wanted: names of the columns that are needed, where that is known.

    Attributes:
        origin: what it is, for messages.
        once: whether it can be read only once.
        passes: how often it was read to its end.
        pages, rows: how many that were, the last time.

    Raises:
        DataError: a file does not exist, cannot be read, or is not a table.
    """

    def __init__(self, paths: Sequence[str], wanted: Collection[str] | None = None) -> None:
        matches = ["-"] if list(paths) == ["-"] else [match for path in paths for match in matches_of(path)]
        self.files = [_opened(match) for match in matches]
        refuse_other_columns([(file.path, file.names) for file in self.files])
        self.chosen = chosen_of(self.files[0].names, wanted)
        self.once = any(file.once for file in self.files)
        self.origin: Origin = self.files[0].path
        if len(matches) > 1:
            self.origin = message("{path} ({n} files)", path=paths[0], n=len(matches))
        self.passes = self.pages = self.rows = 0
        self._started = False
        self._begun: Iterator[Frame] | None = None
        self._first: Frame | None = None

    def first(self) -> Frame:
        """The first page; the next pass begins with it."""
        if self._first is None:
            self._begun = self._pass()
            self._first = next(self._begun)
        return self._first

    @property
    def needs(self) -> int:
        """About how many bytes of memory it takes to hold the table and fit it."""
        return sum(file.needs(self.chosen) for file in self.files)

    def __iter__(self) -> Iterator[Frame]:
        if self._begun is None or self._first is None:
            yield from self._pass()
            return
        first, rest = self._first, self._begun
        self._first = self._begun = None
        yield first
        yield from rest

    def _pass(self) -> Iterator[Frame]:
        if self.once and self._started:
            raise UsageError(
                message(
                    "{origin} can be read only once, and this needs it again. Save it as a file, or have"
                    " it read into memory ({option}).",
                    origin=self.origin,
                    option=argument("stream", False),
                )
            )
        self._started, pages, rows = True, 0, 0
        for frame in _ahead(self._frames()):
            pages, rows = pages + 1, rows + frame.rows
            yield frame
        self.passes, self.pages, self.rows = self.passes + 1, pages, rows
        if not pages:
            raise DataError(message("{origin} has no rows.", origin=self.origin))

    def _frames(self) -> Iterator[Frame]:
        rows = max(1024, PAGE_NUMBERS // len(self.chosen))
        for file in self.files:
            before = 0
            for table in file.batches(self.chosen, rows):
                for begin in range(0, len(table), rows):
                    part = table.slice(begin, rows)
                    line = before + 2 if file.lines else None
                    yield from_arrow(
                        part, self.origin, file.names, [RowSource(file.path, len(part), line, before)]
                    )
                    before += len(part)


def _opened(path: str) -> Readable:
    if path == "-":
        return TextFile(path)
    kind = endings_of(path)[0]
    if kind in PARQUET:
        return ParquetFile(path)
    if kind in ARROW:
        return ArrowFile(path)
    return TextFile(path)


def _ahead(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same, the next one being read while one is worked on."""
    with ThreadPoolExecutor(1, "downslope-pages") as reader:
        coming = reader.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = reader.submit(next, frames, None)
            yield frame
