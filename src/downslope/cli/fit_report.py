"""A fit on standard output: the way as a table, the parameters with their standard errors, how good it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from downslope.cli import terminal
from downslope.cli.report import ReportOptions, document, effort, ended, rows_of, status_of, wrapped
from downslope.cli.table import STEP
from downslope.messages import NOTHING, Message, listing, literal, message, plural, visible
from downslope.results.text_columns import cells, wrap

if TYPE_CHECKING:
    from downslope.results.fit import Fit

MOST_NAMED = 40  # parameters; more are not spelt out below the table
LONGEST_RULE = 160
GAP = "  "
JSON = "--format json"


def report_fit(fit: Fit, options: ReportOptions) -> None:
    """Write ``fit`` to standard output."""
    if options.form == "json":
        from downslope.results.saving import sealed

        data = fit.to_dict()
        if options.explain is False:
            del data["explanation"]
        terminal.emit(document(sealed(data)))
    elif options.form == "csv":
        terminal.emit_csv(fit.history)
    else:
        batches = fit.path == "batches"
        step = message("epoch", context="column") if batches else STEP
        penalised = fit.problem is not None and _penalised(fit)
        value = message("cost", context="column") if penalised else literal(str(fit.model.loss))
        table = rows_of(fit.history, options, step, value)
        said = [] if options.explain is False else _explained(fit, options.explain is True)
        terminal.emit(
            "\n".join([*table, *ended(fit.run), *said, *parameters(fit), *_quality(fit, batches), ""])
        )


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
    if fit.model.loss.per_class:
        return _by_class(fit)
    values = dict(zip(map(visible, fit.history.coordinates), fit.run.final.tolist(), strict=True))
    errors: dict[str, float] = {visible(name): error for name, error in (fit.standard_errors or {}).items()}
    shown = list(values)[:MOST_NAMED]
    numbers = {name: f"{values[name]:.10g}" for name in shown}
    said = {name: visible(name) for name in shown}
    name_width = max(map(cells, said.values()), default=0)
    width = max(map(len, numbers.values()), default=0) if errors else 0
    lines = [
        f"{GAP}{said[name]}{' ' * (name_width - cells(said[name]))} = {numbers[name]:<{width}}"
        + (f"  ± {errors[name]:.3g}" if name in errors else "")
        for name in shown
    ]
    why = message("(no standard errors: {why})", why=fit.missing_errors) if fit.missing_errors else ""
    told = wrap(str(why), terminal.width(sys.stdout), initial_indent=GAP, subsequent_indent=GAP)
    return [*lines, *_more_parameters(len(values) - len(shown)), *told]


def _by_class(fit: Fit) -> list[str]:
    columns = [["", *map(visible, fit.x)]]
    room = terminal.width(sys.stdout) - len(GAP) - max(map(cells, columns[0]))
    for k, label in enumerate(fit.model.classes):
        column = [visible(str(label)), *(f"{value[k]:.6g}" for value in fit.x.values())]
        room -= len(GAP) + max(map(cells, column))
        if room < 0 and k:
            break
        columns.append(column)
    lines = [GAP + GAP.join(row) for row in zip(*map(_padded, columns), strict=True)]
    lines[MOST_NAMED + 1 :] = []
    return [
        *lines,
        *_more_parameters(len(fit.x) - len(lines) + 1),
        *_more_classes(len(fit.model.classes) - len(columns) + 1),
    ]


def _padded(column: list[str]) -> list[str]:
    width = max(map(cells, column))
    left = column[0] == ""
    return [t + " " * (width - cells(t)) if left else " " * (width - cells(t)) + t for t in column]


def _more_parameters(n: int) -> list[str]:
    more = plural(
        "... and {n} more parameter; {json} has all",
        "... and {n} more parameters; {json} has all",
        n=n,
        json=JSON,
    )
    return [f"{GAP}{more}"] if n > 0 else []


def _more_classes(n: int) -> list[str]:
    more = plural(
        "... and {n} more class; {json} has all", "... and {n} more classes; {json} has all", n=n, json=JSON
    )
    return [f"{GAP}{more}"] if n > 0 else []


def _rows(n: int) -> Message:
    return plural("{n:,} row", "{n:,} rows", n=n)


def _quality(fit: Fit, batches: bool) -> list[str]:
    """How good it is, and what it took."""
    measures: list[Message | str] = [f"{fit.model.loss} = {fit.loss:.10g}"]
    if fit.r2 is not None:
        measures.append(f"R² = {fit.r2:.8g}")
    if fit.accuracy is not None:
        measures.append(message("accuracy {accuracy:.6g}", accuracy=fit.accuracy))
    measures.append(_rows(fit.rows))
    if fit.rows_dropped:
        measures.append(message("{n:,} left out", context="rows", n=fit.rows_dropped))
    coordinates = {
        "user": NOTHING,
        "standardised": message("standardised"),
        "natural": message("natural coordinates"),
        "orthogonal": message("orthogonal coordinates"),
    }.get(fit.coordinates, literal(fit.coordinates))
    rule = repr(fit.run.optimizer)
    if len(rule) > LONGEST_RULE:
        rule = f"{type(fit.run.optimizer).__name__}(...)"
    cost = (
        message("status {status}", status=status_of(fit)),
        effort(fit.run, batches),
        rule,
        message("path {path}", path=fit.path),
        coordinates,
    )
    return [str(listing(measures)), *_on_unseen(fit), *wrapped([listing(filter(None, cost))])]


def _on_unseen(fit: Fit) -> list[str]:
    """How good it is on the rows that were held out."""
    if fit.holdout is None:
        return []
    found = fit.holdout
    measures: list[Message | str] = [f"{fit.model.loss} = {found.loss:.10g}"]
    if found.r2 is not None:
        measures.append(f"R² = {found.r2:.8g}")
    if found.accuracy is not None:
        measures.append(message("accuracy {accuracy:.6g}", accuracy=found.accuracy))
    measures.append(_rows(found.rows))
    return [str(message("held out: {scores}", scores=listing(measures)))]


def explanation_of(fit: Fit) -> tuple[list[str], dict[str, Any]]:
    """All that is to be said of a fit that was loaded: as lines, and as plain data."""
    explanation = fit.explain()
    before = listing((fit.run.objective.text, _rows(fit.rows)))
    lines = [str(before), *wrapped(explanation.sentences), *parameters(fit), *_quality(fit, batches=False)]
    data = {"schema": 1, "command": "explain", "objective": fit.run.objective.text, "status": fit.status}
    return lines, {**data, "explanation": explanation.to_dict()}
