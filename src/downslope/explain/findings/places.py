"""What is special about the place where a run stands or bounces: a kink, a saddle, flat ground."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from downslope.descent import Status
from downslope.descent.bounds import projection_of
from downslope.descent.norms import norm_of
from downslope.explain.advice import (
    Advice,
    Candidate,
    first_to_work,
    leave_out,
    rates,
    scheduled,
    tolerance,
    trial,
)
from downslope.explain.curvature import along, as_dict
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.poles import GROWN
from downslope.explain.subexpressions import kinks_along
from downslope.explain.turning import turns
from downslope.objectives import Vector
from downslope.optimizers.schedules.cosine import Cosine

LAST = 40  # steps at the end that are searched for a jump of the gradient
BISECTIONS = 40
JUMPS = 0.1  # part of the gradient's change that must remain when the points have come together
NEAR = 0.1  # part of the way from the start: a run that steps no further over a kink stands on it
MANY = 100  # steps that a schedule has at least
NUDGES = (1e-2, 1e-1, 1.0)  # of the scale, from a saddle along its way out
FLAT_DETAILS = ("flat_valley", "higher_order_minimum", "asymptote", "endless", "plateau", "jump", "undecided")

Across: TypeAlias = tuple[Vector, Vector, float]  # two points, and how far the run stepped between them


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """A kink first: at a kink there is no curvature to speak of."""
    if diagnosis.status in (Status.DIVERGED, Status.UNBOUNDED, Status.LEFT_DOMAIN):
        return
    if diagnosis.point.detail == "pole":
        return
    kink = _kink(diagnosis)
    if kink is not None:
        yield kink
        return
    point = diagnosis.point
    if point.kind == "small_by_units" or point.detail in FLAT_DETAILS:
        yield _flat(diagnosis)
    elif point.disappoints and point.escape is not None:
        yield _saddle(diagnosis)


# --- kinks ---------------------------------------------------------------------------------------------


def _kink(diagnosis: Diagnosis) -> Finding | None:
    if diagnosis.view.smooth or not (diagnosis.known or diagnosis.view.objective.program is not None):
        return None
    if diagnosis.point.kind == "kink":
        if diagnosis.point.rises and diagnosis.succeeded_by_test:
            return None  # it is the minimum, and was found
        return _kink_made(diagnosis, diagnosis.final, None, 0.0)
    if diagnosis.succeeded_by_test or (diagnosis.faded and not diagnosis.asked):
        return None  # steps that were made to fade settle on a kink as well as they can
    for pair in _across(diagnosis):
        found = _kink_between(diagnosis, *pair)
        if found is not None:
            return found
    return None


def _kink_between(diagnosis: Diagnosis, first: Vector, last: Vector, span: float) -> Finding | None:
    """The kink between two points, where most of the gradient's change is left when they have come together."""
    before, after = diagnosis.view.gradient(first), diagnosis.view.gradient(last)
    apart = norm_of(after - before)
    a, b = first, last
    for _ in range(BISECTIONS):
        middle = (a + b) / 2
        here = diagnosis.view.gradient(middle)
        if not np.all(np.isfinite(here)):
            break
        left = norm_of(here - diagnosis.view.gradient(a))
        right = norm_of(here - diagnosis.view.gradient(b))
        a, b = (a, middle) if left >= right else (middle, b)
    base = abs(diagnosis.view.value(first))
    if not max(abs(diagnosis.view.value(x)) for x in (a, b)) <= GROWN * (1 + base):
        return None  # the value jumps as well: it is a pole
    width = (b - a) + 1e-15 * (last - first)  # a little further: one of them may be the corner itself
    noise = diagnosis.view.noise(a) if diagnosis.known else 0.0  # which all second derivatives would tell
    jump = diagnosis.view.gradient(b + width) - diagnosis.view.gradient(a - width)
    size = norm_of(jump)
    if not np.inf > size > max(JUMPS * apart, 1e-6 * float(np.max(diagnosis.norms)), 100 * noise):
        return None
    return _kink_made(diagnosis, (a + b) / 2, jump, span)


