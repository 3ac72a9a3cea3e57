"""All ways of reading the data agree with each other and with dense NumPy."""

import numpy as np
import pytest

from downslope.api.table_fitting import fit
from downslope.fitting import as_loss
from downslope.fitting.frames_in_memory import from_columns, from_pair
from downslope.fitting.hypothesis import linear_model, read_hypothesis
from downslope.fitting.moments import moments
from downslope.fitting.problem import Specification, make_problem

RNG = np.random.default_rng(11)
N = 70_001  # more than two chunks, and no multiple of any block
X = RNG.standard_normal((N, 3)) * [1.0, 20.0, 0.3] + [0.0, 5.0, -1.0]
ETA = X @ [1.0, -0.05, 2.0] + 0.4
Y = {
    "numbers": ETA + RNG.standard_normal(N),
    "labels": (RNG.random(N) < 1 / (1 + np.exp(-ETA))) * 1.0,
    "counts": RNG.poisson(np.exp(0.3 * ETA)).astype(float),
}
WEIGHTS = RNG.random(N) * 2
H = "y ~ a*x1 + b*x2 + c*x3 + d"


def dense(loss, u, y):
    """The cost of each row and its derivative, as the table in ``losses`` says."""
    r, s = u - y, loss.shape
    return {
        "mse": lambda: (r**2, 2 * r),
        "rmse": lambda: (r**2, 2 * r),
        "mae": lambda: (np.abs(r), np.sign(r)),
        "huber": lambda: (
            np.where(np.abs(r) <= s, r**2 / 2, s * (np.abs(r) - s / 2)),
            np.clip(r, -s, s),
        ),
        "log_cosh": lambda: (np.logaddexp(r, -r) - np.log(2), np.tanh(r)),
        "quantile": lambda: (np.maximum(-s * r, (1 - s) * r), np.where(r > 0, 1 - s, -s)),
        "log_loss": lambda: (np.logaddexp(0, u) - y * u, 1 / (1 + np.exp(-u)) - y),
        "poisson": lambda: (np.exp(u) - y * u, np.exp(u) - y),
    }[loss.name]()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "name", ["mse", "rmse", "mae", "huber(0.7)", "log_cosh", "quantile(0.8)", "log_loss", "poisson"]
)
def test_value_and_gradient_agree_with_numpy(name, weighted):
    loss = as_loss(name)
    y = Y[{"log_loss": "labels", "poisson": "counts"}.get(loss.name, "numbers")]
    frame = from_pair(X, y)
    theta = np.array([0.3, -0.02, 0.5, 0.1])
    w = WEIGHTS if weighted else np.ones(N)
    design = np.column_stack([X, np.ones(N)])
    cost, slope = dense(loss, design @ theta, y)
    value, gradient = w @ cost / w.sum(), design.T @ (w * slope) / w.sum()
    if loss.root:
        value, gradient = np.sqrt(value), gradient / (2 * np.sqrt(value))
    value += 0.1 * theta[:3] @ theta[:3]
    gradient += 0.2 * theta * [1, 1, 1, 0]
    for as_formula in (False, True):
        asked = Specification(
            read_hypothesis(H, frame), loss, w if weighted else None, l2=0.1, as_formula=as_formula
        )
        problem = make_problem(frame, asked)
        got, slopes = problem.objective.value_and_gradient(theta)
        assert got == pytest.approx(value, rel=1e-12)
        assert np.allclose(slopes, gradient, rtol=1e-10, atol=1e-12 * np.abs(gradient).max())


