"""A short look for a lower minimum than the one that a fit of squares reached: a few steps each, on few rows.

What it finds is held against all rows by whoever asks. It takes some hundred evaluations on at most ``MOST_ROWS``
rows, however large the table is, and they are no part of the descent that is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from downslope import symbolic
from downslope.fitting.formula_rows import FormulaRows, evaluated
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.rows import NOTHING, Array
from downslope.fitting.suggested_starts import split_of
from downslope.optimizers.marquardt import FIRST_RADIUS, after, beginning

MOST_ROWS = 400  # that it is held against
EVALUATIONS = 25  # from each start
LOWER = 1e-6  # part of the cost by which it must be lower
DEVIATIONS = 3.0  # standard ones, by which some rows may flatter parameters that were fitted to them


class LowerPoint(NamedTuple):
    """A point that is lower than the one reached, on the rows that were looked at."""

    cost: float
    point: Array
    start: Array  # from which some steps lead there


def lower_points(objective: DataObjective, reached: Array, starts: Sequence[Array]) -> Iterator[LowerPoint]:
    """Where some steps from these starts lead to a lower cost than at the point reached, the lowest first.

    What is lower on few rows only is left out; and a curve that runs to infinity between rows, where that at the
    point reached does not.
    """
    few = _on_few_rows(objective)
    if not isinstance(few.rows, FormulaRows):
        return
    most, may_have_a_pole = _to_beat(objective, few, reached), _has_a_pole(few.rows, reached)
    found = [LowerPoint(*_after_some_steps(few, start), start) for start in starts]
    for lower in sorted(found, key=lambda lower: lower.cost):
        if lower.cost < most and (may_have_a_pole or not _has_a_pole(few.rows, lower.point)):
            yield lower


def _on_few_rows(objective: DataObjective) -> DataObjective:
    """The cost on rows from the whole table."""
    rows, y, weights = objective.block
    if rows.count <= MOST_ROWS or not isinstance(rows, FormulaRows):
        return DataObjective(objective.block, objective.terms)
    chosen = np.unique(np.linspace(0, rows.count - 1, MOST_ROWS).round().astype(int))
    few = FormulaRows(rows.hypothesis, rows.X[chosen])
    return DataObjective(
        RowBlock(few, y[chosen], weights[chosen] if weights.size else NOTHING), objective.terms
    )


def _to_beat(objective: DataObjective, few: DataObjective, reached: Array) -> float:
    """The cost on few rows below which a point is not only one that knows them better than all rows.

    It is that where some steps lead from the point reached: a loose test may have ended a descent before its minimum.
    """
    here, n, p = few.residuals(reached)[0], few.count, few.rows.size
    here = min(here, _after_some_steps(few, reached)[0])
    flattered = LOWER if n == objective.count else (p + DEVIATIONS * np.sqrt(2 * p)) / n
    return float(here * (1 - flattered))


def _after_some_steps(objective: DataObjective, start: Array) -> tuple[float, Array]:
    """The lowest cost within some evaluations from a start, and where; infinite where there is none."""
    x, state, least, where = start, beginning(start, FIRST_RADIUS), np.inf, start
    for _ in range(EVALUATIONS):
        cost, told = objective.residuals(x)
        with np.errstate(all="ignore"):
            following, state, accepted = after(x, cost, state._replace(told=told))
        if accepted and cost < least:
            least, where = cost, x
        if state.spent or not np.all(np.isfinite(following)):
            break
        x = following
    return float(least), where


def _has_a_pole(rows: FormulaRows, point: Array) -> bool:
    """Whether what is below the bar of the hypothesis passes 0 between the rows."""
    below, symbols = split_of(rows.hypothesis).below, rows.hypothesis.symbols
    if not below.free_symbols:
        return False
    values = evaluated(symbolic.compile_native(symbols, [below]), point, rows.X)
    return bool(np.min(values) < 0 < np.max(values))
