"""``downslope explain`` and ``downslope check-gradient``: options -> the public API -> a report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import (
    ExpressionCommand,
    NumberType,
    WordType,
    assignments,
    start_values,
)
from downslope.cli.descend import exit_code
from downslope.cli.options import FILE, default
from downslope.cli.report import document, wrapped
from downslope.cli.run_options import ask_for_start
from downslope.cli.words import option
from downslope.errors import StartError, UsageError
from downslope.messages import argument, message
from downslope.pieces import split_outside_brackets
from downslope.results.text_columns import wrap

if TYPE_CHECKING:
    from downslope import Run

_NUMBER = NumberType()
METHOD, OUTPUT = message("Method", context="heading"), message("Output", context="heading")
STOP, GRADIENT = message("When to stop", context="heading"), message("Gradient", context="heading")
_FORMAT = option(
    "--format",
    "form",
    section=OUTPUT,
    type=WordType(["text", "json"]),
    default="text",
    help=default("text"),
)


@click.command(
    "explain",
    cls=ExpressionCommand,
    short_help=message("Forecast a descent, then run it and explain it."),
    help=message(
        "Say what to expect of descending EXPRESSION, from its curvature; then run it and say why it ended as it did."
        " Of a saved run or fit, say why it ended as it did."
    ),
    examples=(
        'downslope explain "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 1.05',
        "downslope explain fit.json",
        "downslope explain --words",
    ),
)
@option("--start", section=METHOD, metavar="x=-7,y=2", help=message("Where to begin."))
@option("--optimizer", section=METHOD, metavar="NAME", help=default("gradient_descent"))
@option(
    "--learning-rate",
    section=METHOD,
    type=_NUMBER,
    metavar="R",
    help=message("Default: the best constant one."),
)
@option(
    "--set",
    "hyperparameters",
    section=METHOD,
    multiple=True,
    metavar="NAME=VALUE",
    help=message("A hyperparameter; may be repeated."),
)
@option(
    "--tolerance",
    section=STOP,
    type=_NUMBER,
    metavar="EPS",
    help=default("1e-8"),
)
@option(
    "--steps",
    section=STOP,
    type=_NUMBER,
    metavar="N",
    help=default("100,000"),
)
@option("--maximize", section=METHOD, is_flag=True, help=message("Climb instead."))
@_FORMAT
@option(
    "--words",
    section=OUTPUT,
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _say_words(ctx) if asked else None,
    help=message("Say what the words of a report mean: curvature, gradient norm, κ, and show nothing else."),
)
@click.argument("expression", metavar="EXPRESSION|FILE.json", type=FILE)
@click.pass_context
def explain(ctx: click.Context, /, **given: Any) -> None:
    """``downslope explain``."""
    import downslope
    from downslope.explain.theory import expected

    if given["expression"].lower().endswith(".json"):
        ctx.exit(_explain_saved(given))

    start = None if given["start"] is None else start_values(given["start"])
    values = assignments("--set", given["hyperparameters"], "NAME=VALUE")
    options: dict[str, Any] = {
        "optimizer": given["optimizer"],
        "learning_rate": given["learning_rate"],
        "hyperparameters": {n.replace("-", "_"): _NUMBER.convert(v, None, None) for n, v in values.items()},
    }
    tolerance = 1e-8 if given["tolerance"] is None else given["tolerance"]
    try:
        promised, rule = expected(given["expression"], start, tolerance, given["maximize"], **options)
    except StartError:
        if start is None:
            ask_for_start(given["expression"])
        raise
    descend = downslope.maximize if given["maximize"] else downslope.minimize
    run = descend(given["expression"], start, optimizer=rule, tolerance=tolerance, steps=given["steps"])
    if promised is not None:
        promised = promised.beside(run)
    if given["form"] == "json":
        data = {
            "schema": 1,
            "command": "explain",
            "objective": run.objective.text,
            "optimizer": run.optimizer.to_dict(),
            "status": run.status,
            "nit": run.nit,
            "forecast": None if promised is None else promised.to_dict(),
            "explanation": run.explain().to_dict(),
        }
        terminal.emit(document(data))
    else:
        before = [] if promised is None else [promised.sentence]
        terminal.emit("\n".join([*wrapped(before), *wrapped([run.message, *_after(run)]), ""]))
    ctx.exit(exit_code(run))


def _say_words(ctx: click.Context) -> None:
    """``downslope explain --words``."""
    from downslope.explain.vocabulary import VOCABULARY

    columns = terminal.width(sys.stdout)
    told: list[str] = []
    for term, meaning in VOCABULARY:
        told += [
            terminal.styled(str(term), sys.stdout, bold=True),
            *wrap(str(meaning), columns, initial_indent="  ", subsequent_indent="  "),
        ]
    terminal.emit("\n".join(told) + "\n")
    ctx.exit()


def _explain_saved(given: dict[str, Any]) -> int:
    """Say why a saved run or fit ended as it did; the exit code is what it had."""
    from downslope.cli.fit_report import explanation_of
    from downslope.results.loading import load_run_or_fit
    from downslope.results.run import Run

    asked = [name for name, value in given.items() if value and name not in ("expression", "form")]
    if asked:
        raise UsageError(
            message(
                "{option} is for an expression; {file} has been run already.",
                option=argument(asked[0]),
                file=given["expression"],
            )
        )
    found = load_run_or_fit(given["expression"])
    if isinstance(found, Run):
        explanation = found.explain()
        lines = wrapped([found.message, *explanation.sentences])
        data = {"schema": 1, "command": "explain", "objective": found.objective.text, "status": found.status}
        data["explanation"] = explanation.to_dict()
    else:
        lines, data = explanation_of(found)
    terminal.emit(document(data) if given["form"] == "json" else "\n".join([*lines, ""]))
    return 0 if found.success else 1


def _after(run: Run) -> list[str]:
    explanation = run.explain()
    forecast = explanation.forecast
    return [s for s in explanation.sentences if forecast is None or s != forecast.sentence]


@click.command(
    "check-gradient",
    cls=ExpressionCommand,
    short_help=message("Hold a gradient against the derivative of its cost."),
    help=message(
        "Hold a gradient against the derivative of COST, in value and not only in direction. Exit code 1: it is wrong."
    ),
    examples=('downslope check-gradient "x^2/20 + y^2" --gradient x=x/10,y=2*y --at x=1,y=2',),
)
@option(
    "--gradient",
    section=GRADIENT,
    metavar="x=x/10,y=2*y",
    help=message("The partial derivatives to check."),
)
@option("--at", section=GRADIENT, metavar="x=1,y=2", help=message("The point."))
@_FORMAT
@click.argument("expression", metavar="COST")
@click.pass_context
def check_gradient(ctx: click.Context, /, **given: Any) -> None:
    """``downslope check-gradient``."""
    import downslope

    if given["gradient"] is None or given["at"] is None:
        raise UsageError(
            message(
                "{command} needs {gradient} and {point}.",
                command="check-gradient",
                gradient="--gradient x=...,y=...",
                point="--at x=1,y=2",
            )
        )
    partials = assignments("--gradient", split_outside_brackets(given["gradient"]), "x=x/10,y=2*y")
    check = downslope.check_gradient(given["expression"], partials, at=start_values(given["at"]))
    if given["form"] == "json":
        terminal.emit(document({"schema": 1, "command": "check-gradient", **check.to_dict()}))
    else:
        terminal.emit("\n".join([*wrapped([check.sentence]), *_rows(check), ""]))
    ctx.exit(0 if check else 1)


def _rows(check: Any) -> list[str]:
    """One line for each coordinate: what was supplied, what the derivative is."""
    said = [
        message(
            "{name}: supplied {supplied:.6g}, derivative {derivative:.6g}",
            name=name,
            supplied=supplied,
            derivative=derivative,
        )
        for name, supplied, derivative in zip(
            check.coordinates, check.supplied, check.derivative, strict=True
        )
    ]
    return [f"  {line}" for line in said]
