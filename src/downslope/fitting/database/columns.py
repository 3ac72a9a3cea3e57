"""What a fit reads of a table in a database, as numbers; and queries over them, one subquery within another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from sqlglot import exp

from downslope.fitting.database.spelling import Level, SpelledChoice, SqlSpeller, as_double, paren
from downslope.fitting.database.table import DatabaseTable, column, value
from downslope.fitting.problem import Specification

_FENCED = ("postgres", "sqlite")  # which else write subqueries into those around them, and compute all anew
WEIGHT, TARGET = "w", "y"


@dataclass(eq=False)
class Columns:
    """The columns of a fit.

    Args:
        table: the table.
        asked: what is to be fitted.

    Attributes:
        codes: of labels, (value, its number) each; empty where the target is numbers.
    """

    table: DatabaseTable
    asked: Specification
    codes: list[tuple[Any, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asked_before = self.table.connection.asked  # queries
        self.speller = SqlSpeller(self.table.connection.dialect)
        self._indicators: dict[str, exp.Expression] = {}
        for category in self.asked.hypothesis.categories:
            values = self.table.values_of(category)
            for name, level in zip(category.names, category.levels[1:], strict=True):
                self._indicators[name] = self._indicator(category.column, values[level])

    def _indicator(self, name: str, values: Sequence[Any]) -> exp.Expression:
        own = column(name)
        gone = exp.or_(
            exp.Is(this=own.copy(), expression=exp.null()),
            *(
                [exp.EQ(this=own.copy(), expression=exp.Literal.string(""))]
                if isinstance(values[0], str)
                else []
            ),
        )
        held = exp.In(this=own, expressions=[value(v) for v in values])
        return SpelledChoice().when(gone, exp.null()).when(held, self.number(1.0)).else_(self.number(0.0))

    def number(self, given: float) -> exp.Expression:
        """A number as a double."""
        return self.speller.number(given)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the hypothesis is made of, in the order of their symbols ``x0, x1, ...``."""
        return self.asked.hypothesis.columns

    @property
    def weighted(self) -> bool:
        """Whether a column weighs the rows."""
        return isinstance(self.asked.weights, str)

    def as_number(self, name: str) -> exp.Expression:
        """A column of the table, or a feature of a category, as a double."""
        if name in self._indicators:
            return as_double(self._indicators[name].copy())
        own: exp.Expression = column(name)
        if name in self.table.booleans:
            own = exp.cast(own, exp.DataType.Type.INT)
        if self.speller.dialect == "sqlite":  # whose columns may hold text among numbers: that is none
            kinds = [exp.Literal.string("integer"), exp.Literal.string("real")]
            number = exp.In(this=exp.func("TYPEOF", own.copy()), expressions=kinds)
            return SpelledChoice().when(number, as_double(own)).whole
        return as_double(own)

    @property
    def target(self) -> exp.Expression:
        """The target as a number: that of the label, for a loss with one prediction a class."""
        name = self.asked.hypothesis.target
        if not self.asked.loss.per_class:
            return self.as_number(name)
        case = SpelledChoice()
        for held, code in self.codes:
            case.when(exp.EQ(this=column(name), expression=value(held)), self.number(float(code)))
        return as_double(case.whole)

    @property
    def kept(self) -> exp.Expression | None:
        """The condition of rows that are fitted, where some are left out."""
        if not self.asked.drop_missing:
            return None
        return reduce(exp.and_, (self.present(name) for name in self.asked.needed))

    def present(self, name: str) -> exp.Expression:
        """That a column has a value."""
        own = self._indicators[name].copy() if name in self._indicators else column(name)
        there: exp.Expression = exp.Not(this=exp.Is(this=own, expression=exp.null()))
        if name in self.asked.numbers:
            if self.speller.dialect != "sqlite" and name not in self.table.booleans:
                infinite = exp.cast(exp.Literal.string("Infinity"), exp.DataType.Type.DOUBLE)
                there = exp.and_(
                    there, exp.LTE(this=self.as_number(name), expression=infinite)
                )  # NaN is beyond
        else:
            empty = exp.EQ(
                this=exp.cast(column(name), exp.DataType.Type.TEXT), expression=exp.Literal.string("")
            )
            there = exp.and_(there, exp.Not(this=paren(empty)))
        return paren(there)

    def rows(self) -> RowQuery:
        """All rows that are fitted, with ``x0, x1, ...``, ``y`` and, where there are any, the weights ``w``."""
        made: Level = {f"x{i}": self.as_number(name) for i, name in enumerate(self.names)}
        made[TARGET] = self.target
        if self.weighted:
            assert isinstance(self.asked.weights, str)
            made[WEIGHT] = self.as_number(self.asked.weights)
        query = self.table.select(*[exp.alias_(own, alias) for alias, own in made.items()])
        return RowQuery(query if self.kept is None else query.where(self.kept), tuple(made), self.speller)


@dataclass(frozen=True, eq=False)
class RowQuery:
    """A query that gives one row for each row of the table.

    Attributes:
        query: it.
        names: its columns.
        speller: writes expressions.
    """

    query: exp.Select
    names: tuple[str, ...]
    speller: SqlSpeller

    def around(self, *, copy: bool = False) -> exp.Select:
        """A query over its rows, which has yet to say what it selects; this one is a part of it, if it is no copy."""
        inner = self.query.copy() if copy else self.query
        if self.speller.dialect in _FENCED:
            if self.speller.dialect == "sqlite":
                inner = inner.limit(exp.Neg(this=exp.Literal.number(1)), copy=False)
            inner = inner.offset(0, copy=False)
        return exp.select().from_(inner.subquery("q", copy=False), copy=False)

    def having(self, level: Level) -> RowQuery:
        """The same with more columns, which this one becomes a part of."""
        if not level:
            return self
        kept = [exp.column(name) for name in self.names if name not in level]
        made = [exp.Alias(this=own, alias=exp.to_identifier(alias)) for alias, own in level.items()]
        query = self.around().select(*kept, *made, copy=False)
        names = (*[name for name in self.names if name not in level], *level)
        return RowQuery(query, names, self.speller)

    def computing(
        self, outputs: Mapping[str, Any], atoms: Mapping[str, exp.Expression], mark: str
    ) -> RowQuery:
        """The same with ``outputs``, SymEngine expressions, in which ``atoms`` and the columns are symbols."""
        known = {**{name: exp.column(name) for name in self.names}, **atoms}
        made = self
        for level in self.speller.levels(outputs, known, mark):
            made = made.having(level)
        return made
