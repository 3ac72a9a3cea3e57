"""Where numbers end: tolerances below rounding, and steps too short to be taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from downslope.descent import Status
from downslope.explain.advice import Advice, from_trial, trial, try_rates, worked
from downslope.explain.curvature import as_dict
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding

LAST = 100  # rows at the end, among which the gradient must no longer fall
FALLING = 0.5  # the second half of them against the first
FLOORS = 1e4  # multiples of the estimated floor within which a gradient has reached it


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """The floor of rounding; else what else could stop a run from moving."""
    if not diagnosis.known or not diagnosis.missed or len(diagnosis.norms) < 2:
        return
    found = _floor(diagnosis)
    if found is None and diagnosis.status == Status.STALLED:
        found = _stalled(diagnosis)
    if found is not None:
        yield found


def _floor(diagnosis: Diagnosis) -> Finding | None:
    tolerance = diagnosis.run.stopping.tolerance
    if tolerance is None or diagnosis.status not in (*LIMITS, Status.STALLED):
        return None
    last = diagnosis.norms[-LAST:]
    half = len(last) // 2
    still = diagnosis.status == Status.STALLED or np.min(last[half:]) >= FALLING * np.min(last[:half])
    estimate = diagnosis.view.noise(diagnosis.final)
    level = (
        float(np.median(last[half:])) if diagnosis.status != Status.STALLED else float(diagnosis.norms[-1])
    )
    if not still or not 0 < level <= FLOORS * estimate or not tolerance < level:
        return None
    evidence = {
        "tolerance": tolerance,
        "floor": level,
        "estimate": estimate,
        "precision": diagnosis.run.objective.dtype.name,
        "steps": diagnosis.run.nit,
    }
    return Finding("rounding_floor", evidence, True, _attainable(diagnosis, level), "rounding_floor")


def _attainable(diagnosis: Diagnosis, level: float) -> Advice | None:
    for factor in (2, 10, 100):
        tolerance = float(f"{factor * level:.1g}")
        run = trial(diagnosis, diagnosis.run.optimizer, tolerance=tolerance)
        if run is not None and worked(run):
            return from_trial("advice.tolerance", {"tolerance": tolerance}, run)
    return None


def _stalled(diagnosis: Diagnosis) -> Finding:
    """The point does not move: because its steps are shorter than the spacing of numbers, or for a reason not seen."""
    gradient = float(np.linalg.norm(diagnosis.view.gradient(diagnosis.final)))
    spacing = float(
        np.linalg.norm(
            np.spacing(np.abs(diagnosis.final).astype(diagnosis.run.objective.dtype)).astype(float)
        )
    )
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
        advice = try_rates(diagnosis, [best, best / 2, 100 * rate, 1e4 * rate, 1e6 * rate])
    return Finding("stalled", evidence, True, advice, "stalled.short" if short else "stalled")
