"""A fit on standard output: the way as a table, the parameters with their standard errors, how good it is."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

from downslope.cli import terminal
from downslope.cli.report import counted, document, effort, ended, rows_of, wrapped

if TYPE_CHECKING:
    from downslope.results.fit import Fit

MOST_NAMED = 40  # parameters; more are not spelt out below the table
LONGEST_RULE = 160
GAP = "  "


def report_fit(fit: Fit, form: str, every: int | None, quiet: bool, explain: bool | None) -> None:
    """Write ``fit`` to standard output in the form "table", "json" or "csv".

    ``explain`` is True for all of the explanation, False for none; None says what went wrong and what would work.
    """
    if form == "json":
        data = fit.to_dict()
        if explain is False:
            del data["explanation"]
        terminal.emit(document(data))
    elif form == "csv":
        terminal.emit(fit.history.to_csv())
    else:
        step = "epoch" if fit.path == "batches" else "step"
        value = str(fit.model.loss) if fit.problem is None or not _penalised(fit) else "cost"
        table = rows_of(fit.history, every, quiet, step, value)
        said = [] if explain is False else _explained(fit, explain is True)
        terminal.emit("\n".join([*table, *ended(fit.run), *said, *parameters(fit), *_quality(fit, step), ""]))


def _penalised(fit: Fit) -> bool:
    assert fit.problem is not None
    penalty = fit.problem.objective.penalty
    return bool(penalty.l1 or penalty.l2)


def _explained(fit: Fit, everything: bool) -> list[str]:
    explanation = fit.explain()
    if everything:
        return wrapped([s for s in explanation.sentences if s != fit.message])
    return wrapped([explanation.brief] if explanation.brief else [])


def parameters(fit: Fit) -> list[str]:
    """A line for each parameter, or for each parameter a row with a column for each class."""
    if fit.model.loss.name == "softmax":
        return _by_class(fit)
    values = dict(zip(fit.history.coordinates, fit.run.final.tolist(), strict=True))
    errors: dict[str, float] = fit.standard_errors or {}
    shown = list(values)[:MOST_NAMED]
    numbers = {name: f"{values[name]:.10g}" for name in shown}
    name_width = max(map(terminal.cells, shown), default=0)
    width = max(map(len, numbers.values()), default=0) if errors else 0
    lines = [
        f"{GAP}{name}{' ' * (name_width - terminal.cells(name))} = {numbers[name]:<{width}}"
        + (f"  ± {errors[name]:.3g}" if name in errors else "")
        for name in shown
    ]
    why = f"(no standard errors: {fit.no_standard_errors})" if fit.no_standard_errors else ""
    told = textwrap.wrap(why, terminal.width(sys.stdout), initial_indent=GAP, subsequent_indent=GAP)
    return [*lines, *_more(len(values), len(shown), "parameter"), *told]


def _by_class(fit: Fit) -> list[str]:
    columns = [["", *fit.x]]
    room = terminal.width(sys.stdout) - len(GAP) - max(map(terminal.cells, columns[0]))
    for k, label in enumerate(fit.model.classes):
        column = [str(label), *(f"{value[k]:.6g}" for value in fit.x.values())]
        room -= len(GAP) + max(map(terminal.cells, column))
        if room < 0 and k:
            break
        columns.append(column)
    lines = [GAP + GAP.join(row) for row in zip(*map(_padded, columns), strict=True)]
    lines[MOST_NAMED + 1 :] = []
    return [
        *lines,
        *_more(len(fit.x), len(lines) - 1, "parameter"),
        *_more(len(fit.model.classes), len(columns) - 1, "class"),
    ]


def _padded(column: list[str]) -> list[str]:
    width = max(map(terminal.cells, column))
    left = column[0] == ""
    return [
        t + " " * (width - terminal.cells(t)) if left else " " * (width - terminal.cells(t)) + t
        for t in column
    ]


def _more(count: int, shown: int, noun: str) -> list[str]:
    nouns = {"class": "classes"}.get(noun, f"{noun}s")
    return [f"{GAP}... and {count - shown} more {nouns}; --format json has all"] if shown < count else []


def _quality(fit: Fit, step: str) -> list[str]:
    """How good it is, and what it took."""
    measures = [f"{fit.model.loss} = {fit.loss:.10g}"]
    if fit.r2 is not None:
        measures.append(f"R² = {fit.r2:.8g}")
    if fit.accuracy is not None:
        measures.append(f"accuracy {fit.accuracy:.6g}")
    measures.append(counted(fit.rows, "row"))
    if fit.rows_dropped:
        measures.append(f"{fit.rows_dropped:,} left out")
    where = {"user": "", "natural": ", natural coordinates", "orthogonal": ", orthogonal coordinates"}.get(
        fit.coordinates, f", {fit.coordinates}"
    )
    rule = repr(fit.run.optimizer)
    if len(rule) > LONGEST_RULE:
        rule = f"{type(fit.run.optimizer).__name__}(...)"
    cost = f"status {fit.status}, {effort(fit.run, step)}, {rule}, path {fit.path}{where}"
    columns = terminal.width(sys.stdout)
    return [", ".join(measures), *textwrap.wrap(cost, columns, break_on_hyphens=False)]


def explanation_of(fit: Fit) -> tuple[list[str], dict[str, Any]]:
    """All that is to be said of a fit that was loaded: as lines, and as plain data."""
    explanation = fit.explain()
    before = f"{fit.run.objective.text}, {counted(fit.rows, 'row')}"
    lines = [before, *wrapped(explanation.sentences), *parameters(fit), *_quality(fit, "step")]
    data = {"schema": 1, "command": "explain", "objective": fit.run.objective.text, "status": fit.status}
    return lines, {**data, "explanation": explanation.to_dict()}
