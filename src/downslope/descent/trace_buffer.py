"""The working memory of a run, written by either engine: counts, limits, the last point and the rows so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent import kernel as k
from downslope.descent.history import History
from downslope.descent.stopping import IDLE_EVALUATIONS, RUNAWAY, Stopping
from downslope.errors import UsageError
from downslope.objectives import Vector

Matrix = NDArray[np.float64]

FIRST_ROWS = 1024
FEWEST_ROWS = 64  # that are kept, however many parameters there are
MOST_NUMBERS = 4_000_000  # in a history whose spacing is ours to choose: 32 MB
MOST_NUMBERS_ASKED = 500_000_000  # in one whose spacing a person chose: 4 GB


class TraceBuffer:
    """What both engines write while they run, and the history made of it.

    Args:
        x: the start.
        stopping: the conditions; ``begin`` completes those that depend on the first value.
        every: keep every so-many-th step; None keeps all until 32 MB are full, then every 2nd, 4th, ...
    """

    def __init__(self, x: Vector, stopping: Stopping, every: int | None) -> None:
        whole = isinstance(every, (int, np.integer)) or (isinstance(every, float) and every.is_integer())
        if every is not None and (isinstance(every, bool) or not whole or not 1 <= every < 2**63):
            raise UsageError(f"every is {every!r}; it must be a whole number, at least 1.")
        self.stopping, self.every = stopping, every
        self.width = len(x) + 2
        self._refuse_too_many_rows()
        self.counts = np.zeros(k.COUNTS, np.int64)
        self.counts[k.STEP] = -1
        self.counts[k.STRIDE] = every or 1
        self.memory = np.full(k.LAST_X + len(x), np.nan)
        first = min(FIRST_ROWS, max(FEWEST_ROWS, MOST_NUMBERS // self.width))
        self.rows = np.empty((first, self.width))
        self.row_steps = np.empty((first, 2), np.int64)
        self.limits = self._first_limits()
        self.first_value = math.nan
        self.far: Callable[[], Vector] | None = None
        self._unknown = np.full(1, np.nan)
        self._far, self._far_move, self._far_memory = np.empty((1, 3)), np.empty(1), self.memory[: k.LAST_X]

    def _refuse_too_many_rows(self) -> None:
        if self.every is None or self.stopping.steps in (None, 2**53):
            return
        numbers = (int(self.stopping.steps or 0) // self.every + 1) * (self.width + 2)
        if numbers > MOST_NUMBERS_ASKED:
            enough = math.ceil(self.every * numbers / MOST_NUMBERS_ASKED)
            raise UsageError(
                f"every={self.every} over {self.stopping.steps} steps asks for a history of"
                f" {8e-9 * numbers:.1f} GB; use every={enough} or more."
            )

    def _first_limits(self) -> Vector:
        s = self.stopping
        limits = np.full(k.LIMITS, np.inf)
        limits[k.MAX_STEPS] = math.inf if s.steps is None else s.steps
        limits[k.MAX_EVALUATIONS] = math.inf if s.evaluations is None else s.evaluations
        limits[k.GRADIENT_SQUARED] = -1.0 if s.tolerance is None else s.tolerance * s.tolerance
        limits[k.VALUE_CHANGE] = -1.0 if s.value_tolerance is None else s.value_tolerance
        limits[k.POINT_CHANGE_SQUARED] = -1.0 if s.x_tolerance is None else s.x_tolerance * s.x_tolerance
        limits[k.TARGET] = -math.inf if s.target is None else s.target
        limits[k.FLOOR] = -math.inf
        if s.asks_for_a_test:
            limits[k.IDLE] = IDLE_EVALUATIONS
        return limits

    def begin(self) -> None:
        """Complete the limits that depend on the value and gradient at the start, once they are known."""
        value, square = self.memory[k.LAST_VALUE], self.memory[k.LAST_SQUARE]
        self.first_value = float(value)
        runaway = RUNAWAY * (1 + abs(float(value)))
        self.limits[k.CEILING], self.limits[k.FLOOR] = runaway, -runaway
        relative = self.stopping.relative_tolerance
        if relative is not None:
            self.limits[k.GRADIENT_SQUARED] = max(
                self.limits[k.GRADIENT_SQUARED], relative * relative * square
            )

    @property
    def step(self) -> int:
        """Number of the last accepted step; -1 before the first."""
        return int(self.counts[k.STEP])

    @property
    def evaluations(self) -> int:
        """Evaluations made so far."""
        return int(self.counts[k.EVALUATIONS])

    @property
    def last_x(self) -> Vector:
        """The last accepted finite point."""
        if self.far is not None:
            self.memory[k.LAST_X :] = self.far()
            self.far = None
        return self.memory[k.LAST_X :].copy()

    def may_evaluate(self) -> int:
        """SLICE_DONE where another evaluation is allowed and has room, else what stands against it."""
        if self.counts[k.ROWS] == len(self.rows):
            return k.ROWS_FULL
        if self.counts[k.EVALUATIONS] >= self.limits[k.MAX_EVALUATIONS]:
            return k.EVALUATION_LIMIT
        return k.SLICE_DONE

    def absorb(self, block: Matrix) -> tuple[int, int]:
        """Take over evaluations that were made elsewhere: a code of ``kernel``, and how many were taken.

        Args:
            block: x, value, squared gradient and acceptance of one evaluation a row, shape (evaluations, d + 3).
        """
        before = self.evaluations
        if len(self._unknown) < len(block):
            self._unknown = np.full(len(block), np.nan)
        code = k.absorb(
            block, self._unknown, self.counts, self.limits, self.memory, self.rows, self.row_steps
        )
        return int(code), self.evaluations - before

    def absorb_far(
        self, value: float, square: float, accepted: float, moved: float, x: Callable[[Vector], Any]
    ) -> int:
        """Take over one evaluation at a point that is kept elsewhere; ``x`` writes it into its row, where that is kept.

        ``far`` is the caller's to set: it fetches the last accepted point, once somebody asks for it.
        """
        self._far[0] = value, square, accepted
        self._far_move[0] = moved
        row = int(self.counts[k.ROWS])
        code = k.absorb(
            self._far,
            self._far_move,
            self.counts,
            self.limits,
            self._far_memory,
            self.rows,
            self.row_steps,
        )
        if self.counts[k.ROWS] > row:
            x(self.rows[row, 2:])
        return int(code)

    def make_room(self) -> None:
        """The rows are full: allocate twice as many, or keep every other one where memory is spent."""
        count = int(self.counts[k.ROWS])
        allowed = MOST_NUMBERS if self.every is None else MOST_NUMBERS_ASKED
        if 2 * count * (self.width + 2) <= allowed or count < FEWEST_ROWS:
            self.rows = np.concatenate([self.rows, np.empty_like(self.rows)])
            self.row_steps = np.concatenate([self.row_steps, np.empty_like(self.row_steps)])
            return
        self.counts[k.STRIDE] *= 2
        keep = np.flatnonzero(self.row_steps[:count, 0] % self.counts[k.STRIDE] == 0)
        left, rows, row_steps = len(keep), self.rows[keep], self.row_steps[keep]
        # No call from here on: Python looks for Ctrl-C at calls, and must find all of this done or nothing.
        self.rows[:left] = rows
        self.row_steps[:left] = row_steps
        self.counts[k.ROWS] = left

    def history(self, coordinates: tuple[str, ...], sign: float) -> History:
        """The rows so far, and the last accepted point where the spacing left it out."""
        count = int(self.counts[k.ROWS])
        rows, steps = self.rows[:count], self.row_steps[:count]
        if self.step >= 0 and (count == 0 or steps[-1, 0] != self.step):
            m = self.memory
            last = np.concatenate([[m[k.LAST_VALUE], m[k.LAST_SQUARE]], self.last_x])
            rows = np.concatenate([rows, last[None]])
            steps = np.concatenate([steps, [[self.step, self.counts[k.ACCEPTED_AT]]]])
        value = sign * rows[:, 0]
        value += 0.0  # no minus zero
        return History(
            steps[:, 0].copy(),
            steps[:, 1].copy(),
            value,
            np.sqrt(rows[:, 1]),
            rows[:, 2:].copy(),
            coordinates,
        )
