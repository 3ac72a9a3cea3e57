"""Derivatives of SymEngine expressions by reverse accumulation.

One sweep over the expression gives all partial derivatives at once, so the cost is linear in the size
of the formula however many variables it has. (Differentiating variable by variable is quadratic.)
Where a formula has a kink, the derivative is the one stated in the record of its function.

Source: A. Griewank and A. Walther, *Evaluating Derivatives*, 2nd ed., SIAM 2008, section 3.2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import Any

import symengine as se

from downslope.errors import ObjectiveError
from downslope.language.functions import Function
from downslope.messages import message
from downslope.symbolic.functions import ONE, ZERO
from downslope.symbolic.lower import function_of, lower_with, written_out
from downslope.symbolic.undefined import NOWHERE, divides_by_zero

MANY_FACTORS = (
    32  # of one product; SymEngine's search for common parts takes the square of that, for every product
)


def gradient(expression: Any, symbols: Sequence[Any]) -> list[Any]:
    """The partial derivatives of ``expression`` with respect to each of ``symbols``.

    Raises:
        ObjectiveError: part of the expression has no derivative here.

    >>> x, y = se.symbols("x y")
    >>> gradient(x**2 * y + se.sin(y), [x, y])
    [2*x*y, x**2 + cos(y)]
    """
    try:
        sweep = _reverse_sweep(expression, {})
    except RecursionError as error:  # choices within choices, as a loop of a person's function makes them
        raise ObjectiveError(
            message("choices within choices are nested too deeply to be differentiated")
        ) from error
    return [sweep.get(symbol, ZERO) for symbol in symbols]


def hessian(expression: Any, symbols: Sequence[Any]) -> list[list[Any]]:
    """The symmetric matrix of second derivatives, one reverse sweep for each row.

    >>> x, y = se.symbols("x y")
    >>> hessian(x**2 * y, [x, y])
    [[2*y, 2*x], [2*x, 0]]
    """
    return [gradient(row, symbols) for row in gradient(expression, symbols)]


def _reverse_sweep(expression: Any, done: dict[Any, dict[Any, Any]]) -> dict[Any, Any]:
    """Symbol -> derivative of ``expression`` with respect to it; ``done`` keeps the sweeps of branches."""
    if expression in done:
        return done[expression]
    adjoints: defaultdict[Any, list[Any]] = defaultdict(list)
    adjoints[expression].append(ONE)
    derivatives: dict[Any, Any] = {}
    for node in reversed(_children_first(expression)):
        contributions = adjoints.pop(node, None)
        if contributions is None:
            continue
        adjoint = _kept_whole(contributions[0] if len(contributions) == 1 else se.Add(*contributions))
        if isinstance(node, se.Symbol):
            derivatives[node] = adjoint
            continue
        for child, partial in _partials(node, done):
            if partial != 0:
                adjoints[child].append(adjoint * partial)
    done[expression] = derivatives
    return derivatives


def _children_first(expression: Any) -> list[Any]:
    """Every distinct node, children before parents; a Piecewise and its branches' symbols count as one step."""
    order: list[Any] = []
    seen: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(expression, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in _dependencies(node))
    return order


def _dependencies(node: Any) -> Sequence[Any]:
    if isinstance(node, se.Piecewise):
        return list(node.free_symbols)
    return [child for child in node.args if not child.is_Number]


def _partials(node: Any, done: dict[Any, dict[Any, Any]]) -> list[tuple[Any, Any]]:
    """(child, d node / d child) for each child that the value of ``node`` depends on."""
    arguments = node.args
    if not arguments:
        return []
    if isinstance(node, se.Add):
        return [(child, ONE) for child in arguments if not child.is_Number]
    if isinstance(node, se.Mul):
        return _product_partials(arguments)
    if isinstance(node, se.Pow):
        return _power_partials(*arguments)
    if isinstance(node, se.Piecewise):
        return _piecewise_partials(arguments, done)
    if isinstance(node, se.UnevaluatedExpr):
        return [(arguments[0], ONE)]
    record = function_of(node)
    if record is not None:
        return list(zip(arguments, function_partials(record, arguments), strict=True))
    if divides_by_zero(node):
        raise ObjectiveError(NOWHERE)
    raise ObjectiveError(message("no derivative is known here for '{node}'", node=node))


