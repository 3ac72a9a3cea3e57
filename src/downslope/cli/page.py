"""``downslope page``: a formula -> a page of HTML in which it is descended."""

from __future__ import annotations

from typing import Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, start_values
from downslope.cli.options import FILE, NUMBER, SEVERAL, START, Function, added, declared
from downslope.cli.outputs import check_writable
from downslope.cli.run_options import ask_for_start, warnings_as_notes
from downslope.errors import StartError, UsageError
from downslope.files import read_text
from downslope.messages import message
from downslope.pieces import split_outside_brackets

EXAMPLE = 'downslope page "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95 --output zigzag.html'
STEPS = 100  # where nobody says how many

WHAT = (
    START,
    declared(
        "--optimizer",
        metavar="NAME,...",
        help=message("See 'downslope optimizers'; several, also 'sgd(0.95),adam(0.3)', share the map."),
    ),
    SEVERAL[1],
    declared("--steps", type=NUMBER, metavar="N", help=message("At most so many. Default: {n}.", n=STEPS)),
    declared("--maximize", is_flag=True, help=message("Uphill.")),
)
LESSON = declared(
    "--lesson",
    type=FILE,
    metavar="FILE",
    help=message(
        "A text in Markdown to stand beside the page. Its first line may take parts of the page away: hide: rules,"
        " steps."
    ),
)
OUTPUT = (
    declared(
        "--output", type=FILE, metavar="FILE", help=message("Where to write the page, such as page.html.")
    ),
    LESSON,
    declared("--quiet", is_flag=True, help=message("No notes.")),
)


def _parameters(function: Function) -> Function:
    sections = (
        (message("What it begins with", context="heading"), WHAT),
        (message("Output", context="heading"), OUTPUT),
    )
    return click.argument("expression")(added(function, sections))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Write a page on which the start can be dragged."),
    help=message(
        "Write one file of HTML on which EXPRESSION, a formula of one or two variables or a classic problem, is"
        " descended while its start is dragged, with any of our rules. It opens from disk and asks for nothing"
        " elsewhere."
    ),
    examples=(
        EXAMPLE,
        'downslope page rosenbrock --optimizer "momentum(0.0005),adam(0.05)" --output race.html',
    ),
)
@_parameters
def page(expression: str, **given: Any) -> None:
    """``downslope page``."""
    if given["output"] is None:
        raise UsageError(
            message("{option} says where to write the page: {example}", option="--output", example=EXAMPLE)
        )
    check_writable("--output", given["output"])
    lesson = None if given["lesson"] is None else read_text(given["lesson"])
    with warnings_as_notes(given["quiet"]):
        runs = runs_of(expression, start_of(given), given)
    from downslope.files import write_atomically
    from downslope.page.document import page_of

    write_atomically(given["output"], page_of(runs, lesson).encode())
    if not given["quiet"]:
        terminal.note(message("wrote {file}", file=given["output"]))


def start_of(given: dict[str, Any]) -> Any:
    """The start that was typed; None where none was."""
    return None if given["start"] is None else start_values(given["start"])


def runs_of(expression: Any, start: Any, given: dict[str, Any]) -> list[Any]:
    """The runs of a formula that a page begins with, one for each rule and rate."""
    import downslope

    rules = [rule.strip() for rule in split_outside_brackets(given["optimizer"] or "gradient_descent")]
    rates = given["learning_rate"] if isinstance(given["learning_rate"], list) else [given["learning_rate"]]
    descend = downslope.maximize if given["maximize"] else downslope.minimize
    steps = STEPS if given["steps"] is None else given["steps"]
    try:
        runs = [
            descend(expression, start, optimizer=rule, learning_rate=rate, steps=steps, explain=False)
            for rule in rules
            for rate in rates
        ]
    except StartError:
        if start is None:
            ask_for_start(expression)
        raise
    chosen = given["learning_rate"] is not None or "(" in str(given["optimizer"])
    return runs if chosen else [_within_limit(run, given["quiet"]) for run in runs]


def _within_limit(run: Any, quiet: bool) -> Any:
    """The run; where it runs away at a rate that nobody has chosen, one at half the limit 2/L where it begins."""
    if run.status != "diverged" or "learning_rate" not in run.optimizer.hyperparameters():
        return run
    import numpy as np

    import downslope

    usual = run.optimizer.hyperparameters()["learning_rate"]
    largest = float(np.abs(np.linalg.eigvalsh(run.objective.hessian(run.start))).max())
    if not 0 < 1 / largest < usual:
        return run
    rule = run.optimizer.changed(learning_rate=float(f"{1 / largest:.2g}"))
    start = dict(zip(run.history.coordinates, map(float, run.start), strict=True))
    descend = downslope.maximize if run.maximize else downslope.minimize
    slower = descend(
        run.objective, list(start.values()), optimizer=rule, steps=run.stopping.steps, explain=False
    )
    if slower.status == "diverged":
        return run
    if not quiet:
        terminal.note(
            message(
                "{rule} runs away at its usual learning rate {usual:g}, so the page begins with {rate:g}.",
                rule=rule.name(),
                usual=usual,
                rate=rule.learning_rate,
            )
        )
    return slower
