"""The first look at a table in a database: every row is checked and added up by one query, some rows are fetched.

Sums of products are taken about a centre, the means of the rows that were fetched first: what the true means are
off from it is taken out afterwards (T. Chan, G. Golub, R. LeVeque, The American Statistician 37 (1983) 242-247), which
costs no digits where it is a few standard deviations. Where it is more, as in a table whose first rows are like no
others, a second query is made, about the means that the first one found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sqlglot import exp

from downslope.errors import DataError
from downslope.fitting import checks
from downslope.fitting import targets as target_columns
from downslope.fitting.categories import with_indicators
from downslope.fitting.checks import ColumnChecks
from downslope.fitting.database.columns import TARGET, WEIGHT, Columns
from downslope.fitting.database.spelling import SpelledChoice, paren
from downslope.fitting.database.sums import Sums, about, beyond, counted
from downslope.fitting.database.table import FIRST_ROWS
from downslope.fitting.frame import Frame
from downslope.fitting.moments import Moments
from downslope.fitting.objective import RowBlock
from downslope.fitting.problem import rows_of
from downslope.fitting.rows import NOTHING, Array, LinearRows
from downslope.fitting.streaming_pass import Spread, StreamingPass
from downslope.messages import message

MOST_SUMMED = 150  # parameters, the products of whose features are summed
FAR = 8.0  # standard deviations between the centre and a mean, from which products are summed anew
LARGEST_WEIGHT = 1.7e308


@dataclass(eq=False)
class FirstQuery:
    """What is known of a fit's table before the query over all rows.

    Args:
        columns: what is read.

    Attributes:
        frame: some rows.
        classes: of a loss with one prediction a class.
    """

    columns: Columns

    def __post_init__(self) -> None:
        self.asked = self.columns.asked
        self.table = self.columns.table
        self.hypothesis = self.asked.hypothesis
        self.sources = tuple(dict.fromkeys([*self.hypothesis.sources, *self._others()]))
        self.classes: tuple[Any, ...] = (0, 1) if self.asked.loss.labels == "two" else ()

    def _others(self) -> list[str]:
        weights = self.asked.weights
        return [self.hypothesis.target, *([weights] if isinstance(weights, str) else [])]

    def read(self) -> StreamingPass:
        """Check every row, and add up.

        Raises:
            DataError: a value is missing, infinite, not a number, or not what the loss takes.
        """
        if self.asked.loss.per_class:
            self._find_classes()
        frame = self._rows(None, FIRST_ROWS)
        block = self.block(frame)
        centre = np.append(block.rows.X.mean(axis=0), block.y.mean())
        if not isinstance(block.rows, LinearRows):
            centre = centre[-1:]
        found = self._whole(block, centre)
        self._judge(found)
        if found.is_off:
            found = self._whole(block, found.mean)
        few = self._squares and isinstance(block.rows, LinearRows)
        sample = frame if few or found.rows <= frame.rows else self._sample(found.rows)
        return self._as_pass(found, sample)

    def _rows(self, where: exp.Expression | None, most: int) -> Frame:
        kept = self.columns.kept
        known = self.table.frame
        if where is None and kept is None and known is not None and set(self.sources) <= known.columns.keys():
            return with_indicators(known, self.hypothesis.categories)
        both = kept if where is None else where if kept is None else exp.and_(kept, where)
        try:
            frame = self.table.rows(self.sources, both, most)
        except DataError:
            if where is None and kept is not None and self.table.count():
                raise DataError(checks.every_row_missing(self.table.origin)) from None
            raise
        return with_indicators(frame, self.hypothesis.categories)

    def _sample(self, count: int) -> Frame:
        frame = self.table.sample(self.sources, self.columns.kept, count)
        return with_indicators(frame, self.hypothesis.categories)

    def block(self, frame: Frame) -> RowBlock:
        """The hypothesis on some rows, which are checked.

        Raises:
            DataError: something is wrong with one of them.
        """
        name, loss = self.hypothesis.target, self.asked.loss
        if loss.per_class:
            y = target_columns.coded(target_columns.label_values(frame, name), self.classes)
        else:
            y = target_columns.numeric_targets(frame, name, loss)
        weights = NOTHING if self.asked.weights is None else checks.usable_weights(frame, self.asked.weights)
        rows, y = rows_of(frame, self.asked, y, len(self.classes))
        checks.finite(frame, self.asked.numbers, rows.X)
        return RowBlock(rows, y, weights)

    def _find_classes(self) -> None:
        name = self.hypothesis.target
        frame = self.table.distinct(name, self.columns.kept)
        labels = target_columns.label_values(frame, name)
        self.classes = target_columns.classes_of([labels], name, self.table.count())
        codes = target_columns.coded(labels, self.classes)
        raw = [v.item() if isinstance(v, np.generic) else v for v in frame[name]]
        self.columns.codes = [(held, int(code)) for held, code in zip(raw, codes, strict=True)]

    @property
    def _squares(self) -> bool:
        return self.asked.loss.quadratic and not self.asked.l1 and not self.asked.as_formula

    # --- the query over all rows

    def _whole(self, block: RowBlock, centre: Array) -> Found:
        columns, loss, number = self.columns, self.asked.loss, self.columns.number
        linear = isinstance(block.rows, LinearRows)
        rows = about(columns, columns.rows(), block, centre)
        sums, largest = Sums.none(), number(checks.LARGEST)
        sums.add("rows", exp.Count(this=exp.Star()))
        for i, name in enumerate(columns.names):
            if name in self.asked.numbers:
                sums.add(f"bad {i}", exp.Sum(this=beyond(exp.column(f"x{i}"), most=largest)))
        y = exp.column(TARGET)
        if not loss.per_class:
            sums.add("bad target", exp.Sum(this=beyond(y, most=largest)))
            sums.add("low", exp.Min(this=y.copy()))
            sums.add("high", exp.Max(this=y.copy()))
        if loss.labels == "two":
            sums.add("strange", counted(self._strange(y.copy())))
        if columns.weighted:
            w = exp.column(WEIGHT)
            sums.add("bad weights", exp.Sum(this=beyond(w, most=number(LARGEST_WEIGHT), least=number(0.0))))
            sums.add("weight", exp.Sum(this=w.copy()))
            sums.add("observations", counted(exp.GT(this=w.copy(), expression=number(0.0))))
        width = len(centre) - 1
        products = self._products(linear, width)
        self._add_products(sums, width, products)
        for i, j in self._twins(block, width):
            differ = exp.NEQ(this=exp.column(f"f{i}"), expression=exp.column(f"f{j}"))
            sums.add(f"differ {i} {j}", counted(differ))
        return Found(sums.over(rows, columns), centre, products)

    def _strange(self, y: exp.Expression) -> exp.Expression:
        """That a target is no label of two."""
        number = self.columns.number
        return exp.Not(this=paren(exp.In(this=y, expressions=[number(0.0), number(1.0)])))

    def _products(self, linear: bool, width: int) -> bool:
        """Whether products of all pairs are summed: for squares, and to see whether features make a constant."""
        formula, loss = self.hypothesis.linear, self.asked.loss
        if not linear or formula is None or loss.per_class or width > MOST_SUMMED:
            return False
        return self._squares or (formula.intercept is None and loss.link == "identity")

    def _twins(self, block: RowBlock, width: int) -> tuple[tuple[int, int], ...]:
        """Pairs of features that are the same in all rows that were fetched."""
        return ColumnChecks.at(block.rows.X).twins if width else ()

    def _add_products(self, sums: Sums, width: int, products: bool) -> None:
        names = [*(f"f{i}" for i in range(width)), "t"]
        for i, name in enumerate(names):
            sums.add(f"sum {i}", self._total(exp.column(name)))
            for j in range(i, len(names)) if products else (i,):
                product = exp.Mul(this=exp.column(name), expression=exp.column(names[j]))
                sums.add(f"product {i} {j}", self._total(product))
        for i in range(width):
            sums.add(f"least {i}", exp.Min(this=exp.column(f"f{i}")))
            sums.add(f"most {i}", exp.Max(this=exp.column(f"f{i}")))

    def _total(self, value: exp.Expression) -> exp.Expression:
        if self.columns.weighted:
            value = exp.Mul(this=exp.column(WEIGHT), expression=paren(value))
        return exp.Sum(this=value)

    # --- what it says

    def _judge(self, found: Found) -> None:
        """Refuse what cannot be fitted, by the first row that cannot.

        Raises:
            DataError: there is such a row; or there are none, or none that counts, or but one label.
        """
        numbers, name, loss = found.numbers, self.hypothesis.target, self.asked.loss
        if not numbers["rows"]:
            raise DataError(message("{origin} has no rows.", origin=self.table.origin))
        largest = self.columns.number(checks.LARGEST)
        if not loss.per_class and numbers["bad target"]:
            self._refuse(beyond(self.columns.as_number(name), most=largest))
        if numbers.get("strange"):
            strange = self._strange(self.columns.as_number(name))
            self._refuse(SpelledChoice().when(strange, exp.Literal.number(1)).else_(exp.Literal.number(0)))
        if loss.lowest is not None and numbers["low"] < loss.lowest:
            low = self.columns.number(loss.lowest)
            self._refuse(beyond(self.columns.as_number(name), most=largest, least=low))
        if numbers.get("bad weights"):
            most, none = self.columns.number(LARGEST_WEIGHT), self.columns.number(0.0)
            assert isinstance(self.asked.weights, str)
            self._refuse(beyond(self.columns.as_number(self.asked.weights), most=most, least=none))
        for i, other in enumerate(self.columns.names):
            if numbers.get(f"bad {i}"):
                self._refuse(beyond(self.columns.as_number(other), most=largest))
        if self.columns.weighted and not numbers["weight"]:
            raise DataError(checks.NO_WEIGHT)
        if loss.labels == "two":
            target_columns.refuse_one_class(name, [f"{v:g}" for v in {numbers["low"], numbers["high"]}])
        if not found.finite:
            raise DataError(
                message(
                    "a feature of the hypothesis is not a number, infinite or too large in some row of {origin}.",
                    origin=self.table.origin,
                )
            )

    def _refuse(self, wrong: exp.Expression) -> None:
        """Raise what the checks of any table say of the first row where ``wrong`` is 1."""
        self.block(self._rows(exp.EQ(this=wrong, expression=exp.Literal.number(1)), 1))
        raise DataError(message("{origin} has changed while it was read.", origin=self.table.origin))

    def _as_pass(self, found: Found, sample: Frame) -> StreamingPass:
        numbers, width = found.numbers, len(found.centre) - 1
        moments = found.moments
        weights: Array = NOTHING
        if isinstance(self.asked.weights, str):
            weights = checks.usable_weights(sample, self.asked.weights)
        features = Spread(moments.total, moments.mean[:-1], np.diag(moments.products)[:-1])
        target = Spread(moments.total, moments.mean[-1:], np.diag(moments.products)[-1:])
        rows = found.rows
        looks = None
        if width:
            twins = tuple(
                (i, j)
                for i in range(width)
                for j in range(i + 1, width)
                if numbers.get(f"differ {i} {j}") == 0
            )
            low, high = (
                np.array([numbers[f"{end} {i}"] for i in range(width)]) + found.centre[:-1]
                for end in ("least", "most")
            )
            looks = ColumnChecks(low, high, twins)
        dropped = self.table.count() - rows if self.asked.drop_missing else 0
        sample = replace(sample, rows_dropped=dropped)
        observations = int(numbers.get("observations", rows))
        return StreamingPass(
            rows,
            dropped,
            moments.total,
            self.classes,
            features,
            target,
            moments if found.products else None,
            looks,
            sample,
            weights,
            observations,
            self._column(target),
        )

    def _column(self, target: Spread) -> Spread:
        """Of the target's own column, where something is taken off before it is fitted."""
        linear = self.hypothesis.linear
        if linear is None or linear.offset is None or self.asked.loss.per_class or self.asked.as_formula:
            return target
        rows, middle = self.columns.rows(), float(target.mean[0])
        far = paren(exp.Sub(this=exp.column(TARGET), expression=self.columns.number(middle)))
        sums = Sums.none()
        sums.add("sum", self._total(far))
        sums.add("square", self._total(exp.Mul(this=far.copy(), expression=far.copy())))
        found = sums.over(rows, self.columns)
        off = found["sum"] / target.total
        return Spread(
            target.total, np.array([middle + off]), np.array([found["square"] - target.total * off**2])
        )


