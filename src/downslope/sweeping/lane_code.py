"""A step map for eight runs to a register -> machine code that advances them until something may have happened.

The loop holds the point, the rule's state and what the judge needs in registers. It leaves as soon as one lane may
have met a test, a limit or trouble; ``descent.lane_kernel`` then asks the judge, and puts the next run into a lane that
is done.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import symengine as se
from llvmlite import ir

from downslope.descent import judge as j
from downslope.descent import lane_kernel as lk
from downslope.sweeping.lane_calm import CalmBlocks
from downslope.sweeping.lane_step import LaneTests, StepSymbols, outputs_of
from downslope.symbolic.lanes import DOUBLE, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes, machine_code

FEW_NUMBERS = 24  # that a lane carries along: of so few, two registers' worth of runs go side by side
FEWER_NUMBERS = 12  # of so few, blocks without tests gain by four: less waits for what is not yet computed
BYTE = ir.IntType(8)


@dataclass(frozen=True)
class LaneProgram:
    """Machine code and what keeps it alive."""

    code: lk.LaneCode
    owner: Any


def lane_program(step: StepSymbols, tests: LaneTests) -> LaneProgram:
    """The code for this step map with these tests.

    Raises:
        ObjectiveError: it has a function that lanes have not.
    """
    return _Writer(step, tests, None).program()


def calm_program(step: StepSymbols, tests: LaneTests) -> LaneProgram | None:
    """Code that makes the same runs sooner and takes longer to compile; None where there is none."""
    taken = step.outputs[-1]
    calm = CalmBlocks.of(step, tests) if _always(taken) else None
    return None if calm is None else _Writer(step, tests, calm).program()


def _always(taken: Any) -> bool:
    """Whether every point is accepted."""
    return bool(se.sympify(taken).is_Number and float(taken) > 0.5)


class _Registers:
    """One register's worth of lanes: where their numbers are in the block, and what is computed of them."""

    def __init__(self, outer: _Writer, group: int) -> None:
        self._outer, self._group = outer, group
        self.builder = LaneBuilder(outer.entry, outer.loop)
        step = outer.step
        self.carried: dict[int, Any] = {}  # row of the block -> phi
        state = range(step.hyper, len(step.inputs))
        rows = [*state, *(outer.base + row for row in outer.remembered)]
        self.first = {row: self._load(row) for row in rows}  # as the block has it
        for row in rows:
            phi = outer.loop.phi(DOUBLES)
            phi.add_incoming(self.first[row], outer.entry.block)
            self.carried[row] = phi
        self.after: dict[int, Lanes] = {}

    def _place(self, builder: Any, row: int) -> Any:
        offset = LONG(row * self._outer.lanes + self._group * WIDTH)
        return builder.bitcast(builder.gep(self._outer.block, [offset]), DOUBLES.as_pointer())

    def _load(self, row: int) -> Any:
        return self._outer.entry.load(self._place(self._outer.entry, row), align=8)

    def store(self, row: int, value: Lanes) -> None:
        """Write a row of the block, where the loop has been left."""
        self._outer.exit.store(value.code, self._place(self._outer.exit, row), align=8)

    def fixed(self, row: int) -> Lanes:
        """What does not change while the loop runs."""
        return Lanes(self.builder, self._load(row), True)

    def known(self, row: int) -> Lanes:
        """A number as the loop has it before a step."""
        return Lanes(self.builder, self.carried[row], False)

    def write_step(self) -> Any:
        """The step, and whether anything may have happened: a truth value for each lane."""
        outer, w, step = self._outer, self.builder, self._outer.step
        base, d = outer.base, step.dimension
        values = [self.fixed(row) for row in range(step.hyper)]
        values += [self.known(row) for row in range(step.hyper, base)]
        out = outputs_of(w, step, values)
        self.here = values[step.hyper : step.hyper + d]
        self.value, self.square, self.taken = out[-3:]
        for row, value in zip(range(step.hyper, base), out[:-3], strict=True):
            self.after[row] = value
        # what is not below is above, equal or no number, and each of them is for the judge
        fine = (self.square > self.fixed(base + lk.LOW_SQUARE)) & (self.square < np.inf)
        fine = fine & (self.value < self.fixed(base + lk.HIGH_VALUE))
        fine = fine & (self.value > self.fixed(base + lk.LOW_VALUE))
        self.last = [self.known(base + lk.FIXED + i) for i in range(d)]
        if outer.tests.value_change:
            change = abs(self.value - self.known(base + lk.LAST_VALUE))
            fine = fine & ~(change <= self.fixed(base + lk.VALUE_CHANGE))
        if outer.tests.x_change:
            fine = fine & ~(self._moved() <= self.fixed(base + lk.X_CHANGE))
        if outer.tests.suspect:
            flaw = w.number(0.0)
            for number in out[:d]:
                flaw = flaw + number * 0.0
            fine = fine & w.compared("==", flaw, 0.0)
        happened = self._accepting(fine) if outer.accepts else self._choosing(fine)
        self.bad = w.bad
        return (happened | w.bad) & (self.fixed(base + lk.ACTIVE) > 0.5)

    def _moved(self) -> Lanes:
        """The squared length of the step; 0 only where no coordinate moved."""
        w = self.builder
        square = w.number(0.0)
        for x, last in zip(self.here, self.last, strict=True):
            square = square + (x - last) * (x - last)
        least = w.select(square > 0.0, square, j.LEAST_SQUARE)
        return w.select(self._still(), 0.0, w.select(w.isnan(square), square, least))

    def _still(self) -> Lanes:
        """Whether no coordinate differs from the last accepted point's."""
        w = self.builder
        still = w.truth(True)
        for x, last in zip(self.here, self.last, strict=True):
            still = still & w.compared("==", x, last)
        return still

    def _accepting(self, fine: Lanes) -> Lanes:
        """Of a rule that accepts every point."""
        base, w = self._outer.base, self.builder
        happened = ~fine
        if self._outer.tests.watched:
            idle = w.select(self._still(), self.known(base + lk.IDLE) + 1.0, 0.0)
            self.after[base + lk.IDLE] = idle
            happened = happened | (idle >= self.fixed(base + lk.MOST_IDLE))
        self._remember(None)
        return happened

    def _choosing(self, fine: Lanes) -> Lanes:
        """Of a rule that rejects some: steps and rejections are counted in each lane, as ``kernel`` counts them."""
        base, w = self._outer.base, self.builder

        def known(row: int) -> Lanes:
            return self.known(base + row)

        accepted = self.taken > 0.5
        step = known(lk.STEP)
        next_step = w.select(accepted, step + 1.0, step)
        moves = accepted & ~self._still() if self._outer.tests.watched else accepted
        moves = moves | (accepted & (next_step < 0.5))
        idle = w.select(moves, 0.0, known(lk.IDLE) + 1.0)
        value, least, least_norm = known(lk.LAST_VALUE), known(lk.LEAST_VALUE), known(lk.LEAST_NORM)
        norm = w.root(known(lk.LAST_SQUARE))
        forgiven = known(lk.REFUSED) - (step - known(lk.REFUSED_STEP)) * float(j.FORGIVEN)
        forgiven = w.select(forgiven > 0.0, forgiven, 0.0)
        level = value <= least + abs(least) * j.LEVEL
        refused = w.select(level, forgiven, known(lk.REFUSED)) + 1.0
        lower, smaller = least - value > abs(value) * j.LEVEL, least_norm - norm > norm * j.LEVEL
        refused = w.select(lower | smaller, 1.0, refused)
        in_vain = w.select(lower | smaller, 1.0, known(lk.IN_VAIN) + 1.0)

        def keep(new: Lanes, row: int) -> Lanes:
            return w.select(accepted, known(row), new)

        after = {
            lk.IDLE: idle,
            lk.STEP: next_step,
            lk.REFUSED: keep(refused, lk.REFUSED),
            lk.REFUSED_STEP: keep(step, lk.REFUSED_STEP),
            lk.LEAST_VALUE: keep(w.select(lower, value, least), lk.LEAST_VALUE),
            lk.LEAST_NORM: keep(w.select(smaller, norm, least_norm), lk.LEAST_NORM),
            lk.IN_VAIN: keep(in_vain, lk.IN_VAIN),
        }
        self.after.update({base + row: value for row, value in after.items()})
        most_idle = self.fixed(base + lk.MOST_IDLE)
        tired = (after[lk.REFUSED] >= most_idle) | (after[lk.IN_VAIN] >= most_idle * float(j.LENIENCE))
        tired = (idle >= most_idle) | (~accepted & tired)
        over = accepted & (next_step >= self.fixed(base + lk.MOST_STEPS))
        self._remember(accepted)
        return (accepted & ~fine) | tired | over

    def _remember(self, accepted: Lanes | None) -> None:
        """The point as the last accepted one, where it is."""
        base, w = self._outer.base, self.builder
        places = [base + lk.LAST_VALUE, base + lk.LAST_SQUARE]
        places += [base + lk.FIXED + i for i in range(len(self.here))]
        for row, new in zip(places, [self.value, self.square, *self.here], strict=True):
            self.after[row] = new if accepted is None else w.select(accepted, new, self.known(row))

    def close(self) -> None:
        """Carry everything round the loop."""
        for row, phi in self.carried.items():
            phi.add_incoming(self.after[row].code, self._outer.loop.block)

    def write_exit(self, happened: Lanes) -> None:
        """Where the loop is left: all that is carried, and what the last evaluation was."""
        base, d, w = self._outer.base, self._outer.step.dimension, self.builder
        w.inside = self._outer.exit
        outside = (self.taken > 0.5) & ~(abs(self.value) < np.inf)
        kept = {base + lk.LAST_VALUE, base + lk.LAST_SQUARE, *(base + lk.FIXED + i for i in range(d))}
        for row in self.carried:
            after = self.after[row]
            self.store(row, w.select(outside, self.known(row), after) if row in kept else after)
        for offset, value in (
            (lk.VALUE, self.value),
            (lk.SQUARE, self.square),
            (lk.TAKEN, self.taken),
            (lk.CHANGE, abs(self.value - self.known(base + lk.LAST_VALUE))),
            (lk.MOVED, self._moved()),
            (lk.FLAG, w.select(happened, 1.0, 0.0)),
            (lk.BAD, w.select(self.bad, 1.0, 0.0)),
        ):
            self.store(base + offset, value)
        for i, x in enumerate(self.here):
            self.store(base + lk.FIXED + d + i, x)


