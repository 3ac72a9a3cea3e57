"""Gradients of programs against complex steps and against JAX, their changes along directions, and special values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn_functions import Drawn, drawn
from functions_of_arrays import CASES, Function, recorded, worked_out

from downslope.programs.array import ProgramArray
from downslope.programs.derivatives import along, gradient
from downslope.programs.evaluate import evaluated
from downslope.programs.node import ArrayNode, Graph
from downslope.symbolic import SymbolicArray
from downslope.symbolic import gradient as symbolic_gradient
from downslope.symbolic.native import interpreted
from trials import fresh_seed, trials

PARTS = 5
SAMPLE = 30  # functions for each part; scripts/soak draws many times as many
WITH_JAX = 12  # of these against JAX, which compiles each of them

# Central differences of sixth order: weights of f(x + k*h)
DIFFERENCES = {-3: -1 / 60, -2: 3 / 20, -1: -3 / 4, 1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
APART = 1e-3


@pytest.fixture(scope="module")
def seed() -> int:
    return fresh_seed()


def slopes(function: Callable[[Any], Any], point: np.ndarray) -> np.ndarray:
    """The gradient of a function of one array, by its program."""
    x = Graph().input("x", point.shape)
    value = function(ProgramArray(x))
    return evaluated(gradient(value.node, [x]), {"x": point})[0]


def complex_steps(function: Drawn, point: np.ndarray) -> np.ndarray:
    steps = point + 1e-30j * np.eye(point.size)
    return np.array([np.imag(function(np, step)) / 1e-30 for step in steps])


def near(found: np.ndarray, wanted: np.ndarray, tolerance: float, told: str) -> None:
    scale = max(np.max(np.abs(wanted)), 1.0)
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * scale, err_msg=told)


@pytest.mark.parametrize("part", range(PARTS))
def test_drawn_smooth_functions_have_the_slopes_of_complex_steps(seed: int, part: int) -> None:
    for k in range(trials(SAMPLE)):
        function, point = drawn([seed, part, k], corners=False)
        told = f"{[seed, part, k]}: {function.names}"
        found = slopes(lambda x, f=function: f(np, x), point)
        near(found, complex_steps(function, point), 1e-12, told)


@pytest.mark.parametrize("part", range(PARTS))
def test_drawn_functions_have_the_slopes_of_jax(seed: int, part: int) -> None:
    with jax.enable_x64(True):
        for k in range(trials(WITH_JAX)):
            function, point = drawn([seed, part, k, 1], corners=True)
            told = f"{[seed, part, k, 1]}: {function.names}"
            found = slopes(lambda x, f=function: f(np, x), point)
            wanted = slopes_of_jax(function, point, found)
            if np.allclose(found, wanted, rtol=1e-12, atol=1e-12) or not at_a_corner(function, point, found):
                near(found, wanted, 1e-12, told)


def at_a_corner(function: Drawn, point: np.ndarray, found: np.ndarray) -> bool:
    """Whether the slopes are others right beside the point: two numbers that are compared differ by rounding alone."""
    beside = (slopes(lambda x: function(np, x), point * (1 + k * 1e-10)) for k in (-2, -1, 1, 2))
    return any(not np.allclose(other, found, rtol=1e-5, atol=1e-5) for other in beside)


def slopes_of_jax(function: Drawn, point: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Compiled, which is fast; and where that is something else, one operation after the other.

    Compiled, an element and the largest of all may be computed in ways that are rounded differently, and then no
    element is the largest.
    """
    by_jax = jax.grad(lambda x: function(jnp, x))
    compiled = np.asarray(jax.jit(by_jax)(point))
    agrees = np.allclose(found, compiled, rtol=1e-12, atol=1e-12)
    return compiled if agrees else np.asarray(by_jax(jnp.asarray(point)))


def weighted(nodes: list[ArrayNode]) -> ArrayNode:
    """One number of several results."""
    rng = np.random.default_rng(5)
    parts = [ProgramArray(node) * rng.normal(size=node.shape) for node in nodes if not node.truth]
    return sum((part.sum() for part in parts), start=ProgramArray(nodes[0].graph.number(0.0))).node


