"""The squared loss of a linear hypothesis as ``|G z - h|^2 + rest``, so that a step costs O(d^2), not a pass.

``G`` is a triangle with one row for each parameter: the Cholesky factor of the moments (one pass over any number of
rows; squares the condition number) or the R of a QR factorisation (slower; does not). Written as a sum of squares the
loss cannot become negative, and does not cancel near the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import symengine as se

from downslope.errors import UsageError
from downslope.fitting.moments import Moments
from downslope.fitting.objective import CostTerms, DataObjective, RowBlock, rooted
from downslope.fitting.preconditioning import Coordinates, Kind, shear_of
from downslope.fitting.rows import Array, LinearRows
from downslope.messages import argument, message
from downslope.objectives import FormulaObjective, Objective, Parameters, Vector

MOST_TRACED = 8  # parameters; above this, compiling the cost takes longer than stepping through it
DEPENDENT = 1e-12  # of the largest singular value: below it a direction is not determined
CONDITION_LIMIT = 1e7  # of the standardised features: beyond it the moments have lost too many digits
QR_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """The mean squared loss as ``|factor @ (phi - shift) - target|^2 + rest`` in centred parameters ``phi``.

    Attributes:
        factor: upper triangular up to the order of the columns, (parameters, parameters).
        target: one number for each row of ``factor``.
        shift: the mean of the target in the place of the intercept, else 0.
        rest: the least mean squared loss.
        shear: from ``phi`` to the user's parameters.
        spread: the root mean square of each feature about the centre, 1 for the intercept.
        source: "moments" or "qr".
        constant: which parameter is the intercept, or None.
    """

    factor: Array
    target: Array
    shift: Array
    rest: float
    shear: Array
    spread: Array
    source: str
    constant: int | None = None

    @cached_property
    def directions(self) -> tuple[Array, Array]:
        """Singular values of the standardised features, and their directions, one a row."""
        _, values, directions = np.linalg.svd(self.factor / self.spread)
        return values, directions

    @property
    def condition(self) -> float:
        """The condition number of the standardised features; infinite where they are dependent."""
        values = self.directions[0]
        return float(values[0] / values[-1]) if values[-1] > 0 else np.inf

    @property
    def scale(self) -> float:
        """The loss of the best constant prediction (of zero, where there is no intercept)."""
        return float(self.target @ self.target) + self.rest


def normal_equations_from_moments(objective: DataObjective) -> NormalEquations:
    """One pass over the rows.

    Raises:
        UsageError: the features are too ill-conditioned for this; the message says how.
    """
    m, rows = objective.moments(), objective.linear
    d = len(m.mean) - 1
    if rows.intercept is None:  # nothing absorbs a mean, so the products are about zero
        about_zero = m.products + m.total * np.outer(m.mean + m.left, m.mean + m.left)
        m = Moments(m.total, np.zeros(d + 1), np.zeros(d + 1), about_zero)
    spread = _spread(np.sqrt(np.diag(m.products)[:d] / m.total), m.mean[:d])
    correlation = m.products[:d, :d] / m.total / np.outer(spread, spread)
    least, largest = np.linalg.eigvalsh(correlation)[[0, -1]] if d else (1.0, 1.0)
    condition = (
        np.sqrt(largest / max(least, 1e-16 * largest)) if largest > 0 else np.inf
    )  # 0: all are constant
    if not condition <= CONDITION_LIMIT:
        raise UsageError(
            message(
                "the moments of this table cannot be trusted: its condition number is at least"
                " {condition:.1g}, and they square it (the limit is {limit:g}). {option}"
                " works on the rows themselves.",
                condition=condition,
                limit=CONDITION_LIMIT,
                option=argument("path", "qr"),
            )
        )
    R = np.linalg.cholesky(correlation).T
    q = np.linalg.solve(R.T, m.products[:d, d] / m.total / spread)
    rest = max(float(m.products[d, d] / m.total - q @ q), 0.0)
    factor, target, scale = np.zeros((rows.size, rows.size)), np.zeros(rows.size), np.ones(rows.size)
    factor[:d, rows.at] = R * spread
    target[:d] = q
    scale[rows.at] = spread
    if (
        rows.intercept is not None
    ):  # the prediction at the rounded means, which are not quite those of the rows
        factor[d, rows.intercept], factor[d, rows.at], target[d] = 1.0, m.left[:d], m.left[d]
    shear = shear_of(rows, m.mean[:-1])
    return NormalEquations(
        factor, target, _shift(rows, m.mean), rest, shear, scale, "moments", rows.intercept
    )


def _triangle_of_rows(objective: DataObjective, mean: Array, scale: Array) -> Array:
    """R of [features / scale | target] measured from ``mean``, each row times the root of its share."""
    look = partial(_triangle_of, mean, scale, objective.total)
    return objective.over_parts(look, _one_triangle)


def _triangle_of(mean: Array, scale: Array, total: float, part: RowBlock) -> Array:
    """R of some rows."""
    assert isinstance(part.rows, LinearRows)
    centred = part.rows.centred(mean[:-1])
    R: Array = np.zeros((0, part.rows.size + 1))
    for begin in range(0, len(part.y), QR_ROWS):
        some = slice(begin, begin + QR_ROWS)
        block = np.column_stack([centred.features(some) / scale, part.y[some] - mean[-1]])
        share = part.weights[some] / total if part.weights.size else 1 / total
        block *= np.sqrt(np.broadcast_to(share, len(block)))[:, None]
        R = _one_triangle(R, block)
    return R


def _one_triangle(first: Array, second: Array) -> Array:
    """R of the rows of both."""
    return np.asarray(np.linalg.qr(np.concatenate([first, second]), mode="r"))


def normal_equations_from_qr(objective: DataObjective) -> NormalEquations:
    """By QR factorisation of the rows, a block at a time: numerically safe, about ten times slower."""
    rows = objective.linear
    means, spreads = objective.feature_spreads()
    mean = np.append(means, objective.target_mean())
    if rows.intercept is None:
        spreads, mean = np.hypot(spreads, means), np.zeros_like(mean)
    spread = _spread(spreads, mean[:-1])
    scale = np.ones(rows.size)
    scale[rows.at] = spread
    if objective.elsewhere is None:
        R = _triangle_of_rows(objective, mean, scale)
    else:
        R = objective.elsewhere.triangle(mean, scale)
    p = rows.size
    full = np.zeros((p + 1, p + 1))
    full[: len(R)] = R[: p + 1]
    factor, target, rest = full[:p, :p] * scale, full[:p, p], float(full[p, p] ** 2)
    shear = shear_of(rows, mean[:-1])
    return NormalEquations(factor, target, _shift(rows, mean), rest, shear, scale, "qr", rows.intercept)


def _spread(values: Array, mean: Array) -> Array:
    """1 where a feature is constant but for rounding."""
    return np.where(values > 1e-13 * np.abs(mean), values, 1.0)


def _shift(rows: LinearRows, mean: Array) -> Array:
    """The mean of the target in the place of the intercept."""
    shift = np.zeros(rows.size)
    if rows.intercept is not None:
        shift[rows.intercept] = mean[-1]
    return shift


def coordinates_of(normal_equations: NormalEquations, kind: Kind, factor: Array | None = None) -> Coordinates:
    """The coordinates of that kind; ``factor`` stands for the square's own where penalties are added."""
    p = len(normal_equations.target)
    if kind == "user":
        return Coordinates.user(p)
    if kind == "standardised":
        matrix = np.diag(1 / normal_equations.spread)
    else:
        scaled = (normal_equations.factor if factor is None else factor) / normal_equations.spread
        R = np.linalg.qr(scaled, mode="r")
        matrix = np.linalg.inv(R) / normal_equations.spread[:, None]
    return Coordinates(kind, matrix, normal_equations.shift, normal_equations.shear)


