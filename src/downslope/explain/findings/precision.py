"""Where numbers end: tolerances below rounding, and steps too short to be taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from downslope.descent import Status
from downslope.explain.advice import first_to_work, leave_out, rates, tolerance
from downslope.explain.case import LIMITS, Case
from downslope.explain.closed_form import steps_to
from downslope.explain.curvature import as_dict
from downslope.explain.findings.finding import Finding

LAST = 100  # rows at the end, among which the gradient must no longer fall
FALLING = 0.5  # the second half of them against the first
FLOORS = 100.0  # multiples of the estimated floor within which a gradient has reached it
DRAWS = 8  # neighbours of a point, by which the rounding of its gradient is measured


def look(case: Case) -> Iterator[Finding]:
    """The floor of rounding; else what else could stop a run from moving."""
    if not case.known or not case.missed or len(case.norms) < 2:
        return
    found = _floor(case)
    if found is None and case.status == Status.STALLED:
        found = _stalled(case)
    if found is not None:
        yield found


def _floor(case: Case) -> Finding | None:
    """The gradient no longer falls, it is of the size that rounding has, and theory does not promise more."""
    asked = case.run.stopping.tolerance
    if asked is None or case.status not in (*LIMITS, Status.STALLED):
        return None
    last = case.norms[-LAST:]
    half = len(last) // 2
    still = case.status == Status.STALLED or np.min(last[half:]) >= FALLING * np.min(last[:half])
    estimate = _rounding(case)
    level = float(np.median(last[half:])) if case.status != Status.STALLED else float(case.norms[-1])
    if not still or not 0 < level <= FLOORS * estimate or not asked < level or _on_its_way(case, level):
        return None
    evidence = {
        "tolerance": asked,
        "floor": level,
        "estimate": estimate,
        "precision": case.run.objective.dtype.name,
        "steps": case.run.nit,
    }
    tolerances = [tolerance(float(f"{factor * level:.1g}")) for factor in (2, 10, 100)]
    return Finding("rounding_floor", evidence, True, first_to_work(case, tolerances), "rounding_floor")


def _rounding(case: Case) -> float:
    """By how much the gradient differs between neighbours: numbers next to the last point in its own precision."""
    x = case.final.astype(case.run.objective.dtype)
    random = np.random.default_rng(0)
    here, largest = case.landscape.gradient(case.final), case.landscape.noise(case.final)
    for _ in range(DRAWS):
        beside = np.nextafter(x, x + random.choice([-1, 1], size=len(x)).astype(x.dtype))
        change = np.linalg.norm(case.landscape.gradient(beside.astype(np.float64)) - here)
        largest = max(largest, float(change)) if np.isfinite(change) else largest
    return largest


def _on_its_way(case: Case, level: float) -> bool:
    """Whether theory says that more steps lower the gradient: then it is slow, and not at the floor."""
    linear, curvature = case.linear, case.curvature
    if linear is None or curvature is None or not case.quadratic or case.status == Status.STALLED:
        return False
    here = case.landscape.gradient(case.final)
    needed = steps_to(linear, curvature, here, FALLING * level)
    return needed is not None and needed > LAST / 2


def _stalled(case: Case) -> Finding:
    """The point does not move: because its steps are shorter than the spacing of numbers, or for a reason not seen."""
    gradient = float(np.linalg.norm(case.landscape.gradient(case.final)))
    spacing = float(
        np.linalg.norm(np.spacing(np.abs(case.final).astype(case.run.objective.dtype)).astype(float))
    )
    rate = case.rate
    step = None if rate is None else rate * gradient
    short = step is not None and step <= spacing
    evidence = {
        "step": case.run.nit,
        "at": as_dict(case.final, case.names),
        "gradient_norm": gradient,
        "step_length": step,
        "spacing": spacing,
    }
    advice = None
    if rate is not None and short:
        best = case.curvature.best_rate if case.curvature is not None and case.curvature.largest > 0 else rate
        chosen = rates(case, [best, best / 2, 100 * rate, 1e4 * rate, 1e6 * rate])
        advice = first_to_work(case, [*chosen, *leave_out(case)])
    return Finding("stalled", evidence, True, advice, "stalled.short" if short else "stalled")
