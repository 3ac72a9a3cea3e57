"""The last steps of a descent that ended where rounding hides what the cost still falls by: the gradient tells the way.

A cost that is added up over rows has some 15 digits, and so a point has half of these where the cost cannot fall any
more. Its gradient vanishes there, and has digits of its own: Newton's steps go on until it does not shrink either.
"""

from __future__ import annotations

import numpy as np

from downslope.descent import Descent
from downslope.descent.evidence import Cause
from downslope.errors import DownslopeError
from downslope.fitting.objective import DataObjective
from downslope.fitting.outcome import LastRow, with_last_row
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.rows import Array

MOST_STEPS = 3
NO_RISE = 1e-14  # part of the cost: more is no rounding


def at_the_zero_of_the_gradient(
    run: Descent, objective: DataObjective, frame: Coordinates, phi: Array
) -> tuple[Descent, Array]:
    """The run with such a step after its last, and where it leads; as they are where there is none.

    ``objective`` is the cost, whose parameters are ``phi`` in ``frame``.
    """
    evidence = run.termination.evidence
    if evidence is None or evidence.cause != Cause.COST_AT_FLOOR or objective.penalty.l1:
        return run, phi
    try:
        inverted = np.linalg.inv(np.linalg.cholesky(objective.hessian(phi)))
    except (np.linalg.LinAlgError, DownslopeError):
        return run, phi
    value, gradient = objective.value_and_gradient(phi)
    here, asked, best = phi, 1, float(np.linalg.norm(inverted @ gradient))
    for _ in range(MOST_STEPS):
        there = here - inverted.T @ (inverted @ gradient)
        found, slope = objective.value_and_gradient(there)
        norm = float(np.linalg.norm(inverted @ slope))
        asked += 1
        if not norm < best / 2 or not found <= value + NO_RISE * abs(value):
            break
        here, gradient, best, value = there, slope, norm, found
    if here is phi:
        return run, phi
    last = LastRow(frame.to_user(here), value, best, run.nfev + asked)
    return with_last_row(run, last, Cause.COST_AT_FLOOR), here
