"""Runs that left: out of the domain, into an overflow, or down without end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.descent import Status
from downslope.descent.norms import norm_of
from downslope.explain.advice import Advice, first_to_work, leave_out, rates, trial
from downslope.explain.corners import length_at
from downslope.explain.curvature import along, as_dict
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings import edges
from downslope.explain.findings.finding import Finding
from downslope.explain.findings.within import bound
from downslope.explain.line_probe import fall_without_end
from downslope.explain.poles import falls_towards, first_crossing, place_of
from downslope.explain.subexpressions import divisors, failure_at
from downslope.objectives import Vector

SUDDEN = 3  # steps within which an overflow is the function's own and not a long divergence's end
DECADES = 9  # tenfold distances over which values must fall to be called falling for ever
FALLEN = 1.0  # times the size of the value where it begins: so far below 0 it must have come
STILL_THERE = (
    0.1  # part of the first gradient's norm that a run without a test still has, where it falls for ever
)
NEAR_A_POLE = 1e-3  # of the way: a divisor that vanishes within it is the one
NEXT_TO = 1e-6  # of the way back to the start: there what vanishes at a pole alone is not 0
MOST_AXES = 24  # coordinates along which it is looked, those of the greatest slope


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """Each where the run ended so."""
    left = diagnosis.run.termination.left_at
    if left is not None and diagnosis.status == Status.LEFT_DOMAIN:
        yield edges.corner(diagnosis, left) or edges.left_domain(diagnosis, left)
    elif left is not None and diagnosis.status == Status.DIVERGED:
        yield from _overflow(diagnosis, left)
    wall = edges.at_a_wall(diagnosis)
    if wall is not None:
        yield wall
        return
    pole = _onto_a_pole(diagnosis) or _into_a_pole(diagnosis) or _pole(diagnosis)
    if pole is not None:
        yield pole
    else:
        yield from _unbounded(diagnosis)


# --- poles --------------------------------------------------------------------------------------------


def _onto_a_pole(diagnosis: Diagnosis) -> Finding | None:
    """A step that landed in a pole, where the value is minus infinity."""
    left, objective = diagnosis.run.termination.left_at, diagnosis.run.objective
    if diagnosis.status != Status.UNBOUNDED or left is None or not len(diagnosis.values):
        return None
    parts = [text for text, divisor in divisors(objective, [left]) if divisor(left) == 0]
    at = as_dict(left, objective.parameters.coordinates)
    evidence: dict[str, Any] = {"step": diagnosis.run.nit + 1, "at": at}
    if parts:
        return Finding("pole", evidence | {"expression": parts[0]}, True, None, "pole.onto")
    failure = failure_at(objective, left)
    if failure is None or not np.isinf(failure.value) or abs(failure.number) > 1:
        return None
    if not np.isfinite(objective.value(left + NEXT_TO * (diagnosis.run.start - left))):
        return None  # what is 0 there has underflowed
    return Finding("pole", evidence | edges.parts_of(failure), True, None, "pole.onto.function")


def _into_a_pole(diagnosis: Diagnosis) -> Finding | None:
    """The run ended in a pole, towards which the objective falls without end."""
    if not diagnosis.may_be_in_a_pole:
        return None
    if diagnosis.point.detail != "pole" or diagnosis.point.escape is None:
        return None
    names, way = diagnosis.run.objective.parameters.coordinates, np.zeros(len(diagnosis.run.final))
    way[diagnosis.free] = diagnosis.point.escape
    reach = NEAR_A_POLE * length_at(diagnosis.final, diagnosis.start)
    found = place_of(diagnosis.run.objective, diagnosis.run.final, way, reach)
    evidence = {
        "step": diagnosis.run.nit,
        "expression": None if found is None else found[0],
        "at": as_dict(diagnosis.run.final if found is None else found[1], names),
        "value": float(diagnosis.sign * diagnosis.values[-1]),
        "gradient_norm": float(diagnosis.norms[-1]),
    }
    return Finding("pole", evidence, True, None, "pole.into" if found else "pole.into.opaque")


def _pole(diagnosis: Diagnosis) -> Finding | None:
    """A divisor that changes its sign between two points of the run, where the objective grows without end."""
    if diagnosis.succeeded_by_test or len(diagnosis.run.history) < 2:
        return None
    crossing = first_crossing(diagnosis.run)
    if crossing is None:
        return None
    names = diagnosis.run.objective.parameters.coordinates
    evidence = {
        "step": int(diagnosis.run.history.step[crossing.row]),
        "expression": crossing.text,
        "at": as_dict(crossing.at, names),
    }
    free = diagnosis.free
    falls = falls_towards(diagnosis.view, crossing.at[free], crossing.before[free])
    advice = _on_this_side(diagnosis, crossing.at, crossing.before)
    return Finding("pole", evidence, True, advice, "pole.falling" if falls else "pole")


def _on_this_side(diagnosis: Diagnosis, at: Vector, side: Vector) -> Advice | None:
    """A bound that keeps the run on the side of the pole where it began, where it then ends at a point of its own."""
    moved = np.flatnonzero(np.abs(side - at) > 1e-9 * np.maximum(1.0, np.abs(at)))
    chosen = rates(diagnosis, [diagnosis.rate / 10, diagnosis.rate / 100]) if diagnosis.rate else []
    if len(moved) == 1:
        i = int(moved[0])
        edge = float(f"{at[i] + edges.MARGIN * (side[i] - at[i]):.3g}")
        pair = (edge, None) if side[i] > at[i] else (None, edge)
        candidate = bound(diagnosis, {diagnosis.run.objective.parameters.coordinates[i]: pair})
        run = None if candidate is None else trial(diagnosis, candidate)
        if (
            candidate is not None
            and run is not None
            and abs(run.final[i] - edge) > 1e-9 * abs(side[i] - edge)
        ):
            chosen.insert(0, candidate)
    return first_to_work(diagnosis, chosen)


# --- overflows ----------------------------------------------------------------------------------------


def _overflow(diagnosis: Diagnosis, left: Vector) -> Iterator[Finding]:
    """An infinity that came within a few steps, or in a part of the formula whose whole would be finite."""
    lowest = int(np.argmin(diagnosis.values)) if len(diagnosis.values) else 0
    since = (
        int(diagnosis.run.history.step[-1] - diagnosis.run.history.step[lowest])
        if len(diagnosis.values)
        else 0
    )
    failure = failure_at(diagnosis.run.objective, left)
    if failure is None or not np.isinf(failure.value):
        return
    whole = diagnosis.run.objective.text.replace(" ", "")
    if since > SUDDEN and failure.part.replace(" ", "") in whole and not failure.part.startswith("exp"):
        return
    evidence = {
        "step": int(diagnosis.run.history.step[-1]) + 1,
        "at": as_dict(left, diagnosis.run.objective.parameters.coordinates),
        **edges.parts_of(failure),
    }
    η = diagnosis.rate or 0.0
    chosen = rates(diagnosis, [η / 10, η / 100, η / 1e3, η / 1e4, η / 1e6])
    advice = first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)])
    yield Finding("overflow", evidence, True, advice, edges.key_of("overflow", failure, 1))


# --- down without end ---------------------------------------------------------------------------------


def _unbounded(diagnosis: Diagnosis) -> Iterator[Finding]:
    if not len(diagnosis.values):
        return
    found = _unbounded_quadratic(diagnosis)
    if found is None and _suspicious(diagnosis):
        found = _unbounded_elsewhere(diagnosis)
    if found is not None:
        yield found


def _suspicious(diagnosis: Diagnosis) -> bool:
    if diagnosis.status == Status.UNBOUNDED or (
        diagnosis.run.termination.left_at is not None and diagnosis.values[-1] < diagnosis.values[0]
    ):
        return True
    if diagnosis.stands:
        return False
    untested = not diagnosis.asked and diagnosis.status in LIMITS and diagnosis.reduction > STILL_THERE
    return untested or (diagnosis.missed and diagnosis.reduction > 0)


def _unbounded_quadratic(diagnosis: Diagnosis) -> Finding | None:
    """Negative curvature, or a slope along which there is no curvature: proof enough."""
    if not diagnosis.quadratic or diagnosis.stands:
        return None
    curvature = diagnosis.curvature
    if curvature is None:
        return None
    gradient = diagnosis.first_gradient
    parts = curvature.vectors.T @ gradient
    size = norm_of(parts)
    down = [
        i
        for i, v in enumerate(curvature.values)
        if v < -diagnosis.view.doubt * abs(curvature.values).max() and abs(parts[i]) > 1e-12 * size
    ]
    level = [i for i, v in enumerate(curvature.values) if v == 0 and abs(parts[i]) > 1e-9 * size]
    chosen = [*down, *level]
    if not chosen:
        return None
    i = chosen[0]
    way = -np.sign(parts[i]) * curvature.vectors[:, i]
    proof = "negative_curvature" if down else "slope"
    return _made(diagnosis, way, diagnosis.final, exact=True, proof=proof)


def _unbounded_elsewhere(diagnosis: Diagnosis) -> Finding | None:
    x = diagnosis.run.history.x[:, diagnosis.free]
    best = int(np.argmin(diagnosis.values))
    base = x[best]
    gradient = diagnosis.view.gradient(base)
    ways = [-gradient, x[best] - x[max(0, best - 1)], base - diagnosis.start]
    steepest = np.argsort(-np.abs(gradient), kind="stable")[:MOST_AXES]
    chosen = np.arange(len(base)) if len(base) <= MOST_AXES else np.sort(steepest)
    ways += [s * np.eye(1, len(base), i)[0] for i in chosen for s in (1.0, -1.0)]
    for way in ways:
        length = norm_of(way)
        if not 0 < length < np.inf:
            continue
        found = _made(diagnosis, way / length, base, exact=False, proof="values")
        if found is not None:
            return found
    return None


def _made(diagnosis: Diagnosis, way: Vector, base: Vector, *, exact: bool, proof: str) -> Finding | None:
    """The finding, where values that way do fall for as far as numbers go and by no less each time."""
    scale = max(1.0, float(np.max(np.abs(base)))) if np.max(np.abs(base)) < 1e12 else 1.0
    base = base if np.max(np.abs(base)) < 1e12 else diagnosis.start
    with np.errstate(all="ignore"):
        fallen = fall_without_end(diagnosis.view, base, way, scale)
    finite = [(d, v) for d, v in fallen if np.isfinite(v)]
    if len(fallen) < (DECADES if not any(v == -np.inf for _, v in fallen) else 3):
        return None
    drops = -np.diff([v for _, v in finite])
    proven = exact and diagnosis.view.constant is not None
    if not proven and not -finite[-1][1] > FALLEN * abs(diagnosis.view.value(base)):
        return None  # whatever is bounded by 0, as a sum of squares is, cannot fall as far as this
    if not exact and len(drops) > 1 and not drops[-1] >= 0.9 * drops[-2] > 0:
        return None  # it falls ever less: towards a bound, as far as can be seen
    evidence = {
        "along": along(np.where(np.abs(way) < 1e-9, 0.0, way), diagnosis.names, signed=True),
        "direction": as_dict(way, diagnosis.names),
        "proof": proof,
        "values": [[d, diagnosis.sign * v] for d, v in finite[:6]],
        "far": finite[-1][0],
        "value_there": diagnosis.sign * finite[-1][1],
    }
    if proof == "negative_curvature":
        assert diagnosis.curvature is not None
        evidence["curvature"] = diagnosis.sign * float(diagnosis.curvature.values[0])
    return Finding("unbounded_below", evidence, exact, None, f"unbounded_below.{proof}")
