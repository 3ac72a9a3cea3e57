"""Small systems of equations by LAPACK: SciPy's, which costs a microsecond a call, or NumPy's where there is no SciPy.

NumPy has no triangular solves and checks more, which takes ten times as long where there are few unknowns. The answers
are the same to rounding.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

PANEL = 64  # columns that LAPACK works on at once
REGULAR = 1e-8  # reciprocal of a condition number, above which half of the digits of a solution are good


@cache
def _scipy() -> Any:
    """SciPy's LAPACK, which takes a while to import; nothing where SciPy is not installed."""
    try:
        from scipy.linalg import lapack
    except ImportError:
        return None
    return lapack


def cholesky(matrix: Any) -> Any:
    """U with U'U = ``matrix``, shape (n, n), finite, float64; None where it is not positive definite.

    What stands below the diagonal of U is anything.

    >>> np.triu(cholesky(np.array([[4.0, 2.0], [2.0, 5.0]])))
    array([[2., 1.],
           [0., 2.]])
    >>> cholesky(-np.eye(2)) is None
    True
    """
    if (lapack := _scipy()) is not None:
        factor, failed = lapack.dpotrf(matrix, clean=0)
        return None if failed else factor
    try:
        return np.linalg.cholesky(matrix).T
    except np.linalg.LinAlgError:
        return None


def solve_by_cholesky(factor: Any, right: Any) -> Any:
    """x with U'U x = ``right``, shape (n,), for the U of ``cholesky``.

    >>> solve_by_cholesky(cholesky(np.array([[4.0, 2.0], [2.0, 5.0]])), np.array([6.0, 7.0]))
    array([1., 1.])
    """
    if (lapack := _scipy()) is not None:
        return lapack.dpotrs(factor, right)[0]
    upper = np.triu(factor)
    return np.linalg.solve(upper, np.linalg.solve(upper.T, right))


def solve_triangular(factor: Any, right: Any, *, lower: bool = False, transposed: bool = False) -> Any:
    """x with T x = ``right``, or T' x, shape (n,), for a triangular T that has no 0 on its diagonal.

    >>> solve_triangular(np.array([[2.0, 1.0], [0.0, 2.0]]), np.array([2.0, 5.0]), transposed=True)
    array([1., 2.])
    """
    if (lapack := _scipy()) is not None:
        return lapack.dtrtrs(factor, right, lower=int(lower), trans=int(transposed))[0]
    triangle = np.tril(factor) if lower else np.triu(factor)
    return np.linalg.solve(triangle.T if transposed else triangle, right)


def solve_if_regular(factor: Any, right: Any) -> Any:
    """x with T x = ``right``, shape (n,), for an upper triangular T, finite; None where T is nearly singular.

    >>> solve_if_regular(np.array([[2.0, 1.0], [0.0, 2.0]]), np.array([5.0, 2.0]))
    array([2., 1.])
    >>> solve_if_regular(np.array([[2.0, 1.0], [0.0, 2e-9]]), np.array([5.0, 2.0])) is None
    True
    """
    if (lapack := _scipy()) is not None:
        return lapack.dtrtrs(factor, right)[0] if lapack.dtrcon(factor)[0] > REGULAR else None
    return np.linalg.solve(factor, right) if np.linalg.cond(factor, 1) < 1 / REGULAR else None


def solve(matrix: Any, right: Any) -> Any:
    """x with ``matrix`` x = ``right``, shape (n,); None where the matrix is singular.

    >>> solve(np.diag([2.0, 4.0]), np.array([2.0, 2.0])), solve(np.zeros((1, 1)), np.ones(1))
    (array([1. , 0.5]), None)
    """
    if (lapack := _scipy()) is not None:
        *_, x, failed = lapack.dgesv(matrix, right)
        return None if failed else x
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return None


def triangle(rows: Any) -> Any:
    """R with R'R = ``rows``' ``rows``, upper triangular, of as many rows as there are columns, or as ``rows`` has.

    >>> abs(triangle(np.array([[3.0, 1.0], [4.0, 2.0], [0.0, 1.0]]))[0]).round(12)
    array([5. , 2.2])
    """
    if (lapack := _scipy()) is not None:
        wide = rows.shape[1]
        factor = lapack.dgeqrf(rows, lwork=PANEL * wide)[0][:wide]
        return factor * _upper(*factor.shape)
    return np.linalg.qr(rows, mode="r")


@cache
def _upper(rows: int, columns: int) -> Any:
    """1 on and above the diagonal."""
    return np.triu(np.ones((rows, columns)))


def singular_values(matrix: Any) -> tuple[Any, Any, Any]:
    """U, s and V' with ``matrix`` = U diag(s) V', shape (n, n), finite; s falls.

    Raises:
        LinAlgError: the iteration does not converge.

    >>> singular_values(np.diag([1.0, 3.0]))[1]
    array([3., 1.])
    """
    if (lapack := _scipy()) is not None:
        left, values, right, failed = lapack.dgesdd(matrix)
        if not failed:
            return left, values, right
    return np.linalg.svd(matrix)
