"""Products of matrices as loops over tiles: for each, what is read of both is used several times.

A tile is some rows by as many columns as there are lanes; or some rows by one column, where sums along rows lie side by
side. Each element is summed up in the order of its terms, whatever the tiles, so that no bit depends on them; threads
share the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from downslope.programs.element_writer import ElementWriter
from downslope.programs.places import ElementPlace, flattened
from downslope.programs.tasks import Task
from downslope.symbolic.lanes import LONG, WIDTH, Lanes
from downslope.symbolic.lanes.machine import has

MOST_TILED = (
    1 << 20
)  # numbers that are read again for each row of tiles: 8 MB, which caches that cores share hold
FEWEST_OF_A_BLOCK = 1 << 15  # multiplications, that one thread makes at once
FEWEST_STREAMS = 64  # vectors side by side: of less, memory would be read in pieces that are too short
TERMS = 8  # that are added to a sum in memory at once
ALONG = 2  # the axis of the sums, after those of rows and columns


def tile_rows() -> int:
    """Of so many rows the sums and what they are made of fit in the processor's registers."""
    return 8 if has("avx512f") else 4


class ProductWriter:
    """Writes a product, (rows, columns, terms), into a plan.

    Args:
        writer: where.
        task: the product.
        lane: the axis along which there are several elements at a time.
    """

    def __init__(self, writer: ElementWriter, task: Task, lane: int) -> None:
        self.writer, self.task, self.lane = writer, task, lane
        self.rows = 1 - lane if lane < ALONG else 0
        self.target = flattened(ElementPlace(task.place.along[:ALONG]), task.domain[:ALONG])

    @property
    def in_tiles(self) -> bool:
        """Whether it is made so: where one row of tiles reads no more than is read again from a cache."""
        domain = self.task.domain
        read = domain[ALONG] * (domain[self.lane] if self.lane < ALONG else 1)
        return domain[self.rows] >= tile_rows() and read <= MOST_TILED

    @property
    def shared(self) -> bool:
        """Whether threads share it."""
        w = self.writer
        possible = self.in_tiles or (self.lane < ALONG and self.task.domain[self.lane] >= WIDTH)
        return w.team is not None and w.group is not None and w.group.shared and possible

    def write(self) -> None:
        """All of it."""
        if not self.in_tiles:
            self._write_streams()
            return
        count = self.task.domain[self.rows]
        whole, left = divmod(count, tile_rows())

        def rest() -> None:
            self._tile([LONG(count - left + k) for k in range(left)])

        w = self.writer
        if not self.shared:
            w.loop(whole, [], self._turn(LONG(0)))
            if left:
                rest()
            return
        self._share(whole, lambda begin, count: w.loop(count, [], self._turn(begin)))
        if left:
            w.led(rest)

    def _share(self, count: int, body: Callable[[Any, Any], Any], fewest: int = 1) -> None:
        """So many tiles or streams, in blocks of at least ``fewest``: ``body(first, how many)``."""
        blocks, w = max(1, min(count // fewest, self.task.size // FEWEST_OF_A_BLOCK)), self.writer

        def share(block: Any) -> None:
            begin, end = (
                w.b.udiv(w.b.mul(number, LONG(count)), LONG(blocks))
                for number in (block, w.b.add(block, LONG(1)))
            )
            body(begin, w.b.sub(end, begin))

        w.shared(blocks, share)

    def _write_streams(self) -> None:
        """Few rows of many terms, of which those of the same place in all sums lie side by side in memory: the sums are
        kept there, and some terms at a time are added to them."""
        w, task, lane = self.writer, self.task, self.lane
        whole, left = divmod(task.domain[lane], WIDTH)
        terms = task.domain[ALONG]

        def add(first: Any, count: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
            def turn(_: Sequence[Any]) -> Sequence[Any]:
                total = w.read(w.layout.memory[task.node], self.target)
                for k in range(count):
                    self._move(ALONG, w.b.add(first, LONG(k)))
                    total = total + w.as_numbers(w.value(task.root, task.place))
                w.store(w.layout.memory[task.node], self.target, total)
                w.note_refused()
                return []

            return turn

        def clear(_: Sequence[Any]) -> Sequence[Any]:
            w.store(w.layout.memory[task.node], self.target, w.w.number(0.0))
            return []

        def stream(over: Callable[[Any], Any]) -> None:
            w.over(self.rows, task.domain[self.rows], [], lambda _: over(clear))

            def some_terms(i: Any, _: Sequence[Any]) -> Sequence[Any]:
                body = add(w.b.mul(i, LONG(TERMS)), TERMS)
                return w.over(self.rows, task.domain[self.rows], [], lambda _: over(body))

            blocks, over_terms = divmod(terms, TERMS)
            if blocks:
                w.loop(blocks, [], some_terms)
            if over_terms:
                body = add(LONG(blocks * TERMS), over_terms)
                w.over(self.rows, task.domain[self.rows], [], lambda _: over(body))

        def some(begin: Any, count: Any) -> None:
            def over(body: Any) -> list[Any]:
                def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
                    w.counters[lane] = w.b.mul(w.b.add(i, begin), LONG(WIDTH))
                    return list(body(held))

                w.lane = lane
                after = w.loop(count, [], turn)
                w.lane = None
                return after

            stream(over)

        def rest() -> None:
            def over(body: Any) -> list[Any]:
                w.lane, w.counters[lane] = lane, LONG(whole * WIDTH)
                after = w.alone(left, lambda: body([]))
                w.lane = None
                return after

            stream(over)

        self._share(whole, some, fewest=FEWEST_STREAMS)
        if left:
            w.led(rest)

    def _turn(self, begin: Any) -> Callable[[Any, Sequence[Any]], Sequence[Any]]:
        def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
            b, rows = self.writer.b, tile_rows()
            first = b.mul(b.add(i, begin), LONG(rows))
            self._tile([b.add(first, LONG(k)) for k in range(rows)])
            return held

        return turn

    def _tile(self, places: Sequence[Any]) -> None:
        """These rows of the product."""
        w, task = self.writer, self.task
        nothing = [w.w.number(0.0).code] * len(places)

        def across_lanes(_: Sequence[Any]) -> Sequence[Any]:
            totals = w.over(ALONG, task.domain[ALONG], nothing, self._adding(places))
            for place, total in zip(places, totals, strict=True):
                self._move(self.rows, place)
                w.store(w.layout.memory[task.node], self.target, Lanes(w.w, total, False))
            return []

        def along_lanes(_: Sequence[Any]) -> Sequence[Any]:
            totals = w.over_lanes(ALONG, task.domain[ALONG], nothing, self._adding(places))
            for place, total in zip(places, totals, strict=True):
                self._move(self.rows, place)
                number = w.across("sum", total)
                w.b.store(number, w.pointer(w.layout.memory[task.node], self.target))
            return []

        if self.lane < ALONG:
            w.over_lanes(self.lane, task.domain[self.lane], [], across_lanes)
        else:
            w.over(1, task.domain[1], [], along_lanes)

    def _adding(self, places: Sequence[Any]) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """The next terms of the sums of all rows."""
        w, task = self.writer, self.task

        def add(held: Sequence[Any]) -> Sequence[Any]:
            new = []
            for place, total in zip(places, held, strict=True):
                self._move(self.rows, place)
                value = w.as_numbers(w.value(task.root, task.place))
                if self.lane == ALONG and w.active < WIDTH:
                    value = w.w.select(w.first_lanes(w.active), value, 0.0)
                new.append((Lanes(w.w, total, False) + value).code)
            w.note_refused()
            return new

        return add

    def _move(self, axis: int, place: Any) -> None:
        """Go to another place along an axis; what does not lie in it is still known."""
        w = self.writer
        w.counters[axis] = place
        w.memo = {
            (node, where): lanes
            for (node, where), lanes in w.memo.items()
            if all(not affine.times(axis) for affine in where.along)
        }
