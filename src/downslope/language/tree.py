"""The expression tree: what a formula says, before anything is computed.

Sums and products are flat (a sum of 20,000 terms is one node), so the depth of a tree is the depth
of its brackets, and every traversal here is iterative: so are comparing, hashing, showing, copying and
pickling, which for dataclasses recurse and would meet Python's limit at a depth that people can type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

T = TypeVar("T")


class _Tree:
    """What all nodes have in common."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Tree):
            return NotImplemented
        pairs = [(cast("Node", self), cast("Node", other))]
        while pairs:
            left, right = pairs.pop()
            below, beside = children(left), children(right)
            if left is not right and (_own(left) != _own(right) or len(below) != len(beside)):
                return False
            pairs.extend(zip(below, beside, strict=True))
        return True

    def __hash__(self) -> int:
        return hash(tuple((_own(node), len(children(node))) for node in walk(cast("Node", self))))

    def __repr__(self) -> str:
        return fold(cast("Node", self), _repr)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, ([(*_own(node), len(children(node))) for node in walk(cast("Node", self))],)

    def __deepcopy__(self, _: object) -> _Tree:
        return self  # nothing in a tree can change

    # Arithmetic on trees, for formulas that are written in Python: ``1 / (1 + x)``.

    def __add__(self, other: Operand) -> Node:
        return Sum((*(self.terms if isinstance(self, Sum) else (as_node(self),)), as_node(other)))

    def __radd__(self, other: Operand) -> Node:
        return Sum((as_node(other), as_node(self)))

    def __sub__(self, other: Operand) -> Node:
        return self + Negative(as_node(other))

    def __rsub__(self, other: Operand) -> Node:
        return Sum((as_node(other), Negative(as_node(self))))

    def __mul__(self, other: Operand) -> Node:
        factors = self.factors if isinstance(self, Multiplication) else (as_node(self),)
        return Multiplication((*factors, as_node(other)))

    def __rmul__(self, other: Operand) -> Node:
        factors = self.factors if isinstance(self, Multiplication) else (as_node(self),)
        return Multiplication((as_node(other), *factors))

    def __truediv__(self, other: Operand) -> Node:
        return Quotient(as_node(self), as_node(other))

    def __rtruediv__(self, other: Operand) -> Node:
        return Quotient(as_node(other), as_node(self))

    def __pow__(self, other: Operand) -> Node:
        return Power(as_node(self), as_node(other))

    def __neg__(self) -> Node:
        return Negative(as_node(self))

    def __lt__(self, other: Operand) -> Node:
        return Comparison("<", as_node(self), as_node(other))

    def __le__(self, other: Operand) -> Node:
        return Comparison("<=", as_node(self), as_node(other))

    def __gt__(self, other: Operand) -> Node:
        return Comparison(">", as_node(self), as_node(other))

    def __ge__(self, other: Operand) -> Node:
        return Comparison(">=", as_node(self), as_node(other))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(_Tree):
    """A literal; a whole number below 2^53 is exact, anything else is the nearest float64."""

    value: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NamedConstant(_Tree):
    """A named constant: ``pi`` or ``e``."""

    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Variable(_Tree):
    """A name that is neither a constant nor a function: a parameter of the objective."""

    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Negative(_Tree):
    """Minus the operand."""

    operand: Node


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sum(_Tree):
    """The sum of two or more terms; ``a - b`` is ``Sum((a, Negative(b)))``."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Multiplication(_Tree):
    """The product of two or more factors, from left to right."""

    factors: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Quotient(_Tree):
    """The numerator divided by the denominator."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Power(_Tree):
    """The base raised to the exponent."""

    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(_Tree):
    """One of the known functions, by its canonical name, applied to its arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(_Tree):
    """``left`` operator ``right`` with one of ``< <= > >= == !=``; only inside a condition."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Logical(_Tree):
    """``and``, ``or`` (two or more operands) or ``not`` (one); only inside a condition."""

    operator: str
    operands: tuple[Node, ...]


