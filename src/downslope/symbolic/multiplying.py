"""Products that are multiplied out to see what cancels, where that is cheap and there is something to be seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import symengine as se

from downslope.symbolic.size import spelt_size

MOST = 5_000  # parts of what is multiplied out, when it is written out
_BITS = 200  # of the numbers by which two values are told apart
_PART = se.Rational(1, 10**30)  # of the larger one, that cancelled digits may leave between them
_DENOMINATORS = (7, 11)  # of the two places that are looked at


def exact(expression: Any) -> Any:
    """A formula with every floating-point number as the fraction that it is."""
    if isinstance(expression, se.RealDouble):
        return se.Rational(*float(expression).as_integer_ratio())
    return expression.func(*map(exact, expression.args)) if expression.args else expression


def freed_of(expression: Any, symbols: Iterable[Any]) -> Any | None:
    """The expression, multiplied out as far as is needed to be free of these symbols; None where it is not.

    What has two values at two places depends on them, however it is written: products that would grow beyond all
    bounds are not multiplied out for nothing. Nor is what is very long; the answer is None then too.

    >>> x, y = se.symbols("x y")
    >>> freed_of(x * (y + 1) - x * y - x + 2, [x]), freed_of((x + y + 1) ** 60, [x])
    (2, None)
    """
    asked = set(symbols) & expression.free_symbols
    if not asked:
        return expression
    if spelt_size(expression, MOST) == MOST or _varies(expression, asked):
        return None
    found = se.expand(expression)
    return None if found.free_symbols & asked else found


def _varies(expression: Any, symbols: set[Any]) -> bool:
    """Whether it has two values at two places that differ in these symbols alone."""
    given = sorted(expression.free_symbols, key=str)
    values = []
    for denominator in _DENOMINATORS:
        place = {
            s: se.Rational(
                3 * i + (denominator if s in symbols else 5), 13 if s not in symbols else denominator + 2
            )
            for i, s in enumerate(given)
        }
        try:
            values.append(exact(expression).subs(place).n(_BITS, real=True))
        except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError):
            return False  # no real number there: nothing is known
    first, second = values
    try:
        return bool(abs(first - second) > _PART * max(abs(first), abs(second)))
    except TypeError:
        return False
