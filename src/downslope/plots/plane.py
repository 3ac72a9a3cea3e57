"""The path of a run, laid on one or two of its axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent, Status
from downslope.errors import DownslopeError
from downslope.messages import NOTHING, Message, message

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """A run seen along some of its axes; the others stay as they are at the last point.

    Attributes:
        run: the run.
        axes: which coordinates are shown.
        value, step: what the objective ("value", "cost") and the steps ("step", "epoch") are.
        note: what else is to be said above the picture.
    """

    run: Descent
    axes: tuple[int, ...]
    value: str = "value"
    step: str = "step"
    note: Message = NOTHING

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the coordinates shown."""
        return tuple(self.run.history.coordinates[i] for i in self.axes)

    @property
    def projected(self) -> bool:
        """Whether there are coordinates that are not shown."""
        return len(self.axes) < self.run.start.size

    @cached_property
    def path(self) -> Floats:
        """The points of the history; the start alone where there is none."""
        history = self.run.history
        rows = history.x if len(history) else self.run.start[None]
        return np.asarray(rows, np.float64)[:, list(self.axes)]

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """The number of the step at each point of ``path``."""
        return self.run.history.step if len(self.run.history) else np.zeros(1, np.int64)

    @cached_property
    def marks(self) -> Floats:
        """The known minimisers, one a row; none where the run climbs."""
        problem = self.run.objective.problem
        if problem is None or self.run.maximize or problem.dimension != self.run.start.size:
            return np.empty((0, len(self.axes)))
        points = np.array(problem.minimisers, np.float64).reshape(-1, self.run.start.size)
        return points[:, list(self.axes)]

    @property
    def minimum(self) -> float | None:
        """The known least value, where it is finite and looked for."""
        problem = self.run.objective.problem
        known = problem is not None and not self.run.maximize and np.isfinite(problem.minimum)
        return float(problem.minimum) if known and problem is not None else None

    @cached_property
    def outside(self) -> Floats | None:
        """The point outside the domain where the run ended, if it did."""
        left = self.run.termination.left_at
        if left is None or self.run.termination.status != Status.LEFT_DOMAIN:
            return None
        shown = np.asarray(left, np.float64)[list(self.axes)]
        elsewhere = np.isfinite(shown).all() and not np.array_equal(shown, self.path[-1])
        return shown if elsewhere else None

    @cached_property
    def lost(self) -> bool:
        """Whether the function cannot be evaluated any more, as in a loaded run of a Python function."""
        try:
            self.run.objective.value(self.run.final)
        except DownslopeError:
            return True
        return False

    @property
    def missing(self) -> Message:
        """What to say where the function is lost."""
        if self.run.engine == "recorded":
            return message("the function is not in the record: its path alone")
        return message("the function is not in the saved run: its path alone")

    def points(self, *columns: Floats) -> Floats:
        """Full points, one a row, from the coordinates shown."""
        out = np.tile(np.asarray(self.run.final, np.float64), (columns[0].size, 1))
        for axis, column in zip(self.axes, columns, strict=True):
            out[:, axis] = column.ravel()
        return out