def _across(diagnosis: Diagnosis) -> list[Across]:
    """Two points, neighbours on the way or right beside its end, between which the gradient changes most.

    Of a run that stalled both pairs: it stands beside a kink, or before one that it has jumped to and fro.
    """
    late = diagnosis.late
    if late is None:
        return _beside(diagnosis)
    if diagnosis.status == Status.STALLED:
        return _beside(diagnosis) + _turned_back(diagnosis, late)
    last = late[-LAST:]
    if len(last) < 4 or not np.any(turns(last) < 0):
        return (_turned_back(diagnosis, late) or _beside(diagnosis)) if diagnosis.missed else []
    gradients = np.array([diagnosis.view.gradient(x) for x in last])
    i = int(np.argmax(np.linalg.norm(np.diff(gradients, axis=0), axis=1)))
    return [(last[i], last[i + 1], norm_of(last[i + 1] - last[i]))]


def _turned_back(diagnosis: Diagnosis, late: Any) -> list[Across]:
    """Of the last steps after which the run turned back, one that changed the gradient most: a schedule's long one."""
    rows = np.flatnonzero(turns(late) < 0)[-LAST:]
    if not len(rows):
        return []
    changes = [norm_of(diagnosis.view.gradient(late[i + 1]) - diagnosis.view.gradient(late[i])) for i in rows]
    i = int(rows[int(np.argmax(changes))])
    return [(late[i], late[i + 1], norm_of(late[i + 1] - late[i]))]


def _beside(diagnosis: Diagnosis) -> list[Across]:
    gradient = diagnosis.view.gradient(diagnosis.final)
    length = norm_of(gradient)
    if not 0 < length < np.inf:
        return []
    step = 1e-6 * max(float(np.max(np.abs(diagnosis.final))), 1e-3) * gradient / length
    return [(diagnosis.final + step, diagnosis.final - step, 0.0)]


def _kink_made(diagnosis: Diagnosis, x: Vector, jump: Vector | None, span: float) -> Finding:
    names = diagnosis.names
    reach = 1e-6 * max(1.0, float(np.max(np.abs(x))))
    full = diagnosis.run.final.copy()
    full[diagnosis.free] = x
    size = None if jump is None else norm_of(jump)
    parts = kinks_along(diagnosis.run.objective, full, _whole(diagnosis, jump), reach)
    evidence: dict[str, Any] = {
        "at": as_dict(
            np.where(np.abs(x) < 1e-12 * max(1.0, float(np.max(np.abs(diagnosis.start)))), 0.0, x), names
        ),
        "along": diagnosis.point.way if jump is None or size is None else along(jump / size, names),
        "jump": size,
        "span": span,
        "near": span <= NEAR * max(norm_of(diagnosis.final - diagnosis.start), span),
        "expression": parts[0] if parts else None,
        "value": diagnosis.sign * diagnosis.view.value(x),
    }
    advice = _smaller_steps(diagnosis, diagnosis.view.value(x))
    key = "kink" if parts else "kink.opaque"
    if diagnosis.rate is None:
        key += ".adaptive"
    if jump is None:
        key = "kink.standing" if diagnosis.run.nit or not parts else "kink.start"
    return Finding("kink", evidence, True, advice, key)


def _whole(diagnosis: Diagnosis, jump: Vector | None) -> Vector:
    """The direction of a jump among all coordinates; without one, that of the kink that the point is on."""
    whole, way = np.zeros(len(diagnosis.run.final)), diagnosis.point.way
    if jump is not None and norm_of(jump) > 0:
        whole[diagnosis.free] = jump / norm_of(jump)
    elif way in diagnosis.names:
        whole[diagnosis.free[diagnosis.names.index(way)]] = 1.0
    return whole


def _smaller_steps(diagnosis: Diagnosis, bottom: float) -> Advice | None:
    """A rate that falls, where it ends at a tenth of the distance in value that the run ended at."""
    if diagnosis.rate is None or diagnosis.status not in LIMITS:
        return None
    if not float(diagnosis.values[-1]) > bottom:
        return None
    steps = max(MANY, diagnosis.run.nit)
    falling = scheduled(diagnosis, Cosine(steps=steps, final=0.0), f"cosine(steps={steps})", steps)
    return first_to_work(diagnosis, falling)


# --- saddles --------------------------------------------------------------------------------------------


