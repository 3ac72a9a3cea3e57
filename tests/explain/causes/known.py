"""One record: what is run, what must be said of it, and what must not."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from calls import Call, Ran
from consistency import contradictions
from replays import advice_faults

NUMBERS = 1e-5  # relative, unless a number brings its own slack


@dataclass(frozen=True)
class About:
    """A number and how far (relative) what is told may lie from it."""

    value: float
    slack: float


@dataclass(frozen=True)
class Within:
    """A number and how far (absolutely) what is told may lie from it."""

    value: float
    slack: float


@dataclass(frozen=True)
class OneOf:
    """Any of these numbers."""

    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """A run, fit or record, and what is known of it.

    Attributes:
        name: of the case, unique.
        call: of ``minimize`` or ``maximize``; or
        later: a function that makes the call, where making it means importing a framework; or
        make: a function that makes the run, fit or record.
        named: codes that must be among the findings; ``"a|b"`` is any of these.
        never: codes that must not be.
        quiet: whether nothing may be found at all, but for ``allowed``.
        success, status, point: what must come; ``point`` is any of kinds or ``kind.detail``.
        numbers: ``"code.key"`` of a finding's evidence, ``"code.*"`` for any number in it, ``"forecast.key"``,
            ``"point.key"``, ``"run.fun"``, ``"run.nit"``, ``"x.name"`` or ``"x.0"``.
        words, unsaid: parts of sentences that must be there, or must not.
        advised: whether something must be advised.
        instead: an answer ``x`` that makes the run right without any finding.
        why: how the expectation is known.
    """

    name: str
    call: Call | None = None
    later: Callable[[], Call] | None = None
    make: Callable[[], Any] | None = None
    named: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    quiet: bool = False
    allowed: tuple[str, ...] = ()
    success: bool | None = None
    status: tuple[str, ...] = ()
    point: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    advised: bool | None = None
    instead: tuple[float, ...] | None = None
    why: str = ""

    def climbing(self) -> Known:
        """The same upwards: the negative of a formula, climbed."""
        assert self.call is not None, self.name
        assert isinstance(self.call.function, str), self.name
        assert "gradient" not in self.call.options, self.name
        facts = dict(self.call.facts)
        if "hessian" in facts:
            facts["hessian"] = -np.asarray(facts["hessian"])
        options = dict(self.call.options)
        if "target" in options:
            options["target"] = -options["target"]
        call = replace(self.call, function=f"-({self.call.function})", up=True, facts=facts, options=options)
        swap = {"minimum": "maximum", "maximum": "minimum"}
        point = tuple(
            ".".join([swap.get(p.split(".")[0], p.split(".")[0]), *p.split(".")[1:]]) for p in self.point
        )
        numbers = {
            key: _negative(value)
            if key in ("run.fun", "saddle.curvature", "target_out_of_reach.value")
            else value
            for key, value in self.numbers.items()
            if not key.startswith("point.curvatures")
        }
        return replace(self, name=f"{self.name}, climbing", call=call, point=point, numbers=numbers)

    def in_float32(self) -> Known:
        """The same in float32; numbers are then known to a thousandth."""
        assert self.call is not None
        call = replace(self.call, options={**self.call.options, "dtype": "float32"})
        numbers = {k: About(v, 1e-2) if isinstance(v, (int, float)) else v for k, v in self.numbers.items()}
        return replace(self, name=f"{self.name}, float32", call=call, numbers=numbers)


def case(
    name: str, function: Any, start: Any, options: Mapping[str, Any], *named: str, **known: Any
) -> Known:
    """A record of a run in one line; ``up`` and ``facts`` go to its call."""
    up, facts = known.pop("up", False), known.pop("facts", {})
    return Known(name=name, call=Call(function, start, options, up, facts), named=named, **known)


@dataclass(frozen=True)
class Verdict:
    """What was wrong with what was said of one case, and whether its causes were named."""

    known: Known
    faults: tuple[str, ...]
    is_named: bool
    got: str


def judge(known: Known) -> Verdict:
    """Run a case and hold what is said against what is known."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        call = known.call if known.later is None else known.later()
        made = call.run() if call is not None else known.make()  # type: ignore[misc]
        told = made.explain()
    codes, text = codes_of(made, told), f"{made.message} {told}"
    faults: list[str] = []
    missing = [name for name in known.named if not set(name.split("|")) & set(codes)]
    if known.instead is not None and made.success and not codes:
        missing = []
        if not np.allclose(made.run.final if hasattr(made, "run") else made.final, known.instead, rtol=1e-3):
            faults.append(f"succeeds at {made.x}, where the answer is {known.instead}")
    faults += [f"does not name {name}" for name in missing]
    faults += [f"names {code}" for code in codes if code in known.never]
    if known.quiet:
        faults += [f"names {code} of a healthy run" for code in codes if code not in known.allowed]
    if known.success is not None and made.success != known.success:
        faults.append(f"success is {made.success}: {made.message}")
    if known.status and made.status not in known.status:
        faults.append(f"status is {made.status}")
    faults += _of_the_point(known, told)
    if not missing:
        faults += [
            fault for key, want in known.numbers.items() for fault in _of_a_number(made, told, key, want)
        ]
    faults += [f"does not say {word!r}" for word in known.words if word not in text]
    faults += [f"says {word!r}" for word in known.unsaid if word in text]
    advice = [f.advice for f in findings_of(told) if getattr(f, "advice", None) is not None]
    if known.advised is not None and bool(advice) != known.advised:
        faults.append(f"advises {[a.setting for a in advice]}")
    if call is not None:
        ran = Ran(call, made)
        faults += contradictions(ran) + advice_faults(ran)
    return Verdict(known, tuple(faults), not missing, f"{made.status} {made.success} {codes}")


