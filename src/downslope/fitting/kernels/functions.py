# mypy: disallow-untyped-decorators=False
"""Functions of formulas in arithmetic that Numba's compiler can do for several rows at once.

Those that are not here are those of ``math``, or their definitions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.symbolic.kernel_cache import compiled


@compiled(inline="always")
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


@compiled(inline="always")
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


@compiled(inline="always")
def softplus(u: Any) -> Any:
    """``log(1 + exp(u))``."""
    size = abs(u)
    return 0.5 * (u + size) + _log1p(_exp_minus(size))


@compiled(inline="always")
def sigmoid(u: Any) -> Any:
    """``1/(1 + exp(-u))``."""
    small = _exp_minus(abs(u))
    part = 1.0 / (1.0 + small)
    return part if u >= 0 else small * part


@compiled(inline="always")
def sign(r: Any) -> Any:
    """-1, 0 or 1."""
    return np.sign(r)
