"""Advice: a setting that has been run on the same problem, and looked at, before anybody reads of it.

A candidate is a few options of ``minimize`` that would be changed. It becomes advice where the same call with them ends
in success by the limits that the call has, or by limits that are named with it, and where nothing is found wrong with
that run. The first candidate that does is taken, and there is one advice in an explanation.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from downslope.descent import Descent, LoopOptions, Status, Stopping, descend
from downslope.descent.descend import EngineName
from downslope.descent.engine import EvaluationsLeft
from downslope.descent.stopping import DEFAULT_TOLERANCE, SINGLE_TOLERANCE
from downslope.errors import DownslopeError
from downslope.explain import budget
from downslope.explain.budget import TooDearError
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.judgement import judge_run
from downslope.explain.poles import jumps_over_a_pole
from downslope.explain.sentences import TEMPLATES, say
from downslope.explain.setup import Setup
from downslope.messages import Message, sentences
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer, as_optimizer

MOST_STEPS = 1_000_000
SHARE = 0.4  # of the operations that are left, for one trial
SHARE_CALLED = 0.4  # of the evaluations that are left, where each is called
FEWEST_CALLED = 4  # of these, likewise
FEWEST = 100  # evaluations: a trial that could make fewer is not begun
DIGITS = 3  # of a learning rate that is advised
ROOM = 1.1  # times the steps that were needed are advised, with two digits
NAME_THE_LIMIT = ("advice.steps", "advice.schedule")  # these speak of the steps themselves
LEFT_OUT = {"optimizer": None, "learning_rate": None, "hyperparameters": None, "schedule": None}


@dataclass(frozen=True)
class Advice:
    """A setting, and what happened when it was run.

    Attributes:
        setting: what to change, by the names of ``minimize``: ``{"learning_rate": 0.25}``, ``{"start": {...}}``.
            None stands for an option that is to be left out.
        key: of its sentence.
        status: how the trial ended.
        steps: how many steps it took.
        value: the objective where it ended.
        gradient_norm: the gradient's norm there.
        tolerance: the gradient norm that it was to reach; None where it met another test of the run's own.
    """

    setting: dict[str, Any]
    key: str
    status: str
    steps: int
    value: float
    gradient_norm: float
    tolerance: float | None = None
    verified: bool = True

    @property
    def sentence(self) -> str:
        """What to do, and what it did when it was tried."""
        return str(self.message)

    @property
    def message(self) -> Message:
        """The same as data."""
        fields = {name: value for name, value in self.setting.items() if name not in ("start", "bounds")}
        fields |= fields.pop("hyperparameters", None) or {}
        fields["rate"] = self.setting.get("learning_rate", math.nan)
        fields["allowed"] = self.setting.get("steps", 0)
        for name in ("start", "bounds"):
            fields[name] = _listed(self.setting.get(name, {}))
        fields |= {"steps": self.steps, "value": self.value, "norm": self.gradient_norm}
        fields["tolerance"] = self.setting.get("tolerance", self.tolerance)
        own = self.tolerance is None and f"{self.key}.own" in TEMPLATES and "tolerance" not in self.setting
        said = say(f"{self.key}.own" if own else self.key, **fields)
        raised = self.key not in NAME_THE_LIMIT and self.setting.get("steps")
        calls = self.setting.get("evaluations")
        return sentences(
            said,
            say("advice.limit", allowed=raised) if raised else None,
            say("advice.limit_of_evaluations", calls=calls) if calls else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """The advice as plain data."""
        outcome = {
            "status": self.status,
            "steps": self.steps,
            "value": self.value,
            "gradient_norm": self.gradient_norm,
            "tolerance": self.tolerance,
        }
        return {
            "setting": self.setting,
            "verified": self.verified,
            "outcome": outcome,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something to try.

    Attributes:
        key: of the sentence that it would be advised with.
        setting: options of ``minimize`` to change.
        optimizer: with which it is run; by default the run's own.
        start, objective: likewise.
        tolerance: the gradient norm to reach, where it is not the run's own test.
        lasting: whether it is to go through so many steps, and not to meet a test.
    """

    key: str
    setting: dict[str, Any] = field(default_factory=dict)
    optimizer: Optimizer | None = None
    start: Vector | None = None
    objective: Objective | None = None
    tolerance: float | None = None
    lasting: int | None = None


def first_to_work(
    diagnosis: Diagnosis, candidates: Iterable[Candidate], fewer_than: float = math.inf
) -> Advice | None:
    """The first candidate that proves itself, in fewer steps than that; None where none does, or advice is there."""
    for candidate in candidates:
        if not diagnosis.advising:
            return None
        try:
            found = _proven(diagnosis, candidate, fewer_than)
        except DownslopeError:  # a rule that refuses the setting, or no more to spend: then it is not advised
            continue
        if found is not None:
            diagnosis.advising = False
            return found
    return None


