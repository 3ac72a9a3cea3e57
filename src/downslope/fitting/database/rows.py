"""What is asked of single rows of a table in a database: order statistics, margins, and the few rows near a kink."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import symengine as se
from sqlglot import exp

from downslope import symbolic
from downslope.fitting.categories import with_indicators
from downslope.fitting.database.columns import WEIGHT, Columns, RowQuery
from downslope.fitting.database.row_sums import Factor, RowsAt, U, W, Y, multiplied
from downslope.fitting.database.spelling import SpelledChoice, paren
from downslope.fitting.database.sums import Sums, counted, number_of
from downslope.fitting.frame import Frame
from downslope.fitting.loss_record import derivative
from downslope.fitting.losses import Loss
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.fitting.rows_elsewhere import KinkSums, ResidualsThere, RowsElsewhere

FLOOR = 1e-14  # of the largest mean square: what little more is left of a combination, a second look tells
MOST_FETCHED = 200_000  # rows near a kink
_WHERE = "where"


class RowsInDatabase(RowsElsewhere):
    """Answers by queries.

    Args:
        at: the rows with what the hypothesis makes of them.
        loss: what is fitted.
    """

    def __init__(self, at: RowsAt, loss: Loss) -> None:
        self.at, self.loss = at, loss
        self.columns: Columns = at.columns

    def sample(self, most: int) -> Frame:
        h, table = self.columns.asked.hypothesis, self.columns.table
        names = tuple(dict.fromkeys([*h.sources, h.target]))
        count = table.count()
        return with_indicators(table.sample(names, self.columns.kept, count, most), h.categories)

    def triangle(self, mean: Array, scale: Array) -> Array:
        """By two queries: the second sums products of combinations of the columns that the first makes round.

        Source: Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa, T. Fukaya, Electronic Transactions on Numerical Analysis 44
        (2015) 306-326, for Cholesky factors.
        """
        size = len(scale) + 1
        found = self._products(mean, scale, np.eye(size))
        sizes = np.sqrt(np.diag(found))
        sizes = np.where(sizes > 0, sizes, 1.0)
        values, vectors = np.linalg.eigh(found / np.outer(sizes, sizes))
        roots = np.sqrt(np.maximum(values, FLOOR * max(float(values[-1]), np.finfo(np.float64).tiny)))
        values, turned = np.linalg.eigh(self._products(mean, scale, vectors / roots / sizes[:, None]))
        whole = np.sqrt(np.maximum(values, 0.0))[:, None] * turned.T @ (roots[:, None] * vectors.T) * sizes
        return np.asarray(np.linalg.qr(whole, mode="r"))

    def _products(self, mean: Array, scale: Array, ways: Array) -> Array:
        """The mean products of combinations of the columns, one a column of ``ways``."""
        rows, columns = self.at.block.rows, self.columns
        assert isinstance(rows, LinearRows)
        query, derivatives = self.at.features(mean)
        parts = [*derivatives, exp.column("t")]
        ways = ways / np.append(scale, 1.0)[:, None]
        names = [f"b{k}" for k in range(ways.shape[1])]
        query = query.having({name: self.at.combined(parts, ways[:, k]) for k, name in enumerate(names)})
        weight = [exp.column(WEIGHT)] if columns.weighted else []
        sums = Sums.none()
        sums.add("total", exp.Sum(this=weight[0].copy()) if weight else exp.Count(this=exp.Star()))
        pairs = [(i, j) for i in range(len(names)) for j in range(i, len(names))]
        for i, j in pairs:
            factors = [*(w.copy() for w in weight), exp.column(names[i]), exp.column(names[j])]
            sums.add(f"{i} {j}", exp.Sum(this=multiplied(factors)))
        found = sums.over(query, columns)
        made = np.empty((len(names), len(names)))
        for i, j in pairs:
            made[i, j] = made[j, i] = found[f"{i} {j}"] / found["total"]
        return made

    def _counting(self, query: RowQuery) -> exp.Select:
        """The rows that have a weight."""
        around = query.around(copy=True)
        if not self.columns.weighted:
            return around
        return around.where(exp.GT(this=exp.column(WEIGHT), expression=self.columns.number(0.0)))

    def _one(self, query: RowQuery, sums: Sums) -> dict[str, float]:
        table = self.columns.table
        values = table.connection.numbers(self._counting(query), sums.columns, table.origin)
        return dict(zip(sums.names, map(number_of, values), strict=True))

    def separates(self, theta: Array, least: float) -> bool:
        if not np.all(np.isfinite(theta)):
            return False
        if isinstance(self.at.block.rows, SoftmaxRows):
            query, margin = self._class_margins(theta)
        elif self.loss.labels == "two" and self.columns.asked.hypothesis.linear is not None:
            query, _ = self.at.predicted(theta)
            query = self.at.with_factors(query, {"margin": (2 * Y - 1) * U}, weighed=False)
            margin = exp.column("e_margin")
        else:
            return False
        sums = Sums.none()
        sums.add("least", exp.Min(this=margin))
        sums.add("largest", exp.Max(this=exp.Abs(this=margin.copy())))
        found = self._one(query, sums)
        return found["least"] > least * found["largest"]

    def _class_margins(self, theta: Array) -> tuple[RowQuery, exp.Expression]:
        """The prediction for a row's own class less the largest of the others."""
        query, classes = self.at.class_predictions(theta), range(self.at.block.rows.classes)  # type: ignore[attr-defined]
        own, others = SpelledChoice(), SpelledChoice()
        for k in classes:
            hit = exp.EQ(this=exp.column("t"), expression=self.columns.number(float(k)))
            rest = [exp.column(f"u{m}") for m in classes if m != k]
            largest = rest[0] if len(rest) == 1 else exp.Greatest(this=rest[0], expressions=rest[1:])
            own.when(hit, exp.column(f"u{k}"))
            others.when(hit.copy(), largest)
        return query, paren(exp.Sub(this=own.whole, expression=others.whole))

    def sandwich(self, theta: Array) -> tuple[Array, Array, Array]:
        slope = symbolic.lower(self.loss.slope)
        bend = symbolic.lower(derivative(self.loss.slope))
        factors = {"bend": Factor(bend, 2), "square": Factor(W * slope**2, 2), "slope": Factor(slope, 1)}
        found = self.at.sums(theta, factors)
        return found["bend"], found["square"], found["slope"]

    def residuals(self, theta: Array) -> ResidualsThere:
        return _Residuals(self, theta)

    def near_and_far(
        self, theta: Array, width: float, steps: list[Array]
    ) -> tuple[Array, Array, Array, bool]:
        query, derivatives = self.at.predicted(theta)
        query = query.having({"r": exp.Sub(this=exp.column("u"), expression=exp.column("t"))})
        crossed = self._crossed(derivatives, steps)
        number = self.columns.number
        near: exp.Expression = exp.Boolean(this=True)
        if np.isfinite(width):
            near = exp.LTE(this=exp.Abs(this=exp.column("r")), expression=number(width))
            if crossed:
                near = paren(exp.or_(near, *[c.copy() for c in crossed]))
        else:
            near = exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))
        every = [
            exp.column("r"),
            *([exp.column(WEIGHT)] if self.columns.weighted else []),
            *[d.copy() for d in derivatives if d is not None],
        ]
        table = self.columns.table
        rows = table.ask(self._counting(query).select(*every).where(near).limit(MOST_FETCHED))[1]
        J, r, w = self._parted(np.array(rows, np.float64).reshape(len(rows), len(every)), derivatives)
        changed = False
        if np.isfinite(width):
            before = exp.LTE(this=exp.Abs(this=exp.column("r")), expression=number(width))
            if crossed[:-1]:
                before = exp.or_(before, *[c.copy() for c in crossed[:-1]])
            far = self._far(query, derivatives, near)
            J, r, w = (np.concatenate(pair) for pair in zip((J, r, w), far, strict=True))
            if crossed:
                sums = Sums.none()
                sums.add("changed", counted(exp.and_(crossed[-1].copy(), exp.Not(this=paren(before)))))
                changed = bool(self._one(query, sums)["changed"] > 0)
        return J, r, w, changed

    def _crossed(
        self, derivatives: Sequence[exp.Expression | None], steps: list[Array]
    ) -> list[exp.Expression]:
        """That a row is on the other side of 0 after each of these steps."""
        made: list[exp.Expression] = []
        for step in steps:
            moved = self.at.combined(derivatives, step)
            there = paren(exp.Add(this=exp.column("r"), expression=moved))
            product = exp.Mul(this=exp.column("r"), expression=there)
            made.append(exp.LT(this=product, expression=self.columns.number(0.0)))
        return made

    def _parted(
        self, values: Array, derivatives: Sequence[exp.Expression | None]
    ) -> tuple[Array, Array, Array]:
        """Derivatives, residuals and weights of rows that were fetched."""
        r = values[:, 0]
        w = values[:, 1] if self.columns.weighted else np.ones(len(values))
        J, at = np.ones((len(values), len(derivatives))), 1 + self.columns.weighted
        for i, own in enumerate(derivatives):
            if own is not None:
                J[:, i] = values[:, at]
                at += 1
        return J, r, w

    def _far(
        self, query: RowQuery, derivatives: Sequence[exp.Expression | None], near: exp.Expression
    ) -> tuple[Array, Array, Array]:
        """One row for those that are far, on either side of 0."""
        number, sums = self.columns.number, Sums.none()
        weight = exp.column(WEIGHT) if self.columns.weighted else number(1.0)
        for side, sign in (("above", exp.GT), ("below", exp.LTE)):
            here = exp.and_(
                sign(this=exp.column("r"), expression=number(0.0)), exp.Not(this=paren(near.copy()))
            )
            parts = {"w": None, "r": exp.column("r"), **{f"j{i}": d for i, d in enumerate(derivatives)}}
            for name, part in parts.items():
                value = weight.copy() if part is None else exp.Mul(this=weight.copy(), expression=part.copy())
                sums.add(
                    f"{side} {name}",
                    exp.Sum(this=SpelledChoice().when(here.copy(), value).else_(number(0.0))),
                )
        found = self._one(query, sums)
        size = len(derivatives)
        J, r, w = [], [], []
        for side in ("above", "below"):
            total = found[f"{side} w"]
            if total > 0:
                J.append([found[f"{side} j{i}"] / total for i in range(size)])
                r.append(found[f"{side} r"] / total)
                w.append(total)
        return np.array(J).reshape(len(r), size), np.array(r), np.array(w)

    def largest_derivatives(self, theta: Array) -> Array:
        query, derivatives = self.at.predicted(theta)
        sums = Sums.none()
        for i, own in enumerate(derivatives):
            value = self.columns.number(1.0) if own is None else own.copy()
            sums.add(str(i), exp.Max(this=exp.Abs(this=value)))
        table = self.columns.table
        values = table.connection.numbers(query.around(), sums.columns, table.origin)
        return np.array(list(map(number_of, values)))

    def largest_change(self, theta: Array, way: Array) -> tuple[float, float]:
        query, derivatives = self.at.predicted(theta)
        sizes = [None if own is None else exp.Abs(this=own.copy()) for own in derivatives]
        sums = Sums.none()
        sums.add("change", exp.Max(this=exp.Abs(this=self.at.combined(derivatives, way))))
        sums.add("size", exp.Max(this=self.at.combined(sizes, np.abs(way))))
        table = self.columns.table
        change, size = map(number_of, table.connection.numbers(query.around(), sums.columns, table.origin))
        return change, size


