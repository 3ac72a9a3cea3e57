"""Passes over a table: downslope beside NumPy, torch, JAX and scikit-learn on the same arrays, in one process.

Ratios are what counts: the machine's read bandwidth is measured in the same run, and everything that is compared takes
turns, so that what else the machine does hits all alike. What is not installed is left out.

    python benchmarks/fit.py [--small] [mse log_loss steps epochs nonlinear]
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

from downslope.api.table_fitting import fit
from downslope.fitting import as_loss, kernels
from downslope.fitting.batches import Steps, _orders, epoch_of
from downslope.fitting.compiled_rule import compiled_rule
from downslope.fitting.frames_in_memory import from_columns, from_pair
from downslope.fitting.hypothesis import linear_model, read_hypothesis
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import Specification, make_problem
from downslope.optimizers import as_optimizer
from downslope.parallel import over_chunks

SMALL = "--small" in sys.argv
ROWS = 100_000 if SMALL else 1_000_000
RNG = np.random.default_rng(0)
OURS, READ = "downslope", "read the table once"
Work = Callable[[], Any]


def in_turns(works: dict[str, Work], repeats: int = 15) -> dict[str, float]:
    """The shortest of several times of each, in seconds; the first calls are not counted.

    A pause before each lets the threads of the one before come to rest (OpenMP's go on waiting busily for a while), and
    a call that is not timed wakes its own: a descent's evaluations follow each other without a pause.
    """
    shortest = dict.fromkeys(works, np.inf)
    for work in works.values():
        work()
    for _ in range(repeats):
        for name, work in works.items():
            time.sleep(0.03)
            work()
            began = time.perf_counter()
            work()
            shortest[name] = min(shortest[name], time.perf_counter() - began)
    return shortest


def told(times: dict[str, float], rows: int, size: int) -> None:
    """One line for each; ``size`` bytes are read at least."""
    for name, seconds in times.items():
        if name == READ:
            note = f"{size / seconds / 1e9:.1f} GB/s"
        elif name == OURS:
            note = f"{1e9 * seconds / rows:.2f} ns a row"
            if READ in times:
                note += f", {times[READ] / seconds:.0%} of the read bandwidth"
        else:
            note = f"{seconds / times[OURS]:.1f} times downslope"
        print(f"  {name:<34} {1e3 * seconds:9.2f} ms   {note}")


def reading(table: Any) -> Work:
    """All cores look at every number of a table."""
    return lambda: over_chunks(
        len(table), lambda begin, end: kernels.all_usable(table, 1e150, begin, end), 20_000
    )


def torch_module() -> Any:
    try:
        import torch
    except ImportError:
        print("  (torch is not installed)")
        return None
    torch.set_num_threads(os.cpu_count() or 1)
    return torch


def jax_module() -> Any:
    try:
        import jax
    except ImportError:
        print("  (JAX is not installed)")
        return None
    return jax


def gradient_pass(name: str) -> None:
    print(f"\nvalue and gradient of {name}, {ROWS:,} x 50 float64")
    X, w = RNG.standard_normal((ROWS, 50)), 0.1 * RNG.standard_normal(50)
    y = RNG.standard_normal(ROWS)
    if name == "log_loss":
        y = (y > 0) * 1.0
    frame = from_pair(X, y)
    objective = make_problem(frame, Specification(linear_model("y", None, frame), as_loss(name))).objective
    theta = np.append(w, 0.1)

    def numpy_passes() -> Any:
        u = X @ w + 0.1
        if name == "mse":
            r = u - y
            return r @ r / len(y), X.T @ r * (2 / len(y))
        return np.mean(np.logaddexp(0, u) - y * u), X.T @ (1 / (1 + np.exp(-u)) - y) / len(y)

    value, gradient = objective.value_and_gradient(theta)
    reference = numpy_passes()
    assert np.isclose(value, reference[0])
    assert np.allclose(gradient[:50], reference[1])
    works = {READ: reading(X), OURS: lambda: objective.value_and_gradient(theta)}
    works["NumPy, two passes"] = numpy_passes
    told(in_turns({**works, **linear_peers(name, X, y, w)}), ROWS, X.nbytes)


def linear_peers(name: str, X: Any, y: Any, w: Any) -> dict[str, Work]:
    works: dict[str, Work] = {}
    if (torch := torch_module()) is not None:
        tX, ty = torch.from_numpy(X), torch.from_numpy(y)
        tw = torch.from_numpy(w.copy()).requires_grad_()
        loss = torch.nn.functional.mse_loss
        if name == "log_loss":
            loss = torch.nn.functional.binary_cross_entropy_with_logits

        def with_torch() -> None:
            tw.grad = None
            loss(tX @ tw + 0.1, ty).backward()

        works["torch"] = with_torch
    if (jax := jax_module()) is not None:
        jX, jy, jw = jax.numpy.asarray(X), jax.numpy.asarray(y), jax.numpy.asarray(w)

        def cost(w: Any, X: Any, y: Any) -> Any:
            u = X @ w + 0.1
            if name == "mse":
                return jax.numpy.mean((u - y) ** 2)
            return jax.numpy.mean(jax.numpy.logaddexp(0, u) - y * u)

        compiled = jax.jit(jax.value_and_grad(cost))
        works["JAX, jit"] = lambda: compiled(jw, jX, jy)[1].block_until_ready()
    try:
        from sklearn._loss import HalfBinomialLoss, HalfSquaredError
        from sklearn.linear_model._linear_loss import LinearModelLoss
    except ImportError:
        return works
    base = HalfSquaredError() if name == "mse" else HalfBinomialLoss()
    model = LinearModelLoss(base_loss=base, fit_intercept=True)
    coefficients = np.append(w, 0.1)
    works["scikit-learn's LinearModelLoss"] = lambda: model.loss_gradient(
        coefficients, X, y, n_threads=os.cpu_count() or 1
    )
    return works


class Memory:
    """The most memory this process held while the block ran, beyond what it held before, in MB."""

    def __enter__(self) -> Memory:
        self.before, self.most, self.done = self._now(), 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _now(self) -> float:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _watch(self) -> None:
        while not self.done.wait(0.002):
            self.most = max(self.most, self._now() - self.before)

    def __exit__(self, *_: Any) -> None:
        self.done.set()
        self.thread.join()


def thousand_steps() -> None:
    rows, steps = 5 * ROWS, 5
    print(f"\n1,000 steps of mse descent, {rows:,} x 16")
    X = RNG.standard_normal((rows, 16))
    y = X @ RNG.standard_normal(16) + RNG.standard_normal(rows)
    fit((X[:1000], y[:1000]), learning_rate=0.01, steps=2, path="moments")
    with Memory() as memory:
        found = fit((X, y), learning_rate=0.01, steps=1000)

    def loop() -> Any:
        w, b = np.zeros(16), 0.0
        for _ in range(steps):
            r = X @ w + b - y
            w, b = w - 0.02 * (X.T @ r) / rows, b - 0.02 * r.mean()
        return np.append(w, b)

    assert np.allclose(found.history.x[steps], loop())
    times = in_turns({OURS: lambda: fit((X, y), learning_rate=0.01, steps=1000), "loop": loop}, 3)
    times[f"NumPy's loop (from {steps} steps)"] = times.pop("loop") * 1000 / steps
    told(times, rows, X.nbytes)
    print(f"  fit() in whole, by {found.path}; {memory.most:.0f} MB beyond the table")


def epochs() -> None:
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    X = RNG.standard_normal((ROWS, 50))
    numbers = X @ RNG.standard_normal(50) + RNG.standard_normal(ROWS)
    options: dict[str, Any] = {"max_iter": 1, "tol": None, "penalty": None}
    options |= {"eta0": 1e-3, "learning_rate": "constant"}
    for name, y, model in (
        ("mse", numbers, SGDRegressor(**options)),
        ("log_loss", (numbers > 0) * 1.0, SGDClassifier(loss="log_loss", **options)),
    ):
        print(f"\none epoch of mini-batches of 32, {name}, {ROWS:,} x 50, shuffling included")
        frame = from_pair(X, y)
        problem = make_problem(frame, Specification(linear_model("y", None, frame), as_loss(name)))
        layout = compiled_rule(as_optimizer("gradient_descent", 1e-3), 51)
        work = epoch_of(problem.objective, Steps(Coordinates.user(51), layout, 32), 1.0)
        orders = _orders(problem, 0)

        def epoch() -> None:
            work(orders(0), *layout.buffers(np.zeros(51), np.empty(0)))  # noqa: B023

        peer = f"scikit-learn's {type(model).__name__}"
        told(in_turns({OURS: epoch, peer: lambda: model.fit(X, y)}, 5), ROWS, X.nbytes)  # noqa: B023
        whole_fits(X, y, model)


def whole_fits(X: Any, y: Any, model: Any) -> None:
    """From the call of ``fit`` to its return: checks, standardising, the cost of the table after each epoch."""
    from downslope.sklearn import DescentClassifier, DescentRegressor

    kind: Any = DescentClassifier if hasattr(model, "predict_proba") else DescentRegressor
    ours = kind(learning_rate=1e-3, batch_size=32, l2=0.0, random_state=0)
    for count in (1, 5):
        print(f"  {kind.__name__}.fit, {count} epochs:")
        works = {
            OURS: lambda: ours.set_params(epochs=count).fit(X, y),  # noqa: B023
            f"{type(model).__name__}.fit": lambda: model.set_params(max_iter=count).fit(X, y),  # noqa: B023
        }
        told(in_turns(works, 3), ROWS, X.nbytes)
    model.set_params(max_iter=1)


def nonlinear() -> None:
    """Three parameters; JAX's and torch's time is that of value and gradient on all cores."""
    x = RNG.random(ROWS) * 3
    y = 2 * (1 - np.exp(-0.7 * x)) + 0.3 + 0.1 * RNG.standard_normal(ROWS)
    theta = np.array([1.0, 1.0, 0.1])
    curves: dict[str, Callable[[Any, Any, Any], Any]] = {
        "a*(1 - exp(-b*x)) + c": lambda m, p, x: p[0] * (1 - m.exp(-p[1] * x)) + p[2],
        "a*tanh(b*x) + c": lambda m, p, x: p[0] * m.tanh(p[1] * x) + p[2],
        "a*x^b + c": lambda m, p, x: p[0] * x ** p[1] + p[2],
    }
    for text, curve in curves.items():
        print(f"\nvalue and gradient of y ~ {text}, mse, {ROWS:,} rows")
        frame = from_columns({"x": x, "y": y})
        objective, plain = (
            make_problem(
                frame, Specification(read_hypothesis(f"y ~ {text}", frame), as_loss("mse"))
            ).objective
            for _ in range(2)
        )
        plain.rows.expect(0)
        began = time.perf_counter()
        objective.value_and_gradient(theta)
        first = time.perf_counter() - began
        both = np.concatenate([x, y]).reshape(-1, 50)
        works: dict[str, Work] = {READ: reading(both), OURS: evaluated(objective, theta)}
        works["downslope, row by row"] = evaluated(plain, theta)
        told(in_turns({**works, **nonlinear_peers(curve, x, y, theta)}, 25), ROWS, both.nbytes)
        print(f"  the first time, with compiling: {1e3 * first:.0f} ms")


def evaluated(objective: Any, theta: Any) -> Work:
    return lambda: objective.value_and_gradient(theta)


def nonlinear_peers(curve: Callable[[Any, Any, Any], Any], x: Any, y: Any, theta: Any) -> dict[str, Work]:
    works: dict[str, Work] = {}
    if (torch := torch_module()) is not None:
        tx, ty = torch.from_numpy(x), torch.from_numpy(y)
        p = torch.tensor(theta, requires_grad=True)

        def with_torch() -> None:
            p.grad = None
            torch.mean((curve(torch, p, tx) - ty) ** 2).backward()

        works["torch"] = with_torch
    if (jax := jax_module()) is not None:
        jx, jy, jp = jax.numpy.asarray(x), jax.numpy.asarray(y), jax.numpy.asarray(theta)
        cost = jax.value_and_grad(lambda p, x, y: jax.numpy.mean((curve(jax.numpy, p, x) - y) ** 2))
        compiled = jax.jit(cost)
        works["JAX, jit"] = lambda: compiled(jp, jx, jy)[1].block_until_ready()
    return works


PARTS: dict[str, Callable[[], None]] = {
    "mse": lambda: gradient_pass("mse"),
    "log_loss": lambda: gradient_pass("log_loss"),
    "steps": thousand_steps,
    "epochs": epochs,
    "nonlinear": nonlinear,
}

if __name__ == "__main__":
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    for name in asked or PARTS:
        PARTS[name]()
