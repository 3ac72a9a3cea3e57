"""Sines and their inverses for several rows at once, without a branch.

As in ``exponential``: exact reduction, near-minimax polynomials, errors below 2 units in the last place. Arguments of
sin, cos and tan beyond 10^5 lose too many digits in this reduction and are refused (``Writer.refuse``).

Source: W. Cody, W. Waite, *Software Manual for the Elementary Functions*, Prentice-Hall 1980.
"""

from __future__ import annotations

import math

from downslope.symbolic.lanes.arithmetic import ROUND, ROUND_BITS, Lanes
from downslope.symbolic.lanes.exponential import quotient

FARTHEST = 1e5

# pi/2 in three parts, the first two of 33 bits: 2^20 times these is exact
_QUARTERS = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
_HALF_PI, _HALF_PI_REST = 1.5707963267948966, 6.123233995736766e-17
_PI, _PI_REST = 3.141592653589793, 1.2246467991473532e-16
_QUARTER_PI, _QUARTER_PI_REST = 0.7853981633974483, 3.061616997868383e-17

# (sin(r)/r - 1)/r^2 and (cos(r) - 1 + r^2/2)/r^4 in r^2, for |r| <= pi/4
_SIN = (
    1.5917988979397435e-10,
    -2.5051129896450185e-08,
    2.7557316093198404e-06,
    -0.00019841269836740532,
    0.008333333333330936,
    -0.16666666666666666,
)
_COS = (
    -1.138254464534925e-11,
    2.087614504941318e-09,
    -2.755731726587808e-07,
    2.48015872987544e-05,
    -0.0013888888888887389,
    0.041666666666666664,
)
# (atan(t)/t - 1)/t^2 in t^2, for |t| <= sqrt(2) - 1
_ATAN = (
    -0.019162068915902577,
    0.03921955253255129,
    -0.05085030492810941,
    0.058580687568615106,
    -0.06664502215671447,
    0.07692182535116648,
    -0.09090904549884611,
    0.11111111014561013,
    -0.14285714284657894,
    0.1999999999999548,
    -0.3333333333333333,
)
# (asin(t)/t - 1)/t^2 in t^2, for |t| <= 1/2
_ASIN = (
    0.028762997617254003,
    -0.014859264309819778,
    0.017405496291324245,
    0.005455850831324314,
    0.010323189996124416,
    0.011479121292946488,
    0.013971218548752051,
    0.0173523923576202,
    0.022372172957091412,
    0.030381944138170334,
    0.04464285714635991,
    0.0749999999999843,
    0.16666666666666669,
)


def _whole(x: Lanes) -> tuple[Lanes, Lanes]:
    """The nearest whole number to ``x``, as a float64 and as an int64, for |x| < 2^51."""
    w = x.writer
    shifted = x + ROUND
    return shifted - ROUND, w.operation("sub", w.bits(shifted), w.integer(ROUND_BITS))


def _both(x: Lanes) -> tuple[tuple[Lanes, Lanes], tuple[Lanes, Lanes], Lanes]:
    """(sin(r), cos(r), k) where x = k pi/2 + r and |r| <= pi/4, the first two as sums of two numbers."""
    w = x.writer
    w.refuse(abs(x) > FARTHEST)
    k, quarter = _whole(x * (2.0 / math.pi))
    t = w.fused(k, -_QUARTERS[0], x)
    second = k * _QUARTERS[1]
    r = t - second
    back = t - r
    lost = (t - (r + back)) + (back - second)
    lost = w.fused(k, -_QUARTERS[2], lost)
    high = r + lost
    low = (r - high) + lost
    z = high * high
    half = 0.5 * z
    # sin(high + low) = high + (high^3 P + low cos(high)), cos(high + low) = 1 - z/2 + (z^2 Q - high low)
    sine = w.fused(z * high, w.polynomial(z, _SIN), w.fused(-half, low, low))
    start = 1.0 - half
    cosine = ((1.0 - start) - half) + w.fused(z * z, w.polynomial(z, _COS), -(high * low))
    return (high, sine), (start, cosine), quarter


def _turned(x: Lanes, quarter: int) -> Lanes:
    """``sin(x + quarter * pi/2)``."""
    w = x.writer
    sine, cosine, k = _both(x)
    if quarter:
        k = w.operation("add", k, w.integer(quarter))
    swapped = w.operation("and_", k, w.integer(1))
    y = w.select(w.same(swapped, 0), sum(sine[1:], sine[0]), sum(cosine[1:], cosine[0]))
    minus = w.operation("shl", k, w.integer(62)) & w.integer(-(2**63))
    return w.from_bits(w.operation("xor", w.bits(y), minus))


