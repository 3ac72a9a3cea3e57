"""Gradients of functions that are only known by their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.objectives.parameters import Vector

_EPS = float(np.finfo(np.float64).eps)
STEP = 1e-30  # of the complex step: so short that nothing of it is left in the real part
_ROUNDINGS = 8  # of a value, that a sum of several may be off
VISIBLE = 1e5  # times that, below which rounding spoils digits of a second difference that count


def central_differences(function: Callable[[Vector], float], x: Vector, scale: float = 1.0) -> Vector:
    """(f(x + h e_i) - f(x - h e_i)) / 2h for every i, with h = cbrt(eps) * max(1, |x_i|) * scale.

    The error is of order h^2 f''' + eps |f| / h: about ten digits where f is of the size of 1. The function
    is called with one and the same array, which it must not change or keep.

    >>> central_differences(lambda x: float(np.sum(x**2)), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    out, point = np.empty(len(x)), x.copy()
    steps = difference_steps(x) * scale
    for i in range(len(x)):
        here = point[i]
        point[i] = here + steps[i]
        forward, ahead = point[i], function(point)
        point[i] = here - steps[i]
        out[i] = (ahead - function(point)) / (forward - point[i])
        point[i] = here
    return out


def difference_steps(x: Vector) -> Vector:
    """cbrt(eps) * max(1, |x_i|), the steps of central differences."""
    return np.asarray(np.cbrt(_EPS) * np.maximum(1.0, np.abs(x, dtype=np.float64)))


def second_differences(function: Callable[[Vector], float], x: Vector) -> NDArray[np.float64]:
    """The matrix of second derivatives from values alone, with h = eps^(1/4) * max(1, |x_i|).

    What rounding of the values could make by itself is 0: on level ground it would look like a curvature. Where a
    coordinate is small beside the point, a longer step shows what rounding of the other terms hides of a short one.

    >>> second_differences(lambda x: float(x[0] ** 2 + 3 * x[0] * x[1]), np.array([1.0, 2.0])).round(6)
    array([[2., 3.],
           [3., 0.]])
    >>> second_differences(lambda x: float(np.sum(x**2)), np.array([1e6, 0.0])).round(3)
    array([[2., 0.],
           [0., 2.]])
    """
    lengths = _EPS**0.25 * np.maximum(1.0, np.abs(x))
    here, size, longest = function(x), len(x), float(np.max(lengths, initial=0.0))
    ahead, behind = (np.array([function(x + way * step) for step in np.diag(lengths)]) for way in (1, -1))
    rounding = _ROUNDINGS * _EPS * abs(here)
    for i in range(size):
        change = abs(float(ahead[i] - 2 * here + behind[i]))
        if lengths[i] < longest and change <= VISIBLE * rounding:
            step = lengthened(change, rounding, float(lengths[i]), longest) * np.eye(size)[i]
            further = function(x + step), function(x - step)
            if abs(further[0] - 2 * here + further[1]) > rounding:
                lengths[i], (ahead[i], behind[i]) = step[i], further
    steps = np.diag(lengths)
    out = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            if i == j:
                change = ahead[i] - 2 * here + behind[i]
            else:  # of the four corners two are enough, with the points on the axes
                corners = function(x + steps[i] + steps[j]) + function(x - steps[i] - steps[j])
                change = (corners + 2 * here - ahead[i] - behind[i] - ahead[j] - behind[j]) / 2
            if abs(change) <= rounding:
                change = 0.0
            out[i, j] = out[j, i] = change / (steps[i, i] * steps[j, j])
    return out


def lengthened(change: float, rounding: float, length: float, longest: float) -> float:
    """A step so long that rounding no longer shows in a second difference that it spoils now, and no longer than that.

    >>> lengthened(1e-12, 1e-15, 1e-3, 1.0)
    0.01
    """
    if change <= rounding:
        return longest
    return float(min(longest, length * np.sqrt(VISIBLE * rounding / change)))


def scale_for(dtype: Any) -> float:
    """By how much steps must be longer than float64's for values that are computed in ``dtype``."""
    return float(np.cbrt(np.finfo(dtype).eps / _EPS))


def rounding_of_differences(
    function: Callable[[Vector], float],
    x: Vector,
    scale: float = 1.0,
    *,
    known: tuple[Vector, Vector] | None = None,
) -> float:
    """How far central differences with h and 2h lie apart: a measured estimate of their error.

    Args:
        known: both, where they have been taken.
    """
    near, far = known or (central_differences(function, x, times * scale) for times in (1, 2))
    apart = np.abs(far - near)
    rounding = float(_EPS ** (2 / 3)) * scale**2 * max(abs(function(x)), 1e-300)
    return float(np.max(apart, initial=0.0)) + rounding


def doubt_of_differences(function: Callable[[Vector], float], x: Vector, dtype: Any) -> float:
    """How far from central differences a right derivative may lie, where values are computed in ``dtype``."""
    times = 10 if np.dtype(dtype) == np.float32 else 100  # float32's differences are rough as it is
    return times * rounding_of_differences(function, x, scale_for(dtype))


def complex_step(function: Callable[[NDArray[Any]], Any], x: Vector) -> Vector:
    """Im f(x + ih e_i) / h with h = 1e-30: exact to rounding for analytic functions.

    Source: W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998) 110-112, equation (2). Fails silently for functions that take absolute values
    or compare; the caller holds it against central differences first.

    >>> complex_step(lambda z: z[0] ** 3, np.array([2.0]))
    array([12.])
    """
    out = np.empty(len(x))
    for i in range(len(x)):
        z = x.astype(np.complex128)
        z[i] += 1j * STEP
        result = np.asarray(function(z))
        if result.size != 1:
            raise ObjectiveError(message("one number is needed."))
        out[i] = float(np.imag(result.reshape(-1)[0])) / STEP
    return out
