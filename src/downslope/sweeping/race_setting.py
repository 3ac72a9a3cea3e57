"""What is asked of a race: functions with their starts, targets, limits, and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from downslope.descent.function_state import NOTHING_REMEMBERED, FunctionState
from downslope.descent.snapshot import Witness
from downslope.objectives import Objective
from downslope.sweeping.race_record import Floats
from downslope.sweeping.start_boxes import StartBox


class RaceProgress(NamedTuple):
    """How far a race is.

    Attributes:
        phase: "targets", "tuning", "race" or "time".
        done, total: descents of this phase.
    """

    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class RaceSetting:
    """What was asked of a race.

    Attributes:
        precisions: the targets, see ``RaceRecord``.
        budget: most evaluations of a descent.
        rates: that tuning tries; empty for none.
        rounds: how often each descent is timed; 0 for not at all.
        seed: of the starts, and of the order in which methods take turns.
        progress: called before each descent.
    """

    precisions: tuple[float, ...]
    budget: int
    rates: tuple[float, ...]
    rounds: int
    seed: int
    progress: Callable[[RaceProgress], None] | None = None

    def tell(self, phase: str, done: int, total: int) -> None:
        """Say how far it is."""
        if self.progress is not None:
            self.progress(RaceProgress(phase, done, total))


class Field(NamedTuple):
    """A function, where it is begun, and what is known of it.

    Attributes:
        objective: the function.
        starts: of the race, one a row.
        tuning: starts of the tuning.
        box: what both were drawn from.
        least: the least value, if somebody said it.
        witness: what the function gives at the first start, by which it is known again; None where nobody asked.
        function: where the generators stand from which it has drawn, behind what the race has found.
    """

    objective: Objective
    starts: Floats
    tuning: Floats
    box: StartBox | None
    least: float | None
    witness: Witness | None = None
    function: FunctionState = NOTHING_REMEMBERED
