"""How a CSV file is written, found out from its beginning: its separator, where its names stand, its decimals."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from downslope.errors import DataError
from downslope.fitting.cells import decimal_evidence, is_comment, is_number
from downslope.fitting.frame import Origin, listed
from downslope.fitting.ruled_text import Rules, rules_of
from downslope.fitting.text_format import TextFormat
from downslope.messages import Message, argument, message, plural

_CANDIDATES = (",", ";", "\t", "|")
WORDS = " "  # values separated by runs of spaces
LOOKED_AT = 200  # lines from which a dialect is guessed
AGREE = 0.9  # part of the lines that have as many values, where text is a table
COMMENTS = ("#", "%", "//")
_SEPARATOR_LINE = re.compile(r"""["']?sep=([\t -~])["']?\s*$""", re.IGNORECASE)
LEAST_BELOW = 2  # rows of numbers below a line of units that tell it from a row of data


@dataclass(frozen=True)
class Dialect:
    """How a text holds its table.

    Attributes:
        separator: between values; a space where runs of spaces are.
        names: of the values of a row; empty for those that are no data.
        begin: bytes before the first row of data.
        first_line: the line on which that row stands.
        decimal: the sign before decimals.
        rewritten: whether its rows are to be written anew before PyArrow can read them.
        units: whether the first row of data holds units and no data.
        rules: drawn between its lines, if any.
        notes: what was found, for the reader.
    """

    separator: str
    names: tuple[str, ...]
    begin: int
    first_line: int
    decimal: str = "."
    rewritten: bool = False
    units: bool = False
    rules: Rules | None = None
    notes: tuple[Message, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The names of the columns of data."""
        return [name for name in self.names if name]

    @property
    def unique(self) -> list[str]:
        """A name for every value of a row, also for those that are no data."""
        return [name or f"\x00{i}" for i, name in enumerate(self.names)]


def dialect_of(head: str, origin: Origin, asked: TextFormat, separator: str = "") -> Dialect:
    """The dialect of a text that begins with ``head``.

    Args:
        head: whole lines.
        origin: what it is, for messages.
        asked: what a person said about it.
        separator: the one that the file's ending says, or nothing.

    Raises:
        DataError: it is empty, or has no line of names.
    """
    lines = StringIO(head, newline="").readlines()  # all three kinds of ends, kept as they are
    notes: list[Message] = []
    if not head.strip():
        raise DataError(message("{origin} is empty.", origin=origin))
    skip = asked.skip_rows or 0
    if skip == 0 and (told := _SEPARATOR_LINE.match(lines[0])):
        skip, separator = 1, str(told.group(1))
        notes.append(
            message(
                "Line 1 of {origin} says that values are separated by {mark!r}.",
                origin=origin,
                mark=separator,
            )
        )
    top = _first_to_read(lines, skip, origin)
    typed, rules = lines, rules_of(lines, top)
    if rules is not None:
        lines = [rules.plain(line) for line in typed]
        top = _first_to_read(lines, top, origin)
        notes.append(message("Lines of dashes were taken for rules of the table and left out."))
    if rules is not None and rules.barred:
        separator = "|"
    separator = separator or _separator_of([line for line in lines[top : top + LOOKED_AT] if line.strip()])
    rows = _rows(lines, top, separator)
    if not rows:
        raise DataError(message("{origin} holds no names and no values.", origin=origin))
    at = 0 if asked.skip_rows is not None else _header_at(rows)
    commented = _commented_names(lines, top, rows, separator) if at == 0 and asked.skip_rows is None else None
    if commented is not None:
        names, (begin, first) = commented, (top, rows[0][0])
        notes.append(
            message("The names of the columns were taken from the comment on line {line}.", line=top)
        )
    else:
        notes += _left_out_above(lines, (skip, top), rows, at)
        names = [name.strip() for name in rows[at][1]]
        begin = _end_of(lines, rows[at][0] - 1, separator)
        first = begin + 1
    body = [cells for line, cells in rows if line > begin and any(cell.strip() for cell in cells)]
    named, more = _without_unnamed(names, body, origin)
    notes += more
    _check_names(named, origin, has_rows=bool(body), skipped=bool(asked.skip_rows))
    rest = "".join(lines[begin : begin + LOOKED_AT])
    quoted = separator != WORDS and re.search(rf"(?:^|[\r\n{re.escape(separator)}]) +\"", rest) is not None
    comments = any(is_comment(line) for line in lines[begin : begin + LOOKED_AT])
    units = _units(body, named)
    if units:
        notes.append(
            message(
                "Line {line} holds units ({units}) and was left out.",
                line=next(line for line, _ in rows if line > begin),
                units=listed(filter(None, map(str.strip, body[0])), 6),
            )
        )
    decimal = asked.point or _decimal_of(body[1:] if units else body, separator)
    if decimal == "," and asked.point is None:
        notes.append(message("Decimals are written with a comma."))
    return Dialect(
        separator,
        tuple(named),
        len("".join(typed[:begin]).encode()),
        first,
        decimal,
        separator == WORDS or quoted or comments or units or rules is not None,
        units,
        rules,
        tuple(notes),
    )


def _left_out_above(
    lines: Sequence[str], read: tuple[int, int], rows: Sequence[tuple[int, list[str]]], at: int
) -> list[Message]:
    """What is said of lines above the names of the columns, which are in row ``at``; ``read``: those skipped as asked,
    and the first that is read."""
    skip, top = read
    if at:
        return [
            plural(
                "{n} line above the names of the columns was left out ({shown!r:.60}).",
                "{n} lines above the names of the columns were left out ({shown!r:.60}).",
                n=rows[at][0] - 1 - skip,
                shown=lines[rows[0][0] - 1].strip(),
            )
        ]
    comments = sum(bool(line.strip()) for line in lines[skip:top])
    if not comments:
        return []
    return [plural("{n} line of comments was left out.", "{n} lines of comments were left out.", n=comments)]


def _first_to_read(lines: Sequence[str], begin: int, origin: Origin) -> int:
    """The first line from there on that is neither empty nor a comment.

    Raises:
        DataError: there is none.
    """
    for i in range(begin, len(lines)):
        if lines[i].strip() and not lines[i].lstrip().startswith(COMMENTS):
            return i
    if begin == 0:
        raise DataError(message("{origin} has comments only.", origin=origin))
    raise DataError(
        message(
            "{origin} has {lines} lines, and {option} leaves none.",
            origin=origin,
            lines=len(lines),
            option=argument("skip_rows", begin),
        )
    )


def split(lines: Iterator[str] | Sequence[str], separator: str) -> Iterator[list[str]]:
    """The values of each row; spaces after a separator do not count."""
    if separator == WORDS:
        kept = csv.reader(
            (" ".join(line.split("\t")).strip() + "\n" for line in lines),
            delimiter=" ",
            skipinitialspace=True,
        )
        yield from kept
    else:
        yield from csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _rows(lines: Sequence[str], begin: int, separator: str) -> list[tuple[int, list[str]]]:
    """(line on which it begins, values) of the first rows that are not empty."""
    rows = []
    at = begin

    def counted() -> Iterator[str]:
        nonlocal at
        for line in lines[begin : begin + LOOKED_AT]:
            at += 1
            yield "\n" if is_comment(line) else line

    before = begin
    try:
        for cells in split(counted(), separator):
            if any(cell.strip() for cell in cells):
                rows.append((before + 1, cells))
            before = at
    except csv.Error:  # to be named when all of it is read
        pass
    return rows


def _end_of(lines: Sequence[str], begin: int, separator: str) -> int:
    """The line after the row that begins on this one."""
    at = begin

    def counted() -> Iterator[str]:
        nonlocal at
        for line in lines[begin:]:
            at += 1
            yield line

    next(split(counted(), separator))
    return at


def _counts(lines: Sequence[str], separator: str) -> list[int]:
    return [len(cells) for _, cells in _rows(lines, 0, separator)]


def _separator_of(lines: Sequence[str]) -> str:
    """The separator by which most lines have as many values, more than one."""
    best, found = (0.0, 0, 0), ""
    for mark in _CANDIDATES:
        counts = _counts(lines, mark)
        usual, often = Counter(counts).most_common(1)[0] if counts else (0, 0)
        if usual > 1:
            quality = (round(often / len(counts), 3), int(counts[0] >= usual - 1), usual)
            if quality > best:
                best, found = quality, mark
    if found and best[0] >= AGREE:
        return found
    words = _counts(lines, WORDS)
    if (
        len(words) > 1
        and len(set(words)) <= 2
        and min(words[1:]) == max(words[1:]) > 1
        and words[1] - words[0] in (0, 1)
    ):
        cells = lines[1].split()
        if any(is_number(cell) for cell in cells):
            return WORDS
    return found or max(_CANDIDATES, key=lines[0].count)


def _header_at(rows: Sequence[tuple[int, list[str]]]) -> int:
    """Which row holds the names: the first that has as many values as most rows, or one less right above numbers."""
    counts = [len(cells) for _, cells in rows]
    usual = Counter(counts).most_common(1)[0][0] if counts else 1
    if usual < 2 or len(rows) < 3:
        return 0
    for i, (_, cells) in enumerate(rows):
        filled = sum(bool(cell.strip()) for cell in cells)
        if len(cells) >= usual and filled > 1:
            return i
        below = rows[i + 1][1] if i + 1 < len(rows) else []
        if len(cells) == usual - 1 == filled and len(below) == usual and any(map(is_number, below)):
            return i
    return 0


def _commented_names(
    lines: Sequence[str], top: int, rows: Sequence[tuple[int, list[str]]], separator: str
) -> list[str] | None:
    """The names in a comment that stands right above rows of numbers, as ``numpy.savetxt`` writes them."""
    if not top or not rows or not all(is_number(cell) for cell in rows[0][1]):
        return None
    above = lines[top - 1].strip()
    mark = next((mark for mark in COMMENTS if above.startswith(mark)), None)
    if mark is None:
        return None
    names = [name.strip() for name in next(split([above[len(mark) :].strip() + "\n"], separator))]
    return names if len(names) == len(rows[0][1]) and not any(map(is_number, names)) else None


def _without_unnamed(
    names: list[str], body: Sequence[list[str]], origin: Origin
) -> tuple[list[str], list[Message]]:
    """One name for each value of a row, empty for an index or what a separator too many leaves; and what was found."""
    usual = Counter(map(len, body)).most_common(1)[0][0] if body else len(names)
    notes: list[Message] = []
    last_empty = all(len(cells) == usual and not cells[-1].strip() for cells in body)
    if usual == len(names) + 1 and body:
        if last_empty:
            names = [*names, ""]
        elif len(names) > 1 or not is_number(names[0]):
            notes.append(
                message(
                    "The first value of each row has no name in the header and is taken for the row's name."
                )
            )
            return ["", *names], notes
    elif usual == len(names) - 1 and body and not names[-1]:
        names = names[:-1]
    while (
        len(names) > 1
        and not names[-1]
        and all(len(cells) < len(names) or not cells[len(names) - 1].strip() for cells in body)
    ):
        if len(notes) == 0:
            notes.append(message("The rows end in a separator, behind which there is nothing."))
        if any(len(cells) >= len(names) for cells in body):
            break
        names = names[:-1]
    if len(names) > 1 and not names[0] and any(names[1:]):
        notes.append(message("The first column has no name and is taken for an index: it is no data."))
    return names, notes


def _check_names(names: Sequence[str], origin: Origin, *, has_rows: bool, skipped: bool) -> None:
    """Raise DataError where a name comes twice or is missing, or the header is a row of numbers."""
    repeated = sorted({name for name in names if names.count(name) > 1 and name})
    if repeated:
        raise DataError(
            message(
                "the header of {origin} names {names} more than once; give each column its own name.",
                origin=origin,
                names=listed(map(repr, repeated)),
            )
        )
    if all(is_number(name) for name in names if name):
        numbers = listed(filter(None, names), 6)
        if skipped:
            raise DataError(
                message(
                    "the line of {origin} that {option} comes to holds numbers ({numbers}), not the columns' names:"
                    " leave out fewer lines.",
                    origin=origin,
                    option=argument("skip_rows"),
                    numbers=numbers,
                )
            )
        raise DataError(
            message(
                "the first line of {origin} holds numbers ({numbers}), not names; put a line with the"
                " columns' names first.",
                origin=origin,
                numbers=numbers,
            )
        )
    missing = [i for i, name in enumerate(names) if not name and 0 < i < len(names) - 1]
    if missing:
        raise DataError(
            message(
                "column {index} of {origin} has no name in the header.", index=missing[0] + 1, origin=origin
            )
        )


def _units(body: Sequence[list[str]], names: Sequence[str]) -> bool:
    """Whether the first row is words where all that follow are numbers."""
    if len(body) <= LEAST_BELOW:
        return False
    first, rest = body[0], body[1:]
    if any(is_number(cell) for cell in first) or not any(cell.strip() for cell in first):
        return False
    if not all(_is_unit(cell) for cell in first if cell.strip()):
        return False
    return all(
        len(cells) == len(first) and all(is_number(cell) or not cell.strip() for cell in cells)
        for cells in rest
    )


def _is_unit(cell: str) -> bool:
    return len(cell.strip()) <= 12 and not re.search(r"\d.*\d", cell)


def _decimal_of(body: Sequence[list[str]], separator: str) -> str:
    """A comma where some value can only be read so and none can only be read otherwise."""
    found: set[str] = set()
    for cells in body:
        for cell in cells:
            if mark := decimal_evidence(cell):
                found.add(mark)
    return "," if found == {","} else "."
