"""The cost of a table as an ``Objective``: mean loss over the rows, plus penalties."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from downslope.errors import UsageError
from downslope.fitting import kernels
from downslope.fitting.losses import Loss, linked
from downslope.fitting.moments import Moments, moments
from downslope.fitting.preconditioning import CentredParameters
from downslope.fitting.rows import (
    CHUNK_ROWS,
    NOTHING,
    Array,
    HypothesisRows,
    LinearRows,
    SoftmaxRows,
    unlocked,
)
from downslope.fitting.rows_elsewhere import RowsElsewhere
from downslope.fitting.second_derivatives import second_derivatives
from downslope.fitting.softmax_metric import softmax_metric
from downslope.fitting.spreads import means_and_spreads, weighted_products
from downslope.messages import Message, message
from downslope.objectives import Objective, Parameters, Vector
from downslope.objectives.residuals import (
    Residuals,
    residuals_from_products,
    residuals_from_rows,
    residuals_from_triangle,
)
from downslope.parallel import over_chunks

T = TypeVar("T")
MOST_FACTORED = 30_000  # numbers in rows of derivatives and residuals up to which these are factorised


@dataclass(frozen=True, eq=False)
class Penalty:
    """``l2 * sum(p^2) + l1 * sum(abs(p))`` over the parameters in ``mask`` (1 where penalised, else 0)."""

    l2: float
    l1: float
    mask: Array

    def add_to(self, theta: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient with the penalties in them; for l1 the subgradient of least norm."""
        if not self.l2 and not self.l1:
            return value, gradient
        kept = self.mask * theta
        value += self.l2 * float(kept @ kept) + self.l1 * float(np.sum(np.abs(kept)))
        gradient = gradient + 2 * self.l2 * kept
        return value, subgradient(theta, gradient, self.l1 * self.mask) if self.l1 else gradient


def subgradient(theta: Array, smooth: Array, thresholds: Array) -> Array:
    """The shortest subgradient of ``f + sum thresholds*abs(theta)``: zero exactly where that is smallest."""
    at_zero = np.sign(smooth) * np.maximum(np.abs(smooth) - thresholds, 0.0)
    return np.where(theta == 0, at_zero, smooth + thresholds * np.sign(theta))


class RowBlock(NamedTuple):
    """Some rows of a table, in memory."""

    rows: HypothesisRows  # the hypothesis on them
    y: Array  # the targets; class numbers for softmax
    weights: Array  # or empty

    def unlocked(self) -> RowBlock:
        """The same memory, no array of it marked as read-only."""
        return self._replace(y=unlocked(self.y), weights=unlocked(self.weights))


class CostTerms(NamedTuple):
    """What the cost of a hypothesis is made of, whatever the rows."""

    loss: Loss
    penalty: Penalty
    parameters: Parameters
    text: str  # for people


