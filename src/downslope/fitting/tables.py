"""Whatever a person has as a table -> ``Frame``. The one place that looks at the types of tables."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from downslope.errors import DataError
from downslope.fitting import frame as frames
from downslope.fitting.frame import Frame
from downslope.messages import message


def as_frame(table: Any, wanted: Collection[str] | None = None) -> Frame:
    """The columns of a table.

    Args:
        table: a path (CSV, TSV, Parquet, Arrow IPC; gzip or zstd; a glob; ``-`` for standard input), a list of paths
            whose rows follow one another, a dict of columns,
            a pair ``(X, y)`` of arrays, an array of two dimensions, a structured array, or any object with
            ``__arrow_c_stream__`` (pandas, Polars, DuckDB, PyArrow).
        wanted: names that are needed, where that is known; other columns of a file are not read.

    Raises:
        DataError: it cannot be read, has no rows or columns, or repeats a name.
    """
    if isinstance(table, Frame):
        return table
    if isinstance(table, (str, os.PathLike)):
        from downslope.fitting.files import read_files

        return read_files(os.fspath(table), wanted)
    if isinstance(table, list) and table and all(isinstance(part, (str, os.PathLike)) for part in table):
        from downslope.fitting.files import read_files

        return read_files([os.fspath(part) for part in table], wanted)
    if isinstance(table, Mapping):
        return frames.from_columns(table)
    if isinstance(table, tuple) and len(table) == 2:
        return frames.from_pair(*table)
    if hasattr(table, "columns") and not callable(table.columns):
        frames.refuse_repeated([str(name) for name in table.columns], frames.THE_TABLE)
    if hasattr(table, "__arrow_c_stream__"):
        return _from_arrow(table)
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return frames.from_columns({name: table[name] for name in table.columns})
    if isinstance(table, (list, np.ndarray)) or hasattr(table, "__array__"):
        return frames.from_matrix(table)
    raise DataError(
        message(
            "a table is needed, and this is a {kind}: give a path, a dict of columns, a pair (X,"
            " y), an array of two dimensions or a data frame.",
            kind=type(table).__name__,
        )
    )


def _from_arrow(table: Any) -> Frame:
    try:
        import pyarrow
    except ImportError as error:
        if hasattr(table, "columns") and hasattr(table, "__getitem__"):
            return frames.from_columns({str(name): table[name] for name in table.columns})
        from downslope.errors import MissingExtraError

        raise MissingExtraError(
            message("PyArrow is needed to read this table: pip install 'downslope[tables]'")
        ) from error
    from downslope.fitting.files import from_arrow

    return from_arrow(pyarrow.table(table), frames.THE_TABLE)
