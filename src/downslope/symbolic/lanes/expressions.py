"""SymEngine expressions in the numbers of several rows at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import symengine as se

from downslope.errors import ObjectiveError
from downslope.language.functions import FUNCTIONS
from downslope.language.relations import BY_SYMBOL
from downslope.messages import message
from downslope.symbolic.lanes import arithmetic, circular, exponential, hyperbolic
from downslope.symbolic.lanes.arithmetic import BITS, LaneBuilder, Lanes
from downslope.symbolic.lower import expanded, function_of

MOST_MULTIPLIED = 64  # powers up to this exponent are products; SymEngine's are for every whole exponent


def lane_function(name: str) -> Callable[..., Lanes] | None:
    """The function of formulas of that name, where lanes have one."""
    if name not in FUNCTIONS:
        return None
    return next((getattr(module, name) for module in _MODULES if hasattr(module, name)), None)


_MODULES = (arithmetic, exponential, hyperbolic, circular)


def in_lanes(writer: LaneBuilder, expressions: Sequence[Any], symbols: Mapping[Any, Lanes]) -> list[Lanes]:
    """Each expression, where ``symbols`` stand for the numbers given.

    Raises:
        ObjectiveError: a function in it is not known here.
    """
    expressions = expanded(expressions, lambda name: lane_function(name) is not None)
    memo: dict[Any, Lanes] = dict(symbols)
    _write_all(writer, expressions, memo, _written)
    return [memo[expression] for expression in expressions]


def in_lanes_as_native(
    writer: LaneBuilder, expressions: Sequence[Any], symbols: Mapping[Any, Lanes]
) -> list[Lanes]:
    """The same, rounded as ``symbolic.compile_native`` rounds it, bit for bit.

    SymEngine takes common parts out first, multiplies a term of a sum by its coefficient last, and divides by
    multiplying with the reciprocal. Functions such as exp and sin are C's, called for one lane after the other, which
    takes several times as long as the lanes' own.

    Raises:
        ObjectiveError: a function in it is not known here.
    """
    taken_out, expressions = se.cse(expanded(expressions))
    memo: dict[Any, Lanes] = dict(symbols)
    for symbol, expression in taken_out:
        _write_all(writer, [expression], memo, _written_as_native)
        made = memo[
            expression
        ]  # a number under another name: what it is part of has no value without that name
        memo[symbol] = Lanes(writer, made.code, made.fixed)
    _write_all(writer, expressions, memo, _written_as_native)
    return [memo[expression] for expression in expressions]


def _write_all(
    writer: LaneBuilder,
    expressions: Sequence[Any],
    memo: dict[Any, Lanes],
    write: Callable[[LaneBuilder, Any, Mapping[Any, Lanes]], Lanes],
) -> None:
    """Write every part that is not written yet, the innermost first."""
    parts_of = _parts if write is _written else _native_parts
    stack = list(expressions)
    while stack:
        node = stack[-1]
        pending = [child for child in parts_of(node) if child not in memo]
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        if node not in memo:
            memo[node] = write(writer, node, memo)


def _parts(node: Any) -> Sequence[Any]:
    """What must be written before ``node``: its arguments, but for exponents that are taken in."""
    if isinstance(node, se.Pow):
        base, exponent = node.args
        if base == se.E:
            return (exponent,)
        if isinstance(exponent, (se.Integer, se.Rational)):
            return (base,)
    return list(node.args)


def _native_parts(node: Any) -> Sequence[Any]:
    """The same, where the terms of a sum come without their coefficients."""
    return [rest for _, rest in map(_split, node.args)] if isinstance(node, se.Add) else _parts(node)


def _split(term: Any) -> tuple[Any, Any]:
    """A term of a sum as a coefficient, None for 1, and the rest."""
    if isinstance(term, se.Mul) and term.args[0].is_Number:
        return term.args[0], se.Mul(*term.args[1:])
    return None, term


# SymEngine's name of a function -> C's
_OF_C = {
    **{name: name for name in ("log", "erf", "erfc", "atan2")},
    **{name: name for root in ("sin", "cos", "tan", "sinh", "cosh", "tanh") for name in (root, f"a{root}")},
    "gamma": "tgamma",
    "loggamma": "lgamma",
}


def _written_as_native(writer: LaneBuilder, node: Any, memo: Mapping[Any, Lanes]) -> Lanes:
    if isinstance(node, se.Add):
        terms = [
            memo[rest] if factor is None else memo[rest] * _constant(factor)
            for factor, rest in map(_split, node.args)
        ]
        return reduce(lambda a, b: a + b, terms)
    if isinstance(node, se.Mul):
        return reduce(lambda a, b: a * b, [memo[part] for part in node.args])
    if type(node).__name__ in BY_SYMBOL:  # a condition that was taken out is compared with true
        memo = {part: _as_number(writer, memo[part]) for part in node.args}
    called = _called_in_c(writer, node, memo) if any(memo[p].literal is None for p in _parts(node)) else None
    return _written(writer, node, memo) if called is None else called


def _called_in_c(writer: LaneBuilder, node: Any, memo: Mapping[Any, Lanes]) -> Lanes | None:
    """A call of a function of C's library; None where native code has none there."""
    kind = type(node).__name__
    if kind in _OF_C:
        return writer.call_of_c(_OF_C[kind], *(memo[part] for part in node.args))
    if not isinstance(node, se.Pow):
        return None
    base, exponent = node.args
    if base == se.E:
        return writer.call_of_c("exp", memo[exponent])
    if isinstance(exponent, se.Integer) or exponent == se.Rational(1, 2):
        return None
    power = memo[exponent] if exponent in memo else writer.number(_constant(exponent))
    return writer.call_of_c("pow", memo[base], power)


