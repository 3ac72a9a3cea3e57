"""200 partitions of which some are slow and some lose their worker: how the time grows with the number of workers.

Nothing is computed: a partition waits for as long as is drawn for it (its ``--seconds``; every twentieth eight times as
long), and every fiftieth ends its worker at the first try. Beside what is measured stands what it would be on
paper: partitions in order, each to the worker that is free first, nothing lost.

    python benchmarks/stragglers.py [--workers 1,2,4,8] [--seconds 0.1]
"""

from __future__ import annotations

import argparse
import heapq
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from downslope.fitting.pages import Partition
from downslope.fitting.partitions.engine import PassCounts
from downslope.fitting.partitions.processes import Processes

PARTITIONS = 200
SLOW, SLOWER, LOST = 20, 8, 50  # every so many; so many times as long; every so many


@dataclass(frozen=True)
class Waiting:
    """Partitions that wait; a file in the folder says that a worker was lost before."""

    seconds: tuple[float, ...]
    folder: str
    lose: bool

    @property
    def partitions(self) -> list[Partition]:
        return [Partition(i, 0, "waiting", None, i, 1) for i in range(len(self.seconds))]

    def elsewhere(self, held: Any) -> Waiting:
        return self


@dataclass(frozen=True)
class Wait:
    """Waits for a partition."""

    def of(self, table: Waiting, number: int) -> tuple[int, PassCounts]:
        known = Path(table.folder, str(number))
        time.sleep(table.seconds[number])
        if table.lose and number % LOST == LOST - 1 and not known.exists():
            known.touch()
            os._exit(1)
        return 1, PassCounts()

    def merge(self, first: int, second: int) -> int:
        return first + second


def on_paper(seconds: tuple[float, ...], workers: int) -> float:
    """When the last is done, each going to the worker that is free first."""
    free = [0.0] * workers
    for more in seconds:
        heapq.heappush(free, heapq.heappop(free) + more)
    return max(free)


def measured(seconds: tuple[float, ...], workers: int, lose: bool) -> tuple[float, int]:
    """(seconds, workers lost); the start of the first workers is not in it."""
    engine = Processes(workers)
    with tempfile.TemporaryDirectory() as folder, engine.session():
        engine.over(Waiting((0.0,) * 4 * workers, folder, False), Wait())
        for slot in engine._slots:
            slot.process.result()
        began = time.perf_counter()
        found, tally = engine.over(Waiting(seconds, folder, lose), Wait())
        took = time.perf_counter() - began
    assert found == PARTITIONS
    return took, tally.lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--seconds", type=float, default=0.1)
    asked = parser.parse_args()
    drawn = np.random.default_rng(0).uniform(0.8, 1.2, PARTITIONS) * asked.seconds
    drawn[SLOW - 1 :: SLOW] *= SLOWER
    seconds = tuple(float(s) for s in drawn)
    print(f"{'workers':>8}{'on paper':>10}{'measured':>10}{'with losses':>13}{'lost':>6}")
    for workers in map(int, asked.workers.split(",")):
        plain, _ = measured(seconds, workers, lose=False)
        lossy, lost = measured(seconds, workers, lose=True)
        row = f"{workers:8}{on_paper(seconds, workers):10.2f}{plain:10.2f}{lossy:13.2f}{lost:6}"
        print(row, flush=True)


if __name__ == "__main__":
    import stragglers  # by its name, under which other processes find what is sent to them

    stragglers.main()
