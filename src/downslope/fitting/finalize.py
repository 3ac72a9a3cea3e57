"""The end of a fit: one look at all rows, at the point that was reached, and at what the data say."""

from __future__ import annotations

import re
from dataclasses import replace

from downslope.descent import Descent, Status
from downslope.explain.findings.finding import Finding
from downslope.explain.sentences import say
from downslope.fitting import findings
from downslope.fitting.findings import FoundInFit
from downslope.fitting.model import Model
from downslope.fitting.problem import FitProblem
from downslope.fitting.result import FitResult
from downslope.fitting.rows import Array
from downslope.fitting.strategies import FitOutcome

JUDGED = 10_000_000  # rows times squared parameters up to which the point reached is judged


def finalize(problem: FitProblem, outcome: FitOutcome, start: Array) -> FitResult:
    """One true pass over the rows at the point reached, a look at what kind of point it is, and the findings."""
    run, objective = _begun_at(outcome.run, start), problem.objective
    run = replace(run, termination=replace(run.termination, message=_counted_aright(outcome, run)))
    exact = outcome.normal_equations is None and not objective.penalty.l1 and not objective.penalty.l2
    loss = run.fun if exact and len(run.history) else objective.data_value(run.final)
    numbers = objective.count * objective.parameters.size**2
    found = findings.find_in_fit(problem, outcome, loss)
    if problem.hypothesis.linear is None and numbers <= JUDGED and not objective.streamed:
        from downslope.explain.point import judge_run

        succeeded = run.success
        run = judge_run(run)
        if succeeded and not run.success:
            message = f"{run.termination.message} Begin elsewhere: give another start (start=, --start)."
            run = replace(run, termination=replace(run.termination, message=message))
    unsaid = run.termination.message  # where the message is a finding's sentence, it is not said twice
    run = _held_against(found, problem, run)
    grave = [f for f in (*problem.findings, *found.warnings) if not _is_the_message(f, unsaid)]
    notes = (*problem.notes, *outcome.notes, *(f.sentence for f in found.notes), *objective.said)
    warnings = (*problem.warnings, *outcome.warnings, *(f.sentence for f in grave))
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
        findings=(*problem.findings, *found.warnings, *found.notes),
    )


def _held_against(found: FoundInFit, problem: FitProblem, run: Descent) -> Descent:
    """The run, no longer called a success where what was found says that it is at no minimum, or at a poor one."""
    if not run.success or run.termination.status in (Status.TARGET_REACHED, Status.STOPPED_BY_CALLBACK):
        return run
    passed = run.termination.status == Status.CONVERGED
    if found.named("separation"):
        status = Status.UNBOUNDED if passed else run.termination.status
        return _no_success(run, say("ending.no_minimum"), status)
    if found.named("grows_without_bound"):
        return _no_success(run, say("ending.no_minimum"), run.termination.status)
    if passed and found.named("worse_than_mean") and problem.hypothesis.linear is None:
        return _no_success(run, say("ending.poor_fit"), Status.CONVERGED)
    return run


def _no_success(run: Descent, remark: str, status: Status) -> Descent:
    message = f"{run.termination.message} {remark}"
    return replace(run, termination=replace(run.termination, status=status, success=False, message=message))


def _is_the_message(finding: Finding, message: str) -> bool:
    return finding.code == "separation" and message == say("finding.separation.reached")


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
