"""``downslope export``: a saved run -> a plain script in somebody's dialect."""

from __future__ import annotations

import shlex

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand
from downslope.cli.options import FILE
from downslope.cli.outputs import check_writable
from downslope.errors import UsageError

EXAMPLE = "downslope export run.json --to torch"


@click.command(cls=ExpressionCommand, short_help="Write a saved run as a plain script.")
@click.option("--to", "dialect", metavar="DIALECT", help="numpy, torch, ...; see above.")
@click.option("--output", type=FILE, metavar="FILE", help="Write there instead of to standard output.")
@click.option(
    "--data", type=FILE, metavar="FILE", help="The table of a fit, which a saved fit does not keep."
)
@click.option("--quiet", is_flag=True, help="No notes.")
@click.argument("words", nargs=-1, metavar="RUN", type=click.Path())
def export(
    words: tuple[str, ...], dialect: str | None, output: str | None, data: str | None, quiet: bool
) -> None:
    """Write RUN, a run or fit that --save wrote, as a script that needs nothing of downslope and prints the same table.

    \b
    DIALECT: numpy, numpy_class (update(params, gradients) over dicts), torch, torch.optim,
             tensorflow, keras, jax, optax or sympy.

    \b
    downslope minimize "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95 --steps 29 --save run.json
    downslope export run.json --to torch --output zigzag.py
    downslope export fit.json --to keras --data points.csv
    """
    if len(words) != 1:
        raise UsageError(
            f"{'the saved run is missing' if not words else 'one saved run at a time'}: {EXAMPLE}"
        )
    if output is not None:
        check_writable("--output", output, (*words, *([data] if data else [])))
    from downslope import Run
    from downslope.export import DIALECTS
    from downslope.export.exporting import writer_of
    from downslope.results.loading import load

    if dialect is None:
        raise UsageError(f"--to says in which dialect: {', '.join(DIALECTS)}. For example: {EXAMPLE}")
    writer_of(dialect)  # an unknown one is refused before the file is read
    saved = load(words[0])
    if isinstance(saved, Run):
        if data is not None:
            raise UsageError(f"--data is the table of a fit, and {words[0]} is a run of a formula.")
        text = saved.export(dialect, output)
    elif data is None:
        from downslope.export.fits import check_tellable

        check_tellable(saved)  # before a table is asked for
        again = f"downslope export {shlex.quote(words[0])} --to {dialect} --data points.csv"
        raise UsageError(f"a saved fit does not keep its table. Name the file it was made on: {again}")
    else:
        text = saved.export(dialect, output, table=data)
    if output is None:
        terminal.emit(text)
    elif not quiet:
        terminal.note(f"wrote {output}")
