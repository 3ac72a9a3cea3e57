"""What both estimators share: the parameters, the descent of a linear model, and the stream of ``partial_fit``."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from downslope.descent import History, Stopping
from downslope.descent.descend import Callbacks
from downslope.descent.growing_rows import GrowingRows
from downslope.errors import UsageError
from downslope.fitting import batches
from downslope.fitting.batch_rule import usual_rule, whitens
from downslope.fitting.finalize import finalize
from downslope.fitting.losses import Loss
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.outcome import FitPlan
from downslope.fitting.problem import FitProblem, Specification, cost_of, make_problem
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.fitting.strategies import fit_full_batch
from downslope.fitting.stream import Stream
from downslope.messages import message, plural, sentences
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.registry import is_auto, with_schedule
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedule_text import as_schedule
from downslope.sklearn.convergence import Patience, convergence_of, warn_unless_converged
from downslope.sklearn.partial_fit_state import PartialFitState
from downslope.sklearn.tables import frame_of, hypothesis_of, packed, unpacked, value_errors

LARGEST = 1e150  # a parameter beyond it has overflowed


# A table of numbers whose rows are contiguous. ``fit`` looks for missing and infinite ones by itself, on all cores.
TABLE = {"dtype": np.float64, "order": "C", "ensure_all_finite": False}


class TrainingData(NamedTuple):
    """What was checked to fit each other."""

    X: NDArray[np.float64]  # (rows, features)
    y: Array  # (rows,); the numbers of the classes, where there are classes
    weights: Array  # (rows,), or (0,) where every row counts once


class LinearDescent(BaseEstimator):
    """A linear model that is found by descent; the estimators say what is predicted from it."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [str, Loss],
        "optimizer": [str, Optimizer],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "schedule": [str, Schedule, callable, None],
        "l2": [Interval(Real, 0, None, closed="left")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "standardize": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "epochs": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
    }

    coef_: Any
    intercept_: Any
    _history: History
    _feeding: PartialFitState | None = None  # since the last fit

    @property
    def history_(self) -> History:
        """The way of the last ``fit``, or of the calls of ``partial_fit`` since."""
        check_is_fitted(self, "coef_")
        feeding = self._feeding
        return self._history if feeding is None else feeding.calls.history(feeding.names)

    # fitting

    def _fit(self, data: TrainingData, loss: Loss, outputs: int) -> None:
        """Find the parameters."""
        asked = self._asked(data, loss)
        with value_errors(data.X, type(self).__name__):
            problem = make_problem(frame_of(data.X, data.y, asked.hypothesis), asked)
            plan, patience = self._plan(problem)
            zeros = np.zeros(problem.objective.parameters.size)
            start = self._start(problem.objective, zeros, outputs)
            if self._warm and plan.stopping.relative_tolerance is not None:
                plan = self._relative_to_zero(problem, plan, zeros)
            if self.batch_size is None:
                outcome = fit_full_batch(problem, start, plan)
            else:
                seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
                asked_batches = batches.MiniBatches(int(self.batch_size), seed=seed)
                outcome = batches.fit_in_batches(problem, start, plan, asked_batches)
        fit = finalize(problem, outcome, start)
        ending = convergence_of(fit, patience, "step" if self.batch_size is None else "epoch")
        self._keep(fit.run.final, outputs)
        self._history, self._feeding = fit.history, None
        self.n_iter_, self.loss_, self.notes_ = fit.nit, fit.loss, fit.notes
        self.status_, self.message_ = ending.status, ending.message
        warn_unless_converged(self, ending, fit)

    def _plan(self, problem: FitProblem) -> tuple[FitPlan, Patience | None]:
        """How to descend, and when to stop."""
        rule, patience, tolerance = self._rule(), None, None
        if self.tol is not None and self.epochs is None:
            if self.batch_size is not None or (rule is not None and not problem.loss.curved):
                white = rule is None and self.batch_size is not None and self.standardize and whitens(problem)
                patience = Patience(float(self.tol), int(self.n_iter_no_change), 2.0 if white else None)
            else:
                tolerance = float(self.tol)
        steps = int(self.max_iter if self.epochs is None else self.epochs)
        stopping = Stopping(steps=steps, relative_tolerance=tolerance)
        return FitPlan(
            rule, bool(self.standardize), stopping, "auto", None, Callbacks(callback=patience)
        ), patience

    def _rule(self) -> Optimizer | None:
        """The rule with its learning rate; None where it is left to us."""
        auto = is_auto(self.optimizer)
        if auto and self.learning_rate is None:
            if self.schedule is not None:
                raise UsageError(
                    message(
                        "schedule multiplies a learning rate, and optimizer='auto' has none: give"
                        " learning_rate, or name an optimizer."
                    )
                )
            return None
        rule = as_optimizer(None if auto else self.optimizer, self.learning_rate)
        return rule if self.schedule is None else with_schedule(rule, as_schedule(self.schedule))

    @property
    def _warm(self) -> bool:
        """Whether to start where the last fit ended."""
        return bool(self.warm_start) and hasattr(self, "coef_")

    def _start(self, objective: DataObjective, zeros: Array, outputs: int) -> Array:
        """The parameters of the last fit where they are wanted and fit, or zeros.

        Where batches are left to us, from the mean of the targets: Adam's steps are in proportion to their spread.
        """
        if not self._warm:
            own = self.batch_size is not None and self._rule() is None
            return self._at_mean(objective) if own else zeros
        coef = np.atleast_2d(self.coef_)
        theta = packed(coef, np.atleast_1d(self.intercept_), self.fit_intercept)
        if coef.shape != (outputs, self.n_features_in_):
            raise UsageError(
                message(
                    "warm_start=True, and the last fit had coefficients of shape {shape}; this one needs"
                    " {needed}. Fit a new estimator, or set warm_start=False.",
                    shape=coef.shape,
                    needed=(outputs, self.n_features_in_),
                )
            )
        return theta

    @staticmethod
    def _relative_to_zero(problem: FitProblem, plan: FitPlan, zeros: Array) -> FitPlan:
        """From a warm start the tolerance is still relative to the gradient at zero."""
        asked = plan.stopping
        at_zero = fit_full_batch(
            problem, zeros, replace(plan, stopping=Stopping(steps=0), callbacks=Callbacks())
        )
        tolerance = (asked.relative_tolerance or 0.0) * at_zero.run.gradient_norm
        return replace(plan, stopping=Stopping(steps=asked.steps, tolerance=tolerance))

    def _at_mean(self, objective: DataObjective) -> Array:
        """Zeros but for the intercept of a prediction of numbers, which is their mean."""
        start: Array = np.zeros(objective.parameters.size)
        if self.fit_intercept and objective.loss.link == "identity":
            start[-1] = np.average(
                objective.y, weights=objective.weights if objective.weights.any() else None
            )
        return start

    def _keep(self, theta: Array, outputs: int) -> None:
        self.coef_, self.intercept_ = unpacked(theta, outputs, self.fit_intercept)

    def _asked(self, data: TrainingData, loss: Loss) -> Specification:
        names = getattr(self, "feature_names_in_", [f"x{j}" for j in range(data.X.shape[1])])
        hypothesis = hypothesis_of(tuple(map(str, names)), self.fit_intercept)
        weights = data.weights if data.weights.size else None
        return Specification(hypothesis, loss, weights, l2=self.l2, l1=self.l1)

    # feeding

    def _feed(self, data: TrainingData, loss: Loss, outputs: int) -> None:
        """One pass over the rows by the rule, which remembers the passes before."""
        X = data.X
        at, intercept = np.arange(X.shape[1]), X.shape[1] if self.fit_intercept else None
        rows = LinearRows(X, at, intercept) if outputs == 1 else SoftmaxRows(X, at, intercept, outputs)
        objective = cost_of(self._asked(data, loss), RowBlock(rows, data.y, data.weights))
        feeding = self._opened(objective, outputs)
        before = feeding.stream.point
        batch = len(X) if self.batch_size is None else min(int(self.batch_size), len(X))
        with np.errstate(all="ignore"):
            loss_value, gradient = objective.loss_and_gradient(before)
            cost, gradient = objective.penalty.add_to(before, loss_value, gradient)
            norm = float(np.linalg.norm(gradient))
            after = feeding.stream.fed(objective, batch)
        feeding.calls.add(feeding.calls.count + 1, [cost, norm], before)
        steps = -(-len(X) // batch)
        self.status_ = "step_limit"
        ending = plural(
            "One pass over {rows} rows, in {n} step.",
            "One pass over {rows} rows, in {n} steps.",
            n=steps,
            rows=len(X),
        )
        if np.all(np.abs(after.z) < LARGEST) and not np.any(np.isnan(after.memory)):
            feeding.stream = after
        else:
            self.status_ = "diverged"
            ending = message("The steps on these rows overflowed; nothing was learned from them.")
        self.message_ = str(ending)
        self._feeding = feeding
        self._keep(feeding.stream.point, outputs)
        self.n_iter_, self.loss_, self.notes_ = getattr(self, "n_iter_", 0) + 1, loss_value, ()
        if self.status_ == "diverged":
            advice = message(
                "Lower the learning rate, or name an optimizer that limits its steps, such as adam."
            )
            said = message("{kind}: {ending}", kind=type(self).__name__, ending=ending)
            warnings.warn(str(sentences(said, advice)), ConvergenceWarning, stacklevel=3)

    def _opened(self, objective: DataObjective, outputs: int) -> PartialFitState:
        """The stream that is being fed, or a new one from where the last fit ended."""
        rule, size, feeding = self._rule(), objective.parameters.size, self._feeding
        if feeding is not None and len(feeding.names) == size:
            feeding.stream = feeding.stream.under(rule or feeding.own, objective.penalty)
            return feeding
        own = usual_rule(objective)
        start: Array = np.zeros(size)
        if hasattr(self, "coef_"):
            start = packed(np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_), self.fit_intercept)
        elif rule is None:
            start = self._at_mean(objective)
        stream = Stream.opened(rule or own, start, objective, bool(self.standardize))
        return PartialFitState(stream, GrowingRows(), objective.parameters.coordinates, own)

    # predicting

    def _raw(self, X: Any) -> Array:
        """Predictions before the link, (rows, outputs)."""
        check_is_fitted(self, "coef_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(X @ np.atleast_2d(self.coef_).T + self.intercept_)
