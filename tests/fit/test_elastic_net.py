"""Penalties l1 and l2 together: scikit-learn's answers, in memory and in files that are read in passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from sklearn.linear_model import ElasticNet, LogisticRegression

import downslope as ds
from trials import fresh_seed

ROWS = 1500
PENALTIES = [(0.1, 0.05), (0.02, 0.3), (0.08, 1e-4), (0.05, 0.0)]


def drawn(rng: np.random.Generator, loss: str, offset: float) -> tuple[Any, Any, Any]:
    """Correlated features, targets of some of them, and whole weights of which some are 0."""
    x = rng.normal(size=(ROWS, 5)) @ (np.eye(5) + 0.4 * rng.normal(size=(5, 5))) + offset
    u = (x - offset) @ np.array([1.0, -0.5, 0.0, 0.3, 0.0])
    y = u + rng.normal(size=ROWS) if loss == "mse" else 1.0 * (rng.random(ROWS) < 1 / (1 + np.exp(-u)))
    return x, y, rng.integers(0, 4, ROWS).astype(float)


def of_scikit_learn(loss: str, penalties: tuple[float, float], x: Any, y: Any, w: Any) -> Any:
    l1, l2 = penalties
    both, ratio = l1 + 2 * l2, l1 / (l1 + 2 * l2)
    if loss == "mse":
        model = ElasticNet(alpha=both / 2, l1_ratio=ratio, tol=1e-15, max_iter=1_000_000)
        model.fit(x, y, sample_weight=w)
        return np.append(model.coef_, model.intercept_)
    strength = 1 / (np.sum(w) * both)
    logistic = LogisticRegression(C=strength, l1_ratio=ratio, solver="saga", tol=1e-13, max_iter=1_000_000)
    logistic.fit(x, y, sample_weight=w)
    return np.append(logistic.coef_[0], logistic.intercept_)


@pytest.mark.parametrize("penalties", PENALTIES, ids=str)
@pytest.mark.parametrize("loss", ["mse", "log_loss"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_elastic_net_of_scikit_learn(
    loss: str, penalties: tuple[float, float], weighted: bool, tmp_path: Path
) -> None:
    x, y, w = drawn(np.random.default_rng(fresh_seed()), loss, 0.0)
    names = [f"x{i}" for i in range(5)]
    table = pa.table([*x.T, y, w], [*names, "y", "w"])
    csv.write_csv(table, tmp_path / "table.csv")
    right = of_scikit_learn(loss, penalties, x, y, w if weighted else np.ones(ROWS))
    asked: dict[str, Any] = {"weights": "w"} if weighted else {}
    for given, stream in ((table, False), (tmp_path / "table.csv", True), (tmp_path / "table.csv", False)):
        found = ds.fit(
            given,
            target="y",
            features=names,
            loss=loss,
            l1=penalties[0],
            l2=penalties[1],
            stream=stream,
            **asked,
        )
        assert found.success, found.message
        assert found.run.final == pytest.approx(right, abs=1e-8 * np.max(np.abs(right)))
        assert np.array_equal(found.run.final == 0, right == 0)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_features_far_from_zero_take_no_digits(offset: float, tmp_path: Path) -> None:
    x, y, _ = drawn(np.random.default_rng(fresh_seed()), "mse", 0.0)
    scale = 10.0 ** np.array([0, 2, -2, 1, -1])
    far = x * scale + offset * scale
    near = far / scale - offset  # what the rounded numbers are, exactly but for their own last digits
    table = pa.table([*far.T, y + offset], [f"x{i}" for i in range(5)] + ["y"])
    csv.write_csv(table, tmp_path / "table.csv")
    for given, stream in ((table, False), (tmp_path / "table.csv", True)):
        found = ds.fit(given, target="y", l1=0.05, l2=0.02, stream=stream)
        slopes = found.run.final[:5]
        centred, left = near - near.mean(0), y - np.mean(y)
        gradient = (2 * centred.T @ (centred @ (slopes * scale) - left) / ROWS) * scale + 0.04 * slopes
        assert np.all(
            np.abs(gradient + 0.05 * np.sign(slopes))[slopes != 0] <= 1e-8 * scale[slopes != 0] + 1e-8
        )
        assert np.all(np.abs(gradient)[slopes == 0] <= 0.05 * (1 + 1e-9))
        assert found.success


@pytest.mark.parametrize("loss", ["poisson", "huber", "log_cosh", "log_loss", "mse"])
def test_no_slope_is_left_along_what_is_not_zero(loss: str) -> None:
    rng = np.random.default_rng(fresh_seed())
    x, y, _ = drawn(rng, "log_loss" if loss == "log_loss" else "mse", 0.0)
    y = rng.poisson(np.exp(0.3 * x[:, 0])).astype(float) if loss == "poisson" else y
    table = pa.table([*x.T, y], [f"x{i}" for i in range(5)] + ["y"])
    found = ds.fit(table, target="y", loss=loss, l1=0.05, l2=0.02)
    assert found.success
    assert found.run.gradient_norm <= 1e-14
    before = found.history.gradient_norm[-2]
    assert found.run.gradient_norm < before  # the last step is Newton's
    assert found.history.value[-1] <= found.history.value[-2] * (1 + 1e-12)
