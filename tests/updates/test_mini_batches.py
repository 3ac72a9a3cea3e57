"""Every rule in a loop that shows it another function at each step: its numbers stay numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope.optimizers import Optimizer, all_optimizers
from downslope.optimizers import state as states

EVERY = pytest.mark.parametrize("cls", all_optimizers(), ids=lambda c: c.name())
RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=16)
STEPS = (
    400  # a step size that grows by √2 without end leaves float32 after 180 steps, and float64 after 2,000
)

# how the residuals of the rows of step k reach the gradient
LOOPS: dict[str, Callable[[int, Any, Any], tuple[Any, Any]]] = {
    "one row": lambda k, A, r: (A[k % 16 : k % 16 + 1], r[k % 16 : k % 16 + 1]),
    "four rows": lambda k, A, r: (A[4 * (k % 4) :][:4], r[4 * (k % 4) :][:4]),
    "the same row": lambda k, A, r: (A[:1], r[:1]),
    "one column": lambda k, A, r: (A[k % 16 : k % 16 + 1] * np.eye(3, dtype=A.dtype)[k % 3], r[:1]),
    "one row in three": lambda k, A, r: (A[k % 16 : k % 16 + 1], r[k % 16 : k % 16 + 1] * (k % 3 == 0)),
    "none": lambda k, A, r: (A, 0 * r),
    "none after a while": lambda k, A, r: (A, r * (k < 40)),
    "large": lambda k, A, r: (A, r + A.dtype.type((-1) ** k * 1e12 ** (A.itemsize / 4))),
    "small": lambda k, A, r: (A, r * A.dtype.type(1e-15 ** (A.itemsize / 4))),
}


def walk(rule: Optimizer, loop: Any, dtype: Any, steps: int = STEPS) -> Any:
    """Points of the rule on a line through rows, in one precision throughout."""
    A, y, x = X.astype(dtype), Y.astype(dtype), np.zeros(3, dtype)
    points = []
    with np.errstate(all="ignore"):
        state = rule.init(x)
        for k in range(steps):
            rows, residuals = loop(k, A, A @ x - y)
            value, gradient = np.mean(residuals**2) / 2, rows.T @ residuals / len(rows)
            x, state, _ = rule.update(x, value, gradient, state)
            x, state = np.asarray(x, dtype), states.mapped(state, lambda _, leaf: np.asarray(leaf, dtype)[()])
            points.append(x)
    return np.array(points)


@EVERY
@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_points_are_numbers(cls: type[Optimizer], name: str, dtype: Any) -> None:
    many = cls.name() in ("auto", "lbfgs")
    points = walk(cls(), LOOPS[name], dtype, 60 if many else STEPS)
    assert np.isfinite(points).all(), np.argmax(~np.isfinite(points).all(axis=1))


@pytest.mark.parametrize("name", ["adgd", "adgd2", "barzilai_borwein_long", "barzilai_borwein_short"])
def test_a_measured_step_size_waits_while_there_is_no_gradient(name: str) -> None:
    """Of a row seen again after 2,000 steps without any gradient it makes the step that it would have made at once."""
    rule = next(cls for cls in all_optimizers() if cls.name() == name)(initial_step=0.1)

    def after(waiting: int) -> Any:
        return walk(
            rule, lambda k, A, r: (A[:1], r[:1] * (k < 3 or k >= 3 + waiting)), np.float64, 4 + waiting
        )

    waited = after(2000)
    assert np.array_equal(waited[3], waited[-2])
    np.testing.assert_allclose(waited[-1], after(2)[-1], rtol=1e-12)


MENDED = ["adgd", "adgd2", "barzilai_borwein_long", "barzilai_borwein_short", "prodigy", "dog"]


def rule_of(name: str) -> Optimizer:
    return next(cls for cls in all_optimizers() if cls.name() == name)()


@pytest.mark.parametrize("name", MENDED)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_weights_of_torch_are_numbers(name: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    from downslope.torch import Optimizer as TorchOptimizer

    for title, loop in LOOPS.items():
        if dtype == "bfloat16" and title in ("large", "small"):
            continue
        w = torch.nn.Parameter(torch.zeros(3, dtype=getattr(torch, dtype)))
        optimizer = TorchOptimizer([w], rule_of(name))
        for k in range(300):
            rows, residuals = loop(k, X, X @ w.detach().double().numpy() - Y)
            w.grad = torch.tensor(rows.T @ residuals / len(rows)).to(w.dtype)
            optimizer.step()
        assert torch.isfinite(w).all(), title


@pytest.mark.parametrize("name", MENDED)
def test_parameters_of_optax_are_numbers(name: str) -> None:
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    transformation = rule_of(name).to_optax()
    A, y = jax.numpy.asarray(X, "float32"), jax.numpy.asarray(Y, "float32")

    def step(carry: Any, k: Any) -> Any:
        x, state = carry
        row = A[k % 16]
        change, state = transformation.update((row @ x - y[k % 16]) * row, state, x)
        return (optax.apply_updates(x, change), state), None

    start = jax.numpy.zeros(3, "float32")
    (end, _), _ = jax.jit(lambda x: jax.lax.scan(step, (x, transformation.init(x)), jax.numpy.arange(STEPS)))(
        start
    )
    assert np.isfinite(end).all()
