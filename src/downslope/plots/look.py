"""Colours, margins and type: what every picture has in common."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text

from downslope.errors import UsageError, nearest
from downslope.messages import listing, message, sentences
from downslope.plots.view import Pair, Window
from downslope.plots.words import label, number

DPI = 150
SERIES = ("#2a6f97", "#d1350f", "#5a8f3c", "#8a5fb0", "#b8860b", "#4a4e57")  # several things of a kind
LEFT, RIGHT, TOP, BOTTOM = 0.95, 0.3, 0.3, 0.62  # inches around the axes, before headings and legend
LINE = 0.27  # inches for a line of heading or legend
FIRST = 0.36  # inches for the first line, which may hold fractions
WIDTH = 8.0
LARGE, SMALL, LEAST = 13.0, 9.5, 8.0  # points: the title, the lines below it, and how small they may get


@dataclass(frozen=True)
class Theme:
    """The colours of a picture; told apart with any kind of colour vision, and in grey."""

    paper: str = "#ffffff"
    ink: str = "#1f2430"
    faint: str = "#5c6370"
    grid: str = "#e3e5e9"
    path: str = "#d1350f"
    halo: str = "#ffffff"
    start: str = "#ffffff"
    minimum: str = "#ffd23f"
    curve: str = "#2a6f97"
    tangent: str = "#8a8f99"
    undefined: str = "#eceef1"
    hatch: str = "#c3c8d0"
    colours: str | Colormap = "viridis"
    series: tuple[str, ...] = SERIES

    def muted(self) -> Theme:
        """The theme with contours so pale that paths of any colour stand out from them; low ground is the darker."""
        low, high = ("#a9bccb", "#f3f6f8") if self.paper == Theme.paper else ("#31404f", "#171b21")
        return replace(self, colours=LinearSegmentedColormap.from_list("muted", [low, high]))

    def of_series(self, k: int) -> str:
        """The colour of the k-th of several things; where these are many, colours come again."""
        return self.series[k % len(self.series)]


THEMES = {
    "light": Theme(),
    "dark": Theme(
        paper="#14171c",
        ink="#e8eaee",
        faint="#a4abb6",
        grid="#2b313a",
        path="#ff6b3d",
        halo="#14171c",
        curve="#6fb7e0",
        tangent="#7d8694",
        undefined="#20252d",
        hatch="#3a424e",
        series=("#6fb7e0", "#ff6b3d", "#9ccf7a", "#c3a2e6", "#e8bd4a", "#b9c0cb"),
    ),
}


def themed(name: str | None) -> Theme:
    """The theme of that name; the light one where none is named."""
    if name is not None and name not in THEMES:
        hint = nearest(str(name), THEMES)
        raise UsageError(
            sentences(
                message(
                    "there is no theme {name!r}; the themes are: {themes}.", name=name, themes=listing(THEMES)
                ),
                hint,
            )
        )
    return THEMES[name or "light"]


class Picture(Figure):
    """A figure that a notebook shows, although no backend of pyplot's is asked."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", facecolor=self.get_facecolor())
        return buffer.getvalue()


def blank(theme: Theme) -> Figure:
    """An empty figure with a canvas of its own: no display and no global state."""
    figure = Picture(figsize=(WIDTH, 6.0), dpi=DPI, facecolor=theme.paper)
    FigureCanvasAgg(figure)
    return figure


