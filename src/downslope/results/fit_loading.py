"""Saved fits, read back. No pickle: loading a file executes nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from downslope.errors import DataError, DownslopeError
from downslope.fitting.categories import Category
from downslope.fitting.frame import Frame
from downslope.fitting.holdout import Holdout
from downslope.fitting.hypothesis import Hypothesis, linear_model, read_hypothesis
from downslope.fitting.intervals import PredictionSpread
from downslope.fitting.losses import LOSSES, as_loss
from downslope.fitting.model import Model
from downslope.fitting.preconditioning import CentredParameters
from downslope.fitting.proximal import ProximalGradient
from downslope.messages import Message, from_plain, message
from downslope.results.fit import Fit
from downslope.results.run_loading import number, read, run_from_dict
from downslope.results.saving import UNDER_WAY

MOST_ROWS = 10**18  # that a table may have had
SAME = 1e-12  # part of its terms by which an intercept may differ from what it is about the means


def load_fit(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that ``Fit.save`` wrote: it predicts as before; the table it was made on is not in it.

    Raises:
        DataError: the file cannot be read or is not a saved fit.
    """
    return fit_of_file(read(path), path)


def fit_of_file(data: dict[str, Any], path: str | os.PathLike[str]) -> Fit:
    """The fit in the plain data that was read from ``path``."""
    command = data.get("command")
    if command != "fit":
        raise DataError(
            message(
                "{path} holds a run of '{command}', not a fit; 'downslope fit ... --save FILE' writes one.",
                path=path,
                command=command,
            )
            if command in ("minimize", "maximize")
            else message(
                "{path} holds something else, not a fit; 'downslope fit ... --save FILE' writes one.",
                path=path,
            )
        )
    if data.get(UNDER_WAY):
        raise DataError(
            message(
                "{path} holds a fit that was under way: {resume} goes on with it.",
                path=path,
                resume="downslope.resume(path, table)",
            )
        )
    try:
        return _from_dict(data)
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DownslopeError) as error:
        raise DataError(
            message(
                "{path} is not a whole saved fit: {kind}: {why}.",
                path=path,
                kind=type(error).__name__,
                why=error.message if isinstance(error, DownslopeError) else error,
            )
        ) from error


def _hypothesis(data: dict[str, Any]) -> Hypothesis:
    names = [str(name) for name in (*data["inputs"], data["target"])]
    empty = Frame({name: np.zeros(1) for name in names})
    if data["formula"]:
        named = [str(name) for name in data["parameters"]]
        return read_hypothesis(str(data["hypothesis"]), empty, named, e_is_a_number=True)
    levels = data.get("categories") or {}
    categories = tuple(Category(str(name), tuple(map(str, known))) for name, known in levels.items())
    made = {name: category.column for category in categories for name in category.names}
    features = dict.fromkeys(made.get(str(name), str(name)) for name in data["columns"])
    return linear_model(str(data["target"]), list(features), empty, categories)


def _from_dict(data: dict[str, Any]) -> Fit:
    run = run_from_dict({**data["run"], "history": data["history"]}, (ProximalGradient,))
    parameters = run.objective.parameters
    hypothesis = _hypothesis(data)
    if hypothesis.parameters != parameters.names:
        raise DataError(
            message("this is not a whole saved fit: its parameters are not those of its hypothesis.")
        )
    theta = parameters.flatten({n: np.asarray(v, np.float64) for n, v in data["parameters"].items()})
    if not np.array_equal(theta, run.final):
        raise DataError(
            message("this is not a whole saved fit: it predicts by other parameters than it found.")
        )
    model = Model(
        hypothesis,
        as_loss(str(data["loss"]["name"])),
        tuple(data["classes"]),
        parameters,
        np.asarray(theta, np.float64),
        tuple(data["inputs"]),
    )
    model = replace(model, centred=_centred(data.get("about_means"), model))
    return Fit(
        model,
        run,
        number(data["loss"]["value"]),
        str(data["path"]),
        str(data["coordinates"]),
        tuple(map(_note, data["notes"])),
        int(data["rows"]),
        int(data["rows_dropped"]),
        recorded=_recorded(data, parameters.size),
        warned=tuple(map(_note, data["warnings"])),
        holdout=_holdout(data.get("holdout")),
        unasked=bool(data.get("unasked", any(_tells_of_the_way(note) for note in data["notes"]))),
    )


