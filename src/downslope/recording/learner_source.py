"""The source of a loop, read: which variables it moves, by which gradients, and what each value was made of.

A variable is a parameter of the loop where its gradient is made of it; a sum, a mean or a velocity is none. What cannot
be told apart for sure is left out.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from downslope.recording.elements import place_in, unwrapped
from downslope.recording.factors import factors_of, is_a_number, product_of, replace_in
from downslope.recording.learner_names import is_a_rate, says_gradient
from downslope.recording.turns import (
    Loop,
    Over,
    Source,
    Turn,
    inside,
    names_in,
    owners_of,
    statements,
    targets_of,
)
from downslope.recording.unnamed_gradients import fresh_term
from downslope.recording.written_moves import WrittenMove, counted_in, moves_in

SOLVES = re.compile(r"solve|inv$|lstsq")  # what makes Newton's step of a gradient


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


# --- which expression is the gradient --------------------------------------------------------------------


def parameters_of(loop: Loop, turn: Turn, source: Source) -> list[Moved]:
    """The variables of a loop whose gradient is made of them, or was before the loop, with that gradient."""
    moves = moves_in(loop.body, turn.over)
    owners = _owners_among(moves, turn, source)
    labels = Counter(move.before for move in moves)
    found = []
    for move in moves:
        if move.owner not in owners:
            continue
        if labels[move.before] > 1 and not _made_of(move, turn, source) & owners:
            continue  # it is put aside and back, or shrunk, by a number
        names = owners | {name for one in moves if one.owner in owners for name in one.names()}
        found.append(_with_its_gradient(move, turn, names))
    return [moved for moved in found if moved is not None]


def _owners_among(moves: list[WrittenMove], turn: Turn, source: Source) -> set[str]:
    """The variables that are parameters.

    Where one variable is moved by what is made of another, and that one by what is made of the first, both are
    parameters, with their gradients exchanged.
    """
    made_of: dict[str, set[str]] = {}
    for move in moves:
        made_of.setdefault(move.owner, set()).update(_made_of(move, turn, source))
    sums = {move.owner for move in moves if _is_a_sum_of_what_is_new(move, turn)}
    return {
        one
        for one, sources in made_of.items()
        if one in sources or (one not in sums and any(one in made_of.get(other, ()) for other in sources))
    }


def _is_a_sum_of_what_is_new(move: WrittenMove, turn: Turn) -> bool:
    """Whether a line adds up squares, or brings a velocity up to date: ``s += (2*x)**2``, ``v *= mu; v += 2*x``."""
    place = turn.place(move.statement)
    if nearest_gradient(move.added, turn, place) is not None:
        return False
    is_written_too = any(at != place for at, _ in turn.writes_to(move.owner))
    return is_written_too or (move.is_added and not any(is_a_number(p) for p in factors_of(move.added)[0]))


def steps_within(node: ast.AST, source: Source, over: Over) -> bool:
    """Whether a loop makes steps of its own: whether it moves a parameter."""
    if not isinstance(node, (ast.For, ast.While)):
        return False
    moves = moves_in(node.body, over)
    return bool(moves) and bool(_owners_among(moves, Turn(node, source, over), source))


def coordinate_loops(source: Source) -> Over:
    """The loops within others that go over the coordinates of something, and make no steps of their own."""
    inner = [
        node for outer in source.loops for node in inside(outer) if isinstance(node, (ast.For, ast.While))
    ]
    found: Over = frozenset()
    for loop in reversed(dict.fromkeys(inner)):  # the innermost first
        if _looks_up(loop, found) and not steps_within(loop, source, found):
            found |= {loop}
    return found


def _looks_up(loop: ast.For | ast.While, over: Over) -> bool:
    """Whether a loop gives values to entries that its own variables look up, or appends differences of them."""
    given = names_in(loop.target) if isinstance(loop, ast.For) else counted_in(loop)
    for statement in statements(loop.body, over):
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        targets = [statement.target] if isinstance(statement, ast.AugAssign) else targets
        for target in targets:
            looked_up = [n.slice for n in ast.walk(target) if isinstance(n, ast.Subscript)]
            if any(names_in(key) & given for key in looked_up) or (looked_up and owners_of(target) & given):
                return True
        changed = names_in(statement.target) if isinstance(statement, ast.AugAssign) else set()
        if isinstance(loop, ast.For) and changed & given - counted_in(loop):
            return True  # for w, g in zip(weights, gradients): w -= lr*g
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[ast.BinOp() as added])):
                if names_in(added) & given:
                    return True
    return False


def _made_of(move: WrittenMove, turn: Turn, source: Source) -> set[str]:
    """What a variable is moved by, or what is called the gradient in it, is made of these."""
    place = turn.place(move.statement)
    named = nearest_gradient(move.added, turn, place)
    gradient, at = named if named is not None else (move.added, place)
    found = {name for name, _ in turn.sources(gradient, at)}
    begun = {name for name in turn.beginnings(gradient, at) if says_gradient(ast.Name(name))}
    for name in begun & turn.written:  # computed at the end of the turn before
        found |= {one for k, write in turn.writes_to(name) for one, _ in turn.sources(write.value, k)}
    for name in begun - turn.written:
        found = found.union(*(turn.reads(value) for value in _values_of(name, source.tree)))
    return found


def _values_of(name: str, tree: ast.AST) -> Iterator[ast.expr]:
    """What a source anywhere gives a variable, or adds to it."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AugAssign) else targets
        if isinstance(node, (ast.Assign, ast.AugAssign)) and any(name in targets_of(t) for t in targets):
            yield node.value


