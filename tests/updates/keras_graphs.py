"""What our Keras optimizer must do in TensorFlow's graphs: large steps by XLA, and steps under a strategy."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from downslope.keras import Optimizer, xla

RNG = np.random.default_rng(0)
SHAPES = [(100, 300), (300,), (300, 400), (7,)]
X = RNG.normal(size=(64, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 3.0])[:, None].astype("float32")


def steps(optimizer: Any, precision: str, sparse: bool = False, partly: bool = False) -> Any:
    """Three steps in a ``tf.function`` of one's own: the variables behind each other."""
    rng = np.random.default_rng(1)
    variables = [keras.Variable(rng.normal(size=shape).astype(precision)) for shape in SHAPES]
    moved = variables[:-1] if partly else variables
    table = tf.constant(rng.integers(0, 100, size=40))

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            values = [tf.gather(v, table) if sparse and not i else v for i, v in enumerate(moved)]
            cost = tf.add_n([tf.reduce_sum(tf.cos(v)) for v in values])
        optimizer.apply(tape.gradient(cost, [v.value for v in moved]), moved)

    optimizer.build(variables)
    for _ in range(3):
        step()
    return np.concatenate([keras.ops.convert_to_numpy(v).ravel() for v in variables])


def check_large_steps_by_xla_are_the_same() -> None:
    for name in ("adam", "rmsprop", "prodigy", "dog", "schedule_free_adamw"):
        for precision, tolerance in (("float32", 1e-3), ("float64", 1e-11)):
            for how in ({}, {"sparse": True}, {"partly": True}) if name == "adam" else ({},):
                compiled, plain = Optimizer(name), Optimizer(name)
                with thresholds(LARGE=100_000, MANY=0):
                    found = steps(compiled, precision, **how)
                with thresholds(LARGE=10**9, MANY=0):
                    expected = steps(plain, precision, **how)
                assert compiled._compiled._functions
                assert not plain._compiled._functions
                begin = steps(Optimizer("sgd", 1e-30), precision, **how)
                away, moved = np.linalg.norm(found - expected), np.linalg.norm(expected - begin)
                assert away < tolerance * moved, (name, precision, how, away / moved)


@contextlib.contextmanager
def thresholds(**values: int) -> Iterator[None]:
    """Other limits from which XLA is asked."""
    before = {name: getattr(xla, name) for name in values}
    for name, value in values.items():
        setattr(xla, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(xla, name, value)


def check_rules_of_few_passes_and_small_models_are_left_to_tensorflow() -> None:
    for name in ("sgd", "momentum"):
        optimizer = Optimizer(name)
        steps(optimizer, "float32")
        assert not optimizer._compiled._functions
    optimizer, small = Optimizer("adam"), keras.Variable(np.ones(10, "float32"))
    optimizer.build([small])
    tf.function(lambda: optimizer.apply([tf.ones(10)], [small]))()
    assert not optimizer._compiled._functions


def check_large_steps_are_saved_and_loaded() -> None:
    optimizer, again = Optimizer("adam"), Optimizer("adam")
    steps(optimizer, "float32")
    assert optimizer._compiled._functions
    again.build([keras.Variable(np.zeros(shape, "float32")) for shape in SHAPES])
    with tempfile.TemporaryDirectory() as folder:
        path = tf.train.Checkpoint(optimizer=optimizer).save(f"{folder}/steps")
        tf.train.Checkpoint(optimizer=again).restore(path)
    for old, new in zip(optimizer.variables, again.variables, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (old, new)))
    assert int(again.iterations) == 3


def check_strategies_of_tensorflow_step_as_one_device() -> None:
    """On two devices as on one, and as Keras's own on two."""

    def fitted(make: Any, strategy: Any) -> Any:
        keras.utils.set_random_seed(0)
        with strategy.scope() if strategy else contextlib.nullcontext():
            model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
            model.compile(optimizer=make(), loss="mse", jit_compile=False)
        model.fit(X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for make in (
        lambda: Optimizer("sgd", 0.1),
        lambda: Optimizer("momentum", 0.05),
        lambda: Optimizer("adam", 0.01),
        lambda: Optimizer("dog"),
    ):
        np.testing.assert_allclose(fitted(make, strategy), fitted(make, None), rtol=1e-5, atol=1e-5)
    ours, theirs = (
        fitted(lambda: Optimizer("sgd", 0.1), strategy),
        fitted(lambda: keras.optimizers.SGD(0.1), strategy),
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


if __name__ == "__main__":
    [CPU] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * 2)
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            check()
            print(name.removeprefix("check_"))
