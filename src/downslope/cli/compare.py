"""``downslope compare``, and ``minimize`` with several settings: options -> the public API -> a report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand
from downslope.cli.options import (
    EVERY,
    METHOD,
    STOPPING,
    Function,
    added,
    as_given,
    outputs,
    view_of,
)
from downslope.cli.outputs import ASKED, Outputs
from downslope.cli.progress import Bar
from downslope.cli.report import ReportOptions, document, wrapped
from downslope.cli.run_options import ask_for_start, options_of, warnings_as_notes
from downslope.cli.table import aligned
from downslope.errors import StartError, UsageError
from downslope.messages import Message, listing, message
from downslope.pieces import split_outside_brackets
from downslope.results.text_columns import TextColumn, text_rows, with_room, wrap

if TYPE_CHECKING:
    from downslope import RunComparison

SETTINGS_SHOWN = 4  # coordinates of a start that are spelt out in the table


def is_several(given: dict[str, Any]) -> bool:
    """Whether the options of ``minimize`` ask for several runs."""
    rules = given["optimizer"]
    return (
        isinstance(given["learning_rate"], list)
        or given["starts"] is not None
        or (rules is not None and len(split_outside_brackets(rules)) > 1)
    )


def compare_formula(command: str, given: dict[str, Any]) -> int:
    """Run a formula with each of the settings, report, and answer with the exit code."""
    to = _outputs(given)
    to.check()
    if to.form == "jsonl":
        raise UsageError(message("{option} is for one run, and these are several.", option="--format jsonl"))
    if given.get("checkpoint") is not None:
        raise UsageError(message("{option} keeps one run, and these are several.", option="--checkpoint"))
    with Bar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        compared = _compared(command, given, bar)
    to.deliver(compared)
    return exit_code_of(compared)


def _outputs(given: dict[str, Any]) -> Outputs:
    return replace(Outputs(*(given[name] for name in ASKED)), report=report_comparison)


def exit_code_of(compared: RunComparison) -> int:
    """0 where each of the runs ended as it was asked to, 130 where somebody interrupted them, else 1."""
    if compared.interrupted:
        return 130
    return 0 if compared.success else 1


def _compared(command: str, given: dict[str, Any], bar: Bar | None) -> RunComparison:
    import downslope

    start, options = options_of(given, (*METHOD, *STOPPING, EVERY), bar)
    if given["optimizer"] is not None:
        options["optimizer"] = [piece.strip() for piece in split_outside_brackets(given["optimizer"])]
    if command == "maximize":
        options["uphill"] = True
    try:
        return downslope.compare(given["expression"], start, **options)
    except StartError:
        if start is None:
            ask_for_start(given["expression"])
        raise


def _compare_parameters(function: Function) -> Function:
    sections = (
        (message("Method", context="heading"), METHOD),
        (message("When to stop", context="heading"), STOPPING),
        (message("Output", context="heading"), outputs(view_of(several=True))),
    )
    return click.argument("words", nargs=-1, metavar="EXPRESSION | RUN...")(added(function, sections))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Put several runs side by side."),
    help=message(
        "Put runs side by side: those that --save wrote, RUN..., or those of EXPRESSION with several optimizers,"
        " learning rates or starts. One table, one picture with all paths."
    ),
    examples=(
        'downslope compare "x^2/20 + y^2" --start x=-7,y=2 --optimizer "sgd(0.95),adam(0.3)"',
        "downslope compare himmelblau --starts 20 --seed 1 --plot starts.png",
        "downslope compare first.json second.json --plot both.gif",
    ),
)
@_compare_parameters
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """``downslope compare``."""
    words: Sequence[str] = given.pop("words")
    if not words:
        raise UsageError(
            message(
                "what is to be compared? For example: {command}", command="downslope compare a.json b.json"
            )
        )
    saved = [word for word in words if word.lower().endswith(".json")]
    if not saved:
        if len(words) > 1:
            raise UsageError(
                message(
                    "one expression at a time, or saved runs; these are {words}.",
                    words=listing(words, most=4),
                )
            )
        ctx.exit(compare_formula("minimize", {**given, "expression": words[0]}))
    if len(saved) < len(words):
        other = next(word for word in words if word not in saved)
        raise UsageError(message("'{word}' is no saved run, and the others are.", word=other))
    ctx.exit(_compare_saved(saved, given))


def _compare_saved(files: Sequence[str], given: dict[str, Any]) -> int:
    from downslope import Run, load
    from downslope.results.comparison import RunComparison, comparison_of
    from downslope.results.loading import load_run_or_fit

    settings = as_given(given, (*METHOD, *STOPPING))
    if settings or given["start"] is not None:
        name = f"--{next(iter([*settings, 'start'])).replace('_', '-')}"
        raise UsageError(message("{option} is for a formula; saved runs are as they are.", option=name))
    to = replace(_outputs(given), reads=files)
    to.check()
    runs: list[Run] = []
    for file in files:
        found = load(file)
        if not isinstance(found, (Run, RunComparison)):
            load_run_or_fit(file)  # of a sweep or a race, which it says
            raise UsageError(message("{file} holds a fit; runs of functions are compared.", file=file))
        runs += [found] if isinstance(found, Run) else found
    compared = comparison_of(runs)
    to.deliver(compared)
    return exit_code_of(compared)


def report_comparison(compared: RunComparison, options: ReportOptions) -> None:
    """Write the comparison to standard output."""
    if options.form == "json":
        terminal.emit(document(compared.to_dict()))
    elif options.form == "csv":
        terminal.emit(compared.to_csv())
    else:
        terminal.emit("\n".join([*_table(compared), "", *_said(compared, options), ""]))


_TITLES: dict[str, Message] = {
    "optimizer": message("optimizer", context="column"),
    "start": message("start", context="column"),
    "status": message("status", context="column"),
    "steps": message("steps", context="column"),
    "evaluations": message("evaluations", context="column"),
    "value": message("value", context="column"),
    "gradient_norm": message("gradient norm", context="column"),
    "minimum": message("minimum", context="column"),
    "learning_rate": message("learning rate", context="column"),
}


def _table(compared: RunComparison) -> list[str]:
    columns = compared.columns
    coordinates = [f"start:{name}" for name in compared.runs[0].history.coordinates]
    told = {name: column for name, column in columns.items() if name not in coordinates}
    settings = [name for name in told if name in {key for settings in compared.settings for key in settings}]
    texts: list[TextColumn] = []
    for name in settings:
        texts.append(
            TextColumn(column_title(name), ["" if v is None else _short(v) for v in told[name]], True)
        )
    if coordinates[0] in columns:
        places = zip(*(columns[name] for name in coordinates[:SETTINGS_SHOWN]), strict=True)
        more = ", ..." if len(coordinates) > SETTINGS_SHOWN else ""
        texts.append(
            TextColumn(
                column_title("start"), [", ".join(map(_short, place)) + more for place in places], True
            )
        )
    texts.append(TextColumn(column_title("status"), [str(word) for word in told["status"]], True))
    for name in ("steps", "evaluations"):
        texts.append(TextColumn(column_title(name), [f"{count:,}" for count in told[name]], False))
    for name in ("value", "gradient_norm"):
        texts.append(TextColumn(column_title(name), aligned(told[name], to_zero=True), False))
    width = terminal.width(sys.stdout)
    header, *rows = text_rows(texts, width)
    return [terminal.styled(header, sys.stdout, bold=True), *rows, *without_room(texts, width)]


def without_room(columns: Sequence[TextColumn], width: int) -> list[str]:
    """A line with the columns that do not fit into a terminal; none where all do."""
    hidden = [column.title for column in columns[with_room(columns, width) :]]
    told = message("... no room here for {columns}; --format csv has all columns", columns=listing(hidden))
    return wrap(str(told), width) if hidden else []


def column_title(name: str) -> str:
    """What a column of a comparison or a sweep is called in a table."""
    return str(_TITLES[name]) if name in _TITLES else name.replace("_", " ")


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _said(compared: RunComparison, options: ReportOptions) -> list[str]:
    """Of each run that did not end as it was asked to, how it ended; with ``--explain`` all about each of them."""
    out: list[str] = []
    for run, settings in zip(compared.runs, compared.settings, strict=True):
        if options.explain is False or (run.success and not options.explain):
            continue
        told = (f"{column_title(key)} {_short(value)}" for key, value in settings.items() if key != "start")
        name = ", ".join(told) or repr(run.optimizer)
        out += wrapped([message("{run}: {ending}", run=name, ending=run.message)])
        if options.explain:
            out += [*wrapped(run.explain().sentences), ""]
    left = compared.asked - len(compared.runs)
    if left > 0:
        said = message("interrupted: {left} of {asked} runs were not made.", left=left, asked=compared.asked)
        out += wrapped([said])
    return out