class DataObjective(Objective):
    """The cost of a hypothesis on a table.

    What goes over all rows goes over ``parts``, of which there is one here; in ``streamed`` there are more.

    Args:
        block: the rows.
        terms: what is added up over them.
    """

    streamed = False
    elsewhere: RowsElsewhere | None = None  # answers for the rows where they are not at hand, nor can be read
    rereadable = True  # whether the rows can be read again
    summed = True  # whether the moments of a linear hypothesis are to be had

    def __init__(self, block: RowBlock, terms: CostTerms) -> None:
        super().__init__(terms.parameters, terms.text)
        self.terms, self.loss, self.penalty = terms, terms.loss, terms.penalty
        self.rows, self.y, self.weights = block.rows, unlocked(block.y), unlocked(block.weights)
        self.total = float(np.sum(self.weights)) if self.weights.size else float(len(self.y))
        self.differentiation = "symbolic"

    @property
    def count(self) -> int:
        """How many rows the table has."""
        return self.rows.count

    @property
    def observations(self) -> int:
        """How many rows count: those whose weight is not 0."""
        return int(np.count_nonzero(self.weights)) if self.weights.size else self.count

    @property
    def in_database(self) -> bool:
        """Whether the rows stay in a database, which adds them up."""
        return self.elsewhere is not None

    @property
    def linear(self) -> LinearRows:
        """The rows of a hypothesis that is linear in its parameters."""
        assert isinstance(self.rows, LinearRows)
        return self.rows

    @property
    def block(self) -> RowBlock:
        """The rows that are in memory."""
        return RowBlock(self.rows, self.y, self.weights)

    def parts(self) -> Iterator[RowBlock]:
        """All rows, one part after the other."""
        yield self.block

    def over_parts(self, work: Callable[[RowBlock], T], join: Callable[[T, T], T] = operator.add) -> T:
        """What ``work`` gives of all rows; where they are in several parts, what it gives of each is joined.

        Other processes may work on parts: ``work`` and ``join`` are functions of a module with arguments that can be
        pickled.
        """
        return work(self.block)

    def expect(self, evaluations: int) -> None:
        """Be told about how often the cost will be evaluated."""
        self.rows.expect(evaluations)

    def centred(self, centre: Array) -> DataObjective:
        """The same cost with the features of a linear hypothesis measured from ``centre``."""
        return DataObjective(self.block._replace(rows=self.linear.centred(centre)), self.terms)

    def data_value(self, x: Vector) -> float:
        """The mean loss without penalties (its root for rmse)."""
        mean = float(self.sums(np.asarray(x, np.float64))[0]) / self.total
        return float(np.sqrt(mean)) if self.loss.root else mean

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        return self.penalty.add_to(np.asarray(x, np.float64), *self.loss_and_gradient(x))

    def sums(self, theta: Array) -> Array:
        """[sum of the rows' costs, its derivatives in the parameters]."""
        return self.rows.sums(theta, self.y, self.weights, self.loss)

    def loss_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """The mean loss (its root for rmse) and its gradient, without penalties."""
        sums = self.sums(np.asarray(x, np.float64))
        value, gradient = float(sums[0]) / self.total, sums[1:] / self.total
        return rooted(value, gradient) if self.loss.root else (value, gradient)

    def curvature(self, x: Vector, rows: Any, least: float = 0.0, bound: float = 0.0) -> Array:
        """Second derivatives of the mean loss as if the hypothesis were linear at ``x``: J' diag(c) J / total.

        ``rows`` are indices of a sample; None takes all that are in memory. ``least`` see ``kernels.curvatures``;
        ``bound`` times the curvature of the touching parabolas is added where the loss has them.
        """
        theta, part = np.asarray(x, np.float64), self.block
        if rows is None:
            return _curvature_of(self.loss, theta, (least, bound), part) / self.total
        share = self.rows.count / len(rows)
        return share * _products(self.loss, theta, (least, bound), (part, rows)) / self.total

    def whole_curvature(self, x: Vector) -> Array:
        """The same from every row of the table."""
        theta = np.asarray(x, np.float64)
        work = _curvature_on_any_cores if self.streamed else _curvature_of
        return self.over_parts(partial(work, self.loss, theta, (0.0, 0.0))) / self.total

    def class_curvature(self, x: Vector) -> Array:
        """The sum of the second derivatives of a softmax over all rows, with what ``softmax_metric`` adds to them."""
        return self.over_parts(partial(_class_curvature_of, np.asarray(x, np.float64)))

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """The matrix of second derivatives, exactly; with l1, of long formulas and given gradients by differences."""
        if self.penalty.l1 or self.differentiation == "supplied":
            return super().hessian(x)
        theta, loss = np.asarray(x, np.float64), self.loss
        sums = self.over_parts(partial(_bends_of, loss, theta), _both)
        if sums is None:
            return super().hessian(x)
        H = sums / self.total
        if loss.root:
            root, g = self.loss_and_gradient(theta)
            H = (H / 2 - np.outer(g, g)) / root if root > 0 else np.full_like(H, np.nan)
        return np.asarray(H + np.diag(2 * self.penalty.l2 * self.penalty.mask), np.float64)

    def without_l1(self) -> DataObjective:
        """The same cost but for the l1 penalty."""
        penalty = Penalty(self.penalty.l2, 0.0, self.penalty.mask)
        return DataObjective(self.block, self.terms._replace(penalty=penalty))

    def check_residuals(self, wanted_by: str) -> None:
        if not self.loss.quadratic or self.loss.root or self.penalty.l1:
            raise UsageError(
                message(
                    "{name} is for squared losses without l1, and this is {objective}.",
                    name=wanted_by,
                    objective=self.text,
                )
            )

    def residuals(self, x: Vector) -> tuple[float, Residuals]:
        """The mean square of the residuals plus the l2 penalty, and the residuals in brief, in one pass over the rows.

        Of a small table by QR of the rows, so that no digits go into squares; of a large one by sums of J'J and J'r.
        """
        theta = np.asarray(x, np.float64)
        factor = None if self.streamed else self.rows.triangle(theta, self.y, self.weights, self.total)
        if factor is not None and not self.penalty.l2:
            return residuals_from_triangle(factor)
        with np.errstate(all="ignore"):
            more = self._penalised(theta)
            if factor is None and not self.streamed and self.count * more.shape[1] <= MOST_FACTORED:
                factor = self._factor_rows(theta)
            if factor is not None:
                return residuals_from_rows(np.concatenate([factor, np.roll(more, -1, axis=1)]))
            more *= math.sqrt(self.total)
            sums = more.T @ more
            squares = _squares_on_any_cores if self.streamed else _squares_of
            sums = sums + self.over_parts(partial(squares, theta))
            return residuals_from_products(np.roll(sums, (-1, -1), axis=(0, 1)) / self.total)

    def _penalised(self, theta: Array) -> Array:
        """The rows [residual | derivatives] whose squares are the l2 penalty; none where there is none."""
        if not self.penalty.l2:
            return np.zeros((0, len(theta) + 1))
        roots = np.sqrt(self.penalty.l2) * self.penalty.mask
        return np.column_stack([roots * theta, np.diag(roots)])

    def _factor_rows(self, theta: Array) -> Array:
        """[derivatives | residual] of all rows, the sum of whose squares is the cost."""
        block = _beside(theta, self.block, slice(None))
        rows = np.empty(block.shape, order="F")
        rows[:, :-1], rows[:, -1] = block[:, 1:], block[:, 0]
        rows /= math.sqrt(self.total)
        return rows

    def jacobians(self, x: Vector) -> Iterator[Array]:
        """The derivatives of the predictions in the parameters, of all rows, some rows at a time."""
        theta = np.asarray(x, np.float64)
        for part in self.parts():
            for begin in range(0, part.rows.count, CHUNK_ROWS):
                yield part.rows.jacobian(theta, slice(begin, begin + CHUNK_ROWS))[1]

    def moments(self) -> Moments:
        """The moments of the features of a linear hypothesis and of the target."""
        return moments(self.linear.X, self.y, self.weights)

    def feature_spreads(self) -> tuple[Array, Array]:
        """The mean and the standard deviation of every feature of a linear hypothesis."""
        return means_and_spreads(self.linear.X, self.weights if self.weights.any() else NOTHING)

    def target_mean(self) -> float:
        """The mean of the target."""
        return float(means_and_spreads(self.y[:, None], self.weights)[0][0])

    def target_spread(self) -> float:
        """The standard deviation of the target."""
        return float(means_and_spreads(self.y[:, None], self.weights)[1][0])

    def column_spread(self, column: Array | None) -> tuple[float, float]:
        """The mean and the standard deviation of the target's ``column``; of the target as it is, without one."""
        mean, spread = means_and_spreads((self.y if column is None else column)[:, None], self.weights)
        return float(mean[0]), float(spread[0])

    def squared_error(self, x: Vector) -> float:
        """The mean square of target minus prediction."""
        theta = np.asarray(x, np.float64)
        return self.over_parts(partial(_errors_of, self.loss, theta)) / self.total

    def accuracy(self, x: Vector) -> float:
        """The part of the rows whose label is predicted rightly."""
        return self.over_parts(partial(_right_of, np.asarray(x, np.float64))) / self.total

    @property
    def said(self) -> tuple[Message, ...]:
        """Notes on how the rows were read."""
        return ()

    @property
    def several(self) -> bool:
        """Whether there is one prediction for each class."""
        return isinstance(self.rows, SoftmaxRows)


