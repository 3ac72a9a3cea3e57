"""The rows of a record while it grows: values that may come later than their points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.descent import History
from downslope.descent.growing_rows import GrowingRows, Row
from downslope.objectives.recorded import Secants

NONE = math.nan


class RecordedRows:
    """One row for each evaluation that a step was made from: value, gradient norm and three numbers of the secant.

    Args:
        every: see ``GrowingRows``. The last row is always there.
    """

    def __init__(self, every: int | None) -> None:
        self._rows = GrowingRows(every)
        self._last: Row | None = None  # one that the spacing left out
        self._ended = False

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def count(self) -> int:
        """Rows seen."""
        return self._rows.count

    def add(self, evaluations: int, numbers: list[float], point: Any) -> None:
        """A row for the next step; its ``numbers`` are the value, the norm and those of the secant."""
        self._last = self._rows.add(evaluations, numbers, point)

    def end(self, evaluations: int, numbers: list[float], point: Any) -> None:
        """The last row: where the loop ended. The row before it is kept too, in which something was evaluated."""
        rows = self._rows
        rows.rows += [] if self._last is None else [self._last]
        rows.rows.append(Row(rows.count, evaluations, numbers, np.asarray(point, np.float64)))
        rows.count += 1
        self._last, self._ended = None, True

    def reopen(self) -> bool:
        """The loop goes on: where it had ended is where its next step begins, which makes that row anew.

        Returns whether there was such a row.
        """
        was, self._ended = self._ended, False
        if was:
            self._rows.rows.pop()
            self._rows.count -= 1
        return was

    @property
    def latest(self) -> list[float] | None:
        """The numbers of the last row, to be completed."""
        last = self._last or (self._rows.rows[-1] if self._rows.rows else None)
        return None if last is None else last.numbers

    def history(self, coordinates: Sequence[str]) -> tuple[History, Secants]:
        """The rows so far."""
        more = [] if self._last is None else [self._last]
        history = self._rows.history(coordinates, more)
        steps, secants = history.step, np.full((len(history), 3), np.nan)
        if len(steps) and len(steps) == steps[-1] + 1:
            secants = np.array([row.numbers[2:] for row in (*self._rows.rows, *more)], np.float64)
        return history, Secants(*(secants[:, i].copy() for i in range(3)))


def until(history: History, secants: Secants, end: int) -> tuple[History, Secants]:
    """Only the rows of steps before ``end``: a value that came late may have ended the record in its last row."""
    keep = history.step < end
    return (
        History(
            history.step[keep],
            history.evaluations[keep],
            history.value[keep],
            history.gradient_norm[keep],
            history.x[keep],
            history.coordinates,
        ),
        Secants(secants.length[keep], secants.before[keep], secants.after[keep]),
    )
