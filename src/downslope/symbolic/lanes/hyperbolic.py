"""Hyperbolic functions, their inverses and the error function for several rows at once, without a branch.

As in ``exponential``: near-minimax polynomials, errors below 2 units in the last place.
"""

from __future__ import annotations

import math

from downslope.language.functions.special import ERF, ERFC
from downslope.symbolic.lanes.arithmetic import Lanes
from downslope.symbolic.lanes.exponential import exp, log, log1p, quotient, reduced

# (tanh(x)/x - 1)/x^2 in x^2 as a quotient, for |x| <= 0.7 (minimax, by Remez's exchange)
_TANH = (
    (-0.00019891348792844735, -0.020492822269792023, -0.333333333333333),
    (0.00020625042484383052, 0.02328336528337773, 0.4614784668093315, 1.0),
)
# log(cosh(x))/x^2 in x^2, for |x| <= 0.7
_LOGCOSH = (
    -5.855305516292199e-07,
    3.3090377493805774e-06,
    -1.1228023742471481e-05,
    3.2458561383654054e-05,
    -9.089426657137636e-05,
    0.00025656140836848273,
    -0.0007386004052451491,
    0.0021869486364062807,
    -0.00674603173509551,
    0.022222222221936854,
    -0.08333333333333041,
    0.5,
)


def _expm1(x: Lanes) -> tuple[Lanes, Lanes]:
    """``exp(x) - 1`` for 0 <= x <= 700, as a number and what was lost in rounding it."""
    s, t, k = reduced(x)
    em = s + t
    scale = x.writer.scaled(x.writer.number(1.0), k)
    begin, more = scale - 1.0, scale * em
    E = begin + more
    return E, ((begin - E) + more) + scale * ((s - em) + t)


def expm1(x: Lanes) -> Lanes:
    """``exp(x) - 1``: E for positive numbers, -E/(E + 1) with E of the size for negative ones."""
    w = x.writer
    size = abs(x)
    E, rest = _expm1(w.select(size < 40.0, size, 40.0))
    q = E / (E + 1.0)
    left = 1.0 - q
    y = w.select(x < 0.0, -(q + rest * (left * left)), E + rest)
    y = w.select(size < 40.0, y, w.select(x < 0.0, -1.0, exp(x)))
    return w.select(size > 0.0, y, x)  # a zero has its sign


def sinh(x: Lanes) -> Lanes:
    """Hyperbolic sine: (E + E/(E + 1))/2 with E = exp(x) - 1, exp(x)/2 from 22 on."""
    w = x.writer
    size = abs(x)
    E, rest = _expm1(w.select(size < 22.0, size, 22.0))
    q = E / (E + 1.0)
    left = 1.0 - q  # 1/(E + 1)
    near = 0.5 * (E + (q + rest * w.fused(left, left, 1.0)))
    return w.with_sign(w.select(size < 22.0, near, exp(size, shift=-1)), x)


def cosh(x: Lanes) -> Lanes:
    """Hyperbolic cosine."""
    half = exp(abs(x), shift=-1)
    return half + 0.25 / half


def tanh(x: Lanes) -> Lanes:
    """Hyperbolic tangent: x + x^3 P/Q up to 0.7, 1 - 2/(exp(2*x) + 1) beyond, with one division for both."""
    w = x.writer
    size = abs(x)
    near = size <= 0.7
    z = size * size
    above = w.select(near, size * z * w.polynomial(z, _TANH[0]), -2.0)
    below = w.select(near, w.polynomial(z, _TANH[1]), exp(2.0 * size) + 1.0)
    return w.with_sign(w.select(near, size, 1.0) + above / below, x)


def logcosh(x: Lanes) -> Lanes:
    """log(cosh(x)): an even polynomial up to 0.7, |x| + log(1 + exp(-2 |x|)) - log(2) beyond."""
    w = x.writer
    size = abs(x)
    z = size * size
    far = size + log1p(exp(-2.0 * size)) - math.log(2.0)
    return w.select(size <= 0.7, z * w.polynomial(z, _LOGCOSH), far)


def asinh(x: Lanes) -> Lanes:
    """Inverse hyperbolic sine."""
    w = x.writer
    size = abs(x)
    near = w.select(size < 1e8, size, 1e8)
    square = near * near
    y = log1p(near + square / (1.0 + w.root(1.0 + square)))
    return w.with_sign(w.select(size < 1e8, y, log(size) + math.log(2.0)), x)


def acosh(x: Lanes) -> Lanes:
    """Inverse hyperbolic cosine: log(1 + t + sqrt(t (t + 2))) with t = x - 1."""
    w = x.writer
    t = w.select(x < 1e8, x, 1e8) - 1.0
    u = t + 2.0
    square = t * u
    square_rest = w.exactly(t, u, -square) + t * (t - (u - 2.0))
    root = w.root(square)
    root_rest = (w.exactly(-root, root, square) + square_rest) / (2.0 * root)
    total = root + t
    y = log1p(total, w.select(root > 0.0, ((root - total) + t) + root_rest, 0.0))
    y = w.select(x < 1e8, y, log(x) + math.log(2.0))
    return w.select(x < 1.0, math.nan, y)


def atanh(x: Lanes) -> Lanes:
    """Inverse hyperbolic tangent: half of log(1 + 2 x/(1 - x))."""
    w = x.writer
    size = abs(x)
    D = 1.0 - size
    q, rest = quotient(2.0 * size, w.number(0.0), D, (1.0 - D) - size)
    return w.with_sign(0.5 * log1p(q, w.select(abs(rest) < 1.0, rest, 0.0)), x)


def erf(x: Lanes) -> Lanes:
    """The error function: an odd polynomial up to 1, one minus its complement beyond."""
    w = x.writer
    size = abs(x)
    square = size * size
    near = w.fused(size, w.polynomial(square, ERF), size)
    far = w.select(size > 6.0, 6.0, size)
    complement = exp(-(far * far)) * w.polynomial((far - 3.0) / (far + 3.0), ERFC)
    return w.with_sign(w.select(size <= 1.0, near, 1.0 - complement), x)
