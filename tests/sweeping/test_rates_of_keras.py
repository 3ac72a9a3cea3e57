"""``find_learning_rate`` of a Keras model: an answer, and the model, its seeds and everybody's generators as before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("keras")

SCRIPT = """
import random
import numpy as np
import keras
import downslope as ds
from downslope.errors import UsageError

keras.utils.set_random_seed(3)
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
X, y = map(keras.ops.convert_to_tensor, (X, (X @ np.array([[1.0], [2.0], [-1.0]])).astype("float32")))
layers = [keras.layers.Dense(4, activation="tanh"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.1)]
model = keras.Sequential([keras.layers.Input((3,)), *layers, keras.layers.Dense(1)])

def cost(model):
    return keras.ops.mean((model(X, training=True) - y) ** 2)

def numbers():
    return [np.array(keras.ops.convert_to_numpy(v.value)) for v in model.variables]

def drawn():
    out = [random.random(), np.random.rand(), float(np.sum(keras.ops.convert_to_numpy(keras.random.normal((3,)))))]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf
        out += [float(tf.random.normal(())), *tf.random.get_global_generator().state.numpy().tolist()]
    return out

keras.utils.set_random_seed(5)
without = drawn()
keras.utils.set_random_seed(5)
before, told = numbers(), []
found = ds.find_learning_rate(cost, model, steps=3, progress=lambda done, begun: told.append((done, begun)))
assert 1e-3 < found.rate < found.limit, found.message
assert all(np.array_equal(a, b) for a, b in zip(before, numbers()))
after = drawn()
assert after == without, (after, without)
assert told and told[-1][0] <= told[-1][1]
assert [done for done, _ in told] == sorted(done for done, _ in told)
try:
    ds.find_learning_rate(cost, keras.Sequential([keras.layers.Dense(1)]))
except UsageError as error:
    assert "has no weights yet" in str(error)
else:
    raise AssertionError
print("found", found.rate)
"""


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_a_rate_is_found_and_nothing_is_touched(backend: str) -> None:
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("found")
