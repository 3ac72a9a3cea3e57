"""A rule as plain statements in a loop: ``m = BETA1 * m + (1 - BETA1) * g``, its state in variables of the script.

The rule's ``update`` is pure: it reads the old state and returns a new one. In a loop the new takes the old one's
name, so the order of assignments matters. Here old values are marked while the statements are read; afterwards a new
value gets the old one's name wherever nothing reads the old one later, and another name where something does.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.export import rule_source
from downslope.export.arithmetic import CONDITION, NUMBER, VECTOR, Fields, Kind
from downslope.export.emitter import Around, Emitter
from downslope.export.function_translator import unrolled
from downslope.export.initial_state import first_values
from downslope.export.names import in_ascii
from downslope.export.python import fill, name, names_in, replaced, text
from downslope.export.statements import Statement, roots
from downslope.export.translate import IGNORED, Piece, Translator
from downslope.optimizers import Optimizer

OLD, NEW, HERE = "old ", "new ", "here "  # marks of names while a rule is read; a space is in no name


# Names of rules' variables that would be taken for something else in a loop over steps.
OTHERWISE = {"step": "length", "last": "last_g", "done": "round_done"}


@dataclass
class InlineForm:
    """A rule, ready to be written into a loop.

    Attributes:
        state: (name, first value, comment, kind) of each variable that lives from one step to the next.
        statements: in the loop, in order, up to the next point.
        decided: how many of the statements come before it is known whether the point is accepted.
        accepted: the condition of acceptance; None where every point is.
        last: assignments that end a step, in order; that of the point has the point's own name as its target.
        answer: the point that an averaging method reports, or None.
    """

    state: list[tuple[str, ast.expr, str, Kind]]
    statements: list[Statement]
    decided: int
    accepted: ast.expr | None
    last: list[Statement]
    answer: ast.expr | None = None

    @property
    def state_lines(self) -> list[str]:
        """The lines that give these variables their first values."""
        return [Statement(called, value, NUMBER, comment).line for called, value, comment, _ in self.state]

    def reads(self, identifier: str) -> bool:
        """Whether any statement reads that name."""
        everything = [s.value for s in (*self.statements, *self.last)]
        return any(identifier in names_in(e) for e in (*everything, *filter(None, [self.accepted])))


@dataclass(frozen=True)
class PointNames:
    """What the script calls the point, the gradient and the value there that the rule sees."""

    x: str = "params"
    g: str = "g"
    value: str = "value"


def inline_form(
    rule: Optimizer, emitter: Emitter, point: PointNames, naming: Callable[[str, Kind], str] | None = None
) -> InlineForm:
    """The rule as statements; constants and functions that they need are made by the emitter.

    ``naming`` says what the variable of a field of the state is called, where that is not a plain name.
    """
    state = rule.init(np.zeros(2))
    reader = Reader(emitter.around(rule), state, point)
    reader.naming = naming
    node = reader.source.method(type(rule).__name__, "update")
    assert node is not None
    reader.scope |= {
        "x": Piece(name(HERE + point.x), VECTOR),
        "value": Piece(name(HERE + point.value), NUMBER),
        "gradient": Piece(name(HERE + point.g), VECTOR),
        "state": Piece(name("state"), reader.kinds),
    }
    reader.read(node)
    found = reader.finish(fields_returned(reader, reader.result.elts[1], state))
    names = {f: text(reader.called[OLD + in_ascii(f)]) for f, _ in reader.kinds.fields}
    within = dict(emitter.instead)
    emitter.instead |= emitter.beginning
    found.state = [
        (names[field], value, comment, kind)
        for field, value, comment, kind in first_values(rule, emitter, point.x, reader.kinds)
    ]
    emitter.instead = within
    answer = reader.source.method(type(rule).__name__, "answer")
    if answer is not None:
        value = next(s.value for s in answer.body if isinstance(s, ast.Return))
        assert value is not None
        found.answer = replaced(reader.code(value), reader.called)
    return found


def fields_returned(reader: Reader, made: ast.expr, state: Any) -> dict[str, Piece]:
    """Field -> its new value, from the state that ``update`` returns."""
    fields = getattr(state, "_fields", ())
    if isinstance(made, ast.Name) or not fields:
        return {}
    assert isinstance(made, ast.Call)
    pairs = dict(zip(fields, made.args, strict=False)) | {k.arg: k.value for k in made.keywords}
    return {f: reader.piece(v) for f, v in pairs.items() if f is not None}


class Reader(Translator):
    """Reads the statements of one ``update``, marking which values are old and which new."""

    def __init__(self, around: Around, state: Any, point: PointNames) -> None:
        emitter, source = around.emitter, rule_source.source_of_class(type(around.owner))
        super().__init__(source, emitter.arithmetic, around, {})
        self.emitter, self.point = emitter, point
        self.kinds = emitter.state_kinds("state", state) if hasattr(state, "_fields") else Fields("state", ())
        self.out: list[Statement] = []
        self.called: dict[str, ast.expr] = {}
        self.result: ast.Tuple = ast.Tuple([])

    def field(self, record: Piece, field: str) -> Piece:
        """A field of the old state is a variable of the script."""
        return Piece(name(OLD + in_ascii(field)), self.kinds.of(field))

    def local(self, identifier: str) -> str:
        return NEW + in_ascii(identifier) if not self.looping else in_ascii(identifier)

    looping = False
    naming: Callable[[str, Kind], str] | None = None

    def _generatorexp(self, node: ast.GeneratorExp) -> Piece:
        self.looping = True  # its variables live in it alone
        try:
            return super()._generatorexp(node)
        finally:
            self.looping = False

    def read(self, node: ast.FunctionDef) -> None:
        """All statements; the last one returns."""
        for statement in node.body:
            comment = self.source.comment(statement)
            match statement:
                case ast.Assign([target], value):
                    self._assign(target, unrolled(target, value), comment)
                case ast.Return(ast.Tuple() as result):
                    self.result = result
                case ast.Return(ast.Name(identifier)):
                    raise AssertionError(identifier)
                case ast.Expr(ast.Call(ast.Name(identifier))) if identifier in IGNORED:
                    continue

    def _assign(self, target: ast.expr, value: ast.expr, comment: str) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pieces = [self.piece(v) for v in value.elts]
            for part, piece, node in zip(target.elts, pieces, value.elts, strict=True):
                comment = self._bind(part, piece, node, comment)
            return
        piece = self.piece(value)
        if isinstance(target, ast.Tuple) and piece.kind is self.kinds:  # x0, g0, ... = state
            for part, (field_name, _) in zip(target.elts, self.kinds.fields, strict=True):
                assert isinstance(part, ast.Name)
                self.scope[part.id] = self.field(piece, field_name)
            return
        self._bind(target, piece, value, comment)

    def _bind(self, target: ast.expr, piece: Piece, node: ast.expr, comment: str) -> str:
        """An alias where the value is but another name, else a statement; returns the comment where it is unused."""
        assert isinstance(target, ast.Name)
        path = isinstance(node, (ast.Name, ast.Attribute))
        own = isinstance(node, ast.Name) and node.id in self.scope and text(piece.code).startswith(NEW)
        if path and not own:
            self.scope[target.id] = piece
            return comment
        called = self.local(target.id)
        self.out.append(Statement(called, piece.code, piece.kind, comment))
        self.scope[target.id] = Piece(name(called), piece.kind)
        return ""

    def finish(self, fields: dict[str, Piece]) -> InlineForm:
        """Names chosen and the last assignments put in order."""
        next_x, _, accepted_node = self.result.elts
        x = self.piece(next_x)
        always = isinstance(accepted_node, ast.Constant) and accepted_node.value is True
        accepted = None if always else self.piece(accepted_node).code
        decided = 0
        if accepted is not None:
            if not isinstance(accepted, ast.Name):
                self.out.append(Statement(NEW + "accepted", accepted, CONDITION))
                accepted = name(NEW + "accepted")
            decided = 1 + next(i for i, s in enumerate(self.out) if s.target == text(accepted))
        x = self._without_last_name(x, fields, accepted)
        results = {in_ascii(f): p for f, p in fields.items()}
        self._choose_names(results, x)
        statements = [self._named(s) for s in self.out]
        for statement in statements:
            self._copied(statement)
        last = [
            Statement(text(self.called[OLD + f]), replaced(p.code, self.called), p.kind)
            for f, p in results.items()
            if text(replaced(p.code, self.called)) != text(self.called[OLD + f])
        ]
        for statement in last:
            self._copied(statement)
        last.append(Statement(self.point.x, replaced(x.code, self.called), VECTOR))
        condition = None if accepted is None else replaced(accepted, self.called)
        return InlineForm([], statements, decided, condition, ordered(last))

    def _copied(self, statement: Statement) -> None:
        """What remembers the point keeps a copy, where the point changes in place."""
        if statement.kind == VECTOR and statement.target != self.point.x:
            statement.value = self._copy(statement.value)

    def _copy(self, value: ast.expr) -> ast.expr:
        if isinstance(value, ast.IfExp):
            return ast.IfExp(value.test, self._copy(value.body), self._copy(value.orelse))
        return fill(self.arithmetic.copy, value) if text(value) == self.point.x else value

    def _without_last_name(self, x: Piece, fields: dict[str, Piece], accepted: ast.expr | None) -> Piece:
        """The next point's expression itself, where the last statement only gave it a name."""
        if not self.out or not isinstance(x.code, ast.Name) or self.out[-1].target != x.code.id:
            return x
        if any(x.code.id in names_in(p.code) for p in fields.values()) or accepted is not None:
            return x
        return Piece(self.out.pop().value, x.kind)

    def _named(self, statement: Statement) -> Statement:
        target = text(self.called[statement.target])
        return Statement(target, replaced(statement.value, self.called), statement.kind, statement.comment)

    def _choose_names(self, results: dict[str, Piece], x: Piece) -> None:
        """Old values keep their names; a new value takes the old one's where nothing reads that any more."""
        names, point = self.emitter.names, self.point
        for own in (point.x, point.g, point.value):
            self.called[HERE + own] = name(own)
        for field_name, kind in self.kinds.fields:
            called = in_ascii(field_name)
            if self.naming is not None:
                self.called[OLD + called] = ast.parse(self.naming(called, kind), mode="eval").body
            else:
                self.called[OLD + called] = name(names.new(OTHERWISE.get(called, called)))
        ends = [x.code, *(p.code for p in results.values())]
        for statement in self.out:
            local = statement.target.removeprefix(NEW)
            if statement.target in self.called:
                continue
            old = HERE + local if local == self.point.g else OLD + local
            if old in self.called:
                first = next(i for i, s in enumerate(self.out) if s.target == statement.target)
                later = [s.value for s in self.out[first + 1 :]] + ends
                free = not any(old in names_in(code) for code in later)
                new = self.called[old] if free else name(names.new(f"new_{local}"))
                self.called[statement.target] = new
            else:
                self.called[statement.target] = name(names.new(OTHERWISE.get(local, local)))


def ordered(assignments: Sequence[Statement]) -> list[Statement]:
    """Assignments that belong to one moment, so ordered that each reads values from before that moment."""
    left, out = list(assignments), []
    while left:
        free = [s for s in left if not any(s.target in roots(o.value) for o in left if o is not s)] or left[
            :1
        ]
        out.append(free[0])
        left.remove(free[0])
    return out