def function_partials(record: Function, arguments: Sequence[Any]) -> list[Any]:
    """The derivatives of a function by each of its arguments, there; those of its definition where none are stated."""
    if record.derivatives:
        known = dict(zip(record.arguments, arguments, strict=True))
        return [lower_with(derivative, known) for derivative in record.derivatives]
    symbols = [se.Symbol(f"#{name}") for name in record.arguments]
    partials = gradient(written_out(record, symbols), symbols)
    return [partial.subs(dict(zip(symbols, arguments, strict=True))) for partial in partials]


def _product_partials(factors: Sequence[Any]) -> list[tuple[Any, Any]]:
    """For each factor the product of the others, from prefix and suffix products (no division by zero)."""
    if len(factors) > MANY_FACTORS:
        return _products_of_halves(factors)
    before = [ONE, *accumulate(factors[:-1], mul)]
    after = [ONE, *accumulate(reversed(factors[1:]), mul)][::-1]
    return [(f, b * a) for f, b, a in zip(factors, before, after, strict=True) if not f.is_Number]


def _products_of_halves(factors: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The same of many factors: a product is that of its two halves, and each is computed once.

    Written out, n factors have n products of n - 1; so, each has as many as n has binary digits.
    """
    others: list[tuple[Sequence[Any], Any]] = [(factors, ONE)]
    partials = []
    while others:
        part, rest = others.pop()
        if len(part) == 1:
            partials += [] if part[0].is_Number else [(part[0], rest)]
            continue
        middle = len(part) // 2
        left, right = part[:middle], part[middle:]
        others += [(left, rest * _halves(right)), (right, rest * _halves(left))]
    return partials


def _halves(factors: Sequence[Any]) -> Any:
    """A product as one that SymEngine does not take apart, of halves that are such."""
    if len(factors) == 1:
        return factors[0]
    middle = len(factors) // 2
    return se.UnevaluatedExpr(_halves(factors[:middle]) * _halves(factors[middle:]))


def _kept_whole(expression: Any) -> Any:
    """A product of many factors as one that SymEngine does not take apart when it is multiplied by more."""
    if isinstance(expression, se.Mul) and len(expression.args) > MANY_FACTORS:
        return se.UnevaluatedExpr(expression)
    return expression


def _power_partials(base: Any, exponent: Any) -> list[tuple[Any, Any]]:
    partials = []
    if not base.is_Number and base.free_symbols:
        partials.append((base, exponent * base ** (exponent - 1)))
    if exponent.free_symbols:
        whole = base**exponent
        if base.free_symbols:
            # 0^v is 0 for every v > 0, so its derivative in v is 0 there, where log(0) * 0 would be NaN
            slope = se.Piecewise(
                (ZERO, se.And(se.Eq(base, ZERO), exponent > 0)), (whole * se.log(base), True)
            )
        elif base == 0:
            slope = se.Piecewise((ZERO, exponent > 0), (se.nan, True))
        elif base.is_Number and float(base) < 0:
            slope = se.nan  # real at whole numbers only
        else:
            slope = whole * se.log(base)
        partials.append((exponent, slope))
    return partials


def _piecewise_partials(arguments: Sequence[Any], done: dict[Any, dict[Any, Any]]) -> list[tuple[Any, Any]]:
    """Differentiate inside each branch, so that a branch not taken cannot spoil the one that is."""
    branches, conditions = arguments[::2], arguments[1::2]
    sweeps = [_reverse_sweep(branch, done) for branch in branches]
    symbols = {symbol: None for sweep in sweeps for symbol in sweep}
    return [
        (
            symbol,
            se.Piecewise(*((s.get(symbol, ZERO), c) for s, c in zip(sweeps, conditions, strict=True))),
        )
        for symbol in symbols
    ]
