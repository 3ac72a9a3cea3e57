"""Formulas to symbols and back, and the machine code made of them in both precisions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import symengine as se
from hypothesis import given, settings
from hypothesis import strategies as st

from downslope.errors import ObjectiveError
from downslope.language import Expression, parse
from downslope.language.values import evaluate
from downslope.objectives.formula import from_text
from downslope.symbolic import compile_native, from_sympy, lift, lower
from downslope.symbolic.native import interpreted
from downslope.symbolic.size import size
from trials import SOAKING, trials

FORMULAS = [
    "x^2/20 + y^2",
    "-3*x/(2*y) + x^-2",
    "sqrt(x)*x^0.25 - y^1.5",
    "e^x + e^(x*y) - pi*y",
    "abs(x - y) + sign(x - y) + max(x, y, 1) + min(x, -y)",
    "relu(x - y) + sigmoid(x) + softplus(y) + cbrt(x - 2)",
    "where(x < y and x > 0, x, where(not (x == y), y, 0))",
    "where(x <= 1 or y != 2, sin(x), cos(y))",
    "atan2(y, x) + erf(x) + log10(x) + log2(y)",
    "(x/3)^700 + (y/3)^650 + x*y",
    "1e-300*x + 1e300*y + 0.1",
    "x/3 - 2/7 + 5*y/9",
    "tan(x) + asin(x/9) + acos(y/9) + atan(x) + sinh(x) + cosh(y) + tanh(x)",
    "asinh(x) + acosh(1 + y) + atanh(x/9)",
]
POINTS = [(0.3, 0.7), (1.2, 0.4), (0.45, 2.0), (2.5, 2.5)]


@pytest.mark.parametrize("formula", FORMULAS)
def test_machine_code_means_what_the_tree_means(formula: str) -> None:
    tree = parse(formula).tree
    objective = from_text(formula)
    for x, y in POINTS:
        assert objective.value(np.array([x, y])) == pytest.approx(evaluate(tree, {"x": x, "y": y}), rel=1e-13)


@pytest.mark.parametrize("formula", FORMULAS)
def test_lifted_formula_is_numerically_the_same(formula: str) -> None:
    expression = lower(parse(formula).tree)
    again = from_text(str(Expression.from_tree(lift(expression))))
    first = from_text(formula)
    for point in POINTS:
        assert again.value(np.array(point)) == pytest.approx(first.value(np.array(point)), rel=1e-13)


leaves = st.sampled_from(["x", "y", "2", "0.5", "3", "pi"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(inner, st.sampled_from(["2", "3", "0.5", "-1"])).map(lambda t: f"(1+{t[0]}^2)^({t[1]})"),
        st.tuples(st.sampled_from(["sin", "exp", "abs", "relu", "sign", "tanh"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"where({t[0]} > {t[1]}, {t[1]}, {t[2]})"),
    ),
    max_leaves=8,
)


@settings(derandomize=not SOAKING, deadline=None, max_examples=trials(60))
@given(formula=formulas)
def test_any_formula_survives_the_way_to_machine_code_and_back(formula: str) -> None:
    tree = parse(f"{formula} + 0*x + 0*y + x - x").tree
    expression = lower(tree)
    x, y = se.symbols("x y")
    again = lower(lift(expression))
    point = np.array([0.7, -1.3])
    wanted = evaluate(tree, {"x": 0.7, "y": -1.3})
    try:
        found = compile_native([x, y], [expression, again])(point)
    except ObjectiveError:  # 1/0 and the like, folded into a number that is none
        assert not np.isfinite(wanted)
        return
    if np.isfinite(wanted):
        assert found == pytest.approx([wanted, wanted], rel=1e-9, abs=1e-9)


def test_float32_is_computed_in_float32() -> None:
    x, y = se.symbols("x y")
    native = compile_native([x, y], [x * y + x, x / y, se.sqrt(x) - y, x**2 + y**2], np.float32)
    random = np.random.default_rng(1)
    for _ in range(50):
        point = random.uniform(0.1, 1000.0, 2).astype(np.float32)
        a, b = point
        product = np.float32(a * b)
        wanted = np.array([product + a, a / b, np.sqrt(a) - b, a * a + b * b], np.float32)
        found = native(point)
        assert found.dtype == np.float32
        # one rounding apart where the compiler fuses a product and a sum; float64 would be 1e-9 away
        assert found == pytest.approx(wanted, rel=1.3e-7, abs=float(np.spacing(np.max(np.abs(wanted)))))


def test_float32_rounds_where_float64_does_not() -> None:
    formula, x = "(x + 16777216) - 16777215", np.array([1.0])
    assert from_text("x + 16777216").value(x) == 16777217.0
    assert from_text("x + 16777216", dtype=np.float32).value(x) == 16777216.0
    assert from_text("x^2", dtype=np.float32).value(np.array([1e30])) == np.inf
    assert from_text(formula).value(x) == 2.0


def test_wrong_number_of_inputs_is_refused_and_not_read_from_memory() -> None:
    with pytest.raises(ObjectiveError, match="1 numbers were given where 2"):
        from_text("x + y").value(np.array([1.0]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_inputs_named_like_symengines_common_subexpressions(dtype: Any) -> None:
    x0, x1, x2, x3 = inputs = se.symbols("x0 x1 x2 x3")
    del x0, x1
    e = se.exp(x3)
    native = compile_native(
        inputs, [e * (2 * e + 2 * (e - 1)), (2 + 4 * x2) ** 2 + 2 + 4 * x2, se.Integer(3)], dtype
    )
    found = native(np.array([7.0, 11.0, 1.0, 0.0], dtype))
    assert found.tolist() == [2.0, 42.0, 3.0]


def test_inputs_that_no_output_has_are_not_taken_for_common_parts_by_the_interpreter() -> None:
    """The second derivatives of atan(x0)^2 + x1^2 share 1 + x0^2, and none of them has x1 in it."""
    x0, x1 = inputs = se.symbols("x0 x1")
    del x1
    shared = [2 / (1 + x0**2) ** 2 - 4 * x0 * se.atan(x0) / (1 + x0**2) ** 2, 1 / (1 + x0**2)]
    expected = [(2 - 2 * np.arctan(0.5)) / 1.25**2, 1 / 1.25]
    np.testing.assert_allclose(interpreted(inputs, shared)([0.5, 7.0]), expected, rtol=1e-14)


def test_threads_compile_and_call_side_by_side() -> None:
    def work(i: int) -> tuple[float, float]:
        value, partials = from_text(f"x^2*{i} + sin(x)").value_and_gradient(np.array([2.0]))
        return value, float(partials[0])

    with ThreadPoolExecutor(4) as pool:
        for i, (value, slope) in enumerate(pool.map(work, range(1, 25)), start=1):
            assert value == pytest.approx(4 * i + np.sin(2))
            assert slope == pytest.approx(4 * i + np.cos(2))


@pytest.mark.parametrize(
    ("build", "x", "value"),
    [
        (lambda s, x: s.Abs(x), -2.0, 2.0),
        (lambda s, x: s.Max(x, 1), -2.0, 1.0),
        (lambda s, x: s.Min(x, 1, -5), -2.0, -5.0),
        (lambda s, x: s.sign(x) + s.Abs(s.Abs(x) - 3), -2.0, 0.0),
        (lambda s, x: s.Piecewise((s.Abs(x), x < 0), (x**2, True)), -2.0, 2.0),
        (lambda s, x: s.exp(-(x**2)) * s.sin(3 * x) / s.log(x + 9), -2.0, None),
        (lambda s, x: s.sqrt(x + 3) + s.cbrt(x + 10), -2.0, 3.0),
        (lambda s, x: s.erf(x) + s.erfc(x), -2.0, 1.0),
    ],
)
def test_sympy_expressions(build: Any, x: float, value: float | None) -> None:
    import sympy

    symbol = sympy.Symbol("x")
    expression = build(sympy, symbol)
    wanted = float(expression.subs(symbol, x)) if value is None else value
    found = compile_native([se.Symbol("x")], [from_sympy(expression)])(np.array([x]))
    assert found[0] == pytest.approx(wanted, rel=1e-14)


def test_sympy_expressions_that_are_no_formulas_are_refused() -> None:
    import sympy

    from downslope.objectives.formula import from_symbolic

    x, f = sympy.Symbol("x"), sympy.Function("f")
    for expression in (sympy.Integral(x, x), f(x), sympy.Matrix([x, x]), sympy.Integer(3), x > 0):
        with pytest.raises(ObjectiveError):
            from_symbolic(expression).value_and_gradient(np.array([1.0]))
    with pytest.raises(ObjectiveError):
        from_symbolic(x * sympy.I).value_and_gradient(np.array([1.0]))


def test_size_counts_different_parts_and_no_further_than_asked() -> None:
    x, y = se.symbols("x y")
    assert size([x], 10) == 1
    assert size([x + y, x + y], 10) == 3
    assert size([se.sin(x) + se.cos(x)], 10) == 4
    expression = x
    for _ in range(100):  # 2^100 paths, 300 parts
        expression = se.sin(expression) + se.cos(expression)
    assert size([expression], 1000) == 301
    assert size([expression], 50) == 50


def test_long_formulas_compile_without_the_optimiser_to_the_same_numbers() -> None:
    terms = [f"(x - {i})^2*sin({i}*y)" for i in range(1, 1200)]
    objective = from_text(" + ".join(terms))
    x, y = 0.3, 0.7
    wanted = sum((x - i) ** 2 * np.sin(i * y) for i in range(1, 1200))
    assert objective.value(np.array([x, y])) == pytest.approx(wanted, rel=1e-9)