def _centred(data: Any, model: Model) -> CentredParameters | None:
    """The parameters about the means, where the file has them and they are the parameters that it has besides."""
    if data is None or model.hypothesis.linear is None:
        return None
    centre, phi = (np.array([number(v) for v in data[key]], np.float64) for key in ("centre", "parameters"))
    tail = np.array([number(v) for v in data["tail"]], np.float64) if "tail" in data else None
    theta, linear = model.theta, model.hypothesis.linear
    classes = max(len(model.classes), 1) if model.loss.per_class else 1
    features = np.array([feature is not None for feature in linear.features])
    wrong = phi.shape != theta.shape or centre.shape != (int(features.sum()),) or phi.size % classes
    if wrong or (tail is not None and tail.shape != phi.shape):
        raise DataError(message("this is not a whole saved fit: its parameters about the means do not fit."))
    there, here = theta.reshape(-1, classes), phi.reshape(-1, classes)
    same = np.array_equal(there[features], here[features])
    if linear.intercept is not None:
        with np.errstate(all="ignore"):  # numbers in a file that was changed may be any
            moved = centre[:, None] * here[features]
            slack = SAME * (np.abs(here[linear.intercept]) + np.abs(moved).sum(axis=0))
            off = here[linear.intercept] - moved.sum(axis=0) - there[linear.intercept]
        same = same and bool(np.all(np.abs(off) <= slack))
    return CentredParameters(centre, phi, tail) if same else None


def _spread(data: dict[str, Any] | None, size: int) -> PredictionSpread | Message:
    if data is None:
        return message("the fit was saved before there were any")
    if "none" in data:
        return from_plain(data["none"])
    root, centre = np.array(data["root"], np.float64), np.array(data["centre"], np.float64)
    square = centre.ndim == 1 and root.shape == (len(centre), len(centre)) and len(centre) == size
    variance, freedom = number(data["variance"]), int(data["freedom"])
    usable = (
        square and bool(np.all(np.diag(root) != 0)) and np.isfinite(root).all() and np.isfinite(centre).all()
    )
    if not usable or not variance >= 0 or not 1 <= freedom <= MOST_ROWS:
        raise DataError(
            message("this is not a whole saved fit: its parameters are not those of its hypothesis.")
        )
    return PredictionSpread(np.triu(root), centre, variance, freedom)


def _holdout(data: dict[str, Any] | None) -> Holdout | None:
    if data is None:
        return None
    found = {name: None if data[name] is None else number(data[name]) for name in ("r2", "accuracy")}
    return Holdout(int(data["rows"]), int(data["seed"]), number(data["loss"]), found["r2"], found["accuracy"])


def _recorded(data: dict[str, Any], size: int) -> dict[str, Any]:
    """What a loaded fit cannot work out again, each of the kind that it has to be."""
    errors, told, weights = data["standard_errors"], data["explanation"], data.get("weights")
    return {
        "standard_errors": None if errors is None else {name: number(v) for name, v in errors.items()},
        **{name: None if data[name] is None else number(data[name]) for name in ("r2", "accuracy")},
        "explanation": {
            **told,
            **{key: str(told.get(key, "")) for key in ("brief", "kind_of_point")},
            "codes": list(map(str, told.get("codes", ()))),
        },
        "no_standard_errors": from_plain(data.get("no_standard_errors", "")),
        "left_with": data.get("left_with"),
        "spread": _spread(data.get("spread"), size),
        "weights": weights if weights is None or weights is True else str(weights),
    }


def _note(data: Any) -> Message:
    """A note; those of 0.1.0 are text, without a capital and a full stop, but for questions and names of losses."""
    if not isinstance(data, str) or not data:
        return from_plain(data)
    begun = data if data.partition(" ")[0] in LOSSES else data[0].upper() + data[1:]
    return from_plain(begun if begun.endswith(("?", ".")) else f"{begun}.")


def _tells_of_the_way(note: Any) -> bool:
    """Whether a note of 0.1.0 says how the fit was descended, which it did of a way that nobody had asked for."""
    return isinstance(note, str) and note.startswith("descended ")
