"""Expressions that have no value anywhere, as SymEngine simplifies them: 1/(x - x), tan(pi/2)."""

from __future__ import annotations

from typing import Any

import symengine as se

from downslope.messages import message

NOWHERE = message("this formula has no value anywhere: a part of it divides by what is always zero.")


def divides_by_zero(expression: Any) -> bool:
    """Whether a part of an expression was simplified to a division by zero.

    >>> x = se.Symbol("x")
    >>> divides_by_zero(x + 1 / (x - x)), divides_by_zero(x + 1 / x)
    (True, False)
    """
    left = [se.sympify(expression)]
    while left:
        part = left.pop()
        if part in (se.zoo, se.nan):
            return True
        left.extend(part.args)
    return False