@dataclass(frozen=True, eq=False)
class Found:
    """What the query found.

    Attributes:
        numbers: its sums.
        centre: what features and target were measured from.
        products: whether all products were summed, else the squares alone.
    """

    numbers: dict[str, float]
    centre: Array
    products: bool

    @property
    def rows(self) -> int:
        """How many rows are fitted."""
        return int(self.numbers["rows"])

    @property
    def total(self) -> float:
        """The number of rows, or the sum of their weights."""
        return self.numbers.get("weight", self.numbers["rows"])

    @property
    def off(self) -> Array:
        """How far the means are from the centre."""
        return np.array([self.numbers[f"sum {i}"] for i in range(len(self.centre))]) / self.total

    @property
    def mean(self) -> Array:
        """The means."""
        return np.asarray(self.centre + self.off)

    @property
    def finite(self) -> bool:
        """Whether all sums are."""
        return bool(np.all(np.isfinite(self.moments.products)) and np.all(np.isfinite(self.off)))

    @property
    def is_off(self) -> bool:
        """Whether a mean is so far from the centre that products lost digits."""
        return bool(np.any(np.abs(self.off) > FAR * self.moments.spread))

    @cached_property
    def moments(self) -> Moments:
        """The moments about the means; where products were not summed, with squares alone."""
        size = len(self.centre)
        products = np.zeros((size, size))
        for i in range(size):
            for j in range(i, size) if self.products else (i,):
                products[i, j] = products[j, i] = self.numbers[f"product {i} {j}"]
        moved = np.outer(self.off, self.off) * self.total
        products = products - (moved if self.products else np.diag(np.diag(moved)))
        diagonal = np.diag_indices(size)
        products[diagonal] = np.maximum(products[diagonal], 0.0)
        mean = self.mean
        left = (self.centre - mean) + self.off
        return Moments(self.total, mean, left, products)
