"""A race as one page: sentences, tables and pictures in one file, which asks for nothing elsewhere."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence

from downslope.messages import Message, current_language, message
from downslope.plots.races import KINDS, pictures_of
from downslope.sweeping.race_record import RaceRecord
from downslope.sweeping.race_words import (
    described,
    function_of,
    misses_said,
    opening,
    ranked,
    timing_said,
    tuning_said,
    verdicts_said,
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --paper: #fff; --faint: #5c6370; --line: #e3e5e9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaee; --paper: #14171c; --faint: #a4abb6; --line: #2b313a } figure { background: #fff }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums;
  display: block; overflow-x: auto }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left } th { color: var(--faint); font-weight: 500 }
figure { margin: 1.5rem 0; overflow-x: auto } svg { max-width: 100%; height: auto }
details { margin: 1rem 0 } summary { cursor: pointer; color: var(--faint) }
"""


def page_of(record: RaceRecord) -> str:
    """The whole page."""
    title = str(message("A race of methods"))
    last = len(record.precisions) - 1
    parts = [
        _paragraphs(opening(record)),
        _paragraphs(tuning_said(record)),
        *(_heading(_target(record, t)) + _results(record, t) for t in reversed(range(last + 1))),
        _heading(message("Who needs fewer evaluations")),
        _paragraphs(verdicts_said(record)),
        _pairs(record),
        _heading(message("Misses")) + _paragraphs(misses_said(record)) if misses_said(record) else "",
        *(f"<figure>{_inline(svg)}</figure>" for svg in pictures_of(record, KINDS)),
        _heading(message("Time")) + _paragraphs(timing_said(record)) + _times(record)
        if record.timing
        else "",
        *(_starts(record, p) for p in range(len(record.problems))),
    ]
    language = html.escape(current_language())
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n" + "\n".join(filter(None, parts)) + "\n</body>\n</html>\n"
    )


def _inline(svg: str) -> str:
    """The picture without what a file of its own begins with and says of its maker."""
    return re.sub(r"^.*?(?=<svg)|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)


def _heading(said: Message) -> str:
    return f"<h2>{html.escape(str(said))}</h2>\n"


def _paragraphs(said: Iterable[Message]) -> str:
    return "\n".join(f"<p>{html.escape(str(one))}</p>" for one in said)


def _table(header: Sequence[Message], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(str(title))}</th>" for title in header)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _count(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) else "∞"


def _target(record: RaceRecord, target: int) -> Message:
    return message("Evaluations to the target t = {precision:g}", precision=record.precisions[target])


def _results(record: RaceRecord, target: int) -> str:
    header = [
        message("method", context="column"),
        message("reached", context="column"),
        message("25 %", context="column"),
        message("median", context="column"),
        message("75 %", context="column"),
        message("expected", context="column"),
        message("tuning", context="column"),
    ]
    rows = []
    for i in ranked(record):
        contestant = record.contestants[i]
        tuned = contestant.tuning is not None and contestant.way == "tuned"
        hits = record.reached[i, :, target]
        rows.append(
            [
                str(described(contestant)),
                f"{int((hits < math.inf).sum())}/{len(hits)}",
                *map(_count, record.quartiles(i, target)),
                _count(record.expected(i, target)),
                _count(contestant.tuning.evaluations if tuned and contestant.tuning is not None else 0.0),
            ]
        )
    return _table(header, rows)


def _pairs(record: RaceRecord) -> str:
    if not record.verdicts:
        return ""
    header = [
        message("fewer evaluations", context="column"),
        message("than", context="column"),
        message("median ratio", context="column"),
        message("p", context="column"),
        message("p corrected", context="column"),
        message("difference", context="column"),
    ]
    seen, unseen = str(message("yes", context="difference")), str(message("none seen", context="difference"))
    rows = [
        [
            str(described(record.contestants[v.first])),
            str(described(record.contestants[v.second])),
            f"{v.ratio:.3g}" if math.isfinite(v.ratio) else "–",
            f"{v.chance:.2g}",
            f"{v.corrected:.2g}",
            seen if v.differs else unseen,
        ]
        for v in record.verdicts
    ]
    summary = html.escape(str(message("Every pair")))
    return f"<details><summary>{summary}</summary>{_table(header, rows)}</details>"


def _times(record: RaceRecord) -> str:
    timing = record.timing
    assert timing is not None
    header = [
        message("method", context="column"),
        message("median ms", context="column"),
        message("compiling ms", context="column"),
    ]
    rows = []
    for i in ranked(record):
        known = sorted(value for value in timing.seconds[i].ravel().tolist() if value == value)
        rows.append(
            [
                str(described(record.contestants[i])),
                f"{1e3 * known[len(known) // 2]:.3g}" if known else "–",
                f"{1e3 * timing.compiling[i]:.3g}",
            ]
        )
    return _table(header, rows)


def _starts(record: RaceRecord, p: int) -> str:
    problem = record.problems[p]
    names = problem.objective.parameters.coordinates[:12]
    header = [
        message("start", context="column"),
        *(message("{name}", name=name) for name in names),
        message("value", context="column"),
    ]
    rows = [
        [str(i + 1), *(f"{x:.10g}" for x in start[: len(names)]), f"{value:.10g}"]
        for i, (start, value) in enumerate(zip(problem.starts.tolist(), problem.values.tolist(), strict=True))
    ]
    summary = html.escape(str(message("The starts of {function}", function=function_of(problem))))
    return f"<details><summary>{summary}</summary>{_table(header, rows)}</details>"
