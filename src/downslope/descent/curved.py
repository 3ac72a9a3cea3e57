"""Steps of rules that ask for more than a value and a gradient: over NumPy vectors, from Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.descent.engine import DescentProblem
from downslope.descent.norms import norm_of
from downslope.descent.stations import Counts
from downslope.descent.stepping import SteppingEngine
from downslope.descent.trace_buffer import FarEvaluation, TraceBuffer
from downslope.errors import UsageError
from downslope.messages import Message, message
from downslope.objectives import Vector
from downslope.objectives.loop import written
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.curvature import CurvedEvaluation, CurvedRule, refusal


class CurvedStepper:
    """Calls objective and rule, with what the rule asks for.

    Raises:
        UsageError: the objective does not have it.
    """

    name = "hosted"

    def __init__(self, problem: DescentProblem, rule: CurvedRule) -> None:
        self.counts = Counts()
        self._objective, self._sign, self._rule = problem.objective, problem.sign, rule
        if rule.asks_for == "residuals":
            if problem.sign < 0:
                raise UsageError(
                    message(
                        "{name} makes sums of squares small; a maximum is none of its aims.", name=rule.name()
                    )
                )
            problem.objective.check_residuals(rule.name())
        self._x, self._last = (np.array(x, problem.objective.dtype) for x in (problem.first, problem.last))
        self._state = problem.state(rule.init(self._x.astype(np.float64)))
        self._next: tuple[Any, Any] | None = None  # after the last evaluation

    def evaluate(self, watched: bool) -> FarEvaluation:
        """What the rule asks for at the point that is next."""
        at = self._evaluation(self._x.astype(np.float64, copy=False))
        move = self._rule.step(at, self._state)
        x, value = (at.x, at.value) if move.at is None else move.at
        norm = norm_of(at.gradient) if move.norm is None and at.gradient is not None else move.norm
        moved = 1.0
        if move.accepted:
            if watched:
                change = np.asarray(x, np.float64) - self._last
                moved = math.sqrt(float(change @ change))
            self._last = np.array(x, self._objective.dtype)
        self._next = move.point, move.state
        return FarEvaluation(value, norm or 0.0, float(move.accepted), moved, x, self._last)

    def _evaluation(self, x: Vector) -> CurvedEvaluation:
        objective, rule, sign = self._objective, self._rule, self._sign
        if rule.asks_for == "values":
            return CurvedEvaluation(x, sign * objective.value(x), None)
        self.counts.gradients += 1
        if rule.asks_for == "residuals":
            self.counts.curvatures += 1
            value, told = objective.residuals(x)
            return CurvedEvaluation(x, value, 2 * told.root.T @ told.along, told)
        value, gradient = objective.value_and_gradient(np.asarray(x, objective.dtype))
        at = CurvedEvaluation(x, sign * float(value), sign * np.asarray(gradient, np.float64))
        if rule.asks_for != "hessian":
            return at
        if not np.isfinite(value):  # outside the domain there are none
            return at._replace(curvature=np.full((len(x), len(x)), np.nan))
        if rule.wants_curvature(at, self._state):
            self.counts.curvatures += 1
            return at._replace(curvature=sign * objective.hessian(x))
        return at

    def step(self) -> None:
        """To the point that comes after the last evaluation."""
        if self._next is None:
            return
        point, state = self._next
        x = np.asarray(point, self._objective.dtype)
        self._x, self._state, self._next = x, state, None  # no call in between, where Ctrl-C might strike

    def remarks(self) -> tuple[Message, ...]:
        """What the rule has to say of the way."""
        return self._rule.remarks(self._state)

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """A point as a flat float64 vector: a new one, or written into ``out``."""
        return written(x, out)

    def answer(self) -> Any:
        """The point that the method reports: the one that was evaluated."""
        return self._x

    def point(self) -> Any:
        """The point that was, or is to be, evaluated."""
        return self._x

    def standing(self) -> tuple[Any, tuple[Any, ...]]:
        """The point that is next, and the leaves of the rule's state."""
        return self._x, tuple(
            np.copy(leaf) if np.ndim(leaf) else leaf for _, leaf in states.leaves(self._state)
        )


class CurvedEngine(SteppingEngine):
    """The engine of such rules.

    Attributes:
        counts: evaluations of gradient and curvature.
    """

    def __init__(self, stepper: CurvedStepper) -> None:
        super().__init__(stepper)
        self._curved, self.counts = stepper, stepper.counts

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``judge``."""
        with np.errstate(all="ignore"):
            return super().advance(trace, budget)

    def remarks(self) -> tuple[Message, ...]:
        """What the rule has to say of the way."""
        return self._curved.remarks()


def curved_rule(optimizer: Optimizer) -> CurvedRule | None:
    """The rule where it asks for more than a value and a gradient.

    Raises:
        UsageError: it is inside a wrapper, which would not hand that on.
    """
    *outer, rule = optimizer.layers()
    if not isinstance(rule, CurvedRule):
        return None
    if outer:
        raise UsageError(
            message(
                "{wrapper} changes gradients and steps, and {name} takes its own. {why}",
                wrapper=type(outer[0]).__name__,
                name=rule.name(),
                why=refusal(rule),
            )
        )
    return rule
