# mypy: disallow-untyped-decorators=False
"""The pass over the rows for one linear hypothesis per class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.fitting.kernels.caching import compiled


@compiled()
def softmax_row(x: Any, label: Any, W: Any, b: Any, u: Any) -> Any:
    """The cost of one row; ``u`` gets its derivatives in the predictions."""
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
def softmax_pass(X: Any, label: Any, weights: Any, W: Any, b: Any, centre: Any, begin: Any, end: Any) -> Any:
    """[sum of costs, derivatives in b (classes), derivatives in W (features by classes), row-major]."""
    d, classes = W.shape
    out = np.zeros(1 + classes * (d + 1))
    u, x = np.empty(classes), np.empty(d)
    for i in range(begin, end):
        for j in range(d):
            x[j] = X[i, j] - centre[j]
        weight = weights[i] if weights.size else 1.0
        out[0] += weight * softmax_row(x, label[i], W, b, u)
        for k in range(classes):
            u[k] *= weight
            out[1 + k] += u[k]
        for j in range(d):
            at = 1 + classes * (j + 1)
            for k in range(classes):
                out[at + k] += u[k] * x[j]
    return out
