"""What looks at a run must not cost much more than the run: so many evaluations more, and so much time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.descent import Descent
from downslope.errors import ObjectiveError
from downslope.objectives import Objective, Vector

LEAST_SECONDS = 0.05  # what looking may always cost
LEAST_EVALUATIONS = 1_000
EXPLAINING = 1.0  # seconds that an explanation may always take, or as long as the run
JUDGING = 0.25  # those that are allowed at the end of a run for judging its point
MOST_FOR_EACH = 100  # parameter; a judgement that ends at all takes some 8 gradients for each (measured)


class TooDearError(ObjectiveError):
    """Looking closer would cost more than the run did."""


@dataclass
class Clock:
    """Until when looking may go on, and whether anything was refused for lack of time."""

    until: float
    refused: bool = False


_CLOCK: ContextVar[Clock | None] = ContextVar("clock", default=None)


@contextmanager
def at_most(seconds: float) -> Iterator[Clock]:
    """Everything that is looked at within takes at most so long, but for the one evaluation that is under way."""
    outer, until = _CLOCK.get(), time.perf_counter() + seconds
    clock = Clock(until if outer is None else min(until, outer.until))
    token = _CLOCK.set(clock)
    try:
        yield clock
    finally:
        _CLOCK.reset(token)
        if outer is not None:
            outer.refused |= clock.refused


def time_left() -> float:
    """Seconds for which looking may still go on; infinite where nobody set a limit."""
    clock = _CLOCK.get()
    return float("inf") if clock is None else clock.until - time.perf_counter()


def spend() -> None:
    """Raise where the time is up; called before every evaluation.

    Raises:
        TooDearError: it is.
    """
    clock = _CLOCK.get()
    if clock is not None and time.perf_counter() > clock.until:
        clock.refused = True
        raise TooDearError("a closer look would take longer than the run did.")


class BudgetedObjective(Objective):
    """Another objective, until its evaluations are used up; then every call raises ``TooDearError``."""

    def __init__(self, objective: Objective, evaluations: int) -> None:
        super().__init__(objective.parameters, objective.text, objective.dtype)
        self._objective, self._left = objective, evaluations
        self.refused = False
        self.differentiation, self.notes = objective.differentiation, objective.notes
        self.tensors, self.loop, self.remote = objective.tensors, objective.loop, objective.remote
        self.nested = objective.nested

    def _take(self) -> Objective:
        spend()
        self._left -= 1
        if self._left < 0:
            self.refused = True
            raise TooDearError("a closer look would cost more than the run did.")
        return self._objective

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        return self._take().value_and_gradient(x)

    def value(self, x: Vector) -> float:
        return self._take().value(x)

    def gradient(self, x: Vector) -> Vector:
        return self._take().gradient(x)

    def present(self, x: Vector) -> Any:
        return self._objective.present(x)


def with_budget(run: Descent) -> Descent:
    """The run, its objective rationed where every evaluation is a call of somebody else's function.

    As many evaluations are allowed as the run made, or fit in 50 ms at the price of the run's, and no more than helps.
    """
    objective = run.objective
    if (
        objective.expression is not None
        or isinstance(objective, BudgetedObjective)
        or not objective.evaluable
    ):
        return run
    price = price_of(run)
    in_time = int(LEAST_SECONDS / price) if price > 0 else LEAST_EVALUATIONS
    enough = LEAST_EVALUATIONS + MOST_FOR_EACH * objective.parameters.size
    allowed = min(max(run.nfev, in_time, LEAST_EVALUATIONS), enough)
    return dataclasses.replace(run, objective=BudgetedObjective(objective, allowed))


def price_of(run: Descent) -> float:
    """Seconds for one evaluation: what the run's own took; one that is timed, where a framework compiled some of it."""
    if run.objective.loop is None:
        return run.seconds / max(run.nfev, 1)
    took = []
    for _ in range(2):  # the first may compile
        began = time.perf_counter()
        run.objective.gradient(run.final)
        took.append(time.perf_counter() - began)
    return min(took)


def too_coarse(run: Descent) -> bool:
    """Whether the objective's own rounding hides its curvature: float32 numbers, differenced."""
    return run.objective.expression is None and run.objective.dtype == np.float32


def random_values(run: Descent) -> bool:
    """Whether the objective draws random numbers: twice at the same point it is not the same, by more than rounding."""
    if run.objective.expression is not None or not run.objective.evaluable or not len(run.history):
        return False
    return run.objective.draws_random(run.final)