def sums_of(loss: Loss, theta: Array, part: RowBlock) -> Array:
    """[sum of the rows' costs, its derivatives in the parameters], of some rows."""
    with np.errstate(all="ignore"):
        return part.rows.sums(theta, part.y, part.weights, loss)


def _class_curvature_of(theta: Array, part: RowBlock) -> Array:
    """Of a softmax, with what ``softmax_metric`` adds."""
    assert isinstance(part.rows, SoftmaxRows)
    weight = float(np.sum(part.weights)) if part.weights.size else part.rows.count
    if not weight:
        return np.zeros((part.rows.size, part.rows.size))
    return weight * softmax_metric(part.rows, theta, part.weights, np.arange(part.rows.count))


def _curvature_of(loss: Loss, theta: Array, limits: tuple[float, float], part: RowBlock) -> Array:
    out = np.zeros((part.rows.size, part.rows.size))
    for begin in range(0, part.rows.count, CHUNK_ROWS):
        out += _products(loss, theta, limits, (part, slice(begin, begin + CHUNK_ROWS)))
    return out


def _products(loss: Loss, theta: Array, limits: tuple[float, float], some: tuple[RowBlock, Any]) -> Array:
    J, c = _bent(loss, theta, limits, some)
    return np.asarray(J.T @ (c[:, None] * J))


