"""A table in memory: named columns of numbers (and of labels, which only a target may have)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UnknownNameError, nearest
from downslope.fitting.cells import Doubt, form_advice, is_number
from downslope.messages import NOTHING, Message, argument, listing, message, sentences

Column: TypeAlias = NDArray[Any]

Origin: TypeAlias = "Message | str"
ColumnNote: TypeAlias = tuple[str, Message]  # how a column was read, by its name; "" is the whole table
EXACT = 1 << 53  # whole numbers up to which float64 holds every one
THE_TABLE = message("the table")
_DATE = message("Give it as a number, such as the days since a first one.")
_HINTS = {
    "str": message(
        "Text can be the target of softmax, and a feature that counts by its categories where {target} and {features}"
        " are given in the place of a formula; elsewhere, give numbers, such as 0 and 1.",
        target=argument("target"),
        features=argument("features"),
    ),
    "date": _DATE,
    "datetime": _DATE,
    "Timestamp": _DATE,
    "list": message("A column holds one number in each row."),
    "complex": message("Give its real and imaginary parts as two columns."),
    "timedelta": message("Give it as a number, such as its seconds."),
    "time": message("Give it as a number, such as the seconds since midnight."),
    "Period": _DATE,
    "Interval": message("Give it as a number, such as its middle."),
}
NUMBERS = (bool, int, float, np.integer, np.floating, np.bool_, Decimal, Fraction)


@dataclass(frozen=True)
class Unreadable:
    """What stands in the cells of a column that cannot be read, and why: that matters only where it is used."""

    why: Message

    def column(self, rows: int) -> Column:
        """A column of it."""
        cells = np.empty(rows, object)
        cells[:] = self
        return cells


def beyond_exact(name: str) -> Message:
    """The sentence for whole numbers that a float64 rounds."""
    return message(
        "Column '{name}' holds whole numbers beyond 2^53 = 9,007,199,254,740,992, not all of which a float64 can hold:"
        " they were rounded.",
        name=name,
    )


@dataclass(frozen=True)
class RowSource:
    """Where some rows of a table come from.

    Attributes:
        path: the file.
        rows: how many.
        first_line: the line on which the first of them stands, where each row is a line.
        before: rows of the file that come before them.
        check: tells whether each row is a line indeed, where that is only known by another look.
        is_text: whether it is a file of text, which the reading options can be said of.
    """

    path: str
    rows: int
    first_line: int | None
    before: int = 0
    check: Callable[[], bool] | None = None
    is_text: bool = False

    def line_of_first(self) -> int | None:
        """The line on which the first row stands; None where rows are not lines, one each."""
        return self.first_line if self.check is None or self.check() else None


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of equal length, by name.

    Attributes:
        columns: name -> one-dimensional float64 array, or an array of objects where it is not numbers.
        origin: what it is, for messages: a path, "the table".
        sources: of a table that was read from files, where its rows stand; empty for any other.
        bases: matrices whose columns these are, with the columns' names; such columns need not be copied.
        rows_dropped: rows left out because a value was missing (only on request).
        order: all names as they stand in the file, also of columns that were not asked for; empty where there are none.
        kept: of a table some rows of which were left out, which these are.
        notes: how columns were read, where that could surprise.
        doubts: what would decide whether a column of text is numbers, by its name.
    """

    columns: dict[str, Column]
    origin: Origin = THE_TABLE
    sources: tuple[RowSource, ...] = ()
    bases: tuple[tuple[tuple[str, ...], NDArray[np.float64]], ...] = ()
    rows_dropped: int = 0
    order: tuple[str, ...] = ()
    kept: NDArray[np.intp] | None = None
    notes: tuple[ColumnNote, ...] = ()
    doubts: Mapping[str, Doubt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.columns:
            raise DataError(message("{origin} has no columns.", origin=self.origin))
        lengths = {name: len(column) for name, column in self.columns.items()}
        first = next(iter(lengths))
        for name, length in lengths.items():
            if length != lengths[first]:
                raise DataError(
                    message(
                        "the columns of {origin} differ in length: {first} has {known} rows, {name} has"
                        " {rows}.",
                        origin=self.origin,
                        first=first,
                        known=lengths[first],
                        name=name,
                        rows=length,
                    )
                )
        if not lengths[first]:
            raise DataError(message("{origin} has no rows.", origin=self.origin))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.columns)

    @property
    def known(self) -> tuple[str, ...]:
        """The names of all columns, also of those that were not read."""
        return self.order or self.names

    def where(self, row: int) -> Message:
        """``row 3`` or ``line 5``, and of several files which: how a person finds a row (counted from 1)."""
        row = row if self.kept is None else int(self.kept[row])
        for source in self.sources:
            if row < source.rows:
                line = source.line_of_first()
                place = (
                    message("row {n}", n=row + source.before + 1)
                    if line is None
                    else message("line {n}", n=row + line)
                )
                if source.path == self.origin:
                    return place
                return message("{place} of {path}", place=place, path=source.path)
            row -= source.rows
        return message("row {n}", n=row + 1)

    def __getitem__(self, name: str) -> Column:
        if name not in self.columns:
            hint = nearest(name, self.known)
            raise UnknownNameError(
                sentences(
                    message("{origin} has no column '{name}'.", origin=self.origin, name=name),
                    hint,
                    message("The columns are: {columns}.", columns=listed(self.known)),
                    *(note for column, note in self.notes if not column),  # such as the encoding of the names
                )
            )
        column = self.columns[name]
        if column.dtype == object and len(column) and isinstance(column[0], Unreadable):
            raise DataError(column[0].why)
        return column

    def told(self, notes: Sequence[ColumnNote], doubts: Mapping[str, Doubt]) -> Frame:
        """The same, with these notes and doubts as well."""
        return replace(self, notes=(*notes, *self.notes), doubts={**self.doubts, **doubts})

    def notes_on(self, names: Sequence[str]) -> list[Message]:
        """What is to be said of the table and of these columns."""
        said = [note for name, note in self.notes if not name or name in names]
        return [note for i, note in enumerate(said) if note not in said[:i]]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The column as float64.

        Raises:
            DataError: it is not numbers; the first row and value that are not are named.
        """
        column = self[name]
        if column.dtype != object:
            return column.astype(np.float64, copy=False)
        self._refuse_text(name, column)
        try:
            return column.astype(np.float64)
        except OverflowError:
            row = next(i for i, value in enumerate(column) if not _fits(value))
            raise DataError(
                message(
                    "column '{name}' of {origin} holds a number at {where} that is too large for a float64.",
                    name=name,
                    origin=self.origin,
                    where=self.where(row),
                )
            ) from None

    def _refuse_text(self, name: str, column: Column) -> None:
        """Raise DataError at the cell in doubt, the first missing value or text that is none, or at the first text."""
        doubt = self.doubts.get(name)
        row = None if doubt is None else _row_of(column, doubt.cell)
        if doubt is not None and row is not None:
            raise DataError(sentences(self._no_number(name, row, column[row]), doubt.advice))
        stored: int | None = None
        for row, value in enumerate(column):
            if isinstance(value, NUMBERS):
                continue
            if value is None or type(value).__name__ in ("NAType", "NaTType"):
                raise DataError(missing(self, name, row))
            if isinstance(value, str) and is_number(value):
                stored = row if stored is None else stored
                continue
            raise DataError(sentences(self._no_number(name, row, value), self._advice(name, column, value)))
        if stored is not None:
            raise DataError(
                message(
                    "column '{name}' of {origin} holds numbers stored as text, such as {shown!r:.40} at"
                    " {where}; convert the column to numbers first.",
                    name=name,
                    origin=self.origin,
                    shown=column[stored],
                    where=self.where(stored),
                )
            )

    def _advice(self, name: str, column: Column, value: Any) -> Message:
        """What to try where a cell is no number."""
        if name in self.doubts:
            return self.doubts[name].advice
        if isinstance(value, str) and (advice := form_advice(value)) is not None:
            return advice
        is_text = any(source.is_text for source in self.sources)
        if isinstance(value, str) and not is_text and _numeric(value):
            return message("Convert the column to numbers first.")
        if isinstance(value, str) and any(_is_number(v) for v in column[:1000]):
            if not is_text:
                return message(
                    "Correct it, or make it a missing value, and convert the column to numbers first."
                )
            return message(
                "Correct it, or leave the cell empty where the value is missing; {option} makes it a word for that.",
                option=argument("na_values", value[:20].strip()),
            )
        return _HINTS.get(type(value).__name__, NOTHING)

    def _no_number(self, name: str, row: int, value: Any) -> Message:
        where = self.where(row)
        if isinstance(value, str):
            return message(
                "column '{name}' of {origin} is not numbers: {where} holds {shown!r:.40}, text.",
                name=name,
                origin=self.origin,
                where=where,
                shown=str(value),
            )
        return message(
            "column '{name}' of {origin} is not numbers: {where} holds {shown!r:.40}, a {kind}.",
            name=name,
            origin=self.origin,
            where=where,
            shown=str(value),
            kind=type(value).__name__,
        )

    def matrix(self, names: Sequence[str]) -> NDArray[np.float64]:
        """These columns side by side, rows contiguous; the table's own memory where it already lies so."""
        for base_names, base in self.bases:
            if tuple(names) == base_names and base.flags.c_contiguous:
                return base
        out = np.empty((self.rows, len(names)))
        for j, name in enumerate(names):
            out[:, j] = self.numbers(name)
        return out

    def with_names(self, others: Mapping[str, str]) -> Frame:
        """The same with some columns under another name too: name -> that of the column."""
        if not others:
            return self
        return replace(
            self, columns={**self.columns, **{name: self.columns[n] for name, n in others.items()}}
        )

    def without(self, rows: NDArray[np.bool_]) -> Frame:
        """A copy without these rows, which are counted."""
        return replace(self.only(~rows), rows_dropped=self.rows_dropped + int(np.count_nonzero(rows)))

    def only(self, rows: NDArray[np.bool_]) -> Frame:
        """A copy of these rows."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        kept = np.flatnonzero(rows) if self.kept is None else self.kept[rows]
        return replace(self, columns=columns, bases=(), kept=kept)

    def a_row(self) -> Frame:
        """A copy of one row, with all that is known of the columns."""
        columns = {name: column[:1].copy() for name, column in self.columns.items()}
        return replace(self, columns=columns, bases=(), sources=())


def spelt_alike(name: str, names: Collection[str]) -> str:
    """The one of ``names`` that is this one, if need be in another Unicode form (é as one letter or two); else itself.

    >>> spelt_alike("e\u0301t", ["\u00e9t"]) == "\u00e9t"
    True
    """
    if name in names:
        return name
    forms: tuple[Literal["NFC", "NFKC"], ...] = ("NFC", "NFKC")
    for form in forms:
        plain = unicodedata.normalize(form, name)
        alike = [other for other in names if unicodedata.normalize(form, other) == plain]
        if len(alike) == 1:
            return alike[0]
    return name


def listed(names: Any, most: int = 20) -> Message:
    """Names for a sentence, the first twenty."""
    return listing(map(str, names), most=most)


def refuse_repeated(names: Sequence[str], origin: Origin) -> None:
    """Raise DataError where a column's name comes twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise DataError(
            message(
                "{origin} has more than one column called {names}; give each its own name.",
                origin=origin,
                names=listed(map(repr, repeated)),
            )
        )


