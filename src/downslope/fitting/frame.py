"""A table in memory: named columns of numbers (and of labels, which only a target may have)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UnknownNameError, UsageError, nearest

Column: TypeAlias = NDArray[Any]

_DATE = "Give it as a number, such as the days since a first one."
_HINTS = {
    "text": "Text can be the target of softmax; elsewhere, give numbers, such as 0 and 1.",
    "a date": _DATE,
    "a datetime": _DATE,
    "a Timestamp": _DATE,
    "a list": "A column holds one number in each row.",
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
        notes: what was done on the way in.
        rows_dropped: rows left out because a value was missing (only on request).
        unread: names of further columns, which were not asked for.
        order: all names, the unread ones too, as they stand in the file; empty where nothing is unread.
        remedy: for a missing value, besides filling it in.
        kept: of a table some rows of which were left out, which these are.
    """

    columns: dict[str, Column]
    origin: str = "the table"
    sources: tuple[RowSource, ...] = ()
    bases: tuple[tuple[tuple[str, ...], NDArray[np.float64]], ...] = ()
    notes: tuple[str, ...] = field(default=())
    rows_dropped: int = 0
    unread: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    remedy: str = "leave such rows out with drop_missing=True (--drop-missing)"
    kept: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        if not self.columns:
            raise DataError(f"{self.origin} has no columns.")
        lengths = {name: len(column) for name, column in self.columns.items()}
        first = next(iter(lengths))
        for name, length in lengths.items():
            if length != lengths[first]:
                raise DataError(
                    f"the columns of {self.origin} differ in length: {first} has {lengths[first]} rows,"
                    f" {name} has {length}."
                )
        if not lengths[first]:
            raise DataError(f"{self.origin} has no rows.")

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
        return self.order or (*self.columns, *self.unread)

    def where(self, row: int) -> str:
        """``row 3`` or ``line 5``, and of several files which: how a person finds a row (counted from 1)."""
        row = row if self.kept is None else int(self.kept[row])
        for source in self.sources:
            if row < source.rows:
                line = source.first_line
                place = f"row {row + source.before + 1}" if line is None else f"line {row + line}"
                return place if source.path == self.origin else f"{place} of {source.path}"
            row -= source.rows
        return f"row {row + 1}"

    def __getitem__(self, name: str) -> Column:
        if name not in self.columns:
            hint = nearest(name, self.known)
            raise UnknownNameError(
                f"{self.origin} has no column '{name}'. {hint}{' ' if hint else ''}"
                f"The columns are: {listed(self.known)}."
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
            if isinstance(value, str) and _plain_number(value):
                stored = row if stored is None else stored
                continue
            kind = "text" if isinstance(value, str) else f"a {type(value).__name__}"
            hint = _HINTS.get(kind, "")
            if _numeric(value):
                hint = "Is it a decimal comma or a thousands separator?"
            elif any(isinstance(v, str) and _plain_number(v) for v in column[:1000]):
                hint = "Correct it, or leave the cell empty where the value is missing."
            shown = value if isinstance(value, str) else str(value)
            raise DataError(
                f"column '{name}' of {self.origin} is not numbers: {self.where(row)} holds {shown!r:.40}, {kind}."
                f" {hint}".rstrip()
            )
        if stored is not None:
            raise DataError(
                f"column '{name}' of {self.origin} holds numbers stored as text, such as {column[stored]!r:.40} at"
                f" {self.where(stored)}; convert the column to numbers first."
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


def listed(names: Any, most: int = 20) -> str:
    """Names for a sentence, the first twenty."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def refuse_repeated(names: Sequence[str], origin: str) -> None:
    """Raise DataError where a column's name comes twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise DataError(
            f"{origin} has more than one column called {listed(map(repr, repeated))}; give each its own name."
        )


def missing(frame: Frame, name: str, row: int) -> str:
    """The sentence for a missing value."""
    return (
        f"column '{name}' of {frame.origin} has a missing value at {frame.where(row)};"
        f" fill it in, or {frame.remedy}."
    )


def _plain_number(value: str) -> bool:
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


def from_columns(columns: Mapping[Any, Any], origin: str = "the table") -> Frame:
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
        hint = (
            " Reshape it with .reshape(-1, 1) where it is one column, .reshape(1, -1) where it is one row."
            if X.ndim == 1
            else ""
        )
        raise DataError(f"a table has two dimensions, and this array has {X.ndim}.{hint}")
    if not X.shape[1]:
        raise DataError("the table has no columns.")
    names = tuple(names or (f"x{j + 1}" for j in range(X.shape[1])))
    if len(names) != X.shape[1]:
        raise UsageError(f"the array has {X.shape[1]} columns, but {len(names)} names are given.")
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
        raise DataError(f"column '{name}' has {column.ndim} dimensions; a column has one.")
    if column.dtype.kind in "biuf":
        return column.astype(np.float64, copy=False)
    if column.dtype.kind == "c":
        raise DataError(f"column '{name}' is complex numbers; real numbers are needed.")
    return column.astype(object)
