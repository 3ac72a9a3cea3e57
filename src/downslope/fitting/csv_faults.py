"""What is wrong with a CSV file, and on which line: a slow look at a file that could not be read quickly."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Iterable, Iterator, Sequence

from downslope.errors import DataError
from downslope.fitting.frame import Origin, is_number, listed
from downslope.messages import Message, message

MISSING = ["", "NA", "NaN", "nan", "null", "NULL", "N/A"]  # how a missing value is written
_CANDIDATES = (",", ";", "\t", "|")
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def separator_of(line: str) -> str:
    """The character that separates the names of a header: the most frequent of comma, semicolon, tab and bar.

    >>> separator_of("a;b;c")
    ';'
    """
    return max(_CANDIDATES, key=line.count)


def header_of(content: bytes, origin: Origin, separator: str) -> tuple[list[str], str]:
    """The names in the first line, and the separator.

    Raises:
        DataError: the file is empty or not UTF-8.
    """
    if content.startswith(_BOMS) or b"\x00" in content[:2]:
        raise DataError(
            message(
                "{origin} is UTF-16 or UTF-32 text; UTF-8 is needed. Convert it: iconv -f UTF-16 -t"
                " UTF-8 OLD > NEW.",
                origin=origin,
            )
        )
    lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0]
    try:
        first = lines.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise DataError(_not_utf8(origin, 1, error)) from error
    if not first.strip():
        raise DataError(
            message("{origin} is empty.", origin=origin)
            if not content.strip()
            else message("the first line of {origin} is empty; it names the columns.", origin=origin)
        )
    separator = separator or separator_of(first)
    return [name.strip('"') for name in next(csv.reader([first], delimiter=separator))], separator


def check_header(names: Sequence[str], origin: Origin) -> None:
    """Raise DataError where a name is missing or comes twice, or the header is a row of numbers."""
    repeated = sorted({name for name in names if names.count(name) > 1 and name})
    if repeated:
        raise DataError(
            message(
                "the header of {origin} names {names} more than once; give each column its own name.",
                origin=origin,
                names=listed(map(repr, repeated)),
            )
        )
    if all(is_number(name) for name in names):
        raise DataError(
            message(
                "the first line of {origin} holds numbers ({numbers}), not names; put a line with the"
                " columns' names first.",
                origin=origin,
                numbers=listed(names, 6),
            )
        )
    if not all(name.strip() for name in names):
        raise DataError(
            message(
                "column {index} of {origin} has no name in the header.",
                index=list(map(str.strip, names)).index("") + 1,
                origin=origin,
            )
        )


def explain_failure(
    lines: Iterable[bytes],
    origin: Origin,
    separator: str,
    reason: Message | str,
    *,
    numbers: Collection[str] = (),
) -> Message:
    """The sentence for what PyArrow refused, with the line on which it stands.

    Args:
        lines: of the file.
        numbers: columns that hold numbers; so do those that begin with one.
    """
    at = 0

    def decoded() -> Iterator[str]:
        nonlocal at
        for at, line in enumerate(lines, start=1):
            yield (line.removeprefix(codecs.BOM_UTF8) if at == 1 else line).decode("utf-8")

    reader = csv.reader(decoded(), delimiter=separator)
    numeric: list[bool] = []
    try:
        names = next(reader)
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                return message(
                    "line {line} of {origin} has {values} values, but the header names {columns} columns.",
                    line=reader.line_num,
                    origin=origin,
                    values=len(row),
                    columns=len(names),
                )
            numeric = numeric or [n in numbers or is_number(c) for n, c in zip(names, row, strict=True)]
            for name, cell, was in zip(names, row, numeric, strict=True):
                if was and cell not in MISSING and not is_number(cell):
                    return message(
                        "column '{name}' of {origin} is not numbers: line {line} holds {cell!r:.40}.",
                        name=name,
                        origin=origin,
                        line=reader.line_num,
                        cell=cell,
                    )
    except UnicodeDecodeError as error:
        return _not_utf8(origin, at, error)
    except csv.Error as error:
        return message(
            "{origin} cannot be read at line {line}: {reason}.",
            origin=origin,
            line=reader.line_num,
            reason=error,
        )
    return message("{origin} cannot be read: {reason}.", origin=origin, reason=reason)


def _not_utf8(origin: Origin, line: int, error: UnicodeDecodeError) -> Message:
    return message(
        "line {line} of {origin} is not UTF-8 text (byte 0x{byte:02x}). Convert it, for example:"
        " iconv -f LATIN1 -t UTF-8 OLD > NEW.",
        line=line,
        origin=origin,
        byte=error.object[error.start],
    )
