"""Passes over a table: downslope beside NumPy, torch, JAX and scikit-learn on the same arrays, in one process.

Ratios are what counts: the machine's read bandwidth is measured in the same run. What is not installed is left out.

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

from downslope.fit import as_loss, fit, kernels
from downslope.fit.batches import _orders
from downslope.fit.compiled import compiled_rule
from downslope.fit.door import make_task
from downslope.fit.frame import from_columns, from_pair
from downslope.fit.hypothesis import linear_model, read_hypothesis
from downslope.fit.parallel import over_chunks
from downslope.optimizers import as_optimizer

SMALL = "--small" in sys.argv
ROWS = 100_000 if SMALL else 1_000_000
RNG = np.random.default_rng(0)
EMPTY = np.empty(0)


def best(work: Callable[[], Any], repeats: int = 9) -> float:
    """The shortest of several times, in seconds; the first call is not counted."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def reading(table: Any) -> float:
    """The time in which all cores can look at every number of a table of 50 columns."""
    work = lambda a, b: kernels.all_usable(table, 1e150, a, b)  # noqa: E731
    return best(lambda: over_chunks(len(table), work, 10_000), 15)


def line(name: str, seconds: float, note: str = "") -> None:
    print(f"  {name:<34} {1e3 * seconds:9.2f} ms   {note}")


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
    task = make_task(frame, linear_model("y", None, frame), as_loss(name))
    theta = np.append(w, 0.1)

    def numpy_passes() -> Any:
        u = X @ w + 0.1
        if name == "mse":
            r = u - y
            return r @ r / len(y), X.T @ r * (2 / len(y))
        return np.mean(np.logaddexp(0, u) - y * u), X.T @ (1 / (1 + np.exp(-u)) - y) / len(y)

    read = reading(X)
    ours = best(lambda: task.objective.value_and_gradient(theta))
    read = min(read, reading(X))
    value, gradient = task.objective.value_and_gradient(theta)
    reference = numpy_passes()
    assert np.isclose(value, reference[0])
    assert np.allclose(gradient[:50], reference[1])
    line("read the table once", read, f"{X.nbytes / read / 1e9:.1f} GB/s")
    line("downslope", ours, f"{read / ours:.0%} of the read bandwidth")
    seconds = best(numpy_passes)
    line("NumPy, two passes", seconds, f"{seconds / ours:.1f} times downslope")
    peers(name, X, y, w, ours)


def peers(name: str, X: Any, y: Any, w: Any, ours: float) -> None:
    if (torch := torch_module()) is not None:
        a, b = torch.from_numpy(X), torch.from_numpy(y)
        p = torch.from_numpy(w.copy()).requires_grad_()
        loss = torch.nn.functional.mse_loss
        if name == "log_loss":
            loss = torch.nn.functional.binary_cross_entropy_with_logits

        def with_torch() -> None:
            p.grad = None
            loss(a @ p + 0.1, b).backward()

        seconds = best(with_torch)
        line("torch", seconds, f"{seconds / ours:.1f} times downslope")
    if (jax := jax_module()) is not None:
        a, b, p = jax.numpy.asarray(X), jax.numpy.asarray(y), jax.numpy.asarray(w)

        def cost(p: Any) -> Any:
            u = a @ p + 0.1
            if name == "mse":
                return jax.numpy.mean((u - b) ** 2)
            return jax.numpy.mean(jax.numpy.logaddexp(0, u) - b * u)

        compiled = jax.jit(jax.value_and_grad(cost))
        seconds = best(lambda: compiled(p)[1].block_until_ready(), 3)
        line("JAX, jit", seconds, f"{seconds / ours:.1f} times downslope")
    try:
        from sklearn._loss import HalfBinomialLoss, HalfSquaredError
        from sklearn.linear_model._linear_loss import LinearModelLoss
    except ImportError:
        return
    base = HalfSquaredError() if name == "mse" else HalfBinomialLoss()
    model = LinearModelLoss(base_loss=base, fit_intercept=True)
    coefficients = np.append(w, 0.1)
    seconds = best(lambda: model.loss_gradient(coefficients, X, y, n_threads=os.cpu_count() or 1))
    line("scikit-learn's LinearModelLoss", seconds, f"{seconds / ours:.1f} times downslope")


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
    rows = 5 * ROWS
    print(f"\n1,000 steps of mse descent, {rows:,} x 16")
    X = RNG.standard_normal((rows, 16))
    y = X @ RNG.standard_normal(16) + RNG.standard_normal(rows)
    fit((X[:1000], y[:1000]), learning_rate=0.01, steps=2, path="moments")
    began = time.perf_counter()
    with Memory() as memory:
        found = fit((X, y), learning_rate=0.01, steps=1000)
    ours = time.perf_counter() - began
    line("downslope, fit() in whole", ours, f"by {found.path}; {memory.most:.0f} MB beyond the table")
    w, b, steps = np.zeros(16), 0.0, 5
    began = time.perf_counter()
    for _ in range(steps):
        r = X @ w + b - y
        w, b = w - 0.02 * (X.T @ r) / rows, b - 0.02 * r.mean()
    seconds = (time.perf_counter() - began) * 1000 / steps
    assert np.allclose(found.history.x[steps], np.append(w, b))
    line("NumPy's loop", seconds, f"{seconds / ours:.0f} times downslope (from {steps} steps)")


