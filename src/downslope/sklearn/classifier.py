"""``DescentClassifier``."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from downslope.errors import UsageError
from downslope.fitting.frame import listed
from downslope.fitting.losses import LOSSES, Loss
from downslope.fitting.rows import Array
from downslope.messages import message
from downslope.sklearn.linear import TABLE, LinearDescent, TrainingData
from downslope.sklearn.tables import checked_weights


class DescentClassifier(ClassifierMixin, LinearDescent):
    r"""A linear model of labels, found by descent: logistic regression, for any number of classes.

    .. math:: \min_{w, b}\ \frac{\sum_i s_i\, \ell(w x_i + b,\ y_i)}{\sum_i s_i}
              + l_2 \sum_{jk} w_{jk}^2 + l_1 \sum_{jk} |w_{jk}|

    with :math:`\ell` the logarithmic loss and :math:`s` the sample weights, times those of the classes.

    Args:
        loss: "log_loss": one set of parameters for two classes, one for each of more ("softmax" in ``fit``). "softmax"
            has one for each of two, too.
        l2: by default 1e-4 and not 0, as classes that can be told apart perfectly have no best parameters without it.
        class_weight: dict label -> weight, "balanced" (rows / (classes * rows of the class)), or None.
        optimizer, learning_rate, schedule, l1, fit_intercept, standardize, max_iter: as for ``DescentRegressor``.
        tol, n_iter_no_change, batch_size, epochs, random_state, warm_start: likewise.

    Attributes:
        classes_: the labels, sorted.
        coef_, intercept_: (1, features) and (1,) for two classes, otherwise (classes, features) and (classes,).
        n_iter_, loss_, history_, status_, message_, notes_, n_features_in_, feature_names_in_: as for
            ``DescentRegressor``.

    Raises:
        UsageError: a value cannot be used, or the optimizer does not go with batches or with l1; a ``ValueError``.

    >>> import numpy as np
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]), np.array(["no", "no", "yes", "no", "yes"])
    >>> model = DescentClassifier(l2=0.01).fit(X, y)
    >>> model.predict(X).tolist(), model.predict_proba([[2.0]]).round(3).tolist()
    (['no', 'no', 'no', 'yes', 'yes'], [[0.644, 0.356]])
    """

    _parameter_constraints = {  # noqa: RUF012 - read by scikit-learn from the class
        **LinearDescent._parameter_constraints,
        "loss": [StrOptions({"log_loss", "softmax"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    classes_: NDArray[Any]

    def __init__(
        self,
        *,
        loss: str = "log_loss",
        optimizer: Any = "auto",
        learning_rate: float | None = None,
        schedule: Any = None,
        l2: float = 1e-4,
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
        class_weight: Any = None,
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
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the parameters.

        Args:
            X: (rows, features), numbers.
            y: (rows,), labels of at least two classes.
            sample_weight: (rows,), >= 0; a row of weight 2 counts as two rows.

        Returns:
            The estimator.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, **TABLE)
        check_classification_targets(y)
        classes, numbers = np.unique(y, return_inverse=True)
        if self.warm_start and hasattr(self, "classes_") and not np.array_equal(classes, self.classes_):
            raise UsageError(
                message(
                    "warm_start=True, and the classes are {classes}; in the last fit they were {before}.",
                    classes=listed(classes),
                    before=listed(self.classes_),
                )
            )
        weights = self._weights(y, sample_weight)
        there = numbers[weights > 0] if weights.size else numbers
        if (there == there[0]).all():
            only = classes[there[0]]
            raise UsageError(
                message(
                    "y holds one class only in rows of a weight above zero ({only}): there is nothing to tell"
                    " apart.",
                    only=only,
                )
                if weights.size
                else message("y holds one class only ({only}): there is nothing to tell apart.", only=only)
            )
        self.classes_ = classes
        self._fit(TrainingData(X, numbers.astype(np.float64), weights), *self._model())
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One step of the optimizer on these rows, or one for every ``batch_size`` of them; its memory is kept.

        Args:
            X: (rows, features), numbers.
            y: (rows,), labels.
            classes: all labels that will ever come; needed in the first call.
            sample_weight: (rows,), >= 0; multiplies the gradient of each row.

        Returns:
            The estimator.
        """
        self._validate_params()
        if self.class_weight == "balanced":
            raise UsageError(
                message(
                    "class_weight='balanced' needs all rows at once: for partial_fit give a dict, such"
                    " as dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))."
                )
            )
        first = not hasattr(self, "coef_")
        known = self._known(classes)
        X, y = validate_data(self, X, y, dtype=np.float64, order="C", reset=first)
        check_classification_targets(y)
        strange = np.setdiff1d(y, known)
        if len(strange):
            raise UsageError(
                message(
                    "y holds {strange}, which is none of the classes {classes}.",
                    strange=listed(strange),
                    classes=listed(known),
                )
            )
        self.classes_ = known
        numbers = np.searchsorted(known, y).astype(np.float64)
        self._feed(TrainingData(X, numbers, self._weights(y, sample_weight)), *self._model())
        return self

    def decision_function(self, X: Any) -> Array:
        """Log-odds of the second of two classes, (rows,); for more, the score of each class, (rows, classes)."""
        u = self._raw(X)
        if u.shape[1] == 1:
            return u[:, 0]
        return np.asarray(u[:, 1] - u[:, 0]) if len(self.classes_) == 2 else u

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable label of each row."""
        u = self.decision_function(X)
        labels: NDArray[Any] = self.classes_[(u > 0).astype(np.intp) if u.ndim == 1 else u.argmax(axis=1)]
        return labels

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of the probability of each class, (rows, classes)."""
        u = self.decision_function(X)
        if u.ndim == 1:
            return np.asarray(-np.logaddexp(0.0, np.column_stack([u, -u])))
        u = u - u.max(axis=1, keepdims=True)
        return np.asarray(u - np.log(np.exp(u).sum(axis=1, keepdims=True)))

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of ``classes_``, (rows, classes)."""
        return np.asarray(np.exp(self.predict_log_proba(X)))

    def _model(self) -> tuple[Loss, int]:
        """The loss, and how many predictions there are for a row."""
        several = len(self.classes_) > 2 or self.loss == "softmax"
        return LOSSES["softmax" if several else "log_loss"], len(self.classes_) if several else 1

    def _weights(self, y: Any, sample_weight: Any) -> Array:
        weights = checked_weights(sample_weight, len(y))
        if self.class_weight is None:
            return weights
        of_class = checked_weights(compute_sample_weight(self.class_weight, y), len(y))
        return of_class * weights if weights.size else of_class

    def _known(self, classes: Any) -> NDArray[Any]:
        """The classes of a stream: those of its first call."""
        if hasattr(self, "coef_"):
            check_is_fitted(self, "classes_")
            if classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
                raise UsageError(
                    message(
                        "classes are {classes}, and were {before} in the first call.",
                        classes=listed(unique_labels(classes)),
                        before=listed(self.classes_),
                    )
                )
            return self.classes_
        if classes is None:
            raise UsageError(
                message(
                    "classes must be given in the first call of partial_fit: all labels that will ever come."
                )
            )
        known: NDArray[Any] = unique_labels(classes)
        if len(known) < 2:
            raise UsageError(
                message(
                    "there is one class only ({only}): there is nothing to tell apart.",
                    only=listed(known),
                )
            )
        return known
