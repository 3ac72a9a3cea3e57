"""Runs that get there too slowly: a rate far too small, too much momentum, curvatures far apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Status
from downslope.descent.norms import norm_of
from downslope.explain.advice import (
    Advice,
    first_to_work,
    leave_out,
    method,
    more_steps,
    rates,
    shortened,
    without_schedule,
)
from downslope.explain.budget import TooDearError
from downslope.explain.closed_form import steps_to
from downslope.explain.curvature import Curvature
from downslope.explain.diagnosis import LIMITS, Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.linear import LinearRule, best_momentum, best_settings
from downslope.optimizers.rules.gradient_descent import GradientDescent

TIMID = 20.0  # a rate this many times below its limit is small
LARGER = (30.0, 300.0, 3e3, 3e5)  # times as large: rates that are tried where no curvature tells which
TIMES = 5.0  # as many fewer steps must be possible before a setting is called too small or too large
HARDLY = 0.1  # a gradient of which more than this part is left, without a test, has hardly fallen
ILL = 100.0  # a condition number from which on it is the cause of slowness
LEFT = 0.2  # part of the way to the minimum that is still to go, without a test
STRAIGHT = (
    0.95  # a path this straight, of a method whose steps have a length of their own, is still on its way
)
QUARTERS = 4
STRIDING = 0.05  # of the mean length of a step, below which the last ones no longer walk on
FEWEST_ROWS = 16  # of a history, from which on its quarters tell something
AHEAD = 1000  # steps, at most so many of which are added up
RINGING = 2000  # steps after which even a run that converged is told of its momentum


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """At most one: too much momentum, too small a rate, then the problem's own condition."""
    if diagnosis.status in (Status.DIVERGED, Status.UNBOUNDED, Status.LEFT_DOMAIN):
        return
    looks = (_momentum, _fading, _timid, _crawling, _ill, _unfinished)
    found = next(filter(None, (_within_means(see, diagnosis) for see in looks)), None)
    if found is not None:
        yield found


def _within_means(see: Callable[[Diagnosis], Finding | None], diagnosis: Diagnosis) -> Finding | None:
    """What is seen, if it can be afforded: where all curvatures are too dear, there may still be a cheaper look."""
    try:
        return see(diagnosis)
    except TooDearError:
        return None


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
    best, best_rate = best_settings(linear.rule, curvature.largest, curvature.condition)
    if factor.imag == 0 or abs(factor) >= 1 or linear.momentum <= best:
        return None
    rule = type(linear.rule)
    now = _needed(diagnosis, linear, curvature)
    changed = {**linear.rule.hyperparameters(), "momentum": best, "learning_rate": best_rate}
    tuned = LinearRule.of(rule(**changed))
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
        "best_rate": best_rate,
        "condition": curvature.condition if np.isfinite(curvature.condition) else None,
        "along": curvature.along(int(np.argmin(np.abs(curvature.values - slowest)))),
        "rule": rule.__name__,
    }
    advice = _less_momentum(diagnosis, linear, (best, best_rate), 0.5 * now)
    return Finding("momentum_too_large", evidence, diagnosis.quadratic, advice)


def _less_momentum(
    diagnosis: Diagnosis, linear: LinearRule, best: tuple[float, float], fewer: float
) -> Advice | None:
    name = type(linear.rule).name()
    tuned = (round(best[0] + 5e-4, 3), shortened(best[1]))
    settings = [tuned, (0.9, linear.rate), (0.5, linear.rate)]
    chosen = [
        candidate
        for momentum, η in settings
        if momentum < linear.momentum
        for candidate in method(diagnosis, name, η, momentum=momentum)
    ]
    return first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)], fewer)


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
    chosen = rates(diagnosis, [better, limit / 2, limit / 4, limit / 10, 3 * linear.rate])
    advice = first_to_work(diagnosis, [*chosen, *leave_out(diagnosis)], now / 2)
    return Finding("learning_rate_too_small", evidence, diagnosis.quadratic, advice)


