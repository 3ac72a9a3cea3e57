"""``DescentRegressor``."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from downslope.errors import UsageError
from downslope.fitting.losses import Loss, as_loss
from downslope.fitting.rows import Array
from downslope.messages import message
from downslope.sklearn.linear import TABLE, LinearDescent, TrainingData
from downslope.sklearn.tables import checked_weights


class DescentRegressor(RegressorMixin, LinearDescent):
    r"""A linear model of numbers, found by descent.

    .. math:: \min_{w, b}\ \frac{\sum_i s_i\, \ell(w \cdot x_i + b,\ y_i)}{\sum_i s_i}
              + l_2 \sum_j w_j^2 + l_1 \sum_j |w_j|

    with :math:`\ell` the loss and :math:`s` the sample weights.

    Args:
        loss: mse, rmse, mae, huber, log_cosh, quantile or poisson; ``"huber(1.5)"`` and ``"quantile(0.9)"`` carry a
            number. See ``downslope.fitting.losses``. Poisson predicts the exponential of the linear model.
        optimizer: "auto", a name such as "adam", or an ``Optimizer``. "auto" needs no learning rate; with one, it is
            gradient descent. In batches it is chosen by what the rows say: for mse, gradient descent in uncorrelated
            features at the rate that they allow, which falls with the batches; else Adam in proportion to the spread of
            ``y``, from the mean of ``y`` on.
        learning_rate: of the optimizer, > 0; None for its default.
        schedule: what the learning rate is multiplied by at each step: a text such as ``"cosine(steps=100)"``, a
            ``Schedule`` or a function of the step.
        l2, l1: strengths of the penalties, >= 0, on the coefficients in the units of ``X``, not on the intercept.
        fit_intercept: whether there is an intercept b.
        standardize: descend with the features standardised. The model is the same, its coefficients are in the units of
            ``X``; learning rates mean the same whatever these are. ``partial_fit`` takes centre and spread from its
            first rows.
        max_iter: most steps, or, with a batch size, most passes over the rows (epochs); >= 1.
        tol: the fit has converged where the gradient, in the coordinates descended in, is at most this part of what it
            is at zero. In batches, and for mae and quantile with a named optimizer, where the cost has not fallen by
            more than this part of its whole fall for ``n_iter_no_change`` steps or epochs in a row. With None there is
            no such test ("auto" goes on to rounding).
        n_iter_no_change: see ``tol``; >= 1.
        batch_size: rows to a step, which are shuffled for every epoch; None for all. ``partial_fit`` takes a step for
            every so many of its rows, in the order they come.
        epochs: do exactly so many passes over the rows, with no test (but "auto" stops at rounding); None for
            ``max_iter`` and ``tol``.
        random_state: seed of the shuffling.
        warm_start: start ``fit`` where the last one ended.

    Attributes:
        coef_, intercept_: the parameters, (features,) and a number.
        n_iter_: steps, or passes over the rows in batches.
        loss_: the mean loss, without penalties; after ``partial_fit`` that of its rows before it learned from them.
        history_: step by step (or epoch by epoch) value, gradient norm and parameters, a ``History``; after
            ``partial_fit`` one row for each of its calls: the parameters before it and their cost on its rows.
        status_, message_: how the fit ended, in one word and in a sentence.
        notes_: how things were decided, and what the data says.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    Raises:
        UsageError: a value cannot be used, or the optimizer does not go with batches or with l1; a ``ValueError``.

    >>> import numpy as np
    >>> X, y = np.array([[2.0], [4.0], [6.0], [8.0]]), np.array([81.0, 93.0, 91.0, 97.0])
    >>> model = DescentRegressor().fit(X, y)
    >>> model.coef_.round(6), round(model.intercept_, 6), round(model.score(X, y), 6)
    (array([2.3]), 79.0, 0.761151)
    >>> DescentRegressor(optimizer="adam", learning_rate=0.5, max_iter=2000).fit(X, y).predict([[10.0]]).round(3)
    array([101.991])
    """

    def __init__(
        self,
        *,
        loss: str | Loss = "mse",
        optimizer: Any = "auto",
        learning_rate: float | None = None,
        schedule: Any = None,
        l2: float = 0.0,
        l1: float = 0.0,
        fit_intercept: bool = True,
        standardize: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-4,
        n_iter_no_change: int = 5,
        batch_size: int | None = None,
        epochs: int | None = None,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.l2 = l2
        self.l1 = l1
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.batch_size = batch_size
        self.epochs = epochs
        self.random_state = random_state
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters.

        Args:
            X: (rows, features), numbers.
            y: (rows,), numbers; >= 0 for poisson.
            sample_weight: (rows,), >= 0; a row of weight 2 counts as two rows.

        Returns:
            The estimator.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, y_numeric=True, **TABLE)
        data = TrainingData(X, np.ascontiguousarray(y, np.float64), checked_weights(sample_weight, len(y)))
        self._fit(data, self._loss(), 1)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One step of the optimizer on these rows, or one for every ``batch_size`` of them; its memory is kept.

        Args:
            X: (rows, features), numbers.
            y: (rows,), numbers; >= 0 for poisson.
            sample_weight: (rows,), >= 0; multiplies the gradient of each row.

        Returns:
            The estimator.
        """
        self._validate_params()
        first = not hasattr(self, "coef_")
        X, y = validate_data(self, X, y, dtype=np.float64, order="C", y_numeric=True, reset=first)
        y, loss = np.ascontiguousarray(y, np.float64), self._loss()
        if loss.lowest is not None and (y < loss.lowest).any():
            least = y[y < loss.lowest][0]
            raise UsageError(
                message(
                    "{loss} takes targets >= {lowest:g}, and y holds {least:.6g}.",
                    loss=loss.name,
                    lowest=loss.lowest,
                    least=least,
                )
            )
        self._feed(TrainingData(X, y, checked_weights(sample_weight, len(y))), loss, 1)
        return self

    def predict(self, X: Any) -> Array:
        """The predictions, (rows,)."""
        u = self._raw(X)[:, 0]
        with np.errstate(over="ignore"):
            return np.exp(u) if self._loss().link == "exp" else u

    def _keep(self, theta: Array, outputs: int) -> None:
        super()._keep(theta, outputs)
        self.coef_, self.intercept_ = self.coef_[0], float(self.intercept_[0])

    def _loss(self) -> Loss:
        loss = as_loss(self.loss)
        if loss.classifies:
            raise UsageError(
                message("loss is '{loss}', which is for labels: use DescentClassifier.", loss=loss)
            )
        return loss

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        with suppress(UsageError):  # an unknown loss is refused when it is fitted
            tags.target_tags.positive_only = as_loss(self.loss).lowest == 0
        return tags
