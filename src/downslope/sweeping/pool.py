"""Runs that have no lanes: one after the other, or in processes where that is faster and the function can travel."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from downslope import interruption
from downslope.descent import Descent, Status
from downslope.sweeping.cores import LOOK_SECONDS, Watch, cores
from downslope.sweeping.runs import RunEnds

WORTH_SECONDS = 6.0  # of work left, from which processes are worth the seconds that they take to start
FIRST_SECONDS = 1.0  # that are watched before that is decided
AT_ONCE = 8  # runs that a process is given

_RUN: list[Callable[[int], Descent | None]] = []  # of a process of the pool


class _Places:
    """Puts what became of runs into its place, rows included."""

    def __init__(self, ends: RunEnds, rows: NDArray[np.float64], every: int) -> None:
        self.ends, self.rows, self.every = ends, rows, every

    def put(self, place: int, run: Descent | None) -> None:
        if run is None:
            self.ends.put_error(place)
            return
        self.ends.put(place, run)
        if self.every:
            history = run.history
            kept = np.flatnonzero(history.step % self.every == 0)
            where = history.step[kept] // self.every
            inside = where < self.rows.shape[1]
            columns = np.column_stack([history.value, history.gradient_norm, history.x])
            self.rows[place, where[inside]] = columns[kept[inside]]


def run_one_by_one(
    run: Callable[[int], Descent],
    places: NDArray[np.intp],
    into: tuple[RunEnds, NDArray[np.float64], int],
    watch: Watch | None = None,
    *,
    after: Callable[[], None] | None = None,
) -> bool:
    """Make these runs, each by an engine of its own; False where Ctrl-C or ``watch`` ended that.

    Args:
        run: makes one of them, by its place.
        places: which of them.
        into: where their ends are written, their rows, shape (runs, rows, 2 + p), and the spacing of these (0: none).
        watch: told how many are done.
        after: called behind every one that is made whole in this process.
    """
    out, done = _Places(*into), 0
    forgiving = _Forgiving(run, int(places[0]))
    began = last = time.perf_counter()
    try:
        for place in places:
            made = forgiving(int(place))
            out.put(int(place), made)
            if made is not None and made.termination.status == Status.INTERRUPTED:
                return False
            done += 1
            if after is not None:
                after()
            now = time.perf_counter()
            if now - last >= LOOK_SECONDS:
                last = now
                if watch is not None and watch(done):
                    return False
            left = (now - began) / done * (len(places) - done)
            if now - began > FIRST_SECONDS and left > WORTH_SECONDS and cores() > 1:
                sent = _pickled(forgiving)
                ended = None if sent is None else _in_processes(sent, places, out, (watch, done))
                if ended is not None:
                    return ended
                began = np.inf  # it cannot travel: not asked again
    except KeyboardInterrupt:
        interruption.caught()
        return False
    return True


class _Forgiving:
    """Makes runs; one that breaks off before its first step has no history, and says no more than that.

    What the first one raises is raised: then nothing is lost, and something is wrong with all of them.
    """

    def __init__(self, run: Callable[[int], Descent], first: int) -> None:
        self.run, self.first = run, first

    def __call__(self, place: int) -> Descent | None:
        try:
            return self.run(place)
        except Exception:
            if place == self.first:
                raise
            return None


def _pickled(run: _Forgiving) -> bytes | None:
    """What another process needs for making runs; None where a function of a person's cannot travel there."""
    try:
        return pickle.dumps(run)
    except Exception:  # whatever a function refers to may refuse, in its own way
        return None


def _in_processes(
    sent: bytes, places: NDArray[np.intp], out: _Places, told: tuple[Watch | None, int]
) -> bool | None:
    """Make those that are left; None where they would not come out as they do here, bit for bit.

    That is seen by runs that are done, which are made there again: a function may draw numbers, or remember something.
    """
    watch, done = told
    known = places[:done][-AT_ONCE:]
    pieces = [known, *(places[i : i + AT_ONCE] for i in range(done, len(places), AT_ONCE))]
    context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
    pool = ProcessPoolExecutor(cores(), context, _begin, (sent,))
    try:
        pool_of = (out.rows.shape[1:], out.ends.points.shape[1], out.every)
        for piece, (ends, rows) in zip(pieces, pool.map(_several, pieces, repeat(pool_of)), strict=True):
            if piece is known:
                if not ends.same(out.ends.of(known)):
                    return None
                continue
            out.ends.write(piece, ends)
            if out.every:
                out.rows[piece] = rows
            done += len(piece)
            if watch is not None and watch(done):
                return False
        return True
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(sent: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the first process decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _RUN.append(pickle.loads(sent))


def _end_with_parent() -> None:
    """Whoever waits for work would wait for ever where the first process was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _several(
    places: NDArray[np.intp], about: tuple[tuple[int, ...], int, int]
) -> tuple[RunEnds, NDArray[np.float64]]:
    """Some runs, in a process of the pool."""
    rows_of_one, dimension, every = about
    rows = np.full((len(places) if every else 0, *rows_of_one), np.nan)
    out = _Places(RunEnds.empty(len(places), dimension), rows, every)
    for i, place in enumerate(places):
        out.put(i, _RUN[0](int(place)))
    return out.ends, out.rows
