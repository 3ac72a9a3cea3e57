"""exp, log and powers for several rows at once, without a branch.

Every number is computed by reducing the argument exactly and a polynomial on the small interval that is left; the
coefficients are near-minimax (Chebyshev fits, made with mpmath's ``chebyfit`` at 50 digits). Errors are below 2 units
in the last place (measured in ``tests/symbolic``); infinities, NaN, signed zeros and subnormal numbers as in C.

Source: W. Cody, W. Waite, *Software Manual for the Elementary Functions*, Prentice-Hall 1980 (reductions); P. Tang, ACM
Trans. Math. Software 16 (1990) 378-400 (log); T. Dekker, Numerische Mathematik 18 (1971) 224-242 (two-part numbers).
"""

from __future__ import annotations

import math

from downslope.symbolic.lanes.arithmetic import ROUND, ROUND_BITS, Lanes, Operand

_LOG2_E = 1.4426950408889634
_LN2, _LN2_REST = 0.6931471805598903, 5.497923018708371e-14  # the first has 42 bits: 2000 times it is exact
_TINY, _TWO54 = 2.2250738585072014e-308, 18014398509481984.0
_HALF_ROOT_BITS = 0x3FE6A09E667F3BCD  # of sqrt(1/2)

# (exp(r) - 1 - r)/r^2 for |r| <= log(2)/2
_EXP = (
    2.09147553258932e-09,
    2.5105312729622103e-08,
    2.755727347871858e-07,
    2.755725517000089e-06,
    2.480158732567746e-05,
    0.0001984126987500228,
    0.0013888888888883711,
    0.008333333333326084,
    0.04166666666666667,
    0.1666666666666667,
    0.5,
)
# (2*atanh(s) - 2*s)/s^3 in s^2, for s up to that of sqrt(2)
_LOG = (
    0.14617807153417325,
    0.15331611722055008,
    0.1818289243253687,
    0.22222211089379496,
    0.28571428626253836,
    0.3999999999989889,
    0.666666666666667,
)
# (atanh(s) - s - s^3/3)/s^5 in s^2, likewise
_LOG_FINE = (
    0.06457356091967545,
    0.06642934418772871,
    0.07692788731654072,
    0.09090904105460941,
    0.11111111135663404,
    0.14285714285669004,
    0.20000000000000015,
)
# (2*atanh(s) - 2*s)/s^3 in s^2, for s up to 1/3
_LOG_FAR = (
    0.16164938169471338,
    0.08800317650868773,
    0.12001155182857778,
    0.13314135550881162,
    0.15385570592912243,
    0.18181789417326447,
    0.22222222717801782,
    0.2857142856710506,
    0.40000000000014596,
    0.6666666666666666,
)


def reduced(x: Lanes, rest: Operand = 0.0) -> tuple[Lanes, Lanes, Lanes]:
    """(s, t, k) where x + rest = k log(2) + r and exp(r) = 1 + s + t, t the smaller one, for |x| < 2000."""
    w = x.writer
    k = (x * _LOG2_E + ROUND) - ROUND
    r = w.fused(k, -_LN2, x)
    c = w.fused(k, -_LN2_REST, rest)
    s = r + c
    c = (r - s) + c
    p = w.polynomial(s, _EXP)
    return s, w.fused(s * s, p, c), k


def _between(x: Lanes, low: float, high: float) -> Lanes:
    """``x`` cut off at both; NaN stays NaN."""
    w = x.writer
    x = w.select(x > high, high, x)
    return w.select(x < low, low, x)


def exp(x: Lanes, rest: Lanes | None = None, shift: int = 0) -> Lanes:
    """``exp(x + rest) * 2^shift``; ``rest`` is small beside ``x``."""
    w = x.writer
    x = _between(x, -760.0, 760.0)
    if rest is None:
        k = (x * _LOG2_E + ROUND) - ROUND
        r = w.fused(k, -_LN2_REST, w.fused(k, -_LN2, x))
        y = 1.0 + w.fused(r * r, w.polynomial(r, _EXP), r)
    else:
        s, t, k = reduced(x, rest)
        y = 1.0 + (s + t)
    return w.scaled(y, k + float(shift) if shift else k)


def quotient(a: Lanes, a_rest: Lanes, b: Lanes, b_rest: Lanes) -> tuple[Lanes, Lanes]:
    """``(a + a_rest)/(b + b_rest)`` in two parts: rounded, and what is lost so."""
    inverse = 1.0 / b
    q = a * inverse
    return q, (a.writer.exactly(-q, b, a) + (a_rest - q * b_rest)) * inverse


def _split(x: Lanes) -> tuple[Lanes, Lanes]:
    """(m, e) with x = m 2^e and m from sqrt(1/2) to sqrt(2), for finite x > 0."""
    w = x.writer
    small = x < _TINY
    bits = w.bits(w.select(small, x * _TWO54, x))
    e = w.operation("ashr", w.operation("sub", bits, w.integer(_HALF_ROOT_BITS)), w.integer(52))
    m = w.from_bits(w.operation("sub", bits, w.operation("shl", e, w.integer(52))))
    e_float = w.from_bits(w.operation("add", e, w.integer(ROUND_BITS))) - ROUND
    return m, w.select(small, e_float - 54.0, e_float)


