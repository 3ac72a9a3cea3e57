"""A table in files and what is to be fitted to it: each of its partitions page by page, here or in another process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from downslope.fitting import checks
from downslope.fitting import targets as target_columns
from downslope.fitting.categories import with_indicators
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.frame import Frame
from downslope.fitting.objective import RowBlock
from downslope.fitting.pages import Pages, Partition
from downslope.fitting.partitions.engine import InProcess, Look, PartitionEngine, PassCounts, Tally
from downslope.fitting.problem import Specification, rows_of
from downslope.fitting.rows import NOTHING
from downslope.fitting.table_digest import TableDigest

T = TypeVar("T")


@dataclass(frozen=True)
class DrawnRows:
    """Which rows of a table in files are taken: each is drawn by its number, and so alike at every pass.

    Args:
        part: of the rows that are held out, about.
        seed: by which they are drawn.
        unseen: whether those are taken that are held out, else the others.
    """

    part: float
    seed: int
    unseen: bool

    def taken(self, partition: int, before: int, rows: int) -> NDArray[np.bool_]:
        """Which of these rows of a partition, ``before`` which others of it came."""
        bits = np.random.PCG64(self.seed)
        bits = bits.jumped(partition) if partition else bits
        numbers = np.random.Generator(bits.advance(before)).random(rows)
        taken: NDArray[np.bool_] = (numbers < self.part) == self.unseen
        return taken


class TablePage(NamedTuple):
    """Rows of a partition that are taken.

    Attributes:
        frame: the rows.
        before: how many were taken before, of the same partition.
        weights: the name of their column, or a number for each, or None.
    """

    frame: Frame
    before: int
    weights: Any


class Held(Protocol):
    """Rows that a worker has read and may still have, by the number of their partition; nothing depends on it."""

    @property
    def keeps(self) -> bool:
        """Whether there is room for more."""

    def found(self, number: int) -> tuple[Sequence[RowBlock], PassCounts] | None:
        """What is held of a partition."""

    def keep(self, number: int, blocks: Sequence[RowBlock], counts: PassCounts) -> None:
        """Be offered the whole of a partition."""


class NothingHeld:
    """Rows are read from the files whenever they are wanted."""

    keeps = False

    def found(self, number: int) -> None:
        """Nothing."""

    def keep(self, number: int, blocks: Sequence[RowBlock], counts: PassCounts) -> None:
        """They are let go."""


@dataclass(frozen=True, eq=False)
class PagedTable:
    """A table in files, and what is to be fitted to it.

    Attributes:
        pages: the table.
        engine: works on its partitions.
        asked: what is to be fitted.
        digested: whether the first pass makes the digest, by which the table is known again.
        drawn: where not all of its rows are taken.
        held: what is still held of them, where they are worked on.
    """

    pages: Pages
    engine: PartitionEngine
    asked: Specification
    digested: bool = False
    drawn: DrawnRows | None = None
    held: Held = field(default_factory=NothingHeld)
    _rows_before: dict[int, int] = field(default_factory=lambda: {0: 0})  # of weights that are no column

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which works on partitions by itself."""
        kept = {name: value for name, value in self.__dict__.items() if name not in ("digest", "tallies")}
        return {**kept, "engine": InProcess(), "held": NothingHeld()}

    @property
    def partitions(self) -> Sequence[Partition]:
        """What it is cut into."""
        return self.pages.partitions

    @property
    def scored(self) -> bool:
        """Whether a fit is scored on it, so that it need not hold what can be fitted."""
        return self.drawn is not None and self.drawn.unseen

    @cached_property
    def digest(self) -> TableDigest:
        """Of the columns that are fitted."""
        return TableDigest((*self.asked.needed, *self.asked.hypothesis.sources))

    def new_digest(self) -> TableDigest | None:
        """For a partition that is gone over at first; None where no digest is wanted."""
        wanted = (self.digested or self.pages.once) and not self.digest.complete
        return TableDigest(self.digest.columns) if wanted else None

    def make_digest(self) -> TableDigest:
        """The digest, by a pass where none has made it."""
        if not self.digest.complete:
            digests, _ = self.over(_DigestLook())
            self.digest.join(digests)
        return self.digest

    def plain_digest(self) -> TableDigest:
        """The digest of the table as one, whatever it is cut into; by a pass in this process."""
        digest = TableDigest(self.digest.columns)
        for partition in self.partitions:
            for _ in self.pages_of(partition.number, PassCounts(), digest):
                pass
        digest.complete = True
        return digest

    def over(self, look: Look[T]) -> tuple[T, PassCounts]:
        """What a look at all partitions gives, by the engine.

        Raises:
            DataError: the rows will not do, the files have changed, or workers were lost too often.
        """
        found, tally = self.engine.over(self, look)
        self.pages.count_pass(tally.counts.pages, tally.counts.rows)
        self.tallies.append(tally)
        return found, tally.counts

    @cached_property
    def tallies(self) -> list[Tally]:
        """What was seen in every pass."""
        return []

    def pages_of(
        self, number: int, counts: PassCounts, digest: TableDigest | None = None
    ) -> Iterator[TablePage]:
        """The rows of a partition that are taken, without those that are left out; pages without any are passed by."""
        own = isinstance(self.asked.weights, str) or self.asked.weights is None
        before = 0 if own else self._rows_before[number]
        for page in self.pages.frames_of(self.partitions[number]):
            counts.pages, counts.rows = counts.pages + 1, counts.rows + page.rows
            frame = with_indicators(page, self.asked.hypothesis.categories)
            if self.asked.drop_missing:
                gone = checks.missing_rows(frame, self.asked.needed)
                if gone.all():
                    continue
                frame = frame.without(gone) if gone.any() else frame
            weights = self.asked.weights
            if weights is not None and not isinstance(weights, str):
                first = before + counts.kept
                weights = np.asarray(weights, np.float64)[first : first + frame.rows]
            counts.kept += frame.rows
            if self.drawn is not None:
                rows = self.drawn.taken(number, counts.kept - frame.rows, frame.rows)
                if not rows.any():
                    continue
                frame = frame.only(rows)
                weights = weights if weights is None or isinstance(weights, str) else weights[rows]
            if digest is not None:
                digest.add(frame)
                if weights is not None and not isinstance(weights, str):
                    digest.add_weights(weights)
            taken = counts.taken
            counts.taken += frame.rows
            yield TablePage(frame, taken, weights)
        self._rows_before[number + 1] = before + counts.kept

    def part(self, frame: Frame, weights: Any, classes: Sequence[Any]) -> RowBlock:
        """The hypothesis on a page, which is checked anew: a file can change between two passes."""
        name = self.asked.hypothesis.target
        if self.asked.loss.per_class:
            y = target_columns.coded(target_columns.label_values(frame, name), classes)
        else:
            y = target_columns.numeric_targets(frame, name, self.asked.loss)
        rows, y = rows_of(frame, self.asked, y, len(classes))
        checks.finite(frame, self.asked.numbers, rows.X)
        weighed = NOTHING if weights is None else checks.usable_weights(frame, weights)
        return RowBlock(rows, y, weighed).unlocked()

    def blocks_of(
        self, number: int, classes: Sequence[Any], counts: PassCounts, holds: bool = True
    ) -> Iterator[RowBlock]:
        """The hypothesis on every page of a partition, from what is held of it or from the file.

        ``holds``: whether it may be held for the next pass, which costs more than to read it once more.
        """
        known = self.held.found(number)
        if known is not None:
            blocks, seen = known
            counts.pages, counts.rows, counts.kept = seen.pages, seen.rows, seen.kept
            counts.taken, counts.read = seen.taken, 0
            for block in blocks:
                if isinstance(
                    block.rows, FormulaRows
                ):  # pickled by itself its terms may stand in another order
                    block.rows.hypothesis = self.asked.hypothesis
                yield block
            return
        read, holds = list[RowBlock](), holds and self.held.keeps
        for page in self.pages_of(number, counts):
            block = self.part(page.frame, page.weights, classes)
            if holds:
                read.append(block)
            yield block
        if holds:
            self.held.keep(number, read, counts)

    def elsewhere(self, held: Held) -> PagedTable:
        """The same where partitions are worked on, with what is held there."""
        return replace(self, held=held)


class _DigestLook:
    """Asks every partition for its digest."""

    def of(self, table: PagedTable, number: int) -> tuple[tuple[dict[str, Any], ...], PassCounts]:
        """That of the partition of this number."""
        counts, digest = PassCounts(), TableDigest(table.digest.columns)
        for _ in table.pages_of(number, counts, digest):
            pass
        return (digest.to_dict(),), counts

    def merge(
        self, first: tuple[dict[str, Any], ...], second: tuple[dict[str, Any], ...]
    ) -> tuple[dict[str, Any], ...]:
        """Those of both, in order."""
        return first + second
