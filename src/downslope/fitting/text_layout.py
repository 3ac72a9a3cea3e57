"""How a text is read, found out once from its beginning, and what its columns are then made of."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from downslope.errors import DataError
from downslope.fitting.arrow_columns import largest_of
from downslope.fitting.byte_streams import HEAD, LINE
from downslope.fitting.cells import MISSING, Doubt, NumberStyle, is_comment, style_of, unread
from downslope.fitting.dialect import Dialect, dialect_of
from downslope.fitting.encodings import encoding_of, no_text_of, not_of_encoding
from downslope.fitting.file_kinds import arrow
from downslope.fitting.frame import EXACT, ColumnNote
from downslope.fitting.text_format import TextFormat
from downslope.messages import Message, listing, message

MARK = "\ufeff"


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
    def of(cls, head: bytes, path: str, asked: TextFormat, *, whole: bool, separator: str) -> TextLayout:
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
        line = len(LINE.findall(head[: error.start] + b"x"))
        raise DataError(not_of_encoding(path, line, encoding, error)) from error
    except UnicodeError as error:  # such as UTF-16 without its mark
        raise DataError(no_text_of(path, encoding)) from error


def _skip_comments(row: Any) -> str:
    """What PyArrow is to do with a row of another length."""
    return "skip" if is_comment(row.text) else "error"


def no_rows(path: str, names: Sequence[str]) -> Message:
    """The sentence for a table that is a header only."""
    return message("{path} has a header ({names}) but no rows.", path=path, names=listing(names[:8]))


def rounded(column: Any, as_text: Callable[[], Any]) -> bool:
    """Whether a column was written as whole numbers that a float64 does not hold."""
    pa = arrow()
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return False
    largest = largest_of(column)
    if not largest > EXACT or largest == float("inf"):
        return False
    if pa.types.is_integer(column.type):
        return True
    return any(v and re.fullmatch(r"\s*[+-]?\d{16,}\s*", v) for v in as_text().to_pylist())


def styles_of(table: Any, layout: TextLayout) -> tuple[dict[str, NumberStyle], dict[str, Doubt]]:
    """How the columns of text are written that are numbers all the same; and what would decide it for others."""
    pa = arrow()
    styles, doubts = {}, {}
    for name in table.column_names:
        if not pa.types.is_string(table.column(name).type):
            continue
        found = style_of(table.column(name), layout.asked, layout.dialect.decimal, layout.dialect.separator)
        if isinstance(found, Doubt):
            doubts[name] = found
        elif found is not None:
            wrong = found.misfit(table.column(name))
            if wrong is None:
                styles[name] = found
            else:
                doubts[name] = unread(wrong, layout.asked)
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
