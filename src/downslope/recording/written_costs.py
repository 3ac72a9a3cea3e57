"""The cost that a loop computes, as a function of its parameters: its own lines, run again at points beside theirs.

Only lines that are arithmetic are: assignments of sums, products, and functions that compute and do nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.recording.turns import BEGIN, Turn, names_in

PURE_MODULES = {"np", "numpy", "math"}
PURE = {"sum", "abs", "len", "float", "pow", "max", "min", "zip", "range", "mean", "dot", "copy", "item"}
BY_CHANCE_OR_OUTSIDE = {"random", "load", "loadtxt", "save"}
STEPS = 6  # of which the derivatives are looked at
COORDINATES = 20  # of which the derivatives are looked at, at most
Owned = Mapping[str, Any]


def cost_lines(turn: Turn, place: int, owners: set[str]) -> ast.Module | None:
    """The lines of a turn that make the cost of a line, from the parameters as the turn began; None if others do."""
    cost = turn.order[place]
    if not isinstance(cost, ast.Assign):
        return None
    sources = turn.sources(cost.value, place)
    places = sorted({at for _, at in sources if at != BEGIN} | {place})
    lines = [turn.order[at] for at in places]
    begun = {name for name, at in sources if at == BEGIN}
    if not all(isinstance(line, ast.Assign) and _is_arithmetic(line.value) for line in lines):
        return None
    if not owners <= begun or any(name in owners for name, at in sources if at != BEGIN):
        return None
    return ast.fix_missing_locations(ast.Module([ast.parse(ast.unparse(line)).body[0] for line in lines], []))


def _is_arithmetic(value: ast.expr) -> bool:
    for node in ast.walk(value):
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Lambda)):
            return False
        if isinstance(node, ast.Call) and not _is_pure(node.func):
            return False
    return True


def _is_pure(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in PURE
    if not isinstance(called, ast.Attribute) or names_in(called) & BY_CHANCE_OR_OUTSIDE:
        return False
    of_a_module = isinstance(called.value, ast.Name) and called.value.id in PURE_MODULES
    return called.attr not in BY_CHANCE_OR_OUTSIDE and (of_a_module or called.attr in PURE)


def derivatives(lines: Any, name: str, known: Mapping[str, Any], owners: Sequence[str]) -> list[Any] | None:
    """Differences of the cost in each of the parameters at their values; None where the lines do not tell."""

    def at(changed: Owned) -> float:
        names = {**known, **changed}
        exec(lines, names)
        return float(np.asarray(names[name], np.float64).reshape(()))

    try:
        return [_slopes(at, owner, np.asarray(known[owner], np.float64)) for owner in owners]
    except Exception:  # whatever a learner's lines raise
        return None


def _slopes(at: Callable[[Owned], float], owner: str, value: Any) -> Any:
    if value.size > COORDINATES:
        raise ValueError
    found = np.empty(value.size)
    for i in range(value.size):
        h = float(np.cbrt(np.finfo(np.float64).eps) * max(1.0, abs(value.flat[i])))
        ahead, behind = (value.copy() for _ in range(2))
        ahead.flat[i] += h
        behind.flat[i] -= h
        found[i] = (at({owner: ahead[()]}) - at({owner: behind[()]})) / (2 * h)
    return found
