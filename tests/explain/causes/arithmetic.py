"""Numbers worked out without the program: quadratics and their formulas, steps counted in plain loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def spread(condition: float, dimension: int, largest: float = 2.0) -> list[float]:
    """So many curvatures, evenly spaced in their logarithm, from ``largest``/condition to ``largest``."""
    if dimension == 1:
        return [largest]
    return [largest * condition ** (-1 + i / (dimension - 1)) for i in range(dimension)]


def bowl(curvatures: Sequence[float], centre: float = 0.0) -> tuple[str, dict[str, float], dict[str, Any]]:
    """(formula, start, facts) of the sum of h_i/2 (x_i - c)², from one unit to the right of the minimum.

    >>> bowl([2.0, 4.0])[:2]
    ('1.0*x1^2 + 2.0*x2^2', {'x1': 1.0, 'x2': 1.0})
    """
    inside = "x{i}" if centre == 0 else f"(x{{i}} - {centre!r})"
    terms = [f"{h / 2!r}*{inside.format(i=i)}^2" for i, h in enumerate(curvatures, 1)]
    start = {f"x{i}": centre + 1.0 for i in range(1, len(terms) + 1)}
    return " + ".join(terms), start, {"hessian": np.diag(curvatures), "bounded": True}


def turned(curvatures: Sequence[float], seed: int = 0) -> np.ndarray:
    """A symmetric matrix with these eigenvalues, in directions drawn at random."""
    n = len(curvatures)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    H = Q @ np.diag(curvatures) @ Q.T
    return (H + H.T) / 2


def dense(H: np.ndarray) -> tuple[str, dict[str, float], dict[str, Any]]:
    """(formula, start, facts) of x'Hx/2, from (1, ..., 1)."""
    n = len(H)
    terms = [
        f"({float(H[i, i] / 2 if i == j else H[i, j])!r})*x{i + 1}*x{j + 1}"
        for i in range(n)
        for j in range(i, n)
    ]
    facts = {"hessian": H, "bounded": bool(np.all(np.linalg.eigvalsh(H) > 0))}
    return " + ".join(terms), {f"x{i}": 1.0 for i in range(1, n + 1)}, facts


def count(
    curvatures: Sequence[float], rate: float, tolerance: float, momentum: float = 0.0, nesterov: bool = False
) -> int:
    """Steps of heavy ball (or Nesterov's form, evaluated at the point ahead) until the gradient's norm is within it.

    From one unit away in every coordinate; a plain loop over the errors e of a diagonal quadratic.
    """
    h = np.array(curvatures, float)
    e, v = np.ones_like(h), np.zeros_like(h)
    for k in range(2_000_000):
        g = h * e
        if np.linalg.norm(g) <= tolerance:
            return k
        if nesterov:
            v = momentum * v + g
            e = e - rate * (g + momentum * v)
        else:
            v = momentum * v + g
            e = e - rate * v
    raise ValueError("it does not arrive")


def polyak(condition: float, largest: float) -> tuple[float, float]:
    """(rate, momentum) of the best heavy ball: 4/(√L + √μ)² and ((√κ - 1)/(√κ + 1))²."""
    root = math.sqrt(condition)
    small = largest / condition
    return 4 / (math.sqrt(largest) + math.sqrt(small)) ** 2, ((root - 1) / (root + 1)) ** 2


def iterate(
    slope: Callable[[float], float], x: float, rate: float | Callable[[int], float], steps: int
) -> float:
    """Where so many steps of gradient descent lead, in one variable."""
    for k in range(steps):
        x -= (rate(k) if callable(rate) else rate) * slope(x)
    return x


def cycle(slope: Callable[[float], float], x: float, rate: float, most: int = 8) -> tuple[int, float]:
    """(period, half of the width) of the cycle that gradient descent settles in."""
    x = iterate(slope, x, rate, 20_000)
    points = [x]
    for _ in range(2 * most):
        points.append(points[-1] - rate * slope(points[-1]))
    for period in range(1, most + 1):
        if abs(points[period] - points[0]) < 1e-9 * (1 + abs(x)):
            part = points[:period]
            return period, (max(part) - min(part)) / 2
    return 0, (max(points) - min(points)) / 2


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """A zero between two places of opposite sign, by bisection."""
    sign = function(low) > 0
    for _ in range(200):
        middle = (low + high) / 2
        if (function(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return (low + high) / 2
