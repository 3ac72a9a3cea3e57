"""Rows that a fit does not see, and how good it is on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UsageError
from downslope.fitting import checks
from downslope.fitting import targets as target_columns
from downslope.fitting.categories import with_indicators
from downslope.fitting.frame import Frame
from downslope.fitting.model import Model
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.paged_table import DrawnRows, PagedTable
from downslope.fitting.problem import Specification, cost_of, rows_of
from downslope.fitting.streamed import streamed_cost
from downslope.fitting.streaming_pass import no_part, read_once
from downslope.messages import argument, message


@dataclass(frozen=True)
class Holdout:
    """How good a fit is on rows that it has not seen.

    Attributes:
        rows: how many these are.
        seed: by which they were drawn.
        loss: the mean loss on them, without penalties.
        r2: the part of the target's variance on them that the predictions explain; None for labels.
        accuracy: the part of them whose label is predicted rightly; None where there are no labels.
    """

    rows: int
    seed: int
    loss: float
    r2: float | None
    accuracy: float | None


@dataclass(frozen=True, eq=False)
class SplitTable:
    """A table in two parts.

    Attributes:
        seen, unseen: the rows that are fitted, and those that are held out, in the order of the table.
        asked: what is fitted to the first, and ``asked_unseen`` the same with the weights of the others.
        seed: by which they were drawn.
    """

    seen: Frame
    unseen: Frame
    asked: Specification
    asked_unseen: Specification
    seed: int


@dataclass(frozen=True, eq=False)
class SplitPages:
    """The rows of a table in files that a fit does not see, and how it fits the others."""

    unseen: PagedTable
    seed: int


def split_pages(table: PagedTable, part: Any, seed: int) -> tuple[PagedTable, SplitPages]:
    """Hold out a part of the rows of a table in files, each drawn by its number: those to fit, those to score on.

    Raises:
        UsageError: the part is not between 0 and 1, or the table can be read only once.
    """
    _check_part(part)
    if table.pages.once:
        raise UsageError(
            message(
                "{holdout} reads the table again for the rows that are not fitted, and {origin} can be read only once."
                " Save it as a file, or have it read into memory ({option}).",
                holdout=argument("holdout"),
                origin=table.pages.origin,
                option=argument("stream", False),
            )
        )
    bare = replace(table.asked, l1=0.0, l2=0.0)
    unseen = replace(
        table,
        asked=bare,
        digested=False,
        drawn=DrawnRows(float(part), seed, unseen=True),
        _rows_before={0: 0},
    )
    return replace(table, drawn=DrawnRows(float(part), seed, unseen=False)), SplitPages(unseen, seed)


def split(frame: Frame, asked: Specification, part: Any, seed: int) -> SplitTable:
    """Hold out a part of the rows, drawn at random.

    Raises:
        UsageError: the part is not between 0 and 1, or leaves no row on one side.
    """
    _check_part(part)
    frame = with_indicators(frame, asked.hypothesis.categories)
    if asked.drop_missing:
        frame = checks.drop_missing(frame, asked.needed)
    count = round(part * frame.rows)
    if not 0 < count < frame.rows:
        raise UsageError(no_part(part, frame.rows))
    out = np.zeros(frame.rows, bool)
    out[np.random.default_rng(seed).choice(frame.rows, count, replace=False)] = True
    return SplitTable(frame.only(~out), frame.only(out), _weighted(asked, ~out), _weighted(asked, out), seed)


def _check_part(part: Any) -> None:
    if isinstance(part, bool) or not isinstance(part, int | float) or not 0 < part < 1:
        raise UsageError(
            message(
                "{option} is {part!r:.20}; it must be a part of the rows, above 0 and below 1, such as 0.2.",
                option=argument("holdout"),
                part=part,
            )
        )


def _weighted(asked: Specification, rows: NDArray[np.bool_]) -> Specification:
    """The same for some of the rows."""
    weights = asked.weights
    if weights is None or isinstance(weights, str) or len(weights) != len(rows):
        return asked
    return replace(asked, weights=np.asarray(weights)[rows])


def scores(model: Model, table: SplitTable | SplitPages) -> Holdout:
    """How good a model is on the rows that were held out.

    Raises:
        DataError: they hold what it cannot be scored on.
    """
    try:
        objective = (
            _unseen_rows(model, table) if isinstance(table, SplitTable) else _unseen_pages(model, table)
        )
        loss, r2 = objective.data_value(model.theta), None
        if not model.loss.classifies:
            spread = objective.target_spread() ** 2
            r2 = 1.0 - objective.squared_error(model.theta) / spread if spread else None
        accuracy = objective.accuracy(model.theta) if model.loss.classifies else None
    except DataError as error:
        raise DataError(
            message(
                "the rows that were held out cannot be scored: {why} Another {seed} draws others.",
                why=error.message,
                seed=argument("seed"),
            )
        ) from error
    return Holdout(objective.count, table.seed, loss, r2, accuracy)


def _unseen_rows(model: Model, table: SplitTable) -> DataObjective:
    frame, asked, loss = table.unseen, table.asked_unseen, model.loss
    name = model.hypothesis.target
    if loss.per_class:
        y = target_columns.coded(target_columns.label_values(frame, name), model.classes)
    else:
        y = target_columns.numeric_targets(frame, name, loss)
    weights = checks.weights_of(frame, asked.weights)
    rows, y = rows_of(frame, asked, y, len(model.classes))
    checks.finite(frame, asked.numbers, rows.X)
    return cost_of(replace(asked, l1=0.0, l2=0.0), RowBlock(rows, y, weights))


def _unseen_pages(model: Model, table: SplitPages) -> DataObjective:
    return streamed_cost(
        table.unseen, replace(read_once(table.unseen, quadratic=False), classes=model.classes)
    )
