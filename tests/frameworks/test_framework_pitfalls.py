"""What must not be frozen into a formula, switched off, or said wrongly, where a cost is written in a framework."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch

import downslope as ds
from downslope.errors import DownslopeError, UsageError

# --- what a formula must not freeze ------------------------------------------------------------------------------


def branch_on(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda w: (w**2).sum() if read(w) > 3 else ((w - 1) ** 2).sum()


READERS: dict[str, Callable[[Any], Any]] = {
    "numpy": lambda w: w.detach().numpy()[0],
    "tolist": lambda w: w.tolist()[0],
    "asarray": lambda w: np.asarray(w.detach())[0],
    "data": lambda w: w.data[0],
    "dlpack": lambda w: np.from_dlpack(w.detach())[0],
    "item": lambda w: w[0].item(),
    "max": max,
    "copy": lambda w: copy.deepcopy(w.detach())[0],
    "text": lambda w: float(f"{w[0]:.3f}"),
    "storage": lambda w: np.frombuffer(bytes(w.detach().untyped_storage()), dtype=float)[0],
}


@pytest.mark.parametrize("name", READERS)
def test_a_branch_on_numbers_read_from_torch_is_taken_anew_at_every_step(name: str) -> None:
    """From 4 it goes down through 3, and from there to 1: as the loop by hand does."""
    cost = branch_on(READERS[name])
    start = torch.tensor([4.0, -2.0], dtype=torch.float64)
    run = ds.minimize(cost, start, learning_rate=0.1, steps=60, explain=False)
    assert run.engine == "hosted"
    w = start
    for _ in range(60):
        w = w.detach().requires_grad_()
        (slope,) = torch.autograd.grad(cost(w), w)
        w = w.detach() - 0.1 * slope
    np.testing.assert_allclose(run.x.numpy(), w.numpy(), atol=1e-12)
    assert abs(run.x[0] - 1) < 1e-3


def test_a_mask_made_in_numpy_is_made_anew() -> None:
    def cost(w: Any) -> Any:
        mask = torch.from_numpy((w.detach().numpy() > 3) * 1.0)
        return (mask * w**2 + (w - 1) ** 2).sum()

    run = ds.minimize(cost, torch.tensor([4.0, -2.0], dtype=torch.float64), learning_rate=0.1, steps=100)
    np.testing.assert_allclose(run.x.numpy(), 1, atol=1e-6)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_gradients_may_be_switched_off_around_a_descent(around: Any) -> None:
    with around():
        formula = ds.minimize(
            lambda w: (w**2).sum(), torch.ones(2, dtype=torch.float32), learning_rate=0.1, steps=3
        )
        hosted = ds.minimize(
            lambda w: (w**2).sum() if w[0] < 9 else 0,
            torch.ones(2, dtype=torch.float32),
            learning_rate=0.1,
            steps=3,
        )
        many = ds.minimize(
            lambda w: (w**2).sum(), torch.ones(800, dtype=torch.float32), learning_rate=0.1, steps=3
        )
    assert [run.engine for run in (formula, hosted, many)] == ["traced", "hosted", "hosted"]
    for run in (formula, hosted, many):
        np.testing.assert_allclose(run.x.numpy(), 0.512, rtol=1e-6)


def own_backward(w: Any) -> Any:
    loss = (w**2).sum()
    loss.backward()
    return loss


with torch.inference_mode():
    INFERENCE = torch.ones(2)

UNLIKELY: dict[str, tuple[Any, Any, str]] = {
    "its own backward": (own_backward, torch.ones(2), "calls backward() itself"),
    "under no_grad": (
        torch.no_grad()(lambda w: (w**2).sum()),
        torch.ones(2),
        "torch.no_grad() or torch.tensor(...)",
    ),
    "inference tensors": (
        lambda w: (INFERENCE * w * w).sum() if w[0] < 9 else 0,
        torch.ones(2),
        "made under torch.inference_mode()",
    ),
    "sparse": (lambda w: (w**2).sum(), torch.ones(3).to_sparse(), "give its to_dense()"),
    "meta": (lambda w: (w**2).sum(), torch.ones(3, device="meta"), "it holds no numbers"),
}


@pytest.mark.parametrize("name", UNLIKELY)
def test_unlikely_mistakes_are_sentences(name: str) -> None:
    cost, start, words = UNLIKELY[name]
    with pytest.raises(DownslopeError, match=re.escape(words)):
        ds.minimize(cost, start, learning_rate=0.1, steps=2)


def test_an_expanded_tensor_cannot_be_changed_in_place() -> None:
    with pytest.raises(UsageError, match="leaf tensors that are not expanded"):
        ds.minimize(
            lambda w: (w**2).sum(), torch.zeros(1).expand(3), learning_rate=0.1, steps=1, in_place=True
        )


@pytest.mark.parametrize("make", [torch.tensor, jnp.array, tf.constant], ids=["torch", "jax", "tensorflow"])
def test_gradients_of_tensors_are_checked_in_their_precision(make: Any) -> None:
    at = make([0.0, 1.0]) if make is not jnp.array else jnp.array([0.0, 1.0], jnp.float32)
    square = tf.reduce_sum if make is tf.constant else lambda v: v.sum()
    cost = lambda w: square((w - 3) ** 2)  # noqa: E731
    assert ds.check_gradient(cost, lambda w: 2 * (w - 3), at)
    assert ds.check_gradient(cost, lambda w: w - 3, at).slip == "half"


def test_numpy_arrays_of_float32_stay_float32() -> None:
    for start, kind in (
        (np.ones(2, np.float32), np.float32),
        ({"w": np.ones(2, np.float32), "b": 1.0}, np.float32),
        ({"w": np.ones(2, np.float32), "b": np.ones(1)}, np.float64),
        (np.ones(2), np.float64),
    ):
        cost = (
            (lambda p: (p**2).sum())
            if isinstance(start, np.ndarray)
            else lambda w, b: (w**2).sum() + np.sum(b) ** 2
        )
        run = ds.minimize(cost, start, learning_rate=0.1, steps=3)
        assert run.objective.dtype == kind
        assert (run.x["w"] if isinstance(start, dict) else run.x).dtype == kind
    assert ds.minimize("x^2 + y^2", np.ones(2, np.float32), dtype="float64", steps=1).x.dtype == np.float64


def test_a_reached_minimum_is_not_said_to_depend_on_nothing() -> None:
    run = ds.minimize(
        lambda w: ((w - 3) ** 2).sum() if w[0] < 1e9 else 0, torch.zeros(2), learning_rate=0.5, steps=30
    )
    assert "not_moving" not in run.explain().codes
