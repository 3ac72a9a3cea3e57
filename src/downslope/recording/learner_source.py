"""The source of a loop, read: which variables it moves, by which gradients, and what each value was made of.

A variable is a parameter of the loop where its gradient is made of it; a sum, a mean or a velocity is none. What cannot
be told apart for sure is left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from downslope.recording.turns import Loop, Turn, names_in, owners_of, paired, statements, targets_of

RATES = re.compile(r"(?i)^(lr|lr_?rate|learning_?rate|eta|alpha|step_?size|rate|gamma|h|epsilon|eps|lr_?\w)$")
GRADIENTS = re.compile(
    r"(?i)^(g|gs|grads?|gradients?|slope|derivatives?|deriv|f_?prime|df|dydx)(_?[a-z0-9]{1,3})?$"
    r"|^_?(d|g|grad|gradient|df|dl|dj|dcost|dloss)_?[a-z]{1,2}\d?(_?d_?[a-z]{1,2}\d?)?$|grad|derivative|diff$"
)


@dataclass
class WrittenMove:
    """A line that moves a variable: ``x = x - e``, ``x -= e``, ``x_new = x - e``, ``xs[i + 1] = xs[i] - e``.

    Attributes:
        statement: the line.
        owner: the variable; ``W`` of ``W.data`` and of ``W[0]``.
        before, after: how its old and new value are written.
        added: what is added or taken away.
        is_added: which of the two.
    """

    statement: ast.stmt
    owner: str
    before: str
    after: str
    added: ast.expr
    is_added: bool

    def names(self) -> set[str]:
        """What its variable is called, before and after: ``x_old`` and ``x``."""
        return {self.owner, *owners_of(ast.parse(self.after, mode="eval").body)}


@dataclass
class Moved:
    """A parameter that a loop moves.

    Attributes:
        move: the line.
        gradient: the expression that is its gradient, somewhere in the loop.
        rate: the learning rate, as it is written; None where it is not beside the gradient.
        is_plain: whether nothing but a rate, numbers and this gradient make the step.
        sign: -1 where an expression without a name is added: people add the negative of a gradient.
    """

    move: WrittenMove
    gradient: ast.expr
    rate: str | None
    is_plain: bool
    sign: int = 1


# --- which lines move something --------------------------------------------------------------------------


def moves_in(body: Sequence[ast.stmt]) -> list[WrittenMove]:
    """The lines that move a variable by something that is no plain number."""
    lines = list(statements(body))
    renamed = {
        ast.unparse(value): ast.unparse(target)
        for s in lines
        if isinstance(s, ast.Assign) and len(s.targets) == 1
        for target, value in paired(s.targets[0], s.value)
        if isinstance(value, (ast.Name, ast.Call))
    }
    found = [move for statement in lines for move in _moves_of(statement, renamed)]
    counters = {move.owner for move in found if isinstance(move.added, ast.Constant)}
    return [
        move
        for move in found
        if move.owner not in counters
        and not RATES.match(move.before)
        and not says_gradient(ast.parse(move.before, mode="eval").body)
    ]


def _moves_of(statement: ast.stmt, renamed: dict[str, str]) -> Iterator[WrittenMove]:
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        moved, argument, done = call.func.value, call.args[0], call.func.attr
        name = ast.unparse(moved)
        if done in ("assign_sub", "assign_add", "sub_", "add_"):
            yield from _move(statement, moved, (name, name), argument, is_added="add" in done)
        elif done == "append" and _is_a_sum(argument) and ast.unparse(argument.left) == f"{name}[-1]":
            is_added = isinstance(argument.op, ast.Add)
            yield from _move(statement, moved, (f"{name}[-1]",) * 2, argument.right, is_added=is_added)
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Add, ast.Sub)):
        name = ast.unparse(statement.target)
        if _is_constant_place(statement.target):
            is_added = isinstance(statement.op, ast.Add)
            yield from _move(statement, statement.target, (name, name), statement.value, is_added=is_added)
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        for one, sum_ in paired(statement.targets[0], statement.value):
            if _is_a_sum(sum_):
                yield from _moves_to(statement, one, sum_, renamed)


def _moves_to(
    statement: ast.stmt, target: ast.expr, value: ast.BinOp, renamed: dict[str, str]
) -> Iterator[WrittenMove]:
    first, *more = _summed(value)
    if len(more) > 1:  # x - lr*g + mu*(x - x_old): more than a rate and a gradient
        name = ast.unparse(target)
        old = name if _is_constant_place(target) else None
        if ast.unparse(first) in (old, _called_later(name, renamed)):
            yield from _move(
                statement, first, (ast.unparse(first), name), ast.Tuple(more, ast.Load()), is_added=False
            )
        return
    name, left, is_added = ast.unparse(target), ast.unparse(value.left), isinstance(value.op, ast.Add)
    entry = isinstance(target, ast.Subscript) and isinstance(value.left, ast.Subscript)
    if left == name and _is_constant_place(target):
        yield from _move(statement, target, (name, name), value.right, is_added=is_added)
    elif is_added and ast.unparse(value.right) == name and _is_constant_place(target):
        yield from _move(statement, target, (name, name), value.left, is_added=True)
    elif isinstance(target, ast.Name) and _called_later(name, renamed) == left:
        yield from _move(statement, value.left, (left, name), value.right, is_added=is_added)
    elif (
        entry
        and not _is_constant_place(target)
        and owners_of(target) == owners_of(value.left)
        and left != name
    ):
        yield from _move(statement, target, (left, name), value.right, is_added=is_added)


def _summed(value: ast.expr) -> list[ast.expr]:
    """The terms of a sum, whatever their signs."""
    if _is_a_sum(value):
        return (
            [*_summed(value.left), *_summed(value.right)]
            if _is_a_sum(value.left)
            else [value.left, value.right]
        )
    return [value]


def _called_later(name: str, renamed: dict[str, str]) -> str | None:
    """What ``x_new`` is given to: ``x = x_new``, ``x = x_new.copy()``."""
    return renamed.get(name) or renamed.get(f"{name}.copy()")


def _move(
    statement: ast.stmt, moved: ast.expr, written: tuple[str, str], added: ast.expr, *, is_added: bool
) -> Iterator[WrittenMove]:
    for owner in owners_of(moved):
        yield WrittenMove(statement, owner, *written, added, is_added)


def _is_a_sum(value: ast.expr) -> TypeGuard[ast.BinOp]:
    return isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub))


def _is_constant_place(node: ast.expr) -> bool:
    """Whether a target is the same thing at every turn: a name, an attribute, or an entry by a constant."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Constant, ast.Slice)):
            return False
        node = node.value
    return isinstance(node, ast.Name)


