"""Sweeps as JSON, schema 1, and back. No pickle: loading a file executes nothing."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.descent.snapshot import packed, unpacked
from downslope.descent.stopping import Stopping
from downslope.errors import DataError, DownslopeError
from downslope.messages import from_plain, message, to_plain
from downslope.optimizers import Optimizer, optimizer_from_dict
from downslope.optimizers.schedule_text import as_schedule, spelled
from downslope.results.run_loading import objective_from_dict, parameters_from_dict
from downslope.results.saving import SCHEMA, encoded, objective_to_dict
from downslope.sweeping.record import SweepRecord
from downslope.sweeping.runs import STATUSES, RunEnds
from downslope.sweeping.settings import Design, SweepAxis
from downslope.sweeping.trial import Trial

if TYPE_CHECKING:
    from downslope.results.sweep import Sweep


def sweep_to_dict(sweep: SweepRecord) -> dict[str, Any]:
    """A sweep as plain data. Its arrays are packed, with every bit."""
    trial, ends = sweep.trial, sweep.ends
    data = {
        "schema": SCHEMA,
        "command": "sweep",
        **objective_to_dict(trial.objective),
        "start": packed(np.asarray(trial.start, np.float64)),
        "optimizer": _setting_to_plain(trial.optimizer),
        "hyperparameters": {name: _setting_to_plain(value) for name, value in trial.hyperparameters.items()},
        "schedule": None if trial.schedule is None else spelled(trial.schedule),
        "stopping": {name: getattr(trial.stopping, name) for name in trial.stopping.__dataclass_fields__},
        "maximize": trial.maximize,
        "every": trial.every,
        "bounds": _bounds_to_plain(trial.bounds),
        "seed": trial.design.seed,
        "axes": [
            {
                "name": axis.name,
                "sets": [
                    {"target": list(target), "values": _values(values)}
                    for target, values in axis.sets.items()
                ],
            }
            for axis in trial.design.axes
        ],
        "statuses": [str(status) for status in STATUSES],
        "ends": {field.name: packed(getattr(ends, field.name)) for field in fields(ends)},
        "traces": packed(sweep.traces),
        "engine": sweep.engine,
        "why_single": to_plain(sweep.why_single),
        "seconds": sweep.seconds,
        "complete": sweep.complete,
    }
    return encoded(data)


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
    from downslope.results.sweep import Sweep  # which saves itself with what is above

    parameters = parameters_from_dict(data["parameters"], None)
    axes = [
        SweepAxis(
            str(axis["name"]),
            {tuple(map(str, one["target"])): _unpacked_values(one["values"]) for one in axis["sets"]},
        )
        for axis in data["axes"]
    ]
    seed = data["seed"]
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
    )
    ends = RunEnds(**{field.name: unpacked(data["ends"][field.name]) for field in fields(RunEnds)})
    runs = len(trial.design)
    if data["statuses"] != [str(status) for status in STATUSES] or any(
        len(getattr(ends, field.name)) != runs for field in fields(ends)
    ):
        raise DataError(message("the state in it is not whole."))
    return Sweep(
        trial=trial,
        ends=ends,
        engine=str(data["engine"]),
        why_single=from_plain(data["why_single"]),
        traces=unpacked(data["traces"]),
        seconds=float(data["seconds"]),
        complete=bool(data["complete"]),
    )


def _setting_to_plain(value: Any) -> Any:
    if isinstance(value, Optimizer):
        return value.to_dict()
    if isinstance(value, type) and issubclass(value, Optimizer):
        return value.name()
    return value.item() if isinstance(value, np.generic) else value


def _setting_from_plain(value: Any) -> Any:
    return optimizer_from_dict(value) if isinstance(value, dict) else value


def _values(values: Any) -> Any:
    return (
        packed(values) if isinstance(values, np.ndarray) else [_setting_to_plain(value) for value in values]
    )


def _unpacked_values(values: Any) -> Any:
    return unpacked(values) if isinstance(values, dict) else [_setting_from_plain(value) for value in values]


def _bounds_to_plain(bounds: Any) -> Any:
    if isinstance(bounds, dict):
        return {str(name): _bounds_to_plain(pair) for name, pair in bounds.items()}
    if isinstance(bounds, (list, tuple, np.ndarray)):
        return [_bounds_to_plain(pair) for pair in bounds]
    return float(bounds) if isinstance(bounds, (int, float, np.number)) else bounds
