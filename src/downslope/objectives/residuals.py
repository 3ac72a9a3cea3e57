"""Residuals and their derivatives in brief: what steps of least squares are made of, whatever the number of rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import symengine as se

from downslope.lapack import solve_triangular, triangle

EPS = float(np.finfo(np.float64).eps)


class Residuals(NamedTuple):
    """The residuals r and their derivatives J at a point, in brief, for the cost |r|^2."""

    root: Any  # R with R'R = J'J, upper triangular, shape (parameters, parameters)
    along: Any  # c with R'c = J'r: the residuals in the space of the columns, shape (parameters,)


def residuals_from_rows(block: Any) -> tuple[float, Residuals]:
    """The cost, and the residuals in brief, of rows [J | r]: shape (rows, parameters + 1), float64.

    >>> cost, told = residuals_from_rows(np.array([[1.0, 3.0], [1.0, 5.0]]))
    >>> round(cost, 12), (told.root.T @ told.along).round(12)
    (34.0, array([8.]))
    """
    p, factor = block.shape[1] - 1, triangle(block)
    if not np.isfinite(factor).all():
        return float(np.sum(np.square(block[:, p]))), Residuals(np.full((p, p), np.nan), np.full(p, np.nan))
    if len(factor) <= p:  # fewer rows than that
        factor = np.concatenate([factor, np.zeros((p + 1 - len(factor), p + 1))])
    return residuals_from_triangle(factor)


def residuals_from_triangle(factor: Any) -> tuple[float, Residuals]:
    """The same of the triangle that such rows are turned into, shape (parameters + 1, parameters + 1), float64."""
    p = len(factor) - 1
    last = factor[:, p]
    return float(last @ last), Residuals(factor[:p, :p], last[:p])


def residuals_from_products(sums: Any) -> tuple[float, Residuals]:
    """The same of the products of such rows, shape (parameters + 1, parameters + 1), float64."""
    p = len(sums) - 1
    cost = float(sums[p, p])
    if not np.all(np.isfinite(sums)):
        return cost, Residuals(np.full((p, p), np.nan), np.full(p, np.nan))
    size = np.sqrt(np.diag(sums)[:p])
    size = np.where(size > 0, size, 1.0)
    scaled, slope = sums[:p, :p] / np.outer(size, size), sums[:p, p] / size
    try:
        lower = np.linalg.cholesky(scaled)
        return cost, Residuals(lower.T * size, solve_triangular(lower, slope, lower=True))
    except np.linalg.LinAlgError:  # dependent columns: what little is left of them is rounding
        values, vectors = np.linalg.eigh(scaled)
        kept = values > EPS * len(values) * values[-1]
        roots = np.sqrt(np.where(kept, values, 1.0))
        whole = np.column_stack([(vectors * roots * kept).T * size, kept * (vectors.T @ slope) / roots])
        factor = triangle(whole)
        return cost, Residuals(factor[:, :p], factor[:, p])


def square_roots(expression: Any) -> list[Any] | None:
    """Expressions of whose squares ``expression`` is the sum; None where it is not written as one.

    >>> x, y = se.Symbol("x"), se.Symbol("y")
    >>> sorted(map(str, square_roots((x - 1) ** 2 + 9 * (y - x**2) ** 2)))
    ['-1 + x', '3*(y - x**2)']
    >>> square_roots(x**2 - y**2) is None
    True
    """
    if isinstance(expression, se.Add):
        parts = [square_roots(part) for part in expression.args]
        return (
            None if any(part is None for part in parts) else [root for part in parts for root in part or []]
        )
    if expression.is_Number:
        return [se.sqrt(expression)] if expression >= 0 else None
    factors = expression.args if isinstance(expression, se.Mul) else (expression,)
    numbers = [f for f in factors if f.is_Number]
    sums = [f for f in factors if isinstance(f, se.Add)]
    scale = se.Mul(*numbers)
    if numbers and not scale > 0:
        return None
    if len(sums) == 1 and len(factors) == len(numbers) + 1:
        inner = square_roots(sums[0])
        return None if inner is None else [se.sqrt(scale) * root for root in inner]
    root = se.sqrt(scale)
    for factor in factors:
        if factor.is_Number:
            continue
        even = isinstance(factor, se.Pow) and factor.args[1].is_Integer and int(factor.args[1]) % 2 == 0
        if even:
            root = root * factor.args[0] ** (int(factor.args[1]) // 2)
        elif isinstance(factor, se.Pow) and factor.args[0] == se.E:
            root = root * se.exp(factor.args[1] / 2)
        else:
            return None
    return [root]
