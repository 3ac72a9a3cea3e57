"""One turn of a learner's loop: its lines in order, and from which earlier values each value is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from downslope.recording.elements import Each, elements_in, mapped_by

BEGIN = -1  # the place of a value that stands when a turn of the loop begins

Loop: TypeAlias = ast.For | ast.While
Over: TypeAlias = frozenset[ast.AST]  # the loops that go over coordinates, not over steps


def statements(body: Sequence[ast.stmt], over: Over = frozenset()) -> Iterator[ast.stmt]:
    """Those of a body, within ``with`` and ``if`` too; of loops in it only those that are ``over`` coordinates."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.With)) or statement in over:
            yield from statements(getattr(statement, "body", []), over)
            yield from statements(getattr(statement, "orelse", []), over)


def inside(loop: ast.AST) -> Iterator[ast.AST]:
    """All nodes in a loop, but of functions that are defined there."""
    for child in ast.iter_child_nodes(loop):
        if not isinstance(child, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from inside(child)


def names_in(expression: ast.AST) -> set[str]:
    """Every name in an expression."""
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


class Source:
    """A script or a function, and what is to be known of it as a whole.

    Attributes:
        tree: its syntax tree.
        functions: those that it defines, by name.
        loops: its loops.
    """

    def __init__(self, tree: ast.AST) -> None:
        self.tree = tree
        nodes = list(ast.walk(tree))
        self.functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self.loops = [node for node in nodes if isinstance(node, (ast.For, ast.While))]
        self._around: dict[ast.AST, list[ast.For]] = {}
        for outer in self.loops:
            if isinstance(outer, ast.For):
                for node in ast.walk(outer):
                    if isinstance(node, (ast.For, ast.While)):
                        self._around.setdefault(node, []).append(outer)

    def around(self, loop: Loop) -> list[ast.For]:
        """The ``for`` loops around a loop, itself among them."""
        return self._around.get(loop, [])


@dataclass(frozen=True)
class _Write:
    """A line that gives names a value.

    Attributes:
        names: what it writes to.
        value: what it reads.
        adds: whether something of the old value stays.
    """

    names: frozenset[str]
    value: ast.AST
    adds: bool


class Turn:
    """One turn of a loop: its lines in order, and from which earlier ones each value comes.

    A loop over coordinates is read as if it had one turn: each of its lines is one for all coordinates.

    Attributes:
        order: the lines; before those that take elements one by one, what these are elements of.
        over: the loops within it that go over coordinates.
        elements: what the variables of such loops, and of comprehensions, are elements of.
        counters: names that grow by a number at every turn.
        counted, numbered: what a ``for`` around these lines gives; those that are the number of the turn.
    """

    def __init__(self, loop: Loop, source: Source, over: Over = frozenset()) -> None:
        self.over = over
        stored = {
            n for line in statements(loop.body, over) for write in _writes_of(line) for n in write.names
        }
        self.order: list[ast.stmt] = []
        self.elements: dict[str, ast.expr] = {}
        for statement in statements(loop.body, over):
            each = _taken_in(statement, over, stored)
            self.elements |= {one.name: one.of for one in each if one.of is not None}
            taken = [_as_a_line(one, statement) for one in each]
            self.order += taken if statement in over else [*taken, statement]
        within = [node for node in inside(loop) if node in over]
        self._repeated = {
            line for node in within for line in self.order if any(n is line for n in _body_of(node))
        }
        self._writes = [list(self._writes_in(statement)) for statement in self.order]
        self._temporary = {name for line in self.order for name in _temporary_in(line)}
        self._functions, outer = source.functions, source.around(loop)
        self.counted = {name for node in outer for name in names_in(node.target)}
        self.numbered = {
            node.target.id
            for node in outer
            if isinstance(node.target, ast.Name)
            and isinstance(node.iter, ast.Call)
            and ast.unparse(node.iter.func) == "range"
        }
        self.counters = {
            name
            for name in self.written
            if all(
                isinstance(write.value, ast.AugAssign) and isinstance(write.value.value, ast.Constant)
                for _, write in self.writes_to(name)
            )
        } | {
            ast.unparse(s.targets[0])
            for s in self.order
            if isinstance(s, ast.Assign)
            and isinstance(s.value, ast.BinOp)
            and isinstance(s.value.right, ast.Constant)
            and isinstance(s.value.op, ast.Add)
            and ast.unparse(s.targets[0]) == ast.unparse(s.value.left)
        }

    def is_repeated(self, line: ast.stmt) -> bool:
        """Whether a line stands in a loop over coordinates."""
        return line in self._repeated

    def _writes_in(self, statement: ast.stmt) -> Iterator[_Write]:
        """Of a line that is there for every coordinate, an entry that it gives a value is the whole."""
        for write in _writes_of(statement):
            whole = isinstance(statement, ast.Assign) and self.is_repeated(statement)
            yield _Write(write.names, write.value, False) if whole else write

    @property
    def written(self) -> set[str]:
        """Every name that the loop writes to."""
        return {name for writes in self._writes for write in writes for name in write.names}

    def writes_to(self, name: str) -> Iterator[tuple[int, _Write]]:
        """(place, write) of the lines that give a name its value."""
        for place, writes in enumerate(self._writes):
            for write in writes:
                if name in write.names:
                    yield place, write

    def place(self, node: ast.AST) -> int:
        """The line in which a node stands: the innermost of them."""
        return max(k for k, statement in enumerate(self.order) if any(n is node for n in ast.walk(statement)))

    def sources(self, expression: ast.AST, place: int) -> set[tuple[str, int]]:
        """(name, place) of all values that an expression is made of; those of the turn's beginning at ``BEGIN``."""
        found: set[tuple[str, int]] = set()
        waiting = [(name, place) for name in self.reads(expression)]
        while waiting:
            name, at = waiting.pop()
            if name.endswith(".grad"):  # of the point where it was computed, wherever that has moved since
                found.add((name.removesuffix(".grad"), BEGIN))
                continue
            earlier = [(k, write) for k, write in self.writes_to(name) if k < at]
            for k, write in reversed(earlier):
                if (name, k) not in found:
                    found.add((name, k))
                    waiting += [(inner, k) for inner in self.reads(write.value)]
                if not write.adds:
                    break
            else:
                found.add((name, BEGIN))
        return found

    def beginnings(self, expression: ast.AST, place: int) -> set[str]:
        """The names that an expression is made of, as they stand when the turn begins."""
        return {name for name, at in self.sources(expression, place) if at == BEGIN}

    def kept(self, expression: ast.AST, place: int, owners: set[str]) -> set[str]:
        """What it is made of that is kept from turn to turn, and is no parameter: a velocity, a mean."""
        return (self.beginnings(expression, place) & self.written) - owners - self.counters - self._temporary

    def only_counts(self, expression: ast.AST) -> bool:
        """Whether it changes with the number of the turn, and with nothing else: ``1 + 0.1*t``."""
        if any(isinstance(node, (ast.Subscript, ast.Call)) for node in ast.walk(expression)):
            return False
        names = names_in(expression)
        return bool(names & (self.counters | self.numbered)) and not (
            names & (self.written | self.counted) - self.counters - self.numbered
        )

    def reads(self, expression: ast.AST) -> set[str]:
        """The names in an expression, and those that a function of the script takes from outside."""
        found: set[str] = set()
        waiting = list(_read_in(expression))
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            function = self._functions.get(name)
            if function is not None and name not in self.written:
                own = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)} | {
                    n.id
                    for n in ast.walk(function)
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
                waiting += list(names_in(function) - own)
        return found


def _body_of(loop: ast.AST) -> Iterator[ast.AST]:
    for line in getattr(loop, "body", []):
        yield from ast.walk(line)


def _taken_in(statement: ast.stmt, over: Over, stored: set[str]) -> tuple[Each, ...]:
    """The variables that a loop over coordinates or a comprehension gives, and what each is an element of."""
    if isinstance(statement, ast.For) and statement in over:
        return elements_in(statement)
    found = mapped_by(statement)
    return () if found is None else tuple(one for one in found.each if not _is_another(one, stored))


def _as_a_line(each: Each, statement: ast.stmt) -> ast.stmt:
    """A line that would give a variable what it is an element of."""
    value = ast.Constant(None) if each.of is None else each.of
    line = ast.Assign([ast.Name(each.name, ast.Store())], value)
    return ast.fix_missing_locations(ast.copy_location(line, statement))


def _is_another(each: Each, stored: set[str]) -> bool:
    """Whether the loop has a variable of the same name, which a comprehension leaves as it is."""
    return each.name in stored and not (isinstance(each.of, ast.Name) and each.of.id == each.name)


def _temporary_in(statement: ast.stmt) -> set[str]:
    """The names of a loop within the loop that it makes itself in each of its turns, before it changes them."""
    if not isinstance(statement, (ast.For, ast.While)):
        return set()
    made = {name for n in ast.walk(statement) if isinstance(n, ast.For) for name in targets_of(n.target)}
    changed: set[str] = set()
    for inner in _in_order(statement):
        for write in _writes_of(inner):
            keeps = write.adds or isinstance(inner, ast.AugAssign) or write.names & names_in(write.value)
            (changed if keeps else made).update(write.names - made - changed)
    maybe = {
        name
        for branch in ast.walk(statement)
        if isinstance(branch, ast.If)
        for inner in _in_order(branch)
        for write in _writes_of(inner)
        for name in write.names
    }
    return made - changed - (maybe & changed)


def _in_order(statement: ast.stmt) -> list[ast.Assign | ast.AugAssign]:
    """The assignments in a statement, as they stand."""
    found = [node for node in ast.walk(statement) if isinstance(node, (ast.Assign, ast.AugAssign))]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _read_in(expression: ast.AST, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names that are read in an expression, but those that it gives itself; ``w.grad`` is a name of its own."""
    match expression:
        case ast.Attribute(value=ast.Name(id=name), attr="grad"):
            yield f"{name}.grad"
            return
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            first, *_ = expression.generators
            yield from _read_in(first.iter, bound)  # where the names are not given yet
            bound |= {name for one in expression.generators for name in names_in(one.target)}
        case ast.Lambda():
            bound |= {argument.arg for argument in ast.walk(expression.args) if isinstance(argument, ast.arg)}
    if isinstance(expression, ast.Name) and expression.id not in bound:
        yield expression.id
    for child in ast.iter_child_nodes(expression):
        yield from _read_in(child, bound)


def _writes_of(statement: ast.stmt) -> Iterator[_Write]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            for one, value in paired(target, statement.value):
                yield _Write(
                    frozenset(targets_of(one)), value, isinstance(one, (ast.Subscript, ast.Attribute))
                )
    elif isinstance(statement, ast.AugAssign):
        yield _Write(frozenset(owners_of(statement.target)), statement, False)  # reads its target itself
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield _Write(frozenset(names_in(statement.target)), statement.value, False)
    elif isinstance(statement, (ast.For, ast.While)):
        inner = {
            name
            for s in ast.walk(statement)
            if isinstance(s, ast.stmt) and s is not statement
            for write in _writes_of(s)
            for name in write.names
        }
        if isinstance(statement, ast.For):
            inner |= names_in(statement.target)
        yield _Write(frozenset(inner), statement, True)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        if isinstance(called, ast.Attribute):  # xs.append(...), W.assign_sub(...)
            yield _Write(frozenset(owners_of(called.value)), statement.value, True)


def paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Which target gets which value: ``a, b = b, a`` are two assignments."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def targets_of(target: ast.expr) -> set[str]:
    """The variables that an assignment gives a value."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return set().union(*(targets_of(one) for one in target.elts))
    return owners_of(target.value if isinstance(target, ast.Starred) else target)


def owners_of(target: ast.expr) -> set[str]:
    """The variable that a target is, or is a part of."""
    node = target
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
