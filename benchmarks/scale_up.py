"""From 2 to 1,000,000 parameters: a step of gradient descent and of Adam, and whole descents, beside others.

Each function is written once, in NumPy, and given as it is to downslope; JAX has its twin in ``jax.numpy`` and its own
compiled loop over as many steps. Ratios are the others' time over ours, in the same run. ``auto`` makes 300 steps, and
SciPy's L-BFGS-B as many iterations with our compiled gradient; there the time is taken for each evaluation, as both
make other numbers of them.

    python benchmarks/scale_up.py [--sizes 30,1000] [--functions chain,separable] [--cpu]

On a machine that others use too, ``taskset -c 0 python benchmarks/scale_up.py --cpu`` compares both on one core.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import downslope as ds

SIZES = (2, 10, 30, 100, 300, 1_000, 10_000, 100_000, 1_000_000)
TURNS = 5
Clock = Callable[[], float]


@dataclass(frozen=True)
class Case:
    """A function to descend.

    Attributes:
        cost: of a vector, with the array module that it is to use.
        start: the vector that it starts from.
        rate: a learning rate for gradient descent that does not diverge.
    """

    cost: Callable[[Any, Any], Any]
    start: np.ndarray
    rate: float


def chain(n: int) -> Case:
    def cost(x: Any, m: Any) -> Any:
        return m.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return Case(cost, -0.5 + 0.01 * np.sin(np.arange(n)), 1e-4)


def separable(n: int) -> Case:
    shift = np.linspace(0.5, 1.5, n)

    def cost(x: Any, m: Any) -> Any:
        return m.sum(m.exp(-0.5 * x) + shift * x**2 + 0.1 * m.sin(3 * x)) / n

    return Case(cost, np.linspace(-1, 1, n), 0.1)


def dense(n: int) -> Case | None:
    if n > 3_000:
        return None
    rng = np.random.default_rng(0)
    a = rng.normal(size=(n, n)) / np.sqrt(n)
    q, b = a @ a.T + np.eye(n), rng.normal(size=n)
    return Case(lambda x, m: x @ q @ x / 2 - b @ x, np.zeros(n), 0.1)


def logistic(n: int) -> Case | None:
    if n > 10_000:
        return None
    rng = np.random.default_rng(0)
    rows = max(200, min(2_000, 2_000_000 // n))
    table = rng.normal(size=(rows, n)) / np.sqrt(n)
    signs = np.where(table @ rng.normal(size=n) > 0, 1.0, -1.0)

    def cost(w: Any, m: Any) -> Any:
        return m.mean(m.logaddexp(0.0, -signs * (table @ w))) + 1e-3 * m.sum(w * w)

    return Case(cost, np.zeros(n), 0.5)


def network(n: int) -> Case | None:
    """One hidden layer of tanh over 500 rows, as large as n parameters allow."""
    inputs = 8
    hidden = (n - 1) // (inputs + 2)
    if hidden < 2 or n > 10_000:
        return None
    rng = np.random.default_rng(0)
    table = rng.normal(size=(500, inputs))
    target = np.sin(table @ rng.normal(size=inputs))
    size = hidden * (inputs + 2) + 1

    def cost(w: Any, m: Any) -> Any:
        first = w[: inputs * hidden].reshape(inputs, hidden)
        bias, second = w[inputs * hidden : (inputs + 1) * hidden], w[(inputs + 1) * hidden : -1]
        return m.mean((m.tanh(table @ first + bias) @ second + w[-1] - target) ** 2)

    return Case(cost, rng.normal(size=size) * 0.3, 0.01)


FUNCTIONS = {f.__name__: f for f in (chain, separable, dense, logistic, network)}


def taken(clock: Clock, run: Callable[[], Any]) -> float:
    """Seconds of one run."""
    began = clock()
    run()
    return clock() - began


def step_times(case: Case, rule: str, steps: int, clock: Clock) -> tuple[float, float, float]:
    """Seconds of a step of ours and of JAX's, taken in turns, and how far both ends lie apart."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    start, rate = case.start, case.rate if rule == "gradient descent" else 1e-4
    optimizer = (
        ds.optimizers.GradientDescent(learning_rate=rate)
        if rule == "gradient descent"
        else ds.optimizers.Adam(learning_rate=rate)
    )

    def ours(count: int) -> Any:
        return ds.minimize(
            lambda x: case.cost(x, np), start=start, optimizer=optimizer, steps=count, every=count
        )

    def descend(x: Any) -> Any:
        slope = jax.grad(lambda x: case.cost(x, jnp))
        if rule == "gradient descent":
            return jax.lax.fori_loop(0, steps, lambda _, x: x - rate * slope(x), x)

        def step(i: Any, held: Any) -> Any:
            x, mean, square = held
            g = slope(x)
            mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
            t = i + 1
            x = x - rate / (1 - 0.9**t) * mean / (jnp.sqrt(square / (1 - 0.999**t)) + 1e-8)
            return x, mean, square

        return jax.lax.fori_loop(0, steps, step, (x, jnp.zeros_like(x), jnp.zeros_like(x)))[0]

    compiled = jax.jit(descend)
    theirs = np.asarray(compiled(start).block_until_ready())
    function = lambda x: case.cost(x, np)  # noqa: E731 - one object, so that what is compiled is found again

    def run(count: int) -> Any:
        return ds.minimize(function, start=start, optimizer=optimizer, steps=count, every=count)

    mine = run(steps)
    apart = float(np.max(np.abs(np.asarray(mine.x) - theirs)) / np.max(np.abs(theirs)))
    longer = 4 * steps
    times = []
    for _ in range(TURNS):  # what setting up takes drops out of the difference
        set_up = taken(clock, lambda: run(steps))
        whole = taken(clock, lambda: run(longer))
        other = taken(clock, lambda: compiled(start).block_until_ready())
        times.append(((whole - set_up) / (longer - steps), other / steps))
    ours_step, jax_step = (statistics.median(column) for column in zip(*times, strict=True))
    return ours_step, jax_step, apart


