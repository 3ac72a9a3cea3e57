"""Runs that get there too slowly: a rate far too small, too much momentum, curvatures far apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.descent import Status
from downslope.explain.advice import Advice, try_method, try_rates
from downslope.explain.closed_form import steps_to
from downslope.explain.curvature import Curvature
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.linear import LinearRule, best_momentum
from downslope.optimizers.rules.gradient_descent import GradientDescent

TIMID = 20.0  # a rate this many times below its limit is small
TIMES = 5.0  # as many fewer steps must be possible before a setting is called too small or too large
HARDLY = 0.1  # a gradient of which more than this part is left, without a test, has hardly fallen
ILL = 100.0  # a condition number from which on it is the cause of slowness
LEFT = 0.5  # part of the way to the minimum that is still to go, without a test
STRAIGHT = (
    0.95  # a path this straight, of a method whose steps have a length of their own, is still on its way
)
RINGING = 2000  # steps after which even a run that converged is told of its momentum


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """At most one: too much momentum, too small a rate, then the problem's own condition."""
    if diagnosis.status in (Status.DIVERGED, Status.UNBOUNDED, Status.LEFT_DOMAIN):
        return
    found = _momentum(diagnosis) or _timid(diagnosis) or _crawling(diagnosis) or _ill(diagnosis)
    if found is not None:
        yield found


def unfinished(diagnosis: Diagnosis) -> bool:
    """Whether the run missed the test it was given, or was given none and its gradient has hardly fallen."""
    return diagnosis.missed or (
        not diagnosis.asked and diagnosis.status in LIMITS and diagnosis.reduction > HARDLY
    )


def largest_met(diagnosis: Diagnosis, curvature: Curvature) -> float:
    """The largest curvature at the start, at the end and at the minimum."""
    if diagnosis.quadratic:
        return curvature.largest
    others = [diagnosis.curvature_at(x) for x in (diagnosis.start, diagnosis.final)]
    return max([curvature.largest, *(c.largest for c in others if c is not None)])


def _basics(diagnosis: Diagnosis) -> tuple[LinearRule, Curvature] | None:
    linear, curvature = diagnosis.linear, diagnosis.curvature
    if linear is None or curvature is None or curvature.largest <= 0:
        return None
    if curvature.values[0] < -1e-9 * curvature.largest or (
        not diagnosis.quadratic and diagnosis.bottom is None
    ):
        return None
    return linear, curvature


def _needed(diagnosis: Diagnosis, linear: LinearRule, curvature: Curvature) -> float | None:
    """Steps from the start to the gradient wanted: exact on quadratics, elsewhere as if the minimum's bowl went on."""
    gradient = diagnosis.first_gradient
    if not diagnosis.quadratic and diagnosis.bottom is not None:
        gradient = curvature.vectors @ (
            curvature.values * (curvature.vectors.T @ (diagnosis.start - diagnosis.bottom.x))
        )
    return steps_to(linear, curvature, gradient, diagnosis.wanted)


# --- momentum ----------------------------------------------------------------------------------------


def _momentum(diagnosis: Diagnosis) -> Finding | None:
    basics = _basics(diagnosis)
    if basics is None or basics[0].momentum == 0:
        return None
    linear, curvature = basics
    long = diagnosis.succeeded_by_test and diagnosis.run.nit >= RINGING
    if not (unfinished(diagnosis) or long):
        return None
    felt = [float(v) for v in curvature.values if v > 0]
    slowest = max(felt, key=lambda v: abs(linear.factor(v)))
    factor = linear.factor(slowest)
    best, scaled = best_momentum(curvature.condition)
    if factor.imag == 0 or abs(factor) >= 1 or linear.momentum <= best:
        return None
    rule = type(linear.rule)
    now = _needed(diagnosis, linear, curvature)
    # the same rule with less momentum: Polyak's, or none at all where one curvature rules
    tuned = LinearRule.of(
        rule(
            **{**linear.rule.hyperparameters(), "momentum": best, "learning_rate": scaled / curvature.largest}
        )
    )
    possible = None if tuned is None else _needed(diagnosis, tuned, curvature)
    if now is None or possible is None or now < (2 * TIMES if long else TIMES) * max(1.0, possible):
        return None
    evidence: dict[str, Any] = {
        "momentum": linear.momentum,
        "learning_rate": linear.rate,
        "modulus": abs(factor),
        "period": float(2 * np.pi / abs(np.angle(factor))),
        "steps_needed": now,
        "best_momentum": best,
        "best_rate": scaled / curvature.largest,
        "condition": curvature.condition if np.isfinite(curvature.condition) else None,
        "along": curvature.along(int(np.argmin(np.abs(curvature.values - slowest)))),
        "rule": rule.__name__,
    }
    advice = _less_momentum(diagnosis, linear, best, scaled / curvature.largest, 0.5 * now)
    return Finding("momentum_too_large", evidence, diagnosis.quadratic, advice)


def _less_momentum(
    diagnosis: Diagnosis, linear: LinearRule, best: float, rate: float, fewer: float
) -> Advice | None:
    name = type(linear.rule).name()
    for momentum, η in (
        (round(best + 5e-4, 3), float(f"{rate:.3g}")),
        (0.9, linear.rate),
        (0.5, linear.rate),
    ):
        if momentum < linear.momentum:
            found = try_method(diagnosis, name, fewer, learning_rate=η, momentum=momentum)
            if found is not None:
                return found
    return None


