"""The end of a fit: one look at all rows, at the point that was reached, and at what the data say."""

from __future__ import annotations

import re
from dataclasses import replace

from downslope.descent import Run
from downslope.fit import findings
from downslope.fit.model import Model
from downslope.fit.plan import Outcome
from downslope.fit.result import Fit
from downslope.fit.rows import Array
from downslope.fit.task import Task

JUDGED = 10_000_000  # rows times squared parameters up to which the point reached is judged
CHEAP = 1_000_000  # and up to which that takes some 10 ms


def finished(task: Task, outcome: Outcome, start: Array) -> Fit:
    """One true pass over the rows at the point reached, a look at what kind of point it is, and the findings."""
    run, objective = _begun_at(outcome.run, start), task.objective
    run = replace(run, verdict=replace(run.verdict, message=_counted_aright(outcome, run)))
    exact = outcome.square is None and not objective.penalty.l1 and not objective.penalty.l2
    loss = run.fun if exact and len(run.history) else objective.data_value(run.final)
    numbers = objective.count * objective.parameters.size**2
    if task.hypothesis.linear is None and numbers <= JUDGED and not objective.streamed:
        from downslope.explain.point import judged

        succeeded = run.success
        run = judged(run, cheap=numbers <= CHEAP)  # a short run's time is that of compiling the hypothesis
        if succeeded and not run.success:
            message = f"{run.verdict.message} Begin elsewhere: give another start (start=, --start)."
            run = replace(run, verdict=replace(run.verdict, message=message))
    found, grave = findings.about(task, outcome, loss)
    notes = (*task.notes, *outcome.notes, *found, *objective.said)
    warnings = (*task.warnings, *outcome.warnings, *grave)
    objective.notes = (*notes, *warnings)
    model = Model(
        replace(task.hypothesis),
        task.loss,
        task.classes,
        objective.parameters,
        run.final,
        tuple(name for name in task.frame.names if name != task.hypothesis.target),
    )
    return Fit(
        model,
        run,
        loss,
        outcome.path,
        outcome.coordinates,
        (*notes, *warnings),
        objective.count,
        task.frame.rows_dropped,
        task,
        outcome.square,
        warnings=warnings,
    )


def _begun_at(run: Run, start: Array) -> Run:
    """The run with its start as it was given, without the rounding of the way into other coordinates and back."""
    x = run.history.x.copy()
    if len(x) and run.history.step[0] == 0:
        x[0] = start
    return replace(run, start=start.copy(), history=replace(run.history, x=x))


def _counted_aright(outcome: Outcome, run: Run) -> str:
    """The message with the steps of the whole fit: to the engine an epoch is a step, and a round begins anew."""
    if outcome.path == "batches":
        return re.sub(r"\bstep(s?)\b", r"epoch\1", run.message)
    if outcome.coordinates == "natural":
        counted = f"after {run.nit} step{'' if run.nit == 1 else 's'}"
        return re.sub(
            r"\bafter \d+ steps?\b", counted, re.sub(r"\bat step \d+", f"at step {run.nit}", run.message)
        )
    return run.message
