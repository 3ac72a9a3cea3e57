"""Frames of what is in memory: dicts, data frames, matrices; each column as an array of one kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UsageError
from downslope.fitting.frame import (
    EXACT,
    NUMBERS,
    THE_TABLE,
    Column,
    ColumnNote,
    Frame,
    Origin,
    beyond_exact,
    refuse_repeated,
)
from downslope.messages import message, sentences


def from_columns(columns: Mapping[Any, Any], origin: Origin = THE_TABLE) -> Frame:
    """A frame of a dict of columns."""
    names = [str(name) for name in columns]
    refuse_repeated(names, origin)
    notes: list[ColumnNote] = []
    read = {str(name): as_column(values, str(name), notes) for name, values in columns.items()}
    return Frame(read, origin, notes=tuple(notes))


def from_matrix(X: Any, names: Sequence[str] | None = None) -> Frame:
    """A frame of a two-dimensional array; its columns are called x1, x2, ... where no names are given.

    Raises:
        DataError: it has not two dimensions, or is not numbers.
    """
    if hasattr(X, "toarray"):  # of SciPy
        raise DataError(message("this is a sparse matrix, and a table is dense: give its toarray()."))
    X = as_array(X)
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
    if X.dtype.kind not in "biuf" or isinstance(X, np.ma.MaskedArray):
        return from_columns({name: X[:, j] for j, name in enumerate(names)})
    base = np.asarray(X, np.float64)
    notes = tuple((name, beyond_exact(name)) for j, name in enumerate(names) if _rounded(X[:, j]))
    return Frame({name: base[:, j] for j, name in enumerate(names)}, bases=((names, base),), notes=notes)


def from_pair(X: Any, y: Any) -> Frame:
    """A frame of inputs and one target: columns x1, x2, ... and y.

    >>> from_pair([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]).names
    ('x1', 'x2', 'y')
    """
    frame = from_matrix(X)
    notes = list(frame.notes)
    target = as_column(y, "y", notes)
    return Frame({**frame.columns, "y": target}, bases=frame.bases, notes=tuple(notes))


def as_array(values: Any) -> NDArray[Any]:
    """An array, with its mask where it has one; of uneven parts, or with text among numbers, an array of objects."""
    if isinstance(values, np.ma.MaskedArray):
        return values
    try:
        array = np.asarray(values)
        if array.dtype.kind in "US" and isinstance(values, list | tuple):
            return np.asarray(values, object)  # else 1.5 and a gap among words become words
        return array
    except ValueError:  # lists of several lengths
        return np.array([*values, None], object)[:-1]


def as_column(values: Any, name: str, notes: list[ColumnNote] | None = None) -> Column:
    """One column: float64 where it is numbers, else objects. What is missing in a masked array is NaN.

    Raises:
        DataError: it has not one dimension.
    """
    column = as_array(_as_numpy(values))
    if column.ndim != 1:
        raise DataError(
            message("column '{name}' has {ndim} dimensions; a column has one.", name=name, ndim=column.ndim)
        )
    if notes is not None and _rounded(column):
        notes.append((name, beyond_exact(name)))
    if isinstance(column, np.ma.MaskedArray):
        if column.dtype.kind in "biuf":
            return np.asarray(np.ma.filled(column.astype(np.float64), np.nan))
        return np.asarray(np.ma.filled(column.astype(object), None))
    if column.dtype.kind in "biuf":
        return column.astype(np.float64, copy=False)
    if (
        column.dtype.kind in "mM"
    ):  # Python's dates have microseconds: of what is finer NumPy makes whole numbers
        column = column.astype(f"{column.dtype.kind}8[us]")
    column = column.astype(object)
    numbers = _all_numbers(column)
    if numbers is None:
        return column
    if notes is not None and any(isinstance(v, int) and abs(v) > EXACT for v in column):
        notes.append((name, beyond_exact(name)))
    return numbers


def _all_numbers(column: Column) -> NDArray[np.float64] | None:
    """Objects as float64 where all are numbers or missing; None where one is something else, or too large."""
    values = np.empty(len(column))
    for row, value in enumerate(column):
        if isinstance(value, NUMBERS):
            try:
                values[row] = float(value)
            except (OverflowError, ValueError):
                return None
        elif value is None or type(value).__name__ in ("NAType", "NaTType"):
            values[row] = np.nan
        else:
            return None
    return values


def _as_numpy(values: Any) -> Any:
    """A column of a data frame as an array; nullable numbers with NaN where they are missing."""
    if isinstance(values, np.ndarray) or not hasattr(values, "to_numpy"):
        return values
    kind = getattr(values, "dtype", None)
    if not isinstance(kind, np.dtype) and getattr(kind, "kind", "O") in "biuf" and hasattr(kind, "na_value"):
        try:
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):  # another library's
            pass
    return values.to_numpy()


def _rounded(column: NDArray[Any]) -> bool:
    """Whether it is whole numbers that a float64 rounds."""
    if column.dtype.kind in "iu" and column.dtype.itemsize == 8 and column.size:
        return bool(column.max() > EXACT or column.min() < -EXACT)
    return False
