"""A long formula as a program on arrays: terms that differ only in their variables and numbers become one loop.

``(x1 - 1)^2 + (x2 - 4)^2 + ...`` is one sum over ``(x - table)^2``. Terms are alike where their trees are, leaf by
leaf: a variable in the place of a variable, a number in that of a number. What they have in those places becomes an
array: the variables themselves where they follow each other, elements taken from them where they do not, a table of
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from downslope.language import tree as t
from downslope.language.functions import CONSTANTS, FUNCTIONS
from downslope.messages import message
from downslope.programs.arithmetic import apply
from downslope.programs.formulas import OPERATION_OF
from downslope.programs.node import ArrayNode, Axis, Table
from downslope.symbolic.unknown import TraceError

DEEPEST = 60  # brackets within brackets
FEWEST_ALIKE = 3  # terms, from which they are a loop
_JOINED = {"add": "sum", "mul": "prod", "max": "max", "min": "min"}


def rolled(root: t.Node, places: Mapping[str, int], x: ArrayNode) -> ArrayNode:
    """The node of a formula, of shape ().

    Args:
        places: where each variable lies in ``x``.
        x: a node of shape (n,).

    Raises:
        TraceError: its brackets are nested too deeply.

    >>> from downslope.language import parse
    >>> from downslope.programs.node import Graph
    >>> graph = Graph()
    >>> x = graph.input("x", (3,))
    >>> rolled(parse("(x1-1)^2 + (x2-4)^2 + (x3-9)^2").tree, {"x1": 0, "x2": 1, "x3": 2}, x)
    %6 = reduce(%5) of shape ()
    """
    return _Rolling(places, x).built([root], 0)


class _Rolling:
    def __init__(self, places: Mapping[str, int], x: ArrayNode) -> None:
        self.places, self.x, self.graph = places, x, x.graph
        self.kinds: dict[int, int] = {}
        self._numbers: dict[Any, int] = {}

    def kind(self, root: t.Node) -> int:
        """A number that is the same for trees that are alike."""
        for node in t.walk(root):
            if id(node) in self.kinds:
                continue
            below = tuple(self.kinds[id(child)] for child in t.children(node))
            said: Any = ""
            match node:
                case t.NamedConstant(name) | t.Call(name, _) | t.Comparison(name, _, _) | t.Logical(name, _):
                    said = name
                case t.Power(_, t.Number(exponent)):
                    said = exponent  # a power is computed by what its exponent is
            key = (type(node), said, below)
            self.kinds[id(node)] = self._numbers.setdefault(key, len(self._numbers))
        return self.kinds[id(root)]

    def built(self, members: Sequence[t.Node], depth: int) -> ArrayNode:
        """Trees that are alike, as an array of as many elements; of shape () where there is one or all are the same."""
        if depth > DEEPEST:
            raise TraceError(message("brackets are nested too deeply"))
        first, count = members[0], len(members)
        match first:
            case t.Number():
                return self._numbers_of(np.array([member.value for member in members]))  # type: ignore[union-attr]
            case t.NamedConstant(name):
                return self.graph.number(CONSTANTS[name])
            case t.Variable():
                return self._taken([self.places[member.name] for member in members])  # type: ignore[union-attr]
            case t.Sum():
                return self._joined("add", members, depth)
            case t.Multiplication():
                return self._joined("mul", members, depth)
            case t.Call(("max" | "min") as name, _):
                return self._joined(name, members, depth)
            case t.Logical("not", _):
                return apply("not", *self._below(members, depth))
            case t.Logical(name, _):
                return reduce(lambda a, b: apply(name, a, b), self._below(members, depth))
            case t.Negative():
                return apply("neg", *self._below(members, depth))
            case t.Quotient():
                return apply("div", *self._below(members, depth))
            case t.Power():
                return apply("pow", *self._below(members, depth))
            case t.Comparison(sign, _, _):
                return apply(OPERATION_OF[sign], *self._below(members, depth))
            case t.Call(name, _):
                completed = [self._completed(member) for member in members] if count else []
                return apply(name, *self._columns(completed, depth))

    def _completed(self, call: Any) -> tuple[t.Node, ...]:
        return FUNCTIONS[call.function].completed(call.arguments)

    def _below(self, members: Sequence[t.Node], depth: int) -> list[ArrayNode]:
        return self._columns([t.children(member) for member in members], depth)

    def _columns(self, rows: Sequence[Sequence[t.Node]], depth: int) -> list[ArrayNode]:
        return [self.built(column, depth + 1) for column in zip(*rows, strict=True)]

    def _joined(self, operation: str, members: Sequence[t.Node], depth: int) -> ArrayNode:
        """Sums of the members' terms: those alike as one array, added up along its last axis."""
        rows = [t.children(member) for member in members]
        groups: dict[int, list[int]] = {}
        for k, part in enumerate(rows[0]):
            groups.setdefault(self.kind(part), []).append(k)
        parts: list[tuple[int, ArrayNode]] = []
        for places in groups.values():
            if len(places) < FEWEST_ALIKE:
                parts += [(k, self.built([row[k] for row in rows], depth + 1)) for k in places]
                continue
            array = self.built([row[k] for row in rows for k in places], depth + 1)
            shape = (len(rows), len(places)) if len(rows) > 1 else (len(places),)
            whole = self.graph.reshaped(self.graph.broadcast(array, (len(rows) * len(places),)), shape)
            parts.append((places[0], self.graph.reduced(_JOINED[operation], whole, 1)))
        return reduce(
            lambda a, b: apply(operation, a, b), [part for _, part in sorted(parts, key=lambda p: p[0])]
        )

    def _numbers_of(self, values: Any) -> ArrayNode:
        if np.all(values == values[0]):
            return self.graph.number(float(values[0]))
        return self.graph.table(values)

    def _taken(self, places: list[int]) -> ArrayNode:
        count, first = len(places), places[0]
        if len(set(places)) == 1:
            return self.graph.view(self.x, [Axis(first, 0, None)], ())
        steps = np.diff(places)
        if np.all(steps == steps[0]):
            return self.graph.view(self.x, [Axis(first, int(steps[0]), 0)], (count,))
        return self.graph.taken(self.x, Table(np.array(places, np.int64)), (count,))
