"""The cause of a fit in mini-batches that ended above its start: a constant learning rate that is too large for it.

The limit of the whole table is exact: where the rate is above it, the mean of the parameters over all orders of the
rows runs away, whatever the batches. One batch may be steeper than the whole table; a rate between the two limits is
above what its rows allow. Advice is a smaller rate that was run, over as many epochs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from downslope.descent import Descent, Status
from downslope.explain.findings.finding import Finding
from downslope.explain.linear import LinearRule
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.optimizers import Optimizer

MOST_TRIED = 12  # rates, each half the last
TRIED_ROWS = 20_000_000  # rows times parameters that all trials together may take
MOST_PARAMETERS = 60  # whose curvatures are looked at
MOST_BATCHES = 2_000  # that are looked at for the steepest
AT_LIMIT = 0.9  # of a limit, where trials begin
ABOVE = "learning_rate_above_limit"


class BatchedRun(NamedTuple):
    """A descent in batches, in the coordinates that it went in.

    Attributes:
        objective: the cost, whose features may be measured from their means.
        coordinates: from the run's to the user's.
        rule: what was stepped with.
        run: what came of it.
        batch: rows for each step.
        orders: for each epoch the order of the rows, and when memory is asked for them; None of a
            table that stays in its files.
    """

    objective: DataObjective
    coordinates: Coordinates
    rule: Optimizer
    run: Descent
    batch: int
    orders: Callable[[int], tuple[Any, Any]] | None


def rate_in_batches(done: BatchedRun, again: Callable[[Optimizer], Descent]) -> Finding | None:
    """The finding; None where the run did not end above its start, or has no constant rate.

    ``again`` descends as before, by another rule.
    """
    rate = done.rule.hyperparameters().get("learning_rate")
    own = any(field.name == "learning_rate" for field in fields(done.rule))
    if not own or not isinstance(rate, float) or not _ran_off(done.run):
        return None
    whole, steepest = _limits(done)
    evidence: dict[str, Any] = {"learning_rate": rate, "limit": None, "rule": type(done.rule).__name__}
    key = "unknown"
    if whole is not None and rate > whole:
        evidence["limit"], key = whole, "whole"
    elif steepest is not None and rate > steepest:
        evidence |= {"limit": steepest, "whole": whole}
        key = "steepest"
    first = AT_LIMIT * min(rate, evidence["limit"] or rate / 2)
    better = _tried(done, first, again)
    if key == "unknown" and better is None:
        return None
    if better is not None:
        evidence |= {"better": better.rate, "cost": better.run.fun, "n": better.run.nit}
        key += ".advice"
    quadratic = done.objective.loss.quadratic and isinstance(done.objective.rows, LinearRows)
    return Finding(ABOVE, evidence, quadratic and key.startswith("whole"), key=f"{ABOVE}.batches.{key}")


def _ran_off(run: Descent) -> bool:
    if run.termination.status in (Status.DIVERGED, Status.LEFT_DOMAIN):
        return True
    if run.termination.status == Status.STALLED and not run.nit:  # the first step was not a number
        return True
    return len(run.history) > 1 and not run.fun <= run.history.value[0]


def _limits(done: BatchedRun) -> tuple[float | None, float | None]:
    """Above which rates the whole table, and its steepest batch, are left: by the curvature where the run began."""
    linear, objective = LinearRule.of(done.rule), done.objective
    known = (
        linear is not None and objective.loss.curved and not objective.loss.root and not objective.penalty.l1
    )
    if not known or objective.parameters.size > MOST_PARAMETERS or isinstance(objective.rows, SoftmaxRows):
        return None, None
    assert linear is not None
    c = done.coordinates
    start = c.matrix @ done.run.start + c.shift if c.kind != "user" else done.run.start
    steep = _steepness(objective.whole_curvature(start), done)
    whole = linear.critical / steep if steep > 0 else None
    if done.orders is None:
        return whole, None
    steepest, order = 0.0, done.orders(0)[0]
    for begin in range(0, min(len(order), MOST_BATCHES * done.batch), done.batch):
        rows = order[begin : begin + done.batch]
        if len(rows) == done.batch:
            steepest = max(steepest, _steepness(objective.curvature(start, rows), done))
    return whole, linear.critical / steepest if steepest > 0 else None


def _steepness(H: Array, done: BatchedRun) -> float:
    """The largest eigenvalue of a matrix of second derivatives and the penalty, in the coordinates of the run."""
    penalty, matrix = done.objective.penalty, done.coordinates.matrix
    H = H + 2 * penalty.l2 * np.diag(penalty.mask)
    if done.coordinates.kind != "user":
        H = matrix.T @ H @ matrix
    return float(np.linalg.eigvalsh(H)[-1]) if np.all(np.isfinite(H)) else 0.0


class _Better(NamedTuple):
    rate: float
    run: Descent


def _tried(done: BatchedRun, first: float, again: Callable[[Optimizer], Descent]) -> _Better | None:
    """The largest rate of those halved again and again that ends below the start, or the next where better."""
    work = done.objective.count * done.objective.parameters.size * (done.run.stopping.steps or 1)
    best: _Better | None = None
    rate = first
    for _ in range(min(MOST_TRIED, TRIED_ROWS // max(work, 1))):
        rounded = float(f"{rate:.2g}")
        run = again(done.rule.changed(learning_rate=rounded))
        if not _ran_off(run) and (best is None or run.fun < best.run.fun):
            best = _Better(rounded, run)
        elif best is not None:
            return best
        rate /= 2
    return best
