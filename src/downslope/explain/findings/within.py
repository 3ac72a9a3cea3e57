"""Bounds that keep a run inside the domain: at an edge that it met, or a little before it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from downslope.descent.bounds import within_bounds
from downslope.errors import UsageError
from downslope.explain.advice import Advice, Candidate, first_to_work
from downslope.explain.budget import TooDearError
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.walls import MOST_AXES, edge_between, plain
from downslope.objectives import Objective, Vector
from downslope.optimizers import as_optimizer

BEFORE = (
    1e-9,
    1e-6,
    1e-3,
)  # of the way from an edge to the start: there a bound is put that is to have a slope
FARTHER = 3.0  # times as far as the run came: so far edges are looked for along other coordinates
Pair = tuple[float | None, float | None]


class Edge(NamedTuple):
    """Where the domain ends along one coordinate, and whether it lies above that."""

    at: float
    above: bool

    def kept(self, distance: float) -> Pair:
        """The bound that keeps so far away from it."""
        return (self.at + distance, None) if self.above else (None, self.at - distance)


def held_at(diagnosis: Diagnosis, i: int, edge: float, beyond: float) -> Advice | None:
    """A bound at the edge, or where there is no slope on it, a little before it; where it takes several, on all."""
    on_it = diagnosis.run.final.copy()
    on_it[i] = edge
    pole = diagnosis.sign * diagnosis.run.objective.value(on_it) == -np.inf
    if diagnosis.setup.bounded or pole:
        return None
    begun = float(diagnosis.run.start[i])
    distances = [0.0, *(float(f"{part * abs(begun - edge):.1g}") for part in BEFORE)]
    met = {i: Edge(edge, beyond < begun)}
    if len(on_it) > MOST_AXES:  # each trial takes a good part of what may be spent
        return _first_bounds(diagnosis, met | _edges_of_others(diagnosis, i), distances)
    found = _first_bounds(diagnosis, met, distances)
    if found is not None or not diagnosis.advising:
        return found
    others = _edges_of_others(diagnosis, i)
    return _first_bounds(diagnosis, met | others, distances) if others else None


def _first_bounds(diagnosis: Diagnosis, edges: dict[int, Edge], distances: list[float]) -> Advice | None:
    """Bounds on all these coordinates, at the first of the distances with which a run proves them."""
    each = (bound(diagnosis, _named(diagnosis, edges, distance)) for distance in distances)
    return first_to_work(diagnosis, (candidate for candidate in each if candidate is not None))


def _edges_of_others(diagnosis: Diagnosis, first: int) -> dict[int, Edge]:
    """The edges of the domain that lie downhill along other coordinates, each moved alone from the start."""
    objective, start = diagnosis.run.objective, diagnosis.run.start
    reach = float(np.max(np.abs(start - diagnosis.run.final)))
    found: dict[int, Edge] = {}
    try:
        slope = diagnosis.sign * objective.value_and_gradient(start)[1]
        for j in map(int, np.argsort(-np.abs(slope), kind="stable")[:MOST_AXES]):
            if j == first or not np.isfinite(slope[j]) or slope[j] == 0:
                continue
            far = start.copy()
            far[j] -= np.sign(slope[j]) * FARTHER * max(reach, abs(start[j]))
            between = edge_along(diagnosis, start, far, j)
            if between is not None:
                found[j] = Edge(plain(*between, reach), bool(slope[j] > 0))
    except TooDearError:
        pass  # those that were found will do, or not: a trial tells
    return found


def _named(diagnosis: Diagnosis, edges: dict[int, Edge], distance: float) -> dict[str, Pair]:
    """Bounds by coordinate; by parameter where all of its coordinates have the same, as far as they were looked at."""
    parameters, named, begin = diagnosis.run.objective.parameters, dict[str, Pair](), 0
    for name, size in zip(parameters.names, parameters.sizes, strict=True):
        own = {j: edge.kept(distance) for j, edge in edges.items() if begin <= j < begin + size}
        if size > 1 and len(own) >= min(size, MOST_AXES) and len(set(own.values())) == 1:
            named[name] = next(iter(own.values()))
        else:
            named |= {parameters.coordinates[j]: pair for j, pair in own.items()}
        begin += size
    return named


def bound(diagnosis: Diagnosis, bounds: dict[str, Pair]) -> Candidate | None:
    """Bounds, with a method that can be kept within them; None where there is none such."""
    if diagnosis.setup.wrapped or diagnosis.setup.schedule is not None:
        return None
    own = diagnosis.setup.rule.projects and not is_opaque(diagnosis.run.objective)  # its calls are counted
    rule = diagnosis.run.optimizer if own else as_optimizer("spg")
    try:
        rule, objective, start = within_bounds(rule, diagnosis.run.objective, diagnosis.run.start, bounds)
    except UsageError:
        return None  # the start lies outside
    listed = {name: list(pair) for name, pair in bounds.items()}
    setting = {"bounds": listed} | ({} if own else {"optimizer": None, "hyperparameters": None})
    if not own and diagnosis.rate is not None:
        setting["learning_rate"] = None
    chosen = not own and type(diagnosis.setup.rule).name() != "auto"
    key = "advice.bounds_alone" if chosen else "advice.bounds"
    return Candidate(key=key, setting=setting, optimizer=rule, start=start, objective=objective)


def is_opaque(objective: Objective) -> bool:
    """Whether only calls tell of it."""
    return objective.expression is None and objective.program is None


def edge_along(diagnosis: Diagnosis, good: Vector, left: Vector, i: int) -> tuple[float, float] | None:
    """The last number with a value and a slope and the first without, coordinate ``i`` moved alone from good to bad.

    None where it does not leave the domain so.
    """
    objective = diagnosis.run.objective

    def value(number: float) -> float:
        x = good.copy()
        x[i] = number
        if is_opaque(objective):
            return objective.value(x)  # whose slope would take calls that are counted
        there, slope = objective.value_and_gradient(x)
        return float(there) if np.all(np.isfinite(slope)) else np.nan

    inside, outside = float(good[i]), float(left[i])
    return None if np.isfinite(value(outside)) else edge_between(value, inside, outside)
