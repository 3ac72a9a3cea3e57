# mypy: disallow-untyped-decorators=False
"""Columns of a table: their means and spreads in one pass, merged as in ``moments``; whether they are independent.

Everything that is compiled is in this file and calls nothing outside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.parallel import over_chunks
from downslope.symbolic.kernel_cache import FREE, compiled

Array = NDArray[np.floating[Any]]

BLOCK = 128
CERTAIN = 1e-8  # a squared distance, of columns of length 1, that is no rounding


@compiled(fastmath=FREE)
def _chunk(X: Any, weights: Any, begin: Any, end: Any) -> Any:
    """(total weight, means, sums of squares about them) of rows ``begin`` to ``end``."""
    d = X.shape[1]
    total, mean, squares = 0.0, np.zeros(d), np.zeros(d)
    own, sums = np.empty(d), np.empty(d)
    for first in range(begin, end, BLOCK):
        last = min(first + BLOCK, end)
        weight = 0.0
        own[:] = 0.0
        for i in range(first, last):
            v = weights[i] if weights.size else 1.0
            weight += v
            for j in range(d):
                own[j] += v * X[i, j]
        if weight == 0.0:
            continue
        for j in range(d):
            own[j] /= weight
        sums[:] = 0.0
        for i in range(first, last):
            v = weights[i] if weights.size else 1.0
            for j in range(d):
                r = X[i, j] - own[j]
                sums[j] += v * (r * r)
        whole = total + weight
        for j in range(d):
            delta = own[j] - mean[j]
            mean[j] += delta * (weight / whole)
            squares[j] += sums[j] + delta * delta * (total * weight / whole)
        total = whole
    return total, mean, squares


def means_and_spreads(X: Array, weights: Array) -> tuple[Array, Array]:
    """The mean and the standard deviation of every column; ``weights`` may be empty.

    >>> mean, spread = means_and_spreads(np.array([[1e8, 0.0], [1e8 + 2, 0.0]]), np.empty(0))
    >>> mean.tolist(), spread.tolist()
    ([100000001.0, 0.0], [1.0, 0.0])
    """
    parts = over_chunks(len(X), lambda begin, end: _chunk(X, weights, begin, end))
    total, mean, squares = parts[0]
    for weight, other, more in parts[1:]:
        if weight:
            delta, whole = other - mean, total + weight
            mean = mean + delta * (weight / whole)
            squares = squares + more + delta * delta * (total * weight / whole)
            total = whole
    return mean, np.sqrt(squares / total)


@compiled(fastmath=FREE)
def _products(J: Any) -> Any:
    """``J' J``, lower triangle."""
    d = J.shape[1]
    out = np.zeros((d, d))
    fours = len(J) - len(J) % 4
    for i in range(0, fours, 4):
        a, b, c, e = J[i], J[i + 1], J[i + 2], J[i + 3]
        for j in range(d):
            row = out[j]
            for k in range(j + 1):
                row[k] += (a[j] * a[k] + b[j] * b[k]) + (c[j] * c[k] + e[j] * e[k])
    for i in range(fours, len(J)):
        for j in range(d):
            for k in range(j + 1):
                out[j, k] += J[i, j] * J[i, k]
    return out


@compiled(fastmath=FREE)
def _weighted_products(J: Any, c: Any) -> Any:
    """``J' diag(c) J``, lower triangle."""
    d = J.shape[1]
    out = np.zeros((d, d))
    for i in range(len(J)):
        for j in range(d):
            scaled = c[i] * J[i, j]
            for k in range(j + 1):
                out[j, k] += scaled * J[i, k]
    return out


def weighted_products(J: Array, c: Array) -> Array:
    """``J' diag(c) J``, whose bits do not depend on how many cores there are, as those of BLAS do.

    >>> weighted_products(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0])).tolist()
    [[19.0, 26.0], [26.0, 36.0]]
    """
    lower = _weighted_products(np.ascontiguousarray(J), np.ascontiguousarray(c))
    return np.asarray(lower + np.tril(lower, -1).T)


@compiled()
def _least_pivot(A: Any) -> Any:
    """The least squared pivot of the Cholesky factor of ``A``, whose lower triangle is overwritten."""
    least = np.inf
    for j in range(len(A)):
        pivot = A[j, j]
        for k in range(j):
            pivot -= A[j, k] * A[j, k]
        least = min(least, pivot)
        if not pivot > 0.0:
            return pivot
        root = np.sqrt(pivot)
        for i in range(j + 1, len(A)):
            total = A[i, j]
            for k in range(j):
                total -= A[i, k] * A[j, k]
            A[i, j] = total / root
    return least


def independent(J: Array) -> bool:
    """Whether the columns of ``J``, all of length 1, are surely independent: none is near the span of those before it.

    A quick look on one core, after which most tables need no other; False says only that one must look closer.

    >>> independent(np.array([[1.0, 0.6], [0.0, 0.8]])), independent(np.array([[0.6, 0.6], [0.8, 0.8]]))
    (True, False)
    """
    return bool(_least_pivot(_products(np.ascontiguousarray(J))) > CERTAIN)
