"""Pictures of a race: targets reached against evaluations, the profile, the quartiles, the sensitivity to the rate."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from downslope.errors import UsageError, nearest
from downslope.files import write_atomically
from downslope.messages import Message, listing, message, sentences
from downslope.plots.fonts import with_fonts
from downslope.plots.options import checked_size
from downslope.sweeping.race_record import RaceRecord
from downslope.sweeping.race_words import described, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from downslope.plots.look import Theme

KINDS = ("ecdf", "profile", "quartiles", "sensitivity")
SUFFIXES = (".png", ".svg", ".pdf")
WIDE, TALL = 6.2, 4.0  # inches of one panel
LEGEND_ROW = 0.2  # inches


class _Entry(NamedTuple):
    """A contestant as it is drawn."""

    number: int
    colour: str
    dashes: Any
    name: str


@with_fonts
def plot_race(
    record: RaceRecord,
    path: str | os.PathLike[str] | None = None,
    *,
    kind: str | None = None,
    theme: str | None = None,
    size: tuple[float, float] | None = None,
) -> Figure:
    """Draw a race.

    Args:
        record: what ``race`` returned.
        path: where to write PNG, SVG or PDF by its ending; None only draws.
        kind: "ecdf" (part of all targets reached against evaluations), "profile" (part of the starts against how many
            times the best's evaluations were needed), "quartiles" (evaluations to the last target), "sensitivity"
            (the same against the learning rates that were tried); by default all four.
        theme: "light" or "dark".
        size: width and height in inches.

    Raises:
        UsageError: an option or the ending of ``path`` is not one of these.
        DataError: the file cannot be written.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(
            sentences(
                message("there is no picture of kind {kind!r} of a race.", kind=kind),
                nearest(str(kind), KINDS) or message("There are: {kinds}.", kinds=listing(KINDS)),
            )
        )
    suffix = None if path is None else checked_suffix(path)
    from downslope.plots.output import DRAWING, rendered  # Matplotlib waits until there is something to draw

    with DRAWING:
        figure = _figure(record, _kinds(record, kind), theme, checked_size(size))
        if path is not None and suffix is not None:
            write_atomically(path, rendered(figure, suffix))
    return figure


def checked_suffix(path: str | os.PathLike[str]) -> str:
    """The ending of a path in lower case, if a picture of a race can be written there.

    Raises:
        UsageError: it cannot.
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            message(
                "'{file}' is no picture of a race; it is written as {suffixes}.",
                file=os.fspath(path),
                suffixes=listing(SUFFIXES),
            )
        )
    return suffix


@with_fonts
def pictures_of(record: RaceRecord, kinds: Sequence[str]) -> list[str]:
    """Each of the pictures as the text of an SVG."""
    from downslope.plots.output import DRAWING, rendered

    with DRAWING:
        shown = [kind for kind in kinds if kind != "sensitivity" or _has_tuning(record)]
        return [rendered(_figure(record, (kind,), None, None), ".svg").decode() for kind in shown]


def _has_tuning(record: RaceRecord) -> bool:
    return any(contestant.tuning is not None for contestant in record.contestants)


def _kinds(record: RaceRecord, kind: str | None) -> tuple[str, ...]:
    if kind == "sensitivity" and not _has_tuning(record):
        raise UsageError(
            message("nothing was tuned in this race, so there is no sensitivity to a learning rate.")
        )
    if kind is not None:
        return (kind,)
    return KINDS if _has_tuning(record) else KINDS[:3]


def _figure(
    record: RaceRecord, kinds: tuple[str, ...], theme_name: str | None, size: tuple[float, float] | None
) -> Figure:
    from downslope.plots.look import blank, dress, themed
    from downslope.plots.words import readable

    theme = themed(theme_name)
    figure = blank(theme)
    labels = list(dict.fromkeys(record.contestants[i].label for i in ranked(record)))
    entries = [
        _Entry(
            i,
            theme.of_series(labels.index(record.contestants[i].label)),
            _dashes(
                labels.index(record.contestants[i].label) // len(theme.series), record.contestants[i].way
            ),
            readable(described(record.contestants[i])),
        )
        for i in ranked(record)
    ]
    across = 1 if len(kinds) == 1 else 2
    down = math.ceil(len(kinds) / across)
    wide = across * WIDE + 0.3
    columns = max(1, int(wide // 3.1))
    legend = LEGEND_ROW * math.ceil(len(entries) / columns) + 0.2
    tall = down * TALL + legend
    figure.set_size_inches(*(size or (wide, tall)))
    share = legend / tall
    lines: list[Any] = []
    for place, kind in enumerate(kinds):
        row, column = divmod(place, across)
        width, height = 1 / across, (1 - share) / down
        axes = figure.add_axes(
            (
                column * width + 0.85 / wide,
                share + (down - 1 - row) * height + 0.62 / tall,
                width - 1.05 / wide,
                height - 1.0 / tall,
            )
        )
        dress(axes, theme)
        axes.grid(color=theme.grid, linewidth=0.7)
        axes.set_axisbelow(True)
        title, drawn = _DRAWN[kind](axes, record, entries, theme)
        axes.set_title(readable(title), loc="left", fontsize=11, color=theme.ink, parse_math=False)
        lines = lines or drawn
    box = figure.legend(
        handles=lines,
        loc="lower left",
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=theme.ink,
        bbox_to_anchor=(0.85 / wide, 0.05 / tall),
        borderaxespad=0,
        handlelength=2.6,
    )
    for text in box.get_texts():
        text.set_parse_math(False)
    return figure


def _dashes(again: int, way: str) -> Any:
    """Of one colour a rule by default is dashed, and so is, otherwise, each rule for which colours come again."""
    from downslope.plots.run_table import DASHES

    return DASHES[(2 * again + (way == "default")) % len(DASHES)]


def _evaluations_axis(axes: Axes, record: RaceRecord) -> None:
    from downslope.plots.words import readable

    axes.set_xscale("log")
    axes.set_xlim(1, record.budget * 1.2)
    axes.set_xlabel(readable(message("evaluations", context="axis")))


def _steps(axes: Axes, values: Any, end: float, entry: _Entry) -> Any:
    """The part of all values that is at most so much, as a staircase up to ``end``."""
    finite = np.sort(values[np.isfinite(values)])
    across = np.concatenate([[1.0], finite, [end]])
    up = np.concatenate([[0.0], np.arange(1, len(finite) + 1), [len(finite)]]) / max(len(values), 1)
    (line,) = axes.step(across, up, where="post", color=entry.colour, linestyle=entry.dashes, linewidth=1.7)
    line.set_label(entry.name)
    return line


def _ecdf(
    axes: Axes, record: RaceRecord, entries: Sequence[_Entry], theme: Theme
) -> tuple[Message, list[Any]]:
    from downslope.plots.words import readable

    lines = [_steps(axes, record.reached[e.number].ravel(), record.budget * 1.2, e) for e in entries]
    _evaluations_axis(axes, record)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel(readable(message("part of all targets", context="axis")))
    return message("Targets reached"), lines


def _profile(
    axes: Axes, record: RaceRecord, entries: Sequence[_Entry], theme: Theme
) -> tuple[Message, list[Any]]:
    from downslope.plots.words import readable

    ratios = {entry.number: record.profile(entry.number) for entry in entries}
    finite = np.concatenate([found[np.isfinite(found)] for found in ratios.values()])
    end = 1.3 * float(finite.max(initial=2.0))
    lines = [_steps(axes, ratios[e.number], end, e) for e in entries]
    axes.set_xscale("log")
    axes.set_xlim(1, end)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(readable(message("evaluations, times the best's", context="axis")))
    axes.set_ylabel(readable(message("part of the starts", context="axis")))
    return message("Performance profile, last target"), lines


def _quartiles(
    axes: Axes, record: RaceRecord, entries: Sequence[_Entry], theme: Theme
) -> tuple[Message, list[Any]]:
    from downslope.plots.words import readable

    lines = []
    missed = record.budget * 1.6  # where what is missed is drawn
    for up, entry in enumerate(reversed(entries)):
        hits = record.reached[entry.number, :, -1]
        low, middle, high = (
            min(q, missed) for q in record.quartiles(entry.number, len(record.precisions) - 1)
        )
        axes.plot([low, high], [up, up], color=entry.colour, linewidth=6, alpha=0.35, solid_capstyle="butt")
        spread = np.linspace(-0.22, 0.22, len(hits)) + up
        axes.plot(np.minimum(hits, missed), spread, ".", color=entry.colour, markersize=4)
        (line,) = axes.plot([middle], [up], "D", color=entry.colour, markersize=8, label=entry.name)
        line.set(markeredgecolor=theme.paper, zorder=5)
        lines.append(line)
    axes.axvspan(record.budget * 1.25, record.budget * 2, color=theme.undefined, zorder=0)
    axes.text(
        record.budget * 1.9,
        len(entries) - 0.05,
        readable(message("missed", context="axis")),
        ha="right",
        fontsize=8,
    ).set_color(theme.faint)
    _evaluations_axis(axes, record)
    axes.set_xlim(1, record.budget * 2)
    axes.set_ylim(-0.6, len(entries))
    axes.set_yticks([])
    return message("Quartiles of evaluations to the last target"), lines[::-1]


def _sensitivity(
    axes: Axes, record: RaceRecord, entries: Sequence[_Entry], theme: Theme
) -> tuple[Message, list[Any]]:
    from downslope.plots.words import readable

    lines, seen = [], set()
    tuned = {contestant.label for contestant in record.contestants if contestant.tuning is not None}
    for entry in entries:
        contestant = record.contestants[entry.number]
        if contestant.tuning is None or contestant.label in seen:
            continue
        seen.add(contestant.label)
        for p, typical in enumerate(contestant.tuning.typical):
            (line,) = axes.plot(
                contestant.tuning.rates,
                np.where(np.isfinite(typical), typical, np.nan),
                color=entry.colour,
                linestyle=entry.dashes,
                marker="o",
                markersize=4,
                linewidth=1.6,
                label=entry.name,
            )
            none = ~np.isfinite(typical)
            height = record.budget * 1.3 * 1.5 ** ((len(seen) - 0.5) / len(tuned))  # so that each is seen
            axes.plot(
                np.array(contestant.tuning.rates)[none], np.full(none.sum(), height), "x", color=entry.colour
            )
            if p == 0:
                lines.append(line)
    axes.axhspan(record.budget * 1.25, record.budget * 2, color=theme.undefined, zorder=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1, record.budget * 2)
    axes.set_xlabel(readable(message("learning rate", context="axis")))
    axes.set_ylabel(readable(message("median evaluations", context="axis")))
    return message("Sensitivity to the learning rate, last target; × missed"), lines


_DRAWN = {"ecdf": _ecdf, "profile": _profile, "quartiles": _quartiles, "sensitivity": _sensitivity}