Node: TypeAlias = (
    Number
    | NamedConstant
    | Variable
    | Negative
    | Sum
    | Multiplication
    | Quotient
    | Power
    | Call
    | Comparison
    | Logical
)

Operand: TypeAlias = _Tree | float
"""What arithmetic on trees takes: a tree, or a number that becomes one."""


def as_node(value: Operand) -> Node:
    """A number as a tree; a tree as it is."""
    if isinstance(value, _Tree):
        return cast(Node, value)
    return Number(float(value)) if value >= 0 else Negative(Number(-float(value)))


def children(node: Node) -> tuple[Node, ...]:
    """The direct children of a node, from left to right."""
    match node:
        case Number() | NamedConstant() | Variable():
            return ()
        case Negative(operand):
            return (operand,)
        case Sum(nodes) | Multiplication(nodes):
            return nodes
        case Quotient(first, second) | Power(first, second):
            return (first, second)
        case Call(_, nodes) | Logical(_, nodes):
            return nodes
        case Comparison(_, left, right):
            return (left, right)


def walk(root: Node) -> Iterator[Node]:
    """Every node below and including ``root``, children before their parent, left to right."""
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            yield node
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(children(node)))


def fold(root: Node, combine: Callable[[Node, Sequence[T]], T]) -> T:
    """Evaluate a tree bottom-up: ``combine(node, results of its children)``.

    >>> fold(Sum((Number(1.0), Number(2.0))), lambda node, parts: 1 + sum(parts))
    3
    """
    results: list[T] = []
    for node in walk(root):
        count = len(children(node))
        parts = results[len(results) - count :]
        del results[len(results) - count :]
        results.append(combine(node, parts))
    return results[0]


def substituted(root: Node, values: Mapping[str, Node]) -> Node:
    """The tree with variables replaced by trees.

    >>> substituted(Negative(Variable("x")), {"x": Number(2.0)})
    Negative(Number(2.0))
    """

    def combine(node: Node, parts: Sequence[Node]) -> Node:
        if isinstance(node, Variable):
            return values.get(node.name, node)
        return with_children(node, parts)

    return fold(root, combine)


def with_children(node: Node, parts: Sequence[Node]) -> Node:
    """The same node over other children.

    >>> with_children(Negative(Variable("x")), [Number(2.0)])
    Negative(Number(2.0))
    """
    kind, *own = _own(node)
    return _made(kind, own, parts)


def _own(node: Node) -> tuple[Any, ...]:
    """The kind of a node and what it says itself, without its children."""
    match node:
        case Number(value):
            return Number, value
        case NamedConstant(name) | Variable(name):
            return type(node), name
        case Call(name, _) | Comparison(name, _, _) | Logical(name, _):
            return type(node), name
        case _:
            return (type(node),)


def _made(kind: Any, own: Sequence[Any], parts: Sequence[Node]) -> Node:
    """The opposite of ``_own`` and ``children``."""
    if kind in (Sum, Multiplication, Call, Logical):
        return cast(Node, kind(*own, tuple(parts)))
    return cast(Node, kind(*own, *parts))


def _rebuilt(flat: Sequence[tuple[Any, ...]]) -> Node:
    """A tree from its nodes in the order of ``walk``."""
    results: list[Node] = []
    for kind, *own, count in flat:
        parts = results[len(results) - count :]
        del results[len(results) - count :]
        results.append(_made(kind, own, parts))
    return results[0]


def _repr(node: Node, parts: Sequence[str]) -> str:
    kind, *own = _own(node)
    inside = [repr(said) for said in own]
    if isinstance(node, Sum | Multiplication | Call | Logical):
        inside.append(f"({', '.join(parts)}{',' * (len(parts) == 1)})")
    else:
        inside.extend(parts)
    return f"{kind.__name__}({', '.join(inside)})"
