"""Sums and products in a learner's source: their terms and factors, and how they are put together again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from downslope.recording.learner_names import is_a_rate


def terms_of(expression: ast.expr, sign: int = 1) -> Iterator[tuple[ast.expr, int]]:
    """The terms of a sum, each with its sign; of several values those of each."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, (ast.Add, ast.Sub)):
        yield from terms_of(expression.left, sign)
        yield from terms_of(expression.right, -sign if isinstance(expression.op, ast.Sub) else sign)
    elif isinstance(expression, ast.UnaryOp) and isinstance(expression.op, (ast.UAdd, ast.USub)):
        yield from terms_of(expression.operand, -sign if isinstance(expression.op, ast.USub) else sign)
    elif isinstance(expression, ast.Tuple):
        for one in expression.elts:
            yield from terms_of(one, sign)
    else:
        yield expression, sign


def factors_of(expression: ast.expr) -> tuple[list[ast.expr], list[ast.expr]]:
    """What is multiplied in a product, and what it is divided by."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, (ast.Mult, ast.Div)):
        over, under = factors_of(expression.left)
        more, less = factors_of(expression.right)
        if isinstance(expression.op, ast.Div):
            more, less = less, more
        return over + more, under + less
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.MatMult):
        over, under = factors_of(expression.left)  # lr * X.T @ e is lr * (X.T @ e)
        if len(over) > 1 and not under and all(is_a_number(part) for part in over[:-1]):
            return [*over[:-1], ast.BinOp(over[-1], ast.MatMult(), expression.right)], []
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.UAdd):
        return factors_of(expression.operand)
    return [expression], []


def is_a_number(part: ast.expr, *, of_any_name: bool = False) -> bool:
    """Whether a factor is written as a number, or called a learning rate; any name where that is asked."""
    return (
        isinstance(part, ast.Constant)
        or is_a_rate(part)
        or (of_any_name and isinstance(part, (ast.Name, ast.Attribute)))
    )


def product_of(over: list[ast.expr], under: list[ast.expr]) -> ast.expr:
    """Factors, multiplied and divided again."""
    whole = over[0] if over else ast.Constant(1.0)
    for part in over[1:]:
        whole = ast.BinOp(whole, ast.Mult(), part)
    for part in under:
        whole = ast.BinOp(whole, ast.Div(), part)
    return whole


def replace_in(statement: ast.AST, old: ast.expr, new: ast.expr) -> None:
    """Put another expression in the place of one."""
    for node in ast.walk(statement):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(node, name, [new if item is old else item for item in value])