def _with_its_gradient(move: WrittenMove, turn: Turn, owners: set[str]) -> Moved | None:
    place = turn.place(move.statement)
    over, under = factors_of(move.added)
    rates = [part for part in over if is_a_rate(part)] or [
        part
        for part in over
        if isinstance(part, ast.Constant)
        or (isinstance(part, ast.Name) and part.id not in turn.written and not says_gradient(part))
    ]
    rate = rates[0] if rates else None
    rest = [part for part in over if part is not rate]
    said = [part for part in rest if calls_gradient(part, turn)]
    kept = any(turn.kept(part, place, owners) for part in [*rest, *under] if part not in said)
    inner = any(node is not part and says_gradient(node) for part in rest for node in _terms(part))
    if len(said) == 1 and not kept and not inner:
        return _named(move, turn, (said[0], rate))
    named = nearest_gradient(move.added, turn, place)
    whole = not any(turn.kept(part, place, owners) for part in said)
    if rate is None or not rest or kept or not whole or inner:
        lasts = rate is not None and not names_in(rate) & turn.written
        written = ast.unparse(rate) if rate is not None and lasts else None
        if named is not None:
            return Moved(move, named[0], written, is_plain=False)
        return _unnamed(move, turn, owners, rate if lasts else None)
    fading = [part for part in [*rest, *under] if turn.only_counts(part)]  # lr/(1 + t), lr*0.99**t
    rate = product_of([rate, *(p for p in rest if p in fading)], [p for p in under if p in fading])
    gradient = product_of([p for p in rest if p not in fading], [p for p in under if p not in fading])
    if any(_is_another_method_s(part, move, turn, rated=True) for part in (*rest, gradient)):
        return None
    _rewrite(move, rate, gradient)
    sign = -1 if move.is_added and not said else 1
    return Moved(move, gradient, ast.unparse(rate), is_plain=True, sign=sign)


def _unnamed(move: WrittenMove, turn: Turn, owners: set[str], rate: ast.expr | None) -> Moved | None:
    """A step by a state that has the gradient in it, without a name."""
    fresh = fresh_term(move, turn, owners)
    if fresh is None:
        return None
    rates = [rate, *(part for part in fresh.others[0] if is_a_rate(part) or isinstance(part, ast.Constant))]
    written = next(
        (ast.unparse(one) for one in rates if one is not None and not names_in(one) & turn.written), None
    )
    return Moved(move, fresh.put_apart(), written, is_plain=False, sign=-fresh.sign)


def _is_another_method_s(step: ast.expr, move: WrittenMove, turn: Turn, *, rated: bool = False) -> bool:
    """Whether a step is no gradient: ``np.linalg.solve(H, g)``, or without a rate ``dx = f(x)/df(x)``."""
    place = turn.place(move.statement)
    made = [write.value for at, write in turn.writes_to(ast.unparse(step)) if at < place][-1:]
    for value in [*made, step]:
        solved = any(isinstance(n, ast.Call) and SOLVES.search(ast.unparse(n.func)) for n in ast.walk(value))
        if solved or not isinstance(value, ast.expr):
            return solved
        over, under = factors_of(value.operand if isinstance(value, ast.UnaryOp) else value)
        if any(calls_gradient(part, turn) for part in under) and not any(
            calls_gradient(p, turn) for p in over
        ):
            return True  # f(x)/df(x)
        if not rated and any(move.owner in turn.beginnings(part, place) for part in under):
            return True
    return False


def _named(move: WrittenMove, turn: Turn, parts: tuple[ast.expr, ast.expr | None]) -> Moved | None:
    """A step by what is called a gradient: what changes from turn to turn belongs to the rate, ``/n`` to the gradient.

    Numbers and further rates are factors, of which the step may have one too many.
    """
    said, rate = parts
    over, under = factors_of(move.added)
    others = [part for part in [*over, *under] if part is not said and part is not rate]
    varying = [part for part in others if names_in(part) & (turn.written | turn.counted)]
    lasting = [part for part in others if part not in varying]
    if not others and rate is None and _is_another_method_s(said, move, turn):
        return None
    if not under and all(is_a_number(part) for part in others):
        return Moved(move, said, None if rate is None else ast.unparse(rate), is_plain=True)
    if rate is not None or varying:
        varying = [*([] if rate is None else [rate]), *varying]
    rate = product_of([p for p in over if p in varying], [p for p in under if p in varying])
    gradient = product_of([said, *(p for p in over if p in lasting)], [p for p in under if p in lasting])
    _rewrite(move, rate, gradient)
    return Moved(move, gradient, ast.unparse(rate), is_plain=True)


