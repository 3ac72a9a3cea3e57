"""A rule in machine code, for passes over the rows that take a step after every few of them.

A rule whose coordinates do not meet (gradient descent, Adam) is compiled for one coordinate and called for each, where
there are many; any other is compiled for all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.errors import UsageError
from downslope.fitting.kernels.records import Rule
from downslope.fitting.rows import Array
from downslope.messages import message
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.tape import is_elementwise
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.symbolic import SymbolicArray
from downslope.symbolic.array import box
from downslope.symbolic.unknown import TraceError

AT_ONCE = (
    64  # parameters up to which a rule is compiled for all of them at once: its steps are somewhat faster
)
MOST_AT_ONCE = 400  # a rule for more takes seconds to compile
KEPT = 64  # compiled rules
NOWHERE: NDArray[np.int64] = np.empty((0, 2), np.int64)


@dataclass(frozen=True, eq=False)
class Layout:
    """The rule in machine code, and the buffer ``[hyperparameters | part | x | state | gradient | value]`` it reads.

    Attributes:
        rule: with its hyperparameters.
        size: parameters.
        native: one step of it, for all coordinates or for one.
        scalars: the hyperparameters, and a place for the part that a batch is of a full one.
        read, written: where one coordinate's inputs and outputs stand, see ``kernels.records.Rule``.
    """

    rule: Optimizer
    size: int
    native: symbolic.NativeFunction
    scalars: Array
    read: NDArray[np.int64]
    written: NDArray[np.int64]

    @property
    def head(self) -> int:
        """Numbers before ``x``."""
        return len(self.scalars)

    def buffers(self, x: Array, state: Array) -> tuple[Array, Array]:
        """Inputs and outputs of one call."""
        return np.concatenate([self.scalars, x, state, np.zeros(len(x) + 1)]), np.empty(len(x) + len(state))

    def call(self, l2: Array, root: bool) -> Rule:
        """The rule as ``kernels.rule.step`` takes it; ``l2`` holds the penalty of each parameter, or nothing."""
        code = self.native
        return Rule(code.address, code.data, self.head, self.size, root, l2, self.read, self.written)

    def answer(self, x: Array, state: Array) -> Array:
        """The point the rule reports, from its state as one vector."""
        whole = states.refilled(self.rule.init(np.array(x)), np.asarray(state))
        return np.asarray(self.rule.answer(x, whole), np.float64)


def compiled_rule(optimizer: Optimizer, size: int) -> Layout:
    """One update of the rule as a native function of the point, the state, and a gradient from outside.

    Raises:
        UsageError: the rule compares values of the cost, which batches do not give, or cannot be traced.
    """
    rule = resolve_schedule(optimizer)
    key = _Traceable(rule)
    single = size > AT_ONCE and _goes_singly(rule)
    if size > MOST_AT_ONCE and not single:
        _traced(rule, 1)  # what does not go with mini-batches at all is refused for that
        raise UsageError(
            message(
                "{optimizer} looks at all parameters together, and goes with mini-batches for at"
                " most {most_at_once} of them; this fit has {size}. gradient_descent, momentum, adam"
                " and the like go with any number.",
                optimizer=optimizer.name(),
                most_at_once=MOST_AT_ONCE,
                size=size,
            )
        )
    numbers = rule.scalars()
    scalars = np.array([*(numbers[path] for path in _paths(numbers)), 1.0])
    read, written = _places(rule, size, len(scalars)) if single else (NOWHERE, NOWHERE)
    return Layout(rule, size, _native(key, 1 if single else size), scalars, read, written)


def _paths(numbers: dict[str, float]) -> list[str]:
    """The hyperparameters in order; the part of a short batch has a place of its own, after them."""
    return [path for path in numbers if path.rpartition(".")[2] != "part"]


class _Traceable:
    """A rule as a key: equal where the formulas are."""

    def __init__(self, rule: Optimizer) -> None:
        self.rule, self.structure = rule, rule.structure()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Traceable) and self.structure == other.structure

    def __hash__(self) -> int:
        return hash(self.structure[0])


@lru_cache(KEPT)
def _native(key: _Traceable, size: int) -> symbolic.NativeFunction:
    inputs, outputs = _traced(key.rule, size)
    return symbolic.compile_native(inputs, outputs)


def _traced(rule: Optimizer, size: int) -> tuple[list[Any], list[Any]]:
    """Symbols of ``[hyperparameters | part | x | state | gradient | value]``, and formulas of ``[x | state]``."""
    name = rule.layers()[-1].name()
    part = SymbolicArray(box(se.Symbol("#part")))
    hyper = {path: SymbolicArray.symbols(f"#{path}") for path in _paths(rule.scalars())}
    values = {path: hyper.get(path, part) for path in rule.scalars()}
    x, g = SymbolicArray.symbols("#x", size), SymbolicArray.symbols("#g", size)
    value = SymbolicArray(box(se.Symbol("#value")))
    before = states.mapped(
        rule.init(np.zeros(size)), lambda n, leaf: SymbolicArray.symbols(f"#state.{n}", *np.shape(leaf))
    )
    try:
        next_x, after, accepted = rule.with_scalars(values).update(x, value, g, before)
    except TraceError as error:
        raise UsageError(
            message("{name} cannot be compiled for mini-batches: {why}.", name=name, why=error.message)
        ) from error
    innermost = resolve_schedule(rule.layers()[-1])
    if accepted is not True and requirements_of(innermost).searches:  # wrappers reject without comparing
        raise UsageError(
            message(
                "{name} compares values of the whole cost and does not go with mini-batches;"
                " gradient_descent, momentum, adam and the like do.",
                name=name,
            )
        )
    inputs = [*hyper.values(), part, x, *(leaf for _, leaf in states.leaves(before)), g, value]
    outputs = [next_x, *(leaf for _, leaf in states.leaves(after))]
    return (
        [symbol for array in inputs for symbol in box(array).ravel()],
        [entry for array in outputs for entry in box(array).ravel()],
    )


def _goes_singly(rule: Optimizer) -> bool:
    """Whether every coordinate goes its own way, with numbers of its own or of all to remember."""
    shapes = [np.shape(leaf) for _, leaf in states.leaves(rule.init(np.zeros(2)))]
    return all(shape in ((), (2,)) for shape in shapes) and is_elementwise(rule)


def _places(rule: Optimizer, size: int, head: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(offset, stride) of every input and output of one coordinate in the buffers of all."""
    vectors = [np.shape(leaf) == (size,) for _, leaf in states.leaves(rule.init(np.zeros(size)))]

    def laid(begin: int, moving: list[bool]) -> list[tuple[int, int]]:
        out = []
        for moves in moving:
            out.append((begin, int(moves)))
            begin += size if moves else 1
        return out

    read = [(i, 0) for i in range(head)] + laid(head, [True, *vectors, True, False])
    return np.array(read, np.int64), np.array(laid(0, [True, *vectors]), np.int64)