def test_softmax_agrees_with_numpy():
    labels = RNG.integers(0, 4, N)
    frame = from_columns({"x1": X[:, 0], "x2": X[:, 1], "kind": labels})
    problem = make_problem(frame, Specification(linear_model("kind", None, frame), as_loss("softmax")))
    theta = RNG.standard_normal(12) * 0.1
    table = theta.reshape(3, 4)
    u = X[:, :2] @ table[:2] + table[2]
    e = np.exp(u - u.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    value, gradient = problem.objective.value_and_gradient(theta)
    assert value == pytest.approx(-np.mean(np.log(p[np.arange(N), labels])), rel=1e-12)
    d = (p - np.eye(4)[labels]) / N
    assert np.allclose(gradient.reshape(3, 4), np.column_stack([X[:, :2], np.ones(N)]).T @ d, atol=1e-12)


@pytest.mark.parametrize("loss", ["mse", "rmse"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_runs_on_all_paths_agree(loss, weights):
    runs = [
        fit(
            (X, Y["numbers"]), H, loss=loss, learning_rate=2e-3, steps=30, path=path, weights=weights, l2=0.01
        )
        for path in ("moments", "qr", "kernel", "formula")
    ]
    assert [run.path for run in runs] == ["moments", "qr", "kernel", "formula"]
    for run in runs[1:]:
        assert np.allclose(run.history.x, runs[0].history.x, rtol=1e-9, atol=1e-11)
        assert np.allclose(run.history.value, runs[0].history.value, rtol=1e-10)
        assert run.loss == pytest.approx(runs[0].loss, rel=1e-11)


@pytest.mark.parametrize("intercept", [True, False])
def test_least_squares_without_a_learning_rate(intercept):
    design = np.column_stack([X, np.ones(N)]) if intercept else X
    text = H if intercept else "y ~ a*x1 + b*x2 + c*x3"
    expected = np.linalg.lstsq(design, Y["numbers"], rcond=None)[0]
    for path in ("auto", "moments", "qr", "kernel", "formula"):
        found = fit((X, Y["numbers"]), text, path=path)
        assert found.success
        assert np.allclose(found.run.final, expected, rtol=1e-7)


def test_moments_merge_and_weigh():
    m = moments(X, Y["numbers"], WEIGHTS)
    z = np.column_stack([X, Y["numbers"]])
    mean = np.average(z, axis=0, weights=WEIGHTS)
    assert np.allclose(m.mean, mean, rtol=1e-12)
    assert np.allclose(m.products, (z - mean).T @ (WEIGHTS[:, None] * (z - mean)), rtol=1e-10)
    assert m.total == pytest.approx(WEIGHTS.sum())


def test_moments_choose_by_the_planned_steps():
    big = RNG.standard_normal((40_000, 30))
    y = big[:, 0]
    assert fit((big, y), learning_rate=0.01, steps=2).path == "kernel"
    assert fit((big, y), learning_rate=0.01, steps=100).path == "moments"


@pytest.mark.parametrize("name", ["huber", "log_cosh", "mae", "quantile(0.3)", "log_loss", "poisson"])
def test_minima_without_a_learning_rate(name):
    """At the point reached no small move lowers the cost."""
    loss = as_loss(name)
    y = Y[{"log_loss": "labels", "poisson": "counts"}.get(loss.name, "numbers")][:2000]
    found = fit((X[:2000], y), H, loss=loss)
    assert found.success, found.message
    cost = found.run.objective.value
    for direction in np.vstack([np.eye(4), RNG.standard_normal((20, 4))]):
        for t in (1e-3, -1e-3):
            assert cost(found.run.final + t * direction) >= found.run.fun - 1e-9


def test_l1_makes_exact_zeros_and_satisfies_the_conditions():
    y = 2 * X[:5000, 0] + 0.01 * RNG.standard_normal(5000)
    for options in ({}, {"learning_rate": 1e-3, "steps": 30_000}):
        found = fit((X[:5000], y), H, l1=0.3, **options)
        assert found.x["c"] == 0.0
        smooth = found.problem.objective
        residual = smooth.rows.predictions(found.run.final) - y
        g = 2 * residual @ X[:5000] / 5000
        assert abs(g[0] + 0.3) < 1e-4
        assert abs(g[2]) <= 0.3


def test_standardising_changes_the_way_not_the_answer():
    found = fit((X, Y["numbers"]), H, learning_rate=0.3, steps=200, standardize=True)
    assert found.coordinates == "standardised"
    assert np.allclose(found.run.final, fit((X, Y["numbers"]), H).run.final, rtol=1e-8)
    assert np.allclose(found.history.x[0], 0.0, atol=1e-12)
