"""The last step of a fit whose loss has a kink: from where smoothed steps end to the vertex of least cost.

With an l2 penalty it is no vertex, but found and proven likewise (``active_rows``).
An l1 penalty is a kink too: to the search for the vertex each penalised parameter is a row that is met where it is 0.

Of a table that stays in its files the rows near 0 are held in memory, and those on either side of it that are far are
added up to one row each. What rows cost together is no less than what their sum costs, and no more where all keep
their side: so a vertex at which they do is the least of all. One at which some do not is looked for again with these
in memory.

Source of the sums: S. Portnoy, R. Koenker, Statistical Science 12 (1997) 279-300, section 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent
from downslope.descent.evidence import Cause
from downslope.fitting.active_rows import StepSquares, least_with_squares
from downslope.fitting.exchange import Kink, Vertex, least_vertex
from downslope.fitting.objective import DataObjective
from downslope.fitting.outcome import LastRow, with_last_row
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array, LinearRows

MOST_NUMBERS = 2 * 10**7  # rows times parameters up to which it is made
MOST_NEAR = 50_000  # rows that are at first held in memory of a table in files
MOST_PASSES = 10  # over such a table
STREAMED_PARAMETERS = 200  # up to which it is made of such a table
DUST = 1e-13  # part of the largest target that a parameter held at 0 adds to a prediction by rounding
_SMOOTHED = (Cause.GRADIENT_SMALL, Cause.COST_SMOOTHED, Cause.COST_STUCK, Cause.ROUND_LIMIT, Cause.STALLED)


class KinkedRows(NamedTuple):
    """Rows of a piecewise linear cost: derivatives (rows, parameters), residuals and weights (rows,)."""

    J: Array
    r: Array
    w: Array

    def only(self, picked: NDArray[np.bool_]) -> KinkedRows:
        """Some of them."""
        return KinkedRows(self.J[picked], self.r[picked], self.w[picked])

    @property
    def summed(self) -> KinkedRows:
        """One row that costs as much as all of them as long as none changes its side."""
        total = float(np.sum(self.w))
        return KinkedRows(
            (self.w @ self.J)[None] / total, np.array([self.w @ self.r / total]), np.array([total])
        )


class _Penalties(NamedTuple):
    """Of l1, which are kinks, and of l2."""

    rows: KinkedRows
    squares: StepSquares


def has_a_vertex(problem: FitProblem) -> bool:
    """Whether the cost is piecewise linear but for an l2 penalty, and its rows few enough to look for its least."""
    objective, size = problem.objective, problem.objective.parameters.size
    small = size <= STREAMED_PARAMETERS if objective.streamed else objective.count * size <= MOST_NUMBERS
    return small and problem.hypothesis.linear is not None and not problem.loss.curved


def at_the_vertex(
    run: Descent, objective: DataObjective, frame: Coordinates, phi: Array, *, unasked_limit: bool = False
) -> tuple[Descent, Array]:
    """The run with that step, and where it leads; as they are where there is none, or none that is proven least.

    ``objective`` is the cost, whose parameters are ``phi`` in ``frame``. A run that ended at a limit of steps goes on
    only where nobody asked for it.
    """
    cause = run.termination.evidence.cause if run.termination.evidence is not None else None
    ends = (*_SMOOTHED, Cause.STEP_LIMIT) if unasked_limit else _SMOOTHED
    if cause not in ends or not len(run.history) or not np.all(np.isfinite(phi)):
        return run, phi
    penalty = _Penalties(_penalty_rows(objective, frame, phi), _penalty_squares(objective, frame, phi))
    if objective.streamed:
        found = _of_pages(objective, phi, penalty)
    else:
        found = _least(objective, _rows(objective, phi), penalty)
    if found is None or not found.proven:
        return run, phi
    there = _met_exactly(objective, phi + found.step)
    value = objective.value(there)
    if value > run.fun:  # by rounding: it was there before
        return run.judged_again(cause=Cause.VERTEX), phi
    last = LastRow(frame.to_user(there), value, 0.0, run.nfev + found.exchanges + 1)
    return with_last_row(run, last, Cause.VERTEX), there


def kink_of(objective: DataObjective) -> Kink:
    """The slopes of the loss on both sides of its kink."""
    loss = objective.loss
    return Kink(-1.0, 1.0) if loss.number is None else Kink(-loss.shape, 1.0 - loss.shape)


def _rows(objective: DataObjective, phi: Array) -> KinkedRows:
    """The rows in memory that have a weight."""
    u, J = objective.rows.jacobian(phi, slice(0, None))
    r, w = u - objective.y, objective.weights
    rows = KinkedRows(J, r, w if w.size else np.ones(len(r)))
    return rows.only(w > 0) if w.size else rows


def _penalty_rows(objective: DataObjective, frame: Coordinates, phi: Array) -> KinkedRows:
    """The l1 penalty as rows, two of opposite sign for each parameter: together as steep on both sides."""
    penalty, kink = objective.penalty, kink_of(objective)
    kept = np.flatnonzero(penalty.mask) if penalty.l1 else np.zeros(0, np.intp)
    J, r = (frame.shear @ frame.matrix)[kept], frame.to_user(phi)[kept]
    w = np.full(len(kept), penalty.l1 * objective.total / (kink.high - kink.low))
    return KinkedRows(np.concatenate([J, -J]), np.concatenate([r, -r]), np.concatenate([w, w]))


def _penalty_squares(objective: DataObjective, frame: Coordinates, phi: Array) -> StepSquares:
    """The l2 penalty as squares of the step, on the scale of sums over rows."""
    penalty = objective.penalty
    kept = np.flatnonzero(penalty.mask) if penalty.l2 else np.zeros(0, np.intp)
    root = np.sqrt(penalty.l2 * objective.total)
    return StepSquares(root * (frame.shear @ frame.matrix)[kept], root * frame.to_user(phi)[kept])


def _least(objective: DataObjective, rows: KinkedRows, penalty: _Penalties) -> Vertex | None:
    """Where rows and penalties together cost least."""
    every, kink = _joined([rows, penalty.rows]), kink_of(objective)
    if len(penalty.squares.t):
        return least_with_squares(*every, kink, squares=penalty.squares)
    return least_vertex(*every, kink)


def _met_exactly(objective: DataObjective, phi: Array) -> Array:
    """The parameters with those an l1 penalty keeps at 0 there, but for rounding, at 0 itself."""
    if not objective.penalty.l1 or not isinstance(objective.rows, LinearRows):
        return phi
    rows, most = objective.linear, float(np.max(np.abs(objective.y)))
    size = np.zeros(len(phi))
    size[rows.at] = np.hypot(*objective.feature_spreads())
    dust = (objective.penalty.mask > 0) & (np.abs(phi) * size <= DUST * most)
    return np.where(dust, 0.0, phi)


def _joined(parts: list[KinkedRows]) -> KinkedRows:
    return KinkedRows(
        np.concatenate([part.J for part in parts]),
        np.concatenate([part.r for part in parts]),
        np.concatenate([part.w for part in parts]),
    )


def _of_pages(objective: DataObjective, phi: Array, penalty: _Penalties) -> Vertex | None:
    """The vertex of least cost of a table that stays in its files."""
    size = len(phi)
    most = min(MOST_NEAR, MOST_NUMBERS // (4 * size))
    width = np.inf
    if objective.count > most:
        near = np.abs(_rows(DataObjective(objective.block, objective.terms), phi).r)
        width = float(np.quantile(near, most / objective.count))
    steps: list[Array] = []
    found: Vertex | None = None
    for _ in range(MOST_PASSES):
        rows, changed = _near_and_far(objective, phi, width, steps)
        if steps and not changed:
            return found
        if len(rows.r) * size > MOST_NUMBERS:
            return None
        found = _least(objective, rows, penalty)
        if found is None or not found.proven:
            return None
        steps.append(found.step)
    return None


def _near_and_far(
    objective: DataObjective, phi: Array, width: float, steps: list[Array]
) -> tuple[KinkedRows, bool]:
    """Rows near 0 or on its other side after one of ``steps``, the sums of the others; if the last changed some."""
    if objective.elsewhere is not None:
        J, r, w, changed = objective.elsewhere.near_and_far(phi, width, steps)
        return KinkedRows(J, r, w), changed
    near: list[KinkedRows] = []
    far: dict[bool, list[KinkedRows]] = {True: [], False: []}
    changed = False
    for part in objective.parts():
        rows = _rows(DataObjective(part, objective.terms), phi)
        kept = np.abs(rows.r) <= width
        for step in steps:
            crossed = rows.r * (rows.r + rows.J @ step) < 0
            changed = changed or (step is steps[-1] and bool(np.any(crossed & ~kept)))
            kept |= crossed
        near.append(rows.only(kept))
        for above, sums in far.items():
            side = rows.only(~kept & ((rows.r > 0) == above))
            if len(side.r):
                sums.append(side.summed)
    sides = [_joined(sums).summed for sums in far.values() if sums]
    return _joined([*near, *sides]), changed
