"""What keeping a long run costs: its time and memory with checkpoints and without, and the time to write a large one.

Runs with checkpoints and without take turns, by processor time, and the least time of each is told.

    python benchmarks/checkpoints.py               10^8 steps a run
    python benchmarks/checkpoints.py 1000000000    10^9 steps, which take half a minute each
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds

FORMULA = "(x - 1)^2/20 + (y - 2)^2"
START = {"x": -7.0, "y": 4.0}
TURNS = 3
PARAMETERS = 1_000_000
WRITTEN = 10  # times that the large checkpoint is written


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def megabytes() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def long_run(steps: int, folder: str) -> None:
    path = os.path.join(folder, "run.ckpt")
    options: dict[str, Any] = {"learning_rate": 1e-9, "steps": steps, "explain": False}
    best: dict[str, float] = {}
    ds.minimize(FORMULA, START, learning_rate=1e-9, steps=10_000_000, explain=False)  # what grows has grown
    before = megabytes()
    for _ in range(TURNS):
        for name, more in (("without", {}), ("with", {"checkpoint": path, "checkpoint_seconds": 1.0})):
            took, run = timed(lambda more=more: ds.minimize(FORMULA, START, **options, **more))
            best[name] = min(took, best.get(name, np.inf))
            assert run.nit == steps
    share = 100 * (best["with"] / best["without"] - 1)
    print(
        f"{steps:,} steps: {best['without']:.2f} s without checkpoints, {best['with']:.2f} s with one every second:"
    )
    print(f"  {share:+.2f} %; memory {before:.0f} MB before, {megabytes():.0f} MB at most")
    print(
        f"  {os.path.getsize(path) / 1e6:.1f} MB; gone on with: {ds.resume(path, steps=5, explain=False).nit:,} steps"
    )


def cost(w: Any) -> Any:
    return np.sum((w - 1) ** 2 * np.linspace(1, 2, len(w))) + np.sum(w**4)


def large(folder: str) -> None:
    from downslope.results.checkpoints import Checkpoint

    run = ds.minimize(cost, np.zeros(PARAMETERS), optimizer="lbfgs", steps=15, explain=False)
    path = os.path.join(folder, "large.ckpt")
    spent = []
    for _ in range(WRITTEN):
        began = time.perf_counter(), time.process_time()
        Checkpoint(path).keep(run)
        spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, processor = map(min, zip(*spent, strict=True))
    print(
        f"{PARAMETERS:,} parameters, L-BFGS with all that it remembers, {os.path.getsize(path) / 1e6:.0f} MB:"
    )
    print(f"  {wall:.2f} s, of which {processor:.2f} s of a processor (both the least of {WRITTEN})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        long_run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000, folder)
        large(folder)
