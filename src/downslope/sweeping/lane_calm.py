"""Blocks of steps that are made without looking, where nothing can happen that the judge would tell.

Within some distance of the origin no value and no gradient is too large (``calm_reach``). So a block of steps all of
whose points lie there needs no other test than that, which is one addition a coordinate, looked at once a block. Where
a block does not pass, nothing of it is kept: the loop with all tests goes on from where the block began. Which way a
step is made therefore changes no bit of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import symengine as se
from llvmlite import ir

from downslope.descent import lane_kernel as lk
from downslope.sweeping.calm_reach import reach_of
from downslope.sweeping.lane_step import LaneTests, StepSymbols, outputs_of
from downslope.symbolic.lanes import DOUBLES, LONG, LaneBuilder, Lanes
from downslope.symbolic.size import size

SLACK = 0.99  # of the squared distance, for the rounding of its sum
TIMES = 4  # steps in a block: of more, little is gained, and a block that does not pass is made twice
MOST_WRITTEN = 100  # parts of the expressions of a step, which is compiled five times
BYTE = ir.IntType(8)


@dataclass(frozen=True)
class CalmBlocks:
    """How blocks are written.

    Attributes:
        step, tests: as for the loop with all tests.
        reach: no point of a block may lie farther out.
    """

    step: StepSymbols
    tests: LaneTests
    reach: float

    @classmethod
    def of(cls, step: StepSymbols, tests: LaneTests) -> CalmBlocks | None:
        """Blocks for this step, which accepts every point; None where every step is to be looked at."""
        if tests.value_change or tests.x_change or tests.suspect:
            return None
        if size(step.outputs, MOST_WRITTEN) >= MOST_WRITTEN or any(map(_is_slow, step.outputs)):
            return None
        value, square = step.outputs[-3:-1]
        reach = reach_of(value, square, step.inputs[step.hyper : step.hyper + step.dimension])
        return None if reach is None else cls(step, tests, reach)

    def write(self, outer: Any, registers: Sequence[Any], count: Any) -> None:
        """Blocks between the entry and the loop of ``outer``; ``count`` is the loop's of steps made."""
        _CalmWriter(self, outer, registers).write(count)


def _is_slow(expression: Any) -> bool:
    """Whether it has a quotient, a root or a function: these take so long that the tests cost nothing beside."""
    if isinstance(expression, se.Pow):
        exponent = expression.args[1]
        return not isinstance(exponent, se.Integer) or int(exponent) < 0 or _is_slow(expression.args[0])
    if isinstance(expression, (se.Add, se.Mul)):
        return any(map(_is_slow, expression.args))
    return bool(expression.args)


class _CalmLanes:
    """One register's worth of lanes."""

    def __init__(self, blocks: CalmBlocks, outer: Any, builder: ir.IRBuilder, first: dict[int, Any]) -> None:
        self.blocks, self.first = blocks, first
        self.base, step = outer.base, blocks.step
        self.w = LaneBuilder(outer.entry, builder)
        self.rows = [
            *range(step.hyper, self.base),
            *(self.base + lk.FIXED + i for i in range(step.dimension)),
        ]
        self.phis = {row: builder.phi(DOUBLES) for row in self.rows}
        for row, phi in self.phis.items():
            phi.add_incoming(first[row], outer.entry.block)
        self.now = {row: Lanes(self.w, phi, False) for row, phi in self.phis.items()}
        self.far, self.fine = self.w.number(0.0), self.w.truth(True)

    def begin(self, fixed: Any) -> Lanes:
        """Tell what every block is held against; whether the first may be made, for each lane."""
        base, step, w = self.base, self.blocks.step, self.w
        self.hyper = [Lanes(w, fixed(row).code, True) for row in range(step.hyper)]
        self.low = Lanes(w, fixed(base + lk.LOW_SQUARE).code, True)
        self.gone = Lanes(w, (fixed(base + lk.ACTIVE) < 0.5).code, True)
        plain = Lanes(w, fixed(base + lk.LOW_VALUE).code, True) <= -lk.RUNAWAY
        here = [Lanes(w, self.first[step.hyper + i], True) for i in range(step.dimension)]
        near = plain & self._near(self._square_of(here, w.number(0.0)))
        if self.blocks.tests.watched:
            idle = Lanes(w, self.first[base + lk.IDLE], True)
            near = near & (idle + float(TIMES) < Lanes(w, fixed(base + lk.MOST_IDLE).code, True))
        else:
            near = near & (self.low < 0.0)
        return near | self.gone

    def _square_of(self, x: Sequence[Lanes], so_far: Lanes) -> Lanes:
        for number in x:
            so_far = self.w.fused(number, number, so_far)
        return so_far

    def _near(self, square: Lanes) -> Lanes:
        return square <= self.blocks.reach**2 * SLACK

    def advance(self) -> None:
        """Write one step."""
        step, d = self.blocks.step, self.blocks.step.dimension
        values = [*self.hyper, *(self.now[row] for row in range(step.hyper, self.base))]
        out = outputs_of(self.w, step, values)
        here = values[step.hyper : step.hyper + d]
        if self.blocks.tests.watched:
            self.fine = self.fine & (out[-2] > self.low)
            last = [self.now[self.base + lk.FIXED + i] for i in range(d)]
            still = self.w.truth(True)
            for x, before in zip(here, last, strict=True):
                still = still & self.w.compared("==", x, before)
            self.moved = ~still  # of the last step only: the count of those that did not begins anew
        self.far = self._square_of(out[:d], self.far)
        self.now = dict(zip(range(step.hyper, self.base), out[:-3], strict=True))
        self.now.update({self.base + lk.FIXED + i: x for i, x in enumerate(here)})

    def passes(self) -> Lanes:
        """Whether nothing has happened in the block, for each lane."""
        calm = self._near(self.far) & self.fine & ~self.w.bad
        if self.blocks.tests.watched:
            calm = calm & self.moved
        return calm | self.gone


