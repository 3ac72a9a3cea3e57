"""The cost that a loop computes, as a function of its parameters: its own lines, run again at points beside theirs.

Only lines that are arithmetic are: assignments of sums, products, and functions that compute and do nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.recording.told_values import Parts, parts_of
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
    if any(turn.is_repeated(line) for line in lines):  # for one coordinate after the other
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


def derivatives(
    lines: Any, name: str, known: Mapping[str, Any], owners: Sequence[str]
) -> dict[str, Parts] | None:
    """Differences of the cost in each of the parameters at their values; None where the lines do not tell.

    They come by the names of the variables, and of their entries, as the loop writes them: ``w``, ``w['a']``.
    """

    def at(changed: Owned) -> float:
        names = {**known, **changed}
        exec(lines, names)
        return float(np.asarray(names[name], np.float64).reshape(()))

    found: dict[str, Parts] = {}
    try:
        for owner in owners:
            found[owner] = _slopes(at, owner, known[owner])
            for key, slopes in list(found[owner]):
                if key is not None:
                    found[f"{owner}[{key!r}]"] = [(None, slopes)]
                elif slopes.ndim:
                    found |= {f"{owner}[{i}]": [(None, one)] for i, one in enumerate(slopes)}
    except Exception:  # whatever a learner's lines raise
        return None
    return found


def _slopes(at: Callable[[Owned], float], owner: str, value: Any) -> Parts:
    """The derivatives in all numbers of a variable."""
    parts = parts_of(value) or []
    if not parts or sum(array.size for _, array in parts) > COORDINATES:
        raise ValueError
    found: Parts = []
    for key, array in parts:
        slopes = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            h = float(np.cbrt(np.finfo(np.float64).eps) * max(1.0, abs(array[place])))
            ahead, behind = (_with(value, key, _moved(array, place, by)) for by in (h, -h))
            slopes[place] = (at({owner: ahead}) - at({owner: behind})) / (2 * h)
        found.append((key, slopes))
    return found


def _moved(array: Any, place: tuple[int, ...], by: float) -> Any:
    moved = array.copy()
    moved[place] += by
    return moved[()]


def _with(value: Any, key: Any, array: Any) -> Any:
    """A variable with another value in one of its parts."""
    if key is None:
        return array
    first, rest = (key[0], key[1]) if isinstance(key, tuple) else (key, None)
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[first] = _with(value[first], rest, array)
    return changed
