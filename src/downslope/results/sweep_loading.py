"""Saved sweeps, read back. No pickle: loading a file executes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from downslope.descent.function_state import FunctionState
from downslope.descent.snapshot import Witness, unpacked
from downslope.descent.stopping import Stopping
from downslope.errors import DataError, DownslopeError
from downslope.messages import from_plain, message
from downslope.optimizers import optimizer_from_dict
from downslope.optimizers.schedule_text import as_schedule
from downslope.results.run_loading import objective_from_dict, parameters_from_dict
from downslope.results.sweep import Sweep
from downslope.sweeping.runs import STATUSES, RunEnds
from downslope.sweeping.settings import Design, SweepAxis
from downslope.sweeping.trial import Trial, checked_groups
from downslope.sweeping.trial_runs import rows_kept


def sweep_of_file(data: dict[str, Any], path: str | os.PathLike[str]) -> Sweep:
    """The sweep in the plain data that was read from ``path``.

    Raises:
        DataError: it is not whole.
    """
    try:
        return _sweep(data)
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DownslopeError) as error:
        raise DataError(
            message(
                "{path} is not a whole saved sweep: {kind}: {why}.",
                path=path,
                kind=type(error).__name__,
                why=error.message if isinstance(error, DownslopeError) else error,
            )
        ) from error


def _sweep(data: dict[str, Any]) -> Sweep:
    parameters = parameters_from_dict(data["parameters"], None)
    axes = [_axis(axis, parameters.coordinates) for axis in data["axes"]]
    seed, witness = data["seed"], data.get("witness")
    trial = Trial(
        objective_from_dict(data, parameters),
        unpacked(data["start"]),
        Design(tuple(axes), None if seed is None else int(seed)),
        optimizer=_setting_from_plain(data["optimizer"]),
        hyperparameters={name: _setting_from_plain(value) for name, value in data["hyperparameters"].items()},
        schedule=None if data["schedule"] is None else as_schedule(data["schedule"]),
        stopping=Stopping(**data["stopping"]),
        maximize=bool(data["maximize"]),
        every=int(data["every"]),
        bounds=data["bounds"],
        fitted=dict(data.get("fitted", {})),
        witness=None if witness is None else Witness.from_dict(witness, parameters.size),
    )
    data.get("versions", {}).items()  # so it is a dict, whoever asks for it later
    trial.starts()
    groups = checked_groups(trial)  # its rules and limits are some that can be run
    ends = RunEnds(**{field.name: unpacked(data["ends"][field.name]) for field in fields(RunEnds)})
    runs = len(trial.design)
    traces, blank = unpacked(data["traces"]), RunEnds.empty(0, parameters.size)
    if data["statuses"] != [str(status) for status in STATUSES] or any(
        (column.shape, column.dtype) != ((runs, *like.shape[1:]), like.dtype)
        for column, like in (
            (getattr(ends, field.name), getattr(blank, field.name)) for field in fields(ends)
        )
    ):
        raise DataError(message("the state in it is not whole."))
    known = (ends.status >= 0) & (ends.status < len(STATUSES))
    shape = (runs if trial.every else 0, rows_kept(trial, groups), 2 + parameters.size)
    if not known.all() or traces.shape != shape or not 0 <= trial.every < 2**63:
        raise DataError(message("the state in it is not whole."))
    return Sweep(
        trial=trial,
        ends=ends,
        engine=str(data["engine"]),
        why_single=from_plain(data["why_single"]),
        traces=traces,
        seconds=float(data["seconds"]),
        complete=bool(data["complete"]),
        function=FunctionState.from_dict(data.get("function"), unpacked),
    )


def _axis(data: dict[str, Any], coordinates: Sequence[str]) -> SweepAxis:
    """An axis, whose values are as many as each other and set what there is."""
    sets = {tuple(map(str, one["target"])): _unpacked_values(one["values"]) for one in data["sets"]}
    lengths = {len(values) for values in sets.values()}
    known = {("optimizer",), ("learning_rate",), ("steps",), *(("start", name) for name in coordinates)}
    for target, values in sets.items():
        named = target in known or (target[:1] == ("hyperparameter",) and len(target) == 2)
        if not named or np.ndim(values) > 1:
            raise DataError(message("the state in it is not whole."))
    if len(lengths) != 1 or lengths == {0}:
        raise DataError(message("the state in it is not whole."))
    return SweepAxis(str(data["name"]), sets)


def _setting_from_plain(value: Any) -> Any:
    return optimizer_from_dict(value) if isinstance(value, dict) else value


def _unpacked_values(values: Any) -> Any:
    return unpacked(values) if isinstance(values, dict) else [_setting_from_plain(value) for value in values]