class _Residuals(ResidualsThere):
    """Those at a point, which no one fetches."""

    def __init__(self, rows: RowsInDatabase, theta: Array) -> None:
        self.rows, self.theta = rows, theta
        query, self.derivatives = rows.at.predicted(theta)
        self.query = query.having({"r": exp.Sub(this=exp.column("t"), expression=exp.column("u"))})

    def _placed(self, value: exp.Expression, place: int, most: int) -> list[float]:
        """The values from that place on, in order."""
        table = self.rows.columns.table
        query = (
            self.rows._counting(self.query)
            .select(exp.alias_(value, "v"))
            .order_by("v")
            .limit(most)
            .offset(place)
        )
        return [number_of(row[0]) for row in table.ask(query)[1]]

    def quartiles(self) -> tuple[float, float]:
        sums = Sums.none()
        sums.add("n", exp.Count(this=exp.Star()))
        n = int(self.rows._one(self.query, sums)["n"])
        found = []
        for part in (0.25, 0.75):
            place = part * (n - 1)
            low = int(place)
            pair = self._placed(exp.column("r"), low, 2)
            found.append(pair[0] + (place - low) * (pair[-1] - pair[0]))
        return found[0], found[1]

    def smallest(self, place: int) -> float:
        return self._placed(exp.Abs(this=exp.column("r")), place, 1)[0]

    def kernel_sum(self, width: float) -> float:
        part = 1 - ((Y - U) / se.RealDouble(width)) ** 2
        kernel = se.RealDouble(0.75) * symbolic.call("max", part, se.Integer(0))
        return float(self.rows.at.sums(self.theta, {"kernel": Factor(kernel, 0)})["kernel"])

    def kink_sums(self, rank: float, met: float, close: float) -> KinkSums:
        r, p = Y - U, len(self.theta)
        number = se.RealDouble
        score = symbolic.call(_WHERE, se.Gt(r, number(met)), number(rank), number(1 - rank))
        decided = se.Gt(symbolic.call("abs", r), number(close))
        slope = symbolic.call(
            _WHERE,
            decided,
            symbolic.call(_WHERE, se.Gt(r, 0), number(-rank), number(1 - rank)),
            se.Integer(0),
        )
        undecided = symbolic.call(_WHERE, decided, se.Integer(0), se.Integer(1))
        factors = {
            "one": Factor(se.Integer(1), 2),
            "meat": Factor(W * score**2, 2),
            "slope": Factor(slope, 1),
        }
        found = self.rows.at.sums(self.theta, factors)
        query = self.rows.at.with_factors(self.query, {"open": undecided})
        sums = Sums.none()
        for i, own in enumerate(self.derivatives):
            size = self.rows.columns.number(1.0) if own is None else exp.Abs(this=own.copy())
            sums.add(str(i), exp.Sum(this=exp.Mul(this=exp.column("e_open"), expression=size)))
        open_ = self.rows._one(query, sums)
        return KinkSums(
            found["one"], found["meat"], found["slope"], np.array([open_[str(i)] for i in range(p)])
        )
