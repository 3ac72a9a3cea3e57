"""What people's functions return and take, as with SciPy: pairs, arrays of one number, further arguments, Bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import sympy

import downslope as ds
from downslope.errors import ObjectiveError, UsageError


def bowl(v: Any) -> Any:
    return np.sum((v - 1) ** 2)


PAIRS = {
    "array": (lambda v: (bowl(v), 2 * (v - 1)), [3.0, 2.0], [1.0, 1.0]),
    "list": (lambda v: [float(bowl(v)), 2 * (v - 1)], [3.0, 2.0], [1.0, 1.0]),
    "one number": (lambda x: ((x - 1) ** 2, 2 * (x - 1)), 3.0, 1.0),
    "value of shape (1,)": (lambda v: (np.array([bowl(v)]), 2 * (v - 1)), [3.0, 2.0], [1.0, 1.0]),
    "names": (
        lambda x, y: (x**2 + (y - 2) ** 2, (2 * x, 2 * (y - 2))),
        {"x": 3.0, "y": 1.0},
        {"x": 0.0, "y": 2.0},
    ),
    "dict": (
        lambda x, y: (x**2 + y**2, {"y": 2 * y, "x": 2 * x}),
        {"x": 3.0, "y": 1.0},
        {"x": 0.0, "y": 0.0},
    ),
    "branch": (lambda v: (bowl(v), 2 * (v - 1)) if v[0] > -9 else (0.0, v), [3.0, 2.0], [1.0, 1.0]),
}


@pytest.mark.parametrize("case", PAIRS)
@pytest.mark.parametrize("gradient", [None, True])
def test_a_function_may_return_its_value_and_its_gradient(case: str, gradient: Any) -> None:
    function, start, minimum = PAIRS[case]
    run = ds.minimize(function, start, gradient=gradient, tolerance=1e-9)
    assert run.x == pytest.approx(minimum, abs=1e-8)
    assert run.objective.differentiation == "supplied"


def test_a_pair_is_computed_once_for_each_evaluation() -> None:
    calls = []

    def pair(v: Any) -> Any:
        calls.append(np.array(v))
        return float(np.sum(np.cosh(v))), np.sinh(v)

    run = ds.minimize(pair, [1.0, 2.0], learning_rate=0.1, steps=50, explain=False)
    beside_the_run = 20  # the look at the start, and the gradient held against values there
    assert run.nfev <= len(calls) <= run.nfev + beside_the_run
    assert run.gradient_norm == pytest.approx(np.linalg.norm(np.sinh(run.final)))


def test_a_wrong_gradient_in_a_pair_is_warned_of() -> None:
    with pytest.warns(ds.errors.DownslopeWarning, match="where the objective's derivative is"):
        ds.minimize(lambda v: (bowl(v), 3 * (v - 1)), [3.0, 2.0], learning_rate=0.1, steps=3)


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(
        UsageError, match="does not return a pair of its value and its gradient, of 2 numbers"
    ):
        ds.minimize(bowl, [3.0, 2.0], gradient=True)
    with pytest.raises(ObjectiveError, match="one number is needed"):
        ds.minimize(lambda v: [v[0], v[1]], [3.0, 2.0])
    run = ds.minimize(
        lambda v: (bowl(v), 2 * (v - 1)) if v[0] > 2 else bowl(v), [3.0, 2.0], learning_rate=0.4
    )
    assert run.status == "error"
    assert "at the start it was a pair" in run.message


ONE_NUMBER = {
    "(1,)": lambda v: np.array([bowl(v)]),
    "0-d": lambda v: np.array(bowl(v)),
    "(1, 1)": lambda v: np.array([[bowl(v)]]),
    "[x]": lambda v: [bowl(v)],
    "matrix product": lambda v: (v - 1).reshape(1, -1) @ (v - 1).reshape(-1, 1),
    "solve": lambda v: np.sum(np.linalg.solve(np.array([[2.0, 1.0], [1.0, 3.0]]), v - 1) ** 2),
    "det": lambda v: np.linalg.det(np.diag(v)) ** 2 - 2 * v[0] * v[1] + bowl(v),
    "mask": lambda v: np.sum((v - 1)[v > 0] ** 2) + np.sum((v - 1)[v <= 0] ** 2),
    "interp": lambda v: np.interp(v[0], [0, 1, 5], [1, 0, 4]) ** 2 + (v[1] - 1) ** 2,
    "remainder": lambda v: bowl(v) + 0 * np.sum(v % 7),
}


@pytest.mark.parametrize("case", ONE_NUMBER)
def test_one_number_in_any_form(case: str) -> None:
    run = ds.minimize(ONE_NUMBER[case], [3.0, 2.0], tolerance=1e-6)
    assert run.x == pytest.approx([1.0, 1.0], abs=1e-5)


def test_further_arguments_come_after_those_that_vary() -> None:
    def cost(v: Any, a: float, b: float = 1.0) -> Any:
        return np.sum((v - a) ** 2) * b

    assert ds.minimize(cost, [1.0, 2.0], args=(3.0,)).x == pytest.approx([3.0, 3.0])
    assert ds.minimize(cost, [1.0, 2.0], args=4.0).x == pytest.approx([4.0, 4.0])
    run = ds.minimize(cost, [1.0, 2.0], args=(3.0, 0.5), gradient=lambda v, a, b: 2 * b * (v - a))
    assert run.x == pytest.approx([3.0, 3.0])
    named = ds.minimize(lambda x, y, a: (x - a) ** 2 + y**2, {"x": 0.0, "y": 1.0}, args=(2.0,))
    assert named.x == pytest.approx({"x": 2.0, "y": 0.0})
    open_ended = ds.minimize(lambda *p: (p[0] - p[1]) ** 2, 0.0, args=(2.0,))
    assert open_ended.x == pytest.approx(2.0)
    with pytest.raises(UsageError, match="3 further arguments are given in args, but cost takes v, a, b"):
        ds.minimize(cost, [1.0], args=(1, 2, 3))
    with pytest.raises(UsageError, match="of a Python function"):
        ds.minimize("x^2", {"x": 1.0}, args=(1,))


def test_bounds_of_scipy() -> None:
    bounds = scipy.optimize.Bounds([2, -np.inf], [5, 0.5])
    assert ds.minimize(bowl, [3.0, -2.0], bounds=bounds).x == pytest.approx([2.0, 0.5])
    run = ds.minimize("x^2 + y^2", {"x": 3.0, "y": 2.0}, bounds=scipy.optimize.Bounds(1, np.inf))
    assert run.x == {"x": 1.0, "y": 1.0}
    with pytest.raises(UsageError, match="3 bounds are given"):
        ds.minimize(bowl, [3.0, -2.0], bounds=scipy.optimize.Bounds([1, 1, 1], [2, 2, 2]))


x, y = sympy.symbols("x y")
SYMPY = [
    (sympy.acot(x) + x**2, lambda u: np.arctan(1 / u) + u**2),
    (sympy.asec(x + 3), lambda u: np.arccos(1 / (u + 3))),
    (sympy.acsc(x + 3), lambda u: np.arcsin(1 / (u + 3))),
    (
        sympy.sech(x) + sympy.csch(x) + sympy.coth(x),
        lambda u: 1 / np.cosh(u) + 1 / np.sinh(u) + 1 / np.tanh(u),
    ),
    (sympy.asech(x / 3) + sympy.acsch(x), lambda u: np.arccosh(3 / u) + np.arcsinh(1 / u)),
    (sympy.acoth(x + 1), lambda u: np.arctanh(1 / (u + 1))),
    (sympy.Mod(x, 2) + sympy.frac(x), lambda u: u % 2 + u % 1),
    (sympy.re(x) * sympy.conjugate(x), lambda u: u * u),
]


@pytest.mark.parametrize(("expression", "function"), SYMPY)
def test_functions_of_sympy(expression: Any, function: Any) -> None:
    run = ds.minimize(expression, {"x": 1.3}, steps=0)
    assert run.fun == pytest.approx(function(1.3), rel=1e-14)
    h = 1e-6
    assert run.gradient_norm == pytest.approx(abs(function(1.3 + h) - function(1.3 - h)) / (2 * h), rel=1e-6)


def test_an_integral_of_sympy_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        ObjectiveError, match=r"^Integral\(x, \(x, 0, y\)\) in this expression is not worked out; give"
    ):
        ds.minimize(sympy.Integral(x, (x, 0, y)), {"y": 1.0})


def test_where_the_complex_step_was_left_is_told_of_the_run_and_not_of_what_looks_at_it() -> None:
    def cost(v: Any) -> Any:  # overflows, with a warning, far from where the run goes
        if v[0].real > 1e300:
            return 0.0
        return np.sum(np.linalg.solve(np.array([[2.0, 1.0], [1.0, 3.0]]), v) ** 2)

    run = ds.minimize(cost, [2.0, 2.0])
    assert run.objective.differentiation == "complex step"
    assert not any("fails" in str(note) for note in run.notes)
    moved = ds.minimize(
        lambda u: abs(u - 1) if u < 2 else (u - 1) ** 2,
        9.0,
        optimizer="gradient_descent",
        learning_rate=0.4,
        bounds=[(-5, 5)],  # the start is moved
        steps=9,
    )
    assert [("fails at evaluation" in str(note)) for note in moved.notes].count(True) == 1


def test_a_gradient_that_is_no_number_at_one_step_is_named() -> None:
    calls = []

    def gradient(u: float) -> float:
        calls.append(u)
        return float("nan") if len(calls) == 24 else 2 * u

    run = ds.minimize(lambda u: float(u) ** 2, 3.0, gradient=gradient, learning_rate=0.1, steps=50)
    assert run.status == "left_domain"
    assert "the gradient that was supplied is not a finite number" in str(run.message)
    assert np.isfinite(run.fun)


def test_a_part_of_sympy_that_is_not_read_is_named_without_internals() -> None:
    x = sympy.Symbol("x")
    parts = {
        "'w' (IndexedBase)": sympy.IndexedBase("w")[0] ** 2 + x,
        "(Poly)": sympy.Poly(x**2 + 1),
        "'(x, x)' (Tuple)": sympy.Tuple(x, x),
    }
    for named, expression in parts.items():
        with pytest.raises(ObjectiveError) as caught:
            ds.minimize(expression, {"x": 1.0})
        assert named in str(caught.value)
        assert "symengine" not in str(caught.value).lower()
