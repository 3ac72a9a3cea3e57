"""How long it takes to read a clean CSV file, beside PyArrow alone: ``python benchmarks/reading.py [rows]``.

Both read the same file in turns; what is printed is the ratio of neighbouring turns, its median and quartiles.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from downslope.fitting.files import read_files
from turns import compare


def write_tables(folder: Path, rows: int) -> dict[str, Path]:
    """Clean files: numbers only, and numbers with a column of words."""
    rng = np.random.default_rng(0)
    numbers = {f"x{i}": rng.normal(size=rows).round(6) for i in range(8)}
    numbers |= {"n": rng.integers(0, 1000, rows)}
    words = {**numbers, "word": np.array(["red", "green", "blue"])[rng.integers(0, 3, rows)]}
    paths = {"numbers": folder / "numbers.csv", "numbers and a word": folder / "words.csv"}
    for path, table in zip(paths.values(), (numbers, words), strict=True):
        csv.write_csv(pa.table(table), path, csv.WriteOptions(quoting_style="none"))
    return paths


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, path in write_tables(Path(folder), rows).items():
            found = compare(
                lambda path=path: seconds(lambda: read_files(str(path))),
                lambda path=path: seconds(lambda: csv.read_csv(path)),
            )
            size = path.stat().st_size / 1e6
            print(
                f"{name}: {size:.0f} MB, PyArrow {found.theirs:.3f} s, downslope {found.ours:.3f} s:"
                f" ratio {found.middle:.2f} ({found.low:.2f} to {found.high:.2f})"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
