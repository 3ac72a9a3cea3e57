"""The joint step map of an exported run has the bits of the machine code: on polynomials all but for three rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from page_node import PROGRAM, in_node, needs_node
from test_page_descents import RULES, options_of

import downslope as ds
from downslope.objectives.formula import from_text
from downslope.page.printed import StepMapRequest, step_map

POLYNOMIALS = {
    "one": ("x^4/4 - x^2 + x/2", {"x": -1.9}),
    "two": ("(1-x)^2 + 100*(y-x^2)^2", {"x": -1.2, "y": 1.0}),
    "a bowl": ("x^2/20 + y^2", {"x": -7.0, "y": 2.0}),
}
STEPS = 100


def printed(formula: str, start: dict[str, float], rule: Any, sign: float = 1.0) -> str:
    objective = from_text(formula)
    return step_map(StepMapRequest(objective, rule, np.array(list(start.values())), sign))


def by_page(formula: str, start: dict[str, float], sign: float = 1.0) -> dict[str, Any]:
    """The points that every rule makes of a formula with its joint step map."""
    maps = ",\n".join(f'"{name}": {printed(formula, start, rule, sign)}' for name, rule in RULES.items())
    given = [
        options_of(rule, evaluations=STEPS, tolerances={"tolerance": 1e-12}, maximize=sign < 0)
        for rule in RULES.values()
    ]
    body = f"""
    const {{ powi, rsqrt }} = await import("{(PROGRAM / "arithmetic.js").as_uri()}");
    const maps = {{{maps}}};
    const {{ tree, names }} = readFormula(given.formula);
    return given.options.map((options) => {{
      const asked = {{ ...options, stepMap: maps[options.rule] }};
      const {{ state, ...run }} = descend(compileFormula(tree, names), given.start, asked);
      return run;
    }});
    """
    answers = in_node(body, {"formula": formula, "start": list(start.values()), "options": given})
    return dict(zip(RULES, answers, strict=True))


@needs_node
@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_have_the_bits_of_the_machine_code(name: str) -> None:
    formula, start = POLYNOMIALS[name]
    answers, different = by_page(formula, start), {}
    for rule, page in answers.items():
        run = ds.minimize(
            formula, start=start, optimizer=RULES[rule], evaluations=STEPS, tolerance=1e-12, explain=False
        )
        x = np.array(page["x"]).reshape(-1, len(start))
        k = min(len(x), len(run.history.x))
        same = x.shape == run.history.x.shape and np.array_equal(x, run.history.x)
        if not same:
            different[rule] = float(np.max(np.abs(x[:k] - run.history.x[:k])))
        else:
            assert (page["status"], page["steps"], page["evaluations"]) == (run.status, run.nit, run.nfev)
            assert np.array_equal(np.array(page["value"], float), run.history.value)
            assert page["norm"] == pytest.approx(run.history.gradient_norm, rel=1e-15, abs=1e-15)
    assert len(different) <= 3, different


@needs_node
def test_a_climb_has_them_too() -> None:
    formula, start = "-(x^2/20) - y^2", {"x": -7.0, "y": 2.0}
    page = by_page(formula, start, -1.0)["adam"]
    run = ds.maximize(
        formula, start=start, optimizer=RULES["adam"], evaluations=STEPS, tolerance=1e-12, explain=False
    )
    assert np.array_equal(np.reshape(page["x"], (-1, 2)), run.history.x)
    assert np.array_equal(np.array(page["value"], float), run.history.value)
