"""Least squares of a hypothesis that is not linear, by the steps of Levenberg and Marquardt.

One pass over the rows gives cost, residuals and derivatives in brief (``DataObjective.residuals``). It ends where the
residuals are at right angles to all columns of J, which no units can fake, or where rounding hides the rest.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping
from downslope.descent import judge as j
from downslope.descent.engine import DescentProblem, Position
from downslope.descent.evidence import Cause
from downslope.descent.stations import Counts
from downslope.descent.trace_buffer import TraceBuffer
from downslope.errors import DataError
from downslope.fitting.marquardt_walk import walk_from
from downslope.fitting.objective import DataObjective
from downslope.fitting.outcome import FitPlan, Measured, in_user_units
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array
from downslope.messages import message
from downslope.objectives import Vector
from downslope.objectives.wrapped import WrappedObjective
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers import state as states
from downslope.optimizers.marquardt import FIRST_RADIUS, LEVEL, MarquardtState, beginning

MOST_STEPS = 4_000
ROOT_OF_TWO = math.sqrt(2)
# Between residuals and columns, times the root of two, below which the run is done: of the cost no more than its
# square could be gained, which is rounding.
COSINE = 1e-9
NEARLY = 1e-5  # such a cosine, where the cost no longer falls to rounding, is as good
TRACE = 1e-20  # part of the cost of predicting 0 that is no more than rounding where a fit is exact
ROUNDING = 10 * float(np.finfo(np.float64).eps)  # of the root of that cost


def takes(problem: FitProblem) -> bool:
    """Whether the cost is a sum of squares of a hypothesis in general form."""
    penalty, loss = problem.objective.penalty, problem.loss
    return loss.quadratic and not penalty.l1 and not (loss.root and penalty.l2)


def descend_squares(
    problem: FitProblem, start: Array, plan: FitPlan, most_steps: int = MOST_STEPS
) -> Descent:
    """The descent from ``start`` as planned, in the user's parameters; ``most_steps`` where none were asked for."""
    objective, asked = problem.objective, plan.stopping
    root = problem.loss.root
    wanted = asked
    if asked.steps is None:
        wanted = replace(wanted, steps=most_steps)
    if root and asked.target is not None:
        wanted = replace(wanted, target=float(np.sign(asked.target)) * asked.target**2)

    def engine(at: DescentProblem, _: Optimizer) -> LeastSquaresEngine:
        return LeastSquaresEngine(at, objective, asked)

    loop = LoopOptions(every=plan.every, callbacks=plan.callbacks, engine=engine)
    squares = MeanSquare(objective) if root else objective
    run = plan.descents.descend(squares, start, as_optimizer("levenberg_marquardt"), wanted, loop=loop)
    measured = Measured(root=True, target=asked.target) if root else None
    run = replace(run, stopping=asked, counts=Counts(run.nfev, run.nfev))
    run = in_user_units(run, Coordinates.user(len(start)), problem, measured)
    told, own = run.termination.evidence, _by_its_own_test(asked)
    assert told is not None  # it comes from the engine
    unit = max(2 * run.fun, 1e-300) if root else 1.0
    return run.judged_again(
        coordinates="natural",
        tolerance=None if told.tolerance is None else told.tolerance / unit,
        relative_to=COSINE if own and not root and told.cause == Cause.GRADIENT_SMALL else None,
        asked=asked.asks_for_a_test or asked.steps is None,
    )


class MeanSquare(WrappedObjective):
    """The square of an objective that is the root of a mean square."""

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, gradient = self.whole.value_and_gradient(x)
        return value * value, 2 * value * gradient


def _by_its_own_test(asked: Stopping) -> bool:
    """Whether nobody asked for a gradient norm."""
    return asked.tolerance is None and asked.relative_tolerance is None


