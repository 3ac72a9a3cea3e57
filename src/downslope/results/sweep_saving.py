"""Sweeps as JSON, schema 1; ``sweep_loading`` reads it back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from downslope.descent.snapshot import Pack, packed, versions
from downslope.messages import to_plain
from downslope.optimizers import Optimizer
from downslope.optimizers.schedule_text import spelled
from downslope.results.saving import SCHEMA, encoded, objective_to_dict
from downslope.sweeping.record import SweepRecord
from downslope.sweeping.runs import STATUSES


def sweep_to_dict(sweep: SweepRecord, pack: Pack = packed) -> dict[str, Any]:
    """A sweep as plain data, its arrays packed, with every bit. What is not done yet is "interrupted"."""
    trial, ends = sweep.trial.with_witness(sweep.function.at_begin()), sweep.ends
    data = {
        "schema": SCHEMA,
        "command": "sweep",
        **objective_to_dict(trial.objective),
        "start": pack(np.asarray(trial.start, np.float64)),
        "optimizer": _setting_to_plain(trial.optimizer),
        "hyperparameters": {name: _setting_to_plain(value) for name, value in trial.hyperparameters.items()},
        "schedule": None if trial.schedule is None else spelled(trial.schedule),
        "stopping": {name: getattr(trial.stopping, name) for name in trial.stopping.__dataclass_fields__},
        "maximize": trial.maximize,
        "every": trial.every,
        "bounds": _bounds_to_plain(trial.bounds),
        "fitted": dict(trial.fitted),
        "witness": None if trial.witness is None else trial.witness.to_dict(pack),
        "versions": versions("traced", trial.objective.tensors is not None),
        "seed": trial.design.seed,
        "axes": [
            {
                "name": axis.name,
                "sets": [
                    {"target": list(target), "values": _values(values, pack)}
                    for target, values in axis.sets.items()
                ],
            }
            for axis in trial.design.axes
        ],
        "statuses": [str(status) for status in STATUSES],
        "ends": {field.name: pack(getattr(ends, field.name)) for field in fields(ends)},
        "traces": pack(sweep.traces),
        "engine": sweep.engine,
        "why_single": to_plain(sweep.why_single),
        "seconds": sweep.seconds,
        "complete": sweep.complete,
        "function": sweep.function.to_dict(pack),
    }
    return encoded(data)


def _setting_to_plain(value: Any) -> Any:
    if isinstance(value, Optimizer):
        return value.to_dict()
    if isinstance(value, type) and issubclass(value, Optimizer):
        return value.name()
    return value.item() if isinstance(value, np.generic) else value


def _values(values: Any, pack: Pack) -> Any:
    return pack(values) if isinstance(values, np.ndarray) else [_setting_to_plain(value) for value in values]


def _bounds_to_plain(bounds: Any) -> Any:
    if isinstance(bounds, dict):
        return {str(name): _bounds_to_plain(pair) for name, pair in bounds.items()}
    if isinstance(bounds, (list, tuple, np.ndarray)):
        return [_bounds_to_plain(pair) for pair in bounds]
    return float(bounds) if isinstance(bounds, (int, float, np.number)) else bounds
