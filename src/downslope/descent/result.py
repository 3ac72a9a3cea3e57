"""What comes out of a descent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from downslope.descent.history import History
from downslope.descent.stopping import Stopping
from downslope.descent.termination import Termination
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.external import ExternalOptimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.explain.explanation import Explanation


@dataclass(frozen=True)
class Reported:
    """The point that an averaging method reports, which is none of those it evaluated on its way."""

    x: Vector
    value: float
    gradient_norm: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One descent or ascent: where it went, where it ended and why. The names are SciPy's where SciPy has them.

    Attributes:
        objective, optimizer, stopping, maximize, start: what was asked.
        history: the whole way, as columns.
        termination: status, success, message, and the point outside where the run left the domain.
        nfev: evaluations of the objective (each with its gradient).
        engine: "traced" (native code), "compiled" (by JAX or TensorFlow), "hosted" (Python) or "recorded".
        seconds: wall-clock time.
        reported: the answer of a method that averages its points; None for all others.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2 + 2x + 3", start={"x": 1.5}, learning_rate=0.01, tolerance=1e-5)
    >>> run.nit, run.status, round(run.x["x"], 6)
    (650, 'converged', -0.999995)
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

    @property
    def verdict(self) -> Termination:
        """The former name of ``termination``."""
        return self.termination

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
        return float(self.history.value[-1]) if len(self.history) else float("nan")

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

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data: schema 1, as ``--format json`` prints and ``save`` writes it."""
        from downslope.descent.saving import to_dict

        return to_dict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the run as JSON, atomically; ``downslope.load`` reads it back equal.

        Raises:
            DataError: the file cannot be written; what was there before is untouched.
        """
        from downslope.descent.saving import save

        save(self, path)

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw the run: the map with the path (two parameters), the curve (one), or the learning curves.

        Args:
            path: where to write PNG, SVG, PDF or an animated GIF, by its ending; None only draws.
            options: as for ``downslope.plots.plot``.
        """
        # The one import upwards, and only when asked: figures belong to runs in people's hands.
        from importlib import import_module

        figure: Figure = import_module("downslope.plots").plot(self, path, **options)
        return figure

    def export(self, to: str, path: str | os.PathLike[str] | None = None) -> str:
        """The run as a plain script that needs nothing of downslope.

        Args:
            to: numpy, numpy_class, torch, torch.optim, tensorflow, keras, jax, optax or sympy.
            path: where to write it too.

        Raises:
            UnknownNameError: there is no such dialect.
            ObjectiveError: the function is not a formula (and could not be traced into one).
            DataError: the file cannot be written.

        >>> import downslope as ds
        >>> run = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.1, steps=2)
        >>> run.export("numpy").splitlines()[0].strip('"')
        'Minimise x^2 by gradient descent, in NumPy.'
        """
        from importlib import import_module  # upwards, and only when asked, as in ``plot``

        script: str = import_module("downslope.export").export(self, to, path)
        return script

    def explain(self) -> Explanation:
        """Why it ended as it did: the kind of point, causes of trouble with advice that was run, a forecast.

        It takes at most as long as the run, or a second where that is more; asked again, it answers at once.
        """
        kept: Explanation | None = self.__dict__.get("_explanation")
        if kept is None:
            from importlib import import_module  # upwards, and only when asked, as in ``plot``

            kept = import_module("downslope.explain").explain(self)
            self.__dict__["_explanation"] = kept
        return kept

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, Run) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

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