def sin(x: Lanes) -> Lanes:
    """Sine of radians."""
    w = x.writer
    return w.select(abs(x) > 0.0, _turned(x, 0), x)  # keeps the sign of a zero


def cos(x: Lanes) -> Lanes:
    """Cosine of radians."""
    return _turned(x, 1)


def tan(x: Lanes) -> Lanes:
    """Tangent of radians: sine over cosine, and what is lost in dividing."""
    w = x.writer
    sine, cosine, k = _both(x)
    even = w.same(w.operation("and_", k, w.integer(1)), 0)
    above = w.select(even, sine[0], -cosine[0]), w.select(even, sine[1], -cosine[1])
    below = w.select(even, cosine[0], sine[0]), w.select(even, cosine[1], sine[1])
    y = quotient(*_two_parts(*above), *_two_parts(*below))
    return w.select(abs(x) > 0.0, sum(y[1:], y[0]), x)


def _two_parts(a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """The sum, rounded, and what is lost so; ``b`` is the smaller one."""
    total = a + b
    return total, (a - total) + b


def _arc(y: Lanes, x: Lanes) -> Lanes:
    """``atan(y/x)`` for 0 <= y <= x, by atan(y/x) = pi/4 + atan((y - x)/(y + x)) where y/x > sqrt(2) - 1."""
    w = x.writer
    low = y <= (math.sqrt(2.0) - 1.0) * x
    difference, total = y - x, x + y
    difference_rest = y - (difference + x)
    f, f_rest = quotient(
        w.select(low, y, difference),
        w.select(low, 0.0, difference_rest),
        w.select(low, x, total),
        w.select(low, 0.0, (x - total) + y),
    )
    z = f * f
    rest = f_rest - f_rest * z + w.select(low, 0.0, _QUARTER_PI_REST)
    return w.select(low, 0.0, _QUARTER_PI) + (f + w.fused(f * z, w.polynomial(z, _ATAN), rest))


def atan(x: Lanes) -> Lanes:
    """Inverse tangent."""
    return atan2(x, x.writer.number(1.0))


def atan2(y: Lanes, x: Lanes) -> Lanes:
    """Angle of the point (x, y)."""
    w = x.writer
    a, b = abs(y), abs(x)
    steep = a > b
    least, most = w.select(steep, b, a), w.select(steep, a, b)
    usual = (most > 0.0) & (most < math.inf)
    scale = w.select(most > 1e300, 2.0**-100, w.select(most < 1e-290, 2.0**200, 1.0))
    angle = _arc(w.select(usual, least * scale, 0.0), w.select(usual, most * scale, 1.0))
    angle = w.select((most > 1e308) & (least >= most), _QUARTER_PI, angle)
    angle = w.select(steep, (_HALF_PI - angle) + _HALF_PI_REST, angle)
    angle = w.select(w.negative(x), (_PI - angle) + _PI_REST, angle)
    angle = w.select(w.isnan(x) | w.isnan(y), math.nan, angle)
    return w.with_sign(angle, y)


def _arcs(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """(far, t, rest): asin of t is t + rest, and t is |x|, or sqrt((1 - |x|)/2) where |x| > 1/2, which is far."""
    w = x.writer
    size = abs(x)
    far = size > 0.5
    square = w.select(far, 0.5 * (1.0 - size), size * size)
    root = w.root(square)
    lost = w.exactly(-root, root, square) / (2.0 * root)
    t = w.select(far, root, size)
    rest = t * square * w.polynomial(square, _ASIN)
    return far, t, w.select(far & (root > 0.0), rest + lost, rest)


def asin(x: Lanes) -> Lanes:
    """Inverse sine."""
    w = x.writer
    far, t, rest = _arcs(x)
    steep = (_HALF_PI - 2.0 * t) - (2.0 * rest - _HALF_PI_REST)
    return w.with_sign(w.select(far, steep, t + rest), x)


def acos(x: Lanes) -> Lanes:
    """Inverse cosine."""
    w = x.writer
    far, t, rest = _arcs(x)
    left = x < 0.0
    middle = _HALF_PI - (w.select(left, -t, t) - (_HALF_PI_REST - w.select(left, -rest, rest)))
    end = w.select(left, (_PI - 2.0 * t) - (2.0 * rest - _PI_REST), 2.0 * (t + rest))
    return w.select(far, end, middle)
