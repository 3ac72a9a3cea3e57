"""CSV and TSV, at once or a block at a time, also packed, also from standard input.

Whoever reads text comes by here: what it is (``TextLayout``) is found out once, from its beginning; what PyArrow makes
of the rows is then typed by ``typed``.
"""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from downslope.errors import DataError
from downslope.fitting.cells import MISSING, Doubt, NumberStyle, style_of
from downslope.fitting.csv_faults import QuoteWatch, explain_failure, quote_fault
from downslope.fitting.dialect import Dialect, dialect_of, rewritten
from downslope.fitting.encodings import Recoded, encoding_of, is_utf8, not_of_encoding
from downslope.fitting.file_kinds import (
    PACKED,
    SEPARATORS,
    FilePage,
    arrow,
    endings_of,
    packing,
    size_of,
    system_errors,
    unpacked,
)
from downslope.fitting.frame import EXACT, ColumnNote, RowSource, beyond_exact
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.messages import Message, listing, message

BLOCK = 2 << 20  # bytes that are read at a time; PyArrow holds some fifty times as many
HEAD = 1 << 20  # bytes that say what kinds of columns there are
IN_MEMORY, UNPACKED = 4, 4  # bytes of memory for each of text, bytes of text for each of a packed file
MARK = "\ufeff"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r(?!\n)|\n)|[^\r\n]+")


@dataclass
class TextLayout:
    """How a text is read.

    Attributes:
        path: for messages.
        asked: what a person said.
        encoding: of its bytes.
        dialect: how it holds its table.
        notes: on the whole.
    """

    path: str
    asked: TextFormat
    encoding: str
    dialect: Dialect
    notes: tuple[Message, ...]

    @classmethod
    def of(cls, head: bytes, whole: bool, path: str, asked: TextFormat, separator: str) -> TextLayout:
        """Of a text that begins so, or is so.

        Raises:
            DataError: it is no table.
        """
        encoding, said = encoding_of(head, whole, path, asked.encoding)
        text = _text(head, encoding, path)
        if not whole and (cut := max(text.rfind("\n"), text.rfind("\r"))) > 0:
            text = text[: cut + 1]
        dialect = dialect_of(text[:HEAD], path, asked, separator)
        notes = (*((said,) if said is not None else ()), *dialect.notes)
        return cls(path, asked, encoding, dialect, notes)

    def options(self, chosen: Sequence[str], kinds: Mapping[str, Any] | None = None) -> tuple[Any, Any, Any]:
        """How PyArrow is to read these columns of it: (reading, parsing, converting)."""
        from pyarrow import csv

        single = len(self.dialect.names) == 1
        separator = "," if self.dialect.rewritten else self.dialect.separator
        missing = [*MISSING, *self.asked.na_values]
        return (
            csv.ReadOptions(column_names=self.dialect.unique),
            csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=not single,
                invalid_row_handler=_skip_comments,
            ),
            csv.ConvertOptions(
                include_columns=list(chosen),
                null_values=missing,
                strings_can_be_null=True,
                decimal_point=self.dialect.decimal,
                column_types=kinds,
            ),
        )


