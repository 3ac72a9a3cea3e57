"""What became of many runs: one entry a run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent
from downslope.descent.stopping import Status

STATUSES = tuple(Status)  # in the order in which ``RunEnds.status`` counts them
_CODES = {status: code for code, status in enumerate(STATUSES)}


@dataclass(frozen=True, eq=False)
class RunEnds:
    """Where runs ended.

    Attributes:
        status: places in ``STATUSES``, shape (runs,), int8.
        steps, evaluations: accepted steps (-1: not even the start) and evaluations, shape (runs,), int64.
        values, gradient_norms: there, shape (runs,), float64.
        points: shape (runs, p), float64.
    """

    status: NDArray[np.int8]
    steps: NDArray[np.int64]
    evaluations: NDArray[np.int64]
    values: NDArray[np.float64]
    gradient_norms: NDArray[np.float64]
    points: NDArray[np.float64]

    @classmethod
    def empty(cls, runs: int, dimension: int) -> RunEnds:
        """Of so many runs that have not been made."""
        return cls(
            np.full(runs, code_of(Status.INTERRUPTED), np.int8),
            np.full(runs, -1, np.int64),
            np.zeros(runs, np.int64),
            np.full(runs, np.nan),
            np.full(runs, np.nan),
            np.full((runs, dimension), np.nan),
        )

    def put(self, place: int, run: Descent) -> None:
        """Write what became of a single run."""
        self.status[place] = code_of(run.termination.status)
        self.steps[place], self.evaluations[place] = (run.nit if len(run.history) else -1), run.nfev
        self.values[place], self.gradient_norms[place] = run.fun, run.gradient_norm
        self.points[place] = run.final

    def put_error(self, place: int) -> None:
        """Write that a run broke off before its start was known."""
        self.status[place], self.steps[place], self.evaluations[place] = code_of(Status.ERROR), -1, 0

    def write(self, places: Any, others: RunEnds) -> None:
        """Write those of other runs into these places."""
        for field in fields(self):
            getattr(self, field.name)[places] = getattr(others, field.name)

    def of(self, places: Any) -> RunEnds:
        """Those of some of the runs."""
        return RunEnds(*(getattr(self, field.name)[places] for field in fields(self)))

    def same(self, others: RunEnds) -> bool:
        """Whether all is the same, bit for bit."""
        return all(
            getattr(self, field.name).tobytes() == getattr(others, field.name).tobytes()
            for field in fields(self)
        )

    def is_status(self, *statuses: Status) -> NDArray[np.bool_]:
        """Which runs ended so."""
        return np.isin(self.status, [code_of(status) for status in statuses])


def code_of(status: Status) -> int:
    """The place of a status in ``STATUSES``."""
    return _CODES[Status(status)]
