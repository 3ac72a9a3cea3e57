"""What every engine is given, and what it is to whoever runs it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from downslope.descent.trace_buffer import TraceBuffer
from downslope.errors import DataError
from downslope.messages import message
from downslope.objectives import Objective, Vector
from downslope.optimizers import state as states


class Position(NamedTuple):
    """Where an engine stands: the point that is to be evaluated next, and what the rule remembers then.

    Attributes:
        x: that point.
        leaves: the rule's state, leaf by leaf: vectors and numbers as the engine had them, in NumPy or as Python's own;
            None where the rule begins at ``x``.
        last: the last accepted point.
    """

    x: Vector
    leaves: tuple[Any, ...] | None
    last: Vector


@dataclass
class EvaluationsLeft:
    """How many evaluations of some kind are left to a descent."""

    left: int

    def take(self) -> bool:
        """Whether there was one left, which is used up now."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True)
class DescentProblem:
    """What is descended, from where, and whether upside down.

    Attributes:
        objective, start: what and from where.
        sign: -1 to climb.
        since: where an engine left off that this one goes on for; None at the start.
        exact_norms: evaluations that may have gradients whose squares underflow; None: any number.
    """

    objective: Objective
    start: Vector
    sign: float
    since: Position | None = None
    exact_norms: EvaluationsLeft | None = None

    @property
    def first(self) -> Vector:
        """The point to be evaluated first."""
        return self.start if self.since is None else self.since.x

    @property
    def last(self) -> Vector:
        """The last accepted point; the start where there is none."""
        return self.start if self.since is None else self.since.last

    def state(self, initial: Any, kept: Any = lambda leaf, before: leaf) -> Any:
        """The rule's first state, or the one that an engine left.

        Args:
            initial: what the rule begins with at ``first``.
            kept: makes an engine's leaf of one that was left, and of that in its place in ``initial``.

        Raises:
            DataError: the state that was left is none of this rule's.
        """
        if self.since is None or self.since.leaves is None:
            return initial
        before = [leaf for _, leaf in states.leaves(initial)]
        if len(before) != len(self.since.leaves) or any(
            _length(mine) != np.size(theirs) for mine, theirs in zip(before, self.since.leaves, strict=True)
        ):
            raise DataError(
                message("the state that was saved is none of this rule's, or not of this many parameters.")
            )
        return states.rebuilt(initial, map(kept, self.since.leaves, before))


def _length(leaf: Any) -> int:
    """How many numbers a vector or a scalar of any library has."""
    shape = getattr(leaf, "shape", None)
    if shape is not None:
        return math.prod(shape)
    return len(leaf) if hasattr(leaf, "__len__") else 1


class Engine(Protocol):
    """Makes evaluations and steps, and writes them into a trace."""

    name: str

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``judge``."""

    def go_on(self, trace: TraceBuffer) -> None:
        """To the point that comes after the last evaluation, which did not end the run after all."""

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""

    def position(self, trace: TraceBuffer) -> Position:
        """Where it stands, before the next evaluation; it goes there from the one made last."""
