"""The lines of a loop that move a variable, whole or one coordinate after the other.

In flow the lines of a loop's body; out flows, for each line that adds something to a variable or takes something from
it, a ``WrittenMove``. Whether the variable is a parameter is for ``learner_source`` to say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from downslope.recording.elements import Mapped, elements_in, key_text, mapped_in, place_in, unwrapped
from downslope.recording.learner_names import RATES, says_gradient
from downslope.recording.turns import Over, owners_of, paired, statements

COPIES = ("{}", "{}.copy()", "{}[:]", "list({})", "dict({})", "np.array({})", "np.asarray({})")


@dataclass
class WrittenMove:
    """A line that moves a variable: ``x = x - e``, ``x -= e``, ``x_new = x - e``, ``xs[i + 1] = xs[i] - e``.

    Attributes:
        statement: the line.
        owner: the variable; ``W`` of ``W.data`` and of ``W[0]``.
        before, after: how its old and new value are written.
        added: what is added or taken away.
        is_added: which of the two.
        part: which coordinate is moved, where it is one after the other.
        mapped: the comprehension that moves them, where one does.
    """

    statement: ast.stmt
    owner: str
    before: str
    after: str
    added: ast.expr
    is_added: bool
    part: MovedPart | None = None
    mapped: Mapped | None = None

    def names(self) -> set[str]:
        """What its variable is called, before and after: ``x_old`` and ``x``."""
        return {self.owner, *owners_of(ast.parse(self.after, mode="eval").body)}

    @property
    def is_in_place(self) -> bool:
        """Whether the next coordinate finds the variable with this one moved."""
        return self.part is not None and self.before == self.after


@dataclass(frozen=True)
class MovedPart:
    """One coordinate of a variable, in a loop over them.

    Attributes:
        key: how it is looked up; None where the coordinates come in their order.
        old, new: how its old and new value are written; None where the new one has no place but the whole.
        loop: the outermost of the loops over coordinates.
    """

    key: str | None
    old: str
    new: str | None
    loop: ast.stmt


@dataclass(frozen=True)
class _Around:
    """What stands around a line.

    Attributes:
        loop: the outermost loop over coordinates in which it is; None where it is in none.
        keys: the variables by which that loop looks coordinates up.
        elements: how that is written of which a variable is an element.
        renamed: which value is given to which name: ``x_new`` to ``x``.
    """

    loop: ast.stmt | None = None
    keys: frozenset[str] = frozenset()
    elements: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    def called_later(self, name: str) -> str | None:
        """What ``x_new`` is given to: ``x = x_new``, ``x = x_new.copy()``."""
        return next(
            (self.renamed[one.format(name)] for one in COPIES if one.format(name) in self.renamed), None
        )

    def entry(self, node: ast.expr) -> tuple[str, str] | None:
        """(container, key) of an entry that is another one in each turn of the loop."""
        container, keys = place_in(node)
        if not keys or not is_constant_place(container) or not all(self._is_known(key) for key in keys):
            return None
        if not any(isinstance(key, ast.Name) for key in keys):
            return None
        return ast.unparse(container), key_text(keys)

    def entry_of_an_element(self, node: ast.expr) -> str | None:
        """How an entry of each element is called as a whole: ``layers['W']`` of ``layer['W']``."""
        element, keys = place_in(node)
        if not keys or not isinstance(element, ast.Name) or element.id not in self.elements:
            return None
        if not all(isinstance(key, ast.Constant) for key in keys):
            return None
        return self.elements[element.id] + "".join(f"[{ast.unparse(key)}]" for key in keys)

    def _is_known(self, key: ast.expr) -> bool:
        return isinstance(key, ast.Constant) or (isinstance(key, ast.Name) and key.id in self.keys)

    def container(self, node: ast.expr) -> str | None:
        """Of which container a value is one coordinate."""
        if isinstance(node, ast.Name):
            return self.elements.get(node.id)
        entry = self.entry(node)
        return None if entry is None else entry[0]


def moves_in(body: Sequence[ast.stmt], over: Over = frozenset()) -> list[WrittenMove]:
    """The lines that move a variable by something that is no plain number."""
    renamed: dict[str, str] = {}
    for s in statements(body, over):
        if isinstance(s, ast.Assign) and len(s.targets) == 1:
            for target, value in paired(s.targets[0], s.value):
                match value, target:
                    case ast.Subscript(value=made, slice=one), ast.Subscript(value=of, slice=other):
                        if ast.unparse(one) == ast.unparse(other):
                            renamed[ast.unparse(made)] = ast.unparse(of)  # w[j] = new_w[j]
                if isinstance(value, (ast.Name, ast.Call, ast.Subscript)):
                    renamed[ast.unparse(value)] = ast.unparse(target).removesuffix("[:]")
    found = list(_moves_among(body, over, _Around(renamed=renamed)))
    counters = {move.owner for move in found if isinstance(move.added, ast.Constant)}
    return [
        move
        for move in found
        if move.owner not in counters
        and not RATES.match(move.before)
        and not says_gradient(ast.parse(move.before, mode="eval").body)
    ]


def _moves_among(body: Sequence[ast.stmt], over: Over, around: _Around) -> Iterator[WrittenMove]:
    for statement in body:
        if statement in over:
            yield from _moves_among(getattr(statement, "body", []), over, _within(statement, around))
        elif isinstance(statement, (ast.If, ast.With)):
            yield from _moves_among(statement.body, over, around)
            yield from _moves_among(getattr(statement, "orelse", []), over, around)
        elif around.loop is not None:
            yield from _of_a_coordinate(statement, around)
        else:
            yield from _moves_of(statement, around)


def _within(loop: ast.stmt, around: _Around) -> _Around:
    keys, elements = set(around.keys), dict(around.elements)
    if isinstance(loop, ast.For):
        for each in elements_in(loop):
            if each.of is None:
                keys.add(each.name)
            else:
                elements[each.name] = ast.unparse(each.of)
    else:
        keys |= counted_in(loop)
    return _Around(around.loop or loop, frozenset(keys), elements, around.renamed)


def counted_in(loop: ast.AST) -> set[str]:
    """The variables that a loop counts up itself: ``j += 1``."""
    return {
        node.target.id
        for node in ast.walk(loop)
        if isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }


# --- whole variables -------------------------------------------------------------------------------------


def _moves_of(statement: ast.stmt, around: _Around) -> Iterator[WrittenMove]:
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        yield from _moved_by_a_call(statement, call.func, call.args[0])
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Add, ast.Sub)):
        name = ast.unparse(statement.target)
        if is_constant_place(statement.target):
            is_added = isinstance(statement.op, ast.Add)
            yield from _move(statement, statement.target, (name, name), statement.value, is_added=is_added)
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        mapped = mapped_in(statement.value)
        if mapped is not None:
            yield from _of_a_comprehension(statement, statement.targets[0], mapped, around)
        for one, value in _written_out(statement.targets[0], statement.value, around):
            if _is_a_sum(value):
                yield from _moves_to(statement, one, value, around)


def _moved_by_a_call(statement: ast.stmt, called: ast.Attribute, argument: ast.expr) -> Iterator[WrittenMove]:
    moved, done = called.value, called.attr
    name = ast.unparse(moved)
    if done in ("assign_sub", "assign_add", "sub_", "add_"):
        yield from _move(statement, moved, (name, name), argument, is_added="add" in done)
    elif done == "append" and _is_a_sum(argument):
        left, keys = place_in(argument.left)
        if len(keys) == 1 and ast.unparse(left) == name:  # xs.append(xs[-1] - lr*g)
            places = ast.unparse(argument.left), f"{name}[-1]"
            is_added = isinstance(argument.op, ast.Add)
            yield from _move(statement, moved, places, argument.right, is_added=is_added)
    elif done == "update" and (mapped := mapped_in(argument)) is not None and is_constant_place(moved):
        yield from _of_a_comprehension(statement, moved, mapped, _Around())


def _moves_to(
    statement: ast.stmt, target: ast.expr, value: ast.BinOp, around: _Around
) -> Iterator[WrittenMove]:
    first, *more = _summed(value)  # as they are taken away
    if len(more) > 1:  # x - lr*g + mu*(x - x_old): more than a rate and a gradient
        name = ast.unparse(target)
        old = name if is_constant_place(target) else None
        if ast.unparse(first) in (old, around.called_later(name)):
            yield from _move(
                statement, first, (ast.unparse(first), name), ast.Tuple(more, ast.Load()), is_added=False
            )
        return
    name, left, is_added = ast.unparse(target), ast.unparse(value.left), isinstance(value.op, ast.Add)
    entry = isinstance(target, ast.Subscript) and isinstance(value.left, ast.Subscript)
    if left == name and is_constant_place(target):
        yield from _move(statement, target, (name, name), value.right, is_added=is_added)
    elif is_added and ast.unparse(value.right) == name and is_constant_place(target):
        yield from _move(statement, target, (name, name), value.left, is_added=True)
    elif _is_the_same_later(target, value.left, around):
        yield from _move(statement, value.left, (left, name), value.right, is_added=is_added)
    elif (
        entry
        and not is_constant_place(target)
        and owners_of(target) == owners_of(value.left)
        and left != name
    ):
        yield from _move(statement, target, (left, name), value.right, is_added=is_added)


def _is_the_same_later(target: ast.expr, old: ast.expr, around: _Around) -> bool:
    """Whether ``x_new`` or ``new[0]`` is what ``x`` or ``w[0]`` will be: ``x = x_new``, ``w = new`` come later."""
    if not is_constant_place(target):
        return False
    (made, one), (of, other) = place_in(target), place_in(old)
    same = [ast.unparse(key) for key in one] == [ast.unparse(key) for key in other]
    return same and around.called_later(ast.unparse(made)) == ast.unparse(of)


def _written_out(target: ast.expr, value: ast.expr, around: _Around) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Which entry gets which value: ``w = [w[0] - e, w[1] - f]`` are two assignments."""
    made = unwrapped(value)
    if isinstance(target, ast.Tuple) or not isinstance(made, (ast.List, ast.Tuple, ast.Dict)):
        yield from paired(target, value)
        return
    name = ast.unparse(target).removesuffix("[:]")
    if isinstance(made, ast.Dict):
        entries = [(key, one) for key, one in zip(made.keys, made.values, strict=True) if key is not None]
    else:
        entries = [(ast.Constant(i), one) for i, one in enumerate(made.elts)]
    for key, one in entries:
        entry = f"{name}[{ast.unparse(key)}]"
        if _is_a_sum(one) and ast.unparse(one.left) == entry:
            yield ast.parse(entry, mode="eval").body, one


