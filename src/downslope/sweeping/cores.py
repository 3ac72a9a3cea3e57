"""Pieces of work on all cores, while the main thread looks at the clock, the keyboard and the progress bar."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

LOOK_SECONDS = 0.05  # between two looks


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Watch(Protocol):
    """Looks at what goes on while pieces are made."""

    def __call__(self, done: int) -> bool:
        """Told how many runs are done; whether to stop."""


def on_all_cores(
    pieces: Sequence[tuple[int, int]],
    work: Callable[[], Callable[[tuple[int, int]], Any]],
    stop: NDArray[np.int8],
    watch: Watch | None = None,
) -> None:
    """Make every piece, side by side; the work must release the interpreter's lock to gain from it.

    Args:
        pieces: (first, behind the last) of each.
        work: makes what one thread works with.
        stop: set to 1 where ``watch`` says so, or Ctrl-C is pressed, which comes out again once all threads have ended.
        watch: what looks on.
    """
    waiting, done, failed = deque(pieces), [0], list[BaseException]()
    lock = threading.Lock()

    def some() -> None:
        try:
            make = work()
            while not stop[0]:
                try:
                    piece = waiting.popleft()
                except IndexError:
                    return
                make(piece)
                with lock:
                    done[0] += piece[1] - piece[0]
        except BaseException as error:
            failed.append(error)
            stop[0] = 1

    threads = [threading.Thread(target=some, daemon=True) for _ in range(min(cores(), len(pieces)))]
    try:
        for thread in threads:
            thread.start()
        last = time.perf_counter()
        for thread in threads:
            while thread.is_alive():
                thread.join(LOOK_SECONDS)
                now = time.perf_counter()
                if watch is not None and now - last >= LOOK_SECONDS:
                    last = now
                    if watch(done[0]):
                        stop[0] = 1
    except BaseException:
        stop[0] = 1
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        raise
    if failed:
        raise failed[0]