def _saddle(diagnosis: Diagnosis) -> Finding:
    point = diagnosis.point
    assert point.escape is not None
    way = np.array(point.escape)
    advice, beyond = _way_out(diagnosis, way)
    evidence = {
        "kind": point.detail or point.kind,
        "along": point.way,
        "escape": as_dict(way, diagnosis.names),
        "curvature": (max if diagnosis.run.maximize else min)(point.curvatures, default=0.0),
        "curvatures": list(point.curvatures),
        "order": point.order,
        "beyond": beyond,
    }
    began = point.detail == "inflection" and diagnosis.run.nit == 0
    unmeasured = point.detail == "inflection" and point.order is None
    key = f"saddle.{point.detail or point.kind}" + (
        ".start" if began else ".unmeasured" if unmeasured else ""
    )
    return Finding("saddle", evidence, diagnosis.quadratic, advice, key)


def _way_out(diagnosis: Diagnosis, way: Vector) -> tuple[Advice | None, str | None]:
    """A start moved along the way out, where the run from there ends better; else how it ended."""
    scale = max(1.0, float(np.max(np.abs(diagnosis.final))))
    names, beyond = diagnosis.run.objective.parameters.coordinates, None
    bounds = projection_of(diagnosis.run.optimizer)
    for nudge in NUDGES:
        start = diagnosis.run.start.copy()
        start[diagnosis.free] = start[diagnosis.free] + nudge * scale * way
        if bounds is not None:
            start = np.clip(start, bounds.lower, bounds.upper)
        moved = Candidate(key="advice.start", setting={"start": as_dict(start, names)}, start=start)
        run = trial(diagnosis, moved)
        if run is None:
            break
        beyond = run.status
        lower = diagnosis.sign * run.fun < diagnosis.values[-1] - 1e-9 * max(1.0, abs(diagnosis.values[-1]))
        advice = first_to_work(diagnosis, [moved]) if lower else None
        if advice is not None or beyond == Status.UNBOUNDED:
            return advice, beyond
    return None, beyond


# --- flat ground ----------------------------------------------------------------------------------------


def _flat(diagnosis: Diagnosis) -> Finding:
    point = diagnosis.point
    kind = point.detail or point.kind
    curvatures = np.abs(point.curvatures) if point.curvatures else np.zeros(1)
    null = int(np.argmin(curvatures))
    entry = point.directions[null] if point.directions else {"along": "", "direction": {}}
    distance = norm_of(diagnosis.final - diagnosis.start)
    evidence = {
        "kind": kind,
        "along": point.way or entry["along"],
        "direction": entry["direction"]
        if point.line is None
        else as_dict(np.array(point.line), diagnosis.names),
        "curvature": entry.get("curvature", 0.0),
        "order": point.order,
        "distance": point.distance,
        "moved": distance,
        "gradient_norm": float(diagnosis.norms[-1]),
        "tolerance": diagnosis.run.stopping.tolerance,
        "value": diagnosis.sign * float(diagnosis.values[-1]),
    }
    key = f"flat.{kind}" + (".order" if kind == "higher_order_minimum" and point.order else "")
    key += ".start" if kind == "asymptote" and distance == 0 else ""
    return Finding("flat", evidence, diagnosis.quadratic, _further(diagnosis), key)


def _further(diagnosis: Diagnosis) -> Advice | None:
    """Where only the units made the gradient small: a tolerance that asks for as much as a scaled problem would."""
    if diagnosis.point.kind != "small_by_units" or diagnosis.run.stopping.tolerance is None:
        return None
    first = norm_of(diagnosis.first_gradient)
    smaller = tolerance(float(f"{1e-6 * first:.1g}"))
    candidates = [smaller]
    curvature = diagnosis.curvature
    if diagnosis.linear is not None and curvature is not None and curvature.largest > 0:
        faster = rates(diagnosis, [curvature.best_rate])
        candidates += [_with_tolerance(c, smaller, "advice.tolerance_and_rate") for c in faster]
    candidates += [_with_tolerance(c, smaller, c.key) for c in leave_out(diagnosis)]
    return first_to_work(diagnosis, candidates)


def _with_tolerance(candidate: Candidate, smaller: Candidate, key: str) -> Candidate:
    """Both changes at once."""
    setting = candidate.setting | smaller.setting
    return dataclasses.replace(candidate, key=key, setting=setting, tolerance=smaller.tolerance)
