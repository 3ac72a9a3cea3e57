"""Least squares that are not linear, begun again elsewhere where the first descent ends at a plateau or a poor fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from downslope.descent import Descent, Status
from downslope.descent.evidence import Cause
from downslope.descent.stations import Counts
from downslope.descent.termination_messages import spelt
from downslope.fitting.endless import endless, level_beyond
from downslope.fitting.levenberg_marquardt import descend_squares
from downslope.fitting.lower_minima import MOST_ROWS, lower_points
from downslope.fitting.merged_terms import beside_merged_terms
from downslope.fitting.other_starts import every_parameter_acts
from downslope.fitting.outcome import FitOutcome, FitPlan
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array
from downslope.fitting.suggested_starts import starts_beside, suggested_starts
from downslope.messages import Message, argument, message, plural

POOR = 0.5  # an R² below which it is worth looking for another minimum
EXACT = 1e-20  # part of the target's variance, less than which a fit leaves to no other
ROUNDS = 3  # of looking for a lower minimum
STEPS = 200  # from each of these at most
STARTS = 4  # from which the fit is begun again
BETTER = 1e-6  # part of the cost by which another fit must be better


def fit_squares(problem: FitProblem, start: Array, plan: FitPlan) -> FitOutcome:
    """The fit from ``start``; or from the best of other starts, where that leads nowhere and the way is ours to choose.

    Where no start was given, from the best of several that the formula suggests.
    """
    first = descend_squares(problem, start, plan)
    notes: list[Message] = [message("Descended by the steps of Levenberg and Marquardt.")]
    nowhere = first.termination.left_at is not None and first.nit == 0  # no number there: a slip
    if nowhere or _broken_off(first):
        return _outcome(first, notes)
    tried = _Descents(problem, plan, start, [first])
    best, free = first, _may_begin_again(plan)
    if free:
        best, names = tried.lowest(), problem.objective.parameters.coordinates
        if plan.suggested:
            notes.append(_of_suggestion(best, len(tried.runs), names))
        elif best is not first:
            notes.append(_of_restart(tried, best))
    warnings: tuple[Message, ...] = ()
    if tried.arrived(best) and _r2(problem, best) < POOR:
        warnings = (_of_poverty(problem, best, len(tried.runs)),)
    total = sum(run.nfev for run in tried.runs)
    if total > best.nfev:
        best = replace(best.judged_again(evaluations=total), nfev=total, counts=Counts(total, total))
    if _broken_off(tried.runs[-1]):  # there was more to try
        best = best.judged_again(cause=Cause.INTERRUPTED)
    return replace(_outcome(best, notes, warnings), looked=free)


@dataclass
class _Descents:
    """The fit from several starts, the given one first."""

    problem: FitProblem
    plan: FitPlan
    start: Array
    runs: list[Descent]

    @cached_property
    def suggested(self) -> list[Array]:
        """Starts that the formula suggests."""
        given = None if self.plan.suggested else self.start
        return suggested_starts(self.problem.objective.block, STARTS, given)

    def begin_lower_than(self, run: Descent) -> None:
        """A descent to a lower minimum than the one reached, where a short look finds a point that is lower."""
        cost, most = self.problem.objective, (1 - BETTER) * run.fun
        starts = [*self.suggested, *starts_beside(cost.block, STARTS, run.final)]
        for lower in lower_points(cost, run.final, starts):
            if self.plan.descents.number(partial(cost.value, lower.point)) < most:
                self.begin_at([lower.start])
                if self.best is run:
                    self.begin_at([lower.point])
                return

    def begin_at(self, starts: list[Array]) -> None:
        """A descent from each."""
        for start in starts:
            if _broken_off(self.runs[-1]):
                return
            if not any(np.array_equal(start, run.start) for run in self.runs):
                self.runs.append(descend_squares(self.problem, start, self.plan, STEPS))

    def arrived(self, run: Descent) -> bool:
        """Whether it ended at a minimum at which every parameter has an effect, and none is on its way to infinity."""
        problem = self.problem
        if run.termination.status != Status.CONVERGED or _r2(problem, run) <= 0:
            return False
        if not every_parameter_acts(problem.objective, run.final) or endless(problem, run) is not None:
            return False
        origin = np.zeros_like(self.start) if self.plan.suggested else self.start
        return run is self.runs[0] or not level_beyond(problem, origin, run.final)

    def lowest(self) -> Descent:
        """The descent that ends lowest, of as many as it is worth to make."""
        first = self.runs[0]
        dear = (
            self.problem.objective.count > MOST_ROWS
        )  # of many rows, a few decide which starts are descended from
        chosen = self.plan.suggested and not dear
        if chosen or not self.arrived(first) or _r2(self.problem, first) < POOR:
            self.begin_at(self.suggested)
        stuck = self.best
        if stuck.termination.status == Status.STALLED and not self.arrived(stuck):
            apart = beside_merged_terms(self.problem.objective, stuck.final)
            self.begin_at([] if apart is None else [apart])
        for _ in range(ROUNDS):
            best = self.best
            if not self.arrived(best) or _left(self.problem, best) <= EXACT:
                break
            self.begin_lower_than(best)
            if self.best is best:
                break
        return self.finished()

    @property
    def best(self) -> Descent:
        """The lowest of those that arrived, else of all; the first where no other is lower by more than rounding."""
        first = self.runs[0]
        good = [run for run in self.runs if self.arrived(run)]
        best = min(good or self.runs, key=lambda run: np.nan_to_num(run.fun, nan=np.inf))
        better = (first not in good and bool(good)) or best.fun < (1 - BETTER) * first.fun
        return best if better else first

    def finished(self) -> Descent:
        """The best; where its steps were at an end, once more with as many as there may be."""
        best = self.best
        if best is self.runs[0] or _broken_off(self.runs[-1]) or best.termination.status != Status.STEP_LIMIT:
            return best
        self.runs.append(descend_squares(self.problem, best.start, self.plan))
        return self.runs[-1]


def _outcome(run: Descent, notes: list[Message], warnings: tuple[Message, ...] = ()) -> FitOutcome:
    return FitOutcome(run, "formula", "natural", None, tuple(notes), warnings, unasked=True, begun=run.start)


def _broken_off(run: Descent) -> bool:
    """Whether somebody did not want to wait for the end of a run, nor for another then."""
    return run.termination.status == Status.INTERRUPTED


def _may_begin_again(plan: FitPlan) -> bool:
    """Whether nothing was said of how long it may take, and nobody watches."""
    asked = plan.first
    limits = (asked.steps, asked.evaluations, asked.seconds, asked.target, plan.callbacks.callback)
    return all(limit is None for limit in limits)


def _left(problem: FitProblem, run: Descent) -> float:
    """The part of the target's variance that is left."""
    total = problem.variation[0]
    left = run.fun**2 if problem.loss.root else run.fun
    return left / total if total > 0 else float(left > 0)