def _crawling(diagnosis: Diagnosis) -> Finding | None:
    """A method whose steps have the length of its rate (Adam, ...), still walking straight on."""
    rate = diagnosis.rate
    if diagnosis.linear is not None or rate is None or len(diagnosis.values) < 3 or not unfinished(diagnosis):
        return None
    x, steps = diagnosis.run.history.x[:, diagnosis.free], diagnosis.run.history.step
    lengths = np.linalg.norm(np.diff(x, axis=0), axis=1)
    path = float(np.sum(lengths))
    straight = norm_of(x[-1] - x[0]) / path if path > 0 else 0.0
    late = steps[1:] > steps[-1] - max(1, int(steps[-1]) // QUARTERS)
    walked = float(np.sum(lengths[late])) / max(1, int(np.sum(np.diff(steps)[late])))
    if straight < STRAIGHT or walked < STRIDING * path / max(1, diagnosis.run.nit):
        return None  # it is not on a straight way, or its steps have become short
    chosen = rates(diagnosis, [10 * rate, 100 * rate, 1e3 * rate, 1e4 * rate, 1e5 * rate])
    own = (
        diagnosis.run.nit + 1 if diagnosis.missed else np.inf
    )  # what arrives within the run's limit is better
    advice = first_to_work(diagnosis, chosen, own) or first_to_work(
        diagnosis, [*chosen, *leave_out(diagnosis)]
    )
    evidence = {
        "learning_rate": rate,
        "moved": path,
        "per_step": walked,
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
    whole = norm_of(diagnosis.start - bottom.x)
    remaining = norm_of(left)
    if not (diagnosis.missed or (not diagnosis.asked and remaining > LEFT * whole)) or remaining == 0:
        return None
    parts = curvature.vectors.T @ left
    shallow = curvature.values <= curvature.largest / ILL
    if norm_of(parts[shallow]) < 0.9 * remaining:
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
    """What an expert would try: leave the rate out; else momentum as Polyak would set it."""
    β, scaled = best_momentum(curvature.condition)
    rate = float(f"{0.99 * scaled / curvature.largest:.3g}")
    chosen = [] if diagnosis.rate is not None else [more_steps(diagnosis)]
    chosen += [*leave_out(diagnosis), *method(diagnosis, "adaptive_barzilai_borwein")]
    if diagnosis.quadratic:
        chosen += method(diagnosis, "momentum", rate, momentum=min(0.999, round(β + 5e-4, 3)))
    return first_to_work(diagnosis, chosen)


# --- schedules, and steps alone ----------------------------------------------------------------------


def _fading(diagnosis: Diagnosis) -> Finding | None:
    """A schedule that made the rate so small that the steps which are left cannot reach the minimum."""
    setup, curvature = diagnosis.setup, diagnosis.curvature
    first, last = setup.rate_at(0), setup.rate_at(diagnosis.run.nit)
    if not diagnosis.faded or first is None or last is None or (curvature is None and diagnosis.known):
        return None
    if not (diagnosis.missed or (diagnosis.view.smooth and unfinished(diagnosis))):
        return None
    stride = 1 + diagnosis.run.nit // AHEAD
    steps = range(diagnosis.run.nit, 2 * diagnosis.run.nit + AHEAD, stride)
    ahead = stride * sum(setup.rate_at(step) or 0.0 for step in steps)
    slowest = 0.0 if curvature is None else max(curvature.smallest, 0.0)
    if ahead * slowest > 1.0:
        return None  # as many steps again would still get there
    evidence = {
        "first_rate": first,
        "last_rate": last,
        "step": diagnosis.run.nit,
        "left": diagnosis.reduction,
    }
    advice = first_to_work(diagnosis, without_schedule(diagnosis))
    if advice is None and curvature is None:
        return None  # nothing tells that it was the schedule
    advice = advice or first_to_work(diagnosis, leave_out(diagnosis))
    return Finding("schedule_too_fast", evidence, False, advice)


def _unfinished(diagnosis: Diagnosis) -> Finding | None:
    """Nothing is wrong but that there were too few steps."""
    if not diagnosis.missed or diagnosis.status == Status.STALLED or len(diagnosis.norms) < 2:
        return None
    if diagnosis.worsened:
        return None  # that is no way to where it was to go
    try:
        needed, basics = None, _basics(diagnosis)
        if basics is not None and diagnosis.quadratic:
            needed = _needed(diagnosis, *basics)
    except TooDearError:
        needed = None
    larger = None if diagnosis.known or diagnosis.rate is None else _larger(diagnosis, diagnosis.rate)
    if larger is not None:
        return larger
    more = first_to_work(diagnosis, [more_steps(diagnosis)])
    if more is None and diagnosis.setup.rule.hyperparameters().get("weight_decay"):
        return None  # the decay may be what holds it where it is
    seen = any(_still_falls(column) for column in (diagnosis.norms, diagnosis.values))
    if more is None and (diagnosis.run.gradient_norm == 0 or (not seen and needed is None)):
        return None  # no progress that anybody could see, and none that was promised or tried
    evidence = {
        "steps": diagnosis.run.nit,
        "gradient_norm": diagnosis.run.gradient_norm,
        "wanted": diagnosis.wanted,
        "needed": needed,
    }
    advice = more or first_to_work(diagnosis, leave_out(diagnosis))
    key = "too_few_steps" if diagnosis.asked_of_gradient else "too_few_steps.other_test"
    return Finding("too_few_steps", evidence, diagnosis.quadratic, advice, key)


def _larger(diagnosis: Diagnosis, rate: float) -> Finding | None:
    """Of many parameters, whose curvatures tell no limit: a far larger learning rate that arrives within the steps."""
    wanted = [rate * part for part in LARGER]
    advice = first_to_work(diagnosis, rates(diagnosis, wanted), (diagnosis.run.nit + 1) / TIMES)
    evidence: dict[str, Any] = {"steps": diagnosis.run.nit, "learning_rate": rate, "limit": None}
    evidence["rule"] = type(diagnosis.setup.rule).__name__
    key = "learning_rate_too_small.tried"
    return None if advice is None else Finding("learning_rate_too_small", evidence, False, advice, key)


def _still_falls(column: NDArray[np.float64]) -> bool:
    """Whether it falls all the way; or by half in all, and is lowest at the end or lower from quarter to quarter."""
    if bool(np.all(np.diff(column) <= 0)) and column[-1] < column[0]:
        return True
    if column[-1] <= np.min(column) and column[-1] < 0.5 * column[0]:
        return True
    if len(column) < FEWEST_ROWS:
        return False
    middles = [float(np.median(part)) for part in np.array_split(column, 4)]
    return bool(np.all(np.diff(middles) < 0)) and middles[-1] < 0.5 * middles[0]