def _summed(value: ast.expr) -> list[ast.expr]:
    """The first term of a sum, and what is taken away from it."""
    if not _is_a_sum(value):
        return [value]
    right = value.right if isinstance(value.op, ast.Sub) else ast.UnaryOp(ast.USub(), value.right)
    return [*_summed(value.left), right] if _is_a_sum(value.left) else [value.left, right]


def _move(
    statement: ast.stmt, moved: ast.expr, written: tuple[str, str], added: ast.expr, *, is_added: bool
) -> Iterator[WrittenMove]:
    for owner in owners_of(moved):
        yield WrittenMove(statement, owner, *written, added, is_added)


def _is_a_sum(value: ast.expr) -> TypeGuard[ast.BinOp]:
    return isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub))


def is_constant_place(node: ast.expr) -> bool:
    """Whether a target is the same thing at every turn: a name, an attribute, or an entry by a constant."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Constant, ast.Slice)):
            return False
        node = node.value
    return isinstance(node, ast.Name)


# --- coordinate by coordinate ----------------------------------------------------------------------------


def _of_a_comprehension(
    statement: ast.stmt, target: ast.expr, mapped: Mapped, around: _Around
) -> Iterator[WrittenMove]:
    """``w = [wi - e for wi, ...]``, or under another name first."""
    value = mapped.element
    if not _is_a_sum(value) or not is_constant_place(target):
        return
    each = {one.name: ast.unparse(one.of) for one in mapped.each if one.of is not None}
    inner = _Around(keys=frozenset(one.name for one in mapped.each if one.of is None), elements=each)
    name = ast.unparse(target).removesuffix("[:]")
    of = inner.container(value.left)
    while of in each:  # of a row, which is of the whole
        of = each[of]
    if of is None or of not in (name, around.called_later(name)):
        return
    for owner in owners_of(ast.parse(of, mode="eval").body):
        is_added = isinstance(value.op, ast.Add)
        yield WrittenMove(statement, owner, of, name, value.right, is_added, mapped=mapped)


def _of_a_coordinate(statement: ast.stmt, around: _Around) -> Iterator[WrittenMove]:
    """``w[j] -= e``, ``w[j] = w[j] - e``, ``new[j] = w[j] - e``, ``new.append(wi - e)``, ``wi -= e``."""
    match statement:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=added):
            yield from _of_a_part(statement, (target, target), added, around)
        case ast.Assign(targets=[target], value=ast.BinOp(left=old, op=ast.Add() | ast.Sub(), right=added)):
            yield from _of_a_part(statement, (old, target), added, around)
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=made, attr="append"),
                args=[ast.BinOp(left=old, op=ast.Add() | ast.Sub(), right=added)],
            )
        ):
            last = ast.Subscript(made, ast.Constant(-1), ast.Load())
            yield from _of_a_part(statement, (old, last), added, around)


def _of_a_part(
    statement: ast.stmt, places: tuple[ast.expr, ast.expr], added: ast.expr, around: _Around
) -> Iterator[WrittenMove]:
    old, new = places
    within = around.entry_of_an_element(new) if ast.unparse(new) == ast.unparse(old) else None
    of, entry = within or around.container(old), around.entry(new)
    led, _ = place_in(new)
    to = ast.unparse(led) if within is None and (entry is not None or new is not old) else of
    if of is None or to is None or (to != of and around.called_later(to) != of):
        return
    known = around.entry(old) or entry
    if entry is not None and known is not None and entry[1] != known[1]:
        return
    alone = entry is None and new is old and within is None  # wi -= e: whether w has it, only w can tell
    assert around.loop is not None  # which is why this is asked
    part = MovedPart(
        None if known is None else known[1],
        ast.unparse(old),
        None if alone else ast.unparse(new),
        around.loop,
    )
    operator = statement.op if isinstance(statement, ast.AugAssign) else _operator_of(statement)
    for owner in owners_of(ast.parse(of, mode="eval").body):
        yield WrittenMove(statement, owner, of, to, added, isinstance(operator, ast.Add), part)


def _operator_of(statement: ast.stmt) -> ast.operator | None:
    value = statement.value if isinstance(statement, (ast.Assign, ast.Expr)) else None
    value = value.args[0] if isinstance(value, ast.Call) else value
    return value.op if isinstance(value, ast.BinOp) else None
