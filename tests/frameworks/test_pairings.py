"""Predictions beside a column of targets make n x n differences: told with the shapes, in every framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch

import downslope as ds

RNG = np.random.default_rng(4)


def costs(n: int, d: int) -> dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]]:
    """The cost that spreads, the one that does not, and the start, for each framework."""
    X, y = RNG.standard_normal((n, d)), RNG.standard_normal((n, 1))
    A, b = torch.tensor(X), torch.tensor(y)
    return {
        "numpy": (
            lambda w: np.mean((X @ w - y) ** 2),
            lambda w: np.mean((X @ w - y[:, 0]) ** 2),
            np.zeros(d),
        ),
        "jax": (
            lambda w: jnp.mean((jnp.asarray(X) @ w - jnp.asarray(y)) ** 2),
            lambda w: jnp.mean((jnp.asarray(X) @ w - jnp.asarray(y)[:, 0]) ** 2),
            jnp.zeros(d),
        ),
        "torch": (
            lambda w: ((A @ w - b) ** 2).mean(),
            lambda w: ((A @ w - b[:, 0]) ** 2).mean(),
            torch.zeros(d, dtype=torch.float64),
        ),
        "tensorflow": (
            lambda w: tf.reduce_mean((tf.linalg.matvec(tf.constant(X), w) - tf.constant(y)) ** 2),
            lambda w: tf.reduce_mean((tf.linalg.matvec(tf.constant(X), w) - tf.constant(y[:, 0])) ** 2),
            tf.zeros([d], dtype=tf.float64),
        ),
        "other way round": (
            lambda w: np.mean((y - X @ w) ** 2),
            lambda w: np.mean((y - (X @ w)[:, None]) ** 2),
            np.zeros(d),
        ),
        "a column of predictions": (
            lambda w: np.mean((X @ w.reshape(-1, 1) - y[:, 0]) ** 2),
            lambda w: np.mean((X @ w.reshape(-1, 1) - y) ** 2),
            np.zeros(d),
        ),
    }


@pytest.mark.parametrize(("n", "d"), [(3, 2), (200, 50)])
@pytest.mark.parametrize("name", costs(3, 2))
def test_each_with_each_other_is_told(name: str, n: int, d: int) -> None:
    spread, plain, start = costs(n, d)[name]
    (told,) = [note for note in ds.minimize(spread, start=start, steps=3).notes if "has shape" in note]
    assert f"({n}, {n})" in told
    assert f"({n},)" in told
    assert f"({n}, 1)" in told
    assert not any("has shape" in note for note in ds.minimize(plain, start=start, steps=3).notes)


@pytest.mark.parametrize("n", [3, 50])
@pytest.mark.parametrize(
    "cost",
    [
        lambda w: np.sum((w[:, None] - w[None, :]) ** 2) + np.sum(w**2),
        lambda w: np.mean((w[:, None] - np.arange(float(len(w)))) ** 2),
        lambda w: np.mean((w.reshape(-1, 1) - np.arange(float(len(w)))) ** 2),
        lambda w: np.mean((w - np.arange(float(len(w)))) ** 2),
        lambda w: np.sum((w - 1.0) ** 2),
    ],
)
def test_what_was_made_a_column_on_purpose_is_not(cost: Callable[[Any], Any], n: int) -> None:
    assert not any("has shape" in note for note in ds.minimize(cost, start=np.ones(n), steps=3).notes)


def test_parameters_beside_a_column_of_as_many_are() -> None:
    y = np.array([[1.0], [2.0], [3.0]])
    run = ds.minimize(lambda w: np.mean((w - y) ** 2), start=[1.0, 2.0, 3.0], steps=3)
    assert any("(3, 3)" in note for note in run.notes)
