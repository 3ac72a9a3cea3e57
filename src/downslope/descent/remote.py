"""Steps over the arrays of the cost's own framework, where points and states stay, for many parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.descent.engine import DescentProblem
from downslope.descent.norms import norm_from_square, norm_of
from downslope.descent.trace_buffer import FarEvaluation
from downslope.messages import message
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import dot, where
from downslope.optimizers.param_tree import ParamTree
from downslope.symbolic.unknown import TraceError
from downslope.tensors import plain_precision


def _whole(x: Any) -> Any:
    """What a rule sees: a list of tensors as one vector."""
    return ParamTree(x) if isinstance(x, list) else x


def _parts(x: Any) -> Any:
    """What the framework sees; the inverse of ``_whole``."""
    return x.parts if isinstance(x, ParamTree) else x


class RemoteStepper:
    """Evaluates and steps in a framework.

    Raises:
        TraceError: the objective has no framework, or it cannot compile the rule.
    """

    def __init__(self, problem: DescentProblem, optimizer: Optimizer) -> None:
        objective = problem.objective
        remote = objective.remote
        if remote is None:
            raise TraceError(message("'{objective}' has no framework", objective=objective.text))
        self._remote, self._optimizer, self._precision = remote, optimizer, objective.dtype.name
        self._sign, self.name, self._watched = float(problem.sign), remote.engine, True
        here, last = (_whole(remote.array(x)) for x in (problem.first, problem.last))
        with plain_precision(self._precision):
            first = optimizer.init(here)
            self._shape = states.mapped(problem.state(first, self._kept), lambda _, leaf: remote.leaf(leaf))
        # The carry: the point to evaluate, the last accepted one, and the leaves of the state.
        self._carry = (here, last, *(leaf for _, leaf in states.leaves(self._shape)))
        self._next: tuple[Any, ...] | None = None  # after the last evaluation
        self._step = remote.prepare_step(self._evaluated, self._carry)

    def _kept(self, leaf: Any, before: Any) -> Any:
        """A leaf that an engine left, as the framework keeps it."""
        return ParamTree(self._remote.array(leaf)) if isinstance(before, ParamTree) else leaf

    def _evaluated(self, carry: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, Any, Any, Any]]:
        """The carry after one evaluation; its value, squared gradient norm, acceptance and squared distance."""
        here, last, *leaves = carry
        state = states.rebuilt(self._shape, iter(leaves))
        value, gradient = self._remote.value_and_gradient(_parts(here))
        gradient = _whole(gradient)
        if self._sign < 0:
            value, gradient = -value, -gradient
        with plain_precision(self._precision):
            next_x, after, accepted = self._optimizer.update(here, value, gradient, state)
            residual = self._optimizer.residual(here, gradient)
            moved = 1.0
            if self._watched:  # without a test to meet, how far a step went is nobody's question
                change = here - last
                moved = dot(change, change)
            record = value, dot(residual, residual), accepted, moved
            last = here if accepted is True else where(accepted, here, last)
        return (next_x, last, *(leaf for _, leaf in states.leaves(after))), record

    def evaluate(self, watched: bool) -> FarEvaluation:
        """Value and gradient at the point that is next, and the step from there."""
        self._watched = watched
        after, record = self._step(self._carry)
        value, square, accepted, moved = (float(number) for number in record)
        norm, length = self._norm(square), float(np.sqrt(moved))
        if not length:  # the square of a short one underflows
            here, last = (self.vector(x) for x in self._carry[:2])
            length = norm_of(here - last)
        self._next = after
        return FarEvaluation(value, norm, accepted, length, self._carry[0], after[1])

    def step(self) -> None:
        """To the point that comes after the last evaluation."""
        if self._next is not None:
            self._carry, self._next = self._next, None

    def _norm(self, square: float) -> float:
        """The gradient norm at the point evaluated last, whose square was summed up."""
        norm = norm_from_square(square, self._precision)
        if norm is not None:
            return norm
        here = self._carry[0]
        gradient = _whole(self._remote.value_and_gradient(_parts(here))[1])
        with plain_precision(self._precision):
            residual = self._optimizer.residual(here, gradient if self._sign > 0 else -gradient)
        return norm_of(self.vector(residual))

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """A point as a flat float64 vector: a new one, or written into ``out``."""
        return self._remote.vector(_parts(x), out)

    def answer(self) -> Any:
        """The point that the method reports."""
        here, _, *leaves = self._carry
        state = states.rebuilt(self._shape, iter(leaves))
        with plain_precision(self._precision):
            return self._optimizer.answer(here, state)

    def point(self) -> Any:
        """The point that was, or is to be, evaluated."""
        return self._carry[0]

    def standing(self) -> tuple[Any, tuple[Any, ...]]:
        """The point that is next, and the leaves of the rule's state, in NumPy."""
        return self._carry[0], tuple(map(self._plain, self._carry[2:]))

    def _plain(self, leaf: Any) -> Any:
        if isinstance(leaf, ParamTree):
            return self._remote.vector(leaf.parts)
        if isinstance(leaf, (bool, int, float, np.generic)):
            return leaf
        return leaf[()] if isinstance(leaf, np.ndarray) else self._remote.numbers(leaf)
