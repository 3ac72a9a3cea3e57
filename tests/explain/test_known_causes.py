"""Runs whose cause of trouble is known beforehand: each must be found, with its numbers."""

import math
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import CODES

RMSE = "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)"
HERE = {"a": 7.52346569, "b": 80.59835907}
ROTATED = "7x^2 - 6*sqrt(3)*x*y + 13y^2"
DATA = np.array([1.0, 2.0, 3.0])


def mean_squared_error(w: Any, x: Any = DATA) -> Any:
    return np.mean((w * x - x) ** 2)


def sum_without_its_two(w: Any, x: Any = DATA) -> Any:
    return np.sum((w * x - x) * x)


def distance(x: Any) -> float:
    return float(math.hypot(x[0], 3 * x[1]))  # opaque: math.hypot cannot be traced


# (name, function, start, options, code, evidence within 1e-6 relative, is advice expected)
CASES: list[tuple[str, Any, Any, dict[str, Any], str, dict[str, Any], bool]] = [
    # learning rates above the limit, quadratic: exact
    (
        "tutorial 2 pushed too far",
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        {"learning_rate": 1.05, "steps": 100},
        "learning_rate_above_limit",
        {"limit": 1.0, "along": "y", "factor": -1.1, "curvature": 2.0},
        True,
    ),
    (
        "one variable",
        "3x^2",
        {"x": 1},
        {"learning_rate": 0.4, "tolerance": 1e-6},
        "learning_rate_above_limit",
        {"limit": 1 / 3, "along": "x", "factor": -1.4, "began": 0},
        True,
    ),
    (
        "at the limit itself",
        "x^2",
        {"x": 1},
        {"learning_rate": 1.0, "steps": 50},
        "learning_rate_above_limit",
        {"limit": 1.0, "factor": -1.0},
        True,
    ),
    (
        "rotated ellipse",
        ROTATED,
        {"x": 3, "y": 2},
        {"learning_rate": 0.07, "steps": 60},
        "learning_rate_above_limit",
        {"limit": 0.0625, "best_rate": 0.05, "curvature": 32.0, "factor": -1.24},
        True,
    ),
    (
        "six variables",
        " + ".join(f"{k}*x{k}^2" for k in range(1, 7)),
        {f"x{k}": 1.0 for k in range(1, 7)},
        {"learning_rate": 0.2, "steps": 100},
        "learning_rate_above_limit",
        {"limit": 1 / 6, "along": "x6", "factor": -1.4, "best_rate": 1 / 7},
        True,
    ),
    (
        "not yet seen after five steps",
        "x^2/20 + y^2",
        {"x": -700, "y": 2e-3},
        {"learning_rate": 1.05, "steps": 5},
        "learning_rate_above_limit",
        {"limit": 1.0, "factor": -1.1},
        True,
    ),
    (
        "heavy ball",
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        {"optimizer": "momentum", "learning_rate": 1.6, "hyperparameters": {"momentum": 0.5}, "steps": 200},
        "learning_rate_above_limit",
        {"limit": 1.5, "along": "y"},
        True,
    ),
    (
        "Nesterov",
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        {"optimizer": "nesterov", "learning_rate": 0.8, "hyperparameters": {"momentum": 0.5}, "steps": 200},
        "learning_rate_above_limit",
        {"limit": 0.75, "along": "y"},
        True,
    ),
    (
        "climbing",
        "-(x^2/20 + y^2)",
        {"x": -7, "y": 2},
        {"learning_rate": 1.05, "steps": 100, "up": True},
        "learning_rate_above_limit",
        {"limit": 1.0, "along": "y", "factor": -1.1},
        True,
    ),
    # ... and not quadratic: local
    (
        "quartic",
        "x^4 + y^2",
        {"x": 2, "y": 1},
        {"learning_rate": 0.3, "steps": 100},
        "learning_rate_above_limit",
        {"limit": 2 / 48, "along": "x", "began": 0},
        True,
    ),
    (
        "Rosenbrock",
        "rosenbrock",
        None,
        {"learning_rate": 0.01, "steps": 100},
        "learning_rate_above_limit",
        {},
        True,
    ),
    (
        "bouncing in a double well",
        "(x^2 - 1)^2",
        {"x": 0.3},
        {"learning_rate": 0.3, "steps": 400, "tolerance": 1e-8},
        "learning_rate_above_limit",
        {"limit": 0.25},
        True,
    ),
    (
        "bouncing about log cosh",
        "log(cosh(4x)) + y^2",
        {"x": 1, "y": 1},
        {"learning_rate": 0.3, "steps": 500, "tolerance": 1e-8},
        "learning_rate_above_limit",
        {"limit": 0.125, "along": "x"},
        True,
    ),
    # zig-zag
    (
        "tutorial 2",
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        {"learning_rate": 0.95, "steps": 30},
        "zigzag",
        {"factor": -0.9, "along": "y", "slow_factor": 0.905, "slow_along": "x", "best_rate": 2 / 2.1},
        True,
    ),
    (
        "tutorial 2, to the end",
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        {"learning_rate": 0.95, "tolerance": 1e-6},
        "zigzag",
        {"factor": -0.9, "condition": 20.0},
        True,
    ),
    (
        "one variable flips",
        "x^2",
        {"x": 3},
        {"learning_rate": 0.95, "steps": 40},
        "zigzag",
        {"factor": -0.9, "best_rate": 0.5},
        True,
    ),
    (
        "rotated zig-zag",
        ROTATED,
        {"x": 3, "y": 2},
        {"learning_rate": 0.06, "steps": 60},
        "zigzag",
        {"factor": -0.92, "curvature": 32.0},
        True,
    ),
    (
        "four variables",
        "x1^2 + 2*x2^2 + 3*x3^2 + 10*x4^2",
        {"x1": 1, "x2": 1, "x3": 1, "x4": 1},
        {"learning_rate": 0.096, "steps": 60},
        "zigzag",
        {"factor": -0.92, "along": "x4"},
        True,
    ),
    (
        "local zig-zag",
        "x^2/20 + y^2 + y^4/100",
        {"x": -7, "y": 0.5},
        {"learning_rate": 0.95, "steps": 60},
        "zigzag",
        {"along": "y"},
        True,
    ),
    # too small
    (
        "creeping",
        "x^2 + y^2",
        {"x": 5, "y": -3},
        {"learning_rate": 1e-5, "steps": 200},
        "learning_rate_too_small",
        {"limit": 1.0, "best_rate": 0.5},
        True,
    ),
    (
        "tolerance not met",
        "x^2 + 2x + 3",
        {"x": 1.5},
        {"learning_rate": 1e-3, "steps": 500, "tolerance": 1e-6},
        "learning_rate_too_small",
        {"limit": 1.0, "best_rate": 0.5},
        True,
    ),
    (
        "creeping on a curve",
        "(x - 1)^4 + (x - 1)^2",
        {"x": 2.5},
        {"learning_rate": 1e-6, "steps": 300},
        "learning_rate_too_small",
        {},
        True,
    ),
    (
        "Adam on its way",
        "x^2 + y^2",
        {"x": 50, "y": -30},
        {"optimizer": "adam", "learning_rate": 1e-3, "steps": 300},
        "learning_rate_too_small",
        {"learning_rate": 1e-3},
        True,
    ),
    # momentum
    (
        "too much momentum",
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        {"optimizer": "momentum", "learning_rate": 0.1, "hyperparameters": {"momentum": 0.995}, "steps": 300},
        "momentum_too_large",
        {"momentum": 0.995, "modulus": math.sqrt(0.995)},
        True,
    ),
    (
        "too much momentum, three variables",
        "x^2 + 2y^2 + 5z^2",
        {"x": 1, "y": 1, "z": 1},
        {
            "optimizer": "momentum",
            "learning_rate": 0.02,
            "hyperparameters": {"momentum": 0.999},
            "steps": 500,
            "tolerance": 1e-6,
        },
        "momentum_too_large",
        {"modulus": math.sqrt(0.999), "condition": 5.0},
        True,
    ),
    # condition
    (
        "two curvatures 2000 apart",
        "x^2 + 2000y^2",
        {"x": 5, "y": 1},
        {"learning_rate": 4e-4, "steps": 300},
        "ill_conditioned",
        {"condition": 2000.0, "steep": "y", "shallow": "x"},
        True,
    ),
    (
        "Hilbert's form",
        "x^2 + x*y + 2*x*z/3 + y^2/3 + y*z/2 + z^2/5",
        {"x": 1, "y": 1, "z": -1},
        {"learning_rate": 0.7, "steps": 1000, "tolerance": 1e-8},
        "ill_conditioned",
        {},
        False,  # the zig-zag, which is found first, carries the one advice
    ),
    (
        "Rosenbrock's valley",
        "rosenbrock",
        None,
        {"learning_rate": 1e-3, "steps": 5000, "tolerance": 1e-8},
        "ill_conditioned",
        {"condition": 2508.0096},
        True,
    ),
    # unbounded
    (
        "a line",
        "3x + y^2",
        {"x": 0, "y": 1},
        {"learning_rate": 0.1},
        "unbounded_below",
        {"along": "-x", "proof": "slope"},
        False,
    ),
    (
        "a saddle left",
        "x^2 - y^2",
        {"x": 1, "y": 0.1},
        {"learning_rate": 0.1, "steps": 200},
        "unbounded_below",
        {"proof": "negative_curvature", "curvature": -2.0},
        False,
    ),
    (
        "a cubic",
        "x^3",
        {"x": -1},
        {"learning_rate": 0.1},
        "unbounded_below",
        {"along": "-x", "proof": "values"},
        False,
    ),
    (
        "tutorial 4 from below",
        "x^2 + 2y^3",
        {"x": 1, "y": -0.5},
        {"learning_rate": 0.01},
        "unbounded_below",
        {"along": "-y"},
        False,
    ),
    (
        "a logarithm",
        "-log(x)",
        {"x": 1},
        {"learning_rate": 1, "tolerance": 1e-12, "steps": 1000},
        "unbounded_below",
        {"along": "x"},
        False,
    ),
    (
        "climbing a parabola that opens upwards",
        "x^2",
        {"x": 1},
        {"learning_rate": 0.1, "steps": 1000, "up": True},
        "unbounded_below",
        {"curvature": 2.0},
        False,
    ),
    # out of the domain
    (
        "a logarithm overshot",
        "x - log(x)",
        {"x": 3},
        {"learning_rate": 5},
        "left_domain",
        {"expression": "log(x)", "argument": "x", "value": -1 / 3, "step": 1},
        True,
    ),
    (
        "a root overshot",
        "y^2 + x - 2*sqrt(x + 1)",
        {"x": 4, "y": 1},
        {"learning_rate": 20, "steps": 50},
        "left_domain",
        {"expression": "sqrt(x + 1)", "argument": "x + 1"},
        True,
    ),
    (
        "outside from the start",
        "log(x - 2)",
        {"x": 1},
        {"learning_rate": 0.1},
        "left_domain",
        {"expression": "log(x - 2)", "argument": "x - 2", "value": -1.0, "step": 0},
        False,
    ),
    (
        "division by zero",
        "1/x + x",
        {"x": 0},
        {"learning_rate": 0.1},
        "left_domain",
        {"expression": "1/x", "value": 0.0},
        False,
    ),
    (
        "an arc sine",
        "asin(x) + x^2",
        {"x": 0.9},
        {"learning_rate": 3},
        "left_domain",
        {"expression": "asin(x)", "argument": "x"},
        True,
    ),
    # overflow
    (
        "at the start",
        "exp(x^2)",
        {"x": 40},
        {"learning_rate": 0.1},
        "overflow",
        {"expression": "exp(x^2)", "argument": "x^2", "value": 1600.0},
        False,
    ),
    ("on the way", "exp(x) + exp(-x)", {"x": 5}, {"learning_rate": 20, "steps": 50}, "overflow", {}, True),
    # kinks
    (
        "absolute value",
        "abs(x) + y^2",
        {"x": 1.03, "y": 1},
        {"learning_rate": 0.1, "steps": 200},
        "kink",
        {"along": "x", "jump": 2.0, "expression": "abs(x)"},
        True,
    ),
    (
        "maximum of two",
        "max(x, -3x) + (y - 1)^2",
        {"x": 1.01, "y": 3},
        {"learning_rate": 0.07, "tolerance": 1e-6, "steps": 500},
        "kink",
        {"along": "x", "jump": 4.0},
        True,
    ),
    (
        "median",
        "abs(x - 1) + abs(x - 2) + abs(x - 4)",
        {"x": 9.03},
        {"learning_rate": 0.1, "steps": 300},
        "kink",
        {"jump": 2.0, "expression": "abs(x - 2)"},
        True,
    ),
    # saddles, maxima, inflections
    (
        "the saddle",
        "x^2 - y^2",
        {"x": 1, "y": 0},
        {"learning_rate": 0.1},
        "saddle",
        {"along": "y", "curvature": -2.0, "kind": "saddle"},
        False,
    ),
    (
        "between two wells",
        "(x^2 - 1)^2 + y^2",
        {"x": 0, "y": 1},
        {"learning_rate": 0.1},
        "saddle",
        {"along": "x", "curvature": -4.0},
        True,
    ),
    (
        "the top",
        "cos(x)",
        {"x": 0},
        {"learning_rate": 0.1},
        "saddle",
        {"kind": "maximum", "curvature": -1.0},
        True,
    ),
    (
        "tutorial 4",
        "x^2 + 2y^3",
        {"x": 1, "y": 1},
        {"learning_rate": 0.01, "tolerance": 1e-5},
        "saddle",
        {"kind": "inflection", "along": "-y"},
        False,
    ),
    (
        "a cubic from above",
        "x^3",
        {"x": 1},
        {"learning_rate": 0.1, "tolerance": 1e-6},
        "saddle",
        {"along": "-x"},
        False,
    ),
    ("a monkey saddle", "x^3 - 3*x*y^2", {"x": 0, "y": 0}, {"learning_rate": 0.1}, "saddle", {}, False),
    # flat
    (
        "a valley",
        "(x*y)^2",
        {"x": 1, "y": 0.5},
        {"learning_rate": 0.1},
        "flat",
        {"kind": "flat_valley", "along": "x"},
        False,
    ),
    (
        "a crossing of valleys",
        "(x*y)^2",
        {"x": 1, "y": 1},
        {"learning_rate": 0.1},
        "flat",
        {"kind": "flat_valley"},
        False,
    ),
    (
        "quartic bowl",
        "x^4 + y^4",
        {"x": 1, "y": 1},
        {"learning_rate": 0.1},
        "flat",
        {"kind": "higher_order_minimum"},
        False,
    ),
    (
        "the same column twice",
        "(a + b - 2)^2 + (2a + 2b - 3)^2",
        {"a": 0, "b": 5},
        {"learning_rate": 0.05},
        "flat",
        {"kind": "flat_valley"},
        False,
    ),
    (
        "an asymptote",
        "exp(-x)",
        {"x": 0},
        {"learning_rate": 1},
        "flat",
        {"kind": "asymptote", "along": "x"},
        False,
    ),
    (
        "tiny units",
        "1e-12*x^2",
        {"x": 1},
        {"learning_rate": 1, "tolerance": 1e-9},
        "flat",
        {"kind": "small_by_units", "distance": 1.0, "curvature": 2e-12},
        True,
    ),
    # precision
    (
        "far from zero",
        "(x + y - 1e8/3)^2 + (x - 2y + 1e7/7)^2 + (3x + y - 9e7/11)^2",
        {"x": 2e7, "y": 1e7},
        {"learning_rate": 0.05, "tolerance": 1e-12},
        "rounding_floor",
        {"tolerance": 1e-12, "precision": "float64"},
        True,
    ),
    (
        "float32",
        "(x - 1000.3)^2 + (y + 3)^2",
        {"x": 990, "y": 1},
        {"learning_rate": 0.2, "tolerance": 1e-7, "dtype": "float32", "steps": 3000},
        "rounding_floor",
        {"precision": "float32"},
        True,
    ),
    (
        "steps shorter than the spacing",
        "(x - 3)^2",
        {"x": 1e6},
        {"learning_rate": 1e-18, "tolerance": 1e-6},
        "stalled",
        {},
        True,
    ),
    # roots of quadratics
    (
        "tutorial 5, rate 50",
        RMSE,
        HERE,
        {"learning_rate": 50, "steps": 20000},
        "rmse_rate",
        {"limit": 0.18684642, "least_value": 2.880972058},
        True,
    ),
    (
        "tutorial 5, just too much",
        RMSE,
        HERE,
        {"learning_rate": 0.2, "steps": 5000, "tolerance": 1e-6},
        "rmse_rate",
        {},
        True,
    ),
    (
        "an exact fit",
        "sqrt(((w-1)^2 + (2w-2)^2 + (3w-3)^2)/3)",
        {"w": 0.3},
        {"learning_rate": 0.1, "steps": 500},
        "rmse_chatter",
        {},
        True,
    ),
    (
        "an exact fit of two",
        "sqrt(((a+b-3)^2 + (2a+b-5)^2 + (3a+b-7)^2)/3)",
        {"a": 0.1, "b": 0.2},
        {"learning_rate": 0.2, "steps": 3000, "tolerance": 1e-6},
        "rmse_chatter",
        {},
        True,
    ),
]

