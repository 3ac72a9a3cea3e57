"""A table of many rows from Parquet: by processes and by Ray, beside one process that uses the same cores.

The table is written into a folder by this script and removed after. Every fit is one process of its own, so that its
peak of memory (Linux: VmHWM) is that of one fit; the time is that of the call of ``ds.fit``. A squared loss is read
once; of a logistic one the same number of steps is made by all, and every step goes over all rows. The start of Ray,
which ``ray.init`` takes, is told apart: it is made before the fit, and the fit finds it.

    python benchmarks/scale.py [--rows 20000000] [--parts 40] [--steps 10] [--cores 2] [--turns 1] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

import downslope as ds

FEATURES = 16
ENGINES = ("one", "processes", "ray")


def write(folder: Path, rows: int, parts: int) -> None:
    """The table, every part of it drawn by itself."""
    slopes = np.linspace(-1, 1, FEATURES)
    for part in range(parts):
        count = rows * (part + 1) // parts - rows * part // parts
        random = np.random.default_rng(part)
        x = random.standard_normal((count, FEATURES))
        eta = x @ slopes + 0.5
        columns = {f"x{i}": x[:, i] for i in range(FEATURES)}
        columns["y"] = eta + random.normal(0, 0.1, count)
        columns["label"] = (random.random(count) < 1 / (1 + np.exp(-eta))) * 1.0
        path = folder / f"part-{part:03}.parquet"
        parquet.write_table(pa.table(columns), path, compression="none", use_dictionary=False)


def most_memory() -> float:
    """The peak of this process, in MB."""
    try:
        told = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def one_fit(files: str, loss: str, engine: str, asked: argparse.Namespace) -> None:
    """In a process of its own: fit, and print what was seen."""
    features = " + ".join(f"w{i}*x{i}" for i in range(FEATURES))
    options: dict[str, Any] = (
        {"stream": True} if engine == "one" else {"engine": engine, "workers": asked.cores}
    )
    target = "y"
    if loss == "logistic":
        target = "label"
        options |= {
            "loss": "log_loss",
            "optimizer": "gradient_descent",
            "learning_rate": 0.5,
            "steps": asked.steps,
        }
    began, start = time.perf_counter(), 0.0
    if engine == "ray":
        import ray

        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
        ray.init(address="local", num_cpus=asked.cores, _node_ip_address="127.0.0.1", **quiet)
        start = time.perf_counter() - began
        options["address"] = ray.get_runtime_context().gcs_address
    began = time.perf_counter()
    fit = ds.fit(files, f"{target} ~ {features} + b", **options)
    seconds = time.perf_counter() - began
    seen = {
        "seconds": seconds,
        "start": start,
        "memory": most_memory(),
        "bits": fit.run.final.tobytes().hex(),
    }
    print(json.dumps(seen), flush=True)


def measured(arguments: list[str], cores: int) -> dict[str, Any]:
    """What a fit in a process of its own saw."""
    ran = subprocess.run(
        [sys.executable, __file__, *arguments],
        env={**os.environ, "DOWNSLOPE_THREADS": str(cores)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seen: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--parts", type=int, default=40)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--losses", default="squared,logistic")
    parser.add_argument("--folder", type=Path, help="where the table is written; by default a temporary one")
    parser.add_argument("--fit", nargs=3, metavar=("FILES", "LOSS", "ENGINE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fit:
        one_fit(*asked.fit, asked)
        return
    folder = Path(tempfile.mkdtemp(prefix="scale-", dir=asked.folder))
    try:
        write(folder, asked.rows, asked.parts)
        compare(str(folder / "part-*.parquet"), asked)
    finally:
        shutil.rmtree(folder)


def compare(files: str, asked: argparse.Namespace) -> None:
    """Every loss by every engine, turn by turn; ratios are to one process in the same turn."""
    print(f"{asked.rows:,} x {FEATURES} in {asked.parts} files, {asked.cores} cores")
    print(f"{'loss':10}{'engine':12}{'seconds':>9}{'ratio':>8}{'start':>8}{'MB':>7}  bits")
    common = ["--steps", str(asked.steps), "--cores", str(asked.cores)]
    for loss in asked.losses.split(","):
        found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in asked.engines.split(",")}
        for _ in range(asked.turns):
            for engine, turns in found.items():
                turns.append(measured([*common, "--fit", files, loss, engine], asked.cores))
        base = next(iter(found.values()))
        for engine, turns in found.items():
            seconds = statistics.median(turn["seconds"] for turn in turns)
            ratio = statistics.median(a["seconds"] / b["seconds"] for a, b in zip(turns, base, strict=True))
            start, memory = turns[0]["start"], max(turn["memory"] for turn in turns)
            same = "same" if all(turn["bits"] == base[0]["bits"] for turn in turns) else "other"
            row = f"{loss:10}{engine:12}{seconds:9.2f}{ratio:8.2f}{start:8.1f}{memory:7.0f}  {same}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
