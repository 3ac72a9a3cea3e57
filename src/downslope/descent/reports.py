"""Methods that average report another point than those they evaluate, and are judged at it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from downslope.descent import judge as j
from downslope.descent.engine import DescentProblem, Engine
from downslope.descent.evidence import TESTS, Cause
from downslope.descent.norms import norm_of
from downslope.descent.reported import Reported
from downslope.descent.trace_buffer import TraceBuffer
from downslope.optimizers import Optimizer

PATIENCE = 100  # part of the steps so far until a test that failed at the reported point is tried again: one in so many
_TESTS = (j.TOLERANCE, j.VALUE_TOLERANCE, j.X_TOLERANCE, j.TARGET)
_OFF = (-1.0, -1.0, -1.0, -np.inf)


class ReportsState(NamedTuple):
    """What is remembered of looks at the reported point.

    Attributes:
        resume_at: after so many evaluations the tests are held again; None where they are.
        seen: the step of the last look, and what it saw.
    """

    resume_at: int | None = None
    seen: tuple[int, Reported] | None = None


class Reports:
    """What a method reports, held against the test that the point it evaluated has met.

    Attributes:
        cause: the test that the reported point met, or the limit that looking at it used up.
    """

    def __init__(
        self, engine: Engine, trace: TraceBuffer, descent: DescentProblem, optimizer: Optimizer
    ) -> None:
        self._engine, self._trace, self._descent, self._optimizer = engine, trace, descent, optimizer
        self.cause: Cause | None = None
        self._seen: tuple[int, Reported] | None = None  # and at which step
        self._resume_at: int | None = None  # this many evaluations, the tests are held again
        self._held = np.array(_OFF)

    def state(self) -> ReportsState:
        """What is to be remembered by whoever goes on."""
        return ReportsState(self._resume_at, self._seen)

    def restore(self, state: ReportsState) -> None:
        """Go on from there, with the limits of the trace in force."""
        self._resume_at, self._seen = state
        if self._resume_at is not None:
            self._hold_back()

    def within(self, budget: int) -> int:
        """So much of a budget as is left until the tests are held again."""
        trace = self._trace
        if self._resume_at is None:
            return budget
        if trace.evaluations >= self._resume_at:
            trace.limits[list(_TESTS)] = self._held
            self._resume_at = None
            return budget
        return min(budget, self._resume_at - trace.evaluations)

    def confirm(self, cause: Cause) -> bool:
        """Whether the run ends, now that the point evaluated has met a test; else it goes on behind it.

        Looking at the reported point is an evaluation, and counts.
        """
        answer = self._answer()
        if answer is None:
            return True
        trace, before = self._trace, self._seen
        if trace.evaluations >= trace.limits[j.MOST_EVALUATIONS]:
            self.cause = Cause.EVALUATION_LIMIT
            return True
        trace.counts[[j.EVALUATIONS, j.MOVED_AT, j.ACCEPTED_AT]] += 1
        now = self._look(answer)
        self._seen = trace.step, now
        change = moved = np.nan
        if before is not None and before[0] == trace.step - 1:
            change, moved = abs(now.value - before[1].value), norm_of(now.x - before[1].x)
        value, norm = self._descent.sign * now.value, now.gradient_norm
        evaluation = j.Evaluation(True, trace.step, trace.evaluations, value, norm, change, moved, 0)
        code = j.judge(evaluation, j.Limits(*trace.limits[: j.MOST_IDLE + 1]))
        if code in (*TESTS, Cause.STEP_LIMIT, Cause.EVALUATION_LIMIT):
            self.cause = Cause(code)
            return True
        compared = cause in (Cause.VALUE_STEADY, Cause.POINT_STEADY) and np.isnan(change)
        if not compared:  # of the next step, what it changes will be known
            self._pause()
        self._engine.go_on(trace)
        return False

    def at_the_end(self, cause: Cause) -> Reported | None:
        """What the method reports instead of its last point; None where that is the last point."""
        if self._resume_at is not None:
            self._trace.limits[list(_TESTS)] = self._held
        if cause in (Cause.VALUE_NAN, Cause.VALUE_INFINITE, Cause.GRADIENT_NOT_FINITE, Cause.ERROR):
            return None
        return self.now()

    def now(self) -> Reported | None:
        """What the method would report if it ended now; nothing is remembered of this look."""
        if self._trace.step < 0:
            return None
        if self._seen is not None and self._seen[0] == self._trace.step:
            return self._seen[1]
        answer = self._answer()
        return None if answer is None else self._look(answer)

    def _answer(self) -> np.ndarray | None:
        with np.errstate(all="ignore"):
            answer = self._engine.answer(self._trace)
            return None if np.array_equal(answer, self._engine.point(self._trace), equal_nan=True) else answer

    def _look(self, answer: np.ndarray) -> Reported:
        sign = self._descent.sign
        with np.errstate(all="ignore"):
            value, gradient = self._descent.objective.value_and_gradient(answer)
            residual = self._optimizer.residual(answer, sign * np.asarray(gradient, np.float64))
        return Reported(answer, float(value), norm_of(residual))

    def _pause(self) -> None:
        """Let a hundredth of the steps so far pass before the next look, which costs as much as a step each time."""
        trace, pause = self._trace, self._trace.step // PATIENCE
        if pause:
            self._hold_back()
            self._resume_at = trace.evaluations + pause

    def _hold_back(self) -> None:
        """Hold no test for a while."""
        self._held = self._trace.limits[list(_TESTS)].copy()
        self._trace.limits[list(_TESTS)] = _OFF
