"""Values and derivatives of formulas in the page's program, beside those of Python."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from page_node import in_node, needs_node

from downslope.errors import ExpressionError
from downslope.language import parse
from downslope.language.functions import FUNCTIONS
from downslope.objectives.formula import from_text
from trials import fresh_seed, trials

WHAT = """
return given.map(({ formula, points }) => {
  let tree, names;
  try {
    ({ tree, names } = readFormula(formula));
  } catch (refused) {
    return { refused: refused.start };
  }
  const compiled = compileFormula(tree, names);
  const g = new Float64Array(names.length);
  const at = points.map((x) => {
    const value = String(compiled.valueAndGradient(x, g));
    return { value, again: String(compiled.value(x)), gradient: [...g].map(String) };
  });
  return { names, at };
});
"""
LEAVES = ("x", "y", "x", "y", "2", "0.5", "3", "pi", "1.25")
SMOOTH = (
    "sin",
    "cos",
    "atan",
    "tanh",
    "exp",
    "sinh",
    "asinh",
    "softplus",
    "sigmoid",
    "logcosh",
    "sinc",
    "erf",
    "erfc",
)
POSITIVE = ("log", "sqrt", "cbrt", "log10", "log2", "log1p", "gamma", "lgamma", "digamma")


def drawn(random_: random.Random, depth: int) -> str:
    """A formula of x and y that has a value nearly everywhere."""
    if depth == 0:
        return random_.choice(LEAVES)
    a, b = (drawn(random_, depth - random_.randint(1, depth)) for _ in range(2))
    return random_.choice(
        (
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a})*({b})",
            f"({a})/(1 + ({b})^2)",
            f"({a})^{random_.choice((2, 3, 4, 0, 1))}",
            f"(1 + ({a})^2)^(({b})/4)",
            f"{random_.choice(SMOOTH)}(({a})/2)",
            f"{random_.choice(POSITIVE)}(1 + ({a})^2)",
            f"where({a} < {b}, {a}, ({b})^2)",
            f"max({a}, {b}, 1/3)",
            f"min({a}, {b})",
            f"|{a}|",
            f"atan2({a}, 2 + ({b})^2)",
            f"hypot({a}, {b})",
            f"mod({a}, 2 + ({b})^2)",
        )
    )


def close(page: str, ours: float, scale: float) -> bool:
    number = float(page.replace("Infinity", "inf"))
    if not math.isfinite(ours) or not math.isfinite(number):
        return math.isnan(ours) == math.isnan(number) and (math.isnan(ours) or ours == number)
    return abs(number - ours) <= 1e-9 * max(scale, abs(ours))


@needs_node
def test_drawn_formulas_have_the_same_values_and_derivatives() -> None:
    random_ = random.Random(fresh_seed())
    formulas = [f"x*0 + y*0 + {drawn(random_, 4)}" for _ in range(trials(150))]
    points = [[random_.uniform(-3, 3), random_.uniform(-3, 3)] for _ in range(4)]
    answers = in_node(WHAT, [{"formula": formula, "points": points} for formula in formulas])
    compared = 0
    for formula, answer in zip(formulas, answers, strict=True):
        if "refused" in answer:  # a part without a number is refused, at the same place by both
            with pytest.raises(ExpressionError) as refused:
                from_text(formula)
            assert refused.value.position == answer["refused"], formula
            continue
        objective = from_text(formula)
        names = list(objective.parameters.names)
        for point, at in zip(points, answer["at"], strict=True):
            x = dict(zip(answer["names"], point, strict=True))
            with np.errstate(all="ignore"):
                value, gradient = objective.value_and_gradient(np.array([x[name] for name in names]))
            if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
                continue  # what is 0*inf in symbols is simplified there
            compared += 1
            scale = 1 + float(np.max(np.abs(gradient)))
            assert at["value"] == at["again"]
            assert close(at["value"], float(value), 1.0), (formula, point, at, value)
            for name, slope in zip(answer["names"], at["gradient"], strict=True):
                assert close(slope, float(gradient[names.index(name)]), scale), (formula, point, at, gradient)
    assert compared > 2 * len(formulas)


@needs_node
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_its_value_and_derivatives(name: str) -> None:
    record = FUNCTIONS[name]
    names = ["x > y", "x", "y"] if record.condition else ["x", "y"][: len(record.arguments)]
    formula = f"{name}({', '.join(names)})"
    size = len(parse(formula).names)
    points = [
        [a, b][:size] for a in (-7.3, -2.5, -0.4, 0.0, 0.3, 0.9, 1.0, 2.5, 4.0, 12.0) for b in (0.7, -1.4)
    ]
    (answer,) = in_node(WHAT, [{"formula": formula, "points": points}])
    objective = from_text(formula)
    names = list(objective.parameters.names)
    for point, at in zip(points, answer["at"], strict=True):
        x = dict(zip(answer["names"], point, strict=True))
        with np.errstate(all="ignore"):
            value, gradient = objective.value_and_gradient(np.array([x[n] for n in names]))
        assert close(at["value"], float(value), 1e-4), (point, at, value)
        for n, slope in zip(answer["names"], at["gradient"], strict=True):
            assert close(slope, float(gradient[names.index(n)]), 1e-4), (point, at, gradient)


@needs_node
def test_a_grid_has_the_values_of_its_points() -> None:
    body = """
    const { tree, names } = readFormula("sin(x)*y^2 + where(x < y, x, exp(z)) + max(x, y) - 3^x + 2");
    const compiled = compileFormula(tree, names);
    const a = Float64Array.from({ length: 61 }, (_, i) => i / 10 - 3);
    const b = Float64Array.from({ length: 43 }, (_, i) => i / 7 - 3);
    const out = compiled.grid(0, 1, a, b, [0, 0, 0.25], new Float64Array(61 * 43));
    const line = compiled.grid(1, -1, b, null, [0.5, 0, 0.25], new Float64Array(43));
    const holds = (i, j) => compiled.value([a[i], b[j], 0.25]) === out[j * 61 + i];
    const same = a.every((_, i) => b.every((_, j) => holds(i, j)));
    return { names, same, line: line.every((v, j) => v === compiled.value([0.5, b[j], 0.25])) };
    """
    assert in_node(body) == {"names": ["x", "y", "z"], "same": True, "line": True}


@needs_node
def test_a_branch_that_is_not_taken_spoils_nothing() -> None:
    (answer,) = in_node(WHAT, [{"formula": "where(x > 0, sqrt(x)*log(x), -x)", "points": [[-2.0], [4.0]]}])
    assert [at["gradient"] for at in answer["at"]] == [["-1"], [str(math.log(4) / 4 + 0.5)]]
