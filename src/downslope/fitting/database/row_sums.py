"""Sums over all rows of a table in a database, at a point: one query, in which common parts are computed once a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import symengine as se
from sqlglot import exp

from downslope import symbolic
from downslope.fitting.database.columns import TARGET, WEIGHT, Columns, RowQuery
from downslope.fitting.database.spelling import SpelledChoice, balanced, paren
from downslope.fitting.database.sums import Sums, about, counted
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.objective import RowBlock
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows

U, Y, C, W = (se.Symbol(name) for name in ("u", "y", "c", "w"))
LEAST = se.Symbol("least")


@dataclass(frozen=True)
class Factor:
    """What is summed over the rows.

    Attributes:
        formula: of the prediction ``u``, the target ``y``, the loss' number ``c``, ``least``, and the weight ``w``.
        order: it alone (0), times each derivative of the prediction (1), or times the products of all pairs (2).
    """

    formula: Any
    order: int


class Summed(dict[str, Any]):
    """Factor -> its sum: a number, a vector or a matrix over the parameters."""

    rows: int = 0


@dataclass(frozen=True, eq=False)
class RowsAt:
    """The rows of a table with what a hypothesis makes of them at a point.

    Args:
        columns: what is read.
        block: some of the rows, which know how the parameters lie.
        shape: the number of the loss.
    """

    columns: Columns
    block: RowBlock
    shape: float

    def predicted(self, theta: Array) -> tuple[RowQuery, list[exp.Expression | None]]:
        """The rows with the prediction ``u`` and the target ``t``; and the derivatives, None for those that are 1."""
        rows = self.block.rows
        if isinstance(rows, LinearRows):
            query, derivatives = self.features()
            terms = self._terms(derivatives, theta)
            return query.having({"u": _sum(terms, self.columns)}), derivatives
        assert isinstance(rows, FormulaRows)
        query = about(self.columns, self.columns.rows(), self.block, np.zeros(1))
        outputs = {"u": rows.outputs[0], **{f"j{i}": part for i, part in enumerate(rows.outputs[1:])}}
        query = query.computing(outputs, self.atoms(theta), "h")
        return query, [exp.column(f"j{i}") for i in range(rows.size)]

    def features(self, mean: Array | None = None) -> tuple[RowQuery, list[exp.Expression | None]]:
        """The rows with the features of a linear hypothesis, and these in the order of its parameters."""
        rows = self.block.rows
        assert isinstance(rows, LinearRows)
        query = about(
            self.columns,
            self.columns.rows(),
            self.block,
            np.append(rows.centre, 0.0) if mean is None else mean,
        )
        derivatives: list[exp.Expression | None] = [None] * rows.each
        for k, place in enumerate(rows.at):
            derivatives[place] = exp.column(f"f{k}")
        return query, derivatives

    def second_derivatives(self, theta: Array, entries: Mapping[tuple[int, int], Any]) -> Array:
        """The sums of those of the rows' costs, formulas of parameters and columns, in which ``#t`` is the target."""
        query = about(self.columns, self.columns.rows(), self.block, np.zeros(1))
        atoms = self.atoms(theta) | {"#t": exp.column("t")}
        query = query.computing({f"e_{i}_{j}": entry for (i, j), entry in entries.items()}, atoms, "h")
        if self.columns.weighted:
            names = [f"e_{i}_{j}" for i, j in entries]
            query = query.having(
                {n: exp.Mul(this=exp.column(WEIGHT), expression=exp.column(n)) for n in names}
            )
        found = self.added_up(query, [], {f"{i}_{j}": 0 for i, j in entries})
        H = np.empty((len(theta), len(theta)))
        for i, j in entries:
            H[i, j] = H[j, i] = found[f"{i}_{j}"]
        return H

    def atoms(self, theta: Array) -> dict[str, exp.Expression]:
        """The symbols of a formula: columns, and parameters as numbers."""
        h = self.columns.asked.hypothesis
        columns: dict[str, exp.Expression] = {name: exp.column(f"x{i}") for i, name in enumerate(h.columns)}
        return columns | {n: self.columns.number(float(v)) for n, v in zip(h.parameters, theta, strict=True)}

    def _terms(self, derivatives: Sequence[exp.Expression | None], theta: Array) -> list[exp.Expression]:
        return [
            number if own is None else exp.Mul(this=number, expression=own.copy())
            for own, number in zip(derivatives, map(self.columns.number, theta.tolist()), strict=True)
        ]

    def sums(self, theta: Array, factors: Mapping[str, Factor], least: float = 0.0) -> Summed:
        """The sum of each factor, and of nothing where one is not a number."""
        query, derivatives = self.predicted(theta)
        formulas = {name: factor.formula for name, factor in factors.items()}
        query = self.with_factors(query, formulas, least)
        return self.added_up(query, derivatives, {name: factor.order for name, factor in factors.items()})

    def combined(self, parts: Sequence[exp.Expression | None], by: Array) -> exp.Expression:
        """The sum of these, None being 1, each times a number."""
        return _sum(self._terms(parts, by), self.columns)

    def with_factors(
        self, query: RowQuery, formulas: Mapping[str, Any], least: float = 0.0, *, weighed: bool = True
    ) -> RowQuery:
        """The rows with these, each times its weight where they are ``weighed``."""
        number, weighted = self.columns.number, self.columns.weighted
        atoms: dict[str, exp.Expression] = {
            **{"u": exp.column("u"), "y": exp.column("t"), "c": number(self.shape), "least": number(least)},
            "w": exp.column(WEIGHT) if weighted else number(1.0),
        }
        if not weighted:
            formulas = {name: se.sympify(formula).subs({W: 1}) for name, formula in formulas.items()}
        query = query.computing({f"e_{name}": formula for name, formula in formulas.items()}, atoms, "l")
        if not weighted or not weighed:
            return query
        own = {
            f"e_{name}": exp.Mul(this=exp.column(WEIGHT), expression=exp.column(f"e_{name}"))
            for name in formulas
        }
        return query.having(own)

    def added_up(
        self, query: RowQuery, derivatives: Sequence[exp.Expression | None], orders: Mapping[str, int]
    ) -> Summed:
        """The sums of factors ``e_name``, times products of so many derivatives."""
        sums, size = Sums.none(), len(derivatives)
        sums.add("rows", exp.Count(this=exp.Star()))
        places: dict[str, list[tuple[int, ...]]] = {}
        for name, order in orders.items():
            places[name] = [()] if order == 0 else [(i,) for i in range(size)]
            if order == 2:
                places[name] = [(i, j) for i in range(size) for j in range(i, size)]
            for place in places[name]:
                factors = [
                    exp.column(f"e_{name}"),
                    *(d.copy() for d in (derivatives[i] for i in place) if d is not None),
                ]
                sums.add(f"{name} {place}", exp.Sum(this=multiplied(factors)))
        if (
            self.columns.speller.dialect != "duckdb"
        ):  # elsewhere what has no value may be NULL, which sums pass over
            parts = [exp.column(f"e_{name}") for name in orders]
            if not isinstance(self.block.rows, LinearRows):
                parts += [d.copy() for d in derivatives if d is not None]
            gone = [exp.Is(this=part, expression=exp.null()) for part in parts]
            sums.add("without value", counted(exp.or_(*gone)))
        found = sums.over(query, self.columns)
        made = Summed()
        made.rows = int(found["rows"])
        spoilt = bool(found.get("without value"))
        for name, order in orders.items():
            total = np.full((size,) * order, np.nan)
            for place in [] if spoilt else places[name]:
                total[place] = found[f"{name} {place}"]
                if len(place) == 2:
                    total[place[::-1]] = total[place]
            made[name] = float(total) if order == 0 else total
        return made

    # --- one prediction for each class

    def class_predictions(self, theta: Array) -> RowQuery:
        """The rows with the prediction for each class, ``u0, u1, ...``."""
        rows = self.block.rows
        assert isinstance(rows, SoftmaxRows)
        query, features = self.features()
        table = theta.reshape(rows.each, rows.classes)
        return query.having({f"u{k}": self.combined(features, table[:, k]) for k in range(rows.classes)})

    def of_classes(self, theta: Array, curved: bool) -> tuple[Summed, int]:
        """Of softmax: cost, slopes (features, classes), and where ``curved`` its second derivatives; and the rows."""
        rows, number = self.block.rows, self.columns.number
        assert isinstance(rows, SoftmaxRows)
        features, classes = self.features()[1], range(rows.classes)
        query = self.class_predictions(theta)
        every = [exp.column(f"u{k}") for k in classes]
        query = query.having({"m": exp.Greatest(this=every[0], expressions=every[1:])})
        own, label = SpelledChoice(), exp.column(TARGET)
        for k in classes:
            own.when(exp.EQ(this=label.copy(), expression=number(float(k))), exp.column(f"u{k}"))
        outputs = {f"p{k}": symbolic.call("exp", se.Symbol(f"u{k}") - se.Symbol("m")) for k in classes}
        query = query.computing(outputs, {}, "l").having({"own": own.whole})
        query = query.having({"s": _sum([exp.column(f"p{k}") for k in classes], self.columns)})
        level = {
            f"p{k}": exp.Div(this=exp.column(f"p{k}"), expression=exp.column("s"), typed=False, safe=False)
            for k in classes
        }
        weight = [exp.column(WEIGHT)] if self.columns.weighted else []
        formula = se.Symbol("m") + symbolic.call("log", se.Symbol("s")) - se.Symbol("own")
        query = query.computing({"cost": formula}, {}, "k").having(level)
        here = {"e_cost": multiplied([*weight, exp.column("cost")])}
        for k in classes:
            hit = (
                SpelledChoice()
                .when(exp.EQ(this=label.copy(), expression=number(float(k))), number(1.0))
                .else_(number(0.0))
            )
            here[f"e_{k}"] = multiplied([*weight, paren(exp.Sub(this=exp.column(f"p{k}"), expression=hit))])
            if curved:
                for other in range(k + 1):
                    both = exp.Mul(this=exp.column(f"p{k}"), expression=exp.column(f"p{other}"))
                    plain = exp.column(f"p{k}") if k == other else number(0.0)
                    here[f"e_{k}_{other}"] = multiplied(
                        [*weight, paren(exp.Sub(this=plain, expression=both))]
                    )
        right = (
            SpelledChoice()
            .when(exp.EQ(this=exp.column("own"), expression=exp.column("m")), number(1.0))
            .else_(number(0.0))
        )
        here["e_right"] = multiplied([*weight, right])
        orders = {"cost": 0, "right": 0, **{str(k): 1 for k in classes}}
        if curved:
            here["e_one"] = multiplied(weight) if weight else number(1.0)
            orders |= {"one": 2} | {f"{k}_{other}": 2 for k in classes for other in range(k + 1)}
        found = self.added_up(query.having(here), features, orders)
        return found, found.rows


def multiplied(factors: Sequence[exp.Expression]) -> exp.Expression:
    """Of a few factors, from left to right."""
    made = factors[0]
    for factor in factors[1:]:
        made = exp.Mul(this=made, expression=paren(factor) if isinstance(factor, exp.Binary) else factor)
    return made


def _sum(terms: list[exp.Expression], columns: Columns) -> exp.Expression:
    return balanced(exp.Add, [paren(term) for term in terms]) if terms else columns.number(0.0)
