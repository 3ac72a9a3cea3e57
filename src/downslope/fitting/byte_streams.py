"""Streams of bytes on their way to PyArrow."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, Literal

from downslope.fitting.csv_faults import QuoteWatch

BLOCK = 2 << 20  # bytes that are read at a time
HEAD = 1 << 20  # bytes that say how a text is written
LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r(?!\n)|\n)|[^\r\n]+")


class PushedBack:
    """A stream of which some bytes were read already."""

    closed = False

    def __init__(self, stream: Any) -> None:
        self.stream, self.before = stream, b""

    def push_back(self, block: bytes) -> None:
        """Read these again first."""
        self.before = block + self.before

    def read(self, size: int = -1) -> bytes:
        """So many bytes."""
        if self.before:
            block, self.before = self.before[:size], self.before[size:]
            return block
        return bytes(self.stream.read(size))

    def readable(self) -> bool:
        """As a file."""
        return True

    def close(self) -> None:
        """Nothing: it is not ours."""


class Watched:
    """A stream that looks at what goes by: rows that are not one line each, quotes, and what is not UTF-8.

    Args:
        stream: of bytes.
        separator: between values.

    Attributes:
        lines: whether each row seems to be a line of its own, so far; only looked at where ``paged`` is set.
        ends: how many lines there were, but for empty ones at the end.
        quoted: whether there were quotes.
        quotes: what was seen of these; looked at where ``paged`` is "once", as there is no second look.
        utf8: whether all of it is UTF-8.
    """

    def __init__(self, stream: Any, separator: str) -> None:
        self.stream, self.closed = stream, False
        self.paged: bool | Literal["once"] = False
        self.quoted = False
        self.quotes, self.lines, self.utf8, self.ends = QuoteWatch(separator), True, True, 0
        self._last, self._empty, self._open = b"", 0, False
        self._mark: bytes | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = read_exactly(self.stream, size)
        if block:
            self._look(block)
        return block

    def _look(self, block: bytes) -> None:
        if self.paged:
            self.lines = self.lines and not strays(self._last + block)
        if self.paged == "once":
            self.quotes.feed(block)
        self.quoted = self.quoted or b'"' in block
        self._count(block)
        if self.utf8 and not (block.isascii() and self._decoder.getstate()[0] == b""):
            try:
                self._decoder.decode(block)
            except UnicodeDecodeError:
                self.utf8 = False
        self._last = block[-2:]

    def _count(self, block: bytes) -> None:
        """Count the ends of lines; those behind the last text are kept apart."""
        if self._mark is None and (b"\n" in block or b"\r" in block):
            self._mark = b"\n" if b"\n" in block else b"\r"
        if self._mark is None:
            return
        end = len(block)
        while end and block[end - 1] in b"\r\n":
            end -= 1
        empty = block.count(self._mark, end)
        if end:
            self.ends += self._empty + block.count(self._mark) - empty
            self._empty = 0
        self._empty += empty

    @property
    def rows(self) -> int:
        """How many lines there were, if the last one had an end or not."""
        return self.ends + 1

    def close(self) -> None:
        """As a file."""
        self.closed = True

    def readable(self) -> bool:
        """As a file."""
        return True


class Joined:
    """Pieces of bytes as a file."""

    closed = False

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        parts, got = [self._rest], len(self._rest)
        for piece in self.pieces:
            parts.append(piece)
            got += len(piece)
            if 0 <= size <= got:
                break
        whole = b"".join(parts)
        cut = len(whole) if size < 0 else size
        self._rest = whole[cut:]
        return whole[:cut]

    def close(self) -> None:
        """As a file."""
        self.closed = True

    def readable(self) -> bool:
        """As a file."""
        return True


def strays(text: bytes) -> bool:
    """Whether a row might not be a line of its own."""
    return any(mark in text for mark in (b'"', b"\n\n", b"\n\r\n", b"\n#"))


def head_of(stream: Any, size: int) -> bytes:
    """The first lines, at least so many bytes."""
    head = read_exactly(stream, size)
    while len(head) >= size and not re.search(rb"[\r\n]", head) and (more := read_exactly(stream, size)):
        head += more
    return head


def read_exactly(stream: Any, size: int = -1) -> bytes:
    """So many bytes, or all that are left."""
    if size < 0:
        return bytes(stream.read())
    parts, got = [], 0
    while got < size and (part := stream.read(size - got)):
        parts.append(bytes(part))
        got += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def lines_of(stream: Any) -> Iterator[bytes]:
    """The lines of a stream, each with its end, whichever of the three kinds that is."""
    rest = b""
    while block := read_exactly(stream, BLOCK):
        *whole, rest = LINE.findall(rest + block)
        yield from whole
    if rest:
        yield from LINE.findall(rest)
