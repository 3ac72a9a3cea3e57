"""The first pass over a table that stays in its files: every row is checked and added up, some rows are kept.

What is added up are means, squares and, where the cost is quadratic, products of the columns, merged as in
``moments``; so a mean of 1e8 standard deviations costs no digits here either. Each partition is gone over by itself,
page after page, wherever the table's engine does that, and what was found is merged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UsageError
from downslope.fitting import checks
from downslope.fitting import targets as target_columns
from downslope.fitting.checks import ColumnChecks
from downslope.fitting.frame import Frame
from downslope.fitting.moments import Moments, moments
from downslope.fitting.objective import RowBlock
from downslope.fitting.paged_table import PagedTable
from downslope.fitting.partitions.engine import PassCounts
from downslope.fitting.problem import rows_of
from downslope.fitting.rows import NOTHING, Array, LinearRows
from downslope.fitting.spreads import means_and_spreads
from downslope.messages import Message, argument, message

MOST_KEPT = 50_000  # rows, and
MOST_NUMBERS = 4_000_000  # numbers in them
WEIGHTS = "\x00weights"  # under which weights are kept beside the columns, none of which is called so


@dataclass(frozen=True)
class Spread:
    """Total weight, means and sums of squares about them, of columns."""

    total: float = 0.0
    mean: Any = 0.0
    squares: Any = 0.0

    @classmethod
    def at(cls, X: Array, weights: Array) -> Spread:
        """Of these rows."""
        total = float(np.sum(weights)) if weights.size else float(len(X))
        if not total:
            return cls()
        mean, spread = means_and_spreads(X, weights)
        return cls(total, mean, total * spread**2)

    def merged(self, other: Spread) -> Spread:
        """Of the rows of both."""
        if not other.total:
            return self
        delta, whole = other.mean - self.mean, self.total + other.total
        return Spread(
            whole,
            self.mean + delta * (other.total / whole),
            self.squares + other.squares + delta**2 * (self.total * other.total / whole),
        )

    @property
    def spread(self) -> Array:
        """The standard deviations."""
        return np.asarray(np.sqrt(self.squares / self.total))


@dataclass(frozen=True)
class Kept:
    """Rows at equal distances over every partition, at most twice ``most`` of them in all.

    ``places`` are those of the rows within their partition.
    """

    most: int
    stride: int = 1
    places: tuple[Any, ...] = ()
    pieces: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, most: int, rows: int | None) -> Kept:
        """Nothing yet, of a table of so many rows, where that is known."""
        stride = 1
        while rows is not None and -(-rows // stride) > 2 * most:
            stride *= 2
        return cls(most, stride)

    def with_rows(self, columns: dict[str, Any], before: int, rows: int) -> Kept:
        """Some of these rows too, ``before`` which others of their partition came."""
        picked = np.arange(-before % self.stride, rows, self.stride)
        piece = {name: column[picked] for name, column in columns.items()}
        more = replace(self, places=(*self.places, before + picked), pieces=(*self.pieces, piece))
        return more.at(self.stride)

    def merged(self, other: Kept) -> Kept:
        """Those of both, thinned alike."""
        stride = max(self.stride, other.stride)
        a, b = self.at(stride), other.at(stride)
        return replace(a, places=a.places + b.places, pieces=a.pieces + b.pieces).at(stride)

    def at(self, stride: int) -> Kept:
        """Thinned to this distance, or to twice that until there are few enough."""
        now = self if stride == self.stride else self._thinned(stride)
        while sum(map(len, now.places)) > 2 * now.most:
            now = now._thinned(2 * now.stride)
        return now

    def _thinned(self, stride: int) -> Kept:
        stay = [places % stride == 0 for places in self.places]
        return Kept(
            self.most,
            stride,
            tuple(places[s] for places, s in zip(self.places, stay, strict=True)),
            tuple(
                {name: column[s] for name, column in piece.items()}
                for piece, s in zip(self.pieces, stay, strict=True)
            ),
        )

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


@dataclass(frozen=True, eq=False)
class FoundInPages:
    """What was found in some pages; the attributes are those of ``StreamingPass``.

    Attributes:
        low, high, largest: of the target's column the ends, of the target the greatest size.
        labels: that were met, an array for each page.
        kept: some rows.
        last: a row of the last page, and all that is known of its columns.
        digests: of each partition that is whole in them, where they are wanted.
    """

    observations: int
    low: float
    high: float
    largest: float
    labels: tuple[NDArray[Any], ...]
    features: Spread
    target: Spread
    column: Spread
    moments: Moments | None
    looks: ColumnChecks | None
    kept: Kept
    last: Frame
    digests: tuple[dict[str, Any], ...] = ()

    def merged(self, other: FoundInPages) -> FoundInPages:
        """What was found in both, whose pages follow one another."""
        sums, more = self.moments, other.moments
        if sums is not None and more is not None:
            sums = sums.merged(more) if more.total else sums
        looks, others = self.looks, other.looks
        if looks is not None and others is not None:
            looks = looks.merged(others)
        return FoundInPages(
            self.observations + other.observations,
            min(self.low, other.low),
            max(self.high, other.high),
            max(self.largest, other.largest),
            self.labels + other.labels,
            self.features.merged(other.features),
            self.target.merged(other.target),
            self.column.merged(other.column),
            sums,
            looks,
            self.kept.merged(other.kept),
            other.last,
            self.digests + other.digests,
        )


@dataclass(frozen=True)
class FirstLook:
    """What a partition is asked at first.

    Attributes:
        quadratic: whether the moments are wanted.
        kept: of the table, nothing yet.
    """

    quadratic: bool
    kept: Kept

    def of(self, table: PagedTable, number: int) -> tuple[FoundInPages | None, PassCounts]:
        """The partition of this number; None where no row of it is taken."""
        counts, found, blocks = PassCounts(), None, list[RowBlock]()
        loss, digest = table.asked.loss, table.new_digest()
        keeps = table.held.keeps and not loss.per_class and not (self.quadratic and loss.quadratic)
        for page in table.pages_of(number, counts, digest):
            more, block = self._page(table, page.frame, (page.before, page.weights), found)
            found = more if found is None else found.merged(more)
            if keeps:
                blocks.append(block)
        if found is not None and digest is not None:
            found = replace(found, digests=(digest.to_dict(),))
        if keeps:
            table.held.keep(number, blocks, counts)
        return found, counts

    def merge(self, first: FoundInPages | None, second: FoundInPages | None) -> FoundInPages | None:
        """What was found in both."""
        if first is None or second is None:
            return first or second
        return first.merged(second)

    def _page(
        self, table: PagedTable, frame: Frame, place: tuple[int, Any], before: FoundInPages | None
    ) -> tuple[FoundInPages, RowBlock]:
        asked, (number, given) = table.asked, place
        loss, name = asked.loss, asked.hypothesis.target
        labels: tuple[NDArray[Any], ...] = ()
        low, high = np.inf, -np.inf
        if loss.per_class:
            labels = (np.unique(target_columns.label_values(frame, name)),)
            y: Array = np.zeros(frame.rows)
        else:
            y = target_columns.numeric_targets(frame, name, loss)
            low, high = y.min(), y.max()
        weights = NOTHING if given is None else checks.usable_weights(frame, given)
        whole = y
        on_page, y = rows_of(frame, asked, y, 1)
        checks.finite(frame, asked.numbers, on_page.X)
        features, sums, looks = Spread(), None, None
        if isinstance(on_page, LinearRows):
            seen = None if before is None else before.looks
            looks = ColumnChecks.at(on_page.X) if seen is None else seen.also(on_page.X)
            if self.quadratic:
                sums = moments(on_page.X, y, weights)
            else:
                features = Spread.at(on_page.X, weights)
        columns = {**frame.columns, **({WEIGHTS: weights} if weights.size else {})}
        stride = self.kept.stride if before is None else before.kept.stride
        found = FoundInPages(
            int(np.count_nonzero(weights)) if weights.size else frame.rows,
            low,
            high,
            float(np.max(np.abs(y), initial=0.0)),
            labels,
            features,
            Spread.at(y[:, None], weights),
            Spread() if whole is y else Spread.at(whole[:, None], weights),
            sums,
            looks,
            Kept(self.kept.most, stride).with_rows(columns, number, frame.rows),
            frame.a_row(),
        )
        return found, RowBlock(on_page, y, weights).unlocked()


def read_once(table: PagedTable, quadratic: bool) -> StreamingPass:
    """Read the table once.

    Raises:
        DataError, UsageError: as for a table in memory.
    """
    asked, loss, name = table.asked, table.asked.loss, table.asked.hypothesis.target
    most = min(MOST_KEPT, MOST_NUMBERS // len(table.pages.chosen))
    found, counts = table.over(FirstLook(quadratic, Kept.of(most, table.pages.known_rows)))
    rows, left = counts.taken, counts.kept - counts.taken
    _check_whole(table, rows, left, 0.0 if found is None else found.target.total)
    assert found is not None  # there are rows
    if found.digests:
        table.digest.join(found.digests)
    last, looks, sums = found.last, found.looks, found.moments
    classes: tuple[Any, ...] = (0, 1) if loss.labels == "two" else ()
    if not table.scored:
        checks.refuse_tiny_target(last, name, loss, found.largest)
        if looks is not None:
            on_row = rows_of(last, asked, np.zeros(1), 1)[0]
            checks.refuse_tiny_features(asked.hypothesis, looks, on_row)
        if loss.labels == "two":
            target_columns.refuse_one_class(name, [f"{label:g}" for label in {found.low, found.high}])
        if found.labels:
            classes = target_columns.classes_of(found.labels, name, rows)
    features = found.features
    if sums is not None:
        d = len(sums.mean) - 1
        features = Spread(sums.total, sums.mean[:d], np.diag(sums.products)[:d])
    columns = found.kept.columns
    sample_weights = columns.pop(WEIGHTS, NOTHING)
    dropped = counts.rows - counts.kept
    sample = replace(last, columns=columns, rows_dropped=dropped, sources=(), kept=None)
    return StreamingPass(
        rows,
        dropped,
        found.target.total,
        classes,
        features,
        found.target,
        sums,
        looks,
        sample,
        sample_weights,
        found.observations,
        found.column if found.column.total else found.target,
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
