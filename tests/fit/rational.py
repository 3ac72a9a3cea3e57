"""Linear least squares in rational arithmetic, on the doubles as they are: an oracle without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np


def predictions(
    columns: Sequence[Sequence[float]],
    y: Sequence[float],
    weights: Sequence[float] | None = None,
    l2: float = 0.0,
) -> np.ndarray:
    """Those of the least sum of ``weights*r^2/total + l2*p^2``, rounded once; the last column is not penalised."""
    X = [[Fraction(float(v)) for v in row] for row in zip(*columns, strict=True)]
    target = [Fraction(float(v)) for v in y]
    w = [Fraction(float(v)) for v in (weights if weights is not None else [1.0] * len(target))]
    total, p = sum(w), len(columns)
    A = [[sum(v * r[i] * r[j] for v, r in zip(w, X, strict=True)) for j in range(p)] for i in range(p)]
    b = [sum(v * r[i] * t for v, r, t in zip(w, X, target, strict=True)) for i in range(p)]
    for i in range(p - 1):
        A[i][i] += Fraction(float(l2)) * total
    theta = solved(A, b)
    return np.array([float(sum(v * t for v, t in zip(row, theta, strict=True))) for row in X])


def solved(A: list[list[Fraction]], b: list[Fraction]) -> list[Fraction]:
    """A solution of consistent equations; what is left open is 0."""
    rows = [[*row, t] for row, t in zip(A, b, strict=True)]
    size, at, pivots = len(A), 0, []
    for j in range(size):
        pick = next((i for i in range(at, size) if rows[i][j]), None)
        if pick is None:
            continue
        rows[at], rows[pick] = rows[pick], rows[at]
        lead = rows[at][j]
        rows[at] = [v / lead for v in rows[at]]
        for i in range(size):
            if i != at and rows[i][j]:
                factor = rows[i][j]
                rows[i] = [v - factor * u for v, u in zip(rows[i], rows[at], strict=True)]
        pivots.append(j)
        at += 1
    found = [Fraction(0)] * size
    for i, j in enumerate(pivots):
        found[j] = rows[i][size]
    return found