def _r2(problem: FitProblem, run: Descent) -> float:
    return 1 - _left(problem, run)


def _of_suggestion(run: Descent, starts: int, names: Sequence[str]) -> Message:
    return plural(
        "No start was given: begun at {start}, which the formula and the table suggest.",
        "No start was given: begun at {start}, the best of {n} starts that the formula and the table suggest.",
        n=starts,
        start=spelt(run.start, names),
    )


def _of_restart(tried: _Descents, run: Descent) -> Message:
    """What came of the start that was given, and which was taken instead."""
    first, names = tried.runs[0], tried.problem.objective.parameters.coordinates
    end, start, r2 = spelt(first.final, names), spelt(run.start, names), _r2(tried.problem, first)
    if not tried.arrived(first):
        return message(
            "From the start that was given the descent ended at {end}, where R² is {r2:.3g}. This fit was begun at"
            " {start} instead, which the formula and the table suggest.",
            end=end,
            r2=r2,
            start=start,
        )
    return message(
        "There are several minima. From the start that was given the descent ended in one at {end}, where R² is"
        " {r2:.6g} and the cost {there:.6g}. This fit was begun at {start} instead, which the formula and the table"
        " suggest, and its cost is {here:.6g}. A limit, such as {limit}, keeps a fit to the start that is given.",
        end=end,
        r2=r2,
        start=start,
        there=first.fun,
        here=run.fun,
        limit=argument("evaluations", 1_000),
    )


def _of_poverty(problem: FitProblem, run: Descent, starts: int) -> Message:
    return plural(
        "R² is only {r2:.3g}: it is a minimum, from the one start that was tried, and there may be a lower one.",
        "R² is only {r2:.3g}: it is the lowest minimum from {n} starts, and there may be a lower one.",
        n=starts,
        r2=_r2(problem, run),
    )
