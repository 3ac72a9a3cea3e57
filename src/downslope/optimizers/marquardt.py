"""The steps of Levenberg and Marquardt for sums of squares, in the form that J. Moré gave them.

They are of NumPy's arrays only: what a step is found from is a factorisation. For few parameters the same text is made
machine code (``fitting.kernels.marquardt``), so all algebra of vectors and matrices stands in functions of its own.

Source: J. Moré, The Levenberg-Marquardt algorithm: implementation and theory, Lecture Notes in Mathematics 630 (1978)
105-116, and MINPACK's ``lmder`` and ``lmpar``, whose constants these are.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from downslope.lapack import singular_values, solve_if_regular
from downslope.objectives.residuals import Residuals

EPS, TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)
FIRST_RADIUS = 100.0  # times the scaled length of the start
ACCEPTED = 1e-4  # of the decrease that was predicted
POOR, GOOD = 0.25, 0.75  # of it, below and above which the radius changes
NEAR = 0.1  # part of the radius by which a step may miss it
LEVEL = 16 * EPS  # of the cost: a change that may be rounding
FALLING = 0.9  # of the slope, at most so much of which a step leaves that gets on where the cost cannot tell
MOST_ROOTS = 10  # iterations for the damping that makes a step so long
NO_EFFECT = 1e-8  # of the largest effect that a parameter has, each for its size
MANY = 16  # columns, from which singular values are looked for only where they are needed
LEAST_CUT = 0.1  # the most that the radius is cut by at once


def plain_step(S: Any, along: Any) -> tuple[bool, Any]:
    """Whether S, upper triangular, has many columns and they are independent; and z with S z = ``along`` then."""
    z = solve_if_regular(S, along) if len(S) >= MANY else None
    return (False, along) if z is None else (True, z)


class MarquardtState(NamedTuple):
    """What is remembered between two evaluations.

    The lengths of steps are in units of ``scale``.
    """

    told: Residuals  # of the point that is evaluated next; whoever evaluates puts it there before
    x: Any  # the last accepted point
    value: Any  # the cost there, NaN before the first
    root: Any  # R there, see `Residuals`
    along: Any  # c there
    scale: Any  # the largest length of each column of J that was seen; a little where that is next to nothing
    radius: Any  # how long a step may be; before the first point, in lengths of that
    damping: Any  # of the last step
    step: Any  # the last one, from x
    slope: (
        Any  # |c| within the range of R: the cosine between residuals and columns, times the root of the cost
    )
    level: Any  # part of the cost by which it may change by rounding; whoever evaluates may know better
    spent: Any  # whether neither the cost nor the model of it can change by more than rounding
    begun: Any  # whether a point was accepted


def length(vector: Any) -> float:
    """As ``np.linalg.norm``, in a third of its time."""
    return math.sqrt(vector @ vector)


def inner(a: Any, b: Any) -> float:
    """The inner product of two vectors."""
    return float(a @ b)


def times(matrix: Any, vector: Any) -> Any:
    """A matrix times a vector."""
    return matrix @ vector


def transposed_times(matrix: Any, vector: Any) -> Any:
    """A matrix, transposed, times a vector."""
    return matrix.T @ vector


def column_lengths(matrix: Any) -> Any:
    """The length of each column."""
    return np.sqrt(np.add.reduce(matrix * matrix))


def positive_or(vector: Any, other: float) -> Any:
    """The vector, with another number for those that are not above 0."""
    return np.where(vector > 0, vector, other)


def beginning(x: Any, radius: float) -> MarquardtState:
    """The state before the first evaluation; ``radius`` is in lengths of the scaled start."""
    zero, none = np.zeros_like(x, dtype=np.float64), np.eye(len(x))
    return MarquardtState(
        Residuals(none, zero),
        zero,
        np.nan,
        none,
        zero,
        zero + 1.0,
        radius,
        0.0,
        zero,
        np.inf,
        LEVEL,
        False,
        False,
    )


def after(x: Any, value: Any, state: MarquardtState) -> tuple[Any, MarquardtState, bool]:
    """From one evaluation to the next: the point to evaluate, the new state, and whether ``x`` is accepted."""
    told = state.told
    usable = math.isfinite(value) and math.isfinite(length(told.along))
    if not state.begun:
        if not usable:
            return x, state, True
        here = _Place(x.copy(), value, told.root, told.along, _scaled(x, told.root, np.zeros(len(x))))
        trust = _Trust(state.radius * (length(here.scale * x) or 1.0), state.damping, False, True)
        return _stepped(state, here, trust)
    before, long = state.value, length(state.scale * state.step)
    linear, damped = length(times(state.root, state.step)) ** 2, state.damping * long**2
    size = before or TINY
    actual = 1 - value / size if usable and value < 100 * before else -1.0
    predicted = (linear + 2 * damped) / size
    ratio = actual / predicted if predicted > 0 else 0.0
    radius, damping = state.radius, state.damping
    if ratio <= POOR:
        slope = -(linear + damped) / size
        cut = 0.5 if actual >= 0 else 0.5 * slope / (slope + 0.5 * actual)
        if not usable or value >= 100 * before or cut < LEAST_CUT:
            cut = LEAST_CUT
        radius, damping = cut * min(radius, 10 * long), damping / cut
    elif damping == 0 or ratio >= GOOD:
        radius, damping = 2 * long, damping / 2
    accepted, spent = ratio >= ACCEPTED, radius <= EPS * length(state.scale * state.x)
    if max(predicted, abs(actual)) <= state.level:  # rounding hides the fall of the cost: the slope decides
        accepted = length(told.along) <= FALLING * state.slope
        spent, radius, damping = not accepted, state.radius, state.damping
    if accepted:
        here = _Place(x.copy(), value, told.root, told.along, _scaled(x, told.root, state.scale))
    else:
        here = _Place(state.x, state.value, state.root, state.along, state.scale)
    return _stepped(state, here, _Trust(radius, damping, spent, accepted))


class _Place(NamedTuple):
    """The last accepted point, and what is known there; see `MarquardtState`."""

    x: Any
    value: Any
    root: Any
    along: Any
    scale: Any


class _Trust(NamedTuple):
    """What the last step says of the next one; see `MarquardtState`."""

    radius: float
    damping: float
    spent: bool
    accepted: bool


def _scaled(x: Any, root: Any, scale: Any) -> Any:
    """The scale at an accepted point: every column as large as it ever was.

    A column that is nothing beside the others, each for the size of its parameter, is held for that little: MINPACK,
    which has 1 for a column of zeros, would send a parameter that hardly has an effect as far as it takes to have one.
    """
    scale = np.maximum(scale, column_lengths(root))
    if np.min(scale) > NO_EFFECT * np.max(scale) * max(1.0, np.max(np.abs(x))):
        return scale
    size = np.maximum(np.abs(x), 1.0)
    scale = np.maximum(scale, NO_EFFECT * np.max(scale * size) / size)
    return positive_or(scale, 1.0)


def _stepped(state: MarquardtState, here: _Place, trust: _Trust) -> tuple[Any, MarquardtState, bool]:
    """With the step from the last accepted point that the radius allows."""
    x, value, root, along, scale = here
    first = value != value or not inner(state.step, state.step) > 0  # as MINPACK: no step was ever made
    S = root / scale
    regular, scaled = plain_step(S, along)
    damping, slope = 0.0, length(along)
    if not regular or not length(scaled) <= (1 + NEAR) * trust.radius:
        left, values, right = singular_values(S)
        inside = transposed_times(left, along)
        least = EPS * len(values) * float(values[0])
        if not values[-1] > least:
            values, inside = values * (values > least), inside * (values > least)
        turned, damping = _within(values, inside, trust.radius, trust.damping)
        scaled, slope = transposed_times(right, turned), length(inside)
    step = -scaled / scale
    radius = min(trust.radius, length(scaled) or trust.radius) if first else trust.radius
    after = MarquardtState(
        state.told,
        x,
        value,
        root,
        along,
        scale,
        radius,
        damping,
        step,
        slope,
        state.level,
        trust.spent,
        True,
    )
    return x + step, after, trust.accepted


def _within(values: Any, inside: Any, radius: float, damping: float) -> tuple[Any, float]:
    """The minimiser of |S z - c|^2 with |z| at most ``radius``, or nearly, S being diagonal; and its damping.

    Newton's iteration on 1/|z| as a function of the damping, kept between bounds.
    """
    whole = values[-1] > 0
    plain = inside / positive_or(values, math.inf)
    long = length(plain)
    if long <= (1 + NEAR) * radius:
        return plain, 0.0
    square, slopes = values**2, values * inside
    bend = inner(plain / positive_or(square, 1.0), plain)
    low = (long - radius) / radius * long**2 / bend if whole and bend > 0 else 0.0
    high = length(slopes) / radius or TINY / min(radius, 0.1)
    λ = min(max(damping, low), high) or length(slopes) / long
    z = plain
    for _ in range(MOST_ROOTS):
        λ = λ or max(TINY, 0.001 * high)
        damped = square + λ
        z = slopes / damped
        long, bend = length(z), inner(z / damped, z)  # and minus the derivative of |z| by λ, times |z|
        over = long - radius
        if abs(over) <= NEAR * radius or not bend > 0:  # it has underflowed: the step is next to nothing
            break
        low, high = (max(low, λ), high) if over > 0 else (low, min(high, λ))
        λ = max(low, λ + over / radius * long**2 / bend)
    return z, λ
