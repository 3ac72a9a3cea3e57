"""Scripts that were exported: executed in a process of their own, their tables and answers read back."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from downslope import Run

RUNNER = Path(__file__).with_name("runner.py")
FRAMEWORKS: dict[str, tuple[str, ...]] = {
    "numpy": (),
    "numpy_class": (),
    "torch": ("torch",),
    "torch.optim": ("torch",),
    "tensorflow": ("tensorflow",),
    "keras": ("tensorflow", "keras"),
    "jax": ("jax",),
    "optax": ("jax", "optax"),
    "sympy": ("sympy",),
}
# XLA compiles these small functions in less than half the time without its optimizations.
HASTE = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
DIALECTS = (
    "numpy",
    "numpy_class",
    "sympy",
    "torch",
    "torch.optim",
    "tensorflow",
    "keras",
    "jax",
    "optax",
)


@dataclass(frozen=True)
class Printed:
    """What a script printed.

    Attributes:
        rows: its table: step, value, gradient norm and the parameters that have a column.
        answer: the numbers that it ends with, by name.
        everything: all of it.
    """

    rows: np.ndarray[Any, np.dtype[np.float64]]
    answer: dict[str, float]
    everything: str


def lacking(dialect: str) -> str:
    """What a dialect needs that is not installed; nothing where all is."""
    return " and ".join(name for name in FRAMEWORKS[dialect] if importlib.util.find_spec(name) is None)


def execute(needed: tuple[str, ...], scripts: dict[Any, str], folder: Path) -> dict[Any, Any]:
    """Name -> ``Printed`` for each script, or the traceback of one that failed; ``needed`` are the frameworks."""
    paths = {}
    for number, (name, text) in enumerate(scripts.items()):
        paths[name] = folder / f"script_{number}.py"
        paths[name].write_text(text, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}  # downslope is not there
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    # What JAX compiled for one script serves the next that says the same.
    environment |= {"JAX_COMPILATION_CACHE_DIR": str(folder / "compiled")}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, "-I", str(RUNNER), *needed, "--", *map(str, paths.values())]
    for flags in (HASTE, ""):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment | {"XLA_FLAGS": flags},
            cwd=folder,
            check=False,
        )
        if "Unknown flag" not in done.stderr:  # another version of XLA
            break
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads(done.stdout)
    return {name: _read(results[str(path)]) for name, path in paths.items()}


def _read(result: dict[str, str]) -> Any:
    if result["error"]:
        return result["error"]
    text = result["printed"]
    rows = [line.split() for line in text.splitlines() if re.match(r"\s*\d+\s+[-\d]", line)]
    answer = re.findall(r"^(\S+) = (\S+)$", text.rpartition("\n\n")[2] or text, re.M)
    return Printed(
        np.array([[float(cell) for cell in row] for row in rows]),
        {name: float(number) for name, number in answer},
        text,
    )


def agree(
    run: Run, printed: Any, tolerance: float = 1e-12, digits: float = 1e-8, sparse: bool = False
) -> None:
    """The script's table is the run's, row by row as far as its digits go, and its answer is the run's.

    ``sparse`` where the script prints rows that the run's history may lack.
    """
    assert isinstance(printed, Printed), printed
    h = run.history
    kept = {int(step): row for row, step in enumerate(h.step)}
    steps = printed.rows[:, 0].astype(int)
    assert steps[0] == 0
    assert steps[-1] == run.nit
    shown = [kept[step] for step in steps if step in kept]
    assert sparse or len(shown) == len(steps)
    printed_rows = printed.rows[[step in kept for step in steps]]
    columns = np.column_stack([h.value[shown], h.gradient_norm[shown], h.x[shown]])
    table = printed_rows[:, 1 : columns.shape[1] + 1]
    scale = np.maximum(np.abs(columns[:, : table.shape[1]]), 1e-3)
    assert np.abs(table - columns[:, : table.shape[1]]).max(initial=0.0) <= digits * scale.max()
    assert (np.abs(table - columns[:, : table.shape[1]]) <= 10 * digits * scale).all()
    point = np.array([printed.answer[name] for name in h.coordinates])
    assert np.abs(point - run.final).max() <= tolerance * max(np.abs(run.final).max(), 1e-3)
    for function in {"f", "loss"} & set(printed.answer) - set(h.coordinates):
        assert printed.answer[function] == pytest.approx(run.fun, rel=10 * tolerance, abs=1e-14)
