"""What is special about the place where a run stands or bounces: a kink, a saddle, flat ground."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.descent import Status
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
from downslope.explain.case import LIMITS, Case, turns
from downslope.explain.curvature import along, as_dict
from downslope.explain.findings.finding import Finding
from downslope.explain.subexpressions import kinks_at
from downslope.objectives import Vector
from downslope.optimizers.schedules.cosine import Cosine

LAST = 40  # steps at the end that are searched for a jump of the gradient
BISECTIONS = 40
JUMPS = 0.1  # part of the gradient's change that must remain when the points have come together
BACK = 0.25  # part of the last steps that must go back on themselves
MANY = 100  # steps that a schedule has at least
NUDGES = (1e-2, 1e-1, 1.0)  # of the scale, from a saddle along its way out
FLAT_DETAILS = ("flat_valley", "higher_order_minimum", "asymptote", "plateau", "undecided")


def look(case: Case) -> Iterator[Finding]:
    """A kink first: at a kink there is no curvature to speak of."""
    if case.status in (Status.DIVERGED, Status.UNBOUNDED, Status.LEFT_DOMAIN) or not case.known:
        return
    kink = _kink(case)
    if kink is not None:
        yield kink
        return
    point = case.point
    if point.kind == "small_by_units" or point.detail in FLAT_DETAILS:
        yield _flat(case)
    elif point.disappoints:
        yield _saddle(case)


# --- kinks ---------------------------------------------------------------------------------------------


def _kink(case: Case) -> Finding | None:
    if case.landscape.smooth:
        return None
    if case.point.kind == "kink":
        return _kink_made(case, case.final, None, 0.0)
    if case.succeeded_by_test or (case.faded and not case.asked):
        return None  # steps that were made to fade settle on a kink as well as they can
    pair = _across(case)
    if pair is None:
        return None
    first, last, span = pair
    before, after = case.landscape.gradient(first), case.landscape.gradient(last)
    apart = float(np.linalg.norm(after - before))
    a, b = first, last
    for _ in range(BISECTIONS):
        middle = (a + b) / 2
        here = case.landscape.gradient(middle)
        if not np.all(np.isfinite(here)):
            break
        left = np.linalg.norm(here - case.landscape.gradient(a))
        right = np.linalg.norm(here - case.landscape.gradient(b))
        a, b = (a, middle) if left >= right else (middle, b)
    width = (b - a) + 1e-15 * (last - first)  # a little further: one of them may be the corner itself
    jump = case.landscape.gradient(b + width) - case.landscape.gradient(a - width)
    size = float(np.linalg.norm(jump))
    if not size > max(JUMPS * apart, 1e-6 * float(np.max(case.norms)), 100 * case.landscape.noise(a)):
        return None
    return _kink_made(case, (a + b) / 2, jump, span)


def _across(case: Case) -> tuple[Vector, Vector, float] | None:
    """Two points, neighbours on the way or right beside its end, between which the gradient changes most."""
    late = case.late
    if case.status == Status.STALLED or late is None:
        return _beside(case)
    last = late[-LAST:]
    if len(last) < 4 or np.mean(turns(last) < 0) < BACK:
        return _beside(case) if case.missed else None
    gradients = np.array([case.landscape.gradient(x) for x in last])
    i = int(np.argmax(np.linalg.norm(np.diff(gradients, axis=0), axis=1)))
    return last[i], last[i + 1], float(np.linalg.norm(last[i + 1] - last[i]))


def _beside(case: Case) -> tuple[Vector, Vector, float] | None:
    gradient = case.landscape.gradient(case.final)
    length = float(np.linalg.norm(gradient))
    if not 0 < length < np.inf:
        return None
    step = 1e-6 * max(float(np.max(np.abs(case.final))), 1e-3) * gradient / length
    return case.final + step, case.final - step, 0.0


def _kink_made(case: Case, x: Vector, jump: Vector | None, span: float) -> Finding:
    names = case.names
    reach = 1e-6 * max(1.0, float(np.max(np.abs(x))))
    full = case.run.final.copy()
    full[case.free] = x
    parts = kinks_at(case.run.objective, full, reach)
    size = None if jump is None else float(np.linalg.norm(jump))
    evidence: dict[str, Any] = {
        "at": as_dict(
            np.where(np.abs(x) < 1e-12 * max(1.0, float(np.max(np.abs(case.start)))), 0.0, x), names
        ),
        "along": case.point.way if jump is None or size is None else along(jump / size, names),
        "jump": size,
        "span": span,
        "expression": parts[0] if parts else None,
        "value": case.sign * case.landscape.value(x),
    }
    advice = _smaller_steps(case, case.landscape.value(x))
    key = "kink" if parts else "kink.opaque"
    if jump is None:
        key = "kink.standing"
    return Finding("kink", evidence, True, advice, key)


def _smaller_steps(case: Case, bottom: float) -> Advice | None:
    """A rate that falls, where it ends at a tenth of the distance in value that the run ended at."""
    if case.rate is None or case.status not in LIMITS:
        return None
    if not float(case.values[-1]) > bottom:
        return None
    steps = max(MANY, case.run.nit)
    falling = scheduled(case, Cosine(steps=steps, final=0.0), f"cosine(steps={steps})", steps)
    return first_to_work(case, falling)


# --- saddles --------------------------------------------------------------------------------------------


def _saddle(case: Case) -> Finding:
    point = case.point
    assert point.escape is not None
    way = np.array(point.escape)
    advice, beyond = _way_out(case, way)
    evidence = {
        "kind": point.detail or point.kind,
        "along": point.way,
        "escape": as_dict(way, case.names),
        "curvature": min(point.curvatures) if not case.run.maximize else max(point.curvatures),
        "curvatures": list(point.curvatures),
        "order": point.order,
        "beyond": beyond,
    }
    unmeasured = point.detail == "inflection" and point.order is None
    key = f"saddle.{point.detail or point.kind}" + (".unmeasured" if unmeasured else "")
    return Finding("saddle", evidence, case.quadratic, advice, key)


def _way_out(case: Case, way: Vector) -> tuple[Advice | None, str | None]:
    """A start moved along the way out, where the run from there ends better; else how it ended."""
    scale = max(1.0, float(np.max(np.abs(case.final))))
    names, beyond = case.run.objective.parameters.coordinates, None
    for nudge in NUDGES:
        start = case.run.start.copy()
        start[case.free] = start[case.free] + nudge * scale * way
        moved = Candidate(key="advice.start", setting={"start": as_dict(start, names)}, start=start)
        run = trial(case, moved)
        if run is None:
            break
        beyond = run.status
        lower = case.sign * run.fun < case.values[-1] - 1e-9 * max(1.0, abs(case.values[-1]))
        advice = first_to_work(case, [moved]) if lower else None
        if advice is not None or beyond == Status.UNBOUNDED:
            return advice, beyond
    return None, beyond


# --- flat ground ----------------------------------------------------------------------------------------


def _flat(case: Case) -> Finding:
    point = case.point
    kind = point.detail or point.kind
    curvatures = np.abs(point.curvatures) if point.curvatures else np.zeros(1)
    null = int(np.argmin(curvatures))
    entry = point.directions[null] if point.directions else {"along": "", "direction": {}}
    distance = float(np.linalg.norm(case.final - case.start))
    evidence = {
        "kind": kind,
        "along": point.way or entry["along"],
        "direction": entry["direction"] if point.line is None else as_dict(np.array(point.line), case.names),
        "curvature": entry.get("curvature", 0.0),
        "order": point.order,
        "distance": point.distance,
        "moved": distance,
        "gradient_norm": float(case.norms[-1]),
        "tolerance": case.run.stopping.tolerance,
        "value": case.sign * float(case.values[-1]),
    }
    key = f"flat.{kind}" + (".order" if kind == "higher_order_minimum" and point.order else "")
    return Finding("flat", evidence, case.quadratic, _further(case, kind), key)


def _further(case: Case, kind: str) -> Advice | None:
    """Where only the units made the gradient small: a tolerance that asks for as much as a scaled problem would."""
    if kind != "small_by_units" or case.run.stopping.tolerance is None:
        return None
    first = float(np.linalg.norm(case.first_gradient))
    smaller = tolerance(float(f"{1e-6 * first:.1g}"))
    candidates = [smaller]
    if case.linear is not None and case.curvature is not None and case.curvature.largest > 0:
        for faster in rates(case, [case.curvature.best_rate]):
            setting = faster.setting | smaller.setting
            changed = {"key": "advice.tolerance_and_rate", "setting": setting, "tolerance": smaller.tolerance}
            candidates.append(dataclasses.replace(faster, **changed))
    for free in leave_out(case):
        changed = {"setting": free.setting | smaller.setting, "tolerance": smaller.tolerance}
        candidates.append(dataclasses.replace(free, **changed))
    return first_to_work(case, candidates)
