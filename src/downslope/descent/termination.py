"""The one judge of the end: from the numbers that decided to a status word, success, and what to say.

Engines, fits in rounds and in batches, records of other people's loops, SciPy's method and estimators all come to
``terminate``. The conditions themselves, on which a run ends, are those of ``judge.judge``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from downslope.descent.evidence import ENDLESS, LIMITS, POOR_FIT, Cause, Evidence
from downslope.descent.stopping import Status
from downslope.descent.termination_messages import Places, sentence_of
from downslope.messages import Message, sentences
from downslope.objectives import Vector

FAR = 1e50  # a NaN this far out is an overflow (inf - inf), not the edge of a domain
JUMP = 100.0  # an infinite value further out than this many times the start is an overflow, not a pole

STATUSES = {
    Cause.GRADIENT_SMALL: Status.CONVERGED,
    Cause.VALUE_STEADY: Status.CONVERGED,
    Cause.POINT_STEADY: Status.CONVERGED,
    Cause.COST_STEADY: Status.CONVERGED,
    Cause.COST_AT_FLOOR: Status.CONVERGED,
    Cause.COST_SMOOTHED: Status.CONVERGED,
    Cause.VERTEX: Status.CONVERGED,
    Cause.TARGET_REACHED: Status.TARGET_REACHED,
    Cause.STEP_LIMIT: Status.STEP_LIMIT,
    Cause.ROUND_LIMIT: Status.STEP_LIMIT,
    Cause.LOOP_ENDED: Status.STEP_LIMIT,
    Cause.COST_UNSTEADY: Status.STEP_LIMIT,
    Cause.COST_NOISY: Status.STEP_LIMIT,
    Cause.EVALUATION_LIMIT: Status.EVALUATION_LIMIT,
    Cause.TIME_LIMIT: Status.TIME_LIMIT,
    Cause.VALUE_HIGH: Status.DIVERGED,
    Cause.VALUE_LOW: Status.UNBOUNDED,
    Cause.SEPARABLE: Status.UNBOUNDED,
    Cause.STALLED: Status.STALLED,
    Cause.COST_STUCK: Status.STALLED,
    Cause.STEP_NOT_FINITE: Status.STALLED,
    Cause.INTERRUPTED: Status.INTERRUPTED,
    Cause.LOOP_INTERRUPTED: Status.INTERRUPTED,
    Cause.CALLBACK: Status.STOPPED_BY_CALLBACK,
    Cause.ERROR: Status.ERROR,
}
LEAVING = (Cause.VALUE_NAN, Cause.VALUE_INFINITE, Cause.GRADIENT_NOT_FINITE)
_MET = (Status.CONVERGED, Status.TARGET_REACHED, Status.STOPPED_BY_CALLBACK)


@dataclass(frozen=True)
class Termination:
    """How a run ended.

    Attributes:
        status: one word.
        success: whether it ended as it was asked to.
        said: one or two sentences, as data.
        left_at: the point outside, where the run went to one; the last good point is the run's ``x``.
        evidence: the numbers that decided; None in runs that were saved before they were kept.
        remarks: whole sentences that were added by whoever knows more, the kind of point reached, say.
    """

    status: Status
    success: bool
    said: Message
    left_at: Vector | None = None
    evidence: Evidence | None = None
    remarks: tuple[Message, ...] = ()

    @property
    def message(self) -> str:
        """Why it ended, in a sentence or two, in the reader's language."""
        return str(self.said)


def terminate(evidence: Evidence, places: Places | None = None, *remarks: Message) -> Termination:
    """How a run ended, by the evidence; ``remarks`` are whole sentences that are said after its own."""
    where = places or Places()
    status = status_of(evidence)
    said = sentences(sentence_of(evidence, status, where), *remarks)
    return Termination(status, _success(evidence, status), said, where.left_at, evidence, remarks)


def status_of(e: Evidence) -> Status:
    """The word for it."""
    rising = e.trend == "rising" and e.worse
    if e.cause == Cause.RECORD_BROKE:
        return Status.DIVERGED if rising else Status.LEFT_DOMAIN
    if e.cause in LEAVING or (e.cause == Cause.VALUE_LOW and e.step < 0):  # -inf at the start is a pole
        return Status.DIVERGED if e.far and e.step >= 0 else Status.LEFT_DOMAIN
    if rising and e.step > 0 and (e.cause in LIMITS or e.cause == Cause.LOOP_ENDED):
        return Status.DIVERGED
    if e.cause == Cause.COST_STEADY and e.worse:
        return Status.DIVERGED
    status = STATUSES[e.cause]
    if status == Status.CONVERGED and e.ground == POOR_FIT:
        return Status.STALLED
    return Status.UNBOUNDED if status == Status.CONVERGED and e.ground == ENDLESS else status


def _success(e: Evidence, status: Status) -> bool:
    """Whether it ended as it was asked to.

    A test passed, at no point that is known to be another than was wanted; or only limits were asked for, and the end
    is no worse than the start, and none of a cycle, which more steps never leave.
    """
    if e.ground:
        return False
    if status in _MET:
        return True
    alone = e.cause in (*LIMITS, Cause.LOOP_ENDED) or (e.cause == Cause.STALLED and e.settled)
    return alone and status != Status.DIVERGED and not e.asked and not e.worse and e.trend != "cycle"


def is_far(point: Vector, start: Vector, is_nan: bool) -> bool:
    """Whether a point outside is so far out that what fails there is an overflow, not the edge of a domain."""
    reach = float(np.max(np.abs(point), initial=0.0))
    home = 1 + float(np.max(np.abs(start), initial=0.0))
    return reach > (FAR if is_nan else JUMP * home)