# --- which expression is the gradient --------------------------------------------------------------------


def parameters_of(loop: Loop, turn: Turn, tree: ast.AST) -> list[Moved]:
    """The variables of a loop whose gradient is made of them, or was before the loop, with that gradient.

    Where one variable is moved by what is made of another, and that one by what is made of the first, both are
    parameters, with their gradients exchanged.
    """
    moves = moves_in(loop.body)
    made_of: dict[str, set[str]] = {}
    for move in moves:
        made_of.setdefault(move.owner, set()).update(_made_of(move, turn, tree))
    owners = {
        one
        for one, sources in made_of.items()
        if one in sources or any(one in made_of.get(other, ()) for other in sources)
    }
    names = owners | {name for move in moves if move.owner in owners for name in move.names()}
    found = (_with_its_gradient(move, turn, names) for move in moves if move.owner in owners)
    return [moved for moved in found if moved is not None]


def _made_of(move: WrittenMove, turn: Turn, tree: ast.AST) -> set[str]:
    """What a variable is moved by, or what is called the gradient in it, is made of these."""
    place = turn.place(move.statement)
    named = nearest_gradient(move.added, turn, place)
    gradient, at = named if named is not None else (move.added, place)
    found = {name for name, _ in turn.sources(gradient, at)}
    if not isinstance(gradient, ast.Name) or gradient.id in turn.written:
        return found
    before = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    made = [node.value for node in before if gradient.id in set().union(*map(targets_of, node.targets))]
    return found.union(*(turn.reads(value) for value in made))


def _with_its_gradient(move: WrittenMove, turn: Turn, owners: set[str]) -> Moved | None:
    place = turn.place(move.statement)
    over, under = _factors(move.added)
    rates = [part for part in over if _is_a_rate(part)] or [
        part
        for part in over
        if isinstance(part, ast.Constant)
        or (isinstance(part, ast.Name) and part.id not in turn.written and not says_gradient(part))
    ]
    rate = rates[0] if rates else None
    rest = [part for part in over if part is not rate]
    said = [part for part in rest if says_gradient(part)]
    kept = any(turn.kept(part, place, owners) for part in [*rest, *under] if part not in said)
    inner = any(node is not part and says_gradient(node) for part in rest for node in _terms(part))
    if len(said) == 1 and not kept and not inner:
        return _named(move, turn, (said[0], rate))
    named = nearest_gradient(move.added, turn, place)
    whole = not any(turn.kept(part, place, owners) for part in said)
    if rate is None or not rest or kept or not whole or inner:
        lasts = rate is not None and not names_in(rate) & turn.written
        written = ast.unparse(rate) if rate is not None and lasts else None
        return None if named is None else Moved(move, named[0], written, is_plain=False)
    fading = [part for part in [*rest, *under] if turn.only_counts(part)]  # lr/(1 + t), lr*0.99**t
    rate = _product([rate, *(p for p in rest if p in fading)], [p for p in under if p in fading])
    gradient = _product([p for p in rest if p not in fading], [p for p in under if p not in fading])
    _rewrite(move, rate, gradient)
    sign = -1 if move.is_added and not said else 1
    return Moved(move, gradient, ast.unparse(rate), is_plain=True, sign=sign)