def differences(function: Callable[[np.ndarray], np.ndarray], step: np.ndarray) -> np.ndarray:
    total = sum(weight * function(k * APART * step) for k, weight in DIFFERENCES.items())
    return np.asarray(total) / APART


@pytest.mark.parametrize(("name", "function", "point"), CASES, ids=[c[0] for c in CASES])
def test_slopes_of_every_function_and_how_they_change(name: str, function: Function, point: Any) -> None:
    x, nodes = recorded(function, point.shape)
    value = weighted(nodes)
    v = x.graph.input("v", point.shape)
    slope = gradient(value, [x])
    changes = along([*slope, value], [x], [v])
    direction = np.random.default_rng(3).normal(size=point.shape)
    found, curved, change = evaluated([*slope, *changes], {"x": point, "v": direction})
    for index in np.ndindex(*point.shape):
        step = np.zeros(point.shape)
        step[index] = 1.0
        wanted = differences(lambda by: evaluated([value], {"x": point + by})[0], step)
        near(found[index], wanted, 2e-7, name)
    near(change, np.sum(found * direction), 1e-11, name)
    near(curved, differences(lambda by: evaluated(slope, {"x": point + by})[0], direction), 1e-6, name)


# Where a function has a corner, or a branch that is not taken has no value: the scalar form is the measure.
AT_CORNERS: dict[str, tuple[Function, list[float]]] = {
    "abs at 0": (lambda x: np.sum(np.abs(x)), [0.0, -1.0, 2.0]),
    "sign": (lambda x: np.sum(np.sign(x) * x), [0.0, -1.0, 2.0]),
    "maximum where equal": (lambda x: np.sum(np.maximum(x, 1.0) * [1, 2, 3]), [1.0, 0.0, 2.0]),
    "minimum where equal": (lambda x: np.sum(np.minimum(x, x[::-1]) * [1, 2, 3]), [1.0, 0.0, 1.0]),
    "largest of two": (lambda x: np.max(x), [1.0, 0.5, 1.0]),
    "smallest of two": (lambda x: np.min(x[1:]) * x[0], [2.0, -1.0, -1.0]),
    "clip at its ends": (lambda x: np.sum(np.clip(x, -1.0, 1.0)), [-1.0, 1.0, 3.0]),
    "where at its border": (lambda x: np.sum(np.where(x > 0, x**2, -x)), [0.0, 1.0, -1.0]),
    "root of 0": (lambda x: np.sum(np.sqrt(x)), [0.0, 1.0, 4.0]),
    "root of 0 not taken": (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), [0.0, 1.0, -4.0]),
    "logarithm not taken": (lambda x: np.sum(np.where(x > 0, np.log(x) * np.sqrt(x), x)), [0.0, -1.0, 4.0]),
    "quotient not taken": (lambda x: np.sum(np.where(x == 0, 1.0, np.sin(x) / x)), [0.0, 1.0, 2.0]),
    "power of 0": (lambda x: np.sum(x**1.5 + x**2 + x**1 + x**3), [0.0, 1.0, 2.0]),
    "power with exponents": (lambda x: np.sum(np.abs(x) ** x[1]), [0.0, 2.0, 1.0]),
    "product with a 0": (lambda x: np.prod(x), [0.0, 2.0, 3.0]),
    "product with two": (lambda x: np.prod(x), [0.0, 0.0, 3.0]),
    "running product with a 0": (lambda x: np.sum(np.cumprod(x) * [1, 2, 3]), [2.0, 0.0, 3.0]),
    "norm at another root": (lambda x: np.linalg.norm(x[1:]) * x[0], [1.0, 3.0, 4.0]),
    "what is not used": (lambda x: np.sum(np.sqrt(x)[1:]), [0.0, 1.0, 4.0]),
    "what is not taken from": (lambda x: np.sum(np.log(x)[[2, 1]]), [0.0, 1.0, 4.0]),
    "choice within a choice": (
        lambda x: np.sum(np.where(x > 1, np.where(x > 2, np.sqrt(x - 2), np.log(x - 1)), x)),
        [1.0, 1.5, 2.0],
    ),
    "larger of a root": (lambda x: np.sum(np.maximum(np.sqrt(x), 1.0)), [0.0, 1.0, 4.0]),
    "not taken, then sliced": (
        lambda x: np.sum(np.where(x[1:] > 0, np.sqrt(x * 1.0)[1:], 2.0)),
        [1.0, 0.0, 4.0],
    ),
    "one number not taken": (
        lambda x: np.sum(np.where(np.array([True, False, True]) & (x > 0), np.sqrt(x[0]) * x, x)),
        [0.0, 1.0, -1.0],
    ),
    "not taken anywhere": (lambda x: np.sum(np.where(x > 9, np.sqrt(x[0] * x[0]) * x, x)), [0.0, 1.0, -1.0]),
    "rounded down": (lambda x: np.sum(np.floor(x) * x), [0.5, 1.5, -2.5]),
}


