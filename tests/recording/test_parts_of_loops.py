"""Mistakes that the numbers of a loop show, in whatever framework: shapes that broadcast, parts that nothing moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds

X = np.array([[1.0, 2.0, 0.5], [2.0, -1.0, 1.0], [3.0, 0.5, -1.0], [0.5, 1.0, 2.0]])
Y = np.array([2.0, 4.0, 7.0, 1.0])
STEPS = 6


def told(run: Any, code: str) -> str:
    explanation = run.explain()
    assert explanation.codes[0] == code
    return str(explanation.findings[0].sentence)


def test_weights_against_a_column_of_targets() -> None:
    """Three weights less a column of three are 3 x 3, and so is what is called their gradient."""
    w, column = np.array([1.0, 2.0, 3.0]), np.array([[2.0], [4.0], [7.0]])
    with ds.record() as run:
        for _ in range(STEPS):
            away = w - column
            run.log(np.mean(away**2), params={"w": w}, gradients={"w": 2 * away / 9})
            w = w - 0.1 * 2 * away / 9
    sentence = told(run, "broadcast")
    assert "At step 0 w and its gradient have the two shapes (3,), (3, 3)" in sentence
    assert run.history["value"].tolist() == pytest.approx([31 / 3])


def test_parameters_that_grow_by_their_update() -> None:
    b = np.zeros(1)
    with ds.record() as run:
        for _ in range(STEPS):
            run.log(np.mean((b - Y) ** 2), params={"b": b})
            b = b - 0.1 * 2 * (b - Y)
    sentence = told(run, "broadcast")
    assert "At step 1 b has changed its shape (before and now: (1,), (4,))" in sentence
    assert run.nit == 0


def numpy_loop(detached: bool, lost: bool) -> Any:
    w, b = np.zeros(3), np.zeros(1)
    with ds.record() as run:
        for _ in range(STEPS):
            away = X @ w + b - Y
            slopes = {"w": X.T @ away / 2, "b": np.zeros(1) if detached else np.sum(away, keepdims=True) / 2}
            run.log(np.mean(away**2), params={"w": w, "b": b}, gradients=slopes)
            w, b = w - 0.05 * slopes["w"], b if lost else b - 0.05 * slopes["b"]
    return run


def jax_loop(detached: bool, lost: bool) -> Any:
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    params = {"w": jax.numpy.zeros(3), "b": jax.numpy.zeros(1)}
    rule = optax.sgd(0.05)
    state = rule.init(params)

    def cost(p: Any) -> Any:
        b = jax.lax.stop_gradient(p["b"]) if detached else p["b"]
        return jax.numpy.mean((X @ p["w"] + b - Y) ** 2)

    with ds.record() as run:
        for _ in range(STEPS):
            value, slopes = jax.value_and_grad(cost)(params)
            run.log(value, params=params, gradients=slopes)
            updates, state = rule.update(slopes, state)
            after = optax.apply_updates(params, updates)
            params = {**after, "b": params["b"]} if lost else after
    return run


def tape_loop(detached: bool, lost: bool) -> Any:
    tf = pytest.importorskip("tensorflow")
    w, b = tf.Variable(np.zeros(3)), tf.Variable(np.zeros(1))
    with ds.record() as run:
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                away = tf.linalg.matvec(X, w) + (tf.stop_gradient(b) if detached else b) - Y
                value = tf.reduce_mean(away**2)
            slopes = tape.gradient(value, [w, b], unconnected_gradients="zero")
            run.log(value, params={"w": w, "b": b}, gradients=dict(zip("wb", slopes, strict=True)))
            w.assign_sub(0.05 * slopes[0])
            (tf.Variable(b) if lost else b).assign_sub(0.05 * slopes[1])
    return run


LOOPS = {"NumPy": numpy_loop, "JAX": jax_loop, "TensorFlow": tape_loop}


@pytest.mark.parametrize("name", LOOPS)
def test_a_part_that_is_detached(name: str) -> None:
    sentence = told(LOOPS[name](True, False), "replaced_parameter")
    assert "In 6 steps every number of the gradient of b (of shape (1,)) was exactly 0" in sentence


@pytest.mark.parametrize("name", LOOPS)
def test_a_part_whose_update_goes_to_another_array(name: str) -> None:
    sentence = told(LOOPS[name](False, True), "replaced_parameter")
    assert "In 6 steps there was a gradient for b (of shape (1,)), which never moved" in sentence


@pytest.mark.parametrize("name", LOOPS)
def test_loops_without_a_mistake_are_left_alone(name: str) -> None:
    assert not {"replaced_parameter", "broadcast"} & set(LOOPS[name](False, False).explain().codes)


@pytest.mark.parametrize("column", [True, False])
def test_a_cost_of_torch_that_holds_each_against_all(column: bool) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 1, dtype=torch.float32)
    x, y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with ds.record(optimizer) as run:
        for _ in range(STEPS):
            optimizer.zero_grad()
            guessed = model(x)
            loss = ((guessed if column else guessed[:, 0]) - y).square().mean()
            loss.backward()
            run.log(loss)
            optimizer.step()
    if column:
        assert "have the two shapes (4, 1), (4, 4)" in told(run, "broadcast")
    else:
        assert "broadcast" not in run.explain().codes


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras with NumPy 2
def test_keras_gives_its_own_losses_one_shape() -> None:
    """Targets in a row beside predictions in a column: Keras squeezes them, so there is nothing to find."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    with ds.record(model) as run:
        model.fit(X, Y, epochs=3, batch_size=4, verbose=0)
    guessed = model.predict(X, verbose=0)
    assert float(model.evaluate(X, Y, verbose=0)) == pytest.approx(
        np.mean((guessed[:, 0] - Y) ** 2), rel=1e-5
    )
    assert "broadcast" not in run.explain().codes
