# mypy: disallow-untyped-decorators=False
"""Passes over the rows for any hypothesis: the machine code of its row formula is called for each row.

Its inputs are copied number by number, which for a few columns is faster than the vector code that a plain range gets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.fitting.kernels.calls import call
from downslope.fitting.kernels.records import Floats, Formula, Loss, Rows, Table
from downslope.fitting.kernels.terms import terms
from downslope.symbolic.kernel_cache import compiled

BLOCK = 8  # rows whose sums are made before they are added to the whole


@compiled()
def formula_pass(table: Table, formula: Formula, loss: Loss, rows: Rows) -> Any:
    """As ``linear_pass``, for a row formula: [sum of costs, its derivatives in theta]."""
    X, y, weights = table
    address, data, theta = formula
    code, shape = loss
    begin, end = rows
    p, columns = theta.size, np.arange(X.shape[1])
    inputs, outputs = np.empty(p + columns.size), np.empty((BLOCK, p + 1))
    inputs[:p] = theta
    out, part = np.zeros(p + 1), np.zeros(p + 1)
    u, cost, slope = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for first in range(begin, end, BLOCK):
        count = min(BLOCK, end - first)
        for i in range(count):
            for k in columns:
                inputs[p + k] = X[first + i, k]
            call((address, data), outputs[i], inputs)
            u[i] = outputs[i, 0]
        terms(code, shape, u, y[first : first + count], count, cost, slope)
        if weights.size:
            for i in range(count):
                cost[i] *= weights[first + i]
                slope[i] *= weights[first + i]
        part[:] = 0.0
        for i in range(count):
            part[0] += cost[i]
            s = slope[i]
            for j in range(1, p + 1):
                part[j] += s * outputs[i, j]
        out += part
    return out


@compiled()
def formula_rows(X: Floats, formula: Formula, begin: int, out: Floats) -> None:
    """Everything the formula writes, for each row from ``begin``, into the rows of ``out``, (rows, outputs)."""
    address, data, theta = formula
    p, columns = theta.size, np.arange(X.shape[1])
    inputs = np.empty(p + columns.size)
    inputs[:p] = theta
    for i in range(out.shape[0]):
        for k in columns:
            inputs[p + k] = X[begin + i, k]
        call((address, data), out[i], inputs)
