"""A run on standard output: a table with a closing sentence, JSON, or CSV."""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from downslope.cli import terminal
from downslope.cli.table import HistoryTable, lay_out

if TYPE_CHECKING:
    from downslope import Explanation, History, Run

ROWS = 20
NAMED = 12  # more coordinates than this are not spelt out below the table


def report(run: Run, form: str, every: int | None, quiet: bool, explain: bool | None = None) -> None:
    """Write ``run`` to standard output in the form "table", "json" or "csv".

    ``explain`` is True for all of the explanation, False for none; None says what went wrong and what would work.
    """
    explanation = None if explain is False or form == "csv" else run.explain()
    if run.objective.dtype.name == "float32":
        run = in_single_digits(run)
    if form == "json":
        data = run.to_dict()
        history = data.pop("history")
        if explanation is not None:
            data["explanation"] = explanation.to_dict()
        terminal.emit(document({**data, "history": history}))
    elif form == "csv":
        terminal.emit(run.history.to_csv())
    else:
        _report_table(run, every, quiet, [] if explanation is None else said_of(explanation, explain is True))


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


def said_of(explanation: Explanation, everything: bool) -> list[str]:
    """The causes and what would work, wrapped to the terminal; all of the explanation where that was asked for."""
    said = explanation.sentences if everything else [explanation.brief] if explanation.brief else []
    return wrapped(said)


def wrapped(sentences: list[str]) -> list[str]:
    """Each of them on lines of its own, as wide as the terminal."""
    columns = terminal.width(sys.stdout)
    return [line for said in sentences for line in textwrap.wrap(said, columns, break_on_hyphens=False)]


def _report_table(run: Run, every: int | None, quiet: bool, explained: list[str]) -> None:
    columns = terminal.width(sys.stdout)
    cost = f"status {run.status}, {effort(run)}, {run.optimizer!r}"
    last = textwrap.wrap(cost, columns, break_on_hyphens=False)
    lines = [*rows_of(run.history, every, quiet), *ended(run), *explained, *_place(run, columns), *last, ""]
    terminal.emit("\n".join(lines))


def rows_of(
    history: History, every: int | None, quiet: bool, step: str = "step", value: str = "value"
) -> list[str]:
    """The history as a table and an empty line; of many rows about twenty where ``every`` does not choose."""
    if not len(history):
        return []
    shown = history if every is not None else history.at_most(ROWS)
    table = lay_out(shown, terminal.width(sys.stdout), step, value)
    if not quiet:
        _notes_on(table, shown=len(shown), kept=len(history))
    return [terminal.styled(table.header, sys.stdout, bold=True), *table.rows, ""]


def _notes_on(table: HistoryTable, shown: int, kept: int) -> None:
    if shown < kept:
        terminal.note(f"the table shows {shown} of {kept:,} rows; --every N chooses, --format csv has all.")
    if table.hidden:
        terminal.note(
            f"the table has room for {table.shown} parameters and leaves out {table.hidden} more;"
            " --format csv has all."
        )


def ended(run: Run) -> list[str]:
    """How it ended, in a sentence, green where that is what was asked for."""
    colour = "green" if run.success else "yellow" if run.status.endswith(("limit", "interrupted")) else "red"
    sentence = textwrap.wrap(run.message, terminal.width(sys.stdout), break_on_hyphens=False)
    return [terminal.styled(line, sys.stdout, fg=colour) for line in sentence]


def effort(run: Run, step: str = "step") -> str:
    """``10 steps, 11 evaluations``"""
    return f"{counted(run.nit, step)}, {counted(run.nfev, 'evaluation')}"


def counted(number: int, noun: str) -> str:
    """``1 step``, ``2,000 steps``"""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _place(run: Run, columns: int) -> list[str]:
    if not len(run.history):
        return []
    names, values = run.history.coordinates, run.final.tolist()
    pairs = [f"{name} = {value!r}" for name, value in zip(names, values, strict=True)]
    if len(pairs) > NAMED:
        pairs[NAMED:] = [f"... and {len(pairs) - NAMED} more"]
    glued = ", ".join(pair.replace(" ", "\0") for pair in pairs)
    wrapped = textwrap.wrap(
        f"f\0=\0{run.fun!r} at {glued}", columns, subsequent_indent="  ", break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in wrapped]
