"""The cost of a hypothesis on a table that stays in its database: every evaluation is a query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.errors import DataError, UsageError
from downslope.explain.findings.finding import Finding
from downslope.fitting import checks
from downslope.fitting.database.columns import Columns
from downslope.fitting.database.connection import TRIED
from downslope.fitting.database.first_pass import FirstQuery
from downslope.fitting.database.row_sums import C, Factor, RowsAt, Summed, U, Y
from downslope.fitting.database.rows import RowsInDatabase
from downslope.fitting.database.table import DatabaseTable
from downslope.fitting.loss_record import derivative
from downslope.fitting.moments import Moments
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.problem import FitProblem, Specification, cost_of, linked_twice, notes_of
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.fitting.scanned import ScannedObjective
from downslope.fitting.streaming_pass import StreamingPass
from downslope.messages import Message, message, plural
from downslope.objectives import Vector
from downslope.objectives.residuals import Residuals, residuals_from_products

REMEMBERED = 32  # evaluations
TRUSTED = 1e3  # condition number up to which the moments say the cost with enough digits
NEARLY_EXACT = 1e-6  # part of the target's variance that has to be left for that
WIDEST = 30  # parameters of a formula up to which its second derivatives are asked for


class DatabaseObjective(ScannedObjective):
    """The cost of a hypothesis on a table in a database.

    What it has in memory (``rows``, ``y``, ``weights``) are some rows from the whole table, for whatever a sample is
    good enough for; sums over all rows are queries.

    Args:
        sample: the cost on those rows.
        columns, scan: what is read of all rows, and what the first look at them found.
    """

    streamed = True

    def __init__(self, sample: DataObjective, columns: Columns, scan: StreamingPass) -> None:
        super().__init__(sample.block, sample.terms)
        self.sample, self.columns, self.scan, self.total = sample, columns, scan, scan.total
        self.summed = scan.moments is not None
        self.by_moments = (
            self.loss.quadratic
            and scan.moments is not None
            and _is_trusted(
                scan.moments, isinstance(sample.rows, LinearRows) and sample.rows.intercept is None
            )
        )
        self.rereadable = not self.by_moments  # for digits that these have lost
        self.at = RowsAt(columns, sample.block, self.loss.shape)
        self.elsewhere = RowsInDatabase(self.at, self.loss)
        self._sums: dict[bytes, Array] = {}
        self._right: dict[bytes, float] = {}

    def expect(self, evaluations: int) -> None:
        """Nothing is compiled."""

    def centred(self, centre: Array) -> DatabaseObjective:
        return DatabaseObjective(self.sample.centred(centre), self.columns, self.scan)

    def without_l1(self) -> DatabaseObjective:
        return DatabaseObjective(self.sample.without_l1(), self.columns, self.scan)

    def parts(self) -> Iterator[RowBlock]:
        """Nobody gets the rows: they stay where they are.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            message(
                "{origin} stays in its database, and this needs its rows: fetch them, and fit the table they make.",
                origin=self.columns.table.origin,
            )
        )

    @property
    def said(self) -> tuple[Message, ...]:
        connection = self.columns.table.connection
        queries = plural(
            "The table stayed in its database, which answered {n} query.",
            "The table stayed in its database, which answered {n} queries.",
            n=connection.asked - self.columns.asked_before,
        )
        if connection.dialect in TRIED:
            return (queries,)
        untried = message(
            "SQL as {dialect} writes it is printed by its grammar and was not tried on any such database: hold the"
            " answer against a fit of some of the rows in memory.",
            dialect=connection.dialect,
        )
        return (queries, untried)

    # --- sums

    def summed_at(self, theta: Array, factors: dict[str, Factor], least: float = 0.0) -> Summed:
        """The sums of these over all rows, by one query.

        Raises:
            DataError: the database does not answer, or the table has changed.
        """
        if not np.all(np.isfinite(theta)):
            size = self.parameters.size
            return Summed({n: np.full((size,) * f.order, np.nan)[()] for n, f in factors.items()})
        found = self.at.sums(theta, factors, least)
        self._same(found.rows)
        return found

    def _same(self, rows: int) -> None:
        if rows != self.count:
            raise DataError(
                message(
                    "{origin} had {count:,} rows at first and has {rows:,} now: it has changed.",
                    origin=self.columns.table.origin,
                    count=self.count,
                    rows=rows,
                )
            )

    def sums(self, theta: Array) -> Array:
        key = theta.tobytes()
        if key not in self._sums:
            if self.by_moments:
                self._keep(theta, self._by_moments(theta))
            elif isinstance(self.rows, SoftmaxRows):
                self._ask_classes(theta, curved=False)
            else:
                self._keep_sums(theta, self.summed_at(theta, self._cost_and_slope()))
        return self._sums[key].copy()

    def _cost_and_slope(self) -> dict[str, Factor]:
        loss = self.loss
        return {"cost": Factor(symbolic.lower(loss.cost), 0), "slope": Factor(symbolic.lower(loss.slope), 1)}

    def _keep_sums(self, theta: Array, found: Summed) -> None:
        self._keep(theta, np.append(found["cost"], found["slope"]))

    def _keep(self, theta: Array, sums: Array) -> None:
        self._sums[theta.tobytes()] = sums
        while len(self._sums) > REMEMBERED:
            del self._sums[next(iter(self._sums))]

    def _ask_classes(self, theta: Array, curved: bool) -> Summed:
        rows = self.rows
        assert isinstance(rows, SoftmaxRows)
        if not np.all(np.isfinite(theta)):
            self._keep(theta, np.full(rows.size + 1, np.nan))
            return Summed()
        found, count = self.at.of_classes(theta, curved)
        self._same(count)
        slopes = np.column_stack([found[str(k)] for k in range(rows.classes)])
        self._keep(theta, np.append(found["cost"], slopes.ravel()))
        self._right[theta.tobytes()] = found["right"]
        return found

    def _by_moments(self, theta: Array) -> Array:
        """The sums of a squared loss, from the moments."""
        m, rows = self.moments(), self.linear
        w, b = rows.split(theta)
        middle, d = m.mean[:-1] - rows.centre + m.left[:-1], len(w)
        residual = (b - m.mean[-1]) + float(w @ middle) - m.left[-1]
        bent = m.products[:d, :d] @ w - m.products[:d, d]
        out = np.empty(rows.size + 1)
        spread = float(w @ bent) - float(w @ m.products[:d, d]) + m.products[d, d]
        out[0] = m.total * residual**2 + max(spread, 0.0)
        out[1 + rows.at] = 2 * (m.total * residual * middle + bent)
        if rows.intercept is not None:
            out[1 + rows.intercept] = 2 * m.total * residual
        return out

    def curvature(self, x: Vector, rows: Any, least: float = 0.0, bound: float = 0.0) -> Array:
        """That of all rows, whichever are asked for; cost and slope come with it."""
        theta, loss = np.asarray(x, np.float64), self.loss
        bend = symbolic.lower(loss.curvature)
        if bound and loss.bound is not None:
            bend = bend + bound * symbolic.lower(loss.bound)
        found = self.summed_at(theta, {**self._cost_and_slope(), "bend": Factor(bend, 2)}, least)
        self._keep_sums(theta, found)
        return np.asarray(found["bend"] / self.total)

    def whole_curvature(self, x: Vector) -> Array:
        return self.curvature(x, None)

    def class_curvature(self, x: Vector) -> Array:
        theta, rows = np.asarray(x, np.float64), self.rows
        assert isinstance(rows, SoftmaxRows)
        found = self._ask_classes(theta, curved=True)
        H = np.zeros((rows.each, rows.classes, rows.each, rows.classes))
        for k in range(rows.classes):
            for m in range(k + 1):
                H[:, k, :, m] = H[:, m, :, k] = found[f"{k}_{m}"] + found["one"] / rows.classes**2
        return H.reshape(rows.size, rows.size)

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        theta, loss = np.asarray(x, np.float64), self.loss
        if self.penalty.l1 or isinstance(self.rows, SoftmaxRows):
            return super(DataObjective, self).hessian(x)
        if isinstance(self.rows, LinearRows):
            bend = symbolic.lower(derivative(loss.slope))
            H = self.summed_at(theta, {"bend": Factor(bend, 2)})["bend"] / self.total
        else:
            H = self._hessian_of_formula(theta) / self.total
        if loss.root:
            root, g = self.loss_and_gradient(theta)
            H = (H / 2 - np.outer(g, g)) / root if root > 0 else np.full_like(H, np.nan)
        return np.asarray(H + np.diag(2 * self.penalty.l2 * self.penalty.mask), np.float64)

    def _hessian_of_formula(self, theta: Array) -> Array:
        h, size = self.columns.asked.hypothesis, len(theta)
        if size > WIDEST or not np.all(np.isfinite(theta)):
            return np.full((size, size), np.nan)
        target = se.Symbol("#t")  # no name that a column can have
        cost = symbolic.lower(self.loss.cost).subs(
            {U: h.expression, Y: target, C: se.RealDouble(self.loss.shape)}
        )
        entries = symbolic.hessian(cost, h.symbols[:size])
        places = [(i, j) for i in range(size) for j in range(i, size)]
        return self.at.second_derivatives(theta, {place: entries[place[0]][place[1]] for place in places})

    def residuals(self, x: Vector) -> tuple[float, Residuals]:
        theta, size = np.asarray(x, np.float64), self.parameters.size
        factors = {
            "square": Factor((U - Y) ** 2, 0),
            "along": Factor(U - Y, 1),
            "one": Factor(se.Integer(1), 2),
        }
        found = self.summed_at(theta, factors)
        products = np.empty((size + 1, size + 1))
        products[:size, :size] = found["one"]
        products[:size, size] = products[size, :size] = found["along"]
        products[size, size] = found["square"]
        self._keep(theta, np.append(found["square"], 2 * np.asarray(found["along"])))
        with np.errstate(all="ignore"):
            more = self._penalised(theta) * np.sqrt(self.total)
            products += np.roll(more.T @ more, (-1, -1), axis=(0, 1))
            return residuals_from_products(products / self.total)

    def squared_error(self, x: Vector) -> float:
        theta, link = np.asarray(x, np.float64), self.loss.link
        predicted = symbolic.call(link, U) if link in ("sigmoid", "exp") else U
        return (
            float(self.summed_at(theta, {"square": Factor((Y - predicted) ** 2, 0)})["square"]) / self.total
        )

    def accuracy(self, x: Vector) -> float:
        theta = np.asarray(x, np.float64)
        if isinstance(self.rows, SoftmaxRows):
            if theta.tobytes() not in self._right:
                self._ask_classes(theta, curved=False)
            return self._right[theta.tobytes()] / self.total
        right = symbolic.call("where", se.Gt(U, 0), Y, 1 - Y)
        return float(self.summed_at(theta, {"right": Factor(right, 0)})["right"]) / self.total


