"""An update rule's own source, respelled: the same statements with the dialect's words and the script's names.

The rules are written in a small part of Python (``optimizers/arithmetic`` and operators; see CONTRIBUTING.md). This
walks over that part, knows of every expression what kind it is, and writes it as a person would in the dialect.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from downslope.errors import UsageError
from downslope.export.arithmetic import (
    CONDITION,
    FUNCTIONS,
    MASK,
    NUMBER,
    UNKNOWN,
    VECTOR,
    Arithmetic,
    Fields,
    Kind,
    Several,
)
from downslope.export.python import call, fill, joined, name, text
from downslope.export.rule_source import RuleSource
from downslope.messages import message

IGNORED = frozenset(("trace_at_most", "require_integer"))  # calls that concern our own machinery
_PLAIN = {
    "len": NUMBER,
    "abs": NUMBER,
    "min": NUMBER,
    "max": NUMBER,
    "sum": NUMBER,
    "float": NUMBER,
    "int": NUMBER,
}


@dataclass(frozen=True)
class Piece:
    """An expression of the script and what kind it is."""

    code: ast.expr
    kind: Kind


class Surroundings(Protocol):
    """What a translation asks of the script around it."""

    def hyperparameter(self, field: str) -> Piece:
        """The constant of that name."""

    def constant(self, source: RuleSource, identifier: str) -> Piece:
        """A constant of a rule's module."""

    def function(self, source: RuleSource, identifier: str, arguments: Sequence[Kind]) -> tuple[str, Kind]:
        """A function of a rule's module, or a method: what it is called here and the kind of what it returns."""

    def prepared(self, wanted: str, code: ast.expr) -> ast.expr:
        """The name of something that is computed once, before the loop."""

    def record(self, source: RuleSource, identifier: str) -> Fields | None:
        """A record's class of that name, or None where the name is no record's class."""

    def inside(self, method: str, arguments: Sequence[Piece]) -> Piece:
        """A call of a method of the rule that is inside this one."""

    def made_like(self, source: RuleSource, make: ast.expr) -> Piece:
        """A vector of fixed numbers, one for each parameter, which a function of the rule's module computes."""


