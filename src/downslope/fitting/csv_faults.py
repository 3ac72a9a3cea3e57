"""What is wrong with a CSV file, and on which line: a slow look at a file that could not be read quickly."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np

from downslope.fitting.cells import MISSING, NumberStyle, is_comment, is_number
from downslope.fitting.dialect import WORDS, Dialect, split
from downslope.fitting.encodings import UTF_8, not_of_encoding
from downslope.fitting.frame import Origin
from downslope.messages import Message, message

_QUOTE = ord('"')
_REST = re.compile(r'(?:[^"]|"")*"')  # of a quoted value, after the quote that opens it


def explain_failure(
    lines: Iterable[bytes],
    origin: Origin,
    dialect: Dialect,
    reason: Message | str,
    *,
    numbers: Mapping[str, NumberStyle | None] | Collection[str] = (),
) -> Message:
    """The sentence for what PyArrow refused, with the line on which it stands.

    Args:
        lines: of the file, in UTF-8.
        origin: what it is, for messages.
        dialect: how it holds its table.
        reason: what PyArrow says, for want of a better one.
        numbers: columns that hold numbers, and how they are written; so do those that begin with one.
    """
    kept = list(lines)
    for number, line in enumerate(kept, start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return not_of_encoding(origin, number, UTF_8, error)
    if dialect.separator != WORDS and (fault := quote_fault(_decoded(kept), dialect.separator, origin)):
        return fault
    try:
        return _ragged_or_text(kept, origin, dialect, numbers) or message(
            "{origin} cannot be read: {reason}.", origin=origin, reason=reason
        )
    except csv.Error as error:
        return message("{origin} cannot be read: {reason}.", origin=origin, reason=error)


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    return (line.decode("utf-8", "replace") for line in lines)


def _ragged_or_text(
    lines: Iterable[bytes],
    origin: Origin,
    dialect: Dialect,
    numbers: Mapping[str, NumberStyle | None] | Collection[str],
) -> Message | None:
    """A row with too many or too few values, or a value that is no number among numbers."""
    at = begun = 0

    def data() -> Iterator[str]:
        nonlocal at
        for at, line in enumerate(_decoded(lines), start=1):
            if at >= dialect.first_line and not is_comment(line):
                yield line if dialect.rules is None else dialect.rules.plain(line)

    styles = numbers if isinstance(numbers, Mapping) else dict.fromkeys(numbers)
    numeric: list[bool] = []
    for row in split(data(), dialect.separator):
        begun, names = at, dialect.names
        if not row or (dialect.units and at == dialect.first_line):
            continue
        if dialect.rules is not None:
            row = [cell.strip() for cell in row]
        if len(row) != len(names):
            return message(
                "line {line} of {origin} has {values} values, but the header names {columns} columns.",
                line=begun,
                origin=origin,
                values=len(row),
                columns=len(names),
            )
        numeric = numeric or [
            n in styles or _number(c, None, dialect) for n, c in zip(names, row, strict=True)
        ]
        for name, cell, was in zip(names, row, numeric, strict=True):
            if was and name and cell not in MISSING and not _number(cell, styles.get(name), dialect):
                return message(
                    "column '{name}' of {origin} is not numbers: line {line} holds {cell!r:.40}.",
                    name=name,
                    origin=origin,
                    line=begun,
                    cell=cell,
                )
    return None


def _number(cell: str, style: NumberStyle | None, dialect: Dialect) -> bool:
    if style is not None:
        return style.number_of(cell) is not None
    return is_number(cell if dialect.decimal == "." else cell.replace(".", "x").replace(",", "."))


def quote_fault(lines: Iterable[str], separator: str, origin: Origin) -> Message | None:
    """The sentence for a quote that is not closed where its value ends, and so takes in the lines that follow."""
    ends = re.compile(rf"[{re.escape(separator)}\r\n]")
    opened = 0  # the line on which a quoted value began that is not closed yet
    for number, line in enumerate(lines, start=1):
        if not opened and '"' not in line:
            continue
        at = 0
        while at < len(line):
            if not opened:
                if line[at] != '"':
                    found = ends.search(line, at)
                    at = found.end() if found else len(line)
                    continue
                opened, at, swallowed = number, at + 1, False
            close = _REST.match(line, at)
            if close is None:
                swallowed = True
                break
            at = close.end()
            if swallowed and line[at : at + 1] not in (separator, "\r", "\n", ""):
                return _unclosed(origin, opened)
            opened = 0
            found = ends.search(line, at)
            at = found.end() if found else len(line)
    return _unclosed(origin, opened) if opened else None


def _unclosed(origin: Origin, line: int) -> Message:
    return message(
        "line {line} of {origin} opens a quote that is not closed, so that the lines below it would be one value;"
        " close the quote, or leave it out.",
        line=line,
        origin=origin,
    )


def breaks_within(text: bytes) -> bool:
    """Whether a line break stands within quotes, as far as a count of these can tell."""
    if b'"' not in text:
        return False
    codes = np.frombuffer(text, np.uint8)
    within = np.cumsum(codes == _QUOTE) % 2 == 1
    return bool(within[(codes == ord("\n")) | (codes == ord("\r"))].any())


class QuoteWatch:
    """Looks at the quotes of a text as it goes by, quickly: could one be unclosed?

    Args:
        separator: between values.
    """

    def __init__(self, separator: str) -> None:
        self._beside = np.zeros(256, bool)
        self._beside[[ord(separator) % 256, *b'\r\n" ']] = True
        self._odd, self._last, self.suspicious, self.seen = False, b"\n", False, False

    def feed(self, block: bytes) -> None:
        """The next bytes."""
        if not block:
            return
        if not self.suspicious and b'"' in block:
            self.seen = True
            self._look(self._last + block)
        self._last = block[-1:]

    def _look(self, text: bytes) -> None:
        codes = np.frombuffer(text, np.uint8)
        places = np.flatnonzero(codes[1:] == _QUOTE) + 1
        closing = (np.arange(len(places)) % 2 == 0) == self._odd
        opening, closed = places[~closing], places[closing]
        closed = closed[closed + 1 < len(codes)]
        self.suspicious = not (
            self._beside[codes[opening - 1]].all() and self._beside[codes[closed + 1]].all()
        )
        self._odd ^= bool(len(places) % 2)

    @property
    def doubtful(self) -> bool:
        """Whether a slow look is worth while, at the end of the text."""
        return self.suspicious or self._odd
