"""The last step of a fit whose loss has a kink: from where smoothed steps end to the vertex of least cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.descent import Descent
from downslope.descent.evidence import Cause
from downslope.descent.history import History
from downslope.fitting.exchange import Kink, least_vertex
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array

MOST_NUMBERS = 2 * 10**7  # rows times parameters up to which it is made
_SMOOTHED = (Cause.GRADIENT_SMALL, Cause.COST_SMOOTHED, Cause.COST_STUCK, Cause.ROUND_LIMIT, Cause.STALLED)


def has_a_vertex(problem: FitProblem) -> bool:
    """Whether the cost is piecewise linear, and its rows few enough to look for the vertex at which it is least."""
    objective = problem.objective
    small = not objective.streamed and objective.count * objective.parameters.size <= MOST_NUMBERS
    free = not objective.penalty.l1 and not objective.penalty.l2
    return small and free and problem.hypothesis.linear is not None and not problem.loss.curved


def at_the_vertex(
    run: Descent, objective: DataObjective, frame: Coordinates, phi: Array
) -> tuple[Descent, Array]:
    """The run with that step, and where it leads; as they are where there is none, or none that is proven least.

    ``objective`` is the cost, whose parameters are ``phi`` in ``frame``.
    """
    cause = run.termination.evidence.cause if run.termination.evidence is not None else None
    if cause not in _SMOOTHED or not len(run.history) or not np.all(np.isfinite(phi)):
        return run, phi
    u, J = objective.rows.jacobian(phi, slice(0, None))
    r, w = u - objective.y, objective.weights
    if w.size:
        J, r, w = J[w > 0], r[w > 0], w[w > 0]
    found = least_vertex(J, r, w if w.size else np.ones(len(r)), kink_of(objective))
    if found is None or not found.proven:
        return run, phi
    there = phi + found.step
    value, before = objective.value(there), run.fun
    if value > before:  # by rounding: it was there before
        return run.judged_again(cause=Cause.VERTEX), phi
    evaluations = run.nfev + found.exchanges + 1
    h = run.history
    history = History(
        np.append(h.step, h.step[-1] + 1),
        np.append(h.evaluations, evaluations),
        np.append(h.value, value),
        np.append(h.gradient_norm, 0.0),
        np.concatenate([h.x, frame.to_user(there)[None]]),
        h.coordinates,
    )
    run = replace(run, history=history, nfev=evaluations)
    run = run.judged_again(
        cause=Cause.VERTEX,
        worse=False,
        outside=False,
        value=value,
        change=before - value,
        gradient_norm=0.0,
        step=run.nit,
        evaluations=evaluations,
    )
    return run, there


def kink_of(objective: DataObjective) -> Kink:
    """The slopes of the loss on both sides of its kink."""
    loss = objective.loss
    return Kink(-1.0, 1.0) if loss.number is None else Kink(-loss.shape, 1.0 - loss.shape)
