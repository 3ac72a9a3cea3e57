"""What explanations cost: each beside its own run, warm, and the part of them that stay within the run or 50 ms.

    python benchmarks/explanations.py

The runs are drawn (seeded) over functions, rules and rates from far too small to far too large. Both times are by the
clock, the least of three fresh runs; a run and its explanation are made once before, so that nothing is compiled.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import downslope as ds
from downslope.explain import explain

FUNCTIONS: list[tuple[str, dict[str, float]]] = [
    ("x^2", {"x": 3.0}),
    ("x^2/20 + y^2", {"x": -7.0, "y": 2.0}),
    ("7x^2 - 6*sqrt(3)*x*y + 13y^2", {"x": 3.0, "y": 2.0}),
    (" + ".join(f"{k}*x{k}^2" for k in range(1, 11)), {f"x{k}": 1.0 for k in range(1, 11)}),
    (" + ".join(f"{1 + k / 20}*x{k}^2" for k in range(80)), {f"x{k}": 1.0 for k in range(80)}),
    ("(1-x)^2 + 100*(y-x^2)^2", {"x": -1.2, "y": 1.0}),
    ("(x^2+y-11)^2 + (x+y^2-7)^2", {"x": 1.0, "y": 1.0}),
    ("x^4 + y^2", {"x": 2.0, "y": 1.0}),
    ("x^2 + 2y^3", {"x": 1.0, "y": 1.0}),
    ("abs(x) + y^2", {"x": 1.03, "y": 1.0}),
    ("log(cosh(x)) + y^2", {"x": 2.0, "y": 1.0}),
    ("exp(-x)", {"x": 0.0}),
    ("x - log(x)", {"x": 3.0}),
    ("x + 1/x", {"x": 2.0}),
    ("tanh(x)^2", {"x": 15.0}),
    ("sqrt(((w-1)^2 + (2w-2)^2 + (3w-3)^2)/3)", {"w": 0.3}),
]
RULES = ("gradient_descent", "momentum", "nesterov", "adam", "rmsprop", "lion", "rprop", "adagrad", "auto")
RATES = (1e-5, 1e-3, 1e-1, 0.9, 5.0)
TURNS = 3
LEAST = 0.05  # seconds that an explanation may always take


def settings() -> Iterator[tuple[str, dict[str, float], dict[str, Any]]]:
    """Every function with six rules and rates each, some with a test and some without."""
    random = np.random.default_rng(0)
    for function, start in FUNCTIONS:
        for rule in random.choice(RULES, 6, replace=False):
            options: dict[str, Any] = {"optimizer": str(rule), "steps": int(random.choice([30, 300, 3000]))}
            if rule != "auto":
                options["learning_rate"] = float(random.choice(RATES))
            if random.random() < 0.5:
                options["tolerance"] = 1e-8
            yield function, start, options


def main() -> None:
    """Print medians, the 95th percentile, the part within the bound, and the dearest."""
    rows = []
    for function, start, options in settings():
        explain(ds.minimize(function, start, **options))
        turns = []
        for _ in range(TURNS):
            run = ds.minimize(function, start, **options)
            began = time.perf_counter()
            explain(run)
            turns.append((time.perf_counter() - began, run.seconds))
        rows.append((*(min(column) for column in zip(*turns, strict=True)), function, options))
    took = np.array([row[0] for row in rows])
    within = np.mean([spent <= max(run, LEAST) for spent, run, _, _ in rows])
    most = np.quantile(took, 0.95)
    print(f"{len(rows)} explanations: median {1e3 * np.median(took):.1f} ms, 95 % in {1e3 * most:.1f} ms")
    print(f"within the run's own time or 50 ms: {within:.1%}")
    for spent, run_seconds, function, options in sorted(rows, key=lambda row: -row[0])[:5]:
        print(f"  {1e3 * spent:6.1f} ms (run {1e3 * run_seconds:.1f} ms)  {function[:40]}  {options}")


if __name__ == "__main__":
    main()
