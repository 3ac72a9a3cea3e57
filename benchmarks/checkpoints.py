"""What checkpoints cost: a long run of cheap steps with them and without, in turn; and one of a million parameters.

    python benchmarks/checkpoints.py [steps]      by default 10^8; 10^9 take some minutes

The runs are made in turn, and the ratio is of the sums: of seconds, and of seconds of the processor, which say more
where the machine is busy with something else, but leave out what waits for the disk. The last line is the time that
one checkpoint takes, with the memory of L-BFGS.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import downslope as ds
from downslope.results.checkpoints import Checkpoint

TURNS = 5
PARAMETERS = 1_000_000
FORMULA, RATE = "x^2 + y^2", 1e-9  # cheap, and it does not arrive


def seconds(steps: int, checkpoint: Path | None) -> tuple[float, float]:
    """How long a run takes, by the clock and of the processor."""
    kept = {} if checkpoint is None else {"checkpoint": checkpoint, "checkpoint_seconds": 1.0}
    began, worked = time.perf_counter(), time.process_time()
    ds.minimize(FORMULA, {"x": 1.0, "y": 2.0}, learning_rate=RATE, steps=steps, explain=False, **kept)  # type: ignore[arg-type]
    return time.perf_counter() - began, time.process_time() - worked


def cost_of_steps(steps: int, folder: Path) -> None:
    """Print how much longer a run with checkpoints takes."""
    without, kept = [], []
    seconds(1_000, None)  # compiles
    for _ in range(TURNS):
        without.append(seconds(steps, None))
        kept.append(seconds(steps, folder / "run.ckpt"))
    for i, name in enumerate(("by the clock", "of the processor")):
        a, b = (sum(pair[i] for pair in pairs) for pairs in (without, kept))
        turns = ", ".join(f"{k[i] / w[i]:.3f}" for w, k in zip(without, kept, strict=True))
        print(
            f"{steps:,} steps, {TURNS} times: {a:.2f} s {name}, with checkpoints {b:.2f} s; ratio {b / a:.4f} ({turns})"
        )


def cost_of_one(folder: Path) -> None:
    """Print how long a checkpoint of many parameters takes to be written."""
    curvature = np.linspace(1, 2, PARAMETERS)

    def cost(w: np.ndarray) -> tuple[float, np.ndarray]:
        return float(0.5 * (curvature * w) @ w + np.sum(w**4)), curvature * w + 4 * w**3

    run = ds.minimize(
        cost,
        np.linspace(-1, 1, PARAMETERS),
        gradient=True,
        optimizer="lbfgs",
        steps=25,
        every=10**6,
        explain=False,
    )
    path, took = folder / "large.ckpt", []
    for _ in range(TURNS):
        began = time.perf_counter()
        Checkpoint(path).keep(run)
        took.append(time.perf_counter() - began)
    size = path.stat().st_size / 1e6
    print(
        f"{PARAMETERS:,} parameters with L-BFGS's memory: {min(took):.2f} to {max(took):.2f} s, {size:.0f} MB"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        cost_of_steps(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**8, Path(name))
        cost_of_one(Path(name))
