"""What is said of runs whose costs a framework computes."""

from __future__ import annotations

import time
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch

import downslope as ds

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3
INPUT, OUTPUT = torch.tensor(X), torch.tensor(Y)


def of_torch(w: Any) -> Any:
    return ((INPUT @ w - OUTPUT) ** 2).mean()


def of_tensorflow(w: Any) -> Any:
    return tf.reduce_mean((tf.linalg.matvec(tf.constant(X), w) - Y) ** 2)


STARTS = {
    "torch": (of_torch, lambda: torch.zeros(3, dtype=torch.float64)),
    "tensorflow": (of_tensorflow, lambda: tf.Variable(np.zeros(3))),
}


@pytest.mark.parametrize("library", STARTS)
def test_a_rate_above_the_limit_comes_with_one_that_was_tried(library: str) -> None:
    cost, start = STARTS[library]
    told = ds.minimize(cost, start(), learning_rate=2.0).explain()
    (finding,) = told.findings
    assert finding.code == "learning_rate_above_limit"
    assert finding.advice is not None
    assert finding.advice.setting["learning_rate"] < finding.evidence["limit"]
    assert finding.advice.status == "converged"
    assert str(told).count(f"{finding.evidence['limit']:.4g}") == 1


def test_the_time_that_compiling_took_does_not_make_a_cheap_point_dear() -> None:
    cost, start = STARTS["tensorflow"]
    run = ds.minimize(cost, start(), engine="compiled")
    assert run.engine == "compiled"
    assert run.explain().point.kind == "minimum"


def test_advice_is_not_compiled_anew() -> None:
    """XLA takes longer for one more loop than the whole explanation may."""
    cost, start = STARTS["tensorflow"]
    run = ds.minimize(cost, start(), learning_rate=2.0)
    began = time.perf_counter()
    assert run.explain().findings[0].advice is not None
    assert time.perf_counter() - began < 1.0 + 1.0  # on a busy machine


@pytest.mark.parametrize("optimizer", [None, "adam"])
def test_a_cost_with_dropout_is_not_judged_by_curvature(optimizer: str | None) -> None:
    torch.manual_seed(0)

    def dropped(w: Any) -> Any:
        return torch.nn.functional.dropout((INPUT @ w - OUTPUT) ** 2, 0.5).mean()

    given = {} if optimizer is None else {"optimizer": optimizer, "learning_rate": 0.1, "steps": 60}
    run = ds.minimize(dropped, torch.zeros(3, dtype=torch.float64), **given)
    assert any("draws random numbers" in note for note in run.notes)
    told = run.explain()
    for word in ("saddle", "kink", "inflection", "flat"):
        assert word not in run.message
        assert word not in str(told)
    assert (told.point.kind, told.point.detail) == ("unknown", "random")


def test_a_float32_net_of_jax_near_its_end_is_no_saddle_and_has_a_bottom() -> None:
    features = RANDOM.normal(size=(50, 3)).astype(np.float32)
    wanted = (np.tanh(features @ np.array([1, -2, 0.5], np.float32)) * 2 + 0.3).astype(np.float32)

    def cost(p: Any) -> Any:
        hidden = jnp.tanh(jnp.array(features) @ p["w0"] + p["b0"])
        return jnp.mean((hidden @ p["w1"] + p["b1"] - wanted) ** 2)

    draws = np.random.default_rng(1)
    start = {"w0": (3, 4), "b0": 4, "w1": 4, "b1": ()}
    values = {name: jnp.asarray(draws.normal(size=shape), jnp.float32) for name, shape in start.items()}
    run = ds.minimize(cost, values, optimizer="adam", learning_rate=0.05, tolerance=1e-3)
    assert run.status == "converged"
    assert run.success, run.message
    began = time.perf_counter()
    said = str(run.explain())
    assert time.perf_counter() - began < max(1.0, run.seconds) + 1.0
    assert "saddle" not in said
    assert "without end" not in said
