"""Runs a race: tuning, then every method from every start, then the clock; no method is favoured by the order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from downslope import interruption
from downslope.descent.snapshot import versions
from downslope.errors import DataError, UsageError
from downslope.messages import message
from downslope.sweeping.race_entrants import Entrant, Finish, course_of
from downslope.sweeping.race_record import RaceRecord, Timing
from downslope.sweeping.race_state import RaceCourse, RaceState
from downslope.sweeping.race_targets import bottom_below, steepness, with_targets
from downslope.sweeping.race_tuning import Lineup, lineup_of, reached_at


def run_race(state: RaceState, entrants: Sequence[Entrant]) -> RaceRecord:
    """Race the entrants, from where ``state`` stands. Ctrl-C, once starts have been raced by all, ends it with these.

    Raises:
        ObjectiveError: a function has no value at a start, or no least value.
    """
    setting = state.setting
    count = sum(len(one.starts) + len(one.tuning) for one in state.fields)
    done = 0
    for p, one in enumerate(state.fields):
        if p == len(state.problems):
            setting.tell("targets", done, count)
            state.problems.append(with_targets(one, state))
            state.bottoms.clear()
            state.tell()
        done += len(one.starts) + len(one.tuning)
    lineup = lineup_of(state, entrants)
    race = _Race(state, lineup)
    race.run()
    return record_of(state)


def record_of(state: RaceState) -> RaceRecord:
    """What a race has come to that has begun.

    Raises:
        UsageError: no start was raced by all.
    """
    course = state.course
    if course is None or not course.finished.any():
        raise UsageError(message("this race has no start yet that all have run from."))
    return RaceRecord(
        problems=tuple(race for race, _ in state.problems),
        contestants=course.contestants,
        precisions=state.setting.precisions,
        budget=state.setting.budget,
        seed=state.setting.seed,
        evaluations=course.evaluations,
        statuses=course.statuses,
        elsewhere=course.elsewhere,
        spent=course.spent,
        finished=course.finished,
        timing=_timing(state, course),
        machine=dict(versions("traced", False)),
        untimed=state.setting.rounds - course.rounds,
    )


def _timing(state: RaceState, course: RaceCourse) -> Timing | None:
    """The medians over the rounds that are whole; None where there is none."""
    if not course.rounds:
        return None
    median = np.full(course.seconds.shape[:3], np.nan)
    median[:, course.finished] = np.median(course.seconds[:, course.finished, : course.rounds], axis=-1)
    usual = np.nanmedian(median.reshape(len(median), -1), axis=1)
    first = np.array([state.clock.seconds.get(c.label, np.nan) for c in course.contestants])
    return Timing(median, np.maximum(first - usual, 0.0), course.rounds)


class _Race:
    """The race itself, start by start, so that whoever interrupts it has whole starts."""

    def __init__(self, state: RaceState, lineup: Lineup) -> None:
        self.state, self.setting, self.racers = state, state.setting, lineup.racers
        self.problems = tuple(race for race, _ in state.problems)
        if state.course is None:
            state.course = RaceCourse.before(lineup.contestants, self.problems, self.setting)
        if len(state.course.contestants) != len(lineup.contestants):
            raise DataError(message("the state in it is not whole."))
        self.course = state.course
        self.random = np.random.default_rng([self.setting.seed, 1])

    def run(self) -> None:
        """Every contestant from every start, and then the clock."""
        try:
            self._race()
            self._time()
        except KeyboardInterrupt:
            if not self.course.finished.any():
                raise
            interruption.caught()

    def _turns(self) -> list[int]:
        return list(map(int, self.random.permutation(len(self.racers))))

    def _race(self) -> None:
        places = self.course.places(self.problems)
        for done, (p, s) in enumerate(places):
            turns = self._turns()
            if self.course.finished[p, s]:
                continue
            self.setting.tell("race", done * len(self.racers), len(places) * len(self.racers))
            for c in turns:
                self._descend(c, p, s)
            self.course.finished[p, s] = True
            self.state.tell()

    def _descend(self, c: int, p: int, s: int) -> None:
        problem, into = self.problems[p], self.course
        goals = problem.targets(self.setting.precisions)[s]
        finish = Finish(float(goals[-1]), self.setting.budget)
        course = course_of(self.racers[c][p], problem.objective, problem.starts[s], finish)
        self.state.clock.note(into.contestants[c].label, course)
        hits = reached_at(course, goals)
        into.evaluations[c, p, s] = hits
        into.statuses[c, p, s] = course.status
        into.spent[c, p, s] = course.spent
        if not np.isfinite(hits[-1]) and np.isfinite(course.point).all() and np.isfinite(course.value):
            steepest = steepness(problem.objective, problem.starts[s])
            below = bottom_below(problem.objective, course.point, steepest)
            into.elsewhere[c, p, s] = below.settled and below.value > goals[-1]

    def _time(self) -> None:
        """The same descents again, in turns and in another order each time."""
        places, course = self.course.places(self.problems), self.course
        total = self.setting.rounds * len(places) * len(self.racers)
        for round_ in range(self.setting.rounds):
            for done, (p, s) in enumerate(places):
                turns = self._turns()
                if round_ < course.rounds:
                    continue
                problem = self.problems[p]
                finish = Finish(float(problem.targets(self.setting.precisions)[s, -1]), self.setting.budget)
                self.setting.tell("time", (round_ * len(places) + done) * len(self.racers), total)
                for c in turns:
                    timed = course_of(self.racers[c][p], problem.objective, problem.starts[s], finish)
                    course.seconds[c, p, s, round_] = timed.seconds
            course.rounds = max(course.rounds, round_ + 1)
            self.state.tell()