class _Writer:
    """Writes the loop."""

    def __init__(self, step: StepSymbols, tests: LaneTests, calm: CalmBlocks | None) -> None:
        self.step, self.tests, self.calm, self.base = step, tests, calm, len(step.inputs)
        self.accepts = _always(step.outputs[-1])
        self.remembered = [lk.LAST_VALUE, lk.LAST_SQUARE, *(lk.FIXED + i for i in range(step.dimension))]
        if self.accepts:
            self.remembered += [lk.IDLE] if tests.watched else []
        else:
            self.remembered += [lk.IDLE, lk.STEP, lk.REFUSED, lk.REFUSED_STEP]
            self.remembered += [lk.LEAST_VALUE, lk.LEAST_NORM, lk.IN_VAIN]
        carried = len(step.inputs) + len(self.remembered)
        self.groups = 2 if carried <= FEW_NUMBERS else 1
        if calm is not None and carried <= FEWER_NUMBERS:
            self.groups = 4
        self.lanes = self.groups * WIDTH
        self.module = ir.Module()
        kind = ir.FunctionType(LONG, [DOUBLE.as_pointer(), LONG])
        function = ir.Function(self.module, kind, "advance")
        self.block, self.budget = function.args
        blocks = [function.append_basic_block(name) for name in ("entry", "loop", "exit")]
        self.entry, self.loop, self.exit = (ir.IRBuilder(block) for block in blocks)

    def program(self) -> LaneProgram:
        """All of it, compiled."""
        count = self.loop.phi(LONG)
        count.add_incoming(LONG(0), self.entry.block)
        registers = [_Registers(self, group) for group in range(self.groups)]
        happened = [one.write_step() for one in registers]
        any_bits = None
        for one in happened:
            bits = self.loop.bitcast(one.code, BYTE)
            any_bits = bits if any_bits is None else self.loop.or_(any_bits, bits)
        made = self.loop.add(count, LONG(1))
        count.add_incoming(made, self.loop.block)
        for one in registers:
            one.close()
        quiet = self.loop.icmp_unsigned("==", any_bits, BYTE(0))
        more = self.loop.icmp_signed("<", made, self.budget)
        self.loop.cbranch(self.loop.and_(quiet, more), self.loop.block, self.exit.block)
        for one, flag in zip(registers, happened, strict=True):
            one.write_exit(flag)
        self.exit.ret(made)
        if self.calm is None:
            self.entry.branch(self.loop.block)
        else:
            self.calm.write(self, registers, count)
        owner, address = machine_code(self.module, "advance")
        assert ctypes.sizeof(ctypes.c_void_p) == 8
        sizes = (self.step.hyper, self.step.dimension, self.base - self.step.hyper - self.step.dimension)
        return LaneProgram(lk.LaneCode(address, self.lanes, *sizes, self.accepts), owner)
