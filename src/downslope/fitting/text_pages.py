"""CSV and TSV a block at a time, also packed, also from standard input."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from downslope.errors import DataError
from downslope.fitting.csv_faults import MISSING, check_header, explain_failure, header_of
from downslope.fitting.files import PACKED, SEPARATORS, arrow, endings_of, strays, system_errors
from downslope.messages import Message, message

BLOCK = 2 << 20  # bytes that are read at a time; PyArrow holds some fifty times as many
HEAD = 1 << 20  # bytes that say what kinds of columns there are
IN_MEMORY, UNPACKED = 4, 4  # bytes of memory for each of text, bytes of text for each of a packed file


class TextFile:
    """A file of text, or standard input (``-``), which can be read once.

    What a column holds is decided by its first rows: where these are numbers, all must be.

    Raises:
        DataError: it cannot be read, or is not a table.
    """

    def __init__(self, path: str) -> None:
        self.once, self.lines = path == "-", True
        self.path = "standard input" if self.once else path
        ending, self.packed = ("", "") if self.once else endings_of(path)
        self._input = _standard_input() if self.once else None
        with system_errors(self.path), self._opened() as stream:
            self._head = _head_of(stream)
        if self._input is not None:
            self._input.push_back(self._head)
        self.names, self.separator = header_of(self._head, self.path, SEPARATORS.get(ending, ""))
        check_header(self.names, self.path)
        self._kinds: dict[str, Any] | None = None

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold it; of standard input nobody knows."""
        return 0 if self.once else IN_MEMORY * (UNPACKED if self.packed else 1) * os.path.getsize(self.path)

    def batches(self, chosen: Sequence[str], rows: int) -> Iterator[Any]:
        """PyArrow tables of these columns; their length is that of a block, not ``rows``."""
        pa = arrow()
        from pyarrow import csv

        self.lines = True
        parse, convert = self._options(chosen)
        try:
            with system_errors(self.path), self._opened() as stream:
                watched = _Watched(stream)
                source = pa.PythonFile(watched, mode="r")
                options = csv.ReadOptions(block_size=BLOCK)
                for batch in csv.open_csv(source, options, parse, convert):
                    self.lines = watched.lines
                    if len(batch):
                        yield pa.Table.from_batches([batch])
        except pa.ArrowInvalid as error:
            raise DataError(self._explained(str(error))) from error

    def _options(self, chosen: Sequence[str]) -> tuple[Any, Any]:
        """(how to parse, how to convert): numbers as float64 throughout, as the head has them."""
        pa = arrow()
        from pyarrow import csv

        parse = csv.ParseOptions(delimiter=self.separator, newlines_in_values=True)
        given = {"include_columns": list(chosen), "null_values": MISSING, "strings_can_be_null": True}
        if self._kinds is None:
            whole = self._head[: self._head.rfind(b"\n") + 1] if len(self._head) >= HEAD else self._head
            convert = csv.ConvertOptions(**given)
            try:
                table = csv.read_csv(pa.BufferReader(whole), parse_options=parse, convert_options=convert)
            except pa.ArrowInvalid as error:
                raise DataError(self._explained(str(error))) from error
            if any(pa.types.is_binary(kind) for kind in table.schema.types):  # Arrow's way to say: not UTF-8
                raise DataError(self._explained(message("it is not UTF-8 text")))
            kinds = zip(table.column_names, table.schema.types, strict=True)
            self._kinds = {name: pa.float64() if _number(kind) else kind for name, kind in kinds}
        return parse, csv.ConvertOptions(**given, column_types=self._kinds)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The text as a stream of bytes, from the beginning."""
        if self._input is not None:
            yield self._input
        elif self.packed:
            with arrow().input_stream(self.path, compression=self.packed) as stream:
                yield stream
        else:
            with open(self.path, "rb") as file:
                yield file

    def _explained(self, reason: Message | str) -> Message:
        """The sentence for what PyArrow refused; standard input is gone by then but for its beginning."""
        numbers = [name for name, kind in (self._kinds or {}).items() if str(kind) == "double"]
        if self.once:
            return explain_failure(io.BytesIO(self._head), self.path, self.separator, reason, numbers=numbers)
        with system_errors(self.path), self._opened() as stream:
            return explain_failure(_lines_of(stream), self.path, self.separator, reason, numbers=numbers)


def _number(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind))


class _Input(io.RawIOBase):
    """A stream of which some bytes were read already."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.before = stream, b""

    def push_back(self, block: bytes) -> None:
        """Read these again first."""
        self.before = block + self.before

    def read(self, size: int = -1) -> bytes:
        if self.before:
            block, self.before = self.before[:size], self.before[size:]
            return block
        return bytes(self.stream.read(size))

    def readable(self) -> bool:
        return True


def _standard_input() -> _Input:
    """What is piped in, unpacked; its first bytes say whether it is packed.

    Raises:
        DataError: it is a kind of file that must be there as a whole.
    """
    source = _Input(sys.stdin.buffer)
    first = _read(source, 6)
    source.push_back(first)
    if first.startswith((b"PAR1", b"ARROW1")):
        raise DataError(
            message(
                "standard input is a Parquet or Arrow file, which cannot be read a piece at a time"
                " from there: save it, and give the file."
            )
        )
    for magic, codec in PACKED.items():
        if first.startswith(magic):
            pa = arrow()
            return _Input(pa.CompressedInputStream(pa.PythonFile(source, mode="r"), codec))
    return source


class _Watched:
    """A stream that looks out for rows which are not one line each."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.lines, self.closed = stream, True, False
        self._last: bytes | None = None  # None until the header is read

    def read(self, size: int = -1) -> bytes:
        block = _read(self.stream, size)
        begin = 0 if self._last is not None else block.find(b"\n")
        if begin >= 0:
            self.lines = self.lines and not strays((self._last or b"") + block, begin)
            self._last = block[-2:]
        return block

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return True


def _head_of(stream: Any) -> bytes:
    """The first lines."""
    head = _read(stream, HEAD)
    while len(head) >= HEAD and b"\n" not in head and (more := _read(stream, HEAD)):
        head += more
    return head


def _read(stream: Any, size: int) -> bytes:
    """So many bytes, or all that are left."""
    parts, got = [], 0
    while got < size and (part := stream.read(size - got)):
        parts.append(bytes(part))
        got += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _lines_of(stream: Any) -> Iterator[bytes]:
    rest = b""
    while block := _read(stream, BLOCK):
        *whole, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest
