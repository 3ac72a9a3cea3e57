"""How far out a point may lie so that nothing that is computed there can be too large for the judge.

A bound on sizes: the size of a sum is at most the sum of sizes, and so on. It holds for each part of an expression in
any order of its terms and factors, so that rounding and common parts do not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import symengine as se

HIGHEST = 1e28  # a value; a hundredth of what a run may climb to before it is called diverged
STEEPEST = 1e290  # a sum of squares, which is finite also after rounding
FARTHEST = 1e150  # whose square is finite


def reach_of(value: Any, square: Any, symbols: Sequence[Any]) -> float | None:
    """A distance within which the value is below HIGHEST and the square below STEEPEST; None where none is known.

    >>> x = se.Symbol("x")
    >>> reach_of(x**2, 4 * x**2, [x])
    100000000000000.0
    >>> reach_of(1 / x, 1 / x**4, [x]) is None
    True
    """
    for exponent in range(round(math.log10(FARTHEST)), -1, -1):
        reach = 10.0**exponent
        sizes = [_size(one, reach, set(symbols)) for one in (value, square)]
        if None in sizes:
            return None
        if sizes[0] <= HIGHEST and sizes[1] <= STEEPEST:  # type: ignore[operator]
            return reach
    return None


def _size(expression: Any, reach: float, symbols: set[Any]) -> float | None:
    """At most how large any part of the expression is, at least 1; None where that is not known."""
    known: dict[Any, float] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        pending = [part for part in node.args if part not in known] if not node.is_Number else []
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        found = _size_of(node, known, reach, symbols)
        if found is None:
            return None
        known[node] = max(1.0, found)
    return known[expression]


def _size_of(node: Any, known: dict[Any, float], reach: float, symbols: set[Any]) -> float | None:
    """The same of one node, whose parts are known."""
    if node in symbols:
        return reach
    if node.is_Number:
        return _of_number(node)
    parts = [known[part] for part in node.args]
    if isinstance(node, se.Add):
        return sum(parts)
    if isinstance(node, se.Mul):
        return math.prod(parts)
    return _of_power(node, parts[0]) if isinstance(node, se.Pow) else None


def _of_number(node: Any) -> float | None:
    try:
        size = abs(float(node))
    except (RuntimeError, TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(size) else size


def _of_power(node: Any, base: float) -> float | None:
    exponent = node.args[1]
    if not isinstance(exponent, se.Integer) or int(exponent) < 0:
        return None
    try:
        return float(base ** int(exponent))
    except OverflowError:
        return math.inf
