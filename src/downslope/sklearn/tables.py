"""Arrays as ``fit`` takes them, and parameters between one vector and scikit-learn's two arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

from downslope.errors import DataError, UsageError
from downslope.fitting.checks import weights_of
from downslope.fitting.frame import Frame
from downslope.fitting.hypothesis import INTERCEPT, Hypothesis, Linear
from downslope.fitting.rows import Array


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """``wanted``, with underscores behind it while it is taken.

    >>> free_name("y", ["x", "y"])
    'y_'
    """
    while wanted in taken:
        wanted += "_"
    return wanted


def hypothesis_of(names: Sequence[str], intercept: bool) -> Hypothesis:
    """The linear model over columns of these names."""
    target, constant = free_name("y", names), free_name(INTERCEPT, names)
    terms = f"linear({', '.join(names[:20])}{', ...' if len(names) > 20 else ''})"
    text = f"{target} ~ {constant} + {terms}" if intercept else f"{target} ~ {terms}"
    features = (*names, None) if intercept else tuple(names)
    parameters = (*names, constant) if intercept else tuple(names)
    return Hypothesis(text, target, tuple(names), parameters, None, Linear(features))


def frame_of(X: NDArray[np.float64], y: Array, hypothesis: Hypothesis) -> Frame:
    """The features and the target as a table; nothing is copied."""
    names = hypothesis.columns
    columns: dict[str, Any] = {name: X[:, j] for j, name in enumerate(names)}
    return Frame({**columns, hypothesis.target: y}, origin="X", bases=((names, X),))


def packed(coef: Array, intercept: Array, fit_intercept: bool) -> Array:
    """One vector, feature by feature and output by output, of (outputs, features) and (outputs,)."""
    table = np.concatenate([coef.T, intercept[None, :]]) if fit_intercept else coef.T
    return np.asarray(table, np.float64).ravel()


def unpacked(theta: Array, outputs: int, fit_intercept: bool) -> tuple[Array, Array]:
    """The inverse of ``packed``; the intercept is zero where none is fitted.

    >>> unpacked(np.array([1.0, 2.0, 3.0]), 1, True)
    (array([[1., 2.]]), array([3.]))
    """
    table = np.asarray(theta, np.float64).reshape(-1, outputs)
    if not fit_intercept:
        return table.T.copy(), np.zeros(outputs)
    return table[:-1].T.copy(), table[-1].copy()


def checked_weights(sample_weight: Any, count: int) -> Array:
    """One number for each row, or nothing where every row counts once.

    Raises:
        UsageError: there are too few or too many, one is negative or not finite, or none is above zero.
    """
    with value_errors():
        return weights_of(Frame({"y": np.empty(count)}, origin="X"), sample_weight)


@contextmanager
def value_errors(X: Any = None, name: str = "") -> Iterator[None]:
    """What is wrong with a table is a ``ValueError`` to scikit-learn: here tables are arguments, not files.

    Of missing and infinite numbers in ``X``, given to the estimator of that name, scikit-learn speaks itself.
    """
    try:
        yield
    except DataError as error:
        if X is not None:
            assert_all_finite(X, estimator_name=name, input_name="X")
        raise UsageError(error.message) from None
