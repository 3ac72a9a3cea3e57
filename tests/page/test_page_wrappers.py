"""Wrappers and bounds around the page's rules, as in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from page_node import PROGRAM, in_node, needs_node
from test_page_descents import RULES, WHAT, options_of

import downslope as ds
from downslope.optimizers import (
    AccumulatedGradient,
    AveragedAnswer,
    Cautious,
    ClipByNorm,
    ClipByValue,
    GradientNoise,
    Lookahead,
    Mechanize,
    ScheduleFree,
    SharpnessAware,
    WeightDecay,
    all_wrappers,
)
from downslope.optimizers.schedules import Cosine

FORMULA, START = "x^2/20 + log(1 + y^2) + x*y/10 + exp(-x)", {"x": -3.0, "y": 2.0}
LIMITS = {"steps": 60, "tolerance": 1e-6}
AROUND = {
    "norm": [(ClipByNorm, {"limit": 0.3})],
    "value": [(ClipByValue, {"limit": 0.2})],
    "decay": [(WeightDecay, {"rate": 0.1})],
    "both": [(ClipByNorm, {"limit": 0.5}), (WeightDecay, {"rate": 0.1})],
}
# That change steps: around rules that step from each point that they evaluate, and report it.
OF_STEPS = {
    "lookahead": [(Lookahead, {"every": 3.0, "part": 0.4})],
    "cautious": [(Cautious, {})],
    "averaged": [(AveragedAnswer, {"decay": 0.8})],
    "schedule free": [(ScheduleFree, {"momentum": 0.7})],
    "sharpness": [(SharpnessAware, {"radius": 0.1})],
    "accumulated": [(AccumulatedGradient, {"every": 3.0})],
    "noise": [(GradientNoise, {"variance": 0.2})],
    "mechanize": [(Mechanize, {"initial_scale": 0.01})],
    "nested": [
        (AveragedAnswer, {"decay": 0.5}),
        (ClipByNorm, {"limit": 0.5}),
        (SharpnessAware, {"radius": 0.05}),
        (WeightDecay, {"rate": 0.1}),
        (Cautious, {}),
    ],
    "noise accumulated": [(GradientNoise, {"variance": 0.2}), (AccumulatedGradient, {"every": 4.0})],
    "noise averaged": [(AveragedAnswer, {"decay": 0.9}), (GradientNoise, {"variance": 0.5, "decay": 0.0})],
}
BOUNDED = [name for name, rule in RULES.items() if rule.projects]


def asked(rule: Any, **others: Any) -> dict[str, Any]:
    return options_of(rule, steps=LIMITS["steps"], tolerances={"tolerance": LIMITS["tolerance"]}, **others)


def by_page(formula: str, start: dict[str, float], options: list[dict[str, Any]]) -> Any:
    return in_node(
        WHAT, [{"formula": formula, "start": list(start.values()), "options": one} for one in options]
    )


def assert_same(page: Any, run: ds.Run, absolute: float = 1e-12) -> None:
    assert (page["status"], page["steps"], page["evaluations"]) == (run.status, run.nit, run.nfev)
    assert np.reshape(page["x"], run.history.x.shape) == pytest.approx(run.history.x, rel=1e-9, abs=absolute)
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


def wrapped(rule: Any, around: list[Any]) -> Any:
    for wrapper, values in reversed(around):
        rule = wrapper(optimizer=rule, **values)
    return rule


@needs_node
@pytest.mark.parametrize("around", OF_STEPS)
def test_steps_are_changed_as_in_python(around: str) -> None:
    names = ["gradient_descent", "adam", "nesterov", "rprop"]
    magnifies = ("lookahead", "schedule free", "mechanize", "noise accumulated")
    if around not in magnifies:  # in these its steps make much of a last digit
        names.append("polyak_step")
    layers = [{"name": wrapper.name(), "values": values} for wrapper, values in OF_STEPS[around]]
    asks = [asked(RULES[name], wrappers=layers) for name in names]
    scheduled = [{"name": "cosine", "values": {"steps": 40, "final": 0.1}}]
    asks.append(asked(RULES["adam"], wrappers=layers, schedule=scheduled))
    rules = [RULES[name] for name in names]
    rate = RULES["adam"].learning_rate
    rules.append(RULES["adam"].changed(learning_rate=rate * Cosine(steps=40, final=0.1)))
    for rule, page in zip(rules, by_page(FORMULA, START, asks), strict=True):
        run = ds.minimize(
            FORMULA, start=START, optimizer=wrapped(rule, OF_STEPS[around]), explain=False, **LIMITS
        )
        assert_same(page, run, 1e-9)


@needs_node
def test_the_page_has_every_wrapper_that_numbers_make() -> None:
    found = in_node(
        f'const {{ WRAPPERS }} = await import("{PROGRAM.as_uri()}/wrappers.js"); return [...WRAPPERS.keys()];'
    )
    assert found == [cls.name() for cls in all_wrappers() if cls.name() not in ("projected", "scheduled")]


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
