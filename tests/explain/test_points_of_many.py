"""Points of many parameters, whose whole Hessian would cost more than the run: a few products of it decide."""

from __future__ import annotations

from collections.abc import Callable
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


def of_numbers(function: Callable[[Any], float]) -> Callable[[Any], float]:
    """The same of plain numbers, where no symbol can follow."""
    return lambda x: float(function(np.array([float(v) for v in x])))


def weak_saddle(turn: Any) -> tuple[Callable[[Any], float], Callable[[Any], Any], Any]:
    """Curvatures from 1 to 2 in all directions but one, where it is -1e-3: function, gradient, and that direction."""
    n = len(turn)
    H = turn @ np.diag([*np.linspace(1, 2, n - 1), -1e-3]) @ turn.T
    down = turn[:, -1]
    return (
        lambda x: float(x @ H @ x / 2 + (x @ down) ** 4),
        lambda x: H @ x + 4 * (x @ down) ** 3 * down,
        down,
    )


@pytest.mark.parametrize("size", [20, 80, 300])
def test_where_values_alone_curve_down_is_no_success_and_no_more_is_claimed(size: int) -> None:
    run = ds.minimize(of_numbers(summit), np.zeros(size), learning_rate=0.01, tolerance=1e-6)
    told = run.explain()
    assert (run.status, run.success) == ("converged", False)
    assert (told.point.kind, told.point.detail) == ("unknown", "curves_down")
    assert "no minimum" in run.message
    assert "Whether it is a saddle or a maximum was not looked into" in run.message
    assert told.codes == ("saddle",)


@pytest.mark.parametrize("with_gradient", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_a_weak_saddle_in_20_parameters_is_none_of_its_minima(with_gradient: bool, turned: bool) -> None:
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(20, 20)))[0] if turned else np.eye(20)
    function, slope, down = weak_saddle(turn)
    gradient = {"gradient": lambda x: slope(np.array(x, float))} if with_gradient else {}
    start = turn[:, :-1] @ np.ones(19)
    run = ds.minimize(of_numbers(function), start, learning_rate=0.5, tolerance=1e-6, **gradient)
    told = run.explain()
    assert (run.status, run.success, told.point.kind) == ("converged", False, "saddle")
    assert abs(np.array(told.point.escape) @ down) > 0.999
    assert min(told.point.curvatures) == pytest.approx(-1e-3, rel=0.01)


@pytest.mark.parametrize("uphill", [False, True])
def test_it_is_told_along_how_many_directions_it_was_looked(uphill: bool) -> None:
    call, sign = (ds.maximize, -1.0) if uphill else (ds.minimize, 1.0)
    bowl = of_numbers(lambda x: sign * float(np.sum((x - 1) ** 2)))
    run = call(bowl, np.zeros(80), learning_rate=0.3, tolerance=1e-6)
    point = run.explain().point
    assert (run.success, point.kind, point.detail) == (True, "unknown", "few_directions")
    assert point.seen >= 80
    assert f"along {point.seen} directions only" in point.sentence
    assert ("upward along none" if uphill else "downward along none") in point.sentence


@pytest.mark.parametrize("rate", [1.01, 1.3])
@pytest.mark.parametrize("size", [8, 80])
@pytest.mark.parametrize("even", [True, False])
def test_a_round_bowl_that_was_left_is_shallow_nowhere(size: int, rate: float, even: bool) -> None:
    start = np.zeros(size) if even else 1 + 10.0 ** -np.arange(size)
    bowl = of_numbers(lambda x: float(np.sum((x - 1) ** 2)))
    run = ds.minimize(bowl, start, learning_rate=rate, tolerance=1e-6, steps=60)
    told = run.explain()
    assert run.status == "diverged"
    assert "shallow" not in str(told)
    assert told.codes == ("learning_rate_above_limit",)


def test_curvatures_far_out_are_not_drowned_by_those_of_other_coordinates() -> None:
    """Of gradients as large as 1e24, a step of 1e-5 changes none."""
    H = np.array([[1.057e8, 2.3e6, 7.1e6], [2.3e6, 1.448e8, -1.7e6], [7.1e6, -1.7e6, 1.994e8]])
    bowl = of_numbers(lambda x: float(x @ H @ x / 2))
    options = {"learning_rate": 3.54e-8, "steps": 300, "bounds": [(-2.3, -0.3), (None, None), (None, None)]}
    run = ds.minimize(bowl, [-1.8, 0.5, -2.5], gradient=lambda x: H @ np.array(x, float), **options)
    assert run.status == "diverged"
    assert run.explain().point.curvatures == pytest.approx(tuple(np.linalg.eigvalsh(H)), rel=1e-3)


@pytest.mark.parametrize("uphill", [False, True])
@pytest.mark.parametrize("size", [200, 3000])
def test_how_steep_it_is_is_known_of_so_many_parameters_that_not_all_curvatures_are(
    size: int, uphill: bool
) -> None:
    weights, sign = np.geomspace(1, 1000, size), -1 if uphill else 1
    call = ds.maximize if uphill else ds.minimize
    run = call(lambda x: sign * np.sum(weights * (x - 1) ** 2), np.zeros(size), learning_rate=1e-5, steps=60)
    point = run.explain().point
    least, most = sorted(abs(c) for c in point.curvatures)
    assert point.kind == "not_stationary"
    assert most == pytest.approx(2000, rel=0.01)
    assert 2 <= least < 40
    assert f"{most:.4g}" in point.sentence
    assert "is steep along" in point.sentence


@pytest.mark.parametrize("size", [200, 3000])
def test_a_learning_rate_above_the_limit_is_told_of_many_parameters(size: int) -> None:
    weights = np.geomspace(1, 1000, size)

    def cause(rate: float) -> Any:
        run = ds.minimize(
            lambda x: np.sum(weights * (x - 1) ** 2), np.zeros(size), learning_rate=rate, steps=100
        )
        found = [f for f in run.explain().findings if f.code == "learning_rate_above_limit"]
        return found[0].evidence if found else None

    told = cause(1.02e-3)
    assert told["limit"] == pytest.approx(1e-3, rel=0.01)
    assert told["curvature"] == pytest.approx(2000, rel=0.01)
    assert cause(0.98e-3) is None


def test_a_learning_rate_above_a_limit_that_is_met_on_the_way() -> None:
    """From its start a chain of valleys looks flat enough for the rate."""
    size = 500
    run = ds.minimize(
        lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
        np.full(size, 1.1),
        learning_rate=2e-3,
        steps=50,
    )
    (told,) = [f for f in run.explain().findings if f.code == "learning_rate_above_limit"]
    assert told.evidence["limit"] < 2e-3 < 4 * told.evidence["limit"]
