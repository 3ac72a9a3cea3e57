"""``downslope predict``: a saved fit and a table -> predictions."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, cast

import click

from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand, WordType
from downslope.cli.fit import ask_for_input
from downslope.cli.options import FILE, NUMBER, READING, Declared, Function, added, as_given
from downslope.cli.outputs import check_writable
from downslope.cli.report import document
from downslope.cli.words import option
from downslope.errors import UsageError
from downslope.messages import Message, message, plural

if TYPE_CHECKING:
    from downslope.fitting.frame import Frame
    from downslope.fitting.model import PredictOptions
    from downslope.results.fit import Fit

EXAMPLE = "downslope predict fit.json new.csv"


def table_parameters(function: Function) -> Function:
    """How the table is read, and which of its rows are."""
    missing: Declared = (
        ("--drop-missing",),
        {"is_flag": True, "help": message("Leave out rows with missing values, and count them.")},
    )
    return added(function, ((message("How text is read", context="heading"), (missing, *READING)),))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Predict with a saved fit."),
    help=message(
        "Predict the rows of DATA with MODEL, a file that 'downslope fit --save' wrote.\n\nNumbers; where the loss"
        " classifies, labels and the probability of each class. DATA as for 'downslope fit'."
    ),
    examples=('downslope fit data.csv "y ~ a*x + b" --save fit.json', EXAMPLE),
)
@table_parameters
@option(
    "--interval",
    type=NUMBER,
    metavar="LEVEL",
    help=message(
        "Also between what the target will lie with this probability, such as 0.95: columns low and high."
    ),
)
@option("--output", type=FILE, metavar="FILE", help=message("Write there instead of to standard output."))
@option(
    "--format",
    "form",
    type=WordType(["csv", "json"]),
    help=message("Default: csv, or by the ending of --output."),
)
@option("--quiet", is_flag=True, help=message("No notes."))
@click.argument("words", nargs=-1, metavar="MODEL DATA", type=FILE)
@click.pass_context
def predict(ctx: click.Context, /, **given: Any) -> None:
    """``downslope predict``."""
    words, output = given["words"], given["output"]
    if len(words) < 2:
        if words:
            raise UsageError(message("the data are missing: {example}", example=EXAMPLE))
        raise UsageError(message("the model and the data are missing: {example}", example=EXAMPLE))
    model, *data = words
    if data[-1].lower().endswith(".json") and not model.lower().endswith(".json"):
        raise UsageError(message("the model comes first, then the data: {example}", example=EXAMPLE))
    if output is not None:
        check_writable("--output", output, words)
    ask_for_input(data, given["quiet"])
    from downslope.results.fit_loading import load_fit

    fit = load_fit(model)
    frame = fit.model.frame_of(data, **predict_options(given))
    if not given["quiet"]:
        for note in (*frame.notes_on(fit.model.hypothesis.sources), *rows_left_out(frame.rows_dropped)):
            terminal.note(note)
    columns = columns_of(fit, frame, given["interval"])
    form = given["form"] or ("json" if output is not None and output.lower().endswith(".json") else "csv")
    text = as_json(fit, columns) if form == "json" else as_csv(columns)
    if output is None:
        terminal.emit(text)
        return
    from downslope.files import write_atomically

    write_atomically(output, text.encode())
    if not given["quiet"]:
        terminal.note(message("wrote {file}", file=output))


def predict_options(given: dict[str, Any]) -> PredictOptions:
    """How the table is to be read."""
    options = as_given(given, READING)
    return cast("PredictOptions", {**options, "drop_missing": given["drop_missing"]})


def columns_of(fit: Fit, frame: Frame, level: float | None) -> dict[str, list[Any]]:
    """The predictions, and of a fit that classifies the probability of each class, by the names of their columns.

    Where rows were left out, the numbers of the others come first.
    """
    columns: dict[str, list[Any]] = {}
    if frame.rows_dropped:
        assert frame.kept is not None
        columns["row"] = (frame.kept + 1).tolist()
    if level is None:
        columns["prediction"] = fit.predict(frame).tolist()
    else:
        names = ("prediction", "low", "high")
        columns |= {n: v.tolist() for n, v in zip(names, fit.predict_interval(frame, level), strict=True)}
    if fit.model.loss.classifies:
        found = fit.probabilities(frame)
        each = found.T if found.ndim == 2 else (1 - found, found)
        columns |= {f"probability_{c}": p.tolist() for c, p in zip(fit.model.classes, each, strict=True)}
    return columns


def as_csv(columns: dict[str, list[Any]]) -> str:
    """The columns with a line of names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def as_json(fit: Fit, columns: dict[str, list[Any]]) -> str:
    """The columns with what they are predictions of; what is not finite is null."""
    plain = {
        name: [None if isinstance(v, float) and not abs(v) < float("inf") else v for v in values]
        for name, values in columns.items()
    }
    head = {
        "schema": 1,
        "command": "predict",
        "hypothesis": fit.model.hypothesis.text,
        "target": fit.model.hypothesis.target,
    }
    return document({**head, "rows": len(plain["prediction"]), **plain})


def rows_left_out(n: int) -> list[Message]:
    """The sentence on rows that were left out; none where there are none."""
    told = plural(
        "{n} row with missing values was left out.", "{n} rows with missing values were left out.", n=n
    )
    return [told] if n else []
