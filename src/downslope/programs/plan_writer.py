"""A plan as LLVM instructions: loops of vector instructions, eight elements at a time.

The function written is ``step(out, in, data)``, as step maps are called (``descent/kernel.py``): it reads inputs from
one buffer and writes outputs to another. ``data`` points to the addresses of everything else: memory for what is
kept, tables, calls of libraries. It returns whether a number left the range that vector instructions compute rightly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from llvmlite import ir

from downslope.programs.alike import AlikeLoops, RowWriter
from downslope.programs.element_writer import NEUTRAL
from downslope.programs.loops import MemoryLayout
from downslope.programs.node import ArrayNode, Shape
from downslope.programs.places import Affine, ElementPlace, flattened, mapped
from downslope.programs.plan import segments
from downslope.programs.product_writer import ProductWriter
from downslope.programs.tasks import Kind, LoopGroup, Task, below
from downslope.programs.team import BLOCK
from downslope.symbolic.lanes import DOUBLES, LONG, WIDTH, Lanes, vector_of

STREAMED = 1 << 15  # elements, from which a sum over rows goes through memory row by row


class _Run(NamedTuple):
    """Elements of a segment, one after the other.

    Attributes:
        begin: the first of them.
        turns: of the loop over them, a whole number or one that is known there.
        last: the first of the last eight, where their number is none of eights; else None.
    """

    begin: Any
    turns: Any
    last: Any


def blocks_of(begin: int, end: int) -> int:
    """In how many blocks a segment is cut that is shared: the last one may be longer than the others."""
    return max(1, (end - begin) // BLOCK)


class PlanWriter(RowWriter):
    """Writes the groups of a plan one after the other."""

    def write(self) -> None:
        """Everything; afterwards ``b`` is where the function goes on, and numbers can be asked for."""
        alike = AlikeLoops(self)
        for group in self.plan.groups:
            self.group = group
            self.begin()
            if group.tasks[0].flat:
                if not alike.call(group):
                    self.write_rows(group)
                self.close(self.is_shared(group))
            else:
                self._write_nest(group.tasks[0])
        self.group = self.task = None
        self.begin(last=True)

    def inner(self, layout: MemoryLayout, function: Any, builder: ir.IRBuilder) -> PlanWriter:
        """A writer of loops of the same plan into a function of its own, where arrays lie elsewhere."""
        return PlanWriter(self.plan, layout, function, builder)

    def write_rows(self, group: LoopGroup) -> None:
        """A loop row by row."""
        if self.is_shared(group):
            self._write_blocks(group)
            return
        totals = [task for task in group.tasks if task.kind is Kind.REDUCE]
        sums = self._neutrals(totals)
        for begin, end in segments(self.plan, group):
            self.segment = (begin, end)
            last = LONG(end - WIDTH) if (end - begin) % WIDTH else None
            run = _Run(LONG(begin), -(-(end - begin) // WIDTH), last)
            sums = self._write_segment(group, totals, sums, run)
        for task, total in zip(totals, sums, strict=True):
            self._keep_total(task, total)

    def _neutrals(self, totals: list[Task]) -> list[Any]:
        return [self.w.number(NEUTRAL[task.node.detail[0]]).code for task in totals]

    def _write_blocks(self, group: LoopGroup) -> None:
        """A loop row by row in blocks, whose sums are kept and then added up in their order."""
        totals = [task for task in group.tasks if task.kind is Kind.REDUCE]
        parts = segments(self.plan, group)
        counts = [blocks_of(*segment) for segment in parts]

        def write(block: Any) -> None:
            done, first = self.function.append_basic_block(), 0
            for segment, count in zip(parts, counts, strict=True):
                following = self.function.append_basic_block()
                here = self.function.append_basic_block()
                self.b.cbranch(self.b.icmp_signed("<", block, LONG(first + count)), here, following)
                self.at(ir.IRBuilder(here))
                self.segment = segment
                run = self._block_of(self.b.sub(block, LONG(first)), count)
                sums = self._write_segment(group, totals, self._neutrals(totals), run)
                for k, total in enumerate(sums):
                    self.b.store(total, self._partial(block, k, len(totals)), align=8)
                self.b.branch(done)
                self.at(ir.IRBuilder(following))
                first += count
            self.b.branch(done)
            self.at(ir.IRBuilder(done))

        def add_up() -> None:
            def turn(block: Any, held: Sequence[Any]) -> Sequence[Any]:
                found = [
                    self.b.load(self._partial(block, k, len(totals)), align=8) for k in range(len(totals))
                ]
                return [
                    self.combined(
                        task.node.detail[0], Lanes(self.w, total, False), Lanes(self.w, part, False)
                    ).code
                    for task, total, part in zip(totals, held, found, strict=True)
                ]

            for task, total in zip(totals, self.loop(sum(counts), self._neutrals(totals), turn), strict=True):
                self._keep_total(task, total)

        self.shared(sum(counts), write)
        if totals:
            self.led(add_up)

    def _block_of(self, block: Any, count: int) -> _Run:
        """A block of the segment that is being written."""
        begin, end = self.segment
        b = self.b
        here = b.add(b.mul(block, LONG(BLOCK)), LONG(begin))
        stop = b.select(b.icmp_signed("==", block, LONG(count - 1)), LONG(end), b.add(here, LONG(BLOCK)))
        turns = b.lshr(b.add(b.sub(stop, here), LONG(WIDTH - 1)), LONG(WIDTH.bit_length() - 1))
        last = b.sub(stop, LONG(WIDTH)) if (end - begin) % WIDTH else None
        return _Run(here, turns, last)

    def _partial(self, block: Any, k: int, among: int) -> Any:
        """Where the k-th sum of a block is kept."""
        assert self.layout.partial is not None
        location, b = self.layout.partial, self.b
        place = b.add(b.mul(block, LONG(among * WIDTH)), LONG(k * WIDTH + location.offset))
        return b.bitcast(b.gep(location.pointer, [place]), DOUBLES.as_pointer())

    def _write_segment(self, group: LoopGroup, totals: list[Task], sums: list[Any], run: _Run) -> list[Any]:
        length = self.segment[1] - self.segment[0]
        self.lane = 0
        if length < WIDTH:
            self.counters[0] = run.begin
            fresh = self.first_lanes(length)
            sums = self.alone(length, lambda: self._write_body(group, totals, sums, fresh))
        else:

            def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
                at = self.b.add(self.b.mul(i, LONG(WIDTH)), run.begin)
                if run.last is None:
                    self.counters[0] = at
                    return self._write_body(group, totals, list(held), None)
                here = self.b.select(self.b.icmp_signed("<", at, run.last), at, run.last)
                self.counters[0] = here
                new = self._lanes_from(self.b.sub(here, at))  # the last eight may have been seen in part
                return self._write_body(group, totals, list(held), new)

            sums = self.loop(run.turns, sums, turn)
        self.lane = None
        return sums

    def _write_body(
        self, group: LoopGroup, totals: list[Task], sums: list[Any], fresh: Lanes | None
    ) -> list[Any]:
        sums = list(sums)
        for task in group.tasks:
            if self.segment[1] > task.size:
                continue
            self.task = task
            value = self.value(task.root, task.place)
            if task.kind is Kind.STORE:
                self.store(self.target(task), flattened(task.place, task.domain), value)
            else:
                k, name = totals.index(task), task.node.detail[0]
                if fresh is not None:
                    value = self.w.select(fresh, self.as_numbers(value), NEUTRAL[name])
                sums[k] = self.combined(name, Lanes(self.w, sums[k], False), self.as_numbers(value)).code
        self.note_refused()
        return sums

    def _keep_total(self, task: Task, total: Any) -> None:
        lanes = self.know_total(task.node, self.across(task.node.detail[0], total))
        if task.node in self.layout.memory:  # for a library to read, or the other threads
            self.store(self.layout.memory[task.node], Affine(0), lanes)

    def _lanes_from(self, past: Any) -> Lanes:
        """Whether each lane has not been seen: the last ``-past`` of them."""
        places = ir.Constant(ir.VectorType(LONG, WIDTH), [ir.Constant(LONG, k) for k in range(WIDTH)])
        shifted = self.b.add(places, self.spread(self.b, past))
        return Lanes(self.w, self.b.icmp_signed(">=", shifted, vector_of(LONG(0), WIDTH)), False)

    # --- loops along axes -----------------------------------------------------------------------

    def _write_nest(self, task: Task) -> None:
        self.task, shared = task, False
        if task.kind is Kind.LIBRARY:
            self._call_library(task.node)
        elif task.kind is Kind.ASSEMBLE:
            self.fill(task.node)
            for part, axes in zip(task.node.operands, task.node.detail, strict=True):
                place = ElementPlace(tuple(Affine.counter(k) for k in range(len(part.shape))))
                target = flattened(mapped(axes, place), task.node.shape)
                self._nest(part, place, part.shape, partial(self.add, task.node, target))
        elif task.kind is Kind.SCATTER:
            self.fill(task.node)
            self._nest(task.root, task.place, task.domain, lambda value: self.scatter(task, value))
        elif task.kind is Kind.STORE:
            target = flattened(task.place, task.domain)
            self._nest(task.root, task.place, task.domain, lambda v: self.store(self.target(task), target, v))
        else:
            shared = self._reduce_nest(task)
        self.close(shared)

    def _reduce_nest(self, task: Task) -> bool:
        """Numbers for the last axes; whether threads share it."""
        stored = len(task.domain) - task.reduced
        name = task.node.detail[0] if task.node.operation == "reduce" else "sum"
        lane = self._best_axis(task.root, task.place, task.domain)
        target = flattened(ElementPlace(task.place.along[:stored]), task.domain[:stored])
        if task.node.operation == "matmul":
            product = ProductWriter(self, task, lane)
            if product.in_tiles or product.shared:
                product.write()
                return product.shared
        if name == "sum" and lane < stored and task.size >= STREAMED:
            self.fill(task.node)
            order = [*range(stored, len(task.domain)), *(k for k in range(stored) if k != lane)]
            self._loops(
                order,
                lane,
                task.domain,
                lambda: self.add(task.node, target, self.value(task.root, task.place)),
            )
            return False
        neutral = self.w.number(NEUTRAL[name]).code
        inner = [k for k in range(stored, len(task.domain)) if k != lane]

        def add_up(held: Sequence[Any]) -> Sequence[Any]:
            value = self.as_numbers(self.value(task.root, task.place))
            self.note_refused()
            if lane >= stored and self.active < WIDTH:
                value = self.w.select(self.first_lanes(self.active), value, NEUTRAL[name])
            return [self.combined(name, Lanes(self.w, held[0], False), value).code]

        def all_rows(axes: list[int], held: Sequence[Any]) -> Sequence[Any]:
            if axes:
                axis, *rest = axes
                return self.over(axis, task.domain[axis], held, lambda h: all_rows(rest, h))
            if lane >= stored:
                return self.over_lanes(lane, task.domain[lane], held, add_up)
            return add_up(held)

        def one() -> None:
            (total,) = all_rows(inner, [neutral])
            if not stored:
                self._keep_total(task, total)
            elif lane < stored:
                self.store(self.layout.memory[task.node], target, Lanes(self.w, total, False))
            else:
                number = self.across(name, total)
                self.b.store(number, self.pointer(self.layout.memory[task.node], target))

        outer = [k for k in range(stored) if k != lane]
        self._loops(outer, lane if lane < stored else None, task.domain, one)
        return False

    def _nest(
        self, root: ArrayNode, place: ElementPlace, domain: Shape, done: Callable[[Lanes], None]
    ) -> None:
        """Every element of a node, several of the best axis at a time."""
        lane = self._best_axis(root, place, domain) if domain else None
        order = [k for k in range(len(domain)) if k != lane]
        self._loops(order, lane, domain, lambda: done(self.value(root, place)))

    def _loops(
        self, axes: list[int], lane: int | None, domain: Sequence[int], body: Callable[[], None]
    ) -> None:
        """Loops over these axes, the last of all over the lanes."""

        def within(held: Sequence[Any]) -> Sequence[Any]:
            if rest:
                self._loops(rest, lane, domain, body)
            elif lane is not None:
                self.over_lanes(lane, domain[lane], [], once)
            else:
                once([])
            return []

        def once(_: Sequence[Any]) -> Sequence[Any]:
            body()
            self.note_refused()
            return []

        if not axes:
            rest: list[int] = []
            within([])
            return
        axis, *rest = axes
        self.over(axis, domain[axis], [], within)

    def _best_axis(self, root: ArrayNode, place: ElementPlace, domain: Shape) -> int:
        """The axis along which most of what is read lies side by side; of equal ones a long one, then the last."""
        axes = range(len(domain))
        beside = dict.fromkeys(axes, 0)
        seen, stack = {(root, place)}, [(root, place)]
        while stack:
            node, there = stack.pop()
            if node.shape == ():
                continue
            if node in self.plan.kept and (self.task is None or node is not self.task.node):
                flat = flattened(there, node.shape) if there.along else Affine(0)
                for axis in axes:
                    beside[axis] += {1: 3, 0: 1}.get(flat.times(axis), 0)
                continue
            for child in below(node, there, self.task):
                if child not in seen and child[1].along:
                    seen.add(child)
                    stack.append(child)
        return max(axes, key=lambda k: (domain[k] >= WIDTH, beside[k], k))

    def _call_library(self, node: ArrayNode) -> None:
        self.b.call(self.layout.libraries[node], [self.function.args[1], self.function.args[0]])
