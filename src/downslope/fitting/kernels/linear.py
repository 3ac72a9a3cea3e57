# mypy: disallow-untyped-decorators=False
"""Passes over the rows for hypotheses that are linear in their parameters, for any number of features.

Sums run over blocks of rows, whose partial sums are added up, so that rounding grows with the number of blocks only.
Larger tables have a pass made for their number of features: ``fit.linear_kernel``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.fitting.kernels.calls import prefetch
from downslope.fitting.kernels.records import Floats, Linear, Loss, Rows, Table
from downslope.fitting.kernels.terms import terms
from downslope.symbolic.kernel_cache import FREE, compiled

BLOCK = 8  # rows that go from prediction to gradient together
SUMMED = 256  # rows whose sums are made before they are added to the whole
AHEAD = 8  # so many rows ahead of those being read, memory is asked for more


@compiled(fastmath=FREE)
def linear_predictions(X: Floats, model: Linear, rows: Rows, u: Floats) -> None:
    """``u_i = sum_j w_j (X_ij - centre_j) + b`` for these rows, four at a time; u (rows,)."""
    w, b, centre = model
    begin, end = rows
    d, count = w.size, end - begin
    flat = X.reshape(-1)
    fours = count - count % 4
    for i in range(0, fours, 4):
        k = begin + i
        for q in range((k + AHEAD) * d, (k + AHEAD + 4) * d, 8):
            prefetch(flat, min(q, flat.size - 1))
        x0, x1, x2, x3 = X[k], X[k + 1], X[k + 2], X[k + 3]
        t0 = t1 = t2 = t3 = 0.0
        for j in range(d):
            v, c = w[j], centre[j]
            t0 += v * (x0[j] - c)
            t1 += v * (x1[j] - c)
            t2 += v * (x2[j] - c)
            t3 += v * (x3[j] - c)
        u[i], u[i + 1], u[i + 2], u[i + 3] = t0 + b, t1 + b, t2 + b, t3 + b
    for i in range(fours, count):
        total = 0.0
        for j in range(d):
            total += w[j] * (X[begin + i, j] - centre[j])
        u[i] = total + b


@compiled(fastmath=FREE)
def add_gradient(X: Floats, slope: Floats, count: int, gradient: Floats) -> None:
    """``gradient_j += sum_i slope_i X_ij``, four rows at a time, of the first ``count``; gradient (features,)."""
    d = gradient.size
    fours = count - count % 4
    for i in range(0, fours, 4):
        s0, s1, s2, s3 = slope[i], slope[i + 1], slope[i + 2], slope[i + 3]
        x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
        for j in range(d):
            gradient[j] += (s0 * x0[j] + s1 * x1[j]) + (s2 * x2[j] + s3 * x3[j])
    for i in range(fours, count):
        for j in range(d):
            gradient[j] += slope[i] * X[i, j]


@compiled(fastmath=FREE)
def squared_pass(table: Table, model: Linear, rows: Rows) -> Any:
    """``linear_pass`` for the squared loss: every four rows go from prediction to gradient at once."""
    X, y, weights = table
    w, b, centre = model
    begin, end = rows
    d = w.size
    out, part = np.zeros(d + 2), np.zeros(d)
    flat = X.reshape(-1)
    last = flat.size - 1
    fours = begin + (end - begin) // 4 * 4
    for first in range(begin, fours, SUMMED):
        cost, total = 0.0, 0.0
        part[:] = 0.0
        for k in range(first, min(first + SUMMED, fours), 4):
            for q in range((k + AHEAD) * d, (k + AHEAD + 4) * d, 8):
                prefetch(flat, min(q, last))
            x0, x1, x2, x3 = X[k], X[k + 1], X[k + 2], X[k + 3]
            r0, r1, r2, r3 = b - y[k], b - y[k + 1], b - y[k + 2], b - y[k + 3]
            t0 = t1 = t2 = t3 = 0.0
            for j in range(d):
                v, c = w[j], centre[j]
                t0 += v * (x0[j] - c)
                t1 += v * (x1[j] - c)
                t2 += v * (x2[j] - c)
                t3 += v * (x3[j] - c)
            r0, r1, r2, r3 = r0 + t0, r1 + t1, r2 + t2, r3 + t3
            s0, s1, s2, s3 = 2.0 * r0, 2.0 * r1, 2.0 * r2, 2.0 * r3
            if weights.size:
                s0, s1 = s0 * weights[k], s1 * weights[k + 1]
                s2, s3 = s2 * weights[k + 2], s3 * weights[k + 3]
            cost += 0.5 * ((s0 * r0 + s1 * r1) + (s2 * r2 + s3 * r3))
            total += (s0 + s1) + (s2 + s3)
            for j in range(d):
                c = centre[j]
                part[j] += (s0 * (x0[j] - c) + s1 * (x1[j] - c)) + (s2 * (x2[j] - c) + s3 * (x3[j] - c))
        out[0] += cost
        out[1] += total
        out[2:] += part
    for k in range(fours, end):
        r = b - y[k]
        for j in range(d):
            r += w[j] * (X[k, j] - centre[j])
        s = 2.0 * r * (weights[k] if weights.size else 1.0)
        out[0] += 0.5 * s * r
        out[1] += s
        for j in range(d):
            out[2 + j] += s * (X[k, j] - centre[j])
    return out


@compiled(fastmath=FREE)
def linear_pass(table: Table, model: Linear, loss: Loss, rows: Rows) -> Any:
    """One reading of these rows: [sum of costs, its derivative in b, its derivatives in w].

    Four rows go from prediction to gradient together, a block of them through ``terms``; written out, because calls
    in between cost half the speed.
    """
    X, y, weights = table
    w, b, centre = model
    code, shape = loss
    begin, end = rows
    d = w.size
    out, part = np.zeros(d + 2), np.zeros(d)
    u, cost, slope = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    flat = X.reshape(-1)
    last = flat.size - 1
    for first in range(begin, end, BLOCK):
        count = min(BLOCK, end - first)
        fours = count - count % 4
        for i in range(0, fours, 4):
            k = first + i
            for q in range((k + AHEAD) * d, (k + AHEAD + 4) * d, 8):
                prefetch(flat, min(q, last))
            x0, x1, x2, x3 = X[k], X[k + 1], X[k + 2], X[k + 3]
            t0 = t1 = t2 = t3 = 0.0
            for j in range(d):
                v, c = w[j], centre[j]
                t0 += v * (x0[j] - c)
                t1 += v * (x1[j] - c)
                t2 += v * (x2[j] - c)
                t3 += v * (x3[j] - c)
            u[i], u[i + 1], u[i + 2], u[i + 3] = t0 + b, t1 + b, t2 + b, t3 + b
        for i in range(fours, count):
            t0 = 0.0
            for j in range(d):
                t0 += w[j] * (X[first + i, j] - centre[j])
            u[i] = t0 + b
        terms(code, shape, u, y[first : first + count], count, cost, slope)
        if weights.size:
            for i in range(count):
                cost[i] *= weights[first + i]
                slope[i] *= weights[first + i]
        for i in range(count):
            out[0] += cost[i]
            out[1] += slope[i]
        for i in range(0, fours, 4):
            k = first + i
            s0, s1, s2, s3 = slope[i], slope[i + 1], slope[i + 2], slope[i + 3]
            x0, x1, x2, x3 = X[k], X[k + 1], X[k + 2], X[k + 3]
            for j in range(d):
                c = centre[j]
                part[j] += (s0 * (x0[j] - c) + s1 * (x1[j] - c)) + (s2 * (x2[j] - c) + s3 * (x3[j] - c))
        for i in range(fours, count):
            for j in range(d):
                part[j] += slope[i] * (X[first + i, j] - centre[j])
        if (first - begin) % SUMMED == SUMMED - BLOCK or first + BLOCK >= end:
            out[2:] += part
            part[:] = 0.0
    return out
