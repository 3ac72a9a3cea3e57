"""The working memory of a run, written by any engine: counts, limits, the last point and the rows so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent import judge as j
from downslope.descent.growing_rows import MOST_NUMBERS
from downslope.descent.history import History
from downslope.descent.kernel_calls import absorbing, address_of, trace_words
from downslope.descent.stopping import IDLE_EVALUATIONS, RUNAWAY, Stopping
from downslope.descent.trend import LONGEST_PERIOD, ROUNDS
from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives import Vector

Matrix = NDArray[np.float64]

FIRST_ROWS = 1024
TAIL_STEPS = LONGEST_PERIOD * (ROUNDS + 1)
FEWEST_ROWS = 12  # that are kept, however many parameters there are
WIDE = 10_000  # numbers of a row, from which writing one takes longer than a step
MOST_WIDE = 1_000_000  # numbers in a history of such rows whose spacing is ours to choose: 8 MB
LONG = 64 * TAIL_STEPS  # steps, of which those of the end are few enough to be kept as wide rows
MOST_NUMBERS_ASKED = 500_000_000  # in one whose spacing a person chose: 4 GB


class FarEvaluation(NamedTuple):
    """One evaluation at a point that is kept elsewhere.

    Attributes:
        value, norm: the value and the gradient norm there.
        accepted: whether the rule accepts the point, as 1 or 0.
        moved: its distance from the last accepted point.
        x: the point, as it is kept there.
        last: the last accepted point, this one included.
    """

    value: float
    norm: float
    accepted: float
    moved: float
    x: Any
    last: Any


class TraceState(NamedTuple):
    """What a trace remembers beside the history.

    Attributes:
        counts: see ``judge``, shape (COUNTS,), int64.
        memory: see ``judge``, shape (LAST_X + p,), float64.
        first: value and gradient norm at the start, shape (2,), float64.
        beside_steps, beside_rows: rows of the last steps that its spacing keeps out of the history.
    """

    counts: NDArray[np.int64]
    memory: Vector
    first: Vector
    beside_steps: NDArray[np.int64]
    beside_rows: Matrix

    @property
    def step(self) -> int:
        """Number of the last accepted step; -1 before the first."""
        return int(self.counts[j.STEP])

    @property
    def evaluations(self) -> int:
        """Evaluations made so far."""
        return int(self.counts[j.EVALUATIONS])

    def fits(self, size: int) -> bool:
        """Whether these are whole, for so many coordinates."""
        rows = len(self.beside_steps) if np.ndim(self.beside_steps) else 0
        shapes = ((j.COUNTS,), (j.LAST_X + size,), (2,), (rows, 2), (rows, 2 + size))
        dtypes = ("int64", "float64", "float64", "int64", "float64")
        return all(
            np.shape(array) == shape and array.dtype == dtype
            for array, shape, dtype in zip(self, shapes, dtypes, strict=True)
        ) and bool(self.counts[j.STRIDE] >= 1 and np.all(self.counts[[j.STEP, j.EVALUATIONS]] >= -1))


class TraceBuffer:
    """What both engines write while they run, and the history made of it.

    Args:
        x: the start.
        stopping: the conditions; ``begin`` completes those that depend on the first value.
        every: keep every so-many-th step; None keeps all until 32 MB are full (8 MB from 10,000 parameters on), then
            every 2nd, 4th, ...
    """

    least_norm = (
        0.0  # smaller gradient norms in the rows are wrong by underflow, where the engine summed up squares
    )
    norms: Callable[[Any], Matrix] | None = None  # the true ones, at points

    def __init__(self, x: Vector, stopping: Stopping, every: int | None) -> None:
        whole = isinstance(every, (int, np.integer)) or (isinstance(every, float) and every.is_integer())
        if every is not None and (isinstance(every, bool) or not whole or not 1 <= every < 2**63):
            raise UsageError(
                message("every is {every!r}; it must be a whole number, at least 1.", every=every)
            )
        self.stopping, self.every = stopping, every
        self.width = len(x) + 2
        self._refuse_too_many_rows()
        self.counts = np.zeros(j.COUNTS, np.int64)
        self.counts[j.STEP] = -1
        self.counts[j.STRIDE] = every or 1
        self.counts[j.TAIL] = self._first_of_tail()
        self.memory = np.full(j.LAST_X + len(x), np.nan)
        self.memory[[j.LEAST_VALUE, j.LEAST_NORM]] = math.inf
        first = min(FIRST_ROWS, max(FEWEST_ROWS, self._most_numbers // self.width))
        self.rows = np.empty((first, self.width))
        self.row_steps = np.empty((first, 2), np.int64)
        self.limits = self._first_limits()
        self._gather()
        self.first_value = self.first_norm = math.nan
        self.far: Callable[[], Vector] | None = None
        self._unknown = np.full(1, np.nan)
        self._block, self._move = np.empty((1, 3)), np.empty(1)
        self._one = address_of(self._block), 1, 3, address_of(self._move)

    def _gather(self) -> None:
        """What the loops write, as they are told of it: with the points, and where those are kept elsewhere."""
        arrays = (self.counts, self.limits, self.memory, self.rows, self.row_steps)
        self._near, self._far = (trace_words(arrays, dimension) for dimension in (self.width - 2, 0))
        self.words = address_of(self._near)
        self._words_far = address_of(self._far)

    def _refuse_too_many_rows(self) -> None:
        if self.every is None or self.stopping.steps in (None, 2**53):
            return
        numbers = (int(self.stopping.steps or 0) // self.every + 1) * (self.width + 2)
        if numbers > MOST_NUMBERS_ASKED:
            enough = math.ceil(self.every * numbers / MOST_NUMBERS_ASKED)
            raise UsageError(
                message(
                    "every={every} over {steps} steps asks for a history of {size:.1f} GB; use"
                    " every={enough} or more.",
                    every=self.every,
                    steps=self.stopping.steps,
                    size=8e-9 * numbers,
                    enough=enough,
                )
            )

    @property
    def _most_numbers(self) -> int:
        """In a history whose spacing is ours to choose: fewer of wide rows, or they would cost more than the steps."""
        return MOST_NUMBERS if self.width < WIDE else MOST_WIDE

    def _first_of_tail(self) -> int:
        """The step from which all rows are written, so that a cycle is seen whatever spacing the history has."""
        s = self.stopping
        last = min(s.steps or j.NO_LIMIT, (s.evaluations or j.NO_LIMIT) - 1)
        affordable = TAIL_STEPS * self.width <= MOST_NUMBERS and (self.width < WIDE or last >= LONG)
        return max(0, int(last) - TAIL_STEPS) if affordable and last < j.NO_LIMIT else int(j.NO_LIMIT)

    def _first_limits(self) -> Vector:
        s = self.stopping
        limits = np.full(j.LIMITS, np.inf)
        for place, asked, nothing in (
            (j.MOST_STEPS, s.steps, math.inf),
            (j.MOST_EVALUATIONS, s.evaluations, math.inf),
            (j.TOLERANCE, s.tolerance, -1.0),
            (j.VALUE_TOLERANCE, s.value_tolerance, -1.0),
            (j.X_TOLERANCE, s.x_tolerance, -1.0),
            (j.TARGET, s.target, -math.inf),
        ):
            limits[place] = nothing if asked is None else asked
        limits[j.FLOOR] = -math.inf
        limits[j.MOST_IDLE] = IDLE_EVALUATIONS
        limits[j.WATCHED] = s.asks_for_a_test
        limits[j.SUSPECT] = limits[j.ASK_BELOW] = 0.0
        return limits

    def measure_by(self, norms: Callable[[Matrix], Matrix], least_square: float, suspect: bool) -> None:
        """Tell how true gradient norms are found where sums of squares over- or underflow.

        Args:
            norms: those at points, one a row.
            least_square: a smaller sum has lost some to underflow.
            suspect: whether a sum may be finite where the gradient is not.
        """
        self.norms, self.least_norm = norms, math.sqrt(least_square)
        s = self.stopping  # a 0 may be rounding, of exp(x) - 1 in float32: what passes the test is measured
        decides = s.relative_tolerance is not None or s.tolerance is not None
        self.limits[j.ASK_BELOW], self.limits[j.SUSPECT] = least_square if decides else 0.0, suspect

    def begin(self) -> None:
        """Complete the limits that depend on the value and gradient at the start, once they are known."""
        self._begin_at(float(self.memory[j.LAST_VALUE]), float(self.memory[j.LAST_NORM]))

    def _begin_at(self, value: float, norm: float) -> None:
        self.first_value, self.first_norm = value, norm
        runaway = min(RUNAWAY * (1 + abs(value)), np.finfo(np.float64).max)
        self.limits[j.CEILING], self.limits[j.FLOOR] = runaway, -runaway
        relative = self.stopping.relative_tolerance
        if relative is not None:
            self.limits[j.TOLERANCE] = max(self.limits[j.TOLERANCE], relative * norm)

    def state(self) -> TraceState:
        """What is to be remembered, beside the history, by whoever goes on; the last point has been fetched."""
        count = int(self.counts[j.ROWS])
        steps = self.row_steps[:count]
        beside = (
            np.flatnonzero(~self._in_spacing(count)) if self.counts[j.STRIDE] > 1 else np.empty(0, np.int64)
        )
        first, counts = np.array([self.first_value, self.first_norm]), self.counts.copy()
        counts[[j.HERE, j.SPENT, j.TAIL, j.ROWS]] = 0  # an engine's, and those of this trace's limits
        return TraceState(counts, self.memory.copy(), first, steps[beside], self.rows[beside])

    def restore(self, state: TraceState, history: History, sign: float) -> None:
        """Go on from there: with this history until then, and the conditions that this trace was made with."""
        tail = self.counts[j.TAIL]
        self.counts[:], self.memory[:] = state.counts, state.memory
        self.counts[j.TAIL], self.counts[j.HERE], self.counts[j.SPENT] = tail, 0, 0
        known = np.column_stack([history.step, history.evaluations])
        rows = np.column_stack([sign * history.value, history.gradient_norm, history.x])
        steps, first = np.unique(np.concatenate([known, state.beside_steps])[:, 0], return_index=True)
        wanted = first[(steps % self.counts[j.STRIDE] == 0) | (steps >= tail)]
        known = np.concatenate([known, state.beside_steps])[wanted]
        rows = np.concatenate([rows, state.beside_rows])[wanted]
        count, capacity = len(rows), len(self.rows)
        while capacity < count:  # as it grew
            capacity *= 2
        self.rows, self.row_steps = np.empty((capacity, self.width)), np.empty((capacity, 2), np.int64)
        self.rows[:count], self.row_steps[:count] = rows, known
        self.counts[j.ROWS] = count
        self._gather()
        if self.step >= 0:
            value, norm = state.first.tolist()
            if math.isnan(value):  # Ctrl-C struck before it was known that it had begun
                value, norm = sign * float(history.value[0]), float(history.gradient_norm[0])
            self._begin_at(value, norm)

    @property
    def step(self) -> int:
        """Number of the last accepted step; -1 before the first."""
        return int(self.counts[j.STEP])

    @property
    def evaluations(self) -> int:
        """Evaluations made so far."""
        return int(self.counts[j.EVALUATIONS])

    @property
    def last_x(self) -> Vector:
        """The last accepted finite point."""
        if self.far is not None:
            self.memory[j.LAST_X :] = self.far()
            self.far = None
        return self.memory[j.LAST_X :].copy()

    @property
    def numbers(self) -> int:
        """How many numbers the rows have so far."""
        return int(self.counts[j.ROWS]) * (self.width + 2)

    @property
    def is_full(self) -> bool:
        """Whether another evaluation has no room, and ``make_room`` is to be called first."""
        return bool(self.counts[j.ROWS] == len(self.rows))

    def absorb(self, block: Matrix) -> tuple[int, int]:
        """Take over evaluations that were made elsewhere: a code of ``judge``, and how many were taken.

        Args:
            block: x, value, gradient norm and acceptance of one evaluation a row, shape (evaluations, d + 3).
        """
        before = self.evaluations
        if len(self._unknown) < len(block):
            self._unknown = np.full(len(block), np.nan)
        block = np.ascontiguousarray(block, np.float64)
        moves = address_of(self._unknown)
        code: int = absorbing().call(self.words, address_of(block), *block.shape, moves)
        return code, self.evaluations - before

    def absorber(self, row: Matrix) -> Callable[[], int]:
        """``absorb`` of one evaluation that is written into the same ``row`` each time, shape (1, d + 3), float64."""
        unknown = np.full(1, np.nan)
        place, call = (address_of(row), *row.shape, address_of(unknown)), absorbing().call

        def absorb(_kept: Any = (row, unknown)) -> int:
            code: int = call(self.words, *place)
            return code

        return absorb

    def absorb_far(self, evaluation: FarEvaluation, write: Callable[[Any, Vector], Any]) -> int:
        """Take over one evaluation at a point that is kept elsewhere; ``write`` puts it into its row, if that is kept.

        ``far`` is the caller's to set: it fetches the last accepted point, once somebody asks for it.
        """
        self._block[0] = evaluation[:3]
        self._move[0] = evaluation.moved
        row = int(self.counts[j.ROWS])
        code: int = absorbing().call(self._words_far, *self._one)
        if self.counts[j.ROWS] > row:
            write(evaluation.x, self.rows[row, 2:])
        return code

    def make_room(self) -> None:
        """The rows are full: allocate twice as many, or keep every other one where memory is spent."""
        count = int(self.counts[j.ROWS])
        allowed = self._most_numbers if self.every is None else MOST_NUMBERS_ASKED
        fewest = FEWEST_ROWS + (TAIL_STEPS if self.step >= self.counts[j.TAIL] else 0)
        if 2 * count * (self.width + 2) <= allowed or count < fewest:
            self.rows = np.concatenate([self.rows, np.empty_like(self.rows)])
            self.row_steps = np.concatenate([self.row_steps, np.empty_like(self.row_steps)])
            self._gather()
            return
        self.counts[j.STRIDE] *= 2
        keep = np.flatnonzero(self._in_spacing(count) | (self.row_steps[:count, 0] >= self.counts[j.TAIL]))
        left, rows, row_steps = len(keep), self.rows[keep], self.row_steps[keep]
        # No call from here on: Python looks for Ctrl-C at calls, and must find all of this done or nothing.
        self.rows[:left] = rows
        self.row_steps[:left] = row_steps
        self.counts[j.ROWS] = left

    def _in_spacing(self, count: int) -> NDArray[np.bool_]:
        """Which of the first rows belong to the history, and not only to its end."""
        return np.asarray(self.row_steps[:count, 0] % self.counts[j.STRIDE] == 0)

    def written(self) -> tuple[Matrix, Matrix, int]:
        """The values and points there are, the last accepted one with them; how many of the last are consecutive."""
        steps, rows = self._written_rows()
        if self.counts[j.STRIDE] == 1:
            return rows[:, 0], rows[:, 2:], len(rows)
        gaps = np.flatnonzero(np.diff(steps[-TAIL_STEPS - 2 :, 0]) > 1)
        tail = min(len(rows), TAIL_STEPS + 2) - (int(gaps[-1]) + 1 if len(gaps) else 0)
        return rows[:, 0], rows[:, 2:], tail

    def _kept_rows(self) -> tuple[NDArray[np.int64], Matrix]:
        steps, rows = self._written_rows()
        whole = max(0, len(rows) - TAIL_STEPS - 2)  # before the tail
        beside = np.flatnonzero(steps[whole:-1, 0] % self.counts[j.STRIDE])
        if self.counts[j.STRIDE] == 1 or not len(beside):
            return steps, rows
        return np.delete(steps, whole + beside, axis=0), np.delete(rows, whole + beside, axis=0)

    def _written_rows(self) -> tuple[NDArray[np.int64], Matrix]:
        count = int(self.counts[j.ROWS])
        rows, steps = self.rows[:count], self.row_steps[:count]
        if self.step >= 0 and (count == 0 or steps[-1, 0] != self.step):
            m = self.memory
            last = np.concatenate([[m[j.LAST_VALUE], m[j.LAST_NORM]], self.last_x])
            rows = np.concatenate([rows, last[None]])
            steps = np.concatenate([steps, [[self.step, self.counts[j.ACCEPTED_AT]]]])
        return steps, rows

    def history(self, coordinates: Sequence[str], sign: float) -> History:
        """The rows so far, and the last accepted point where the spacing left it out."""
        steps, rows = self._kept_rows()
        value = sign * rows[:, 0]
        value += 0.0  # no minus zero
        return History(
            steps[:, 0].copy(),
            steps[:, 1].copy(),
            value,
            self._true_norms(rows),
            rows[:, 2:].copy(),
            coordinates,
        )

    def _true_norms(self, rows: Matrix) -> Matrix:
        """The gradient norms of the rows, anew where a sum of squares underflowed."""
        norms: Matrix = rows[:, 1].copy()
        if self.norms is not None:
            small = np.flatnonzero(norms < self.least_norm)
            if len(small):
                points, again = np.unique(rows[small, 2:], axis=0, return_inverse=True)
                norms[small] = self.norms(points.astype(np.float64))[again.ravel()]
        return norms

    @property
    def last_norm(self) -> float:
        """The gradient norm at the last accepted point."""
        norm = float(self.memory[j.LAST_NORM])
        return float(self.norms(self.last_x[None])[0]) if self.norms and norm < self.least_norm else norm
