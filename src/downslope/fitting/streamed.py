"""Fits of tables that stay in their files: the cost reads them page by page, at every evaluation anew."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np

from downslope.errors import DataError, UsageError
from downslope.explain.findings.finding import Finding
from downslope.fitting import checks
from downslope.fitting.addresses import size_of
from downslope.fitting.memory import available
from downslope.fitting.objective import DataObjective, RowBlock, sums_of
from downslope.fitting.paged_table import PagedTable
from downslope.fitting.pages import Pages
from downslope.fitting.partitions.engine import InProcess, PassCounts, by_workers
from downslope.fitting.problem import FitProblem, cost_of, notes_of
from downslope.fitting.rows import Array, LinearRows
from downslope.fitting.scanned import ScannedObjective
from downslope.fitting.streaming_pass import StreamingPass, read_once
from downslope.fitting.tables import paths_of
from downslope.fitting.text_format import DETECTED, TextFormat
from downslope.messages import Message, argument, message, plural, sentences
from downslope.objectives import Vector

T = TypeVar("T")
_CHANGED = message("It was not so when the file was first read: it has changed since.")
SMALL = 64 << 20  # bytes of files that are read into memory whatever is free
PART = 0.5  # of the free memory that a table may take
REMEMBERED = 16  # evaluations
MOST_SUMMED = 1_000  # parameters, the products of whose features are summed


@dataclass(frozen=True)
class RowsLook(Generic[T]):
    """What is asked of the rows of every partition.

    Attributes:
        work: the answer of some rows.
        join: makes one answer of two, whose rows follow one another.
        classes: the labels, for a loss that classifies.
        centre: from where the features of a linear hypothesis are measured.
        rows: how many the table has.
        evaluations: how often such sums are wanted of them, about.
        holds: whether workers may hold the rows for the next pass.
    """

    work: Callable[[RowBlock], T]
    join: Callable[[T, T], T]
    classes: tuple[Any, ...]
    centre: Array | None
    rows: int
    evaluations: int
    holds: bool = True

    def of(self, table: PagedTable, number: int) -> tuple[T | None, PassCounts]:
        """The answer of the partition of this number; None where no row of it is taken.

        Raises:
            DataError: the file has changed.
        """
        counts, found = PassCounts(), None
        try:
            for block in table.blocks_of(number, self.classes, counts, self.holds):
                more = self.work(self.prepared(block))
                found = more if found is None else self.join(found, more)
        except DataError as error:
            raise DataError(sentences(error.message, _CHANGED)) from error
        return found, counts

    def merge(self, first: T | None, second: T | None) -> T | None:
        """One answer of two."""
        if first is None or second is None:
            return second if first is None else first
        return self.join(first, second)

    def prepared(self, block: RowBlock) -> RowBlock:
        """The rows as the cost takes them."""
        rows = block.rows
        if isinstance(rows, LinearRows) and self.centre is not None:
            rows = rows.centred(self.centre)
        rows.expect(self.evaluations * -(-self.rows // rows.count))
        return block._replace(rows=rows)


class StreamedObjective(ScannedObjective):
    """The cost of a hypothesis on a table in files.

    What it has in memory (``rows``, ``y``, ``weights``) are some rows from the whole table, for whatever a sample is
    good enough for; sums over all rows read the files.

    Args:
        sample: the cost on those rows.
        table, scan: all rows, and what the first pass over them found.
    """

    streamed = True

    def __init__(self, sample: DataObjective, table: PagedTable, scan: StreamingPass) -> None:
        super().__init__(sample.block, sample.terms)
        self.sample, self.table, self.scan, self.total = sample, table, scan, scan.total
        self.summed = scan.moments is not None
        self.rereadable = not table.pages.once
        self._evaluations = 1
        self._sums: dict[bytes, Array] = {}

    def expect(self, evaluations: int) -> None:
        self._evaluations = evaluations

    def centred(self, centre: Array) -> StreamedObjective:
        other = StreamedObjective(self.sample.centred(centre), self.table, self.scan)
        other._evaluations = self._evaluations
        return other

    def _look(self, work: Callable[[RowBlock], T], join: Callable[[T, T], T]) -> RowsLook[T]:
        centre = self.linear.centre if isinstance(self.rows, LinearRows) else None
        holds = not (self.summed and self.loss.quadratic)  # whose moments say nearly all that is asked
        return RowsLook(work, join, self.scan.classes, centre, self.count, self._evaluations, holds)

    def over_parts(self, work: Callable[[RowBlock], T], join: Callable[[T, T], T] = operator.add) -> T:
        """See ``DataObjective``; by the engine of the table.

        Raises:
            DataError: the files have changed, or workers were lost too often.
        """
        found, counts = self.table.over(self._look(work, join))
        self._check_rows(counts)
        assert found is not None  # there are as many rows as there were
        return found

    def parts(self) -> Iterator[RowBlock]:
        """Every page with what the hypothesis makes of it, read in this process.

        Raises:
            DataError: the files have changed.
        """
        look, whole = self._look(_itself, operator.add), PassCounts(read=0)
        for partition in self.table.partitions:
            counts = PassCounts()
            try:
                for block in self.table.blocks_of(partition.number, self.scan.classes, counts):
                    yield look.prepared(block)
            except DataError as error:
                raise DataError(sentences(error.message, _CHANGED)) from error
            whole = whole.plus(counts)
        self.table.pages.count_pass(whole.pages, whole.rows)
        self._check_rows(whole)

    def _check_rows(self, counts: PassCounts) -> None:
        if counts.taken != self.count:
            raise DataError(
                message(
                    "{origin} had {count:,} rows at first and has {rows:,} now: it has changed.",
                    origin=self.table.pages.origin,
                    count=self.count,
                    rows=counts.taken,
                )
            )

    @property
    def said(self) -> tuple[Message, ...]:
        read = self.table.pages
        if not isinstance(self.table.engine, InProcess):
            return by_workers(self.table.engine, self.table.tallies)
        pages = plural("{n:,} page", "{n:,} pages", n=read.pages)
        if read.once:
            return (
                message(
                    "The table stayed in its files and was read once, in {pages}; the loss is that of these sums, as"
                    " no second look at the rows is possible.",
                    pages=pages,
                ),
            )
        return (
            plural(
                "The table stayed in its files and was read once, in {pages}.",
                "The table stayed in its files and was read {n} times, in {pages}.",
                n=read.passes,
                pages=pages,
            ),
        )

    def sums(self, theta: Array) -> Array:
        key = theta.tobytes()
        if key not in self._sums:
            if self.table.pages.once:
                self._sums[key] = self._by_moments(theta)
            else:
                self._sums[key] = self.over_parts(partial(sums_of, self.loss, theta), _added)
            while len(self._sums) > REMEMBERED:
                del self._sums[next(iter(self._sums))]
        return self._sums[key].copy()

    def _by_moments(self, theta: Array) -> Array:
        """The sums of a squared loss, from the moments."""
        m, rows = self.moments(), self.linear
        w, b = rows.split(theta)
        middle, d = m.mean[:-1] - rows.centre, len(w)
        middle = middle + m.left[:-1]
        residual = (b - m.mean[-1]) + float(w @ middle) - m.left[-1]
        bent = m.products[:d, :d] @ w - m.products[:d, d]
        out = np.empty(rows.size + 1)
        spread = float(w @ bent) - float(w @ m.products[:d, d]) + m.products[d, d]
        out[0] = m.total * residual**2 + max(spread, 0.0)
        out[1 + rows.at] = 2 * (m.total * residual * middle + bent)
        if rows.intercept is not None:
            out[1 + rows.intercept] = 2 * m.total * residual
        return out

    def curvature(self, x: Vector, rows: Any, least: float = 0.0, bound: float = 0.0) -> Array:
        return self.sample.curvature(x, rows, least, bound)


def _itself(block: RowBlock) -> RowBlock:
    return block


def _added(first: Array, second: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(first + second)


def pages_to_stream(
    table: Any, wanted: Collection[str] | None, stream: Any, asked: TextFormat = DETECTED
) -> Pages | None:
    """The pages of a table that is to stay in its files; None for one that is read into memory.

    Raises:
        UsageError: it is not in files, or ``stream`` is neither "auto" nor True nor False.
    """
    if not isinstance(stream, str | bool) or stream not in ("auto", True, False):
        raise UsageError(message("stream is {stream!r}; it can be 'auto', True or False.", stream=stream))
    if stream is False:
        return None
    paths = paths_of(table)
    if not paths:
        if stream is True:
            raise UsageError(
                message(
                    "stream=True reads files page by page, and this table is a {kind} in memory: give a"
                    " path, or leave stream out.",
                    kind=type(table).__name__,
                )
            )
        return None
    if stream is True:
        return Pages(paths, wanted, asked)
    if paths == ["-"] or not _large(paths):
        return None
    pages = Pages(paths, wanted, asked)
    return pages if pages.needs > PART * available() else None


def _large(paths: list[str]) -> bool:
    from downslope.fitting.files import matches_of

    try:
        return sum(size_of(match) for path in paths for match in matches_of(path)) > SMALL
    except OSError:  # to be named when it is read
        return False


def streamed_problem(table: PagedTable) -> FitProblem:
    """Check the whole table in one pass, and put the cost together.

    Raises:
        DataError: a value is missing, infinite, not a number, or not what the loss takes.
        UsageError: weights or penalties make no sense, or the table can be read once only and that is not enough.
    """
    asked, origin = table.asked, table.pages.origin
    h, loss = asked.hypothesis, asked.loss
    quadratic = loss.quadratic and h.linear is not None and not asked.as_formula and not asked.l1
    few = len(h.parameters) <= MOST_SUMMED or table.pages.once
    if table.pages.once and not quadratic:
        raise UsageError(
            message(
                "{origin} can be read only once, and page by page that is enough only for a squared"
                " loss of a hypothesis that is linear in its parameters, without l1. Save it as a"
                " file, or have it read into memory ({option}).",
                origin=origin,
                option=argument("stream", False),
            )
        )
    r2_asks = h.linear is not None and h.linear.intercept is None and not asked.as_formula
    scan = read_once(
        table, few and (quadratic or (r2_asks and loss.link == "identity"))
    )  # see ``about_zero``
    objective = streamed_cost(table, scan)
    notes = notes_of(scan.sample, asked)
    found: tuple[Finding, ...] = ()
    if scan.looks is not None and isinstance(objective.rows, LinearRows):
        found = tuple(checks.undetermined_columns(scan.looks, h, objective.rows, scan.rows))
    objective.notes = (*notes, *h.doubts, *(finding.message for finding in found))
    return FitProblem(scan.sample, h, loss, objective, scan.classes, tuple(notes), h.doubts, found)


def streamed_cost(table: PagedTable, scan: StreamingPass) -> StreamedObjective:
    """The cost on a table in files, of which a first pass was made."""
    part = table.part(scan.sample, None, scan.classes)
    sample = cost_of(table.asked, part._replace(weights=scan.sample_weights))
    return StreamedObjective(sample, table, scan)
