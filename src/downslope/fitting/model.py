"""A hypothesis with its parameters: all that is needed to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UsageError, nearest
from downslope.fitting import frame as frames
from downslope.fitting import frames_in_memory as in_memory
from downslope.fitting.categories import with_indicators
from downslope.fitting.checks import drop_missing, finite
from downslope.fitting.frame import Frame, spelt_alike
from downslope.fitting.hypothesis import Hypothesis
from downslope.fitting.least_squares import doubled_predictions
from downslope.fitting.losses import Loss, linked
from downslope.fitting.preconditioning import CentredParameters
from downslope.fitting.rows import Array, LinearRows
from downslope.fitting.tables import as_frame
from downslope.fitting.targets import targets
from downslope.fitting.text_format import ReadingOptions, TextFormat
from downslope.messages import message, sentences
from downslope.objectives import Parameters


class PredictOptions(ReadingOptions, total=False):
    """The keyword arguments of ``predict`` and its like."""

    drop_missing: bool


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted hypothesis.

    Attributes:
        hypothesis, loss, classes: as in the fit.
        parameters: names and shapes of ``theta``.
        theta: the parameters as one vector.
        inputs: all columns of the table that was fitted but the target, in order.
        centred: ``theta`` of features measured from their means, where that is known: what predictions are made by.
    """

    hypothesis: Hypothesis
    loss: Loss
    classes: tuple[Any, ...]
    parameters: Parameters
    theta: Array
    inputs: tuple[str, ...]
    centred: CentredParameters | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Parameter -> value."""
        found: dict[str, Any] = self.parameters.structured(self.theta)
        return found

    def frame_of(self, table: Any, *more: str, **options: Unpack[PredictOptions]) -> Frame:
        """The table as a frame with the columns that the hypothesis needs, and ``more``.

        Args:
            table: as for ``fit``; a dict of numbers is one row, and an array has the columns of the fit.
            more: names of further columns.
            options: how text is read, and whether rows with a missing value are left out.

        Raises:
            DataError: a column is missing, or an array has the wrong number of them.
        """
        columns = (*self.hypothesis.sources, *more)
        frame = self._frame(table, columns, TextFormat.from_options(options))
        other = {name: spelt_alike(name, frame.names) for name in columns}
        frame = frame.with_names({name: theirs for name, theirs in other.items() if theirs != name})
        for name in columns:
            if name not in frame.columns:
                hint = nearest(name, frame.known)
                raise DataError(
                    sentences(
                        message(
                            "{origin} has no column '{name}', which '{hypothesis}' needs.",
                            origin=frame.origin,
                            name=name,
                            hypothesis=self.hypothesis.text,
                        ),
                        hint,
                        message("The columns are: {columns}.", columns=frames.listed(frame.known)),
                    )
                )
        frame = with_indicators(frame, self.hypothesis.categories)
        used = (*self.hypothesis.columns, *more)
        return drop_missing(frame, used) if options.get("drop_missing") else frame

    def _frame(self, table: Any, wanted: Sequence[str], asked: TextFormat) -> Frame:
        if isinstance(table, Mapping) and table and all(map(_is_single, table.values())):
            table = {name: [value] for name, value in table.items()}  # one row
        if isinstance(table, list | tuple) and table and all(isinstance(row, list | tuple) for row in table):
            table = in_memory.as_array(_even(table))  # rows of numbers, as the array of them
        if isinstance(table, np.ndarray) and table.dtype.names is None and table.ndim == 2:
            candidates = (self.inputs, self.hypothesis.sources)
            names = next((n for n in candidates if len(n) == table.shape[1]), None)
            if names is None:
                raise DataError(
                    message(
                        "the array has {columns} columns, but the fit was made on {count}: {names}.",
                        columns=table.shape[1],
                        count=len(self.inputs),
                        names=frames.listed(self.inputs),
                    )
                )
            return in_memory.from_matrix(table, names)
        return as_frame(table, wanted, asked)

    def raw(self, table: Any) -> Array:
        """Predictions before the link, (rows,) or (rows, classes)."""
        from downslope.fitting.problem import Specification, rows_of

        frame, asked = self.frame_of(table), Specification(self.hypothesis, self.loss)
        rows, minus = rows_of(frame, asked, np.zeros(frame.rows), len(self.classes))
        finite(frame, self.hypothesis.columns, rows.X)
        theta = self.theta
        if self.centred is not None and isinstance(rows, LinearRows):
            rows, theta, tail = rows.centred(self.centred.centre), self.centred.phi, self.centred.tail
            if tail is not None:
                return np.asarray(doubled_predictions(rows, theta, tail).value - minus)
        return np.asarray(rows.predictions(theta) - (0.0 if self.loss.per_class else minus))

    def mean(self, table: Any) -> Array:
        """Predictions after the link: numbers, rates or probabilities."""
        return np.asarray(linked(self.loss, self.raw(table)))

    def predict(self, table: Any) -> NDArray[Any]:
        """Numbers, or labels where the loss classifies."""
        if not self.loss.classifies:
            return self.mean(table)
        u = self.raw(table)
        found = u.argmax(axis=1) if u.ndim == 2 else (u > 0).astype(np.intp)
        labels: NDArray[Any] = np.array(self.classes)[found]
        return labels

    def derivatives(self, table: Any) -> Array:
        """The derivatives of the predictions in the parameters, (rows, parameters)."""
        from downslope.fitting.problem import Specification, rows_of

        frame, asked = self.frame_of(table), Specification(self.hypothesis, self.loss)
        rows, _ = rows_of(frame, asked, np.zeros(frame.rows), len(self.classes))
        return np.asarray(rows.jacobian(self.theta, slice(0, frame.rows))[1])

    def probabilities(self, table: Any) -> Array:
        """See ``Fit.probabilities``."""
        if not self.loss.classifies:
            raise UsageError(
                message("{loss} has no probabilities; log_loss and softmax have.", loss=self.loss.name)
            )
        return self.mean(table)

    def residuals(self, table: Any) -> Array:
        """See ``Fit.residuals``."""
        if self.loss.per_class:
            raise UsageError(message("softmax has no residuals: its targets are labels."))
        frame = self.frame_of(table, self.hypothesis.target)
        y, _ = targets(frame, self.hypothesis.target, self.loss)
        return np.asarray(y - self.mean(frame))


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, int | float | np.number | str)


def _even(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise DataError(
                message(
                    "row {i} has {entries} entries and row 0 has {first}.",
                    i=i,
                    entries=len(row),
                    first=len(rows[0]),
                )
            )
    return rows
