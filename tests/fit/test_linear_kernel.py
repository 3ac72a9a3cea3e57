"""Passes made for one number of features and one loss agree with those for any."""

import numpy as np
import pytest

from downslope.api.table_fitting import fit
from downslope.fitting import as_loss, rows
from downslope.fitting.linear_kernel import WIDEST, places
from downslope.fitting.rows import NOTHING, LinearRows

RNG = np.random.default_rng(31)
N = 33_003  # more than a chunk, and no multiple of eight
LOSSES = ["mse", "mae", "huber(0.7)", "log_cosh", "quantile(0.8)", "log_loss", "poisson"]


def both(monkeypatch, work):
    """What ``work`` gives with such passes, and without."""
    found = []
    for worth in (1, 10**18):
        monkeypatch.setattr(rows, "WORTH_A_KERNEL", worth)
        found.append(work(worth == 1))
    return found


@pytest.mark.parametrize("features", [1, 2, 3, 7, 8, 9, 16, 23, 50, WIDEST])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_width(monkeypatch, features, weighted):
    X = RNG.standard_normal((N, features))
    w, centre = RNG.standard_normal(features) / features, RNG.standard_normal(features)
    y, weights = RNG.standard_normal(N), RNG.random(N) if weighted else NOTHING

    def sums(kernel):
        table = LinearRows(X, np.arange(features)[::-1], features, centre)
        assert table.often == kernel
        return table.sums(np.append(w[::-1], 0.3), y, weights, as_loss("mse"))

    at_once, plain = both(monkeypatch, sums)
    r = (X - centre) @ w + 0.3 - y
    v = weights if weighted else np.ones(N)
    wanted = np.array([v @ r**2, *(2 * (X - centre).T @ (v * r))[::-1], 2 * v @ r])
    sizes = np.array([v @ r**2, *(2 * np.abs(X - centre).T @ (v * np.abs(r)))[::-1], 2 * v @ np.abs(r)])
    assert np.all(np.abs(at_once - wanted) <= 1e-14 * sizes)
    assert np.all(np.abs(plain - wanted) <= 1e-14 * sizes)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("features", [3, 11])
def test_every_loss(monkeypatch, name, features):
    X = RNG.standard_normal((N, features))
    y = (RNG.random(N) > 0.4) * 1.0
    theta = RNG.standard_normal(features)

    def sums(kernel):
        return LinearRows(X, np.arange(features), None).sums(theta, y, NOTHING, as_loss(name))

    at_once, plain = both(monkeypatch, sums)
    assert np.allclose(at_once, plain, rtol=1e-13, atol=1e-10)


def test_far_from_zero_the_digits_stay(monkeypatch):
    """Features of mean 1e8 and spread 1, measured from their centre."""
    X = 1e8 + RNG.standard_normal((N, 9))
    y = RNG.standard_normal(N)

    def sums(kernel):
        return LinearRows(X, np.arange(9), 9, np.full(9, 1e8)).sums(np.ones(10), y, NOTHING, as_loss("mse"))

    for found in both(monkeypatch, sums):
        r = (X - 1e8).sum(axis=1) + 1 - y
        assert found[0] == pytest.approx(r @ r, rel=1e-13)


def test_overflow_is_not_hidden(monkeypatch):
    X, y = RNG.standard_normal((N, 8)), RNG.random(N)

    def sums(kernel):
        return LinearRows(X, np.arange(8), None).sums(np.full(8, 1e200), y, NOTHING, as_loss("mse"))[0]

    assert both(monkeypatch, sums) == [np.inf, np.inf]


@pytest.mark.parametrize("features", [2, 8, 13])
@pytest.mark.parametrize("batch", [1, 7, 32, 300])
@pytest.mark.parametrize("name", ["mse", "log_loss"])
def test_mini_batches(monkeypatch, features, batch, name):
    X = RNG.standard_normal((2_003, features)) + 5
    y = (X @ np.ones(features) + RNG.standard_normal(2_003) > 5 * features) * 1.0
    weights = RNG.random(2_003)
    options = {"loss": name, "batch_size": batch, "epochs": 2, "optimizer": "adam", "learning_rate": 0.01}

    def run(kernel):
        return fit((X, y), target="y", weights=weights, standardize=True, **options).history.x

    at_once, plain = both(monkeypatch, run)
    assert np.allclose(at_once, plain, rtol=1e-10, atol=1e-12)
    assert not np.array_equal(at_once[0], at_once[-1])


def test_where_the_sums_stand():
    assert places(3).tolist() == [0, 1, 2, 3, 4]
    assert places(8).tolist() == list(range(10))
    assert places(10).tolist() == [*range(10), 16, 17]


def test_what_no_kernel_reads_is_read_otherwise():
    X, y = np.asfortranarray(RNG.standard_normal((N, 5))), RNG.standard_normal(N)
    table = LinearRows(np.ascontiguousarray(X), np.arange(5), None)
    table.expect(10**6)
    assert table.ordered_kernel(as_loss("mse"), y, NOTHING) is not None
    assert table.ordered_kernel(as_loss("mse"), y[::2], NOTHING) is None
    assert table.ordered_kernel(as_loss("mse"), y.astype(np.float32), NOTHING) is None
    table.expect(1)
    assert table.ordered_kernel(as_loss("mse"), y, NOTHING) is None
