"""Tables larger than memory: files -> their rows, a page at a time, as often as they are wanted.

Every page is a ``Frame`` that knows where in its file its rows stand, so that whatever looks at a table can look at
its pages one by one. Pages belong to partitions, which can be read in any order, and by other processes: these get the
``Pages`` pickled, and open the files where they are. PyArrow is imported here when a file is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from queue import SimpleQueue
from threading import Thread
from typing import Any

from downslope.errors import DataError, UsageError
from downslope.fitting.arrow_columns import from_arrow
from downslope.fitting.file_kinds import FileReader, arrow, chosen_of
from downslope.fitting.files import open_files, opened
from downslope.fitting.frame import Frame, RowSource
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.fitting.text_pages import TextFile
from downslope.messages import Message, argument, message

PAGE_NUMBERS = 1 << 20  # numbers in a page, 8 MB of them
LEAST_ROWS = 1024  # in a page, however many columns there are
PARTITION_NUMBERS = 1 << 23  # numbers in a partition of a file that can be cut, about


@dataclass(frozen=True)
class Partition:
    """Rows of a file that are read together: a whole file, or some row groups of Parquet, which follow one another.

    How a table is cut is decided by its files and the columns that are read, by nothing else.

    Attributes:
        number: its place in the table.
        file: the place of its file.
        path: of its file.
        pieces: which row groups; None for the whole file.
        before: rows of the file that come before it.
        rows: how many it has, where that is known before it is read.
    """

    number: int
    file: int
    path: str
    pieces: range | None = None
    before: int = 0
    rows: int | None = None

    @property
    def named(self) -> Message:
        """It, for a person: the file, and which rows of it."""
        if self.rows is None:
            return message("{path}", path=self.path)
        return message(
            "{path}, rows {first:,} to {last:,}",
            path=self.path,
            first=self.before + 1,
            last=self.before + self.rows,
        )


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
        files, self.origin = open_files(paths, asked, whole=False)
        self.files: list[FileReader | None] = list(files)
        self.paths = [file.path for file in files]
        self.chosen = chosen_of(files[0].names, wanted, files[0].index)
        self.once = any(file.once for file in files)
        self.asked, self.page_rows = asked, max(LEAST_ROWS, PAGE_NUMBERS // len(self.chosen))
        self.passes = self.pages = self.rows = 0
        self._started = False
        self._begun: tuple[int, Frame, Iterator[Frame]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """For another process: where the files are and how they are cut, nothing that is open."""
        known = {**self.__dict__, "partitions": self.partitions, "files": [None] * len(self.files)}
        return {**known, "_begun": None}

    @cached_property
    def partitions(self) -> tuple[Partition, ...]:
        """What the table is cut into."""
        most, cut = max(1, PARTITION_NUMBERS // len(self.chosen)), list[Partition]()
        for place, path in enumerate(self.paths):
            pieces, first, before, rows = self._file(place).pieces(), 0, 0, 0
            if pieces is None or sum(pieces) <= most:
                known = None if pieces is None else sum(pieces)
                cut.append(Partition(len(cut), place, path, None, 0, known))
                continue
            for i, more in enumerate(pieces):
                rows += more
                if rows >= most or i == len(pieces) - 1:
                    cut.append(Partition(len(cut), place, path, range(first, i + 1), before, rows))
                    first, before, rows = i + 1, before + rows, 0
        return tuple(cut)

    @property
    def known_rows(self) -> int | None:
        """How many rows there are, where that is known before they are read."""
        rows = [partition.rows for partition in self.partitions]
        return None if None in rows else sum(n for n in rows if n is not None)

    def first(self) -> Frame:
        """The first page; the next pass begins with it.

        Raises:
            DataError: there is none.
        """
        if self._begun is None:
            for partition in self.partitions:
                rest = self.frames_of(partition)
                frame = next(rest, None)
                if frame is not None:
                    self._begun = partition.number, frame, rest
                    break
            else:
                raise DataError(message("{origin} has no rows.", origin=self.origin))
        return self._begun[1]

    def look(self) -> Frame:
        """The first page, and nothing that stays open or is read ahead: others read the table, from its beginning.

        Raises:
            DataError: there is none.
        """
        for partition in self.partitions:
            frames = self._frames(partition)
            frame = next(frames, None)
            if frame is not None:
                frames.close()
                arrow().default_memory_pool().release_unused()
                return frame
        raise DataError(message("{origin} has no rows.", origin=self.origin))

    @property
    def needs(self) -> int:
        """About how many bytes of memory it takes to hold the table and fit it."""
        return sum(self._file(i).needs(self.chosen) for i in range(len(self.files)))

    def __iter__(self) -> Iterator[Frame]:
        pages = rows = 0
        for partition in self.partitions:
            for frame in self.frames_of(partition):
                pages, rows = pages + 1, rows + frame.rows
                yield frame
        self.count_pass(pages, rows)

    def count_pass(self, pages: int, rows: int) -> None:
        """Be told that all partitions were gone over.

        Raises:
            DataError: there was no row.
        """
        self.passes, self.pages, self.rows = self.passes + 1, pages, rows
        if not pages:
            raise DataError(message("{origin} has no rows.", origin=self.origin))

    def frames_of(self, partition: Partition) -> Iterator[Frame]:
        """The pages of one partition, the next one being read while one is worked on.

        Raises:
            DataError: the file cannot be read, or has changed.
            UsageError: it can be read only once, and was.
        """
        if self._begun is not None and partition.number <= self._begun[0]:
            number, frame, rest = self._begun
            if partition.number < number:
                return iter(())
            self._begun = None
            return _and_then(frame, rest)
        if self.once and self._started:
            raise UsageError(
                message(
                    "{origin} can be read only once, and this needs it again. Save it as a file, or have"
                    " it read into memory ({option}).",
                    origin=self.origin,
                    option=argument("stream", False),
                )
            )
        self._started = True
        return _ahead(self._frames(partition))

    def _file(self, place: int) -> FileReader:
        """The reader of a file, opened where it is not."""
        known = self.files[place]
        if known is None:
            known = self.files[place] = opened(self.paths[place], self.asked)
        return known

    def _frames(self, partition: Partition) -> Generator[Frame, None, None]:
        file, before, pieces, rows = (
            self._file(partition.file),
            partition.before,
            partition.pieces,
            self.page_rows,
        )
        if pieces is not None:
            now = file.pieces() or ()
            if sum(now[: pieces.start]) != before or sum(now[pieces.start : pieces.stop]) != partition.rows:
                raise DataError(message("{path} has changed while it was read.", path=partition.path))
        for table in file.batches(self.chosen, rows, pieces):
            for begin in range(0, len(table), rows):
                part = table.slice(begin, rows)
                line = None if file.first_line is None else before + file.first_line
                source = RowSource(file.path, len(part), line, before, is_text=isinstance(file, TextFile))
                frame = from_arrow(part, self.origin, file.names, [source])
                yield frame.told(file.notes, file.doubts)
                before += len(part)


def _and_then(frame: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield frame
    del frame  # it need not stay while the others are read
    yield from rest


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
