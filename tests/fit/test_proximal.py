"""The l1 penalty, by every rule for which its step is known."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from downslope.api.table_fitting import fit
from downslope.fitting.proximal import LENGTHS, shrunk
from downslope.optimizers import as_optimizer
from downslope.optimizers.schedules.decay import Exponential
from downslope.results.fit_loading import load_fit

RNG = np.random.default_rng(11)
N = 600
X = RNG.standard_normal((N, 6)) * [1.0, 2.0, 0.5, 1.0, 1.0, 3.0] + 1.0
Y = X @ [1.0, 0.0, 0.8, 0.0, 0.3, 0.0] + 2.0 + 0.1 * RNG.standard_normal(N)


def lasso(l1):
    found = Lasso(alpha=l1 / 2, tol=1e-14, max_iter=100_000).fit(X, Y)
    return np.append(found.coef_, found.intercept_)


@pytest.mark.parametrize("l1", [0.02, 0.3, 0.7, 1.1, 50.0])
def test_the_lasso_without_a_learning_rate(l1):
    found = fit((X, Y), target="y", l1=l1)
    assert found.success, found.message
    assert np.allclose(found.run.final, lasso(l1), atol=1e-7)


def test_a_coordinate_leaves_zero_where_its_slope_is_little_above_the_threshold():
    x = RNG.standard_normal((50, 1))
    slope = 2 * np.mean(x[:, 0] * x[:, 0])
    found = fit((x, x[:, 0]), "y ~ a*x1", l1=0.7 * slope)
    assert found.x["a"] == pytest.approx(0.3, rel=1e-9)
    assert fit((x, x[:, 0]), "y ~ a*x1", l1=1.01 * slope).x["a"] == 0.0


@pytest.mark.parametrize("name", sorted(LENGTHS))
def test_every_rule_ends_at_the_lasso(name):
    rule = as_optimizer(name, learning_rate=0.02 if name != "adagrad" else 0.5)
    if name == "rmsprop":  # with a constant rate it steps to and fro
        rule = as_optimizer(name, learning_rate=0.05 * Exponential(rate=0.995))
    found = fit((X, Y), target="y", l1=0.3, optimizer=rule, steps=3000, standardize=True)
    assert np.allclose(found.run.final, lasso(0.3), atol=1e-6)
    assert [found.x[c] for c in ("x2", "x4", "x6")] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", sorted(LENGTHS))
def test_a_batch_of_all_rows_is_the_full_gradient(name):
    options = {"l1": 0.3, "l2": 0.01, "optimizer": name, "learning_rate": 0.01, "standardize": True}
    batches = fit((X, Y), target="y", batch_size=N, epochs=30, **options)
    whole = fit((X, Y), target="y", steps=30, **options)
    assert np.allclose(batches.history.x, whole.history.x, rtol=1e-9, atol=1e-12)


def test_small_batches_against_a_plain_loop():
    found = fit((X, Y), target="y", l1=0.2, learning_rate=0.01, batch_size=64, epochs=1, seed=2)
    from downslope.fitting.batches import _orders

    order, _ = _orders(found.problem, 2)(0)
    design, theta = np.column_stack([X, np.ones(N)]), np.zeros(7)
    for begin in range(0, N, 64):
        rows = order[begin : begin + 64]
        theta = theta - 0.01 * 2 * design[rows].T @ (design[rows] @ theta - Y[rows]) / 64
        threshold = 0.01 * 0.2 * len(rows) / 64
        theta[:6] = np.sign(theta[:6]) * np.maximum(np.abs(theta[:6]) - threshold, 0)
    assert np.allclose(found.run.final, theta, rtol=1e-10)


def test_the_other_rules_are_refused_with_the_reason():
    for batch in ({}, {"batch_size": 50}):
        with pytest.raises(
            ValueError, match="proximal steps, which are known for gradient_descent, momentum"
        ):
            fit((X, Y), target="y", l1=0.3, optimizer="lion", **batch)


def test_a_fit_with_l1_is_saved_and_loaded(tmp_path):
    for options in ({}, {"optimizer": "adam"}):
        found = fit((X, Y), target="y", l1=0.3, **options)
        found.save(tmp_path / "fit.json")
        back = load_fit(tmp_path / "fit.json")
        assert back.run.optimizer == found.run.optimizer
        assert np.array_equal(back.predict(X), found.predict())


def test_shrinking_keeps_nan_and_makes_no_negative_zero():
    v = shrunk(np.array([-0.5, 0.5, -2.0, np.nan]), 1.0)
    assert v.tolist()[:3] == [0.0, 0.0, -1.0]
    assert not np.signbit(v[0])
    assert np.isnan(v[3])
