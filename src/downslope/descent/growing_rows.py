"""Rows of a history while it grows, in bounded memory: when that is spent, every other row goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent.history import History

MOST_NUMBERS = 4_000_000  # in a history whose spacing is ours to choose: 32 MB
FEWEST = 2  # rows that are kept, however many parameters there are


def places_kept(steps: Any, stride: int) -> NDArray[np.intp]:
    """Where the steps are that a spacing of ``stride`` keeps.

    >>> places_kept([0, 2, 4, 6], 4).tolist()
    [0, 2]
    """
    return np.flatnonzero(np.asarray(steps) % stride == 0)


class Row(NamedTuple):
    """One row; ``numbers`` begins with the value and the gradient's norm, and may be completed later."""

    step: int
    evaluations: int
    numbers: list[float]
    point: NDArray[np.float64]


class GrowingRows:
    """Rows that are added step by step.

    Args:
        every: keep every so-many-th step; None keeps all until the memory is full, then every 2nd, 4th, ...

    >>> rows = GrowingRows(every=2)
    >>> for k in range(4):
    ...     _ = rows.add(k + 1, [1.0 / 2**k, 0.0], [0.0])
    >>> rows.history(("x",)).value.tolist()
    [1.0, 0.25]
    """

    def __init__(self, every: int | None = None) -> None:
        self.every = every
        self.rows: list[Row] = []
        self.count = 0  # rows seen
        self._stride = every or 1

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, evaluations: int, numbers: list[float], point: Any) -> Row | None:
        """A row for the next step; it is returned where the spacing leaves it out."""
        row = Row(self.count, evaluations, numbers, np.asarray(point, np.float64))
        self.count += 1
        if row.step % self._stride:
            return row
        self.rows.append(row)
        spent = len(self.rows) * (row.point.size + len(numbers) + 2)  # its step and evaluations
        if self.every is None and spent > MOST_NUMBERS and len(self.rows) > FEWEST:
            self._stride *= 2
            self.rows = [self.rows[i] for i in places_kept([row.step for row in self.rows], self._stride)]
        return None

    def history(self, coordinates: Sequence[str], more: Sequence[Row] = ()) -> History:
        """The rows so far, and ``more`` after them, as columns."""
        rows = [*self.rows, *more]
        numbers = np.array([row.numbers[:2] for row in rows], np.float64).reshape(len(rows), 2)
        return History(
            np.array([row.step for row in rows], np.int64),
            np.array([row.evaluations for row in rows], np.int64),
            numbers[:, 0].copy(),
            numbers[:, 1].copy(),
            np.array([row.point for row in rows], np.float64).reshape(len(rows), len(coordinates)),
            coordinates,
        )
