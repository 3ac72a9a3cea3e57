"""What a person asked for about engines -> the engine."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, get_args

import numpy as np

from downslope.errors import UsageError
from downslope.fitting.partitions.engine import PARTITION_SECONDS, InProcess, PartitionEngine
from downslope.fitting.partitions.processes import Processes
from downslope.messages import argument, listing, message
from downslope.parallel import cores

EngineName = Literal["processes", "ray"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


class EngineOptions(TypedDict, total=False):
    """The keyword arguments about engines."""

    engine: EngineName | None
    workers: int
    address: str
    partition_seconds: float


def engine_of(asked: EngineOptions) -> PartitionEngine:
    """The engine that was asked for; by default partitions are worked on in this process.

    Raises:
        UsageError: there is no such engine, or an option does not go with it.
    """
    name, workers, address = asked.get("engine"), asked.get("workers"), asked.get("address")
    if name is not None and (not isinstance(name, str) or name not in ENGINES):
        raise UsageError(
            message("engine is {name!r:.40}; it can be {engines}.", name=name, engines=listing(ENGINES, "or"))
        )
    if workers is not None and name is None:
        raise UsageError(
            message(
                "{option} goes with {engine}.",
                option=argument("workers"),
                engine=argument("engine", "processes"),
            )
        )
    if address is not None and (name != "ray" or not isinstance(address, str)):
        raise UsageError(
            message(
                "{option} is where a cluster of Ray answers, a text that goes with {engine}.",
                option=argument("address"),
                engine=argument("engine", "ray"),
            )
        )
    count, seconds = _count(workers), _seconds(asked.get("partition_seconds"), name)
    if name is None:
        return InProcess()
    if name == "processes":
        return Processes(count or cores(), seconds)
    from downslope.fitting.partitions.ray_tasks import RayTasks

    return RayTasks(count, address, seconds)


def _seconds(asked: Any, engine: str | None) -> float:
    if asked is None:
        return PARTITION_SECONDS
    if engine is None:
        raise UsageError(
            message(
                "{option} goes with {engine}.",
                option=argument("partition_seconds"),
                engine=argument("engine", "processes"),
            )
        )
    number = isinstance(asked, int | float | np.integer | np.floating) and not isinstance(asked, bool)
    if not number or not 0 < asked < np.inf:
        raise UsageError(
            message(
                "partition_seconds is {seconds!r:.40}; it must be a number of seconds, above 0.",
                seconds=asked,
            )
        )
    return float(asked)


def _count(workers: Any) -> int | None:
    if workers is None:
        return None
    if isinstance(workers, bool) or not isinstance(workers, int | np.integer) or workers < 1:
        raise UsageError(
            message("workers is {value!r:.40}; it must be a whole number, at least 1.", value=workers)
        )
    return int(workers)
