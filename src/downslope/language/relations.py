"""The six comparisons: one record each, which every form of a formula reads."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Relation:
    """One comparison.

    Attributes:
        sign: as it is typed.
        holds: whether it does, for numbers or arrays of them.
        symbol: the class of SymEngine and SymPy, ...
        short: ... and its short name in both.
        code: the class of Python's ``ast``.
        latex, mathml: how it is displayed.
    """

    sign: str
    holds: Callable[[Any, Any], Any]
    symbol: str
    short: str
    code: str
    latex: str
    mathml: str


RELATIONS: dict[str, Relation] = {
    relation.sign: relation
    for relation in (
        Relation("<", operator.lt, "StrictLessThan", "Lt", "Lt", "<", "<"),
        Relation("<=", operator.le, "LessThan", "Le", "LtE", r"\leq", "≤"),
        Relation(">", operator.gt, "StrictGreaterThan", "Gt", "Gt", ">", ">"),
        Relation(">=", operator.ge, "GreaterThan", "Ge", "GtE", r"\geq", "≥"),
        Relation("==", operator.eq, "Equality", "Eq", "Eq", "=", "="),
        Relation("!=", operator.ne, "Unequality", "Ne", "NotEq", r"\neq", "≠"),
    )
}
"""Every comparison by its sign."""

BY_SYMBOL: dict[str, Relation] = {relation.symbol: relation for relation in RELATIONS.values()}
"""Every comparison by SymEngine's name of it."""
