# mypy: disallow-untyped-decorators=False
"""What a row costs, its derivative and its curvature in the prediction. See ``losses``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from downslope.fitting.kernels.caching import compiled
from downslope.fitting.losses import ABSOLUTE, HUBER, LOG_COSH, LOGISTIC, POISSON, QUANTILE, SQUARED


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


@compiled(fastmath={"contract"})
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


@compiled()
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
