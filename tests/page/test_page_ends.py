"""How runs end in the page's program, and with which schedules: as in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from page_node import in_node, needs_node
from test_page_descents import WHAT

import downslope as ds
from downslope.optimizers import as_optimizer, schedules
from downslope.optimizers.registry import all_schedules, with_schedule
from downslope.optimizers.schedules import (
    Cosine,
    CosineRestarts,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    StepDecay,
    Warmup,
)

# What is descended, how, and what may end it
ENDS: dict[str, tuple[str, dict[str, float], str, dict[str, Any]]] = {
    "converged": ("x^2/20 + y^2", {"x": -7, "y": 2}, "gradient_descent(0.5)", {}),
    "above the limit": ("x^2/20 + y^2", {"x": -7, "y": 2}, "gradient_descent(1.05)", {"steps": 100}),
    "runaway": ("x^4", {"x": 3}, "gradient_descent(0.2)", {}),
    "runaway of a square": ("x^2", {"x": 3}, "gradient_descent(1.5)", {}),
    "a cycle": ("x^2", {"x": 3}, "gradient_descent(1)", {"steps": 100}),
    "chatter": ("abs(x)", {"x": 1.05}, "gradient_descent(0.1)", {"steps": 100}),
    "saddle": ("x^2 - y^2", {"x": 3, "y": 0}, "gradient_descent(0.1)", {}),
    "unbounded": ("x^2 - y^2", {"x": 3, "y": 0.1}, "gradient_descent(0.1)", {}),
    "unbounded cubic": ("x^3", {"x": -1}, "gradient_descent(0.1)", {}),
    "left the domain": ("x - log(x)", {"x": 0.05}, "gradient_descent(0.9)", {}),
    "a pole": ("1/x + x", {"x": 0.1}, "gradient_descent(0.01)", {"steps": 9}),
    "outside from the start": ("log(x)", {"x": -1}, "gradient_descent(0.1)", {}),
    "minus infinity": ("log(x)", {"x": 0}, "gradient_descent(0.1)", {}),
    "a corner without slope": ("sqrt(x)", {"x": 0}, "gradient_descent(0.1)", {}),
    "plateau": ("tanh(x)^2", {"x": 30}, "gradient_descent(0.1)", {}),
    "stalled": ("x^2 + 1", {"x": 1e-3}, "armijo", {"tolerance": 0, "steps": 5000}),
    "step limit": ("x^2", {"x": 3}, "adam(0.01)", {"steps": 50}),
    "evaluations": ("(1-x)^2 + 100*(y-x^2)^2", {"x": -1.2, "y": 1}, "armijo", {"evaluations": 77}),
    "target": ("x^2 + y^2", {"x": 3, "y": 1}, "adam(0.1)", {"target": 0.5}),
    "value steady": ("x^2 + y^4", {"x": 3, "y": 1}, "gradient_descent(0.1)", {"value_tolerance": 1e-6}),
    "point steady": ("x^2 + y^4", {"x": 3, "y": 1}, "momentum(0.01)", {"x_tolerance": 1e-6}),
    "relative": ("x^2 + y^4", {"x": 3, "y": 1}, "nesterov(0.01)", {"relative_tolerance": 1e-3}),
    "an average": ("x^2/20 + y^2", {"x": -7, "y": 2}, "schedule_free_sgd(0.5)", {"tolerance": 1e-3}),
    "an average, steady": (
        "x^2/20 + y^2",
        {"x": -7, "y": 2},
        "schedule_free_sgd(0.5)",
        {"x_tolerance": 1e-4},
    ),
    "distance over gradients": ("x^2/20 + y^2", {"x": -7, "y": 2}, "dog", {"tolerance": 1e-3, "steps": 4000}),
    "small gradients": ("x^2*1e-160", {"x": 1}, "gradient_descent(1e160)", {"steps": 3, "tolerance": 1e-170}),
    "steep": ("1e200*x^2", {"x": 1}, "gradient_descent(1e-201)", {"steps": 30, "tolerance": 1e-3}),
    "at the start": ("x^2", {"x": 0}, "adam", {}),
    "no step": ("x^2", {"x": 1}, "adam", {"steps": 0}),
}


def asked_of_page(optimizer: Any, options: dict[str, Any], **others: Any) -> dict[str, Any]:
    tests = {k: v for k, v in options.items() if k not in ("steps", "evaluations")}
    limits = {k: v for k, v in options.items() if k in ("steps", "evaluations")}
    return {
        "rule": optimizer.name(),
        "hyperparameters": optimizer.scalars(),
        "tolerances": tests,
        **limits,
        **others,
    }


def by_page(formula: str, start: dict[str, float], options: dict[str, Any]) -> Any:
    (answer,) = in_node(WHAT, [{"formula": formula, "start": list(start.values()), "options": options}])
    return answer


@pytest.fixture(scope="module")
def ends() -> Any:
    """What the page's program makes of them, up and down."""
    given = [
        {
            "formula": f"-({formula})" if up else formula,
            "start": list(start.values()),
            "options": asked_of_page(as_optimizer(rule), {**limits, **turned(limits, up)}, maximize=up),
        }
        for up in (False, True)
        for formula, start, rule, limits in ENDS.values()
    ]
    answers = in_node(WHAT, given)
    return dict(zip([(name, up) for up in (False, True) for name in ENDS], answers, strict=True))


