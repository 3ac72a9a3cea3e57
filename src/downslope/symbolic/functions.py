"""Arithmetic, conditions and choices of SymEngine expressions, where SymEngine's own would go astray.

Powers never become astronomically long integers. SymEngine cannot differentiate ``Max``, ``Min`` and ``sign``, and its
compiled ``Max`` swallows NaN, so whatever has a corner is a choice, a ``Piecewise``, as its record defines it.
"""

from __future__ import annotations

import math
from typing import Any

import symengine as se

ONE, ZERO, HALF = se.Integer(1), se.Integer(0), se.Rational(1, 2)
MAX_EXPONENT = 2**20  # a larger exponent is a float64: compiled integer powers keep 32 bits, cut off silently
MAX_BITS = 2048  # numbers are folded exactly up to this size, as float64 beyond
MAX_SCALE = 900  # a factor is taken out of a power while that leaves it between 2^-900 and 2^900


def number(value: float) -> Any:
    """A literal: exact where it is a whole number or a short binary fraction, float64 otherwise."""
    if abs(value) < 2.0**53:
        numerator, denominator = float(value).as_integer_ratio()
        if denominator <= 1024:
            return se.Rational(numerator, denominator)
    return se.RealDouble(value)


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` without ever building an astronomically long integer."""
    if exponent.is_Number:
        if isinstance(exponent, se.RealDouble) and abs(float(exponent)) < 2.0**53:
            exponent = number(float(exponent))
        if isinstance(exponent, se.Integer) and abs(int(exponent)) > MAX_EXPONENT:
            exponent = se.RealDouble(float(exponent))
        if base.is_Number:
            if not isinstance(exponent, se.Integer):
                return se.RealDouble(float(base)) ** se.RealDouble(float(exponent))
            return _shorten(base, abs(int(exponent))) ** exponent
        base = _guarded(base, abs(float(exponent)))
    return bounded(base**exponent)


def product(*factors: Any) -> Any:
    """The product, with exponents that compiled code can hold."""
    return bounded(se.Mul(*factors))


def bounded(expression: Any) -> Any:
    """A power or product whose exponents, where they have added up beyond ``MAX_EXPONENT``, are floats."""
    if isinstance(expression, se.Pow):
        base, exponent = expression.args
        if isinstance(exponent, se.Integer) and abs(int(exponent)) > MAX_EXPONENT:
            return base ** se.RealDouble(float(exponent))
    elif isinstance(expression, se.Mul):
        factors = expression.args
        held = [bounded(factor) for factor in factors]
        if any(new is not old for new, old in zip(held, factors, strict=True)):
            return se.Mul(*held)
    return expression


def _guarded(base: Any, exponent: float) -> Any:
    """``base`` ready to be raised: SymEngine would turn ``(2*x)^1500`` into ``2^1500 * x^1500``.

    Where the number in front would leave the range of float64 so, the base is shielded from that; where
    it would only grow too many digits, it becomes a float.
    """
    head = base.args[0] if isinstance(base, se.Mul) else ONE
    size = abs(float(head)) if head.is_Number else 1.0
    if size in (0.0, 1.0):
        return base
    if not math.isfinite(size) or abs(math.log2(size)) * exponent > MAX_SCALE:
        return se.UnevaluatedExpr(base)
    return se.Mul(_shorten(head, int(exponent)), *base.args[1:])


def _shorten(value: Any, exponent: int) -> Any:
    """A number as a float where its power would be too long."""
    if not isinstance(value, se.Rational) or abs(value) == 1:
        return value
    if max(abs(int(value.p)), int(value.q)).bit_length() * exponent <= MAX_BITS:
        return value
    return se.RealDouble(float(value))


def where(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds, else ``no``."""
    if condition in (True, False, se.true, se.false):
        return yes if bool(condition) else no
    if isinstance(no, se.Piecewise):  # one choice of several
        rest = no.args
        return se.Piecewise((yes, condition), *zip(rest[::2], rest[1::2], strict=True))
    return se.Piecewise((yes, condition), (no, True))


def both(a: Any, b: Any) -> Any:
    """Whether both conditions hold, as a comparison: inside ``And`` SymEngine finds no common subexpressions."""
    return _is_one(where(a, where(b, ONE, ZERO), ZERO))


def either(a: Any, b: Any) -> Any:
    """Whether at least one condition holds, likewise instead of ``Or``."""
    return _is_one(where(a, ONE, where(b, ONE, ZERO)))


def _is_one(flag: Any) -> Any:
    return (se.true if flag == ONE else se.false) if flag.is_Number else se.Gt(flag, HALF)
