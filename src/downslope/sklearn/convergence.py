"""How a fit ended, in scikit-learn's terms: a warning where it did not converge, with the reason and what to try."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from downslope.descent import Status
from downslope.descent.progress import Step
from downslope.fitting.explanation import explained
from downslope.fitting.result import FitResult


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

    def sentence(self, unit: str) -> str:
        """Why it ended."""
        return f"The cost has not fallen by more than {self.tol:g} of its whole fall for {self.steps} {unit} in a row."


@dataclass(frozen=True)
class Convergence:
    """A status word, a sentence, and whether that is what was asked for."""

    status: str
    message: str
    converged: bool


def convergence_of(fit: FitResult, patience: Patience | None, unit: str) -> Convergence:
    """How a fit ended; ``unit`` is what its steps are called."""
    run, status = fit.run, fit.run.termination.status
    taken = f"{run.nit} {unit.removesuffix('s') if run.nit == 1 else unit}"
    if patience is not None and status == Status.STOPPED_BY_CALLBACK:
        if run.fun <= run.history.value[0]:
            return Convergence(str(Status.CONVERGED), patience.sentence(unit), True)
        message = (
            f"After {taken} the cost {run.fun:.4g} is above the {run.history.value[0]:.4g} of the start."
        )
        return Convergence(str(Status.DIVERGED), message, False)
    if patience is not None and status == Status.STEP_LIMIT:
        return Convergence(str(status), f"Stopped after {taken}, with the cost still changing.", False)
    return Convergence(str(status), run.message, run.success)


RATE = "Lower the learning rate, or leave it to optimizer='auto'."
ADVICE = {
    Status.STEP_LIMIT: "Raise max_iter or tol, change the learning rate, or leave it all to optimizer='auto'.",
    Status.STALLED: "Raise tol, or try another optimizer.",
    Status.DIVERGED: RATE,
    Status.LEFT_DOMAIN: RATE,
}


def warn_unless_converged(estimator: object, ending: Convergence, fit: FitResult) -> None:
    """A ``ConvergenceWarning`` where the fit did not converge: how it ended, why, and what to try."""
    if ending.converged:
        return
    causes = [explained(fit).brief]
    if not causes[0]:
        found = [note for note in fit.warnings if "above the limit" in note or "without bound" in note]
        causes = [f"{note[0].upper()}{note[1:]}." for note in found]
    advice = ADVICE.get(Status(ending.status), "")
    if advice and (not causes or advice == RATE):
        causes.append(advice)
    message = ending.message.removesuffix(" Try a smaller learning rate.")
    text = " ".join([f"{type(estimator).__name__}: {message}", *causes])
    warnings.warn(text, ConvergenceWarning, stacklevel=4)
