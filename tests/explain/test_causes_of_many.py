"""Functions of many parameters, which are programs on arrays: the same causes are named as of two parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain.program_parts import ProgramAt, divided_by
from downslope.explain.smoothness import program_is_smooth
from downslope.explain.subexpressions import failure_at, kinks_at
from downslope.objectives.array_program import ArrayProgram

SIZES = (40, 150, 400)


def program(function: Callable[[Any], Any], size: int = 40) -> ArrayProgram:
    return ArrayProgram(function, size)


@pytest.mark.parametrize(
    ("function", "smooth"),
    [
        (lambda x: np.sum(np.sin(1e7 * x)), True),
        (lambda x: np.log(np.sum(np.exp(x))) + np.mean(x**2), True),
        (lambda x: np.sum(2.0**x + 1 / x**2), True),
        (lambda x: np.sum(np.abs(x)), False),
        (lambda x: np.max(x), False),
        (lambda x: np.sum(np.maximum(x, 0)), False),
        (lambda x: np.sum(np.where(x > 0, x, 2 * x)), False),
        (lambda x: np.sqrt(np.sum(x**2)), False),
        (lambda x: np.sum(x**1.5), False),
    ],
)
def test_whether_a_program_can_have_a_kink(function: Callable[[Any], Any], smooth: bool) -> None:
    assert program_is_smooth(program(function)) is smooth


@pytest.mark.parametrize(
    ("function", "part", "argument"),
    [
        (lambda x: np.sum(x**2 - np.log(x)), "log(x[7])", "x[7]"),
        (lambda x: np.sum(np.sqrt(x[::-1] - 1) ** 2), "sqrt(x[7] - 1)", "x[7] - 1"),
        (lambda x: x @ np.log(x.reshape(8, 5).T).ravel(), "log(x[7])", "x[7]"),
        (
            lambda x: np.sum(np.where(x < 0, 1.0, np.log(x))) + np.sum(np.arcsin(x[5:10])),
            "asin(x[9])",
            "x[9]",
        ),
    ],
)
def test_the_innermost_part_that_fails(function: Callable[[Any], Any], part: str, argument: str) -> None:
    x = np.full(40, 2.0)
    x[7], x[9] = -0.5, 3.0 if "asin" in part else 2.0
    if "asin" in part:
        x[[5, 6, 8]] = 0.5
    objective = ds.minimize(function, np.full(40, 1.5), steps=0, learning_rate=1, explain=False).objective
    assert objective.expression is None
    failure = failure_at(objective, x)
    assert failure is not None
    assert (failure.part, failure.argument, failure.of) == (part, argument, "value")
    assert np.isnan(failure.value)


def test_what_fails_in_the_slope_only() -> None:
    objective = ds.minimize(
        lambda x: np.sum(np.sqrt(x)), np.full(40, 1.5), steps=0, learning_rate=1, explain=False
    ).objective
    x = np.full(40, 2.0)
    x[3] = 0.0
    failure = failure_at(objective, x)
    assert failure is not None
    assert failure.of == "x[3]"


def test_divisors_that_change_their_sign_and_corners_near_by() -> None:
    made = program(lambda x: np.sum(1 / (x - 1) ** 3 + 2 / x))
    here, there = np.full(40, 2.0), np.full(40, 2.0)
    there[4], there[6] = 0.5, -1.0
    found = divided_by(made, [here, there])
    names = tuple(f"x[{i}]" for i in range(40))
    told = {str(ProgramAt(made, names, here, [node]).element(node, i).numbers) for node, i in found}
    assert told == {"{'x[4]': 2.0}", "{'x[6]': 2.0}"}
    assert len(found) == 3  # x - 1 in both places, x in one
    objective = ds.minimize(
        lambda x: np.sum(np.abs(x - 1)) + np.max(x), here, steps=0, learning_rate=1, explain=False
    ).objective
    x = np.arange(40.0)
    assert kinks_at(objective, x, 1e-6) == ["abs(x[1] - 1)"]


@pytest.mark.parametrize("size", SIZES)
def test_a_run_that_leaves_the_domain(size: int) -> None:
    run = ds.minimize(
        lambda x: np.sum(5 * x - np.log(x)), np.full(size, 0.5), learning_rate=3, tolerance=1e-6, steps=100
    )
    told = run.explain()
    assert told.codes == ("left_domain",)
    assert told.findings[0].evidence["expression"] == "log(x[0])"
    assert told.point.kind == "not_stationary"


@pytest.mark.parametrize("size", SIZES)
def test_a_plain_slope_is_not_stationary(size: int) -> None:
    run = ds.minimize(
        lambda x: 5.5 * x[0] + 0 * np.sum(x), np.ones(size), learning_rate=0.1, tolerance=1e-6, steps=100
    )
    told = run.explain()
    assert not run.success
    assert told.codes == ("unbounded_below",)
    assert told.point.kind in ("not_stationary", "degenerate")


@pytest.mark.parametrize("size", SIZES)
def test_a_smooth_function_has_no_kink_however_fast_it_waves(size: int) -> None:
    run = ds.minimize(
        lambda x: np.sum(np.sin(1e7 * x)),
        np.linspace(0.1, 1, size),
        learning_rate=0.1,
        tolerance=1e-6,
        steps=100,
    )
    told = run.explain()
    assert "kink" not in told.codes
    assert told.point.kind != "kink"


def test_an_inflection_of_a_function_that_is_called_is_no_minimum() -> None:
    run = ds.minimize(lambda x: float(x) ** 3, 0.53, steps=100, tolerance=1.99e-7)
    assert not run.success
    assert run.explain().point.detail == "inflection"


SAME: dict[str, tuple[Callable[[Any], Any], float, dict[str, Any]]] = {
    "learning_rate_above_limit": (
        lambda x: np.sum(np.log(np.cosh(x))),
        0.7,
        {"learning_rate": 3, "tolerance": 1e-8, "steps": 500},
    ),
    "learning_rate_too_small": (
        lambda x: np.sum(x**2),
        3.0,
        {"learning_rate": 1e-6, "tolerance": 1e-6, "steps": 1000},
    ),
    "schedule_too_fast": (
        lambda x: np.sum(x**2),
        3.0,
        {"learning_rate": 0.1, "schedule": "exponential(rate=0.5)", "tolerance": 1e-6, "steps": 300},
    ),
    "kink": (lambda x: np.sum(np.abs(x)), 0.33, {"learning_rate": 0.1, "tolerance": 1e-6, "steps": 300}),
    "pole": (lambda x: np.sum(x + 1 / x), 5.0, {"learning_rate": 6, "tolerance": 1e-8, "steps": 500}),
    "overflow": (
        lambda x: np.sum(np.exp(x**2)),
        3.0,
        {"learning_rate": 0.1, "tolerance": 1e-8, "steps": 500},
    ),
    "unbounded_below": (
        lambda x: np.sum(x**3),
        -1.0,
        {"learning_rate": 0.01, "tolerance": 1e-6, "steps": 10},
    ),
}


@pytest.mark.parametrize("size", [2, 40, 400])
@pytest.mark.parametrize("code", SAME)
def test_the_same_cause_is_named_of_few_and_of_many(code: str, size: int) -> None:
    function, start, options = SAME[code]
    with np.errstate(all="ignore"):
        run = ds.minimize(function, [start] * size, **options)
        told = run.explain()
    assert not run.success
    assert told.codes == (code,)
    assert told.point.kind == "not_stationary"


NO_MINIMA: dict[str, tuple[Callable[[Any], Any], float, dict[str, Any]]] = {
    "plateau": (lambda x: np.sum(np.tanh(x) ** 2), 15.0, {"learning_rate": 0.1}),
    "asymptote": (lambda x: np.sum(np.exp(-x)), 0.0, {}),
    "inflection": (
        lambda x: np.sum(x**4 - 3 * x**3 + 2),
        -1.0,
        {"learning_rate": 0.0493, "tolerance": 1e-5, "steps": 30_000},
    ),
    "small_by_units": (lambda x: 1e-12 * np.sum(x**2), 3.0, {"learning_rate": 1.0, "tolerance": 1e-6}),
}


@pytest.mark.parametrize("size", [40, 400])
@pytest.mark.parametrize("kind", NO_MINIMA)
def test_what_is_no_minimum_is_no_success_of_many(kind: str, size: int) -> None:
    function, start, options = NO_MINIMA[kind]
    run = ds.minimize(function, [start] * size, **options)
    point = run.explain().point
    assert not run.success
    assert kind in (point.kind, point.detail)


@pytest.mark.parametrize("size", [40, 400])
def test_a_minimum_beside_lower_ground_stays_a_success(size: int) -> None:
    for function, start in (
        (lambda x: np.sum(x + 1 / x), 5.0),  # beyond the pole it falls without end
        (lambda x: np.sum(x**3 - 3 * x), 0.5),
        (lambda x: np.sum((x**2 - 1) ** 2 + 0.1 * x), 0.9),
    ):
        run = ds.minimize(function, [start] * size, learning_rate=0.05, tolerance=1e-6)
        assert run.success
        assert not run.explain().codes
