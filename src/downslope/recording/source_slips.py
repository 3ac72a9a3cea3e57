"""What the lines of a loop show without being run: gradients never computed, never zeroed, or from a moved point."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

from downslope.messages import message
from downslope.recording.learner_source import Moved
from downslope.recording.loop_records import Slip
from downslope.recording.turns import Loop, Turn, inside, names_in


def source_slips(moved: Sequence[Moved], loop: Loop, turn: Turn) -> list[Slip]:
    """The first of them, if there is one."""
    found = [
        *_never_computed(moved, loop, turn),
        *_never_zeroed(moved, loop),
        *_one_after_the_other(moved, turn),
        *_begun_anew(moved, turn),
    ]
    return found[:1]


def _never_computed(moved: Sequence[Moved], loop: Loop, turn: Turn) -> Iterator[Slip]:
    """A gradient that the loop uses, and computes nowhere."""
    for m in moved:
        name = m.gradient.id if isinstance(m.gradient, ast.Name) else None
        if name is None or name in turn.written:
            continue
        if any(isinstance(n, (ast.Subscript, ast.Attribute)) and name in names_in(n) for n in inside(loop)):
            continue  # filled in some other way
        yield Slip(
            "stale_gradient",
            0,
            {"line": m.move.statement.lineno, "parameter": m.move.owner},
            message(
                "Line {line} uses {gradient}, which the loop never computes: it is that of the start at every step."
                " Compute {gradient} in the loop, before this line.",
                line=m.move.statement.lineno,
                gradient=name,
            ),
        )


def _never_zeroed(moved: Sequence[Moved], loop: Loop) -> Iterator[Slip]:
    """A gradient to which every turn of the loop adds, and that none begins anew."""
    for m in moved:
        name = m.gradient.id if isinstance(m.gradient, ast.Name) else None
        made = [
            node
            for node in inside(loop)
            if (isinstance(node, ast.Assign) and name in set().union(*(names_in(t) for t in node.targets)))
            or (isinstance(node, ast.AugAssign) and name in names_in(node.target))
        ]
        if name is None or not made or not all(_adds_to(name, node) for node in made):
            continue
        yield Slip(
            "gradient_not_zeroed",
            1,
            {"line": made[0].lineno, "parameter": m.move.owner},
            message(
                "Line {line} adds to {gradient}, which no turn of the loop begins anew: it is the sum of the"
                " gradients of all steps so far. Set {gradient} to zero in each step, before it is computed.",
                line=made[0].lineno,
                gradient=name,
            ),
        )


def _adds_to(name: str, node: ast.Assign | ast.AugAssign) -> bool:
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Add)
    value = node.value
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add)
        and name in (ast.unparse(value.left), ast.unparse(value.right))
    )


def _begun_anew(moved: Sequence[Moved], turn: Turn) -> Iterator[Slip]:
    """A velocity or a mean that every turn sets to zero before it keeps a part of it."""
    for name in sorted(turn.written - {m.move.owner for m in moved}):
        writes = list(turn.writes_to(name))
        for (place, zero), (later, write) in itertools.pairwise(writes):
            if not _is_nothing(zero.value) or not any(
                isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult) and name in names_in(n)
                for n in ast.walk(write.value)
            ):
                continue
            uses = any(
                (name, later) in turn.sources(m.move.statement, turn.place(m.move.statement)) for m in moved
            )
            if uses:
                yield Slip(
                    "state_not_kept",
                    1,
                    {"line": turn.order[place].lineno, "state": [name]},
                    message(
                        "Line {first} sets {name} to zero in every turn of the loop, so that line {second} finds"
                        " nothing of it that could be kept. Move line {first} before the loop.",
                        first=turn.order[place].lineno,
                        second=turn.order[later].lineno,
                        name=name,
                    ),
                )


def _is_nothing(value: ast.AST) -> bool:
    if isinstance(value, ast.Constant):
        return value.value == 0
    return isinstance(value, ast.Call) and "zeros" in ast.unparse(value.func)


def _one_after_the_other(moved: Sequence[Moved], turn: Turn) -> Iterator[Slip]:
    """A gradient that is computed from a variable that this turn of the loop has moved already."""
    for earlier in moved:
        for later in moved:
            first, second = earlier.move, later.move
            if first.statement is second.statement or first.owner == second.owner:
                continue
            begun = turn.order.index(first.statement)
            if begun >= turn.order.index(second.statement) or first.before != first.owner:
                continue
            if (first.owner, begun) not in turn.sources(later.gradient, turn.place(later.gradient)):
                continue
            yield Slip(
                "wrong_order",
                0,
                {"line": second.statement.lineno, "parameter": second.owner},
                message(
                    "Line {first} moves {one}, and the gradient of {other} for line {second} is computed afterwards,"
                    " from the {one} already moved. Compute all gradients first, then move all parameters, unless one"
                    " after the other is what you mean.",
                    first=first.statement.lineno,
                    second=second.statement.lineno,
                    one=first.owner,
                    other=second.owner,
                ),
            )
