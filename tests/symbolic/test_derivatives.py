"""Derivatives by reverse accumulation, held against SymEngine's own, the complex step and 50-digit differences."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
import symengine as se

from downslope.errors import ObjectiveError
from downslope.language import parse
from downslope.objectives.differences import central_differences, complex_step
from downslope.objectives.formula import FormulaObjective, from_text
from downslope.symbolic import compile_native, gradient, hessian, lower
from downslope.symbolic.lower import call

SMOOTH = [
    "x^2/20 + y^2",
    "x*y*z*(x + y)*(y + z)",
    "(1 - x)^2 + 100*(y - x^2)^2",
    "exp(x*y)/(1 + exp(-z))",
    "log(1 + x^2 + y^2)*sin(z)",
    "sqrt(1 + x^2)/cos(y/4)",
    "tan(x/3) + asin(x/5) + acos(y/5) + atan(z)",
    "sinh(x)*cosh(y) - tanh(z)",
    "asinh(x) + acosh(2 + y^2) + atanh(z/9)",
    "erf(x)*erf(y*z)",
    "atan2(x, 2 + y^2)",
    "(1 + x^2)^y + 2^z",
    "log10(3 + x^2) + log2(4 + y)",
    "x^-2 + y^-1 + z^0.5",
    "(x/y)/(z/x)",
    "exp(-((x - y)^2))*sin(exp(z/3))^3",
]
POINTS = [(0.7, 1.3, 1.9), (-1.1, 0.4, 2.6), (1.7, -0.9, 0.3)]


def at(formula: str, *point: float) -> tuple[float, list[float]]:
    value, partials = from_text(formula).value_and_gradient(np.array(point))
    return value, partials.tolist()


def symbols_of(expression: Any) -> list[Any]:
    return sorted(expression.free_symbols, key=str)


@pytest.mark.parametrize("formula", SMOOTH)
def test_agrees_with_symengine(formula: str) -> None:
    expression = lower(parse(formula).tree)
    names = symbols_of(expression)
    for point in POINTS:
        where = dict(zip(names, point, strict=False))
        for ours, symbol in zip(gradient(expression, names), names, strict=True):
            expected = complex(expression.diff(symbol).subs(where).n(53))
            assert complex(ours.subs(where).n(53)) == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("formula", SMOOTH)
def test_agrees_with_fifty_digit_differences(formula: str) -> None:
    expression = lower(parse(formula).tree)
    names = symbols_of(expression)
    ours = from_text(formula)
    with mpmath.workdps(50):
        import sympy

        exact = sympy.lambdify(list(map(str, names)), sympy.sympify(expression), "mpmath")
        for point in POINTS:
            _, partials = ours.value_and_gradient(np.array(point[: len(names)]))
            for i, partial in enumerate(partials):
                start = [mpmath.mpf(v) for v in point[: len(names)]]
                wanted = complex(
                    mpmath.diff(exact, tuple(start), tuple(int(i == j) for j in range(len(names))))
                )
                if wanted.imag == 0 and math.isfinite(partial):
                    assert partial == pytest.approx(wanted.real, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("formula", SMOOTH)
def test_hessian_agrees_with_differences_of_the_gradient(formula: str) -> None:
    objective = from_text(formula)
    point = np.array(POINTS[0][: objective.parameters.size])
    exact = objective.hessian(point)
    rows = [
        central_differences(lambda x, i=i: float(objective.gradient(x)[i]), point) for i in range(len(point))
    ]
    assert exact == pytest.approx(np.array(rows), rel=1e-6, abs=1e-6 * np.max(np.abs(exact)))
    assert exact == pytest.approx(exact.T, rel=1e-12)


def test_complex_step_agrees_on_an_analytic_function() -> None:
    def f(v: Any) -> Any:
        return np.exp(v[0] * v[1]) * np.sin(v[2]) / (1 + v[0] ** 2)

    _, ours = at("exp(x*y)*sin(z)/(1 + x^2)", *POINTS[0])
    assert complex_step(f, np.array(POINTS[0])) == pytest.approx(ours, rel=1e-13)


@pytest.mark.parametrize(
    ("formula", "point", "derivative"),
    [
        ("abs(x)", 0.0, 0.0),
        ("abs(x)", -2.0, -1.0),
        ("max(x, 3*x)", 0.0, 2.0),
        ("min(x, 3*x)", 0.0, 2.0),
        ("max(x, 2*x, 3*x)", 1.0, 3.0),
        ("min(x, 2*x, 3*x)", 1.0, 1.0),
        ("max(x, 1)", 1.0, 0.5),
        ("relu(x)", 0.0, 0.0),
        ("relu(x)", 1e-300, 1.0),
        ("sign(x)", 0.0, 0.0),
        ("sign(x)", 5.0, 0.0),
        ("where(x > 0, 5*x, 7*x)", 0.0, 7.0),
        ("where(x >= 0, 5*x, 7*x)", 0.0, 5.0),
        ("abs(x^2 - 1)", 1.0, 0.0),
    ],
)
def test_derivative_at_a_kink_is_the_one_stated(formula: str, point: float, derivative: float) -> None:
    assert at(formula, point)[1] == [derivative]


def test_second_derivative_of_abs_is_zero_even_at_the_kink() -> None:
    assert from_text("abs(x) + y^2").hessian(np.array([0.0, 1.0])).tolist() == [[0.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize(
    ("formula", "point", "value", "derivative"),
    [
        ("where(x > 0, sqrt(x), 0)", 0.0, 0.0, 0.0),
        ("where(x > 0, sqrt(x), 0)", -1.0, 0.0, 0.0),
        ("where(x > 0, x*log(x), 0)", 0.0, 0.0, 0.0),
        ("where(x > 0, 1/x, x^2)", -3.0, 9.0, -6.0),
        ("where(x > 0, where(x > 1, log(x - 1), 2*x), 3*x)", 0.5, 1.0, 2.0),
        ("2*where(x > 0, sqrt(x), 0)^2", -4.0, 0.0, 0.0),
    ],
)
def test_a_branch_not_taken_cannot_spoil_the_one_that_is(
    formula: str, point: float, value: float, derivative: float
) -> None:
    assert at(formula, point) == (value, [derivative])


def test_zero_to_a_power() -> None:
    assert at("0^y + y^2", 1.0) == (1.0, [2.0])
    assert at("x^y", 0.0, 2.0) == (0.0, [0.0, 0.0])
    assert at("x^y", 0.0, 1.0) == (0.0, [1.0, 0.0])
    assert math.isnan(at("(-2)^y + y", 1.5)[0])  # complex, were it not for real numbers


@pytest.mark.parametrize(
    "formula",
    [
        "abs({})",
        "min({}, 1)",
        "max({}, 1)",
        "min(1, {})",
        "max(1, {})",
        "relu({})",
        "sign({})",
        "cbrt({})",
        "sigmoid({})",
        "softplus({})",
        "erf({})",
        "atan2({}, 1)",
        "where({} > 0, {}, {})",
        "max(1, {}, 2)",
    ],
)
def test_nan_is_never_swallowed(formula: str) -> None:
    objective = from_text(formula.replace("{}", "sqrt(x)"))
    value, _ = objective.value_and_gradient(np.array([-1.0]))
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("formula", "x", "value", "derivative"),
    [
        ("(2x)^999999999", 0.1, 0.0, 0.0),
        ("(2x)^999999999", 0.5, 1.0, 2.0 * 999999999),
        ("(2x)^1500", 0.5, 1.0, 3000.0),
        ("(-2x)^1501", 0.5, -1.0, -3002.0),
        ("(x/3)^700", 3.0, 1.0, 700 / 3),
        ("(x/3)^-700", 3.0, 1.0, -700 / 3),
        ("(1.001x)^100000", 1 / 1.001, 1.0, 100100.0),
        ("x^(2^40)", -1.0, 1.0, -(2.0**40)),
        ("x^(2^40)", 1 + 1e-12, math.exp(2**40 * math.log1p(1e-12)), None),
        ("((x^1000)^1000)^10000", 1 - 1e-9, math.exp(1e10 * math.log1p(-1e-9)), None),
        ("(((x^1000)^1000)^1000)^1000", 1 + 1e-12, math.exp(1e12 * math.log1p(1e-12)), None),
        ("x^2147483647*x^2147483647*x^2", 0.5, 0.0, 0.0),
        ("x^2147483647*x^2147483647", 1 + 1e-10, math.exp((2**32 - 2) * math.log1p(1e-10)), None),
        ("x^2147483648/x^2147483646", 3.0, None, None),
    ],
)
def test_huge_powers_answer_at_once_and_correctly(
    formula: str, x: float, value: float | None, derivative: float | None
) -> None:
    found, partials = at(formula, x)
    if value is None:  # x^2, unless the quotient overflows: then not a number, never a wrong one
        assert math.isnan(found) or found == pytest.approx(9.0)
        return
    assert found == pytest.approx(value, rel=2e-4)  # 1 + 1e-12 itself is good to four digits there
    if derivative is not None:
        assert partials == pytest.approx([derivative], rel=1e-9)


def test_huge_powers_from_sympy_and_from_a_loop_of_squares() -> None:
    import sympy

    from downslope.objectives import as_objective

    def squared(x: Any) -> Any:
        for _ in range(40):
            x = x * x
        return x

    x = 1 + 1e-12
    expected = math.exp(2**40 * math.log(x))
    for function in (sympy.Symbol("x") ** (2**40), squared):
        objective, _ = as_objective(function, 1.0)
        assert isinstance(objective, FormulaObjective)
        assert objective.value(np.array([x])) == pytest.approx(expected, rel=1e-9)


def test_a_thousand_variables_cost_one_sweep() -> None:
    names = [se.Symbol(f"x{i}") for i in range(1000)]
    expression = se.Add(*((a * b - 1) ** 2 for a, b in itertools.pairwise(names)))
    partials = gradient(expression, names)
    assert partials[0] == 2 * names[1] * (names[0] * names[1] - 1)
    assert len(partials) == 1000


def test_deeply_nested_formula_is_differentiated_without_recursion() -> None:
    x = se.Symbol("x")
    expression = x
    for _ in range(5000):
        expression = se.sin(expression)
    assert len(gradient(expression, [x])) == 1


def test_shared_parts_are_visited_once() -> None:
    x = se.Symbol("x")
    expression = x
    for _ in range(60):  # 2^60 paths from the top to x
        expression = se.sin(expression) + se.cos(expression)
    assert len(gradient(expression, [x])) == 1


def test_constant_in_a_variable_has_derivative_zero() -> None:
    x, y = se.symbols("x y")
    assert gradient(x**2, [x, y]) == [2 * x, 0]
    assert hessian(x**2, [x, y]) == [[2, 0], [0, 0]]


def test_what_has_no_derivative_is_refused() -> None:
    x = se.Symbol("x")
    with pytest.raises(ObjectiveError, match="no derivative is known"):
        gradient(se.gamma(x), [x])


@pytest.mark.parametrize("count", [33, 300, 5000])
def test_a_product_of_many_factors_has_the_products_of_the_others(count: int) -> None:
    symbols = [se.Symbol(f"x{i}") for i in range(count)]
    found = gradient(3 * se.Mul(*symbols), symbols)
    chosen = [found[0], found[count // 2], found[-1]]
    x = 1 + np.linspace(-1, 1, count) / count
    x[count // 3] = 0.0
    numbers = compile_native(symbols, chosen)(x)
    assert numbers == pytest.approx(np.zeros(3), abs=1e-15)
    x[count // 3] = 1.5
    for number, place in zip(compile_native(symbols, chosen)(x), (0, count // 2, -1), strict=True):
        assert number == pytest.approx(3 * np.prod(x) / x[place], rel=1e-12)


def test_functions_of_functions_a_thousand_deep() -> None:
    x, y = se.symbols("x y")
    s, u, v = se.Integer(0), 0.0, np.array([0.7, 2.0])
    slope = 0.0
    for _ in range(1000):
        s = se.sin(s + x)
        slope = np.cos(u + v[0]) * (slope + 1)
        u = np.sin(u + v[0])
    native = compile_native([x, y], [s, *gradient(s, [x, y])])
    assert native(v) == pytest.approx([u, slope, 0.0], rel=1e-12)


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_largest_of_many(name: str) -> None:
    symbols = [se.Symbol(f"x{i}") for i in range(300)]
    largest = call(name, *symbols)
    x = np.random.default_rng(1).permutation(300) / 7.0
    place = int(np.argmax(x) if name == "max" else np.argmin(x))
    value, *slopes = compile_native(symbols, [largest, *gradient(largest, symbols)])(x)
    assert value == x[place]
    assert slopes == [float(i == place) for i in range(300)]


def test_choices_nested_too_deeply_are_refused_in_words() -> None:
    x = se.Symbol("x")
    nested = x
    for k in range(2000):
        nested = call("max", nested, se.Symbol(f"y{k}"))
    with pytest.raises(ObjectiveError, match="nested too deeply"):
        gradient(nested, [x])
