"""Costs that are the root of a quadratic: their learning rate misleads.

∇√q = ∇q/(2√q): a step of η on the root is a step of η/(2√q) on the quadratic, ever larger as the fit improves.
Near a minimum with √q* > 0 stability needs η < 2/L with L = λmax(∇²q)/(2√q*); on an exact fit there is no rate that
settles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Status
from downslope.descent.norms import norm_of
from downslope.explain.advice import Candidate, first_to_work, leave_out, rates, scheduled, shortened
from downslope.explain.curvature import Curvature
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.linear import LinearRule
from downslope.explain.subexpressions import squared
from downslope.explain.turning import turns
from downslope.objectives import FormulaObjective, Vector
from downslope.optimizers.schedules.cosine import Cosine
from downslope.symbolic.multiplying import freed_of

EXACT_FIT = 1e-7  # of the start's value: a least root below this is an exact fit
SETTLING = 0.5  # the last steps against those before: what is still getting smaller is not chattering


@dataclass(frozen=True)
class Root:
    """An objective √q: the quadratic's Hessian and minimum, and the root's least value."""

    hessian: NDArray[np.float64]
    minimum: Vector
    least: float
    inside: Any


def root_of(diagnosis: Diagnosis) -> Root | None:
    """The objective as the root of a convex quadratic, where it is one and was descended."""
    objective = diagnosis.run.objective
    if not isinstance(objective, FormulaObjective) or diagnosis.setup.ridge:
        return None
    inside = squared(objective)
    if inside is None or not len(diagnosis.values) or diagnosis.values[0] < 0:
        return None
    symbols = list(objective.symbols)
    gradient = [inside.diff(s) for s in symbols]
    second = [[freed_of(g.diff(s), symbols) for s in symbols] for g in gradient]
    if any(entry is None for row in second for entry in row):
        return None
    zero = dict.fromkeys(symbols, 0)
    h = np.array([[float(entry) for entry in row if entry is not None] for row in second])
    linear = np.array([float(g.subs(zero)) for g in gradient])
    if np.min(np.linalg.eigvalsh(h)) < -1e-9 * np.max(np.abs(h)):
        return None
    minimum = diagnosis.run.start - np.linalg.lstsq(h, h @ diagnosis.run.start + linear, rcond=None)[0]
    least = float(inside.subs(dict(zip(symbols, map(float, minimum), strict=True))))
    first = abs(float(diagnosis.values[0])) if len(diagnosis.values) else 1.0
    least = float(np.sqrt(max(least, 0.0)))
    return Root(h, minimum, least if least > EXACT_FIT * max(first, 1e-300) else 0.0, inside)


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """Only where a linear rule with a constant rate does not settle."""
    if (
        diagnosis.linear is None
        or diagnosis.succeeded_by_test
        or not diagnosis.known
        or diagnosis.run.nit < 3
    ):
        return
    root = root_of(diagnosis)
    if root is None:
        return
    if root.least > 0:
        yield from _rate(diagnosis, diagnosis.linear, root)
    elif _chatters(diagnosis):
        yield _chatter(diagnosis, diagnosis.linear, root)


def _rate(diagnosis: Diagnosis, linear: LinearRule, root: Root) -> Iterator[Finding]:
    curvature = Curvature.of(root.hessian / (2 * root.least), diagnosis.run.objective.parameters.coordinates)
    limit = linear.limit(curvature.largest)
    if linear.rate <= limit:
        return
    best = curvature.best_rate if len(linear.free) == 1 else limit / 2
    evidence = {
        "learning_rate": linear.rate,
        "limit": limit,
        "best_rate": best,
        "least_value": root.least,
        "curvature_of_square": 2 * root.least * curvature.largest,
        "along": curvature.along(-1),
        "direction": curvature.direction(-1),
        "effective_rate": linear.rate / (2 * root.least),
        "value": diagnosis.sign * float(diagnosis.values[-1]),
        "at": dict(
            zip(diagnosis.run.objective.parameters.coordinates, map(float, root.minimum), strict=True)
        ),
    }
    chosen = rates(diagnosis, [best, limit / 2, limit / 4])
    advice = first_to_work(diagnosis, [*chosen, *leave_out(diagnosis), *_on_square(diagnosis, root)])
    yield Finding("rmse_rate", evidence, False, advice, "rmse_rate")


def _chatters(diagnosis: Diagnosis) -> bool:
    late = diagnosis.late
    if late is None or len(late) < 12:
        return diagnosis.status in (Status.DIVERGED, Status.STALLED)
    lengths = np.linalg.norm(np.diff(late, axis=0), axis=1)[-200:]
    middle = len(lengths) // 2
    if np.median(lengths[middle:]) < SETTLING * np.median(lengths[:middle]):
        return False
    return diagnosis.status in (*LIMITS, Status.DIVERGED, Status.STALLED) and bool(
        np.mean(turns(late[-200:]) < 0) > 0.4
    )


def _chatter(diagnosis: Diagnosis, linear: LinearRule, root: Root) -> Finding:
    L = float(np.max(np.linalg.eigvalsh(root.hessian)))
    late = diagnosis.late if diagnosis.late is not None else diagnosis.early
    span = norm_of(np.diff(late[-2:], axis=0)) if len(late) > 1 else 0.0
    evidence = {
        "learning_rate": linear.rate,
        "value": diagnosis.sign * float(diagnosis.values[-1]),
        "settles_above": linear.rate * L / 4,  # below this value the rate of the square is above its limit
        "span": span,
        "curvature_of_square": L,
        "at": dict(
            zip(diagnosis.run.objective.parameters.coordinates, map(float, root.minimum), strict=True)
        ),
    }
    advice = first_to_work(
        diagnosis, [*_on_square(diagnosis, root), *leave_out(diagnosis), *_falling(diagnosis)]
    )
    return Finding("rmse_chatter", evidence, False, advice, "rmse_chatter")


def cone(diagnosis: Diagnosis) -> Finding | None:
    """Of any other rule that turned back, where the root falls to 0: the tip of a cone that it cannot settle on."""
    late = diagnosis.late
    if diagnosis.linear is not None or not diagnosis.known or not diagnosis.missed or late is None:
        return None
    root = root_of(diagnosis) if len(late) > 2 and np.any(turns(late) < 0) else None
    if root is None or root.least > 0:
        return None
    names = diagnosis.run.objective.parameters.coordinates
    evidence = {
        "at": dict(zip(names, map(float, root.minimum), strict=True)),
        "along": diagnosis.point.way,
        "expression": diagnosis.run.objective.text,
        "jump": None,
        "span": norm_of(diagnosis.final - root.minimum[diagnosis.free]),
        "near": False,
        "value": 0.0,
    }
    advice = first_to_work(diagnosis, [*_on_square(diagnosis, root), *leave_out(diagnosis)])
    return Finding("kink", evidence, True, advice, "kink.cone")


def _on_square(diagnosis: Diagnosis, root: Root) -> list[Candidate]:
    """The same data without the root: gradient descent on q, at the best rate of its own curvature."""
    if diagnosis.run.maximize:
        return []  # its square would have to be descended
    old = diagnosis.run.objective
    square = FormulaObjective(root.inside, old.parameters, "square", dtype=old.dtype)
    curvature = Curvature.of(root.hessian, old.parameters.coordinates)
    rate = shortened(curvature.best_rate)
    return [
        Candidate(
            key="advice.square",
            setting={"objective": "square", "learning_rate": rate},
            optimizer=diagnosis.setup.changed(learning_rate=rate),
            objective=square,
            tolerance=1e-6 * max(1.0, curvature.largest),
        )
    ]


def _falling(diagnosis: Diagnosis) -> list[Candidate]:
    if diagnosis.rate is None:
        return []
    steps = max(100, diagnosis.run.nit)
    return scheduled(diagnosis, Cosine(steps=steps, final=0.0), f"cosine(steps={steps})", steps)
