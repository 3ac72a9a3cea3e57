"""The rows of a text that PyArrow does not read as they are, written anew."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from downslope.fitting.cells import is_comment
from downslope.fitting.dialect import Dialect, split


def rewritten(lines: Iterator[str], dialect: Dialect) -> Iterator[str]:
    """The rows of such a text from the first of data on, as plain CSV; comments, rules and units are left out."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    skipping = dialect.units
    lines = lines if dialect.rules is None else dialect.rules.rows(lines)
    for cells in split((line for line in lines if not is_comment(line)), dialect.separator):
        if not cells or (len(cells) == 1 and len(dialect.names) > 1 and not cells[0].strip()):
            continue
        if skipping:
            skipping = False
            continue
        writer.writerow(cells if dialect.rules is None else [cell.strip() for cell in cells])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
