"""Scripts of wrapped rules, executed: all wrappers around rules that a seed chooses, and wrappers in each other."""

from __future__ import annotations

import functools
import random
from typing import Any

import pytest
from scripts import DIALECTS, FRAMEWORKS, agree, execute, lacking

import downslope as ds
from downslope import optimizers as o
from downslope.errors import UsageError
from downslope.optimizers.requirements import requirements_of

BOWL, START = "(x - 1)^2 + 3*(y + 0.5)^2 + x*y + exp(y/3)", {"x": -1.2, "y": 1.0}
SEED, EACH = 24, 3  # rules around which each wrapper is put
NUMBERS: dict[str, dict[str, float]] = {
    "accumulated_gradient": {"every": 3.0},
    "averaged_answer": {"decay": 0.8},
    "cautious": {},
    "gradient_noise": {"variance": 0.2, "seed": 3},
    "lookahead": {"every": 3.0, "part": 0.4},
    "mechanize": {"initial_scale": 0.01},
    "schedule_free": {"momentum": 0.7},
    "sharpness_aware": {"radius": 0.1},
}
KINDS = {cls.name(): cls for cls in o.all_wrappers() if cls.name() in NUMBERS}


def stepping() -> list[o.Optimizer]:
    """Rules that step from each point that they evaluate, and report it."""
    asked = [(cls(), requirements_of(cls())) for cls in o.all_optimizers()]
    return [rule for rule, asks in asked if not asks.searches and not asks.averages]


def around(rule: o.Optimizer, *names: str) -> o.Optimizer:
    for name in reversed(names):
        rule = KINDS[name](optimizer=rule, **NUMBERS[name])
    return rule


def sampled() -> dict[str, dict[str, Any]]:
    draw, rules = random.Random(SEED), stepping()
    return {
        f"{name}({rule.name()})": {"optimizer": around(rule, name)}
        for name in NUMBERS
        for rule in draw.sample(rules, EACH)
    }


ADAM, DESCENT = o.Adam(learning_rate=0.1), o.GradientDescent(learning_rate=0.05)
CASES: dict[str, dict[str, Any]] = {
    **sampled(),
    "of one kind": {"optimizer": around(ADAM, "gradient_noise", "gradient_noise", "averaged_answer")},
    "deep": {"optimizer": around(ADAM, "lookahead", "cautious", "gradient_noise")},
    "averages of trials": {"optimizer": around(o.Armijo(), "averaged_answer")},
    "accumulated average": {
        "optimizer": around(o.ScheduleFreeSGD(learning_rate=0.1), "accumulated_gradient"),
    },
    "decay inside": {"optimizer": around(o.WeightDecay(optimizer=ADAM, rate=0.3), "lookahead")},
    "clipped inside and outside": {
        "optimizer": o.ClipByNorm(
            optimizer=around(o.ClipByValue(optimizer=DESCENT, limit=0.4), "gradient_noise"), limit=2.0
        ),
    },
    "bounds": {"optimizer": around(ADAM, "cautious"), "bounds": {"x": (-2, 0.2), "y": (None, 0.9)}},
    "schedule": {"optimizer": around(ADAM, "lookahead"), "schedule": "cosine(steps=9)"},
    "tolerance": {"optimizer": around(DESCENT, "lookahead"), "tolerance": 1e-3, "steps": 400},
    "climbing": {"optimizer": around(ADAM, "sharpness_aware")},
    "one parameter": {"optimizer": around(ADAM, "gradient_noise")},
}


@functools.cache
def run_of(name: str) -> ds.Run:
    asked = {"steps": 9, "explain": False} | CASES[name]
    if name == "climbing":
        return ds.maximize("-(x - 1)^2 - y^2*exp(x/5)", START, **asked)
    if name == "one parameter":
        return ds.minimize("(W - 2)^4 + W^2", {"W": 0.3}, **asked)
    return ds.minimize(BOWL, START, **asked)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @functools.cache
    def of(dialect: str) -> dict[str, Any]:
        if lacking(dialect):
            pytest.skip(f"{lacking(dialect)} is not installed, and the scripts are written for it")
        scripts = {name: run_of(name).export(dialect) for name in CASES}
        return execute(FRAMEWORKS[dialect], scripts, tmp_path_factory.mktemp(dialect.replace(".", "_")))

    return of


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_scripts_of_wrapped_rules_go_the_way_of_the_runs(dialect: str, printed: Any) -> None:
    for name, one in printed(dialect).items():
        # AdGD's first step is 1e-10 long, so its first curvature is rounding, and SymPy's sums have another order.
        tolerance = 1e-7 if dialect == "sympy" and "adgd" in name else 1e-9
        try:
            agree(run_of(name), one, tolerance)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


@pytest.mark.parametrize("name", ["sharpness_aware", "accumulated_gradient"])
def test_a_rate_that_changes_within_another_count_of_steps_is_refused(name: str) -> None:
    run = ds.minimize(BOWL, START, optimizer=around(ADAM, name), schedule="cosine(steps=9)", steps=3)
    with pytest.raises(UsageError, match="no learning rate that changes within"):
        run.export("numpy")


def test_bounds_within_a_wrapper_are_refused() -> None:
    inside = o.Projected(optimizer=DESCENT, lower=(-2.0, -2.0), upper=(2.0, 2.0))
    run = ds.minimize(BOWL, START, optimizer=around(inside, "averaged_answer"), steps=3)
    with pytest.raises(UsageError, match="only around all else"):
        run.export("numpy")


def test_the_script_says_what_is_around_the_rule() -> None:
    script = run_of("deep").export("optax")
    assert "Lookahead(Cautious(GradientNoise(Adam)))" in script
    assert "arXiv 1907.08610" in script
    assert "LOOKAHEAD_EVERY = 3.0" in script
