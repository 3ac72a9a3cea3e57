"""What a person may ask of a picture, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from downslope.descent import Descent
from downslope.errors import UsageError, nearest
from downslope.messages import Message, listing, message, sentences
from downslope.plots.plane import Floats
from downslope.plots.view import KINDS, Kind, Pair, checked_view
from downslope.sweeping.comparison import same_function

FRAMES = 120
MOST_FRAMES = 600
LONGEST_TITLE = 200


@dataclass(frozen=True)
class PlotOptions:
    """The options of ``plot``, which the functions below have checked."""

    levels: int | Floats = 30
    filled: bool = True
    size: Pair | None = None
    theme: str | None = None
    frames: int = FRAMES
    asked_view: Any = None
    title: str = ""
    arrows: bool = False

    def view(self, names: Sequence[str]) -> dict[str, Pair]:
        """The ranges asked for, by the name of the axis."""
        return checked_view(self.asked_view, names)


def checked_frames(frames: int | None) -> int:
    """The most frames of a GIF, or a UsageError that says what is allowed."""
    count = FRAMES if frames is None else frames
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= MOST_FRAMES:
        raise UsageError(
            message("frames is {frames!r}; ask for 2 to {most}.", frames=frames, most=MOST_FRAMES)
        )
    return count


def checked_title(title: Any) -> str:
    """The title of a picture as one line, or a UsageError that says what is allowed."""
    if title is None:
        return ""
    if not isinstance(title, str) or len(title) > LONGEST_TITLE:
        raise UsageError(
            message(
                "title is {title!r}; give text of at most {most} characters.", title=title, most=LONGEST_TITLE
            )
        )
    return " ".join(title.split())


def checked_size(size: Any) -> Pair | None:
    """Width and height in inches, or a UsageError that says what is allowed."""
    if size is None:
        return None
    try:
        width, height = (float(side) for side in size)
    except (TypeError, ValueError):
        width = height = math.nan
    if not (3 <= width <= 40 and 3 <= height <= 40):
        raise UsageError(
            message("size is {size!r}; give width and height in inches, 3 to 40, such as (8, 6).", size=size)
        )
    return width, height


def chosen_kind(run: Descent, kind: str | None, slice_: Any) -> Kind:
    """The kind of picture: the one asked for, if the run allows it, else the one that fits its parameters.

    Raises:
        UsageError: there is no such kind, or the run has too few or too many parameters for it.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(
            sentences(
                message(
                    "there is no plot of kind {kind!r}; the kinds are: {kinds}.",
                    kind=kind,
                    kinds=listing(KINDS),
                ),
                nearest(str(kind), KINDS),
            )
        )
    count, names = run.start.size, run.history.coordinates
    if run.objective.of_norms:
        if kind not in (None, "progress"):
            raise UsageError(
                message(
                    "a plot of kind {kind!r} needs the parameters, and this record has their norms: use"
                    " kind='progress', or record them with parameters=.",
                    kind=kind,
                )
            )
        return "progress"
    if kind is None:
        kind = {1: "curve", 2: "map"}.get(count, "progress") if slice_ is None else "slice"
    if kind == "slice" and slice_ is None and count > 1:
        raise UsageError(
            message(
                "which slice? Name two parameters, such as slice=({first!r}, {second!r}).",
                first=names[0],
                second=names[1],
            )
        )
    if slice_ is not None and kind != "slice":
        raise UsageError(message("slice= is for a plot of kind 'slice', not {kind!r}.", kind=kind))
    needs = {"map": 2, "curve": 1}.get(kind, count)
    if count != needs or (kind == "slice" and count < 2):
        raise UsageError(_does_not_fit(kind, names))
    return kind  # type: ignore[return-value]


def kind_together(runs: Sequence[Descent], kind: str | None, slice_: Any) -> str:
    """The kind of picture of several runs: "together" (a map or curve with the values beside it), or the one asked for.

    Raises:
        UsageError: the runs are of different functions, or of different numbers of parameters, and a map is asked for;
            and as for ``chosen_kind``.
    """
    if kind == "explained":
        raise UsageError(message("a picture of kind 'explained' is of one run; the others show several."))
    if not same_function(runs):
        if kind not in (None, "progress") or slice_ is not None:
            raise UsageError(
                message(
                    "these runs are not of one function, so they share no map: kind='progress' shows their values."
                )
            )
        return "progress"
    chosen = chosen_kind(runs[0], kind, slice_)
    return chosen if kind is not None or chosen == "progress" else "together"


def _does_not_fit(kind: str, names: Sequence[str]) -> Message:
    """This kind of picture is of another number of parameters."""
    one, count = kind == "curve", len(names)
    if count <= 2:
        return (
            message(
                "a {kind} is drawn of one parameter, and this run has {count}: use kind='progress'.",
                kind=kind,
                count=count,
            )
            if one
            else message(
                "a {kind} is drawn of two parameters, and this run has {count}: use kind='progress'.",
                kind=kind,
                count=count,
            )
        )
    plane = f"slice=({names[0]!r}, {names[1]!r})"
    return (
        message(
            "a {kind} is drawn of one parameter, and this run has {count}: use kind='progress' or {plane}.",
            kind=kind,
            count=count,
            plane=plane,
        )
        if one
        else message(
            "a {kind} is drawn of two parameters, and this run has {count}: use kind='progress' or {plane}.",
            kind=kind,
            count=count,
            plane=plane,
        )
    )


def slice_axes(run: Descent, names: Any) -> tuple[int, int]:
    """The positions of the two parameters that span a slice.

    Raises:
        UsageError: they are not two different parameters of the run.
    """
    known = run.history.coordinates
    listed = listing(known, most=12)
    if isinstance(names, str):
        names = [part.strip() for part in names.split(",")]
    given = list(names) if isinstance(names, (list, tuple)) else []
    for name in given:
        if name not in known:
            hint = nearest(str(name), known)
            raise UsageError(
                sentences(
                    message(
                        "the slice names '{name}'; the parameters are: {listed}.", name=name, listed=listed
                    ),
                    hint,
                )
            )
    if len(given) != 2 or given[0] == given[1]:
        raise UsageError(
            message(
                "the slice is {names!r}; name two different parameters of: {listed}.",
                names=names,
                listed=listed,
            )
        )
    return known.index(given[0]), known.index(given[1])
