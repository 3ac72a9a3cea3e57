"""``downslope export``: a saved run -> a plain script in somebody's dialect."""

from __future__ import annotations

import shlex

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand
from downslope.cli.options import FILE
from downslope.cli.outputs import check_writable
from downslope.cli.words import option
from downslope.errors import UsageError
from downslope.messages import listing, message

EXAMPLE = "downslope export run.json --to torch"


@click.command(
    cls=ExpressionCommand,
    short_help=message("Write a saved run as a plain script."),
    help=message(
        "Write RUN, a run or fit that --save wrote, as a script that needs nothing of downslope and prints the same"
        " table.\n\nDIALECT: {dialects}. The class of {numpy_class} has update(params, gradients) over dicts.",
        dialects=listing(
            ("numpy", "numpy_class", "torch", "torch.optim", "tensorflow", "keras", "jax", "optax", "sympy"),
            "or",
        ),
        numpy_class="numpy_class",
    ),
    examples=(
        'downslope minimize "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95 --steps 29 --save run.json',
        f"{EXAMPLE} --output zigzag.py",
        "downslope export fit.json --to keras --data points.csv",
    ),
)
@option("--to", "dialect", metavar="DIALECT", help=message("numpy, torch, ...; see above."))
@option("--output", type=FILE, metavar="FILE", help=message("Write there instead of to standard output."))
@option(
    "--data", type=FILE, metavar="FILE", help=message("The table of a fit, which a saved fit does not keep.")
)
@option("--quiet", is_flag=True, help=message("No notes."))
@click.argument("words", nargs=-1, metavar="RUN", type=FILE)
def export(
    words: tuple[str, ...], *, dialect: str | None, output: str | None, data: str | None, quiet: bool
) -> None:
    """``downslope export``."""
    if not words:
        raise UsageError(message("the saved run is missing: {example}", example=EXAMPLE))
    if len(words) > 1:
        raise UsageError(message("one saved run at a time: {example}", example=EXAMPLE))
    if output is not None and output.lower().endswith(".ipynb"):
        raise UsageError(
            message("{file} would be a notebook, and a script is written: name it .py.", file=output)
        )
    if output is not None:
        check_writable("--output", output, (*words, *([data] if data else [])))
    from downslope import Run
    from downslope.export import DIALECTS
    from downslope.export.exporting import writer_of
    from downslope.results.loading import load_run_or_fit

    if dialect is None:
        raise UsageError(
            message(
                "{option} says in which dialect: {dialects}. For example: {example}",
                option="--to",
                dialects=listing(DIALECTS),
                example=EXAMPLE,
            )
        )
    writer_of(dialect)  # an unknown one is refused before the file is read
    saved = load_run_or_fit(words[0])
    if isinstance(saved, Run):
        if data is not None:
            raise UsageError(
                message(
                    "{option} is the table of a fit, and {file} is a run of a formula.",
                    option="--data",
                    file=words[0],
                )
            )
        text = saved.export(dialect, output)
    elif data is None:
        from downslope.export.fits import check_tellable

        check_tellable(saved)  # before a table is asked for
        again = f"downslope export {shlex.quote(words[0])} --to {dialect} --data points.csv"
        raise UsageError(
            message(
                "a saved fit does not keep its table. Name the file it was made on: {command}", command=again
            )
        )
    else:
        text = saved.export(dialect, output, table=data)
    if output is None:
        terminal.emit(text)
    elif not quiet:
        terminal.note(message("wrote {file}", file=output))
