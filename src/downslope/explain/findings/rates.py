"""Learning rates that are too large: divergence, bouncing and zig-zag, for rules that are linear in the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.descent import Status
from downslope.descent.bounds import projection_of
from downslope.descent.norms import norm_of
from downslope.descent.trend import period_of
from downslope.explain.advice import (
    Advice,
    Candidate,
    first_to_work,
    leave_out,
    method,
    rates,
    shortened,
    trial,
)
from downslope.explain.classifying import MOST_PARAMETERS
from downslope.explain.closed_form import steps_to
from downslope.explain.curvature import Curvature
from downslope.explain.diagnosis import WINDOW, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.krylov import steepest_at
from downslope.explain.linear import LinearRule, best_modulus, best_momentum, written
from downslope.explain.turning import reversals, turns

ZIGZAG = -0.75  # a factor between this and -1 takes more than 48 steps to a millionth, changing sides at each
ALIKE = 1e-6  # relative: curvatures that differ by no more are the same
ZIGZAG_AT_BEST = -0.85  # the same where the rate is below the best one: then only a slow one is worth a word
AT_BEST = 1e-3  # part by which a rate may miss the best one
SEEN = 0.05  # part of the first gradient that a direction must have for its zig-zag to be seen
PRESENT = 1e-13  # part of it below which a direction is not there at all
MEASURED = 0.2  # part by which a measured factor may differ from the one that is said
SAMPLES = 12  # places on the way where steps are held against the curvature
BACKWARDS = 0.5  # part of the steps that must go back on themselves to be called a zig-zag
BOUNCING = 0.15  # the same, of steps that do not get shorter, to be called bouncing


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """Divergence first; a zig-zag only where there is none."""
    if diagnosis.linear is None:
        yield from _measured_divergence(diagnosis)
        return
    found = (
        _exactly(diagnosis, diagnosis.linear)
        if diagnosis.quadratic
        else _locally(diagnosis, diagnosis.linear)
    )
    if found is not None:
        yield found
    elif not diagnosis.quadratic and diagnosis.worsened and not diagnosis.cycles:
        yield from _measured_divergence(diagnosis)


# --- quadratics: exact -------------------------------------------------------------------------------


def _exactly(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    curvature = diagnosis.curvature
    if curvature is None or (diagnosis.succeeded_by_test and diagnosis.run.nit == 0):
        return None
    parts = np.abs(curvature.vectors.T @ diagnosis.first_gradient)
    size = norm_of(parts)
    factors = [linear.factor(float(v)) for v in curvature.values]
    growing = [
        i
        for i, λ in enumerate(map(float, curvature.values))
        if λ > 0 and not linear.settles(λ) and parts[i] > PRESENT * size
    ]
    if growing and not diagnosis.succeeded_by_test:
        i = max(growing, key=lambda i: abs(factors[i]))
        return _above(diagnosis, linear, curvature, i, exact=True)
    worst = _tolerable(linear, curvature)
    flipping = [
        i for i, f in enumerate(factors) if f.imag == 0 and -1 < f.real <= worst and parts[i] > SEEN * size
    ]
    if not flipping or diagnosis.run.nit < 3:
        return None
    i = min(flipping, key=lambda i: factors[i].real)
    return _zigzag(diagnosis, linear, curvature, i, exact=True)


def _tolerable(linear: LinearRule, curvature: Curvature) -> float:
    """The factor from which on changing sides is called a zig-zag."""
    worst = max((abs(linear.factor(float(v))) for v in curvature.values if v > 0), default=1.0)
    if worst <= best_modulus(curvature.condition) + AT_BEST:
        return -np.inf  # no momentum and no constant rate are better
    plain = len(linear.free) == 1 and curvature.smallest > 0
    same = shortened(linear.rate) == shortened(curvature.best_rate)
    if plain and (same or abs(linear.rate / curvature.best_rate - 1) <= AT_BEST):
        return -np.inf  # no constant rate is better
    return ZIGZAG_AT_BEST if plain and linear.rate <= curvature.best_rate else ZIGZAG


def _above(
    diagnosis: Diagnosis, linear: LinearRule, curvature: Curvature, i: int, *, exact: bool, **more: Any
) -> Finding:
    λ = float(curvature.values[i])
    limit = linear.limit(curvature.largest)
    evidence: dict[str, Any] = {
        "learning_rate": linear.rate,
        "limit": limit,
        "curvature": λ,
        "along": curvature.along(i),
        "direction": curvature.direction(i),
        "factor": written(linear.factor(λ)),
        "began": _turning_point(diagnosis),
        **_rates(linear, curvature),
        **more,
    }
    bottom = diagnosis.bottom.curvature if diagnosis.bottom is not None else curvature
    advice = _slower(diagnosis, linear, bottom, limit)
    at_limit = abs(abs(linear.factor(λ)) - 1) <= 1e-12
    seen = bool(len(diagnosis.values)) and diagnosis.values[-1] > np.min(diagnosis.values)
    key = "" if at_limit or not exact else "" if seen else "learning_rate_above_limit.unseen"
    if at_limit:
        key = "learning_rate_above_limit.at"
    elif exact and diagnosis.status != Status.DIVERGED and _meets_bounds(diagnosis, curvature, i):
        key = "learning_rate_above_limit.bounded"
    elif exact and f"{linear.rate:.4g}" == f"{limit:.4g}":
        key = "learning_rate_above_limit.close"
    elif not exact and not _alike(evidence["factor"], more.get("measured_factor")):
        key = "learning_rate_above_limit.onset"
    return Finding("learning_rate_above_limit", evidence, exact, advice, key)


def _meets_bounds(diagnosis: Diagnosis, curvature: Curvature, i: int) -> bool:
    """Whether points of the run lie on bounds of coordinates that a direction has."""
    bounds = projection_of(diagnosis.run.optimizer)
    if bounds is None:
        return False
    x = diagnosis.run.history.x
    met = np.any((x <= np.array(bounds.lower)) | (x >= np.array(bounds.upper)), axis=0)
    return bool(np.any(met[diagnosis.free] & (np.abs(curvature.vectors[:, i]) > ALIKE)))


def _alike(factor: float, measured: float | None) -> bool:
    """Whether the steps did what the curvature says."""
    return measured is not None and abs(measured - factor) <= MEASURED * abs(factor)


def _rates(linear: LinearRule, curvature: Curvature) -> dict[str, Any]:
    """The best constant rate of plain gradient descent, and κ."""
    best = curvature.best_rate if curvature.smallest > 0 else 1 / curvature.largest
    plain = len(linear.free) == 1
    return {
        "best_rate": best if plain else None,
        "condition": curvature.condition if np.isfinite(curvature.condition) else None,
        "momentum": None if plain else linear.momentum,
        "rule": type(linear.rule).__name__,
    }


def _turning_point(diagnosis: Diagnosis) -> int:
    """The step from which on the value rose to the end: that of the last least value."""
    if not len(diagnosis.values):
        return 0
    lowest = len(diagnosis.values) - 1 - int(np.argmin(diagnosis.values[::-1]))
    return int(diagnosis.run.history.step[lowest])


def _slower(diagnosis: Diagnosis, linear: LinearRule, curvature: Curvature, limit: float) -> Advice | None:
    """A smaller learning rate that was run: the best of theory first, then ever smaller ones."""
    η, L = linear.rate, curvature.largest
    theory = []
    if L > 0:
        plain = len(linear.free) == 1
        theory = [curvature.best_rate if plain and curvature.smallest > 0 else 0.5 * linear.limit(L), 1 / L]
    fractions = [limit / 2, limit / 4, η / 2, η / 4, η / 10, η / 30, η / 100, η / 1e3, η / 1e4]
    chosen = rates(diagnosis, [rate for rate in [*theory, *fractions] if rate < η])
    return first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)])


def _zigzag(
    diagnosis: Diagnosis, linear: LinearRule, curvature: Curvature, i: int, *, exact: bool, **more: Any
) -> Finding:
    slow = _slowest(linear, curvature, i)
    evidence: dict[str, Any] = {
        "learning_rate": linear.rate,
        "factor": written(linear.factor(float(curvature.values[i]))),
        "along": curvature.along(i),
        "direction": curvature.direction(i),
        "curvature": float(curvature.values[i]),
        "slow_factor": written(linear.factor(float(curvature.values[slow]))),
        "slow_along": curvature.along(slow),
        "slow_curvature": float(curvature.values[slow]),
        "limit": linear.limit(curvature.largest),
        "factors": [
            {"along": curvature.along(j), "curvature": float(v), "factor": written(linear.factor(float(v)))}
            for j, v in enumerate(curvature.values)
        ],
        **_rates(linear, curvature),
        **more,
    }
    key = "zigzag.single" if len(curvature.values) == 1 or slow == i else ""
    advice = _calmer(diagnosis, linear, curvature)
    return Finding("zigzag", evidence, exact, advice, (key + ("" if exact else ".local")) if key else "")


def _slowest(linear: LinearRule, curvature: Curvature, i: int) -> int:
    """The direction of another curvature than that of ``i`` that shrinks most slowly; ``i`` where there is none."""
    same = ALIKE * float(curvature.values[i])
    others = [j for j, v in enumerate(curvature.values) if v > 0 and abs(v - curvature.values[i]) > same]
    return max(others, key=lambda j: abs(linear.factor(float(curvature.values[j]))), default=i)


def _calmer(diagnosis: Diagnosis, linear: LinearRule, curvature: Curvature) -> Advice | None:
    """Something that takes at most four fifths of the steps: the best rate, or momentum as Polyak would set it."""
    if diagnosis.quadratic:
        now = steps_to(linear, curvature, diagnosis.first_gradient, diagnosis.wanted)
    else:
        again = trial(diagnosis, Candidate(key=""))
        now = float(again.nit) if again is not None and again.termination.status == Status.CONVERGED else None
    enough = 0.8 * now if now else np.inf
    if len(linear.free) == 1 and curvature.smallest > 0:
        β, scaled = best_momentum(curvature.condition)
        chosen = rates(diagnosis, [curvature.best_rate])
        if β > 0:
            momentum, rate = round(β + 5e-4, 3), float(f"{scaled / curvature.largest:.3g}")
            chosen += method(diagnosis, "momentum", rate, momentum=momentum)
        return first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)], enough)
    return first_to_work(
        diagnosis, [*rates(diagnosis, [0.5 * linear.limit(curvature.largest)]), *leave_out(diagnosis)], enough
    )


# --- elsewhere: local --------------------------------------------------------------------------------


def _locally(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    if diagnosis.status in (Status.DIVERGED, Status.LEFT_DOMAIN):
        return _onset(diagnosis, linear)
    found = _settling(diagnosis, linear)
    return _onset(diagnosis, linear) if found is None and diagnosis.worsened else found


def _settling(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    if diagnosis.succeeded_by_test or diagnosis.late is None or len(diagnosis.late) < 12:
        return None if diagnosis.late is None else _local_zigzag(diagnosis, linear)
    return _bouncing(diagnosis, linear) or _local_zigzag(diagnosis, linear)


def _onset(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    """Where a divergence began: the last lowest value, and the curvature that the steps from there met."""
    if len(diagnosis.names) > MOST_PARAMETERS and not diagnosis.cycles:
        return _onset_of_many(diagnosis, linear)
    points = diagnosis.whole
    if points is None or not len(points) or not diagnosis.known or diagnosis.cycles:
        return None
    k = min(_turning_point(diagnosis), len(points) - 1)
    met = None
    for point in points[k : k + 4]:
        there = diagnosis.curvature_at(point)
        if there is not None and there.largest > 0 and linear.rate >= linear.limit(there.largest):
            met = there
            break
    if met is None:
        return None
    curvature, i = met, len(met.values) - 1
    factors = reversals(points[max(0, k - 1) : k + 6])
    measured = float(np.median(factors[-3:])) if len(factors) and np.all(np.isfinite(factors[-3:])) else None
    bottom = diagnosis.bottom
    more = {
        "measured_factor": measured,
        "at": {name: float(v) for name, v in zip(diagnosis.names, points[k], strict=True)},
        "limit_at_minimum": None if bottom is None else linear.limit(bottom.curvature.largest),
    }
    return _above(diagnosis, linear, curvature, i, exact=False, **more)


def _onset_of_many(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    """The same of many parameters, by the largest curvature at the last lowest value that was kept."""
    if not len(diagnosis.values):
        return None
    lowest = len(diagnosis.values) - 1 - int(np.argmin(diagnosis.values[::-1]))
    curvature = steepest_at(diagnosis.view, diagnosis.run.history.x[lowest][diagnosis.free])
    if curvature is None or curvature.largest <= 0 or linear.rate < linear.limit(curvature.largest):
        return None
    found = _above(diagnosis, linear, curvature, len(curvature.values) - 1, exact=False)
    found.evidence["condition"] = None  # the least curvature may not be among those seen
    return found


def _bouncing(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    """Steps that go back and forth without getting shorter, around a minimum too sharp for the rate."""
    late = diagnosis.late
    if late is None or diagnosis.bottom is None:
        return None
    half = late[-min(len(late), WINDOW) :]
    lengths = np.linalg.norm(np.diff(half, axis=0), axis=1)
    middle = len(lengths) // 2
    if not np.all(np.isfinite(lengths)) or np.median(lengths[middle:]) < 0.5 * np.median(lengths[:middle]):
        return None
    if np.mean(turns(half) < 0) < BOUNCING:
        return None
    curvature = diagnosis.bottom.curvature
    if linear.rate <= linear.limit(curvature.largest):
        return None
    distance = norm_of(half[-1] - diagnosis.bottom.x)
    span = norm_of(np.ptp(half, axis=0))
    more = {
        "measured_factor": float(np.median(reversals(half))),
        "period": period_of(half) or None,
        "at": {name: float(v) for name, v in zip(diagnosis.names, diagnosis.bottom.x, strict=True)},
        "distance": distance,
        "span": span,
    }
    found = _above(diagnosis, linear, curvature, len(curvature.values) - 1, exact=False, **more)
    at = f"{linear.rate:.4g}" == f"{found.evidence['limit']:.4g}"
    key = "learning_rate_above_limit.bouncing" + (".at" if at else "")
    return Finding(found.code, found.evidence, False, found.advice, key)


def _local_zigzag(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    """Steps that go back over most of the last one, as often as not, in step with the curvature met there."""
    points = diagnosis.early if len(diagnosis.early) > 12 else diagnosis.late
    if points is None or len(points) < 12:
        return None
    measured, places = _flips(diagnosis, points)
    if len(measured) < BACKWARDS * SAMPLES:
        return None
    curvature = diagnosis.curvature_at(points[places[len(places) // 2]])
    if curvature is None or curvature.largest <= 0:
        return None
    i = len(curvature.values) - 1
    factor = linear.factor(curvature.largest)
    if factor.imag != 0 or not -1.1 < factor.real < _tolerable(linear, curvature) + 0.05:
        return None
    median = float(np.median(measured))
    at = _at_limit(diagnosis, linear)
    if at is not None:
        return at
    if not _alike(written(factor), median):
        return None
    return _zigzag(diagnosis, linear, curvature, i, exact=False, measured_factor=median)


def _at_limit(diagnosis: Diagnosis, linear: LinearRule) -> Finding | None:
    """A rate that is the limit of the minimum itself: there a factor that was met on the way says little."""
    bottom = diagnosis.bottom
    limit = None if bottom is None else linear.limit(bottom.curvature.largest)
    if bottom is None or limit is None or f"{linear.rate:.4g}" != f"{limit:.4g}":
        return None
    found = _zigzag(diagnosis, linear, bottom.curvature, len(bottom.curvature.values) - 1, exact=False)
    return Finding(found.code, found.evidence, False, found.advice, "zigzag.at")


def _flips(diagnosis: Diagnosis, points: Any) -> tuple[list[float], list[int]]:
    """Of a dozen places on the way, those where the step along the steepest direction turns back, and by how much."""
    factors, places = [], []
    for k in np.unique(np.linspace(0, len(points) - 3, SAMPLES).astype(int)):
        first, second = points[k + 1] - points[k], points[k + 2] - points[k + 1]
        if not norm_of(second - first) > (1 - ZIGZAG) * SEEN * norm_of(first):
            continue  # no direction that counts has turned back
        steep = diagnosis.steepest_at(points[k + 1])
        if steep is None:
            continue
        before, after = float(first @ steep), float(second @ steep)
        if abs(before) > SEEN * norm_of(first) and -1.05 < after / before < ZIGZAG:
            factors.append(after / before)
            places.append(int(k) + 1)
    return factors, places


# --- rules that are not linear: only what was seen ----------------------------------------------------


def _measured_divergence(diagnosis: Diagnosis) -> Iterator[Finding]:
    """A run that got worse: no formula says what the largest rate of such a rule is."""
    rate = diagnosis.rate if diagnosis.setup.schedule is None else diagnosis.setup.first_rate
    if rate is None or not (diagnosis.status == Status.DIVERGED or diagnosis.linear is not None):
        return
    chosen = (
        rates(diagnosis, [rate / 3, rate / 10, rate / 100, rate / 1e3, rate / 1e4]) if diagnosis.rate else []
    )
    evidence = {
        "learning_rate": rate,
        "limit": None,
        "began": _turning_point(diagnosis),
        "rule": type(diagnosis.setup.rule).__name__,
    }
    advice = first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)])
    smaller = advice is not None and advice.setting.get("learning_rate") is not None
    key = "learning_rate_above_limit.measured" + ("" if smaller else ".alone")
    yield Finding("learning_rate_above_limit", evidence, False, advice, key)
