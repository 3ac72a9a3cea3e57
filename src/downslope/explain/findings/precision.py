"""Where numbers end: tolerances below rounding, and steps too short to be taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from downslope.descent import Status
from downslope.descent.norms import norm_of
from downslope.explain.advice import Candidate, first_to_work, leave_out, rates, tolerance
from downslope.explain.closed_form import steps_to
from downslope.explain.curvature import as_dict
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.objectives.wrapped import ScaledObjective

LAST = 100  # rows at the end, among which the gradient must no longer fall
FALLING = 0.5  # the second half of them against the first
FLOORS = 100.0  # multiples of the estimated floor within which a gradient has reached it
DRAWS = 8  # neighbours of a point, by which the rounding of its gradient is measured


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """The floor of rounding; else what else could stop a run from moving."""
    if diagnosis.known and diagnosis.point.detail == "lost_in_rounding":
        yield _lost(diagnosis)
    moved = len(diagnosis.norms) > 1 or diagnosis.status == Status.STALLED
    if not diagnosis.known or not diagnosis.missed or not moved:
        return
    found = _floor(diagnosis)
    if found is None and diagnosis.status == Status.STALLED and not diagnosis.faded:
        found = _stalled(diagnosis)
    if found is not None:
        yield found


def _lost(diagnosis: Diagnosis) -> Finding:
    """Values so large beside what they change by that differences of them are rounding."""
    run = diagnosis.run
    evidence = {
        "tolerance": diagnosis.wanted,
        "floor": diagnosis.point.distance,
        "estimate": diagnosis.point.distance,
        "precision": run.objective.dtype.name,
        "steps": run.nit,
        "value": run.fun,
    }
    return Finding("rounding_floor", evidence, True, None, "rounding_floor.differences")


def _floor(diagnosis: Diagnosis) -> Finding | None:
    """The gradient no longer falls, it is of the size that rounding has, and theory does not promise more."""
    asked = diagnosis.run.stopping.tolerance
    if asked is None or diagnosis.status not in (*LIMITS, Status.STALLED):
        return None
    last = diagnosis.norms[-LAST:]
    half = len(last) // 2
    still = diagnosis.status == Status.STALLED or np.min(last[half:]) >= FALLING * np.min(last[:half])
    estimate = _rounding(diagnosis)
    level = (
        float(np.median(last[half:])) if diagnosis.status != Status.STALLED else float(diagnosis.norms[-1])
    )
    if not still or not 0 < level <= FLOORS * estimate or not asked < level or _on_its_way(diagnosis, level):
        return None
    if not diagnosis.view.hides(diagnosis.final, diagnosis.view.gradient(diagnosis.final), FLOORS):
        return None  # along some direction the slope is a real one
    evidence = {
        "tolerance": asked,
        "floor": level,
        "estimate": estimate,
        "precision": diagnosis.run.objective.dtype.name,
        "steps": diagnosis.run.nit,
    }
    tolerances = [tolerance(float(f"{factor * level:.1g}")) for factor in (2, 10, 100)]
    return Finding("rounding_floor", evidence, True, first_to_work(diagnosis, tolerances), "rounding_floor")


def _rounding(diagnosis: Diagnosis) -> float:
    """By how much the gradient differs between neighbours: numbers next to the last point in its own precision."""
    x = diagnosis.final.astype(diagnosis.run.objective.dtype)
    random = np.random.default_rng(0)
    here, largest = diagnosis.view.gradient(diagnosis.final), diagnosis.view.noise(diagnosis.final)
    for _ in range(DRAWS):
        beside = np.nextafter(x, x + random.choice([-1, 1], size=len(x)).astype(x.dtype))
        change = norm_of(diagnosis.view.gradient(beside.astype(np.float64)) - here)
        largest = max(largest, change) if np.isfinite(change) else largest
    return largest


def _on_its_way(diagnosis: Diagnosis, level: float) -> bool:
    """Whether theory says that more steps lower the gradient: then it is slow, and not at the floor."""
    linear, curvature = diagnosis.linear, diagnosis.curvature
    if linear is None or curvature is None or not diagnosis.quadratic or diagnosis.status == Status.STALLED:
        return False
    here = diagnosis.view.gradient(diagnosis.final)
    needed = steps_to(linear, curvature, here, FALLING * level)
    return needed is not None and needed > LAST / 2


def _stalled(diagnosis: Diagnosis) -> Finding:
    """The point does not move: because its steps are shorter than the spacing of numbers, or for a reason not seen."""
    gradient = norm_of(diagnosis.view.gradient(diagnosis.final))
    dtype = diagnosis.run.objective.dtype
    if np.sqrt(np.finfo(dtype).max) < gradient < np.inf:
        evidence = {"step": diagnosis.run.nit, "gradient_norm": gradient, "precision": dtype.name}
        times = 10.0 ** -round(np.log10(gradient))
        smaller = ScaledObjective(diagnosis.run.objective, times)
        candidate = Candidate(key="advice.multiply", setting={"times": times}, objective=smaller)
        return Finding("stalled", evidence, True, first_to_work(diagnosis, [candidate]), "stalled.squares")
    spacing = norm_of(np.spacing(np.abs(diagnosis.final).astype(diagnosis.run.objective.dtype)))
    rate = diagnosis.rate
    step = None if rate is None else rate * gradient
    short = step is not None and step <= spacing
    evidence = {
        "step": diagnosis.run.nit,
        "at": as_dict(diagnosis.final, diagnosis.names),
        "gradient_norm": gradient,
        "step_length": step,
        "spacing": spacing,
    }
    advice = None
    if rate is not None and short:
        best = (
            diagnosis.curvature.best_rate
            if diagnosis.curvature is not None and diagnosis.curvature.largest > 0
            else rate
        )
        chosen = rates(diagnosis, [best, best / 2, 100 * rate, 1e4 * rate, 1e6 * rate])
        advice = first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)])
    key = (
        "stalled"
        if gradient > 0 and not short
        else "stalled.short"
        if gradient > 0
        else "stalled.nothing_left"
    )
    return Finding("stalled", evidence, True, advice, key)
