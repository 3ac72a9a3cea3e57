"""Sums over the rows of a table in a database: columns of one answer, by names; and the rows about a centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import symengine as se
from sqlglot import exp

from downslope.fitting.database.columns import TARGET, Columns, RowQuery
from downslope.fitting.database.spelling import SpelledChoice, paren
from downslope.fitting.objective import RowBlock
from downslope.fitting.rows import Array, LinearRows


def number_of(value: Any) -> float:
    """What a database answers, as a float; NaN for NULL."""
    return float("nan") if value is None else float(value)


@dataclass(eq=False)
class Sums:
    """Columns of one answer, by names."""

    names: list[str]
    columns: list[exp.Expression]

    @classmethod
    def none(cls) -> Sums:
        """None yet."""
        return cls([], [])

    def add(self, name: str, column: exp.Expression) -> None:
        """One more."""
        self.names.append(name)
        self.columns.append(column)

    def over(self, rows: RowQuery, columns: Columns) -> dict[str, float]:
        """What they are over these rows."""
        table = columns.table
        values = table.connection.numbers(rows.around(), self.columns, table.origin)
        return dict(zip(self.names, map(number_of, values), strict=True))


def counted(condition: exp.Expression) -> exp.Expression:
    """In how many rows a condition holds."""
    return exp.Sum(this=SpelledChoice().when(condition, exp.Literal.number(1)).else_(exp.Literal.number(0)))


def beyond(
    value: exp.Expression, *, most: exp.Expression, least: exp.Expression | None = None
) -> exp.Expression:
    """1 where a number is missing, NaN, infinite or beyond its limits, else 0: NULL and NaN are within none."""
    within: exp.Expression = exp.LTE(this=exp.Abs(this=value), expression=most.copy())
    if least is not None:
        above = exp.GTE(this=value.copy(), expression=least.copy())
        within = exp.and_(above, exp.LTE(this=value.copy(), expression=most.copy()))
    return SpelledChoice().when(within, exp.Literal.number(0)).else_(exp.Literal.number(1))


def about(columns: Columns, rows: RowQuery, block: RowBlock, centre: Array) -> RowQuery:
    """The rows with the features ``f0, f1, ...`` of a linear hypothesis and the target ``t``, measured from a centre.

    ``block`` are some of the rows; ``centre`` has a number for each feature and, last, for the target.
    """
    hypothesis, number = columns.asked.hypothesis, columns.number
    atoms = {name: exp.column(f"x{i}") for i, name in enumerate(columns.names)}
    made: dict[str, exp.Expression] = {}
    target: exp.Expression = exp.column(TARGET)
    linear = hypothesis.linear
    if isinstance(block.rows, LinearRows):
        assert linear is not None
        features = [feature for feature in linear.features if feature is not None]
        plain = {k: feature for k, feature in enumerate(features) if isinstance(feature, str)}
        derived: dict[str, Any] = {
            f"f{k}": se.sympify(feature) for k, feature in enumerate(features) if k not in plain
        }
        if linear.offset is not None and not columns.asked.loss.per_class:
            derived["shift"] = se.sympify(linear.offset)
            target = paren(exp.Sub(this=target, expression=exp.column("shift")))
        if derived:
            rows = rows.computing(derived, atoms, "d")
        for k in range(len(features)):
            own = atoms[plain[k]].copy() if k in plain else exp.column(f"f{k}")
            made[f"f{k}"] = own if not centre[k] else _less(own, number(float(centre[k])))
    made["t"] = target if not centre[-1] else _less(target, number(float(centre[-1])))
    return rows.having(made)


def _less(value: exp.Expression, other: exp.Expression) -> exp.Expression:
    return paren(exp.Sub(this=value, expression=other))
