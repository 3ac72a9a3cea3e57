"""A sweep as a bare record: what was asked, and what became of each run, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent.columns import Columnar
from downslope.descent.function_state import NOTHING_REMEMBERED, FunctionState
from downslope.descent.stopping import Status
from downslope.errors import UsageError, nearest
from downslope.messages import NOTHING, Message, listing, message, sentences
from downslope.optimizers import Optimizer
from downslope.sweeping.minima import EndPoint, end_points
from downslope.sweeping.runs import STATUSES, RunEnds
from downslope.sweeping.settings import Target
from downslope.sweeping.trial import Trial

GOOD = (Status.CONVERGED, Status.TARGET_REACHED)
LIMITS = (Status.STEP_LIMIT, Status.EVALUATION_LIMIT, Status.TIME_LIMIT)
RESULTS = ("status", "steps", "evaluations", "value", "gradient_norm", "minimum")


@dataclass(frozen=True, eq=False, kw_only=True)
class SweepRecord(Columnar):
    """Many runs: what varied, and where each ended.

    Attributes:
        trial: what all runs have in common, and the design of what varies.
        ends: where they ended; the columns below are made of it.
        engine: "lanes", "single" (each by an engine of its own) or "both".
        why_single: why some runs have no lanes; nothing where all have.
        traces: value, gradient norm and point of every so-many-th step, shape (runs, rows, 2 + p), NaN behind the last;
            no runs where none were asked for.
        seconds: wall-clock time.
        complete: False where it was interrupted: runs that were not made are "interrupted".
        function: where the generators stand from which its function has drawn, behind the runs that are made.
    """

    trial: Trial
    ends: RunEnds
    engine: str
    why_single: Message = NOTHING
    traces: NDArray[np.float64]
    seconds: float
    complete: bool = True
    function: FunctionState = NOTHING_REMEMBERED

    def __len__(self) -> int:
        return len(self.ends.status)

    @property
    def maximize(self) -> bool:
        """Whether the runs climb."""
        return self.trial.maximize

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns: what varied, how it ended, where."""
        return (*map(setting_name, self._targets), *RESULTS, *self._coordinates)

    @property
    def _coordinates(self) -> tuple[str, ...]:
        """The columns of the point; one named like another column is called ``parameter:value``, say."""
        taken = {*RESULTS, *map(setting_name, self._targets)}
        names = self.trial.objective.parameters.coordinates
        return tuple(f"parameter:{name}" if name in taken else name for name in names)

    @property
    def _targets(self) -> list[Target]:
        return [target for _, target in self.trial.design.targets()]

    def column(self, name: str) -> NDArray[Any]:
        """One column, an entry a run.

        Raises:
            UsageError: there is none of that name.
        """
        settings = {setting_name(target): target for target in self._targets}
        if name in settings:
            return _as_array(self.trial.design.column(settings[name]))
        ends = self.ends
        made: dict[str, Any] = {
            "steps": ends.steps,
            "evaluations": ends.evaluations,
            "value": ends.values,
            "gradient_norm": ends.gradient_norms,
        }
        if name in made:
            return np.asarray(made[name])
        if name == "status":
            return np.array([str(status) for status in STATUSES])[ends.status]
        if name == "minimum":
            return self.which
        if name in self._coordinates:
            return ends.points[:, self._coordinates.index(name)]
        unknown = message("there is no column '{name}'.", name=name)
        raise UsageError(
            sentences(
                unknown,
                nearest(name, self.names) or message("There are: {names}.", names=listing(self.names)),
            )
        )

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns by name: what varied, how each run ended, and where."""
        return {name: self.column(name) for name in self.names}

    @cached_property
    def _points(self) -> tuple[list[EndPoint], NDArray[np.int64]]:
        return end_points(self.trial.objective, self.ends, self.trial.starts(), maximize=self.maximize)

    @property
    def minima(self) -> list[EndPoint]:
        """The points at which runs came to rest, the best first; saddles among them say so by their kind."""
        return self._points[0]

    @property
    def which(self) -> NDArray[np.int64]:
        """For each run, which of ``minima`` it came to; -1 for none."""
        return self._points[1]

    @cached_property
    def failed(self) -> NDArray[np.intp]:
        """The runs that did not end as they were asked to, by their places.

        Where a test was asked for, all that did not meet it; else those that ran away, stood still or broke off.
        """
        asked = self.trial.stopping.with_defaults(self.trial.objective.dtype).asks_for_a_test
        return np.flatnonzero(~self.ends.is_status(*(GOOD if asked else (*GOOD, *LIMITS))))

    @property
    def best_place(self) -> int:
        """The place of the run with the best value: among those that did not fail, where there are any.

        Raises:
            UsageError: no run has a value.
        """
        values = (-1.0 if self.maximize else 1.0) * self.ends.values
        usable = np.isfinite(values)
        good = usable.copy()
        good[self.failed] = False
        usable = good if np.any(good) else usable
        if not np.any(usable):
            raise UsageError(message("no run of this sweep has a value, so none is the best."))
        return int(np.argmin(np.where(usable, values, np.inf)))

    def row(self, place: int) -> dict[str, Any]:
        """One run: its settings, how it ended, and where.

        Raises:
            UsageError: there is no such run.
        """
        place = self.checked_place(place)
        return {"run": place, **{name: _plain(column[place]) for name, column in self.columns.items()}}

    def checked_place(self, place: int) -> int:
        """The place of a run, counted from the end where it is negative."""
        if (
            isinstance(place, bool)
            or not isinstance(place, (int, np.integer))
            or not -len(self) <= place < len(self)
        ):
            raise UsageError(
                message("there is no run {place!r}: they are 0 to {last}.", place=place, last=len(self) - 1)
            )
        return int(place) % len(self)

    def settings(self, place: int) -> Mapping[str, Any]:
        """What was set in one run, by the names of the columns."""
        return {setting_name(target): value for target, value in self.trial.design.at(place).items()}

    def counts(self) -> dict[str, int]:
        """How many runs ended in which way, by the word for it."""
        counted = np.bincount(self.ends.status, minlength=len(STATUSES))
        return {str(status): int(count) for status, count in zip(STATUSES, counted, strict=True) if count}


def setting_name(target: Target) -> str:
    """What the column of a setting is called: ``start.x``, ``learning_rate``, ``momentum``, ``most_steps``."""
    if target[0] == "start":
        return f"start.{target[1]}"
    return "most_steps" if target == ("steps",) else target[-1]


def _as_array(values: Any) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return values
    said = [spelling(value) for value in values]
    return np.array(said if any(isinstance(value, str) for value in said) else values)


def spelling(value: Any) -> Any:
    """A setting as a table has it: a rule by its name and numbers."""
    if isinstance(value, Optimizer):
        numbers = ", ".join(f"{name}={number}" for name, number in value.hyperparameters().items())
        return f"{value.name()}({numbers})" if numbers else value.name()
    if isinstance(value, type) and issubclass(value, Optimizer):
        return value.name()
    return value


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