class Translator:
    """Translates expressions of one function.

    Args:
        source: where the function stands.
        arithmetic: the dialect's.
        around: the script.
        scope: what is known by name: the arguments and, as they come, the locals.
    """

    def __init__(
        self, source: RuleSource, arithmetic: Arithmetic, around: Surroundings, scope: dict[str, Piece]
    ) -> None:
        self.source, self.arithmetic, self.around, self.scope = source, arithmetic, around, scope

    def piece(self, node: ast.expr) -> Piece:
        """An expression in the script's spelling."""
        handler: Callable[[Any], Piece] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise UsageError(
                message(
                    "a rule uses {kind}, which scripts are not written with yet.", kind=type(node).__name__
                )
            )
        return handler(node)

    def code(self, node: ast.expr) -> ast.expr:
        """The same without its kind."""
        return self.piece(node).code

    def _constant(self, node: ast.Constant) -> Piece:
        kind = CONDITION if isinstance(node.value, bool) else NUMBER
        return Piece(ast.Constant(node.value), kind)

    def _name(self, node: ast.Name) -> Piece:
        if node.id in self.scope:
            return self.scope[node.id]
        return self.around.constant(self.source, node.id)

    def _attribute(self, node: ast.Attribute) -> Piece:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self.around.hyperparameter(node.attr)
        if isinstance(node.value, ast.Name) and node.value.id == "math":
            return Piece(name(f"math.{node.attr}"), NUMBER)
        inner = self.piece(node.value)
        if isinstance(inner.kind, Fields):
            return self.field(inner, node.attr)
        raise UsageError(message("a rule reads .{attr} of what is no record.", attr=node.attr))

    def field(self, record: Piece, field: str) -> Piece:
        """A field of a record."""
        assert isinstance(record.kind, Fields)
        return Piece(ast.Attribute(record.code, self.field_name(field)), record.kind.of(field))

    def field_name(self, field: str) -> str:
        """What a record's field is called in the script."""
        from downslope.export.names import in_ascii

        return in_ascii(field)

    def _binop(self, node: ast.BinOp) -> Piece:
        left, right = self.piece(node.left), self.piece(node.right)
        if isinstance(left.kind, Several) or isinstance(right.kind, Several):  # (0.0,) * n
            several = left.kind if isinstance(left.kind, Several) else right.kind
            assert isinstance(several, Several)
            return Piece(ast.BinOp(left.code, node.op, right.code), Several((several.each,), many=True))
        kind = VECTOR if VECTOR in (left.kind, right.kind) else NUMBER
        return Piece(ast.BinOp(left.code, node.op, right.code), kind)

    def _unaryop(self, node: ast.UnaryOp) -> Piece:
        inner = self.piece(node.operand)
        return Piece(ast.UnaryOp(node.op, inner.code), inner.kind)

    def _compare(self, node: ast.Compare) -> Piece:
        parts = [self.piece(part) for part in (node.left, *node.comparators)]
        code = ast.Compare(parts[0].code, node.ops, [p.code for p in parts[1:]])
        return Piece(code, MASK if any(p.kind == VECTOR for p in parts) else CONDITION)

    def _ifexp(self, node: ast.IfExp) -> Piece:
        condition, yes, no = (self.piece(part) for part in (node.test, node.body, node.orelse))
        return Piece(ast.IfExp(condition.code, yes.code, no.code), yes.kind)

    def _tuple(self, node: ast.Tuple) -> Piece:
        parts = [self.piece(part) for part in node.elts]
        kinds = tuple(part.kind for part in parts)
        many = any(isinstance(part, ast.Starred) for part in node.elts)
        return Piece(ast.Tuple([p.code for p in parts]), Several(kinds[:1] if many else kinds, many))

    def _list(self, node: ast.List) -> Piece:
        parts = [self.piece(part) for part in node.elts]
        return Piece(
            ast.List([p.code for p in parts]), Several(tuple(p.kind for p in parts[:1]) or (NUMBER,), True)
        )

    def _starred(self, node: ast.Starred) -> Piece:
        inner = self.piece(node.value)
        kind = inner.kind.each if isinstance(inner.kind, Several) else UNKNOWN
        return Piece(ast.Starred(inner.code), kind)

    def _subscript(self, node: ast.Subscript) -> Piece:
        inner = self.piece(node.value)
        place = node.slice
        if isinstance(place, ast.Slice):
            parts = [None if p is None else self.code(p) for p in (place.lower, place.upper, place.step)]
            return Piece(ast.Subscript(inner.code, ast.Slice(*parts)), inner.kind)
        kind = inner.kind.each if isinstance(inner.kind, Several) else NUMBER
        if isinstance(inner.kind, Several) and not inner.kind.many and isinstance(place, ast.Constant):
            kind = inner.kind.parts[int(str(place.value))]
        return Piece(ast.Subscript(inner.code, self.code(place)), kind)

    def _generatorexp(self, node: ast.GeneratorExp) -> Piece:
        loops, before = [], dict(self.scope)
        for loop in node.generators:
            looped = self.piece(loop.iter)
            each = looped.kind.each if isinstance(looped.kind, Several) else UNKNOWN
            target = self.bound(loop.target, each)
            loops.append(ast.comprehension(target, looped.code, [self.code(test) for test in loop.ifs], 0))
        element = self.piece(node.elt)
        self.scope.clear()
        self.scope.update(before)
        return Piece(ast.GeneratorExp(element.code, loops), Several((element.kind,), many=True))

    def bound(self, target: ast.expr, kind: Kind) -> ast.expr:
        """The script's names for what a loop or an assignment binds; the scope knows them from here on."""
        if isinstance(target, ast.Name):
            called = self.local(target.id)
            self.scope[target.id] = Piece(ast.Name(called), kind)
            return ast.Name(called)
        if isinstance(target, ast.Starred):
            return ast.Starred(self.bound(target.value, Several((kind,), many=True)))
        if isinstance(target, (ast.Tuple, ast.List)):
            kinds = self._parts(kind, len(target.elts))
            return ast.Tuple([self.bound(part, k) for part, k in zip(target.elts, kinds, strict=True)])
        raise UsageError(
            message(
                "a rule assigns to {kind}, which scripts are not written with yet.",
                kind=type(target).__name__,
            )
        )

    def _parts(self, kind: Kind, count: int) -> Sequence[Kind]:
        if isinstance(kind, Fields):
            return [k for _, k in kind.fields]
        if isinstance(kind, Several):
            return kind.parts * count if kind.many else kind.parts
        return [UNKNOWN] * count

    def local(self, identifier: str) -> str:
        """What a local of the rule is called in the script."""
        from downslope.export.names import in_ascii

        return in_ascii(identifier)

    def _call(self, node: ast.Call) -> Piece:
        function = node.func
        if isinstance(function, ast.Attribute):
            return self._method(node, function)
        assert isinstance(function, ast.Name)
        if function.id in FUNCTIONS:
            parts = [self.piece(a) for a in node.args]
            return Piece(*self.arithmetic.call(function.id, [p.code for p in parts], [p.kind for p in parts]))
        if function.id in ("choose", "chosen"):  # ``where`` for records
            parts = [self.piece(a) for a in node.args]
            return Piece(*self.arithmetic.call("where", [p.code for p in parts], [p.kind for p in parts]))
        if function.id == "entry":
            return self._entry(node)
        if function.id == "made_like":
            return self.around.made_like(self.source, node.args[1])
        record = self._record(node, function.id)
        if record is not None:
            return record
        built_in = self._built_in(node, function.id)
        if built_in is not None:
            return built_in
        return self._helper(node, function.id)

    def _record(self, node: ast.Call, identifier: str) -> Piece | None:
        kind = self.around.record(self.source, identifier)
        if kind is None:
            return None
        parts = [self.code(a) for a in node.args]
        named = [ast.keyword(self.field_name(k.arg or ""), self.code(k.value)) for k in node.keywords]
        return Piece(ast.Call(ast.Name(kind.name), parts, named), kind)

    def _built_in(self, node: ast.Call, identifier: str) -> Piece | None:
        if identifier not in (*_PLAIN, "tuple", "list", "zip", "reversed", "enumerate", "range"):
            return None
        parts = [self.piece(a) for a in node.args]
        code = call(identifier, *(p.code for p in parts))
        if identifier in _PLAIN:
            return Piece(code, _PLAIN[identifier])
        if identifier == "zip":
            return Piece(
                code, Several((Several(tuple(self._parts(p.kind, 1)[0] for p in parts)),), many=True)
            )
        if identifier == "enumerate":
            each = parts[0].kind.each if isinstance(parts[0].kind, Several) else UNKNOWN
            return Piece(code, Several((Several((NUMBER, each)),), many=True))
        if identifier == "range":
            return Piece(code, Several((NUMBER,), many=True))
        kind = parts[0].kind
        return Piece(code, Several((kind.each,), many=True) if isinstance(kind, Several) else kind)

    def _helper(self, node: ast.Call, identifier: str) -> Piece:
        parts = [self.piece(a) for a in node.args]
        called, kind = self.around.function(self.source, identifier, [p.kind for p in parts])
        return Piece(call(called, *(p.code for p in parts)), kind)

    def _method(self, node: ast.Call, function: ast.Attribute) -> Piece:
        """``self._part(...)``, ``record._replace(...)``, ``functools.reduce(either, ...)``, ``items.append(...)``."""
        owner = function.value
        if text(owner) == "self.inner":
            return self.around.inside(function.attr, [self.piece(a) for a in node.args])
        if isinstance(owner, ast.Name) and owner.id == "self":
            return self._helper(node, f"self.{function.attr}")
        if isinstance(owner, ast.Name) and owner.id == "functools":
            return self._any(node)
        if isinstance(owner, ast.Name) and owner.id == "math":
            parts = [self.piece(a) for a in node.args]
            return Piece(call(f"math.{function.attr}", *(p.code for p in parts)), NUMBER)
        inner = self.piece(owner)
        parts = [self.piece(a) for a in node.args]
        named = [ast.keyword(self.field_name(k.arg or ""), self.code(k.value)) for k in node.keywords]
        code = ast.Call(ast.Attribute(inner.code, function.attr), [p.code for p in parts], named)
        return Piece(code, inner.kind)

    def _any(self, node: ast.Call) -> Piece:
        """``functools.reduce(either, conditions, first)``: whether any of them holds."""
        parts = [self.piece(a) for a in node.args[1:]]
        if self.arithmetic.compiled:
            return Piece(
                call("functools.reduce", name("jnp.logical_or"), *(p.code for p in parts)), CONDITION
            )
        found = call("any", parts[0].code)
        return Piece(found if len(parts) == 1 else joined(ast.Or(), parts[1].code, found), CONDITION)

    def _entry(self, node: ast.Call) -> Piece:
        """The k-th number of a table that is made once before the loop; the last one beyond its end."""
        table, k = (self.piece(a) for a in node.args)
        if self.arithmetic.compiled:  # which takes the last one by itself
            made = self.around.prepared("table", call("jnp.array", table.code))
            return Piece(fill("_0[_1.astype(int)]", made, k.code), NUMBER)
        made = self.around.prepared("table", table.code)
        return Piece(fill("_0[min(int(_1), len(_0) - 1)]", made, k.code), NUMBER)