def _text(head: bytes, encoding: str, path: str) -> str:
    """The beginning of a text, less a mark of its encoding; what is cut off within a character is left out."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head).removeprefix(MARK)
    except UnicodeDecodeError as error:
        line = len(_LINE.findall(head[: error.start] + b"x"))
        raise DataError(not_of_encoding(path, line, encoding, error)) from error


def _skip_comments(row: Any) -> str:
    """What PyArrow is to do with a row of another length."""
    return "skip" if row.text.lstrip().startswith("#") else "error"


def read_whole(content: bytes, layout: TextLayout, chosen: Sequence[str]) -> FilePage:
    """All rows of a text.

    Raises:
        DataError: it is no table; the line is named.
    """
    pa = arrow()
    from pyarrow import csv

    path, dialect = layout.path, layout.dialect
    content = _as_utf8(content, layout.encoding, path)
    begin = dialect.begin
    data: Any = memoryview(content)[begin:]
    if len(dialect.names) == 1 and content.endswith((b"\n\n", b"\r\n\r\n")):
        data = content[begin:].rstrip(b"\r\n")
    if dialect.rewritten:
        data = "".join(rewritten(_strings(content[begin:]), dialect)).encode()
    reading, parse, convert = layout.options(chosen)
    if not dialect.rewritten and b'"' not in content:
        parse.newlines_in_values = False  # faster, where it makes no difference
    try:
        table = csv.read_csv(pa.BufferReader(data), reading, parse, convert) if len(data) else None
    except pa.ArrowInvalid as error:
        raise DataError(explain_failure(_LINE.findall(content), path, dialect, str(error))) from error
    if table is None or not len(table):
        raise DataError(no_rows(path, dialect.columns))
    lines = _lines_in(content, begin) == len(table)
    if not lines and not dialect.rewritten:
        _refuse_unclosed(content, layout)
    styles, doubts = styles_of(table, layout)
    table, notes = typed(table, styles)
    large = [
        name for name in chosen if _rounded(table.column(name), lambda n=name: _as_text(data, layout, n))
    ]
    notes += [(name, beyond_exact(name)) for name in large]
    source = RowSource(path, len(table), dialect.first_line if lines else None)
    return FilePage(table, source, (*(("", note) for note in layout.notes), *notes), doubts)


def _refuse_unclosed(content: bytes, layout: TextLayout) -> None:
    """Raise DataError where a quote that is not closed took in the lines below it."""
    watch = QuoteWatch(layout.dialect.separator)
    watch.feed(content)
    if watch.doubtful and (fault := quote_fault(_strings(content), layout.dialect.separator, layout.path)):
        raise DataError(fault)


def _as_utf8(content: bytes, encoding: str, path: str) -> bytes:
    if is_utf8(encoding):
        return content
    return _text(content, encoding, path).encode() if encoding != "utf-8-sig" else content[3:]


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _strings(content: bytes) -> Iterator[str]:
    return (match.group().decode("utf-8", "replace") for match in _LINE.finditer(content))


def _lines_in(content: bytes, begin: int) -> int:
    """How many lines there are from this place on, but for empty ones at the end."""
    mark = b"\n" if content.find(b"\n", begin) >= 0 else b"\r"
    end = len(content)
    while end > begin and content[end - 1] in b"\r\n":
        end -= 1
    return content.count(mark, begin, end) + 1


def no_rows(path: str, names: Sequence[str]) -> Message:
    """The sentence for a table that is a header only."""
    return message("{path} has a header ({names}) but no rows.", path=path, names=listing(names[:8]))


def _rounded(column: Any, as_text: Any) -> bool:
    """Whether a column was written as whole numbers that a float64 does not hold."""
    pa = arrow()
    import pyarrow.compute as pc

    if not (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    ) or column.null_count == len(column):
        return False
    ends = pc.min_max(column).as_py()
    largest = max(abs(ends["min"]), abs(ends["max"]))
    if not largest > EXACT or largest == float("inf"):
        return False
    if pa.types.is_integer(column.type):
        return True
    return any(v and re.fullmatch(r"\s*[+-]?\d{16,}\s*", v) for v in as_text().to_pylist())


def _as_text(data: Any, layout: TextLayout, name: str) -> Any:
    pa = arrow()
    from pyarrow import csv

    reading, parse, convert = layout.options([name], {name: pa.string()})
    return csv.read_csv(pa.BufferReader(data), reading, parse, convert).column(0)


def styles_of(table: Any, layout: TextLayout) -> tuple[dict[str, NumberStyle], dict[str, Message]]:
    """How the columns of text are written that are numbers all the same; and what would decide it for others."""
    pa = arrow()
    styles, doubts = {}, {}
    for name in table.column_names:
        if not pa.types.is_string(table.column(name).type):
            continue
        found = style_of(table.column(name), layout.asked, layout.dialect.decimal, layout.dialect.separator)
        if isinstance(found, Doubt):
            doubts[name] = found.advice
        elif found is not None and found.fits(table.column(name)):
            styles[name] = found
    return styles, doubts


def typed(table: Any, styles: Mapping[str, NumberStyle]) -> tuple[Any, list[ColumnNote]]:
    """The table with those columns as numbers, and what is to be said of them."""
    notes: list[ColumnNote] = []
    for name, style in styles.items():
        table = table.set_column(table.column_names.index(name), name, style.numbers_of(table.column(name)))
        note = style.note(name)
        if note is not None:
            notes.append((name, note))
    return table, notes


class TextFile:
    """A file of text, or standard input (``-``), which can be read once.

    What a column holds is decided by its first rows: where these are numbers, all must be.

    Raises:
        DataError: it cannot be read, or is not a table.
    """

    index: tuple[str, ...] = ()

    def __init__(self, path: str, asked: TextFormat = DETECTED, content: bytes | None = None) -> None:
        self.once, self._content, self._asked = path == "-", content, asked
        self.path = "standard input" if self.once else path
        ending, self.packed = ("", "") if self.once or content is not None else endings_of(path)
        self._separator = SEPARATORS.get(ending, "")
        self._input = _standard_input() if self.once else None
        with system_errors(self.path), self._opened() as stream:
            head = _head_of(stream)
        if self._input is not None:
            self._input.push_back(head)
        self.layout = TextLayout.of(head, len(head) < HEAD, self.path, asked, self._separator)
        self.names = self.layout.dialect.columns
        self.first_line: int | None = self.layout.dialect.first_line
        self.notes: list[ColumnNote] = [("", note) for note in self.layout.notes]
        self.doubts: dict[str, Message] = {}
        with self._utf8(head) as stream:
            self._head = _head_of(stream)
        self._above = self._head[: self.layout.dialect.begin]
        self._kinds: dict[str, Any] | None = None
        self._styles: dict[str, NumberStyle] = {}
        self._whole: set[str] = set()
        self._looked = False

    def needs(self, chosen: Sequence[str]) -> int:
        """About how many bytes it takes to hold it; of standard input nobody knows."""
        return 0 if self.once else IN_MEMORY * (UNPACKED if self.packed else 1) * size_of(self.path)

    def whole(self, chosen: Sequence[str]) -> FilePage:
        """All rows, whose kinds are decided by all of them."""
        content = self._content
        if content is None:
            with system_errors(self.path), open(self.path, "rb") as file:
                content = file.read()
            if self.packed:
                content = unpacked(content, self.packed, self.path)
        if is_utf8(self.layout.encoding) and not _is_utf8(content) and self._asked.encoding is None:
            layout = TextLayout.of(
                content, True, self.path, self._asked, self._separator
            )  # its beginning was ASCII
            return read_whole(content, layout, chosen)
        return read_whole(content, self.layout, chosen)

    def batches(self, chosen: Sequence[str], rows: int) -> Iterator[Any]:
        """PyArrow tables of these columns; their length is that of a block, not ``rows``."""
        pa = arrow()
        from pyarrow import csv

        self.first_line = None if self.layout.dialect.rewritten else self.layout.dialect.first_line
        reading, parse, convert = self._options(chosen)
        reading.block_size = BLOCK
        try:
            with system_errors(self.path), self._utf8() as stream:
                above = _read(stream, len(self._above))
                if above != self._above:
                    raise DataError(
                        message(
                            "{path} has changed while it was read: its first lines are others now.",
                            path=self.path,
                        )
                    )
                watched = _Watched(stream, QuoteWatch(self.layout.dialect.separator))
                source = pa.PythonFile(self._rewritten(watched), mode="r")
                for batch in csv.open_csv(source, reading, parse, convert):
                    self.first_line = self.first_line if watched.lines else None
                    if len(batch):
                        yield self._typed(pa.Table.from_batches([batch]))
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise DataError(self._explained(str(error))) from error
        self._look_at_quotes(watched.quotes)

    def _rewritten(self, watched: _Watched) -> Any:
        if not self.layout.dialect.rewritten:
            return watched
        lines = (line.decode() for line in _lines_of(watched))
        return _Joined(line.encode() for line in rewritten(lines, self.layout.dialect))

    def _look_at_quotes(self, quotes: QuoteWatch) -> None:
        """Raise DataError where a quote took in lines below it; a second reading is needed to say where."""
        if self._looked or not quotes.doubtful or self.layout.dialect.rewritten:
            return
        self._looked = True
        if self.once:
            raise DataError(message("{path} has a quote that is not closed.", path=self.path))
        with system_errors(self.path), self._utf8() as stream:
            lines = (line.decode("utf-8", "replace") for line in _lines_of(stream))
            fault = quote_fault(lines, self.layout.dialect.separator, self.path)
        if fault is not None:
            raise DataError(fault)

    def _typed(self, table: Any) -> Any:
        for name, style in self._styles.items():
            if name in table.column_names and not style.fits(table.column(name)):
                raise DataError(self._explained(message("column '{name}' is not numbers", name=name)))
        for name in self._whole & set(table.column_names):
            if _rounded(table.column(name), lambda: arrow().array(["9" * 17])):
                self._whole.discard(name)
                self.notes.append((name, beyond_exact(name)))
        return typed(table, {n: s for n, s in self._styles.items() if n in table.column_names})[0]

    def _options(self, chosen: Sequence[str]) -> tuple[Any, Any, Any]:
        """How to read, parse and convert: numbers as float64 throughout, as the head has them."""
        pa = arrow()
        if self._kinds is None:
            table = self._table_of_head(chosen)
            self._styles, self.doubts = styles_of(table, self.layout)
            self.notes += [
                (n, note) for n, style in self._styles.items() if (note := style.note(n)) is not None
            ]
            kinds = list(zip(table.column_names, table.schema.types, strict=True))
            self._kinds = {name: pa.float64() if _number(kind) else kind for name, kind in kinds}
            self._whole = {name for name, kind in kinds if pa.types.is_integer(kind)}
            self.notes += [(name, beyond_exact(name)) for name in self._written_beyond(table)]
        return self.layout.options(chosen, self._kinds)

    def _written_beyond(self, table: Any) -> list[str]:
        """The columns that hold whole numbers too long even for 64 bits."""
        data, layout = self._rows_of_head(), self.layout
        types = arrow().types
        columns = {
            name: table.column(name)
            for name in table.column_names
            if types.is_floating(table.column(name).type)
        }
        return [n for n, column in columns.items() if _rounded(column, lambda n=n: _as_text(data, layout, n))]

    def _rows_of_head(self) -> bytes:
        dialect = self.layout.dialect
        data = self._head[dialect.begin :]
        if len(self._head) >= HEAD:
            data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
        return "".join(rewritten(_strings(data), dialect)).encode() if dialect.rewritten else data

    def _table_of_head(self, chosen: Sequence[str]) -> Any:
        pa = arrow()
        from pyarrow import csv

        data = self._rows_of_head()
        if not data.strip():
            raise DataError(no_rows(self.path, self.names))
        try:
            table = csv.read_csv(pa.BufferReader(data), *self.layout.options(chosen))
        except pa.ArrowInvalid as error:
            raise DataError(self._explained(str(error))) from error
        if any(pa.types.is_binary(kind) for kind in table.schema.types):  # Arrow's way to say: not UTF-8
            raise DataError(self._explained(message("it is not UTF-8 text")))
        return table

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The text as a stream of bytes, from the beginning."""
        if self._input is not None:
            yield self._input
        elif self._content is not None:
            yield io.BytesIO(self._content)
        elif self.packed:
            pa = arrow()
            with (
                packing(self.packed, self.path),
                pa.input_stream(self.path, compression=self.packed) as stream,
            ):
                yield stream
        else:
            with open(self.path, "rb") as file:
                yield file

    @contextmanager
    def _utf8(self, head: bytes | None = None) -> Iterator[Any]:
        """The same in UTF-8, without a mark; or ``head`` so, which has the first bytes."""
        with self._opened() if head is None else _held(head) as stream:
            if is_utf8(self.layout.encoding):
                yield stream
            else:
                yield Recoded(stream, self.layout.encoding, self.path)

    def _explained(self, reason: Message | str) -> Message:
        """The sentence for what PyArrow refused; standard input is gone by then but for its beginning."""
        numbers: dict[str, NumberStyle | None] = dict(self._styles)
        numbers |= {name: None for name, kind in (self._kinds or {}).items() if str(kind) == "double"}
        dialect = self.layout.dialect
        if self.once:
            return explain_failure(_LINE.findall(self._head), self.path, dialect, reason, numbers=numbers)
        with system_errors(self.path), self._utf8() as stream:
            return explain_failure(_lines_of(stream), self.path, dialect, reason, numbers=numbers)


def _number(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind))


@contextmanager
def _held(head: bytes) -> Iterator[Any]:
    yield io.BytesIO(head)


class _Input:
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
    """A stream that looks out for rows which are not one line each, and for quotes that are not closed."""

    def __init__(self, stream: Any, quotes: QuoteWatch) -> None:
        self.stream, self.lines, self.closed, self.quotes = stream, True, False, quotes
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = _read(self.stream, size)
        self.lines = self.lines and not strays(self._last + block)
        self.quotes.feed(block)
        self._last = block[-2:] or self._last
        return block

    def close(self) -> None:
        """As a file."""
        self.closed = True

    def readable(self) -> bool:
        """As a file."""
        return True


class _Joined:
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


def _head_of(stream: Any) -> bytes:
    """The first lines."""
    head = _read(stream, HEAD)
    while len(head) >= HEAD and not re.search(rb"[\r\n]", head) and (more := _read(stream, HEAD)):
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
        *whole, rest = _LINE.findall(rest + block)
        yield from whole
    if rest:
        yield from _LINE.findall(rest)
