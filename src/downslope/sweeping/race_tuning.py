"""Who runs in a race: every method as it is by default, and tuned beside it, with what the tuning took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from downslope.sweeping.race_entrants import Course, Entrant, Finish, course_of
from downslope.sweeping.race_record import Contestant, Floats, RaceProblem, Tuning
from downslope.sweeping.race_state import RaceState, Tried


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


def lineup_of(state: RaceState, entrants: Sequence[Entrant]) -> Lineup:
    """Every method as it is by default, and tuned beside it; what is tried already is not tried again."""
    setting, problems = state.setting, [tuning for _, tuning in state.problems]
    contestants: list[Contestant] = []
    racers: list[list[Entrant]] = []
    tunable = [e for e in entrants if e.rate is not None and not e.fixed and setting.rates]
    total = len(tunable) * len(setting.rates) * sum(len(p.starts) for p in problems)
    done = 0
    for e, entrant in enumerate(entrants):
        rate = entrant.rate
        own = () if rate is None else (rate,) * len(problems)
        way = "none" if rate is None else "given" if entrant.fixed else "default"
        contestants.append(Contestant(entrant.label, way, own))
        racers.append([entrant] * len(problems))
        if entrant not in tunable:
            continue
        for p, problem in enumerate(problems):
            setting.tell("tuning", done, total)
            for r, tried_rate in enumerate(setting.rates):
                if (e, p, r) not in state.tried:
                    state.tried[e, p, r] = _tried(problem, entrant.with_rate(tried_rate), state)
                    state.tell()
            done += len(setting.rates) * len(problem.starts)
        tuning = _tuning(state, e)
        if tuning.chosen == own:  # the default is the best of those that were tried
            contestants[-1] = Contestant(entrant.label, "default", own, tuning)
            continue
        contestants.append(Contestant(entrant.label, "tuned", tuning.chosen, tuning))
        racers.append([entrant.with_rate(chosen) for chosen in tuning.chosen])
    return Lineup(contestants, racers)


def _tuning(state: RaceState, e: int) -> Tuning:
    """On each problem the rate that reaches most targets, and of such the one with the fewest evaluations."""
    rates = state.setting.rates
    found = [[state.tried[e, p, r] for r in range(len(rates))] for p in range(len(state.problems))]
    best = [min(range(len(rates)), key=lambda r: (-tried[r].solved, tried[r].cost)) for tried in found]
    return Tuning(
        rates,
        tuple(rates[r] for r in best),
        sum(one.spent for tried in found for one in tried),
        np.array([[one.solved for one in tried] for tried in found]),
        np.array([[one.typical for one in tried] for tried in found]),
    )


def _tried(problem: RaceProblem, racer: Entrant, state: RaceState) -> Tried:
    """What comes of a method at one rate, from all starts of the tuning."""
    setting, label = state.setting, racer.label
    spent, reached = 0.0, []
    for x, goals in zip(problem.starts, problem.targets(setting.precisions), strict=True):
        course = course_of(racer, problem.objective, x, Finish(float(goals[-1]), setting.budget))
        state.clock.note(label, course)
        spent += course.spent
        reached.append(reached_at(course, goals))
    hits = np.array(reached)
    last = hits[:, -1]
    return Tried(
        spent,
        float(np.isfinite(hits).mean()),
        float(np.log(np.minimum(hits, 2.0 * setting.budget)).mean()),
        float(np.median(last)) if np.isfinite(last).mean() > 0.5 else float("inf"),
    )
