"""A line search to the Wolfe conditions, one evaluation at a time, for the rules that have a direction.

From a point x with value f0 and gradient g0, along a direction d with slope m0 = <g0, d> < 0, a step size a is
accepted when the value has fallen and the slope has flattened:

    f(x + a d) <= f0 + c1 a m0    and    c2 m0 <= m(a) <= -c3 m0

With c3 = c2 these are the strong Wolfe conditions (J. Nocedal, S. Wright, *Numerical Optimization*, 2006, equations
3.7). Near a minimum rounding hides the fall; there a value that is level with f0, up to rounding, will do, as the
slopes still tell (W. Hager, H. Zhang, SIAM Journal on Optimization 16 (2005) 170-192, section 4).

``low`` is the longest step known to be too short (the value has fallen, the slope is still steep), ``high`` one that is
too long (the value is too high or no number, or the slope points up). Every interval between them holds
acceptable steps, and each trial shortens it: by the cubic through both ends, or by halving.

Values and gradients are held in units of a power of two, of the size that they had where the search began. So squares
of them neither over- nor underflow, 1e200 f is descended by the same steps as f, and nothing is rounded by it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import (
    absolute,
    both,
    dot,
    either,
    floor,
    log,
    maximum,
    minimum,
    sign,
    sqrt,
    where,
    zeros_like,
)

LEVEL = 1e-10  # values that differ by this part of their recent size are level, up to rounding
TRIALS = 30  # after so many the best step so far is taken, or another direction
DESCENTS = 8  # after so many longer and longer steps, all downhill, the last is taken
BIG = 1e30  # stands for values that are not finite, in units of the first ones
UNIT_BITS = 60  # units are powers of 2^60, so that most functions are held as they are
MOST_UNITS = 17  # 2^(60 * 17) is a float64; twice 60 bits are a float32, and more it does not need
FAR = 480 * math.log(
    2
)  # the logarithm of a unit in which squares of what was not far before are no numbers, or 0


class Search(NamedTuple):
    """A search under way, or (``trials`` < 0) the moment before the first evaluation."""

    x: Any  # the last accepted point
    g: Any  # its gradient
    d: Any  # the direction
    f: Any  # the value there
    m: Any  # the slope there
    size: Any  # of recent values, for what is level with what
    a: Any  # the step size on trial
    low: Any  # a step that is too short, with value and slope
    low_f: Any
    low_m: Any
    high: Any  # a step that is too long, with value and slope; 0 before one is known
    high_f: Any
    high_m: Any
    trials: Any  # made along this direction
    unit: Any  # what f and g, here and in what goes with them, are multiplied by; a power of two


def before(x: Any) -> Search:
    """Before the first evaluation."""
    zero = zeros_like(x)
    return Search(x, zero, zero, *(0.0,) * 10, -1.0, 1.0)


def begin(at: Search, d: Any, a: Any) -> Search:
    """A search from the last accepted point of ``at`` along ``d``, with ``a`` as the first step size."""
    f, m = at.f, dot(at.g, d)
    return Search(at.x, at.g, d, f, m, at.size, a, 0.0, f, m, 0.0, f, m, 0.0, at.unit)


def unit_of(f: Any, g: Any) -> Any:
    """The power of two by which a value and a gradient are multiplied to be of the size of 1, within 2^30."""
    size = absolute(f) + dot(sign(g), g)  # a sum of absolute values overflows only where they nearly do
    known = both(size > 0, size < math.inf)
    units = log(where(known, size, 1.0)) / (UNIT_BITS * math.log(2)) + 0.5
    return 2.0 ** (-UNIT_BITS * maximum(floor(units), -MOST_UNITS))


def is_far(unit: Any) -> Any:
    """Whether numbers in need of such a unit are so far from the present one that squares of them were none."""
    return absolute(log(unit)) > FAR


def moved_to(old: Search, at: tuple[Any, Any, Any], unit: Any, renew: Any) -> Search:
    """The search with another last accepted point (x, f, g), in units so much smaller where ``renew``."""
    x, f, g = at
    size = recent_size(old, f)
    # `where` keeps symbolic products apart: squares of the unit itself would be no numbers
    f, g, size, unit = (where(renew, unit * a, a) for a in (f, g, size, old.unit))
    return old._replace(x=x, f=f, g=g, size=size, unit=unit)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """``where`` for whole states."""
    if isinstance(yes, tuple):
        parts = [choose(condition, a, b) for a, b in zip(yes, no, strict=True)]
        return type(yes)(*parts) if hasattr(yes, "_fields") else tuple(parts)
    return where(condition, yes, no)


def first_step(x: Any, f: Any, g: Any) -> Any:
    """A first step size along -g: to move by a tenth of the size of x; where x = 0, to lower the value by a tenth.

    Source: W. Hager, H. Zhang, SIAM Journal on Optimization 16 (2005) 170-192, section 4, step I0, with 0.1 for 0.01.
    """
    xx, gg = dot(x, x), dot(g, g)
    steep = where(gg > 0, gg, 1.0)
    by_value = where(absolute(f) > 0, 0.1 * absolute(f) / steep, 1 / sqrt(steep))
    length = dot(sign(x), x)  # where squares of so small an x are 0
    by_length = where(length > 0, 0.1 * length / sqrt(steep), by_value)
    return where(xx > 0, 0.1 * sqrt(where(xx > 0, xx, 1.0) / steep), by_length)


def recent_size(search: Search, f: Any) -> Any:
    """The size of the values of late: that of ``f``, or half of what it was."""
    return maximum(absolute(f), search.size / 2)


def verdict(search: Search, f: Any, m: Any, constants: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    """Whether a trial with value ``f`` and slope ``m`` is accepted, and whether it is too short.

    Both are False where ``f`` or ``m`` is NaN. The constants are c1, c2 and c3.
    """
    s = search
    c1, c2, c3 = constants
    falls = f <= s.f + c1 * s.a * s.m
    level = both(f <= s.f + LEVEL * s.size, m <= (2 * c1 - 1) * s.m)
    low_enough = either(falls, level)
    steep = m < c2 * s.m
    wolfe = both(low_enough, both(m >= c2 * s.m, m <= -c3 * s.m))
    endless = both(falls, either(f < -BIG, both(both(steep, s.high <= 0), s.trials > DESCENTS - 1.5)))
    settled = both(both(s.low > 0, s.high > 0), both(s.high <= s.low, f < math.inf))
    return either(wolfe, either(endless, settled)), both(low_enough, steep)


def narrowed(search: Search, f: Any, m: Any, short: Any) -> Search:
    """After a trial that was not accepted: the interval shortened, and the next step size."""
    s = search
    known = both(f < BIG, both(f > -BIG, absolute(m) < BIG))
    f, m = where(known, f, BIG), where(known, m, 0.0)
    low, low_f, low_m = (where(short, new, old) for new, old in ((s.a, s.low), (f, s.low_f), (m, s.low_m)))
    high, high_f, high_m = (
        where(short, old, new) for new, old in ((s.a, s.high), (f, s.high_f), (m, s.high_m))
    )
    n = s._replace(low=low, low_f=low_f, low_m=low_m, high=high, high_f=high_f, high_m=high_m)
    width = where(high > low, high - low, 1.0)
    slow = both(s.high > 0, width > 0.66 * (s.high - s.low))
    inside = low + where(slow, 0.5, _inside(n, width)) * width
    a = where(high > 0, inside, _beyond(s, m))
    last = both(s.trials > TRIALS - 1.5, low > 0)
    return n._replace(a=where(last, low, a), high=where(last, low, high), trials=s.trials + 1)


def next_step(old: Search, m: Any, otherwise: Any) -> Any:
    """A first step size along a new direction of slope ``m``: one that promises as much as the last one did.

    Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, section 3.5, equation for initial step lengths.
    """
    known = both(old.trials >= 0, both(m < 0, old.a > 0))
    return where(known, minimum(old.m / where(known, m, -1.0), 100.0) * old.a, otherwise)


def exhausted(search: Search) -> Any:
    """Whether no step along the direction has lowered the value, in as many trials as there may be."""
    return both(search.trials > TRIALS - 0.5, search.low <= 0)


def judged_trial(
    old: Search, at: tuple[Any, Any, Any], constants: tuple[Any, Any, Any]
) -> tuple[Any, Any, Any, Search, tuple[Any, Any, Any]]:
    """Hold an evaluation against the conditions.

    Args:
        old: the search that asked for it.
        at: its point, value and gradient.
        constants: c1, c2 and c3 of the conditions.

    Returns:
        Whether it meets them; whether it is accepted, as the first of all is too; whether the search is given up; the
        search with its shorter interval; and what is the last accepted point now, with its value and gradient, in the
        units of the search.
    """
    x, value, gradient = at
    f, g = old.unit * value, old.unit * gradient
    m = dot(g, old.d)
    good, short = verdict(old, f, m, constants)
    accept = either(old.trials < 0, good)
    search = narrowed(old, f, m, short)
    x1, g1, f1 = (where(accept, new, kept) for new, kept in ((x, old.x), (g, old.g), (f, old.f)))
    return good, accept, exhausted(search), search, (x1, f1, g1)


def in_vain(search: Search, x: Any) -> Any:
    """Whether not even the longest of longer and longer steps, to ``x``, has moved the point in its last digit."""
    s = x - search.x
    return both(search.trials > DESCENTS - 1.5, dot(s, s) <= 0)


def runs_straight(search: Search, s: Any, y: Any) -> Any:
    """Whether the longest of longer and longer steps, ``s``, ended where it is as steep as before.

    The gradient changed by ``y``. What was learnt of curvature before is of another place then: kept, it would begin
    each search anew with a step as short as it was there, on a slope that nothing ends.
    """
    return both(search.trials > DESCENTS - 1.5, dot(s, y) <= 0)


def _inside(s: Search, width: Any) -> Any:
    """Which part of the interval to take, 0.1 to 0.9: the minimum of the cubic, Nocedal and Wright, equation 3.59."""
    low_m, high_m = s.low_m, s.high_m
    rise = s.high_f - s.low_f
    d1 = low_m + high_m - 3 * rise / width
    square = d1 * d1 - low_m * high_m
    d2 = sqrt(where(square > 0, square, 0.0))
    below = high_m - low_m + 2 * d2
    cubic = where(square > 0, 1 - (high_m + d2 - d1) / where(absolute(below) > 0, below, 1.0), 0.5)
    upward = both(high_m > 0, absolute(rise) <= LEVEL * s.size)  # the values are rounding; the slopes are not
    part = where(upward, -low_m / where(upward, high_m - low_m, 1.0), cubic)
    return within(where(s.high_f < BIG, part, 0.1), 0.1, 0.9)


def _beyond(s: Search, m: Any) -> Any:
    """A longer step, where the secant of the slopes suggests: 1.5 to 10 times as long."""
    turn = m - s.low_m
    secant = where(turn > 0, s.a - (s.a - s.low) * m / where(turn > 0, turn, 1.0), 10 * s.a)
    return within(secant, 1.5 * s.a, 10 * s.a)


def within(a: Any, least: Any, most: Any) -> Any:
    """``a`` brought into the range; its lower end where ``a`` is NaN."""
    return where(a > least, where(a < most, a, most), least)
