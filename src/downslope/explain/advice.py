"""Advice: a setting that has been run on the same problem before anybody reads of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from downslope.descent import Descent, Status, Stopping, descend
from downslope.descent.descend import EngineName
from downslope.errors import DownslopeError
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.sentences import say
from downslope.explain.setup import Setup
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer, as_optimizer

MOST_STEPS = 100_000
SHARE = 0.6  # of the time that is left, for one trial
LEAST = 0.004  # seconds: a trial that is promised less is not begun
DIGITS = 3  # of a learning rate that is advised


@dataclass(frozen=True)
class Advice:
    """A setting, and what happened when it was run.

    Attributes:
        setting: what to change, by the names of ``minimize``: ``{"learning_rate": 0.25}``, ``{"start": {...}}``.
        key: of its sentence.
        status: how the trial ended.
        steps: how many steps it took.
        value: the objective where it ended.
        gradient_norm: the gradient's norm there.
    """

    setting: dict[str, Any]
    key: str
    status: str
    steps: int
    value: float
    gradient_norm: float
    verified: bool = True

    @property
    def sentence(self) -> str:
        """What to do, and what it did when it was tried."""
        fields = {name: value for name, value in self.setting.items() if name not in ("start", "bounds")}
        fields["rate"] = self.setting.get("learning_rate", math.nan)
        for name in ("start", "bounds"):
            fields[name] = _listed(self.setting.get(name, {}))
        return say(
            self.key, **{**fields, "steps": self.steps, "value": self.value, "norm": self.gradient_norm}
        )

    def to_dict(self) -> dict[str, Any]:
        """The advice as plain data."""
        outcome = {
            "status": self.status,
            "steps": self.steps,
            "value": self.value,
            "gradient_norm": self.gradient_norm,
        }
        return {
            "setting": self.setting,
            "verified": self.verified,
            "outcome": outcome,
            "sentence": self.sentence,
        }


def _listed(values: dict[str, Any]) -> str:
    shown = [
        f"{name}={_pair(v) if isinstance(v, (tuple, list)) else format(v, '.6g')}"
        for name, v in values.items()
    ]
    return ", ".join(shown[:6]) + (", ..." if len(shown) > 6 else "")


def _pair(pair: Any) -> str:
    low, high = ("" if side is None else format(side, ".4g") for side in pair)
    return f"{low}:{high}"


def trial(
    diagnosis: Diagnosis,
    optimizer: Optimizer,
    start: Vector | None = None,
    tolerance: float | None = None,
    objective: Objective | None = None,
    steps: int = MOST_STEPS,
) -> Descent | None:
    """The same problem with something changed, run until its test passes; None where time or a rule forbids it."""
    run = diagnosis.run
    new = type(Setup.of(optimizer).rule) is not type(diagnosis.setup.rule) or objective is not None
    compiling = 1.5 * diagnosis.view.compile_seconds if new else 0.0
    left = diagnosis.seconds_left - compiling
    if left < LEAST:
        return None
    seconds = SHARE * left + compiling
    try:
        return descend(
            objective or run.objective,
            run.start if start is None else start,
            optimizer,
            stopping(diagnosis, steps, seconds, tolerance),
            maximize=run.maximize,
            every=max(1, steps // 100),
            engine=_engine(diagnosis, new),
        )
    except DownslopeError:
        return None


def _engine(diagnosis: Diagnosis, new: bool) -> EngineName:
    """The one with least to compile: what a traced run had is compiled already; a framework compiles all anew."""
    run = diagnosis.run
    if run.objective.loop is None or run.engine == "traced":
        return "auto" if new and run.objective.loop is None else cast(EngineName, run.engine)
    return "hosted"


def stopping(diagnosis: Diagnosis, steps: int, seconds: float, tolerance: float | None = None) -> Stopping:
    """The test that the run had, else the gradient falling to a millionth of the first."""
    asked = diagnosis.run.stopping
    if tolerance is not None or not asked.asks_for_a_test:
        return Stopping(
            tolerance=diagnosis.wanted if tolerance is None else tolerance, steps=steps, seconds=seconds
        )
    tests = ("tolerance", "relative_tolerance", "value_tolerance", "x_tolerance", "target")
    return Stopping(**{name: getattr(asked, name) for name in tests}, steps=steps, seconds=seconds)


def worked(run: Descent | None) -> bool:
    """Whether a trial met its test."""
    return run is not None and run.termination.status in (Status.CONVERGED, Status.TARGET_REACHED)


def lasted(run: Descent | None) -> bool:
    """Whether a trial without a test went through all its steps."""
    return run is not None and run.termination.status == Status.STEP_LIMIT


def from_trial(key: str, setting: dict[str, Any], run: Descent) -> Advice:
    """The advice that a trial proved."""
    return Advice(setting, key, run.status, run.nit, run.fun, run.gradient_norm)


def try_rates(diagnosis: Diagnosis, rates: Iterable[float], fewer_than: float = math.inf) -> Advice | None:
    """The first of these learning rates, rounded, with which the same method meets the test in fewer steps."""
    tried: set[float] = set()
    for rate in rates:
        if not 0 < rate < math.inf:
            continue
        rounded = shortened(rate)
        if rounded in tried or rounded == diagnosis.rate:
            continue
        tried.add(rounded)
        cap = MOST_STEPS if fewer_than == math.inf else int(min(MOST_STEPS, max(1, fewer_than)))
        run = trial(diagnosis, diagnosis.setup.changed(learning_rate=rounded), steps=cap)
        if run is None and diagnosis.seconds_left < LEAST:
            return None
        if run is not None and worked(run) and run.nit < fewer_than:
            return from_trial("advice.learning_rate", {"learning_rate": rounded}, run)
    return None


def try_method(
    diagnosis: Diagnosis, name: str, fewer_than: float = math.inf, **values: float
) -> Advice | None:
    """Another method, where it meets the test in fewer steps than that."""
    try:
        rule = as_optimizer(name, **values)
        if diagnosis.setup.bounded and not rule.projects:
            return None
        run = trial(diagnosis, diagnosis.setup.with_rule(rule))
    except DownslopeError:
        return None
    if run is None or not worked(run) or not run.nit < fewer_than:
        return None
    key = "advice.momentum" if "momentum" in values else "advice.method"
    return from_trial(key, {"optimizer": name, **values}, run)


def shortened(rate: float) -> float:
    """The rate with three digits, rounded down, so that it stays under a limit that it was under.

    >>> shortened(0.9523809), shortened(0.25), shortened(2 / 3), shortened(8.0)
    (0.952, 0.25, 0.666, 8.0)
    """
    if rate <= 0 or not math.isfinite(rate):
        return rate
    place = DIGITS - 1 - math.floor(math.log10(rate))
    near = round(rate, place)
    if math.isclose(near, rate, rel_tol=1e-9):
        return near
    return round(math.floor(rate * 10.0**place) / 10.0**place, max(place, 0))
