"""Linear least squares, solved: where the minimum is, and which directions the data leave open.

The coordinates in which such a fit descends begin at the minimum, so that what is left of the cost there is a sum of
squares about zero: neither a large mean nor a bad conditioning costs the descent its last digits. Where features
depend on each other, every point along a direction that no prediction feels is a minimum; of these it is the one
nearest to the start in the user's parameters, the intercept apart: from zero, the shortest.

The solution of a factorisation is refined: residuals of the rows as they are, in twice the working precision where
the table is small, give the gradient that is left, and the factor the step that removes it.

Source: Å. Björck, Numerical Methods for Least Squares Problems (SIAM 1996), sections 2.9.3 and 6.6.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from downslope.fitting.double_double import LARGEST, Doubled, exact
from downslope.fitting.objective import DataObjective, Penalty
from downslope.fitting.quadratic import DEPENDENT, NormalEquations
from downslope.fitting.rows import Array, LinearRows

REFINED_QR = 1e2  # condition number from which a factorisation of the rows leaves digits to be gained
REFINED_MOMENTS = 1e3  # the same of the moments, which square it
MOST_REFINEMENTS = 4
DOUBLED_NUMBERS = 300_000  # in a table up to which its residuals are taken in twice the precision
DUST = 1e-9  # in an open direction whose largest part is 1
SAME = 1e-6  # part of the longest open direction: what is left of a shorter one is not shortened any more


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """The solution.

    Attributes:
        point: the minimum in centred parameters.
        matrix: its columns are coordinates in which the cost is round, then those in which nothing changes.
        inverse: that of ``stacked``, with as many columns as its rank.
        stacked: the factor of the whole cost, penalties included; less ``least``, the cost is
            ``|stacked @ (phi - point)|^2``.
        least: the least cost.
        condition: of ``stacked`` in parameters of the same size, those that are open left out.
        tail: what ``point`` leaves out of the minimum by being rounded, where that was worked out.
    """

    point: Array
    matrix: Array
    inverse: Array
    stacked: Array
    least: float
    condition: float
    tail: Array | None = None

    @property
    def rank(self) -> int:
        """How many directions the data determine."""
        return int(self.inverse.shape[1])


def solve(square: NormalEquations, penalty: Penalty, start: Array) -> LeastSquares:
    """The minimum of the squares and the l2 penalty that is nearest to ``start``, in centred parameters."""
    l2 = penalty.l2 * penalty.mask
    kept = np.flatnonzero(l2)
    root = np.sqrt(l2[kept])[:, None] * square.shear[kept]
    stacked = np.concatenate([square.factor, root])
    target = np.concatenate([square.target, -root @ square.shift])
    units = np.hypot(square.spread, np.sqrt(l2))
    Q, R = np.linalg.qr(stacked / units)
    aim = Q.T @ target
    values = np.linalg.svd(R, compute_uv=False)
    rank = int(np.count_nonzero(values > DEPENDENT * values[0])) if values[0] > 0 else 0
    if rank == len(values):
        found, ways = np.linalg.solve(R, aim), np.linalg.inv(R)
    else:
        U, _, directions = np.linalg.svd(R)
        ways = directions[:rank].T / values[:rank]
        found = ways @ (U[:, :rank].T @ aim)
    left = stacked / units @ found - target
    least = square.rest + float(left @ left)
    point, matrix = square.shift + found / units, ways / units[:, None]
    inverse, condition = matrix, float(values[0] / values[rank - 1]) if rank else 1.0
    if rank < len(values):
        free = np.arange(len(point)) != (-1 if square.constant is None else square.constant)
        open_ = _sparse(directions[rank:]).T / units[:, None]
        matrix = np.concatenate([matrix - open_ @ _along(open_[free], matrix[free]), open_], axis=1)
        point = point - open_ @ _along(open_[free], (point - start)[free])
    return LeastSquares(point, matrix, inverse, stacked, least, condition)


def _sparse(directions: Array) -> Array:
    """The directions combined into as many in which each but one parameter of them is 0, rounding cleaned away.

    What rounding leaves of a parameter that takes no part would be much in units in which that parameter is large.
    """
    rows = directions.copy()
    for k in range(len(rows)):
        i, j = divmod(int(np.argmax(np.abs(rows[k:]))), rows.shape[1])
        rows[[k, k + i]] = rows[[k + i, k]]
        rows[k] /= rows[k, j]
        others = np.arange(len(rows)) != k
        rows[others] -= rows[others, j][:, None] * rows[k]
        rows[others, j] = 0.0
    rows[np.abs(rows) <= DUST] = 0.0
    return rows


def _along(ways: Array, moved: Array) -> Array:
    """How far to go along each of the ``ways`` to come nearest to ``moved``; hardly where they are all but one."""
    sizes = np.linalg.norm(ways, axis=0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    answer: Array = np.linalg.lstsq(ways / sizes, moved, rcond=SAME)[0]
    return (answer.T / sizes).T


def refined(found: LeastSquares, objective: DataObjective, square: NormalEquations) -> LeastSquares:
    """The solution with the digits that its factorisation lost; ``objective`` measures features from their means."""
    worth = REFINED_QR if square.source == "qr" else REFINED_MOMENTS
    if not found.rank or (found.condition <= worth and found.rank == len(found.point)):
        return found
    doubled = objective.count * objective.rows.size <= DOUBLED_NUMBERS and not objective.in_database
    ways, point, before = found.inverse, found.point, np.inf
    least = found.least
    for _ in range(MOST_REFINEMENTS):
        mean, slope = _doubled_slope(objective, point) if doubled else objective.loss_and_gradient(point)
        if not np.all(np.isfinite(slope)):
            return found
        if not doubled and objective.loss.root:
            mean, slope = mean**2, 2 * mean * slope
        cost, slope = objective.penalty.add_to(point, mean, slope)
        left = ways.T @ slope / 2
        size = float(np.linalg.norm(left))
        if not size < before / 2:
            break
        best, least, before, tail = point, cost, size, -ways @ left
        point = point + tail
    return replace(found, point=best, least=least, tail=tail if doubled else None)


def _doubled_slope(objective: DataObjective, point: Array) -> tuple[float, Array]:
    """The mean squared error and its gradient, from residuals in twice the working precision."""
    square, slope = 0.0, exact(np.zeros(objective.rows.size))
    for part in objective.parts():
        assert isinstance(part.rows, LinearRows)
        weights = part.weights if part.weights.size else np.ones(len(part.y))
        more, steeper = _doubled_sums(part.rows, part.y, weights, point)
        square, slope = square + more, slope.plus(steeper)
    return square / objective.total, 2 * slope.value / objective.total


def _doubled_sums(rows: LinearRows, y: Array, weights: Array, point: Array) -> tuple[float, Doubled]:
    """The sum of squares of these rows, and half its gradient."""
    w, _ = rows.split(point)
    slope = exact(np.zeros(rows.size))
    if max(np.max(np.abs(a), initial=0.0) for a in (rows.X, y, w, rows.centre)) > LARGEST:
        return np.nan, exact(np.full(rows.size, np.nan))
    residual = doubled_predictions(rows, point).plus(exact(-y))
    weighed = residual.times(weights)
    for j in range(len(w)):
        far = exact(rows.X[:, j]).plus(exact(np.full(len(y), -rows.centre[j])))
        products = weighed.times(far.high)
        products = Doubled(products.high, products.low + weighed.high * far.low)
        slope.high[rows.at[j]], slope.low[rows.at[j]] = products.total()
    if rows.intercept is not None:
        slope.high[rows.intercept], slope.low[rows.intercept] = weighed.total()
    return float(np.sum(weights * np.square(residual.value))), slope


def doubled_predictions(rows: LinearRows, point: Array, tail: Array | None = None) -> Doubled:
    """Those of a linear hypothesis in twice the working precision, of parameters that are the sum of two parts."""
    w, b = rows.split(point)
    total = exact(np.full(rows.count, b))
    for j in range(len(w)):
        far = exact(rows.X[:, j]).plus(exact(np.full(rows.count, -rows.centre[j])))
        total = total.plus(far.times(w[j]))
    if tail is not None:
        total = total.plus(exact(rows.predictions(tail)))
    return total
