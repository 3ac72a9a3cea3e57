"""The engine for many parameters: points and states stay with the cost's own framework, as its arrays.

What comes to NumPy at every evaluation is four numbers. A point comes when its row is kept, or somebody asks for it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from downslope.descent import kernel as k
from downslope.descent.norms import norm_from_square, norm_of
from downslope.descent.trace_buffer import TraceBuffer
from downslope.messages import message
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import dot, where
from downslope.optimizers.param_tree import ParamTree
from downslope.symbolic.array import TraceError
from downslope.tensors import plain_precision


def _whole(x: Any) -> Any:
    """What a rule sees: a list of tensors as one vector."""
    return ParamTree(x) if isinstance(x, list) else x


def _parts(x: Any) -> Any:
    """What the framework sees; the inverse of ``_whole``."""
    return x.parts if isinstance(x, ParamTree) else x


class RemoteEngine:
    """Evaluates and steps in a framework, one evaluation at a time.

    Raises:
        TraceError: the objective has no framework, or it cannot compile the rule.
    """

    def __init__(self, objective: Objective, optimizer: Optimizer, x: Vector, sign: float) -> None:
        remote = objective.remote
        if remote is None:
            raise TraceError(message("'{objective}' has no framework", objective=objective.text))
        self._remote, self._optimizer, self._precision = remote, optimizer, objective.dtype.name
        self._sign, self.name, self._watched = float(sign), remote.engine, True
        here = _whole(remote.array(x))
        with plain_precision(self._precision):
            self._shape = states.mapped(optimizer.init(here), lambda _, leaf: remote.leaf(leaf))
        # The carry: the point to evaluate, the last accepted one, and the leaves of the state.
        self._carry = (here, here, *(leaf for _, leaf in states.leaves(self._shape)))
        self._step = remote.prepare_step(self._evaluated, self._carry)

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

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``kernel``."""
        accepted, self._watched = None, bool(trace.limits[k.WATCHED])
        try:
            for _ in range(budget):
                code = trace.room()
                if code != k.SLICE_DONE:
                    return code
                after, record = self._step(self._carry)
                value, square, taken, moved = (float(number) for number in record)
                here, last, self._next = self._carry[0], after[1], after
                norm, length = self._norm(square), float(np.sqrt(moved))
                code = trace.absorb_far(value, norm, taken, length, partial(self._vector, here))
                if code == k.SLICE_DONE or trace.counts[k.ACCEPTED_AT] == trace.evaluations:
                    accepted = last
                if code != k.SLICE_DONE:
                    return code
                self.go_on(trace)
        finally:
            if accepted is not None:
                trace.far = partial(self._vector, accepted)
        return k.SLICE_DONE

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        self._carry = self._next

    def _norm(self, square: float) -> float:
        """The gradient norm at the point evaluated last, whose square was summed up."""
        norm = norm_from_square(square, self._precision)
        if norm is not None:
            return norm
        here = self._carry[0]
        gradient = _whole(self._remote.value_and_gradient(_parts(here))[1])
        with plain_precision(self._precision):
            residual = self._optimizer.residual(here, gradient if self._sign > 0 else -gradient)
        return norm_of(self._vector(residual))

    def _vector(self, x: Any, out: Vector | None = None) -> Vector:
        return self._remote.vector(_parts(x), out)

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""
        here, _, *leaves = self._carry
        state = states.rebuilt(self._shape, iter(leaves))
        with plain_precision(self._precision):
            return self._vector(self._optimizer.answer(here, state))

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        return self._vector(self._carry[0])