def _proven(diagnosis: Diagnosis, candidate: Candidate, fewer_than: float) -> Advice | None:
    """The advice, where the trial ends well, within the run's own limits or with those that it needs, and is sound."""
    run = trial(diagnosis, candidate, fewer_than)
    if run is None or not run.nit < fewer_than:
        return None
    ends = (Status.CONVERGED, Status.TARGET_REACHED) if candidate.lasting is None else (Status.STEP_LIMIT,)
    if run.termination.status not in ends:
        return None
    if jumps_over_a_pole(run):
        return None  # where it then arrives is not what it was on its way to
    setting = candidate.setting | _limits_needed(diagnosis, candidate, run)
    if candidate.tolerance is not None:
        setting |= _other_tests(diagnosis)
    told = dataclasses.replace(candidate, setting=setting)
    again = run if diagnosis.asked or candidate.lasting else _same_call(diagnosis, told, run)
    refusals = budget.refusals_of(diagnosis.run.objective)
    if again is None or not judge_run(again).success or not diagnosis.sound(again):
        return None
    if budget.refusals_of(diagnosis.run.objective) > refusals:
        return None  # not all of it was looked into
    stopping = diagnosis.run.stopping
    by_gradient = stopping.tolerance is not None or stopping.relative_tolerance is not None
    by_norm = candidate.lasting is None and (by_gradient or not diagnosis.asked)
    reached = run.stopping.tolerance if by_norm else None
    return Advice(setting, candidate.key, run.status, run.nit, run.fun, run.gradient_norm, reached)


