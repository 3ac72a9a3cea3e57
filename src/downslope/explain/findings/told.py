"""What a run was told that is not so: a target below the minimum, a least value that is not the least."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from downslope.explain.advice import Candidate, first_to_work, leave_out, tolerance
from downslope.explain.curvature import as_dict
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.objectives import Vector

ROUNDINGS = 1e3  # of the values, by which one must be off the other
OWN = 1e-6  # part of the first gradient's norm that a run without its target is to reach


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """At most one: the minimum that the run goes to denies what it was told."""
    if not (diagnosis.known or diagnosis.held) or not len(diagnosis.norms) or diagnosis.succeeded_by_test:
        return
    found = _target(diagnosis) or _least_value(diagnosis)
    if found is not None:
        yield found


def _lowest(diagnosis: Diagnosis) -> tuple[Vector, float] | None:
    """The minimum that the run came to or is on its way to, and the value there as descent sees it."""
    if diagnosis.bottom is not None:
        return diagnosis.bottom.x, diagnosis.bottom.value
    arrived = not len(diagnosis.names) or (diagnosis.stands and diagnosis.point.is_wanted)
    return (diagnosis.final, float(diagnosis.values[-1])) if arrived else None


def _place(diagnosis: Diagnosis, x: Vector) -> dict[str, float]:
    """The whole point, those coordinates included that bounds hold."""
    whole = diagnosis.run.final.copy()
    whole[diagnosis.free] = x
    return as_dict(whole, diagnosis.run.objective.parameters.coordinates)


def _doubt(diagnosis: Diagnosis, *values: float) -> float:
    return ROUNDINGS * diagnosis.view.precision * float(np.max(np.abs(values)))


def _target(diagnosis: Diagnosis) -> Finding | None:
    """No point near the minimum has the value that was to be reached."""
    asked = diagnosis.run.stopping.target
    lowest = _lowest(diagnosis) if asked is not None else None
    if asked is None or lowest is None:
        return None
    target, (x, value) = diagnosis.sign * asked, lowest
    if not value - target > _doubt(diagnosis, value, target):
        return None
    evidence = {
        "target": asked,
        "value": diagnosis.sign * value + 0.0,
        "at": _place(diagnosis, x),
        "steps": diagnosis.run.nit,
    }
    instead = tolerance(float(f"{OWN * float(diagnosis.norms[0]):.1g}"))
    return Finding("target_out_of_reach", evidence, True, first_to_work(diagnosis, [instead]))


def _least_value(diagnosis: Diagnosis) -> Finding | None:
    """A rule that sizes its steps by the least value was told another."""
    rule = diagnosis.setup.rule
    values = rule.hyperparameters()
    told = values.get("minimum")
    lowest = None if told is None else _lowest(diagnosis)
    if told is None or lowest is None:
        return None
    x, value = lowest
    off = told - value
    if not abs(off) > _doubt(diagnosis, value, told):
        return None
    evidence = {
        "rule": type(rule).__name__,
        "told": told,
        "value": value,
        "at": _place(diagnosis, x),
    }
    candidate = Candidate(
        key="advice.least_value",
        setting={"hyperparameters": {**values, "minimum": value}},
        optimizer=diagnosis.setup.changed(minimum=value),
    )
    advice = first_to_work(diagnosis, [candidate, *leave_out(diagnosis)])
    return Finding(
        "wrong_least_value", evidence, True, advice, f"wrong_least_value.{'high' if off > 0 else 'low'}"
    )
