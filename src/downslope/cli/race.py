"""``downslope race``: options -> the public API -> a report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import (
    ExpressionCommand,
    NumbersType,
    WordType,
    start_values,
)
from downslope.cli.options import (
    CHECKPOINT,
    FILE,
    NUMBER,
    START,
    Function,
    added,
    as_given,
    declared,
    default,
)
from downslope.cli.outputs import check_writable, deliver, write_asked
from downslope.cli.progress import CountingBar
from downslope.cli.report import document, wrapped
from downslope.cli.run_options import ask_for_start, warnings_as_notes
from downslope.errors import StartError, UsageError
from downslope.messages import message
from downslope.pieces import split_outside_brackets

if TYPE_CHECKING:
    from downslope import Race

INTERRUPTED = 130
RULES = "gradient_descent,momentum,adam,lbfgs,auto"  # raced where nobody says who

WHO = (
    declared(
        "--optimizer",
        metavar="NAME,...",
        help=message(
            "Who runs: see 'downslope optimizers'; 'adam(0.3)' is not tuned; scipy:BFGS, torch:Adam, optax:adam are"
            " other libraries' own. Default: {rules}.",
            rules=RULES,
        ),
    ),
    declared(
        "--rates",
        type=NumbersType(),
        metavar="R,...",
        help=message("Learning rates that tuning tries. Default: 11 from 1e-4 to 10."),
    ),
    declared("--no-tune", is_flag=True, help=message("Leave every learning rate at its default.")),
)
WHERE = (
    START,
    declared(
        "--starts",
        type=NUMBER,
        metavar="N",
        help=message("So many starts, at least 15, drawn around it or from what is uniform. Default: 25."),
    ),
    declared("--seed", type=NUMBER, metavar="N", help=message("Of the starts, to have them again.")),
)
UNTIL = (
    declared(
        "--targets",
        type=NumbersType(),
        metavar="T,...",
        help=message(
            "Parts of the height above the least value that are to be left. Default: 0.1,1e-3,1e-5,1e-7."
        ),
    ),
    declared("--minimum", type=NUMBER, metavar="V", help=message("The least value, where it is known.")),
    declared("--evaluations", type=NUMBER, metavar="N", help=message("Most of one descent. Default: 2,000.")),
    declared(
        "--rounds",
        type=NUMBER,
        metavar="N",
        help=message("How often each descent is timed; 0 leaves the clock out. Default: 3."),
    ),
)
OUTPUT = (
    declared("--format", "form", type=WordType(["text", "json"]), default="text", help=default("text")),
    declared("--plot", type=FILE, metavar="FILE", help=message("Draw it: .png, .svg, .pdf.")),
    declared("--html", type=FILE, metavar="FILE", help=message("The report as one page with its pictures.")),
    declared(
        "--save", type=FILE, metavar="FILE", help=message("Keep all of it as JSON; downslope.load reads it.")
    ),
    declared("--quiet", is_flag=True, help=message("No notes and no progress bar.")),
)


def _parameters(function: Function) -> Function:
    sections = (
        (message("Who", context="heading"), WHO),
        (message("From where", context="heading"), WHERE),
        (message("How far", context="heading"), UNTIL),
        (message("Output", context="heading"), [*OUTPUT, *CHECKPOINT]),
    )
    return click.argument("words", nargs=-1, metavar="EXPRESSION...")(added(function, sections))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Race methods over many starts, and say who needs fewer evaluations."),
    help=message(
        "Race methods on EXPRESSION, a formula or a classic problem, or on several problems together: from at least 15"
        " starts, to targets fixed before, by default and tuned. A difference is claimed only where a paired test over"
        " the starts supports it."
    ),
    examples=(
        "downslope race rosenbrock --optimizer adam,lbfgs,scipy:BFGS --seed 1 --html race.html",
        'downslope race "x^2/20 + y^2" --start x=-7,y=2 --optimizer "sgd(0.9),sgd(0.45)"',
        "downslope race rosenbrock beale booth --plot race.png",
    ),
)
@_parameters
@click.pass_context
def race(ctx: click.Context, /, **given: Any) -> None:
    """``downslope race``."""
    check_outputs(given)
    with CountingBar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        raced = _raced(given, bar)
    ctx.exit(deliver_race(raced, given))


def check_outputs(given: dict[str, Any]) -> None:
    """Find out before the race what would go wrong after it."""
    names = ("plot", "html", "save", "checkpoint")
    files = [(f"--{name}", given[name]) for name in names if given[name] is not None]
    for option, path in files:
        check_writable(option, path)
    if len({path for _, path in files}) < len(files):
        raise UsageError(message("two outputs are the same file, {file}.", file=files[-1][1]))
    if given["plot"] is not None:
        from downslope.plots.races import checked_suffix

        checked_suffix(given["plot"])


def _raced(given: dict[str, Any], bar: CountingBar | None) -> Race:
    import downslope

    words: tuple[str, ...] = given["words"]
    if not words:
        raise UsageError(
            message("what is to be raced on? For example: {command}", command="downslope race beale")
        )
    names = ("starts", "seed", "targets", "minimum", "evaluations", "rounds", "rates")
    options = {name: given[name] for name in names if given[name] is not None}
    options.update(as_given(given, CHECKPOINT))
    if given["no_tune"]:
        options["rates"] = []
    if bar is not None:
        options["progress"] = lambda at: bar(at.done, at.total)
    start = None if given["start"] is None else start_values(given["start"])
    rules = [piece.strip() for piece in split_outside_brackets(given["optimizer"] or RULES)]
    try:
        return downslope.race(list(words) if len(words) > 1 else words[0], rules, start, **options)
    except StartError:
        if start is None and len(words) == 1:
            ask_for_start(words[0])
        raise


def deliver_race(raced: Race, given: dict[str, Any]) -> int:
    """Report and write the files, each whatever becomes of the others; answers with the exit code."""
    actions: list[Callable[[], Any]] = [lambda: _report(raced, given["form"])]
    for name, write in (("save", raced.save), ("html", raced.to_html), ("plot", raced.plot)):
        if given[name] is not None:
            actions.append(partial(write_asked, given, name, write))
    deliver(actions)
    return INTERRUPTED if raced.interrupted else 0


def _report(raced: Race, form: str) -> None:
    if form == "json":
        terminal.emit(document(raced.to_dict()))
        return
    from downslope.results.text_columns import text_rows

    header, *rows = text_rows(raced.table, terminal.width(sys.stdout))
    table = [terminal.styled(header, sys.stdout, bold=True), *rows]
    before, after = raced.said
    terminal.emit("\n".join([*wrapped(before), "", *table, "", *wrapped(after), ""]))
