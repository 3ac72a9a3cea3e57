"""The same problem put to scikit-learn's own estimators, torch and ``fit`` has the same answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import (
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)

from downslope.api.table_fitting import fit
from downslope.optimizers import Adam
from downslope.sklearn import DescentClassifier, DescentRegressor

RNG = np.random.default_rng(5)
N = 240
X = RNG.standard_normal((N, 4)) * [1.0, 20.0, 0.3, 1.0] + [0.0, 100.0, 1.0, -2.0]
U = X @ [1.0, 0.1, -2.0, 0.5] - 8.0
Y = U + 0.5 * RNG.standard_normal(N) + 5.0 * (RNG.random(N) < 0.1)
COUNTS = RNG.poisson(np.exp(0.5 * U))
TWO = np.where(U + RNG.logistic(size=N) > 0, "yes", "no")
SCORES = np.column_stack([U, -U, 0.5 * np.abs(U)])
THREE = np.array(["a", "b", "c"])[np.argmax(SCORES + RNG.gumbel(size=(N, 3)), axis=1)]
WEIGHTS = RNG.uniform(0.2, 3.0, N)


def same(ours: Any, theirs: Any, rtol: float) -> None:
    assert np.allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=rtol * np.abs(theirs.coef_).max())
    assert np.allclose(ours.intercept_, theirs.intercept_, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_least_squares(fit_intercept: bool) -> None:
    ours = DescentRegressor(fit_intercept=fit_intercept).fit(X, Y, WEIGHTS)
    same(ours, LinearRegression(fit_intercept=fit_intercept).fit(X, Y, WEIGHTS), 1e-10)
    ours = DescentRegressor(fit_intercept=fit_intercept, l2=0.05).fit(X, Y, WEIGHTS)
    same(ours, Ridge(alpha=0.05 * WEIGHTS.sum(), fit_intercept=fit_intercept).fit(X, Y, WEIGHTS), 1e-10)


def test_more_features_than_rows() -> None:
    wide = RNG.standard_normal((80, 120)) * np.logspace(-1, 1, 120)
    y = wide[:, :3].sum(axis=1) + 1.0
    same(DescentRegressor(l2=0.1, tol=1e-11).fit(wide, y), Ridge(alpha=8.0, tol=1e-12).fit(wide, y), 1e-6)
    exact = DescentRegressor(tol=1e-9).fit(wide, y)
    assert np.allclose(exact.predict(wide), y, atol=1e-6)
    assert "quasi-Newton" in exact.notes_[0]


def test_lasso() -> None:
    ours = DescentRegressor(l1=0.4, tol=1e-9).fit(X, Y)
    theirs = Lasso(alpha=0.2, tol=1e-12, max_iter=100_000).fit(X, Y)
    assert (theirs.coef_ == 0).any()
    assert np.array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    same(ours, theirs, 1e-6)


@pytest.mark.parametrize("labels", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_logistic_regression(labels: Any, fit_intercept: bool) -> None:
    ours = DescentClassifier(l2=0.01, fit_intercept=fit_intercept, tol=1e-9).fit(X, labels, WEIGHTS)
    theirs = LogisticRegression(
        C=1 / (2 * 0.01 * WEIGHTS.sum()),
        fit_intercept=fit_intercept,
        solver="newton-cholesky",
        tol=1e-10,
        max_iter=1000,
    ).fit(X, labels, WEIGHTS)
    same(ours, theirs, 1e-6)
    assert np.array_equal(ours.classes_, theirs.classes_)
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert np.allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=1e-5)
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-5)


def test_softmax_of_two_classes_says_the_same_as_log_loss() -> None:
    """Two sets of parameters that are opposite: each has half the coefficients, and half the penalty."""
    one = DescentClassifier(l2=0.01, tol=1e-10).fit(X, TWO)
    two = DescentClassifier(loss="softmax", l2=0.02, tol=1e-10).fit(X, TWO)
    assert two.coef_.shape == (2, 4)
    assert np.allclose(2 * two.coef_[1], one.coef_[0], rtol=1e-5)
    assert np.allclose(two.predict_proba(X), one.predict_proba(X), atol=1e-6)


def test_huber() -> None:
    """scikit-learn finds a scale as well: given that scale the rest is our loss times 2/scale."""
    theirs = HuberRegressor(epsilon=1.5, alpha=0.3, tol=1e-9, max_iter=10_000).fit(X - [0, 100, 0, 0], Y)
    scale = float(theirs.scale_)
    ours = DescentRegressor(loss=f"huber({1.5 * scale!r})", l2=0.3 * scale / 2 / N, tol=1e-9)
    same(ours.fit(X - [0, 100, 0, 0], Y), theirs, 1e-4)


@pytest.mark.parametrize("quantile", [0.2, 0.5, 0.9])
def test_quantiles(quantile: float) -> None:
    theirs = QuantileRegressor(quantile=quantile, alpha=0.0, solver="highs").fit(X, Y)
    ours = DescentRegressor(loss=f"quantile({quantile})", tol=None).fit(X, Y)
    below = theirs.predict(X) - Y
    best = np.mean(np.where(below > 0, (1 - quantile) * below, -quantile * below))
    assert ours.loss_ == pytest.approx(best, rel=1e-6)
    same(ours, theirs, 1e-2)
    if quantile == 0.5:
        assert DescentRegressor(loss="mae", tol=None).fit(X, Y).loss_ == pytest.approx(2 * best, rel=1e-6)


def test_poisson() -> None:
    theirs = PoissonRegressor(alpha=0.02, tol=1e-9, max_iter=10_000, solver="newton-cholesky").fit(
        X, COUNTS, WEIGHTS
    )
    ours = DescentRegressor(loss="poisson", l2=0.01, tol=1e-9).fit(X, COUNTS, WEIGHTS)
    same(ours, theirs, 1e-6)
    assert np.allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)


def test_row_by_row_as_the_stochastic_gradient_of_scikit_learn() -> None:
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    options = {"learning_rate": "constant", "eta0": 0.01, "alpha": 0.1, "shuffle": False}
    theirs = SGDRegressor(penalty="l2", **options)
    ours = DescentRegressor(learning_rate=0.005, l2=0.1, batch_size=1, standardize=False)
    for _ in range(3):
        same(ours.partial_fit(Z, Y, WEIGHTS), theirs.partial_fit(Z, Y, WEIGHTS), 1e-10)
    theirs = SGDClassifier(loss="log_loss", penalty="l2", **options)
    ours = DescentClassifier(learning_rate=0.01, l2=0.05, batch_size=1, standardize=False)
    for _ in range(3):
        theirs.partial_fit(Z, TWO, classes=["no", "yes"], sample_weight=WEIGHTS)
        same(ours.partial_fit(Z, TWO, classes=["no", "yes"], sample_weight=WEIGHTS), theirs, 1e-10)


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "Adagrad"])
def test_chunk_by_chunk_as_torch(name: str) -> None:
    rule, options = {
        "Adam": (Adam(learning_rate=0.05, beta2=0.99), {"lr": 0.05, "betas": (0.9, 0.99)}),
        "SGD": ("momentum", {"lr": 0.05, "momentum": 0.9}),
        "RMSprop": ("rmsprop", {"lr": 0.05}),
        "Adagrad": ("adagrad", {"lr": 0.05}),
    }[name]
    rate = None if name == "Adam" else 0.05
    ours = DescentRegressor(loss="huber(1)", optimizer=rule, learning_rate=rate, l2=0.01, standardize=False)
    w = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    theirs = getattr(torch.optim, name)([w, b], **options)
    for begin in range(0, N, 30):
        chunk, y = X[begin : begin + 30], Y[begin : begin + 30]
        ours.partial_fit(chunk, y)
        theirs.zero_grad()
        u = torch.from_numpy(chunk) @ w + b
        cost = torch.nn.functional.huber_loss(u, torch.from_numpy(y), delta=1.0) + 0.01 * (w @ w)
        cost.backward()
        theirs.step()
        assert ours.history_.value[-1] == pytest.approx(cost.item(), rel=1e-12)
    assert np.allclose(ours.coef_, w.detach().numpy(), rtol=1e-9)
    assert ours.intercept_ == pytest.approx(b.item(), rel=1e-9)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_the_same_descent_as_fit(standardize: bool, batch_size: int | None) -> None:
    options: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.1, "batch_size": batch_size}
    ours = DescentRegressor(
        loss="log_cosh", epochs=20, standardize=standardize, random_state=3, **options
    ).fit(X, Y)
    seed = np.random.RandomState(3).randint(np.iinfo(np.int32).max)
    table = {"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2], "x3": X[:, 3], "y": Y}
    plain = fit(table, target="y", loss="log_cosh", epochs=20, standardize=standardize, seed=seed, **options)
    assert np.array_equal(ours.history_.x, plain.history.x)
    assert np.array_equal(np.append(ours.coef_, ours.intercept_), plain.run.final)
    assert (ours.loss_, ours.n_iter_) == (plain.loss, plain.nit)
