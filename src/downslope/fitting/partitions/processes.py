"""Partitions on the cores of this machine: one process for each, which is replaced where it is lost."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import types
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from downslope.fitting.partitions.engine import (
    MOST_RETRIES,
    PARTITION_SECONDS,
    Answer,
    Cut,
    Look,
    PartitionEngine,
    WorkerLost,
)
from downslope.fitting.partitions.worker import Sent, work
from downslope.messages import message
from downslope.parallel import VARIABLES

_STARTING = threading.Lock()


@dataclass(eq=False)
class _Slot:
    """The place of one process. A pool of one: where its process is lost, no other is."""

    pool: ProcessPoolExecutor
    process: Future[int]  # its number, once it has begun
    partitions: set[int] = field(default_factory=set)  # that it worked on last, and may hold
    busy: bool = False
    left: Future[Answer[Any]] | None = None  # what nobody waits for any more, and it may still work on

    @classmethod
    def begun(cls) -> _Slot:
        """With a process that starts now."""
        pool = _pool()
        return cls(pool, pool.submit(os.getpid))

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self.process.done() and not self.process.cancelled() and self.process.exception() is None:
            with contextlib.suppress(OSError):  # it has ended by itself
                os.kill(self.process.result(), getattr(signal, "SIGKILL", signal.SIGTERM))


class Processes(PartitionEngine):
    """So many processes, each on one core.

    A partition goes to the process that worked on it before, as that may still hold its rows.

    Args:
        workers: how many.
        seconds: that each has for a partition.
    """

    name = "processes"

    def __init__(self, workers: int, seconds: float = PARTITION_SECONDS) -> None:
        super().__init__()
        self.workers, self.seconds = workers, seconds
        self._slots: list[_Slot] = []
        self._of: dict[Future[Answer[Any]], _Slot] = {}
        self._sent: tuple[Any, Sent] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_slots": [], "_of": {}, "_sent": None}

    def open(self) -> None:
        with _alone_on_a_core():
            self._slots = [_Slot.begun() for _ in range(self.workers)]  # while the table is looked at here

    def close(self) -> None:
        slots, self._slots, self._sent = self._slots, [], None
        self._of.clear()
        for slot in slots:
            if slot.left is not None and not slot.left.done():
                slot.kill()  # it may never end by itself
            slot.pool.shutdown(wait=True, cancel_futures=True)

    def start(self, table: Cut, look: Look[Any], waiting: Sequence[int]) -> tuple[Any, int]:
        if self._sent is None or self._sent[0] is not table:
            self._sent = table, Sent.of(table)
        slot = next(slot for slot in self._slots if not slot.busy)
        taken = set().union(*(other.partitions for other in self._slots if other is not slot))
        own = (number for number in waiting if number in slot.partitions)
        free = (number for number in waiting if number not in taken)
        number = next(own, next(free, waiting[-1]))  # what another holds is taken from its end
        content = _pickled(look)
        task = self._sent[1], content, number
        for _ in range(MOST_RETRIES):
            try:
                future = self._submitted(slot, task)
                break
            except BrokenProcessPool:  # lost while it was idle or began: nothing was worked on in vain
                self._replace(slot)
        else:
            future = self._submitted(slot, task)
        slot.busy = True
        slot.partitions.add(number)
        self._of[future] = slot
        return future, number

    def wait(self, running: Collection[Any], seconds: float | None) -> Collection[Any]:
        return wait(running, seconds, return_when=FIRST_COMPLETED).done

    def answer(self, done: Any) -> Answer[Any]:
        slot = self._of.pop(done)
        slot.busy = False
        try:
            answer: Answer[Any] = done.result()
        except BrokenProcessPool:
            self._replace(slot)
            raise WorkerLost(message("its process ended without an answer")) from None
        except MemoryError:
            raise WorkerLost(message("it had not enough memory")) from None
        for other in self._slots:
            if other is not slot:
                other.partitions.discard(answer.number)
        return answer

    def stop(self, running: Any) -> None:
        slot = self._of.pop(running)
        slot.busy = False
        slot.kill()
        self._replace(slot)

    def abandon(self, running: Collection[Any]) -> None:
        for future in running:
            slot = self._of.pop(future)
            slot.busy = False  # what comes next waits for it in the pool
            if not future.cancel():
                slot.left = future

    def _submitted(self, slot: _Slot, task: tuple[Sent, bytes, int]) -> Future[Answer[Any]]:
        return slot.pool.submit(work, *task, self.workers)

    def _replace(self, slot: _Slot) -> None:
        slot.pool.shutdown(wait=False, cancel_futures=True)
        with _alone_on_a_core():
            new = _Slot.begun()
        slot.pool, slot.process, slot.left = new.pool, new.process, None
        slot.partitions.clear()


def _pickled(look: Look[Any]) -> bytes:
    return Sent.of(look).content


def _pool() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
    return ProcessPoolExecutor(1, context, _begin)


@contextmanager
def _alone_on_a_core() -> Iterator[None]:
    """Processes that start within take one core each, and do not run the program of a person a second time.

    A process that is spawned imports the main module, which in a script would begin the fit again; nothing that is sent
    to ours refers to it.
    """
    with _STARTING:
        own = dict.fromkeys((*VARIABLES, "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        before = {name: os.environ.get(name) for name in own}
        main = sys.modules.get("__main__")
        os.environ.update(own)
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            if main is not None:
                sys.modules["__main__"] = main
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the first process decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import pyarrow

    import downslope.fitting.streamed  # noqa: F401 - what partitions will need, while there are none yet

    pyarrow.set_cpu_count(1)


def _end_with_parent() -> None:
    """Whoever waits for work would wait for ever where the first process was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
