"""What looking at a run may cost: counted operations and evaluations, so that the same run is looked at the same way.

No clock decides anything here. Prices are in operations, of which a core does about one a nanosecond; what a formula
takes is counted from the formula, what a table takes from its rows, and of a person's function the calls are counted.
A safety clock stands behind all this: should it strike, no part of the explanation is trusted.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import symengine as se

from downslope.descent import Descent, History
from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.objectives import Objective, Vector
from downslope.objectives.wrapped import WrappedObjective

OPERATIONS = 50_000_000  # that an explanation may always take, some 50 ms; or as many as the run took
JUDGING = 30_000_000  # those that are allowed at the end of a run for judging its point
MORE_CALLS = 200  # of a person's function, beyond as many as the run made
JUDGED = 2 / 3  # part of both that judging the point at the end may take
REMEMBERED = 1_000_000  # numbers of points at which an answer is not asked for twice
SAFETY_SECONDS = (
    30.0  # of this thread, whatever else the machine does: nothing that is counted right takes so long
)
CALL = 4_000  # operations that calling an interpreted formula takes beside its own
NATIVE_CALL = 1_500  # the same for machine code called from Python
PROGRAM_CALL = 5_000  # the same for a program on arrays (measured)
AT_ONCE = 8  # operations of a program on arrays in a nanosecond: in vectors, and most of them in registers (measured)
HOSTED_STEP = 60_000  # of a step whose rule runs in Python
TRACED_STEP = 25  # of a step in machine code
TRACED_COORDINATE = 15  # of it for each coordinate, with the state that a rule keeps
GRADIENT = 5  # times the operations of a formula, for it and its gradient by a reverse sweep
INTERPRETED = 2  # times as long as in machine code

Answer = TypeVar("Answer", float, Vector)


class TooDearError(ObjectiveError):
    """Looking closer would cost more than the run did."""


class SafetyClockError(Exception):
    """Looking took far longer than what was counted: nothing of it is to be trusted."""


@dataclass
class Budget:
    """What may still be spent.

    Attributes:
        left: operations.
        refused: whether anything was refused.
        until: when the safety clock strikes.
        outer: the budget that this one is a part of.
    """

    left: float
    until: float
    outer: Budget | None = None
    refused: bool = field(default=False)
    paid: dict[Any, Any] = field(default_factory=dict)  # what was worked out and is remembered, by its key

    def spend(self, operations: float) -> None:
        """Take so many operations.

        Raises:
            TooDearError: there are not so many left.
            SafetyClockError: it all takes far longer than was counted.
        """
        if time.thread_time() > self.until:
            raise SafetyClockError
        if operations > self.left:
            self.refuse()
            raise TooDearError(message("a closer look would take longer than the run did."))
        budget: Budget | None = self
        while budget is not None:
            budget.left -= operations
            budget = budget.outer

    def refuse(self) -> None:
        """Note that something is left out."""
        budget: Budget | None = self
        while budget is not None:
            budget.refused = True
            budget = budget.outer


_BUDGET: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def at_most(operations: float, seconds: float = SAFETY_SECONDS) -> Iterator[Budget]:
    """Everything that is looked at within takes at most so many operations, and no more than are left around it."""
    outer, until = _BUDGET.get(), time.thread_time() + seconds
    if outer is not None:
        operations, until = min(operations, outer.left), min(until, outer.until)
    budget = Budget(operations, until, outer, paid={} if outer is None else outer.paid)
    token = _BUDGET.set(budget)
    try:
        yield budget
    finally:
        _BUDGET.reset(token)


def left() -> float:
    """Operations that may still be spent; infinite where nobody set a limit."""
    budget = _BUDGET.get()
    return float("inf") if budget is None else budget.left


def spend(operations: float) -> None:
    """Take so many operations; called before every evaluation.

    Raises:
        TooDearError: there are not so many left.
    """
    budget = _BUDGET.get()
    if budget is not None:
        budget.spend(operations)


def spend_once(key: Any, owner: Any, operations: float) -> None:
    """Take so many operations for what is remembered from then on, once in an explanation.

    It is paid for also where an earlier explanation, or the end of the run, has worked it out already: else the same
    run would be looked into less far the first time.

    Args:
        key: of what is worked out, beside its owner.
        owner: the object that it is of; it is kept for as long as the explanation lasts.
        operations: its price.
    """
    budget = _BUDGET.get()
    if budget is not None and (id(owner), key) not in budget.paid:
        budget.spend(operations)
        budget.paid[id(owner), key] = owner


def operations_of(objective: Objective) -> int:
    """Operations of one value and gradient, as far as they can be counted; 0 where only calls can."""
    if objective.program is not None:
        return objective.program.operations // AT_ONCE
    if objective.expression is not None:
        return GRADIENT * int(se.count_ops(objective.expression))
    return objective.operations


def safety(run: Descent) -> float:
    """Seconds after which something must have been counted wrong."""
    each = run.seconds / max(1, run.nfev)
    return max(SAFETY_SECONDS, 20 * run.seconds, 5 * each * (run.nfev + MORE_CALLS))


def spent_by(run: Descent) -> float:
    """Operations that a run took."""
    return run.nfev * step_price(run)


def step_price(run: Descent) -> float:
    """Operations of one evaluation and step of a run; those of a person's function are unknown, and not in it."""
    if run.engine == "traced":
        return TRACED_STEP + TRACED_COORDINATE * len(run.start) + operations_of(run.objective) / 2
    return HOSTED_STEP + operations_of(run.objective)


