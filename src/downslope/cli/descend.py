"""``downslope minimize`` and ``downslope maximize``: options -> the public API -> a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from downslope.cli.arguments import ExpressionCommand
from downslope.cli.compare import compare_formula, is_several
from downslope.cli.options import CHECKPOINT, EVERY, METHOD, STOPPING, descent_parameters
from downslope.cli.outputs import ASKED, Outputs, check_writable
from downslope.cli.progress import Bar
from downslope.cli.run_options import ask_for_start, options_of, warnings_as_notes
from downslope.cli.step_lines import StepLines
from downslope.errors import StartError
from downslope.messages import message

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
    if is_several(given):
        return compare_formula(command, given)
    outputs = Outputs(*(given[name] for name in ASKED))
    outputs.check()
    if given["checkpoint"] is not None:
        check_writable("--checkpoint", given["checkpoint"])
    with Bar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        lines = (
            StepLines(given["every"], single=given["dtype"] == "float32")
            if given["form"] == "jsonl"
            else None
        )
        run = _run(command, given, bar, lines)
    if lines is not None:
        lines.finish(run)
    outputs.deliver(run)
    return exit_code(run)


def exit_code(run: Run | Fit) -> int:
    """0 where it ended as it was asked to, 130 where somebody interrupted it, else 1."""
    if run.status == "interrupted":
        return 130
    return 0 if run.success else 1


def _run(command: str, given: dict[str, Any], bar: Bar | None, lines: StepLines | None) -> Run:
    import downslope

    start, options = options_of(given, (*METHOD, *STOPPING, EVERY, *CHECKPOINT), bar)
    if lines is not None:
        options["callback"] = lines
    try:
        run: Run = getattr(downslope, command)(given["expression"], start, **options)
    except StartError:
        if start is None:
            ask_for_start(given["expression"])
        raise
    return run
