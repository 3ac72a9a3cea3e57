"""Costs of frameworks as programs on arrays: the framework's own trajectories, and what is left to the framework."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch

import downslope as ds
from downslope.objectives.check import GradientWarning
from downslope.objectives.frameworks import programs
from downslope.programs import Graph, ProgramArray
from downslope.programs.evaluate import evaluated
from downslope.programs.shaping import arranged

RNG = np.random.default_rng(3)
DATA, LABELS = RNG.normal(size=(40, 5)), RNG.integers(0, 3, 40)
START = np.tile([-1.2, 1.0], 20)
LAYERS = {
    "a": RNG.normal(size=(5, 7)),
    "b": RNG.normal(size=7),
    "c": RNG.normal(size=(7, 3)),
    "d": RNG.normal(size=3),
}
MAKERS: dict[str, Any] = {
    "torch": torch.tensor,
    "jax": jnp.array,
    "tensorflow": lambda numbers: tf.constant(numbers, numbers.dtype),
}
DATA_IN = {library: make(DATA) for library, make in MAKERS.items()}


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2


def torch_network(a: Any, b: Any, c: Any, d: Any) -> Any:
    scores = torch.tanh(DATA_IN["torch"] @ a + b) @ c + d
    return torch.nn.functional.cross_entropy(scores, torch.tensor(LABELS)) + 0.01 * (a**2).mean()


def jax_network(a: Any, b: Any, c: Any, d: Any) -> Any:
    scores = jnp.tanh(DATA_IN["jax"] @ a + b) @ c + d
    return -jax.nn.log_softmax(scores)[jnp.arange(40), LABELS].mean() + 0.01 * (a**2).mean()


def tensorflow_network(a: Any, b: Any, c: Any, d: Any) -> Any:
    scores = tf.tanh(DATA_IN["tensorflow"] @ a + b) @ c + d
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, scores)
    return tf.reduce_mean(losses) + 0.01 * tf.reduce_mean(a**2)


def torch_shapes(x: Any) -> Any:
    grid = x.reshape(5, 8)
    joined = torch.cat([grid.T, grid.flip(1).T], dim=1)[::2]
    return torch.logsumexp(joined, 1).sum() + (joined - joined.mean(0)).square().sum() + torch.relu(x).max()


def jax_shapes(x: Any) -> Any:
    grid = x.reshape(5, 8)
    joined = jnp.concatenate([grid.T, grid[:, ::-1].T], axis=1)[::2]
    folded = jnp.sum((joined - joined.mean(0)) ** 2) + jax.nn.relu(x).max()
    return jax.nn.logsumexp(joined, axis=1).sum() + folded + jnp.where(x == x[0], x, 0.5 * x).sum()


def tensorflow_shapes(x: Any) -> Any:
    grid = tf.reshape(x, (5, 8))
    joined = tf.concat([tf.transpose(grid), tf.transpose(tf.reverse(grid, [1]))], 1)[::2]
    centred = joined - tf.reduce_mean(joined, 0)
    rows = tf.stack([row * k for k, row in enumerate(tf.unstack(grid))])
    return tf.reduce_sum(centred**2) + tf.reduce_sum(tf.nn.softplus(rows)) + tf.reduce_max(tf.nn.relu(x))


COSTS: dict[str, tuple[str, Any, Any]] = {
    "rosenbrock in torch": ("torch", lambda x: rosenbrock(x).sum(), START),
    "rosenbrock in jax": ("jax", lambda x: rosenbrock(x).sum(), START),
    "rosenbrock in tensorflow": ("tensorflow", lambda x: tf.reduce_sum(rosenbrock(x)), START),
    "network in torch": ("torch", torch_network, LAYERS),
    "network in jax": ("jax", jax_network, LAYERS),
    "network in tensorflow": ("tensorflow", tensorflow_network, LAYERS),
    "shapes in torch": ("torch", torch_shapes, np.sin(np.arange(40.0))),
    "shapes in jax": ("jax", jax_shapes, np.sin(np.arange(40.0))),
    "shapes in tensorflow": ("tensorflow", tensorflow_shapes, np.sin(np.arange(40.0))),
}


def in_framework(library: str, start: Any, dtype: str = "float64") -> Any:
    if isinstance(start, dict):
        return {name: MAKERS[library](part.astype(dtype)) for name, part in start.items()}
    return MAKERS[library](start.astype(dtype))


@pytest.mark.parametrize("name", COSTS)
def test_a_program_goes_where_the_framework_goes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library, cost, start = COSTS[name]
    options: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.01, "steps": 40, "explain": False}
    run = ds.minimize(cost, in_framework(library, start), **options)
    assert isinstance(run.objective, programs.ProgramObjective)
    assert run.engine == "traced"
    monkeypatch.setattr(programs, "MOST_OPERATIONS", 0)
    monkeypatch.setattr("downslope.objectives.frameworks.symbols.MOST_PARAMETERS", 0)
    own = ds.minimize(cost, in_framework(library, start), **options)
    assert own.engine == ("hosted" if library == "torch" else "compiled")
    np.testing.assert_allclose(run.history.x, own.history.x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.history.value, own.history.value, rtol=1e-9)


LEFT: dict[str, tuple[str, Any]] = {
    "an unknown operation of torch": ("torch", lambda x: torch.linalg.det(x.reshape(5, 8)[:, :5]) ** 2),
    "a loop in jax": ("jax", lambda x: jax.lax.fori_loop(0, 3, lambda _, v: v * x[0], x[1] ** 2)),
    "a loop in tensorflow": (
        "tensorflow",
        lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * x[0]), (0, x[1]))[1],
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_has_no_counterpart_is_left_to_the_framework(name: str) -> None:
    library, cost = LEFT[name]
    run = ds.minimize(cost, in_framework(library, START), learning_rate=1e-3, steps=3, explain=False)
    assert run.engine in ("hosted", "compiled")
    assert run.nit == 3
    if library == "torch":
        assert "no counterpart" in run.notes[0]


def test_another_gradient_than_the_frameworks_is_no_program() -> None:
    with pytest.warns(GradientWarning, match="not the slope"):
        run = ds.minimize(
            lambda x: (x.detach() * x).sum(), torch.ones(40, dtype=torch.float64), learning_rate=0.1, steps=2
        )
    assert run.engine == "hosted"


@pytest.mark.parametrize("library", MAKERS)
def test_float32_has_no_program(library: str) -> None:
    _, cost, start = COSTS[f"rosenbrock in {library}"]
    run = ds.minimize(
        cost, in_framework(library, start, "float32"), learning_rate=1e-4, steps=3, explain=False
    )
    assert run.objective.dtype == np.float32
    assert not isinstance(run.objective, programs.ProgramObjective)


def test_a_gradient_that_is_given_is_recorded_too() -> None:
    weights = torch.linspace(1, 2, 40, dtype=torch.float64)
    run = ds.minimize(
        lambda x: (weights * x**2).sum(),
        torch.ones(40, dtype=torch.float64),
        gradient=lambda x: 2 * weights * x,
        learning_rate=0.1,
        steps=5,
    )
    assert run.engine == "traced"
    assert run.objective.differentiation == "supplied"
    np.testing.assert_allclose(run.x, (1 - 0.2 * weights) ** 5, rtol=1e-12)


def test_few_parameters_and_much_data_are_a_program() -> None:
    cost = lambda p: torch.linspace(0, 1, 2000, dtype=torch.float64).reshape(-1, 1).mul(p).exp().sum()  # noqa: E731
    start = torch.tensor([0.5, 0.25, 0.1], dtype=torch.float64)
    run = ds.minimize(cost, start, learning_rate=1e-4, steps=3, explain=False)
    assert isinstance(run.objective, programs.ProgramObjective)
    point = start.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(cost(point), point)
    np.testing.assert_allclose(run.history.x[1], (start - 1e-4 * gradient).numpy(), rtol=1e-12)


ARRANGEMENTS: dict[str, tuple[Any, str]] = {
    "itself": (lambda a: a, "input"),
    "another shape": (lambda a: a.reshape(6, 4), "reshape"),
    "turned": (lambda a: a.T, "view"),
    "every other, backwards": (lambda a: a[::-1, 1, ::2], "view"),
    "repeated": (lambda a: np.broadcast_to(a[0, 0], (3, 4)), "view"),
    "one": (lambda a: a[1, 2, 3], "view"),
    "tiled": (lambda a: np.tile(a, 2), "take"),
    "shuffled": (lambda a: a.reshape(-1)[[5, 3, 9]], "take"),
    "none": (lambda a: a[:, :0], "take"),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_elements_in_other_places_are_views_where_they_can_be(name: str) -> None:
    function, operation = ARRANGEMENTS[name]
    numbers = np.arange(24.0).reshape(2, 3, 4) ** 2
    found = arranged(ProgramArray(Graph().input("x", (2, 3, 4))), function(np.arange(24).reshape(2, 3, 4)))
    assert found.node.operation == operation
    np.testing.assert_array_equal(evaluated([found.node], {"x": numbers})[0], function(numbers))