class Squares(NamedTuple):
    """``|G z - h|^2 + rest`` (or its root) ``+ |P z - o|^2``."""

    G: Array  # (rows, parameters)
    h: Array  # (rows,)
    P: Array  # (penalised parameters, parameters)
    o: Array  # (penalised parameters,)
    rest: float
    root: bool


def quadratic_objective(
    normal_equations: NormalEquations, coordinates: Coordinates, terms: CostTerms, *, root: bool
) -> Objective:
    """The cost in ``coordinates``, whose names are ``terms.parameters``."""
    G: Array
    h: Array
    if coordinates.kind == "user":
        G = normal_equations.factor @ np.linalg.inv(normal_equations.shear)
        h = normal_equations.target + normal_equations.factor @ normal_equations.shift
    else:
        G, h = normal_equations.factor @ coordinates.matrix, normal_equations.target
    l2 = terms.penalty.l2 * terms.penalty.mask
    penalised = np.flatnonzero(l2)
    P = np.sqrt(l2[penalised])[:, None] * (coordinates.shear @ coordinates.matrix)[penalised]
    o = -np.sqrt(l2[penalised]) * (coordinates.shear @ coordinates.shift)[penalised]
    make = _traced if len(h) <= MOST_TRACED else Quadratic
    return make(Squares(G, h, P, o, normal_equations.rest, root), terms.parameters, terms.text)


def excess_objective(G: Array, terms: CostTerms) -> Objective:
    """What the cost is more than its least, ``|G z|^2``, in coordinates that begin at the minimum."""
    p = G.shape[1]
    make = _traced if p <= MOST_TRACED else Quadratic
    return make(
        Squares(G, np.zeros(len(G)), np.zeros((0, p)), np.zeros(0), 0.0, False), terms.parameters, terms.text
    )


def _traced(cost: Squares, parameters: Parameters, text: str) -> FormulaObjective:
    """The same as a formula, which the traced engine steps through in nanoseconds."""
    z = [se.Symbol(name) for name in parameters.coordinates]

    def squares(A: Array, b: Array) -> Any:
        terms = [
            (se.Add(*(se.RealDouble(a) * s for a, s in zip(row, z, strict=True) if a)) - se.RealDouble(t))
            ** 2
            for row, t in zip(A, b, strict=True)
        ]
        return se.Add(*terms) if terms else se.Integer(0)

    mean = squares(cost.G, cost.h) + se.RealDouble(cost.rest)
    if cost.root:
        mean = se.Piecewise((se.sqrt(mean), mean > 0), (se.Integer(0), True))
    return FormulaObjective(mean + squares(cost.P, cost.o), parameters, text)


class Quadratic(Objective):
    """The same for many parameters."""

    def __init__(self, cost: Squares, parameters: Parameters, text: str) -> None:
        super().__init__(parameters, text)
        self.cost = cost
        self.differentiation = "symbolic"

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        G, h, P, o, rest, root = self.cost
        r = G @ x - h
        value, gradient = float(r @ r) + rest, 2.0 * (r @ G)
        if root:
            value, gradient = rooted(value, gradient)
        if len(o):
            s = P @ x - o
            value, gradient = value + float(s @ s), gradient + 2.0 * (s @ P)
        return value, gradient
