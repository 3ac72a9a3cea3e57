"""The loops that were seen while a learner's script ran, each with its steps and with what made them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from downslope.containers import flattened
from downslope.objectives import Parameters, Vector
from downslope.recording.loop_records import LoopRecord, LoopRow
from downslope.tensors import library_of_parameter


@dataclass(frozen=True)
class FunctionCalled:
    """A function that makes one update: ``sgd(params, gradients, lr)``.

    Attributes:
        name: as it is called.
        given: what it was given beside them, by name.
    """

    name: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """What the source says of a loop.

    Attributes:
        is_plain: whether its updates are a rate times the gradient, so that it can be nothing but gradient descent.
        is_at_the_point: whether its gradients are those at the parameters, not at a point ahead of them.
        is_of_the_cost: whether each gradient is that of the whole cost, not of some of the data.
        is_in_turn: whether each coordinate is moved by the gradient where the one before led.
        is_named: whether what it is moved by is called a gradient.
        function: the name of the function in which it stands, or nothing.
        constants: the numbers between 0 and 1 that are written in it.
        rates: the names in its learning rates.
        names, lasting: all that stand in it; those that it does not write to.
    """

    is_plain: bool = False
    is_at_the_point: bool = True
    is_of_the_cost: bool = True
    is_in_turn: bool = False
    is_named: bool = True
    function: str = ""
    constants: tuple[float, ...] = ()
    rates: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()


@dataclass
class LoopSeen:
    """One loop.

    Attributes:
        record: its steps.
        updater: the object whose ``update`` was called, torch's or Keras's optimizer, or the ``FunctionCalled``; None
            where the loop makes its steps itself.
        derived: whether a framework made the gradients, so that they are those of the cost.
        reading: what its source says, where that was read.
        rate: the learning rate of its first step, where it was seen.
        names: the numbers that the loop has under a name, where they are not those of the script.
        true: derivatives of the cost that the loop computes, at its first steps.
        made_anew: how many updaters made one step each, the next going on where the one before ended.
        leaves: tensors, with their shapes, of a framework's loop.
    """

    record: LoopRecord = field(default_factory=LoopRecord)
    updater: Any = None
    derived: bool = False
    reading: Reading | None = None
    rate: float | None = None
    names: dict[str, float] = field(default_factory=dict)
    leaves: list[tuple[Any, tuple[int, ...]]] = field(default_factory=list)
    now: Callable[[], Vector] | None = None
    is_over: bool = False
    true: list[Vector] = field(default_factory=list)
    made_anew: int = 1
    since: int = 0  # steps of this updater

    def is_gone_on_with(self, updater: Any, x: Vector) -> bool:
        """Whether another updater of the same kind goes on where this one ended after a single step."""
        if isinstance(updater, FunctionCalled):
            return False
        self.end()
        after = self.record.rows[-1].after if self.record.rows else None
        return (
            type(updater) is type(self.updater)
            and self.since == 1
            and after is not None
            and np.array_equal(after, x)
        )

    def add(self, row: LoopRow) -> None:
        """Add a step, after which the one before is known to be over."""
        self.end()
        self.record.add(row)

    def end(self, *, for_good: bool = False) -> None:
        """Where the last step led, if that can be seen.

        A parameter that stands still says little: another tensor may stand in its place. Only where there is no other
        step, it was not moved.
        """
        rows = self.record.rows
        led = self.now() if self.now is not None and rows else None
        if led is not None and (not np.array_equal(led, rows[-1].x) or (for_good and len(rows) == 1)):
            rows[-1] = rows[-1].led(led)
        self.now = None

    def begins_as(self, other: LoopSeen) -> bool:
        """Whether another loop is this one, seen in another way: it begins at the same point."""
        one, two = self.record.rows[0].x, other.record.rows[0].x
        return one.shape == two.shape and bool(np.allclose(one, two, rtol=1e-6, atol=0))

    def name(self, names: Mapping[str, Any]) -> None:
        """Call tensors as the script calls them."""
        known: dict[int, str] = {}
        for value in names.values():
            if hasattr(value, "named_parameters"):
                known |= {id(p): inner for inner, p in value.named_parameters()}
        known |= {id(value): name for name, value in names.items() if not name.startswith("__")}
        found = tuple(
            name
            for i, (leaf, shape) in enumerate(self.leaves)
            for name in Parameters(
                (known.get(id(leaf), f"p{i}"),), (shape if math.prod(shape) > 1 else (),)
            ).coordinates
        )
        if self.leaves and len(found) == len(self.record.names):
            self.record.names = found


class LoopsSeen:
    """All loops that were seen through the calls that they made.

    Attributes:
        loops: in the order in which they began.
        updating: whether a call of ``update`` is under way.
        optimizer: the framework's optimizer that made the last step; None where none did.
        broken: what ended the script before its end, where something did.
    """

    def __init__(self) -> None:
        self.loops: list[LoopSeen] = []
        self.updating = False
        self.optimizer: Any = None
        self.broken: Exception | None = None

    def log(self, value: Any = None, *, params: Any = None, gradients: Any = None) -> None:
        """Tell of a step that cannot be seen: the parameters before it, and their gradients.

        Args:
            value: the cost there, if it is at hand.
            params, gradients: numbers, arrays, or dicts or lists of them.
        """
        names, x = numbers_of(params)
        row = LoopRow(x, numbers_of(gradients)[1], None, np.nan if value is None else float(value))
        self.see(names, row)

    def see(
        self, names: Sequence[str], row: LoopRow, updater: Any = None, rate: float | None = None
    ) -> LoopSeen:
        """Add a step of an updater, or of a loop that makes its steps itself."""
        loop = self._of(updater, len(names), row)
        loop.record.names = loop.record.names or names
        if not loop.record.rows:
            loop.rate = rate
        elif loop.rate and rate:
            row = row.with_share(rate / loop.rate)
        loop.add(row)
        loop.since += 1
        if updater is not None:
            loop.updater = updater
        return loop

    def stepped_by(self, optimizer: Any, pending: int) -> None:
        """A framework's optimizer makes a step from the gradients that came last, so many."""
        self.optimizer = optimizer
        if not self.loops:
            return
        last = self.loops[-1]
        own = next((loop for loop in self.loops if loop.updater is optimizer), None)
        if own is last or not pending:
            return
        if own is None and last.updater is None:
            last.updater = optimizer
        elif own is None and last.since == 1 + pending and type(last.updater) is type(optimizer):
            last.made_anew, last.since, last.updater = last.made_anew + 1, pending, optimizer
        else:
            self._give(last, own or self._beside(last, optimizer), pending)

    def _beside(self, last: LoopSeen, optimizer: Any) -> LoopSeen:
        """A loop of another optimizer, which begins with steps that were taken for the last one's."""
        own = LoopSeen(updater=optimizer, leaves=last.leaves, derived=last.derived)
        own.record.names = last.record.names
        self.loops.append(own)
        return own

    def _give(self, last: LoopSeen, own: LoopSeen, pending: int) -> None:
        """Hand the last steps over to the loop whose they are."""
        rows = last.record.rows[-pending:]
        del last.record.rows[-pending:]
        for row in rows:
            own.add(row)
        own.now, last.now = last.now, None
        own.since += pending
        if not last.record.rows:
            self.loops.remove(last)

    def over(self, *, whole: bool) -> None:
        """A loop of the source is over: one that makes its own steps is; where it is a ``whole`` one, functions too."""
        if whole:
            self.optimizer = None
        for loop in self.loops:
            if loop.updater is None or (whole and isinstance(loop.updater, FunctionCalled)):
                loop.end(for_good=True)
                loop.is_over = True

    def end(self, names: Mapping[str, Any]) -> None:
        """Everything is over."""
        for loop in self.loops:
            loop.end(for_good=True)
            loop.name(names)

    def _of(self, updater: Any, size: int, row: LoopRow) -> LoopSeen:
        """The loop that goes on with a step; a new one where there is none."""
        last = self.loops[-1] if self.loops else None
        is_new = last is not None and updater is not None and last.updater is not updater
        if last is not None and is_new and last.is_gone_on_with(updater, row.x):
            last.made_anew, last.since, last.updater = last.made_anew + 1, 0, updater
            return last
        for loop in reversed(self.loops):
            if loop.is_over or not _same_updater(loop.updater, updater) or len(loop.record.names) != size:
                continue
            if updater is None and loop.record.rows:
                loop.end()
                after = loop.record.rows[-1].after
                if after is not None and not np.array_equal(after, row.x):
                    loop.is_over = True  # it has jumped: another loop has begun
                    continue
            return loop
        self.loops.append(LoopSeen())
        return self.loops[-1]


def _same_updater(one: Any, other: Any) -> bool:
    if isinstance(one, FunctionCalled) and isinstance(other, FunctionCalled):
        return one.name == other.name
    return one is other


def numbers_of(params: Any) -> tuple[tuple[str, ...], Vector]:
    """The names of all coordinates of nested parameters, and their numbers."""
    names: list[str] = []
    parts = []
    for name, leaf in flattened(params):
        if isinstance(leaf, (int, float, np.generic, np.ndarray)):
            array = np.asarray(leaf, np.float64)
        else:
            array = np.asarray(library_of_parameter(leaf, name).plain(leaf), np.float64)
        known = "x" if name == "the parameter" else name
        names += Parameters((known,), (array.shape,)).coordinates
        parts.append(array.ravel())
    return tuple(names), np.concatenate(parts) if parts else np.empty(0)
