"""Wrappers and bounds around the page's rules, as in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from page_node import in_node, needs_node
from test_page_descents import RULES, WHAT, options_of

import downslope as ds
from downslope.optimizers import ClipByNorm, ClipByValue, WeightDecay

FORMULA, START = "x^2/20 + log(1 + y^2) + x*y/10 + exp(-x)", {"x": -3.0, "y": 2.0}
LIMITS = {"steps": 60, "tolerance": 1e-6}
AROUND = {
    "norm": [(ClipByNorm, {"limit": 0.3})],
    "value": [(ClipByValue, {"limit": 0.2})],
    "decay": [(WeightDecay, {"rate": 0.1})],
    "both": [(ClipByNorm, {"limit": 0.5}), (WeightDecay, {"rate": 0.1})],
}
BOUNDED = [name for name, rule in RULES.items() if rule.projects]


def asked(rule: Any, **others: Any) -> dict[str, Any]:
    return options_of(rule, steps=LIMITS["steps"], tolerances={"tolerance": LIMITS["tolerance"]}, **others)


def by_page(formula: str, start: dict[str, float], options: list[dict[str, Any]]) -> Any:
    return in_node(
        WHAT, [{"formula": formula, "start": list(start.values()), "options": one} for one in options]
    )


def assert_same(page: Any, run: ds.Run) -> None:
    assert (page["status"], page["steps"], page["evaluations"]) == (run.status, run.nit, run.nfev)
    assert np.reshape(page["x"], run.history.x.shape) == pytest.approx(run.history.x, rel=1e-9, abs=1e-12)
    assert page["norm"] == pytest.approx(run.history.gradient_norm, rel=1e-6, abs=1e-9)
    if page["reported"]:
        assert page["reported"]["x"] == pytest.approx(list(run.x.values()), rel=1e-9, abs=1e-12)
        assert page["reported"]["norm"] == pytest.approx(run.gradient_norm, rel=1e-6, abs=1e-9)


@needs_node
@pytest.mark.parametrize("around", AROUND)
def test_a_wrapped_rule_makes_the_same_steps(around: str) -> None:
    names = ["gradient_descent", "adam", "nesterov", "schedule_free_sgd", "polyak_step", "rprop"]
    layers = [{"name": wrapper.name(), "values": values} for wrapper, values in AROUND[around]]
    pages = by_page(FORMULA, START, [asked(RULES[name], wrappers=layers) for name in names])
    for name, page in zip(names, pages, strict=True):
        wrapped = RULES[name]
        for wrapper, values in reversed(AROUND[around]):
            wrapped = wrapper(optimizer=wrapped, **values)
        assert_same(page, ds.minimize(FORMULA, start=START, optimizer=wrapped, explain=False, **LIMITS))


@needs_node
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize(
    "bounds", [[(-2.0, 4.0), (0.5, None)], [(None, 0.25), (None, None)], [(1.0, 1.0), (-9.0, 9.0)]]
)
def test_a_rule_stays_within_bounds(bounds: Any, up: bool) -> None:
    formula = f"-({FORMULA})" if up else FORMULA
    pages = by_page(formula, START, [asked(RULES[name], bounds=bounds, maximize=up) for name in BOUNDED])
    assert len(pages) > 3
    for name, page in zip(BOUNDED, pages, strict=True):
        run = (ds.maximize if up else ds.minimize)(
            formula, start=START, optimizer=RULES[name], bounds=bounds, explain=False, **LIMITS
        )
        assert_same(page, run)


@needs_node
def test_the_page_knows_which_rules_may_be_kept_within_bounds() -> None:
    found = in_node("return [...RULES.values()].filter((rule) => rule.projects).map((rule) => rule.name);")
    assert found == BOUNDED
