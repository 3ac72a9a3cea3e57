"""The target of a fit as numbers: those of the column, or the places of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError
from downslope.fitting.checks import _absent, finite_column
from downslope.fitting.frame import Frame, listed, missing
from downslope.fitting.losses import Loss
from downslope.fitting.rows import Array
from downslope.messages import message


def targets(frame: Frame, name: str, loss: Loss) -> tuple[Array, tuple[Any, ...]]:
    """The target as numbers, and its classes where the loss wants labels.

    Raises:
        DataError: the loss cannot take these targets.
    """
    if loss.per_class:
        values = label_values(frame, name)
        classes = classes_of([values], name, frame.rows)
        return coded(values, classes), classes
    y = numeric_targets(frame, name, loss)
    if loss.labels == "two":
        refuse_one_class(name, [f"{label:g}" for label in {y.min(), y.max()}])
        return y, (0, 1)
    return y, ()


def numeric_targets(frame: Frame, name: str, loss: Loss) -> Array:
    """The target as numbers that the loss takes.

    Raises:
        DataError: one is not.
    """
    if loss.labels == "two" and frame[name].dtype == object:
        value = next((v for v in frame[name] if isinstance(v, str)), None)
        if value is not None:
            raise DataError(
                message(
                    "{loss} takes labels 0 and 1, and column '{name}' holds text, such as"
                    " {value!r:.40}. softmax takes any labels.",
                    loss=loss.name,
                    name=name,
                    value=value,
                )
            )
    y = np.ascontiguousarray(frame.numbers(name))
    finite_column(frame, name, y)
    if loss.labels == "two":
        wrong = (y != 0) & (y != 1)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                message(
                    "{loss} takes labels 0 and 1, and column '{name}' holds {y:.6g} at {where}. For"
                    " other labels use softmax; for numbers a loss such as mse.",
                    loss=loss.name,
                    name=name,
                    y=y[row],
                    where=frame.where(row),
                )
            )
    if loss.lowest is not None and (y < loss.lowest).any():
        row = int(np.argmax(y < loss.lowest))
        raise DataError(
            message(
                "{loss} takes targets >= {least:g}, and column '{name}' holds {y:.6g} at {where}.",
                loss=loss.name,
                least=loss.lowest,
                name=name,
                y=y[row],
                where=frame.where(row),
            )
        )
    return y


def refuse_one_class(name: str, labels: Sequence[Any]) -> None:
    """Raise DataError where there is but one label."""
    if len(labels) == 1:
        raise DataError(
            message(
                "column '{name}' holds one class only ({only}): there is nothing to tell apart.",
                name=name,
                only=labels[0],
            )
        )


def label_values(frame: Frame, name: str) -> NDArray[Any]:
    """The labels, whole numbers or text.

    Raises:
        DataError: one is missing, or a number that is not whole.
    """
    column = frame[name]
    if column.dtype != object:
        finite_column(frame, name, column)
        wrong = column != np.floor(column)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                message(
                    "softmax takes labels, and column '{name}' holds {column:.6g} at {where}, a"
                    " continuous number. Use a loss such as mse.",
                    name=name,
                    column=column[row],
                    where=frame.where(row),
                )
            )
        return column
    for row, value in enumerate(column):
        if _absent(value):
            raise DataError(missing(frame, name, row))
    return np.array([str(value) for value in column])


def classes_of(parts: Sequence[NDArray[Any]], name: str, rows: int) -> tuple[Any, ...]:
    """The different labels in order, of all parts of a table.

    Raises:
        DataError: there is one only, or almost one for each row; or some are numbers and some are text.
    """
    if len({part.dtype.kind for part in parts}) > 1:
        raise DataError(
            message(
                "column '{name}' holds labels that are numbers in some places and text in others.", name=name
            )
        )
    values = np.unique(np.concatenate([np.unique(part) for part in parts]))
    names: list[Any] = [int(v) for v in values] if values.dtype.kind == "f" else values.tolist()
    refuse_one_class(name, names)
    if len(names) > max(2, 0.5 * rows) and len(names) > 50:
        raise DataError(
            message(
                "column '{name}' holds {count} different labels in {rows} rows.",
                name=name,
                count=len(names),
                rows=rows,
            )
        )
    return tuple(names)


def coded(values: NDArray[Any], classes: Sequence[Any]) -> Array:
    """The place of each label among the classes.

    Raises:
        DataError: one is none of them.
    """
    known = np.array(classes)
    if values.dtype.kind != known.dtype.kind and "U" in (values.dtype.kind, known.dtype.kind):
        values = values.astype(str)
    places = np.searchsorted(known, values)
    strange = known[np.minimum(places, len(known) - 1)] != values
    if strange.any():
        raise DataError(
            message(
                "there is a label that was not among those fitted: {label!r:.40}. These were: {labels}.",
                label=str(values[int(np.argmax(strange))]),
                labels=listed(classes),
            )
        )
    return places.astype(np.float64)
