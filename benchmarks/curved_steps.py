"""A step of the rules that know curvature beside SciPy's and optimistix's, of many parameters and many rows.

Functions: Rosenbrock's chained valley, which SciPy gets in NumPy with its gradient and second derivatives written by
hand, optimistix in JAX, and downslope as a Python function. Squares: an exponential of so many columns, of which
SciPy's least_squares(method="lm") (MINPACK) gets residuals and derivatives in NumPy. A run of some steps less a run of
two, over how many more steps (or evaluations, where a step takes several) it was; the shortest of several, in turns.
(A run of one ends where it began, and is spared what any run that has moved does once, at its end.)
Newton-CG solves no equations but takes some products; trust-exact factorises as Newton's method and trust regions do.

    python benchmarks/curved_steps.py                 # everything
    python benchmarks/curved_steps.py functions rows  # some
    python benchmarks/curved_steps.py --small rows    # up to 1,000,000 rows and 300 parameters
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import scipy.optimize as so

from downslope.descent import Stopping, descend
from downslope.descent.descend import Callbacks
from downslope.fitting import as_loss
from downslope.fitting.frames_in_memory import from_columns
from downslope.fitting.hypothesis import read_hypothesis
from downslope.fitting.levenberg_marquardt import descend_squares
from downslope.fitting.outcome import FitPlan
from downslope.fitting.problem import Specification, make_problem
from downslope.objectives import as_objective
from downslope.optimizers import as_optimizer
from turns import seconds

SMALL = "--small" in sys.argv
TURNS = 9
QUICK, SLOW = (
    0.002,
    1.0,
)  # seconds of a short run, below which it is run ten times as often, and above which twice
FEWEST = 2  # steps of the run that is subtracted
MEASURABLE = 1e-7  # seconds a step, of some steps beside what a run takes at its beginning
EVALUATED = ("Nelder-Mead", "BFGS")  # methods whose evaluations are held against each other, not their steps
SIZES = (2, 3, 10, 30, 100, 300) if SMALL else (2, 3, 10, 30, 100, 300, 1000)
# (rows, parameters) of tables
TABLES = (
    (100, 2),
    (100, 3),
    (100, 8),
    (1_000, 10),
    (1_000, 3),
    (10_000, 3),
    (100_000, 3),
    (1_000_000, 3),
    (2_000, 30),
    (20_000, 30),
    (2_000, 100),
    (5_000, 300),
    (10_000, 1_000),
    (10_000_000, 3),
)


def valley(x: Any) -> Any:
    """sum 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2: Rosenbrock's, chained."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def by_scipy(method: str, start: Any) -> Callable[[int], int]:
    """A run of so many steps; it does not end before."""
    jac = None if method == "Nelder-Mead" else so.rosen_der
    hess = so.rosen_hess if method in ("Newton-CG", "trust-exact") else None
    never = {
        "BFGS": {"gtol": 0.0},
        "Newton-CG": {"xtol": 0.0},
        "trust-exact": {"gtol": 0.0},
        "Nelder-Mead": {"xatol": 0.0, "fatol": 0.0},
    }[method]

    def run(steps: int) -> int:
        found = so.minimize(
            so.rosen, start, jac=jac, hess=hess, method=method, options={"maxiter": steps, **never}
        )
        return int(found.nfev if method in EVALUATED else found.nit)

    return run


def by_optimistix(solver: str, start: Any) -> Callable[[int], int] | None:
    """The same compiled as one loop; None where it is not installed."""
    try:
        import jax
        import jax.numpy as jnp
        import optimistix as ox
    except ImportError:
        return None
    made = {"BFGS": ox.BFGS, "Nelder-Mead": ox.NelderMead}[solver](rtol=0.0, atol=0.0)
    x = jnp.asarray(start)
    runs: dict[int, Any] = {}

    def run(steps: int) -> int:
        if steps not in runs:
            runs[steps] = jax.jit(
                lambda x: ox.minimise(lambda v, _: valley(v), made, x, max_steps=steps, throw=False).stats[
                    "num_steps"
                ]
            )
        return int(runs[steps](x))

    return run


Run = Callable[[int], int]  # makes so many steps, and says how many it was


def told(name: str, size: str, runs_of: tuple[Run, dict[str, Run | None]], steps: int) -> None:
    """A line for each of the others: the shortest of several runs, in turns, less the shortest of two steps."""
    ours, theirs = runs_of
    runs = {"": ours, **{other: run for other, run in theirs.items() if run is not None}}
    counts = {who: (run(FEWEST), run(steps)) for who, run in runs.items()}
    times = {(who, n): np.inf for who in runs for n in (FEWEST, steps)}
    begin = time.perf_counter()
    for run in runs.values():
        run(FEWEST)
    took = (time.perf_counter() - begin) / len(runs)
    for _ in range(10 * TURNS if took < QUICK else TURNS if took < SLOW else 2):
        for who, run in runs.items():
            if took < SLOW:
                run(FEWEST)  # its code and numbers are in the caches now, and not those of another
            for n in (FEWEST, steps):
                begin = time.perf_counter()
                run(n)
                times[who, n] = min(times[who, n], time.perf_counter() - begin)
    each = {
        who: max(times[who, steps] - times[who, FEWEST], 1e-9) / max(counts[who][1] - counts[who][0], 1)
        for who in runs
    }
    for other in theirs:
        if other not in runs:
            print(f"{name:20} {size:>16}   {other} is not here")
            continue
        if each[other] < MEASURABLE:
            print(f"{name:20} {size:>16} {seconds(each[''])}   {other}: less than can be told from its start")
            continue
        print(
            f"{name:20} {size:>16} {seconds(each[''])} {seconds(each[other])}  {each[''] / each[other]:8.2f}  {other}"
            f" ({counts[''][1]} and {counts[other][1]})",
            flush=True,
        )


