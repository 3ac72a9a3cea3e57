"""The traced engine: optimizer and objective as one native step map, iterated in machine code."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.descent import judge as j
from downslope.descent.engine import DescentProblem, Position
from downslope.descent.kernel_calls import address_of, iterating
from downslope.descent.norms import least_square, norms_of
from downslope.descent.step_map import program_of, step_map
from downslope.descent.trace_buffer import TraceBuffer
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.programs import CompiledProgram

FEW_POINTS = 50  # whose gradients are interpreted sooner than compiled
WORTH_HELP = 10_000_000  # additions, from which calling other threads takes little of the time


def divides(expression: Any) -> bool:
    """Whether it has a power with a negative or broken exponent, or a function that is not finite everywhere."""
    seen: set[Any] = set()
    stack = [expression]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, se.Pow):
            exponent = node.args[1]
            whole = exponent.is_Number and exponent.is_integer and exponent > 0
            if not whole and node.args[0] != se.E:
                return True
        elif not node.is_Number and not isinstance(node, (se.Add, se.Mul, se.Symbol, se.sin, se.cos)):
            return True
        stack.extend(node.args)
    return False


class TracedEngine:
    """Iterates a step map natively. One at a time writes to a ``TraceBuffer``."""

    name = "traced"

    def __init__(self, problem: DescentProblem, optimizer: Optimizer) -> None:
        objective, x, sign = problem.objective, problem.first, problem.sign
        state = problem.state(optimizer.init(np.array(x, objective.dtype)))
        leaves = [x, *(leaf for _, leaf in states.leaves(state))]
        size = sum(np.size(leaf) for leaf in leaves)
        self._map = step_map(objective, optimizer, sign, state)
        self._exact_norms = problem.exact_norms
        values = list(optimizer.scalars().values())
        self._objective, self._optimizer, self._sign, self._shape = objective, optimizer, sign, state
        self._begin, self._dimension = len(values), len(x)
        self._buffers = np.zeros((3, len(values) + size + 3), objective.dtype)
        self._buffers[:, : len(values)] = values
        at = len(values)
        for leaf in leaves:
            if np.any(leaf):  # writing zeros would take memory before it is needed
                self._buffers[0, at : at + np.size(leaf)] = np.ravel(leaf)
            at += np.size(leaf)

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``judge``."""
        if trace.norms is None:
            trace.measure_by(self.norms, least_square(self._objective.dtype), self._suspect)
        buffers = self._buffers
        step = (self._map.address, self._map.data, address_of(buffers), buffers.shape[1], self._begin)
        iterate = iterating(buffers.dtype == np.float32)
        stop_at = trace.evaluations + budget
        while True:
            with self._helped(budget):
                code: int = iterate.call(trace.words, *step, stop_at - trace.evaluations)
            self._map.raise_failed()
            if code == j.NORM_WANTED:
                if self._exact_norms is not None and not self._exact_norms.take():
                    return j.EVALUATION_LIMIT
                code = self._advance_by_one(trace)
                if code == j.SLICE_DONE:
                    continue
            return code

    def _helped(self, budget: int) -> AbstractContextManager[None]:
        """The other cores help with so many evaluations, where that is worth calling them."""
        program = program_of(self._objective)
        if program is None or budget * program.operations < WORTH_HELP:
            return nullcontext()
        assert isinstance(self._map, CompiledProgram)
        return self._map.helped(budget)

    def _advance_by_one(self, trace: TraceBuffer) -> int:
        """One evaluation with its true gradient norm."""
        here, there = (self._buffers[(trace.counts[j.HERE] + i) % 2] for i in range(2))
        there[self._begin :] = self._map(here[:-3])
        row = np.empty(self._dimension + 3)
        row[:-3], row[-3:] = self.point(trace), there[-3:]
        row[-2] = self.norms(row[None, :-3])[0]
        code, _ = trace.absorb(row[None])
        if code == j.SLICE_DONE:
            self.go_on(trace)
        return code

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        trace.counts[j.HERE] = 1 - trace.counts[j.HERE]
        trace.counts[j.SPENT] = 0

    def position(self, trace: TraceBuffer) -> Position:
        """Where it stands, before the next evaluation; it goes there from the one made last."""
        if trace.counts[j.SPENT]:
            self.go_on(trace)
        x, numbers = self._standing(trace)
        state = states.refilled(self._shape, numbers)
        return Position(x.copy(), tuple(leaf for _, leaf in states.leaves(state)), trace.last_x)

    def _standing(self, trace: TraceBuffer) -> tuple[Vector, Vector]:
        """The next point, and the numbers of the state before it, in float64, where they lie."""
        numbers = self._buffers[trace.counts[j.HERE]][self._begin : -3].astype(np.float64, copy=False)
        return numbers[: self._dimension], numbers[self._dimension :]

    @cached_property
    def _suspect(self) -> bool:
        """Whether the gradient's squares may be finite where it is not, by what they simplify to."""
        if program_of(self._objective) is not None:
            return False  # nothing is simplified
        formula = self._objective.formula
        assert formula is not None
        return any(divides(partial) for partial in formula.partials)

    @cached_property
    def _slopes(self) -> Any:
        """The gradient without machine code of its own, or by what there is already."""
        program = program_of(self._objective)
        if program is not None:
            return lambda point: program.value_and_gradient(point)[1]
        formula = self._objective.formula
        assert formula is not None
        return symbolic.interpreted(formula.symbols, formula.partials)

    def norms(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The norms of the gradient (or of what vanishes where the method is done) at points, one a row."""
        o = self._objective
        with np.errstate(all="ignore"):
            if len(points) <= FEW_POINTS or program_of(o) is not None:
                slopes = np.array([self._slopes(point) for point in points], np.float64)
            else:
                assert o.formula is not None
                slopes = symbolic.compile_native(o.symbols, o.formula.partials).rows(points)
            slopes = slopes.reshape(points.shape).astype(o.dtype).astype(np.float64)
            return norms_of(self._optimizer.residual(points, self._sign * slopes))

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""
        x, numbers = self._standing(trace)
        return np.array(self._optimizer.answer(x, states.viewed(self._shape, numbers)), np.float64)

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        buffer = self._buffers[trace.counts[j.HERE]]
        return np.asarray(buffer[self._begin : self._begin + self._dimension], np.float64)
