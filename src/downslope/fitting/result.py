"""What comes out of a fit: the parameters in the user's units, how good they are, and predictions with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Unpack

from numpy.typing import NDArray

from downslope.descent import Descent
from downslope.descent.history import History
from downslope.errors import DataError, UsageError, nearest
from downslope.explain.findings.finding import Finding
from downslope.fitting.holdout import Holdout
from downslope.fitting.intervals import Interval, PredictionSpread, checked_level, spread_of
from downslope.fitting.model import Model, PredictOptions
from downslope.fitting.objective import Arrival, arrived
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import FitProblem
from downslope.fitting.quadratic import NormalEquations, quadratic_objective
from downslope.fitting.rows import Array
from downslope.fitting.state import FitState
from downslope.fitting.uncertainty import (
    NONE_BY_COUNTS,
    NONE_BY_ENDING,
    NONE_BY_SEPARATION,
    standard_errors,
)
from downslope.messages import Message, message, sentences
from downslope.objectives import Objective

ROUNDING = 1e-14  # an R² no larger is that of the mean alone


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """A hypothesis fitted to a table; ``results.fit.Fit`` is the same with what people do with it.

    Attributes:
        model: the hypothesis with its parameters; it predicts, and is what ``save`` writes.
        run: the descent, in the user's parameters; its gradient norms are in the coordinates descended in.
        loss: the mean loss over the table at the parameters, from one pass over its rows.
        path: how the data was read: "moments", "qr" (once), "kernel", "formula" (at every step) or "batches".
        coordinates: in which it was descended: "user", "standardised", "orthogonal" or "natural".
        noted: ``notes`` as data.
        rows: of the table, without those left out.
        rows_dropped: left out because a value was missing.
        problem: the table and the cost; None for a fit that was loaded.
        normal_equations: the squared loss in brief, where there is one.
        recorded: what a loaded fit cannot work out again.
        warned: ``warnings`` as data.
        findings: what ``warnings`` and ``notes`` say of the data and of the fit as codes and numbers; what the descent
            says of itself is in ``Fit.explain``.
        unasked: whether rule and coordinates were left to downslope.
        holdout: how good it is on rows that it has not seen, where some were held out.
        left_with: everything that it needs to go on; None for a fit that was loaded, which needs its table.
    """

    model: Model
    run: Descent
    loss: float
    path: str
    coordinates: str
    noted: tuple[Message, ...]
    rows: int
    rows_dropped: int = 0
    problem: FitProblem | None = None
    normal_equations: NormalEquations | None = None
    recorded: dict[str, Any] | None = None
    warned: tuple[Message, ...] = ()
    findings: tuple[Finding, ...] = ()
    unasked: bool = False
    holdout: Holdout | None = None
    left_with: FitState | None = None

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
    def notes(self) -> tuple[str, ...]:
        """How things were understood and decided, and what the data says; one sentence each, the ``warnings`` last."""
        return tuple(map(str, self.noted))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of the ``notes`` that must not be overlooked."""
        return tuple(map(str, self.warned))

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
        """The part of the target's variance that the predictions explain; None for labels.

        1 - RSS/TSS, with TSS about the mean; about zero for a linear hypothesis that cannot say a constant.
        """
        if self.recorded is not None:
            return self.recorded["r2"]  # type: ignore[no-any-return]
        problem = self._task()
        if self.model.loss.classifies:
            return None
        total = problem.variation[problem.about_zero]
        if self.model.loss.quadratic:
            left = self.loss**2 if self.model.loss.root else self.loss
        else:
            there = self._arrival
            left = there.objective.squared_error(there.x)
        part = 1.0 - left / total if total else None
        return 0.0 if part is not None and abs(part) < ROUNDING else part

    @cached_property
    def accuracy(self) -> float | None:
        """The part of the rows whose label is predicted rightly; None where there are no labels."""
        if self.recorded is not None:
            return self.recorded["accuracy"]  # type: ignore[no-any-return]
        if not self.model.loss.classifies:
            return None
        there = self._arrival
        return there.objective.accuracy(there.x)

    @cached_property
    def standard_errors(self) -> dict[str, float] | None:
        """Parameter -> its standard error, from the Hessian at the minimum.

        For squared losses s^2 (J'WJ)^-1 with s^2 = RSS/(n - p); for log_loss, softmax and poisson the inverse of the
        Hessian of the summed loss; for other losses the sandwich of both, see ``uncertainty``. Rows of weight 0 are no
        observations. None with penalties, where the data do not determine the parameters, and where the descent did not
        succeed, or ended further from the minimum than a standard error. None as well where the classes can be
        separated, as then there is no minimum.
        """
        if self.recorded is not None:
            return self.recorded["standard_errors"]  # type: ignore[no-any-return]
        return self._uncertainty[0]

    @property
    def no_standard_errors(self) -> str:
        """Why there are no ``standard_errors``; empty where there are."""
        return str(self.missing_errors)

    @property
    def missing_errors(self) -> Message:
        """``no_standard_errors`` as data."""
        if self.recorded is not None:
            return self.recorded["no_standard_errors"]  # type: ignore[no-any-return]
        return self._uncertainty[1]

    @cached_property
    def _uncertainty(self) -> tuple[dict[str, float] | None, Message]:
        objective, loss = self._task().objective, self.model.loss
        if any(finding.code == "separation" for finding in self.findings):
            return None, NONE_BY_COUNTS if loss.link == "exp" else NONE_BY_SEPARATION
        if not self.run.success:
            return None, NONE_BY_ENDING
        found, why = standard_errors(self._arrival, self.normal_equations, self.loss)
        names = objective.parameters.coordinates
        return None if found is None else dict(zip(names, found.tolist(), strict=True)), why

    @property
    def _arrival(self) -> Arrival:
        """The cost and the parameters reached, about the means where these are known."""
        return arrived(self._task().objective, self.run.final, self.model.centred)

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
        user, root = Coordinates.user(objective.parameters.size), self.model.loss.root
        return quadratic_objective(self.normal_equations, user, objective.terms, root=root)

    def predict(self, table: Any = None, **options: Unpack[PredictOptions]) -> NDArray[Any]:
        """Predictions for the rows of a table (by default those fitted): numbers, or labels for a classifying loss.

        ``drop_missing=True`` leaves out rows with a missing value; how text is read is said as for ``fit``.
        """
        return self.model.predict(self._frame(table, **options))

    def predict_interval(
        self, table: Any = None, level: float = 0.95, **options: Unpack[PredictOptions]
    ) -> Interval:
        """Predictions, and between what the targets of such rows will lie with probability ``level``.

        Of least squares: the noise is taken to be the same in every row, and normal. Of a hypothesis that is not linear
        in its parameters it holds as far as it is nearly so within their standard errors.

        Raises:
            UsageError: the fit has none; the message says why.

        >>> import downslope as ds
        >>> fit = ds.fit({"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}, "y ~ a*x + b")
        >>> prediction, low, high = fit.predict_interval({"x": [10]}, level=0.9)
        >>> [round(float(v[0]), 4) for v in (prediction, low, high)]
        [102.0, 83.1893, 120.8107]
        """
        share, spread = checked_level(level), self.spread
        if not isinstance(spread, PredictionSpread):
            raise UsageError(message("there are no prediction intervals: {why}.", why=spread))
        frame = self._frame(table, **options)
        half = spread.half_width(self.model.derivatives(frame), share)
        prediction = self.model.mean(frame)
        return Interval(prediction, prediction - half, prediction + half)

    @cached_property
    def spread(self) -> PredictionSpread | Message:
        """What prediction intervals are made of; or why there are none."""
        if self.recorded is not None:
            return self.recorded["spread"]  # type: ignore[no-any-return]
        if not self.run.success:
            return message("the descent did not arrive at a minimum")
        return spread_of(self._task().objective, self.run.final, self.loss, self.normal_equations)

    def probabilities(self, table: Any = None, **options: Unpack[PredictOptions]) -> Array:
        """For log_loss the probability of 1; for softmax that of every class, one row each."""
        return self.model.probabilities(self._frame(table, **options))

    def residuals(self, table: Any = None, **options: Unpack[PredictOptions]) -> Array:
        """Target minus prediction (minus the probability of 1 for log_loss), row by row."""
        return self.model.residuals(self._frame(table, self.model.hypothesis.target, **options))

    def _frame(self, table: Any, *more: str, **options: Unpack[PredictOptions]) -> Any:
        known = PredictOptions.__optional_keys__ | PredictOptions.__required_keys__
        for name in options.keys() - known:
            raise UsageError(
                sentences(message("there is no option '{name}'.", name=name), nearest(name, known))
            )
        if table is not None:
            return self.model.frame_of(table, *more, **options)
        problem = self._task()
        if problem.objective.streamed:
            raise DataError(
                message(
                    "the {rows:,} rows that were fitted are not in memory: give those to be predicted, a"
                    " table or a file.",
                    rows=self.rows,
                )
            )
        return problem.frame

    def _task(self) -> FitProblem:
        if self.problem is None:
            raise DataError(message("the table is not in the saved fit: give it again."))
        return self.problem
