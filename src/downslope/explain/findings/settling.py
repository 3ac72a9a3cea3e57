"""Runs that do not settle though their steps are not too large to be stable: cycles, chatter, steps held at a bound.

And runs that settled too early, since the test that ended them was loose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.descent import Status
from downslope.descent.norms import norm_of
from downslope.descent.trend import is_wide, period_of, repeats
from downslope.explain.advice import first_to_work, leave_out, rates, scheduled, tolerance
from downslope.explain.asked import by_gradient
from downslope.explain.curvature import as_dict
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.turning import turns
from downslope.optimizers.schedules.cosine import Cosine

MANY = 100  # steps that a falling schedule has at least
FEWEST = 12  # consecutive points from which to tell
SHRINKING = 0.5  # the last half of the steps against the half before: what gets shorter is settling
BACK = 0.2  # part of the steps that must turn back, or else
STAYING = 0.1  # part of the length of their path within which all points lie
AROUND = 20.0  # times the length of its steps within which a point circles a minimum
LOOSE = 0.1  # part of the way from the start that is still to go
STEEP = 1e-2  # part of the first gradient's norm that is still there


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """At most one."""
    found = (
        _loose(diagnosis)
        if diagnosis.succeeded_by_test
        else _held(diagnosis) or _chatter(diagnosis) or _cycle(diagnosis)
    )
    if found is not None:
        yield found


def _cycle(diagnosis: Diagnosis) -> Finding | None:
    """The points repeat themselves while the gradient does not vanish."""
    if diagnosis.status not in LIMITS or not diagnosis.norms[-1] > 0:
        return None
    late = diagnosis.late
    points = late if late is not None else diagnosis.run.history.x[:, diagnosis.free]
    period = period_of(points) if late is not None else 0
    if not period and not (late is None and repeats(points) and _moves(diagnosis)):
        return None
    if period and not diagnosis.asked and not is_wide(diagnosis.run.history.x, period):
        return None
    last = points[-max(period, 1) :]
    evidence: dict[str, Any] = {
        "period": period or None,
        "width": float(np.max(np.ptp(points[-4 * max(period, 1) :], axis=0))),
        "points": [as_dict(x, diagnosis.names) for x in last],
        "gradient_norm": float(diagnosis.norms[-1]),
        "rule": type(diagnosis.setup.rule).__name__,
    }
    chosen = (
        rates(diagnosis, [diagnosis.rate / 2, diagnosis.rate / 4, diagnosis.rate / 10, diagnosis.rate / 100])
        if diagnosis.rate
        else []
    )
    smaller = first_to_work(diagnosis, chosen)
    if smaller is not None and diagnosis.linear is not None and not diagnosis.known:
        limit = {"learning_rate": diagnosis.rate, "limit": None}  # which curvatures of so many do not tell
        key = "learning_rate_above_limit.tried"
        return Finding("learning_rate_above_limit", evidence | limit, False, smaller, key)
    advice = smaller or first_to_work(diagnosis, leave_out(diagnosis))
    return Finding("cycle", evidence, True, advice, "cycle" if period else "cycle.unknown")


def _moves(diagnosis: Diagnosis) -> bool:
    """Whether the next step, which thinned rows do not show, would move the point at all."""
    rate = diagnosis.rate
    return rate is not None and rate * float(diagnosis.norms[-1]) > 1e-9 * max(
        1.0, float(np.max(np.abs(diagnosis.final)))
    )


def _chatter(diagnosis: Diagnosis) -> Finding | None:
    """A rule whose steps do not fade with the gradient goes round a minimum at the distance that its rate sets."""
    late, rate = diagnosis.late, diagnosis.rate
    if (
        diagnosis.linear is not None
        or diagnosis.setup.changes_steps  # whose lengths are not the rule's
        or rate is None
        or diagnosis.status not in LIMITS
        or late is None
        or len(late) < FEWEST
    ):
        return None
    if not diagnosis.asked and diagnosis.reduction <= STEEP:
        return None
    lengths = np.linalg.norm(np.diff(late, axis=0), axis=1)
    middle = len(lengths) // 2
    length = float(np.median(lengths[middle:]))
    if not length > 0 or length < SHRINKING * np.median(lengths[:middle]):
        return None
    stays = norm_of(np.ptp(late, axis=0)) < STAYING * float(np.sum(lengths))
    if np.mean(turns(late) < 0) < BACK and not stays:
        return None
    centre = diagnosis.bottom.x if diagnosis.bottom is not None else np.mean(late[middle:], axis=0)
    distance = float(np.median(np.linalg.norm(late[middle:] - centre, axis=1)))
    if distance > AROUND * length:
        return None
    evidence = {
        "learning_rate": rate,
        "length": length,
        "distance": distance,
        "period": period_of(late) or None,
        "at": as_dict(centre, diagnosis.names),
        "rule": type(diagnosis.setup.rule).__name__,
    }
    steps = max(MANY, diagnosis.run.nit)
    falling = scheduled(diagnosis, Cosine(steps=steps, final=0.0), f"cosine(steps={steps})", steps)
    smaller = rates(diagnosis, [rate / 10, rate / 100])
    advice = first_to_work(
        diagnosis, [*smaller, *(falling if not diagnosis.asked else []), *leave_out(diagnosis), *falling]
    )
    return Finding("chatter", evidence, False, advice)


def _held(diagnosis: Diagnosis) -> Finding | None:
    """A rule that sizes its own steps within bounds stands at one of them."""
    rule = diagnosis.setup.rule.hyperparameters()
    least, most = rule.get("min_step"), rule.get("max_step")
    late = diagnosis.late
    if least is None or most is None or not diagnosis.missed or late is None or len(late) < 3:
        return None
    sizes = np.abs(np.diff(late[-FEWEST:], axis=0))
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return None
    for which, bound in (("min_step", float(least)), ("max_step", float(most))):
        if np.all(np.abs(sizes - bound) <= 1e-6 * bound + 4 * np.spacing(np.max(np.abs(late[-1])))):
            evidence = {"which": which, "bound": bound, "rule": type(diagnosis.setup.rule).__name__}
            return Finding(
                "step_size_bounds",
                evidence,
                True,
                first_to_work(diagnosis, leave_out(diagnosis)),
                f"step_size_bounds.{which}",
            )
    return None


def _loose(diagnosis: Diagnosis) -> Finding | None:
    """The test passed far from the stationary point, or where the slope had hardly fallen."""
    if diagnosis.status != Status.CONVERGED or not diagnosis.known or len(diagnosis.norms) < 2:
        return None
    part, left = _part_to_go(diagnosis), diagnosis.reduction
    asked = diagnosis.run.stopping
    if by_gradient(diagnosis.run) or (asked.value_tolerance is None and asked.x_tolerance is None):
        return (
            None if part is None or part <= LOOSE or left <= STEEP else _loosely(diagnosis, part, "gradient")
        )
    if not (left > STEEP and (part is None or part > LOOSE)):
        return None
    return _loosely(
        diagnosis, part, "value" if diagnosis.run.stopping.value_tolerance is not None else "step"
    )


def _part_to_go(diagnosis: Diagnosis) -> float | None:
    if diagnosis.bottom is None:
        return None
    whole = norm_of(diagnosis.bottom.x - diagnosis.start)
    return norm_of(diagnosis.bottom.x - diagnosis.final) / whole if whole > 0 else None


def _loosely(diagnosis: Diagnosis, part: float | None, which: str) -> Finding:
    evidence = {
        "test": which,
        "tolerance": diagnosis.run.stopping.value_tolerance
        if which == "value"
        else diagnosis.run.stopping.x_tolerance,
        "gradient_norm": float(diagnosis.norms[-1]),
        "left": diagnosis.reduction,
        "part": part,
    }
    if which == "gradient":
        evidence["tolerance"] = diagnosis.wanted
    smaller = tolerance(float(f"{1e-6 * float(diagnosis.norms[0]):.1g}"))
    advice = first_to_work(diagnosis, [smaller]) if which == "gradient" else None
    return Finding("loose_tolerance", evidence, False, advice, f"loose_tolerance.{which}")
