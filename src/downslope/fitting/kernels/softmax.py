# mypy: disallow-untyped-decorators=False
"""The pass over the rows for one linear hypothesis per class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.fitting.kernels.records import Floats, Linear, Rows, Table
from downslope.symbolic.kernel_cache import compiled


@compiled()
def softmax_row(x: Floats, label: int, model: tuple[Floats, Floats], u: Floats) -> Any:
    """The cost of a row x (features,) for W (features, classes) and b (classes,).

    u (classes,) gets its derivatives in the predictions.
    """
    W, b = model
    classes = u.size
    u[:] = b
    for j in range(x.size):
        for k in range(classes):
            u[k] += W[j, k] * x[j]
    top = u.max()
    mine = u[label]
    total = 0.0
    for k in range(classes):
        u[k] = math.exp(u[k] - top)
        total += u[k]
    for k in range(classes):
        u[k] /= total
    u[label] -= 1.0
    return math.log(total) + top - mine


@compiled()
def softmax_pass(table: Table, model: Linear, rows: Rows) -> Any:
    """[sum of costs, derivatives in b (classes), derivatives in W (features by classes), row-major]."""
    X, label, weights = table
    W, b, centre = model
    begin, end = rows
    d, classes = W.shape
    out = np.zeros(1 + classes * (d + 1))
    u, x, of_row = np.empty(classes), np.empty(d), (W, b)
    for i in range(begin, end):
        for j in range(d):
            x[j] = X[i, j] - centre[j]
        weight = weights[i] if weights.size else 1.0
        out[0] += weight * softmax_row(x, label[i], of_row, u)
        for k in range(classes):
            u[k] *= weight
            out[1 + k] += u[k]
        for j in range(d):
            at = 1 + classes * (j + 1)
            for k in range(classes):
                out[at + k] += u[k] * x[j]
    return out
