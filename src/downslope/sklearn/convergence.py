"""How a fit ended, in scikit-learn's terms: a warning where it did not converge, with the reason and what to try."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from downslope.descent import Descent, Status
from downslope.descent.evidence import Cause, Unit
from downslope.descent.progress import Step
from downslope.descent.termination import Termination
from downslope.fitting.explanation import explained
from downslope.fitting.objective import arrived
from downslope.fitting.result import FitResult
from downslope.fitting.rows import SoftmaxRows
from downslope.messages import as_message, message, sentences

LEFT = 10.0  # times ``tol`` of the whole fall, beyond which what is left to gain is no convergence
LEFT_BY_CHOICE = 100.0  # the same of a rule that was named, whose rate may leave noise
MOST_PRODUCTS = 10**10  # rows times squared parameters up to which that is worked out


@dataclass
class Patience:
    """A callback that ends a descent whose cost no longer falls.

    It is for costs whose gradient does not vanish: in batches, and where the loss has a kink.

    Args:
        tol: a step counts as no change where the least cost so far falls by at most this part of its whole fall.
        steps: so many such steps in a row end the descent.
        bend: the curvature of the cost in every direction, where it is known; the descent then only ends where the
            gradient leaves no more to gain than ``tol`` of the fall either.

    >>> patience = Patience(tol=0.1, steps=2)
    >>> [patience(Step(k, k, None, value, 0.0)) for k, value in enumerate([9.0, 1.0, 0.9, 0.9])]
    [False, False, False, True]
    """

    tol: float
    steps: int
    bend: float | None = None
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
        return self.waited >= self.steps and self._near(step)

    def _near(self, step: Step) -> bool:
        """Whether no more than that part of the fall is left."""
        if self.bend is None or self.first is None:
            return True
        return step.gradient_norm**2 / (2 * self.bend) <= self.tol * (self.first - self.least)


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


def _left(fit: FitResult) -> float:
    """What Newton's step says that the cost may still fall: steps that are too long or too short end elsewhere.

    0 where second derivatives do not tell, or are dear.
    """
    if fit.problem is None or fit.run.reported is not None:
        return 0.0
    objective, x = arrived(fit.problem.objective, fit.run.final, fit.model.centred)
    penalty, loss = objective.penalty, objective.loss
    size = objective.rows.size
    dear = objective.count * size**2 > MOST_PRODUCTS or isinstance(objective.rows, SoftmaxRows)
    if not loss.curved or loss.root or penalty.l1 or dear:
        return 0.0
    with np.errstate(all="ignore"):
        gradient = objective.value_and_gradient(x)[1]
        H = objective.whole_curvature(x) + 2 * penalty.l2 * np.diag(penalty.mask)
    if not (np.all(np.isfinite(H)) and np.all(np.isfinite(gradient))):
        return 0.0
    step = np.linalg.lstsq(H, gradient, rcond=1e-12)[0]
    return max(float(gradient @ step) / 2, 0.0)


def _constant(run: Descent) -> bool:
    """Whether the rule has one learning rate all the time."""
    return isinstance(run.optimizer.hyperparameters().get("learning_rate"), float)


def _rises(run: Descent, steps: int) -> bool:
    """Whether the cost rose in one of the last steps: one that only falls, however slowly, is on its way."""
    return bool(np.any(np.diff(run.history.value[-steps - 1 :]) > 0))


def convergence_of(fit: FitResult, patience: Patience | None, unit: Unit) -> Convergence:
    """How a fit ended; ``unit`` is what its steps are called."""
    run, status = fit.run, fit.run.termination.status
    if patience is not None and status == Status.STOPPED_BY_CALLBACK:
        worse = bool(run.fun > run.history.value[0])
        most = (LEFT if fit.unasked else LEFT_BY_CHOICE) * patience.tol
        left = _left(fit)
        if left > most * abs(float(run.history.value[0]) - run.fun):
            noisy = unit == "epoch" and _constant(run) and _rises(run, patience.steps) and run.fun > left
            above = left / (run.fun - left) if noisy else 0.0
            cause = Cause.COST_NOISY if noisy else Cause.COST_UNSTEADY
            return Convergence(run.judged_again(cause=cause, unit=unit, above=above).termination, False)
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
    told = ending.termination.evidence
    if told is not None and told.cause == Cause.COST_NOISY:  # which says it
        advice = None
    if advice is not RATE and causes:
        advice = None
    warnings.warn(str(sentences(said, *causes, advice)), ConvergenceWarning, stacklevel=4)
