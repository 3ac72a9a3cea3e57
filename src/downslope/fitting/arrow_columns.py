"""Columns of PyArrow -> a ``Frame``: numbers as float64, all else as objects.

The one place that knows Arrow's types.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.fitting.frame import EXACT, Frame, Origin, RowSource, Unreadable, beyond_exact, refuse_repeated
from downslope.messages import message


def from_arrow(
    table: Any, origin: Origin, order: Sequence[str] = (), sources: Sequence[RowSource] = ()
) -> Frame:
    """The columns of a PyArrow table; ``order`` has the names of those too that were not read."""
    names = list(table.column_names)
    refuse_repeated(names, origin)
    columns = {n: _column(table.column(n), n) for n in names}
    notes = tuple((n, beyond_exact(n)) for n in names if _rounded(table.column(n)))
    return Frame(columns, origin, order=tuple(order), sources=tuple(sources), notes=notes)


def index_of(schema: Any) -> tuple[str, ...]:
    """The columns that are the index of the pandas table which this was: they are no data."""
    try:
        told = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        found = tuple(name for name in told.get("index_columns", ()) if isinstance(name, str))
    except (ValueError, AttributeError, TypeError, UnicodeDecodeError):
        return ()
    known = set(schema.names)
    return tuple(name for name in found if name in known)


def _column(column: Any, name: str) -> Any:
    """A column as float64 (missing values as NaN), or as objects where it is not numbers."""
    import pyarrow as pa

    try:
        return _read(column)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, ArithmeticError, MemoryError) as error:
        why = message(
            "column '{name}' cannot be read: it is of the type {kind:.60} ({reason:.120}).",
            name=name,
            kind=_type_name(column.type),
            reason=str(error).strip().split("\n")[0].rstrip("."),
        )
        return Unreadable(why).column(len(column))


def _type_name(kind: Any) -> str:
    """A type for a sentence; the names of fields within it may be no text."""
    try:
        return str(kind)
    except UnicodeDecodeError:
        return type(kind).__name__


def _read(column: Any) -> Any:
    import pyarrow as pa

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column, kind = (
            pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type),
            kind.storage_type,
        )
    if pa.types.is_dictionary(kind):
        if not (pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type)):
            return _of_dictionary(column)
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        column, kind = column.cast(pa.float64(), safe=False), pa.float64()
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return _numbers(column)
    if pa.types.is_string(kind) and len(column):  # the same text once, however often it comes
        return _of_dictionary(column.dictionary_encode())
    return _objects(column.to_pylist())


def _objects(values: list[Any]) -> Any:
    return np.array([*values, None], object)[:-1]  # the None keeps lists from becoming a matrix


def _of_dictionary(column: Any) -> Any:
    """Categories as what they stand for."""
    import pyarrow.compute as pc

    parts = [_objects([])]
    for chunk in column.chunks:
        words = _objects([*chunk.dictionary.to_pylist(), None])
        indices = pc.fill_null(chunk.indices.cast("int64"), len(words) - 1)
        parts.append(words[np.from_dlpack(indices)])
    return np.concatenate(parts)


def _numbers(column: Any) -> Any:
    """A column of numbers as float64, not by PyArrow's ``to_numpy`` and ``cast``, which import pandas and more."""
    import pyarrow as pa

    out, begin = np.empty(len(column)), 0
    for chunk in column.chunks:
        end = begin + len(chunk)
        out[begin:end] = _as_they_lie(chunk)
        if chunk.null_count:
            out[begin:end][np.from_dlpack(chunk.is_null().cast(pa.int8())) != 0] = np.nan
        begin = end
    return out


def _as_they_lie(chunk: Any) -> Any:
    """The numbers of a chunk without a copy; whatever lies there where one is missing."""
    import pyarrow as pa

    bare = pa.Array.from_buffers(chunk.type, len(chunk), [None, chunk.buffers()[1]], offset=chunk.offset)
    return np.from_dlpack(bare)


def largest_of(column: Any) -> float:
    """The largest magnitude in a column of numbers, 0 where there is none.

    A chunk at a time in NumPy, which is six times as fast as PyArrow's ``min_max`` of the whole.
    """
    found = 0
    for chunk in column.chunks:
        numbers = _as_they_lie(chunk.drop_null() if chunk.null_count else chunk)
        if numbers.size:
            found = max(found, -np.fmin.reduce(numbers).item(), np.fmax.reduce(numbers).item())
    return found


def _rounded(column: Any) -> bool:
    """Whether it is whole numbers that a float64 rounds."""
    import pyarrow as pa

    kind = column.type
    return pa.types.is_integer(kind) and kind.bit_width == 64 and largest_of(column) > EXACT
