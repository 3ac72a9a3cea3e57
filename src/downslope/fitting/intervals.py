"""Where the target of a new row will probably lie: prediction intervals of fits by least squares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from downslope.errors import UsageError
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import centre_of
from downslope.fitting.quadratic import NormalEquations
from downslope.fitting.rows import Array, LinearRows
from downslope.messages import Message, argument, message, plural

MOST_PARAMETERS = 100  # whose triangle is kept
DEPENDENT = 1e-12  # part of a column's length; what is left of it beside the others must be more
ROWS = 16_384  # at a time
DIGITS = 1e-13  # relative, of a quantile
NEARLY_NORMAL = 10**6  # degrees of freedom beyond which two terms about the normal are good to 11 digits


class Interval(NamedTuple):
    """Predictions, and between what the targets of such rows will lie with the probability asked for."""

    prediction: Array
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class PredictionSpread:
    """What tells how far the target of a new row may be from its prediction.

    With J the derivatives of the fitted predictions, R'R = J'WJ, and j those of a new one, its variance is
    s^2 (1 + |R^-T j|^2).

    Attributes:
        root: R, upper triangular, (parameters, parameters).
        centre: what is taken off every j first, as it was off the rows of J.
        variance: s^2 = RSS / (n - p).
        freedom: n - p.
    """

    root: Array
    centre: Array
    variance: float
    freedom: int

    def half_width(self, J: Array, level: float) -> Array:
        """Half the width of the interval of each row of derivatives."""
        leverage = np.linalg.solve(self.root.T, (J - self.centre).T)
        with np.errstate(over="ignore"):  # of a file that was changed, where an infinite width says as much
            deviation = np.sqrt(self.variance * (1.0 + np.square(leverage).sum(axis=0)))
        return np.asarray(student_quantile((1.0 + level) / 2, self.freedom) * deviation)


def spread_of(
    objective: DataObjective, theta: Array, loss: float, square: NormalEquations | None = None
) -> PredictionSpread | Message:
    """That of a fit at ``theta`` with this mean loss; or why there is none.

    Of a table in files it is told by the ``square`` in which it was summed up, as the rows are not at hand.
    """
    p = len(theta)
    if not objective.loss.quadratic:
        return message(
            "prediction intervals are those of mse and rmse: other losses say nothing of the noise"
        )
    if objective.penalty.l1 or objective.penalty.l2:
        return message("a penalty draws the parameters away from where the data alone would have them")
    if objective.streamed and square is None:
        return message(
            "the table stayed in its files, and the hypothesis is not linear in its parameters ({stream} reads it"
            " whole)",
            stream=argument("stream", False),
        )
    if p > MOST_PARAMETERS:
        return message("there are more than {most} parameters", most=MOST_PARAMETERS)
    n = objective.observations
    if n <= p:
        return message(
            "{rows} for {parameters} leave nothing to tell the noise by",
            rows=plural("{n} row", "{n} rows", n=n),
            parameters=plural("{n} parameter", "{n} parameters", n=p),
        )
    if objective.streamed and square is not None:
        centre, root = _of_square(objective, square)
    else:
        centre = _centre(objective, p)
        root = _triangle(objective, theta, centre)
    lengths = np.sqrt(np.square(root).sum(axis=0))
    if not (np.abs(np.diag(root)) > DEPENDENT * lengths).all():
        return message("the data do not determine the parameters at the point reached")
    mean = loss**2 if objective.loss.root else loss
    return PredictionSpread(root, centre, mean * objective.total / (n - p), n - p)


def _centre(objective: DataObjective, p: int) -> Array:
    """The means of the features where there is an intercept, so that no digits are lost to an offset."""
    centre, rows = np.zeros(p), objective.rows
    if isinstance(rows, LinearRows) and rows.intercept is not None:
        centre[rows.at] = rows.X.mean(axis=0)
    return centre


def _of_square(objective: DataObjective, square: NormalEquations) -> tuple[Array, Array]:
    """(what is taken off the derivatives, the R of a QR factorisation of the weighted rest), without the rows."""
    rows, centre = objective.linear, np.zeros(len(square.target))
    if rows.intercept is not None:
        centre[rows.at] = centre_of(rows, square.shear)
    return centre, np.asarray(np.linalg.qr(np.sqrt(objective.total) * square.factor, mode="r"))


def _triangle(objective: DataObjective, theta: Array, centre: Array) -> Array:
    """The R of a QR factorisation of the weighted derivatives, some rows at a time."""
    p = len(theta)
    R = np.zeros((0, p))
    for begin in range(0, objective.count, ROWS):
        some = slice(begin, begin + ROWS)
        block = objective.rows.jacobian(theta, some)[1] - centre
        if objective.weights.size:
            block = block * np.sqrt(objective.weights[some])[:, None]
        R = np.asarray(np.linalg.qr(np.concatenate([R, block]), mode="r"))
    return R


def checked_level(level: float) -> float:
    """A probability.

    Raises:
        UsageError: it is none.
    """
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise UsageError(
            message(
                "{option} is {level!r:.20}; it must be a probability, above 0 and below 1, such as 0.95.",
                option=argument("interval"),
                level=level,
            )
        )
    return float(level)


def student_quantile(p: float, freedom: int) -> float:
    """The number that Student's t with so many degrees of freedom does not exceed with probability p >= 1/2.

    Of very many degrees by the first terms of its expansion about the normal (Abramowitz & Stegun 26.7.5): the
    logarithms of factorials would cancel.

    >>> round(student_quantile(0.975, 10), 6), round(student_quantile(0.95, 1), 6)
    (2.228139, 6.313752)
    """
    if freedom > NEARLY_NORMAL:
        z = NormalDist().inv_cdf(p)
        return z + (z**3 + z) / (4 * freedom)
    tail = 2 * (1 - p)
    low, high = 0.0, 1.0
    while _tails(high, freedom) > tail:
        low, high = high, 2 * high
    while high - low > DIGITS * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _tails(middle, freedom) > tail else (low, middle)
        if middle in (low, high) and math.nextafter(low, high) >= high:
            break
    return (low + high) / 2


def _tails(t: float, freedom: int) -> float:
    """The probability that Student's t is further from 0 than t."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz & Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    tiny, c, d, k = 1e-300, 1.0, 1 / (1 - (a + b) * x / (a + 1)), 0
    value = d
    while True:  # Lentz; it converges in some sqrt(a + b) terms
        k += 1
        for term in (
            k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
            -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
        ):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            value *= c * d
        if abs(c * d - 1) < 1e-16 or k > 100_000:
            return front * value / a
