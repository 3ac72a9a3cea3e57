"""Every problem is what was published: its value at the start, its minimum, its minimisers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.optimize import rosen

from downslope.errors import UnknownNameError, UsageError
from downslope.language import parse
from downslope.language.tree import (
    Call,
    Multiplication,
    NamedConstant,
    Negative,
    Node,
    Number,
    Power,
    Quotient,
    Sum,
    Variable,
    fold,
    walk,
)
from downslope.objectives.problems import Problem, all_problems, problem, resolve

PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "problems.json").read_text("utf-8"))["problems"]
SCALED = [
    problem(name, dimension=n)
    for name, n in [
        *[("rosenbrock", 5), ("extended-rosenbrock", 2), ("dixon-price", 3), ("dixon-price", 5)],
        *[("trid", 5), ("zakharov", 3), ("styblinski-tang", 3), ("griewank", 3), ("rastrigin", 1)],
        *[("levy", 1), ("levy", 3), ("powell-singular", 8), ("linear-full-rank", 5)],
        *[("variably-dimensioned", 4), ("trigonometric", 2), ("watson", 2), ("watson", 9)],
    ]
]
BOUNDED = [p for p in (*all_problems(), *SCALED) if p.minimisers]
SMOOTH = [p for p in BOUNDED if p.name != "ackley"]  # Ackley's minimum is the tip of a cone
EPSILON = np.finfo(float).eps


def name_of(item: Any) -> str:
    return item.name if isinstance(item, Problem) else item["name"]


@cache
def tree_of(formula: str) -> Node:
    return parse(formula).tree


def evaluate(item: Problem, point: Sequence[Any], arithmetic: Any = math) -> Any:
    """The formula at a point, in the numbers of a module that has exp, sin, pi, ... (math or mpmath)."""
    values = dict(zip(item.variables, point, strict=True))
    number = mpmath.mpf if arithmetic is mpmath else float

    def combine(node: Node, parts: Sequence[Any]) -> Any:
        match node:
            case Number(value):
                return number(value)
            case NamedConstant(name):
                return number(getattr(arithmetic, name))
            case Variable(name):
                return values[name]
            case Negative():
                return -parts[0]
            case Sum():
                return sum(parts[1:], parts[0])
            case Multiplication():
                return math.prod(parts[1:], start=parts[0])
            case Quotient():
                return parts[0] / parts[1]
            case Power():
                return parts[0] ** parts[1]
            case Call(function):
                return getattr(arithmetic, function)(*parts)
        raise AssertionError(f"no problem should contain {node}")

    return fold(tree_of(item.formula), combine)


def derivatives(item: Problem, point: Sequence[float]) -> tuple[Any, Any]:
    """Gradient and Hessian by central differences in 50 digits: good to 25 of them."""
    n, h = len(point), mpmath.mpf(10) ** -13
    base = [mpmath.mpf(v) for v in point]

    def at(*moves: tuple[int, Any]) -> Any:
        moved = list(base)
        for i, move in moves:
            moved[i] += move
        return evaluate(item, moved, mpmath)

    up, down, middle = [at((i, h)) for i in range(n)], [at((i, -h)) for i in range(n)], at()
    hessian = mpmath.matrix(n, n)
    for i in range(n):
        hessian[i, i] = (up[i] - 2 * middle + down[i]) / h**2
        for j in range(i):
            cross = at((i, h), (j, h)) - up[i] - up[j] + 2 * middle - down[i] - down[j] + at((i, -h), (j, -h))
            hessian[i, j] = hessian[j, i] = cross / (2 * h**2)
    return [(a - b) / (2 * h) for a, b in zip(up, down, strict=True)], hessian


def test_names_are_sorted_unique_and_many() -> None:
    listed = [p.name for p in all_problems()]
    assert listed == sorted(set(listed))
    assert len(listed) >= 40


@pytest.mark.parametrize("item", [*all_problems(), *SCALED], ids=name_of)
def test_record_is_complete(item: Problem) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*(\(\d+\))?", item.name)
    assert item.title
    assert str(item.about).endswith(".")
    assert item.source
    assert len(item.start) == item.dimension == len(item.variables)
    assert all(map(math.isfinite, item.start))
    assert {n.name for n in walk(tree_of(item.formula)) if isinstance(n, Variable)} == set(item.variables)
    assert resolve(item.name) == item


@pytest.mark.parametrize("item", [*all_problems(), *SCALED], ids=name_of)
def test_view_holds_start_and_minimisers(item: Problem) -> None:
    assert (item.view is None) == (item.dimension != 2)
    for point in (item.start, *item.minimisers) if item.view else ():
        assert all(low <= v <= high for v, (low, high) in zip(point, item.view, strict=True))


@pytest.mark.parametrize("record", PUBLISHED, ids=name_of)
def test_agrees_with_the_published_record(record: dict[str, Any]) -> None:
    item = resolve(record["name"].split(",")[0] + ")" * ("," in record["name"]))
    assert item is not None
    assert item.dimension == len(record["variables"])
    assert item.start == pytest.approx(record["start"], rel=1e-15)
    assert evaluate(item, item.start) == pytest.approx(record["f_start"], rel=1e-12)
    assert item.minimum == pytest.approx(record["minimum"], rel=1e-12, abs=1e-18)
    assert any(m == pytest.approx(record["minimiser"], rel=1e-12, abs=1e-15) for m in item.minimisers)


@pytest.mark.parametrize("item", BOUNDED, ids=name_of)
def test_minimum_is_the_value_at_every_minimiser(item: Problem) -> None:
    for point in item.minimisers:
        assert evaluate(item, point) == pytest.approx(item.minimum, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("item", SMOOTH, ids=name_of)
def test_gradient_vanishes_and_hessian_is_not_negative(item: Problem) -> None:
    # A minimiser rounded to float64 is off by EPSILON*|x|, and so is the gradient by EPSILON*|H||x|;
    # where the formula's own constants are rounded (0.1, 1.0001) that grows by a small factor.
    with mpmath.workdps(50):
        for point in item.minimisers[:6]:
            gradient, hessian = derivatives(item, point)
            for i, slope in enumerate(gradient):
                reach = sum(abs(hessian[i, j] * v) for j, v in enumerate(point))
                assert abs(slope) <= 16 * EPSILON * reach + mpmath.mpf(10) ** -24 * (1 + mpmath.norm(hessian))
            assert min(mpmath.eigsy(hessian, eigvals_only=True)) >= -1e-20 * (1 + mpmath.norm(hessian))


def test_ackley_has_a_kink_at_its_minimum() -> None:
    ackley, h = problem("ackley"), 1e-7
    for angle in np.linspace(0, 2 * np.pi, 8):
        rise = evaluate(ackley, (h * math.cos(angle), h * math.sin(angle))) / h
        assert rise == pytest.approx(4 / math.sqrt(2), rel=1e-5)


@pytest.mark.parametrize("item", [p for p in BOUNDED if p.view], ids=name_of)
def test_nothing_in_the_view_lies_lower(item: Problem) -> None:
    low, high = np.transpose(item.view)
    points = np.random.default_rng(7).uniform(low, high, size=(200, 2))
    slack = 1e-12 * max(1.0, abs(item.minimum))
    assert min(evaluate(item, [float(v) for v in p]) for p in points) >= item.minimum - slack


@pytest.mark.parametrize("item", [p for p in all_problems() if p.minimum == -math.inf], ids=name_of)
def test_without_a_minimum_it_falls_for_ever(item: Problem) -> None:
    assert item.minimisers == ()
    far = [(0.0, -1e4), (-1e4, 0.0)]
    assert min(evaluate(item, point) for point in far) < -1e7


def _levy(x: np.ndarray) -> float:
    w = 1 + (x - 1) / 4
    middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))
    return np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)


def _watson(x: np.ndarray) -> float:
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(len(x))
    residuals = np.sum(j[1:] * x[1:] * t ** j[:-1], axis=1) - np.sum(x * t**j, axis=1) ** 2 - 1
    return np.sum(residuals**2) + x[0] ** 2 + (x[1] - x[0] ** 2 - 1) ** 2


def _trigonometric(x: np.ndarray) -> float:
    i = np.arange(1, len(x) + 1)
    return np.sum((len(x) - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)) ** 2)


def _linear_full_rank(x: np.ndarray) -> float:
    n = len(x)
    matrix = np.eye(2 * n, n) - 2 / (2 * n)
    return np.sum((matrix @ x - 1) ** 2)


def _powell(x: np.ndarray) -> float:
    a, b, c, d = x.reshape(-1, 4).T
    return np.sum((a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4)


def _weights(x: np.ndarray) -> np.ndarray:
    return np.arange(1, len(x) + 1)


ARRAYS: dict[str, Callable[[np.ndarray], float]] = {
    "sphere": lambda x: x @ x,
    "sum-squares": lambda x: _weights(x) @ x**2,
    "trid": lambda x: np.sum((x - 1) ** 2) - x[1:] @ x[:-1],
    "zakharov": lambda x: x @ x + (_weights(x) @ x / 2) ** 2 + (_weights(x) @ x / 2) ** 4,
    "variably-dimensioned": lambda x: (
        np.sum((x - 1) ** 2) + (_weights(x) @ (x - 1)) ** 2 + (_weights(x) @ (x - 1)) ** 4
    ),
    "linear-full-rank": _linear_full_rank,
    "rosenbrock": rosen,
    "extended-rosenbrock": lambda x: sum(rosen(pair) for pair in x.reshape(-1, 2)),
    "dixon-price": lambda x: (x[0] - 1) ** 2 + _weights(x)[1:] @ (2 * x[1:] ** 2 - x[:-1]) ** 2,
    "rastrigin": lambda x: np.sum(10 + x**2 - 10 * np.cos(2 * np.pi * x)),
    "ackley": lambda x: (
        20 + np.e - 20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x)))
    ),
    "styblinski-tang": lambda x: np.sum(x**4 - 16 * x**2 + 5 * x) / 2,
    "griewank": lambda x: 1 + x @ x / 4000 - np.prod(np.cos(x / np.sqrt(_weights(x)))),
    "levy": _levy,
    "powell-singular": _powell,
    "trigonometric": _trigonometric,
    "watson": _watson,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_families_agree_with_array_code_in_every_dimension(name: str) -> None:
    generator = np.random.default_rng(3)
    for n in (4, 8, 12):
        item = problem(name, dimension=n)
        for point in (np.array(item.start), generator.uniform(-2, 3, n)):
            assert evaluate(item, point.tolist()) == pytest.approx(ARRAYS[name](point), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("n", "digits"), [(6, "2.28767e-3"), (9, "1.39976e-6"), (12, "4.72238e-10")])
def test_watson_has_the_published_minima(n: int, digits: str) -> None:
    watson = problem("watson", dimension=n)
    assert watson.minimum == pytest.approx(float(digits), rel=5e-6)
    assert evaluate(watson, watson.minimisers[0]) == pytest.approx(watson.minimum, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rosenbrock", "rosenbrock"),
        (" Rosenbrock ", "rosenbrock"),
        ("rosenbrock(10)", "rosenbrock(10)"),
        ("ROSENBROCK ( n = 10 )", "rosenbrock(10)"),
        ("rosenbrock(2)", "rosenbrock"),
        ("six_hump_camel", "six-hump-camel"),
        ("Six-Hump Camel", "six-hump-camel"),
        ("sixhumpcamel", "six-hump-camel"),
        ("beale(2)", "beale"),
        ("S308", "schittkowski-308"),
        ("colville", "wood"),
    ],
)
def test_resolve_finds(text: str, name: str) -> None:
    found = resolve(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text",
    [
        "x^2",
        "x",
        "W",
        "rosenbrok",
        "rosenbrock(x)",
        "rosenbrock + 1",
        "sin(3)",
        "2",
        "",
        "()",
        "rosenbrock()",
        "-",
    ],
)
def test_resolve_leaves_formulas_alone(text: str) -> None:
    assert resolve(text) is None


@pytest.mark.parametrize(
    ("name", "dimension", "allowed"),
    [
        ("watson", 32, "2 to 31"),
        ("watson", 1, "2 to 31"),
        ("powell-singular", 6, "multiples of 4 from 4"),
        ("extended-rosenbrock", 3, "multiples of 2 from 2"),
        ("beale", 3, "2 only"),
        ("sphere", 0, "1 to 1000"),
        ("sphere", -1, "1 to 1000"),
        ("sphere", 10**9, "1 to 1000"),
    ],
)
def test_a_dimension_it_cannot_have(name: str, dimension: int, allowed: str) -> None:
    with pytest.raises(UsageError, match=allowed):
        problem(name, dimension=dimension)


def test_resolve_refuses_a_dimension_it_cannot_have() -> None:
    with pytest.raises(UsageError, match="2 to 31"):
        resolve("watson(40)")


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'rosenbrock'"):
        problem("rosenbrok")
    with pytest.raises(UnknownNameError, match="no problem 'zzzz'"):
        problem("zzzz")


def test_every_family_makes_its_largest_member() -> None:
    assert problem("rosenbrock", dimension=1000).dimension == 1000
    assert problem("trigonometric", dimension=100).dimension == 100
    assert len(problem("linear-full-rank", dimension=100).formula) < 125_000


@pytest.mark.parametrize(
    "text", ["x" + " " * 100_000 + "+", "rosenbrock(" + " " * 100_000, "-" * 100_000 + "1"]
)
def test_resolve_answers_at_once_to_long_text(text: str) -> None:
    assert resolve(text) is None
