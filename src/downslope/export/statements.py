"""Assignments, and how a person writes several of them: choices by one condition as one ``if``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from downslope.export.arithmetic import MASK, NUMBER, VECTOR, Kind
from downslope.export.formatter import WIDTH, commented, split_rows
from downslope.export.python import name, names_in, replaced, text


@dataclass
class Statement:
    """An assignment in the loop."""

    target: str
    value: ast.expr
    kind: Kind
    comment: str = ""

    @property
    def line(self) -> str:
        """Its line; ``p *= q`` where a number is only multiplied, divided, added to or subtracted from."""
        value = self.value
        if (
            self.kind == NUMBER
            and isinstance(value, ast.BinOp)
            and text(value.left) == self.target
            and isinstance(value.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
        ):
            sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(value.op)]
            return commented(f"{self.target} {sign}= {text(value.right)}", self.comment)
        if (
            self.kind == NUMBER
            and isinstance(value, ast.BinOp)
            and isinstance(value.op, ast.Mult)
            and text(value.right) == self.target
        ):
            return commented(f"{self.target} *= {text(value.left)}", self.comment)
        return commented(f"{self.target} = {text(value)}", self.comment)


def statement_lines(statements: Sequence[Statement]) -> list[str]:
    """The statements as lines; choices by one condition, one after the other, as one ``if``."""
    out: list[str] = []
    at = 0
    while at < len(statements):
        group = _alike(statements[at:])
        if len(group) > 1 or (group and _keeps(group[0])):
            out += _block(group)
            at += len(group)
        elif group and isinstance(statements[at].value.orelse, ast.IfExp):  # type: ignore[attr-defined]
            out += _chain(statements[at])
            at += 1
        else:
            out.append(statements[at].line)
            at += 1
    return out


def numbers_first(
    statements: Sequence[Statement], fresh: Callable[[str], str]
) -> tuple[list[Statement], list[Statement]]:
    """Those of numbers, and those of vectors, which shall come after them. A number that one of vectors reads before it
    is changed is kept under another name, which ``fresh`` gives.

    >>> tree = lambda code: ast.parse(code, mode="eval").body
    >>> lines = [Statement("d", tree("g * self.p"), VECTOR), Statement("self.p", tree("self.p * b"), NUMBER)]
    >>> [[s.line for s in some] for some in numbers_first(lines, str)]
    [['p_before = self.p', 'self.p *= b'], ['d = g * p_before']]
    """
    numbers, vectors, kept = [], [], {}
    for at, statement in enumerate(statements):
        if statement.kind not in (VECTOR, MASK):
            numbers.append(statement)
            continue
        read = roots(statement.value)
        changed = [s.target for s in statements[at:] if s.kind not in (VECTOR, MASK) and s.target in read]
        for target in changed:
            if target not in kept:
                kept[target] = name(fresh(f"{target.rpartition('.')[2]}_before"))
        value = replaced(statement.value, {t: kept[t] for t in changed}) if changed else statement.value
        vectors.append(Statement(statement.target, value, statement.kind, statement.comment))
    before = [
        Statement(text(new), ast.parse(target, mode="eval").body, NUMBER) for target, new in kept.items()
    ]
    return [*before, *numbers], vectors


def roots(node: ast.expr) -> set[str]:
    """Every name and dotted name in an expression."""
    return names_in(node) | {
        text(part) for part in ast.walk(node) if isinstance(part, (ast.Attribute, ast.Subscript))
    }


def _chain(statement: Statement) -> list[str]:
    """A choice among more than two, as ``if``, ``elif``, ``else``."""
    out: list[str] = []
    value, word, comment = statement.value, "if", statement.comment
    while isinstance(value, ast.IfExp):
        out += [
            f"{word} {text(value.test)}:",
            "    " + Statement(statement.target, value.body, statement.kind, comment).line,
        ]
        value, word, comment = value.orelse, "elif", ""
    if text(value) == statement.target:
        return out
    return [*out, "else:", "    " + Statement(statement.target, value, statement.kind).line]


def _alike(statements: Sequence[Statement]) -> list[Statement]:
    """The first statements, as far as all of them choose by the same condition."""
    group: list[Statement] = []
    for statement in statements:
        value = statement.value
        if not isinstance(value, ast.IfExp) or names_in(value.test) & {s.target for s in group}:
            break
        if group and text(value.test) != text(group[0].value.test):  # type: ignore[attr-defined]
            break
        group.append(statement)
    return group


def _keeps(statement: Statement) -> bool:
    assert isinstance(statement.value, ast.IfExp)
    return statement.target in (text(statement.value.body), text(statement.value.orelse))


def _block(group: Sequence[Statement]) -> list[str]:
    values = [s.value for s in group if isinstance(s.value, ast.IfExp)]
    yes = [Statement(s.target, v.body, s.kind, s.comment) for s, v in zip(group, values, strict=True)]
    no = [Statement(s.target, v.orelse, s.kind) for s, v in zip(group, values, strict=True)]
    taken, otherwise = ([s for s in side if text(s.value) != s.target] for side in (yes, no))
    condition = text(values[0].test)
    if not taken:
        return [f"if not {condition}:" if condition.isidentifier() else f"if not ({condition}):"] + [
            f"    {s.line}" for s in otherwise
        ]
    lines = [f"if {condition}:", *(f"    {s.line}" for s in taken)]
    return [*lines, "else:", *(f"    {s.line}" for s in otherwise)] if otherwise else lines


def unpacked(called: list[str], source: str) -> list[str]:
    """``x, y = params``, or ``(x,) = params``; where these are more than a line of names, a slice for each line."""
    rows = split_rows(called, WIDTH - len(f"    (,) = {source}[{len(called)}:{len(called)}]"))
    if len(rows) == 1:
        return [f"{_tupled(called)} = {source}"]
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    places = [f"{begin or ''}:{end if end < len(called) else ''}" for begin, end in pairwise(ends)]
    return [f"{_tupled(row)} = {source}[{place}]" for row, place in zip(rows, places, strict=True)]


def _tupled(names: list[str]) -> str:
    return text(ast.Tuple([name(n) for n in names]))
