"""The end of a fit: one look at all rows, at the point that was reached, and at what the data say."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from downslope import interruption
from downslope.descent import Descent, Status
from downslope.descent.evidence import ENDLESS, POOR_FIT, Cause
from downslope.errors import DataError
from downslope.explain.findings.finding import Finding
from downslope.fitting import findings
from downslope.fitting.descents import KeepsFits
from downslope.fitting.findings import FoundInFit
from downslope.fitting.holdout import scores
from downslope.fitting.model import Model
from downslope.fitting.objective import arrived
from downslope.fitting.outcome import FitOutcome
from downslope.fitting.problem import FitProblem
from downslope.fitting.result import FitResult
from downslope.fitting.rows import Array
from downslope.fitting.state import FitState, descend_fit
from downslope.messages import message

JUDGED = 10_000_000  # rows times squared parameters up to which the point reached is judged


def fit_of(state: FitState, keeper: KeepsFits | None = None, *, ended: bool = False) -> FitResult:
    """A fit made, or gone on with from where it left off.

    Args:
        state: where that is.
        keeper: writes checkpoints.
        ended: whether it is not to go on, but to end where it is, as if it had been interrupted.

    Raises:
        DataError: made again until there, it goes another way, or rows that were held out cannot be scored.
    """
    with state.engine_at_work():
        outcome, left = descend_fit(state, keeper, ended=ended)
        try:
            return _finished(state, outcome, left)
        except Exception:  # such as a file that is gone, for the last pass over the rows
            if keeper is not None:
                with contextlib.suppress(DataError):  # the first error is the one to be told
                    keeper.keep_fit(left.descents, left.numbers)
            raise


def _finished(state: FitState, outcome: FitOutcome, left: FitState) -> FitResult:
    """The fit whose descents are done."""
    try:
        result = finalize(state.problem, outcome, state.start)
    except KeyboardInterrupt:  # the descent is done, and is not to be lost
        interruption.caught()
        outcome = replace(outcome, run=outcome.run.judged_again(cause=Cause.INTERRUPTED))
        result = finalize(state.problem, outcome, state.start)
    held = None if state.split is None else scores(result.model, state.split)
    return replace(result, left_with=left, holdout=held)


def finalize(problem: FitProblem, outcome: FitOutcome, start: Array) -> FitResult:
    """One true pass over the rows at the point reached, a look at what kind of point it is, and the findings."""
    run, objective = outcome.run, problem.objective
    run = _begun_at(run, start if outcome.begun is None else outcome.begun)
    if outcome.path == "batches":  # to the engine an epoch is a step
        run = run.judged_again(unit="epoch")
    exact = outcome.normal_equations is None and not objective.penalty.l1 and not objective.penalty.l2
    there = arrived(objective, run.final, outcome.centred)
    loss = run.fun if exact and len(run.history) else there.objective.data_value(there.x)
    numbers = objective.count * objective.parameters.size**2
    found = findings.find_in_fit(problem, outcome, loss)
    if problem.hypothesis.linear is None and numbers <= JUDGED and not objective.streamed:
        from downslope.explain.judgement import judge_run

        succeeded = run.success
        run = judge_run(run)
        if succeeded and not run.success:
            run = run.judged_again(message("Begin elsewhere: give another start (start=, --start)."))
    run = _held_against(found, problem, run)
    grave = [finding for finding in (*problem.findings, *found.warnings) if not _is_the_message(finding, run)]
    notes = (*problem.notes, *outcome.notes, *(finding.message for finding in found.notes), *objective.said)
    if problem.about_zero:
        notes = (
            *notes,
            message(
                "R² is about zero and not about the mean of {target}, as the hypothesis fits no constant term.",
                target=problem.hypothesis.target,
            ),
        )
    warnings = (*problem.warnings, *outcome.warnings, *(finding.message for finding in grave))
    objective.notes = (*notes, *warnings)
    model = Model(
        replace(problem.hypothesis),
        problem.loss,
        problem.classes,
        objective.parameters,
        run.final,
        inputs_of(problem),
        outcome.centred,
    )
    return FitResult(
        model,
        replace(
            run, left_with=None
        ),  # its steps may be of other coordinates, and its table is needed to go on
        loss,
        outcome.path,
        outcome.coordinates,
        (*notes, *warnings),
        objective.count,
        problem.frame.rows_dropped,
        problem,
        outcome.normal_equations,
        warned=warnings,
        findings=(*problem.findings, *found.warnings, *found.notes),
        unasked=outcome.unasked,
    )


def inputs_of(problem: FitProblem) -> tuple[str, ...]:
    """All columns of the table but the target, and but the features made of categories."""
    made = {name for category in problem.hypothesis.categories for name in category.names}
    return tuple(n for n in problem.frame.names if n != problem.hypothesis.target and n not in made)


def _held_against(found: FoundInFit, problem: FitProblem, run: Descent) -> Descent:
    """The run, no longer called a success where what was found says that it is at no minimum, or at a poor one."""
    if run.termination.status in (Status.TARGET_REACHED, Status.STOPPED_BY_CALLBACK):
        return run
    if not run.success:
        ended = run.termination.evidence
        without_end = (Cause.ROUND_LIMIT, Cause.STEP_LIMIT, Cause.COST_STUCK)
        if ended is not None and ended.cause in without_end and found.named("grows_without_bound"):
            return run.judged_again(message("The cost falls on and on as the parameters grow."))
        return run
    if found.named("separation") or found.named("grows_without_bound"):
        return run.judged_again(message("The cost falls on and on as the parameters grow."), ground=ENDLESS)
    passed, poor = run.termination.status == Status.CONVERGED, found.named("worse_than_mean")
    if passed and poor is not None and problem.hypothesis.linear is None:
        if "without_effect" in poor.key:
            told = message("It is a plateau: some parameters have no effect there.")
            return run.judged_again(told, ground=POOR_FIT)
        return run.judged_again(message("It is a minimum near by at best, and a poor fit."), ground=POOR_FIT)
    return run


def _is_the_message(finding: Finding, run: Descent) -> bool:
    """Whether the end itself says so."""
    evidence = run.termination.evidence
    return finding.code == "separation" and evidence is not None and evidence.cause == Cause.SEPARABLE


def _begun_at(run: Descent, start: Array) -> Descent:
    """The run with its start as it was given, without the rounding of the way into other coordinates and back."""
    x = run.history.x.copy()
    if len(x) and run.history.step[0] == 0:
        x[0] = start
    return replace(run, start=start.copy(), history=replace(run.history, x=x))