def _state(problem: DescentProblem) -> MarquardtState:
    """What the rule remembers: nothing yet, or what was left, with residuals of as many rows as there were.

    Raises:
        DataError: what was left is not whole.
    """
    first: MarquardtState = beginning(problem.first, FIRST_RADIUS)
    left = None if problem.since is None else problem.since.leaves
    if left is None:
        return first
    before = [leaf for _, leaf in states.leaves(first)]
    if [np.shape(leaf)[1:] for leaf in left] != [np.shape(leaf)[1:] for leaf in before]:
        raise DataError(
            message("the state that was saved is none of this rule's, or not of this many parameters.")
        )
    state: MarquardtState = states.rebuilt(first, iter(left))
    return state


class LeastSquaresEngine:
    """Evaluates and steps; it knows how small the gradient can be where the cost is as it is.

    Args:
        problem: with the start.
        objective: the cost.
        asked: the tests that were asked for.
    """

    name = "hosted"

    def __init__(self, problem: DescentProblem, objective: DataObjective, asked: Stopping) -> None:
        self._objective, self._asked = objective, asked
        self._walk = walk_from(problem.first, _state(problem))
        self._first_norm = 0.0
        self._goes_on = problem.since is not None
        self.own = _by_its_own_test(asked)
        mean, spread = objective.target_mean(), objective.target_spread()
        self._size = mean * mean + spread * spread

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``kernel``, or one of ``Cause``."""
        with np.errstate(all="ignore"):
            return self._advance(trace, budget)

    def _advance(self, trace: TraceBuffer, budget: int) -> int:
        if self._goes_on:
            self._recall(trace)
        walk, size, residuals = self._walk, self._size, self._objective.residuals
        row = np.empty((1, len(walk.x) + 3))
        point, (known,), absorb = row[0, :-3], row[:, -3:], trace.absorber(row)
        for _ in range(budget):
            if trace.is_full:
                return j.ROWS_FULL
            x = walk.x
            cost, told = residuals(x)
            level = LEVEL * max(1.0, math.sqrt(size / max(cost, TRACE * size or 1.0)))
            accepted, slope, least, spent = walk.after(cost, told, level)
            norm = ROOT_OF_TWO * slope if math.isfinite(slope) else math.nan
            if accepted:
                self._first_norm = self._first_norm or norm
                trace.limits[j.TOLERANCE] = self._tolerance(cost)
            point[:], known[:] = x, (cost, norm, accepted)
            code = absorb()
            walk.wait()
            if code != j.SLICE_DONE:
                return code
            if spent:
                return self._floor(slope, least)
            walk.go_on()
        return j.SLICE_DONE

    def position(self, trace: TraceBuffer) -> Position:
        """Where it stands, before the next evaluation; it goes there from the one made last."""
        last = trace.last_x
        self.go_on(trace)
        leaves = states.leaves(self._walk.state())
        copied = tuple(np.copy(leaf) if np.ndim(leaf) else leaf for _, leaf in leaves)
        return Position(self._walk.x.copy(), copied, last)

    def _recall(self, trace: TraceBuffer) -> None:
        """What the tests need to know of the way until here."""
        self._goes_on = False
        if trace.step >= 0:
            self._first_norm = trace.first_norm
            trace.limits[j.TOLERANCE] = self._tolerance(float(trace.memory[j.LAST_VALUE]))

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        self._walk.go_on()

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that is reported: the one that was evaluated."""
        return self._walk.x

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        return self._walk.x

    def _tolerance(self, cost: float) -> float:
        """The gradient norm in natural coordinates at which the run is done; it is the root of twice the excess."""
        asked, enough = self._asked, COSINE * math.sqrt(cost + TRACE * self._size)
        enough = max(enough, self._rounding)
        if self.own:
            return enough
        if asked.relative_tolerance is None:
            return float(asked.tolerance or 0.0)
        return max(asked.tolerance or 0.0, asked.relative_tolerance * self._first_norm, enough)

    @property
    def _rounding(self) -> float:
        """The gradient norm that rounding leaves where the hypothesis meets every row exactly."""
        return ROUNDING * math.sqrt(self._size)

    def _floor(self, slope: float, least: float) -> int:
        """Whether it arrived at this cost, where neither that nor its model can change by more than rounding."""
        near = slope <= max(NEARLY * math.sqrt(least), self._rounding)
        return int(Cause.COST_AT_FLOOR if near else Cause.COST_STUCK)