def _is_trusted(m: Moments, about_zero: bool) -> bool:
    """Whether the moments alone say the least squares to some ten digits."""
    d, mean = len(m.mean) - 1, m.mean + m.left
    products = m.products / m.total + (np.outer(mean, mean) if about_zero else 0.0)
    spread = np.sqrt(np.diag(products))
    if not np.all(spread > 0):
        return False
    correlation = products / np.outer(spread, spread)
    values = np.linalg.eigvalsh(correlation[:d, :d]) if d else np.ones(1)
    if not values[0] > values[-1] / TRUSTED**2:
        return False
    left = 1.0 - correlation[:d, d] @ np.linalg.solve(correlation[:d, :d], correlation[:d, d]) if d else 1.0
    return bool(left > NEARLY_EXACT)


def database_problem(table: DatabaseTable, asked: Specification) -> FitProblem:
    """Check the whole table by a query, and put the cost together.

    Raises:
        DataError: a value is missing, infinite, not a number, or not what the loss takes; or the database does not
            answer.
        UsageError: weights or penalties make no sense.
    """
    hypothesis, loss = asked.hypothesis, asked.loss
    columns = Columns(table, asked)
    look = FirstQuery(columns)
    scan = look.read()
    block = look.block(scan.sample)
    objective = DatabaseObjective(cost_of(asked, block), columns, scan)
    name = hypothesis.target
    checks.refuse_tiny_target(scan.sample, name, loss, float(np.hypot(*objective.column_spread(None))))
    notes = notes_of(scan.sample, asked)
    found: tuple[Finding, ...] = ()
    if scan.looks is not None and isinstance(objective.rows, LinearRows):
        checks.refuse_tiny_features(hypothesis, scan.looks, objective.rows)
        found = tuple(checks.undetermined_columns(scan.looks, hypothesis, objective.rows, scan.rows))
    warnings = (*hypothesis.doubts, *linked_twice(hypothesis, loss))
    objective.notes = (*notes, *warnings, *(finding.message for finding in found))
    return FitProblem(scan.sample, hypothesis, loss, objective, scan.classes, tuple(notes), warnings, found)
