"""Saved sweeps that go on: their function or table is put to them again, and the runs that are missing are made."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from downslope.api.fit_request import FitArguments
from downslope.api.sweeping import Telling
from downslope.api.table_costs import cost_of_table
from downslope.descent.function_state import as_left
from downslope.descent.snapshot import Witness, changed, goes_on_otherwise, versions
from downslope.errors import DataError, UsageError
from downslope.messages import message
from downslope.objectives import Objective, as_objective
from downslope.results.checkpoints import checkpoint_of
from downslope.results.known_again import Given, refuse_another, refuse_other_parameters
from downslope.results.sweep import Sweep, make_sweep
from downslope.results.sweep_loading import sweep_of_file
from downslope.sweeping.trial import Trial

OF_SEVERAL = (
    "progress",
    "checkpoint",
    "checkpoint_seconds",
)  # the options of ``resume`` that several runs take


def resume_sweep(data: dict[str, Any], path: str | os.PathLike[str], given: Given, options: Any) -> Sweep:
    """The sweep in the plain data that was read from ``path``, with the runs made that are missing.

    Raises:
        DataError: the state in it is not whole, or the function or table is another.
        UsageError: an option is for single runs, or the table is missing.
        ObjectiveError: the function is not in the file, and is not given.
    """
    refuse_single(options)
    swept, checkpoint, told = sweep_of_file(data, path), checkpoint_of(options), options.get("progress")
    if not swept.complete:
        trial = with_function(swept, given, path)
        watch = None if told is None else Telling(told, len(trial.design))
        swept = make_sweep(trial, watch, checkpoint=checkpoint, before=swept)
        tell_other_versions(data, swept.trial.objective)
    elif checkpoint is not None:
        checkpoint.end(lambda _: swept.to_dict())
    return swept


def refuse_single(options: Mapping[str, Any]) -> None:
    """Refuse what changes a single run: several go on as they were asked for.

    Raises:
        UsageError: there is such an option.
    """
    for name in options:
        if name not in OF_SEVERAL:
            raise UsageError(
                message(
                    "'{name}' is for a single run; a sweep or a race goes on as it was asked for.", name=name
                )
            )


def tell_other_versions(data: Mapping[str, Any], objective: Objective) -> None:
    """Warn where what computes now is not what computed the first part."""
    changes = changed(data.get("versions", {}), versions("traced", objective.tensors is not None))
    if changes:
        warnings.warn(str(goes_on_otherwise(changes)), stacklevel=2)


def with_function(swept: Sweep, given: Given, path: Any) -> Trial:
    """The trial of a sweep with its function or table, if it is that."""
    trial, objective = swept.trial, swept.trial.objective
    if trial.fitted and (given.function is not None or not objective.evaluable):
        objective = _of_table(trial.fitted, given, path)
    elif given.function is not None:
        begin = objective.present(trial.starts()[0]) if given.start is None else given.start
        objective, _ = as_objective(given.function, begin, gradient=given.gradient, dtype=objective.dtype)
    with as_left(objective, swept.function.at_begin()):
        return replace(trial, objective=checked(trial.objective, objective, trial.witness, trial.starts()[0]))


def _of_table(fitted: Mapping[str, Any], given: Given, path: Any) -> Objective:
    """The cost of the table that is given, by the hypothesis that is in the file."""
    if given.function is None:
        raise UsageError(message("{path} holds a sweep over a table: give that too, after it.", path=path))
    asked = dict(fitted)
    if asked.get("weights") is True:
        if given.weights is None:
            raise UsageError(
                message(
                    "what is in {path} has weights that are no column: give them too, weights=...", path=path
                )
            )
        asked["weights"] = given.weights
    return cost_of_table(str(asked.pop("hypothesis")), given.function, cast(FitArguments, asked)).objective


def checked(saved: Objective, objective: Objective, known: Witness | None, x: Any) -> Objective:
    """The objective that runs go on with, if it is the one that was saved.

    Args:
        saved: what is in the file, perhaps without its function.
        objective: what is to be gone on with, which may be the same.
        known: what it gave at ``x``; None where that is not in the file.
        x: where the first run begins.

    Raises:
        DataError: it is another one.
        ObjectiveError: the function is not in the file, and is not given.
    """
    refuse_other_parameters(saved.parameters, objective.parameters)
    with np.errstate(all="ignore"):
        found = Witness.of(objective, x)
    if known is None and saved is not objective:
        raise DataError(message("the file does not say what the function gave at its start; run it again."))
    if known is None or known.same(found):
        objective.nested = objective.nested or saved.nested
        return objective
    if saved is objective:
        raise DataError(
            message(
                "what is in the file gives other last digits than the function that was swept or raced, as on another"
                " processor, or where Python computed it; downslope.resume(path, function) goes on with that."
            )
        )
    where = message("this is another function or table, or computes otherwise: where the first run begins")
    refuse_another(known, found, objective.parameters, where)
    return objective
