# mypy: disallow-untyped-decorators=False
"""Means and centred products of a table's columns, in one pass, safely.

A block of rows that fits the cache is centred on its own mean; blocks, then chunks of rows, are merged:
with ``D`` the difference of the means, ``M = M_A + M_B + D D' n_A n_B / n``. No square of a raw value is ever summed,
and a mean is kept with what rounding leaves out of it, so one of 1e10 standard deviations costs no digits.

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
    """(total weight, means, what these leave out by being rounded, centred products), from the first row to the end.

    The table is X (rows, features), y (rows,) and weights (rows,) or (0,), contiguous float64; the columns are those
    of X and y.
    """
    X, y, weights = table
    begin, end = rows
    d = X.shape[1] + 1
    mean, left, M = np.zeros(d), np.zeros(d), np.zeros((d, d))
    block, block_mean, block_left, delta = np.zeros((BLOCK, d)), np.empty(d), np.empty(d), np.empty(d)
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
        block_left[:] = 0.0
        for r in range(count):
            v = np.sqrt(weights[first + r]) if weights.size else 1.0
            for j in range(d):
                block[r, j] = v * (block[r, j] - block_mean[j])
                block_left[j] += v * block[r, j]
        fours = (count + 3) // 4 * 4
        for r in range(count, fours):
            for j in range(d):
                block[r, j] = 0.0
        _add_products(block, fours, M)
        whole = total + weight
        for j in range(d):
            block_left[j] /= weight
        for i in range(d):  # of products about the rounded mean
            for j in range(i, d):
                M[i, j] -= weight * block_left[i] * block_left[j]
        for j in range(d):
            delta[j] = (block_mean[j] - mean[j]) + (block_left[j] - left[j])
            if total > 0.0:
                change, before = left[j] + delta[j] * (weight / whole), mean[j]
                mean[j] += change
                left[j] = (before - (mean[j] - (mean[j] - before))) + (change - (mean[j] - before))
            else:
                mean[j], left[j] = block_mean[j], block_left[j]
        factor = total * weight / whole
        if factor > 0.0:
            for i in range(d):
                scaled = delta[i] * factor
                for j in range(i, d):
                    M[i, j] += scaled * delta[j]
        total = whole
    return total, mean, left, M


@dataclass(frozen=True, eq=False)
class Moments:
    """Of the features and, last, the target.

    Attributes:
        total: the number of rows, or the sum of their weights.
        mean: of every column, rounded.
        left: what is left out of it by that.
        products: ``sum of w (v - mean)(v - mean)'``, a symmetric matrix.
    """

    total: float
    mean: Array
    left: Array
    products: Array

    def merged(self, other: Moments) -> Moments:
        """The moments of the rows of both."""
        total = self.total + other.total
        if not total:
            return self
        if not self.total:
            return other
        delta = (other.mean - self.mean) + (other.left - self.left)
        change = self.left + delta * (other.total / total)
        mean = self.mean + change
        moved = mean - self.mean
        return Moments(
            total,
            mean,
            (self.mean - (mean - moved)) + (change - moved),
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
        total, mean, left, M = _chunk((X, y, weights), rows)
        return Moments(total, mean, left, M + np.triu(M, 1).T)

    parts = over_chunks(len(X), work)
    while len(parts) > 1:  # a fixed tree: the result does not depend on which chunk was ready first
        pairs = [a.merged(b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0]
