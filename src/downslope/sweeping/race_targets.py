"""The least value that a race's targets are measured from, and which minimum lies below a point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from downslope.descent import LoopOptions, Stopping, descend
from downslope.errors import ObjectiveError
from downslope.explain.judgement import judged
from downslope.messages import message
from downslope.objectives import Objective, Vector
from downslope.optimizers import as_optimizer
from downslope.sweeping.race_record import RaceProblem
from downslope.sweeping.race_setting import Field
from downslope.sweeping.race_state import RaceState

REFERENCE_EVALUATIONS = (
    20_000  # of each descent that looks for the least value, or for the minimum below a point
)
SETTLED = 1e-9  # part of the gradient norm at a start at which such a descent has arrived
UNBOUNDED = 1e20  # a value so far below that of its start has no least one


def with_targets(one: Field, state: RaceState) -> tuple[RaceProblem, RaceProblem]:
    """The problem of the race and that of the tuning, with the value that both measure from."""
    objective = one.objective
    known = objective.problem.minimum if objective.problem is not None else None
    everywhere = np.concatenate([one.starts, one.tuning])
    with np.errstate(all="ignore"):
        values = np.array([objective.value(x) for x in everywhere], np.float64)
    if not np.isfinite(values).all():
        where = everywhere[int(np.argmin(np.isfinite(values)))]
        raise ObjectiveError(
            message(
                "the function has no finite value at the start {point}; choose a box of starts inside its domain.",
                point=", ".join(f"{x:.6g}" for x in where[:6]),
            )
        )
    if one.least is not None:
        least, source = one.least, "given"
    elif known is not None and np.isfinite(known):
        least, source = float(known), "known"
    else:
        for x in everywhere[len(state.bottoms) :]:
            state.bottoms.append(bottom_below(objective, x, steepness(objective, x)).value)
            state.tell()
        least, source = min(state.bottoms), "reference"
        if not least > values.min() - UNBOUNDED * (1 + abs(values.min())):
            raise ObjectiveError(
                message("the function falls without limit, so there is no value that a race could go for.")
            )
    n = len(one.starts)
    return (
        RaceProblem(objective, one.starts, one.box, least, source, values[:n]),
        RaceProblem(objective, one.tuning, one.box, least, source, values[n:]),
    )


class Bottom(NamedTuple):
    """What a long descent found below a point: the least value, and whether it ended at a minimum."""

    value: float
    settled: bool


def bottom_below(objective: Objective, x: Vector, steepest: float) -> Bottom:
    """Where a long descent from there leads; ``steepest`` is the gradient norm at a start of the race."""
    stopping = Stopping(evaluations=REFERENCE_EVALUATIONS, tolerance=SETTLED * steepest)
    with np.errstate(all="ignore"):
        run = descend(objective, x, as_optimizer("auto"), stopping, loop=LoopOptions(keep_errors=True))
        run = judged(run) if run.status == "converged" else run
    if run.status == "interrupted":
        raise KeyboardInterrupt
    values = run.history.value[np.isfinite(run.history.value)]
    least = float(values.min()) if len(values) else float("inf")
    return Bottom(least, run.status == "converged" and run.success)


def steepness(objective: Objective, x: Vector) -> float:
    """The norm of the gradient."""
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(objective.gradient(x)))
