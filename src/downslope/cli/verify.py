"""``downslope verify``: a saved run, fit, sweep or race -> whether it is what comes out when it is made again."""

from __future__ import annotations

import click

from downslope.cli import terminal
from downslope.cli.options import FILE
from downslope.cli.report import wrapped
from downslope.cli.words import Command
from downslope.messages import message


@click.command(
    cls=Command,
    short_help=message("Make a saved run, fit, sweep or race again, and compare."),
    help=message(
        "Make RUN, which --save or --checkpoint wrote, again, and say whether it is what the file says: identical, or"
        " to how many digits. The exit code is 0 where it holds, else 1.\n\nA fit needs its table too, DATA as for"
        " 'downslope fit'."
    ),
    examples=("downslope verify run.json", "downslope verify fit.json data.csv"),
)
@click.argument("run", type=FILE)
@click.argument("data", nargs=-1, metavar="[DATA]", type=FILE)
@click.pass_context
def verify(ctx: click.Context, /, run: str, data: tuple[str, ...]) -> None:
    """``downslope verify``."""
    from downslope.api.verifying import verify as run_again

    found = run_again(run, list(data) or None)
    terminal.emit("\n".join([*wrapped([str(found)]), ""]))
    ctx.exit(0 if found.holds else 1)