WRONG_GRADIENTS: list[tuple[str, Any, Any, Any, dict[str, Any]]] = [
    ("sign", "x^2 + y^2", {"x": "-2*x", "y": "-2*y"}, {"x": 1, "y": 2}, {"slip": "sign", "ratio": -1.0}),
    ("half", "x^2", {"x": "x"}, {"x": 1}, {"slip": "half", "ratio": 0.5}),
    (
        "one coordinate",
        "x^2 + 3y^2",
        {"x": "2*x", "y": "3*y"},
        {"x": 1, "y": 2},
        {"slip": "one_coordinate.half", "coordinate": "y", "ratio": 0.5},
    ),
    ("swapped", "x^2 + 5y^2", {"x": "10*y", "y": "2*x"}, {"x": 1, "y": 2}, {"slip": "permuted"}),
    (
        "Rosenbrock of an old test suite",
        "(1-x)^2 + 100*(y-x^2)^2",
        {"x": "-2*(1-x) - 400*x*(y-x^2)", "y": "200*x*(y-x^2)"},
        {"x": -1.2, "y": 1},
        {"coordinate": "y", "slip": "one_coordinate"},
    ),
    (
        "tutorial 3",
        mean_squared_error,
        sum_without_its_two,
        {"w": 0.0},
        {"slip": "sum_for_mean", "ratio": 1.5, "n": 3},
    ),
]


