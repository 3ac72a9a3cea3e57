"""The least value of a quadratic model within a ball: what steps of trust regions are.

Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, chapter 4; J. Moré, D. Sorensen, SIAM Journal on
Scientific and Statistical Computing 4 (1983) 553-572.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.lapack import cholesky, solve_by_cholesky, solve_triangular

EPS = float(np.finfo(np.float64).eps)
EXACT = 1e-10  # part of the radius by which a step may miss it
HARD = 1e-10  # part of the gradient along the least eigenvectors that counts as none
MOST_ROOTS = 100


def definite_step(g: Any, H: Any) -> Any:
    """-H^-1 g by Cholesky's factors; None where H is not positive definite.

    >>> definite_step(np.array([1.0, 1.0]), np.diag([2.0, 4.0]))
    array([-0.5 , -0.25])
    """
    factor = cholesky(H)
    return None if factor is None else -solve_by_cholesky(factor, g)


def exact_step(g: Any, H: Any, radius: float) -> Any:
    """The minimiser of <g, p> + <p, H p>/2 with |p| at most ``radius``.

    It is found by Cholesky's factors, or, where H is not positive definite, by the eigenvalues of H.

    >>> exact_step(np.array([1.0, 1.0]), np.diag([2.0, 4.0]), 10.0)
    array([-0.5 , -0.25])
    """
    p = definite_step(g, H)
    if p is not None:
        p = p if float(p @ p) <= radius**2 else _by_factors(g, H, radius)
        if p is not None:
            return p
    values, vectors = np.linalg.eigh(H)
    inside = vectors.T @ g
    flat = EPS * len(values) * float(np.max(np.abs(values), initial=0.0))
    if values[0] > flat:
        p = -inside / values
        if np.linalg.norm(p) <= radius:
            return vectors @ p
    low = max(0.0, -float(values[0]))
    shifted = values + low
    usable = shifted > flat
    hard = not np.any(np.abs(inside[~usable]) > HARD * np.linalg.norm(inside))
    p = np.where(usable, -inside / np.where(usable, shifted, 1.0), 0.0)
    short = float(np.linalg.norm(p))
    if hard and short <= radius:  # along an eigenvector of the least eigenvalue as far as there is room
        p[0] += np.sqrt(max(radius**2 - short**2, 0.0)) if values[0] < -flat else 0.0
        return vectors @ p
    return vectors @ _on_the_sphere(inside, values, radius, low)


def _by_factors(g: Any, H: Any, radius: float) -> Any:
    """p with (H + λ) p = -g and |p| = ``radius``, of a positive definite H whose -H^-1 g is longer; None in vain.

    Newton's iteration on 1/|p| as a function of λ begins at 0 and only rises, from where |p| is too long.
    """
    λ, one = 0.0, np.eye(len(g))
    for _ in range(MOST_ROOTS):
        factor = cholesky(H + λ * one)
        if factor is None:
            return None
        p = -solve_by_cholesky(factor, g)
        length = math.sqrt(float(p @ p))
        if abs(length - radius) <= EXACT * radius:
            return p
        # of a p of length 1, whose squares are numbers however small p
        q = solve_triangular(factor, p / length, transposed=True)
        bend = float(q @ q)
        if not bend > 0:
            return None
        λ += (length - radius) / radius / bend
    return None


def _on_the_sphere(inside: Any, values: Any, radius: float, low: float) -> Any:
    """p with (values + λ) p = -inside and |p| = ``radius``: Newton's iteration on 1/|p|, kept between bounds."""
    high = float(np.linalg.norm(inside)) / radius + max(0.0, -float(values[0]))
    λ = high
    p = -inside / (values + λ)
    for _ in range(MOST_ROOTS):
        p = -inside / (values + λ)
        length = float(np.linalg.norm(p))
        if abs(length - radius) <= EXACT * radius or not low < high:
            break
        low, high = (λ, high) if length > radius else (low, λ)
        direction = p / length  # its squares are numbers, however small p
        following = λ + (length - radius) / radius / float(np.sum(direction**2 / (values + λ)))
        λ = following if low < following < high else (low + high) / 2
    return p


def dogleg_step(g: Any, H: Any, radius: float) -> Any:
    """The step along the dogleg: to the minimiser along -g, and from there to Newton's point.

    Where H is not positive definite there is no Newton's point, and the step stays on -g.

    >>> dogleg_step(np.array([3.0, 4.0]), np.diag([2.0, 1.0]), 0.25)
    array([-0.15, -0.2 ])
    """
    gg, bend = float(g @ g), float(g @ H @ g)
    if bend <= 0:
        return -radius / np.sqrt(gg) * g
    steepest = -gg / bend * g
    if np.linalg.norm(steepest) >= radius:
        return -radius / np.sqrt(gg) * g
    newton = definite_step(g, H)
    if newton is None:
        return steepest
    if np.linalg.norm(newton) <= radius:
        return newton
    leg = newton - steepest
    a, b, c = float(leg @ leg), 2 * float(steepest @ leg), float(steepest @ steepest) - radius**2
    return steepest + (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a) * leg
