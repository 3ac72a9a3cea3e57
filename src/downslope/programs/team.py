"""Threads that run one function side by side and share its long loops, written into it as atomic instructions.

All of them run the whole function, so that what each loop needs beforehand is computed by each. At every loop they
wait for the *leader*, the thread that was called; loops that are not shared are run by it alone. A loop that is shared
is cut into blocks, always the same ones, that each thread takes as it comes to them. The leader needs nobody: where the
others are late, or there are none, it makes all blocks itself.

A *ticket* says where the leader is: (call, loop, next block), in this order in the bits of one number. Who takes a
block changes the ticket from what it saw to the next block, which goes wrong where anything has changed; so helpers
that are late can read what is old, but never write.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from downslope.symbolic.lanes import DOUBLE, LONG, WIDTH

BLOCK = 8_192  # elements: what a loop reads and writes of so many stays in a core's own cache

# Places in the memory of a team, in numbers of 8 bytes. What is written often lies in a cache line of its own.
TICKET, DONE, REFUSED, OUT, INTO, OVER = 0, 8, 16, 24, 25, 32
WORDS = 40
_BLOCK_BITS, _LOOP_BITS = 20, 14
CALL_BITS = _BLOCK_BITS + _LOOP_BITS  # below those of the call
PATIENCE = 2_000  # looks, some 50 microseconds, after which who waits lets others have the core
IDLE_TURNS = 1 << 20  # about 30 ms, after which a helper that nobody calls goes away by itself

_BIT = ir.IntType(1)
_POINTER = DOUBLE.as_pointer()
_BYTE = ir.IntType(8).as_pointer()
_POINTS = LONG.as_pointer()
HANDED = (_POINTS, LONG, _BIT)  # what a function needs that is called for a loop


class Team:
    """Writes how the threads of a function ``work(out, in, data, helps, call)`` meet.

    Args:
        function: it; ``helps`` says whether this thread is no leader, ``call`` which call it helps with.
        builder: at its entry.
        words: the team's memory, WORDS numbers of 8 bytes, zeros at first.

    Attributes:
        helps: the argument.
    """

    def __init__(self, function: Any, builder: ir.IRBuilder, words: Any) -> None:
        self.function, self._words = function, words
        out, into, _, self.helps, helped = function.args
        self.loops = -1  # met at so far, but for one
        calls = builder.lshr(builder.load_atomic(self._word(builder, TICKET), "acquire", 8), LONG(CALL_BITS))
        following = builder.add(calls, LONG(1))
        call = builder.select(self.helps, helped, following)
        self._first = builder.shl(call, LONG(CALL_BITS))  # ticket
        with builder.if_then(builder.not_(self.helps)):
            for place, value in ((REFUSED, LONG(0)), (OUT, out), (INTO, into)):
                number = value if value.type == LONG else builder.ptrtoint(value, LONG)
                builder.store(number, self._word(builder, place))

    def handed(self, builder: ir.IRBuilder) -> list[Any]:
        """What a function is called with that makes the loop where we are."""
        return [self._words, self._ticket(builder), self.helps]

    @classmethod
    def handed_on(cls, function: Any, handed: Sequence[Any]) -> Team:
        """The team within such a function, where it makes its loop."""
        team = cls.__new__(cls)
        team.function, team.loops = function, 0
        team._words, team._first, team.helps = handed
        return team

    def _word(self, builder: ir.IRBuilder, place: int) -> Any:
        return builder.gep(self._words, [LONG(place)])

    def _ticket(self, builder: ir.IRBuilder) -> Any:
        """That of the loop where we are, with the first block."""
        return builder.or_(self._first, LONG(self.loops << _BLOCK_BITS))

    def meet(self, builder: ir.IRBuilder) -> ir.IRBuilder:
        """The next loop comes: the leader says so, the others wait for it; where the function goes on."""
        self.loops += 1
        on, away = (self.function.append_basic_block() for _ in range(2))
        arrive = _own_function(builder.module, "arrive", (_POINTS, LONG, _BIT), _write_arrive)
        builder.cbranch(builder.call(arrive, [self._words, self._ticket(builder), self.helps]), on, away)
        ir.IRBuilder(away).ret(LONG(0))
        return ir.IRBuilder(on)

    def leave(self, builder: ir.IRBuilder) -> ir.IRBuilder:
        """No loop comes any more: only the leader goes on."""
        on, away = (self.function.append_basic_block() for _ in range(2))
        builder.cbranch(self.helps, away, on)
        ir.IRBuilder(away).ret(LONG(0))
        return ir.IRBuilder(on)

    def share(
        self, builder: ir.IRBuilder, blocks: int, body: Callable[[ir.IRBuilder, Any], ir.IRBuilder]
    ) -> ir.IRBuilder:
        """Blocks of the loop where we are, each by whoever takes it; where the leader goes on, once all are made.

        Args:
            body: writes what is to be done for a block, by its number, and gives back where it ends.
        """
        take = _own_function(builder.module, "take", (_POINTS, LONG, LONG), _write_take)
        complete = _own_function(builder.module, "complete", (_POINTS, LONG, _BIT), _write_complete)
        look, work, made = (self.function.append_basic_block() for _ in range(3))
        first = self._ticket(builder)
        builder.branch(look)
        b = ir.IRBuilder(look)
        block = b.call(take, [self._words, first, LONG(blocks)])
        b.cbranch(b.icmp_signed(">=", block, LONG(0)), work, made)
        b = body(ir.IRBuilder(work), block)
        b.atomic_rmw("add", self._word(b, DONE), LONG(1), "release")
        b.branch(look)
        b = ir.IRBuilder(made)
        b.call(complete, [self._words, LONG(blocks), self.helps])
        return b

    def note(self, builder: ir.IRBuilder, bad: Any) -> None:
        """Tell the leader, within a block, of a number out of the range that is computed rightly: a bit of ``bad``."""
        bits = builder.bitcast(builder.load(bad), ir.IntType(WIDTH))
        with builder.if_then(builder.icmp_unsigned("!=", bits, bits.type(0)), likely=False):
            builder.store_atomic(LONG(1), self._word(builder, REFUSED), "monotonic", 8)

    def refused(self, builder: ir.IRBuilder) -> Any:
        """Whether somebody told so, as one bit; the leader asks."""
        return builder.icmp_signed("!=", builder.load(self._word(builder, REFUSED)), LONG(0))


def _own_function(module: Any, name: str, arguments: Sequence[Any], write: Callable[[Any], None]) -> Any:
    """A function of the module that is called and not written out at each loop, so that the code stays short."""
    found = module.globals.get(name)
    if found is None:
        gives = LONG if name == "take" else _BIT
        found = ir.Function(module, ir.FunctionType(gives, list(arguments)), name)
        found.linkage = "internal"
        found.attributes.add("noinline")
        write(found)
    return found


def _at(builder: ir.IRBuilder, words: Any, place: int) -> Any:
    return builder.load_atomic(builder.gep(words, [LONG(place)]), "acquire", 8)


def _write_arrive(function: Any) -> None:
    """``arrive(words, ticket, helps)``: whether to go on, once the leader is at the loop of the ticket."""
    words, ticket, helps = function.args
    entry, lead, follow = (function.append_basic_block() for _ in range(3))
    ir.IRBuilder(entry).cbranch(helps, follow, lead)
    b = ir.IRBuilder(lead)
    b.store_atomic(LONG(0), b.gep(words, [LONG(DONE)]), "monotonic", 8)
    b.store_atomic(ticket, b.gep(words, [LONG(TICKET)]), "release", 8)
    b.ret(_BIT(1))
    b = waiting(
        function, ir.IRBuilder(follow), lambda b: b.icmp_unsigned(">=", _at(b, words, TICKET), ticket)
    )
    calls = (b.lshr(number, LONG(CALL_BITS)) for number in (_at(b, words, TICKET), ticket))
    b.ret(b.icmp_unsigned("==", *calls))


def _write_take(function: Any) -> None:
    """``take(words, first, blocks)``: the block that this thread is to make; -1 where there is none left."""
    words, first, blocks = function.args
    look, take, taken, none = (function.append_basic_block() for _ in range(4))
    b = ir.IRBuilder(look)
    ir.IRBuilder(none).ret(LONG(-1))
    entry = ir.IRBuilder(function.insert_basic_block(0))
    entry.branch(look)
    ticket = _at(b, words, TICKET)
    block = b.sub(ticket, first)  # beyond all where the leader is elsewhere
    b.cbranch(b.icmp_unsigned("<", block, blocks), take, none)
    b = ir.IRBuilder(take)
    place = b.gep(words, [LONG(TICKET)])
    changed = b.cmpxchg(place, ticket, b.add(ticket, LONG(1)), "acq_rel", "acquire")
    b.cbranch(b.extract_value(changed, 1), taken, look)
    ir.IRBuilder(taken).ret(block)


def _write_complete(function: Any) -> None:
    """``complete(words, blocks, helps)``: returns once all blocks are made, or at once to a thread that helps."""
    words, blocks, helps = function.args

    def complete(b: ir.IRBuilder) -> Any:
        return b.or_(b.icmp_signed("==", _at(b, words, DONE), blocks), helps)

    waiting(function, ir.IRBuilder(function.append_basic_block()), complete).ret(_BIT(1))


def waiting(function: Any, builder: ir.IRBuilder, ready: Callable[[ir.IRBuilder], Any]) -> ir.IRBuilder:
    """Look again and again whether something is so; where the function goes on then."""
    look, wait, give, on = (function.append_basic_block() for _ in range(4))
    entry = builder.block
    builder.branch(look)
    b = ir.IRBuilder(look)
    turns = b.phi(LONG)
    b.cbranch(ready(b), on, wait)
    b = ir.IRBuilder(wait)
    pause(b)
    more = b.add(turns, LONG(1))
    b.cbranch(b.icmp_signed("<", more, LONG(PATIENCE)), look, give)
    b = ir.IRBuilder(give)
    if _giving_way():
        kind = ir.FunctionType(ir.IntType(32), []).as_pointer()
        b.call(b.inttoptr(LONG(_giving_way()), kind), [])
    b.branch(look)
    for value, block in ((LONG(0), entry), (more, wait), (more, give)):
        turns.add_incoming(value, block)
    return ir.IRBuilder(on)


@cache
def _giving_way() -> int:
    """The address of what lets other threads run on this core; 0 where the system has none that we know."""
    try:
        system = ctypes.CDLL(None)
        return int(ctypes.cast(system.sched_yield, ctypes.c_void_p).value or 0)
    except (TypeError, OSError, AttributeError):  # Windows
        return 0


def pause(builder: ir.IRBuilder) -> None:
    """Let the processor know that we wait."""
    if llvm.get_default_triple().startswith(("x86_64", "i686")):
        kind = ir.FunctionType(ir.VoidType(), [])
        module, name = builder.module, "llvm.x86.sse2.pause"
        builder.call(module.globals.get(name) or ir.Function(module, kind, name), [])


def write_entries(work: Any, team: int | None) -> None:
    """``step(out, in, data)`` for whoever calls, and ``help(data, call)`` for threads that help with later calls.

    Args:
        work: the function; of three arguments where no loop is shared.
        team: the place of the team's memory in the data.
    """
    module = work.module
    step = ir.Function(module, ir.FunctionType(LONG, [_POINTER, _POINTER, _BYTE]), "step")
    builder = ir.IRBuilder(step.append_basic_block())
    builder.ret(builder.call(work, [*step.args, _BIT(0), LONG(0)] if team is not None else step.args))
    if team is None:
        return
    helping = ir.Function(module, ir.FunctionType(LONG, [_BYTE, LONG]), "help")
    data, before = helping.args
    entry, look, idle, rest, called, sure, over = (helping.append_basic_block() for _ in range(7))
    b = ir.IRBuilder(entry)
    pointers = b.bitcast(data, LONG.as_pointer().as_pointer())
    words = b.load(b.gep(pointers, [LONG(team)]))

    def word(b: ir.IRBuilder, place: int) -> Any:
        return b.gep(words, [LONG(place)])

    b.branch(look)
    b = ir.IRBuilder(look)
    known, turns = b.phi(LONG), b.phi(LONG)
    call = b.lshr(b.load_atomic(word(b, TICKET), "acquire", 8), LONG(CALL_BITS))
    b.cbranch(b.icmp_signed("==", call, known), idle, called)
    b = ir.IRBuilder(idle)
    more = b.add(turns, LONG(1))
    told = b.icmp_signed("!=", b.load_atomic(word(b, OVER), "acquire", 8), LONG(0))
    b.cbranch(b.or_(told, b.icmp_signed(">", more, LONG(IDLE_TURNS))), over, rest)
    b = ir.IRBuilder(rest)
    pause(b)
    b.branch(look)
    b = ir.IRBuilder(called)
    out, into = (b.inttoptr(b.load_atomic(word(b, place), "acquire", 8), _POINTER) for place in (OUT, INTO))
    again = b.lshr(b.load_atomic(word(b, TICKET), "acquire", 8), LONG(CALL_BITS))
    b.cbranch(b.icmp_signed("==", again, call), sure, look)  # else the leader was just writing them
    ir.IRBuilder(over).ret(LONG(0))
    b = ir.IRBuilder(sure)
    b.call(work, [out, into, data, _BIT(1), call])
    b.branch(look)
    for phi, values in (
        (known, [(before, entry), (known, rest), (known, called), (call, sure)]),
        (turns, [(LONG(0), entry), (more, rest), (LONG(0), called), (LONG(0), sure)]),
    ):
        for value, block in values:
            phi.add_incoming(value, block)
