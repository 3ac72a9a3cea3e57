"""Whole functions of the rules' modules, statement by statement, as functions of a script."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from downslope.errors import UsageError
from downslope.export import rule_source
from downslope.export.arithmetic import UNKNOWN, VECTOR, Arithmetic, Kind, Several
from downslope.export.formatter import commented, docstring, indent_lines
from downslope.export.names import in_ascii
from downslope.export.python import name, names_in, replaced, text
from downslope.export.rule_source import RuleSource
from downslope.export.statements import Statement, statement_lines
from downslope.export.translate import IGNORED, Piece, Surroundings, Translator
from downslope.messages import message

LONG = 70  # characters of assignments made at once, beyond which each gets a line


class FunctionTranslator(Translator):
    """Translates whole functions, statement by statement."""

    returns: Kind = UNKNOWN
    without_accepted = False  # whether a third result that is always True is left out

    def __init__(
        self, source: RuleSource, arithmetic: Arithmetic, around: Surroundings, scope: dict[str, Piece]
    ) -> None:
        super().__init__(source, arithmetic, around, scope)
        self.nested: set[str] = set()  # functions defined within the function
        self.bindings: dict[str, int] = {}  # how often each local is bound
        self.stateless = False  # whether ``update`` has no state to return
        self.searches = False  # whether it may refuse a point
        self.accepts_all = False  # whether it never does, though it hands on what the rule inside says

    def function(self, node: ast.FunctionDef, called: str, arguments: Sequence[str]) -> list[str]:
        """The function as lines."""
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.bindings = {local: stored.count(local) for local in stored}
        lines = [f"def {called}({', '.join(in_ascii(a) for a in arguments)}):"]
        about = rule_source.docstring(node)
        if about:
            lines += docstring(rule_source.about_in(about), 4)
        return [*lines, *self.statements(node.body, 4)]

    def statements(self, body: Sequence[ast.stmt], indent: int) -> list[str]:
        """Statements as lines."""
        out: list[str] = []
        for node in body:
            comment = self.source.comment(node)
            written = self.statement(node, indent)
            if written and comment:
                written[0] = commented(written[0], comment)
            out += written
        return out

    def statement(self, node: ast.stmt, indent: int) -> list[str]:
        """One statement as lines."""
        pad = " " * indent
        match node:
            case ast.Expr(ast.Constant()):
                return []  # the docstring
            case ast.Expr(ast.Call(ast.Name(identifier))) if identifier in IGNORED:
                return []
            case ast.Expr(value):
                return [pad + text(self.code(value))]
            case ast.Assign([target], value):
                return self._assigned(target, value, pad)
            case ast.Return(value) if value is not None:
                return self._returned(value, pad)
            case ast.For(target, looped, inner):
                over = self.piece(looped)
                each = over.kind.each if isinstance(over.kind, Several) else UNKNOWN
                bound = self.bound(target, each)
                head = f"{pad}for {text(bound)} in {text(over.code)}:"
                return [head, *self.statements(inner, indent + 4)]
            case ast.If(test, inner, []):
                return [f"{pad}if {text(self.code(test))}:", *self.statements(inner, indent + 4)]
            case ast.FunctionDef():
                return self._nested(node, indent)
        raise UsageError(
            message("a rule uses {kind}, which scripts are not written with yet.", kind=type(node).__name__)
        )

    def _assigned(self, target: ast.expr, value: ast.expr, pad: str) -> list[str]:
        value = unrolled(target, value)
        several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        targets = target.elts if several and isinstance(target, ast.Tuple) else [target]
        values = value.elts if several and isinstance(value, ast.Tuple) else [value]
        pieces = [self.piece(v) for v in values]
        kept = [(t, p) for t, v, p in zip(targets, values, pieces, strict=True) if not self._aliased(t, v, p)]
        pairs = [(self.bound(t, p.kind), p) for t, p in kept]
        pairs = [(bound, p) for bound, p in pairs if text(bound) != text(p.code)]
        lines = [f"{text(bound)} = {text(p.code)}" for bound, p in pairs]
        choosing = any(isinstance(p.code, ast.IfExp) for _, p in pairs)
        if len(pairs) > 1 and not (choosing or len("".join(lines)) > LONG):
            lines = [
                f"{text(ast.Tuple([b for b, _ in pairs]))} = {text(ast.Tuple([p.code for _, p in pairs]))}"
            ]
        elif len(pairs) > 1 and not independent([(bound, p.code) for bound, p in pairs]):
            raise UsageError(
                message("a rule assigns several values at once, of which one needs another's old value.")
            )
        elif choosing:
            lines = statement_lines([Statement(text(bound), p.code, p.kind) for bound, p in pairs])
        return [pad + line for line in lines]

    def _aliased(self, target: ast.expr, value: ast.expr, piece: Piece) -> bool:
        """Whether an assignment only names a hyperparameter, constant or argument: then it is left out."""
        if not isinstance(target, ast.Name) or self.bindings.get(target.id, 0) > 1:
            return False
        constant = isinstance(value, ast.Name) and value.id not in self.scope
        own = (
            isinstance(value, ast.Attribute)
            and isinstance(value.value, ast.Name)
            and value.value.id == "self"
        )
        argument = isinstance(value, ast.Name) and value.id in ("value", "gradient")
        if constant or own or argument:
            self.scope[target.id] = piece
            return True
        return False

    def _returned(self, value: ast.expr, pad: str) -> list[str]:
        piece = self.piece(value)
        self.returns, code = piece.kind, piece.code
        if self.without_accepted and isinstance(code, ast.Tuple):
            next_x, state, accepted = code.elts
            self.searches = not isinstance(accepted, ast.Constant) and not self.accepts_all
            kept = [next_x, *([] if self.stateless else [state]), *([accepted] if self.searches else [])]
            code = kept[0] if len(kept) == 1 else ast.Tuple(kept)
        return [f"{pad}return {text(code)}"]

    def _nested(self, node: ast.FunctionDef, indent: int) -> list[str]:
        """A function within a function; its arguments are tuples where their hints say so, else vectors."""
        before = dict(self.scope)
        for argument in node.args.args:
            hint = argument.annotation
            kind: Kind = Several((VECTOR,), many=True) if isinstance(hint, ast.Subscript) else VECTOR
            self.scope[argument.arg] = Piece(name(in_ascii(argument.arg)), kind)
        inner = FunctionTranslator(self.source, self.arithmetic, self.around, self.scope)
        lines = inner.function(node, in_ascii(node.name), [a.arg for a in node.args.args])
        self.scope.clear()
        self.scope.update(before)
        self.nested.add(node.name)
        return ["", *indent_lines(lines, indent // 4), ""]

    def _helper(self, node: ast.Call, identifier: str) -> Piece:
        if identifier in self.nested:
            parts = [self.piece(a) for a in node.args]
            code = ast.Call(name(in_ascii(identifier)), [p.code for p in parts], [])
            return Piece(code, Several((parts[0].kind,), many=True))
        return super()._helper(node, identifier)


def unrolled(target: ast.expr, value: ast.expr) -> ast.expr:
    """``(f(a, b) for a, b in ((p, q), (r, s)))``, where it is taken apart at once, as ``f(p, q), f(r, s)``.

    So is ``(f(i) for i in range(3))``.
    """
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.GeneratorExp):
        return value
    loop = value.generators[0]
    match loop.target, loop.iter:
        case ast.Name(counter), ast.Call(ast.Name("range"), [ast.Constant(int(count))]):
            return ast.Tuple([replaced(value.elt, {counter: ast.Constant(i)}) for i in range(count)])
    if not isinstance(loop.iter, ast.Tuple) or not isinstance(loop.target, ast.Tuple):
        return value
    names = [part.id for part in loop.target.elts if isinstance(part, ast.Name)]
    rows = [row.elts for row in loop.iter.elts if isinstance(row, ast.Tuple)]
    return ast.Tuple([replaced(value.elt, dict(zip(names, row, strict=True))) for row in rows])


def independent(pairs: Sequence[tuple[ast.expr, ast.expr]]) -> bool:
    """Whether (target, value) pairs may be assigned one after the other: none reads what one before it bound."""
    return all(not names_in(pairs[i][0]) & names_in(pairs[j][1]) for j in range(len(pairs)) for i in range(j))


class VerbatimTranslator(FunctionTranslator):
    """Functions in plain Python and NumPy, without type hints, as they stand."""

    def plainly(self, node: ast.FunctionDef) -> list[str]:
        """The function as lines."""
        decorators = [f"@{text(d)}" for d in node.decorator_list]
        arguments = ", ".join(a.arg for a in node.args.args)
        lines = [*decorators, f"def {node.name}({arguments}):"]
        if rule_source.docstring(node):
            lines += docstring(rule_source.about_in(rule_source.docstring(node)), 4)
        return [*lines, *self._plain(node.body, 4)]

    def _plain(self, body: Sequence[ast.stmt], indent: int) -> list[str]:
        out: list[str] = []
        for node in body:
            pad, comment = " " * indent, self.source.comment(node)
            at = len(out)
            match node:
                case ast.Expr(ast.Constant()):
                    continue
                case ast.Assign(targets, value):
                    out.append(pad + " = ".join(map(text, (*targets, value))))
                case ast.AnnAssign(target, _, value) if value is not None:
                    out.append(f"{pad}{text(target)} = {text(value)}")
                case ast.AugAssign(target, ast.Add(), value):
                    out.append(f"{pad}{text(target)} += {text(value)}")
                case ast.Return(value) if value is not None:
                    out.append(f"{pad}return {text(value)}")
                case ast.For(target, looped, inner):
                    out += [f"{pad}for {text(target)} in {text(looped)}:", *self._plain(inner, indent + 4)]
                case ast.If(test, inner, []):
                    out += [f"{pad}if {text(test)}:", *self._plain(inner, indent + 4)]
                case ast.While(test, inner):
                    out += [f"{pad}while {text(test)}:", *self._plain(inner, indent + 4)]
                case _:
                    raise UsageError(
                        message(
                            "a rule uses {kind}, which scripts do not know yet.", kind=type(node).__name__
                        )
                    )
            if comment:
                out[at] = commented(out[at], comment)
        return out