def functions() -> None:
    """Rules for functions of many parameters."""
    pairs = {
        "newton": ("Newton-CG", None),
        "trust_region": ("trust-exact", None),
        "dogleg": ("trust-exact", None),
        "bfgs": ("BFGS", "BFGS"),
        "nelder_mead": ("Nelder-Mead", "Nelder-Mead"),
    }
    for name, (method, solver) in pairs.items():
        for d in SIZES:
            if name == "nelder_mead" and d > 100:
                continue
            start = np.resize([-1.2, 1.0], d)
            steps = {"nelder_mead": 300, "bfgs": 60}.get(name, 15)

            objective, at = as_objective(valley, start)

            def ours(n: int, name: str = name, objective: Any = objective, at: Any = at) -> int:
                run = descend(objective, at, as_optimizer(name), Stopping(steps=n))
                return int(run.nfev if name in ("bfgs", "nelder_mead") else run.nit)

            others = {f"SciPy {method}": by_scipy(method, start)}
            if name == "newton":
                others["SciPy trust-exact"] = by_scipy("trust-exact", start)
            if solver is not None:
                others[f"optimistix {solver}"] = by_optimistix(solver, start)
            told(name, f"{d} parameters", (ours, others), steps)


def rows() -> None:
    """Levenberg and Marquardt's steps over the rows of a table."""
    rng = np.random.default_rng(0)
    for n, p in TABLES:
        if SMALL and (n > 1_000_000 or p > 300):
            continue
        X = rng.standard_normal((n, p)) / np.sqrt(p)
        y = np.exp(X @ (1 + rng.uniform(-0.5, 0.5, p))) + 0.1 * rng.standard_normal(n)
        table = {**{f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(p)}, "y": y}
        formula = "y ~ exp(" + " + ".join(f"w{j}*x{j}" for j in range(p)) + ")"
        at = np.full(p, 3.0)
        steps = 6

        problem = make_problem(
            from_columns(table), Specification(read_hypothesis(formula, from_columns(table)), as_loss("mse"))
        )

        def ours(k: int, problem: Any = problem, at: Any = at) -> int:
            plan = FitPlan(None, None, Stopping(evaluations=k), "auto", None, Callbacks())
            return descend_squares(problem, at, plan).nfev

        def residuals(w: Any, X: Any = X, y: Any = y) -> Any:
            return np.exp(X @ w) - y

        def slopes(w: Any, X: Any = X) -> Any:
            return np.exp(X @ w)[:, None] * X

        def theirs(k: int, residuals: Any = residuals, slopes: Any = slopes, at: Any = at) -> int:
            found = so.least_squares(
                residuals,
                at,
                slopes,
                method="lm",
                x_scale="jac",
                max_nfev=k,
                ftol=1e-15,
                xtol=1e-15,
                gtol=1e-15,
            )
            return int(found.nfev)

        told(
            "levenberg_marquardt",
            f"{n:,} x {p}",
            (ours, {"SciPy lm": theirs, "optimistix LM": squares_by_optimistix(X, y, at)}),
            steps,
        )


def squares_by_optimistix(X: Any, y: Any, at: Any) -> Callable[[int], int] | None:
    """optimistix's Levenberg-Marquardt, compiled as one loop; None where it is not installed."""
    try:
        import jax
        import jax.numpy as jnp
        import optimistix as ox
    except ImportError:
        return None
    made, X, y, at = (
        ox.LevenbergMarquardt(rtol=0.0, atol=0.0),
        jnp.asarray(X),
        jnp.asarray(y),
        jnp.asarray(at),
    )
    runs: dict[int, Any] = {}

    def run(steps: int) -> int:
        if steps not in runs:

            def fitted(w: Any, X: Any, y: Any) -> Any:
                return ox.least_squares(
                    lambda w, args: jnp.exp(args[0] @ w) - args[1],
                    made,
                    w,
                    args=(X, y),
                    max_steps=steps,
                    throw=False,
                ).stats["num_steps"]

            runs[steps] = jax.jit(fitted)
        return int(runs[steps](at, X, y))

    return run


def main() -> None:
    warnings.simplefilter("ignore")
    chosen = [name for name in sys.argv[1:] if not name.startswith("--")] or ["functions", "rows"]
    print(f"{'rule':20} {'size':>16} {'ours':>12} {'theirs':>12}  ours / theirs")
    for name in chosen:
        {"functions": functions, "rows": rows}[name]()


if __name__ == "__main__":
    main()
