"""Small tables, and the answers to them by NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import linprog, minimize

FOUR = {"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]}
LINE = {"x": [1.0, 2, 3, 4, 5, 6, 7], "y": [3.1, 4.9, 7.2, 8.8, 11.1, 12.7, 15.2]}
COUNTS = {"x": [0.0, 1, 2, 3, 4, 5, 6, 7], "y": [1.0, 0, 2, 3, 2, 5, 7, 9]}
MIXED = {"x": [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5], "y": [0.0, 0, 0, 1, 0, 1, 0, 1, 1, 1]}
# R's Orange trees and treated Puromycin, by heart of every textbook on nonlinear regression
ORANGE = {
    "age": [118.0, 484, 664, 1004, 1231, 1372, 1582] * 5,
    "c": [
        *(30.0, 58, 87, 115, 120, 142, 145, 33, 69, 111, 156, 172, 203, 203, 30, 51, 75, 108, 115, 139, 140),
        *(32.0, 62, 112, 167, 179, 209, 214, 30, 49, 81, 125, 142, 174, 177),
    ],
}
PUROMYCIN = {
    "x": [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1],
    "y": [76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200],
}


def design(table: dict[str, Any], *columns: str) -> np.ndarray:
    """The columns and a column of ones."""
    return np.stack([*(np.array(table[name], float) for name in columns), np.ones(len(table["y"]))], 1)


def least_squares(table: dict[str, Any], *columns: str) -> np.ndarray:
    """Slopes and intercept of the least squares."""
    return np.asarray(np.linalg.lstsq(design(table, *columns), np.array(table["y"], float), rcond=None)[0])


def curvature(table: dict[str, Any], *columns: str) -> float:
    """L of the mean squared error: the largest eigenvalue of 2 A'A/n."""
    A = design(table, *columns)
    return float(np.linalg.eigvalsh(2 * A.T @ A / len(A))[-1])


def least_of(cost: Callable[[np.ndarray], float], start: Any) -> np.ndarray:
    """The minimum of a smooth cost, by Nelder and Mead and then BFGS."""
    x = minimize(
        cost,
        np.array(start, float),
        method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 20000},
    ).x
    return np.asarray(minimize(cost, x, method="BFGS", options={"gtol": 1e-11}).x)


def logistic(table: dict[str, Any]) -> np.ndarray:
    """Slope and intercept of the greatest likelihood of labels."""
    A, y = design(table, "x"), np.array(table["y"], float)
    return least_of(lambda w: float(np.mean(np.logaddexp(0, A @ w) - y * (A @ w))), [0.0, 0.0])


def poisson(table: dict[str, Any]) -> np.ndarray:
    """Slope and intercept of the greatest likelihood of counts."""
    A, y = design(table, "x"), np.array(table["y"], float)
    return least_of(lambda w: float(np.mean(np.exp(A @ w) - y * (A @ w))), [0.0, 0.0])


def least_quantile(table: dict[str, Any], part: float) -> float:
    """The least mean quantile loss of a line, by linear programming."""
    A, y = design(table, "x"), np.array(table["y"], float)
    n, p = A.shape
    c = np.concatenate([np.zeros(p), np.full(n, part / n), np.full(n, (1 - part) / n)])
    equal = np.hstack([A, np.eye(n), -np.eye(n)])
    return float(linprog(c, A_eq=equal, b_eq=y, bounds=[(None, None)] * p + [(0, None)] * (2 * n)).fun)