def findings_of(told: Any) -> tuple[Any, ...]:
    """The findings of an explanation of a run or of a fit, whose descent may have its own."""
    found = tuple(getattr(told, "findings", ()) or ())
    descent = getattr(told, "descent", None)
    return found + tuple(getattr(descent, "findings", ()) or ())


def codes_of(made: Any, told: Any) -> tuple[str, ...]:
    """The codes of all findings, each once."""
    return tuple(dict.fromkeys(finding.code for finding in findings_of(told)))


def _of_the_point(known: Known, told: Any) -> list[str]:
    if not known.point:
        return []
    point = getattr(told, "point", None)
    if not hasattr(point, "kind"):
        point = getattr(getattr(told, "descent", None), "point", None)
    kind, detail = getattr(point, "kind", None), getattr(point, "detail", "") or ""
    whole = f"{kind}.{detail}" if detail else str(kind)
    if whole in known.point or (kind in known.point and not detail):
        return []
    return [f"the point is {whole}, not {' or '.join(known.point)}"]


def _of_a_number(made: Any, told: Any, key: str, want: Any) -> list[str]:
    family, _, name = key.partition(".")
    if name == "*":
        numbers = [n for f in findings_of(told) if f.code == family for n in _numbers(f.evidence)]
        near = any(_near(n, want) for n in numbers)
        return [] if near else [f"{key} has no {want}: {numbers[:12]}"]
    got = _looked_up(made, told, family, name)
    if isinstance(want, (str, bool)) or want is None:
        return [] if got == want else [f"{key} is {got!r}, not {want!r}"]
    if not isinstance(got, (int, float)):
        return [f"{key} is {got!r}, not {want}"]
    return [] if _near(float(got), want) else [f"{key} is {got}, not {want}"]


def _looked_up(made: Any, told: Any, family: str, name: str) -> Any:
    if family == "run":
        return float(getattr(made, name))
    if family == "x":
        x = made.run.final if hasattr(made, "run") else made.final
        coordinates = made.history.coordinates
        return float(x[coordinates.index(name) if name in coordinates else int(name)])
    if family in ("forecast", "point"):
        field_, _, index = name.partition(".")
        value = getattr(getattr(told, family, None), field_, None)
        return value[int(index)] if index and value else value
    found = next((f for f in findings_of(told) if f.code == family), None)
    return None if found is None else found.evidence.get(name)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, Mapping):
        return [n for part in value.values() for n in _numbers(part)]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [n for part in value for n in _numbers(part)]
    return [float(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def _negative(value: Any) -> Any:
    return About(-value.value, value.slack) if isinstance(value, About) else -value


def _near(got: float, want: Any) -> bool:
    if isinstance(want, OneOf):
        return any(_near(got, one) for one in want.values)
    if isinstance(want, Within):
        return abs(got - want.value) <= want.slack
    if isinstance(want, About):
        return abs(got - want.value) <= want.slack * max(abs(want.value), 1e-12)
    return math.isclose(got, want, rel_tol=NUMBERS, abs_tol=1e-9 if want == 0 else 0.0)
