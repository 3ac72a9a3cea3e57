"""An objective that may be evaluated only so many times more: what looks at a run must not cost more than the run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from downslope.descent import Run
from downslope.errors import ObjectiveError
from downslope.objectives import Objective, Vector

LEAST_SECONDS = 0.05  # what looking may always cost
LEAST_EVALUATIONS = 1_000
MOST_FOR_EACH = 100  # parameter; a judgement that ends at all takes some 8 gradients for each (measured)


class OutOfEvaluationsError(ObjectiveError):
    """Looking closer would cost more than the run did."""


class Rationed(Objective):
    """Another objective, until its evaluations are used up; then every call raises ``OutOfEvaluationsError``."""

    def __init__(self, objective: Objective, evaluations: int) -> None:
        super().__init__(objective.parameters, objective.text, objective.dtype)
        self._objective, self._left = objective, evaluations
        self.differentiation, self.notes = objective.differentiation, objective.notes
        self.tensors, self.loop, self.remote = objective.tensors, objective.loop, objective.remote
        self.nested = objective.nested

    def _take(self) -> Objective:
        self._left -= 1
        if self._left < 0:
            raise OutOfEvaluationsError("a closer look would cost more than the run did.")
        return self._objective

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        return self._take().value_and_gradient(x)

    def value(self, x: Vector) -> float:
        return self._take().value(x)

    def gradient(self, x: Vector) -> Vector:
        return self._take().gradient(x)

    def present(self, x: Vector) -> Any:
        return self._objective.present(x)


def looked_at(run: Run) -> Run:
    """The run, its objective rationed where every evaluation is a call of somebody else's function.

    As many evaluations are allowed as the run made, or fit in 50 ms at the price of the run's, and no more than helps.
    """
    objective = run.objective
    if objective.expression is not None or isinstance(objective, Rationed) or not objective.evaluable:
        return run
    price = run.seconds / max(run.nfev, 1)
    in_time = int(LEAST_SECONDS / price) if price > 0 else LEAST_EVALUATIONS
    enough = LEAST_EVALUATIONS + MOST_FOR_EACH * objective.parameters.size
    allowed = min(max(run.nfev, in_time, LEAST_EVALUATIONS), enough)
    return dataclasses.replace(run, objective=Rationed(objective, allowed))


def too_coarse(run: Run) -> bool:
    """Whether the objective's own rounding hides its curvature: float32 numbers, differenced."""
    return run.objective.expression is None and run.objective.dtype == np.float32
