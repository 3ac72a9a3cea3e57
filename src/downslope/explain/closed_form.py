"""How many steps a linear rule takes on a quadratic, from its closed form: nothing is run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from downslope.descent.norms import norm_of
from downslope.explain.curvature import Curvature
from downslope.explain.linear import LinearRule
from downslope.objectives import Vector

BLOCK = 1024  # steps looked at together, of few directions
FEWEST_TOGETHER = 64
TOGETHER = 16_384  # steps times directions
LONGEST = 2_048_000  # steps that are looked at
MOST_STEPS = 2.0**53


def steps_to(linear: LinearRule, curvature: Curvature, gradient: Vector, tolerance: float) -> float | None:
    """The first step k with |g_k| <= tolerance on the quadratic with that curvature; None where there is none.

    The gradient's component in the direction of curvature λ is c at the start and c times the (x, x) entry of M(λ)^k
    at step k, with M the step of the rule. Where the norm falls evenly the first k is found by bisection, elsewhere
    the closed form is looked at step by step, in blocks.

    >>> from downslope.optimizers import GradientDescent
    >>> linear = LinearRule.of(GradientDescent(learning_rate=0.25))
    >>> curvature = Curvature.of(np.diag([2.0]), ("x",))
    >>> steps_to(linear, curvature, np.array([2.0]), 1e-3)
    11.0
    """
    parts = curvature.vectors.T @ gradient
    size = norm_of(parts)
    if size <= tolerance:
        return 0.0
    felt = np.abs(parts) > max(1e-14 * size, 0.0)
    λ, c = curvature.values[felt], parts[felt]
    if tolerance <= 0 and np.all([abs(linear.factor(float(v))) > 0 for v in λ]):
        return None
    if not all(linear.settles(float(v)) for v in λ):
        return None  # a direction that does not shrink: the tolerance is met by chance or not at all
    if len(linear.free) == 1:
        return _by_bisection(linear.rate * λ, c, tolerance)
    return _by_blocks(linear, λ, c, tolerance)


def _by_bisection(scaled: Vector, parts: Vector, tolerance: float) -> float | None:
    """For gradient descent, with ηλ as ``scaled``: |1 - ηλ|^k by logarithms, which tiny rates need."""
    with np.errstate(divide="ignore"):
        logarithms = np.where(scaled < 0.5, np.log1p(-np.minimum(scaled, 0.5)), np.log(np.abs(1 - scaled)))

    def norm(k: float) -> float:
        return norm_of(np.exp(k * logarithms) * parts)

    high = 1.0
    while norm(high) > tolerance:
        high *= 2
        if high > MOST_STEPS:
            return None
    low = high / 2 if high > 1 else 0.0
    while high - low > 1:
        middle = float(np.floor((low + high) / 2))
        low, high = (low, middle) if norm(middle) <= tolerance else (middle, high)
    return high


def _by_blocks(linear: LinearRule, λ: Vector, parts: Vector, tolerance: float) -> float | None:
    """The first of M^k e_x, over all directions together, whose gradient is small enough."""
    size = len(linear.free)
    steps = np.stack([linear.matrix(float(v)) for v in λ])
    length = max(FEWEST_TOGETHER, min(BLOCK, TOGETHER // len(λ)))
    powers = _powers(steps, length)  # (directions, length, size, size): M^0, M^1, ...
    length = powers.shape[1]
    leap = powers[:, -1] @ steps
    z = np.zeros((len(λ), size))
    z[:, 0] = parts
    for block in range(LONGEST // length):
        x = np.einsum("dkj,dj->dk", powers[:, :, 0, :], z)
        met = np.flatnonzero(np.sum(x * x, axis=0) <= tolerance**2)
        if len(met):
            return float(block * length + met[0])
        z = np.einsum("dij,dj->di", leap, z)
    worst = max(abs(linear.factor(float(v))) for v in λ)
    left = norm_of(z[:, 0])
    return float(np.ceil(LONGEST + np.log(tolerance / left) / np.log(worst)))


def _powers(steps: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The powers 0, 1, ... of every matrix, at least so many, by doubling."""
    powers = np.broadcast_to(np.eye(steps.shape[-1]), (len(steps), 1, *steps.shape[1:]))
    leap = steps
    while powers.shape[1] < length:
        powers = np.concatenate([powers, np.einsum("dkij,djl->dkil", powers, leap)], axis=1)
        leap = leap @ leap
    return powers


def rate_per_step(linear: LinearRule, curvature: Curvature) -> float:
    """The factor of the slowest direction, by which the error shrinks a step in the long run."""
    return max(abs(linear.factor(float(v))) for v in curvature.values)
