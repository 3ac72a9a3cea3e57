"""Why a run ended as it did: the point, the causes, the forecast."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.descent import Descent
from downslope.explain import budget, recorded_course
from downslope.explain.budget import (
    BudgetedObjective,
    Clock,
    TooDearError,
    at_most,
    random_values,
    too_coarse,
    with_budget,
)
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.findings import Finding, causes
from downslope.explain.point import Detail, Point
from downslope.explain.sentences import say
from downslope.explain.theory import Forecast, from_curvature


@dataclass(frozen=True)
class Explanation:
    """Why a run ended as it did.

    Attributes:
        point: what kind of point it reached.
        findings: causes of trouble, the gravest first; empty where all is well.
        forecast: what curvature promised, beside what happened; None where theory has nothing to say.
        course: what happened, of a record whose function cannot be evaluated; else empty.
        left_out: that something was not looked into, and why; empty where all was.

    >>> import downslope as ds
    >>> print(ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.5).explain().point.kind)
    minimum
    """

    point: Point
    findings: tuple[Finding, ...]
    forecast: Forecast | None
    course: str = ""
    left_out: str = ""

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
        said = [self.course, self.point.sentence]
        for finding in self.findings:
            said.append(finding.sentence)
            if finding.advice is not None:
                said.append(finding.advice.sentence)
        said += [self._promised, self.left_out]
        return [sentence for sentence in said if sentence]

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
        said = []
        for finding in self.findings:
            said.append(finding.sentence)
            if finding.advice is not None:
                said.append(finding.advice.sentence)
        return " ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: ``point``, ``findings``, ``forecast`` and ``left_out``. NaN is None, infinities are text."""
        data = {
            "point": self.point.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "forecast": None if self.forecast is None else self.forecast.to_dict(),
            "left_out": self.left_out or None,
        }
        plain: dict[str, Any] = _plain(data)
        return plain

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def __repr__(self) -> str:
        lines = [*([self.course] if self.course else []), self.point.sentence]
        for finding in self.findings:
            lines.append(f"{finding.code}: {finding.sentence}")
            if finding.advice is not None:
                lines.append(f"  {finding.advice.sentence}")
        lines += [sentence for sentence in (self._promised, self.left_out) if sentence]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        def escaped(text: str) -> str:
            return html.escape(text, quote=False)

        rows = [f"<p>{escaped(sentence)}</p>" for sentence in (self.course, self.point.sentence) if sentence]
        for finding in self.findings:
            advice = "" if finding.advice is None else f" <b>{escaped(finding.advice.sentence)}</b>"
            rows.append(f"<p><code>{finding.code}</code> {escaped(finding.sentence)}{advice}</p>")
        rows += [f"<p>{escaped(sentence)}</p>" for sentence in (self._promised, self.left_out) if sentence]
        return "\n".join(rows)


def explain(run: Descent) -> Explanation:
    """Why ``run`` ended as it did: what kind of point it reached, causes of trouble, advice that was run, a forecast.

    It takes at most as long as the run, or a second where that is more, and mostly milliseconds: what would take
    longer is left out, and it says so. Settings are tried for at most as long as the run, or 50 ms.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=1.05, steps=100)
    >>> explanation = explain(run)
    >>> explanation.codes
    ('learning_rate_above_limit',)
    >>> evidence = explanation.findings[0].evidence
    >>> round(evidence["limit"], 6), evidence["along"], round(evidence["factor"], 6)
    (1.0, 'y', -1.1)
    >>> explanation.findings[0].advice.setting
    {'learning_rate': 0.952}
    """
    if not run.objective.evaluable:
        if not len(run.history):
            return Explanation(Point("unseen"), (), None)
        seen = recorded_course.RecordedCourse(run)
        return Explanation(
            Point("unseen"), tuple(recorded_course.findings(seen)), None, recorded_course.course(seen)
        )
    hidden: Detail = "coarse" if too_coarse(run) else "random" if random_values(run) else ""
    if hidden:
        return _by_its_record(run, hidden)
    limit = max(budget.EXPLAINING, run.seconds)
    with at_most(limit) as clock, np.errstate(all="ignore"):
        return _looked_into(Diagnosis(with_budget(run)), clock)


def _looked_into(diagnosis: Diagnosis, clock: Clock) -> Explanation:
    run, promised = diagnosis.run, None
    findings = causes(diagnosis)
    try:
        point = diagnosis.point
        promised = _forecast(diagnosis)
    except TooDearError:
        point = diagnosis.__dict__.get("point") or Point("unknown", "too_dear", maximize=run.maximize)
    left_out = _left_out(run, clock)
    if left_out and not findings:
        findings = recorded_course.findings(recorded_course.RecordedCourse(run)) if len(run.history) else []
        if point.kind == "unknown":
            return Explanation(point, tuple(findings), promised)
    kink = next((f for f in findings if f.code == "kink"), None)
    if kink is not None and point.kind != "kink":
        point = Point("kink", way=kink.evidence["along"], names=diagnosis.names, maximize=run.maximize)
    return Explanation(point, tuple(findings), promised, left_out=left_out)


def _left_out(run: Descent, clock: Clock) -> str:
    """That something was refused, for lack of time or of evaluations; empty where nothing was."""
    if clock.refused:
        return say("left_out.time")
    return (
        say("left_out.evaluations")
        if isinstance(run.objective, BudgetedObjective) and run.objective.refused
        else ""
    )


def _by_its_record(run: Descent, hidden: Detail) -> Explanation:
    """What the history alone tells, where curvature cannot be had: rounding or chance hides it."""
    findings = (
        tuple(recorded_course.findings(recorded_course.RecordedCourse(run))) if len(run.history) else ()
    )
    return Explanation(Point("unknown", hidden, maximize=run.maximize), findings, None)


def _forecast(diagnosis: Diagnosis) -> Forecast | None:
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
    doubt = diagnosis.view.doubt
    made = from_curvature(curvature, gradient, diagnosis.setup, diagnosis.wanted, diagnosis.quadratic, doubt)
    return made.beside(diagnosis.run)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (np.floating, np.integer, np.bool_)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