@dataclass(frozen=True)
class Panel:
    """The axes of a picture that has one pair of them.

    Attributes:
        figure: what they are on.
        axes: where to draw.
        theme: the colours.
        window: what the axes show.
        width, height: of the axes, in inches; of a picture whose height is not settled yet, that is as the width.
    """

    figure: Figure
    axes: Axes
    theme: Theme
    window: Window
    width: float
    height: float

    @classmethod
    def open(
        cls, theme: Theme, window: Window, width: float, *, height: float | None = None, grid: bool = False
    ) -> Panel:
        """Axes on a figure of their own, dressed; with the lines of a grid below what is drawn."""
        figure = blank(theme)
        axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
        dress(axes, theme)
        if grid:
            axes.grid(color=theme.grid, linewidth=0.7)
            axes.set_axisbelow(True)
        axes.set(xlim=window[0], ylim=window[1])
        return cls(figure, axes, theme, window, width, width if height is None else height)

    def name_axes(self, *names: str) -> None:
        """Write the names of parameters or columns on the first axes, as mathematics where they are."""
        for axis, name in zip((self.axes.xaxis, self.axes.yaxis), names, strict=False):
            words, mathematical = label(name)
            axis.set_label_text(words, parse_math=mathematical)

    def colour_bar(self, shades: ScalarMappable, name: str = "", *, pointed: bool = True) -> Colorbar:
        """A narrow colour bar beside the axes; values beyond its ends have a point, or else a block."""
        beside = self.beside(0.15, 0.19)
        beside.set_facecolor(self.theme.paper)
        bar = self.figure.colorbar(
            shades,
            cax=beside,
            extendrect=not pointed,
            extendfrac=None if pointed else 0.02,
            format=lambda value, _: number(value, 4),
        )
        bar.ax.tick_params(colors=self.theme.faint, labelsize=8)
        bar.set_label(name, color=self.theme.faint, size=9)
        bar.outline.set_edgecolor(self.theme.faint)
        return bar

    def beside(self, gap: float, width: float, heights: Axes | None = None) -> Axes:
        """Axes at the right of these and as high, so many inches away and wide, with the ``heights`` of others."""
        return self.axes.inset_axes((1 + gap / self.width, 0.0, width / self.width, 1.0), sharey=heights)


def dress(axes: Axes, theme: Theme) -> None:
    """Give axes the theme's colours and sizes."""
    axes.set_facecolor(theme.paper)
    axes.tick_params(colors=theme.faint, labelsize=9, which="both")
    axes.xaxis.label.set(color=theme.ink, size=11)
    axes.yaxis.label.set(color=theme.ink, size=11)
    for spine in axes.spines.values():
        spine.set_edgecolor(theme.faint)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(color=theme.faint, size=8)


def hatching(theme: Theme) -> dict[str, Any]:
    """The look of where a function has no value."""
    return {"facecolor": theme.undefined, "edgecolor": theme.hatch, "hatch": "////", "linewidth": 0.0}


@dataclass(frozen=True)
class Page:
    """Where things are on a figure, in inches.

    Attributes:
        box: width and height of the axes together; with ``size``, of what they may fill.
        right: room beside the axes.
        size: the size of the whole figure, where it was asked for.
        keep: whether the box keeps its proportions when a size was asked for.
        gap: between axes that stand one above the other.
        under: room below the axes, for a panel of their own.
        beside: more room than usual at the left of the axes, for long names.
    """

    box: Pair
    right: float = RIGHT
    size: Pair | None = None
    keep: bool = False
    gap: float = 0.25
    under: float = 0.0
    beside: float = 0.0

    def lay(
        self,
        axes: Sequence[Axes],
        heading: Sequence[tuple[str, bool]],
        handles: Sequence[Artist],
        theme: Theme,
    ) -> None:
        """Write the heading above and the legend below, and put the axes between."""
        figure = axes[0].figure
        assert isinstance(figure, Figure)
        left = LEFT + self.beside
        width = self.size[0] if self.size else max(left + self.box[0] + self.right, 5.5)
        figure.set_size_inches(width, self.size[1] if self.size else 8.0)
        rows = _legend(figure, handles, theme, width) if handles else 0
        heading = [heading[0], *_wrapped(figure, heading[1:], width - LEFT - 0.1)]
        above = TOP + FIRST + LINE * (len(heading) - 1)
        below = BOTTOM + LINE * rows + self.under
        box = self._box(width, above, below)
        height = self.size[1] if self.size else above + box[1] + below
        figure.set_size_inches(width, height)
        if figure.legends:
            figure.legends[0].set_bbox_to_anchor((LEFT / width, 0.08 / height), transform=figure.transFigure)
        each = (box[1] - self.gap * (len(axes) - 1)) / len(axes)
        for i, one in enumerate(axes):
            bottom = below + (len(axes) - 1 - i) * (each + self.gap)
            one.set_position((left / width, bottom / height, box[0] / width, each / height))
        for i, line in enumerate(heading):
            up = height - 0.14 - (FIRST / 2 if i == 0 else FIRST + LINE * (i - 0.5))
            _write(figure, line, (LEFT / width, up / height), theme, first=i == 0)

    def _box(self, width: float, above: float, below: float) -> Pair:
        if self.size is None:
            return self.box
        room = (max(width - LEFT - self.beside - self.right, 0.5), max(self.size[1] - above - below, 0.5))
        if not self.keep:
            return room
        scale = min(room[0] / self.box[0], room[1] / self.box[1])
        return self.box[0] * scale, self.box[1] * scale


