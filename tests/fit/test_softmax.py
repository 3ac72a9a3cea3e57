"""Several classes: natural coordinates, mini-batches, many parameters."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from downslope.api.table_fitting import fit
from downslope.fitting.batches import _orders
from downslope.fitting.softmax_metric import softmax_metric

RNG = np.random.default_rng(4)
N, CLASSES = 900, 3
X = RNG.standard_normal((N, 4)) * [1.0, 5.0, 0.2, 1.0] + [0.0, 3.0, 0.0, 1.0]
LABELS = np.argmax(X @ RNG.standard_normal((4, CLASSES)) + 2 * RNG.gumbel(size=(N, CLASSES)), axis=1)
Y = LABELS.astype(float)
W = RNG.integers(0, 4, N).astype(float)


def chances(theta, rows):
    u = np.column_stack([X[rows], np.ones(len(rows))]) @ theta.reshape(5, CLASSES)
    e = np.exp(u - u.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_against_logistic_regression_and_weights_are_repetitions():
    found = fit((X, Y), target="y", loss="softmax", l2=1e-3, weights=W)
    peer = LogisticRegression(C=1 / (2e-3 * W.sum()), solver="newton-cg", tol=1e-10, max_iter=1000)
    peer.fit(X, LABELS, sample_weight=W)
    table = np.array(list(found.x.values()))
    assert found.nit < 40
    assert np.allclose(table[:-1].T, peer.coef_, atol=1e-6)
    assert np.allclose(table[-1], peer.intercept_, atol=1e-6)
    repeated = np.repeat(np.arange(N), W.astype(int))
    again = fit((X[repeated], Y[repeated]), target="y", loss="softmax", l2=1e-3)
    assert np.allclose(again.run.final, found.run.final, atol=1e-8)


def test_the_metric_is_the_second_derivative():
    problem = fit((X, Y), target="y", loss="softmax", weights=W, steps=0).problem
    theta = 0.1 * RNG.standard_normal(15)
    H = softmax_metric(problem.rows, theta, W, np.arange(N))
    gradient = problem.objective.gradient
    numeric = np.array([(gradient(theta + h) - gradient(theta - h)) / 2e-5 for h in 1e-5 * np.eye(15)])
    v = RNG.standard_normal((5, CLASSES))
    v -= v.mean(axis=1, keepdims=True)  # without the direction in which nothing changes
    assert np.allclose(H @ v.ravel(), numeric @ v.ravel(), rtol=1e-6, atol=1e-7)
    same = np.ones((5, CLASSES)).ravel()
    assert same @ H @ same > 0.1
    assert np.allclose(numeric @ same, 0, atol=1e-8)


def test_many_parameters_are_descended_by_quasi_newton_steps():
    x = RNG.standard_normal((300, 120))
    y = (x[:, 0] > 0) + 1.0 * (x[:, 1] > 0)
    found = fit((x, y), target="y", loss="softmax", l2=1e-2)
    assert found.success
    assert "quasi-Newton" in found.notes[0]
    assert np.linalg.norm(found.problem.objective.gradient(found.run.final)) < 1e-8
    loose = fit((x, y), target="y", loss="softmax")
    assert loose.status == "unbounded"
    assert "separated perfectly" in loose.message


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam"])
def test_a_batch_of_all_rows_is_the_full_gradient(optimizer):
    options = {"loss": "softmax", "l2": 0.01, "optimizer": optimizer, "learning_rate": 0.05, "weights": W}
    for standardize in (False, True):
        batches = fit(
            (X, Y),
            target="y",
            batch_size=N,
            epochs=8,
            standardize=standardize,
            weights=W / W.mean(),
            **{k: v for k, v in options.items() if k != "weights"},
        )
        whole = fit((X, Y), target="y", steps=8, standardize=standardize, **options)
        assert np.allclose(batches.history.x, whole.history.x, rtol=1e-9, atol=1e-12)


def test_one_epoch_against_a_plain_loop():
    found = fit(
        (X, Y),
        target="y",
        loss="softmax",
        l2=0.1,
        weights=W,
        learning_rate=0.02,
        batch_size=50,
        epochs=1,
        seed=3,
    )
    order, _ = _orders(found.problem, 3)(0)
    theta, one_hot = np.zeros(15), np.eye(CLASSES)[LABELS]
    mask = np.repeat([1.0, 1.0, 1.0, 1.0, 0.0], CLASSES)
    for begin in range(0, N, 50):
        rows = order[begin : begin + 50]
        design = np.column_stack([X[rows], np.ones(50)])
        slope = (W[rows] / W.mean() / 50)[:, None] * (chances(theta, rows) - one_hot[rows])
        theta = theta - 0.02 * ((design.T @ slope).ravel() + 2 * 0.1 * mask * theta)
    assert np.allclose(found.run.final, theta, rtol=1e-9)
