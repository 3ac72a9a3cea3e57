"""Tables larger than memory: files -> their rows, a page at a time, as often as they are wanted.

Every page is a ``Frame`` that knows where in its file its rows stand, so that whatever looks at a table can look at
its pages one by one. PyArrow is imported here when a file is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Any

from downslope.errors import DataError, UsageError
from downslope.fitting.arrow_columns import from_arrow
from downslope.fitting.file_kinds import chosen_of
from downslope.fitting.files import open_files
from downslope.fitting.frame import Frame, RowSource
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.fitting.text_pages import TextFile
from downslope.messages import argument, message

PAGE_NUMBERS = 1 << 20  # numbers in a page, 8 MB of them
LEAST_ROWS = 1024  # in a page, however many columns there are


class Pages:
    """A table in files, read anew at every pass.

    Args:
        paths: one, or several whose rows follow one another; patterns are allowed, ``-`` is standard input.
        wanted: names of the columns that are needed, where that is known.
        asked: how text is to be read, where that is known.

    Attributes:
        origin: what it is, for messages.
        once: whether it can be read only once.
        passes: how often it was read to its end.
        pages, rows: how many that were, the last time.

    Raises:
        DataError: a file does not exist, cannot be read, or is not a table.
    """

    def __init__(
        self, paths: Sequence[str], wanted: Collection[str] | None = None, asked: TextFormat = DETECTED
    ) -> None:
        self.files, self.origin = open_files(paths, asked, whole=False)
        self.chosen = chosen_of(self.files[0].names, wanted, self.files[0].index)
        self.once = any(file.once for file in self.files)
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
        rows = max(LEAST_ROWS, PAGE_NUMBERS // len(self.chosen))
        for file in self.files:
            before = 0
            for table in file.batches(self.chosen, rows):
                for begin in range(0, len(table), rows):
                    part = table.slice(begin, rows)
                    line = None if file.first_line is None else before + file.first_line
                    source = RowSource(file.path, len(part), line, before, is_text=isinstance(file, TextFile))
                    frame = from_arrow(part, self.origin, file.names, [source])
                    yield frame.told(file.notes, file.doubts)
                    before += len(part)


def _ahead(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same, the next one being read while one is worked on.

    Whoever leaves early leaves this generator to the collector of garbage, which may end it at any moment, also within
    the locks of ``threading``: so nothing is waited for there, and no lock is taken that is not made for that.
    """
    asked: SimpleQueue[bool] = SimpleQueue()
    read: SimpleQueue[tuple[Frame | None, BaseException | None]] = SimpleQueue()
    Thread(target=_read_when_asked, args=(frames, asked, read), name="downslope-pages", daemon=True).start()
    asked.put(True)
    try:
        while True:
            frame, error = read.get()
            if error is not None:
                raise error
            if frame is None:
                return
            asked.put(True)
            yield frame
    finally:
        asked.put(False)


def _read_when_asked(frames: Iterator[Frame], asked: Any, read: Any) -> None:
    while asked.get():
        try:
            read.put((next(frames, None), None))
        except BaseException as error:
            read.put((None, error))
    close = getattr(frames, "close", None)
    if close is not None:
        close()
