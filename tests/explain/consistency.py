"""What one output may not say beside something else that it says; used on the known causes and on runs drawn at random.

Everything here works from data (status, success, codes, evidence, forecast), reads fields that may be absent, and
takes its own numbers from NumPy: differences of the gradient, eigenvalues, and plain loops.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from calls import Ran, length

LIMITS = ("step_limit", "evaluation_limit", "time_limit")
PART_OF_THE_WAY = 0.12  # from the start: a minimum that is further than this away has not been reached
TOO_LARGE = ("learning_rate_above_limit", "rmse_rate")
TOO_SLOW = ("learning_rate_too_small", "too_few_steps")
RAN_OFF = ("diverged", "left_domain", "unbounded")

CONTRADICTIONS: dict[str, Callable[[Ran], Any]] = {}


def _contradiction(look: Callable[[Ran], Any]) -> Callable[[Ran], Any]:
    CONTRADICTIONS[look.__name__] = look
    return look


@_contradiction
def success_at_another_kind_of_point(r: Ran) -> bool:
    other = "minimum" if r.call.up else "maximum"
    elsewhere = r.kind in ("saddle", other) or r.detail in ("inflection", "plateau", "asymptote")
    return r.run.success and r.run.status == "converged" and r.by_gradient and elsewhere


@_contradiction
def success_after_running_off(r: Ran) -> bool:
    settled = r.run.status == "stalled" and r.kind == r.wanted and not r.run.stopping.asks_for_a_test
    return r.run.success and r.run.status in (*RAN_OFF, "stalled") and not settled


@_contradiction
def success_that_is_worse_than_the_start(r: Ran) -> bool:
    values = r.sign * np.asarray(r.run.history.value)
    if not r.run.success or len(values) < 2 or not r.run.nit or r.call.facts.get("random"):
        return False
    if r.kind == r.wanted:
        return False  # it jumped to another minimum, which is one
    digits = 1e-5 if r.call.options.get("dtype") == "float32" else 1e-6
    return bool(r.sign * r.run.fun > values[0] + digits * (1e-30 + abs(values[0])))


@_contradiction
def success_beside_a_fatal_finding(r: Ran) -> bool:
    fatal = {"left_domain", "overflow", "unbounded_below", "pole", "too_few_steps", "cycle", "saddle"}
    return r.run.success and r.passed and r.by_gradient and bool(fatal & set(r.codes))


@_contradiction
def failure_without_a_word(r: Ran) -> bool:
    silent = r.run.status in ("interrupted", "stopped_by_callback")
    return not r.run.success and not silent and not r.codes


@_contradiction
def converged_above_the_tolerance(r: Ran) -> str:
    asked = r.run.stopping
    if r.run.status != "converged" or not r.by_gradient or r.call.options.get("gradient") is not None:
        return ""
    first = float(r.run.history.gradient_norm[0]) if len(r.run.history) else 0.0
    most = max(asked.tolerance or 0.0, (asked.relative_tolerance or 0.0) * first)
    single = 1e-4 if r.call.options.get("dtype") == "float32" else 1e-9
    low, high = r.box
    inside = (r.run.final - r.slope >= low) & (r.run.final - r.slope <= high)
    norm = length(np.where(inside, r.slope, r.run.final - np.clip(r.run.final - r.slope, low, high)))
    return f"{norm} is above {most}" if norm > most * (1 + single) + 1e-300 else ""


@_contradiction
def another_gradient_norm_than_there_is(r: Ran) -> str:
    if r.call.options.get("gradient") is not None or r.call.options.get("bounds") is not None:
        return ""
    if r.kind == "kink" or "kink" in r.codes:
        return ""  # there is no one gradient there: it depends on the last digit of the point
    told, norm = r.run.gradient_norm, length(r.slope)
    if not (np.isfinite(norm) and len(r.run.history)) or r.call.facts.get("random"):
        return ""
    rounding = 1e-3 if r.call.options.get("dtype") == "float32" else 1e-6
    size = max(length(np.asarray(r.run.history.x[0])), 1e-300) if r.call.facts.get("hessian") is None else 0.0
    bend = max(1.0, float(np.nanmax(np.abs(r.hessian)) if r.hessian is not None else 1))
    floor = 1e-12 * (1 + size) * bend
    if r.call.options.get("dtype") == "float32":  # the point itself is known to 24 bits only
        floor = 2.0**-22 * (1 + length(np.asarray(r.run.history.x[0]))) * bend * len(r.run.final)
    return f"told {told}, is {norm}" if abs(told - norm) > rounding * norm + floor else ""


@_contradiction
def another_value_than_there_is(r: Ran) -> str:
    if not len(r.run.history) or r.call.facts.get("random") or r.call.options.get("dtype") == "float32":
        return ""
    with np.errstate(all="ignore"):
        there = float(r.run.objective.value(r.run.final))
    if math.isnan(there) and math.isnan(r.run.fun):
        return "the run ends at a value that is not a number"
    size = float(np.nanmax(np.abs(r.run.history.value)))  # terms of such a size may have cancelled
    wrong = not (abs(there - r.run.fun) <= 1e-9 * abs(there) + 1e-12 * size or there == r.run.fun)
    return f"told {r.run.fun}, is {there}" if wrong else ""


@_contradiction
def a_minimum_far_from_the_stationary_point(r: Ran) -> str:
    if r.kind != r.wanted or r.away is None:
        return ""
    way = float(np.linalg.norm(r.run.final - r.run.start))
    most = PART_OF_THE_WAY * way + 1e-6 * (1 + float(np.linalg.norm(r.run.final)))
    if r.call.options.get("dtype") == "float32" and r.hessian is not None:  # what rounding alone makes of it
        noise = 2.0**-22 * length(np.abs(r.hessian) @ np.abs(r.run.final))
        most += noise / max(1e-300, float(np.min(np.abs(np.linalg.eigvalsh(r.hessian)))))
    return f"it is {r.away} away, after a way of {way}" if r.away > most else ""


@_contradiction
def a_minimum_with_lower_ground_near_by(r: Ran) -> str:
    """At a strict minimum nothing near by is lower by more than the slope that is left allows."""
    if (
        r.kind != r.wanted
        or r.detail
        or r.call.options.get("dtype") == "float32"
        or r.call.facts.get("random")
    ):
        return ""
    x, rng = r.run.final, np.random.default_rng(0)
    low, high = r.box
    for radius in (1e-4, 1e-3):
        for _ in range(8):
            step = rng.normal(size=len(x))
            step *= radius * max(1.0, float(np.linalg.norm(x))) / np.linalg.norm(step)
            there = np.clip(x + step, low, high)
            value, here = (r.sign * float(r.run.objective.value(p)) for p in (there, x))
            slack = length(r.slope) * float(np.linalg.norm(step)) + 1e-10 * (abs(here) + 1e-3)
            if value < here - slack:
                return f"{value} at {there.tolist()} is below {here} at {x.tolist()}"
    return ""


@_contradiction
def rounding_where_more_steps_are_promised(r: Ran) -> str:
    f = r.told.forecast
    more = f is not None and f.exact and f.steps is not None and not f.diverges and f.steps > r.run.nit + 1
    return (
        f"{f.steps} steps are promised, {r.run.nit} were made" if "rounding_floor" in r.codes and more else ""
    )


@_contradiction
def diverged_where_convergence_is_promised(r: Ran) -> bool:
    f = r.told.forecast
    return (
        r.run.status == "diverged"
        and f is not None
        and f.exact
        and f.diverges is False
        and f.steps is not None
    )


@_contradiction
def too_large_and_too_small(r: Ran) -> bool:
    return bool(set(TOO_LARGE) & set(r.codes)) and bool({*TOO_SLOW, "ill_conditioned"} & set(r.codes))


@_contradiction
def too_few_steps_where_no_limit_ended_it(r: Ran) -> bool:
    return "too_few_steps" in r.codes and r.run.status not in LIMITS


@_contradiction
def findings_that_exclude_each_other(r: Ran) -> str:
    for pair in _EXCLUDE:
        if set(pair) <= set(r.codes):
            return " and ".join(pair)
    return ""


_EXCLUDE = (
    ("rounding_floor", "learning_rate_above_limit"),
    ("rounding_floor", "chatter"),
    ("rounding_floor", "too_few_steps"),
    ("rounding_floor", "learning_rate_too_small"),
    ("zigzag", "learning_rate_above_limit"),
    ("unbounded_below", "too_few_steps"),
    ("saddle", "flat"),
    ("saddle", "rounding_floor"),
    ("kink", "saddle"),
    ("chatter", "learning_rate_too_small"),
    ("chatter", "too_few_steps"),
    ("cycle", "too_few_steps"),
    ("momentum_too_large", "ill_conditioned"),
    ("overflow", "too_few_steps"),
    ("gradient_mismatch", "rounding_floor"),
    ("gradient_mismatch", "flat"),
)


@_contradiction
def findings_that_deny_the_point(r: Ran) -> str:
    flat = next((f for f in r.told.findings if f.code == "flat"), None)
    kind = flat.evidence.get("kind") if flat is not None else None
    if kind in ("plateau", "asymptote", "flat_valley", "higher_order_minimum") and r.detail != kind:
        return f"flat says {kind}, the point {r.kind} {r.detail}"
    for code, kinds in (
        ("saddle", ("minimum",)),
        ("kink", ("minimum", "saddle")),
        ("unbounded_below", ("minimum",)),
    ):
        if code in r.codes and r.kind in kinds and not r.call.up:
            return f"{code} beside {r.kind}"
    return ""


@_contradiction
def unbounded_where_a_bound_is_known(r: Ran) -> bool:
    said = "unbounded_below" in r.codes or r.run.status == "unbounded" or r.detail == "asymptote_without_end"
    f = r.told.forecast
    nowhere = f is not None and getattr(f, "bounded", True) is False
    return bool(r.call.facts.get("bounded")) and (said or nowhere)


@_contradiction
def diverged_where_values_are_bounded_on_both_sides(r: Ran) -> bool:
    overflown = "the point overflows" in r.run.message  # which its values say nothing of
    return bool(r.call.facts.get("confined")) and r.run.status in ("diverged", "unbounded") and not overflown


@_contradiction
def two_limits_of_one_rate(r: Ran) -> str:
    f = r.told.forecast
    if f is None or not f.exact or f.limit is None:
        return ""
    for code, limit in r.evidence("limit"):
        if not math.isclose(limit, f.limit, rel_tol=1e-6):
            return f"{code} says {limit}, the forecast {f.limit}"
    return ""


@_contradiction
def two_conditions_of_one_quadratic(r: Ran) -> str:
    f, told = r.told.forecast, []
    if f is not None and f.exact and np.isfinite(f.condition):
        told.append(("forecast", float(f.condition)))
        told += list(r.evidence("condition"))
    curved = getattr(r.told.point, "curvatures", ())
    if (
        told
        and r.kind == r.wanted
        and len(curved)
        and min(map(abs, curved)) > 0
        and not r.call.options.get("bounds")
    ):
        told.append(("point", max(map(abs, curved)) / min(map(abs, curved))))
    digits = 1e-5  # second differences at two points have so many in common
    if (
        r.run.objective.by_values and told
    ):  # of values fewer, and of the smallest curvature what rounding leaves
        digits = max(1e-3, 1e-7 * told[0][1])
    wrong = [one for one in told[1:] if not math.isclose(one[1], told[0][1], rel_tol=digits)]
    return f"{told[0]} and {wrong[0]}" if wrong else ""


@_contradiction
def a_curvature_that_is_not_its_directions(r: Ran) -> str:
    """Every direction's curvature is d'Hd, and the words steep and shallow go with them."""
    H = r.hessian
    if H is None or r.kind == "kink" or r.call.facts.get("hessian") is None:
        return ""
    f, size = r.told.forecast, float(np.max(np.abs(H), initial=0.0))
    digits = 1e-4 if r.run.objective.by_values else 1e-5  # second differences of values have fewer in common
    lists = [("point", getattr(r.told.point, "directions", ()), r.sign)]
    if f is not None and f.exact:
        lists.append(("forecast", f.directions, 1.0))
    for where, listed, sign in lists:
        for one in listed:
            d = np.array([one["direction"].get(n, 0.0) for n in r.run.history.coordinates], float)
            is_ = float(d @ H @ d)
            if min(abs(is_ - one["curvature"]), abs(sign * is_ - one["curvature"])) > digits * size:
                return f"{where}: {one['curvature']} along {one['along']}, where it is {is_}"
    return ""


@_contradiction
def climbing_that_speaks_of_descent(r: Ran) -> str:
    if not r.call.up:
        return ""
    words = re.findall(
        r"no minimum|falls without end|keeps falling|not a minimum|Unbounded below|of the minimum", r.text
    )
    reached = r.kind == "minimum" and re.search(r"strict maximum", r.text)
    return ", ".join(words) or ("a maximum" if reached else "")


@_contradiction
def descending_that_speaks_of_climbing(r: Ran) -> str:
    if r.call.up:
        return ""
    words = re.findall(r"no maximum|rises without end|keeps rising|not a maximum|Unbounded above", r.text)
    return ", ".join(words)


@_contradiction
def more_than_one_advice(r: Ran) -> bool:
    return sum(finding.advice is not None for finding in r.told.findings) > 1


@_contradiction
def a_smaller_rate_in_the_message_and_a_larger_one_advised(r: Ran) -> bool:
    slow = {
        "learning_rate_too_small",
        "too_few_steps",
        "ill_conditioned",
        "gradient_mismatch",
        "unbounded_below",
    }
    return "smaller learning rate" in r.run.message and bool(slow & set(r.codes))


@_contradiction
def outside_its_bounds(r: Ran) -> bool:
    low, high = r.box
    return bool(np.any(r.run.final < low) or np.any(r.run.final > high))


@_contradiction
def a_forecast_that_did_not_come_true(r: Ran) -> str:
    f = r.told.forecast
    if f is None or not f.exact or r.run.status != "converged" or f.steps is None or not r.by_gradient:
        return ""
    tolerance = r.run.stopping.tolerance
    if tolerance is None or not math.isclose(tolerance, f.tolerance, rel_tol=1e-9) or f.steps == r.run.nit:
        return ""
    rounding = float(np.finfo(r.call.options.get("dtype") or "float64").eps)
    kept = (r.call.options.get("hyperparameters") or {}).get("momentum", 0.0)
    rounding /= math.sqrt(1 - kept)  # momentum adds up that of 1/(1 - kept) steps, of either sign
    if r.hessian is not None and tolerance <= 4 * rounding * length(np.abs(r.hessian) @ np.abs(r.run.final)):
        return ""  # there the rounding of the point decides when the test is met
    slack = 0.01 * r.run.nit + 3 if r.call.options.get("dtype") == "float32" else 1 + 1e-4 * r.run.nit
    return f"{f.steps} were promised, {r.run.nit} made" if abs(f.steps - r.run.nit) > slack else ""


def contradictions(r: Ran) -> list[str]:
    """Every contradiction in what is said of a run, with its numbers."""
    found = []
    with np.errstate(all="ignore"):
        for name, look in CONTRADICTIONS.items():
            answer = look(r)
            if answer:
                found.append(f"{name}{'' if answer is True else f': {answer}'}")
    return found
