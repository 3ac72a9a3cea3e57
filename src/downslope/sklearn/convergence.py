"""How a fit ended, in scikit-learn's terms: a warning where it did not converge, with the reason and what to try."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from downslope.descent import Status
from downslope.descent.evidence import Cause, Unit
from downslope.descent.progress import Step
from downslope.descent.termination import Termination
from downslope.fitting.explanation import explained
from downslope.fitting.result import FitResult
from downslope.messages import as_message, message, sentences


@dataclass
class Patience:
    """A callback that ends a descent whose cost no longer falls.

    It is for costs whose gradient does not vanish: in batches, and where the loss has a kink.

    Args:
        tol: a step counts as no change where the least cost so far falls by at most this part of its whole fall.
        steps: so many such steps in a row end the descent.

    >>> patience = Patience(tol=0.1, steps=2)
    >>> [patience(Step(k, k, None, value, 0.0)) for k, value in enumerate([9.0, 1.0, 0.9, 0.9])]
    [False, False, False, True]
    """

    tol: float
    steps: int
    first: float | None = None
    least: float = float("inf")
    waited: int = 0

    def __call__(self, step: Step) -> bool:
        if self.first is None:
            self.first = self.least = step.value
            return False
        gain = self.least - step.value
        self.least = min(self.least, step.value)
        self.waited = 0 if gain > self.tol * (self.first - self.least) else self.waited + 1
        return self.waited >= self.steps


@dataclass(frozen=True)
class Convergence:
    """How a fit ended, and whether that is what was asked for."""

    termination: Termination
    converged: bool

    @property
    def status(self) -> str:
        """One word."""
        return str(self.termination.status)

    @property
    def message(self) -> str:
        """A sentence."""
        return self.termination.message


def convergence_of(fit: FitResult, patience: Patience | None, unit: Unit) -> Convergence:
    """How a fit ended; ``unit`` is what its steps are called."""
    run, status = fit.run, fit.run.termination.status
    if patience is not None and status == Status.STOPPED_BY_CALLBACK:
        worse = bool(run.fun > run.history.value[0])
        run = run.judged_again(
            cause=Cause.COST_STEADY, patience=patience.tol, idle=patience.steps, worse=worse, unit=unit
        )
        return Convergence(run.termination, run.success)
    if patience is not None and status == Status.STEP_LIMIT:
        return Convergence(run.judged_again(cause=Cause.COST_UNSTEADY, unit=unit).termination, False)
    return Convergence(run.termination, run.success)


RATE = message("Lower the learning rate, or leave it to optimizer='auto'.")
CAUSES = ("learning_rate_above_limit", "rmse_rate", "grows_without_bound", "separation")
ADVICE = {
    Status.STEP_LIMIT: message(
        "Raise max_iter or tol, change the learning rate, or leave it all to optimizer='auto'."
    ),
    Status.STALLED: message("Raise tol, or try another optimizer."),
    Status.DIVERGED: RATE,
    Status.LEFT_DOMAIN: RATE,
}


def warn_unless_converged(estimator: object, ending: Convergence, fit: FitResult) -> None:
    """A ``ConvergenceWarning`` where the fit did not converge: how it ended, why, and what to try."""
    if ending.converged:
        return
    said = message("{kind}: {ending}", kind=type(estimator).__name__, ending=ending.termination.said)
    causes = [as_message(explained(fit).brief)]
    if not causes[0]:
        grave = [finding.message for finding in fit.findings if finding.code in CAUSES]
        causes = [cause for cause in grave if cause in fit.warned]  # and not the message itself
    advice = ADVICE.get(ending.termination.status)
    if advice is not RATE and causes:
        advice = None
    warnings.warn(str(sentences(said, *causes, advice)), ConvergenceWarning, stacklevel=4)
