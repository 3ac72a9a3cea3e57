"""Runs that meet an edge of the domain: that left it, that hit a corner on it, or that stand at it as at a wall."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from downslope.descent.norms import norm_of
from downslope.explain.advice import Advice, Candidate, first_to_work, leave_out, rates, trial
from downslope.explain.budget import TooDearError
from downslope.explain.curvature import along, as_dict
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.findings.within import bound, edge_along, held_at, is_opaque
from downslope.explain.poles import has_a_pole_at_its_edge
from downslope.explain.subexpressions import Failure, failure_at, kinks_at
from downslope.explain.walls import MOST_AXES, edge_between, plain
from downslope.objectives import Vector

NAME = re.compile(r"\w+(?:\[[\d, ]+\])?")
MARGIN = 1e-3  # of the way to the edge of the domain, where a bound is put


def left_domain(diagnosis: Diagnosis, left: Vector) -> Finding:
    """What failed where a run left the domain, and what keeps it inside."""
    failure = failure_at(diagnosis.run.objective, left)
    overflows = failure is not None and np.isinf(failure.value) and abs(failure.number) > 1
    code = "overflow" if overflows else "left_domain"
    step = int(diagnosis.run.history.step[-1]) + 1 if len(diagnosis.run.history) else 0
    evidence = {
        "step": step,
        "at": as_dict(left, diagnosis.run.objective.parameters.coordinates),
        **parts_of(failure),
        "last_good": None
        if step == 0
        else as_dict(diagnosis.run.final, diagnosis.run.objective.parameters.coordinates),
    }
    key = key_of(code, failure, step)
    pole = _pole_on_the_way(diagnosis, left) if key == "left_domain" else None
    if pole is not None:  # a bound would only be leant on: the value falls on and on towards it
        evidence |= {"pole": as_dict(pole, diagnosis.run.objective.parameters.coordinates)}
        return Finding(
            code, evidence, True, first_to_work(diagnosis, _smaller(diagnosis)), "left_domain.pole"
        )
    advice = None if step == 0 else _stay_inside(diagnosis, left)
    return Finding(code, evidence, True, advice, key)


def _pole_on_the_way(diagnosis: Diagnosis, left: Vector) -> Vector | None:
    """The edge of the domain that a step crossed, where the objective falls without end towards it; else None."""
    good, view, free = diagnosis.run.final, diagnosis.view, diagnosis.free
    way = left - good
    try:
        _, outside = edge_between(lambda part: diagnosis.run.objective.value(good + part * way), 0.0, 1.0)
        failure = failure_at(diagnosis.run.objective, good + outside * way)
        if failure is None or not has_a_pole_at_its_edge(
            view, failure, diagnosis.final, (good + outside * way)[free]
        ):
            return None
    except TooDearError:
        return None
    at = good + outside * way
    return np.array([plain(float(x), float(x), float(size)) for x, size in zip(at, np.abs(way), strict=True)])


def at_a_wall(diagnosis: Diagnosis) -> Finding | None:
    """A run that stands at an edge of the domain, towards which the objective falls."""
    wall = diagnosis.wall
    if wall is None:
        return None
    names = diagnosis.run.objective.parameters.coordinates
    full, beyond = diagnosis.run.final.copy(), diagnosis.run.final.copy()
    i = int(diagnosis.free[wall.axis])
    full[i], beyond[diagnosis.free] = wall.edge, wall.beyond
    failure = failure_at(diagnosis.run.objective, beyond)
    alone = len(names) == 1 or (
        failure is not None and set(NAME.findall(failure.argument)) & set(names) == {names[i]}
    )
    at = {names[i]: wall.edge} if alone else as_dict(full, names)
    evidence = {"step": diagnosis.run.nit, "at": at, **parts_of(failure)}
    key = "edge_of_domain" if failure is not None else "edge_of_domain.opaque"
    advice = held_at(diagnosis, i, wall.edge, float(beyond[i]))
    return Finding("edge_of_domain", evidence, True, advice, key)


def corner(diagnosis: Diagnosis, left: Vector) -> Finding | None:
    """A kink that was hit exactly: the value is there and behind it, and the slope is not."""
    if not np.isfinite(diagnosis.run.objective.value(left)):
        return None
    reach = 1e-9 * max(1.0, float(np.max(np.abs(left))))
    parts = kinks_at(diagnosis.run.objective, left, reach)
    if not parts:
        return None
    names = diagnosis.run.objective.parameters.coordinates
    way = left - diagnosis.run.final
    length = norm_of(way)
    if length > 0 and not np.isfinite(diagnosis.run.objective.value(left + reach * way / length)):
        return None  # sqrt(x) at 0 is an end and no corner, as that of sqrt(x^2) is
    evidence = {
        "at": as_dict(left, names),
        "along": along(way / length, names) if length > 0 else names[0],
        "expression": parts[0],
        "jump": None,
        "span": length,
        "value": diagnosis.run.objective.value(left),
    }
    key = "kink" if len(diagnosis.run.history) else "kink.start"
    return Finding("kink", evidence, True, first_to_work(diagnosis, leave_out(diagnosis)), key)


def parts_of(failure: Failure | None) -> dict[str, Any]:
    """What failed, as evidence."""
    if failure is None:
        return {"expression": None, "argument": None, "value": None, "gives": None, "of": None}
    gives = "nan" if np.isnan(failure.value) else "inf"
    return {
        "expression": failure.part,
        "argument": failure.argument,
        "value": failure.number,
        "gives": gives,
        "of": failure.of,
    }


def key_of(code: str, failure: Failure | None, step: int) -> str:
    """The sentence for it: at the start, of the slope alone, or where no formula tells."""
    where = ".start" if step == 0 else ""
    if failure is None:
        return f"{code}.opaque{where}"
    if failure.of != "value":
        return f"{code}.slope{where}"
    return f"{code}{where}"


def _stay_inside(diagnosis: Diagnosis, left: Vector) -> Advice | None:
    """A smaller rate; else a bound, where one coordinate alone crossed the edge; of an opaque one the bound first.

    Its calls are counted, and trials of rates would use up those that tell where the edge is.
    """
    try:
        if is_opaque(diagnosis.run.objective):
            return _leaning(diagnosis, left) or _bounded(diagnosis, left)
        if len(left) > MOST_AXES:  # each trial takes a good part of what may be spent
            return _leaning(diagnosis, left) or _smaller_or_bounded(diagnosis, left)
        return _smaller_or_bounded(diagnosis, left)
    except TooDearError:
        return None  # that it left the domain is said all the same


def _smaller(diagnosis: Diagnosis) -> list[Candidate]:
    """Smaller rates, where there is one."""
    η = diagnosis.rate
    return [] if η is None else rates(diagnosis, [η / 2, η / 5, η / 20, η / 100, η / 1e3])


def _smaller_or_bounded(diagnosis: Diagnosis, left: Vector) -> Advice | None:
    return (
        first_to_work(diagnosis, _smaller(diagnosis))
        or _bounded(diagnosis, left)
        or first_to_work(diagnosis, leave_out(diagnosis))
        or _leaning(diagnosis, left)
    )


def _leaning(diagnosis: Diagnosis, left: Vector) -> Advice | None:
    """A bound at the edge itself, where the objective falls all the way to it."""
    good, scale = diagnosis.run.final, float(np.max(np.abs(diagnosis.run.start - left)))
    for i in range(len(good)):
        found = edge_along(diagnosis, good, left, i)
        if found is not None:
            return held_at(diagnosis, i, plain(*found, scale), float(left[i]))
    return None


def _bounded(diagnosis: Diagnosis, left: Vector) -> Advice | None:
    """A bound on the one coordinate that alone crossed the edge, where the run then ends somewhere else than at it."""
    if diagnosis.setup.bounded or not len(diagnosis.run.history):
        return None
    good, names = diagnosis.run.final, diagnosis.run.objective.parameters.coordinates
    for i, name in enumerate(names):
        found_edge = edge_along(diagnosis, good, left, i)
        if found_edge is None:
            continue
        edge = found_edge[1]
        inside = float(edge + MARGIN * (good[i] - edge))
        pair = (inside, None) if left[i] < good[i] else (None, inside)
        candidate = bound(diagnosis, {name: pair})
        run = None if candidate is None else trial(diagnosis, candidate)
        if run is None or abs(run.final[i] - inside) <= MARGIN * abs(good[i] - inside):
            continue  # it would only lean on the bound that was made up
        found = first_to_work(diagnosis, [candidate] if candidate else [])
        if found is not None:
            return found
    return None
