"""Many runs of two variables at once: lanes beside JAX's vmap, in turns within one process.

    python benchmarks/sweep.py

Lanes hold every evaluation against the stopping tests, JAX's loop does not: its line is a plain scan over an array of
starts, compiled, on all the cores that it takes. Nanoseconds are per start and step. Both by the clock and of the
processor, which says more where the machine is busy with something else.
The phase map and the million of starts are whole calls of ``downslope.sweep``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import downslope as ds
from downslope.descent import Stopping
from downslope.objectives import as_objective
from downslope.optimizers import as_optimizer
from downslope.sweeping.lanes import LaneEngine, LaneProblem, Varied

jax.config.update("jax_enable_x64", True)

STARTS, STEPS, TURNS = 1 << 16, 500, 5
WARM = 4  # turns before these: lanes make their faster code once it pays, as ``lanes.WORTH_COMPILING`` says
FORMULAS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "quadratic": ("x^2/20 + y^2", lambda x, y: x * x / 20 + y * y),
    "Rosenbrock": ("(1-x)^2 + 100*(y-x^2)^2", lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2),
}
MILLION = """
import downslope as ds
def kilobytes(name):  # of Linux: what the process holds, and held at most since it was reset
    return int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1])
ds.sweep("x^2/20 + y^2", start={"x": ds.grid(-7, 7, 10), "y": ds.grid(-2, 2, 10)}, learning_rate=0.5, steps=9)
open("/proc/self/clear_refs", "w").write("5")
before = kilobytes("VmRSS")
ds.sweep("x^2/20 + y^2", start={"x": ds.grid(-7, 7, 1000), "y": ds.grid(-2, 2, 1000)}, learning_rate=0.5, steps=99)
print(kilobytes("VmHWM") - before)
"""

Measured = tuple[float, float]  # seconds by the clock, and of the processor


def timed(work: Callable[[], Any]) -> Measured:
    """How long it takes."""
    began, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - worked


def least(measured: list[Measured]) -> Measured:
    """The least of each: what others do on the machine only adds to it."""
    return min(clock for clock, _ in measured), min(processor for _, processor in measured)


def lanes(formula: str, rule: str, stopping: Stopping) -> Callable[[], Any]:
    """All runs in lanes."""
    objective, _ = as_objective(formula, {"x": 0.0, "y": 0.0})
    starts = np.random.default_rng(0).uniform(-2, 2, (STARTS, 2))
    engine = LaneEngine(LaneProblem(objective, as_optimizer(rule, 1e-4), stopping))
    varied = Varied(starts, {})
    results = engine.results(STARTS)
    return lambda: engine.run(varied, results)


def vmapped(function: Callable[[Any, Any], Any], rule: str) -> Callable[[], Any]:
    """All runs as one scan over arrays of starts."""
    slope = jax.vmap(jax.grad(lambda p: function(p[0], p[1])))
    starts = jnp.asarray(np.random.default_rng(0).uniform(-2, 2, (STARTS, 2)))

    def descend(carry: Any, _: Any) -> tuple[Any, None]:
        return carry - 1e-4 * slope(carry), None

    def adam(carry: Any, count: Any) -> tuple[Any, None]:
        x, m, v = carry
        g = slope(x)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        there = m / (1 - 0.9 ** (count + 1)), v / (1 - 0.999 ** (count + 1))
        return (x - 1e-4 * there[0] / (jnp.sqrt(there[1]) + 1e-8), m, v), None

    if rule == "adam":
        zeros = jnp.zeros_like(starts)
        loop = jax.jit(lambda p: jax.lax.scan(adam, (p, zeros, zeros), jnp.arange(STEPS))[0])
    else:
        loop = jax.jit(lambda p: jax.lax.scan(descend, p, None, length=STEPS)[0])
    return lambda: jax.block_until_ready(loop(starts))


def beside_jax() -> None:
    """Print nanoseconds per start and step of both."""
    limits, tests = Stopping(steps=STEPS), Stopping(steps=STEPS, tolerance=1e-12)
    print(
        f"{STARTS:,} starts, {STEPS} steps, {TURNS} turns; ns per start and step: by the clock / of the processor"
    )
    for name, (formula, function) in FORMULAS.items():
        for rule in ("gradient_descent", "adam"):
            works = {
                "limits": lanes(formula, rule, limits),
                "gradient test": lanes(formula, rule, tests),
                "JAX": vmapped(function, rule),
            }
            for work in works.values():
                for _ in range(WARM):
                    work()
            found = {kind: list[Measured]() for kind in works}
            for _ in range(TURNS):
                for kind, work in works.items():
                    found[kind].append(timed(work))
            each = {kind: least(measured) for kind, measured in found.items()}
            scale = 1e9 / STARTS / STEPS
            told = "; ".join(f"{kind} {a * scale:.3f} / {b * scale:.3f}" for kind, (a, b) in each.items())
            ratios = [each["JAX"][i] / each["gradient test"][i] for i in range(2)]
            print(f"{name:10} {rule:16} {told}; JAX / lanes with the test: {ratios[0]:.1f} / {ratios[1]:.1f}")


def phase_map() -> None:
    """Print how long a map of 400 x 400 runs of 500 steps takes, all of ``sweep``."""

    def draw() -> Any:
        rates = ds.logspace(0.01, 1.3, 400)
        return ds.sweep(
            "x^2/20 + y^2",
            {"x": ds.grid(-7, 7, 400), "y": 2.0},
            learning_rate=rates,
            steps=500,
            tolerance=1e-8,
        )

    draw()
    clock, processor = least([timed(draw) for _ in range(TURNS)])
    print(
        f"phase map 400 x 400 x 500: {1e3 * clock:.0f} ms by the clock, {1e3 * processor:.0f} ms of the processor"
    )


def million() -> None:
    """Print how much memory a million starts take, in a process of their own."""
    kilobytes = int(
        subprocess.run([sys.executable, "-c", MILLION], check=True, capture_output=True, text=True).stdout
    )
    print(f"a million starts: {kilobytes / 1024:.0f} MB at most, beside what a sweep of a hundred leaves")


if __name__ == "__main__":
    beside_jax()
    phase_map()
    million()