def log(x: Lanes, rest: Operand = 0.0) -> Lanes:
    """``log(x) + rest``, where ``rest`` is tiny."""
    w = x.writer
    m, e = _split(x)
    f = m - 1.0
    s = f / (f + 2.0)
    half = 0.5 * f * f
    z = s * s
    tail = w.fused(s, half + z * w.polynomial(z, _LOG), w.fused(e, _LN2_REST, rest))
    y = w.fused(e, _LN2, f - (half - tail))
    y = w.select(x > 0.0, y, w.select(x < 0.0, math.nan, w.select(w.isnan(x), x, -math.inf)))
    return w.select(x < math.inf, y, x)  # infinity and NaN are their own logarithms


def log1p(x: Lanes, rest: Operand = 0.0) -> Lanes:
    """``log(1 + x + rest)``, where ``rest`` is tiny beside ``x``."""
    w = x.writer
    u = x + 1.0
    back = u - 1.0
    lost = ((1.0 - (u - back)) + (x - back) + rest) / u
    return log(u, w.select(abs(lost) < 1.0, lost, 0.0))


def logistic(x: Lanes) -> tuple[Lanes, Lanes]:
    """(log(1 + exp(-|x|)), 1/(1 + exp(-x))), with one division for both; some 3 units in the last place."""
    w = x.writer
    small = exp(-abs(x))
    a, b = small + 1.0, small + 2.0
    inverse = 1.0 / (a * b)
    part = b * inverse
    t = small * (a * inverse)  # log(1 + small) = 2 atanh(small/(2 + small))
    z = t * t
    return w.fused(t * z, w.polynomial(z, _LOG_FAR), 2.0 * t), w.select(x >= 0.0, part, small * part)


def softplus(x: Lanes) -> Lanes:
    """``log(1 + exp(x))``."""
    return x.writer.select(x > 0.0, x, 0.0) + logistic(x)[0]


def sigmoid(x: Lanes) -> Lanes:
    """``1/(1 + exp(-x))``."""
    return logistic(x)[1]


def _log_in_two_parts(x: Lanes) -> tuple[Lanes, Lanes]:
    """``log(x)`` for finite x > 0 as the sum of two numbers, right to about 2^-66 of itself."""
    w = x.writer
    m, e = _split(x)
    f, g = m - 1.0, m + 1.0
    g_rest = m - (g - 1.0)
    s, s_rest = quotient(f, w.number(0.0), g, g_rest)
    # z = s^2, and v = 1/3 + z/5 + ..., both in two parts; then atanh(s) = s + s z v
    z = s * s
    z_rest = w.fused(2.0 * s, s_rest, w.exactly(s, s, -z))
    more = z * w.polynomial(z, _LOG_FINE)
    v = more + 1.0 / 3.0
    v_rest = (more - (v - 1.0 / 3.0)) + 1.850371707708594e-17
    p = z * v
    p_rest = w.exactly(z, v, -p) + w.fused(z, v_rest, z_rest * v)
    q = s * p
    q_rest = w.exactly(s, p, -q) + w.fused(s, p_rest, s_rest * p)
    high = s + q
    low = ((s - high) + q) + (s_rest + q_rest)
    high, low = 2.0 * high, 2.0 * low
    top = e * _LN2
    total = top + high
    back = total - top
    rest = (top - (total - back)) + (high - back)
    return total, rest + w.fused(e, _LN2_REST, low)


def power(x: Lanes, y: Lanes) -> Lanes:
    """``x ** y``, with C's meaning of every special case."""
    w = x.writer
    size = abs(x)
    usual = (size > 0.0) & (size < math.inf)
    log_x, log_rest = _log_in_two_parts(w.select(usual, size, 1.0))
    exponent = _between(y, -1e25, 1e25)  # no log is smaller than 1e-16, so more changes nothing
    product = exponent * log_x
    rest = w.fused(exponent, log_rest, w.exactly(exponent, log_x, -product))
    value = exp(product, w.select(abs(product) < 760.0, rest, 0.0))
    # 0 and infinity, by the sign of the exponent
    grows = (y > 0.0) & (size > 1.0) | (y < 0.0) & (size < 1.0)
    value = w.select(usual, value, w.select(grows, math.inf, 0.0))
    whole = w.intrinsic("floor", exponent) - exponent >= 0.0
    half = 0.5 * exponent
    odd = whole & (w.intrinsic("floor", half) < half)
    negative = w.negative(x)
    value = w.select(negative & odd, -value, value)
    value = w.select((x < 0.0) & (size < math.inf) & ~whole, math.nan, value)
    value = w.select(w.isnan(x) | w.isnan(y), math.nan, value)
    one = (x >= 1.0) & (x <= 1.0) | (y >= 0.0) & (y <= 0.0)
    return w.select(one, 1.0, value)
