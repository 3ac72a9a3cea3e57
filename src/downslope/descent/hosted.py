"""Steps over NumPy vectors, for objectives that cannot be traced."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.descent.engine import DescentProblem
from downslope.descent.norms import norm_of
from downslope.descent.trace_buffer import FarEvaluation
from downslope.objectives import Vector
from downslope.objectives.loop import written
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.numpy_update import leaves_of, numpy_update
from downslope.symbolic.unknown import TraceError


class HostedStepper:
    """Calls objective and rule from Python."""

    name = "hosted"

    def __init__(self, problem: DescentProblem, optimizer: Optimizer) -> None:
        objective = problem.objective
        self._objective, self._sign = objective, objective.dtype.type(problem.sign)
        self._optimizer = optimizer.with_scalars(
            {path: objective.dtype.type(number) for path, number in optimizer.scalars().items()}
        )
        self._x, self._last = (np.array(x, objective.dtype) for x in (problem.first, problem.last))
        self._shape = self._state = problem.state(self._rounded(self._optimizer.init(self._x)))
        self._next: tuple[Any, Any] | None = None  # after the last evaluation
        self._written: Callable[..., Any] | None = None
        self._named = list(optimizer.scalars().values())
        if objective.dtype == np.float64:
            with contextlib.suppress(TraceError):
                self._written = numpy_update(optimizer, self._x)
                self._state = leaves_of(self._state)  # and nobody asks of each of them what it is

    def evaluate(self, watched: bool) -> FarEvaluation:
        """Value and gradient at the point that is next."""
        x = self._x
        value, gradient = self._objective.value_and_gradient(x)
        with np.errstate(all="ignore"):
            value, gradient = self._sign * value, self._sign * gradient
            next_x, state, accepted = self._updated(x, value, gradient)
            norm = norm_of(self._optimizer.residual(x, gradient))
            moved = 1.0
            if watched and accepted:
                change = x.astype(np.float64, copy=False) - self._last
                moved = math.sqrt(np.dot(change, change)) or norm_of(change)  # a square may underflow
        self._next = next_x, state
        if accepted:
            self._last = x
        return FarEvaluation(value, norm, accepted, moved, x, self._last)

    def _updated(self, x: Vector, value: Any, gradient: Vector) -> tuple[Any, Any, Any]:
        """What the rule makes of an evaluation, by its straight form where it has one."""
        if self._written is None:
            return self._optimizer.update(x, value, gradient, self._state)
        leaves, accepted, next_x = self._written(x, gradient, float(value), *self._state, *self._named)
        return next_x, leaves, accepted

    def step(self) -> None:
        """To the point that comes after the last evaluation."""
        if self._next is None:
            return
        next_x, state = self._next
        if self._written is None:
            next_x, state = self._rounded(next_x), self._rounded(state)
        self._x, self._state, self._next = (
            next_x,
            state,
            None,
        )  # no call in between, where Ctrl-C might strike

    def _rounded(self, state: Any) -> Any:
        """In float32 nothing wider may stay: one float64 in a state makes float64 of all that it meets."""
        dtype = self._objective.dtype
        if dtype != np.float32:
            return state
        return states.mapped(state, lambda _, leaf: np.asarray(leaf, dtype)[()])

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """A point as a flat float64 vector: a new one, or written into ``out``."""
        return written(x, out)

    def answer(self) -> Any:
        """The point that the method reports."""
        return self._optimizer.answer(self._x, self._whole_state)

    @property
    def _whole_state(self) -> Any:
        """The rule's state as the rule has it."""
        return self._state if self._written is None else states.rebuilt(self._shape, iter(self._state))

    def point(self) -> Any:
        """The point that was, or is to be, evaluated."""
        return self._x

    def standing(self) -> tuple[Any, tuple[Any, ...]]:
        """The point that is next, and the leaves of the rule's state."""
        return self._x, tuple(
            np.copy(leaf) if np.ndim(leaf) else leaf for _, leaf in states.leaves(self._whole_state)
        )
