"""Whatever a person has as a table -> ``Frame``. The one place that looks at the types of tables."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from downslope.errors import DataError, UsageError
from downslope.fitting import frame as frames
from downslope.fitting import frames_in_memory as in_memory
from downslope.fitting.file_kinds import first_line
from downslope.fitting.frame import Frame
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.messages import argument, listing, message


def as_frame(table: Any, wanted: Collection[str] | None = None, asked: TextFormat = DETECTED) -> Frame:
    """The columns of a table.

    Args:
        table: a path (CSV, TSV, Parquet, Arrow IPC; gzip or zstd; a glob; ``-`` for standard input), a list of paths
            whose rows follow one another, a dict of columns, a list of dicts (one for each row),
            a pair ``(X, y)`` of arrays, an array of two dimensions, a structured array, a data frame (pandas; Polars,
            lazy too), or any object with ``__arrow_c_stream__`` (DuckDB, PyArrow).
        wanted: names that are needed, where that is known; other columns of a file are not read. The index of a data
            frame is no data, unless it has a name that is among these.
        asked: how text is to be read, where that is known.

    Raises:
        DataError: it cannot be read, has no rows or columns, or repeats a name.
        UsageError: it is said how to read the text of a table that is in memory.
    """
    if isinstance(table, Frame):
        return table
    if paths := paths_of(table):
        from downslope.fitting.files import read_files

        return read_files(paths, wanted, asked)
    if asked.given:
        raise UsageError(
            message(
                "{options} can be said of text files only, and this table is in memory: convert its columns first.",
                options=listing(map(argument, asked.given), "and"),
            )
        )
    if hasattr(table, "collect_schema") and hasattr(table, "collect"):  # lazy
        table = _collected(table)
    if isinstance(table, Mapping):
        return in_memory.from_columns(table)
    if isinstance(table, tuple) and len(table) == 2:
        return in_memory.from_pair(*table)
    if isinstance(table, list) and table and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        return in_memory.from_columns({name: [row.get(name) for row in table] for name in names})
    return _from_object(table, wanted)


def paths_of(table: Any) -> list[str]:
    """The paths that a table is given by; none where it is something else."""
    parts = table if isinstance(table, list) else [table]
    return (
        [os.fspath(part) for part in parts]
        if all(isinstance(part, (str, os.PathLike)) for part in parts)
        else []
    )


def _collected(table: Any) -> Any:
    """A lazy table's rows; its plan is carried out only here, and can fail."""
    try:
        return table.collect()
    except Exception as error:
        raise DataError(
            message("the lazy table cannot be collected: {reason:.200}.", reason=first_line(error))
        ) from error


def _from_object(table: Any, wanted: Collection[str] | None) -> Frame:
    if hasattr(table, "columns") and not callable(table.columns):
        frames.refuse_repeated([str(name) for name in table.columns], frames.THE_TABLE)
    if hasattr(table, "columns") and hasattr(table, "index") and hasattr(table, "iloc"):
        return _from_pandas(table, wanted)
    if hasattr(table, "to_frame") and not hasattr(table, "columns"):
        raise DataError(
            message(
                "a table is needed, and this {kind} is one column: give a table with what it depends on beside it.",
                kind=type(table).__name__,
            )
        )
    if hasattr(table, "__arrow_c_stream__"):
        return _from_arrow(table, wanted)
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return in_memory.from_columns({name: table[name] for name in table.columns})
    if isinstance(table, (list, np.ndarray)) or hasattr(table, "__array__"):
        return in_memory.from_matrix(table)
    raise DataError(
        message(
            "a table is needed, and this is a {kind}: give a path, a dict of columns, a pair (X,"
            " y), an array of two dimensions or a data frame.",
            kind=type(table).__name__,
        )
    )


def _from_pandas(table: Any, wanted: Collection[str] | None) -> Frame:
    """Column by column: by way of Arrow one column of mixed objects would keep all the others from being read."""
    columns = {name: table.iloc[:, j] for j, name in enumerate(table.columns)}
    names = {str(name) for name in columns}
    for level, name in enumerate(table.index.names):
        if name is not None and wanted is not None and str(name) in wanted and str(name) not in names:
            columns[name] = table.index.get_level_values(level)
    return in_memory.from_columns(columns)


def _from_arrow(table: Any, wanted: Collection[str] | None) -> Frame:
    try:
        import pyarrow
    except ImportError as error:
        if hasattr(table, "columns") and hasattr(table, "__getitem__"):
            return in_memory.from_columns({str(name): table[name] for name in table.columns})
        from downslope.errors import MissingExtraError

        raise MissingExtraError(
            message("PyArrow is needed to read this table: pip install pyarrow")
        ) from error
    from downslope.fitting.arrow_columns import from_arrow, index_of

    try:
        whole = pyarrow.table(table)
    except Exception as error:  # a column of a type that Arrow has not, as Polars' Int128
        if hasattr(table, "columns") and hasattr(table, "get_column"):
            return in_memory.from_columns({str(name): table[name].to_list() for name in table.columns})
        raise DataError(
            message("the table cannot be read: {reason:.200}.", reason=first_line(error))
        ) from error
    index = index_of(whole.schema)
    names = [name for name in whole.column_names if name not in index]
    kept = (
        [*names, *(n for n in index if wanted is not None and n in wanted)] if index else whole.column_names
    )
    frames.refuse_repeated(whole.column_names, frames.THE_TABLE)
    return from_arrow(whole.select(kept), frames.THE_TABLE)
