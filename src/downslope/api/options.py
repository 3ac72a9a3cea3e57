"""The options that every call takes: one record of them, and what is made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from downslope.descent import Progress
from downslope.descent.descend import Callbacks
from downslope.descent.progress import Step


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
    """What is called while it runs."""
    return Callbacks(callback=options.get("callback"), progress=options.get("progress"))