def epochs() -> None:
    print(f"\none epoch of mini-batches of 32, {ROWS:,} x 50")
    X = RNG.standard_normal((ROWS, 50))
    numbers = X @ RNG.standard_normal(50) + RNG.standard_normal(ROWS)
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    options: dict[str, Any] = {
        "max_iter": 1,
        "tol": None,
        "penalty": None,
        "eta0": 1e-3,
        "learning_rate": "constant",
    }
    for name, y, model in (
        ("mse", numbers, SGDRegressor(**options)),
        ("log_loss", (numbers > 0) * 1.0, SGDClassifier(loss="log_loss", **options)),
    ):
        frame = from_pair(X, y)
        task = make_task(frame, linear_model("y", None, frame), as_loss(name))
        layout = compiled_rule(as_optimizer("gradient_descent", 1e-3), 51)
        rows: Any = task.rows
        orders = _orders(task, 0)

        def epoch() -> None:
            inputs, outputs = layout.buffers(np.zeros(51), EMPTY)  # noqa: B023
            kernels.linear_epoch(
                *(X, y, EMPTY, *orders(0), 32, 1.0, rows.at, 50, rows.centre, np.ones(50)),  # noqa: B023
                *(task.loss.code, 0.0, layout.call(EMPTY, False), inputs, outputs),  # noqa: B023
            )

        ours = best(epoch, 5)
        line(f"downslope, {name}, shuffling included", ours, f"{1e9 * ours / ROWS:.0f} ns a row")
        seconds = best(lambda: model.fit(X, y), 2)  # noqa: B023
        line(f"scikit-learn's {type(model).__name__}", seconds, f"{seconds / ours:.1f} times downslope")
        whole_fits(X, y, model)


def whole_fits(X: Any, y: Any, model: Any) -> None:
    """From the call of ``fit`` to its return: checks, standardising, the cost of the table after each epoch."""
    from downslope.sklearn import DescentClassifier, DescentRegressor

    kind: Any = DescentClassifier if hasattr(model, "predict_proba") else DescentRegressor
    ours = kind(learning_rate=1e-3, batch_size=32, l2=0.0, random_state=0)
    for count in (1, 5):
        mine = best(lambda: ours.set_params(epochs=count).fit(X, y), 5)  # noqa: B023
        line(f"{kind.__name__}.fit, {count} epochs", mine)
        theirs = best(lambda: model.set_params(max_iter=count).fit(X, y), 2)  # noqa: B023
        line(f"{type(model).__name__}.fit, {count} epochs", theirs, f"{theirs / mine:.1f} times downslope")
    model.set_params(max_iter=1)


def nonlinear() -> None:
    """Three parameters; JAX's and torch's time is that of value and gradient on all cores."""
    x = RNG.random(ROWS) * 3
    y = 2 * (1 - np.exp(-0.7 * x)) + 0.3 + 0.1 * RNG.standard_normal(ROWS)
    theta = np.array([1.0, 1.0, 0.1])
    lines: dict[str, Callable[[Any, Any, Any], Any]] = {
        "a*(1 - exp(-b*x)) + c": lambda m, p, x: p[0] * (1 - m.exp(-p[1] * x)) + p[2],
        "a*tanh(b*x) + c": lambda m, p, x: p[0] * m.tanh(p[1] * x) + p[2],
        "a*x^b + c": lambda m, p, x: p[0] * x ** p[1] + p[2],
    }
    for text, curve in lines.items():
        print(f"\nvalue and gradient of y ~ {text}, mse, {ROWS:,} rows")
        frame = from_columns({"x": x, "y": y})
        task = make_task(frame, read_hypothesis(f"y ~ {text}", frame), as_loss("mse"))
        both = np.concatenate([x, y]).reshape(-1, 50)
        began = time.perf_counter()
        task.objective.value_and_gradient(theta)
        first = time.perf_counter() - began
        read = reading(both)
        ours = best(lambda: task.objective.value_and_gradient(theta), 25)  # noqa: B023
        line("read x and y once", read, f"{both.nbytes / read / 1e9:.1f} GB/s")
        line("downslope", ours, f"{1e9 * ours / ROWS:.2f} ns a row; the first time {1e3 * first:.0f} ms")
        task.rows.expect(0)
        seconds = best(lambda: task.objective.value_and_gradient(theta), 5)  # noqa: B023
        line("downslope, row by row", seconds, f"{seconds / ours:.1f} times downslope")
        nonlinear_peers(curve, x, y, theta, ours)


def nonlinear_peers(curve: Callable[[Any, Any, Any], Any], x: Any, y: Any, theta: Any, ours: float) -> None:
    if (torch := torch_module()) is not None:
        a, b = torch.from_numpy(x), torch.from_numpy(y)
        p = torch.tensor(theta, requires_grad=True)

        def with_torch() -> None:
            p.grad = None
            torch.mean((curve(torch, p, a) - b) ** 2).backward()

        seconds = best(with_torch)
        line("torch", seconds, f"{seconds / ours:.1f} times downslope")
    if (jax := jax_module()) is not None:
        a, b, p = jax.numpy.asarray(x), jax.numpy.asarray(y), jax.numpy.asarray(theta)
        compiled = jax.jit(
            jax.value_and_grad(lambda p, a, b: jax.numpy.mean((curve(jax.numpy, p, a) - b) ** 2))
        )
        seconds = best(lambda: compiled(p, a, b)[1].block_until_ready(), 25)
        line("JAX, jit", seconds, f"{seconds / ours:.1f} times downslope")


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
