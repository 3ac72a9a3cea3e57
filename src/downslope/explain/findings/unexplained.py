"""Runs that failed though no other family knows why: what happens with something changed tells the cause, if anything.

A smaller learning rate that arrives where the run's own did not is proof that the run's own was too large, whatever the
method; a larger one that arrives within the same steps, that it was too small. Where neither does, it is said that
nothing explains the failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from downslope.descent import Descent, Status
from downslope.explain.advice import Advice, Candidate, first_to_work, leave_out, more_steps, rates, trial
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.findings.rmse import cone

SILENT = (Status.INTERRUPTED, Status.STOPPED_BY_CALLBACK)  # somebody ended the run: that needs no cause
PARTS = (3.0, 10.0, 30.0, 100.0, 1e3, 1e4)  # by which a learning rate is made smaller, then larger


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """One, of a run that failed."""
    run = diagnosis.run
    if run.termination.success:
        return
    evidence: dict[str, Any] = {
        "steps": run.nit,
        "learning_rate": diagnosis.rate,
        "limit": None,
        "rule": type(diagnosis.setup.rule).__name__,
    }
    decay = _decay(diagnosis)
    if decay is not None:
        yield decay
        return
    if diagnosis.rate is not None and len(diagnosis.norms):
        η, most = diagnosis.rate, run.nit + 1
        arrives = None if diagnosis.worsened else trial(diagnosis, Candidate(key="advice.steps"))
        own = arrives is not None and arrives.termination.status in (Status.CONVERGED, Status.TARGET_REACHED)
        smaller = None if own else first_to_work(diagnosis, rates(diagnosis, [η / part for part in PARTS]))
        if smaller is not None:
            key = "learning_rate_above_limit.tried"
            yield Finding("learning_rate_above_limit", evidence, False, smaller, key)
            return
        larger = first_to_work(diagnosis, rates(diagnosis, [η * part for part in PARTS]), most)
        if larger is not None:
            yield Finding("learning_rate_too_small", evidence, False, larger, "learning_rate_too_small.tried")
            return
    tip = cone(diagnosis)
    if tip is not None:
        yield tip
        return
    more = first_to_work(diagnosis, [more_steps(diagnosis)]) if diagnosis.missed else None
    if more is not None:
        evidence |= {"gradient_norm": run.gradient_norm, "wanted": diagnosis.wanted, "needed": None}
        key = "too_few_steps.tried" if diagnosis.asked_of_gradient else "too_few_steps.other_test"
        yield Finding("too_few_steps", evidence | {"steps": run.nit}, False, more, key)
        return
    advice = first_to_work(diagnosis, leave_out(diagnosis))
    if diagnosis.held:
        yield Finding("active_bounds", {"names": ", ".join(diagnosis.held)}, True, advice)
    else:
        yield from unexplained(run, advice)


def _decay(diagnosis: Diagnosis) -> Finding | None:
    """Weight decay that is not part of the objective, where the run arrives without it."""
    rule = diagnosis.setup.rule
    values = rule.hyperparameters()
    if not values.get("weight_decay") or not len(diagnosis.norms):
        return None
    without = {**values, "weight_decay": 0.0}
    without.pop("learning_rate", None)  # which stays, on its schedule if it has one
    candidate = Candidate(
        key="advice.weight_decay",
        setting={"hyperparameters": without},
        optimizer=diagnosis.setup.changed(weight_decay=0.0),
    )
    advice = first_to_work(diagnosis, [candidate])
    evidence = {"decay": values["weight_decay"], "rule": type(rule).__name__}
    return None if advice is None else Finding("weight_decay", evidence, False, advice, "weight_decay")


def unexplained(run: Descent, advice: Advice | None = None) -> list[Finding]:
    """That nothing explains how a run ended, where it failed."""
    if run.termination.success or run.termination.status in SILENT:
        return []
    if run.termination.status == Status.UNBOUNDED:
        seen = {"steps": run.nit, "value": run.fun}
        return [Finding("unbounded_below", seen, False, advice, "unbounded_below.seen", run.maximize)]
    missed = run.stopping.asks_for_a_test and run.termination.status in LIMITS
    evidence = {"steps": run.nit, "gradient_norm": run.gradient_norm}
    key = "unexplained.test" if missed else "unexplained"
    return [Finding("unexplained", evidence, True, advice, key, run.maximize)]
