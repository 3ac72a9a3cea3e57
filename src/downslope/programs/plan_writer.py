"""A plan as LLVM instructions: loops of vector instructions, eight elements at a time.

The function written is ``step(out, in, data)``, as step maps are called (``descent/kernel.py``): it reads inputs from
one buffer and writes outputs to another. ``data`` points to the addresses of everything else: memory for what is
kept, tables, calls of libraries. It returns whether a number left the range that vector instructions compute rightly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from llvmlite import ir

from downslope.programs.element_writer import NEUTRAL, SCALAR, ElementWriter
from downslope.programs.node import ArrayNode, Shape
from downslope.programs.places import Affine, ElementPlace, flattened, mapped
from downslope.programs.plan import Kind, LoopGroup, Task, below
from downslope.symbolic.lanes import BITS, LONG, WIDTH, Lanes

STREAMED = 1 << 15  # elements, from which a sum over rows goes through memory row by row


class PlanWriter(ElementWriter):
    """Writes the groups of a plan one after the other."""

    def write(self) -> None:
        """Everything; afterwards ``b`` is where the function goes on, and numbers can be asked for."""
        for group in self.plan.groups:
            self.group = group
            self.begin()
            if group.tasks[0].flat:
                self._write_rows(group)
            else:
                self._write_nest(group.tasks[0])
        self.group = self.task = None
        self.begin(last=True)

    def _write_rows(self, group: LoopGroup) -> None:
        edges = {0, *(task.size for task in group.tasks)}
        at = self.plan.groups.index(group)
        for node, uses in self.plan.uses.items():
            here = any(where[0] == at for where in uses)
            if (
                node.operation == "assemble"
                and here
                and (node not in self.plan.kept or self.is_made_here(node))
            ):
                for part, (axis,) in zip(node.operands, node.detail, strict=True):
                    edges.update((axis.start, axis.start + part.size))
        most = max(task.size for task in group.tasks)
        bounds = sorted(edge for edge in edges if edge <= most)
        totals = [task for task in group.tasks if task.kind is Kind.REDUCE]
        sums = [self.w.number(NEUTRAL[task.node.detail[0]]).code for task in totals]
        for begin, end in pairwise(bounds):
            self.segment = (begin, end)
            sums = self._write_segment(group, totals, sums)
        for task, total in zip(totals, sums, strict=True):
            self._keep_total(task, total)
        self.close()

    def _write_segment(self, group: LoopGroup, totals: list[Task], sums: list[Any]) -> list[Any]:
        begin, end = self.segment
        length = end - begin
        self.lane = 0
        if length < WIDTH:
            self.counters[0] = LONG(begin)
            fresh = Lanes(self.w, self._first(length), True)
            sums = self.alone(length, lambda: self._write_body(group, totals, sums, fresh))
        else:
            last = LONG(end - WIDTH)

            def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
                at = self.b.add(self.b.mul(i, LONG(WIDTH)), LONG(begin))
                if length % WIDTH == 0:
                    self.counters[0] = at
                    return self._write_body(group, totals, list(held), None)
                here = self.b.select(self.b.icmp_signed("<", at, last), at, last)
                self.counters[0] = here
                new = self._lanes_from(self.b.sub(here, at))  # the last eight may have been seen in part
                return self._write_body(group, totals, list(held), new)

            sums = self.loop(-(-length // WIDTH), sums, turn)
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
        value = self.spread(self.b, self.across(task.node.detail[0], total))
        if task.node.truth:
            value = self.b.fcmp_ordered(">", value, self.w.number(0.5).code)
        self.fixed[task.node, SCALAR] = Lanes(self.w, value, True)

    def _first(self, count: int) -> Any:
        """Whether each lane is one of the first ``count``."""
        return ir.Constant(BITS, [ir.Constant(BITS.element, int(k < count)) for k in range(WIDTH)])

    def _lanes_from(self, past: Any) -> Lanes:
        """Whether each lane has not been seen: the last ``-past`` of them."""
        places = ir.Constant(ir.VectorType(LONG, WIDTH), [ir.Constant(LONG, k) for k in range(WIDTH)])
        shifted = self.b.add(places, self.spread(self.b, past))
        zero = ir.Constant(shifted.type, [ir.Constant(LONG, 0)] * WIDTH)
        return Lanes(self.w, self.b.icmp_signed(">=", shifted, zero), False)

    # --- loops along axes -----------------------------------------------------------------------

    def _write_nest(self, task: Task) -> None:
        self.task = task
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
            self._reduce_nest(task)
        self.close()

    def _reduce_nest(self, task: Task) -> None:
        stored = len(task.domain) - task.reduced
        name = task.node.detail[0] if task.node.operation == "reduce" else "sum"
        lane = self._best_axis(task.root, task.place, task.domain)
        target = flattened(ElementPlace(task.place.along[:stored]), task.domain[:stored])
        if name == "sum" and lane < stored and task.size >= STREAMED:
            self.fill(task.node)
            order = [*range(stored, len(task.domain)), *(k for k in range(stored) if k != lane)]
            self._loops(
                order,
                lane,
                task.domain,
                lambda: self.add(task.node, target, self.value(task.root, task.place)),
            )
            return
        neutral = self.w.number(NEUTRAL[name]).code
        inner = [k for k in range(stored, len(task.domain)) if k != lane]

        def add_up(held: Sequence[Any]) -> Sequence[Any]:
            value = self.as_numbers(self.value(task.root, task.place))
            self.note_refused()
            if lane >= stored and self.active < WIDTH:
                value = self.w.select(Lanes(self.w, self._first(self.active), True), value, NEUTRAL[name])
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
