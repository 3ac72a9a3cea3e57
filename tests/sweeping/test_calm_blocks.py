"""Blocks of steps without tests make the very runs that the loop with all tests makes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import symengine as se

from downslope.descent import Stopping
from downslope.descent import judge as j
from downslope.descent import lane_kernel as lk
from downslope.objectives import as_objective
from downslope.objectives.problems import all_problems
from downslope.optimizers import all_optimizers, as_optimizer
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.sweeping import lanes
from downslope.sweeping.calm_reach import HIGHEST, reach_of
from downslope.sweeping.lane_code import LaneProgram, calm_program, lane_program
from downslope.sweeping.lane_step import LaneTests, StepSymbols
from downslope.sweeping.lanes import LaneEngine, LaneProblem, Varied, why_no_lanes
from trials import fresh_seed, trials

RUNS = 75
STOPPINGS = (
    {"steps": 203},
    {"steps": 200, "tolerance": 1e-6},
    {"steps": 150, "relative_tolerance": 1e-3},
    {"steps": 100, "target": 0.5},
    {"evaluations": 127, "tolerance": 1e-3},
    {"steps": 600, "tolerance": 1e-200},  # not met: runs at rest stall
)


def _results(problem: LaneProblem, varied: Varied, patch: pytest.MonkeyPatch, enough: float) -> Any:
    patch.setattr(lanes, "WORTH_COMPILING", enough)
    lanes._PROGRAMS.clear()
    engine = LaneEngine(problem)
    results = engine.results(len(varied.starts))
    engine.run(varied, results)
    return results


def _check(started: Any, rule: Any, stopping: Stopping, random: Any, patch: pytest.MonkeyPatch) -> None:
    objective, x = started
    starts = x + random.normal(size=(RUNS, len(x))) * random.choice([0.1, 1.0, 10.0])
    starts[::9] *= 1e8
    rates = 10 ** random.uniform(-5, 0.7, RUNS)
    rated = isinstance(getattr(rule, "learning_rate", None), float)
    varied = Varied(starts, {"learning_rate": rates} if rated else {})
    problem = LaneProblem(objective, rule, stopping)
    plain = _results(problem, varied, patch, np.inf)
    calm = _results(problem, varied, patch, 0)
    for name, one, other in zip(plain._fields, plain, calm, strict=True):
        same = np.asarray(one).tobytes() == np.asarray(other).tobytes()
        assert same or np.array_equal(one, other, equal_nan=True), (name, objective.text, rule, stopping)


def _has_blocks(objective: Any, rule: Any) -> bool:
    step = lanes._step(objective, resolve_schedule(rule), 1.0)
    return calm_program(step, LaneTests(True, False, False, False)) is not None


def test_blocks_make_the_same_runs_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(fresh_seed())
    known = [problem for problem in all_problems() if problem.dimension <= 3]
    started = [as_objective(known[i]) for i in random.permutation(len(known))[: trials(3)]]
    started += [as_objective(text, {"x": 1.0, "y": 1.0}) for text in ("x^2/20 + y^2", "x^4 - 2*x*y + y^6")]
    with_blocks = 0
    for cls in all_optimizers():
        try:
            rule = cls()
        except ValueError:
            rule = cls(learning_rate=0.1)  # type: ignore[call-arg]
        objective, x = started[random.integers(len(started))]
        if why_no_lanes(objective, rule) or not _has_blocks(objective, rule):
            objective, x = started[-1 - int(random.integers(2))]
        if why_no_lanes(objective, rule) or not _has_blocks(objective, rule):
            continue
        with_blocks += 1
        stopping = STOPPINGS[random.integers(len(STOPPINGS))]
        _check((objective, x), rule, Stopping(**stopping), random, monkeypatch)
    assert with_blocks >= 4


@pytest.mark.parametrize(
    ("rule", "formula"),
    [
        ("gradient_descent", "x^2/20 + y^2"),
        ("momentum", "(1-x)^2 + 100*(y-x^2)^2"),
        ("nesterov", "x^3 + y^2"),
    ],
)
def test_first_order_runs_are_the_same(rule: str, formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(fresh_seed())
    started = as_objective(formula, {"x": 0.0, "y": 0.0})
    assert _has_blocks(started[0], as_optimizer(rule, 0.1))
    for stopping in STOPPINGS:
        _check(started, as_optimizer(rule, 0.1), Stopping(**stopping), random, monkeypatch)


@cache
def _turning(watched: bool) -> tuple[LaneProgram, LaneProgram]:
    """A point that takes six values in turn; its value is its square."""
    ring = se.symbols("x s0:5")
    outputs = [*ring[1:], ring[0], ring[0] ** 2, 4 * ring[0] ** 2, se.Integer(1)]
    step, tests = StepSymbols(ring, outputs, 0, 1), LaneTests(watched, False, False, False)
    calm = calm_program(step, tests)
    assert calm is not None
    return lane_program(step, tests), calm


def _run(program: LaneProgram, turns: Any, watched: bool, tolerance: float) -> lk.LaneResults:
    limits = np.full(j.LIMITS, -1.0)
    limits[[j.MOST_STEPS, j.MOST_EVALUATIONS, j.MOST_IDLE]] = 100, j.NO_LIMIT, 200
    limits[[j.WATCHED, j.SUSPECT, j.ASK_BELOW]] = watched, 0.0, 0.0
    limits[j.TOLERANCE], limits[j.TARGET] = tolerance, -np.inf
    runs = len(turns)
    places = np.arange(6, dtype=np.int64)
    inputs = lk.LaneInputs(np.zeros(6), places, np.ascontiguousarray(turns.T), limits, -1.0, 0)
    results = lk.LaneResults(
        np.zeros(runs, np.int8),
        np.full(runs, -1, np.int64),
        np.full(runs, -1, np.int64),
        np.full(runs, np.nan),
        np.full(runs, np.nan),
        np.full(runs, np.nan),
        np.full((runs, 1), np.nan),
        np.zeros(runs),
        np.zeros(runs, np.int8),
        np.zeros((0, 0, 3)),
    )
    lk.run_lanes(inputs, results, lk.LaneWork.of(program.code, np.zeros(1, np.int8)), (0, runs))
    return results


@pytest.mark.parametrize(
    "odd",
    [1e20, 1e160, np.inf, np.nan, -1e15 * 1.5, 1e-3],
    ids=["high", "overflow", "inf", "nan", "low", "flat"],
)
@pytest.mark.parametrize("place", range(1, 6))
@pytest.mark.parametrize("watched", [False, True])
def test_what_passes_within_a_block_and_comes_back_is_seen(odd: float, place: int, watched: bool) -> None:
    turns = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (40, 1))
    turns[::3, place] = odd
    tolerance = 1e-2 if watched else -1.0
    expected, found = (_run(one, turns, watched, tolerance) for one in _turning(watched))
    for one, other in zip(expected, found, strict=True):
        assert np.array_equal(one, other, equal_nan=True)
    last = place if abs(odd) < 1e150 else place - 1  # a value that is no finite number is no step
    assert (found.steps[1::3] == 100).all()
    assert (found.steps[::3] == (100 if odd == 1e-3 and not watched else last)).all()


def test_nothing_within_reach_is_too_large() -> None:
    x, y = se.symbols("x y")
    value = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    reach = reach_of(value, value**2, [x, y])
    assert reach is not None
    corners = [
        abs(float(value.subs({x: a * reach, y: b * reach}))) for a in (-1, 0, 0.5, 1) for b in (-1, 0, 1)
    ]
    assert 1e20 < max(corners) <= HIGHEST
    assert reach_of(1e300 * x, x, [x]) is None
    assert reach_of(se.log(x), x, [x]) is None
    assert reach_of(x * se.Symbol("rate"), x, [x]) is None