def _legend(figure: Figure, handles: Sequence[Artist], theme: Theme, width: float) -> int:
    """A legend in as few rows as fit the width; returns how many."""
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(
            handles=[handle for column in range(columns) for handle in handles[column::columns]],
            loc="lower left",
            bbox_to_anchor=(0, 0),
            ncols=columns,
            frameon=False,
            fontsize=9,
            labelcolor=theme.ink,
            borderpad=0,
            borderaxespad=0,
            handletextpad=0.5,
            handlelength=1.7,
            columnspacing=1.3,
            labelspacing=0.45,
        )
        if legend.get_window_extent().width <= (width - LEFT - 0.1) * figure.dpi or columns == 1:
            break
        legend.remove()
    return math.ceil(len(handles) / columns)


def _wrapped(figure: Figure, lines: Sequence[tuple[str, bool]], room: float) -> list[tuple[str, bool]]:
    """The lines, those too long for so many inches broken at a middle dot, or else at a semicolon or comma."""
    probe = figure.text(0, 0, "", fontsize=SMALL, parse_math=False)

    def fits(words: str) -> bool:
        probe.set_text(words)
        return _width(probe) <= room * figure.dpi

    def broken(words: str, separators: Sequence[str]) -> list[str]:
        if not separators or fits(words):
            return [words]
        out: list[str] = []
        for piece in words.split(separators[0]):
            for part in broken(piece, separators[1:]):
                joined = f"{out[-1]}{separators[0]}{part}" if out else part
                out[-1:] = [joined] if fits(joined) or not out else [out[-1], part]
        return out

    wrapped = [
        (part, mathematical)
        for words, mathematical in lines
        for part in ([words] if mathematical else broken(words, (" · ", "; ", ", ")))
    ]
    probe.remove()
    return wrapped


def _write(figure: Figure, line: tuple[str, bool], place: Pair, theme: Theme, *, first: bool) -> None:
    """One line of heading, made smaller or cut until it fits."""
    words, mathematical = line
    text = figure.text(
        *place,
        words,
        ha="left",
        va="center",
        color=theme.ink if first else theme.faint,
        fontsize=LARGE if first else SMALL,
        parse_math=mathematical,
    )
    room = figure.bbox.width * (1 - place[0]) - 0.1 * figure.dpi
    size = LARGE if first else SMALL
    while _width(text) > room and size > LEAST:
        size -= 0.5
        text.set_fontsize(size)
    while not mathematical and _width(text) > room and len(words) > 10:
        words = words[: max(10, min(len(words) - 4, int(len(words) * room / _width(text))))].rstrip()
        text.set_text(words + " ...")


def _width(text: Text) -> float:
    return float(text.get_window_extent().width)