def _named(move: WrittenMove, turn: Turn, parts: tuple[ast.expr, ast.expr | None]) -> Moved:
    """A step by what is called a gradient: what changes from turn to turn belongs to the rate, ``/n`` to the gradient.

    Numbers and further rates are factors, of which the step may have one too many.
    """
    said, rate = parts
    over, under = _factors(move.added)
    others = [part for part in [*over, *under] if part is not said and part is not rate]
    varying = [part for part in others if names_in(part) & (turn.written | turn.counted)]
    lasting = [part for part in others if part not in varying]
    if not under and all(_is_a_number(part) for part in others):
        return Moved(move, said, None if rate is None else ast.unparse(rate), is_plain=True)
    if rate is not None or varying:
        varying = [*([] if rate is None else [rate]), *varying]
    rate = _product([p for p in over if p in varying], [p for p in under if p in varying])
    gradient = _product([said, *(p for p in over if p in lasting)], [p for p in under if p in lasting])
    _rewrite(move, rate, gradient)
    return Moved(move, gradient, ast.unparse(rate), is_plain=True)


def _rewrite(move: WrittenMove, rate: ast.expr, gradient: ast.expr) -> None:
    """Write a step as a rate times a gradient, where it is not yet: so that both can be told of."""
    joined = ast.BinOp(rate, ast.Mult(), gradient)
    if ast.unparse(joined) == ast.unparse(move.added) and any(n is gradient for n in ast.walk(move.added)):
        return
    _replace(move.statement, move.added, joined)
    move.added = joined


def _product(over: list[ast.expr], under: list[ast.expr]) -> ast.expr:
    """Factors, multiplied and divided again."""
    whole = over[0] if over else ast.Constant(1.0)
    for part in over[1:]:
        whole = ast.BinOp(whole, ast.Mult(), part)
    for part in under:
        whole = ast.BinOp(whole, ast.Div(), part)
    return whole


def _replace(statement: ast.AST, old: ast.expr, new: ast.expr) -> None:
    for node in ast.walk(statement):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(node, name, [new if item is old else item for item in value])


def _factors(expression: ast.expr) -> tuple[list[ast.expr], list[ast.expr]]:
    """What is multiplied in a product, and what it is divided by."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, (ast.Mult, ast.Div)):
        over, under = _factors(expression.left)
        more, less = _factors(expression.right)
        if isinstance(expression.op, ast.Div):
            more, less = less, more
        return over + more, under + less
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.MatMult):
        over, under = _factors(expression.left)  # lr * X.T @ e is lr * (X.T @ e)
        if len(over) > 1 and not under and all(_is_a_number(part) for part in over[:-1]):
            return [*over[:-1], ast.BinOp(over[-1], ast.MatMult(), expression.right)], []
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.UAdd):
        return _factors(expression.operand)
    return [expression], []


def _is_a_number(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) or _is_a_rate(part)


def _terms(expression: ast.expr) -> Iterator[ast.expr]:
    """The terms of sums, the factors of these, and so on; not what stands within calls."""
    yield expression
    if isinstance(expression, ast.BinOp):
        yield from _terms(expression.left)
        yield from _terms(expression.right)
    elif isinstance(expression, ast.UnaryOp):
        yield from _terms(expression.operand)


def _is_a_rate(factor: ast.expr) -> bool:
    if isinstance(factor, ast.Attribute):
        return bool(RATES.match(factor.attr))
    return isinstance(factor, ast.Name) and bool(RATES.match(factor.id)) and not GRADIENTS.match(factor.id)


def says_gradient(node: ast.AST) -> bool:
    """Whether a node is a name, attribute or call that is called a gradient."""
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in ("subs", "evalf", "item", "numpy"):
            return says_gradient(called.value)
        if isinstance(called, ast.Name) and called.id == "float" and node.args:
            return says_gradient(node.args[0])
        return says_gradient(called)
    if isinstance(node, ast.Subscript):
        return says_gradient(node.value)
    word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return bool(word) and GRADIENTS.search(word) is not None and RATES.match(word) is None


def nearest_gradient(expression: ast.AST, turn: Turn, place: int) -> tuple[ast.expr, int] | None:
    """(what is called a gradient in an expression or in what made the names in it, its place)."""
    waiting, visited = [(expression, place)], set()
    while waiting:
        looked, at = waiting.pop(0)
        for node in ast.walk(looked):
            if isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)) and says_gradient(node):
                return node, at
        for name in sorted(names_in(looked)):
            for k, write in turn.writes_to(name):
                if k < at and (name, k) not in visited and isinstance(write.value, ast.expr | ast.AugAssign):
                    visited.add((name, k))
                    value = write.value.value if isinstance(write.value, ast.AugAssign) else write.value
                    waiting.append((value, k))
    return None
