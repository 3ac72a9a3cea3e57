"""Which elements of a program fail, vanish or stand at a corner at a point, and what they are as formulas.

A program says what a function of many numbers does with whole arrays. Of one element of one of these arrays a formula
is read off, as short as it is shown: ``log(x[17])``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS
from downslope.objectives import Vector
from downslope.objectives.array_program import ArrayProgram
from downslope.programs import ArrayNode, needed
from downslope.programs.evaluate import element_function, evaluated
from downslope.programs.formulas import OPERATION_OF, worked_out
from downslope.programs.node import Axis

MOST_TERMS = 6  # of a sum over an array, that are written out
MOST_PARTS = 24  # nodes of a formula that is read off; what is beyond is "..."
MOST_ELEMENTS = 8  # of one array, that are told apart
ELSEWHERE = "..."  # what is not written out

Points: TypeAlias = Sequence[Vector] | NDArray[np.float64]

_SIGNS = {operation: sign for sign, operation in OPERATION_OF.items()}


@dataclass
class Element:
    """A formula of one element, and the numbers of its variables."""

    tree: t.Node
    numbers: dict[str, float] = field(default_factory=dict)


class ProgramAt:
    """Every array of a program at one point.

    Args:
        program: the program.
        names: of its parameters.
        x: the point.
        roots: what is to be known; by default its value.
    """

    def __init__(
        self, program: ArrayProgram, names: Sequence[str], x: Vector, roots: Iterable[ArrayNode] = ()
    ) -> None:
        self.program, self.names, self.x = program, names, np.asarray(x, np.float64)
        self.nodes = needed(tuple(roots) or (program.value,))
        values = evaluated(self.nodes, {"x": self.x})
        self.values = {
            node.index: np.asarray(value).ravel() for node, value in zip(self.nodes, values, strict=True)
        }

    def failing(self, root: ArrayNode, index: int = 0) -> Element | None:
        """The innermost element that is not finite though what it is made of is, on the way to one of a root.

        None where that one is finite, or where it is made of what NumPy does as a whole.
        """
        if np.isfinite(self.values[root.index][index]):
            return None
        while True:
            made_of = self._made_of(root, index)
            if made_of is None:
                return None
            bad = [(node, i) for node, i in made_of if not np.isfinite(self.values[node.index][i])]
            if not bad:
                return self.element(root, index)
            root, index = bad[0]

    def element(self, node: ArrayNode, index: int) -> Element:
        """The formula of an element."""
        made = Element(t.Number(0.0))
        made.tree = self._tree(node, index, made, [MOST_PARTS])
        return made

    def _made_of(self, node: ArrayNode, index: int) -> list[tuple[ArrayNode, int]] | None:
        """The elements that one is made of, without those of a branch that is not taken; None where unknown."""
        operands = node.operands
        match node.operation:
            case "input" | "number" | "table":
                return []
            case "view":
                place = _place(index, node.shape)
                return [(operands[0], _seen_in(operands[0].shape, node.detail, place))]
            case "reshape":
                return [(operands[0], index)]
            case "take":
                return [(operands[0], int(node.detail.array.ravel()[index]))]
            case "reduce":
                row = operands[0].size // max(1, node.size)
                return [(operands[0], i) for i in range(index * row, (index + 1) * row)]
            case "matmul":
                i, j = divmod(index, node.shape[1])
                inner = operands[0].shape[1]
                left = [(operands[0], i * inner + k) for k in range(inner)]
                return left + [(operands[1], k * node.shape[1] + j) for k in range(inner)]
            case "scatter":
                return [(operands[0], int(i)) for i in np.flatnonzero(node.detail.array.ravel() == index)]
            case "assemble":
                place = _place(index, node.shape)
                pieces = zip(operands, node.detail, strict=True)
                return [one for part, axes in pieces for one in _put_there(part, axes, place)]
            case "entry" | "call":
                return None
        if node.operation == "where":
            taken = self.values[operands[0].index][index if operands[0].shape else 0]
            operands = (operands[0], operands[1] if taken else operands[2])
        return [(part, index if part.shape else 0) for part in operands]

    def _tree(self, node: ArrayNode, index: int, made: Element, left: list[int]) -> t.Node:
        """The formula of an element, of as many nodes as are left."""
        left[0] -= 1
        operation = node.operation
        if operation == "input":
            name = self.names[index] if node.detail == "x" else ELSEWHERE
            made.numbers[name] = float(self.values[node.index][index])
            return t.Variable(name)
        if operation in ("number", "table"):
            return _number(float(self.values[node.index][index if node.shape else 0]))
        parts = self._made_of(node, index)
        summed = operation == "reduce" and len(parts or ()) <= MOST_TERMS
        known = operation in ("view", "reshape", "take") or summed
        if parts is None or left[0] < 0 or not (known or operation in _ELEMENTWISE):
            return self._elsewhere(node, index, made)
        if operation == "where":
            return self._tree(*parts[1], made, left)  # the branch that is taken
        trees = [self._tree(part, i, made, left) for part, i in parts]
        return trees[0] if operation in ("view", "reshape", "take") else _joined(node, trees)

    def _elsewhere(self, node: ArrayNode, index: int, made: Element) -> t.Node:
        name = ELSEWHERE
        while name in made.numbers:
            name += "."
        made.numbers[name] = float(self.values[node.index][index])
        return t.Variable(name)

    # --- divisors and corners -------------------------------------------------------------------

    def cornered(self, reach: float) -> list[Element]:
        """The elements with a corner, of ``abs(u)``, ``max(u, v)`` and the like, that lie within ``reach`` of it."""
        found = []
        with np.errstate(all="ignore"):
            for node in self.nodes:
                gaps = self._gaps(node)
                if gaps is not None:
                    near = np.flatnonzero(gaps <= reach)[:MOST_ELEMENTS]
                    found += [self.element(node, int(i)) for i in near]
        return found

    def _gaps(self, node: ArrayNode) -> NDArray[np.float64] | None:
        """How far each element lies from its corner; None where it has none."""
        operands = [self.values[part.index] for part in node.operands]
        if node.operation == "reduce" and node.detail[0] in ("max", "min"):
            rows = np.sort(operands[0].reshape(max(1, node.size), -1), axis=1)
            if rows.shape[1] < 2:
                return None
            rows = rows if node.detail[0] == "max" else -rows[:, ::-1]
            return np.asarray(rows[:, -1] - rows[:, -2])
        record = FUNCTIONS.get(node.operation)
        if record is None or record.corner is None or (not node.shape and node.operation == "where"):
            return None
        known = {
            name: np.broadcast_to(part, node.size)
            for name, part in zip(record.arguments, operands, strict=False)
        }

        def apply(name: str, *parts: Any) -> Any:
            return element_function(name)(*parts)

        gaps: NDArray[np.float64] = np.abs(np.asarray(worked_out(record.corner, known, apply, np.asarray)))
        return gaps


def divided_by(program: ArrayProgram, x: Points) -> list[tuple[ArrayNode, int]]:
    """Elements of what is divided by, that vanish at one of these points or change their sign between two of them."""
    nodes = _divisors(program)
    if not nodes:
        return []
    values = [evaluated(nodes, {"x": np.asarray(point, np.float64)}) for point in x]
    found = []
    for k, node in enumerate(nodes):
        signs = np.sign(np.array([value[k].ravel() for value in values]))
        changed = np.any(signs == 0, axis=0) | np.any(signs[1:] * signs[:-1] < 0, axis=0)
        found += [(node, int(i)) for i in np.flatnonzero(changed)[:MOST_ELEMENTS]]
    return found


def _divisors(program: ArrayProgram) -> list[ArrayNode]:
    """What the value is divided by, without numbers; an even power does not change its sign, so its base."""
    found: dict[int, ArrayNode] = {}
    for node in needed([program.value]):
        divisor = None
        if node.operation == "div":
            divisor = node.operands[1]
        elif node.operation == "pow" and (node.operands[1].literal or 0.0) < 0:
            divisor = node.operands[0]
        while divisor is not None and divisor.operation == "pow" and divisor.operands[1].literal is not None:
            divisor = divisor.operands[0]
        if divisor is not None and program.x in needed([divisor]):
            found[divisor.index] = divisor
    return list(found.values())


_ELEMENTWISE = {"add", "sub", "mul", "div", "neg", "pow", "where", *_SIGNS, "and", "or", "not", *FUNCTIONS}


def _joined(node: ArrayNode, parts: list[t.Node]) -> t.Node:
    """A formula of the formulas of its parts."""
    match node.operation if node.operation != "reduce" else node.detail[0]:
        case "add" | "sum":
            return t.Sum(tuple(parts)) if len(parts) > 1 else parts[0]
        case "sub":
            return t.Sum((parts[0], t.Negative(parts[1])))
        case "mul" | "prod":
            return t.Multiplication(tuple(parts)) if len(parts) > 1 else parts[0]
        case "div":
            return t.Quotient(parts[0], parts[1])
        case "neg":
            return t.Negative(parts[0])
        case "pow":
            return t.Power(parts[0], parts[1])
        case ("and" | "or" | "not") as operator:
            return t.Logical(operator, tuple(parts))
        case operation if operation in _SIGNS:
            return t.Comparison(_SIGNS[operation], parts[0], parts[1])
        case operation:
            return t.Call({"any": "max", "all": "min"}.get(operation, operation), tuple(parts))


def _number(value: float) -> t.Node:
    return t.Negative(t.Number(-value)) if value < 0 else t.Number(value)


def _place(index: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where an element lies, along each axis."""
    return tuple(map(int, np.unravel_index(index, shape))) if shape else ()


def _seen_in(shape: tuple[int, ...], axes: Sequence[Axis], place: Sequence[int]) -> int:
    """Where in an array of that shape an element of a view of it lies."""
    if not shape:
        return 0
    inside = [axis.start + (0 if axis.along is None else axis.step * int(place[axis.along])) for axis in axes]
    return int(np.ravel_multi_index(inside, shape))


def _put_there(part: ArrayNode, axes: Sequence[Axis], place: Sequence[int]) -> list[tuple[ArrayNode, int]]:
    """The elements of a piece that are added at a place."""
    ranges = [range(length) for length in part.shape]
    for axis, i in zip(axes, map(int, place), strict=True):
        if axis.along is None:
            if i != axis.start:
                return []
            continue
        k, rest = divmod(i - axis.start, axis.step) if axis.step else (0, i - axis.start)
        if rest or not 0 <= k < part.shape[axis.along]:
            return []
        ranges[axis.along] = range(k, k + 1)
    if not part.shape:
        return [(part, 0)]
    grid = np.meshgrid(*map(list, ranges), indexing="ij")
    return [(part, int(i)) for i in np.ravel_multi_index([g.ravel() for g in grid], part.shape)]
