"""What comes out of a descent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from downslope.descent.history import History
from downslope.descent.reported import Reported
from downslope.descent.snapshot import Snapshot
from downslope.descent.stations import Counts, Station
from downslope.descent.stopping import Stopping
from downslope.descent.termination import Termination, terminate
from downslope.descent.termination_messages import Places
from downslope.messages import Message
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.external import ExternalOptimizer


@dataclass(frozen=True, eq=False, kw_only=True)
class Descent:
    """One descent or ascent: where it went, where it ended and why. The names are SciPy's where SciPy has them.

    It is what everything below is a function of; ``results.run.Run`` is the same with what people do with it.

    Attributes:
        objective, optimizer, stopping, maximize, start: what was asked.
        history: the whole way, as columns.
        termination: status, success, message, the point outside where the run left the domain, and the numbers that
            decided.
        nfev: evaluations of the objective (each with its gradient, where ``counts`` does not say otherwise).
        engine: "traced" (native code), "compiled" (by JAX or TensorFlow), "hosted" (Python) or "recorded".
        seconds: wall-clock time.
        reported: the answer of a method that averages its points; None for all others.
        counts: evaluations of gradient and curvature, of a rule that asks for the latter or for values alone.
        left_with: everything that it needs to go on, bit for bit; None in records, and in runs that were saved before
            it was kept.
        stations: the same at some earlier steps of a run that took long, or was gone on with.
    """

    objective: Objective
    optimizer: Optimizer
    stopping: Stopping
    maximize: bool
    start: Vector
    history: History
    termination: Termination
    nfev: int
    engine: str
    seconds: float
    reported: Reported | None = None
    counts: Counts | None = None

    @property
    def njev(self) -> int:
        """Evaluations of the gradient."""
        return self.nfev if self.counts is None else self.counts.gradients

    @property
    def nhev(self) -> int:
        """Evaluations of second derivatives, or of residuals with their derivatives."""
        return 0 if self.counts is None else self.counts.curvatures

    left_with: Snapshot | None = None
    stations: tuple[Station, ...] = ()

    @property
    def verdict(self) -> Termination:
        """The former name of ``termination``."""
        return self.termination

    def judged_again(self, *remarks: Message, left_at: Vector | None = None, **changes: Any) -> Self:
        """The run with its end judged by evidence that was changed, and with more remarks.

        Args:
            remarks: whole sentences.
            left_at: the point outside, where it is in other coordinates now.
            changes: of the evidence, by name.
        """
        before = self.termination
        if before.evidence is None:
            return self
        evidence = replace(before.evidence, **changes)
        left = before.left_at if left_at is None else left_at
        last = self.history.x[-1] if len(self.history) else None
        places = Places(self.history.coordinates, last, left if evidence.outside else None)
        return replace(self, termination=terminate(evidence, places, *before.remarks, *remarks))

    @property
    def final(self) -> Vector:
        """The point reported, as a flat vector in the order of ``history.coordinates``: the last finite one."""
        if self.reported is not None:
            return self.reported.x.copy()
        return self.history.x[-1].copy() if len(self.history) else self.start.copy()

    @property
    def x(self) -> Any:
        """The last finite point, in the form in which the start was given."""
        return self.objective.present(self.final)

    @property
    def fun(self) -> float:
        """The objective at ``x``; NaN where it was not finite even at the start, or not evaluated there (a record)."""
        if self.reported is not None:
            return self.reported.value
        if not len(self.history):  # the gradient may not have been finite where the value was
            evidence = self.termination.evidence
            return float("nan") if evidence is None else evidence.value
        return float(self.history.value[-1])

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the gradient at ``x``."""
        if self.reported is not None:
            return self.reported.gradient_norm
        return float(self.history.gradient_norm[-1]) if len(self.history) else float("nan")

    @property
    def nit(self) -> int:
        """Number of accepted steps."""
        return int(self.history.step[-1]) if len(self.history) else 0

    @property
    def status(self) -> str:
        """How it ended, in one word; see ``Status``."""
        return str(self.termination.status)

    @property
    def success(self) -> bool:
        """Whether it ended as it was asked to."""
        return self.termination.success

    @property
    def message(self) -> str:
        """Why it ended, in a sentence."""
        return self.termination.message

    @property
    def notes(self) -> tuple[str, ...]:
        """How the objective was understood, where that could surprise."""
        return tuple(map(str, self.objective.notes))

    @property
    def command(self) -> str:
        """ "minimize" or "maximize"."""
        return "maximize" if self.maximize else "minimize"

    @property
    def _rule(self) -> str:
        return (
            repr(self.optimizer)
            if isinstance(self.optimizer, ExternalOptimizer)
            else type(self.optimizer).__name__
        )

    def __repr__(self) -> str:
        point = ", ".join(
            f"{name}={value:.6g}"
            for name, value in list(zip(self.history.coordinates, self.final, strict=True))[:6]
        )
        more = ", ..." if self.final.size > 6 else ""
        steps, calls = counted(self.nit, "step"), counted(self.nfev, "evaluation")
        if self.counts is not None:
            calls += f" (njev {self.njev}, nhev {self.nhev})"
        lines = [
            f"{self.command} {self.objective.headline[:70]}",
            f"  {self.termination.status}: {self.message}",
            f"  f = {self.fun:.10g} at {point}{more}",
            f"  |grad f| = {self.gradient_norm:.3g}; {steps}, {calls}, {self._rule}, {self.engine}",
        ]
        row = self.history.evaluated - 1
        if row != len(self.history) - 1:  # nobody evaluated where a recorded loop ended
            value, norm = float(self.history.value[row]), float(self.history.gradient_norm[row])
            known = {f"f = {value:.10g}": value, f"|grad f| = {norm:.3g}": norm}
            last = ", ".join(words for words, number in known.items() if number == number)
            lines[2] = f"  ended at {point}{more}"
            lines[3] = (
                f"  {last} at step {self.history.step[row]}; {steps}, {calls}, {self._rule}, {self.engine}"
            )
        return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
