"""The options that every call takes: one record of them, and what is made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from downslope.descent import Progress
from downslope.descent.descend import Callbacks
from downslope.descent.progress import Step
from downslope.errors import UsageError
from downslope.messages import message


class StoppingOptions(TypedDict, total=False):
    """When to stop, beside ``steps``, ``tolerance`` and a target; see ``Stopping``, which is made of them."""

    evaluations: int
    time_limit: float
    relative_tolerance: float
    value_tolerance: float
    x_tolerance: float


class RunOptions(StoppingOptions, total=False):
    """What ``minimize``, ``maximize`` and ``fit`` take alike."""

    hyperparameters: dict[str, Any]
    schedule: Any
    seed: int
    gradient: Any
    every: int
    callback: Callable[[Step], Any]
    progress: Callable[[Progress], None]


class CheckpointOptions(TypedDict, total=False):
    """Where and how often what is under way is kept."""

    checkpoint: str | os.PathLike[str]
    checkpoint_seconds: float


def callbacks_of(options: Mapping[str, Any]) -> Callbacks:
    """What is called while it runs.

    Raises:
        UsageError: it is no function.
    """
    for name in ("callback", "progress"):
        value = options.get(name)
        if value is not None and not callable(value):
            raise UsageError(
                message("{option} is {value!r:.60}; it must be a function.", option=name, value=value)
            )
    return Callbacks(callback=options.get("callback"), progress=options.get("progress"))
