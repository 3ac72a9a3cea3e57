"""What a person asked for about engines -> the engine."""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, get_args

import numpy as np

from downslope.errors import UsageError
from downslope.fitting.partitions.engine import TIMEOUT, InProcess, PartitionEngine
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
    partition_timeout: float


def engine_of(asked: EngineOptions) -> PartitionEngine:
    """The engine that was asked for; by default partitions are worked on in this process.

    Raises:
        UsageError: there is no such engine, or an option does not go with it.
    """
    name, workers, address = asked.get("engine"), asked.get("workers"), asked.get("address")
    timeout = asked.get("partition_timeout")
    if name is not None and (not isinstance(name, str) or name not in ENGINES):
        raise UsageError(
            message("engine is {name!r:.40}; it can be {engines}.", name=name, engines=listing(ENGINES, "or"))
        )
    for option, value in (("workers", workers), ("partition_timeout", timeout)):
        if value is not None and name is None:
            raise UsageError(
                message(
                    "{option} goes with {engine}.",
                    option=argument(option),
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
    count, seconds = _count(workers), _seconds(timeout)
    if name is None:
        return InProcess()
    if name == "processes":
        return Processes(count or cores(), seconds)
    from downslope.fitting.partitions.ray_tasks import RayTasks

    return RayTasks(count, address, seconds)


def _count(workers: Any) -> int | None:
    if workers is None:
        return None
    if isinstance(workers, bool) or not isinstance(workers, int | np.integer) or workers < 1:
        raise UsageError(
            message("workers is {value!r:.40}; it must be a whole number, at least 1.", value=workers)
        )
    return int(workers)


def _seconds(timeout: Any) -> float:
    if timeout is None:
        return TIMEOUT
    number = isinstance(timeout, int | float | np.integer | np.floating) and not isinstance(timeout, bool)
    if not number or not 0 < timeout < math.inf:
        raise UsageError(
            message(
                "{option} is {value!r:.40}; it must be a number of seconds above 0.",
                option=argument("partition_timeout"),
                value=timeout,
            )
        )
    return float(timeout)
