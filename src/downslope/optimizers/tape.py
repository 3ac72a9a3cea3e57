"""One update of a rule, written down as a list of instructions on vectors and scalars.

The rule's ``update`` is called once with nodes in the place of numbers; every operator and function that meets one is
recorded. Nothing is rearranged. What runs the list may choose how: fused, in place, on many arrays at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from downslope.messages import message
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.own_numbers import bring
from downslope.symbolic.unknown import TraceError

Operand: TypeAlias = "Node | float | bool"


class Node:
    """A vector or scalar on a tape: the result of one instruction, or something that was there before.

    Attributes:
        tape: where it is written.
        index: its place there.
        vector: whether it is a vector.
    """

    __slots__ = ("index", "tape", "vector")
    __array_ufunc__ = None  # NumPy's numbers leave the operator to us

    def __init__(self, tape: Tape, index: int, vector: bool) -> None:
        self.tape, self.index, self.vector = tape, index, vector

    def __bool__(self) -> bool:
        raise TraceError(message("a rule that branches on a value cannot be written down; use where()"))

    def __add__(self, other: Any) -> Node:
        return self.tape.write("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return self.tape.write("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return self.tape.write("sub", self, other)

    def __rsub__(self, other: Any) -> Node:
        return self.tape.write("sub", other, self)

    def __mul__(self, other: Any) -> Node:
        return self.tape.write("mul", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self.tape.write("mul", other, self)

    def __truediv__(self, other: Any) -> Node:
        return self.tape.write("div", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return self.tape.write("div", other, self)

    def __pow__(self, other: Any) -> Node:
        return self.tape.write("pow", self, other)

    def __rpow__(self, other: Any) -> Node:
        return self.tape.write("pow", other, self)

    def __neg__(self) -> Node:
        return self.tape.write("neg", self)

    def __lt__(self, other: Any) -> Node:
        return self.tape.write("less", self, other)

    def __le__(self, other: Any) -> Node:
        return self.tape.write("less_equal", self, other)

    def __gt__(self, other: Any) -> Node:
        return self.tape.write("less", other, self)

    def __ge__(self, other: Any) -> Node:
        return self.tape.write("less_equal", other, self)

    def __repr__(self) -> str:
        return f"{'v' if self.vector else 's'}{self.index}"


@dataclass(frozen=True)
class Instruction:
    """One line: what is done with which nodes and numbers. The inputs of a tape are lines without operands."""

    operation: str
    operands: tuple[Any, ...]
    vector: bool


@dataclass
class Tape:
    """The lines in order of computation, and where the inputs and results are.

    Attributes:
        lines: one for each node, by its index.
        inputs: "x", "g", "value", "state.NAME" and the hyperparameters' paths -> node.
        state: the new state's leaves, in order: nodes, or numbers where they are constant.
        next_x, accepted: the other results.
    """

    lines: list[Instruction] = field(default_factory=list)
    inputs: dict[str, Node] = field(default_factory=dict)
    state: list[Any] = field(default_factory=list)
    next_x: Any = None
    accepted: Any = True
    _seen: dict[Any, Node] = field(default_factory=dict)

    def input(self, name: str, vector: bool) -> Node:
        """A node for something that is known before the update."""
        node = self._append(Instruction(name, (), vector))
        self.inputs[name] = node
        return node

    def write(self, operation: str, *operands: Any) -> Node:
        """The node of this instruction, which is the old one where the same was computed before."""
        plain = tuple(_operand(value) for value in operands)
        key = (operation, tuple((type(v), v.index if isinstance(v, Node) else v) for v in plain))
        if key not in self._seen:
            vector = operation != "dot" and any(isinstance(v, Node) and v.vector for v in plain)
            self._seen[key] = self._append(Instruction(operation, plain, vector))
        return self._seen[key]

    def _append(self, line: Instruction) -> Node:
        self.lines.append(line)
        return Node(self, len(self.lines) - 1, line.vector)

    @property
    def results(self) -> list[Any]:
        """Everything that the update returns: nodes and numbers."""
        return [self.next_x, *self.state, self.accepted]

    def needed(self) -> list[int]:
        """The lines that some result depends on, in order."""
        wanted = [node.index for node in self.results if isinstance(node, Node)]
        found: set[int] = set()
        while wanted:
            index = wanted.pop()
            if index not in found:
                found.add(index)
                wanted += [v.index for v in self.lines[index].operands if isinstance(v, Node)]
        return sorted(found)

    @property
    def looks_up(self) -> bool:
        """Whether it takes numbers out of a table, by the number of the step."""
        return any(self.lines[i].operation == "entry" for i in self.needed())

    @property
    def mixes(self) -> bool:
        """Whether a coordinate's new value depends on other coordinates: through an inner product."""
        return any(self.lines[i].operation == "dot" for i in self.needed())


def _operand(value: Any) -> Any:
    """A node, a plain number or condition, or a table of numbers."""
    if isinstance(value, Node):
        return value
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    if isinstance(value, tuple):  # the table of ``entry``
        return value
    raise TraceError(message("a {kind} cannot be written down", kind=type(value).__name__))


def tape_of(rule: Optimizer) -> Tape | None:
    """The tape of one update of ``rule``; nothing of one that cannot be written down."""
    from downslope.optimizers.param_tree import ParamTree

    try:
        return recorded(rule, rule.init(ParamTree([np.ones(2)])))
    except TraceError:
        return None


def is_elementwise(rule: Optimizer) -> bool:
    """Whether every coordinate goes its own way: no lengths, no inner products, and no branch on values.

    >>> from downslope.optimizers import Adam, AdGD2
    >>> is_elementwise(Adam()), is_elementwise(AdGD2())
    (True, False)
    """
    tape = tape_of(rule)
    return tape is not None and not tape.mixes


def recorded(rule: Optimizer, state: Any) -> Tape:
    """The tape of one update of ``rule``, for states of the build of ``state``, whose vectors are parameter trees.

    Raises:
        TraceError: it cannot be written down: bounds of single coordinates, a rule that branches in Python.
    """
    from downslope.optimizers.param_tree import ParamTree

    tape = Tape()
    x, g, value = tape.input("x", True), tape.input("g", True), tape.input("value", False)
    before = states.mapped(state, lambda name, leaf: tape.input(f"state.{name}", isinstance(leaf, ParamTree)))
    named = {path: tape.input(path, False) for path in rule.scalars()}
    try:
        tape.next_x, after, accepted = rule.with_scalars(named).update(x, value, g, before)
    except (TypeError, ValueError, AttributeError) as error:
        raise TraceError(
            message("{kind} cannot be written down: {error}", kind=type(rule).__name__, error=error)
        ) from error
    tape.state = [leaf for _, leaf in states.leaves(after)]
    tape.accepted = accepted
    return tape


def _writer(operation: str) -> Callable[..., Any]:
    def write(*values: Any) -> Any:
        node = next(value for value in values if isinstance(value, Node))
        return node.tape.write(operation, *values)

    return write


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if isinstance(condition, (bool, np.bool_)):
        return yes if condition else no
    return condition.tape.write("where", condition, yes, no)


# What ``arithmetic`` calls when an argument is a node.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: _writer(name)
        for name in ("sqrt", "absolute", "sign", "floor", "cos", "log", "maximum", "minimum")
    },
    "logical_and": _writer("logical_and"),
    "logical_or": _writer("logical_or"),
    "dot": _writer("dot"),
    "zeros_like": lambda x: x.tape.write("zeros_like", x),
    "where": _where,
    "entry": lambda table, k: k.tape.write("entry", tuple(map(float, table)), k),
}
bring(__name__, FUNCTIONS)
