"""TensorFlow's costs read into formulas: value and gradient beside GradientTape's; what cannot be read, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import downslope as ds
from downslope.objectives.check import GradientWarning

START, ELSEWHERE = [0.3, -0.2, 0.7], [-0.4, 0.9, 0.25]
M = tf.constant(np.arange(6.0).reshape(2, 3) / 3 - 0.5)
LABELS = tf.constant([0, 2])
CENTRE = tf.Variable([1.0, 2.0, 3.0], dtype=tf.float64)


@tf.function
def inner(p: Any, factor: Any) -> Any:
    return tf.reduce_sum((p - CENTRE) ** 2) * factor


def softmaxes(p: Any) -> Any:
    logits = M * p
    one_hot = tf.one_hot(LABELS, 3, dtype=tf.float64)
    return (
        tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=logits))
        + tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(labels=one_hot, logits=logits))
        + tf.reduce_sum(tf.nn.log_softmax(logits) * tf.nn.softmax(logits))
    )


def activations(p: Any) -> Any:
    each = [tf.sigmoid, tf.nn.softplus, tf.nn.elu, tf.nn.leaky_relu, tf.nn.relu, tf.nn.relu6, tf.nn.silu]
    more = [tf.nn.softsign, tf.math.erf, tf.math.erfc, tf.tanh, tf.math.rsqrt, tf.math.reciprocal]
    return tf.add_n([tf.reduce_sum(f(p) * k) for k, f in enumerate(each, 1)]) + tf.add_n(
        [tf.reduce_sum(f(p + 2.0)) for f in more]
    )


def of_functions(p: Any) -> Any:
    names = ("sin", "cos", "tan", "sinh", "cosh", "exp", "square", "abs", "sign")
    arcs = (tf.asin, tf.acos, tf.atan, tf.asinh, tf.atanh)
    total = tf.add_n([getattr(tf, n)(p) for n in names]) + tf.add_n([f(p / 2) for f in arcs])
    total += tf.acosh(2 + p) + tf.math.expm1(p) + tf.math.log1p(p + 1) + tf.math.log(p + 1)
    total += (
        tf.atan2(p, 2 + p)
        + tf.math.xlogy(p, 2 + p)
        + tf.math.divide_no_nan(p, tf.constant([2.0, 0, 1], p.dtype))
    )
    return tf.reduce_sum(tf.pow(2 + p, 1.5) / (3 + p) - total * tf.maximum(p, 0.1) + tf.minimum(p, 2 * p))


def rearrangements(p: Any) -> Any:
    square = tf.reshape(tf.concat([p, [1.0], 2 * p, tf.stack([p[0], 3.0])], 0), [3, 3])
    a, b, c = tf.unstack(tf.transpose(square))
    first, second = tf.split(square, [1, 2], axis=1)
    moved = tf.reverse(tf.roll(a, 1, 0), [0]) + tf.squeeze(tf.expand_dims(b, 0)) - tf.tile(p[:1], [3])
    picked = tf.gather(square, [2, 0], axis=1) + tf.broadcast_to(c[:, None], [3, 2])
    return (
        tf.reduce_sum(moved**2)
        + tf.reduce_prod(picked[0])
        + tf.reduce_sum(second @ tf.transpose(second)) * tf.reduce_sum(first, axis=[0, 1])
        + tf.linalg.trace(square) ** 2
        + tf.reduce_sum(tf.cumsum(a, reverse=True) ** 2)
        + tf.reduce_max(p) * tf.reduce_min(p)
        + tf.gather_nd(square, [[1, 1]])[0] * square[::2, 1][-1] * p[tf.newaxis, ..., 1][0]
    )


COSTS: dict[str, Callable[..., Any]] = {
    "slices": lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2 + p[2],
    "choices": lambda p: tf.reduce_sum(tf.where(p > 0.1, p**2, tf.abs(p)) * tf.cast(p <= 0.5, p.dtype)),
    "conditions": lambda p: tf.reduce_sum(tf.where((p > 0) & ~(p > 0.8) | tf.equal(p, 5.0), p**2, p)),
    "matrices": lambda p: tf.reduce_sum(
        tf.square(tf.linalg.matvec(M, p) - 1.0) + tf.matmul(M, M, transpose_b=True)
    ),
    "einsum": lambda p: tf.einsum("i,i->", p, p) + tf.tensordot(p, p, 1) + tf.norm(p),
    "moments": lambda p: tf.math.reduce_std(p) + tf.math.reduce_variance(p) + tf.reduce_logsumexp(p),
    "shapes": lambda p: tf.reduce_sum(p) / tf.cast(tf.size(p), p.dtype) + tf.reduce_sum(tf.ones_like(p) * p),
    "clipped": lambda p: tf.reduce_sum(tf.clip_by_value(p, -0.1, 0.5)) ** 2 + tf.nn.l2_loss(p),
    "keepdims": lambda p: tf.reduce_sum((p - tf.reduce_mean(p, keepdims=True)) ** 2),
    "a bias": lambda p: tf.reduce_sum(tf.nn.bias_add(M, p) ** 2),
    "a tf.function": lambda p: inner(p, 2.0) + inner(2 * p, tf.constant(3.0, tf.float64)),
    "a network": lambda p: tf.reduce_mean((tf.tanh(M * p[0] + p[1]) * p[2] - 1) ** 2),
    "softmaxes": softmaxes,
    "activations": activations,
    "functions": of_functions,
    "rearrangements": rearrangements,
}


@pytest.mark.parametrize("name", COSTS)
def test_costs_become_formulas(name: str) -> None:
    cost = COSTS[name]
    run = ds.minimize(cost, tf.constant(START, tf.float64), learning_rate=0.01, steps=3, explain=False)
    assert run.engine == "traced"
    point = tf.constant(ELSEWHERE, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = cost(point)
    slope = tape.gradient(value, point)
    found, gradient = run.objective.value_and_gradient(point.numpy())
    assert found == pytest.approx(float(value), rel=1e-12)
    np.testing.assert_allclose(gradient, slope.numpy(), rtol=1e-11, atol=1e-12)


def test_float32_and_several_variables() -> None:
    x = tf.linspace(0.0, 1.0, 20)
    start = {"a": tf.Variable(0.0), "b": tf.Variable([0.0])}
    run = ds.minimize(
        lambda a, b: tf.reduce_mean((a * x + b[0] - (2 * x + 1)) ** 2), start, optimizer="adam", steps=50
    )
    assert (run.engine, run.objective.dtype) == ("traced", np.float32)
    assert isinstance(run.x["b"], tf.Variable)
    assert run.x["a"].dtype == tf.float32


def assigning(p: Any) -> Any:
    CENTRE.assign_add(tf.zeros_like(CENTRE))
    return tf.reduce_sum(p**2)


UNREAD: dict[str, Callable[..., Any]] = {
    "random numbers": lambda p: tf.reduce_sum(p**2) + 0 * tf.random.normal([], dtype=tf.float64),
    "a loop": lambda p: tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * p[0]), (0, p[1]))[1],
    "changes of a Variable": assigning,
    "padding": lambda p: tf.reduce_sum(tf.pad(p, [[1, 1]], constant_values=3.0) ** 2),
    "a determinant": lambda p: tf.linalg.det(tf.linalg.diag(p + 3)),
    "an index of a value": lambda p: tf.gather(p, tf.argmax(p)) ** 2,
    "an assertion": lambda p: tf.debugging.assert_all_finite(p, "no")[0] ** 2 + p[1] ** 2 + _checked(p),
    "whole numbers": lambda p: tf.reduce_sum(p**2) + tf.cast(tf.cast(p[0], tf.int32), p.dtype),
}


def _checked(p: Any) -> Any:
    tf.debugging.assert_less(p, 100.0 * tf.ones_like(p))
    return p[2]


@pytest.mark.parametrize("name", UNREAD)
def test_what_has_no_counterpart_is_left_to_tensorflow(name: str) -> None:
    run = ds.minimize(
        UNREAD[name], tf.constant(START, tf.float64), learning_rate=0.01, steps=3, explain=False
    )
    assert run.engine in ("compiled", "hosted")
    assert run.nit == 3


def test_a_cut_gradient_is_still_told() -> None:
    """As a formula it would have another gradient than TensorFlow's, so it is none."""
    with pytest.warns(GradientWarning, match="Does tf.stop_gradient"):
        run = ds.minimize(
            lambda p: tf.reduce_sum(tf.stop_gradient(p) * p),
            tf.constant(START, tf.float64),
            learning_rate=0.1,
            steps=2,
        )
    assert run.engine == "compiled"


def test_large_costs_in_float32_are_left_to_tensorflow() -> None:
    many = ds.minimize(lambda p: tf.reduce_sum(p**2), tf.ones(501), learning_rate=0.1, steps=2)
    data = tf.random.stateless_normal([5000, 3], [1, 2])
    rows = ds.minimize(
        lambda p: tf.reduce_mean(tf.tanh(data @ p[:, None]) ** 2), tf.constant(START, tf.float32), steps=2
    )
    assert many.engine == rows.engine == "compiled"
