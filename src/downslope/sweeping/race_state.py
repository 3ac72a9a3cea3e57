"""How far a race has come: what is found on the way, so that it can be kept and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.sweeping.race_entrants import Course
from downslope.sweeping.race_record import Contestant, Floats, RaceProblem
from downslope.sweeping.race_setting import Field, RaceSetting


@dataclass
class FirstTimes:
    """How long the first descent of each method took, compiling included."""

    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, label: str, course: Course) -> None:
        """Keep it, if it is the first."""
        self.seconds.setdefault(label, course.seconds)


class Tried(NamedTuple):
    """What came of one rate of a method on one problem.

    Attributes:
        spent: all evaluations.
        solved: part of the targets that were reached.
        cost: mean of the logarithms of the evaluations to each target.
        typical: median evaluations to the last target, misses infinite.
    """

    spent: float
    solved: float
    cost: float
    typical: float


@dataclass(eq=False)
class RaceCourse:
    """The race itself, once everybody is tuned; the arrays are those of ``RaceRecord``, written start by start.

    Attributes:
        contestants: who runs.
        seconds: of each descent, NaN where not timed: (contestants, problems, starts, rounds).
        rounds: how many rounds were timed as a whole.
    """

    contestants: tuple[Contestant, ...]
    evaluations: Floats
    statuses: NDArray[np.object_]
    elsewhere: NDArray[np.bool_]
    spent: Floats
    finished: NDArray[np.bool_]
    seconds: Floats
    rounds: int = 0

    @classmethod
    def before(
        cls, contestants: Sequence[Contestant], problems: Sequence[RaceProblem], setting: RaceSetting
    ) -> RaceCourse:
        """Before the first start."""
        starts = max(len(problem.starts) for problem in problems)
        shape = (len(contestants), len(problems), starts)
        return cls(
            contestants=tuple(contestants),
            evaluations=np.full((*shape, len(setting.precisions)), np.inf),
            statuses=np.full(shape, "", object),
            elsewhere=np.zeros(shape, bool),
            spent=np.zeros(shape),
            finished=np.zeros(shape[1:], bool),
            seconds=np.full((*shape, max(setting.rounds, 1)), np.nan),
        )

    def places(self, problems: Sequence[RaceProblem]) -> list[tuple[int, int]]:
        """(problem, start): the first start of every problem, then the second, and so on."""
        starts = range(self.finished.shape[1])
        return [(p, s) for s in starts for p, problem in enumerate(problems) if s < len(problem.starts)]


@dataclass(eq=False)
class RaceState:
    """A race on its way.

    Attributes:
        fields, setting: what is raced, and how.
        rules: who was asked for, as plain data: a text, or a rule as ``Optimizer.to_dict`` has it.
        problems: with their targets, those of the race and those of the tuning, as far as these are fixed.
        bottoms: of the problem after these, the least values found below its first starts.
        tried: (rule, problem, rate), by their places -> what came of it.
        clock: the first times.
        course: the race, once it has begun.
        onlooker: is told now and then that more is known.
    """

    fields: tuple[Field, ...]
    setting: RaceSetting
    rules: tuple[Any, ...] = ()
    problems: list[tuple[RaceProblem, RaceProblem]] = field(default_factory=list)
    bottoms: list[float] = field(default_factory=list)
    tried: dict[tuple[int, int, int], Tried] = field(default_factory=dict)
    clock: FirstTimes = field(default_factory=FirstTimes)
    course: RaceCourse | None = None
    onlooker: Callable[[RaceState], None] | None = None

    def tell(self) -> None:
        """Say that more is known."""
        if self.onlooker is not None:
            self.onlooker(self)
