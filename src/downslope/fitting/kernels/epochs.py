# mypy: disallow-untyped-decorators=False
"""Passes over the rows in mini-batches, with a step of the rule after each."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.fitting.kernels.caching import compiled
from downslope.fitting.kernels.calls import call
from downslope.fitting.kernels.linear import BLOCK, add_gradient, linear_predictions
from downslope.fitting.kernels.rule import step
from downslope.fitting.kernels.shuffling import gather
from downslope.fitting.kernels.softmax import softmax_row
from downslope.fitting.kernels.terms import terms


@compiled()
def linear_epoch(
    X: Any,
    y: Any,
    weights: Any,
    order: Any,
    coming: Any,
    batch: Any,
    mean_weight: Any,
    at: Any,
    intercept: Any,
    centre: Any,
    scale: Any,
    code: Any,
    shape: Any,
    rule: Any,
    inputs: Any,
    outputs: Any,
) -> None:
    """One pass in batches, a step after each; every row counts alike, so a short last batch counts for less.

    For ``rule``, ``inputs`` and ``outputs`` see ``rule.step``.
    """
    d, head, p = at.size, rule[2], rule[3]
    tail = inputs.size - p - 1
    w, g, zero = np.empty(d), np.empty(d), np.zeros(d)
    rows = np.empty((BLOCK, d))
    u, cost, slope, target = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    share = 1.0 / (batch * mean_weight)
    for begin in range(0, order.size, batch):
        end = min(begin + batch, order.size)
        for j in range(d):
            w[j] = inputs[head + at[j]] * scale[j]
        b = inputs[head + intercept] if intercept >= 0 else 0.0
        g[:] = 0.0
        value, total = 0.0, 0.0
        for first in range(begin, end, BLOCK):
            count = min(BLOCK, end - first)
            gather(X, order, coming, first, count, centre, rows)
            linear_predictions(rows, w, b, zero, 0, count, u)
            for i in range(count):
                target[i] = y[order[first + i]]
            terms(code, shape, u, target, count, cost, slope)
            for i in range(count):
                weight = share * (weights[order[first + i]] if weights.size else 1.0)
                slope[i] *= weight
                value += weight * cost[i]
                total += slope[i]
            add_gradient(rows, slope, zero, 0, count, g)
        inputs[tail:] = 0.0
        inputs[tail + p] = value
        for j in range(d):
            inputs[tail + at[j]] += g[j] * scale[j]
        if intercept >= 0:
            inputs[tail + intercept] = total
        step(rule, inputs, outputs, (end - begin) / batch)


@compiled()
def kernel_epoch(
    address: Any,
    sheet: Any,
    places: Any,
    batch: Any,
    mean_weight: Any,
    at: Any,
    intercept: Any,
    scale: Any,
    rule: Any,
    inputs: Any,
    outputs: Any,
) -> None:
    """As ``linear_epoch``, by the machine code at ``address``; see ``linear_kernel.OrderedKernel``."""
    d, head, p = at.size, rule[2], rule[3]
    tail, rows = inputs.size - p - 1, sheet[-1]
    parameters, sums = np.empty(d + 1), np.empty(places[-1] + 1)
    share = 1.0 / (batch * mean_weight)
    for begin in range(0, rows, batch):
        end = min(begin + batch, rows)
        for j in range(d):
            parameters[j] = inputs[head + at[j]] * scale[j]
        parameters[d] = inputs[head + intercept] if intercept >= 0 else 0.0
        sheet[-2], sheet[-1] = begin, end
        sums[:] = 0.0
        call(address, sums, parameters, sheet.ctypes.data)
        inputs[tail:] = 0.0
        inputs[tail + p] = share * sums[0]
        for j in range(d):
            inputs[tail + at[j]] += share * sums[places[2 + j]] * scale[j]
        if intercept >= 0:
            inputs[tail + intercept] = share * sums[1]
        step(rule, inputs, outputs, (end - begin) / batch)


@compiled()
def formula_epoch(
    X: Any,
    y: Any,
    weights: Any,
    order: Any,
    batch: Any,
    mean_weight: Any,
    use: Any,
    row_address: Any,
    row_data: Any,
    code: Any,
    shape: Any,
    rule: Any,
    inputs: Any,
    outputs: Any,
) -> None:
    """As ``linear_epoch``, for the row formula at ``row_address``."""
    m, head, p = use.size, rule[2], rule[3]
    tail = inputs.size - p - 1
    row_in, row_out = np.empty(p + m), np.empty(p + 1)
    u, cost, slope = np.empty(1), np.empty(1), np.empty(1)
    share = 1.0 / (batch * mean_weight)
    for first in range(0, order.size, batch):
        count = min(batch, order.size - first)
        row_in[:p] = inputs[head : head + p]
        inputs[tail:] = 0.0
        for i in range(first, first + count):
            row = order[i]
            for j in range(m):
                row_in[p + j] = X[row, use[j]]
            call(row_address, row_out, row_in, row_data)
            u[0] = row_out[0]
            terms(code, shape, u, y[row : row + 1], 1, cost, slope)
            weight = share * (weights[row] if weights.size else 1.0)
            inputs[tail + p] += weight * cost[0]
            s = weight * slope[0]
            for j in range(p):
                inputs[tail + j] += s * row_out[1 + j]
        step(rule, inputs, outputs, count / batch)


@compiled()
def softmax_epoch(
    X: Any,
    label: Any,
    weights: Any,
    order: Any,
    coming: Any,
    batch: Any,
    mean_weight: Any,
    at: Any,
    intercept: Any,
    centre: Any,
    scale: Any,
    classes: Any,
    rule: Any,
    inputs: Any,
    outputs: Any,
) -> None:
    """As ``linear_epoch``, with a prediction for each class; ``scale`` is of each feature."""
    d, head = at.size, rule[2]
    tail = inputs.size - rule[3] - 1
    W, G = np.empty((d, classes)), np.empty((d, classes))
    b, g, u, rows = np.zeros(classes), np.empty(classes), np.empty(classes), np.empty((BLOCK, d))
    share = 1.0 / (batch * mean_weight)
    for begin in range(0, order.size, batch):
        end = min(begin + batch, order.size)
        for j in range(d):
            for k in range(classes):
                W[j, k] = inputs[head + at[j] * classes + k] * scale[j]
        if intercept >= 0:
            b[:] = inputs[head + intercept * classes : head + (intercept + 1) * classes]
        G[:], g[:] = 0.0, 0.0
        value = 0.0
        for first in range(begin, end, BLOCK):
            count = min(BLOCK, end - first)
            gather(X, order, coming, first, count, centre, rows)
            for i in range(count):
                row = order[first + i]
                weight = share * (weights[row] if weights.size else 1.0)
                value += weight * softmax_row(rows[i], label[row], W, b, u)
                for k in range(classes):
                    u[k] *= weight
                    g[k] += u[k]
                for j in range(d):
                    x = rows[i, j]
                    for k in range(classes):
                        G[j, k] += u[k] * x
        inputs[tail:] = 0.0
        inputs[inputs.size - 1] = value
        for j in range(d):
            for k in range(classes):
                inputs[tail + at[j] * classes + k] = G[j, k] * scale[j]
        if intercept >= 0:
            inputs[tail + intercept * classes : tail + (intercept + 1) * classes] = g
        step(rule, inputs, outputs, (end - begin) / batch)
