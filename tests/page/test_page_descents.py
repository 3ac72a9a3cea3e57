"""Every rule in the page's program beside the same rule in Python: the same steps, the same end, the same points."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from page_node import in_node, needs_node

import downslope as ds
from downslope.optimizers import Optimizer, all_optimizers

FORMULAS = {
    "polynomial-1": ("x^4/4 - x^2 + x/2", {"x": -1.9}),
    "polynomial-2": ("(1-x)^2 + 2*(y-x^2)^2", {"x": -0.6, "y": 0.8}),
    "transcendental-1": ("exp(x/2) - x + sin(x)/4", {"x": -1.7}),
    "transcendental-2": ("exp(-x) + x/2 + log(1 + y^2) - x*sin(y)/4", {"x": -0.5, "y": 1.3}),
}
RATE = 0.05
SUITED = {"cocob": {"alpha": 300.0}}  # with 100 a change of the last bit of the start is 1e-8 after 120 steps
WHAT = """
return given.map(({ formula, start, options }) => {
  const { tree, names } = readFormula(formula);
  const { state, ...run } = descend(compileFormula(tree, names), start, options);
  return run;
});
"""


def rule_of(cls: type[Optimizer]) -> Optimizer:
    """With a learning rate that suits all of the formulas, where it takes one."""
    rated = cls.__dataclass_fields__.get("learning_rate")
    return cls(learning_rate=RATE) if rated is not None else cls(**SUITED.get(cls.name(), {}))


def options_of(rule: Optimizer, **others: Any) -> dict[str, Any]:
    return {"rule": rule.name(), "hyperparameters": rule.scalars(), **others}


LIMITS = {"test": {"tolerance": 1e-5, "steps": 120}, "steps": {"steps": 6}}
RULES = {cls.name(): rule_of(cls) for cls in all_optimizers()}


@pytest.fixture(scope="module")
def by_page() -> Any:
    """What the page's program makes of every case, in one run of Node."""
    cases = list(product(FORMULAS, RULES, LIMITS))
    given = []
    for name, rule, limits in cases:
        formula, start = FORMULAS[name]
        tests = {key: value for key, value in LIMITS[limits].items() if key != "steps"}
        asked = options_of(RULES[rule], steps=LIMITS[limits]["steps"], tolerances=tests)
        given.append({"formula": formula, "start": list(start.values()), "options": asked})
    return dict(zip(cases, in_node(WHAT, given), strict=True))


def distance(run: ds.Run, page: Any) -> float:
    """The greatest relative distance of the points of a run and those of the page."""
    ours = run.history.x
    theirs = np.array(page["x"]).reshape(-1, ours.shape[1])
    k = min(len(ours), len(theirs))
    return float(np.max(np.abs(ours[:k] - theirs[:k]) / (1e-3 + np.abs(ours[:k]))))


@needs_node
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", FORMULAS)
def test_a_rule_makes_the_same_steps(name: str, rule: str, limits: str, by_page: Any) -> None:
    formula, start = FORMULAS[name]
    run = ds.minimize(formula, start=start, optimizer=RULES[rule], explain=False, **LIMITS[limits])
    page = by_page[name, rule, limits]
    assert (page["status"], page["steps"], page["evaluations"]) == (run.status, run.nit, run.nfev)
    assert page["step"] == run.history.step.tolist()
    assert page["evaluation"] == run.history.evaluations.tolist()
    assert distance(run, page) < 1e-9
    assert page["value"] == pytest.approx(run.history.value, rel=1e-9, abs=1e-12)
    assert page["norm"] == pytest.approx(run.history.gradient_norm, rel=1e-6, abs=1e-7)
    reported = page["reported"]["x"] if page["reported"] else page["x"][-len(start) :]
    assert reported == pytest.approx(list(run.x.values()), rel=1e-9, abs=1e-12)
