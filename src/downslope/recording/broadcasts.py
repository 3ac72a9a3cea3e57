"""Differences of predictions and targets of two shapes, which torch makes square: (n, 1) beside (n,) gives (n, n)."""

from __future__ import annotations

from typing import Any

Shape = tuple[int, ...]
_DIFFERENCES = ("SubBackward0", "RsubBackward0", "RsubBackward1")
MOST_NODES = 10_000  # of a graph that are looked at


def broadcast_in(node: Any) -> tuple[Shape, Shape] | None:
    """The shape of n numbers, and (n, n), where a cost is made of the differences of each with every other.

    Args:
        node: of torch's graph, the cost's own.
    """
    waiting: list[tuple[Any, str]] = [(node, "")]
    visited: set[Any] = set()
    while waiting and len(visited) < MOST_NODES:
        here, user = waiting.pop()
        if here is None or here in visited:
            continue
        visited.add(here)
        name, before = type(here).__name__, [one for one, _ in here.next_functions if one is not None]
        # of the weights themselves times a column: their differences from the targets come next
        compared = name in _DIFFERENCES or (name == "ExpandBackward0" and user.endswith("LossBackward0"))
        multiplied = name == "MulBackward0" and user in _DIFFERENCES
        made = _shape_of(here)
        if (compared or multiplied) and made is not None and len(made) == 2 and made[0] == made[1] > 1:
            n = made[0]
            shapes = [_shape_of(one) for one in before]
            if shapes and all(shape in ((n,), (n, 1), (1, n)) for shape in shapes):
                return shapes[0] or (n,), made
        waiting += [(one, name) for one in before]
    return None


def _shape_of(node: Any) -> Shape | None:
    """The shape of what a node makes; None where torch does not tell it."""
    told = getattr(node, "_input_metadata", None)
    return tuple(told[0].shape) if told else None
