"""What one output may not say beside something else that it says; used on the known causes and on runs drawn at random.

Everything here works from data (status, success, codes, evidence, forecast), reads fields that may be absent, and
takes its own numbers from NumPy: differences of the gradient, eigenvalues, and plain loops.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

import downslope as ds
from downslope.explain import explain

LIMITS = ("step_limit", "evaluation_limit", "time_limit")
MOST_CURVED = 30  # coordinates: the Hessian of more is not differenced here
PART_OF_THE_WAY = 0.1  # from the start: a minimum that is further than this away has not been reached
NOT_FAILURES = ("active_bounds", "loose_tolerance", "conditioning", "undetermined", "few_digits")
TOO_LARGE = ("learning_rate_above_limit", "rmse_rate")
TOO_SLOW = ("learning_rate_too_small", "too_few_steps")
RAN_OFF = ("diverged", "left_domain", "unbounded")


@dataclass(frozen=True, eq=False)
class Call:
    """A call of ``minimize`` or ``maximize``, which can be made again with other options.

    ``facts`` is what is known of the function: ``bounded`` (below; above when climbing), ``hessian`` of a quadratic.
    """

    function: Any
    start: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    up: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> ds.Run:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (ds.maximize if self.up else ds.minimize)(self.function, self.start, **self.options)

    def changed(self, setting: Mapping[str, Any]) -> Call:
        """The same call with a setting that was advised."""
        options, start = dict(self.options), self.start
        if "optimizer" in setting or "schedule" in setting:
            options.pop("schedule", None)
        if "optimizer" in setting:
            options.pop("hyperparameters", None)
            options.pop("learning_rate", None)
        for name, value in setting.items():
            if name == "start":
                named = isinstance(start, Mapping) or start is None or isinstance(value, (str, float, int))
                start = value if named else np.array(list(dict(value).values()), float)
            elif name == "gradient":
                options.pop("gradient", None)
            elif name == "square":
                raise KeyError("a square is another function")
            elif name in _OPTIONS:
                options[name] = value
            else:
                options["hyperparameters"] = {**options.get("hyperparameters", {}), name: value}
        options = {name: value for name, value in options.items() if value is not None}
        return dataclasses.replace(self, start=start, options=options)


_OPTIONS = [
    "learning_rate",
    "optimizer",
    "steps",
    "tolerance",
    "relative_tolerance",
    "value_tolerance",
    "x_tolerance",
    "target",
    "evaluations",
    "bounds",
    "schedule",
    "dtype",
    "hyperparameters",
]


@dataclass(frozen=True, eq=False)
class Ran:
    """A run with what was said of it, and numbers of our own beside it."""

    call: Call
    run: Any

    @classmethod
    def of(cls, call: Call) -> Ran:
        return cls(call, call.run())

    @cached_property
    def told(self) -> Any:
        return self.run.explain()

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(finding.code for finding in self.told.findings)

    @property
    def sign(self) -> float:
        return -1.0 if self.call.up else 1.0

    @property
    def kind(self) -> str:
        return str(getattr(self.told.point, "kind", ""))

    @property
    def detail(self) -> str:
        return str(getattr(self.told.point, "detail", "") or "")

    @cached_property
    def text(self) -> str:
        return f"{self.run.message} {self.told}"

    @property
    def wanted(self) -> str:
        """The kind of point that was asked for."""
        return "maximum" if self.call.up else "minimum"

    @property
    def passed(self) -> bool:
        """Whether it ended by a test that was asked for."""
        return self.run.status in ("converged", "target_reached")

    @property
    def by_gradient(self) -> bool:
        """Whether the only tests asked for are of the gradient."""
        asked = self.run.stopping
        others = (asked.value_tolerance, asked.x_tolerance, asked.target)
        return all(other is None for other in others)

    @cached_property
    def slope(self) -> np.ndarray:
        """The gradient where it ended, as descent sees it, evaluated anew, of the coordinates that no bound holds."""
        x = self.run.final
        with np.errstate(all="ignore"):
            gradient = self.sign * np.asarray(self.run.objective.gradient(x), float)
        low, high = self.box
        hair = 1e-12 * np.maximum(1.0, np.abs(x))
        held = ((x <= low + hair) & (gradient > 0)) | ((x >= high - hair) & (gradient < 0))
        return np.where(held, 0.0, gradient)

    @cached_property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """The bounds of the call, as two vectors."""
        n, given = len(self.run.final), self.call.options.get("bounds")
        low, high = np.full(n, -np.inf), np.full(n, np.inf)
        if isinstance(given, Mapping):
            for name, (a, b) in given.items():
                i = self.run.history.coordinates.index(name)
                low[i], high[i] = -np.inf if a is None else a, np.inf if b is None else b
        return low, high

    @cached_property
    def hessian(self) -> np.ndarray | None:
        """Second derivatives where it ended, as descent sees them: known, or by central differences of the gradient."""
        known = self.call.facts.get("hessian")
        if known is not None:
            return self.sign * np.asarray(known, float)
        x = self.run.final
        if len(x) > MOST_CURVED or not np.all(np.isfinite(x)):
            return None
        rows = []
        with np.errstate(all="ignore"):
            for i in range(len(x)):
                h = 1e-5 * max(1.0, abs(x[i]))
                e = np.zeros_like(x)
                e[i] = h
                up, down = (np.asarray(self.run.objective.gradient(x + s * e), float) for s in (1, -1))
                rows.append((up - down) / (2 * h))
        out = self.sign * np.array(rows)
        return (out + out.T) / 2 if np.all(np.isfinite(out)) else None

    @cached_property
    def away(self) -> float | None:
        """How far the stationary point lies by one step of Newton's method; None where curvature does not tell."""
        H = self.hessian
        if H is None or not len(H):
            return None
        free = self.slope != 0
        if not free.any():
            return 0.0
        H, g = H[np.ix_(free, free)], self.slope[free]
        values = np.linalg.eigvalsh(H)
        if values[0] <= 1e-13 * abs(values[-1]):
            return None
        return float(np.linalg.norm(np.linalg.solve(H, g)))

    def evidence(self, key: str) -> Iterator[tuple[str, Any]]:
        for finding in self.told.findings:
            value = finding.evidence.get(key)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                yield finding.code, float(value)


