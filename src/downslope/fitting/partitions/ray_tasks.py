"""Partitions on a cluster of Ray, each look at one a plain task.

Ray is told to try nothing again: what is lost, also where it kills a task for memory, is counted and tried again by
the loop that all engines share, and so within bounds. Rows that were read stay in Ray's store of objects as long as
there is room, and a task is sent where they are; where they are lost, they are read again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import socket
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from downslope.errors import DataError, MissingEngineError
from downslope.fitting.file_kinds import first_line
from downslope.fitting.partitions.engine import (
    PARTITION_SECONDS,
    Answer,
    Cut,
    Look,
    PartitionEngine,
    PassCounts,
    WorkerLost,
    answered,
)
from downslope.fitting.partitions.worker import Sent, bytes_of, computed_by
from downslope.messages import argument, message
from downslope.parallel import VARIABLES, cores

PART = 0.6  # of the store of objects that rows may take
SECONDS = 5.0  # that an address has to answer
CLIENT = "ray://"


def library() -> Any:
    """Ray.

    Raises:
        MissingEngineError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # it warns of what it will do some day
    try:
        import ray
    except ImportError as error:
        raise MissingEngineError(
            message(
                "{engine} needs Ray, which is not installed: {how}",
                engine=argument("engine", "ray"),
                how="pip install 'downslope[ray]'",
            )
        ) from error
    return ray


class RayTasks(PartitionEngine):
    """Tasks on a cluster.

    Args:
        count: how many at once; by default as many as it has cores.
        address: where it answers; None for one that is running here already, else for one of its own.
        seconds: that a task has for a partition, from when it is given out.
    """

    name = "ray"

    def __init__(self, count: int | None, address: str | None, seconds: float = PARTITION_SECONDS) -> None:
        super().__init__()
        self.seconds = seconds
        self._count, self._address = count, address
        self.workers = count or cores()
        self._began = False
        self._room = 0
        self._numbers: dict[Any, int] = {}
        self._rows_of: dict[Any, Any] = {}  # by the answer of a task what rows it read
        self._held: dict[int, Any] = {}
        self._sent: tuple[Any, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"_numbers": {}, "_rows_of": {}, "_held": {}, "_sent": None, "_began": False}
        return {**super().__getstate__(), **empty}

    def open(self) -> None:
        ray = library()
        if not ray.is_initialized():
            self._connect(ray)
            self._began = True
        there = ray.cluster_resources()
        self.workers = self._count or max(1, int(there.get("CPU", 1)))
        self._room = int(PART * there.get("object_store_memory", 0))

    def close(self) -> None:
        for known in (self._numbers, self._rows_of, self._held):
            known.clear()
        self._sent = None
        if self._began:
            library().shutdown()
            self._began = False

    def _connect(self, ray: Any) -> None:
        """Be connected with the cluster, or begin one here that only this machine can reach.

        Raises:
            DataError: it does not answer.
        """
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address is None:
            quiet |= {"include_dashboard": False, "num_cpus": self.workers, "_node_ip_address": "127.0.0.1"}
            ray.init(address="local", configure_logging=True, **quiet)
            return
        refuse_silent(self._address)
        try:
            ray.init(address=self._address, **quiet)
        except Exception as error:  # each of its parts has errors of its own
            raise DataError(no_answer(self._address, first_line(error).partition(". ")[0])) from error

    def start(self, table: Cut, look: Look[Any], waiting: Sequence[int]) -> tuple[Any, int]:
        ray = library()
        if self._sent is None or self._sent[0] is not table:
            self._held.clear()
            sent = Sent.of(table)
            self._sent = table, (sent.key, ray.put(sent.content))
        number = waiting[0]
        task = (number, Sent.of(look).content, self._room > 0)
        answer, rows = _task().remote(self._sent[1], task, self._held.get(number))
        self._numbers[answer] = number
        self._rows_of[answer] = rows
        return answer, number

    def wait(self, running: Collection[Any], seconds: float | None) -> Collection[Any]:
        done: list[Any] = library().wait(list(running), num_returns=1, timeout=seconds)[0]
        return done

    def answer(self, done: Any) -> Answer[Any]:
        ray = library()
        number, rows = self._numbers.pop(done), self._rows_of.pop(done)
        try:
            answer: Answer[Any]
            answer, size = ray.get(done)
        except ray.exceptions.RayTaskError as error:
            self._held.pop(number, None)
            raise cause_of(ray, error) from None
        except ray.exceptions.RayError as error:
            self._held.pop(number, None)  # rows that were lost are read again
            raise WorkerLost(message("{why:.200}", why=first_line(error))) from None
        if answer.counts.read and 0 < size <= self._room and number not in self._held:
            self._held[number] = rows
            self._room -= size
        return answer

    def stop(self, running: Any) -> None:
        self._held.pop(self._numbers[running], None)
        self._forget(running, force=True)

    def abandon(self, running: Collection[Any]) -> None:
        for answer in running:
            self._forget(answer, force=False)

    def _forget(self, answer: Any, *, force: bool) -> None:
        """Cancel a task, and end its worker with it where it is forced."""
        ray = library()
        self._numbers.pop(answer, None)
        self._rows_of.pop(answer, None)
        with contextlib.suppress(ray.exceptions.RayError):
            ray.cancel(answer, force=force)


