"""Points of many parameters, whose whole Hessian would cost more than the run: a few products of it decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds


def summit(x: Any) -> Any:
    return np.sum((x**2 - 1) ** 2)


def saddle(x: Any) -> Any:
    return np.sum(x[:-1] ** 4 - x[:-1] ** 2) + x[-1] ** 2


def saddle_slope(x: Any) -> Any:
    return np.append(4 * x[:-1] ** 3 - 2 * x[:-1], 2 * x[-1])


@pytest.mark.parametrize("uphill", [False, True])
@pytest.mark.parametrize("size", [60, 61, 400])
def test_an_extremum_of_the_other_kind_is_no_success(size: int, uphill: bool) -> None:
    call, function = (ds.maximize, lambda x: -summit(x)) if uphill else (ds.minimize, summit)
    run = call(function, [0.0] * size, learning_rate=0.01, tolerance=1e-6)
    assert not run.success
    assert run.explain().point.kind == ("minimum" if uphill else "maximum")
    assert "no maximum" in run.message if uphill else "no minimum" in run.message


@pytest.mark.parametrize("uphill", [False, True])
@pytest.mark.parametrize("size", [50, 160])
def test_a_saddle_reached_along_its_axis_is_no_success(size: int, uphill: bool) -> None:
    call, function = (ds.maximize, lambda x: -saddle(x)) if uphill else (ds.minimize, saddle)
    run = call(function, [0.0] * (size - 1) + [1.0], learning_rate=0.01, tolerance=1e-6)
    assert not run.success
    assert run.explain().point.kind == "saddle"


def test_a_saddle_of_a_function_that_has_to_be_called() -> None:
    calls = []

    def counted(x: Any) -> float:
        calls.append(1)
        return float(saddle(np.array(x)))

    start = [0.0] * 49 + [1.0]
    run = ds.minimize(
        counted, start, gradient=saddle_slope, learning_rate=0.01, tolerance=1e-6, engine="hosted"
    )
    assert not run.success
    assert len(calls) <= 3 * run.nfev + 400
    assert run.explain().point.kind == "saddle"


@pytest.mark.parametrize("size", [61, 200])
@pytest.mark.parametrize("spread", [1.0, 1e3])
def test_a_minimum_stays_a_success(size: int, spread: float) -> None:
    weights = np.geomspace(1, spread, size)
    run = ds.minimize(lambda x: np.sum(weights * (x - 1) ** 2), [2.0] * size, tolerance=1e-6)
    assert run.success
    assert run.explain().point.kind in ("unknown", "minimum")