def _as_number(writer: LaneBuilder, value: Lanes) -> Lanes:
    """1 or 0 for a truth value."""
    return writer.select(value, 1.0, 0.0) if value.code.type == BITS else value


def _written(writer: LaneBuilder, node: Any, memo: Mapping[Any, Lanes]) -> Lanes:
    if node in (se.true, se.false):
        return writer.truth(bool(node))
    kind = type(node).__name__
    if kind in BY_SYMBOL:
        return writer.compared(BY_SYMBOL[kind].sign, *(memo[part] for part in node.args))
    if isinstance(node, (se.And, se.Or, se.Not)):
        return _combined(node, [memo[part] for part in node.args])
    if all(memo[part].literal is not None for part in _parts(node)):
        return writer.number(_constant(node))
    if isinstance(node, se.Pow):
        return _power(writer, node, memo)
    parts = [memo[part] for part in node.args]
    if isinstance(node, se.Add):
        return _sum(node, parts, memo)
    if isinstance(node, se.Mul):
        return _product(writer, node, memo)
    if isinstance(node, se.Piecewise):
        return _piecewise(writer, parts)
    if isinstance(node, se.UnevaluatedExpr):
        return parts[0]
    record = function_of(node)
    function = None if record is None else lane_function(record.name)
    if function is None:
        raise ObjectiveError(message("'{kind}' has no form for several rows at once.", kind=kind))
    return function(*parts)


def _combined(node: Any, parts: list[Lanes]) -> Lanes:
    if isinstance(node, se.Not):
        return ~parts[0]
    return reduce((lambda a, b: a & b) if isinstance(node, se.And) else (lambda a, b: a | b), parts)


def _constant(node: Any) -> float:
    """The value of an expression without symbols."""
    if isinstance(node, se.Rational):
        p, q = int(node.p), int(node.q)
        try:
            return p / q  # correctly rounded
        except OverflowError:
            return math.copysign(math.inf, p)
    if node in (se.oo, -se.oo):
        return math.inf if node == se.oo else -math.inf
    if node in (se.nan, se.zoo):
        return math.nan
    try:
        return float(node) + 0.0  # SymEngine takes 0.0 and -0.0 for the same
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise ObjectiveError(message("'{node}' has no value as a real number.", node=node)) from error


def _sum(node: Any, parts: list[Lanes], memo: Mapping[Any, Lanes]) -> Lanes:
    """The terms in order, those with a minus subtracted."""
    total = parts[0]
    for term, value in zip(node.args[1:], parts[1:], strict=True):
        positive = -term if isinstance(term, se.Mul) and term.args[0] == -1 else None
        total = total - memo[positive] if positive in memo else total + value
    return total


def _product(writer: LaneBuilder, node: Any, memo: Mapping[Any, Lanes]) -> Lanes:
    """The factors in order, then the divisors."""
    factors, divisors, negative = [], [], False
    for factor in node.args:
        if factor == -1:
            negative = True
        elif isinstance(factor, se.Pow) and factor.args[1] == -1:
            divisors.append(memo[factor.args[0]])
        else:
            factors.append(memo[factor])
    total = reduce(lambda a, b: a * b, factors) if factors else writer.number(1.0)
    for divisor in divisors:
        total = total / divisor
    return -total if negative else total


def _piecewise(writer: LaneBuilder, parts: list[Lanes]) -> Lanes:
    value = writer.number(math.nan)
    for branch, condition in zip(parts[-2::-2], parts[::-2], strict=True):
        value = branch if condition.literal == 1.0 else writer.select(condition, branch, value)
    return value


def _power(writer: LaneBuilder, node: Any, memo: Mapping[Any, Lanes]) -> Lanes:
    base, exponent = node.args
    if base == se.E:
        return exponential.exp(memo[exponent])
    if not isinstance(exponent, (se.Integer, se.Rational)):
        return exponential.power(memo[base], memo[exponent])
    x, p, q = memo[base], int(exponent.p), int(exponent.q)
    if q > 2 or abs(p) > MOST_MULTIPLIED:
        return exponential.power(x, writer.number(p / q))
    if q == 2:
        writer.refuse(x <= -math.inf)  # whose power 1/2 is infinity in C, and root NaN
        x = writer.root(x + 0.0)  # and that of -0.0 is 0.0
    y = whole_power(x, abs(p))
    return 1.0 / y if p < 0 else y


def whole_power(x: Lanes, times: int) -> Lanes:
    """``x^times`` by repeated squaring."""
    y: Lanes | None = None
    while True:
        if times & 1:
            y = x if y is None else y * x
        times >>= 1
        if not times:
            assert y is not None
            return y
        x = x * x
