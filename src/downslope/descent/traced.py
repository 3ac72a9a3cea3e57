"""The traced engine: optimizer and objective as one native step map, iterated in machine code."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.descent import kernel as k
from downslope.descent.engine import DescentProblem, Position
from downslope.descent.norms import least_square, norms_of
from downslope.descent.trace_buffer import TraceBuffer
from downslope.messages import message
from downslope.objectives import FormulaObjective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import dot
from downslope.symbolic import SymbolicArray
from downslope.symbolic.array import TraceError, box

MOST_OUTPUTS = 1500  # a step map with more takes seconds to compile; the hosted engine starts at once
KEPT_MAPS = 64
FEW_POINTS = 50  # whose gradients are interpreted sooner than compiled
# By bytes of a number: what is smaller than this is zero, where it only fades.
FLUSHED = {4: 1e-30, 8: 1e-300}


_MAPS: OrderedDict[Any, symbolic.NativeFunction] = OrderedDict()
_MAPS_LOCK = threading.Lock()


def step_map(
    objective: FormulaObjective, optimizer: Optimizer, sign: float, state: Any
) -> symbolic.NativeFunction:
    """A compiled step: (hyperparameters, x, state) -> (x', state', value, |gradient|^2, accepted).

    It is found again where it was compiled before for the same formula and rule.

    Hyperparameters that are real numbers stay symbols, so that the map serves any of their values, and so
    that SymEngine does not fold them into the formula and change its rounding.

    Raises:
        TraceError: the rule cannot be expressed in symbols.
    """
    layout = tuple((n, np.shape(leaf)) for n, leaf in states.leaves(state))
    gradient = tuple(objective.partials) if objective.differentiation == "supplied" else None
    key = (
        optimizer.structure(),
        tuple(optimizer.scalars()),
        layout,
        objective.expression,
        objective.symbols,
        gradient,
        sign,
        objective.dtype,
    )
    with _MAPS_LOCK:
        if key in _MAPS:
            _MAPS.move_to_end(key)
            return _MAPS[key]
    made = _compile(objective, optimizer, sign, state)
    with _MAPS_LOCK:
        _MAPS[key] = made
        while len(_MAPS) > KEPT_MAPS:
            _MAPS.popitem(last=False)
    return made


@np.errstate(all="ignore")  # numbers are folded on the way, and NumPy would warn where they overflow
def _compile(
    objective: FormulaObjective, optimizer: Optimizer, sign: float, state: Any
) -> symbolic.NativeFunction:
    names = optimizer.scalars()
    hyper = {name: SymbolicArray.symbols(f"#{name}") for name in names}  # '#' cannot begin a person's name
    x = SymbolicArray(np.array(objective.symbols, object))
    before = states.mapped(state, lambda name, leaf: SymbolicArray.symbols(f"#state.{name}", *np.shape(leaf)))
    factor = se.Integer(int(sign))
    value = SymbolicArray(box(objective.expression * factor))
    gradient = SymbolicArray(np.array([p * factor for p in objective.partials], object))
    rule = optimizer.with_scalars(hyper)
    next_x, after, accepted = rule.update(x, value, gradient, before)
    residual = rule.residual(x, gradient)
    inputs = [*hyper.values(), x, *(leaf for _, leaf in states.leaves(before))]
    taken = accepted if isinstance(accepted, SymbolicArray) else SymbolicArray(box(float(bool(accepted))))
    if taken.item().is_Boolean:
        taken = SymbolicArray(box(se.Piecewise((se.Integer(1), taken.item()), (se.Integer(0), True))))
    kept = [
        _flushed(old, new, objective.dtype)
        for (_, old), (_, new) in zip(states.leaves(before), states.leaves(after), strict=True)
    ]
    outputs = [next_x, *kept, value, dot(residual, residual), taken]
    return symbolic.compile_native(
        [symbol for array in inputs for symbol in box(array).ravel()],
        [entry for array in outputs for entry in box(array).ravel()],
        objective.dtype,
    )


def _flushed(old: Any, new: Any, dtype: Any) -> Any:
    """A number of the state that only fades (Adam's powers of its betas) goes to zero just above underflow.

    Gradual underflow would hold it at the smallest number there is, and processors are slow with such numbers: a step
    of Adam took 36 ns and not 22 ns from the 7,000th on.
    """
    if np.shape(old) or np.shape(new) or not isinstance(new, SymbolicArray):
        return new
    symbol, faded = old.item(), new.item()
    others = [part for part in faded.args if part != symbol] if isinstance(faded, se.Mul) else []
    if len(others) != 1 or not isinstance(others[0], (se.Symbol, se.Number)):
        return new
    least = se.RealDouble(FLUSHED[np.dtype(dtype).itemsize])
    gone = se.And(-least < faded, faded < least)
    return SymbolicArray(box(se.Piecewise((se.Integer(0), gone), (faded, True))))


def _divides(expression: Any) -> bool:
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
        assert isinstance(objective, FormulaObjective)
        state = problem.state(optimizer.init(np.array(x, objective.dtype)))
        size = len(x) + len(states.flat(state))
        if size > MOST_OUTPUTS:
            raise TraceError(message("a step map of {size} numbers is too large to compile", size=size))
        self._map = step_map(objective, optimizer, sign, state)
        self._exact_norms = problem.exact_norms
        values = list(optimizer.scalars().values())
        self._objective, self._optimizer, self._sign, self._shape = objective, optimizer, sign, state
        self._begin, self._dimension = len(values), len(x)
        self._buffers = [np.zeros(len(values) + size + 3, objective.dtype) for _ in range(2)]
        for buffer in self._buffers:
            buffer[: len(values)] = values
        self._buffers[0][len(values) : -3] = np.concatenate([x, states.flat(state)])

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``kernel``."""
        if trace.norms is None:
            trace.measure_by(self.norms, least_square(self._objective.dtype), self._suspect)
        first, second = self._buffers
        step = k.StepCode(self._map.address, self._map.data, first, second, self._begin)
        stop_at = trace.evaluations + budget
        while True:
            code = int(k.iterate(step, trace.arrays, stop_at - trace.evaluations))
            if code == k.NORM_WANTED:
                if self._exact_norms is not None and not self._exact_norms.take():
                    return k.EVALUATION_LIMIT
                code = self._advance_by_one(trace)
                if code == k.SLICE_DONE:
                    continue
            return code

    def _advance_by_one(self, trace: TraceBuffer) -> int:
        """One evaluation with its true gradient norm."""
        here, there = (self._buffers[(trace.counts[k.HERE] + i) % 2] for i in range(2))
        there[self._begin :] = self._map(here[:-3])
        row = np.empty(self._dimension + 3)
        row[:-3], row[-3:] = self.point(trace), there[-3:]
        row[-2] = self.norms(row[None, :-3])[0]
        code, _ = trace.absorb(row[None])
        if code == k.SLICE_DONE:
            self.go_on(trace)
        return code

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        trace.counts[k.HERE] = 1 - trace.counts[k.HERE]
        trace.counts[k.SPENT] = 0

    def position(self, trace: TraceBuffer) -> Position:
        """Where it stands, before the next evaluation; it goes there from the one made last."""
        if trace.counts[k.SPENT]:
            self.go_on(trace)
        numbers = self._buffers[trace.counts[k.HERE]][self._begin : -3].astype(np.float64)
        state = states.refilled(self._shape, numbers[self._dimension :])
        leaves = tuple(leaf for _, leaf in states.leaves(state))
        return Position(numbers[: self._dimension], leaves, trace.last_x)

    @cached_property
    def _suspect(self) -> bool:
        """Whether the gradient's squares may be finite where it is not, by what they simplify to."""
        return any(_divides(partial) for partial in self._objective.partials)

    @cached_property
    def _slopes(self) -> Any:
        """The gradient by an interpreter."""
        return symbolic.interpreted(self._objective.symbols, self._objective.partials)

    def norms(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The norms of the gradient (or of what vanishes where the method is done) at points, one a row."""
        o = self._objective
        with np.errstate(all="ignore"):
            if len(points) <= FEW_POINTS:
                slopes = np.array([self._slopes(point) for point in points], np.float64)
            else:
                slopes = symbolic.compile_native(o.symbols, o.partials).rows(points)
            slopes = slopes.reshape(points.shape).astype(o.dtype).astype(np.float64)
            return norms_of(self._optimizer.residual(points, self._sign * slopes))

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""
        buffer = self._buffers[trace.counts[k.HERE]].astype(np.float64)
        x = buffer[self._begin : self._begin + self._dimension]
        state = states.refilled(self._shape, buffer[self._begin + self._dimension : -3])
        return np.asarray(self._optimizer.answer(x, state), np.float64)

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        buffer = self._buffers[trace.counts[k.HERE]]
        return np.asarray(buffer[self._begin : self._begin + self._dimension], np.float64)
