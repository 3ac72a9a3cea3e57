"""Runs that go on: from where they ended, from an earlier step, and from there by another way."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypedDict

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.descent.bounds import projection_of
from downslope.descent.descend import Callbacks, Continued
from downslope.descent.evidence import TESTS, Cause
from downslope.descent.function_state import NOTHING_REMEMBERED, as_left, with_memory
from downslope.descent.history import History
from downslope.descent.progress import Progress, Step
from downslope.descent.snapshot import Snapshot, changed_versions, goes_on_otherwise
from downslope.descent.stations import last_before
from downslope.descent.trace_buffer import TAIL_STEPS
from downslope.errors import DataError, HyperparameterError, UsageError, nearest
from downslope.explain.judgement import judged
from downslope.messages import Message, argument, listing, message, sentences
from downslope.objectives import Objective
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.external import ExternalOptimizer
from downslope.results.checkpoints import checkpoint_of

GOES_ON = (
    *TESTS,
    Cause.STEP_LIMIT,
    Cause.EVALUATION_LIMIT,
    Cause.TIME_LIMIT,
    Cause.INTERRUPTED,
    Cause.CALLBACK,
    Cause.ERROR,
)
_TESTED_BY = ("tolerance", "relative_tolerance", "value_tolerance", "x_tolerance", "target")


class ResumeOptions(TypedDict, total=False):
    """The keyword arguments of ``Run.resume``."""

    steps: int
    evaluations: int
    time_limit: float
    tolerance: float
    relative_tolerance: float
    value_tolerance: float
    x_tolerance: float
    target: float
    callback: Callable[[Step], Any]
    progress: Callable[[Progress], None]
    explain: bool
    checkpoint: str | os.PathLike[str]
    checkpoint_seconds: float


class RuleOptions(TypedDict, total=False):
    """The keyword arguments of ``Run.branch`` that change the rule."""

    optimizer: Any
    learning_rate: Any
    hyperparameters: dict[str, Any]


class BranchOptions(ResumeOptions, RuleOptions, total=False):
    """The keyword arguments of ``Run.branch``."""


def resume(run: Descent, options: ResumeOptions) -> Descent:
    """A run gone on with from where it ended; its history is the whole one.

    Raises:
        UsageError: an option is unknown, or the run has ended in a way from which nothing goes on.
        ObjectiveError: the function of a loaded run is not in the file.
    """
    refuse_unknown(options, ResumeOptions.__annotations__)
    refuse_records(run)
    evidence = run.termination.evidence
    cause = None if evidence is None else evidence.cause
    if cause is not None and cause not in GOES_ON:
        raise UsageError(
            sentences(
                message("this run has an end from which nothing goes on: {why}", why=run.termination.said),
                message("run.branch(step, learning_rate=...) goes another way from an earlier step."),
            )
        )
    if cause in TESTS:
        refuse_met(options)
    stopping = more_stopping(run.stopping, {"steps": run.nit, "evaluations": run.nfev}, options)
    if run.left_with is None:  # saved by a version that did not keep it
        run = replace(run, left_with=_until(run, Stopping(evaluations=run.nfev)).left_with)
    assert run.left_with is not None
    since = Continued(run.left_with, run.history, run.seconds, run.counts, run.stations)
    return _go_on(run, stopping, since, options)


def refuse_met(options: ResumeOptions) -> None:
    """Refuse to go on with a run that has met its test, unless another is given.

    Raises:
        UsageError: none is.
    """
    if not any(name in options for name in _TESTED_BY):
        raise UsageError(
            message(
                "this run has met its test; give a smaller {tolerance}, or {none} for the steps alone.",
                tolerance="tolerance=",
                none="tolerance=0",
            )
        )


def at(run: Descent, step: int) -> Descent:
    """The run as it was at an earlier step: made again until there, from the nearest place that is known.

    Raises:
        UsageError: there is no such step.
        DataError: made again, it does not go the way that its history tells.
    """
    refuse_records(run)
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or not 0 <= step <= run.nit:
        raise UsageError(
            message("step is {step!r}; this run has the steps 0 to {last}.", step=step, last=run.nit)
        )
    return _until(run, replace(run.stopping, steps=int(step), seconds=None))


def branch(run: Descent, step: int, options: BranchOptions) -> Descent:
    """Another way from an earlier step on: the same rule with other numbers, which keeps its memory, or another rule.

    Raises:
        UsageError, HyperparameterError: there is no such step, option, or rule.
        DataError: made again until there, the run does not go the way that its history tells.
    """
    refuse_unknown(options, BranchOptions.__annotations__)
    rule = _changed_rule(run, options)
    here = at(run, step)
    stopping = more_stopping(run.stopping, {"steps": step, "evaluations": here.nfev}, options)
    loop = LoopOptions(maximize=run.maximize, engine=_engine(run), every=_every(run))
    since = None
    if here.nfev > 1:  # until just before the evaluation that became this step
        until = Stopping(steps=2**53, evaluations=here.nfev - 1)
        since = _nearest(run, until)
        drew = NOTHING_REMEMBERED if run.left_with is None else run.left_with.function
        loop = replace(loop, since=since, again=drew)
        before = descend(_from(run.objective, since), run.start, run.optimizer, until, loop=loop)
        snapshot = before.left_with
        assert snapshot is not None
        if rule.structure() != run.optimizer.structure():
            fresh = snapshot.position._replace(x=here.history.x[-1], leaves=None)
            snapshot = replace(snapshot, position=fresh)
        since = Continued(snapshot, before.history, before.seconds, before.counts)
        run = replace(run, objective=before.objective)
    return _go_on(replace(run, optimizer=rule), stopping, since, options)


def _go_on(run: Descent, stopping: Stopping, since: Continued | None, options: Mapping[str, Any]) -> Descent:
    """The run of this rule, from there on, judged at its end."""
    checkpoint = checkpoint_of(options)
    loop = LoopOptions(
        maximize=run.maximize,
        every=_every(run),
        engine=_engine(run),
        callbacks=Callbacks(
            callback=options.get("callback"), progress=options.get("progress"), checkpoints=checkpoint
        ),
        since=since,
        keep_errors=True,
    )
    objective = run.objective.afresh() if since is None else _as_left(run.objective, since.snapshot)
    done = descend(objective, run.start, run.optimizer, stopping, loop=loop)
    objective.end_run()
    if options.get("explain", True):
        done = judged(done)
    if checkpoint is not None:
        checkpoint.end_run(done)
    return done


def _as_left(objective: Objective, snapshot: Snapshot) -> Objective:
    """The objective as the run left it, with notes of what is otherwise now, and of what is set back."""
    objective = copy.copy(with_memory(objective, snapshot.function))
    notes = [note for note in (_difference(objective, snapshot),) if note is not None]
    if snapshot.function.drawn:
        notes.append(
            message(
                "this run draws random numbers; it goes on with those that came next, for which it has set back:"
                " {generators}.",
                generators=listing(snapshot.function.drawn),
            )
        )
    if notes:
        objective.notes = (*objective.notes, *notes)
    return objective


def _difference(objective: Objective, snapshot: Snapshot) -> Message | None:
    """What computes now and is not what computed the first part, or computes by another way."""
    changes = changed_versions(snapshot, objective.tensors is not None)
    if changes:
        return goes_on_otherwise(changes)
    if (
        snapshot.witness is not None
        and objective.expression is not None
        and not snapshot.witness.same(snapshot.witness_of(objective))
    ):
        return message(
            "this run goes on by the formula that its function was traced into, whose last digits may not be those of"
            " a run in one piece; downslope.resume(path, function) keeps them."
        )
    return None


def more_stopping(before: Stopping, done: Mapping[str, int], options: Mapping[str, Any]) -> Stopping:
    """When the whole run is to end: so many more steps or evaluations, and the tests that it has or is given.

    Raises:
        UsageError: a limit is reached already, and no more is asked for.
    """
    more = Stopping.from_options(options)  # refuses what is none
    changes = {
        name: getattr(more, name) for name in (*_TESTED_BY, "seconds") if getattr(more, name) is not None
    }
    for name, count in done.items():
        asked, limit = getattr(more, name), getattr(before, name)
        if asked is not None:
            changes[name] = count + asked
        elif limit is not None and count >= limit:
            raise UsageError(
                message(
                    "this run has made all the {name} that it was to make, {limit}; {more} asks for more.",
                    name=name,
                    limit=limit,
                    more=argument(name, 100),
                )
            )
    return replace(before, **changes)


def _until(run: Descent, stopping: Stopping) -> Descent:
    """The run made again from its start, or from a place on its way, until then.

    Raises:
        DataError: it does not go the way that its history tells.
    """
    since = _nearest(run, stopping)
    drew = NOTHING_REMEMBERED if run.left_with is None else run.left_with.function
    loop = LoopOptions(maximize=run.maximize, every=_every(run), engine=_engine(run), since=since, again=drew)
    with as_left(run.objective, drew):  # the caller's generators stay where they are
        again = descend(_from(run.objective, since), run.start, run.optimizer, stopping, loop=loop)
    step = first_difference(run.history, again.history)
    if step is not None:
        raise DataError(
            message(
                "made again from its start, this run goes another way from step {step} on: its function draws random"
                " numbers, its rule was changed on the way, or another version or processor made it.",
                step=step,
            )
        )
    return again


def _from(objective: Objective, since: Continued | None) -> Objective:
    """The objective as it was there, or before the run."""
    if since is None or since.snapshot.function.memory is None:
        return objective.afresh()
    return with_memory(objective, since.snapshot.function)


def _nearest(run: Descent, stopping: Stopping) -> Continued | None:
    """The last known place before a run ends that is made again; None for its start.

    Of a thinned history the last rows before an end are kept all the same, so that a cycle is seen: those are made too.
    """
    kept = run.left_with is not None and run.left_with.function.memory is not None
    if not kept and run.objective.afresh().differentiation != run.objective.differentiation:
        return None  # it was left on the way, and no one kept where
    every_row = len(run.history) == run.nit + 1
    margin = 0 if every_row else TAIL_STEPS + 2
    until = run.nit if stopping.steps is None else min(stopping.steps, run.nit)
    evaluations = run.nfev if stopping.evaluations is None else stopping.evaluations
    found = last_before(run.stations, step=until - margin, evaluations=evaluations - margin)
    if found is None:
        return None
    rows = run.history.until(found.snapshot.trace.step)
    return Continued(found.snapshot, rows, found.seconds, found.counts)


def first_difference(history: History, again: History) -> int | None:
    """The first step that both have and at which they are not the same, bit for bit; None where there is none."""
    _, mine, theirs = np.intersect1d(history.step, again.step, return_indices=True)
    same = np.equal(history.value[mine], again.value[theirs]) & np.all(
        history.x[mine] == again.x[theirs], axis=1
    )
    apart = np.flatnonzero(~same)
    return int(history.step[mine[apart[0]]]) if len(apart) else None


def _every(run: Descent) -> int | None:
    return None if run.left_with is None else run.left_with.every


def _engine(run: Descent) -> Any:
    """The engine that it had; a rule that knows curvature, to which another has branched off, has its own."""
    curved = isinstance(run.optimizer.layers()[-1], CurvedRule)
    return run.engine if run.objective.evaluable and not curved else "auto"


def refuse_records(run: Descent) -> None:
    """Refuse what cannot be run here: the record of another's loop, or a function that is not in the file."""
    if isinstance(run.optimizer, ExternalOptimizer):
        raise UsageError(
            message(
                "this is the record of another library's loop, {loop!r}; it goes on there.",
                loop=run.optimizer,
            )
        )
    if not run.objective.evaluable:
        run.objective.value_and_gradient(run.start)  # says that its function is not in the file


def refuse_unknown(options: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse an option that there is not."""
    for name in options:
        if name not in known:
            raise UsageError(
                sentences(message("there is no option '{name}'.", name=name), nearest(name, known))
            )


def _changed_rule(run: Descent, options: Mapping[str, Any]) -> Optimizer:
    """The rule of a branch."""
    before, given = run.optimizer, dict(options.get("hyperparameters") or {})
    learning_rate = options.get("learning_rate")
    if options.get("optimizer") is not None:
        rule = as_optimizer(options["optimizer"], learning_rate, **given)
        if projection_of(before) is None:
            return rule
        if not rule.layers()[-1].projects:
            raise UsageError(
                message("{kind} cannot be kept within the bounds of this run.", kind=type(rule).__name__)
            )
        return before.replaced(1, rule)
    if learning_rate is not None:
        given["learning_rate"] = learning_rate
    layers = before.layers()
    for name, value in given.items():
        depth = next((i for i in reversed(range(len(layers))) if name in layers[i].hyperparameters()), None)
        if depth is None:
            raise HyperparameterError(
                message("{kind} has no '{name}'.", kind=type(layers[-1]).__name__, name=name)
            )
        before = before.replaced(depth, before.layers()[depth].changed(**{name: value}))
    return before
