"""Rows in chunks, on all cores: the chunks do not depend on the number of cores, so neither do the sums."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

CHUNK_ROWS = 32_768
VARIABLES = ("DOWNSLOPE_THREADS", "OMP_NUM_THREADS")

_LOCK = threading.Lock()
_POOL: list[tuple[int, ThreadPoolExecutor]] = []


def cores() -> int:
    """How many cores this process may use: those that the system gives it, and no more than a person allows.

    That is what ``DOWNSLOPE_THREADS`` says, else ``OMP_NUM_THREADS``, as for other libraries.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for variable in VARIABLES:
        allowed = os.environ.get(variable, "").partition(",")[0].strip()
        if allowed.isdecimal() and int(allowed):
            return min(there, int(allowed))
    return there


def pool() -> ThreadPoolExecutor:
    """The threads beside the one that calls; they do not outlive the interpreter, and a forked child has its own."""
    with _LOCK:
        if not _POOL or _POOL[0][0] != os.getpid():  # a forked child has the list but not the threads
            _POOL[:] = [(os.getpid(), ThreadPoolExecutor(cores(), "downslope-rows"))]
        return _POOL[0][1]


def over_chunks(rows: int, work: Callable[[int, int], T], size: int = CHUNK_ROWS) -> list[T]:
    """``work(begin, end)`` for every chunk of rows, in order; side by side where there are several.

    ``work`` must release the interpreter's lock to gain from it. This thread takes its share of the chunks.

    >>> over_chunks(5, lambda begin, end: (begin, end), size=2)
    [(0, 2), (2, 4), (4, 5)]
    """
    bounds = [(begin, min(begin + size, rows)) for begin in range(0, rows, size)]
    if len(bounds) < 2 or cores() == 1:
        return [work(begin, end) for begin, end in bounds]
    waiting, done = deque(enumerate(bounds)), {}

    def some() -> None:
        while waiting:
            try:
                place, (begin, end) = waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            done[place] = work(begin, end)

    helpers = [pool().submit(some) for _ in range(min(cores(), len(bounds)) - 1)]
    try:
        some()
    finally:
        waiting.clear()  # where this thread was interrupted, the others stop after the chunk they are at
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    return [done[place] for place in range(len(bounds))]