def _bent(
    loss: Loss, theta: Array, limits: tuple[float, float], some: tuple[RowBlock, Any]
) -> tuple[Array, Array]:
    """(derivatives of the predictions, weighted second derivatives of the loss) of some rows."""
    (part, rows), (least, bound) = some, limits
    u, J = part.rows.jacobian(theta, rows)
    c = np.empty(len(u))
    kernels.curvatures(loss.code, loss.shape, u, part.y[rows], least, c)
    if bound and loss.bound is not None:
        more = np.zeros(len(u))
        kernels.bounds(loss.code, loss.shape, u, part.y[rows], more)
        c += bound * more
    if part.weights.size:
        c *= part.weights[rows]
    return J, c


def _curvature_on_any_cores(loss: Loss, theta: Array, limits: tuple[float, float], part: RowBlock) -> Array:
    """``_curvature_of`` for parts that are worked on with one core here and with several there, to the same bits."""

    def products(begin: int, end: int) -> Array:
        return weighted_products(*_bent(loss, theta, limits, (part, slice(begin, end))))

    return np.asarray(np.sum(over_chunks(part.rows.count, products), axis=0))


def _bends_of(loss: Loss, theta: Array, part: RowBlock) -> Array | None:
    return second_derivatives(part, loss, theta)


def _both(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return None
    with np.errstate(all="ignore"):
        return np.asarray(first + second)


def _squares_of(theta: Array, part: RowBlock) -> Array:
    """The products of [residuals | derivatives of the predictions]."""

    def products(begin: int, end: int) -> Array:
        block = _beside(theta, part, slice(begin, end))
        return np.asarray(block.T @ block)

    with np.errstate(all="ignore"):
        return np.asarray(np.sum(over_chunks(part.rows.count, products), axis=0))


def _squares_on_any_cores(theta: Array, part: RowBlock) -> Array:
    """``_squares_of`` for parts that are worked on with one core here and with several there, to the same bits."""

    def products(begin: int, end: int) -> Array:
        return weighted_products(_beside(theta, part, slice(begin, end)), np.ones(end - begin))

    with np.errstate(all="ignore"):
        return np.asarray(np.sum(over_chunks(part.rows.count, products), axis=0))


def _errors_of(loss: Loss, theta: Array, part: RowBlock) -> float:
    square = np.square(part.y - linked(loss, part.rows.predictions(theta)))
    return float(np.sum(part.weights * square if part.weights.size else square))


def _right_of(theta: Array, part: RowBlock) -> float:
    u = part.rows.predictions(theta)
    good = (u.argmax(axis=1) if u.ndim == 2 else u > 0) == part.y
    return float(np.sum(part.weights[good]) if part.weights.size else np.count_nonzero(good))


def _beside(theta: Array, part: RowBlock, rows: slice) -> Array:
    """[residuals | derivatives of the predictions] of these rows, each times the root of its weight."""
    block = part.rows.beside(theta, rows)
    block[:, 0] -= part.y[rows]
    if part.weights.size:
        block *= np.sqrt(part.weights[rows])[:, None]
    return block


class Arrival(NamedTuple):
    """A cost and a point, in parameters that have the digits for it."""

    objective: DataObjective
    x: Array


def arrived(objective: DataObjective, theta: Array, centred: CentredParameters | None) -> Arrival:
    """The cost and the point reached, about the means where the parameters there are known."""
    if centred is None:
        return Arrival(objective, theta)
    return Arrival(objective.centred(centred.centre), centred.phi)


def rooted(mean: float, gradient: Any) -> tuple[float, Any]:
    """The root of a mean of squares and its gradient, which is taken as 0 where the fit is exact."""
    root = float(np.sqrt(mean))
    return root, gradient / (2 * root) if root > 0 or not np.isfinite(root) else 0.0 * gradient