def missing(frame: Frame, name: str, row: int) -> Message:
    """The sentence for a missing value; that of a category is missing in the column itself."""
    if name not in frame.known:
        name = max((known for known in frame.known if name.startswith(f"{known}[")), key=len, default=name)
    told = [note for column, note in frame.notes if column == name]  # such as which word was taken for it
    return sentences(
        message(
            "column '{name}' of {origin} has a missing value at {where}; fill it in, or leave such rows out with"
            " {option}.",
            name=name,
            origin=frame.origin,
            where=frame.where(row),
            option=argument("drop_missing", True),
        ),
        *told,
    )


def _is_number(value: Any) -> bool:
    return is_number(value) if isinstance(value, str) else isinstance(value, NUMBERS)


def _fits(value: Any) -> bool:
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _row_of(column: Column, cell: str) -> int | None:
    """The first row that holds a text, but for spaces about it."""
    rows = (row for row, value in enumerate(column) if isinstance(value, str) and value.strip() == cell)
    return next(rows, None)


def _numeric(value: Any) -> bool:
    """Whether it is a number as some countries write it: 1,5 or 1 234 or 1.234,5."""
    return (
        isinstance(value, str)
        and value.strip(" +-.,0123456789'\u00a0\u202f") == ""
        and any(sign.isdigit() for sign in value)
    )
