# mypy: disallow-untyped-decorators=False
"""Least squares of any hypothesis in one pass: rows are evaluated and turned into a triangle while they are near.

Householder's reflections, each of one row of the triangle and a block of rows, so that the rows are never all there.

Source: G. Golub, C. Van Loan, Matrix Computations (4th ed. 2013), sections 5.1 and 6.5.3 (rows that are added).
"""

from __future__ import annotations

import math

import numpy as np

from downslope.fitting.kernels.calls import call
from downslope.fitting.kernels.records import Floats, Formula, Table
from downslope.symbolic.kernel_cache import compiled

BLOCK = 64  # rows at once: some columns of that many numbers stay in the first cache
SMALLEST = 1e-140  # length of a column, the square of which keeps its digits


@compiled()
def formula_triangle(table: Table, formula: Formula, total: float) -> tuple[Floats, bool]:
    """R with R'R = A'A of the rows A = [derivatives | prediction - y], each times the root of weight/total.

    Shape (parameters + 1, parameters + 1); and whether it is finite. Where a column is so short or so long that its
    square has lost digits, or is not finite, so is something in R not finite.
    """
    X, y, weights = table
    address, data, theta = formula
    p, columns = theta.size, np.arange(X.shape[1])
    inputs, outputs = np.empty(p + columns.size), np.empty(p + 1)
    inputs[:p] = theta
    block, R = np.empty((p + 1, BLOCK)), np.zeros((p + 1, p + 1))
    unit = 1.0 / math.sqrt(total)
    for first in range(0, y.size, BLOCK):
        count = min(BLOCK, y.size - first)
        for i in range(count):
            for k in columns:
                inputs[p + k] = X[first + i, k]
            call((address, data), outputs, inputs)
            root = math.sqrt(weights[first + i]) * unit if weights.size else unit
            for j in range(p):
                block[j, i] = outputs[j + 1] * root
            block[p, i] = (outputs[0] - y[first + i]) * root
        _reflect(block, count, R)
    rest = 0.0  # is NaN where something is not finite
    for j in range(p):
        if not abs(R[j, j]) > SMALLEST:
            R[j, j] = np.nan
    for number in R.flat:
        rest += 0.0 * number
    return R, rest == 0.0


@compiled(fastmath={"reassoc", "contract"})
def _reflect(block: Floats, count: int, R: Floats) -> None:
    """Take the first ``count`` numbers of each row of ``block``, a column of A each, into the triangle."""
    m = R.shape[0]
    for j in range(m):
        column, head, square = block[j], R[j, j], 0.0
        for i in range(count):
            square += column[i] * column[i]
        if square == 0.0:
            continue
        norm = math.sqrt(head * head + square)
        if head > 0:
            norm = -norm
        R[j, j] = norm
        first = head - norm
        scale = 1.0 / (norm * first)
        for k in range(j + 1, m):
            other, inner = block[k], first * R[j, k]
            for i in range(count):
                inner += column[i] * other[i]
            inner *= scale
            R[j, k] += inner * first
            for i in range(count):
                other[i] += inner * column[i]
