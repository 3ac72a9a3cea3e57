"""Elements of programs as vector instructions: computed, read from memory, and written to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from downslope.programs.elements import element
from downslope.programs.loops import Element, Location, LoopWriter, MemoryLayout
from downslope.programs.node import ELEMENTS, ArrayNode
from downslope.programs.places import Affine, ElementPlace, flattened
from downslope.programs.plan import Plan
from downslope.programs.tasks import LoopGroup, Task, below
from downslope.symbolic.lanes import BITS, DOUBLE, DOUBLES, LONG, WIDTH, Lanes, any_vector, vector_of

POINTER = DOUBLE.as_pointer()
SCALAR = ElementPlace(())
NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf, "all": 1.0, "any": 0.0}
_LANE = ir.IntType(32)
_FIRST_LANE = _LANE(0)


class ElementWriter(LoopWriter):
    """Writes what elements are computed of.

    Args:
        plan: what is kept in memory.
        layout: where.

    Attributes:
        group, task: what is being written.
        segment: the first element of the part of a loop row by row that is being written, and the one after its last.
    """

    def __init__(self, plan: Plan, layout: MemoryLayout, function: Any, builder: ir.IRBuilder) -> None:
        super().__init__(function, builder)
        self.plan, self.layout = plan, layout
        self.segment: tuple[int, int] = (0, 0)
        self.task: Task | None = None
        self.group: LoopGroup | None = None

    def number(self, node: ArrayNode) -> Any:
        """A node of shape () as one float64."""
        return self.w.before.extract_element(self.as_numbers(self.value(node, SCALAR)).code, _FIRST_LANE)

    def first_of(self, value: Lanes) -> Any:
        """The number or truth value in the first lane."""
        return self.b.extract_element(value.code, _FIRST_LANE)

    def value(self, root: ArrayNode, place: ElementPlace) -> Lanes:
        """An element, or as many as there are lanes."""
        stack = [(root, place)]
        memo, fixed = self.memo, self.fixed
        while stack:
            key = stack[-1]
            if key in memo or key in fixed:
                stack.pop()
                continue
            node, place = key
            if self.is_read(node, place):
                stack.pop()
                self._remember(key, self._load(self.layout.memory[node], node, flattened(place, node.shape)))
                continue
            parts = self.parts(node, place)
            pending = [part for part in parts if part not in memo and part not in fixed]
            if pending:
                stack.extend(pending)
                continue
            stack.pop()
            self._remember(key, self._computed(node, place, [memo.get(p) or fixed[p] for p in parts]))
        return memo.get((root, place)) or fixed[root, place]

    def _remember(self, key: Element, value: Lanes) -> None:
        if key[0].shape == () and value.fixed:
            self.fixed[key] = value
        else:
            self.memo[key] = value

    def is_made_here(self, node: ArrayNode) -> bool:
        """Whether it is a result of the loop that is being written."""
        maker = self.plan.maker.get(node)
        return maker is not None and self.group is not None and maker in self.group.tasks

    def is_read(self, node: ArrayNode, place: ElementPlace) -> bool:
        """Whether an element comes from memory, and is not just being computed."""
        if node not in self.layout.memory:
            return False
        if self.task is not None and self.task.node is node and self.task.output is None:
            return False
        made_here = self.is_made_here(node) and self.task is not None and place == self.task.place
        return not made_here

    def parts(self, node: ArrayNode, place: ElementPlace) -> list[Element]:
        """The elements that one which is not read is computed of, within the segment that is being written."""
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

    def _computed(self, node: ArrayNode, place: ElementPlace, parts: list[Lanes]) -> Lanes:
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

    def as_numbers(self, value: Lanes) -> Lanes:
        """Truth values as 1 and 0."""
        if value.code.type == BITS:
            return self.w.select(value, 1.0, 0.0)
        return value

    def _as_truth(self, value: Lanes) -> Lanes:
        return self.w.compared(">", value, 0.5)

    def combined(self, name: str, a: Lanes, b: Lanes) -> Lanes:
        """What a reduction makes of two."""
        w = self.w
        if name == "sum":
            return a + b
        if name in ("prod", "all"):
            return a * b
        if name == "any":
            return w.select(b > a, b, a)
        return w.select(((b > a) if name == "max" else (b < a)) | w.isnan(b), b, a)

    def across(self, name: str, lanes: Any) -> Any:
        """One number for all lanes, pairwise, by a function, so that the code stays short."""
        module = self.function.module
        function = module.globals.get(f"{name}_across")
        if function is None:
            function = ir.Function(module, ir.FunctionType(DOUBLE, [DOUBLES]), f"{name}_across")
            function.linkage = "internal"
            _write_across(function, name)
        return self.b.call(function, [lanes])

    def first_lanes(self, count: int) -> Lanes:
        """Whether each lane is one of the first ``count``."""
        bits = [ir.Constant(BITS.element, int(k < count)) for k in range(WIDTH)]
        return Lanes(self.w, ir.Constant(BITS, bits), True)

    def target(self, task: Task) -> Location:
        """Where a task writes to."""
        return self.layout.memory[task.node] if task.output is None else self.layout.targets[task.output]

    def _index(self, builder: ir.IRBuilder, location: Location, flat: Affine) -> Any:
        total: Any = LONG(flat.const + location.offset)
        for counter, times in flat.terms:
            value = self.counters[counter]
            total = builder.add(builder.mul(value, LONG(times)) if times != 1 else value, total)
        return total

    def pointer(self, location: Location, flat: Affine, builder: ir.IRBuilder | None = None) -> Any:
        """To an element."""
        builder = builder or self.b
        return builder.gep(location.pointer, [self._index(builder, location, flat)])

    def spread(self, builder: ir.IRBuilder, value: Any) -> Any:
        """One number in all lanes."""
        nothing = any_vector(value.type, WIDTH)
        one = builder.insert_element(nothing, value, _FIRST_LANE)
        return builder.shuffle_vector(one, nothing, vector_of(_FIRST_LANE, WIDTH))

    def read(self, location: Location, flat: Affine) -> Lanes:
        """Numbers that are in memory now."""
        return Lanes(self.w, self._numbers_at(location, flat), False)

    def _load(self, location: Location, node: ArrayNode, flat: Affine) -> Lanes:
        if not flat.terms:
            builder = self.w.before
            code = self.spread(builder, builder.load(self.pointer(location, flat, builder)))
            value = Lanes(self.w, code, True)
        else:
            value = Lanes(self.w, self._numbers_at(location, flat), False)
        return self._as_truth(value) if node.truth else value

    def _numbers_at(self, location: Location, flat: Affine) -> Any:
        step = 0 if self.lane is None else flat.times(self.lane)
        pointer = self.pointer(location, flat)
        if step == 0:
            return self.spread(self.b, self.b.load(pointer))
        if step == 1 and self.active == WIDTH:
            return self.b.load(self.b.bitcast(pointer, DOUBLES.as_pointer()), align=8)
        numbers = [self.b.load(self.b.gep(pointer, [LONG(step * k)])) for k in range(self.active)]
        return self._gathered(numbers, DOUBLES)

    def _gathered(self, numbers: list[Any], kind: Any) -> Any:
        """Lanes of some numbers; those that are not active have the first."""
        if len(numbers) == 1:
            return self.spread(self.b, numbers[0])
        code = any_vector(kind.element, WIDTH)
        for k in range(WIDTH):
            code = self.b.insert_element(code, numbers[k if k < len(numbers) else 0], _LANE(k))
        return code

    def store(self, location: Location, flat: Affine, value: Lanes) -> None:
        """Write elements."""
        code = self.as_numbers(value).code
        step = 0 if self.lane is None else flat.times(self.lane)
        pointer = self.pointer(location, flat)
        if step == 1 and self.active == WIDTH:
            self.b.store(code, self.b.bitcast(pointer, DOUBLES.as_pointer()), align=8)
            return
        for k in range(self.active if step else 1):
            self.b.store(self.b.extract_element(code, _LANE(k)), self.b.gep(pointer, [LONG(step * k)]))

    def add(self, node: ArrayNode, flat: Affine, value: Lanes) -> None:
        """To what is in memory."""
        location = self.layout.memory[node]
        step = 0 if self.lane is None else flat.times(self.lane)
        if step == 1 and self.active == WIDTH:
            self.store(location, flat, self.read(location, flat) + self.as_numbers(value))
            return
        pointer, code = self.pointer(location, flat), self.as_numbers(value).code
        for k in range(self.active if self.lane is not None else 1):
            place = self.b.gep(pointer, [LONG(step * k)])
            self.b.store(self.b.fadd(self.b.load(place), self.b.extract_element(code, _LANE(k))), place)

    def fill(self, node: ArrayNode) -> None:
        """Zeros in the whole of its memory."""
        zero, location = self.w.number(0.0), self.layout.memory[node]

        def once(_: Sequence[Any]) -> Sequence[Any]:
            self.store(location, Affine.counter(0), zero)
            return []

        self.over_lanes(0, node.size, [], once)

    def _positions(self, node: ArrayNode, flat: Affine) -> list[Any]:
        """The places that a table of whole numbers has for these elements."""
        location = self.layout.tables[node.detail]
        step = 0 if self.lane is None else flat.times(self.lane)
        pointer = self.pointer(location, flat)
        count = self.active if step else 1
        return [self.b.load(self.b.gep(pointer, [LONG(step * k)])) for k in range(count)]

    def _taken(self, node: ArrayNode, place: ElementPlace) -> Lanes:
        source = self.layout.memory[node.operands[0]]
        flat = flattened(place, node.shape) if node.shape else Affine(0)
        positions = self._positions(node, flat)
        base = self.pointer(source, Affine(0))
        numbers = [self.b.load(self.b.gep(base, [position])) for position in positions]
        code = self._gathered(numbers, DOUBLES) if len(numbers) > 1 else self.spread(self.b, numbers[0])
        lanes = Lanes(self.w, code, False)
        return self._as_truth(lanes) if node.truth else lanes

    def scatter(self, task: Task, value: Lanes) -> None:
        """Add each element in its place."""
        flat = flattened(task.place, task.domain)
        base, code = self.pointer(self.layout.memory[task.node], Affine(0)), self.as_numbers(value).code
        for k, position in enumerate(self._positions(task.node, flat)):
            place = self.b.gep(base, [position])
            self.b.store(self.b.fadd(self.b.load(place), self.b.extract_element(code, _LANE(k))), place)

    def _entry_of(self, node: ArrayNode, place: Lanes) -> Lanes:
        location, builder = self.layout.tables[node.detail], self.w.before
        last = len(node.detail.array) - 1
        index = builder.fptosi(builder.extract_element(place.code, _FIRST_LANE), LONG)
        for bound, relation in ((0, "<"), (last, ">")):
            beyond = builder.icmp_signed(relation, index, LONG(bound))
            index = builder.select(beyond, LONG(bound), index)
        number = builder.load(builder.gep(location.pointer, [builder.add(index, LONG(location.offset))]))
        return Lanes(self.w, self.spread(builder, number), True)


def _write_across(function: Any, name: str) -> None:
    b = ir.IRBuilder(function.append_basic_block())
    parts = [b.extract_element(function.args[0], _LANE(k)) for k in range(WIDTH)]
    while len(parts) > 1:
        parts = [_pair(b, name, one, other) for one, other in zip(parts[::2], parts[1::2], strict=True)]
    b.ret(parts[0])


def _pair(builder: ir.IRBuilder, name: str, a: Any, b: Any) -> Any:
    if name == "sum":
        return builder.fadd(a, b)
    if name in ("prod", "all"):
        return builder.fmul(a, b)
    better = builder.fcmp_ordered("<" if name == "min" else ">", b, a)
    return builder.select(builder.or_(better, builder.fcmp_unordered("uno", b, b)), b, a)
