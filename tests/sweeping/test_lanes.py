"""A run in a lane is the run that an engine of its own makes: same status, steps and point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.descent import judge as j
from downslope.descent import lane_kernel as lk
from downslope.descent.stopping import RUNAWAY, Status
from downslope.objectives import as_objective
from downslope.objectives.problems import Problem, all_problems
from downslope.optimizers import Optimizer, all_optimizers, as_optimizer
from downslope.sweeping import cores, lanes
from downslope.sweeping.lane_ends import run_in_lanes
from downslope.sweeping.lanes import LaneProblem, Varied, why_no_lanes
from downslope.sweeping.runs import STATUSES
from trials import fresh_seed, trials

RUNS = 24
COMPARED = 2  # of these, in each case
TOLERANCE = 1e-9
ULPS = 10  # starts that differ in their last bits from the one whose run is doubted
AS_FAR = 10.0  # times what the last bit of a start moves a run, a lane may differ from it
AVERAGING = {
    "asgd",
    "dog",
    "schedule_free_adamw",
    "schedule_free_sgd",
}  # report another point than they evaluate
STOPPINGS = (
    {"steps": 200, "tolerance": 1e-8},
    {"steps": 150},
    {"steps": 300, "value_tolerance": 1e-12, "evaluations": 250},
    {"tolerance": 1e-6, "x_tolerance": 1e-9, "evaluations": 400},
    {"steps": 100, "relative_tolerance": 1e-3},
    {"steps": 100, "target": 0.5},
)


class Case:
    """Runs of one rule on one problem, in lanes and alone."""

    def __init__(
        self, problem: Any, rule: Optimizer, stopping: Stopping, random: np.random.Generator
    ) -> None:
        self.rule, self.stopping, self.random = rule, stopping, random
        self.objective, x = problem if isinstance(problem, tuple) else as_objective(problem)
        width = random.choice([0.1, 1.0, 10.0])
        starts = x + random.normal(size=(RUNS, len(x))) * width
        rated = isinstance(getattr(rule, "learning_rate", None), float)
        self.varied = Varied(starts, {"learning_rate": 10 ** random.uniform(-4, 0.5, RUNS)} if rated else {})

    def alone(self, run: int, start: Any = None) -> Descent:
        x = self.varied.starts[run] if start is None else start
        rule = self.varied.optimizer(self.rule, run)
        return descend(self.objective, x, rule, self.stopping, loop=LoopOptions(keep_errors=True))

    def check(self) -> None:
        problem = LaneProblem(self.objective, self.rule, self.stopping)
        ends = run_in_lanes(problem, self.varied, self.alone).ends
        for run in self.random.permutation(RUNS)[:COMPARED]:
            alone = self.alone(int(run))
            lane = (STATUSES[ends.status[run]], ends.steps[run], ends.evaluations[run])
            steps = alone.nit if len(alone.history) else -1
            there, here = alone.final, ends.points[run]
            far = np.max(np.abs(here - there))
            same = lane == (alone.termination.status, steps, alone.nfev)
            if same and (far <= TOLERANCE * max(1.0, np.max(np.abs(there))) or not np.isfinite(far)):
                continue
            others = [self.alone(int(run), self._beside(int(run))) for _ in range(ULPS)]
            moved = max(np.max(np.abs(other.final - there)) for other in others)
            statuses = {alone.termination.status, *(other.termination.status for other in others)}
            about = (self.objective.text, self.varied.optimizer(self.rule, int(run)), self.stopping)
            assert far <= AS_FAR * moved, (*about, self.varied.starts[run])
            assert lane[0] in statuses, (*about, self.varied.starts[run])

    def _beside(self, run: int) -> Any:
        start = self.varied.starts[run]
        return np.nextafter(start, self.random.choice([-np.inf, 0.0, np.inf], len(start)))


def _rule(cls: Any, random: np.random.Generator) -> Optimizer:
    try:
        return cls()  # type: ignore[no-any-return]
    except ValueError:
        return cls(learning_rate=float(10 ** random.uniform(-4, -0.5)))  # type: ignore[no-any-return]


def _problems(count: int, random: np.random.Generator) -> list[Problem]:
    known = [problem for problem in all_problems() if problem.dimension <= 6]
    return [known[i] for i in random.permutation(len(known))[:count]]


def test_lanes_make_the_runs_that_engines_make() -> None:
    random = np.random.default_rng(fresh_seed())
    for problem in _problems(trials(2), random):
        for cls in all_optimizers():
            if cls.name() not in AVERAGING:
                stopping = Stopping(**STOPPINGS[random.integers(len(STOPPINGS))])
                rule = _rule(cls, random)
                objective, _ = as_objective(problem)
                if "too large to compile" not in str(why_no_lanes(objective, rule)):
                    Case(problem, rule, stopping, random).check()


@pytest.mark.parametrize(
    "formula", ["x - log(x)", "1/x + x^2", "exp(x) - 2*x", "sqrt(x) + 1/x", "x^x", "abs(x)^1.5 + x"]
)
def test_lanes_end_where_functions_end(formula: str) -> None:
    random = np.random.default_rng(fresh_seed())
    started = as_objective(formula, {"x": 1.0})
    for name in ("gradient_descent", "adam", "armijo", "auto"):
        rule = as_optimizer(name, 0.1 if name in ("gradient_descent", "adam") else None)
        for stopping in STOPPINGS:
            case = Case(started, rule, Stopping(**stopping), random)
            case.varied.starts[:] = random.uniform(-3, 3, case.varied.starts.shape)
            case.check()


def test_only_rules_that_average_have_no_lanes() -> None:
    objective, _ = as_objective("x^2/20 + y^2", {"x": 1.0, "y": 1.0})
    random = np.random.default_rng(0)
    without = {cls.name() for cls in all_optimizers() if why_no_lanes(objective, _rule(cls, random))}
    assert without == AVERAGING


def test_what_has_no_lanes_says_why() -> None:
    rule = as_optimizer(None, 0.1)
    single, _ = as_objective("x^2", {"x": 1.0}, dtype="float32")
    opaque, _ = as_objective(lambda x: abs(float(x)) * 2 if x > 0 else 0.0, 1.0)
    formula, _ = as_objective("x^2", {"x": 1.0})
    assert "float64" in str(why_no_lanes(single, rule))
    assert "not a formula" in str(why_no_lanes(opaque, rule))
    assert "factorises" in str(why_no_lanes(formula, as_optimizer("newton")))
    assert not why_no_lanes(formula, rule)


def test_results_depend_on_neither_cores_nor_order(monkeypatch: pytest.MonkeyPatch) -> None:
    objective, _ = as_objective("himmelblau", {"x": 0.0, "y": 0.0})
    problem = LaneProblem(objective, as_optimizer("adam", 0.1), Stopping(steps=300, tolerance=1e-8))
    starts = np.random.default_rng(3).uniform(-6, 6, (1000, 2))
    rates = np.random.default_rng(4).uniform(0.01, 1, 1000)

    def ends(order: Any) -> Any:
        varied = Varied(starts[order], {"learning_rate": rates[order]})
        return run_in_lanes(problem, varied, lambda place: pytest.fail("a lane was not trusted")).ends

    whole = ends(np.arange(1000))
    order = np.random.default_rng(5).permutation(1000)
    mixed = ends(order)
    monkeypatch.setattr(lanes, "FEWEST_RUNS", 7)
    monkeypatch.setattr(lanes, "cores", lambda: 5)
    monkeypatch.setattr(cores, "cores", lambda: 1)
    alone = ends(np.arange(1000))
    for name in ("status", "steps", "evaluations", "values", "gradient_norms", "points"):
        expected = getattr(whole, name)
        assert np.array_equal(getattr(alone, name), expected, equal_nan=True)
        assert np.array_equal(getattr(mixed, name), expected[order], equal_nan=True)


def test_slow_runaways_are_told_from_limits() -> None:
    """A run that still rises at its limit is called diverged, as ``minimize`` calls it; a cycle is not."""
    objective, _ = as_objective("x^2", {"x": 1.0})
    problem = LaneProblem(objective, as_optimizer(None, 1.0), Stopping(steps=50))
    rates = np.array([0.9, 1.0, 1.001, 1.01])
    varied = Varied(np.ones((4, 1)), {"learning_rate": rates})
    ends = run_in_lanes(problem, varied, lambda place: pytest.fail("a lane was not trusted")).ends
    alone = [descend(objective, np.ones(1), as_optimizer(None, rate), Stopping(steps=50)) for rate in rates]
    assert [STATUSES[code] for code in ends.status] == [run.termination.status for run in alone]
    assert STATUSES[ends.status[3]] == Status.DIVERGED


def test_kept_rows_are_the_history() -> None:
    objective, _ = as_objective("rosenbrock", {"x": 0.0, "y": 0.0})
    starts = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    for name, rate in (("gradient_descent", 1e-3), ("armijo", None)):
        rule = as_optimizer(name, rate)
        problem = LaneProblem(objective, rule, Stopping(steps=60), every=7)
        rows = run_in_lanes(problem, Varied(starts, {}), lambda place: pytest.fail("not trusted")).rows
        history = descend(objective, starts[11], rule, Stopping(steps=60)).history
        kept = np.column_stack([history.value, history.gradient_norm, history.x])[history.step % 7 == 0]
        assert rows.shape == (20, 9, 4)
        assert np.allclose(rows[11], kept, rtol=1e-12, atol=0)


def test_the_numbers_of_lanes_are_those_of_the_judge() -> None:
    assert lk.RUNAWAY == RUNAWAY
    assert lk.UNTRUSTED not in (j.RUNNING, j.SLICE_DONE, j.ROWS_FULL, j.NORM_WANTED)
