"""Who runs in a race: every method as it is by default, and tuned beside it, with what the tuning took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from downslope.sweeping.race_entrants import Course, Entrant, Finish
from downslope.sweeping.race_record import Contestant, Floats, RaceProblem, Tuning
from downslope.sweeping.race_setting import RaceSetting


@dataclass
class FirstTimes:
    """How long the first descent of each method took, compiling included."""

    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, label: str, course: Course) -> None:
        """Keep it, if it is the first."""
        self.seconds.setdefault(label, course.seconds)


def reached_at(course: Course, targets: Floats) -> Floats:
    """Evaluations when each target was reached first; infinite where it was not.

    >>> course = Course(np.array([1.0, 2.0, 4.0]), np.array([9.0, 5.0, 1.0]), "converged", np.zeros(1), 0.0)
    >>> reached_at(course, np.array([6.0, 1.0, 0.0])).tolist()
    [2.0, 4.0, inf]
    """
    best = np.fmin.accumulate(np.where(np.isnan(course.values), np.inf, course.values))
    out = np.full(len(targets), np.inf)
    for i, target in enumerate(targets):
        hit = np.flatnonzero(best <= target)
        if len(hit):
            out[i] = course.evaluations[hit[0]]
    return out


class Lineup(NamedTuple):
    """Who runs, and for each the method on every problem."""

    contestants: list[Contestant]
    racers: list[list[Entrant]]


def lineup_of(
    problems: Sequence[RaceProblem], entrants: Sequence[Entrant], setting: RaceSetting, clock: FirstTimes
) -> Lineup:
    """Every method as it is by default, and tuned beside it."""
    contestants: list[Contestant] = []
    racers: list[list[Entrant]] = []
    tunable = [e for e in entrants if e.rate is not None and not e.fixed and setting.rates]
    total = len(tunable) * len(setting.rates) * sum(len(p.starts) for p in problems)
    done = 0
    for entrant in entrants:
        rate = entrant.rate
        own = () if rate is None else (rate,) * len(problems)
        way = "none" if rate is None else "given" if entrant.fixed else "default"
        contestants.append(Contestant(entrant.label, way, own))
        racers.append([entrant] * len(problems))
        if entrant not in tunable:
            continue
        found = []
        for problem in problems:
            setting.tell("tuning", done, total)
            found.append(_tried(problem, entrant, setting, clock))
            done += len(setting.rates) * len(problem.starts)
        tuning = Tuning(
            setting.rates,
            tuple(setting.rates[one.best] for one in found),
            sum(one.spent for one in found),
            np.array([one.solved for one in found]),
            np.array([one.typical for one in found]),
        )
        if tuning.chosen == own:  # the default is the best of those that were tried
            contestants[-1] = Contestant(entrant.label, "default", own, tuning)
            continue
        contestants.append(Contestant(entrant.label, "tuned", tuning.chosen, tuning))
        racers.append([entrant.with_rate(chosen) for chosen in tuning.chosen])
    return Lineup(contestants, racers)


class _Tried(NamedTuple):
    """What came of every rate on one problem: the best one, all evaluations, and for each rate as in ``Tuning``."""

    best: int
    spent: float
    solved: Floats
    typical: Floats


def _tried(problem: RaceProblem, entrant: Entrant, setting: RaceSetting, clock: FirstTimes) -> _Tried:
    """The rate that reaches most targets, and of such the one with the fewest evaluations in the geometric mean."""
    targets = problem.targets(setting.precisions)
    spent, solved, costs, typical = 0.0, [], [], []
    for rate in setting.rates:
        racer = entrant.with_rate(rate)
        reached = []
        for x, goals in zip(problem.starts, targets, strict=True):
            course = racer.descend(problem.objective, x, Finish(float(goals[-1]), setting.budget))
            clock.note(entrant.label, course)
            spent += course.spent
            reached.append(reached_at(course, goals))
        hits = np.array(reached)
        solved.append(float(np.isfinite(hits).mean()))
        costs.append(float(np.log(np.minimum(hits, 2.0 * setting.budget)).mean()))
        typical.append(float(np.median(hits[:, -1])) if np.isfinite(hits[:, -1]).mean() > 0.5 else np.inf)
    order = sorted(range(len(setting.rates)), key=lambda i: (-solved[i], costs[i]))
    return _Tried(order[0], spent, np.array(solved), np.array(typical))
