"""The rows of a record while it grows: values that may come later than their points, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.descent import History
from downslope.objectives.recorded import Secants

MOST_NUMBERS = 4_000_000  # 32 MB, as in a run of our own
NONE = math.nan


class RecordedRows:
    """One row for each evaluation that a step was made from.

    Args:
        every: keep every so-many-th step; None keeps all until the memory is full, then every 2nd, 4th, ...
    """

    def __init__(self, every: int | None) -> None:
        self.every = every
        self._stride = every or 1
        self.count = 0  # rows seen
        self._steps: list[int] = []
        self._evaluations: list[int] = []
        self._numbers: list[list[float]] = []  # value, gradient norm, three of the secant
        self._points: list[Any] = []
        self._last: tuple[int, int, list[float], Any] | None = None  # a row that the stride left out
        self._ended = False

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, evaluations: int, value: float, norm: float, secant: Sequence[float], point: Any) -> None:
        """A row for the next step."""
        step, self.count = self.count, self.count + 1
        row = step, evaluations, [value, norm, *secant], np.asarray(point, np.float64)
        self._last = None
        if step % self._stride:
            self._last = row
            return
        self._put(row)
        if self.every is None and len(self._steps) * (len(row[3]) + 7) > MOST_NUMBERS:
            self._stride *= 2
            keep = [i for i, kept in enumerate(self._steps) if kept % self._stride == 0]
            columns: tuple[list[Any], ...] = (self._steps, self._evaluations, self._numbers, self._points)
            for column in columns:
                column[:] = [column[i] for i in keep]

    def end(self, evaluations: int, value: float, norm: float, secant: Sequence[float], point: Any) -> None:
        """The last row: where the loop ended. The row before it is kept too, in which something was evaluated."""
        if self._last is not None:
            self._put(self._last)
        self._last = None
        self._put((self.count, evaluations, [value, norm, *secant], np.asarray(point, np.float64)))
        self.count += 1
        self._ended = True

    def reopen(self) -> bool:
        """The loop goes on: where it had ended is where its next step begins, which makes that row anew.

        Returns whether there was such a row.
        """
        was, self._ended = self._ended, False
        if was:
            columns: tuple[list[Any], ...] = (self._steps, self._evaluations, self._numbers, self._points)
            for column in columns:
                column.pop()
            self.count -= 1
        return was

    def _put(self, row: tuple[int, int, list[float], Any]) -> None:
        step, evaluations, numbers, point = row
        self._steps.append(step)
        self._evaluations.append(evaluations)
        self._numbers.append(numbers)
        self._points.append(point)

    @property
    def latest(self) -> list[float] | None:
        """The numbers of the last row, to be completed."""
        if self._last is not None:
            return self._last[2]
        return self._numbers[-1] if self._numbers else None

    def history(self, coordinates: tuple[str, ...]) -> tuple[History, Secants]:
        """The rows so far."""
        rows = list(zip(self._steps, self._evaluations, self._numbers, self._points, strict=True))
        rows += [self._last] if self._last is not None else []
        steps = np.array([row[0] for row in rows], np.int64)
        evaluations = np.array([row[1] for row in rows], np.int64)
        numbers = np.array([row[2] for row in rows], np.float64).reshape(len(rows), 5)
        points = np.array([row[3] for row in rows], np.float64).reshape(len(rows), len(coordinates))
        whole = len(steps) == 0 or len(steps) == steps[-1] + 1
        secants = numbers[:, 2:] if whole else np.full((len(rows), 3), np.nan)
        return (
            History(steps, evaluations, numbers[:, 0].copy(), numbers[:, 1].copy(), points, coordinates),
            Secants(*(secants[:, i].copy() for i in range(3))),
        )
