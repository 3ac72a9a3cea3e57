"""``downslope worksheet``: a formula, or a saved run -> a handout with blanks, and its solution."""

from __future__ import annotations

import os
from typing import Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, NumberType
from downslope.cli.options import FILE, NUMBER, SEVERAL, START, Function, added, declared
from downslope.cli.outputs import check_writable
from downslope.cli.page import runs_of, start_of
from downslope.cli.run_options import warnings_as_notes
from downslope.errors import UsageError
from downslope.messages import message

EXAMPLE = 'downslope worksheet "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95 --output zigzag.html'
STEPS = 10  # where nobody says how many

WHAT = (
    START,
    declared("--optimizer", metavar="NAME", help=message("See 'downslope optimizers'.")),
    SEVERAL[1],
    declared("--steps", type=NUMBER, metavar="N", help=message("At most so many. Default: {n}.", n=STEPS)),
    declared("--maximize", is_flag=True, help=message("Uphill.")),
)
SHEET = (
    declared(
        "--blanks",
        metavar="SHARE|NAME,...",
        help=message("Which share of the cells is left out, or whole columns: 0.4, or x,y. Default: 0.4."),
    ),
    declared("--seed", type=NUMBER, metavar="N", help=message("Of the choice of cells.")),
    declared("--digits", type=NUMBER, metavar="N", help=message("Significant digits. Default: 4.")),
)
OUTPUT = (
    declared(
        "--output",
        type=FILE,
        metavar="FILE",
        help=message("Where to write, .html or .md, instead of Markdown to standard output."),
    ),
    declared(
        "--solution",
        type=FILE,
        metavar="FILE",
        help=message("A file of its own for the solution, which else follows the handout."),
    ),
    declared("--quiet", is_flag=True, help=message("No notes.")),
)


def _parameters(function: Function) -> Function:
    sections = (
        (message("What it begins with", context="heading"), WHAT),
        (message("The handout", context="heading"), SHEET),
        (message("Output", context="heading"), OUTPUT),
    )
    return click.argument("expression")(added(function, sections))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Write a handout with blanks, and its solution."),
    help=message(
        "Write the table of a run with blanks to be filled in by hand, with the formula of the update, one step worked"
        " out, and the solution. EXPRESSION is a formula, a classic problem, or a run that --save wrote."
    ),
    examples=(EXAMPLE, "downslope worksheet run.json --blanks x,y --output sheet.md --solution solution.md"),
)
@_parameters
def worksheet(expression: str, **given: Any) -> None:
    """``downslope worksheet``."""
    for option in ("output", "solution"):
        if given[option] is not None:
            check_writable(f"--{option}", given[option])
    with warnings_as_notes(given["quiet"]):
        run = _run_of(expression, given)
    sheet = run.worksheet(**_options(given))
    alone = None if given["solution"] is None else False
    if given["output"] is None:
        parts = (False,) if alone is False else (False, True)
        terminal.emit("\n---\n\n".join(sheet.to_markdown(solution=part) for part in parts))
    else:
        sheet.save(given["output"], solution=alone)
    if given["solution"] is not None:
        sheet.save(given["solution"], solution=True)
    for file in (given["output"], given["solution"]):
        if file is not None and not given["quiet"]:
            terminal.note(message("wrote {file}", file=file))


def _run_of(expression: str, given: dict[str, Any]) -> Any:
    if not (expression.endswith(".json") and os.path.exists(expression)):
        steps = STEPS if given["steps"] is None else given["steps"]
        runs = runs_of(expression, start_of(given), {**given, "steps": steps})
        if len(runs) > 1:
            raise UsageError(message("a worksheet has one rule and one learning rate."))
        return runs[0]
    settings = [one for one in ("start", "optimizer", "learning_rate", "steps") if given[one] is not None]
    if settings or given["maximize"]:
        option = f"--{(settings or ['maximize'])[0].replace('_', '-')}"
        raise UsageError(
            message("{option} is of a new run, and {file} is a saved one.", option=option, file=expression)
        )
    from downslope import Run
    from downslope.results.loading import load_run_or_fit

    saved = load_run_or_fit(expression)
    if not isinstance(saved, Run):
        raise UsageError(message("{file} is a fit, and a worksheet is made of a run.", file=expression))
    return saved


def _options(given: dict[str, Any]) -> dict[str, Any]:
    options = {name: given[name] for name in ("seed", "digits") if given[name] is not None}
    if given["blanks"] is not None:
        text = given["blanks"]
        numeric = text.lstrip("-+.")[:1].isdigit()
        options["blanks"] = NumberType().convert(text, None, None) if numeric else text.split(",")
    if given["steps"] is not None:
        options["rows"] = given["steps"]
    return options