@pytest.mark.parametrize("name", AT_CORNERS)
def test_corners_and_branches_not_taken_mean_what_they_mean_for_numbers(name: str) -> None:
    function, numbers = AT_CORNERS[name]
    point = np.array(numbers)
    symbols = SymbolicArray.symbols("x", 3)
    expression = function(symbols).item()
    scalar = interpreted(list(symbols.tolist()), symbolic_gradient(expression, symbols.tolist()))(point)
    np.testing.assert_allclose(slopes(function, point), np.ravel(scalar), rtol=1e-14)


def test_several_largest_elements_share_the_slope() -> None:
    found = slopes(lambda x: np.max(x) * 6, np.array([2.0, 1.0, 2.0, 2.0]))
    np.testing.assert_array_equal(found, [2.0, 0.0, 2.0, 2.0])


def test_views_of_one_array_become_one_assembled_array() -> None:
    x = Graph().input("x", (50,))
    a = ProgramArray(x)
    value = np.sum(100 * (a[1:] - a[:-1] ** 2) ** 2 + (1 - a[:-1]) ** 2)
    (slope,) = gradient(value.node, [x])
    assert slope.operation == "assemble"
    assert [piece.shape for piece in slope.operands] == [(49,), (49,)]


def test_what_does_not_depend_on_an_input_has_slope_zero() -> None:
    graph = Graph()
    x, y = graph.input("x", (3,)), graph.input("y", ())
    value = np.sum(ProgramArray(x) ** 2)
    found = evaluated(gradient(value.node, [x, y]), {"x": np.ones(3), "y": np.array(2.0)})
    np.testing.assert_array_equal(found[0], [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(found[1], 0.0)


def test_a_long_sum_of_numbers_is_differentiated() -> None:
    n = 3000

    def chain(x: Any) -> Any:
        return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(n - 1))

    point = np.linspace(-1, 1, n)
    whole = slopes(lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), point)
    np.testing.assert_allclose(slopes(chain, point), whole, rtol=1e-12, atol=1e-12)


def test_a_long_chain_of_choices_and_places_is_differentiated() -> None:
    def function(x: Any) -> Any:
        y = x
        for _ in range(1200):
            y = np.where(y > 5, 0.0, y)[[1, 2, 3, 0]]
        return np.sum(np.sqrt(y))

    point = np.array([1.0, 4.0, 0.25, 0.01])
    np.testing.assert_allclose(slopes(function, point), 0.5 / np.sqrt(point), rtol=1e-14)


def test_a_long_chain_of_factors_does_not_grow_with_its_square() -> None:
    x = Graph().input("x", (4,))
    y = ProgramArray(x)[1:]
    for k in range(400):
        y = y * (1 + ProgramArray(x)[0] * k)
    gradient(np.sum(y).node, [x])
    assert len(x.graph.nodes) < 400 * 20


def test_singular_equations_have_no_value_and_do_not_stop_the_program() -> None:
    found = worked_out(lambda a: np.linalg.solve(a, np.ones(2)), np.ones((2, 2)))[0]
    assert np.isnan(found).all()
