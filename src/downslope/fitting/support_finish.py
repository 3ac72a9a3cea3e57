"""The last steps of a fit with an l1 penalty: Newton's method on the parameters that proximal steps did not make 0.

Near the minimum it is known which parameters are 0 and which sign the others have, and among those the cost is smooth.
Proximal steps end where the cost no longer tells points apart, with half of the digits of the parameters; what the
gradient tells, they all have.

Source: J. Lee, Y. Sun, M. Saunders, SIAM Journal on Optimization 24 (2014) 1420-1443, section 3, on the support.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from downslope.descent import Descent
from downslope.descent.evidence import Cause
from downslope.descent.norms import norm_of
from downslope.fitting.objective import DataObjective, subgradient
from downslope.fitting.outcome import LastRow, with_last_row
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.proximal import SmoothGradient
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows

MOST_PARAMETERS = 500  # up to which their second derivatives are no dearer than a few dozen evaluations
MOST_STEPS = 10
DEPENDENT = 1e-13  # of the largest curvature in units of each parameter: less of it tells nothing
SLACK = (
    1e-9  # part of the penalty's slope by which a parameter at 0 may seem to gain from moving, by rounding
)
ROUNDINGS = 1e-12  # part of the cost by which it may seem to rise
GAINED = 0.5  # part of the slope that may be left by a step worth taking


class _Place(NamedTuple):
    """Parameters, with the cost and its slope of least norm there."""

    phi: Array
    value: float
    slope: Array
    outside: float  # by how much a parameter at 0 would gain from moving, as a part of what the penalty takes


def on_the_support(run: Descent, objective: DataObjective, coordinates: Coordinates) -> Descent:
    """The run with Newton's steps after it; as it is where they lead nowhere better.

    Args:
        run: of proximal steps, in ``coordinates``.
        objective: the cost, of a smooth loss, whose parameters are those of ``coordinates`` before they are scaled.
        coordinates: diagonal ones.
    """
    evidence, rows = run.termination.evidence, objective.rows
    ends = (Cause.GRADIENT_SMALL, Cause.STEP_LIMIT, Cause.STALLED)
    plain = isinstance(rows, LinearRows) and not isinstance(rows, SoftmaxRows) and objective.loss.curved
    if evidence is None or evidence.cause not in ends or not plain or objective.loss.root:
        return run
    if not 0 < rows.size <= MOST_PARAMETERS or not np.all(np.isfinite(run.final)):
        return run
    scale = np.diag(coordinates.matrix)
    here = _place(objective, scale * run.final + coordinates.shift)
    began, evaluations = here, run.nfev + 1
    for _ in range(MOST_STEPS):
        there = _place(objective, _stepped(objective, here))
        evaluations += 2  # the second derivatives take about as long
        rises = there.value > here.value + ROUNDINGS * abs(here.value)
        if rises or not norm_of(scale * there.slope) <= GAINED * norm_of(scale * here.slope):
            break
        here = there
    if here is began or not here.outside <= SLACK:
        return run
    z, norm = (here.phi - coordinates.shift) / scale, norm_of(scale * here.slope)
    last = LastRow(z, here.value, norm, evaluations)
    cause = Cause.GRADIENT_SMALL if norm <= (run.stopping.tolerance or 0.0) else evidence.cause
    return with_last_row(run, last, cause)


def _place(objective: DataObjective, phi: Array) -> _Place:
    value, gradient = SmoothGradient(objective).value_and_gradient(phi)
    penalty = objective.penalty.l1 * objective.penalty.mask
    held = (phi == 0) & (penalty > 0)
    beyond = np.abs(gradient[held]) / penalty[held] - 1
    return _Place(phi, value, subgradient(phi, gradient, penalty), float(np.max(beyond, initial=0.0)))


def _stepped(objective: DataObjective, here: _Place) -> Array:
    """Newton's step among the parameters that are not held at 0; what would change its sign stays at 0."""
    penalty = objective.penalty
    free = (here.phi != 0) | (penalty.mask * penalty.l1 == 0)
    curvature = objective.whole_curvature(here.phi) + 2 * penalty.l2 * np.diag(penalty.mask)
    bends = curvature[np.ix_(free, free)]
    units = 1 / np.sqrt(np.maximum(np.diag(bends), 1e-300))
    scaled = units[:, None] * bends * units
    step = units * np.linalg.lstsq(scaled, -units * here.slope[free], rcond=DEPENDENT)[0]
    moved = here.phi.copy()
    moved[free] += step
    crossed = (np.sign(moved) * np.sign(here.phi) < 0) & (penalty.mask * penalty.l1 > 0)
    return np.where(crossed, 0.0, moved)
