"""Is the data fit to be fitted? Refusals name the column, the row and the value; nothing is silently dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.errors import DataError, UsageError
from downslope.fit import kernels
from downslope.fit.frame import Frame, listed, missing
from downslope.fit.hypothesis import Hypothesis
from downslope.fit.losses import LOGISTIC, POISSON, SOFTMAX, Loss
from downslope.fit.parallel import over_chunks
from downslope.fit.rows import NOTHING, Array, LinearRows

LARGEST = 1e150  # the square of a larger number overflows
MOST_COMPARED = 200  # features whose likeness is looked at
SAMPLE = 20_000


def drop_missing(frame: Frame, names: Sequence[str]) -> Frame:
    """The rows in which none of these columns has a missing value; the frame counts the others."""
    gone = np.zeros(frame.rows, bool)
    for name in names:
        column = frame[name]
        gone |= np.array([_absent(v) for v in column]) if column.dtype == object else np.isnan(column)
    if gone.all():
        raise DataError(f"every row of {frame.origin} has a missing value: there is nothing left to fit.")
    return frame.without(gone) if gone.any() else frame


def _absent(value: Any) -> bool:
    if value is None or value == "":
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True  # pandas.NA has no truth value


def targets(frame: Frame, name: str, loss: Loss) -> tuple[Array, tuple[Any, ...]]:
    """The target as numbers, and its classes where the loss wants labels.

    Raises:
        DataError: the loss cannot take these targets.
    """
    if loss.code == SOFTMAX:
        return _labels(frame, name)
    if loss.code == LOGISTIC and frame[name].dtype == object:
        value = next((v for v in frame[name] if isinstance(v, str)), None)
        if value is not None:
            raise DataError(
                f"log_loss takes labels 0 and 1, and column '{name}' holds text, such as {value!r:.40}. softmax takes"
                " any labels."
            )
    y = np.ascontiguousarray(frame.numbers(name))
    finite_column(frame, name, y)
    if loss.code == LOGISTIC:
        wrong = (y != 0) & (y != 1)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"log_loss takes labels 0 and 1, and column '{name}' holds {y[row]:.6g} at {frame.where(row)}."
                " For other labels use softmax; for numbers a loss such as mse."
            )
        if y.min() == y.max():
            raise DataError(
                f"column '{name}' holds one class only ({y[0]:g}): there is nothing to tell apart."
            )
        return y, (0, 1)
    if loss.code == POISSON and (y < 0).any():
        row = int(np.argmax(y < 0))
        raise DataError(
            f"poisson takes targets >= 0, and column '{name}' holds {y[row]:.6g} at {frame.where(row)}."
        )
    return y, ()


def _labels(frame: Frame, name: str) -> tuple[Array, tuple[Any, ...]]:
    column = frame[name]
    if column.dtype != object:
        finite_column(frame, name, column)
        wrong = column != np.floor(column)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"softmax takes labels, and column '{name}' holds {column[row]:.6g} at {frame.where(row)}, a"
                " continuous number. Use a loss such as mse."
            )
        classes, codes = np.unique(column, return_inverse=True)
        names: list[Any] = [int(c) for c in classes]
    else:
        for row, value in enumerate(column):
            if _absent(value):
                raise DataError(missing(frame, name, row))
        text = np.array([str(value) for value in column])
        classes, codes = np.unique(text, return_inverse=True)
        names = classes.tolist()
    if len(names) < 2:
        raise DataError(f"column '{name}' holds one class only ({names[0]}): there is nothing to tell apart.")
    if len(names) > max(2, 0.5 * frame.rows) and len(names) > 50:
        raise DataError(f"column '{name}' holds {len(names)} different labels in {frame.rows} rows.")
    return codes.astype(np.float64), tuple(names)


def weights_of(frame: Frame, weights: Any) -> Array:
    """The weights of the rows, or an empty array where every row counts once.

    Raises:
        DataError: one is negative or not finite, or none is above zero.
    """
    if weights is None:
        return NOTHING
    if isinstance(weights, str):
        name, w = weights, np.ascontiguousarray(frame.numbers(weights))
    else:
        name, w = "weights", np.ascontiguousarray(weights, np.float64)
    if w.shape != (frame.rows,):
        raise UsageError(f"the weights have shape {w.shape}, but the table has {frame.rows} rows.")
    wrong = ~(w >= 0) | ~np.isfinite(w)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"the weight at {frame.where(row)} ('{name}') is {w[row]:.6g}; weights are finite and >= 0."
        )
    if not w.any():
        raise DataError("the sample weights are all zero; at least one must be above zero.")
    return w


def finite_column(frame: Frame, name: str, values: Array) -> None:
    """Raise DataError where a number is missing, infinite or too large to square."""
    with np.errstate(all="ignore"):
        if len(values) and np.abs(values).max() <= LARGEST:  # false where any is NaN
            return
    wrong = ~(np.abs(values) <= LARGEST)
    row = int(np.argmax(wrong))
    value = values[row]
    if np.isnan(value):
        raise DataError(missing(frame, name, row))
    if np.isinf(value):
        raise DataError(
            f"column '{name}' of {frame.origin} is infinite at {frame.where(row)} ({value}), or was written too"
            " large for a float64."
        )
    raise DataError(
        f"column '{name}' of {frame.origin} holds {value:.3g} at {frame.where(row)}: its square overflows. Correct"
        " the value, or rescale the column."
    )


def finite(frame: Frame, names: Sequence[str], X: Array) -> None:
    """Raise DataError where a number of the table or of the features made of it is not finite or too large."""
    usable = all(over_chunks(len(X), lambda begin, end: kernels.all_usable(X, LARGEST, begin, end)))
    seen = {n for base_names, base in frame.bases if base is X for n in base_names} if usable else set()
    for name in names:
        if name not in seen:
            finite_column(frame, name, frame.numbers(name))
    if not usable:
        row = int(np.argmin((np.abs(X) <= LARGEST).all(axis=1)))
        values = ", ".join(f"{n} = {frame.numbers(n)[row]:.6g}" for n in names[:6])
        raise DataError(
            f"a feature of the hypothesis is not a number, infinite or too large at {frame.where(row)} ({values})."
        )


def look_at_columns(frame: Frame, hypothesis: Hypothesis, rows: LinearRows) -> list[str]:
    """Notes on features that are constant, the same as another, or of very unlike sizes."""
    parameters = [hypothesis.parameters[i] for i in rows.at]
    X = np.ascontiguousarray(rows.X if rows.count <= SAMPLE else rows.X[:: rows.count // SAMPLE])
    notes = []
    low, high = X.min(axis=0), X.max(axis=0)
    constant = [p for p, a, b in zip(parameters, low, high, strict=True) if a == b]
    if constant and (rows.intercept is not None or len(constant) > 1) and rows.count > 1:
        if rows.count > SAMPLE:
            constant = [p for p, j in _found(parameters, constant) if np.ptp(rows.X[:, j]) == 0]
        if constant:
            notes.append(
                f"the feature of {listed(constant)} is constant, so the data cannot tell it from the intercept"
            )
    if len(parameters) <= MOST_COMPARED:
        for i, j in _twins(X):
            if np.array_equal(rows.X[:, i], rows.X[:, j]) and parameters[i] not in constant:
                notes.append(
                    f"the features of {parameters[i]} and {parameters[j]} are the same in every row: only the sum of"
                    f" the two parameters is determined (rank {len(parameters) - 1} of {len(parameters)})"
                )
    return notes


def _found(parameters: Sequence[str], names: Sequence[str]) -> list[tuple[str, int]]:
    return [(p, j) for j, p in enumerate(parameters) if p in names]


def _twins(X: Array) -> list[tuple[int, int]]:
    """Pairs of equal columns."""
    seen: dict[bytes, int] = {}
    pairs = []
    for j in range(X.shape[1]):
        key = X[:, j].tobytes()
        if key in seen:
            pairs.append((seen[key], j))
        else:
            seen[key] = j
    return pairs
