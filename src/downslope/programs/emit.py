"""A plan as LLVM instructions: loops of vector instructions, eight elements at a time.

The function written is ``step(out, in, data)``, as step maps are called (``descent/kernel.py``): it reads inputs from one
buffer and writes outputs to another. ``data`` points to the addresses of everything else: memory for what is kept,
tables, calls of libraries. It returns whether a number left the range that vector instructions compute rightly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir

from downslope.programs.elements import element
from downslope.programs.node import ELEMENTS, Node, Table
from downslope.programs.places import Affine, Place, flattened, mapped
from downslope.programs.plan import Group, Kind, Plan, Task, below
from downslope.symbolic.lanes import BITS, DOUBLE, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes

POINTER, LONGS_AT = DOUBLE.as_pointer(), LONG.as_pointer()
_LANE = ir.IntType(32)
_SCALAR = Place(())
_NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf, "all": 1.0, "any": 0.0}
STREAMED = 1 << 15  # elements, from which a sum over rows goes through memory row by row

Body = Callable[[Sequence[Any]], Sequence[Any]]


class Location:
    """Where in memory an array begins: a pointer and a number of elements."""

    def __init__(self, pointer: Any, offset: int = 0) -> None:
        self.pointer, self.offset = pointer, offset


class Emitter:
    """Writes the groups of a plan one after the other into a function.

    Args:
        plan: what is computed in which loops.
        function: of three pointers, whose entry block is written to.
        memory: where the arrays that are kept lie, numbers among the inputs included.
        libraries: for tasks that are left to a library, the address of what is called with both buffers.
    """

    def __init__(
        self,
        plan: Plan,
        function: Any,
        memory: Mapping[Node, Location],
        libraries: Mapping[Node, Any],
        builder: ir.IRBuilder,
        targets: Mapping[int, Location],
        tables: Mapping[Table, Location],
    ) -> None:
        self.plan, self.function, self.memory, self.libraries = plan, function, memory, libraries
        self.targets, self.tables = targets, tables
        self.b = builder
        self.w = LaneBuilder(builder, builder)
        self.bad = builder.alloca(BITS)
        builder.store(ir.Constant(BITS, [ir.Constant(BITS.element, 0)] * WIDTH), self.bad)
        self._good = self.w.bad
        self.fixed: dict[tuple[Node, Place], Lanes] = {}
        self.memo: dict[tuple[Node, Place], Lanes] = {}
        self.counters: dict[int, Any] = {}
        self.lane: int | None = None  # the counter that goes over several elements at once
        self.active = WIDTH  # how many of them
        self.segment: tuple[int, int] = (0, 0)
        self.task: Task | None = None
        self.group: Group | None = None

    def write(self) -> None:
        """Everything; afterwards ``b`` is where the function goes on, and numbers can be asked for."""
        for group in self.plan.groups:
            self.group = group
            self._begin()
            if group.tasks[0].flat:
                self._write_rows(group)
            else:
                self._write_nest(group.tasks[0])
        self.group = self.task = None
        self._begin()

    def number(self, node: Node) -> Any:
        """A node of shape () as one float64."""
        value = self._value(node, _SCALAR)
        code = self._as_numbers(value).code
        return self.w.before.extract_element(code, _LANE(0))

    def refused(self) -> Any:
        """Whether a number left the range that is computed rightly, as one bit."""
        self._note_refused()
        bits = self.b.bitcast(self.b.load(self.bad), ir.IntType(WIDTH))
        return self.b.icmp_unsigned("!=", bits, bits.type(0))

    # --- blocks ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        """What does not change within the loops that come is written from here on to where we are."""
        self.memo = {}
        self._forget_unfixed({})
        self.w.before = self.b
        self._at(ir.IRBuilder(self.function.append_basic_block()))
        self._entry = self.b.block
        if self.group is None:
            self.w.before.branch(self._entry)
            self.w.before = self.b

    def _close(self) -> None:
        """The loops are written: what comes before them leads to them."""
        self.w.before.branch(self._entry)

    def _at(self, builder: ir.IRBuilder) -> None:
        self.b = self.w.inside = builder

    def _forget_unfixed(self, known: dict[Any, Lanes]) -> None:
        fixed = {key: lanes for key, lanes in self.w.known.items() if lanes.fixed}
        self.w.known = {**known, **fixed}

    def _loop(self, count: int, carried: Sequence[Any], body: Callable[[Any, Sequence[Any]], Sequence[Any]]) -> list[Any]:
        """``for i in range(count): carried = body(i, carried)``; what is carried after it."""
        memo, known = dict(self.memo), dict(self.w.known)
        if count == 1:
            after = list(body(LONG(0), carried))
            self.memo = memo
            self._forget_unfixed(known)
            return after
        before, head = self.b.block, self.function.append_basic_block()
        self.b.branch(head)
        self._at(ir.IRBuilder(head))
        i = self.b.phi(LONG)
        i.add_incoming(LONG(0), before)
        held = [self.b.phi(value.type) for value in carried]
        for phi, value in zip(held, carried, strict=True):
            phi.add_incoming(value, before)
        after = body(i, held)
        following = self.b.add(i, LONG(1))
        i.add_incoming(following, self.b.block)
        for phi, value in zip(held, after, strict=True):
            phi.add_incoming(value, self.b.block)
        end = self.function.append_basic_block()
        self.b.cbranch(self.b.icmp_signed("<", following, LONG(count)), head, end)
        self._at(ir.IRBuilder(end))
        self.memo = memo
        self._forget_unfixed(known)
        return list(after)

    def _over(self, counter: int, length: int, carried: Sequence[Any], body: Body) -> list[Any]:
        """A loop over the elements of an axis, one at a time."""

        def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
            self.counters[counter] = i
            return body(held)

        return self._loop(length, carried, turn)

    def _over_lanes(self, counter: int, length: int, carried: Sequence[Any], body: Body) -> list[Any]:
        """The same, several elements at a time; those that are left over come last, alone."""
        whole, left = divmod(length, WIDTH)
        self.lane = counter

        def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
            self.counters[counter] = self.b.mul(i, LONG(WIDTH))
            return body(held)

        if whole:
            carried = self._loop(whole, carried, turn)
        if left:
            memo, known, self.active = dict(self.memo), dict(self.w.known), left
            self.counters[counter] = LONG(whole * WIDTH)
            carried = list(body(carried))
            self.active, self.memo = WIDTH, memo
            self._forget_unfixed(known)
        self.lane = None
        return list(carried)

    # --- loops row by row -----------------------------------------------------------------------

    def _write_rows(self, group: Group) -> None:
        edges = {0, *(task.size for task in group.tasks)}
        at = self.plan.groups.index(group)
        for node, uses in self.plan.uses.items():
            if node.operation == "assemble" and any(where[0] == at for where in uses):
                if node not in self.plan.kept or self._is_made_here(node):
                    for part, (axis,) in zip(node.operands, node.detail, strict=True):
                        edges.update((axis.start, axis.start + part.size))
        most = max(task.size for task in group.tasks)
        bounds = sorted(edge for edge in edges if edge <= most)
        totals = [task for task in group.tasks if task.kind is Kind.REDUCE]
        sums = [self.w.number(_NEUTRAL[task.node.detail[0]]).code for task in totals]
        for begin, end in zip(bounds[:-1], bounds[1:], strict=True):
            self.segment = (begin, end)
            sums = self._write_segment(group, totals, sums)
        for task, total in zip(totals, sums, strict=True):
            self._keep_total(task, total)
        self._close()

    def _write_segment(self, group: Group, totals: list[Task], sums: list[Any]) -> list[Any]:
        begin, end = self.segment
        length = end - begin
        self.lane = 0
        if length < WIDTH:
            memo, known, self.active = dict(self.memo), dict(self.w.known), length
            self.counters[0] = LONG(begin)
            fresh = Lanes(self.w, self._first(length), True)
            sums = self._write_body(group, totals, sums, fresh)
            self.active, self.memo = WIDTH, memo
            self._forget_unfixed(known)
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

            sums = self._loop(-(-length // WIDTH), sums, turn)
        self.lane = None
        return sums

    def _write_body(
        self, group: Group, totals: list[Task], sums: list[Any], fresh: Lanes | None
    ) -> list[Any]:
        sums = list(sums)
        for task in group.tasks:
            if self.segment[1] > task.size:
                continue
            self.task = task
            value = self._value(task.root, task.place)
            if task.kind is Kind.STORE:
                self._store(self._target(task), flattened(task.place, task.domain), value)
            else:
                k, name = totals.index(task), task.node.detail[0]
                if fresh is not None:
                    value = self.w.select(fresh, self._as_numbers(value), _NEUTRAL[name])
                sums[k] = self._combined(name, Lanes(self.w, sums[k], False), self._as_numbers(value)).code
        self._note_refused()
        return sums

    def _keep_total(self, task: Task, total: Any) -> None:
        value = self._spread(self.b, self._across(task.node.detail[0], total))
        lanes = Lanes(self.w, value, True)
        self.fixed[task.node, _SCALAR] = self._as_truth(lanes) if task.node.truth else lanes

    def _first(self, count: int) -> Any:
        """Whether each lane is one of the first ``count``."""
        return ir.Constant(BITS, [ir.Constant(BITS.element, int(k < count)) for k in range(WIDTH)])

    def _lanes_from(self, past: Any) -> Lanes:
        """Whether each lane has not been seen: the last ``-past`` of them."""
        places = ir.Constant(ir.VectorType(LONG, WIDTH), [ir.Constant(LONG, k) for k in range(WIDTH)])
        shifted = self.b.add(places, self._spread(self.b, past))
        zero = ir.Constant(shifted.type, [ir.Constant(LONG, 0)] * WIDTH)
        return Lanes(self.w, self.b.icmp_signed(">=", shifted, zero), False)

    # --- loops along axes -----------------------------------------------------------------------

    def _write_nest(self, task: Task) -> None:
        self.task = task
        if task.kind is Kind.LIBRARY:
            self._call_library(task.node)
        elif task.kind is Kind.ASSEMBLE:
            self._fill(task.node)
            for part, axes in zip(task.node.operands, task.node.detail, strict=True):
                place = Place(tuple(Affine.counter(k) for k in range(len(part.shape))))
                target = flattened(mapped(axes, place), task.node.shape)
                self._nest(part, place, part.shape, 0, lambda value, t=target: self._add(task.node, t, value))
        elif task.kind is Kind.SCATTER:
            self._fill(task.node)
            self._nest(task.root, task.place, task.domain, 0, lambda value: self._scatter(task, value))
        elif task.kind is Kind.STORE:
            target = flattened(task.place, task.domain)
            self._nest(
                task.root, task.place, task.domain, 0, lambda v: self._store(self._target(task), target, v)
            )
        else:
            self._reduce_nest(task)
        self._close()

    def _reduce_nest(self, task: Task) -> None:
        stored = len(task.domain) - task.reduced
        name = task.node.detail[0] if task.node.operation == "reduce" else "sum"
        lane = self._best_lane(task)
        target = flattened(Place(task.place.along[:stored]), task.domain[:stored])
        if name == "sum" and lane < stored and task.size >= STREAMED:
            self._fill(task.node)
            order = [*range(stored, len(task.domain)), *(k for k in range(stored) if k != lane)]
            self._loops(
                order, lane, task.domain, lambda: self._add(task.node, target, self._value(task.root, task.place))
            )
            return
        neutral = self.w.number(_NEUTRAL[name]).code
        inner = [k for k in range(stored, len(task.domain)) if k != lane]

        def add_up(held: Sequence[Any]) -> Sequence[Any]:
            value = self._as_numbers(self._value(task.root, task.place))
            self._note_refused()
            if lane >= stored and self.active < WIDTH:
                value = self.w.select(Lanes(self.w, self._first(self.active), True), value, _NEUTRAL[name])
            return [self._combined(name, Lanes(self.w, held[0], False), value).code]

        def all_rows(axes: list[int], held: Sequence[Any]) -> Sequence[Any]:
            if axes:
                axis, *rest = axes
                return self._over(axis, task.domain[axis], held, lambda h: all_rows(rest, h))
            if lane >= stored:
                return self._over_lanes(lane, task.domain[lane], held, add_up)
            return add_up(held)

        def one() -> None:
            (total,) = all_rows(inner, [neutral])
            if not stored:
                self._keep_total(task, total)
            elif lane < stored:
                self._store(self.memory[task.node], target, Lanes(self.w, total, False))
            else:
                number = self._across(name, total)
                self.b.store(number, self._pointer(self.memory[task.node], target))

        outer = [k for k in range(stored) if k != lane]
        self._loops(outer, lane if lane < stored else None, task.domain, one)

    def _nest(
        self, root: Node, place: Place, domain: Sequence[int], lane: int | None, done: Callable[[Lanes], None]
    ) -> None:
        """Every element of a node, several of the best axis at a time."""
        lane = self._best_axis([(root, place)], range(len(domain)), domain) if domain else None
        order = [k for k in range(len(domain)) if k != lane]
        self._loops(order, lane, domain, lambda: done(self._value(root, place)))

    def _loops(self, axes: list[int], lane: int | None, domain: Sequence[int], body: Callable[[], None]) -> None:
        """Loops over these axes, the last of all over the lanes."""

        def within(held: Sequence[Any]) -> Sequence[Any]:
            if rest:
                self._loops(rest, lane, domain, body)
            elif lane is not None:
                self._over_lanes(lane, domain[lane], [], once)
            else:
                once([])
            return []

        def once(_: Sequence[Any]) -> Sequence[Any]:
            body()
            self._note_refused()
            return []

        if not axes:
            rest: list[int] = []
            within([])
            return
        axis, *rest = axes
        self._over(axis, domain[axis], [], within)

    def _best_lane(self, task: Task) -> int:
        return self._best_axis([(task.root, task.place)], range(len(task.domain)), task.domain)

    def _best_axis(
        self, roots: list[tuple[Node, Place]], axes: Sequence[int], domain: Sequence[int]
    ) -> int:
        """The axis along which most of what is read lies side by side; of equal ones a long one, then the last."""
        beside = dict.fromkeys(axes, 0)
        seen, stack = set(roots), list(roots)
        while stack:
            node, place = stack.pop()
            if node.shape == ():
                continue
            if node in self.plan.kept and (node, place) not in roots:
                flat = flattened(place, node.shape) if place.along else Affine(0)
                for axis in axes:
                    beside[axis] += {1: 3, 0: 1}.get(flat.times(axis), 0)
                continue
            for child in below(node, place, self.task):
                if child not in seen and child[1].along:
                    seen.add(child)
                    stack.append(child)
        return max(axes, key=lambda k: (domain[k] >= WIDTH, beside[k], k))

    def _call_library(self, node: Node) -> None:
        self.b.call(self.libraries[node], [self.function.args[1], self.function.args[0]])

    # --- elements -------------------------------------------------------------------------------

    def _value(self, root: Node, place: Place) -> Lanes:
        """An element, or as many as there are lanes."""
        stack = [(root, place)]
        memo, fixed = self.memo, self.fixed
        while stack:
            key = stack[-1]
            if key in memo or key in fixed:
                stack.pop()
                continue
            node, place = key
            if self._is_read(node, place):
                stack.pop()
                self._remember(key, self._load(self.memory[node], node, flattened(place, node.shape)))
                continue
            parts = self._parts(node, place)
            pending = [part for part in parts if part not in memo and part not in fixed]
            if pending:
                stack.extend(pending)
                continue
            stack.pop()
            self._remember(key, self._computed(node, place, [memo.get(p) or fixed[p] for p in parts]))
        return memo.get((root, place if root.shape else place)) or fixed[root, place]

    def _remember(self, key: tuple[Node, Place], value: Lanes) -> None:
        if key[0].shape == () and value.fixed:
            self.fixed[key] = value
        else:
            self.memo[key] = value

    def _is_made_here(self, node: Node) -> bool:
        maker = self.plan.maker.get(node)
        return maker is not None and self.group is not None and maker in self.group.tasks

    def _is_read(self, node: Node, place: Place) -> bool:
        """Whether an element comes from memory, and is not just being computed."""
        if node not in self.memory:
            return False
        if self.task is not None and self.task.node is node and self.task.output is None:
            return False
        made_here = self._is_made_here(node) and self.task is not None and place == self.task.place
        return not made_here

    def _parts(self, node: Node, place: Place) -> list[tuple[Node, Place]]:
        if node.operation == "take":
            return []
        parts = below(node, place, self.task)
        if node.operation == "assemble":
            begin, end = self.segment
            return [
                part
                for part, (axis,) in zip(parts, node.detail, strict=True)
                if axis.start <= begin and end <= axis.start + part[0].size
            ]
        return parts

    def _computed(self, node: Node, place: Place, parts: list[Lanes]) -> Lanes:
        operation = node.operation
        if operation in ELEMENTS:
            return element(self.w, operation, parts)
        if operation in ("view", "reshape"):
            return parts[0]
        if operation == "number":
            return self.w.number(node.detail)
        if operation == "assemble":
            total = parts[0] if parts else self.w.number(0.0)
            for part in parts[1:]:
                total = total + part
            return total
        if operation == "take":
            return self._taken(node, place)
        if operation == "entry":
            return self._entry_of(node, parts[0])
        raise AssertionError(operation)

    def _as_numbers(self, value: Lanes) -> Lanes:
        if value.code.type == BITS:
            return self.w.select(value, 1.0, 0.0)
        return value

    def _as_truth(self, value: Lanes) -> Lanes:
        return self.w.compared(">", value, 0.5)

    def _combined(self, name: str, a: Lanes, b: Lanes) -> Lanes:
        w = self.w
        if name == "sum":
            return a + b
        if name in ("prod", "all"):
            return a * b
        if name == "any":
            return w.select(b > a, b, a)
        return w.select(((b > a) if name == "max" else (b < a)) | w.isnan(b), b, a)

    def _across(self, name: str, lanes: Any) -> Any:
        """One number for all lanes, pairwise."""
        parts = [self.b.extract_element(lanes, _LANE(k)) for k in range(WIDTH)]
        while len(parts) > 1:
            parts = [self._pair(name, a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    def _pair(self, name: str, a: Any, b: Any) -> Any:
        if name == "sum":
            return self.b.fadd(a, b)
        if name in ("prod", "all"):
            return self.b.fmul(a, b)
        better = self.b.fcmp_ordered("<" if name == "min" else ">", b, a)
        return self.b.select(self.b.or_(better, self.b.fcmp_unordered("uno", b, b)), b, a)

    def _note_refused(self) -> None:
        if self.w.bad is not self._good:
            self.b.store(self.b.or_(self.b.load(self.bad), self.w.bad.code), self.bad)
            self.w.bad = self._good

    # --- memory ---------------------------------------------------------------------------------

    def _target(self, task: Task) -> Location:
        return self.memory[task.node] if task.output is None else self.targets[task.output]

    def _index(self, builder: ir.IRBuilder, location: Location, flat: Affine) -> Any:
        total: Any = LONG(flat.const + location.offset)
        for counter, times in flat.terms:
            value = self.counters[counter]
            total = builder.add(builder.mul(value, LONG(times)) if times != 1 else value, total)
        return total

    def _pointer(self, location: Location, flat: Affine, builder: ir.IRBuilder | None = None) -> Any:
        builder = builder or self.b
        return builder.gep(location.pointer, [self._index(builder, location, flat)])

    def _spread(self, builder: ir.IRBuilder, value: Any) -> Any:
        kind = ir.VectorType(value.type, WIDTH)
        one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, _LANE(0))
        zeros = ir.Constant(ir.VectorType(_LANE, WIDTH), [_LANE(0)] * WIDTH)
        return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def _load(self, location: Location, node: Node, flat: Affine) -> Lanes:
        if not flat.terms:
            builder = self.w.before
            code = self._spread(builder, builder.load(self._pointer(location, flat, builder)))
            value = Lanes(self.w, code, True)
        else:
            value = Lanes(self.w, self._numbers_at(location, flat), False)
        return self._as_truth(value) if node.truth else value

    def _numbers_at(self, location: Location, flat: Affine) -> Any:
        step = 0 if self.lane is None else flat.times(self.lane)
        pointer = self._pointer(location, flat)
        if step == 0:
            return self._spread(self.b, self.b.load(pointer))
        if step == 1 and self.active == WIDTH:
            return self.b.load(self.b.bitcast(pointer, DOUBLES.as_pointer()), align=8)
        numbers = [self.b.load(self.b.gep(pointer, [LONG(step * k)])) for k in range(self.active)]
        return self._gathered(numbers, DOUBLES)

    def _gathered(self, numbers: list[Any], kind: Any) -> Any:
        """Lanes of some numbers; those that are not active have the first."""
        code = ir.Constant(kind, ir.Undefined)
        for k in range(WIDTH):
            code = self.b.insert_element(code, numbers[k if k < len(numbers) else 0], _LANE(k))
        return code

    def _store(self, location: Location, flat: Affine, value: Lanes) -> None:
        code = self._as_numbers(value).code
        step = 0 if self.lane is None else flat.times(self.lane)
        pointer = self._pointer(location, flat)
        if step == 1 and self.active == WIDTH:
            self.b.store(code, self.b.bitcast(pointer, DOUBLES.as_pointer()), align=8)
            return
        for k in range(self.active if step else 1):
            self.b.store(self.b.extract_element(code, _LANE(k)), self.b.gep(pointer, [LONG(step * k)]))

    def _add(self, node: Node, flat: Affine, value: Lanes) -> None:
        """To what is in memory."""
        location = self.memory[node]
        step = 0 if self.lane is None else flat.times(self.lane)
        if step == 1 and self.active == WIDTH:
            old = Lanes(self.w, self._numbers_at(location, flat), False)
            self._store(location, flat, old + self._as_numbers(value))
            return
        pointer, code = self._pointer(location, flat), self._as_numbers(value).code
        for k in range(self.active if self.lane is not None else 1):
            place = self.b.gep(pointer, [LONG(step * k)])
            self.b.store(self.b.fadd(self.b.load(place), self.b.extract_element(code, _LANE(k))), place)

    def _fill(self, node: Node) -> None:
        """Zeros in the whole of its memory."""
        zero, location = self.w.number(0.0), self.memory[node]

        def once(_: Sequence[Any]) -> Sequence[Any]:
            self._store(location, Affine.counter(0), zero)
            return []

        self._over_lanes(0, node.size, [], once)

    def _positions(self, node: Node, flat: Affine) -> list[Any]:
        """The places that a table of whole numbers has for these elements."""
        location = self.tables[node.detail]
        step = 0 if self.lane is None else flat.times(self.lane)
        pointer = self._pointer(location, flat)
        count = self.active if step else 1
        return [self.b.load(self.b.gep(pointer, [LONG(step * k)])) for k in range(count)]

    def _taken(self, node: Node, place: Place) -> Lanes:
        source = self.memory[node.operands[0]]
        flat = flattened(place, node.shape) if node.shape else Affine(0)
        positions = self._positions(node, flat)
        base = self._pointer(source, Affine(0))
        numbers = [self.b.load(self.b.gep(base, [position])) for position in positions]
        code = self._gathered(numbers, DOUBLES) if len(numbers) > 1 else self._spread(self.b, numbers[0])
        lanes = Lanes(self.w, code, False)
        return self._as_truth(lanes) if node.truth else lanes

    def _scatter(self, task: Task, value: Lanes) -> None:
        flat = flattened(task.place, task.domain)
        base, code = self._pointer(self.memory[task.node], Affine(0)), self._as_numbers(value).code
        for k, position in enumerate(self._positions(task.node, flat)):
            place = self.b.gep(base, [position])
            self.b.store(self.b.fadd(self.b.load(place), self.b.extract_element(code, _LANE(k))), place)

    def _entry_of(self, node: Node, place: Lanes) -> Lanes:
        location, builder = self.tables[node.detail], self.w.before
        last = len(node.detail.array) - 1
        index = builder.fptosi(builder.extract_element(place.code, _LANE(0)), LONG)
        for bound, relation in ((0, "<"), (last, ">")):
            beyond = builder.icmp_signed(relation, index, LONG(bound))
            index = builder.select(beyond, LONG(bound), index)
        number = builder.load(builder.gep(location.pointer, [builder.add(index, LONG(location.offset))]))
        return Lanes(self.w, self._spread(builder, number), True)
