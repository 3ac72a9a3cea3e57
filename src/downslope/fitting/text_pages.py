"""CSV and TSV, at once or a block at a time, also packed, also from standard input.

Whoever reads text comes by here: how it is written (``TextLayout``) is found out once, from its beginning; what PyArrow
makes of the rows is then typed by ``typed``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from downslope.errors import DataError
from downslope.fitting.addresses import open_arrow, open_bytes, size_of
from downslope.fitting.byte_streams import (
    BLOCK,
    HEAD,
    LINE,
    Joined,
    Watched,
    head_of,
    lines_of,
    read_exactly,
)
from downslope.fitting.cells import Doubt, NumberStyle
from downslope.fitting.csv_faults import QuoteWatch, breaks_within, explain_failure, quote_fault
from downslope.fitting.encodings import Recoded, is_utf8
from downslope.fitting.file_kinds import (
    SEPARATORS,
    FilePage,
    arrow,
    endings_of,
    packing,
    system_errors,
)
from downslope.fitting.foreign_kinds import refuse_foreign
from downslope.fitting.frame import ColumnNote, RowSource, beyond_exact
from downslope.fitting.rewriting import rewritten
from downslope.fitting.standard_input import standard_input
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.fitting.text_layout import TextLayout, no_rows, rounded, styles_of, typed
from downslope.messages import Message, message

IN_MEMORY, UNPACKED = 4, 4  # bytes of memory for each of text, bytes of text for each of a packed file


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
        self._input = standard_input() if self.once else None
        with system_errors(self.path), self._opened() as stream:
            head = head_of(stream, HEAD)
        refuse_foreign(head, self.path)
        if self._input is not None:
            self._input.push_back(head)
        self.layout = TextLayout.of(head, self.path, asked, whole=len(head) < HEAD, separator=self._separator)
        self.names = self.layout.dialect.columns
        self.first_line: int | None = self.layout.dialect.first_line
        self.notes: list[ColumnNote] = [("", note) for note in self.layout.notes]
        self.doubts: dict[str, Doubt] = {}
        with self._utf8(head) as stream:
            self._head = head_of(stream, HEAD)
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
        table, watched = self._read_all(chosen)
        if watched is not None and not watched.utf8 and self._may_be_other:
            with system_errors(self.path), self._opened() as stream:  # its beginning was ASCII
                content = read_exactly(stream)
            self.layout = TextLayout.of(
                content, self.path, self._asked, whole=True, separator=self._separator
            )
            table, watched = self._read_all(chosen)
        if table is None or not len(table):
            raise DataError(no_rows(self.path, self.names))
        dialect = self.layout.dialect
        lines = not dialect.rewritten and (watched is None or watched.rows == len(table))
        if not lines and watched is not None and watched.quoted:
            self._look_at_quotes()
        styles, self.doubts = styles_of(table, self.layout)
        table, notes = typed(table, styles)
        large = [n for n in chosen if rounded(table.column(n), partial(self._column_as_text, n))]
        notes += [(name, beyond_exact(name)) for name in large]
        check = partial(_rows_are_lines, self.path, self._asked, len(table)) if watched is None else None
        source = RowSource(
            self.path, len(table), dialect.first_line if lines else None, check=check, is_text=True
        )
        return FilePage(table, source, (*(("", note) for note in self.layout.notes), *notes), self.doubts)

    @property
    def lines(self) -> int:
        """How many lines there are from the first row of data on, but for empty ones at the end."""
        return self._seen().rows

    @property
    def _may_be_other(self) -> bool:
        """Whether the encoding was only taken to be UTF-8."""
        return is_utf8(self.layout.encoding) and self._asked.encoding is None

    @property
    def _native(self) -> bool:
        """Whether PyArrow can read the file by itself, which is faster than through our hands."""
        plain = self._content is None and not self.once and not self.packed
        dialect = self.layout.dialect
        return plain and is_utf8(self.layout.encoding) and not dialect.rewritten and len(dialect.names) > 1

    def _read_all(
        self, chosen: Sequence[str], kinds: Mapping[str, Any] | None = None, *, within: bool = False
    ) -> tuple[Any, Watched | None]:
        """All rows as PyArrow has them (None where there are none), and what was seen of the text.

        What was seen is None where there is nothing to see: UTF-8 without quotes. ``within`` says that there are line
        breaks within quotes.
        """
        pa = arrow()
        from pyarrow import csv

        reading, parse, convert = self.layout.options(chosen, kinds)
        dialect, table = self.layout.dialect, None
        parse.newlines_in_values = within or dialect.rewritten or breaks_within(self._head[dialect.begin :])
        with system_errors(self.path), self._source() as (source, watched):
            try:
                table = csv.read_csv(source, reading, parse, convert)
            except pa.ArrowInvalid as error:
                watched = self._seen() if watched is None else watched
                if "Empty CSV" in str(error) or (not watched.utf8 and self._may_be_other):
                    return None, watched
                if not watched.quoted or parse.newlines_in_values:
                    raise DataError(self._explained(str(error))) from error
        if watched is None and table is not None and (_has_binary(table) or self._has_quotes()):
            watched = self._seen()  # binary is PyArrow's way to say that it is not UTF-8
        # PyArrow is a third faster where no line break stands within quotes, and then every row is a line.
        again = watched is not None and watched.quoted and (table is None or watched.rows != len(table))
        if again and not parse.newlines_in_values:
            return self._read_all(chosen, kinds, within=True)
        return table, watched

    @contextmanager
    def _source(self) -> Iterator[tuple[Any, Watched | None]]:
        """The rows of data for PyArrow, and who watches them; nobody where it reads them by itself."""
        pa = arrow()
        if self._native:
            with open_arrow(self.path) as file:
                self._refuse_other_head(file.read(len(self._above)))
                yield file, None
            return
        with self._data() as watched:
            source: Any = self._rewritten(watched)
            if len(self.layout.dialect.names) == 1 and source is watched:
                # An empty line is a missing value here, but not at the end.
                source = Joined(iter([read_exactly(watched).rstrip(b"\r\n")]))
            yield pa.PythonFile(source, mode="r"), watched

    def _seen(self) -> Watched:
        """What there is to see of the rows of data, all of them."""
        with system_errors(self.path), self._data() as watched:
            while watched.read(BLOCK):
                pass
        return watched

    def _has_quotes(self) -> bool:
        with system_errors(self.path), open_bytes(self.path) as file:
            file.seek(len(self._above))
            while block := file.read(HEAD):
                if b'"' in block:
                    return True
        return False

    def _column_as_text(self, name: str) -> Any:
        return self._read_all([name], {name: arrow().string()})[0].column(0)

    def pieces(self) -> None:
        """A text is read from its beginning."""

    def batches(self, chosen: Sequence[str], rows: int, pieces: range | None = None) -> Iterator[Any]:
        """PyArrow tables of these columns; their length is that of a block, not ``rows``."""
        pa = arrow()
        from pyarrow import csv

        self.first_line = None if self.layout.dialect.rewritten else self.layout.dialect.first_line
        reading, parse, convert = self._options(chosen)
        reading.block_size, read = BLOCK, 0
        try:
            with system_errors(self.path), self._data() as watched:
                watched.paged = "once" if self.once else True
                source = pa.PythonFile(self._rewritten(watched), mode="r")
                for batch in csv.open_csv(source, reading, parse, convert):
                    read += len(batch)
                    self.first_line = self.first_line if watched.lines else None
                    if len(batch):
                        yield self._typed(pa.Table.from_batches([batch]))
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise DataError(self._explained(str(error))) from error
        if self.once and watched.quotes.doubtful:
            raise DataError(message("{path} has a quote that is not closed.", path=self.path))
        if watched.quoted and watched.rows != read:
            self._look_at_quotes()

    @contextmanager
    def _data(self) -> Iterator[Watched]:
        """The rows of data, as a stream that looks at them.

        Raises:
            DataError: what stands above them is not what it was.
        """
        with self._utf8() as stream:
            self._refuse_other_head(read_exactly(stream, len(self._above)))
            yield Watched(stream, self.layout.dialect.separator)

    def _refuse_other_head(self, above: bytes) -> None:
        if above != self._above:
            raise DataError(
                message(
                    "{path} has changed while it was read: its first lines are others now.", path=self.path
                )
            )

    def _rewritten(self, watched: Watched) -> Any:
        if not self.layout.dialect.rewritten:
            return watched
        lines = (line.decode() for line in lines_of(watched))
        return Joined(line.encode() for line in rewritten(lines, self.layout.dialect))

    def _look_at_quotes(self) -> None:
        """Raise DataError where a quote took in lines below it: a quick look at all of them, then a slow one."""
        separator = self.layout.dialect.separator
        if self._looked or self.once or self.layout.dialect.rewritten:
            return
        self._looked, watch = True, QuoteWatch(separator)
        with system_errors(self.path), self._utf8() as stream:
            while block := read_exactly(stream, BLOCK):
                watch.feed(block)
        if not watch.doubtful:
            return
        with system_errors(self.path), self._utf8() as stream:
            fault = quote_fault(
                (line.decode("utf-8", "replace") for line in lines_of(stream)), separator, self.path
            )
        if fault is not None:
            raise DataError(fault)

    def _typed(self, table: Any) -> Any:
        for name, style in self._styles.items():
            if name in table.column_names and not style.fits(table.column(name)):
                raise DataError(self._explained(message("column '{name}' is not numbers", name=name)))
        for name in self._whole & set(table.column_names):
            if rounded(table.column(name), lambda: arrow().array(["9" * 17])):
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
        from pyarrow import csv

        pa, data = arrow(), self._rows_of_head()

        def as_text(name: str) -> Any:
            options = self.layout.options([name], {name: pa.string()})
            return csv.read_csv(pa.BufferReader(data), *options).column(0)

        floats = [n for n in table.column_names if pa.types.is_floating(table.column(n).type)]
        return [n for n in floats if rounded(table.column(n), partial(as_text, n))]

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
                pa.input_stream(open_arrow(self.path), compression=self.packed) as stream,
            ):
                yield stream
        else:
            with open_bytes(self.path) as file:
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
            return explain_failure(LINE.findall(self._head), self.path, dialect, reason, numbers=numbers)
        with system_errors(self.path), self._utf8() as stream:
            return explain_failure(lines_of(stream), self.path, dialect, reason, numbers=numbers)


def _has_binary(table: Any) -> bool:
    return any(map(arrow().types.is_binary, table.schema.types))


def _rows_are_lines(path: str, asked: TextFormat, rows: int) -> bool:
    """Whether each of so many rows is a line of its own: looked at only where a line is to be named."""
    return TextFile(path, asked).lines == rows


def _number(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind))


@contextmanager
def _held(head: bytes) -> Iterator[Any]:
    yield io.BytesIO(head)


def _strings(content: bytes) -> Iterator[str]:
    return (match.group().decode("utf-8", "replace") for match in LINE.finditer(content))