class _CalmWriter:
    """Writes the blocks: out of them go the state before the block that did not pass, or that after the last one."""

    def __init__(self, blocks: CalmBlocks, outer: Any, registers: Sequence[Any]) -> None:
        self.blocks, self.outer, self.registers = blocks, outer, registers
        function = outer.entry.function
        self.calm = ir.IRBuilder(function.append_basic_block("calm"))
        self.more = ir.IRBuilder(function.append_basic_block("more"))

    def write(self, count: Any) -> None:
        """All of it."""
        entry, calm, more, loop = self.outer.entry, self.calm, self.more, self.outer.loop
        times, budget = LONG(TIMES), self.outer.budget
        made = calm.phi(LONG)
        made.add_incoming(LONG(0), entry.block)
        lanes = [_CalmLanes(self.blocks, self.outer, calm, one.first) for one in self.registers]
        may = [one.begin(register.fixed) for one, register in zip(lanes, self.registers, strict=True)]
        for _ in range(TIMES):
            for one in lanes:
                one.advance()
        passed = _all(calm, [one.passes() for one in lanes])
        after = calm.add(made, times)
        calm.cbranch(passed, more.block, loop.block)
        # the step behind the last block is the loop's, which leaves what the judge reads
        again = more.icmp_signed("<", more.add(after, times), budget)
        more.cbranch(again, calm.block, loop.block)
        first = entry.and_(_all(entry, may), entry.icmp_signed("<", times, budget))
        entry.cbranch(first, calm.block, loop.block)
        made.add_incoming(after, more.block)
        count.add_incoming(made, calm.block)
        count.add_incoming(after, more.block)
        for one, register in zip(lanes, self.registers, strict=True):
            self._carry(one, register, made)

    def _carry(self, one: _CalmLanes, register: Any, made: Any) -> None:
        """Everything round the blocks, and out of them into the loop."""
        for row, phi in one.phis.items():
            phi.add_incoming(one.now[row].code, self.more.block)
        idle = self.outer.base + lk.IDLE
        for row, phi in register.carried.items():
            if row in one.phis:
                phi.add_incoming(one.phis[row], self.calm.block)
                phi.add_incoming(one.now[row].code, self.more.block)
            elif row == idle:
                none, first = one.w.number(0.0).code, one.first[row]
                begun = self._begun(made)
                phi.add_incoming(self._chosen(begun, none, first), self.calm.block)
                phi.add_incoming(none, self.more.block)
            else:  # value and square of the point before: nothing reads them, as the next evaluation is finite
                for builder in (self.calm, self.more):
                    phi.add_incoming(one.first[row], builder.block)

    def _begun(self, made: Any) -> Any:
        with self.calm.goto_block(self.calm.block):
            return self.calm.icmp_signed(">", made, LONG(0))

    def _chosen(self, condition: Any, yes: Any, no: Any) -> Any:
        with self.calm.goto_block(self.calm.block):
            return self.calm.select(condition, yes, no)


def _all(builder: ir.IRBuilder, truths: Sequence[Lanes]) -> Any:
    """Whether it holds for every lane of every register."""
    bits = builder.bitcast(truths[0].code, BYTE)
    for one in truths[1:]:
        bits = builder.and_(bits, builder.bitcast(one.code, BYTE))
    return builder.icmp_signed("==", bits, BYTE(-1))