def calls_of(objective: Objective) -> int:
    """Calls of a person's function that a value with its gradient takes: one where the gradient comes with it."""
    return 1 if objective.gradient_calls == 1 else 1 + objective.gradient_calls


def calls_left(objective: Objective) -> float:
    """Calls that may still be made of what an objective asks in the end; infinite where nobody counts them."""
    while isinstance(objective, WrappedObjective):
        if isinstance(objective, BudgetedObjective):
            return objective.calls
        objective = objective.whole
    return float("inf")


class BudgetedObjective(WrappedObjective):
    """Another objective, until its calls are used up; then every evaluation raises ``TooDearError``.

    What was asked for before is not asked for again.

    Attributes:
        calls: of a person's function that may still be made. One that is given with its gradient is called at a point,
            for either or for both.
        kept_back: calls beside them, for the gradients at the last points of a run that diverged.
        refusals: how often an evaluation was refused.
        judged: histories of the runs whose judged ends have been paid for.
    """

    def __init__(self, objective: Objective, calls: int, kept_back: int = 0) -> None:
        super().__init__(objective)
        self.loop, self.remote = objective.loop, objective.remote
        self.calls, self.kept_back, self.refusals = calls, kept_back, 0
        self.judged: list[History] = []
        self._values: dict[bytes, float] = {}
        self._gradients: dict[bytes, Vector] = {}
        self._random: bool | None = None

    @property
    def left(self) -> int:
        """Evaluations with their gradient that may still be made."""
        return self.calls // calls_of(self.whole)

    def take(self, calls: int) -> None:
        """Use up so many calls.

        Raises:
            TooDearError: there are not so many left.
        """
        if calls > self.calls:
            self.calls = 0
            self.refuse()
            raise TooDearError(message("a closer look would cost more than the run did."))
        self.calls -= calls

    def refuse(self) -> None:
        """Note that something is left out."""
        self.refusals += 1
        if isinstance(self.whole, BudgetedObjective):
            self.whole.refuse()

    @property
    def refused(self) -> bool:
        """Whether an evaluation was refused."""
        return self.refusals > 0

    def _take(self, calls: int) -> Objective:
        if not isinstance(self.whole, BudgetedObjective):
            spend(self.operations)
        self.take(calls)
        return self.whole

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        key = np.asarray(x).tobytes()
        if key not in self._values or key not in self._gradients:
            value, gradient = self._take(calls_of(self.whole)).value_and_gradient(x)
            _remember(self._values, key, value)
            _remember(self._gradients, key, gradient)
            return value, gradient
        return self._values[key], self._gradients[key].copy()

    def value(self, x: Vector) -> float:
        key = np.asarray(x).tobytes()
        if key in self._values:
            return self._values[key]
        return _remember(self._values, key, self._take(1).value(x))

    def gradient(self, x: Vector) -> Vector:
        key = np.asarray(x).tobytes()
        if key in self._gradients:
            return self._gradients[key].copy()
        return _remember(self._gradients, key, self._take(self.gradient_calls).gradient(x)).copy()

    def draws_random(self, x: Vector) -> bool:
        if self._random is None:
            self._random = self._take(2).draws_random(x)
        return self._random

    def present(self, x: Vector) -> Any:
        return self.whole.present(x)


def _remember(answers: dict[bytes, Answer], key: bytes, answer: Answer) -> Answer:
    """The answer, which is kept with the last few."""
    if len(answers) * len(key) >= 8 * REMEMBERED:
        del answers[next(iter(answers))]
    answers[key] = answer
    return answer


def refusals_of(objective: Objective) -> int:
    """How often an evaluation of an objective was refused for want of calls."""
    return objective.refusals if isinstance(objective, BudgetedObjective) else 0


def allowed_calls(run: Descent) -> int:
    """Calls of a person's function that looking at a run may take: as many as the run made, and 200 more."""
    each = run.objective.gradient_calls
    return run.nfev + (run.njev * each if each > 1 else 0) + MORE_CALLS


def with_budget(run: Descent, calls: int, kept_back: int = 0) -> Descent:
    """The run, its objective rationed where every evaluation is a call of somebody else's function.

    What is rationed already is rationed within that.
    """
    objective = run.objective
    if objective.expression is not None or objective.program is not None or not objective.evaluable:
        return run  # whose operations are counted
    return dataclasses.replace(run, objective=BudgetedObjective(objective, calls, kept_back))


def too_coarse(run: Descent) -> bool:
    """Whether the objective's own rounding hides its curvature: float32 numbers, differenced."""
    return run.objective.expression is None and run.objective.dtype == np.float32


def random_values(run: Descent) -> bool:
    """Whether the objective draws random numbers: twice at the same point it is not the same, by more than rounding."""
    if run.objective.expression is not None or not run.objective.evaluable or not len(run.history):
        return False
    return run.objective.draws_random(run.final)
