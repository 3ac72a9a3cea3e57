"""Levenberg and Marquardt's steps in machine code are those of the rule's text in NumPy, which they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope import lapack
from downslope.fitting.kernels.marquardt import singular_values
from downslope.fitting.marquardt_walk import MOST_COMPILED, Walk, WalkInArrays, WalkInNumbers, walk_from
from downslope.objectives.residuals import Residuals, residuals_from_products, residuals_from_rows
from downslope.optimizers import marquardt
from downslope.optimizers.marquardt import FIRST_RADIUS, LEVEL, MarquardtState, beginning

T = np.linspace(0.1, 4, 30)


def _rosenbrock(x: Any) -> tuple[Any, Any]:
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


def _decay(x: Any) -> tuple[Any, Any]:
    e = np.exp(-x[1] * T)
    r = x[0] * e + x[2] - (3 * np.exp(-T) + 1 + 0.01 * np.cos(40 * T))
    return r, np.column_stack([e, -x[0] * T * e, np.ones_like(T)])


def _dependent(x: Any) -> tuple[Any, Any]:  # of two parameters only the product counts
    e = np.exp(0.3 * T)
    return x[0] * x[1] * e + x[2] - e**1.1, np.column_stack([x[1] * e, x[0] * e, np.ones_like(T)])


def _without_effect(x: Any) -> tuple[Any, Any]:
    J = np.column_stack([np.full_like(T, np.cos(x[0])), np.zeros_like(T)])
    return np.sin(x[0]) - 0.5 + 0 * T, J


def _leaves_its_domain(x: Any) -> tuple[Any, Any]:
    with np.errstate(all="ignore"):
        return np.log(x[0] * T) - np.log(T), np.full((len(T), 1), 1 / x[0])


def _many(x: Any) -> tuple[Any, Any]:
    k = np.arange(1, 9)
    J = np.cos(np.outer(T, k))
    return J @ np.sinh(x) - np.abs(T - 2), J * np.cosh(x)


CASES = {
    "rosenbrock": (_rosenbrock, [-1.2, 1.0]),
    "decay": (_decay, [1.0, 5.0, 0.0]),
    "decay from afar": (_decay, [50.0, 0.01, -30.0]),
    "dependent": (_dependent, [1.0, 2.0, 3.0]),
    "without effect": (_without_effect, [0.1, 7.0]),
    "out of the domain": (_leaves_its_domain, [9.0]),
    "eight": (_many, [3.0] * 8),
}


def _walked(walk: Walk, problem: Any, evaluations: int) -> list[tuple[Any, Any, MarquardtState]]:
    found = []
    for _ in range(evaluations):
        r, J = problem(walk.x)
        cost, told = residuals_from_rows(np.column_stack([J, r]))
        with np.errstate(all="ignore"):
            said = walk.after(cost, told, LEVEL)
        walk.wait()
        walk.go_on()
        found.append((said, walk.x.copy(), walk.state()))
    return found


@pytest.mark.parametrize("radius", [FIRST_RADIUS, 0.1])
@pytest.mark.parametrize("name", CASES)
def test_machine_code_makes_the_steps_of_the_text(name: str, radius: float) -> None:
    problem, start = CASES[name]
    x = np.array(start)
    theirs = _walked(WalkInArrays(x, beginning(x, radius)), problem, 9)
    begun = [(x, beginning(x, radius)), *((at, state) for _, at, state in theirs)]
    for (at, left), (other_said, other_point, other) in zip(begun[:-1], theirs, strict=True):
        ((said, point, state),) = _walked(WalkInNumbers(at, left), problem, 1)
        assert said[0] == other_said[0]
        assert point == pytest.approx(other_point, rel=1e-7, abs=1e-9)
        assert state.radius == pytest.approx(other.radius, rel=1e-7)
        assert state.damping == pytest.approx(other.damping, rel=1e-6)
        assert state.value == pytest.approx(other.value, rel=1e-9, nan_ok=True)
        assert state.scale == pytest.approx(other.scale, rel=1e-9)
        assert (state.begun, state.spent) == (other.begun, other.spent)
        if other.spent:
            break


def test_the_cases_are_damped_and_refused_somewhere() -> None:
    seen = [
        (state.damping > 0, accepted)
        for problem, start in CASES.values()
        for (accepted, *_), _, state in _walked(
            WalkInNumbers(np.array(start), beginning(np.array(start), 0.1)), problem, 9
        )
    ]
    assert {True, False} == {damped for damped, _ in seen} == {accepted for _, accepted in seen}


def test_a_walk_goes_on_from_what_was_left() -> None:
    problem, start = CASES["decay from afar"]
    x = np.array(start)
    whole = _walked(WalkInNumbers(x, beginning(x, FIRST_RADIUS)), problem, 8)
    _, at, left = whole[3]
    rest = _walked(WalkInNumbers(at, left), problem, 4)
    for (said, point, _), (other_said, other_point, _) in zip(rest, whole[4:], strict=True):
        assert said == other_said
        np.testing.assert_array_equal(point, other_point)


def test_an_evaluation_that_does_not_count_changes_nothing() -> None:
    problem, start = CASES["decay"]
    x = np.array(start)
    walk, other = (WalkInNumbers(x, beginning(x, FIRST_RADIUS)) for _ in range(2))
    _walked(walk, problem, 2)
    _walked(other, problem, 2)
    walk.after(1e-3, Residuals(np.eye(3), np.ones(3)), LEVEL)
    walk.go_on()
    for (_, point, _), (_, other_point, _) in zip(
        _walked(walk, problem, 3), _walked(other, problem, 3), strict=True
    ):
        np.testing.assert_array_equal(point, other_point)


@pytest.mark.parametrize("p", [1, MOST_COMPILED, MOST_COMPILED + 1])
def test_few_parameters_are_walked_in_numbers(p: int) -> None:
    walk = walk_from(np.ones(p), beginning(np.ones(p), 1.0))
    assert isinstance(walk, WalkInNumbers) == (p <= MOST_COMPILED)


@pytest.mark.parametrize("dependent", [False, True])
def test_many_columns_need_no_singular_values_where_they_are_independent(
    dependent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((60, 20)) / np.sqrt(20)
    X[:, 7] = X[:, 3] if dependent else X[:, 7]
    y, x = np.exp(X @ rng.uniform(0.5, 1.5, 20)), np.full(20, 2.0)

    def problem(w: Any) -> tuple[Any, Any]:
        u = np.exp(X @ w)
        return u - y, u[:, None] * X

    asked = []

    def watched(matrix: Any) -> Any:
        asked.append(matrix)
        return lapack.singular_values(matrix)

    monkeypatch.setattr(marquardt, "singular_values", watched)
    found = _walked(WalkInArrays(x, beginning(x, FIRST_RADIUS)), problem, 4)
    assert len(asked) == (4 if dependent else 0)
    monkeypatch.setattr(marquardt, "plain_step", lambda S, along: (False, along))
    for (said, point, _), (other_said, other_point, _) in zip(
        found, _walked(WalkInArrays(x, beginning(x, FIRST_RADIUS)), problem, 4), strict=True
    ):
        assert said == pytest.approx(other_said, rel=1e-9)
        assert point == pytest.approx(other_point, rel=1e-9)


def test_the_products_of_dependent_columns_are_a_triangle() -> None:
    rng = np.random.default_rng(6)
    rows = rng.standard_normal((40, 5))
    rows[:, 2] = rows[:, 0]
    cost, told = residuals_from_products(rows.T @ rows)
    assert cost == pytest.approx(np.sum(rows[:, 4] ** 2))
    np.testing.assert_array_equal(told.root, np.triu(told.root))
    np.testing.assert_allclose(told.root.T @ told.root, rows[:, :4].T @ rows[:, :4], atol=1e-12)
    np.testing.assert_allclose(told.root.T @ told.along, rows[:, :4].T @ rows[:, 4], atol=1e-12)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_singular_values_are_lapacks(n: int, size: float) -> None:
    rng = np.random.default_rng(n)
    A = np.triu(rng.standard_normal((n, n)) * 10.0 ** -np.arange(n))
    left, values, right = singular_values(A * size)
    assert values / size == pytest.approx(np.linalg.svd(A)[1], rel=1e-12)
    np.testing.assert_allclose((left * (values / size)) @ right, A, rtol=0, atol=1e-14 * n)
    np.testing.assert_allclose(right @ right.T, np.eye(n), atol=1e-14 * n)


def test_singular_values_of_a_singular_matrix() -> None:
    left, values, right = singular_values(np.array([[1.0, 2.0], [0.0, 0.0]]))
    assert values == pytest.approx([np.sqrt(5), 0.0], abs=1e-15)
    np.testing.assert_allclose((left * values) @ right, [[1.0, 2.0], [0.0, 0.0]], atol=1e-15)
    assert np.all(singular_values(np.zeros((2, 2)))[1] == 0)
