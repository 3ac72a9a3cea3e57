"""Causes that no formula tells: what happens with something changed is run, and is what is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds

BOWL, FAR = "3*(x-1)^2 + (y+2)^2", {"x": 4.0, "y": 1.0}


def explained(formula: str, start: dict[str, float], up: bool = False, **options: Any) -> tuple[Any, Any]:
    run = (ds.maximize if up else ds.minimize)(formula, start, **options)
    return run, run.explain()


@pytest.mark.parametrize(("rule", "rate", "steps"), [("yogi", 32.6, 2), ("radam", 12.3, 100)])
def test_a_rate_far_too_large_is_named_by_one_that_arrives(rule: str, rate: float, steps: int) -> None:
    run, told = explained(BOWL, FAR, optimizer=rule, learning_rate=rate, steps=steps, tolerance=1e-6)
    assert not run.success
    assert told.codes == ("learning_rate_above_limit",)
    assert told.findings[0].advice.setting["learning_rate"] < rate


@pytest.mark.parametrize("decay", [0.01, 0.5])
def test_weight_decay_that_holds_the_point_off_is_named(decay: float) -> None:
    run, told = explained(
        BOWL,
        FAR,
        optimizer="adamw",
        learning_rate=0.05,
        steps=5000,
        tolerance=1e-6,
        hyperparameters={"weight_decay": decay},
    )
    assert (run.success, told.codes) == (False, ("weight_decay",))
    rest = {"learning_rate": 0.05, "steps": 5000, "tolerance": 1e-6, **told.findings[0].advice.setting}
    assert ds.minimize(BOWL, FAR, optimizer="adamw", **rest).success


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("formula", ["-1/(x-1)^2", "tan(x)"])
def test_poles_of_every_order_are_named(formula: str, up: bool) -> None:
    formula, start = f"-({formula})" if up else formula, {"x": 3.0 if "1" in formula else 1.0}
    run, told = explained(formula, start, up, learning_rate=0.1, steps=3000, tolerance=1e-9)
    assert (run.success, told.codes) == (False, ("pole",))


@pytest.mark.parametrize(("formula", "up"), [("-cosh(x)", False), ("exp(-x)", True)])
def test_what_ran_off_without_end_has_a_cause(formula: str, up: bool) -> None:
    run, told = explained(formula, {"x": 1.0}, up, learning_rate=0.1)
    assert (run.status, told.codes) == ("unbounded", ("unbounded_below",))
    assert ("rises" if up else "falls") in str(told)


def test_a_rate_just_above_its_limit_is_written_with_digits_enough() -> None:
    _, told = explained("x^2", {"x": 3.0}, learning_rate=1.0001, steps=100, tolerance=1e-6)
    assert "The learning rate 1.0001 is just above the limit 1 " in str(told)
    assert "-1.0002" in str(told)


def test_a_cycle_from_the_start_on_is_a_cycle() -> None:
    _, told = explained("x^4", {"x": 1.0}, learning_rate=0.5, steps=200, tolerance=1e-8)
    assert told.codes == ("cycle",)


def test_advice_says_which_limit_it_needs_and_prefers_what_needs_none() -> None:
    _, told = explained(BOWL, FAR, optimizer="rmsprop", learning_rate=1e-6, steps=2000, tolerance=1e-6)
    assert told.findings[0].advice.steps <= 2000
    assert "steps" not in told.findings[0].advice.setting
    _, told = explained("x^2", {"x": 3.0}, learning_rate=0.1, steps=9, tolerance=1e-8)
    advice = told.findings[0].advice
    assert ("needs a limit of" in advice.sentence) == (
        "steps" in advice.setting and advice.key != "advice.steps"
    )


def test_a_wrong_gradient_of_many_parameters_is_found_in_some_of_them() -> None:
    scales = np.linspace(1, 10, 3000)
    with pytest.warns(ds.GradientWarning, match="wrong sign"):
        run = ds.minimize(
            lambda x: float(np.sum(scales * x**2)),
            np.ones(3000),
            gradient=lambda x: -2 * scales * x,
            learning_rate=0.05,
            steps=50,
            tolerance=1e-6,
        )
    told = run.explain()
    assert told.codes == ("gradient_mismatch",)
    assert told.findings[0].evidence["slip"] == "sign"
