"""c f is descended by the steps of f, for every c that leaves its values and gradients numbers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import downslope as ds
from trials import fresh_seed, trials

RULES = ("auto", "lbfgs", "conjugate_gradient_pr", "conjugate_gradient_hz", "bfgs", "spg", "acfgm")
FUNCTIONS: dict[str, dict[str, float]] = {
    "(x - 3)^2": {"x": 1.0},
    "(x - 1)^2 + 3*(y + 2)^2 + x*y": {"x": 4.0, "y": 1.0},
    "(1 - x)^2 + 100*(y - x^2)^2": {"x": -1.0, "y": 2.0},
    "cosh(x - 2) + cosh(y)": {"x": 0.0, "y": 3.0},
    "(x - 1)^4 + y^2": {"x": 3.0, "y": 1.0},
    "x - log(x) + (y - x)^2": {"x": 3.0, "y": 1.0},
    "exp(x + y) + exp(x - y) + exp(-x)": {"x": 1.0, "y": 2.0},
    "sqrt(1 + x^2) + sqrt(1 + (y - 1)^2)": {"x": 2.0, "y": -1.0},
    "(x + 10*y)^2 + 5*(z - w)^2 + (y - 2*z)^4 + 10*(x - w)^4": {"x": 3.0, "y": -1.0, "z": 0.1, "w": 1.0},
    "(x^2 + y - 11)^2 + (x + y^2 - 7)^2": {"x": 1.0, "y": 1.0},
}
COMPARED = 10  # rows; rounding grows in bent valleys
AWAY = 1e-7


def path(run: Any, names: Any) -> np.ndarray[Any, Any]:
    return np.column_stack([run.history[name] for name in names])


@pytest.mark.parametrize("rule", RULES)
def test_the_size_of_a_function_changes_no_step(rule: str) -> None:
    rng = random.Random(fresh_seed())
    for text, start in FUNCTIONS.items():
        plain = path(ds.minimize(text, start, optimizer=rule, steps=30), start)
        for _ in range(trials(3)):
            power = rng.randint(-250, 250)
            run = ds.minimize(f"1e{power}*({text})", start, optimizer=rule, steps=30)
            rows = min(len(plain), len(run.history), COMPARED)
            assert rows == min(len(plain), COMPARED), (text, power, run.message)
            assert path(run, start)[:rows] == pytest.approx(plain[:rows], rel=AWAY, abs=AWAY), (text, power)


@pytest.mark.parametrize("engine", ["traced", "hosted"])
@pytest.mark.parametrize("power", [-250, -200, -170, 170, 200, 250])
def test_the_minimum_is_reached_at_every_size(engine: Any, power: int) -> None:
    for text in ("(x - 3)^2 + (y - x)^4 + y^2", "(1 - x)^2 + 100*(y - x^2)^2"):
        start = {"x": -1.0, "y": 2.0}
        plain = ds.minimize(text, start, steps=200)
        run = ds.minimize(f"1e{power}*({text})", start, steps=200, engine=engine)
        assert run.x == pytest.approx(plain.x, abs=1e-6)


def test_a_box_changes_nothing_about_it() -> None:
    run = ds.minimize("1e200*(x - 3)^2 + 1e200*y^2", {"x": 1, "y": 1}, bounds="x=0:2", steps=50)
    assert run.x == pytest.approx({"x": 2.0, "y": 0.0})


def test_values_may_fall_through_all_numbers() -> None:
    run = ds.minimize("exp(x^2)", 20.0, tolerance=1e-8, steps=2000)
    assert run.status == "converged"
    assert run.x == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("power", [-323, -320, -310, -305, 300, 305, 307])
def test_at_the_edge_of_the_numbers_a_run_ends_and_is_explained(power: int) -> None:
    for text, start in FUNCTIONS.items():
        for rule in (None, ds.optimizers.GradientDescent(learning_rate=0.1)):
            run = ds.minimize(f"1e{power}*({text})", start, optimizer=rule, tolerance=1e-8, steps=200)
            assert not run.success or run.gradient_norm <= 1e-8
            assert str(run.explain())


@pytest.mark.parametrize("text", FUNCTIONS)
def test_a_small_function_is_not_at_its_minimum_where_it_began(text: str) -> None:
    rng, start = random.Random(fresh_seed()), FUNCTIONS[text]
    whole = ds.minimize(text, start, relative_tolerance=1e-12, steps=5000)
    way = np.linalg.norm([whole.x[name] - start[name] for name in start])
    for rule in (None, "adgd", "armijo", "barzilai_borwein_short"):
        run = ds.minimize(f"1e{rng.randint(-318, -12)}*({text})", start, optimizer=rule)
        point = run.explain().point
        assert (run.status, run.success, run.nit) == ("converged", False, 0)
        assert "small only because of the units" in run.message
        assert (point.kind, point.escape) == ("small_by_units", None)
        assert point.distance == pytest.approx(way, rel=0.35), (
            text,
            run.fun,
        )  # (x - 1)^4 is neared by degrees


@pytest.mark.parametrize("power", [-12, -9, -8, -6])
def test_a_small_function_is_at_its_minimum_where_that_is_called_success(power: int) -> None:
    for text, start in FUNCTIONS.items():
        whole = ds.minimize(text, start, relative_tolerance=1e-12, steps=5000)
        run = ds.minimize(f"1e{power}*({text})", start)
        way, left = (
            np.linalg.norm([whole.x[name] - at[name] for name in start]) for at in (start, dict(run.x))
        )
        assert run.success == (left < 0.1 * way), (text, left / way)
        again = ds.minimize(f"1e{power}*({text})", dict(whole.x))
        assert again.success, (text, again.message)


def test_a_climb_of_a_small_function_says_that_it_rises_further() -> None:
    run = ds.maximize("-1e-305*((1 - x)^2 + 100*(y - x^2)^2)", {"x": -1.0, "y": 2.0})
    assert not run.success
    assert "the objective still rises, to a point 2.236 away" in run.message
    advice = next(finding.advice for finding in run.explain().findings if finding.advice)
    again = ds.maximize("-1e-305*((1 - x)^2 + 100*(y - x^2)^2)", {"x": -1.0, "y": 2.0}, **advice.setting)
    assert again.x == pytest.approx({"x": 1.0, "y": 1.0}, abs=1e-3)
