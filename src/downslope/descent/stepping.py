"""The engine that makes one evaluation after the other, by calls from Python, and a step after each.

Whose arrays points and states are is the stepper's business: NumPy's (``hosted``), a framework's (``remote``), or
lists of PyTorch's tensors that a rule's program steps (``fused``). What comes to NumPy at every evaluation is four
numbers. A point comes when its row is kept, or somebody asks for it.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from downslope.descent import judge as j
from downslope.descent.engine import Position
from downslope.descent.trace_buffer import FarEvaluation, TraceBuffer
from downslope.objectives import Vector


class ArrayStepper(Protocol):
    """Evaluates and steps in arrays of its own kind."""

    name: str

    def evaluate(self, watched: bool) -> FarEvaluation:
        """Value and gradient at the point that is next.

        Args:
            watched: whether the length of the last step is asked for; where it is not, 1 will do.
        """

    def step(self) -> None:
        """To the point that comes after the last evaluation; nothing where it has gone there already."""

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """A point as a flat float64 vector: a new one, or written into ``out``."""

    def answer(self) -> Any:
        """The point that the method reports, as one of the stepper's."""

    def point(self) -> Any:
        """The point that was, or is to be, evaluated, as one of the stepper's."""

    def standing(self) -> tuple[Any, tuple[Any, ...]]:
        """The point that is next, as one of the stepper's, and the leaves of the rule's state, in NumPy."""


class SteppingEngine:
    """Lets a stepper evaluate and step, until the trace buffer says otherwise."""

    def __init__(self, stepper: ArrayStepper) -> None:
        self._stepper, self.name = stepper, stepper.name

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``judge``."""
        stepper, watched, accepted = self._stepper, bool(trace.limits[j.WATCHED]), None
        try:
            for _ in range(budget):
                if trace.is_full:
                    return j.ROWS_FULL
                evaluation = stepper.evaluate(watched)
                code = trace.absorb_far(evaluation, stepper.vector)
                if trace.counts[j.ACCEPTED_AT] == trace.evaluations:
                    accepted = evaluation.last
                if code != j.SLICE_DONE:
                    return code
                self.go_on(trace)
        finally:
            if accepted is not None:
                trace.far = partial(stepper.vector, accepted)
        return j.SLICE_DONE

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation."""
        self._stepper.step()
        trace.counts[j.SPENT] = 0

    def position(self, trace: TraceBuffer) -> Position:
        """Where it stands, before the next evaluation; it goes there from the one made last."""
        last = trace.last_x  # before the stepper forgets it
        if trace.counts[j.SPENT]:
            self.go_on(trace)
        x, leaves = self._stepper.standing()
        return Position(self._stepper.vector(x), leaves, last)

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""
        return self._stepper.vector(self._stepper.answer())

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
        return self._stepper.vector(self._stepper.point())
