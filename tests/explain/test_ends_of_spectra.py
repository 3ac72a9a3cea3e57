"""How far the curvatures of many parameters lie apart, as a few products with the Hessian show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.spectrum import ends_at


def bowl(curvatures: Any) -> Any:
    return lambda x: np.sum(curvatures * x**2) / 2


@pytest.mark.parametrize("size", [200, 1_000, 100_000])
@pytest.mark.parametrize("maximize", [False, True])
def test_the_condition_is_known_at_any_size(size: int, maximize: bool) -> None:
    curvatures = np.linspace(5.0, 100.0, size)
    climb = ds.maximize if maximize else ds.minimize
    sign = -1 if maximize else 1
    run = climb(lambda x: sign * bowl(curvatures)(x), np.ones(size), learning_rate=0.01, steps=40)
    forecast = run.explain().forecast
    assert forecast is not None
    assert (forecast.smallest, forecast.largest) == pytest.approx((5.0, 100.0), rel=0.03)
    assert forecast.condition == pytest.approx(20.0, rel=0.05)
    assert forecast.limit == pytest.approx(0.02, rel=0.03)
    assert "κ ≈ " in str(run.explain())


def test_ends_are_those_of_the_whole_spectrum() -> None:
    rng = np.random.default_rng(3)
    table = rng.normal(size=(300, 300))
    table = table @ table.T / 300 + np.eye(300)
    run = ds.minimize(lambda x: x @ table @ x / 2, rng.normal(size=300), steps=3)
    found, values = ends_at(AnalysisView(run.objective), run.x), np.linalg.eigvalsh(table)
    assert found is not None
    assert (found.smallest, found.largest) == pytest.approx((values[0], values[-1]), rel=0.02)
    assert found.products < 150


def test_nothing_is_said_where_products_do_not_show_the_least_curvature() -> None:
    run = ds.minimize(bowl(np.geomspace(1e-9, 1.0, 2_000)), np.ones(2_000), steps=3)
    assert ends_at(AnalysisView(run.objective), run.x) is None
    assert run.explain().forecast is None


def test_nothing_is_said_of_a_saddle_or_of_what_is_only_called() -> None:
    curvatures = np.linspace(1.0, 10.0, 200)
    curvatures[7] = -3.0
    saddle = ds.minimize(bowl(curvatures), np.ones(200), steps=3)
    assert saddle.explain().forecast is None
    called = ds.minimize(lambda x: float(np.sum(x**2)), np.ones(200), learning_rate=0.1, steps=3)
    assert called.explain().forecast is None


def test_one_curvature_is_both_ends() -> None:
    run = ds.minimize(lambda x: np.sum(x**2), np.ones(400), learning_rate=0.1, steps=3)
    found = ends_at(AnalysisView(run.objective), run.x)
    assert found is not None
    assert (found.smallest, found.largest) == pytest.approx((2.0, 2.0))
    assert found.products == 1
