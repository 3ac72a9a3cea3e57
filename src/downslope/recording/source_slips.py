"""What the lines of a loop show without being run: gradients never computed, never zeroed, or from a moved point."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from downslope.messages import message
from downslope.recording.elements import place_in
from downslope.recording.learner_source import Moved, has_one_rate, variable_of
from downslope.recording.loop_records import Slip
from downslope.recording.turns import BEGIN, Loop, Turn, inside, names_in, owners_of, targets_of

SHAPES = ("size", "shape", "ndim", "keys")  # what is not changed by a move
# What tells of a variable without changing it.
LOOKS = (
    "items",
    "keys",
    "values",
    "copy",
    "size",
    "shape",
    "T",
    "ndim",
    "sum",
    "mean",
    "dot",
    "tolist",
    "item",
)


def source_slips(moved: Sequence[Moved], loop: Loop, turn: Turn) -> list[Slip]:
    """The first of them, if there is one."""
    found = [
        *_never_computed(moved, loop, turn),
        *_never_zeroed(moved, loop, turn),
        *_one_after_the_other(moved, turn),
        *_each_after_the_last(moved, turn),
        *_begun_anew(moved, turn),
    ]
    return found[:1]


def _never_computed(moved: Sequence[Moved], loop: Loop, turn: Turn) -> Iterator[Slip]:
    """A gradient that the loop uses, and computes nowhere."""
    for m in moved:
        name = variable_of(m.gradient, turn)
        if name is None or name in turn.written or any(_may_fill(n, name) for n in inside(loop)):
            continue
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


def _may_fill(node: ast.AST, name: str) -> bool:
    """Whether a node may give a variable its value though it assigns none: ``g.fill(...)``, ``fill(g)``, ``out=g``."""
    if isinstance(node, ast.Attribute):
        return name in names_in(node) and node.attr not in LOOKS
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        given = {ast.unparse(place_in(one)[0]) for one in node.value.args}
        return ast.unparse(node.value.func) != "print" and name in given
    return isinstance(node, ast.keyword) and node.arg == "out" and name in names_in(node)


def _never_zeroed(moved: Sequence[Moved], loop: Loop, turn: Turn) -> Iterator[Slip]:
    """A gradient to which every turn of the loop adds, and that none begins anew."""
    for m in moved:
        name = variable_of(m.gradient, turn)
        made = [
            node
            for node in inside(loop)
            if (isinstance(node, ast.Assign) and name in set().union(*(targets_of(t) for t in node.targets)))
            or (isinstance(node, ast.AugAssign) and name in targets_of(node.target))
        ]
        if name is None or not made or not all(_adds_to(name, node) for node in made):
            continue
        if any(_may_fill(node, name) for node in inside(loop)):
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
    value, target = node.value, ast.unparse(node.targets[0])
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add)
        and bool({name, target} & {ast.unparse(value.left), ast.unparse(value.right)})
    )


def _begun_anew(moved: Sequence[Moved], turn: Turn) -> Iterator[Slip]:
    """A velocity or a mean that every turn sets to zero before it keeps a part of it."""
    for name in sorted(turn.written - {m.move.owner for m in moved}):
        writes = list(turn.writes_to(name))
        for (place, zero), (later, write) in itertools.pairwise(writes):
            if not _is_nothing(zero.value) or not _keeps_a_part(write.value, (name, place), later, turn):
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


def _keeps_a_part(value: ast.AST, written: tuple[str, int], place: int, turn: Turn) -> bool:
    """Whether a product in what is written there is made of what was written before: ``mu*v``, ``mu*vi``."""
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and written in turn.sources(node, place)
        for node in ast.walk(value)
    )


def _is_nothing(value: ast.AST) -> bool:
    """Whether a value is zero: a number, or a list, a dict or an array of them."""
    match value:
        case ast.Constant(value=number):
            return number == 0 and number is not False
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            return bool(parts) and all(_is_nothing(part) for part in parts)
        case ast.ListComp(elt=part) | ast.DictComp(value=part):
            return _is_nothing(part)
        case ast.BinOp(left=many, op=ast.Mult()):  # [0.0]*n
            return isinstance(many, ast.List) and _is_nothing(many)
        case ast.Call(func=called, args=parts):
            made_as = ast.unparse(called)
            return "zeros" in made_as or (made_as.endswith("array") and all(map(_is_nothing, parts[:1])))
    return False


def _one_after_the_other(moved: Sequence[Moved], turn: Turn) -> Iterator[Slip]:
    """A gradient that is computed from a variable that this turn of the loop has moved already."""
    for earlier, later in itertools.permutations(moved, 2):
        first, second = earlier.move, later.move
        if first.statement is second.statement or first.before == second.before:
            continue
        if first.owner not in owners_of(ast.parse(first.after, mode="eval").body):
            continue  # it is made beside the old one
        begun = turn.order.index(first.statement)
        if begun >= turn.order.index(second.statement):
            continue
        if first.owner == second.owner or first.before != first.owner:
            if not _reads_what_is_moved(later, earlier, begun, turn):
                continue
        elif (first.owner, begun) not in turn.sources(later.gradient, turn.place(later.gradient)):
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
                one=first.before,
                other=second.before,
            ),
        )


def _reads_what_is_moved(later: Moved, earlier: Moved, begun: int, turn: Turn) -> bool:
    """Whether the lines after a move that make another gradient read what it has moved."""
    own = later.move.before if earlier.move.owner == later.move.owner else None
    lines = [line for at, line in _made_by(later, turn) if at > begun]
    read = _Read(earlier.move.owner, own, only=earlier.move.before)
    return any(map(read.is_in, lines))


def _made_by(m: Moved, turn: Turn) -> Iterator[tuple[int, ast.AST]]:
    """(place, what it computes) of the gradient, and of the lines of this turn that made it."""
    place = turn.place(m.gradient)
    yield place, m.gradient
    for name, at in sorted(turn.sources(m.gradient, place)):
        if at != BEGIN:
            yield from ((at, write.value) for k, write in turn.writes_to(name) if k == at)


def reads_others(m: Moved, turn: Turn) -> bool:
    """Whether a loop over coordinates computes the gradient of each after it has moved the ones before."""
    part = m.move.part
    if part is None or not m.move.is_in_place:
        return False
    within = {id(node) for node in ast.walk(part.loop)}
    read = _Read(m.move.owner, part.old, functions=turn)
    return any(
        read.is_in(line)
        for at, line in _made_by(m, turn)
        if turn.is_repeated(turn.order[at]) and id(line) in within
    )


def _each_after_the_last(moved: Sequence[Moved], turn: Turn) -> Iterator[Slip]:
    for m in moved:
        if m.move.part is None or not has_one_rate(m, turn) or not reads_others(m, turn):
            continue
        yield Slip(
            "wrong_order",
            0,
            {"line": m.move.statement.lineno, "parameter": m.move.owner, "in_turn": True},
            message(
                "Line {line} moves {part}, and the gradient of the next one is computed afterwards, from the {name}"
                " already moved. Compute all gradients first, then move all parameters, unless one after the other is"
                " what you mean.",
                line=m.move.statement.lineno,
                part=m.move.part.new or m.move.part.old,
                name=m.move.before,
            ),
        )


@dataclass(frozen=True)
class _Read:
    """What of a variable is looked for.

    Attributes:
        owner: the variable.
        own: the entry that may be read; None where none may.
        only: the one entry that is looked for; None where any is.
        functions: the turn whose functions may read it too.
    """

    owner: str
    own: str | None
    only: str | None = None
    functions: Turn | None = None

    def is_in(self, node: ast.AST) -> bool:
        """Whether something reads it."""
        if isinstance(node, (ast.Subscript, ast.Attribute)):
            text = ast.unparse(node)
            if text == self.own or (isinstance(node, ast.Attribute) and node.attr in SHAPES):
                return False
            if text == self.only:
                return True
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.slice, ast.Constant)
                and self.only is not None
            ):
                return False  # another entry
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.BinOp):
                return False  # a neighbour, as relaxations have
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("len", "range"):
            return False
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            through = self.functions is not None and self.owner in self.functions.reads(node)
            return node.id == self.owner or through
        return any(self.is_in(child) for child in ast.iter_child_nodes(node))
