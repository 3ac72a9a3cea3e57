"""Why a fit ended as it did: what the data say, and what its descent says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from downslope.descent import Descent, Status
from downslope.errors import DownslopeError
from downslope.explain import Explanation
from downslope.explain.consistency import agreed_findings, agreed_forecast, agreed_point
from downslope.explain.diagnosis import LIMITS
from downslope.explain.explanation import plain
from downslope.explain.findings import CODES, Finding
from downslope.explain.judgement import point_of
from downslope.explain.kept import explanation_of
from downslope.fitting.identifiability import dependent
from downslope.fitting.result import FitResult
from downslope.messages import NOTHING, Message, as_message, message

MOST_PARAMETERS = 60
ONLY_MINIMUM = message(
    "The point is the only minimum: the squared error is quadratic, and the data determine all parameters."
)
ONLY_WITH_PENALTY = message(
    "The point is the only minimum: the penalty curves the cost upwards where the data do not."
)


@dataclass(frozen=True)
class FitExplanation:
    """Why a fit ended as it did.

    Attributes:
        ending: why the descent ended.
        noted: what was decided and what the data say, warnings last.
        descent: the explanation of the run, where it went in the user's own parameters; None where coordinates were
            chosen in which theory has nothing left to say.
        recorded: of a fit that was loaded, what was said of the descent when it was saved.
        standing: what kind of point it ended at, where ``descent`` does not say.
        findings: what was found in the data, in the fit and in its descent, the gravest first.
        recorded_codes: of a fit that was loaded, the codes that were found when it was saved.

    >>> import downslope as ds
    >>> fit = ds.fit({"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}, "y ~ a*x + b", learning_rate=0.1, steps=100)
    >>> fit.explain().codes
    ('learning_rate_above_limit',)
    """

    ending: Message
    noted: tuple[Message, ...]
    descent: Explanation | None
    recorded: tuple[str, ...] = ()
    standing: Message = NOTHING
    findings: tuple[Finding, ...] = ()
    recorded_codes: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Why the descent ended, in a sentence."""
        return str(self.ending)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided and what the data say, warnings last."""
        return tuple(map(str, self.noted))

    @property
    def point(self) -> str:
        """What kind of point it ended at, where ``descent`` does not say."""
        return str(self.standing)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings, each once."""
        return tuple(dict.fromkeys((*self.recorded_codes, *(finding.code for finding in self.findings))))

    @property
    def sentences(self) -> list[str]:
        """Everything that is said, an entry for each matter."""
        said = self.recorded if self.descent is None else self.descent.sentences
        point = [self.point] if self.point else []
        return [self.message, *self.notes, *point, *said]

    @property
    def brief(self) -> str:
        """The causes of trouble in the descent and what would work; empty where all is well."""
        return " ".join(self.recorded) if self.descent is None else self.descent.brief

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain data, what there is of the descent, and the sentences."""
        found = {} if self.descent is None else self.descent.to_dict()
        told = {
            "findings": [plain(finding.to_dict()) for finding in self.findings],
            "codes": list(self.codes),
        }
        return {
            "sentences": self.sentences,
            "brief": self.brief,
            "kind_of_point": self.point,
            **found,
            **told,
        }

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def explained(fit: FitResult) -> FitExplanation:
    """Why ``fit`` ended as it did; it takes at most as long as the descent, or a second where that is more."""
    if fit.recorded is not None:
        told = fit.recorded["explanation"]
        brief, point = (told.get(key, "") for key in ("brief", "kind_of_point"))
        codes = tuple(told.get("codes", ()))
        return FitExplanation(
            fit.run.termination.said,
            fit.noted,
            None,
            (brief,) if brief else (),
            as_message(point),
            recorded_codes=codes,
        )
    return _agreed(fit, _of_descent(fit))


def _agreed(fit: FitResult, descent: Explanation | None) -> FitExplanation:
    """What the data, the fit and its descent say, without what one of them denies of another."""
    own, theirs = list(fit.findings), [] if descent is None else list(descent.findings)
    agreed = sorted(agreed_findings([*own, *theirs]), key=_gravity)
    noted = _without(fit.noted, [finding for finding in own if finding not in agreed])
    if not agreed and not fit.success:
        agreed = _by_its_end(fit.run)
        noted = (*noted, *(finding.message for finding in agreed))
    ending = fit.run.termination.said
    if descent is None:
        return FitExplanation(ending, noted, None, standing=_standing(fit), findings=tuple(agreed))
    point = agreed_point(descent.point, agreed)
    descent = replace(
        descent,
        point=point,
        findings=tuple(finding for finding in theirs if finding in agreed),
        forecast=agreed_forecast(descent.forecast, point, agreed),
    )
    return FitExplanation(ending, noted, descent, findings=tuple(agreed))


def _gravity(finding: Finding) -> int:
    """The gravest first; what a record alone tells, last."""
    return CODES.index(finding.code) if finding.code in CODES else len(CODES)


def _by_its_end(run: Descent) -> list[Finding]:
    """The cause of a failure of which there is nothing else to say than how it ended."""
    told, status = run.termination.evidence, run.termination.status
    shown: dict[str, Any] = {"step": run.nit, "steps": run.nit, "gradient_norm": run.gradient_norm}
    if status == Status.STALLED:
        return [Finding("stalled", shown)]
    if status == Status.LEFT_DOMAIN:
        at_once = told is not None and told.step < 0
        key = "left_domain.opaque.start" if at_once else "left_domain.opaque"
        return [Finding("left_domain", {**shown, "step": run.nit + 1}, key=key)]
    if status not in LIMITS or told is None:
        return []
    if told.trend == "cycle":
        return [Finding("cycle", {**shown, "period": told.period or None}, key="cycle.unknown")]
    if told.worse:
        return _rate_made_worse(run)
    return [Finding("too_few_steps", {**shown, "cost": run.fun}, False, key="too_few_steps.fit")]


def _rate_made_worse(run: Descent) -> list[Finding]:
    """A descent that ended above its start, of which no curvature says what its rate should have been."""
    rate = run.optimizer.hyperparameters().get("learning_rate")
    if not isinstance(rate, float):
        return []
    code = "learning_rate_above_limit"
    evidence: dict[str, Any] = {"learning_rate": rate, "limit": None}
    evidence |= {
        "began": int(run.history.step[np.argmin(run.history.value)]),
        "rule": type(run.optimizer).__name__,
    }
    return [Finding(code, evidence, False, key=f"{code}.measured.alone")]


def _without(notes: tuple[Message, ...], denied: list[Finding]) -> tuple[Message, ...]:
    unsaid = {finding.message for finding in denied}
    return tuple(note for note in notes if note not in unsaid)


def _standing(fit: FitResult) -> Message:
    """What kind of point a fit converged to, in coordinates of our choice; nothing where that is not looked into."""
    assert fit.problem is not None
    objective = fit.problem.objective
    if fit.status != Status.CONVERGED or not fit.success or fit.path == "batches" or objective.penalty.l1:
        return NOTHING
    if fit.normal_equations is not None:
        if not len(dependent(fit.normal_equations)):
            return ONLY_MINIMUM
        return ONLY_WITH_PENALTY if objective.penalty.l2 and objective.penalty.mask.all() else NOTHING
    if objective.streamed or fit.run.final.size > MOST_PARAMETERS:
        return NOTHING
    try:
        point = point_of(fit.run)
    except DownslopeError:
        return NOTHING
    return point.message if point.kind == "minimum" else NOTHING


def _of_descent(fit: FitResult) -> Explanation | None:
    """In other coordinates than the user's, or in batches, the rule did not see the cost that is explained here."""
    if fit.coordinates != "user" or fit.path == "batches" or fit.run.final.size > MOST_PARAMETERS:
        return None
    if fit.normal_equations is None and fit.problem is not None and fit.problem.objective.streamed:
        return (
            None  # advice is run before it is given, and a run takes as many readings of the table as the fit
        )
    run: Descent = fit.run if fit.normal_equations is None else replace(fit.run, objective=fit.cost)
    try:
        found = explanation_of(run)
    except DownslopeError:
        return None
    # Every loss is convex in its prediction, so that of a linear hypothesis has no other minima.
    return found if fit.path == "formula" else replace(found, point=replace(found.point, local=False))
