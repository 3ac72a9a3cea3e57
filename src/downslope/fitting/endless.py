"""Parameters on their way to infinity: the cost tends to a limit there, and there is no minimum that way."""

from __future__ import annotations

import numpy as np

from downslope.descent import Descent, Status
from downslope.descent.evidence import Cause
from downslope.explain.findings.finding import Finding
from downslope.fitting.other_starts import goes_on
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array, LinearRows

HARDLY = 0.1  # of the whole fall of the cost: no more of it in the second half of the run
GROWTH = 1e4  # a parameter this many times its start is on its way to infinity
LONG = 100.0  # times its start (or 1) that a parameter has gone without an end in sight
DEPENDENT = 1e-6  # part of the largest singular value of columns of length 1
DOUBLED = 2.0  # times its start (or 1) that a parameter has at least gone, to be looked at
FURTHER = (
    0.5,
    1.0,
    3.0,
    10.0,
    100.0,
    1000.0,
)  # times the way from the start, where the cost must not be higher
ROUNDING = 1e-9  # part of the cost


def endless(problem: FitProblem, run: Descent) -> Finding | None:
    """Where the cost hardly falls any more, and does not rise however much further on."""
    if not len(run.history) or run.termination.status == Status.UNBOUNDED:
        return None
    begin, end, cost = run.history.x[0], run.final, run.history.value
    late = cost[len(cost) // 2] - cost[-1]
    converged = run.termination.status == Status.CONVERGED
    if cost[-1] > cost[0] or not (converged or late <= HARDLY * (cost[0] - cost[-1])):
        return None
    size = np.maximum(np.abs(begin), 1.0)
    far = np.abs(end) > GROWTH * size
    stuck = run.termination.status in (Status.STALLED, Status.STEP_LIMIT)
    if stuck and not far.any() and _nearly_dependent(problem, end):
        far = (
            np.abs(end - begin) > LONG * size
        )  # along a valley that bends, to where parameters cannot be told apart
        if not far.any():
            return None
    elif converged or not far.any():
        far = np.abs(end - begin) > DOUBLED * size
        if not far.any() or problem.objective.streamed or not _goes_further(problem, run):
            return None
    names = run.history.coordinates
    grown = {names[i]: (float(begin[i]), float(end[i])) for i in np.flatnonzero(far)[:6]}
    listed = ", ".join(f"{name} from {a:.3g} to {b:.3g}" for name, (a, b) in grown.items())
    return Finding(
        "grows_without_bound", {"parameters": grown, "listed": listed, "cost": float(cost[-1])}, False
    )


def _goes_further(problem: FitProblem, run: Descent) -> bool:
    """Whether the cost does not rise further the same way, or along the valley that was followed without an end."""
    if level_beyond(problem, run.history.x[0], run.final):
        return True
    told = run.termination.evidence
    return told is not None and told.cause == Cause.ROUND_LIMIT and goes_on(problem, run) is not None


def _nearly_dependent(problem: FitProblem, x: Array) -> bool:
    """Whether the data hardly tell the parameters of a fit of squares apart there."""
    objective = problem.objective
    if isinstance(problem.rows, LinearRows) or not problem.loss.quadratic or objective.streamed:
        return False
    root = objective.residuals(x)[1].root
    norms = np.linalg.norm(root, axis=0)
    if not np.all(np.isfinite(root)) or not np.all(norms > 0):
        return False
    values = np.linalg.svd(root / norms, compute_uv=False)
    return bool(values[-1] <= DEPENDENT * values[0])


def level_beyond(problem: FitProblem, begin: Array, end: Array) -> bool:
    """Whether the cost goes on falling, or stays as it is, however much further the same way."""
    objective, way = problem.objective, end - begin
    with np.errstate(all="ignore"):
        here = float(objective.value(end))
        there = [float(objective.value(end + times * way)) for times in FURTHER]
    return bool(np.all(np.isfinite(there)) and max(there) <= here + ROUNDING * abs(here))
