"""The compiled engine: optimizer and objective in one loop that the cost's own framework compiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from downslope.descent import judge as j
from downslope.descent.engine import DescentProblem, Position
from downslope.descent.norms import least_square, norm_of
from downslope.descent.trace_buffer import TraceBuffer
from downslope.messages import message
from downslope.objectives import Vector
from downslope.objectives.loop import Advance, Carry
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import dot
from downslope.symbolic.unknown import TraceError
from downslope.tensors import plain_precision


class CompiledEngine:
    """Lets a framework make evaluations by the thousand, and hands them over to the trace buffer.

    Raises:
        TraceError: the objective has no loop, or its framework cannot compile the rule.
    """

    name = "compiled"

    def __init__(self, problem: DescentProblem, optimizer: Optimizer) -> None:
        objective, x = problem.objective, problem.first
        loop = objective.loop
        if loop is None:
            raise TraceError(message("'{objective}' cannot be compiled", objective=objective.text))
        state = optimizer.init(np.array(x, objective.dtype))
        factor = float(problem.sign)

        def step(carry: Carry) -> tuple[Carry, tuple[object, object, object]]:
            here, before = carry[0], states.rebuilt(state, iter(carry[1:]))
            value, gradient = loop.value_and_gradient(here)
            value, gradient = factor * value, factor * gradient
            with plain_precision(objective.dtype.name):
                next_x, after, accepted = optimizer.update(here, value, gradient, before)
                residual = optimizer.residual(here, gradient)
                square = dot(residual, residual)
            leaves = [leaf for _, leaf in states.leaves(after)]
            return (next_x, *leaves), (value, square, accepted)

        begun = problem.state(state)
        leaves = [np.asarray(leaf, objective.dtype) for _, leaf in states.leaves(begun)]
        self._objective, self._optimizer, self._sign, self._shape = objective, optimizer, factor, state
        self._carry: Carry
        self._advance: Advance
        self._carry, self._advance = loop.compile(step, (np.array(x, objective.dtype), *leaves))
        self._block, self._taken = np.empty((0, len(x) + 3)), 0
        # Where the block began, after how many evaluations (None: none has begun), and whether the run ended within it.
        self._before, self._ended = self._carry, False
        self._begun_at: int | None = None

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``judge``."""
        while budget > 0:
            if trace.is_full:
                return j.ROWS_FULL
            if self._taken == len(self._block):
                after, block = self._advance(self._carry, budget)
                block, begun = self._measured(block), trace.evaluations
                self._before, self._carry, self._block, self._taken, self._begun_at = (
                    self._carry,
                    after,
                    block,
                    0,
                    begun,
                )
            code, taken = trace.absorb(self._block[self._taken :])
            self._taken += taken
            budget -= taken
            if code == j.ROWS_FULL:
                return code
            if code != j.SLICE_DONE:
                self._go_back()
                return code
        return j.SLICE_DONE

    def _go_back(self) -> None:
        """To the evaluation that ended the run: the block went beyond it."""
        self._carry = self._before = self._after(self._taken - 1)
        self._ended = True

    def _after(self, count: int) -> Carry:
        """The carry after so many evaluations of the block: the same arithmetic again, so the same numbers."""
        carry = self._before
        while count > 0:
            carry, block = self._advance(carry, count)
            count -= len(block)
        return carry

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        self._carry, _ = self._advance(self._carry, 1)
        self._before, self._begun_at, self._ended = self._carry, None, False
        self._block, self._taken = self._block[:0], 0

    def position(self, trace: TraceBuffer) -> Position:
        """Where it stands, before the next evaluation; it goes there from the one made last."""
        if self._ended:
            carry = self._after(1)
        elif self._begun_at is None:
            carry = self._carry
        else:
            taken = trace.evaluations - self._begun_at
            carry = self._carry if taken == len(self._block) else self._after(taken)
        x, *leaves = (np.asarray(part) for part in carry)
        return Position(x.astype(np.float64), tuple(leaves), trace.last_x)

    def _measured(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """The block with norms in the place of their squares; anew where those over- or underflowed."""
        squares, known = block[:, -2], np.isfinite(block[:, -3]) & (block[:, -1] > 0.5)
        odd = known & ~((squares >= least_square(self._objective.dtype)) & (squares < np.inf))
        with np.errstate(invalid="ignore"):
            block[:, -2] = np.sqrt(squares)
        points, again = np.unique(block[odd, :-3], axis=0, return_inverse=True)
        if len(points):
            norms = [norm_of(self._residual(point)) for point in points]
            block[odd, -2] = np.array(norms)[again.ravel()]
        return block

    def _residual(self, x: Vector) -> Vector:
        gradient = np.float64(self._sign) * self._objective.gradient(x)
        return np.asarray(self._optimizer.residual(x, gradient))

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""
        x, *leaves = (np.asarray(part, np.float64) for part in self._carry)
        state = states.rebuilt(self._shape, iter([leaf if leaf.ndim else leaf[()] for leaf in leaves]))
        return np.asarray(self._optimizer.answer(x, state), np.float64)

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        return np.asarray(self._carry[0], np.float64)