# --- learning rate -----------------------------------------------------------------------------------


def _timid(diagnosis: Diagnosis) -> Finding | None:
    """A rate far below its limit that was the reason for not arriving."""
    basics = _basics(diagnosis)
    if basics is None or not unfinished(diagnosis):
        return None
    linear, curvature = basics
    L = largest_met(diagnosis, curvature)
    limit = linear.limit(L)
    if not limit < np.inf or linear.rate > limit / TIMID:
        return None
    plain = len(linear.free) == 1
    better = 2 / (L + curvature.smallest) if plain else limit / 4
    now, possible = (
        _needed(diagnosis, linear, curvature),
        _needed(diagnosis, linear.at_rate(better), curvature),
    )
    if now is None or possible is None or possible > now / TIMES:
        return None
    evidence = {
        "learning_rate": linear.rate,
        "limit": limit,
        "best_rate": better,
        "below": limit / linear.rate,
        "curvature": L,
        "steps_needed": now,
        "steps_possible": possible,
        "left": diagnosis.reduction,
        "rule": type(linear.rule).__name__,
    }
    advice = try_rates(diagnosis, [better, limit / 2, limit / 4, limit / 10, 3 * linear.rate], now / 2)
    if advice is None and not diagnosis.quadratic:
        return None  # what theory promised near the minimum did not hold from this start
    return Finding("learning_rate_too_small", evidence, diagnosis.quadratic, advice)


def _crawling(diagnosis: Diagnosis) -> Finding | None:
    """A method whose steps have the length of its rate (Adam, ...), still walking straight on."""
    rate = diagnosis.rate
    if diagnosis.linear is not None or rate is None or len(diagnosis.values) < 3 or not unfinished(diagnosis):
        return None
    x = diagnosis.run.history.x[:, diagnosis.free]
    path = float(np.sum(np.linalg.norm(np.diff(x, axis=0), axis=1)))
    straight = float(np.linalg.norm(x[-1] - x[0])) / path if path > 0 else 0.0
    if straight < STRAIGHT:
        return None
    advice = try_rates(diagnosis, [10 * rate, 100 * rate, 1e3 * rate, 1e4 * rate], diagnosis.run.nit + 1)
    if advice is None:
        return None
    evidence = {
        "learning_rate": rate,
        "moved": path,
        "per_step": path / max(1, diagnosis.run.nit),
        "straightness": straight,
        "rule": type(diagnosis.setup.rule).__name__,
    }
    return Finding("learning_rate_too_small", evidence, False, advice, "learning_rate_too_small.measured")


# --- condition ---------------------------------------------------------------------------------------


def _ill(diagnosis: Diagnosis) -> Finding | None:
    """Curvatures far apart, and what is left of the way lies along the shallow ones."""
    curvature, bottom = diagnosis.curvature, diagnosis.bottom
    if curvature is None or bottom is None or diagnosis.status not in (*LIMITS, Status.STALLED):
        return None
    if not np.isfinite(curvature.condition) or curvature.condition < ILL or curvature.values[0] <= 0:
        return None
    left = diagnosis.final - bottom.x
    whole = float(np.linalg.norm(diagnosis.start - bottom.x))
    remaining = float(np.linalg.norm(left))
    if not (diagnosis.missed or (not diagnosis.asked and remaining > LEFT * whole)) or remaining == 0:
        return None
    parts = curvature.vectors.T @ left
    shallow = curvature.values <= np.sqrt(curvature.largest * curvature.smallest)
    if np.linalg.norm(parts[shallow]) < 0.9 * remaining:
        return None
    best = LinearRule.of(GradientDescent(learning_rate=curvature.best_rate))
    steps = None if best is None else _needed(diagnosis, best, curvature)
    if steps is None:
        return None
    evidence = {
        "condition": curvature.condition,
        "largest": curvature.largest,
        "smallest": curvature.smallest,
        "steep": curvature.along(-1),
        "shallow": curvature.along(0),
        "best_rate": curvature.best_rate,
        "steps_at_best_rate": steps,
        "remaining": remaining,
        "part_left": remaining / whole if whole > 0 else None,
    }
    return Finding("ill_conditioned", evidence, diagnosis.quadratic, _faster(diagnosis, curvature))


def _faster(diagnosis: Diagnosis, curvature: Curvature) -> Advice | None:
    β, scaled = best_momentum(curvature.condition)
    rate = float(f"{0.99 * scaled / curvature.largest:.3g}")
    if diagnosis.quadratic:
        found = try_method(diagnosis, "momentum", learning_rate=rate, momentum=min(0.999, round(β + 5e-4, 3)))
        if found is not None:
            return found
    for name in ("adaptive_barzilai_borwein", "nesterov_restart"):
        if name != type(diagnosis.setup.rule).name():
            values = {"learning_rate": 1 / curvature.largest} if name == "nesterov_restart" else {}
            found = try_method(diagnosis, name, **values)
            if found is not None:
                return found
    return None
