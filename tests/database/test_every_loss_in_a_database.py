"""The fit of a table in a database is that of the same table in memory: every loss, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.fitting.losses import LOSSES

SAME = 1e-9

LINEAR = "y ~ a*x + b*z + c"
CASES: list[tuple[str, dict[str, Any]]] = [
    (LINEAR, {"loss": "mse"}),
    (LINEAR, {"loss": "mse", "weights": "weight"}),
    (LINEAR, {"loss": "mse", "l2": 0.3}),
    (LINEAR, {"loss": "mse", "l1": 0.3}),
    ("y ~ a*x + b*z", {"loss": "mse"}),
    ("y ~ a*x + b*z^2 + c*sin(z) + 2*x + d", {"loss": "mse"}),
    (LINEAR, {"loss": "rmse"}),
    (LINEAR, {"loss": "mae"}),
    (LINEAR, {"loss": "mae", "weights": "weight"}),
    (LINEAR, {"loss": "quantile(0.9)"}),
    (LINEAR, {"loss": "huber"}),
    (LINEAR, {"loss": "huber", "weights": "weight"}),
    (LINEAR, {"loss": "log_cosh"}),
    ("label ~ a*x + b*z + c", {"loss": "log_loss"}),
    ("label ~ a*x + b*z + c", {"loss": "log_loss", "weights": "weight", "l2": 0.01}),
    ("label ~ a*x + b*z + c", {"loss": "log_loss", "optimizer": "adam", "steps": 20, "standardize": True}),
    ("count ~ a*z + b", {"loss": "poisson"}),
    ("kind ~ a*z + b", {"loss": "softmax"}),
    ("word ~ a*z + b", {"loss": "softmax", "weights": "weight"}),
    ("decay ~ p*exp(-k*abs(z)) + q", {"loss": "mse"}),
    ("decay ~ p*exp(-k*abs(z)) + q", {"loss": "huber", "start": "p=1,k=1,q=0"}),
    ("decay ~ p*exp(-k*abs(z)) + q", {"loss": "mse", "start": "p=2,k=1,q=0", "optimizer": "newton"}),
]


def test_every_loss_is_among_the_cases() -> None:
    assert {str(options["loss"]).partition("(")[0] for _, options in CASES} == set(LOSSES)


@pytest.mark.parametrize(("hypothesis", "options"), CASES, ids=[f"{h}, {o}" for h, o in CASES])
def test_it_is_the_fit_of_the_same_table_in_memory(
    hypothesis: str, options: dict[str, Any], table: dict[str, Any], database: Callable[..., Any]
) -> None:
    own = ds.fit(table, hypothesis, **options)
    there = ds.fit(ds.sql(database(table), "seen"), hypothesis, **options)
    assert there.status == own.status
    assert there.rows == own.rows
    predict = "probabilities" if own.model.loss.classifies else "predict"
    expected = getattr(own, predict)(table)
    spread = np.std(expected)
    assert np.max(np.abs(getattr(there, predict)(table) - expected)) < SAME * spread
    assert there.loss == pytest.approx(own.loss, rel=SAME)
    assert (own.r2 is None) == (there.r2 is None)
    assert there.r2 == pytest.approx(own.r2, abs=SAME)
    assert there.accuracy == own.accuracy or there.accuracy == pytest.approx(own.accuracy, rel=1e-12)
    assert there.no_standard_errors == own.no_standard_errors
    assert (there.standard_errors is None) == (own.standard_errors is None)
    for name, error in (own.standard_errors or {}).items():
        assert there.standard_errors is not None
        assert there.standard_errors[name] == pytest.approx(error, rel=1e-6)


def test_words_count_by_their_categories(table: dict[str, Any], database: Callable[..., Any]) -> None:
    own = ds.fit(table, target="y", features=["x", "word"])
    there = ds.fit(ds.sql(database(table), "seen"), target="y", features=["x", "word"])
    assert list(there.x) == list(own.x)
    assert np.allclose(there.predict(table), own.predict(table), rtol=1e-12)


def test_a_squared_loss_takes_one_query_over_all_rows(
    table: dict[str, Any], database: Callable[..., Any]
) -> None:
    fitted = ds.sql(database(table), "seen")
    columns = fitted.connection.asked
    ds.fit(fitted, LINEAR)
    assert fitted.connection.asked - columns == 2  # some rows, and the sums


def test_rows_whose_first_are_like_no_others_keep_their_digits(database: Callable[..., Any]) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0, 1, 2_000), rng.normal(1e8, 1, 1_000)])
    columns = {
        "x": x - 1e8,
        "u": np.where(np.arange(3_000) < 2_000, 0.0, 1.0),
        "y": 3 * (x - 1e8) + rng.normal(size=3_000),
    }
    own = ds.fit(columns, "y ~ a*x + b*u + c")
    there = ds.fit(ds.sql(database(columns), "seen"), "y ~ a*x + b*u + c")
    assert np.max(np.abs(there.residuals(columns) - own.residuals(columns))) < 1e-6


@pytest.mark.parametrize("kind", ["duckdb"], indirect=True)
def test_columns_that_depend_on_each_other_are_told_as_in_memory(database: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    x, d = rng.normal(size=500), (rng.random(500) > 0.5).astype(float)
    columns = {"x": x, "d": d, "g": 1 - d, "y": 1 + x + d + 0.1 * rng.normal(size=500)}
    own, there = (ds.fit(t, "y ~ a*x + p*d + q*g + c") for t in (columns, ds.sql(database(columns), "seen")))
    assert [f.code for f in there.findings] == [f.code for f in own.findings] == ["undetermined"]
    assert there.x == pytest.approx(own.x, rel=1e-9)


@pytest.mark.parametrize("kind", ["duckdb"], indirect=True)
@pytest.mark.parametrize("nearness", [1e-4, 1e-7, 1e-9])
def test_columns_nearly_alike_cost_no_more_digits_than_in_memory(
    nearness: float, database: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=800)
    columns = {"x": x, "z": x + nearness * rng.normal(size=800), "y": 1 + 2 * x + 0.1 * rng.normal(size=800)}
    own, there = (ds.fit(t, LINEAR) for t in (columns, ds.sql(database(columns), "seen")))
    assert np.max(np.abs(there.predict(columns) - own.predict(columns))) < 1e-16 / nearness * 10
    assert own.standard_errors is not None
    assert there.standard_errors is not None
    for name in "ab":  # that of c is what is left of two that are 1/nearness as large
        assert there.standard_errors[name] == pytest.approx(
            own.standard_errors[name], rel=1e-14 / nearness + 1e-9
        )