def descended(function: Any, start: Any, options: dict[str, Any]) -> ds.Run:
    options = dict(options)
    return (ds.maximize if options.pop("up", False) else ds.minimize)(function, start, **options)


@pytest.mark.parametrize(
    ("name", "function", "start", "options", "code", "evidence", "advised"), CASES, ids=[c[0] for c in CASES]
)
def test_cause_is_found_with_its_numbers(
    name: str,
    function: Any,
    start: Any,
    options: dict[str, Any],
    code: str,
    evidence: dict[str, Any],
    advised: bool,
) -> None:
    run = descended(function, start, options)
    explanation = run.explain()
    assert code in explanation.codes, (run.message, repr(explanation))
    finding = next(f for f in explanation.findings if f.code == code)
    for key, expected in evidence.items():
        found = finding.evidence[key]
        assert found == (pytest.approx(expected, rel=1e-5) if isinstance(expected, float) else expected), key
    assert (finding.advice is not None) == advised, repr(explanation)
    if finding.advice is not None:
        assert finding.advice.verified
    assert finding.sentence
    assert str(explanation)


@pytest.mark.filterwarnings("ignore::downslope.objectives.GradientWarning")
@pytest.mark.parametrize(
    ("name", "function", "gradient", "start", "evidence"),
    WRONG_GRADIENTS,
    ids=[c[0] for c in WRONG_GRADIENTS],
)
def test_wrong_gradient_is_named(
    name: str, function: Any, gradient: Any, start: Any, evidence: dict[str, Any]
) -> None:
    run = ds.minimize(function, start, gradient=gradient, learning_rate=0.01, steps=30)
    finding = run.explain().findings[0]
    assert finding.code == "gradient_mismatch"
    for key, expected in evidence.items():
        found = finding.evidence[key]
        assert found == (pytest.approx(expected, rel=1e-5) if isinstance(expected, float) else expected), key


def test_every_code_is_one_that_is_known() -> None:
    assert {case[4] for case in CASES} | {"gradient_mismatch"} <= set(CODES)


@pytest.mark.parametrize("formula", ["sqrt(x)", "sqrt(x - 1)", "2*sqrt(3*x)"])
def test_the_end_of_a_root_is_the_edge_of_the_domain_and_no_kink(formula: str) -> None:
    run = ds.minimize(formula, {"x": 4.0})
    said = run.explain()
    assert run.status == "left_domain"
    assert [finding.code for finding in said.findings][:1] == ["left_domain"]
    assert "kink" not in str(said)
    assert "kink" in str(ds.minimize("sqrt(x^2)", {"x": -3.0}).explain())
