# mypy: disallow-untyped-decorators=False
"""Means and centred products of a table's columns, in one pass, safely.

A block of rows that fits the cache is centred on its own mean; blocks, then chunks of rows, are merged:
with ``D`` the difference of the means, ``M = M_A + M_B + D D' n_A n_B / n``. No square of a raw value is ever summed,
so a mean of 1e8 standard deviations costs no digits.

Source: T. Chan, G. Golub, R. LeVeque, The American Statistician 37 (1983) 242-247, equation (2.1).

Everything that is compiled is in this file and calls nothing outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.parallel import over_chunks
from downslope.symbolic.kernel_cache import FREE, compiled

Array = NDArray[np.floating[Any]]

BLOCK = 128


@compiled(fastmath=FREE)
def _add_products(z: Any, count: Any, M: Any) -> None:
    """``M += z' z`` for the first ``count`` rows of ``z`` (a multiple of four), upper triangle only."""
    d = z.shape[1]
    for r in range(0, count, 4):
        z0, z1, z2, z3 = z[r], z[r + 1], z[r + 2], z[r + 3]
        for i in range(d):
            a0, a1, a2, a3 = z0[i], z1[i], z2[i], z3[i]
            row = M[i]
            for j in range(i, d):
                row[j] += (a0 * z0[j] + a1 * z1[j]) + (a2 * z2[j] + a3 * z3[j])


@compiled()
def _chunk(table: tuple[Any, Any, Any], rows: tuple[int, int]) -> Any:
    """(total weight, means, centred products) of the columns of X and of y in these rows, from the first to the end.

    The table is X (rows, features), y (rows,) and weights (rows,) or (0,), contiguous float64.
    """
    X, y, weights = table
    begin, end = rows
    d = X.shape[1] + 1
    mean, M = np.zeros(d), np.zeros((d, d))
    block, block_mean, delta = np.zeros((BLOCK, d)), np.empty(d), np.empty(d)
    total = 0.0
    for first in range(begin, end, BLOCK):
        count = min(BLOCK, end - first)
        weight = 0.0
        block_mean[:] = 0.0
        for r in range(count):
            v = weights[first + r] if weights.size else 1.0
            weight += v
            for j in range(d - 1):
                block[r, j] = X[first + r, j]
                block_mean[j] += v * block[r, j]
            block[r, d - 1] = y[first + r]
            block_mean[d - 1] += v * block[r, d - 1]
        if weight == 0.0:
            continue
        for j in range(d):
            block_mean[j] /= weight
        for r in range(count):
            v = np.sqrt(weights[first + r]) if weights.size else 1.0
            for j in range(d):
                block[r, j] = v * (block[r, j] - block_mean[j])
        fours = (count + 3) // 4 * 4
        for r in range(count, fours):
            for j in range(d):
                block[r, j] = 0.0
        _add_products(block, fours, M)
        whole = total + weight
        for j in range(d):
            delta[j] = block_mean[j] - mean[j]
            mean[j] += delta[j] * (weight / whole)
        factor = total * weight / whole
        if factor > 0.0:
            for i in range(d):
                scaled = delta[i] * factor
                for j in range(i, d):
                    M[i, j] += scaled * delta[j]
        total = whole
    return total, mean, M


@dataclass(frozen=True, eq=False)
class Moments:
    """Of the features and, last, the target.

    Attributes:
        total: the number of rows, or the sum of their weights.
        mean: of every column.
        products: ``sum of w (v - mean)(v - mean)'``, a symmetric matrix.
    """

    total: float
    mean: Array
    products: Array

    def merged(self, other: Moments) -> Moments:
        """The moments of the rows of both."""
        total = self.total + other.total
        if not total:
            return self
        delta = other.mean - self.mean
        return Moments(
            total,
            self.mean + delta * (other.total / total),
            self.products + other.products + np.outer(delta, delta) * (self.total * other.total / total),
        )

    @property
    def spread(self) -> Array:
        """The standard deviation of every column."""
        return np.asarray(np.sqrt(np.diag(self.products) / self.total))


def moments(X: Array, y: Array, weights: Array) -> Moments:
    """The moments of the columns of ``X`` and of ``y``; ``weights`` may be empty.

    >>> m = moments(np.array([[1e8], [1e8 + 2]]), np.array([1.0, 3.0]), np.empty(0))
    >>> m.mean.tolist(), m.products.tolist()
    ([100000001.0, 2.0], [[2.0, 2.0], [2.0, 2.0]])
    """

    def work(*rows: int) -> Moments:
        total, mean, M = _chunk((X, y, weights), rows)
        return Moments(total, mean, M + np.triu(M, 1).T)

    parts = over_chunks(len(X), work)
    while len(parts) > 1:  # a fixed tree: the result does not depend on which chunk was ready first
        pairs = [a.merged(b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0]
