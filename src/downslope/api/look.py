"""``look``: a first look at a table."""

from __future__ import annotations

from typing import Any, Unpack

from downslope.fitting.look import look_at
from downslope.fitting.table_look import TableLook
from downslope.fitting.tables import as_frame
from downslope.fitting.text_format import ReadingOptions, TextFormat


def look(table: Any, **options: Unpack[ReadingOptions]) -> TableLook:
    """What a table holds: types, ranges, what is missing, and what a fit would refuse.

    Args:
        table: as for ``fit``.
        options: how text files are to be read, as for ``fit``.

    Raises:
        DataError: it cannot be read.

    >>> import downslope as ds
    >>> found = ds.look({"x": [1, 2, None], "city": ["Bern", "Uri", "Bern"]})
    >>> [(column.name, column.kind, column.missing) for column in found.columns]
    [('x', 'whole numbers', 1), ('city', 'text', 0)]
    >>> print(found)
    3 rows, 2 of them without a missing value
      column  holds          missing  range or values
      x       whole numbers        1  1 to 2, mean 1.5
      city    text                 0  Bern 2, Uri 1
      x: refused: column 'x' of the table has a missing value at row 3; ...
      city: As a feature it counts by its 2 categories.
    """
    return look_at(as_frame(table, None, TextFormat.from_options(options)))