def whole_descents(case: Case, clock: Clock) -> tuple[float, float, int, int, float, float]:
    """Seconds for each evaluation of ``auto`` and of SciPy's L-BFGS-B, their counts, and their ends."""
    from scipy.optimize import minimize

    function = lambda x: case.cost(x, np)  # noqa: E731
    run = ds.minimize(function, start=case.start, steps=300, every=300)
    objective = run.objective
    times = []
    options = {"maxiter": 300, "ftol": 0.0, "gtol": 0.0, "maxfun": 10**6}
    scipy_run = lambda: minimize(  # noqa: E731
        objective.value_and_gradient, case.start, jac=True, method="L-BFGS-B", options=options
    )
    found = scipy_run()
    for _ in range(3):
        mine = taken(clock, lambda: ds.minimize(function, start=case.start, steps=300, every=300))
        times.append((mine, taken(clock, scipy_run)))
    ours, theirs = (min(column) for column in zip(*times, strict=True))
    return ours / run.nfev, theirs / found.nfev, run.nfev, found.nfev, float(run.fun), float(found.fun)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--functions", default=",".join(FUNCTIONS))
    parser.add_argument(
        "--cpu", action="store_true", help="time of the processor, for machines that others use as well"
    )
    asked = parser.parse_args()
    clock = time.process_time if asked.cpu else time.perf_counter
    ds.minimize("rosenbrock", steps=3)  # what is loaded once in a process is no part of a first result
    ratios = []
    for name in asked.functions.split(","):
        for n in map(int, asked.sizes.split(",")):
            case = FUNCTIONS[name](n)
            if case is None:
                continue
            first = taken(clock, lambda c=case: ds.minimize(lambda x: c.cost(x, np), start=c.start, steps=1))
            line = f"{name:10} n {n:9,}  first result {1e3 * first:6.1f} ms"
            for rule in ("gradient descent", "adam"):
                steps = int(np.clip(1_000_000 // n, 10, 50_000))
                if name in ("dense", "logistic", "network"):
                    steps = int(np.clip(50_000 // n, 5, 2_000))
                ours, jax_step, apart = step_times(case, rule, steps, clock)
                ratios.append(jax_step / ours if n >= 30 else np.nan)
                line += f"  {rule}: {1e9 * ours:12,.0f} ns, JAX {jax_step / ours:5.2f}x (apart {apart:.0e})"
            if n >= 30:
                ours, theirs, mine, his, f, g = whole_descents(case, clock)
                line += f"  auto: {1e6 * ours:9,.1f} us an evaluation ({mine}), SciPy {theirs / ours:5.2f}x ({his})"
                line += f"; ends {f:.3g}, {g:.3g}"
            print(line, flush=True)
    print(
        f"JAX's time over ours, from 30 parameters on: median {np.nanmedian(ratios):.2f}, least {np.nanmin(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
