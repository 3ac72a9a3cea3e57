"""The table below a picture of several runs, which is its legend too: a line in the colour of each, and what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from downslope.descent import Descent
from downslope.descent.status_words import in_words
from downslope.messages import Message, message
from downslope.plots.look import Theme
from downslope.plots.trace import PathStyle
from downslope.plots.words import number, point, readable, setting
from downslope.sweeping.comparison import End, ends_of, settings_of

MOST_ROWS = 12  # runs that have a row each; of more, each place where some of them ended has one
HEADER, ROW = 0.26, 0.23  # inches
SAMPLE, GAP = 0.45, 0.28  # inches: the line of a run, and between two columns
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (1.5, 1.2)), (0, (7, 2, 1.5, 2)), (0, (3, 1.2)))
SIZE = 9.0  # points


@dataclass(frozen=True)
class RunTable:
    """Rows of text, and how the runs look.

    Attributes:
        header: the titles of the columns.
        rows: the cells; the first ``left`` of each row are words and begin at the left, the others end at the right.
        left: how many columns hold words.
        styles: of each row.
        row_of: the row of each run.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int
    styles: Sequence[PathStyle]
    row_of: Sequence[int]

    @classmethod
    def of(cls, runs: Sequence[Descent], theme: Theme) -> RunTable:
        """A row for each run, or of many runs for each place where some ended."""
        if len(runs) <= MOST_ROWS:
            return _of_runs(runs, theme)
        return _of_ends(runs, ends_of(runs), theme)

    def style_of(self, run: int, joined: bool) -> PathStyle:
        """How the path of a run looks; ``joined`` says whether its points are a path."""
        style = self.styles[self.row_of[run]]
        return PathStyle(style.colour, style.dashes, joined, style.width)

    @property
    def height(self) -> float:
        """Inches."""
        return HEADER + ROW * len(self.rows) + 0.1

    def draw(self, figure: Figure, corner: tuple[float, float], theme: Theme) -> None:
        """Write it with its upper left corner there, in inches from the lower left one of the figure."""
        across, down = figure.get_size_inches()
        left, top = corner
        heights = [top - HEADER / 2, *(top - HEADER - ROW * (i + 0.5) for i in range(len(self.rows)))]
        for style, up in zip(self.styles, heights[1:], strict=True):
            ends = [left / across, (left + SAMPLE) / across]
            line = Line2D(ends, [up / down] * 2, color=style.colour, linestyle=style.dashes, linewidth=1.8)
            line.set(transform=figure.transFigure, marker="o", markersize=4, markevery=[1])
            figure.add_artist(line)
        at = left + SAMPLE + 0.15
        for column in range(len(self.header)):
            words = column < self.left
            cells = [self.header[column], *(row[column] for row in self.rows)]
            texts = [
                figure.text(0, up / down, cell, fontsize=SIZE, va="center", parse_math=False)
                for cell, up in zip(cells, heights, strict=True)
            ]
            wide = max(float(text.get_window_extent().width) for text in texts) / figure.dpi
            for i, text in enumerate(texts):
                text.set(x=(at if words else at + wide) / across, ha="left" if words else "right")
                text.set_color(theme.faint if i == 0 else theme.ink)
            at += wide + GAP


def _of_runs(runs: Sequence[Descent], theme: Theme) -> RunTable:
    settings = settings_of(runs)
    names = list(dict.fromkeys(name for told in settings for name in told))
    numbers = [str(title) for title in _COUNTS]
    rows = [
        [
            *(_shown(told[name]) if name in told else "" for name in names),
            readable(in_words(run.status)),
            f"{run.nit:,}",
            f"{run.nfev:,}",
            number(run.fun, 4),
        ]
        for run, told in zip(runs, settings, strict=True)
    ]
    header = [*map(_titled, names), readable(message("status", context="column")), *map(readable, numbers)]
    styles = [PathStyle(theme.of_series(i), DASHES[i % len(DASHES)], width=1.5) for i in range(len(runs))]
    return RunTable(header, rows, len(names) + 1, styles, range(len(runs)))


_COUNTS = (
    message("steps", context="column"),
    message("evaluations", context="column"),
    message("value", context="column"),
)
_TITLES: dict[str, Message] = {
    "function": message("function", context="column"),
    "optimizer": message("method", context="column"),
    "start": message("start", context="column"),
}


def _titled(name: str) -> str:
    return readable(_TITLES[name] if name in _TITLES else name.replace("_", " "))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return point(value[:4]) if len(value) <= 4 else f"{point(value[:4])[:-1]}, ...)"
    return readable(value.replace("_", " ") if isinstance(value, str) else setting(value))


def _of_ends(runs: Sequence[Descent], ends: Sequence[End], theme: Theme) -> RunTable:
    row_of = [0] * len(runs)
    rows, styles = [], []
    for i, end in enumerate(ends[:MOST_ROWS]):
        for member in end.members:
            row_of[member] = i
        group = [runs[member] for member in end.members]
        steps, values = [run.nit for run in group], [run.fun for run in group]
        where = _shown(tuple(end.point.tolist())) if end.point is not None else ""
        rows.append(
            [
                readable(in_words(end.status)),
                where,
                readable(message("{n:,} of {all:,}", n=len(group), all=len(runs))),
                _range(f"{min(steps):,}", f"{max(steps):,}"),
                _range(number(min(values), 2), number(max(values), 2)),
            ]
        )
        styles.append(PathStyle(theme.of_series(i), DASHES[i % len(DASHES)], width=1.0))
    for end in ends[MOST_ROWS:]:  # too many places to be told apart
        for member in end.members:
            row_of[member] = len(rows) - 1
    header = [
        readable(message("status", context="column")),
        readable(message("at", context="column")),
        readable(message("runs", context="column")),
        readable(_COUNTS[0]),
        readable(_COUNTS[2]),
    ]
    return RunTable(header, rows, 2, styles, row_of)


def _range(low: str, high: str) -> str:
    return low if low == high else readable(message("{low} to {high}", low=low, high=high))
