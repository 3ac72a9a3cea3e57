"""The table that a script prints: its header, the function that prints a row, and the call of that."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from downslope.export.formatter import WIDTH, at_right, cells, docstring
from downslope.export.python import quoted, text
from downslope.export.script_model import COLUMNS
from downslope.messages import message

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


def header(writer: ScriptWriter) -> list[str]:
    """The lines that print the header of the table."""
    (first, room), *others = _columns(writer)
    whole = "".join(at_right(title, width) for title, width in ((first, room), *others))
    if cells(whole) <= WIDTH - 9:
        return [f"print({text(ast.Constant(whole))})"]
    titles = text(ast.List([ast.Constant(title) for title, _ in others]))
    return [
        f"titles = {titles}",
        f'print({quoted(at_right(first, room))} + "".join(f"{{title:>{others[0][1]}}}" for title in titles))',
    ]


def _columns(writer: ScriptWriter) -> list[tuple[str, int]]:
    width = writer.model.digits + 8
    shown = writer.model.coordinates if len(writer.model.coordinates) <= COLUMNS else ()
    names = [c if len(c) < width else c[: width - 3] + ".." for c in shown]
    titles = (message("value", context="axis"), message("gradient norm", context="axis"))
    step = str(message("step", context="axis"))
    return [(step, _step_width(writer)), *((h, width) for h in (*map(str, titles), *names))]


def reporting(writer: ScriptWriter) -> list[str]:
    """The function that prints a row."""
    width, digits = writer.model.digits + 8, writer.model.digits
    return [
        *("", "", "def report(step, *numbers):"),
        *docstring([message("Print a row of the table.")], 4),
        f'    print(f"{{step:{_step_width(writer)}}}"'
        f' + "".join(f"{{number:{width}.{digits}g}}" for number in numbers))',
    ]


def _step_width(writer: ScriptWriter) -> int:
    return max(6, len(str(writer.model.run.nit)))


def row(writer: ScriptWriter) -> str:
    """The line that prints a row."""
    if writer.alone:
        return f"report(step, value, norm, {writer.shown()})"
    if len(writer.model.coordinates) > COLUMNS:
        return "report(step, value, norm)"
    if writer.costs is not None and writer.costs.table.standardised:
        return f"report(step, value, norm, *{writer.listed(f'in_user_units({writer.point})')})"
    return f"report(step, value, norm, {writer.spread()})"
