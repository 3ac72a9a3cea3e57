"""The hosted engine: a Python loop over NumPy vectors, for objectives that cannot be traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.descent import kernel as k
from downslope.descent.norms import norm_of
from downslope.descent.trace_buffer import TraceBuffer
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states


class HostedEngine:
    """Does what ``kernel.iterate`` does, calling objective and rule from Python, one evaluation at a time."""

    name = "hosted"

    def __init__(self, objective: Objective, optimizer: Optimizer, x: Vector, sign: float) -> None:
        self._objective, self._sign = objective, objective.dtype.type(sign)
        self._optimizer = optimizer.with_scalars(
            {path: objective.dtype.type(number) for path, number in optimizer.scalars().items()}
        )
        self._x = np.array(x, objective.dtype)
        self._state = self._rounded(self._optimizer.init(self._x))
        self._row = np.empty((1, 3 + len(x)))

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``kernel``."""
        for _ in range(budget):
            code = trace.room()
            if code != k.SLICE_DONE:
                return code
            value, gradient = self._objective.value_and_gradient(self._x)
            with np.errstate(all="ignore"):
                value, gradient = self._sign * value, self._sign * gradient
                next_x, state, accepted = self._optimizer.update(self._x, value, gradient, self._state)
                norm = norm_of(self._optimizer.residual(self._x, gradient))
            row = self._row
            row[0, :-3], row[0, -3:] = self._x, (value, norm, accepted)
            self._next = next_x, state
            code, _ = trace.absorb(row)
            if code != k.SLICE_DONE:
                return code
            self.go_on(trace)
        return k.SLICE_DONE

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        self._x, self._state = (self._rounded(part) for part in self._next)

    def _rounded(self, state: Any) -> Any:
        """In float32 nothing wider may stay: one float64 in a state makes float64 of all that it meets."""
        dtype = self._objective.dtype
        if dtype != np.float32:
            return state
        return states.mapped(state, lambda _, leaf: np.asarray(leaf, dtype)[()])

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""
        return np.asarray(self._optimizer.answer(self._x, self._state), np.float64)

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        return np.asarray(self._x, np.float64)
