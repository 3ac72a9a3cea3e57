"""The columns of a table as lines of a script: written out, or read from their file."""

from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.export.formatter import WIDTH, commented
from downslope.export.python import fill, real, text
from downslope.messages import listing, message

if TYPE_CHECKING:
    from downslope.export.costs import Costs

_OF_THE_ROWS = message("of the rows")


def column_lines(costs: Costs) -> list[str]:
    """The lines that make the columns."""
    return _inline(costs) if costs.table.file is None else _from_file(costs)


def _inline(costs: Costs) -> list[str]:
    lines = _columns(costs)
    if max(map(len, lines)) <= WIDTH:
        return lines
    return ["# fmt: off", *(part for line in lines for part in _wrapped(line)), "# fmt: on"]


def _columns(costs: Costs) -> list[str]:
    """The columns, a line each."""
    lines = []
    for column, values in costs.table.columns.items():
        lines.append(f"{costs.columns[column]} = {_array(costs, values)}")
    labels = costs.table.labels
    told = listing(
        message("{number} is {label!r:.20}", number=i, label=label) for i, label in enumerate(labels[:6])
    )
    target = _array(costs, costs.table.values)
    if labels:
        target = text(fill(costs.words.whole, ast.List([ast.Constant(int(v)) for v in costs.table.values])))
    lines.append(commented(f"{costs.target} = {target}", told))
    if costs.table.weights is not None and costs.weights not in costs.columns.values():
        lines.append(commented(f"{costs.weights} = {_array(costs, costs.table.weights)}", _OF_THE_ROWS))
    return lines


def _array(costs: Costs, values: Any) -> str:
    return text(fill(costs.words.array, ast.List([real(float(v)) for v in values])))


def _from_file(costs: Costs) -> list[str]:
    table = costs.table
    assert table.file is not None
    separator = "" if table.separator == "," else f", delimiter={ast.Constant(table.separator).value!r}"
    separator = separator.replace("'", '"')
    lines = [
        f'with open({text(ast.Constant(table.file))}, encoding="utf-8-sig", newline="") as file:',
        f"    rows = list(csv.DictReader(file{separator}))",
    ]
    if table.missing:
        lines += _complete_rows(costs)
    for column in table.columns:
        lines.append(f"{costs.columns[column]} = {_read(costs, column)}")
    if table.labels:
        lines.append(f"LABELS = {[str(label) for label in _as_read(costs)]!r}".replace("'", '"'))
        index = f"LABELS.index(row[{text(ast.Constant(table.target))}])"
        made = fill(costs.words.whole, ast.parse(f"[{index} for row in rows]", mode="eval").body)
        lines.append(f"{costs.target} = {text(made)}")
    else:
        lines.append(f"{costs.target} = {_read(costs, table.target)}")
    if table.weights is not None and costs.weights not in costs.columns.values():
        lines.append(commented(f"{costs.weights} = {_read(costs, table.weights_name)}", _OF_THE_ROWS))
    return lines


def _complete_rows(costs: Costs) -> list[str]:
    """The rows without those that have a missing value in a column in use."""
    table = costs.table
    used = dict.fromkeys([*table.columns, table.target, *filter(None, [table.weights_name])])
    missing, names = costs.writer.names.new("missing"), costs.writer.names.new("used")
    words, columns = (
        ", ".join(text(ast.Constant(word)) for word in words) for words in (table.missing, used)
    )
    return [
        f"{missing} = {{{words}}}",
        f"{names} = [{columns}]",
        f"rows = [row for row in rows if not {missing}.intersection(row[column] for column in {names})]",
    ]


def _as_read(costs: Costs) -> list[Any]:
    """The labels as the file has them: whole numbers without a decimal point."""
    return [
        int(v) if isinstance(v, (float, np.floating)) and float(v).is_integer() else v
        for v in costs.table.labels
    ]


def _read(costs: Costs, column: str) -> str:
    loop = ast.parse(f"[float(row[{text(ast.Constant(column))}]) for row in rows]", mode="eval").body
    return text(fill(costs.words.array, loop))


def _wrapped(line: str) -> list[str]:
    """A column's line with as many numbers on each line as there is room for."""
    if len(line) <= WIDTH:
        return [line]
    begin, end = line.index("[") + 1, line.rindex("]")
    pad = " " * 4
    return [
        line[:begin],
        *textwrap.wrap(line[begin:end], WIDTH, initial_indent=pad, subsequent_indent=pad),
        line[end:],
    ]
