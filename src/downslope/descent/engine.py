"""What every engine is given, and what it is to whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from downslope.descent.trace_buffer import TraceBuffer
from downslope.objectives import Objective, Vector


@dataclass(frozen=True)
class DescentProblem:
    """What is descended, from where, and whether upside down."""

    objective: Objective
    start: Vector
    sign: float


class Engine(Protocol):
    """Makes evaluations and steps, and writes them into a trace."""

    name: str

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``kernel``."""

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation, which did not end the run after all."""

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""