def _rewrite(move: WrittenMove, rate: ast.expr, gradient: ast.expr) -> None:
    """Write a step as a rate times a gradient, where it is not yet: so that both can be told of."""
    joined = ast.BinOp(rate, ast.Mult(), gradient)
    if ast.unparse(joined) == ast.unparse(move.added) and any(n is gradient for n in ast.walk(move.added)):
        return
    replace_in(move.statement, move.added, joined)
    move.added = joined


def _terms(expression: ast.expr) -> Iterator[ast.expr]:
    """The terms of sums, the factors of these, and so on; not what stands within calls and products of matrices."""
    yield expression
    if isinstance(expression, ast.BinOp) and not isinstance(expression.op, ast.MatMult):
        yield from _terms(expression.left)
        yield from _terms(expression.right)
    elif isinstance(expression, ast.UnaryOp):
        yield from _terms(expression.operand)


def variable_of(gradient: ast.expr, turn: Turn) -> str | None:
    """The variable that a gradient is, or is an entry or an element of, or a multiple of that."""
    over, _ = factors_of(gradient)
    said = [part for part in over if calls_gradient(part, turn)] or over
    node, _ = place_in(said[0])
    visited: set[str] = set()
    while isinstance(node, ast.Name) and node.id in turn.elements and node.id not in visited:
        visited.add(node.id)
        node, _ = place_in(turn.elements[node.id])
    return node.id if isinstance(node, ast.Name) and (len(over) == 1 or calls_gradient(node, turn)) else None


def has_one_rate(m: Moved, turn: Turn) -> bool:
    """Whether a step has a learning rate that is the same for all coordinates."""
    return m.rate is not None and not names_in(ast.parse(m.rate, mode="eval")) & turn.written


def calls_gradient(node: ast.AST, turn: Turn) -> bool:
    """Whether a node is called a gradient, or is an element of what is."""
    while isinstance(node, ast.Name) and node.id in turn.elements and not says_gradient(node):
        of = turn.elements[node.id]
        if isinstance(of, ast.Name) and of.id == node.id:
            break
        node = of
    return says_gradient(node)


def nearest_gradient(expression: ast.AST, turn: Turn, place: int) -> tuple[ast.expr, int] | None:
    """(what is called a gradient in an expression or in what made the names in it, its place).

    Where no line before made them, those after did, in the turn before.
    """
    found = _nearest(expression, turn, place)
    return found if found is not None else _nearest(expression, turn, place, earlier_turns=True)


def _nearest(
    expression: ast.AST, turn: Turn, place: int, *, earlier_turns: bool = False
) -> tuple[ast.expr, int] | None:
    waiting: list[tuple[ast.AST, int]] = [(expression, place)]
    visited: set[tuple[str, str, int]] = set()
    while waiting:
        looked, at = waiting.pop(0)
        for node in ast.walk(looked):
            if isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)) and says_gradient(node):
                return node, at
        for name, key in _read_in(looked):
            for k, write in turn.writes_to(name):
                if (
                    (k < at or earlier_turns)
                    and (name, key, k) not in visited
                    and isinstance(write.value, ast.expr | ast.AugAssign)
                ):
                    visited.add((name, key, k))
                    value = write.value.value if isinstance(write.value, ast.AugAssign) else write.value
                    entry = _entry_of(turn.order[k], value, key)
                    if entry is not None:
                        waiting.append((entry, k))
    return None


def _read_in(expression: ast.AST) -> list[tuple[str, str]]:
    """Names in an expression, each with the entry that is read of it: ``m`` and ``1`` of ``m[1]``, else with ""."""
    entries = {
        node.value: ast.unparse(node.slice)
        for node in ast.walk(expression)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and isinstance(node.slice, ast.Constant)
    }
    nodes = [node for node in ast.walk(expression) if isinstance(node, ast.Name)]
    return sorted({(node.id, entries.get(node, "")) for node in nodes})


def _entry_of(line: ast.stmt, value: ast.expr, key: str) -> ast.expr | None:
    """What a line that writes to a variable gives to one entry of it; None where it writes to another one."""
    if not key:
        return value
    targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
    for target in targets:
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            return value if ast.unparse(target.slice) == key else None
    made = unwrapped(value)
    if isinstance(made, (ast.List, ast.Tuple)):
        entries = {str(i): one for i, one in enumerate(made.elts)}
    elif isinstance(made, ast.Dict):
        pairs = zip(made.keys, made.values, strict=True)
        entries = {ast.unparse(one): of for one, of in pairs if one is not None}
    else:
        return value
    return entries.get(key, value)
