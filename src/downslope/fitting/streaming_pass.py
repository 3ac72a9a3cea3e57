"""The first pass over a table that stays in its files: every row is checked and added up, some rows are kept.

What is added up are means, squares and, where the cost is quadratic, products of the columns, merged as in
``moments``; so a mean of 1e8 standard deviations costs no digits here either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UsageError
from downslope.fitting import checks
from downslope.fitting import targets as target_columns
from downslope.fitting.categories import with_indicators
from downslope.fitting.checks import ColumnChecks
from downslope.fitting.frame import Frame
from downslope.fitting.moments import Moments, moments
from downslope.fitting.objective import RowBlock
from downslope.fitting.pages import Pages
from downslope.fitting.problem import Specification, rows_of
from downslope.fitting.rows import NOTHING, Array, LinearRows
from downslope.fitting.spreads import means_and_spreads
from downslope.fitting.table_digest import TableDigest
from downslope.messages import Message, argument, message

MOST_KEPT = 50_000  # rows, and
MOST_NUMBERS = 4_000_000  # numbers in them
WEIGHTS = "\x00weights"  # under which weights are kept beside the columns, none of which is called so


@dataclass(eq=False)
class DrawnRows:
    """Which rows of a table in files are taken: each is drawn by its number, and so alike at every pass.

    Args:
        part: of the rows that are held out, about.
        seed: by which they are drawn.
        unseen: whether those are taken that are held out, else the others.

    Attributes:
        left: how many were left in the last pass.
    """

    part: float
    seed: int
    unseen: bool
    left: int = 0

    def taken(self, before: int, rows: int) -> NDArray[np.bool_]:
        """Which of these rows, ``before`` which others came."""
        numbers = np.random.Generator(np.random.PCG64(self.seed).advance(before)).random(rows)
        taken: NDArray[np.bool_] = (numbers < self.part) == self.unseen
        self.left = rows - int(np.count_nonzero(taken)) + (self.left if before else 0)
        return taken


@dataclass(frozen=True, eq=False)
class PagedTable:
    """A table in files, and what is to be fitted to it."""

    pages: Pages
    asked: Specification
    digested: bool = False  # whether the first pass makes the digest, by which the table is known again
    drawn: DrawnRows | None = None  # where not all of its rows are taken

    @property
    def scored(self) -> bool:
        """Whether a fit is scored on it, so that it need not hold what can be fitted."""
        return self.drawn is not None and self.drawn.unseen

    @cached_property
    def digest(self) -> TableDigest:
        """Of the columns that are fitted."""
        return TableDigest((*self.asked.needed, *self.asked.hypothesis.sources))

    def make_digest(self) -> TableDigest:
        """The digest, by a pass where none has made it."""
        if not self.digest.complete:
            for _ in self._digested():
                pass
        return self.digest

    def frames(self) -> Iterator[tuple[Frame, int, Any]]:
        """(page without the rows that are left out, rows before it, its weights), of pages that keep a row."""
        wanted = self.digested or self.pages.once
        return self._digested() if wanted and not self.digest.complete else self._frames()

    def _digested(self) -> Iterator[tuple[Frame, int, Any]]:
        self.digest.begin()
        for frame, before, weights in self._frames():
            self.digest.add(frame)
            if weights is not None and not isinstance(weights, str):
                self.digest.add_weights(weights)
            yield frame, before, weights
        self.digest.complete = True

    def _frames(self) -> Iterator[tuple[Frame, int, Any]]:
        before = taken = 0
        for page in self.pages:
            frame = with_indicators(page, self.asked.hypothesis.categories)
            if self.asked.drop_missing:
                gone = checks.missing_rows(frame, self.asked.needed)
                if gone.all():
                    continue
                frame = frame.without(gone) if gone.any() else frame
            weights = self.asked.weights
            if weights is not None and not isinstance(weights, str):
                weights = np.asarray(weights, np.float64)[before : before + frame.rows]
            before += frame.rows
            if self.drawn is not None:
                rows = self.drawn.taken(before - frame.rows, frame.rows)
                if not rows.any():
                    continue
                frame = frame.only(rows)
                weights = weights if weights is None or isinstance(weights, str) else weights[rows]
            yield frame, taken, weights
            taken += frame.rows

    def part(self, frame: Frame, weights: Any, classes: Sequence[Any]) -> RowBlock:
        """The hypothesis on a page, which is checked anew: a file can change between two passes."""
        name = self.asked.hypothesis.target
        if self.asked.loss.per_class:
            y = target_columns.coded(target_columns.label_values(frame, name), classes)
        else:
            y = target_columns.numeric_targets(frame, name, self.asked.loss)
        rows, y = rows_of(frame, self.asked, y, len(classes))
        checks.finite(frame, self.asked.numbers, rows.X)
        return RowBlock(rows, y, NOTHING if weights is None else checks.usable_weights(frame, weights))


@dataclass
class Spread:
    """Total weight, means and sums of squares about them, of columns."""

    total: float = 0.0
    mean: Any = 0.0
    squares: Any = 0.0

    def add(self, X: Array, weights: Array) -> None:
        """Take in these rows."""
        total = float(np.sum(weights)) if weights.size else float(len(X))
        if not total:
            return
        mean, spread = means_and_spreads(X, weights)
        delta, whole = mean - self.mean, self.total + total
        self.mean = self.mean + delta * (total / whole)
        self.squares = self.squares + total * spread**2 + delta**2 * (self.total * total / whole)
        self.total = whole

    @property
    def spread(self) -> Array:
        """The standard deviations."""
        return np.asarray(np.sqrt(self.squares / self.total))


@dataclass
class Kept:
    """Rows at equal distances over the whole table, at most twice ``most`` of them."""

    most: int
    stride: int = 1
    places: list[Any] = field(default_factory=list)
    pieces: list[dict[str, Any]] = field(default_factory=list)

    def add(self, columns: dict[str, Any], before: int, rows: int) -> None:
        """Keep some of these rows, ``before`` which others came."""
        picked = np.arange(-before % self.stride, rows, self.stride)
        self.places.append(before + picked)
        self.pieces.append({name: column[picked] for name, column in columns.items()})
        while sum(map(len, self.places)) > 2 * self.most:
            self.stride *= 2
            stay = [places % self.stride == 0 for places in self.places]
            self.places = [places[s] for places, s in zip(self.places, stay, strict=True)]
            self.pieces = [
                {name: column[s] for name, column in piece.items()}
                for piece, s in zip(self.pieces, stay, strict=True)
            ]

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """What was kept."""
        return {name: np.concatenate([piece[name] for piece in self.pieces]) for name in self.pieces[0]}


@dataclass(frozen=True, eq=False)
class StreamingPass:
    """What the first pass found.

    Attributes:
        rows, dropped: fitted, and left out.
        total: the number of rows, or the sum of their weights.
        classes: the labels, for a loss that classifies.
        observations: rows whose weight is not 0.
        features, target: means and spreads; ``features`` for a linear hypothesis only.
        column: those of the target's column, of which ``target`` is what the parameters have to explain.
        moments: where the cost is quadratic in the parameters.
        looks: of the features of a linear hypothesis.
        sample: some rows, and their weights.
    """

    rows: int
    dropped: int
    total: float
    classes: tuple[Any, ...]
    features: Spread
    target: Spread
    moments: Moments | None
    looks: ColumnChecks | None
    sample: Frame
    sample_weights: Array
    observations: int
    column: Spread


def read_once(table: PagedTable, quadratic: bool) -> StreamingPass:
    """Read the table once.

    Raises:
        DataError, UsageError: as for a table in memory.
    """
    asked, loss, name = table.asked, table.asked.loss, table.asked.hypothesis.target
    kept = Kept(min(MOST_KEPT, MOST_NUMBERS // len(table.pages.chosen)))
    features, target, column, sums = Spread(), Spread(), Spread(), None
    looks: ColumnChecks | None = None
    labels: list[Any] = []
    low, high, largest = np.inf, -np.inf, 0.0
    rows = observations = 0
    for frame, before, given in table.frames():
        if loss.per_class:
            labels.append(np.unique(target_columns.label_values(frame, name)))
            y: Array = np.zeros(frame.rows)
        else:
            y = target_columns.numeric_targets(frame, name, loss)
            low, high = min(low, y.min()), max(high, y.max())
        weights = NOTHING if given is None else checks.usable_weights(frame, given)
        whole = y
        on_page, y = rows_of(frame, asked, y, 1)
        checks.finite(frame, asked.numbers, on_page.X)
        target.add(y[:, None], weights)
        largest = max(largest, float(np.max(np.abs(y), initial=0.0)))
        if whole is not y:
            column.add(whole[:, None], weights)
        if isinstance(on_page, LinearRows):
            looks = ColumnChecks.at(on_page.X) if looks is None else looks.also(on_page.X)
            if quadratic:
                m = moments(on_page.X, y, weights)
                sums = m if sums is None else sums.merged(m) if m.total else sums
            else:
                features.add(on_page.X, weights)
        last = frame
        kept.add({**frame.columns, **({WEIGHTS: weights} if weights.size else {})}, before, frame.rows)
        rows += frame.rows
        observations += int(np.count_nonzero(weights)) if weights.size else frame.rows
    left = 0 if table.drawn is None else table.drawn.left
    _check_whole(table, rows, left, target.total)
    classes: tuple[Any, ...] = (0, 1) if loss.labels == "two" else ()
    if not table.scored:
        checks.refuse_tiny_target(last, name, loss, largest)
        if looks is not None and isinstance(on_page, LinearRows):
            checks.refuse_tiny_features(asked.hypothesis, looks, on_page)
        if loss.labels == "two":
            target_columns.refuse_one_class(name, [f"{label:g}" for label in {low, high}])
        if labels:
            classes = target_columns.classes_of(labels, name, rows)
    if sums is not None:
        d = len(sums.mean) - 1
        features = Spread(sums.total, sums.mean[:d], np.diag(sums.products)[:d])
    columns = kept.columns
    sample_weights = columns.pop(WEIGHTS, NOTHING)
    dropped = table.pages.rows - rows - left
    sample = replace(last, columns=columns, rows_dropped=dropped, sources=(), kept=None)
    column = column if column.total else target
    return StreamingPass(
        rows,
        dropped,
        target.total,
        classes,
        features,
        target,
        sums,
        looks,
        sample,
        sample_weights,
        observations,
        column,
    )


def _check_whole(table: PagedTable, rows: int, left: int, total: float) -> None:
    """Raise where the table as a whole will not do: the rows that were taken, and how many were ``left``."""
    if table.drawn is not None and rows + left and not (rows and left):
        raise UsageError(no_part(table.drawn.part, rows + left))
    if not rows:
        raise DataError(checks.every_row_missing(table.pages.origin))
    given = table.asked.weights
    if given is not None and not isinstance(given, str) and len(given) != rows + left:
        raise UsageError(
            message(
                "the weights have shape {shape}, but the table has {rows} rows.",
                shape=np.shape(given),
                rows=rows + left,
            )
        )
    if not total:
        raise DataError(checks.NO_WEIGHT)


def no_part(part: float, rows: int) -> Message:
    """The sentence for rows that are too few to hold a part of them out."""
    return message(
        "{option} is {part} of {rows} rows, which leaves none to fit or none to score.",
        option=argument("holdout"),
        part=part,
        rows=rows,
    )
