# mypy: disallow-untyped-decorators=False
"""The passes over the rows, in machine code. Each reads the table once and holds no lock.

Everything that is compiled is in this file and calls nothing outside it, so that Numba's cache on disk can never
be stale. Two families: ``linear_pass`` for hypotheses that are linear in their parameters, and ``formula_pass``
for any other, which calls the machine code of the row formula. Sums run over blocks of rows, whose partial sums
are added up, so that rounding grows with the number of blocks only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from downslope.fit.losses import ABSOLUTE, HUBER, LOG_COSH, LOGISTIC, POISSON, QUANTILE, SQUARED

BLOCK = 8  # rows that go from prediction to gradient together
SUMMED = 256  # rows whose sums are made before they are added to the whole
AHEAD = 8  # so many rows ahead of those being read, memory is asked for more
_FREE = {"reassoc", "contract", "nsz"}  # sums may be reordered; NaN and infinity keep their meaning


@intrinsic
def _call(typingctx: Any, address: Any, outputs: Any, inputs: Any, data: Any) -> Any:
    """Call SymEngine's ``void *f(double *out, const double *in, void *data)`` at ``address`` on two arrays."""
    signature = types.void(types.uintp, outputs, inputs, types.uintp)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, out, into, data = args
        pointers = [
            cgutils.create_struct_proxy(kind)(context, builder, value=array).data
            for kind, array in zip(signature.args[1:3], (out, into), strict=True)
        ]
        byte = ir.PointerType(ir.IntType(8))
        kind = ir.FunctionType(byte, [pointers[0].type, pointers[1].type, byte])
        function = builder.inttoptr(address, ir.PointerType(kind))
        builder.call(function, [*pointers, builder.inttoptr(data, byte)])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    """Ask the memory for the cache line of ``array[index]``, which is wanted soon."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(pointer, [args[1]]), ir.PointerType(ir.IntType(8)))
        kind = ir.FunctionType(ir.VoidType(), [place.type, *[ir.IntType(32)] * 3])
        name = "llvm.prefetch.p0" if "p0i8" not in str(place.type) else "llvm.prefetch.p0i8"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [place, *[ir.Constant(ir.IntType(32), n) for n in (0, 3, 1)]])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@njit(inline="always")
def _exp_minus(a: Any) -> Any:
    """``exp(-a)`` for a >= 0 (0 from 708 on), in arithmetic that the compiler can do for several rows at once.

    With k the nearest whole number to -a/log(2), the rest is at most log(2)/2 and takes 13 terms of the series.
    """
    x = -min(a, 708.0)
    k = np.floor(x * 1.4426950408889634 + 0.5)
    r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    power = np.int64((np.int64(k) + 1023) << 52).view(np.float64)
    return p * power


@njit(inline="always")
def _log1p(s: Any) -> Any:
    """``log(1 + s)`` for 0 <= s <= 1, as twice the series of atanh(s/(2 + s)), likewise."""
    t = s / (2.0 + s)
    q = t * t
    p = q * (1.0 / 33.0) + 1.0 / 31.0
    p = p * q + 1.0 / 29.0
    p = p * q + 1.0 / 27.0
    p = p * q + 1.0 / 25.0
    p = p * q + 1.0 / 23.0
    p = p * q + 1.0 / 21.0
    p = p * q + 1.0 / 19.0
    p = p * q + 1.0 / 17.0
    p = p * q + 1.0 / 15.0
    p = p * q + 1.0 / 13.0
    p = p * q + 1.0 / 11.0
    p = p * q + 1.0 / 9.0
    p = p * q + 1.0 / 7.0
    p = p * q + 1.0 / 5.0
    p = p * q + 1.0 / 3.0
    p = p * q + 1.0
    return 2.0 * t * p


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def terms(code: Any, shape: Any, u: Any, y: Any, count: Any, cost: Any, slope: Any) -> None:
    """The cost of each of ``count`` rows and its derivative in the prediction ``u``. See ``losses``."""
    if code == SQUARED:
        for i in range(count):
            r = u[i] - y[i]
            cost[i], slope[i] = r * r, 2.0 * r
    elif code == ABSOLUTE:
        for i in range(count):
            r = u[i] - y[i]
            cost[i], slope[i] = abs(r), np.sign(r)
    elif code == HUBER:
        for i in range(count):
            r = u[i] - y[i]
            if abs(r) <= shape:
                cost[i], slope[i] = 0.5 * r * r, r
            else:
                cost[i], slope[i] = shape * (abs(r) - 0.5 * shape), shape * np.sign(r)
    elif code == LOG_COSH:
        for i in range(count):
            r = u[i] - y[i]
            cost[i] = abs(r) + math.log1p(math.exp(-2.0 * abs(r))) - math.log(2.0)
            slope[i] = math.tanh(r)
    elif code == QUANTILE:
        for i in range(count):
            r = u[i] - y[i]
            slope[i] = 1.0 - shape if r > 0 else (-shape if r < 0 else r)
            cost[i] = r * slope[i]
    elif code == LOGISTIC:
        for i in range(count):
            size = abs(u[i])
            small = _exp_minus(size)
            cost[i] = 0.5 * (u[i] + size) - y[i] * u[i] + _log1p(small)
            part = 1.0 / (1.0 + small)
            slope[i] = (part if u[i] >= 0 else small * part) - y[i]
    elif code == POISSON:
        for i in range(count):
            rate = math.exp(u[i])
            cost[i], slope[i] = rate - y[i] * u[i], rate - y[i]


@njit(nogil=True, cache=True, error_model="numpy")
def curvatures(code: Any, shape: Any, u: Any, y: Any, least: Any, out: Any) -> None:
    """The second derivative of each row's cost in the prediction ``u``.

    For costs with a kink it is that of the parabola that touches the cost at ``u`` and lies above it, residuals
    smaller than ``least`` counting as ``least``.
    """
    for i in range(u.size):
        r = abs(u[i] - y[i])
        if code == SQUARED:
            out[i] = 2.0
        elif code == HUBER:
            out[i] = 1.0 if r <= shape else shape / r
        elif code == LOG_COSH:
            out[i] = 1.0 / math.cosh(min(r, 300.0)) ** 2
        elif code == LOGISTIC:
            small = math.exp(-abs(u[i]))
            out[i] = small / (1.0 + small) ** 2
        elif code == POISSON:
            out[i] = math.exp(u[i])
        elif code == ABSOLUTE:
            out[i] = 1.0 / max(r, least)
        else:
            out[i] = 0.5 / max(r, least)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FREE)
def linear_predictions(X: Any, w: Any, b: Any, centre: Any, begin: Any, count: Any, u: Any) -> None:
    """``u_i = sum_j w_j (X_ij - centre_j) + b`` for ``count`` rows from ``begin``, four at a time."""
    d = w.size
    flat = X.reshape(-1)
    fours = count - count % 4
    for i in range(0, fours, 4):
        k = begin + i
        for q in range((k + AHEAD) * d, (k + AHEAD + 4) * d, 8):
            _prefetch(flat, min(q, flat.size - 1))
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


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FREE)
def _add_gradient(X: Any, slope: Any, centre: Any, begin: Any, count: Any, gradient: Any) -> None:
    """``gradient_j += sum_i slope_i (X_ij - centre_j)``, four rows at a time."""
    d = gradient.size
    fours = count - count % 4
    for i in range(0, fours, 4):
        s0, s1, s2, s3 = slope[i], slope[i + 1], slope[i + 2], slope[i + 3]
        k = begin + i
        x0, x1, x2, x3 = X[k], X[k + 1], X[k + 2], X[k + 3]
        for j in range(d):
            c = centre[j]
            gradient[j] += (s0 * (x0[j] - c) + s1 * (x1[j] - c)) + (s2 * (x2[j] - c) + s3 * (x3[j] - c))
    for i in range(fours, count):
        for j in range(d):
            gradient[j] += slope[i] * (X[begin + i, j] - centre[j])


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FREE)
def squared_pass(X: Any, y: Any, weights: Any, w: Any, b: Any, centre: Any, begin: Any, end: Any) -> Any:
    """``linear_pass`` for the squared loss: every four rows go from prediction to gradient at once."""
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
                _prefetch(flat, min(q, last))
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


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FREE)
def linear_pass(
    X: Any, y: Any, weights: Any, w: Any, b: Any, centre: Any, code: Any, shape: Any, begin: Any, end: Any
) -> Any:
    """One reading of rows ``begin`` to ``end``: [sum of costs, its derivative in b, its derivatives in w].

    ``weights`` is empty where every row counts once. Four rows go from prediction to gradient together, a block of
    them through ``terms``; written out, because calls in between cost half the speed.
    """
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
                _prefetch(flat, min(q, last))
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


@njit(nogil=True, cache=True, error_model="numpy")
def _softmax_row(x: Any, label: Any, W: Any, b: Any, u: Any) -> Any:
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


@njit(nogil=True, cache=True, error_model="numpy")
def softmax_pass(X: Any, label: Any, weights: Any, W: Any, b: Any, centre: Any, begin: Any, end: Any) -> Any:
    """[sum of costs, derivatives in b (classes), derivatives in W (features by classes), row-major]."""
    d, classes = W.shape
    out = np.zeros(1 + classes * (d + 1))
    u, x = np.empty(classes), np.empty(d)
    for i in range(begin, end):
        for j in range(d):
            x[j] = X[i, j] - centre[j]
        weight = weights[i] if weights.size else 1.0
        out[0] += weight * _softmax_row(x, label[i], W, b, u)
        for k in range(classes):
            u[k] *= weight
            out[1 + k] += u[k]
        for j in range(d):
            at = 1 + classes * (j + 1)
            for k in range(classes):
                out[at + k] += u[k] * x[j]
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def formula_pass(
    address: Any,
    data: Any,
    theta: Any,
    X: Any,
    use: Any,
    y: Any,
    weights: Any,
    code: Any,
    shape: Any,
    begin: Any,
    end: Any,
) -> Any:
    """As ``linear_pass``, for the row formula at ``address``: [sum of costs, its derivatives in theta].

    The formula reads ``[theta | the columns in use]`` and writes ``[prediction | its derivatives in theta]``.
    """
    p, m = theta.size, use.size
    inputs, outputs = np.empty(p + m), np.empty((BLOCK, p + 1))
    inputs[:p] = theta
    out, part = np.zeros(p + 1), np.zeros(p + 1)
    u, cost, slope = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for first in range(begin, end, BLOCK):
        count = min(BLOCK, end - first)
        for i in range(count):
            for j in range(m):
                inputs[p + j] = X[first + i, use[j]]
            _call(address, outputs[i], inputs, data)
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


@njit(nogil=True, cache=True, error_model="numpy")
def formula_rows(address: Any, data: Any, theta: Any, X: Any, use: Any, begin: Any, out: Any) -> None:
    """Everything the formula at ``address`` writes, for each row from ``begin``, into the rows of ``out``."""
    p, m = theta.size, use.size
    inputs = np.empty(p + m)
    inputs[:p] = theta
    for i in range(out.shape[0]):
        for j in range(m):
            inputs[p + j] = X[begin + i, use[j]]
        _call(address, out[i], inputs, data)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=_FREE)
def all_usable(X: Any, largest: Any, begin: Any, end: Any) -> Any:
    """Whether every number of these rows is at most ``largest`` in size, which no NaN is."""
    for i in range(begin, end):
        wrong = 0
        for j in range(X.shape[1]):
            wrong += 0 if abs(X[i, j]) <= largest else 1
        if wrong:
            return False
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def shuffled(blocks: Any, size: Any, rows: Any, seed: Any) -> Any:
    """(row numbers block by block in the order given, the rows of each block of ``size`` at random; for each place
    the row that is to be asked of memory there, which belongs to the next block and comes in order).

    The random numbers are xorshift64*'s. Source: S. Vigna, ACM Trans. Math. Software 42 (2016) 30, figure 10.
    """
    order = np.empty(rows, np.int64)
    state = np.uint64(seed) * np.uint64(2685821657736338717) + np.uint64(88172645463325252)
    coming = np.zeros(rows, np.int64)
    at = 0
    for block in blocks:
        first = block * size
        count = min(size, rows - first)
        for i in range(count):
            order[at + i] = first + i
            if at >= size:
                coming[at + i - size] = first + i
        for i in range(count - 1, 0, -1):
            state ^= state >> np.uint64(12)
            state ^= state << np.uint64(25)
            state ^= state >> np.uint64(27)
            j = np.int64((state * np.uint64(2685821657736338717) >> np.uint64(33)) % np.uint64(i + 1))
            order[at + i], order[at + j] = order[at + j], order[at + i]
        at += count
    return order, coming


@njit(nogil=True, cache=True, error_model="numpy")
def _step(rule: Any, inputs: Any, outputs: Any, part: Any) -> None:
    """Finish a batch's gradient with the l2 penalty, and take the rule's step.

    ``inputs`` is [hyperparameters | part | x | state | gradient | value], ``outputs`` [x | state]. ``rule`` is
    (address, data, where x begins, how many parameters, whether to take the root of the batch's mean, l2 of each
    parameter or nothing, ``read``, ``written``). Where the last two are not empty, the rule is that of one coordinate
    j: its k-th input stands at ``read[k, 0] + j*read[k, 1]``, its outputs likewise.
    """
    address, data, head, p, root, l2, read, written = rule
    last = inputs.size - 1
    if root:
        mean = math.sqrt(inputs[last] / part)
        inputs[last] = part * mean
        for j in range(last - p, last):
            inputs[j] = inputs[j] / (2.0 * mean) if mean > 0.0 else 0.0
    for j in range(l2.size):
        x = inputs[head + j]
        inputs[last - p + j] += 2.0 * part * l2[j] * x
        inputs[last] += part * l2[j] * x * x
    inputs[head - 1] = part
    if read.size:
        one_in, one_out = np.empty(len(read)), np.empty(len(written))
        for j in range(p):
            for k in range(one_in.size):
                one_in[k] = inputs[read[k, 0] + j * read[k, 1]]
            _call(address, one_out, one_in, data)
            for k in range(one_out.size):
                outputs[written[k, 0] + j * written[k, 1]] = one_out[k]
    else:
        _call(address, outputs, inputs, data)
    for j in range(outputs.size):
        inputs[head + j] = outputs[j]


@njit(nogil=True, cache=True, error_model="numpy")
def _gather(X: Any, order: Any, coming: Any, first: Any, count: Any, centre: Any, out: Any) -> None:
    """Rows ``order[first:first + count]`` from ``centre`` into ``out``, while memory is asked for those that come."""
    d = centre.size
    flat = X.reshape(-1)
    for i in range(count):
        place = coming[first + i] * d
        for q in range(place, place + d, 8):
            _prefetch(flat, q)
        x, row = X[order[first + i]], out[i]
        for j in range(d):
            row[j] = x[j] - centre[j]


@njit(nogil=True, cache=True, error_model="numpy")
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

    For ``rule``, ``inputs`` and ``outputs`` see ``_step``.
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
            _gather(X, order, coming, first, count, centre, rows)
            linear_predictions(rows, w, b, zero, 0, count, u)
            for i in range(count):
                target[i] = y[order[first + i]]
            terms(code, shape, u, target, count, cost, slope)
            for i in range(count):
                weight = share * (weights[order[first + i]] if weights.size else 1.0)
                slope[i] *= weight
                value += weight * cost[i]
                total += slope[i]
            _add_gradient(rows, slope, zero, 0, count, g)
        inputs[tail:] = 0.0
        inputs[tail + p] = value
        for j in range(d):
            inputs[tail + at[j]] += g[j] * scale[j]
        if intercept >= 0:
            inputs[tail + intercept] = total
        _step(rule, inputs, outputs, (end - begin) / batch)


@njit(nogil=True, cache=True, error_model="numpy")
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
            _call(row_address, row_out, row_in, row_data)
            u[0] = row_out[0]
            terms(code, shape, u, y[row : row + 1], 1, cost, slope)
            weight = share * (weights[row] if weights.size else 1.0)
            inputs[tail + p] += weight * cost[0]
            s = weight * slope[0]
            for j in range(p):
                inputs[tail + j] += s * row_out[1 + j]
        _step(rule, inputs, outputs, count / batch)


@njit(nogil=True, cache=True, error_model="numpy")
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
            _gather(X, order, coming, first, count, centre, rows)
            for i in range(count):
                row = order[first + i]
                weight = share * (weights[row] if weights.size else 1.0)
                value += weight * _softmax_row(rows[i], label[row], W, b, u)
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
        _step(rule, inputs, outputs, (end - begin) / batch)
