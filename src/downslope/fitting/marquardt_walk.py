"""The way of Levenberg and Marquardt's steps, one evaluation at a time: in machine code where parameters are few."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from downslope.fitting.kernels import marquardt as numbers
from downslope.fitting.rows import Array
from downslope.objectives.residuals import Residuals
from downslope.optimizers.marquardt import MarquardtState, after

MOST_COMPILED = 12  # parameters, up to which rotations find singular values sooner than LAPACK


class Walk(Protocol):
    """Where it stands, and what follows from an evaluation there.

    Attributes:
        x: the point to evaluate.
    """

    x: Array

    def after(self, cost: float, told: Residuals, level: float) -> tuple[bool, float, float, bool]:
        """Find what follows, see ``optimizers.marquardt.after``.

        Returned are whether x is accepted, slope and cost at the last accepted point, and whether the way is spent.

        Args:
            cost, told: what was evaluated at ``x``.
            level: the part of the cost by which it may change by rounding.
        """

    def go_on(self) -> None:
        """To what was found, where ``wait`` was told so."""

    def wait(self) -> None:
        """The evaluation counts: the next ``go_on`` goes on to what follows."""

    def state(self) -> MarquardtState:
        """What the rule remembers where it stands."""


def walk_from(x: Array, state: MarquardtState) -> Walk:
    """A walk that stands at ``x`` with this in mind."""
    return WalkInNumbers(x, state) if len(x) <= MOST_COMPILED else WalkInArrays(x, state)


class WalkInArrays:
    """In NumPy's arrays."""

    def __init__(self, x: Array, state: MarquardtState) -> None:
        self.x, self._state = x, state
        self._found: Any = None
        self._next: Any = None

    def after(self, cost: float, told: Residuals, level: float) -> tuple[bool, float, float, bool]:
        following, state, accepted = after(self.x, cost, self._state._replace(told=told, level=level))
        self._found = following, state
        return accepted, state.slope, state.value, state.spent

    def wait(self) -> None:
        self._next = self._found

    def go_on(self) -> None:
        if self._next is not None:
            (self.x, self._state), self._next = self._next, None

    def state(self) -> MarquardtState:
        return self._state


class _Row:
    """A state and its point as one row of numbers, and where in it each thing is; see ``kernels.marquardt``."""

    def __init__(self, p: int) -> None:
        begin = numbers.NUMBERS
        self.row = np.zeros(begin + 2 * p * p + 6 * p)
        self.told = self.row[begin : begin + p * p].reshape(p, p)
        begin += p * p
        self.told_along, self.x, self.last, self.scale, self.step, self.along = (
            self.row[begin + k * p : begin + (k + 1) * p] for k in range(6)
        )
        self.root = self.row[begin + 6 * p :].reshape(p, p)


class WalkInNumbers:
    """In machine code, between two rows of numbers: it goes from one to the other and back."""

    def __init__(self, x: Array, state: MarquardtState) -> None:
        p = len(x)
        self._here, self._there, self._waits = _Row(p), _Row(p), False
        here, self.x = self._here, x
        here.x[:], here.last[:], here.scale[:], here.step[:] = x, state.x, state.scale, state.step
        here.along[:], here.root[:], here.told[:] = state.along, state.root, state.told.root
        here.told_along[:] = state.told.along
        here.row[numbers.VALUE], here.row[numbers.RADIUS] = state.value, state.radius
        here.row[numbers.DAMPING], here.row[numbers.SLOPE] = state.damping, state.slope
        here.row[numbers.LEVEL], here.row[numbers.SPENT] = state.level, state.spent
        here.row[numbers.BEGUN] = state.begun

    def after(self, cost: float, told: Residuals, level: float) -> tuple[bool, float, float, bool]:
        here = self._here
        here.told[:], here.told_along[:] = told
        here.row[numbers.LEVEL] = level
        found: tuple[bool, float, float, bool] = numbers.marquardt_step(
            float(cost), len(here.x), here.row, self._there.row
        )
        return found

    def wait(self) -> None:
        self._waits = True

    def go_on(self) -> None:
        if self._waits:
            x = self._there.x.copy()
            self.x, self._here, self._there, self._waits = x, self._there, self._here, False

    def state(self) -> MarquardtState:
        here = self._here
        row = here.row.tolist()
        return MarquardtState(
            told=Residuals(here.told.copy(), here.told_along.copy()),
            x=here.last.copy(),
            value=row[numbers.VALUE],
            root=here.root.copy(),
            along=here.along.copy(),
            scale=here.scale.copy(),
            radius=row[numbers.RADIUS],
            damping=row[numbers.DAMPING],
            step=here.step.copy(),
            slope=row[numbers.SLOPE],
            level=row[numbers.LEVEL],
            spent=bool(row[numbers.SPENT]),
            begun=bool(row[numbers.BEGUN]),
        )
