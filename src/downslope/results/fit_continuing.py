"""Fits that go on from where they ended."""

from __future__ import annotations

from dataclasses import replace

from downslope.descent import Descent, Stopping
from downslope.descent.descend import Callbacks
from downslope.descent.evidence import TESTS, Cause
from downslope.errors import UsageError
from downslope.fitting.state import FitState
from downslope.messages import argument, message
from downslope.results.continuing import (
    GOES_ON,
    ResumeOptions,
    more_stopping,
    refuse_met,
    refuse_unknown,
)


def continued(run: Descent, state: FitState, options: ResumeOptions) -> FitState:
    """A fit that is to go on, until what is asked for now.

    Args:
        run: as it ended.
        state: where it left off.
        options: of ``Fit.resume``.

    Raises:
        UsageError: an option is unknown, it has ended in a way from which nothing goes on, or at a limit and no more
            is asked for.
    """
    refuse_unknown(options, [name for name in ResumeOptions.__annotations__ if name != "explain"])
    evidence = run.termination.evidence
    cause = None if evidence is None else evidence.cause
    if cause not in GOES_ON:
        raise UsageError(
            message("this fit has an end from which nothing goes on: {why}", why=run.termination.said)
        )
    if cause in TESTS:
        refuse_met(options)
    if cause == Cause.STEP_LIMIT and "steps" not in options:
        raise UsageError(
            message(
                "this run has made all the {name} that it was to make, {limit}; {more} asks for more.",
                name="steps",
                limit=run.nit,
                more=argument("steps", 100),
            )
        )
    stopping = more_stopping(_asked(state), {"steps": run.nit, "evaluations": run.nfev}, options)
    callbacks = Callbacks(callback=options.get("callback"), progress=options.get("progress"))
    began = state.plan.began or state.plan.stopping
    return replace(state, plan=replace(state.plan, stopping=stopping, began=began, callbacks=callbacks))


def _asked(state: FitState) -> Stopping:
    """When it was to end; of a rule that somebody named with the test that it has where none was asked for."""
    plan = state.plan
    return (
        plan.stopping
        if plan.optimizer is None or state.batches is not None
        else plan.stopping.with_defaults()
    )