def trial(diagnosis: Diagnosis, candidate: Candidate, fewer_than: float = math.inf) -> Descent | None:
    """The same problem with something changed, run until its test passes; None where it cannot be afforded."""
    run, optimizer = diagnosis.run, candidate.optimizer or diagnosis.run.optimizer
    new = type(Setup.of(optimizer).rule) is not type(diagnosis.setup.rule) or candidate.objective is not None
    price = budget.step_price(run)
    evaluations = int(min(SHARE * budget.left() / price, 2.0**52))
    calls = budget.calls_left(run.objective) / budget.calls_of(run.objective)
    if evaluations < FEWEST or calls < FEWEST_CALLED:
        return None
    evaluations = int(min(evaluations, SHARE_CALLED * calls))
    steps = candidate.lasting or int(min(MOST_STEPS, max(1, fewer_than)))
    dear = EvaluationsLeft(int(min(SHARE * budget.left() / budget.HOSTED_STEP, 2.0**31)))
    allowed, engine = dear.left, _engine(diagnosis, new)
    remade = (
        engine == "traced" and candidate.lasting is None
    )  # where rows that were left out can be made again
    try:
        done = descend(
            candidate.objective or run.objective,
            run.start if candidate.start is None else candidate.start,
            optimizer,
            _stopping(diagnosis, candidate, steps, evaluations),
            loop=LoopOptions(
                maximize=run.maximize,
                every=max(1, steps // 1000) if remade else None,
                engine=engine,
                exact_norms=dear,
            ),
        )
        budget.spend(done.nfev * price + (allowed - max(0, dear.left)) * budget.HOSTED_STEP)
    except TooDearError:
        return None
    return done


def _engine(diagnosis: Diagnosis, new: bool) -> EngineName:
    """The one with least to compile: what a traced run had is compiled already; a framework compiles all anew."""
    run = diagnosis.run
    if run.objective.loop is None or run.engine == "traced":
        return "auto" if new and run.objective.loop is None else cast(EngineName, run.engine)
    return "hosted"


def _stopping(diagnosis: Diagnosis, candidate: Candidate, steps: int, evaluations: int) -> Stopping:
    """The test that the run had, else the gradient falling to a millionth of the first."""
    asked, tolerance = diagnosis.run.stopping, candidate.tolerance
    if candidate.lasting is not None:
        return Stopping(steps=steps, evaluations=evaluations)
    if tolerance is not None or not asked.asks_for_a_test:
        tolerance = diagnosis.wanted if tolerance is None else tolerance
        return Stopping(tolerance=tolerance, steps=steps, evaluations=evaluations)
    tests = ("tolerance", "relative_tolerance", "value_tolerance", "x_tolerance", "target")
    asked_for = {name: getattr(asked, name) for name in tests}
    return Stopping(**asked_for, steps=steps, evaluations=evaluations)


def _limits_needed(diagnosis: Diagnosis, candidate: Candidate, run: Descent) -> dict[str, Any]:
    """Limits of the run's own that a trial would have hit on its way to the end that is told, as they have to be."""
    asked = diagnosis.run.stopping
    needed: dict[str, Any] = {}
    if asked.steps is not None and candidate.lasting is None and run.nit > asked.steps:
        needed["steps"] = roomy(run.nit)
    if asked.evaluations is not None and run.nfev > asked.evaluations:
        needed["evaluations"] = roomy(run.nfev)
    if (
        needed
        and diagnosis.asked
        and asked.tolerance in (DEFAULT_TOLERANCE, SINGLE_TOLERANCE)
        and candidate.tolerance is None
    ):
        needed["tolerance"] = asked.tolerance  # a call that names its steps has no tolerance by itself
    return needed


def _other_tests(diagnosis: Diagnosis) -> dict[str, Any]:
    """The tests that a run was given beside a tolerance, left out: any of them would end it sooner."""
    names = ("relative_tolerance", "value_tolerance", "x_tolerance", "target")
    return {name: None for name in names if getattr(diagnosis.run.stopping, name) is not None}


def _same_call(diagnosis: Diagnosis, candidate: Candidate, tried: Descent) -> Descent | None:
    """The call as it was, without a test, with the candidate's setting: as many steps as it asks for."""
    steps = candidate.setting.get("steps") or diagnosis.run.stopping.steps or diagnosis.run.nit
    steps = min(steps, MOST_STEPS)
    return trial(diagnosis, dataclasses.replace(candidate, lasting=max(1, steps)))


# --- candidates ---------------------------------------------------------------------------------------


def rates(diagnosis: Diagnosis, wanted: Iterable[float]) -> list[Candidate]:
    """Other learning rates for the same method, with three digits."""
    found: dict[float, Candidate] = {}
    for rate in wanted:
        if not 0 < rate < math.inf:
            continue
        η = shortened(rate)
        if η not in found and η != diagnosis.rate:
            rule = diagnosis.setup.changed(learning_rate=η)
            found[η] = Candidate(key="advice.learning_rate", setting={"learning_rate": η}, optimizer=rule)
    return list(found.values())


def method(
    diagnosis: Diagnosis, name: str, learning_rate: float | None = None, **values: float
) -> list[Candidate]:
    """Another method in the same wrappers; none where it cannot be kept within bounds."""
    rule = as_optimizer(name, learning_rate, **values)
    if diagnosis.setup.bounded and not rule.projects:
        return []
    setting: dict[str, Any] = {"optimizer": name, "learning_rate": learning_rate}
    setting["hyperparameters"] = dict(values) or None
    key = "advice.momentum" if values else "advice.method" if learning_rate is None else "advice.method_rate"
    return [Candidate(key=key, setting=setting, optimizer=diagnosis.setup.with_rule(rule))]


def leave_out(diagnosis: Diagnosis) -> list[Candidate]:
    """No method and no learning rate: then one is chosen that finds its own steps."""
    name = "spg" if diagnosis.setup.bounded else "auto"
    if type(diagnosis.setup.rule).name() == name or diagnosis.setup.wrapped:
        return []
    rule = diagnosis.setup.with_rule(as_optimizer(name))
    return [Candidate(key="advice.leave_out", setting=dict(LEFT_OUT), optimizer=rule)]


def without_schedule(diagnosis: Diagnosis) -> list[Candidate]:
    """The first learning rate, without the schedule that made it smaller."""
    rate = diagnosis.setup.first_rate
    if rate is None:
        return []
    rule = diagnosis.setup.changed(learning_rate=rate)
    return [
        Candidate(key="advice.no_schedule", setting={"learning_rate": rate, "schedule": None}, optimizer=rule)
    ]


def scheduled(diagnosis: Diagnosis, schedule: Any, text: str, steps: int) -> list[Candidate]:
    """The same learning rate on a schedule, for so many steps."""
    assert diagnosis.rate is not None
    rule = diagnosis.setup.changed(learning_rate=diagnosis.rate * schedule)
    setting: dict[str, Any] = {
        "learning_rate": diagnosis.rate,
        "schedule": text,
        "steps": steps,
        "tolerance": None,
    }
    setting |= _other_tests(diagnosis)
    return [Candidate(key="advice.schedule", setting=setting, optimizer=rule, lasting=steps)]


def tolerance(value: float) -> Candidate:
    """Another tolerance."""
    return Candidate(key="advice.tolerance", setting={"tolerance": value}, tolerance=value)


def more_steps(diagnosis: Diagnosis) -> Candidate:
    """The same, for longer."""
    by_calls = diagnosis.status == Status.EVALUATION_LIMIT
    return Candidate(key="advice.evaluations" if by_calls else "advice.steps")


# --- numbers ------------------------------------------------------------------------------------------


def roomy(steps: int) -> int:
    """A round number of steps, with some room.

    >>> roomy(123_789), roomy(137), roomy(4)
    (140000, 160, 5)
    """
    wanted = math.ceil(ROOM * steps)
    place: int = 10 ** max(0, len(str(wanted)) - 2)
    return -(-wanted // place) * place


def _listed(values: dict[str, Any]) -> str:
    shown = [
        f"{name}={_pair(v) if isinstance(v, (tuple, list)) else format(v, '.6g')}"
        for name, v in values.items()
    ]
    return ", ".join(shown[:6]) + (", ..." if len(shown) > 6 else "")


def _pair(pair: Any) -> str:
    low, high = ("" if side is None else format(side, ".4g") for side in pair)
    return f"{low}:{high}"


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
