"""Least squares that are not linear, begun again elsewhere where the first descent ends at a plateau or a poor fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.descent import Descent, Status
from downslope.descent.termination_messages import spelt
from downslope.fitting.endless import endless, level_beyond
from downslope.fitting.findings import has_no_effect
from downslope.fitting.levenberg_marquardt import descend_squares
from downslope.fitting.outcome import FitOutcome, FitPlan
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array
from downslope.fitting.suggested_starts import suggested_starts
from downslope.messages import Message, message, plural

POOR = 0.5  # an R² below which it is worth looking for another minimum
STEPS = 500  # from each of these at most
STARTS = 4  # from which the fit is begun again
BETTER = 1e-6  # part of the cost by which another fit must be better


def fit_squares(problem: FitProblem, start: Array, plan: FitPlan) -> FitOutcome:
    """The fit from ``start``; or from the best of other starts, where that leads nowhere and the way is ours to choose.

    Where no start was given, from the best of several that the formula suggests.
    """
    first = descend_squares(problem, start, plan)
    notes: list[Message] = [message("Descended by the steps of Levenberg and Marquardt.")]
    settled = _arrived(problem, first) and not _is_poor(problem, first)
    nowhere = first.termination.left_at is not None and first.nit == 0  # no number there: a slip
    if not _may_begin_again(plan) or nowhere or (settled and not plan.suggested):
        return _outcome(first, notes)
    runs = [first]
    for other in suggested_starts(problem.objective.block, STARTS, None if plan.suggested else start):
        if not np.array_equal(other, start):
            runs.append(descend_squares(problem, other, plan, STEPS))
    origin = np.zeros_like(start) if plan.suggested else start
    good = [run for run in runs if _arrived(problem, run) and not level_beyond(problem, origin, run.final)]
    best = min(good or runs, key=lambda run: np.nan_to_num(run.fun, nan=np.inf))
    kept = best is first or not (first not in good or best.fun < (1 - BETTER) * first.fun)
    best = first if kept else best
    if (
        not kept and best.termination.status == Status.STEP_LIMIT
    ):  # it may still arrive, or say why it does not
        best = descend_squares(problem, best.start, plan)
        runs.append(best)
        good += [best] if _arrived(problem, best) else []
    names = problem.objective.parameters.coordinates
    warnings: tuple[Message, ...] = ()
    if plan.suggested:
        notes.append(_of_suggestion(best, len(runs), names))
    elif not kept:
        notes.append(_of_restart(problem, first, best, names))
    if best in good and _is_poor(problem, best):
        warnings = (_of_poverty(problem, best, len(runs)),)
    total = sum(run.nfev for run in runs)
    best = replace(best.judged_again(evaluations=total), nfev=total)
    return _outcome(best, notes, warnings)


def _outcome(run: Descent, notes: list[Message], warnings: tuple[Message, ...] = ()) -> FitOutcome:
    return FitOutcome(run, "formula", "natural", None, tuple(notes), warnings, unasked=True, begun=run.start)


def _may_begin_again(plan: FitPlan) -> bool:
    """Whether nothing was said of how long it may take, and nobody watches."""
    asked = plan.stopping
    limits = (asked.steps, asked.evaluations, asked.seconds, asked.target, plan.callbacks.callback)
    return all(limit is None for limit in limits)


def _arrived(problem: FitProblem, run: Descent) -> bool:
    """Whether it ended at a minimum at which every parameter has an effect, and none is on its way to infinity."""
    if run.termination.status != Status.CONVERGED or _r2(problem, run) <= 0:
        return False
    return not has_no_effect(problem, run.final) and endless(problem, run) is None


def _r2(problem: FitProblem, run: Descent) -> float:
    total = problem.variation[0]
    left = run.fun**2 if problem.loss.root else run.fun
    return 1 - left / total if total > 0 else float(left == 0)


def _is_poor(problem: FitProblem, run: Descent) -> bool:
    return _r2(problem, run) < POOR


def _of_suggestion(run: Descent, starts: int, names: tuple[str, ...]) -> Message:
    return plural(
        "No start was given: begun at {start}, which the formula and the table suggest.",
        "No start was given: begun at {start}, the best of {n} starts that the formula and the table suggest.",
        n=starts,
        start=spelt(run.start, names),
    )


def _of_restart(problem: FitProblem, first: Descent, run: Descent, names: tuple[str, ...]) -> Message:
    return message(
        "From the start that was given the descent ended at {end}, where R² is {r2:.3g}. This fit was begun at {start}"
        " instead, which the formula and the table suggest.",
        end=spelt(first.final, names),
        r2=_r2(problem, first),
        start=spelt(run.start, names),
    )


def _of_poverty(problem: FitProblem, run: Descent, starts: int) -> Message:
    return plural(
        "R² is only {r2:.3g}: it is a minimum, from the one start that was tried, and there may be a lower one.",
        "R² is only {r2:.3g}: it is the lowest minimum from {n} starts, and there may be a lower one.",
        n=starts,
        r2=_r2(problem, run),
    )
