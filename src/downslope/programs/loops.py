"""Loops as LLVM instructions, over single elements and over several at a time, and what is known within them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from downslope.programs.node import ArrayNode, Table
from downslope.programs.places import ElementPlace
from downslope.programs.team import Team
from downslope.symbolic.lanes import BITS, LONG, WIDTH, LaneBuilder, Lanes, vector_of

Body = Callable[[Sequence[Any]], Sequence[Any]]
Element = tuple[ArrayNode, ElementPlace]


@dataclass(frozen=True, slots=True)
class Location:
    """Where in memory an array begins: a pointer and a number of elements."""

    pointer: Any
    offset: int = 0


@dataclass(frozen=True, slots=True)
class MemoryLayout:
    """Where everything lies.

    Attributes:
        memory: the arrays that are kept, numbers among the inputs included.
        targets: the outputs that are copies, by their number.
        tables: of whole numbers, and those that numbers are looked up in.
        libraries: for nodes that are left to a library, what is called with both buffers.
        partial: for the sums of blocks, where some loop is shared.
    """

    memory: Mapping[ArrayNode, Location]
    targets: Mapping[int, Location]
    tables: Mapping[Table, Location]
    libraries: Mapping[ArrayNode, Any]
    partial: Location | None = None


class LoopWriter:
    """Writes loops into a function.

    Args:
        function: of three pointers.
        builder: where its entry block stands.

    Attributes:
        b: where we are.
        w: writes elements there, and what does not change within the loops before them.
        fixed, memo: elements that are known everywhere from here on, and those within these loops.
        counters: of the loops that we are in.
        lane: the counter that goes over several elements at once.
        active: how many of them.
        team: with which threads long loops are shared; None: with none.
    """

    def __init__(self, function: Any, builder: ir.IRBuilder) -> None:
        self.function = function
        self.b = builder
        self.w = LaneBuilder(builder, builder)
        self.bad = builder.alloca(BITS)
        builder.store(vector_of(BITS.element(0), WIDTH), self.bad)
        self._good = self.w.bad
        self.fixed: dict[Element, Lanes] = {}
        self.memo: dict[Element, Lanes] = {}
        self.counters: dict[int, Any] = {}
        self.lane: int | None = None
        self.active = WIDTH
        self._entry = builder.block
        self.team: Team | None = None

    def refused(self) -> Any:
        """Whether a number left the range that is computed rightly, as one bit."""
        self.note_refused()
        bits = self.b.bitcast(self.b.load(self.bad), ir.IntType(WIDTH))
        refused = self.b.icmp_unsigned("!=", bits, bits.type(0))
        return refused if self.team is None else self.b.or_(refused, self.team.refused(self.b))

    def note_refused(self) -> None:
        """Remember whether elements written until here were outside the range that is computed rightly."""
        if self.w.bad is not self._good:
            self.b.store(self.b.or_(self.b.load(self.bad), self.w.bad.code), self.bad)
            self.w.bad = self._good

    def begin(self, last: bool = False) -> None:
        """What does not change within the loops that come is written to where we are now; ``last``: none come."""
        self.memo = {}
        self.forget_unfixed({})
        if self.team is not None:
            self.b = self.team.leave(self.b) if last else self.team.meet(self.b)
        self.w.before = self.b
        self.at(ir.IRBuilder(self.function.append_basic_block()))
        self._entry = self.b.block
        if last:
            self.w.before.branch(self._entry)
            self.w.before = self.b

    def close(self, shared: bool = False) -> None:
        """The loops are written: what comes before them leads to them, the leader alone where they are not shared."""
        if self.team is None or shared:
            self.w.before.branch(self._entry)
            return
        after = self.function.append_basic_block()
        self.b.branch(after)
        self.w.before.cbranch(self.team.helps, after, self._entry)
        self.at(ir.IRBuilder(after))

    def shared(self, blocks: int, body: Callable[[Any], None]) -> None:
        """``body(block)`` for each block, by whichever thread takes it; only the leader waits until all are made."""
        assert self.team is not None
        team, memo, known = self.team, dict(self.memo), dict(self.w.known)

        def write(builder: ir.IRBuilder, block: Any) -> ir.IRBuilder:
            self.at(builder)
            body(block)
            team.note(self.b, self.bad)
            return self.b

        self.at(team.share(self.b, blocks, write))
        self.memo = memo
        self.forget_unfixed(known)

    def led(self, body: Callable[[], None]) -> None:
        """What only the leader does."""
        assert self.team is not None
        lead, after = (self.function.append_basic_block() for _ in range(2))
        self.b.cbranch(self.team.helps, after, lead)
        self.at(ir.IRBuilder(lead))
        body()
        self.b.branch(after)
        self.at(ir.IRBuilder(after))

    def at(self, builder: ir.IRBuilder) -> None:
        """Go on there."""
        self.b = self.w.inside = builder

    def forget_unfixed(self, known: dict[Any, Lanes]) -> None:
        """Of what was written only this is still known, and what does not change within the loops."""
        fixed = {key: lanes for key, lanes in self.w.known.items() if lanes.fixed}
        self.w.known = {**known, **fixed}

    def loop(
        self, count: Any, carried: Sequence[Any], body: Callable[[Any, Sequence[Any]], Sequence[Any]]
    ) -> list[Any]:
        """``for i in range(count): carried = body(i, carried)``; what is carried after it.

        Args:
            count: a whole number, or one that is known when the loop begins, at least 1.
        """
        memo, known = dict(self.memo), dict(self.w.known)
        if isinstance(count, int) and count == 1:
            after = list(body(LONG(0), carried))
            self.memo = memo
            self.forget_unfixed(known)
            return after
        times = LONG(count) if isinstance(count, int) else count
        before, head = self.b.block, self.function.append_basic_block()
        self.b.branch(head)
        self.at(ir.IRBuilder(head))
        i = self.b.phi(LONG)
        i.add_incoming(LONG(0), before)
        held = [self.b.phi(value.type) for value in carried]
        for phi, value in zip(held, carried, strict=True):
            phi.add_incoming(value, before)
        after = list(body(i, held))
        following = self.b.add(i, LONG(1))
        i.add_incoming(following, self.b.block)
        for phi, value in zip(held, after, strict=True):
            phi.add_incoming(value, self.b.block)
        end = self.function.append_basic_block()
        self.b.cbranch(self.b.icmp_signed("<", following, times), head, end)
        self.at(ir.IRBuilder(end))
        self.memo = memo
        self.forget_unfixed(known)
        return after

    def alone(self, active: int, body: Callable[[], Sequence[Any]]) -> list[Any]:
        """So few elements at once, outside of a loop."""
        memo, known, self.active = dict(self.memo), dict(self.w.known), active
        carried = list(body())
        self.active, self.memo = WIDTH, memo
        self.forget_unfixed(known)
        return carried

    def over(self, counter: int, length: int, carried: Sequence[Any], body: Body) -> list[Any]:
        """A loop over the elements of an axis, one at a time."""

        def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
            self.counters[counter] = i
            return body(held)

        return self.loop(length, carried, turn)

    def over_lanes(self, counter: int, length: int, carried: Sequence[Any], body: Body) -> list[Any]:
        """The same, several elements at a time; those that are left over come last, alone."""
        whole, left = divmod(length, WIDTH)
        self.lane = counter

        def turn(i: Any, held: Sequence[Any]) -> Sequence[Any]:
            self.counters[counter] = self.b.mul(i, LONG(WIDTH))
            return body(held)

        if whole:
            carried = self.loop(whole, carried, turn)
        if left:
            self.counters[counter] = LONG(whole * WIDTH)
            carried = self.alone(left, lambda: body(carried))
        self.lane = None
        return list(carried)
