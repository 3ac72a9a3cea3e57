"""``downslope fit``: options -> the public API -> a report."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, assignments, start_values
from downslope.cli.fit_options import METHOD, MODEL, STOPPING, fit_parameters
from downslope.cli.fit_report import report_fit
from downslope.cli.options import CHECKPOINT, EVERY, READING, as_given
from downslope.cli.outputs import ASKED, Outputs, check_writable
from downslope.cli.progress import Bar
from downslope.cli.run_options import hyperparameters, warnings_as_notes
from downslope.errors import UsageError
from downslope.messages import listing, message, plural, sentences
from downslope.pieces import split_outside_brackets

if TYPE_CHECKING:
    from downslope.results.fit import Fit

EXAMPLE = 'downslope fit data.csv "y ~ a*x + b"'


@click.command(
    cls=ExpressionCommand,
    short_help=message("Fit a hypothesis to a table."),
    help=message(
        "Fit a hypothesis to a table: what in it is a column is data, the other names are parameters to be found."
        "\n\nDATA is a file (CSV, TSV, Parquet, Arrow; .gz, .zst), several of them, a pattern in quotes, or - for"
        " standard input; or a table in a database, as in duckdb:///sales.db::orders."
    ),
    examples=(
        f"{EXAMPLE} --plot fit.png",
        'downslope fit data.csv "y ~ b1*(1 - exp(-b2*x))" --start b1=200,b2=0.001',
        "downslope fit data.parquet --target price --features area,rooms --save f.json",
        "downslope fit 'part-*.parquet' --target price --engine processes",
    ),
)
@fit_parameters
@click.pass_context
def fit(ctx: click.Context, /, **given: Any) -> None:
    """``downslope fit``."""
    data, hypothesis = sorted_words(given["words"], given["target"])
    asked = Outputs(*(given[name] for name in ASKED))
    outputs = replace(asked, report=report_fit, read_view=view_of_fit, reads=data)
    outputs.check()
    if given["checkpoint"] is not None:
        check_writable("--checkpoint", given["checkpoint"], data)
    ask_for_input(data, given["quiet"])
    with Bar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        fitted = _fitted(data, hypothesis, given, bar)
    outputs.deliver(fitted)
    ctx.exit(130 if fitted.status == "interrupted" else 0 if fitted.success else 1)


def sorted_words(words: Sequence[str], target: str | None) -> tuple[list[str], str | None]:
    """The files and the hypothesis among the words.

    Raises:
        UsageError: there are no data, or the hypothesis came in pieces because it was not in quotes.
    """
    from downslope.fitting.database import is_address

    formulas = [
        word
        for word in words
        if "~" in word and not word.startswith("~") and not is_address(word) and not os.path.exists(word)
    ]
    data = [word for word in words if word not in formulas]
    equation = next(
        (w for w in data if re.fullmatch(r"\s*[^\W\d]\w*\s*=[^=].*", w) and not os.path.exists(w)), None
    )
    if equation is not None and not formulas:
        left, _, right = equation.partition("=")
        raise UsageError(
            message(
                "'{equation}' is neither a file nor a hypothesis, which has a ~: \"{left} ~ {right}\".",
                equation=equation,
                left=left.strip(),
                right=right.strip(),
            )
        )
    if len(formulas) > 1:
        raise UsageError(
            plural(
                "there is {n} hypothesis: {formulas}. Give one.",
                "there are {n} hypotheses: {formulas}. Give one.",
                n=len(formulas),
                formulas=listing(map(repr, formulas), "and"),
            )
        )
    if len(data) > 1 and not formulas and target is None:
        strange = [word for word in data[1:] if not os.path.exists(word) and not set("*?[") & set(word)]
        signs = [word for word in data[1:] if word in ("+", "-", "*", "/", "~")]
        if strange or signs:
            raise UsageError(
                plural(
                    "the hypothesis came in {n} piece. Put it in quotes: {example}",
                    "the hypothesis came in {n} pieces. Put it in quotes: {example}",
                    n=len(data) - 1,
                    example=EXAMPLE,
                )
            )
    if not data:
        missing = (
            message("the data are missing.")
            if formulas
            else message("the data and the hypothesis are missing.")
        )
        how = message("Give a file, or - for standard input: {example}", example=EXAMPLE)
        raise UsageError(sentences(missing, how))
    return data, formulas[0] if formulas else None


def ask_for_input(data: Sequence[str], quiet: bool) -> None:
    """Tell a person at a terminal that a table is waited for."""
    if "-" in data and sys.stdin.isatty() and not quiet:
        terminal.note(message("reading the table from standard input; Ctrl-D ends it."))


def view_of_fit(text: str) -> dict[str, Any]:
    """``--view`` as what ``Fit.plot`` takes."""
    from downslope.plots.fits.choice import parse_fit_view

    name, ranges = parse_fit_view(text)
    return {"kind": name, "view": ranges}


def _fitted(data: list[str], hypothesis: str | None, given: dict[str, Any], bar: Bar | None) -> Fit:
    from downslope.api.table_fitting import fit as fit_table

    options = as_given(given, (*MODEL, *READING, *METHOD, *STOPPING, EVERY, *CHECKPOINT))
    options.update(hyperparameters(given))
    if given["start"] is not None:
        options["start"] = start_values(given["start"])
    if given["gradient"] is not None:
        options["gradient"] = _gradient(given["gradient"])
    if bar is not None:
        options["progress"] = bar
    return fit_table(data, hypothesis, **options)


def _gradient(text: str) -> str | dict[str, str]:
    """One formula, or one for each parameter."""
    pieces = split_outside_brackets(text)
    return assignments("--gradient", pieces, "a=sum((a*x-y)*x),b=sum(a*x-y)") if "=" in pieces[0] else text
