"""A run on standard output: a table with a closing sentence, JSON, or CSV."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from downslope.cli import terminal
from downslope.cli.step_lines import line
from downslope.cli.table import STEP, VALUE, HistoryTable, lay_out
from downslope.messages import Message, listing, message, plural
from downslope.results.text_columns import wrap

if TYPE_CHECKING:
    from downslope import Explanation, Fit, History, Run

ROWS = 20  # of a table that would be longer than twice as many
_TIED = "\u00a0"  # where no line is broken
NAMED = 12  # more coordinates than this are not spelt out below the table


@dataclasses.dataclass(frozen=True)
class ReportOptions:
    """What standard output is to say of a result.

    Attributes:
        form: "table", "json", "csv", or "jsonl", the steps of which were written before.
        every: shows every so-many-th row; None about twenty of many.
        quiet: leaves out the notes.
        explain: True for all of the explanation, False for none; None for what went wrong and what would work.
    """

    form: str
    every: int | None
    quiet: bool
    explain: bool | None


def report(run: Run, options: ReportOptions) -> None:
    """Write ``run`` to standard output."""
    form, explain = options.form, options.explain
    explanation = None if explain is False or form == "csv" else run.explain()
    if run.objective.dtype.name == "float32":
        run = in_single_digits(run)
    if form in ("json", "jsonl"):
        data = run.to_dict()
        history = data.pop("history")
        if explanation is not None:
            data["explanation"] = explanation.to_dict()
        terminal.emit(line(data) if form == "jsonl" else document({**data, "history": history}))
    elif form == "csv":
        terminal.emit_csv(run.history)
    else:
        explained = [] if explanation is None else said_of(run, explanation, explain is True)
        _report_table(run, options, explained)


def in_single_digits(run: Run) -> Run:
    """The run with every float32 as the float64 of the same shortest digits: 2611.85, not 2611.85009765625."""
    import numpy as np

    def shortened(array: Any) -> Any:
        flat = [
            float(str(single)) if single == double or double != double else double
            for double, single in zip(array.ravel().tolist(), array.astype(np.float32).ravel(), strict=True)
        ]
        return np.array(flat).reshape(array.shape)

    old = run.history
    with np.errstate(over="ignore"):
        history = dataclasses.replace(
            old,
            value=shortened(old.value),
            gradient_norm=shortened(old.gradient_norm),
            x=shortened(old.x),
        )
    return dataclasses.replace(run, history=history)


def document(data: Any) -> str:
    """One JSON document, with a line for each entry of the two outer levels."""

    def lines(value: Any, depth: int) -> str:
        if depth == 0 or not isinstance(value, dict) or not value:
            return json.dumps(value, allow_nan=False)
        indent = "  " * (3 - depth)
        entries = (f"{indent}{json.dumps(key)}: {lines(entry, depth - 1)}" for key, entry in value.items())
        return "{\n" + ",\n".join(entries) + "\n" + indent[2:] + "}"

    if isinstance(data, list):
        return "[\n" + ",\n".join("  " + json.dumps(entry, allow_nan=False) for entry in data) + "\n]\n"
    return lines(data, 2) + "\n"


def said_of(run: Run, explanation: Explanation, everything: bool) -> list[str]:
    """The causes and what would work, wrapped to the terminal; all of the explanation where that was asked for.

    What the end of the run has said already is not said again.
    """
    said = explanation.sentences if everything else [explanation.brief] if explanation.brief else []
    return wrapped([one for one in said if str(one) not in run.message])


def wrapped(sentences: Sequence[Message | str]) -> list[str]:
    """Each of them on lines of its own, as wide as the terminal."""
    columns = terminal.width(sys.stdout)
    return [line for said in sentences for line in wrap(str(said), columns)]


def _report_table(run: Run, options: ReportOptions, explained: list[str]) -> None:
    columns = terminal.width(sys.stdout)
    cost = message(
        "status {status}, {effort}, {optimizer!r}",
        status=status_of(run),
        effort=effort(run),
        optimizer=run.optimizer,
    )
    rows = rows_of(run.history, options)
    lines = [*rows, *ended(run), *explained, *_place(run, columns), *wrapped([cost]), ""]
    terminal.emit("\n".join(lines))


def status_of(run: Run | Fit) -> Message | str:
    """The status; of a test that passed where nothing was won by it, that too, as the exit code says."""
    passed = run.status in ("converged", "target_reached")
    return message("{status}, no success", status=run.status) if passed and not run.success else run.status


def rows_of(
    history: History, options: ReportOptions, step: Message = STEP, value: Message = VALUE
) -> list[str]:
    """The history as a table and an empty line; of many rows about twenty where ``every`` does not choose."""
    if not len(history):
        return []
    shown = history if options.every is not None else history.for_readers(ROWS)
    table = lay_out(shown, terminal.width(sys.stdout), step, value)
    if not options.quiet:
        _notes_on(table, shown=len(shown), kept=len(history))
    return [terminal.styled(table.header, sys.stdout, bold=True), *table.rows, ""]


def _notes_on(table: HistoryTable, shown: int, kept: int) -> None:
    if shown < kept:
        terminal.note(
            message(
                "the table shows {shown} of {kept:,} rows; {every} chooses, {csv} has all.",
                shown=shown,
                kept=kept,
                every="--every N",
                csv="--format csv",
            )
        )
    if table.hidden:
        terminal.note(
            message(
                "the table has room for {shown} parameters and leaves out {hidden} more; {csv} has all.",
                shown=table.shown,
                hidden=table.hidden,
                csv="--format csv",
            )
        )


def ended(run: Run) -> list[str]:
    """How it ended, in a sentence, green where that is what was asked for."""
    colour = "green" if run.success else "yellow" if run.status.endswith(("limit", "interrupted")) else "red"
    return [terminal.styled(line, sys.stdout, fg=colour) for line in wrapped([run.message])]


def effort(run: Run, batches: bool = False) -> Message:
    """``10 steps, 11 evaluations``; and how many of gradient and curvature, where these are not as many"""
    way = epochs(run.nit) if batches else steps(run.nit)
    parts = [way, plural("{n:,} evaluation", "{n:,} evaluations", n=run.nfev)]
    if run.njev != run.nfev:
        parts.append(message("{n:,} of them with the gradient", n=run.njev))
    if run.nhev not in (0, run.nfev):
        parts.append(message("{n:,} of them with second derivatives", n=run.nhev))
    return listing(parts)


def steps(n: int) -> Message:
    """``1 step``, ``2,000 steps``"""
    return plural("{n:,} step", "{n:,} steps", n=n)


def epochs(n: int) -> Message:
    """``1 epoch``, ``20 epochs``"""
    return plural("{n:,} epoch", "{n:,} epochs", n=n)


def _place(run: Run, columns: int) -> list[str]:
    if not len(run.history):
        return []
    names, values = run.history.coordinates, run.final.tolist()
    pairs = [f"{name} = {value!r}".replace(" ", _TIED) for name, value in zip(names, values, strict=True)]
    value = f"f = {run.fun!r}".replace(" ", _TIED)
    place = message("{value} at {point}", value=value, point=listing(pairs, most=NAMED))
    lines = wrap(str(place), columns, subsequent_indent="  ")
    return [line.replace(_TIED, " ") for line in lines]
