"""What comes out of a fit: the parameters in the user's units, how good they are, and predictions with them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from downslope.descent import Run
from downslope.descent.history import History
from downslope.errors import DataError
from downslope.fitting.explanation import FitExplanation, explained
from downslope.fitting.identifiability import separates
from downslope.fitting.losses import LOGISTIC, POISSON, SQUARED, Loss
from downslope.fitting.model import Model
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import FitProblem
from downslope.fitting.quadratic import NormalEquations, quadratic_objective
from downslope.fitting.rows import Array
from downslope.fitting.uncertainty import NONE_BY_ENDING, NONE_BY_SEPARATION, standard_errors
from downslope.objectives import Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROUNDING = 1e-14  # an R² no larger is that of the mean alone


@dataclass(frozen=True, eq=False)
class Fit:
    """A hypothesis fitted to a table.

    Attributes:
        model: the hypothesis with its parameters; it predicts, and is what ``save`` writes.
        run: the descent, in the user's parameters; its gradient norms are in the coordinates descended in.
        loss: the mean loss over the table at the parameters, from one pass over its rows.
        path: how the data was read: "moments", "qr" (once), "kernel", "formula" (at every step) or "batches".
        coordinates: in which it was descended: "user", "standardised", "orthogonal" or "natural".
        notes: how things were understood and decided, and what the data says; one sentence each. The last of them are
            the ``warnings``: what must not be overlooked.
        rows: of the table, without those left out.
        rows_dropped: left out because a value was missing.
        problem: the table and the cost; None for a fit that was loaded.
        normal_equations: the squared loss in brief, where there is one.
        recorded: what a loaded fit cannot work out again.

    >>> import downslope as ds
    >>> fit = ds.fit({"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}, "y ~ a*x + b", loss="rmse")
    >>> {name: round(value, 6) for name, value in fit.x.items()}
    {'a': 2.3, 'b': 79.0}
    >>> round(fit.loss, 6), round(fit.r2, 6)
    (2.880972, 0.761151)
    """

    model: Model
    run: Run
    loss: float
    path: str
    coordinates: str
    notes: tuple[str, ...]
    rows: int
    rows_dropped: int = 0
    problem: FitProblem | None = None
    normal_equations: NormalEquations | None = None
    recorded: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def x(self) -> dict[str, Any]:
        """Parameter -> its value (one for each class, for softmax)."""
        return self.model.values

    @property
    def parameters(self) -> dict[str, Any]:
        """The same as ``x``."""
        return self.x

    @property
    def history(self) -> History:
        """Value, gradient norm and parameters, step by step (epoch by epoch for mini-batches)."""
        return self.run.history

    @property
    def status(self) -> str:
        """How the descent ended, in one word."""
        return self.run.status

    @property
    def success(self) -> bool:
        """Whether it ended as it was asked to."""
        return self.run.success

    @property
    def message(self) -> str:
        """Why it ended, in a sentence."""
        return self.run.message

    @property
    def nit(self) -> int:
        """Number of accepted steps."""
        return self.run.nit

    @property
    def nfev(self) -> int:
        """Evaluations of the cost."""
        return self.run.nfev

    @cached_property
    def r2(self) -> float | None:
        """The part of the target's variance that the predictions explain; None for labels."""
        if self.recorded is not None:
            return self.recorded["r2"]  # type: ignore[no-any-return]
        objective = self._task().objective
        if self.model.loss.classifies:
            return None
        total = objective.target_spread() ** 2
        if self.model.loss.code == SQUARED:
            left = self.loss**2 if self.model.loss.root else self.loss
        else:
            left = objective.squared_error(self.run.final)
        part = 1.0 - left / total if total else None
        return 0.0 if part is not None and abs(part) < ROUNDING else part

    @cached_property
    def accuracy(self) -> float | None:
        """The part of the rows whose label is predicted rightly; None where there are no labels."""
        if self.recorded is not None:
            return self.recorded["accuracy"]  # type: ignore[no-any-return]
        if not self.model.loss.classifies:
            return None
        return self._task().objective.accuracy(self.run.final)

    @cached_property
    def standard_errors(self) -> dict[str, float] | None:
        """Parameter -> its standard error, from the Hessian at the minimum.

        For squared losses s^2 (J'WJ)^-1 with s^2 = RSS/(n - p); for log_loss and poisson the inverse of the Hessian of
        the summed loss. None for other losses, with penalties, where the data do not determine the parameters, and
        where the descent did not succeed, or ended further from the minimum than a standard error. None as well where
        the classes can be separated, as then there is no minimum.
        """
        if self.recorded is not None:
            return self.recorded["standard_errors"]  # type: ignore[no-any-return]
        return self._uncertainty[0]

    @property
    def no_standard_errors(self) -> str:
        """Why there are no ``standard_errors``; empty where there are, or where the loss has none at all."""
        if self.recorded is not None:
            return str(self.recorded["no_standard_errors"])
        return self._uncertainty[1]

    @cached_property
    def _uncertainty(self) -> tuple[dict[str, float] | None, str]:
        objective, loss = self._task().objective, self.model.loss
        if not self.run.success:
            return None, NONE_BY_ENDING if loss.code in (SQUARED, LOGISTIC, POISSON) else ""
        if loss.classifies and separates(objective, self.run.final):
            return None, NONE_BY_SEPARATION
        found, why = standard_errors(objective, self.normal_equations, self.run.final, self.loss)
        names = objective.parameters.coordinates
        return None if found is None else dict(zip(names, found.tolist(), strict=True)), why

    @cached_property
    def cost(self) -> Objective:
        """What was descended, as a function of the user's parameters.

        Where it is quadratic it is made from the moments, so that it costs the same for any number of rows.

        Raises:
            DataError: the fit was loaded, and its table is not in the file.
        """
        objective = self._task().objective
        if self.normal_equations is None:
            return objective
        penalty, parameters = objective.penalty, objective.parameters
        user = Coordinates.user(parameters.size)
        l2, root = penalty.l2 * penalty.mask, self.model.loss.root
        return quadratic_objective(self.normal_equations, user, l2, root, parameters, objective.text)

    def predict(self, table: Any = None) -> NDArray[Any]:
        """Predictions for the rows of a table (by default those fitted): numbers, or labels for a classifying loss."""
        return self.model.predict(self._frame(table))

    def probabilities(self, table: Any = None) -> Array:
        """For log_loss the probability of 1; for softmax that of every class, one row each."""
        return self.model.probabilities(self._frame(table))

    def residuals(self, table: Any = None) -> Array:
        """Target minus prediction (minus the probability of 1 for log_loss), row by row."""
        return self.model.residuals(self._frame(table))

    def explain(self) -> FitExplanation:
        """Why it ended as it did: what the data say, and causes of trouble in the descent with advice that was run.

        It takes at most as long as the descent, or a second where that is more; asked again, it answers at once.
        """
        kept: FitExplanation | None = self.__dict__.get("_explanation")
        if kept is None:
            self.__dict__["_explanation"] = kept = explained(self)
        return kept

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw the fit: the data with the curve, predicted against actual, the cost surface with the path, ...

        Args:
            path: where to write PNG, SVG or PDF (or an animated GIF of what moves), by its ending; None only draws.
            options: as for ``downslope.plots.plot_fit``: ``view="data"``, "predicted", "residuals", "surface", ...
        """
        figure: Figure = import_module("downslope.plots").plot_fit(
            self, path, **options
        )  # upwards, only when asked
        return figure

    def export(
        self,
        to: str,
        path: str | os.PathLike[str] | None = None,
        *,
        table: Any = None,
        data: str | os.PathLike[str] | None = None,
    ) -> str:
        """The fit as a plain script that needs nothing of downslope.

        Args:
            to: numpy, numpy_class, torch, torch.optim, tensorflow, keras, jax, optax or sympy.
            path: where to write it too.
            table: the table of a fit that was loaded, which a saved fit does not keep.
            data: the CSV file that the script is to read, for a table of more than 50 rows that is not from one.

        Raises:
            UnknownNameError: there is no such dialect.
            ObjectiveError: it was descended in a way that no plain script goes; a method that is named, is one.
            DataError: the file cannot be written, or a table is needed.

        >>> import downslope as ds
        >>> fit = ds.fit({"x": [1, 2, 3], "y": [1, 2, 3]}, "y ~ W*x", learning_rate=0.15, steps=10)
        >>> "residual = W * x - y" in fit.export("torch")
        True
        """
        script: str = import_module("downslope.export").export(self, to, path, table=table, data=data)
        return script

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fit as JSON, atomically; ``downslope.fitting.load`` reads it back and predicts the same."""
        from downslope.fitting.saving import save

        save(self, path)

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain data, as ``save`` writes it."""
        from downslope.fitting.saving import to_dict

        return to_dict(self)

    def _frame(self, table: Any) -> Any:
        if table is not None:
            return table
        problem = self._task()
        if problem.objective.streamed:
            raise DataError(
                f"the {self.rows:,} rows that were fitted are not in memory: give those to be predicted, a table or a"
                " file."
            )
        return problem.frame

    def _task(self) -> FitProblem:
        if self.problem is None:
            raise DataError("the table is not in the saved fit: give it again.")
        return self.problem

    def __repr__(self) -> str:
        errors = self.standard_errors or {}
        shown = list(zip(self.run.history.coordinates, self.run.final.tolist(), strict=True))
        width = max((len(name) for name, _ in shown[:20]), default=0)
        lines = [
            f"fit {self.run.objective.text[:90]}, {self.rows} rows",
            f"  {self.run.termination.status}: {self.message} {self.explain().brief}".rstrip(),
            *(
                f"  {name:<{width}} = {value:.10g}" + (f"  ± {errors[name]:.3g}" if name in errors else "")
                for name, value in shown[:20]
            ),
            *([f"  ... and {len(shown) - 20} more"] if len(shown) > 20 else []),
            *([f"  (no standard errors: {self.no_standard_errors})"] if self.no_standard_errors else []),
            f"  {self.model.loss} = {self.loss:.10g}{self._quality()}",
            f"  {_counted(self.nit, 'step')}, {_counted(self.nfev, 'evaluation')},"
            f" {type(self.run.optimizer).__name__}, data by {self.path}",
            *(f"  note: {note}" for note in self.notes if note not in self.warnings),
            *(f"  warning: {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines)

    def _quality(self) -> str:
        if self.model.loss.classifies:
            return "" if self.accuracy is None else f", accuracy {self.accuracy:.4f}"
        return "" if self.r2 is None else f", R² = {self.r2:.8g}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


__all__ = ["Fit", "Loss"]
