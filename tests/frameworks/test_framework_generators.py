"""Costs of TensorFlow's that draw random numbers go on with those that came next, from whatever generator they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import downslope as ds

START = np.array([3.0, -2.0, 1.5])
N, K = 20, 8
OPTIONS: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.05, "explain": False}


def resumed(*given: Any, **options: Any) -> ds.Run:
    run = ds.resume(*given, **options)
    assert isinstance(run, ds.Run)
    return run


def with_noise(draw: Callable[[], Any]) -> Callable[[Any], Any]:
    return lambda x: tf.reduce_sum((x - 1.0) ** 2) + 0.1 * tf.reduce_sum(draw() * x)


def seeded(seed: int) -> Any:
    tf.random.set_seed(seed)
    return with_noise(lambda: tf.random.normal([3], dtype=tf.float64))


def of_a_generator(seed: int) -> Any:
    generator = tf.random.Generator.from_seed(seed)
    return with_noise(lambda: generator.normal([3], dtype=tf.float64))


def of_the_global_generator(seed: int) -> Any:
    tf.random.get_global_generator().reset_from_seed(seed)
    return with_noise(lambda: tf.random.get_global_generator().normal([3], dtype=tf.float64))


@pytest.mark.parametrize("case", [seeded, of_a_generator, of_the_global_generator])
def test_what_goes_on_draws_what_came_next(case: Callable[[int], Any], tmp_path: Path) -> None:
    path, start = tmp_path / "run.json", tf.constant(START)
    whole = ds.minimize(case(5), start, steps=N, **OPTIONS)
    assert whole.engine == "hosted"
    part = ds.minimize(case(5), start, steps=K, **OPTIONS)
    part.save(path)
    for gone_on in (
        part.resume(steps=N - K, explain=False),
        resumed(path, case(9), start, steps=N - K, explain=False),
        whole.at(K).resume(steps=N - K, explain=False),
    ):
        np.testing.assert_array_equal(gone_on.history.x, whole.history.x)
        np.testing.assert_array_equal(gone_on.history.value, whole.history.value)


def test_the_points_of_a_cost_that_draws_are_those_of_its_evaluations() -> None:
    """Compiled steps are made again where a run ends among them, and would draw again."""
    generator = tf.random.Generator.from_seed(1)
    values = []

    def cost(x: Any) -> Any:
        value = tf.reduce_sum((x - 1.0) ** 2) + 0.1 * tf.reduce_sum(
            generator.normal([3], dtype=tf.float64) * x
        )
        values.append(value)
        return value

    run = ds.minimize(cost, tf.constant(START), steps=N, **OPTIONS)
    told = " ".join(map(str, run.notes))
    assert "TensorFlow computes every step eagerly: cost draws random numbers" in told
    assert run.history.value.tolist() == [float(value) for value in values[-N - 1 :]]


def test_draws_without_a_seed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow.python.eager import context

    monkeypatch.setattr(context.context(), "_seed", None)
    run = ds.minimize(
        with_noise(lambda: tf.random.normal([3], dtype=tf.float64)), tf.constant(START), steps=3, **OPTIONS
    )
    assert "tf.random.set_seed(...) before the run" in " ".join(map(str, run.notes))
