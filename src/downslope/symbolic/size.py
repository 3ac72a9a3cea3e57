"""How large an expression is: the parts that differ, which cost time to compile, and all when it is written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_SPELT = (
    100_000  # parts of a formula that is followed, when it is written out: of more, that takes seconds
)
MOST_READ = 1_000_000  # the same, of an expression that a person gives: SymPy walks them one by one


def size(expressions: Sequence[Any], most: int) -> int:
    """How many different parts the expressions have, counted up to ``most``."""
    seen: set[Any] = set()
    stack = list(expressions)
    while stack and len(seen) < most:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.args)
    return len(seen)


def spelt_size(expression: Any, most: int) -> int:
    """How many parts it has when it is written out, where a part that is shared counts each time; at most ``most``.

    A loop of n turns that uses its variable twice has n parts that differ, and 2^n when written out.
    """
    counts: dict[Any, int] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        pending = [part for part in getattr(node, "args", ()) if part not in counts]
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        counts[node] = min(most, 1 + sum(counts[part] for part in getattr(node, "args", ())))
        if counts[node] == most:
            return most
    return counts[expression]
