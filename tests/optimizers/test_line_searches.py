"""Line searches: the Wolfe conditions, trials that are no numbers, rounding, and what the directions are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent import LoopOptions, Stopping, descend
from downslope.errors import HyperparameterError
from downslope.objectives import as_objective
from downslope.objectives.problems import problem
from downslope.optimizers import (
    ACFGM,
    LBFGS,
    AdaptiveBarzilaiBorwein,
    Armijo,
    Auto,
    ConjugateGradientHZ,
    ConjugateGradientPR,
)
from downslope.optimizers import state as states
from downslope.optimizers.line_search import LEVEL
from downslope.optimizers.rules import auto

WOLFE = [LBFGS(), LBFGS(memory=1), LBFGS(curvature=0.1), ConjugateGradientPR(), ConjugateGradientHZ(), Auto()]
SEARCHING = [*WOLFE, Armijo(), AdaptiveBarzilaiBorwein(initial_step=0.1), ACFGM()]
NAMES = [
    "rosenbrock",
    "beale",
    "wood",
    "helical-valley",
    "himmelblau",
    "powell-singular",
    "brown-dennis",
    "watson",
]


def name_of(rule: Any) -> str:
    return repr(rule)


def bowl(x: Any) -> tuple[float, Any]:
    H = np.arange(1.0, len(x) + 1)
    return float(x @ (H * x)) / 2, H * x


def constants(rule: Any) -> tuple[float, float, float]:
    if isinstance(rule, Auto):
        return auto.C1, auto.C2, math.inf
    return rule.sufficient_decrease, rule.curvature, rule.curvature


@pytest.mark.parametrize("rule", WOLFE, ids=name_of)
@pytest.mark.parametrize("name", NAMES)
def test_wolfe_conditions_hold_at_every_accepted_step(rule: Any, name: str) -> None:
    p = problem(name)
    f, x = as_objective(p.formula, dict(zip(p.variables, p.start, strict=True)))
    c1, c2, c3 = constants(rule)
    state, strict, checked = rule.init(x), 0, 0
    for _ in range(150):
        value, g = f.value_and_gradient(x)
        s = state.search
        next_x, after, accepted = rule.update(x, value, g, state)
        if accepted and s.trials >= 0:
            checked += 1
            m0, m = s.g @ s.d, g @ s.d
            assert m0 < 0
            assert np.allclose(x, s.x + s.a * s.d, rtol=0, atol=0)
            assert value <= s.f + max(c1 * s.a * m0, LEVEL * s.size)
            if abs(s.a * m0) > 1e-3 * LEVEL * s.size:  # else the step is lost in the value's rounding
                assert c2 * m0 <= m <= (math.inf if c3 == math.inf else -c3 * m0)
            strict += bool(value <= s.f + c1 * s.a * m0)
        x, state = next_x, after
        if np.linalg.norm(g) < 1e-10:
            break
    assert strict >= 0.7 * checked > 0


@pytest.mark.parametrize("rule", SEARCHING, ids=name_of)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_trial_that_is_no_number_is_rejected_shortened_and_forgotten(rule: Any, bad: float) -> None:
    start = np.array([1.0, -2.0])
    value, g = bowl(start)
    trial, state, accepted = rule.update(start, value, g, rule.init(start))
    assert accepted
    reach = np.linalg.norm(trial - start)
    for _ in range(5):
        shorter, state, accepted = rule.update(trial, bad, np.full(2, math.nan), state)
        assert not accepted
        assert 0 < np.linalg.norm(shorter - start) <= 0.51 * np.linalg.norm(trial - start)
        assert all(np.all(np.isfinite(leaf)) for _, leaf in states.leaves(state))
        trial = shorter
    assert np.linalg.norm(trial - start) < 0.1 * reach
    x = trial
    for _ in range(200):
        x, state, _ = rule.update(x, *bowl(x), state)
    assert np.linalg.norm(x) < 1e-6


@pytest.mark.parametrize(
    "rule", [*WOLFE, Armijo(initial_step=1e6), AdaptiveBarzilaiBorwein(initial_step=1e6)], ids=name_of
)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
@pytest.mark.parametrize("start", [1e-3, 0.5, 40.0])
def test_a_step_out_of_the_domain_is_taken_back(rule: Any, engine: Any, start: float) -> None:
    run = ds.minimize("x - log(x)", start={"x": start}, optimizer=rule, engine=engine, tolerance=1e-8)
    assert run.status == "converged"
    assert run.x["x"] == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("rule", SEARCHING, ids=name_of)
def test_evaluations_are_counted_exactly(rule: Any, monkeypatch: Any) -> None:
    p, points = problem("rosenbrock"), []
    f, x = as_objective(p.formula, dict(zip(p.variables, p.start, strict=True)))
    original = f.value_and_gradient

    def counted(x: Any) -> Any:
        points.append(x)
        return original(x)

    monkeypatch.setattr(f, "value_and_gradient", counted)
    run = descend(f, x, rule, Stopping(steps=10), loop=LoopOptions(engine="hosted"))
    assert run.nit == 10
    assert run.nfev == len(points) >= 11


@pytest.mark.parametrize("rule", WOLFE, ids=name_of)
@pytest.mark.parametrize(
    "formula", ["x^2 + 3*y^2 + 1e6", "exp(x) - x + y^2 - 5", "sqrt(1 + x^2 + y^2)", "cosh(x - y) + x^2"]
)
def test_rounding_does_not_stall_the_search(rule: Any, formula: str) -> None:
    run = ds.minimize(formula, start={"x": 1.3, "y": -0.7}, optimizer=rule, tolerance=1e-8)
    assert run.status == "converged"


@pytest.mark.parametrize("rule", WOLFE, ids=name_of)
def test_falling_for_ever_is_noticed(rule: Any) -> None:
    assert ds.minimize("x", start={"x": 1.0}, optimizer=rule).status == "unbounded"


@pytest.mark.parametrize("cls", [ConjugateGradientPR, ConjugateGradientHZ])
@pytest.mark.parametrize("d", [2, 4, 7])
def test_conjugate_gradients_end_on_a_quadratic_in_as_many_steps_as_dimensions(cls: Any, d: int) -> None:
    H = np.linspace(1, 20, d)

    def f(x: Any) -> tuple[float, Any]:
        return float(x @ (H * x)) / 2, H * x

    x = np.ones(d)
    rule: Any = cls(curvature=1e-9)
    state, steps, start = rule.init(x), -1, f(x)[0]
    while True:
        value, g = f(x)
        x, state, accepted = rule.update(x, value, g, state)
        steps += bool(accepted)
        if accepted and value < 1e-10 * start:
            break
    assert steps <= d + 1


def test_the_two_loops_are_the_dense_product() -> None:
    random = np.random.default_rng(5)
    d, m = 6, 4
    A = random.standard_normal((d, d))
    A = A @ A.T + np.eye(d)
    S = [random.standard_normal(d) for _ in range(m)]  # newest first
    Y = [A @ s for s in S]
    g = random.standard_normal(d)
    from downslope.optimizers.rules.lbfgs import direction

    H = np.eye(d) * (S[0] @ Y[0]) / (Y[0] @ Y[0])
    for s, y in zip(reversed(S), reversed(Y), strict=True):  # BFGS's update, Nocedal and Wright (6.17)
        ρ = 1 / (s @ y)
        V = np.eye(d) - ρ * np.outer(y, s)
        H = V.T @ H @ V + ρ * np.outer(s, s)
    found = direction(tuple(S), tuple(Y), tuple(1 / (s @ y) for s, y in zip(S, Y, strict=True)), g)
    assert found == pytest.approx(-H @ g, rel=1e-10)
    none = np.zeros(d)
    assert direction(
        (*S, none), (*Y, none), (*(1 / (s @ y) for s, y in zip(S, Y, strict=True)), 0.0), g
    ) == pytest.approx(found)


def test_pairs_that_curve_downwards_are_skipped() -> None:
    x, rule = np.array([1.0]), LBFGS()
    state = rule.init(x)
    f: Callable[[Any], tuple[float, Any]] = lambda x: (float(np.cos(x[0])), -np.sin(x))  # noqa: E731
    for _ in range(30):
        x, state, _ = rule.update(x, *f(x), state)
        assert all(r >= 0 for r in state.ρ)
    assert x[0] == pytest.approx(math.pi, abs=1e-7)


@pytest.mark.parametrize("memory", [0, -1, 1.5, math.nan, "3", True, 101])
def test_the_memory_must_be_a_whole_number(memory: Any) -> None:
    with pytest.raises(HyperparameterError, match="memory"):
        LBFGS(memory=memory)


ENDLESS = {
    "x + 1/x": {"x": 5.0},
    "x + 2*y + 1/x + 1/y": {"x": 3.0, "y": 2.0},
    "-x + sin(x)": {"x": 1.0},
}


@pytest.mark.parametrize("rule", ["auto", "lbfgs", "bfgs", "conjugate_gradient_pr", "conjugate_gradient_hz"])
@pytest.mark.parametrize("text", ENDLESS)
def test_an_endless_slope_is_run_down_by_leaps(text: str, rule: str) -> None:
    """Curvature that was learnt before a pole, or on a wave, holds no search to the steps that were right there."""
    run = ds.minimize(text, ENDLESS[text], optimizer=rule)
    assert run.status == "unbounded"
    assert run.nfev < 100
