"""The end of a fit: one look at all rows, at the point that was reached, and at what the data say."""

from __future__ import annotations

from dataclasses import replace

from downslope.descent import Descent
from downslope.fitting import findings
from downslope.fitting.model import Model
from downslope.fitting.problem import FitProblem
from downslope.fitting.result import FitResult
from downslope.fitting.rows import Array
from downslope.fitting.strategies import FitOutcome
from downslope.messages import as_message, message

JUDGED = 10_000_000  # rows times squared parameters up to which the point reached is judged


def finalize(problem: FitProblem, outcome: FitOutcome, start: Array) -> FitResult:
    """One true pass over the rows at the point reached, a look at what kind of point it is, and the findings."""
    run, objective = _begun_at(outcome.run, start), problem.objective
    if outcome.path == "batches":  # to the engine an epoch is a step
        run = run.judged_again(unit="epoch")
    exact = outcome.normal_equations is None and not objective.penalty.l1 and not objective.penalty.l2
    loss = run.fun if exact and len(run.history) else objective.data_value(run.final)
    numbers = objective.count * objective.parameters.size**2
    if problem.hypothesis.linear is None and numbers <= JUDGED and not objective.streamed:
        from downslope.explain.point import judge_run

        succeeded = run.success
        run = judge_run(run)
        if succeeded and not run.success:
            run = run.judged_again(message("Begin elsewhere: give another start (start=, --start)."))
    found, grave = findings.find_notes(problem, outcome, loss)
    causes = tuple(findings.find_causes(problem, outcome))
    notes = (*problem.notes, *outcome.notes, *found, *objective.said)
    warnings = (*problem.warnings, *outcome.warnings, *grave, *causes)
    objective.notes = tuple(map(as_message, (*notes, *warnings)))
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
        causes=causes,
    )


def _begun_at(run: Descent, start: Array) -> Descent:
    """The run with its start as it was given, without the rounding of the way into other coordinates and back."""
    x = run.history.x.copy()
    if len(x) and run.history.step[0] == 0:
        x[0] = start
    return replace(run, start=start.copy(), history=replace(run.history, x=x))
