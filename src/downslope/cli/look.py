"""``downslope look``: a table -> what its columns hold, and what a fit would refuse."""

from __future__ import annotations

from typing import Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, WordType
from downslope.cli.fit import ask_for_input
from downslope.cli.options import FILE, READING, Function, added, as_given, default
from downslope.cli.report import document
from downslope.cli.words import option
from downslope.errors import UsageError
from downslope.messages import message

EXAMPLE = "downslope look data.csv"


def reading_parameters(function: Function) -> Function:
    """How the table is read."""
    return added(function, ((message("How text is read", context="heading"), READING),))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Look at a table."),
    help=message(
        "Look at a table: what its columns hold, what is missing, how the file was read, and what a fit would refuse."
        "\n\nDATA as for 'downslope fit'."
    ),
    examples=(EXAMPLE,),
)
@reading_parameters
@option("--format", "form", type=WordType(["table", "json"]), default="table", help=default("table"))
@click.argument("words", nargs=-1, metavar="DATA", type=FILE)
def look(**given: Any) -> None:
    """``downslope look``."""
    data = list(given["words"])
    if not data:
        raise UsageError(message("the data are missing: {example}", example=EXAMPLE))
    ask_for_input(data, False)
    from downslope.api.look import look as look_at_table
    from downslope.fitting.table_look import look_lines, look_to_dict

    found = look_at_table(data, **as_given(given, READING))
    if given["form"] == "json":
        terminal.emit(document({"schema": 1, "command": "look", **look_to_dict(found)}))
    else:
        terminal.emit("\n".join(look_lines(found)) + "\n")