def cause_of(ray: Any, error: Any) -> Exception:
    """What a task raised; lost rows and lack of memory are no fault of the task."""
    cause = error.cause if getattr(error, "cause", None) is not None else error
    if isinstance(cause, MemoryError | ray.exceptions.ObjectLostError | ray.exceptions.OutOfMemoryError):
        return WorkerLost(message("{why:.200}", why=first_line(cause)))
    return cause if isinstance(cause, Exception) else RuntimeError(str(error))


def refuse_silent(address: str) -> None:
    """Raise DataError where nobody listens there: Ray itself would try for minutes."""
    plain = address.removeprefix(CLIENT)
    host, colon, port = plain.rpartition(":")
    if not colon or not port.isdecimal():
        return  # "auto" and the like, which it knows at once
    try:
        socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)
        raise DataError(no_answer(address, reason)) from error


def no_answer(address: str, reason: str) -> Any:
    """The sentence for a cluster that is not there."""
    return message(
        "no cluster of Ray answers at {address}: {reason:.200}. Without {option} one is started here for the fit.",
        address=address,
        reason=reason,
        option=argument("address"),
    )


class _GivenRows:
    """The rows of one partition, which Ray has brought here, or which it is to keep."""

    def __init__(self, number: int, given: Any, keeps: bool) -> None:
        self.number, self.given, self.keeps = number, given, keeps and given is None
        self.kept: Any = None

    def found(self, number: int) -> tuple[Sequence[Any], PassCounts] | None:
        """Those that were brought."""
        if self.given is None:
            return None
        blocks, counts = self.given
        return [block.unlocked() for block in blocks], counts

    def keep(self, number: int, blocks: Sequence[Any], counts: PassCounts) -> None:
        """They are returned beside the answer."""
        self.kept = (tuple(blocks), counts)


_TABLES: dict[bytes, Any] = {}  # the one that this worker works on


def _work(sent: tuple[bytes, Any], task: tuple[int, bytes, bool], rows: Any) -> tuple[Any, Any]:
    """In a worker: ((answer, bytes of the rows that were read), these rows)."""
    (key, content), (number, look, keeps) = sent, task
    with _one_core():
        if key not in _TABLES:
            _TABLES.clear()
            _TABLES[key] = pickle.loads(library().get(content))
        held = _GivenRows(number, rows, keeps)
        answer = answered(_TABLES[key].elsewhere(held), pickle.loads(look), number, computed_by)
    kept = held.kept
    return (answer, 0 if kept is None else bytes_of(kept[0])), kept


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """As many tasks run at once as there are cores."""
    os.environ[VARIABLES[0]] = "1"
    yield


@cache
def _task() -> Any:
    return library().remote(max_retries=0, num_cpus=1, num_returns=2)(_work)
