"""Why a run ended as it did: the point, the causes, the forecast."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from downslope.attachments import attached
from downslope.descent import Descent, Status
from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain import budget, recorded_course
from downslope.explain.budget import (
    Budget,
    BudgetedObjective,
    SafetyClockError,
    TooDearError,
    at_most,
    random_values,
    too_coarse,
    with_budget,
)
from downslope.explain.classifying import MOST_PARAMETERS
from downslope.explain.consistency import agreed_findings, agreed_forecast, agreed_point
from downslope.explain.diagnosis import RAN_OFF, Diagnosis
from downslope.explain.findings import Finding, causes, sound, unexplained
from downslope.explain.judgement import is_to_be_judged
from downslope.explain.line_probe import fall_without_end
from downslope.explain.point import Detail, Point
from downslope.explain.sentences import say
from downslope.explain.spectrum import SpectrumEnds, ends_at
from downslope.explain.theory import Forecast, QuadraticModel, from_curvature, from_ends, noise_at
from downslope.messages import NOTHING, Message, listing

LEAST_VALUE = 1e-6  # how near to a known least value, in parts of it or of 1, a value is that one
LAST_GRADIENTS = 0.25  # part of the calls of a function that those at the last points may take


@dataclass(frozen=True)
class Explanation:
    """Why a run ended as it did.

    Attributes:
        point: what kind of point it reached.
        findings: causes of trouble, the gravest first; empty where all is well.
        forecast: what curvature promised, beside what happened; None where theory has nothing to say.
        course: what happened, of a record whose function cannot be evaluated; else empty.
        left_out: that something was not looked into, and why; empty where all was.
        held: which coordinates bounds hold at the end; empty where none are.
        run: what is explained, for its picture in a notebook; None of an explanation that was made of parts.

    >>> import downslope as ds
    >>> print(ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.5).explain().point.kind)
    minimum
    """

    point: Point
    findings: tuple[Finding, ...]
    forecast: Forecast | None
    course: Message = NOTHING
    left_out: Message = NOTHING
    held: tuple[str, ...] = ()
    run: Descent | None = field(default=None, repr=False, compare=False)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings."""
        return tuple(finding.code for finding in self.findings)

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def sentences(self) -> list[str]:
        """Everything that is said, a sentence or two an entry: the point, each cause with its advice, the forecast."""
        said = [*self._first, *(line for finding in self.findings for line in _told(finding)), *self._last]
        return [sentence for sentence in said if sentence]

    @property
    def _first(self) -> list[str]:
        """What happened, the point, and the bounds that hold it."""
        up = ".up" if self.point.maximize else ""
        told = "active_bounds" in self.codes or not self.held
        held = NOTHING if told else say(f"held.lower{up}", names=listing(self.held, "and"))
        return [str(said) for said in (self.course, self.point.message, held) if said]

    @property
    def _last(self) -> list[str]:
        """The forecast, and what was left out."""
        return [str(said) for said in (self._promised, self.left_out) if said]

    @property
    def _promised(self) -> str:
        """The forecast's sentence; empty where a finding has named the same limit of the learning rate."""
        if self.forecast is None:
            return ""
        limit, named = self.forecast.limit, [finding.evidence.get("limit") for finding in self.findings]
        told = limit is not None and any(isinstance(n, float) and math.isclose(n, limit) for n in named)
        return "" if told and self.forecast.diverges else self.forecast.sentence

    @property
    def brief(self) -> str:
        """What must be said at the end of a run: the causes and what would work; empty where all is well."""
        return " ".join(line for finding in self.findings for line in _told(finding))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: ``point``, ``findings``, ``forecast`` and ``left_out``. NaN is None, infinities are text."""
        data = {
            "point": {**self.point.to_dict(), "held": list(self.held)},
            "findings": [finding.to_dict() for finding in self.findings],
            "forecast": None if self.forecast is None else self.forecast.to_dict(),
            "left_out": str(self.left_out) or None,
        }
        told: dict[str, Any] = plain(data)
        return told

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def __repr__(self) -> str:
        lines = [*self._first]
        for finding in self.findings:
            cause, *advice = _told(finding)
            lines += [f"{finding.code}: {cause}", *(f"  {line}" for line in advice)]
        return "\n".join([*lines, *self._last])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def _repr_html_(self) -> str:
        def escaped(text: str) -> str:
            return html.escape(text, quote=False)

        rows = [f"<p>{escaped(sentence)}</p>" for sentence in self._first]
        for finding in self.findings:
            cause, *advice = map(escaped, _told(finding))
            rows.append(
                " ".join([f"<p><code>{finding.code}</code> {cause}", *(f"<b>{a}</b>" for a in advice)])
                + "</p>"
            )
        return "\n".join([*rows, *(f"<p>{escaped(sentence)}</p>" for sentence in self._last)])


def _told(finding: Finding) -> list[str]:
    """A cause, and the advice that goes with it."""
    return [finding.sentence, *([] if finding.advice is None else [finding.advice.sentence])]


def explain(run: Descent) -> Explanation:
    """Why ``run`` ended as it did: what kind of point it reached, causes of trouble, advice that was run, a forecast.

    It costs at most as many operations as the run, or 50,000,000 where that is more (some 50 ms; mostly a few), and of
    a function that has to be called as many calls as the run made and 200 more, those of judging its end among them:
    what would take more is left out, and it says so.
    Operations and calls are counted, so the same run is always explained the same way.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=1.05, steps=100)
    >>> explanation = explain(run)
    >>> explanation.codes
    ('learning_rate_above_limit',)
    >>> evidence = explanation.findings[0].evidence
    >>> round(evidence["limit"], 6), evidence["along"], round(evidence["factor"], 6)
    (1.0, 'y', -1.1)
    >>> explanation.findings[0].advice.setting
    {'learning_rate': 0.952, 'steps': 160}
    """
    if not run.objective.evaluable:
        if not len(run.history):
            return Explanation(Point("unseen"), (), None)
        seen = recorded_course.RecordedCourse(run)
        return Explanation(
            Point("unseen"), tuple(recorded_course.findings(seen)), None, recorded_course.course(seen)
        )
    kept_back = _kept_back(run)
    run = with_budget(run, budget.allowed_calls(run) - kept_back, kept_back)
    hidden: Detail = "coarse" if too_coarse(run) else "random" if random_values(run) else ""
    if hidden:
        return _by_its_record(run, hidden)
    operations = max(budget.OPERATIONS, budget.spent_by(run))
    try:
        with at_most(operations, budget.safety(run)) as spent, np.errstate(all="ignore"):
            return _looked_into(Diagnosis(run, sound), spent)
    except SafetyClockError:
        point = Point("unknown", "too_dear", maximize=run.maximize)
        return Explanation(point, tuple(unexplained(run)), None, left_out=say("left_out.clock"))


def _kept_back(run: Descent) -> int:
    """Calls for the gradients at the last points of a run that diverged, where that is no large part of all."""
    calls = recorded_course.ASKED * run.objective.gradient_calls
    few = calls <= LAST_GRADIENTS * budget.allowed_calls(run)
    return calls if run.termination.status == Status.DIVERGED and few else 0


def _looked_into(diagnosis: Diagnosis, spent: Budget) -> Explanation:
    run, promised = diagnosis.run, None
    if is_to_be_judged(run):
        _ = diagnosis.judged  # first, so that it is judged by the same budget as at the end of the run
    elif not isinstance(run.objective, BudgetedObjective):
        _point_first(diagnosis)
    ends = _ends(diagnosis)  # likewise before trials of advice
    findings = causes(diagnosis)
    try:
        point = diagnosis.point
        promised = _forecast(diagnosis, ends)
    except TooDearError:
        known = diagnosis.__dict__.get("point") or (diagnosis.judged if is_to_be_judged(run) else None)
        point = known or Point("unknown", "too_dear", maximize=run.maximize)
    left_out = _left_out(run, spent)
    if left_out and all(finding.code == "unexplained" for finding in findings):
        findings = _seen_in_the_record(run) or findings or unexplained(run)
        if point.kind == "unknown":
            return Explanation(point, tuple(findings), promised)
    findings = agreed_findings(findings)
    point = agreed_point(point, findings, run.status)
    if point.is_wanted and point.kind in ("minimum", "maximum"):
        point = replace(point, local=_is_local(diagnosis))
    if run.objective.expression is None and any(finding.code == "gradient_mismatch" for finding in findings):
        # they are differences of the gradient that is wrong
        point = replace(point, curvatures=(), directions=())
    forecast = agreed_forecast(promised, point, findings, run.status)
    return Explanation(point, tuple(findings), forecast, left_out=left_out, held=diagnosis.held)


def _is_local(diagnosis: Diagnosis) -> bool:
    """Whether curvature alone speaks for a minimum: the objective is no quadratic, and its least value is not known."""
    problem, run = diagnosis.run.objective.problem, diagnosis.run
    known = math.nan if problem is None or run.maximize else problem.minimum
    least = run.fun - known <= LEAST_VALUE * max(1.0, abs(known))
    return not least and not diagnosis.quadratic


def _point_first(diagnosis: Diagnosis) -> None:
    """What kind of point it is, before trials of advice take all that there is; it is remembered."""
    try:
        _ = diagnosis.point
    except (TooDearError, ObjectiveError, np.linalg.LinAlgError, OverflowError):
        return  # asked again, it says the same


def _left_out(run: Descent, spent: Budget) -> Message:
    """That something was refused, for lack of time or of evaluations; empty where nothing was."""
    if spent.refused:
        return say("left_out.time")
    return (
        say("left_out.evaluations")
        if isinstance(run.objective, BudgetedObjective) and run.objective.refused
        else NOTHING
    )


def _by_its_record(run: Descent, hidden: Detail) -> Explanation:
    """What the history alone tells, where curvature cannot be had: rounding or chance hides it."""
    findings = _seen_in_the_record(run) or unexplained(run)
    return Explanation(Point("unknown", hidden, maximize=run.maximize), tuple(findings), None)


def _seen_in_the_record(run: Descent) -> list[Finding]:
    return recorded_course.findings(recorded_course.RecordedCourse(run)) if len(run.history) else []


def _ends(diagnosis: Diagnosis) -> SpectrumEnds | None:
    """The least and the greatest curvature at the last point, of many parameters; None where they are not known."""
    many = len(diagnosis.names) > MOST_PARAMETERS and len(diagnosis.run.history) > 0
    if not many or diagnosis.status in RAN_OFF or diagnosis.setup.bounded:
        return None
    with np.errstate(all="ignore"):
        return ends_at(diagnosis.view, diagnosis.final)


def _forecast(diagnosis: Diagnosis, ends: SpectrumEnds | None) -> Forecast | None:
    if ends is not None and ends.smallest > 0 and diagnosis.point.kind != "kink":
        return replace(from_ends(ends, diagnosis.setup), up=diagnosis.run.maximize).beside(diagnosis.run)
    if not diagnosis.known or diagnosis.setup.bounded or diagnosis.point.kind == "kink":
        return None
    curvature, bottom, gradient = diagnosis.curvature, diagnosis.bottom, diagnosis.first_gradient
    if curvature is None or not np.all(np.isfinite(gradient)):
        return None
    if not diagnosis.quadratic:
        if bottom is None or (
            diagnosis.point.kind == "degenerate" and diagnosis.point.detail != "flat_valley"
        ):
            return None
        gradient = diagnosis.view.hessian(bottom.x) @ (diagnosis.start - bottom.x)
    view = diagnosis.view
    noise = 0.0 if bottom is None else noise_at(view, curvature, bottom.x)
    quadratic = QuadraticModel(curvature, gradient, diagnosis.quadratic, view.doubt, noise)
    made = from_curvature(quadratic, diagnosis.setup, diagnosis.wanted)
    if made is not None and not made.bounded and view.expression is None and not _falls_on(diagnosis):
        return None
    return None if made is None else replace(made, up=diagnosis.run.maximize).beside(diagnosis.run)


def _falls_on(diagnosis: Diagnosis) -> bool:
    """Whether a function that can only be called falls far beyond where the run ended, as its curvature there says."""
    x, curvature = diagnosis.final, diagnosis.curvature
    assert curvature is not None
    far = max(float(np.max(np.abs(x))), norm_of(x - diagnosis.start), 1.0)
    steepest = curvature.vectors[:, 0]
    ways = (-diagnosis.view.gradient(x), x - diagnosis.start, steepest, -steepest)
    known = (way / norm_of(way) for way in ways if 0 < norm_of(way) < np.inf)
    return any(len(fall_without_end(diagnosis.view, x, way, far)) > 0 for way in known)


def plain(value: Any) -> Any:
    """Data as JSON takes it: NaN is None, infinities are text, no NumPy scalars."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.floating, np.integer, np.bool_)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
