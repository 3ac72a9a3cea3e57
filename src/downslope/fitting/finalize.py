"""The end of a fit: one look at all rows, at the point that was reached, and at what the data say."""

from __future__ import annotations

import re
from dataclasses import replace

from downslope.descent import Descent
from downslope.fitting import findings
from downslope.fitting.model import Model
from downslope.fitting.problem import FitProblem
from downslope.fitting.result import FitResult
from downslope.fitting.rows import Array
from downslope.fitting.strategies import FitOutcome

JUDGED = 10_000_000  # rows times squared parameters up to which the point reached is judged
CHEAP = 1_000_000  # and up to which that takes some 10 ms


def finalize(problem: FitProblem, outcome: FitOutcome, start: Array) -> FitResult:
    """One true pass over the rows at the point reached, a look at what kind of point it is, and the findings."""
    run, objective = _begun_at(outcome.run, start), problem.objective
    run = replace(run, termination=replace(run.termination, message=_counted_aright(outcome, run)))
    exact = outcome.normal_equations is None and not objective.penalty.l1 and not objective.penalty.l2
    loss = run.fun if exact and len(run.history) else objective.data_value(run.final)
    numbers = objective.count * objective.parameters.size**2
    if problem.hypothesis.linear is None and numbers <= JUDGED and not objective.streamed:
        from downslope.explain.point import judge_run

        succeeded = run.success
        run = judge_run(run, cheap=numbers <= CHEAP)  # a short run's time is that of compiling the hypothesis
        if succeeded and not run.success:
            message = f"{run.termination.message} Begin elsewhere: give another start (start=, --start)."
            run = replace(run, termination=replace(run.termination, message=message))
    found, grave = findings.find_notes(problem, outcome, loss)
    notes = (*problem.notes, *outcome.notes, *found, *objective.said)
    warnings = (*problem.warnings, *outcome.warnings, *grave)
    objective.notes = (*notes, *warnings)
    model = Model(
        replace(problem.hypothesis),
        problem.loss,
        problem.classes,
        objective.parameters,
        run.final,
        tuple(name for name in problem.frame.names if name != problem.hypothesis.target),
    )
    return FitResult(
        model,
        run,
        loss,
        outcome.path,
        outcome.coordinates,
        (*notes, *warnings),
        objective.count,
        problem.frame.rows_dropped,
        problem,
        outcome.normal_equations,
        warnings=warnings,
    )


def _begun_at(run: Descent, start: Array) -> Descent:
    """The run with its start as it was given, without the rounding of the way into other coordinates and back."""
    x = run.history.x.copy()
    if len(x) and run.history.step[0] == 0:
        x[0] = start
    return replace(run, start=start.copy(), history=replace(run.history, x=x))


def _counted_aright(outcome: FitOutcome, run: Descent) -> str:
    """The message with the steps of the whole fit: to the engine an epoch is a step, and a round begins anew."""
    if outcome.path == "batches":
        return re.sub(r"\bstep(s?)\b", r"epoch\1", run.message)
    if outcome.coordinates == "natural":
        counted = f"after {run.nit} step{'' if run.nit == 1 else 's'}"
        return re.sub(
            r"\bafter \d+ steps?\b", counted, re.sub(r"\bat step \d+", f"at step {run.nit}", run.message)
        )
    return run.message
