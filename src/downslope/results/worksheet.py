"""``Worksheet``: the table of a run with blanks to be filled in by hand, and its solution."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from downslope.descent.result import Descent
from downslope.errors import UnknownNameError, UsageError, nearest
from downslope.files import write_atomically
from downslope.messages import Message, current_language, listing, message, sentences
from downslope.plots.draw import plot
from downslope.results.worked_update import WorkedUpdate, worked_update

MOST_COLUMNS = 8  # parameters, whose values and derivatives still stand side by side on paper
GIVEN_ROWS = 2  # the start and the line that is worked out stay whole
BLANK = "____"
STYLE = """
body { font: 11pt/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; }
body { color: #111; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #888; padding: .35em .5em; text-align: right; font-variant-numeric: tabular-nums; }
td.blank { min-width: 5em; height: 1.9em; }
td.solved { font-weight: bold; }
pre { white-space: pre-wrap; padding: .6em; border: 1px solid #bbb; }
img { max-width: 100%; }
section + section { break-before: page; margin-top: 4em; }
tr, pre, img { break-inside: avoid; }
@page { size: A4; margin: 18mm; }
@media print { body { margin: 0; max-width: none; padding: 0; } section + section { margin-top: 0; } }
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Worksheet:
    """A handout and its solution.

    Attributes:
        run: whose numbers these are.
        columns: names to numbers, a row a step.
        blanks: for each row and column, whether the handout leaves it out.
        digits: significant ones of each number.
    """

    run: Descent
    columns: dict[str, NDArray[Any]]
    blanks: NDArray[np.bool_]
    digits: int

    @cached_property
    def worked(self) -> WorkedUpdate:
        """The first update with its numbers put in."""
        return worked_update(self.run, self.digits)

    def to_markdown(self, *, solution: bool = False) -> str:
        """The handout, or its solution, in Markdown."""
        title, before, after = self._said(solution)
        lines = [f"# {title}", "", *(line for one in before for line in (str(one), ""))]
        lines += ["```text", *self.worked.formula, "```", ""]
        lines += [f"**{_worked_head()}**", "", "```text", *self.worked.lines, "```", ""]
        heads = [name.replace("|", "\\|") for name in self.columns]
        lines += ["| " + " | ".join(heads) + " |", "|" + "---:|" * len(heads)]
        for row, blank in zip(self._texts(), self.blanks, strict=True):
            filled = [
                text if not left_out else f"**{text}**" if solution else BLANK
                for text, left_out in zip(row, blank, strict=True)
            ]
            lines.append("| " + " | ".join(filled) + " |")
        lines += ["", *(line for one in after for line in (str(one), ""))]
        return "\n".join(lines).rstrip() + "\n"

    def to_html(self, *, solution: bool | None = None) -> str:
        """One file of HTML to be printed, which asks for nothing elsewhere.

        Args:
            solution: the handout (False), the solution (True), or both, each beginning a page (None).
        """
        parts = (False, True) if solution is None else (solution,)
        body = "".join(f"<section>{self._section(part)}</section>\n" for part in parts)
        title = html.escape(str(self._said(parts[0])[0]))
        return (
            f'<!doctype html>\n<html lang="{html.escape(current_language())}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str], *, solution: bool | None = None) -> None:
        """Write it as HTML (.html) or Markdown (.md); without ``solution`` the handout and, after it, its solution.

        Raises:
            UsageError: the name ends otherwise.
            DataError: the file cannot be written; what was there before is untouched.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in {".html", ".htm", ".md"}:
            raise UsageError(
                message("a worksheet is written as .html or .md, not as {file}.", file=str(path))
            )
        if ending == ".md":
            parts = (False, True) if solution is None else (solution,)
            text = "\n---\n\n".join(self.to_markdown(solution=part) for part in parts)
        else:
            text = self.to_html(solution=solution)
        write_atomically(path, text.encode())

    def _section(self, solution: bool) -> str:
        title, before, after = self._said(solution)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(_cell(*one, solution) for one in zip(row, blank, strict=True)) + "</tr>"
            for row, blank in zip(self._texts(), self.blanks, strict=True)
        )
        return "".join(
            [
                f"<h1>{html.escape(str(title))}</h1>",
                *map(_paragraph, before),
                _preformatted(self.worked.formula),
                f"<h2>{html.escape(str(_worked_head()))}</h2>",
                _preformatted(self.worked.lines),
                f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>",
                *map(_paragraph, after),
                self._picture() if solution else "",
            ]
        )

    def _picture(self) -> str:
        if len(self.run.history.coordinates) > 2 or not self.run.objective.evaluable:
            return ""
        # What a Figure shows of itself in a notebook is a PNG.
        data = base64.b64encode(plot(self.run)._repr_png_()).decode()  # type: ignore[attr-defined]
        label = html.escape(self.run.objective.headline, quote=True)
        return f'<p><img alt="{label}" src="data:image/png;base64,{data}"></p>'

    def _texts(self) -> list[list[str]]:
        shown = [
            [str(int(value)) if name == _step() else f"{value:.{self.digits}g}" for value in values.tolist()]
            for name, values in self.columns.items()
        ]
        return [list(row) for row in zip(*shown, strict=True)]

    def _said(self, solution: bool) -> tuple[Message, list[Message], list[Message | str]]:
        """The title, what stands before the formula, and what stands after the table."""
        run, function = self.run, self.run.objective.headline
        rule = run.optimizer.name()
        if run.maximize:
            what = message(
                "{rule} goes up f = {function}; g is the derivative with its sign changed.",
                rule=rule,
                function=function,
            )
        else:
            what = message(
                "{rule} goes down f = {function}; g is the derivative.", rule=rule, function=function
            )
        if solution:
            return message("Solution: {function}", function=function), [what], [run.message]
        do = message(
            "Fill in the {count:,} blanks, to {digits} significant digits.",
            count=int(self.blanks.sum()),
            digits=self.digits,
        )
        return message("Worksheet: {function}", function=function), [sentences(what, do)], []


class WorksheetOptions(TypedDict, total=False):
    """The options of ``worksheet``, as ``Run.worksheet`` takes them."""

    blanks: float | Sequence[str]
    seed: int
    digits: int
    rows: int


def worksheet(
    run: Descent,
    *,
    blanks: float | Sequence[str] = 0.4,
    seed: int = 0,
    digits: int = 4,
    rows: int = 10,
) -> Worksheet:
    """A handout with the table of a run to be completed by hand, and its solution.

    Args:
        run: of at most 8 parameters, whose history has every step.
        blanks: which share of the cells to leave out, over 0 and at most 1; or the names of whole columns. The start
            and the first step, which is worked out, stay.
        seed: of the choice of cells.
        digits: significant digits of each number, from 1 to 17.
        rows: at most so many steps, at least 2.

    Raises:
        UsageError: a number is outside its range, or the run has too few steps, too many parameters, or a history
            without its first steps.
        UnknownNameError: there is no such column.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.25, steps=3)
    >>> sheet = ds.worksheet(run, blanks=["x"])
    >>> print(sheet.to_markdown().splitlines()[-1])
    | 3 | ____ | 0.75 | 0.1406 |
    >>> print(sheet.to_markdown(solution=True).splitlines()[-3])
    | 3 | **0.375** | 0.75 | 0.1406 |
    """
    _check_numbers({"seed": (seed, 0, 2**63), "digits": (digits, 1, 17), "rows": (rows, 2, 100)})
    columns = _columns(run, rows)
    return Worksheet(run=run, columns=columns, blanks=_chosen(columns, blanks, seed), digits=digits)


def _check_numbers(given: dict[str, tuple[Any, int, int]]) -> None:
    for name, (value, least, most) in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
            raise UsageError(
                message(
                    "{name} is a whole number from {least} to {most}, not {value}.",
                    name=name,
                    least=least,
                    most=most,
                    value=repr(value),
                )
            )


def _step() -> str:
    return str(message("step k", context="column"))


def _columns(run: Descent, rows: int) -> dict[str, NDArray[Any]]:
    history, names = run.history, run.history.coordinates
    if len(names) > MOST_COLUMNS:
        raise UsageError(
            message(
                "a worksheet has room for {most} parameters, and this run has {count}.",
                most=MOST_COLUMNS,
                count=len(names),
            )
        )
    if not run.objective.evaluable:
        raise UsageError(message("the function is not in the file, so its derivatives cannot be shown."))
    kept = min(rows + 1, len(history))
    if kept <= GIVEN_ROWS or not np.array_equal(history.step[:kept], np.arange(kept)):
        raise UsageError(
            message("a worksheet needs a run of at least two steps whose history has every one of the first.")
        )
    points = history.x[:kept]
    gradients = np.array([run.objective.gradient(point) for point in points])
    slopes = {
        f"∂f/∂{name}" if len(names) > 1 else f"f'({name})": gradients[:, i] for i, name in enumerate(names)
    }
    return {
        _step(): history.step[:kept],
        **{name: points[:, i] for i, name in enumerate(names)},
        **slopes,
        f"f({', '.join(names)})": history.value[:kept],
    }


def _chosen(columns: dict[str, Any], blanks: float | Sequence[str], seed: int) -> NDArray[np.bool_]:
    rows = len(columns[_step()])
    names = list(columns)
    out = np.zeros((rows, len(names)), dtype=bool)
    if isinstance(blanks, (int, float)):
        if not 0 < blanks <= 1:
            raise UsageError(
                message("the share of blanks is over 0 and at most 1, not {value:g}.", value=blanks)
            )
        room = (rows - GIVEN_ROWS) * (len(names) - 1)
        places = np.random.default_rng(seed).permutation(room)[: max(1, round(blanks * room))]
        row, column = np.divmod(places, len(names) - 1)
        out[row + GIVEN_ROWS, column + 1] = True
        return out
    for name in [blanks] if isinstance(blanks, str) else blanks:
        if name not in names[1:]:
            raise UnknownNameError(
                sentences(
                    message(
                        "there is no column {name}; there are {names}.",
                        name=repr(name),
                        names=listing(map(repr, names[1:])),
                    ),
                    nearest(name, names[1:]),
                )
            )
        out[GIVEN_ROWS:, names.index(name)] = True
    return out


def _worked_head() -> Message:
    return message("The first step, worked out")


def _paragraph(said: Message | str) -> str:
    return f"<p>{html.escape(str(said))}</p>"


def _preformatted(lines: Sequence[str]) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _cell(text: str, left_out: bool, solution: bool) -> str:
    if left_out:
        return f'<td class="solved">{text}</td>' if solution else '<td class="blank"></td>'
    return f"<td>{text}</td>"
