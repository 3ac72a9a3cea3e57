"""Standard errors: how far the parameters would move if the rows were drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from statistics import NormalDist

import numpy as np
import symengine as se

from downslope import symbolic
from downslope.fitting.formula_rows import evaluated
from downslope.fitting.loss_record import derivative
from downslope.fitting.losses import Loss
from downslope.fitting.objective import Arrival, DataObjective, RowBlock
from downslope.fitting.preconditioning import shear_of
from downslope.fitting.quadratic import NormalEquations
from downslope.fitting.rows import CHUNK_ROWS, Array, LinearRows, SoftmaxRows
from downslope.fitting.rows_elsewhere import KinkSums, ResidualsThere
from downslope.fitting.spreads import weighted_products
from downslope.messages import NOTHING, Message, message, plural

ROUNDING = 1e-9  # part of a parameter by which it may be off however small its standard error
MOST_PRODUCTS = 2 * 10**10  # rows times squared parameters of a softmax, up to which its Hessian is made
BALANCED = 1e-6  # of the parameters of all classes: a sum no larger is 0
MET = 1e-9  # of the bandwidth: a residual no larger is 0
LEVEL = 0.05  # of Hall and Sheather's bandwidth
NORMAL_IQR = 1.34  # interquartile range of a normal distribution in units of its standard deviation

NONE_BY_PENALTY = message("a penalty draws the parameters away from where the data alone would have them")
NONE_BY_ENDING = message("the descent did not arrive at a minimum")
NONE_BY_DEPENDENCE = message("the data do not determine the parameters at the point reached")
NONE_BY_DISTANCE = message("the descent ended further from the minimum than a standard error")
NONE_BY_COUNTS = message("some counts of 0 can be told apart from all others, so there is no minimum")
NONE_BY_SEPARATION = message("the classes can be separated, so there is no minimum")
NONE_BY_SIZE = message("the table has too many rows and classes to make second derivatives of")
NONE_BY_DENSITY = message(
    "there are too few rows near that quantile to tell how closely the residuals lie there"
)
NONE_BY_BEND = message("too few residuals lie where the loss is curved")


def standard_errors(
    there: Arrival, normal_equations: NormalEquations | None, loss: float
) -> tuple[Array | None, Message]:
    """The standard error of each parameter; or None, and why there is none to give.

    For squared losses the roots of the diagonal of s^2 (J'WJ)^-1 with s^2 = RSS/(n - p); for log_loss, softmax and
    poisson those of the inverse Hessian of the summed loss (of softmax, for parameters that add up to 0 over the
    classes); for huber and log_cosh, which are no likelihoods, of H^-1 (sum of g g') H^-1 with g the gradient of a row;
    for mae and quantile the same with H from the density of the residuals at 0. There is none with penalties, where the
    data do not determine the parameters, or where ``there`` is further from the minimum than a standard error.

    Source: P. Huber, Proc. Fifth Berkeley Symposium 1 (1967) 221-233; W. Greene, Econometric Analysis (2008), section
    16.6.4, for quantiles.
    """
    objective, theta = there
    loss_kind, penalty, p = objective.loss, objective.penalty, objective.parameters.size
    if isinstance(objective.rows, SoftmaxRows):
        p -= objective.rows.each  # those of one class are minus the sum of the others
    n = objective.observations
    if penalty.l1 or penalty.l2:
        return None, NONE_BY_PENALTY
    if n <= p:
        return None, message(
            "{rows} for {parameters} leave nothing to tell the noise by",
            rows=plural("{n} row", "{n} rows", n=n),
            parameters=plural("{n} parameter", "{n} parameters", n=p),
        )
    if not np.isfinite(loss) or not np.all(np.isfinite(theta)):
        return None, NONE_BY_ENDING
    with np.errstate(all="ignore"):
        if loss_kind.quadratic:
            found = _of_squares(there, normal_equations, loss, n - p)
        elif isinstance(objective.rows, SoftmaxRows):
            found = _of_classes(there, objective.rows)
        elif loss_kind.likelihood:
            found = _of_likelihood(there)
        elif loss_kind.curved:
            found = _sandwich(there)
        else:
            return _of_quantile(there)
    covariance, step, why = found
    if covariance is None:
        return None, why
    here = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    near = np.all(np.abs(step) <= here + ROUNDING * np.abs(theta))
    return (_in_user_units(covariance, objective), NOTHING) if near else (None, NONE_BY_DISTANCE)


Found = tuple[Array | None, Array, Message]  # the covariance, the step to the minimum, or why there is none
_NO_STEP: Array = np.zeros(0)


def _in_user_units(covariance: Array, objective: DataObjective) -> Array:
    """The roots of the diagonal, of parameters whose features are measured from zero."""
    shear = _shear(objective)
    if shear is not None:
        covariance = shear @ covariance @ shear.T
    return np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)))


def _shear(objective: DataObjective) -> Array | None:
    rows = objective.rows
    if not isinstance(rows, LinearRows) or not np.any(rows.centre):
        return None
    shear = shear_of(rows, rows.centre)
    return np.kron(shear, np.eye(rows.classes)) if isinstance(rows, SoftmaxRows) else shear


def _of_squares(there: Arrival, square: NormalEquations | None, loss: float, freedom: int) -> Found:
    objective, theta = there
    root = objective.loss.root
    if square is not None:
        own = np.linalg.inv(square.shear)
        shear = _shear(objective)
        factor = inverse(square.factor @ (own if shear is None else own @ shear))
        inverted: Array | None = None
        if factor is not None:
            inverted = np.asarray(factor @ factor.T / objective.total)
    else:
        inverted = inverse(objective.whole_curvature(theta) * objective.total / 2)
    if inverted is None:
        return None, _NO_STEP, NONE_BY_DEPENDENCE
    mean = loss**2 if root else loss
    gradient = objective.value_and_gradient(theta)[1] * (2 * loss if root else 1.0)
    step = inverted @ gradient * (objective.total / 2)  # Newton's, to the minimum
    least = max(mean - float(gradient @ step) / 2, 0.0)
    return inverted * (least * objective.total / freedom), step, NOTHING


def _of_likelihood(there: Arrival) -> Found:
    objective, theta = there
    inverted = inverse(objective.whole_curvature(theta) * objective.total)
    if inverted is None:
        return None, _NO_STEP, NONE_BY_DEPENDENCE
    return inverted, inverted @ objective.value_and_gradient(theta)[1] * objective.total, NOTHING


def _of_classes(there: Arrival, rows: SoftmaxRows) -> Found:
    """Of parameters that add up to 0 over the classes: a number added to all of them changes nothing."""
    objective, theta = there
    classes = rows.classes
    if objective.count * rows.size**2 > MOST_PRODUCTS:
        return None, _NO_STEP, NONE_BY_SIZE
    table = theta.reshape(rows.each, classes)
    if np.any(np.abs(table.sum(axis=1)) > BALANCED * np.abs(table).max(axis=1, initial=0.0)):
        return None, _NO_STEP, NONE_BY_DEPENDENCE
    H = objective.class_curvature(theta)
    inverted = inverse(H)
    if inverted is None:
        return None, _NO_STEP, NONE_BY_DEPENDENCE
    balanced = np.kron(np.eye(rows.each), np.eye(classes) - 1 / classes)
    covariance = balanced @ inverted @ balanced
    return covariance, covariance @ objective.value_and_gradient(theta)[1] * objective.total, NOTHING


def _sandwich(there: Arrival) -> Found:
    """Of a loss that is no likelihood: H^-1 (sum of g g') H^-1."""
    objective, theta = there
    if objective.elsewhere is not None:
        H, meat, slope = objective.elsewhere.sandwich(theta)
    else:
        H, meat, slope = _sandwich_sums(there)
    inverted = inverse(H)
    if inverted is None:
        determined = inverse(objective.whole_curvature(theta)) is not None
        return None, _NO_STEP, NONE_BY_BEND if determined else NONE_BY_DEPENDENCE
    return inverted @ meat @ inverted, inverted @ slope, NOTHING


def _sandwich_sums(there: Arrival) -> tuple[Array, Array, Array]:
    """The second derivatives of the summed loss, the sum of g g', and the gradient."""
    objective, theta = there
    p = objective.parameters.size
    sums = objective.over_parts(partial(_sandwich_of, objective.loss, theta))
    return sums[:p], sums[p:-1], sums[-1]


def _sandwich_of(loss: Loss, theta: Array, part: RowBlock) -> Array:
    """Those three of some rows, one above the other."""
    native, p = _slope_and_bend(loss), len(theta)
    H, meat, slope = np.zeros((p, p)), np.zeros((p, p)), np.zeros(p)
    for J, u, rows in _chunks_of(theta, part):
        found = evaluated(native, np.array([loss.shape]), np.column_stack([u, rows.y]))
        w = rows.weights if rows.weights.size else np.ones(len(u))
        scores = w * found[:, 0]
        H += weighted_products(J, w * found[:, 1])
        meat += weighted_products(J, np.square(scores))
        slope += np.sum(scores[:, None] * J, axis=0)
    return np.concatenate([H, meat, slope[None]])


@lru_cache(maxsize=16)
def _slope_and_bend(loss: Loss) -> symbolic.NativeFunction:
    """The first and second derivative of what a row costs, of ``c``, ``u`` and ``y``."""
    formulas = [symbolic.lower(loss.slope), symbolic.lower(derivative(loss.slope))]
    return symbolic.compile_native([se.Symbol(name) for name in ("c", "u", "y")], formulas)


def _chunks_of(theta: Array, part: RowBlock) -> Iterator[tuple[Array, Array, RowBlock]]:
    """(derivatives of the predictions, predictions, rows) of the rows that count, some at a time."""
    for begin in range(0, part.rows.count, CHUNK_ROWS):
        some = slice(begin, begin + CHUNK_ROWS)
        u, J = part.rows.jacobian(theta, some)
        y, w = part.y[some], part.weights[some] if part.weights.size else part.weights
        if w.size:
            u, J, y, w = u[w > 0], J[w > 0], y[w > 0], w[w > 0]
        yield J, u, RowBlock(part.rows, y, w)


def _of_quantile(there: Arrival) -> tuple[Array | None, Message]:
    """Of a loss with a kink at the quantile: H is J'J times the density of the residuals there.

    The density is that of Epanechnikov's kernel with the bandwidth of P. Hall and S. Sheather (J. Royal Statistical
    Society B 50 (1988) 381-391).
    """
    objective, theta = there
    rank = objective.loss.shape if objective.loss.number is not None else 0.5
    p, n, elsewhere = objective.parameters.size, objective.observations, objective.elsewhere
    residuals = _ResidualsInMemory(there) if elsewhere is None else elsewhere.residuals(theta)
    wide = _bandwidth(n, rank)
    if not 0 < rank - wide < rank + wide < 1:
        return None, NONE_BY_DENSITY
    normal = NormalDist()
    low, high = residuals.quartiles()
    near = min(objective.target_spread(), (high - low) / NORMAL_IQR)
    near *= normal.inv_cdf(rank + wide) - normal.inv_cdf(rank - wide)
    density = residuals.kernel_sum(near) / (objective.total * near) if near > 0 else 0.0
    if not density > 0:
        return None, NONE_BY_DENSITY
    met = MET * near  # of the rows that it goes through, rounding decides the sign
    close = max(met, residuals.smallest(p - 1))  # p rows at least, as at a vertex
    H, meat, slope, open_slope = residuals.kink_sums(rank, met, close)
    inverted = inverse(H * density)
    if inverted is None:
        return None, NONE_BY_DEPENDENCE
    covariance = inverted @ meat @ inverted
    here = np.sqrt(np.maximum(np.diag(covariance), 0.0)) + np.abs(inverted) @ open_slope
    if np.any(np.abs(inverted @ slope) > here + ROUNDING * np.abs(theta)):
        return None, NONE_BY_DISTANCE
    return _in_user_units(covariance, objective), NOTHING


class _ResidualsInMemory(ResidualsThere):
    """Of a table whose rows can be read."""

    def __init__(self, there: Arrival) -> None:
        parts = there.objective.parts()
        chunks = (chunk for part in parts for chunk in _chunks_of(there.x, part))
        self.pieces = [(J, rows.y - u, rows.weights) for J, u, rows in chunks]
        self.r = np.concatenate([r for _, r, _ in self.pieces])

    def quartiles(self) -> tuple[float, float]:
        low, high = np.percentile(self.r, [25, 75])
        return float(low), float(high)

    def smallest(self, place: int) -> float:
        return float(np.partition(np.abs(self.r), place)[place])

    def kernel_sum(self, width: float) -> float:
        weights = np.concatenate([w if w.size else np.ones(len(r)) for _, r, w in self.pieces])
        return float(weights @ (0.75 * np.maximum(1 - np.square(self.r / width), 0.0)))

    def kink_sums(self, rank: float, met: float, close: float) -> KinkSums:
        p = self.pieces[0][0].shape[1]
        H, meat, slope, open_slope = np.zeros((p, p)), np.zeros((p, p)), np.zeros(p), np.zeros(p)
        for J, r, w in self.pieces:
            v = w if w.size else np.ones(len(r))
            H += J.T @ (v[:, None] * J)
            scores = v * np.where(r > met, rank, 1 - rank)
            meat += J.T @ (np.square(scores)[:, None] * J)
            decided = np.abs(r) > close
            slope += J.T @ (v * np.where(decided, np.where(r > 0, -rank, 1 - rank), 0.0))
            open_slope += np.abs(J).T @ np.where(decided, 0.0, v)  # rows on the plane take any slope between
        return KinkSums(H, meat, slope, open_slope)


def _bandwidth(n: int, rank: float) -> float:
    normal = NormalDist()
    z = normal.inv_cdf(rank)
    bend = 1.5 * normal.pdf(z) ** 2 / (2 * z * z + 1)
    return float(n ** (-1 / 3) * normal.inv_cdf(1 - LEVEL / 2) ** (2 / 3) * bend ** (1 / 3))


def inverse(matrix: Array) -> Array | None:
    """The inverse, with rows and columns scaled first; None where it is singular to working precision."""
    scale = np.sqrt(np.sum(np.square(matrix), axis=0))
    if not np.all(np.isfinite(matrix)) or not np.all(scale > 0):
        return None
    if np.allclose(matrix, matrix.T) and np.all(np.diag(matrix) > 0):
        scale = np.sqrt(np.diag(matrix))
        inner, outer = matrix / np.outer(scale, scale), np.outer(scale, scale)
    else:
        inner, outer = matrix / scale, scale[:, None] * np.ones(len(scale))
    if np.linalg.cond(inner) > 1e14:
        return None
    return np.asarray(np.linalg.inv(inner) / outer)
