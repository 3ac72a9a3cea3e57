"""A table in memory: named columns of numbers (and of labels, which only a target may have)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UnknownNameError, UsageError, nearest
from downslope.messages import Message, argument, listing, message, sentences

Column: TypeAlias = NDArray[Any]

Origin: TypeAlias = "Message | str"
THE_TABLE = message("the table")
_DATE = message("Give it as a number, such as the days since a first one.")
_HINTS = {
    "str": message("Text can be the target of softmax; elsewhere, give numbers, such as 0 and 1."),
    "date": _DATE,
    "datetime": _DATE,
    "Timestamp": _DATE,
    "list": message("A column holds one number in each row."),
}


@dataclass(frozen=True)
class RowSource:
    """Where some rows of a table come from.

    Attributes:
        path: the file.
        rows: how many.
        first_line: the line on which the first of them stands, where each row is a line.
        before: rows of the file that come before them.
    """

    path: str
    rows: int
    first_line: int | None
    before: int = 0


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
        can_drop: whether rows with a missing value are left out for the asking.
        kept: of a table some rows of which were left out, which these are.
    """

    columns: dict[str, Column]
    origin: Origin = THE_TABLE
    sources: tuple[RowSource, ...] = ()
    bases: tuple[tuple[tuple[str, ...], NDArray[np.float64]], ...] = ()
    rows_dropped: int = 0
    order: tuple[str, ...] = ()
    can_drop: bool = True
    kept: NDArray[np.intp] | None = None

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
                line = source.first_line
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
                )
            )
        return self.columns[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The column as float64.

        Raises:
            DataError: it is not numbers; the first row and value that are not are named.
        """
        column = self[name]
        if column.dtype != object:
            return column.astype(np.float64, copy=False)
        self._refuse_text(name, column)
        return column.astype(np.float64)

    def _refuse_text(self, name: str, column: Column) -> None:
        """Raise DataError at the first missing value or text that is no number, else at the first text."""
        stored: int | None = None
        for row, value in enumerate(column):
            if isinstance(value, (bool, int, float, np.number, np.bool_)):
                continue
            if value is None or type(value).__name__ in ("NAType", "NaTType"):
                raise DataError(missing(self, name, row))
            if isinstance(value, str) and is_number(value):
                stored = row if stored is None else stored
                continue
            hint = _HINTS.get(type(value).__name__)
            if _numeric(value):
                hint = message("Is it a decimal comma or a thousands separator?")
            elif any(isinstance(v, str) and is_number(v) for v in column[:1000]):
                hint = message("Correct it, or leave the cell empty where the value is missing.")
            raise DataError(sentences(self._no_number(name, row, value), hint))
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

    def without(self, rows: NDArray[np.bool_]) -> Frame:
        """A copy without these rows."""
        keep = ~rows
        columns = {name: column[keep] for name, column in self.columns.items()}
        dropped = self.rows_dropped + int(np.count_nonzero(rows))
        kept = np.flatnonzero(keep) if self.kept is None else self.kept[keep]
        return replace(self, columns=columns, bases=(), rows_dropped=dropped, kept=kept)


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
    """The sentence for a missing value."""
    if frame.can_drop:
        return message(
            "column '{name}' of {origin} has a missing value at {where}; fill it in, or leave such rows out with"
            " {option}.",
            name=name,
            origin=frame.origin,
            where=frame.where(row),
            option=argument("drop_missing", True),
        )
    return message(
        "column '{name}' of {origin} has a missing value at {where}; fill it in, or leave that row out.",
        name=name,
        origin=frame.origin,
        where=frame.where(row),
    )


def is_number(value: str) -> bool:
    """Whether a text is a number as a program writes it."""
    try:
        float(value)
    except ValueError:
        return False
    return True


def _numeric(value: Any) -> bool:
    """Whether it is a number as some countries write it: 1,5 or 1 234 or 1.234,5."""
    return (
        isinstance(value, str) and value.strip(" +-.,0123456789'\u00a0\u202f") == "" and value.strip() != ""
    )


def from_columns(columns: Mapping[Any, Any], origin: Origin = THE_TABLE) -> Frame:
    """A frame of a dict of columns."""
    return Frame({str(name): as_column(values, str(name)) for name, values in columns.items()}, origin)


def from_matrix(X: Any, names: Sequence[str] | None = None) -> Frame:
    """A frame of a two-dimensional array; its columns are called x1, x2, ... where no names are given.

    Raises:
        DataError: it has not two dimensions, or is not numbers.
    """
    X = np.asarray(X)
    if X.dtype.names:
        return from_columns({name: X[name] for name in X.dtype.names})
    if X.ndim != 2:
        hint = message(
            "Reshape it with .reshape(-1, 1) where it is one column, .reshape(1, -1) where it is one row."
        )
        raise DataError(
            sentences(
                message("a table has two dimensions, and this array has {ndim}.", ndim=X.ndim),
                hint if X.ndim == 1 else None,
            )
        )
    if not X.shape[1]:
        raise DataError(message("the table has no columns."))
    names = tuple(names or (f"x{j + 1}" for j in range(X.shape[1])))
    if len(names) != X.shape[1]:
        raise UsageError(
            message(
                "the array has {columns} columns, but {names} names are given.",
                columns=X.shape[1],
                names=len(names),
            )
        )
    if X.dtype.kind not in "biuf":
        return from_columns({name: X[:, j] for j, name in enumerate(names)})
    base = np.asarray(X, np.float64)
    return Frame({name: base[:, j] for j, name in enumerate(names)}, bases=((names, base),))


def from_pair(X: Any, y: Any) -> Frame:
    """A frame of inputs and one target: columns x1, x2, ... and y.

    >>> from_pair([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]).names
    ('x1', 'x2', 'y')
    """
    frame = from_matrix(X)
    target = as_column(y, "y")
    return Frame({**frame.columns, "y": target}, bases=frame.bases)


def as_column(values: Any, name: str) -> Column:
    """One column: float64 where it is numbers, else objects.

    Raises:
        DataError: it is complex, a date, or has not one dimension.
    """
    if hasattr(values, "to_numpy") and not isinstance(values, np.ndarray):
        values = values.to_numpy()
    column = np.asarray(values)
    if column.ndim != 1:
        raise DataError(
            message("column '{name}' has {ndim} dimensions; a column has one.", name=name, ndim=column.ndim)
        )
    if column.dtype.kind in "biuf":
        return column.astype(np.float64, copy=False)
    if column.dtype.kind == "c":
        raise DataError(message("column '{name}' is complex numbers; real numbers are needed.", name=name))
    if (
        column.dtype.kind in "mM"
    ):  # Python's dates have microseconds: of what is finer NumPy makes whole numbers
        column = column.astype(f"{column.dtype.kind}8[us]")
    return column.astype(object)
