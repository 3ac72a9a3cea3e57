"""Which picture of a fit: the view asked for, or the one that suits it. Nothing here needs Matplotlib."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from downslope.errors import DataError, UsageError, did_you_mean
from downslope.fitting.result import FitResult
from downslope.messages import NOTHING, Message, listing, message, sentences
from downslope.plots.view import parse_view

VIEWS = ("data", "predicted", "residuals", "surface", "progress", "calibration", "classes")
_OTHER_WORDS = {
    "curve": "data",
    "boundary": "data",
    "probabilities": "data",
    "actual": "predicted",
    "residual": "residuals",
    "map": "surface",
    "cost": "surface",
    "path": "surface",
    "learning": "progress",
    "history": "progress",
    "confusion": "classes",
}
MOVING = ("data", "surface", "progress")  # what a GIF can show


def parse_fit_view(text: str) -> tuple[str | None, Any]:
    """The name of a view and the ranges that are typed after it; either may be missing.

    Raises:
        UsageError: there is no view of that name, or a range cannot be read.

    >>> parse_fit_view("residuals")
    ('residuals', None)
    >>> parse_fit_view("data, x=0:10")
    ('data', {'x': (0.0, 10.0)})
    >>> parse_fit_view("surface,-1:1,0:5")
    ('surface', ((-1.0, 1.0), (0.0, 5.0)))
    """
    first, _, rest = text.partition(",")
    if ":" in first:
        return None, parse_view(text)
    return checked_name(first.strip()), parse_view(rest) if rest.strip() else None


def checked_name(name: str) -> str:
    """The view of that name, by any of its names.

    Raises:
        UsageError: there is none.
    """
    plain = name.lower().replace("-", "_")
    found = _OTHER_WORDS.get(plain, plain)
    if found not in VIEWS:
        raise UsageError(
            sentences(
                message("there is no view {name!r} of a fit.", name=name),
                _nearest_views(name),
                message("The views are: {views}.", views=listing(VIEWS)),
            )
        )
    return found


def _nearest_views(name: str) -> Message:
    """Which views may have been meant, each by the name that is listed."""
    near = get_close_matches(name.lower(), (*VIEWS, *_OTHER_WORDS), n=3, cutoff=0.6)
    meant = dict.fromkeys(_OTHER_WORDS.get(word, word) for word in near)
    return did_you_mean(*meant) if meant else NOTHING


def chosen(fit: FitResult, name: str | None, has_table: bool, slice_: Any = None) -> str:
    """The view of that name where the fit allows it; where none is named, the one that suits it.

    Raises:
        UsageError: the view does not go with this fit.
        DataError: the view needs the table, and there is none.
    """
    loss, inputs = fit.model.loss, len(fit.model.hypothesis.columns)
    told_apart = "classes" if loss.per_class else "calibration" if loss.classifies else "predicted"
    if name is None and slice_ is not None:
        name = "surface"
    if name is None:
        if not has_table:
            return "progress"
        return (
            "data"
            if inputs == 1 or (inputs == 2 and loss.classifies)
            else told_apart
            if inputs
            else "residuals"
        )
    name = checked_name(name)
    if loss.classifies and name == "predicted":
        name = told_apart
    if name in ("calibration", "classes") and name != told_apart:
        what = {"calibration": "log_loss", "classes": "softmax"}[name]
        raise UsageError(
            message(
                "the view '{name}' is for {what}, and this fit has {loss}: use '{told_apart}'.",
                name=name,
                what=what,
                loss=loss,
                told_apart=told_apart,
            )
        )
    if loss.classifies and name == "residuals":
        raise UsageError(
            message(
                "{loss} predicts labels, which have no residuals: use the view '{told_apart}'.",
                loss=loss,
                told_apart=told_apart,
            )
        )
    if name == "data" and inputs not in (1, 2):
        raise UsageError(
            message(
                "the view 'data' draws one or two inputs, and '{hypothesis}' has {inputs}: use"
                " '{told_apart}'.",
                hypothesis=fit.model.hypothesis.text,
                inputs=inputs,
                told_apart=told_apart,
            )
        )
    if not has_table and name != "progress":
        raise DataError(
            message(
                "the view '{name}' needs the table, which is not in a saved fit; give it, as in"
                " table='data.csv'.",
                name=name,
            )
        )
    return name


__all__ = ["MOVING", "VIEWS", "checked_name", "chosen", "parse_fit_view"]
