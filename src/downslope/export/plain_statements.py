"""Statements of our own modules as lines of a script, as they stand but for their comments, which the reader reads."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from downslope.errors import UsageError
from downslope.export.formatter import commented, indent_lines
from downslope.export.python import text
from downslope.export.rule_source import RuleSource
from downslope.messages import message

_CHANGES = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}


def statements_of(body: Sequence[ast.stmt], source: RuleSource, indent: int = 0) -> list[str]:
    """The lines of statements of that module.

    Raises:
        UsageError: there is one of a kind that no rule has used yet.

    >>> from downslope.optimizers import trust
    >>> from downslope.export.rule_source import source_of
    >>> statements_of(ast.parse("if a:\\n    b = 1\\nelse:\\n    return a, b").body, source_of(trust))
    ['if a:', '    b = 1', 'else:', '    return a, b']
    """
    out: list[str] = []
    for node in body:
        lines = _lines(node, source)
        comment = source.comment(node) if lines else ""
        if comment:
            lines[0] = commented(lines[0], comment)
        out += lines
    return indent_lines(out, indent // 4)


def _lines(node: ast.stmt, source: RuleSource) -> list[str]:
    match node:
        case ast.Expr(ast.Constant()):
            return []  # the docstring
        case ast.Assign(targets, value):
            return [" = ".join(map(text, (*targets, value)))]
        case ast.AugAssign(target, operator, value) if type(operator) in _CHANGES:
            return [f"{text(target)} {_CHANGES[type(operator)]} {text(value)}"]
        case ast.Return(value):
            return ["return" if value is None else f"return {text(value)}"]
        case ast.Break():
            return ["break"]
        case ast.For(target, looped, inner, []):
            return [f"for {text(target)} in {text(looped)}:", *statements_of(inner, source, 4)]
        case ast.While(test, inner, []):
            return [f"while {text(test)}:", *statements_of(inner, source, 4)]
        case ast.If(test, inner, others):
            return [f"if {text(test)}:", *statements_of(inner, source, 4), *_otherwise(others, source)]
        case ast.Try(inner, [ast.ExceptHandler(ast.expr() as error, None, handled)], [], []):
            head = ["try:", *statements_of(inner, source, 4)]
            return [*head, f"except {text(error)}:", *statements_of(handled, source, 4)]
    raise UsageError(message("a rule uses {kind}, which scripts do not know yet.", kind=type(node).__name__))


def _otherwise(body: Sequence[ast.stmt], source: RuleSource) -> list[str]:
    """The lines of what follows after an ``else``; ``elif`` where that is another choice alone."""
    match body:
        case []:
            return []
        case [ast.If() as further]:
            first, *rest = statements_of([further], source)
            return [f"el{first}", *rest]
    return ["else:", *statements_of(body, source, 4)]
