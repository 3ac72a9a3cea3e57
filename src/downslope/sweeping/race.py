"""Runs a race: tuning, then every method from every start, then the clock; no method is favoured by the order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from downslope import interruption
from downslope.descent.snapshot import versions
from downslope.sweeping.race_entrants import Entrant, Finish
from downslope.sweeping.race_record import Floats, RaceProblem, RaceRecord, Timing
from downslope.sweeping.race_setting import Field, RaceSetting
from downslope.sweeping.race_targets import bottom_below, steepness, with_targets
from downslope.sweeping.race_tuning import FirstTimes, Lineup, lineup_of, reached_at


def run_race(fields: Sequence[Field], entrants: Sequence[Entrant], setting: RaceSetting) -> RaceRecord:
    """Race the entrants. Ctrl-C, once starts have been raced by all, ends it with these.

    Raises:
        ObjectiveError: a function has no value at a start, or no least value.
    """
    problems, tuning_problems = [], []
    count = sum(len(one.starts) + len(one.tuning) for one in fields)
    done = 0
    for one in fields:
        setting.tell("targets", done, count)
        race, beside = with_targets(one)
        problems.append(race)
        tuning_problems.append(beside)
        done += len(one.starts) + len(one.tuning)
    clock = FirstTimes()
    course = _Race(problems, lineup_of(tuning_problems, entrants, setting, clock), setting, clock)
    course.run()
    return course.record(course.timed() if setting.rounds else None)


class _Race:
    """The race itself, start by start, so that whoever interrupts it has whole starts."""

    def __init__(
        self, problems: Sequence[RaceProblem], lineup: Lineup, setting: RaceSetting, clock: FirstTimes
    ) -> None:
        self.problems, self.contestants = tuple(problems), tuple(lineup.contestants)
        self.racers, contestants = lineup.racers, lineup.contestants
        self.setting, self.clock = setting, clock
        self.random = np.random.default_rng([setting.seed, 1])
        starts = max(len(problem.starts) for problem in problems)
        shape = (len(contestants), len(problems), starts)
        self.evaluations: Floats = np.full((*shape, len(setting.precisions)), np.inf)
        self.statuses: NDArray[np.object_] = np.full(shape, "", object)
        self.elsewhere: NDArray[np.bool_] = np.zeros(shape, bool)
        self.spent: Floats = np.zeros(shape)
        self.finished: NDArray[np.bool_] = np.zeros(shape[1:], bool)
        self.seconds: Floats = np.full((*shape, max(setting.rounds, 1)), np.nan)

    def _places(self) -> list[tuple[int, int]]:
        """(problem, start): the first start of every problem, then the second, and so on."""
        starts = range(self.finished.shape[1])
        return [(p, s) for s in starts for p, problem in enumerate(self.problems) if s < len(problem.starts)]

    def run(self) -> None:
        """Every contestant from every start."""
        places = self._places()
        try:
            for done, (p, s) in enumerate(places):
                self.setting.tell("race", done * len(self.racers), len(places) * len(self.racers))
                for c in self.random.permutation(len(self.racers)).tolist():
                    self._descend(c, p, s)
                self.finished[p, s] = True
        except KeyboardInterrupt:
            if not self.finished.any():
                raise
            interruption.caught()

    def _descend(self, c: int, p: int, s: int) -> None:
        problem = self.problems[p]
        goals = problem.targets(self.setting.precisions)[s]
        finish = Finish(float(goals[-1]), self.setting.budget)
        course = self.racers[c][p].descend(problem.objective, problem.starts[s], finish)
        self.clock.note(self.contestants[c].label, course)
        hits = reached_at(course, goals)
        self.evaluations[c, p, s] = hits
        self.statuses[c, p, s] = course.status
        self.spent[c, p, s] = course.spent
        if not np.isfinite(hits[-1]) and np.isfinite(course.point).all() and np.isfinite(course.value):
            steepest = steepness(problem.objective, problem.starts[s])
            below = bottom_below(problem.objective, course.point, steepest)
            self.elsewhere[c, p, s] = below.settled and below.value > goals[-1]

    def timed(self) -> Timing | None:
        """The same descents again, in turns and in another order each time; what is not finished is not timed."""
        places = [(p, s) for p, s in self._places() if self.finished[p, s]]
        total = self.setting.rounds * len(places) * len(self.racers)
        rounds = 0
        try:
            for round_ in range(self.setting.rounds):
                for done, (p, s) in enumerate(places):
                    problem = self.problems[p]
                    goal = float(problem.targets(self.setting.precisions)[s, -1])
                    self.setting.tell("time", (round_ * len(places) + done) * len(self.racers), total)
                    for c in self.random.permutation(len(self.racers)).tolist():
                        finish = Finish(goal, self.setting.budget)
                        course = self.racers[c][p].descend(problem.objective, problem.starts[s], finish)
                        self.seconds[c, p, s, round_] = course.seconds
                rounds += 1
        except KeyboardInterrupt:
            interruption.caught()
        if not rounds:
            return None
        median = np.full(self.seconds.shape[:3], np.nan)
        median[:, self.finished] = np.median(self.seconds[:, self.finished, :rounds], axis=-1)
        usual = np.nanmedian(median.reshape(len(median), -1), axis=1)
        first = np.array([self.clock.seconds.get(c.label, np.nan) for c in self.contestants])
        return Timing(median, np.maximum(first - usual, 0.0), rounds)

    def record(self, timing: Timing | None) -> RaceRecord:
        """All of it."""
        return RaceRecord(
            problems=self.problems,
            contestants=self.contestants,
            precisions=self.setting.precisions,
            budget=self.setting.budget,
            seed=self.setting.seed,
            evaluations=self.evaluations,
            statuses=self.statuses,
            elsewhere=self.elsewhere,
            spent=self.spent,
            finished=self.finished,
            timing=timing,
            machine=dict(versions("traced", False)),
        )
