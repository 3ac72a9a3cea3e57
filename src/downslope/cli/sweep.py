"""``downslope sweep``: lists, grids and random numbers -> the public API -> a table, JSON, CSV, a picture."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, NumberType, WordType, assignments
from downslope.cli.compare import column_title, without_room
from downslope.cli.fit_options import TABLE
from downslope.cli.options import (
    CHECKPOINT,
    FILE,
    NUMBER,
    STOPPING,
    Declared,
    Function,
    added,
    as_given,
    declared,
    default,
)
from downslope.cli.outputs import check_writable, deliver, write_asked
from downslope.cli.progress import CountingBar
from downslope.cli.report import document
from downslope.cli.run_options import ask_for_start, warnings_as_notes
from downslope.cli.table import aligned
from downslope.errors import StartError, UsageError
from downslope.messages import message
from downslope.results.text_columns import TextColumn, text_rows

if TYPE_CHECKING:
    from downslope import Sweep

ROWS = 20
VALUES = message("A list such as 0.1,0.5 or grid(0,1,50), logspace(0.001,1,30), uniform(0,1), normal(0,1).")
LIMITS = [option for option in STOPPING if option[0] not in (("--time-limit",), ("--steps",))]

VARIED: tuple[Declared, ...] = (
    declared(
        "--start",
        metavar="x=grid(-7,7,400),y=2",
        help=message(
            "Where to begin. A value may be a list [1,2], grid(-7,7,400), uniform(-2,2) or normal(0,1)."
        ),
    ),
    declared("--optimizer", metavar="A,B", help=message("One rule or several. See 'downslope optimizers'.")),
    declared("--learning-rate", metavar="VALUES", help=VALUES),
    declared(
        "--set",
        "hyperparameters",
        multiple=True,
        metavar="NAME=VALUES",
        help=message("A hyperparameter, likewise; may be repeated."),
    ),
    declared(
        "--schedule", metavar="SCHEDULE", help=message("Of the learning rate, such as 'cosine(steps=1000)'.")
    ),
    declared("--bounds", metavar="x=0:1,y=:5", help=message("Keep parameters within low:high.")),
    declared("--pairs", is_flag=True, help=message("The first with the first, instead of each with each.")),
    declared(
        "--draws", type=NUMBER, metavar="N", help=message("So many sets of random numbers. Default: 20.")
    ),
    declared("--seed", type=NUMBER, metavar="N", help=message("Of these, to have them again.")),
    declared("--maximize", is_flag=True, help=message("Climb.")),
)
STEPS: Declared = declared(
    "--steps", metavar="N,M", help=message("After so many steps; several limits are tried each.")
)

WRITTEN: tuple[Declared, ...] = (
    declared(
        "--format", "form", type=WordType(["table", "json", "csv"]), default="table", help=default("table")
    ),
    declared(
        "--plot",
        type=FILE,
        metavar="FILE",
        help=message("Draw it: .png, .svg or .pdf. Two axes make a map, in which each cell is a run."),
    ),
    declared(
        "--view",
        type=WordType(["phase", "basins", "sensitivity"]),
        metavar="phase|basins|sensitivity",
        help=message("Which picture. Default: the one that fits."),
    ),
    declared(
        "--save", type=FILE, metavar="FILE", help=message("Keep all of it as JSON; downslope.load reads it.")
    ),
    declared("--quiet", is_flag=True, help=message("No notes and no progress bar.")),
)


def _parameters(function: Function) -> Function:
    sections = (
        (message("What varies", context="heading"), VARIED),
        (message("Of a table", context="heading"), TABLE),
        (message("When to stop", context="heading"), [STEPS, *LIMITS]),
        (message("Output", context="heading"), [*WRITTEN, *CHECKPOINT]),
    )
    return added(function, sections)


@click.command(
    cls=ExpressionCommand,
    short_help=message("Make many runs: over starts, rates, rules."),
    help=message(
        "Descend EXPRESSION many times: each value of what is a list with each of the others. A formula runs in"
        " lanes, eight runs at once on each core."
        "\n\nExit code 0 where some run ended as asked, 1 where none did."
    ),
    examples=(
        'downslope sweep "x^2/20 + y^2" --start "x=grid(-7,7,200),y=2" --learning-rate "grid(0.01,1.2,200)"'
        " --steps 500 --plot phase.png",
        'downslope sweep himmelblau --start "x=grid(-6,6,300),y=grid(-6,6,300)" --learning-rate 0.01 --plot basins.png',
        "downslope sweep rosenbrock --optimizer adam,momentum --learning-rate 'logspace(1e-5,1,30)' --steps 1000",
        'downslope sweep "y ~ a*x + b" --table data.csv --learning-rate "logspace(1e-4,1,30)" --steps 500',
    ),
)
@_parameters
@click.argument("expression")
@click.pass_context
def sweep(ctx: click.Context, /, **given: Any) -> None:
    """``downslope sweep``."""
    ctx.exit(_sweep(given))


def _sweep(given: dict[str, Any]) -> int:
    check_outputs(given)
    import downslope

    options = as_given(given, (*LIMITS, *VARIED[4:], *TABLE, *CHECKPOINT))
    options.update(varied_options(given))
    if given["steps"] is not None:
        numbers = [NumberType().convert(piece.strip(), None, None) for piece in given["steps"].split(",")]
        options["steps"] = numbers[0] if len(numbers) == 1 else numbers
    with CountingBar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        if bar is not None:
            options["progress"] = bar
        try:
            made: Sweep = downslope.sweep(given["expression"], given["start"], **options)
        except StartError:
            if given["start"] is None and given["table"] is None:
                ask_for_start(given["expression"])
            raise
    return deliver_sweep(made, given)


def exit_code_of(made: Sweep) -> int:
    """130 where somebody interrupted it, 0 where some run ended as asked, else 1."""
    if not made.complete:
        return 130
    return 1 if len(made.failed) == len(made) else 0


def check_outputs(given: dict[str, Any]) -> None:
    """Find out before the runs what would go wrong after them."""
    if given["view"] is not None and given["plot"] is None:
        raise UsageError(
            message("{view} says what the picture shows; give {plot} too.", view="--view", plot="--plot FILE")
        )
    for name in ("plot", "save", "checkpoint"):
        if given[name] is not None:
            check_writable(f"--{name}", given[name])
    if given["plot"] is not None:
        from downslope.plots.output import checked_suffix

        checked_suffix(given["plot"])


def varied_options(given: dict[str, Any]) -> dict[str, Any]:
    """What varies of the rule, as ``sweep`` takes it."""
    from downslope.sweeping.notation import read_values

    options: dict[str, Any] = {}
    if given["optimizer"] is not None:
        names = [name.strip() for name in given["optimizer"].split(",")]
        options["optimizer"] = names[0] if len(names) == 1 else names
    texts = assignments("--set", given["hyperparameters"], "NAME=VALUES")
    numbers = {name.replace("-", "_"): read_values(text, name) for name, text in texts.items()}
    if given["learning_rate"] is not None:
        options["learning_rate"] = read_values(given["learning_rate"], "learning_rate")
    if numbers:
        options["hyperparameters"] = numbers
    return options


def deliver_sweep(made: Sweep, given: dict[str, Any]) -> int:
    """Report, save and draw, each whatever becomes of the others; answers with the exit code."""
    if not given["quiet"]:
        if given.get("plot") is not None and _never_at_rest(made):
            terminal.note(
                message(
                    "no run could come to rest, as only their steps end them, so the picture has no minima: give"
                    " {tolerance} too.",
                    tolerance="--tolerance",
                )
            )
        if made.trial.design.seed is not None and given.get("seed") is None:
            terminal.note(message("drawn with --seed {seed}", seed=made.trial.design.seed))
        if made.why_single:
            terminal.note(message("each run had an engine of its own: {why}", why=made.why_single))
        if not made.complete:
            terminal.note(message("interrupted: the runs that were not made have the status 'interrupted'"))
            if given.get("checkpoint") is not None:
                terminal.note(
                    message("to go on: {command}", command=f"downslope resume {given['checkpoint']}")
                )
    actions: list[Callable[[], Any]] = [partial(_report, made, given["form"])]
    for name, write in (("save", made.save), ("plot", partial(made.plot, kind=given["view"]))):
        if given[name] is not None:
            actions.append(partial(write_asked, given, name, write))
    deliver(actions)
    return exit_code_of(made)


def _never_at_rest(made: Sweep) -> bool:
    """Whether all runs were ended by their steps, and nothing else was asked for."""
    stopping = made.trial.stopping.with_defaults(made.trial.objective.dtype)
    of_starts = [axis for axis in made.trial.design.axes if any(kind == "start" for kind, *_ in axis.sets)]
    return len(of_starts) > 1 and set(made.counts()) == {"step_limit"} and not stopping.asks_for_a_test


def _report(made: Sweep, form: str | None) -> None:
    if form == "json":
        columns = {name: column.tolist() for name, column in made.columns.items()}
        terminal.emit(document({**_about(made), "columns": columns}))
    elif form == "csv":
        terminal.emit(made.to_csv())
    else:
        terminal.emit("\n".join([*made.summary(), "", *_table(made), ""]))


def _about(made: Sweep) -> dict[str, Any]:
    from downslope.results.saving import encoded

    points = [point._asdict() | {"x": point.x.tolist()} for point in made.minima]
    return encoded(
        {
            "schema": 1,
            "command": "sweep",
            "objective": made.trial.objective.text,
            "runs": len(made),
            "axes": {axis.name: len(axis) for axis in made.trial.design.axes},
            "seed": made.trial.design.seed,
            "engine": made.engine,
            "seconds": made.seconds,
            "complete": made.complete,
            "counts": made.counts(),
            "minima": points,
        }
    )


def _table(made: Sweep) -> list[str]:
    """The first rows where there are few, else some at equal distances."""
    import numpy as np

    places = np.unique(np.linspace(0, len(made) - 1, ROWS).round().astype(int))
    columns = [TextColumn(str(message("run", context="column")), list(map(str, places)))]
    for name, column in made.columns.items():
        values = column[places].tolist()
        told = aligned(values) if column.dtype.kind == "f" else list(map(str, values))
        columns.append(TextColumn(column_title(name), told))
    width = terminal.width(sys.stdout)
    lines = text_rows(columns, width)
    lines += without_room(columns, width)
    if len(places) < len(made):
        lines.append(str(message("... {count:,} runs in all; --format csv has every one", count=len(made))))
    return lines