# --- what may not stand beside each other ---------------------------------------------------------------

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
    return r.run.success and r.run.status in (*RAN_OFF, "stalled")


@_contradiction
def success_that_is_worse_than_the_start(r: Ran) -> bool:
    values = r.sign * np.asarray(r.run.history.value)
    if not r.run.success or len(values) < 2 or not r.run.nit or r.call.facts.get("random"):
        return False
    return bool(r.sign * r.run.fun > values[0] + 1e-6 * (1e-30 + abs(values[0])))


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
    norm = _norm(r.slope)
    return f"{norm} is above {most}" if norm > most * (1 + single) + 1e-300 else ""


@_contradiction
def another_gradient_norm_than_there_is(r: Ran) -> str:
    if r.call.options.get("gradient") is not None or r.call.options.get("bounds") is not None:
        return ""
    told, norm = r.run.gradient_norm, _norm(r.slope)
    if not (np.isfinite(norm) and len(r.run.history)) or r.call.facts.get("random"):
        return ""
    rounding = 1e-3 if r.call.options.get("dtype") == "float32" else 1e-6
    size = max(_norm(np.asarray(r.run.history.x[0])), 1e-300) if r.call.facts.get("hessian") is None else 0.0
    floor = 1e-12 * (1 + size) * max(1.0, float(np.nanmax(np.abs(r.hessian)) if r.hessian is not None else 1))
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
            slack = _norm(r.slope) * float(np.linalg.norm(step)) + 1e-10 * (abs(here) + 1e-3)
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
    return bool(r.call.facts.get("confined")) and r.run.status in ("diverged", "unbounded")


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
    wrong = [one for one in told[1:] if not math.isclose(one[1], told[0][1], rel_tol=1e-5)]
    return f"{told[0]} and {wrong[0]}" if wrong else ""


@_contradiction
def a_curvature_that_is_not_its_directions(r: Ran) -> str:
    """Every direction's curvature is d'Hd, and the words steep and shallow go with them."""
    H = r.hessian
    if H is None or r.kind == "kink" or r.call.facts.get("hessian") is None:
        return ""
    f, size = r.told.forecast, float(np.max(np.abs(H), initial=0.0))
    lists = [("point", getattr(r.told.point, "directions", ()), r.sign)]
    if f is not None and f.exact:
        lists.append(("forecast", f.directions, 1.0))
    for where, listed, sign in lists:
        for one in listed:
            d = np.array([one["direction"].get(n, 0.0) for n in r.run.history.coordinates], float)
            is_ = float(d @ H @ d)
            if min(abs(is_ - one["curvature"]), abs(sign * is_ - one["curvature"])) > 1e-5 * size:
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
    slack = 0.01 * r.run.nit + 1 if r.call.options.get("dtype") == "float32" else 1 + 1e-4 * r.run.nit
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


def _norm(vector: np.ndarray) -> float:
    """A norm that neither overflows nor underflows."""
    size = float(np.max(np.abs(vector), initial=0.0))
    return size * float(np.linalg.norm(vector / size)) if 0 < size < np.inf else size


# --- advice and repetition ------------------------------------------------------------------------------


def advice_faults(r: Ran) -> list[str]:
    """What is wrong with advice: it does not succeed, is scolded itself, or takes another number of steps."""
    faults = []
    for finding in r.told.findings:
        advice = finding.advice
        if advice is None:
            continue
        named = r.call.options.get("optimizer")
        if "square" in str(advice.key) or not (named is None or isinstance(named, str)):
            continue
        again = Ran.of(r.call.changed(advice.setting))
        told = f"{finding.code} advises {advice.setting}, which"
        if not again.run.success:
            faults.append(f"{told} ends {again.run.status} without success: {again.run.message}")
        elif set(again.codes) - {"conditioning"}:
            faults.append(f"{told} is itself told {again.codes}")
        counted = _tried(r, advice) or again.run
        if counted.nit != advice.steps:
            faults.append(f"{told} was said to take {advice.steps} steps and takes {counted.nit}")
    return faults


def _tried(r: Ran, advice: Any) -> Any:
    """The run that the number of steps is of, where the call has no test and the advice names the tolerance it met."""
    tolerance = getattr(advice, "tolerance", None)
    if tolerance is None or r.run.stopping.asks_for_a_test:
        return None
    return r.call.changed({"steps": 1_000_000, **advice.setting, "tolerance": tolerance}).run()


def repetition_faults(r: Ran) -> list[str]:
    """Where the same run, or the same call, is explained in two ways."""
    first = plain(r.told)
    others = {
        "asked again": r.run.explain(),
        "explained anew": explain(r.run),
        "run anew": r.call.run().explain(),
    }
    return [
        f"{how}: {_difference(first, plain(other))}" for how, other in others.items() if plain(other) != first
    ]


def plain(told: Any) -> str:
    """An explanation as text in which every number counts."""
    return json.dumps(told.to_dict(), sort_keys=True, default=str)


def _difference(one: str, other: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return f"...{one[max(0, at - 60) : at + 60]}... and ...{other[max(0, at - 60) : at + 60]}..."
