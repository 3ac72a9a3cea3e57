"""Named columns of equal length, as CSV, pandas, Arrow and NumPy have them."""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import MissingExtraError
from downslope.files import write_atomically
from downslope.messages import message


class NamedColumns(ABC):
    """What has named columns, an entry a row."""

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, Any]:
        """The columns by name."""

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples, in the order of ``columns``."""
        return zip(*self.columns.values(), strict=True)

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """Comma-separated text with a header, written to ``path`` too where one is given; numbers read back exactly."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows())
        if path is not None:
            write_atomically(path, text.getvalue().encode())
        return text.getvalue()

    def to_pandas(self) -> Any:
        """A pandas DataFrame.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtraError(
                message("pandas is needed for this: pip install 'downslope[tables]'")
            ) from error
        return pandas.DataFrame(self.columns)


class Columnar(NamedColumns):
    """The same where each column is an array."""

    @property
    @abstractmethod
    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name."""

    @abstractmethod
    def __len__(self) -> int: ...

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples of Python numbers, in the order of ``columns``."""
        return zip(*(column.tolist() for column in self.columns.values()), strict=True)

    def to_numpy(self) -> NDArray[Any]:
        """A structured array with one field for each column."""
        columns = self.columns
        out = np.empty(len(self), [(name, column.dtype) for name, column in columns.items()])
        for name, column in columns.items():
            out[name] = column
        return out

    def to_arrow(self) -> Any:
        """A PyArrow table.

        Raises:
            MissingExtraError: PyArrow is not installed.
        """
        try:
            import pyarrow
        except ImportError as error:
            raise MissingExtraError(message("PyArrow is needed for this: pip install pyarrow")) from error
        return pyarrow.table({k: np.ascontiguousarray(v) for k, v in self.columns.items()})

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Arrow's PyCapsule interface: Polars, DuckDB and pandas read a history directly."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)
