"""Is the data fit to be fitted? Refusals name the column, the row and the value; nothing is silently dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, UsageError
from downslope.explain.findings.finding import Finding
from downslope.fitting import kernels
from downslope.fitting.frame import Frame, Origin, listed, missing
from downslope.fitting.hypothesis import Hypothesis
from downslope.fitting.losses import Loss
from downslope.fitting.rows import NOTHING, Array, LinearRows
from downslope.messages import Message, argument, message
from downslope.parallel import over_chunks

LARGEST = 1e150  # the square of a larger number overflows
LEAST = 1e-140  # where nothing in a column is larger, squares of its deviations underflow
MOST_COMPARED = 200  # features whose likeness is looked at
SAMPLE = 20_000
NO_WEIGHT = message("the sample weights are all zero; at least one must be above zero.")


def drop_missing(frame: Frame, names: Sequence[str]) -> Frame:
    """The rows in which none of these columns has a missing value; the frame counts the others."""
    gone = missing_rows(frame, names)
    if gone.all():
        raise DataError(every_row_missing(frame.origin))
    return frame.without(gone) if gone.any() else frame


def missing_rows(frame: Frame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows have a missing value in one of these columns."""
    gone = np.zeros(frame.rows, bool)
    for name in names:
        column = frame[name]
        gone |= np.array([_absent(v) for v in column]) if column.dtype == object else np.isnan(column)
    return gone


def every_row_missing(origin: Origin) -> Message:
    """The sentence for a table of which nothing is left."""
    return message("every row of {origin} has a missing value: there is nothing left to fit.", origin=origin)


def _absent(value: Any) -> bool:
    if value is None or value == "":
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True  # pandas.NA has no truth value


def weights_of(frame: Frame, weights: Any) -> Array:
    """The weights of the rows, or an empty array where every row counts once.

    Raises:
        DataError: one is negative or not finite, or none is above zero.
    """
    if weights is None:
        return NOTHING
    w = usable_weights(frame, weights)
    if not w.any():
        raise DataError(NO_WEIGHT)
    return w


def usable_weights(frame: Frame, weights: Any) -> Array:
    """The weights, of which none is negative or not finite."""
    if isinstance(weights, str):
        name, w = weights, np.ascontiguousarray(frame.numbers(weights), np.float64)
    else:
        name, w = "weights", np.ascontiguousarray(_as_numbers(weights), np.float64)
    if w.shape != (frame.rows,):
        raise UsageError(
            message(
                "the weights have shape {shape}, but the table has {rows} rows.",
                shape=w.shape,
                rows=frame.rows,
            )
        )
    wrong = ~(w >= 0) | ~np.isfinite(w)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            message(
                "the weight at {where} ('{name}') is {w:.6g}; weights are finite and >= 0.",
                where=frame.where(row),
                name=name,
                w=w[row],
            )
        )
    return w


def _as_numbers(weights: Any) -> Array:
    try:
        return np.ascontiguousarray(weights, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(
            message(
                "{weights} is {value!r:.60}; it must be the name of a column, or a number for each row.",
                weights=argument("weights"),
                value=weights,
            )
        ) from None


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
            message(
                "column '{name}' of {origin} is infinite at {where} ({value}), or was written too"
                " large for a float64.",
                name=name,
                origin=frame.origin,
                where=frame.where(row),
                value=value,
            )
        )
    raise DataError(
        message(
            "column '{name}' of {origin} holds {value:.3g} at {where}: its square overflows."
            " Correct the value, or rescale the column.",
            name=name,
            origin=frame.origin,
            value=value,
            where=frame.where(row),
        )
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
            message(
                "a feature of the hypothesis is not a number, infinite or too large at {where} ({values}).",
                where=frame.where(row),
                values=values,
            )
        )


