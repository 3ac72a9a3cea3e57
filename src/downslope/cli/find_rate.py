"""``downslope find-rate``: a rule and a function -> a learning rate, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, WordType, start_values
from downslope.cli.fit_options import TABLE
from downslope.cli.options import FILE, METHOD, NUMBER, Declared, added, as_given, declared, default
from downslope.cli.outputs import check_writable, deliver, write_asked
from downslope.cli.progress import CountingBar
from downslope.cli.report import document, wrapped
from downslope.cli.run_options import ask_for_start, hyperparameters, warnings_as_notes
from downslope.errors import StartError
from downslope.messages import message

if TYPE_CHECKING:
    from downslope import LearningRate

LEFT_OUT = ("--learning-rate", "--engine", "--gradient")
ASKED: list[Declared] = [
    *(option for option in METHOD if option[0][0] not in LEFT_OUT),
    declared("--steps", type=NUMBER, metavar="N", help=message("Of each short descent. Default: 500.")),
    declared("--maximize", is_flag=True, help=message("Climb.")),
]
WRITTEN: list[Declared] = [
    declared("--format", "form", type=WordType(["table", "json"]), default="table", help=default("table")),
    declared("--plot", type=FILE, metavar="FILE", help=message("Draw the curve: .png, .svg or .pdf.")),
    declared("--quiet", is_flag=True, help=message("No notes and no progress bar.")),
]


def _parameters(function: Any) -> Any:
    sections = (
        (message("Method", context="heading"), ASKED),
        (message("Of a table", context="heading"), TABLE),
        (message("Output", context="heading"), WRITTEN),
    )
    return added(function, sections)


@click.command(
    "find-rate",
    cls=ExpressionCommand,
    short_help=message("Find a learning rate by many short descents."),
    help=message(
        "Find a learning rate for EXPRESSION by whole short descents at many rates. It says the rate to use, the limit"
        " above which runs go up or run away, and why; and it is confirmed by a run."
        "\n\nExit code 1 where there is no answer."
    ),
    examples=(
        'downslope find-rate "x^2/20 + y^2" --start x=-7,y=2',
        "downslope find-rate rosenbrock --optimizer adam --plot rates.png",
        'downslope find-rate "y ~ a*x + b" --table data.csv',
    ),
)
@_parameters
@click.argument("expression")
@click.pass_context
def find_rate(ctx: click.Context, /, **given: Any) -> None:
    """``downslope find-rate``."""
    if given["plot"] is not None:
        check_writable("--plot", given["plot"])
        from downslope.plots.output import checked_suffix

        checked_suffix(given["plot"])
    import downslope

    options = as_given(given, (*ASKED, *TABLE))
    options.update(hyperparameters({**given, "learning_rate": None}))
    options.pop("learning_rate", None)
    start = None if given["start"] is None else start_values(given["start"])
    with CountingBar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        if bar is not None:
            options["progress"] = bar
        try:
            found = downslope.find_learning_rate(given["expression"], start, **options)
        except StartError:
            if start is None and given["table"] is None:
                ask_for_start(given["expression"])
            raise
    actions: list[Callable[[], Any]] = [partial(_report, found, given["form"])]
    if given["plot"] is not None:
        actions.append(partial(write_asked, given, "plot", found.plot))
    deliver(actions)
    ctx.exit(0 if found.rate is not None else 1)


def _report(found: LearningRate, form: str | None) -> None:
    if form == "json":
        terminal.emit(document(found.to_dict()))
    else:
        terminal.emit("\n".join([*wrapped([found.message]), ""]))