def turned(limits: dict[str, Any], up: bool) -> dict[str, Any]:
    return {"target": -limits["target"]} if up and "target" in limits else {}


@needs_node
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("name", ENDS)
def test_an_end_has_the_same_word(name: str, up: bool, ends: Any) -> None:
    formula, start, rule, limits = ENDS[name]
    run = (ds.maximize if up else ds.minimize)(
        f"-({formula})" if up else formula,
        start=start,
        optimizer=as_optimizer(rule),
        explain=False,
        **{**limits, **turned(limits, up)},
    )
    page = ends[name, up]
    assert (page["status"], page["steps"], page["evaluations"]) == (run.status, run.nit, run.nfev)
    assert page["step"] == run.history.step.tolist()
    assert page["value"] == pytest.approx(run.history.value, rel=1e-9, abs=1e-300)
    assert page["period"] == run.termination.evidence.period
    assert (page["reported"] is not None) == run.termination.evidence.reported
    if page["reported"]:
        assert page["reported"]["x"] == pytest.approx(list(run.x.values()), rel=1e-9, abs=1e-12)


SCHEDULES = [
    Cosine(steps=30),
    CosineRestarts(steps=7),
    schedules.Exponential(rate=0.9),
    schedules.InverseSquareRoot(),
    schedules.InverseTime(rate=0.1),
    OneCycle(steps=30),
    Polynomial(steps=20, power=2.0),
    ReduceOnPlateau(rate=0.5, patience=2),
    schedules.SquareRootCooldown(steps=20),
    StepDecay(every=5),
    schedules.Triangular(steps=4),
    schedules.TriangularExponential(steps=4, rate=0.9),
    schedules.TriangularHalving(steps=4),
    Warmup(steps=10),
    schedules.WarmupStableDecay(steps=30),
]


def of_page(schedule: Any) -> dict[str, Any]:
    return {"name": schedule.name(), "values": schedule.hyperparameters()}


@needs_node
@pytest.mark.parametrize("rule", ["gradient_descent(1)", "adam(0.3)", "schedule_free_sgd(0.5)"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name())
def test_a_rate_follows_its_schedule(schedule: Any, rule: str) -> None:
    optimizer, formula, start = as_optimizer(rule), "x^2/20 + log(1 + y^2)", {"x": -7.0, "y": 2.0}
    for others in ([], [Warmup(steps=4)]):
        scheduled = optimizer
        for one in (schedule, *others):
            scheduled = with_schedule(scheduled, one)
        run = ds.minimize(formula, start=start, optimizer=scheduled, explain=False, steps=40)
        asked = asked_of_page(
            optimizer, {"steps": 40}, schedule=[of_page(one) for one in (schedule, *others)]
        )
        page = by_page(formula, start, asked)
        assert np.reshape(page["x"], (-1, 2)) == pytest.approx(run.history.x, rel=1e-9, abs=1e-12)


def test_every_schedule_that_is_made_of_numbers_is_tried() -> None:
    """A list of steps and a function of a person's own are no numbers."""
    without = {schedule.name() for schedule in SCHEDULES}
    assert {cls.name() for cls in all_schedules()} - without == {"custom", "multi_step"}