def refuse_tiny_features(hypothesis: Hypothesis, looks: ColumnChecks, rows: LinearRows) -> None:
    """Raise DataError where the squares of a whole feature underflow, so that it would seem to have no effect."""
    for i, low, high in zip(rows.at, looks.low, looks.high, strict=True):
        if 0 < max(-low, high) < LEAST:
            raise DataError(
                message(
                    "what {parameter} multiplies is nowhere larger than {value:.3g}: its square underflows. Rescale"
                    " the column.",
                    parameter=hypothesis.parameters[i],
                    value=max(-low, high),
                )
            )


def refuse_tiny_target(frame: Frame, name: str, loss: Loss, largest: float) -> None:
    """Raise DataError where the squares of the whole target underflow, and the loss is made of them."""
    if loss.quadratic and 0 < largest < LEAST:
        raise DataError(
            message(
                "column '{name}' of {origin} holds nothing larger than {value:.3g}: its square underflows. Rescale"
                " the column.",
                name=name,
                origin=frame.origin,
                value=largest,
            )
        )


@dataclass(frozen=True)
class ColumnChecks:
    """What the columns of features look like.

    Attributes:
        low, high: the least and the largest number of each.
        twins: pairs that are the same in every row.
    """

    low: Array
    high: Array
    twins: tuple[tuple[int, int], ...]

    @classmethod
    def at(cls, X: Array) -> ColumnChecks:
        """Of all rows of ``X``."""
        return cls(X.min(axis=0), X.max(axis=0), tuple(_twins(X)) if X.shape[1] <= MOST_COMPARED else ())

    def also(self, X: Array) -> ColumnChecks:
        """Of these rows too."""
        twins = tuple((i, j) for i, j in self.twins if np.array_equal(X[:, i], X[:, j]))
        return ColumnChecks(np.minimum(self.low, X.min(axis=0)), np.maximum(self.high, X.max(axis=0)), twins)

    def merged(self, other: ColumnChecks) -> ColumnChecks:
        """Of the rows of both."""
        first, second = ({j: i for i, j in looks.twins} for looks in (self, other))
        seen, twins = dict[tuple[int, int], int](), []
        for j in range(len(self.low)):  # twins are alike in both
            alike = seen.setdefault((first.get(j, j), second.get(j, j)), j)
            if alike != j:
                twins.append((alike, j))
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return ColumnChecks(low, high, tuple(twins))


def check_columns(hypothesis: Hypothesis, rows: LinearRows) -> list[Finding]:
    """What features that are constant, or the same as another, leave undetermined."""
    sample = rows.count > SAMPLE
    looks = ColumnChecks.at(np.ascontiguousarray(rows.X[:: rows.count // SAMPLE] if sample else rows.X))
    if sample:  # what holds in the sample is held against all rows
        low, high = looks.low.copy(), looks.high.copy()
        for j in np.flatnonzero((low == high) | (np.maximum(-low, high) < LEAST)):
            low[j], high[j] = rows.X[:, j].min(), rows.X[:, j].max()
        twins = tuple((i, j) for i, j in looks.twins if np.array_equal(rows.X[:, i], rows.X[:, j]))
        looks = ColumnChecks(low, high, twins)
    refuse_tiny_features(hypothesis, looks, rows)
    return undetermined_columns(looks, hypothesis, rows, rows.count)


def undetermined_columns(
    looks: ColumnChecks, hypothesis: Hypothesis, rows: LinearRows, count: int
) -> list[Finding]:
    """The findings on that."""
    parameters = [hypothesis.parameters[i] for i in rows.at]
    constant = [p for p, a, b in zip(parameters, looks.low, looks.high, strict=True) if a == b]
    if count < 2 or (rows.intercept is None and len(constant) < 2):
        constant = []
    found = []
    if constant:
        evidence = {"parameters": constant, "names": str(listed(constant)), "directions": len(constant)}
        found.append(Finding("undetermined", evidence, key="undetermined.constant"))
    for i, j in looks.twins:
        if parameters[i] not in constant:
            evidence = {
                "parameters": [parameters[i], parameters[j]],
                "first": parameters[i],
                "second": parameters[j],
                "rank": len(parameters) - 1,
                "features": len(parameters),
                "directions": 1,
            }
            found.append(Finding("undetermined", evidence, key="undetermined.twins"))
    return found


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
