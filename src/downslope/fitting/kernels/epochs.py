# mypy: disallow-untyped-decorators=False
"""Passes over the rows in mini-batches, with a step of the rule after each.

``inputs`` and ``outputs`` see ``rule.step``.
"""

from __future__ import annotations

import numpy as np

from downslope.fitting.kernels.calls import call
from downslope.fitting.kernels.linear import BLOCK, add_gradient, linear_predictions
from downslope.fitting.kernels.records import EpochTask, Floats, MadeToMeasure, Order
from downslope.fitting.kernels.rule import step
from downslope.fitting.kernels.shuffling import gather
from downslope.fitting.kernels.softmax import softmax_row
from downslope.fitting.kernels.terms import terms
from downslope.symbolic.kernel_cache import compiled


@compiled()
def linear_epoch(task: EpochTask, order: Order, inputs: Floats, outputs: Floats) -> None:
    """One pass in batches, a step after each; every row counts alike, so a short last batch counts for less."""
    X, y, weights = task.table
    at, intercept, centre, scale = task.model
    code, shape = task.loss
    numbers, batch, rule = order[0], task.batch, task.rule
    d, head, p = at.size, rule.head, rule.size
    tail = inputs.size - p - 1
    w, g, zero = np.empty(d), np.empty(d), np.zeros(d)
    rows = np.empty((BLOCK, d))
    u, cost, slope, target = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    share, features = 1.0 / (batch * task.mean_weight), (X, centre)
    for begin in range(0, numbers.size, batch):
        end = min(begin + batch, numbers.size)
        for j in range(d):
            w[j] = inputs[head + at[j]] * scale[j]
        b = inputs[head + intercept] if intercept >= 0 else 0.0
        g[:] = 0.0
        model = (w, b, zero)
        value, total = 0.0, 0.0
        for first in range(begin, end, BLOCK):
            count = min(BLOCK, end - first)
            gather(features, order, (first, first + count), rows)
            linear_predictions(rows, model, (0, count), u)
            for i in range(count):
                target[i] = y[numbers[first + i]]
            terms(code, shape, u, target, count, cost, slope)
            for i in range(count):
                weight = share * (weights[numbers[first + i]] if weights.size else 1.0)
                slope[i] *= weight
                value += weight * cost[i]
                total += slope[i]
            add_gradient(rows, slope, count, g)
        inputs[tail:] = 0.0
        inputs[tail + p] = value
        for j in range(d):
            inputs[tail + at[j]] += g[j] * scale[j]
        if intercept >= 0:
            inputs[tail + intercept] = total
        step(rule, inputs, outputs, (end - begin) / batch)


@compiled()
def kernel_epoch(task: EpochTask, made: MadeToMeasure, inputs: Floats, outputs: Floats) -> None:
    """As ``linear_epoch``, by machine code that is made to measure; see ``linear_kernel.OrderedKernel``."""
    address, places, sheet = made
    at, intercept, _, scale = task.model
    batch, rule = task.batch, task.rule
    d, head, p = at.size, rule.head, rule.size
    tail, rows = inputs.size - p - 1, sheet[-1]
    parameters, sums = np.empty(d + 1), np.empty(places[-1] + 1)
    share = 1.0 / (batch * task.mean_weight)
    for begin in range(0, rows, batch):
        end = min(begin + batch, rows)
        for j in range(d):
            parameters[j] = inputs[head + at[j]] * scale[j]
        parameters[d] = inputs[head + intercept] if intercept >= 0 else 0.0
        sheet[-2], sheet[-1] = begin, end
        sums[:] = 0.0
        call((address, sheet.ctypes.data), sums, parameters)
        inputs[tail:] = 0.0
        inputs[tail + p] = share * sums[0]
        for j in range(d):
            inputs[tail + at[j]] += share * sums[places[2 + j]] * scale[j]
        if intercept >= 0:
            inputs[tail + intercept] = share * sums[1]
        step(rule, inputs, outputs, (end - begin) / batch)


@compiled()
def formula_epoch(task: EpochTask, order: Order, inputs: Floats, outputs: Floats) -> None:
    """As ``linear_epoch``, for a row formula."""
    X, y, weights = task.table
    code, shape = task.loss
    numbers, batch, rule = order[0], task.batch, task.rule
    columns, head, p = np.arange(X.shape[1]), rule.head, rule.size
    tail = inputs.size - p - 1
    row_in, row_out = np.empty(p + columns.size), np.empty(p + 1)
    u, cost, slope = np.empty(1), np.empty(1), np.empty(1)
    share = 1.0 / (batch * task.mean_weight)
    for first in range(0, numbers.size, batch):
        count = min(batch, numbers.size - first)
        row_in[:p] = inputs[head : head + p]
        inputs[tail:] = 0.0
        for i in range(first, first + count):
            row = numbers[i]
            for k in columns:
                row_in[p + k] = X[row, k]
            call(task.model, row_out, row_in)
            u[0] = row_out[0]
            terms(code, shape, u, y[row : row + 1], 1, cost, slope)
            weight = share * (weights[row] if weights.size else 1.0)
            inputs[tail + p] += weight * cost[0]
            s = weight * slope[0]
            for j in range(p):
                inputs[tail + j] += s * row_out[1 + j]
        step(rule, inputs, outputs, count / batch)


@compiled()
def softmax_epoch(task: EpochTask, order: Order, inputs: Floats, outputs: Floats) -> None:
    """As ``linear_epoch``, with a prediction for each class."""
    X, label, weights = task.table
    at, intercept, centre, scale = task.model
    numbers, batch, rule = order[0], task.batch, task.rule
    d, head = at.size, rule.head
    classes = rule.size // (d + 1 if intercept >= 0 else d)
    tail = inputs.size - rule.size - 1
    W, G = np.empty((d, classes)), np.empty((d, classes))
    b, g, u, rows = np.zeros(classes), np.empty(classes), np.empty(classes), np.empty((BLOCK, d))
    share, features = 1.0 / (batch * task.mean_weight), (X, centre)
    for begin in range(0, numbers.size, batch):
        end = min(begin + batch, numbers.size)
        for j in range(d):
            for k in range(classes):
                W[j, k] = inputs[head + at[j] * classes + k] * scale[j]
        if intercept >= 0:
            b[:] = inputs[head + intercept * classes : head + (intercept + 1) * classes]
        G[:], g[:] = 0.0, 0.0
        model = (W, b)
        value = 0.0
        for first in range(begin, end, BLOCK):
            count = min(BLOCK, end - first)
            gather(features, order, (first, first + count), rows)
            for i in range(count):
                row = numbers[first + i]
                weight = share * (weights[row] if weights.size else 1.0)
                value += weight * softmax_row(rows[i], label[row], model, u)
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
