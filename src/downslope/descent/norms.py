"""Euclidean norms that neither overflow nor underflow where the vector itself does not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_SQUARES = {
    4: 1e-30,
    8: 1e-290,
}  # by bytes of a number: a smaller sum of squares has lost some to underflow


def least_square(dtype: Any) -> float:
    """A sum of squares below this, in this precision, is too small by underflow."""
    return LEAST_SQUARES[np.dtype(dtype).itemsize]


def norm_of(vector: Any) -> float:
    """The Euclidean norm of one vector; not finite where the vector is not, or its norm is beyond all numbers.

    >>> norm_of([2.0**600, 0.0]) == 2.0**600, norm_of([3e-200, 4e-200]), norm_of([0.0])
    (True, 5e-200, 0.0)
    """
    v = np.asarray(vector, np.float64).ravel()
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        square = float(np.dot(v, v))
        if LEAST_SQUARES[8] <= square < np.inf:
            return float(np.sqrt(square))
    return float(norms_of(v[None])[0])


def norms_of(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """The norm of every row, scaled by a power of two, so that nothing is rounded by it."""
    rows = np.asarray(vectors, np.float64)
    most = np.max(np.abs(rows), axis=1, initial=0.0)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        powers = np.frexp(np.where(np.isfinite(most), most, 1.0))[1]
        scaled = np.ldexp(rows, -powers[:, None])
        return np.asarray(np.ldexp(np.sqrt(np.sum(scaled * scaled, axis=1)), powers), np.float64)


def norm_from_square(square: float, dtype: Any) -> float | None:
    """The norm whose square another library summed up; None where the sum over- or underflowed."""
    return float(np.sqrt(square)) if least_square(dtype) <= square < np.inf else None
