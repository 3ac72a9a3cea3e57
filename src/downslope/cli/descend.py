"""``downslope minimize`` and ``downslope maximize``: options -> the public API -> a report."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import (
    ExpressionCommand,
    NumberType,
    assignments,
    split_outside_brackets,
    start_values,
)
from downslope.cli.options import CHECKPOINT, EVERY, METHOD, STOPPING, as_given, descent_parameters
from downslope.cli.outputs import ASKED, Outputs, check_writable
from downslope.cli.progress import Bar
from downslope.errors import StartError, UsageError, nearest
from downslope.messages import NOTHING, argument, lines, listing, message

if TYPE_CHECKING:
    from downslope import Run
    from downslope.results.fit import Fit


@click.command(
    cls=ExpressionCommand,
    short_help=message("Descend a formula or a classic problem."),
    help=message("Descend EXPRESSION: a formula, or the name of a classic problem."),
    examples=(
        'downslope minimize "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95',
        'downslope minimize "x^2+2x+3" --start "x=uniform(-2,2)" --seed 7',
        'downslope minimize "rosenbrock(10)" --optimizer adam --set beta1=0.8',
    ),
)
@descent_parameters
@click.pass_context
def minimize(ctx: click.Context, /, **given: Any) -> None:
    """``downslope minimize``."""
    ctx.exit(_descend("minimize", given))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Climb a formula or a classic problem."),
    help=message("Climb EXPRESSION: a formula, or the name of a classic problem."),
    examples=('downslope maximize "-(x^2+2x+3)" --start x=1.5 --learning-rate 0.01',),
)
@descent_parameters
@click.pass_context
def maximize(ctx: click.Context, /, **given: Any) -> None:
    """``downslope maximize``."""
    ctx.exit(_descend("maximize", given))


def _descend(command: str, given: dict[str, Any]) -> int:
    """Run, report, and answer with the exit code."""
    outputs = Outputs(*(given[name] for name in ASKED))
    outputs.check()
    if given["checkpoint"] is not None:
        check_writable("--checkpoint", given["checkpoint"])
    with Bar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        run = _run(command, given, bar)
    outputs.deliver(run)
    return exit_code(run)


def exit_code(run: Run | Fit) -> int:
    """0 where it ended as it was asked to, 130 where somebody interrupted it, else 1."""
    if run.status == "interrupted":
        return 130
    return 0 if run.success else 1


def _run(command: str, given: dict[str, Any], bar: Bar | None) -> Run:
    import downslope

    options = as_given(given, (*METHOD, *STOPPING, EVERY, *CHECKPOINT))
    options.update(hyperparameters(given))
    if given["gradient"] is not None:
        pieces = split_outside_brackets(given["gradient"])
        options["gradient"] = assignments("--gradient", pieces, "x=x/10,y=2*y")
    if bar is not None:
        options["progress"] = bar
    if given["explain"] is False:
        options["explain"] = False
    start = None if given["start"] is None else start_values(given["start"])
    try:
        run: Run = getattr(downslope, command)(given["expression"], start, **options)
    except StartError:
        if start is None:
            ask_for_start(given["expression"])
        raise
    return run


def hyperparameters(given: dict[str, Any]) -> dict[str, Any]:
    """``--set`` as what ``minimize`` takes: the learning rate has a place of its own."""
    texts = assignments("--set", given["hyperparameters"], "NAME=VALUE")
    values = {name.replace("-", "_"): _value(name, text) for name, text in texts.items()}
    if "learning_rate" not in values:
        return {"hyperparameters": values} if values else {}
    if given["learning_rate"] is not None:
        raise UsageError(
            message(
                "the learning rate is given twice, by {option} and by {other}.",
                option="--learning-rate",
                other="--set",
            )
        )
    return {"learning_rate": values.pop("learning_rate"), "hyperparameters": values}


def _value(name: str, text: str) -> Any:
    try:
        return NumberType().convert(text, None, None)
    except UsageError as error:
        raise UsageError(
            message("{parameter}: {what}", parameter=f"--set {name}", what=error.message)
        ) from error


def ask_for_start(expression: str) -> None:
    """Raise the error for a missing start, in the words of the command line."""
    from downslope.language import parse
    from downslope.objectives import all_problems

    names = parse(expression).names
    example = ",".join(f"{name}=1" for name in names[:8])
    problem = nearest(expression, [p.name for p in all_problems()]) if expression.isidentifier() else NOTHING
    raise StartError(
        lines(
            message(
                "no start is given, and the parameters are: {names}. Try {example}.",
                names=listing(names, most=8),
                example=argument("start", example),
            ),
            message("Or is it a classic problem? {problem}", problem=problem) if problem else NOTHING,
        )
    )


@contextlib.contextmanager
def warnings_as_notes(quiet: bool) -> Iterator[None]:
    """Python's warnings as notes; that on a wrong gradient is in the run's notes already."""
    with warnings.catch_warnings(record=True) as caught:
        from downslope.objectives import GradientWarning

        warnings.simplefilter("ignore", GradientWarning)
        yield
    for warning in caught if not quiet else ():
        terminal.note(str(warning.message), terminal.WARNING)
