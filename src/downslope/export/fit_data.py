"""The data and the cost of a fit, as a script has to tell them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from downslope.fitting.losses import Loss
from downslope.language import tree as t

Column = NDArray[Any]


@dataclass(frozen=True)
class Supplied:
    """A derivative that was written by hand: a formula for a row, and whether its sum or its mean is taken."""

    formula: t.Node
    mean: bool


@dataclass(frozen=True, eq=False)
class FitData:
    """The data of a fit, and the cost on it.

    Attributes:
        columns: the columns that the hypothesis uses, by name.
        target: the name of the column that is predicted, and its numbers (those of its class, for labels).
        values: the target's numbers.
        labels: the labels in the order of their numbers, where the target is labels.
        weights: of the rows, or None; ``weights_name`` is their column, if it is one.
        formula: the hypothesis; None where it is taken as a matrix of ``features``.
        features: of a hypothesis as a matrix: an expression for each parameter, None for the intercept.
        loss, l2, penalised: the cost; for each parameter whether l2 is on it.
        standardised: whether it is descended with the features measured from their means in units of their spread.
        shifted: whether the target is then measured from its mean too.
        supplied: derivatives written by hand, by parameter.
        file: the CSV file to read it from; None where it is written into the script.
        separator: between its columns.
        trace: part of the target's mean square that is rounding, where the fit was descended by the loop of least
            squares that knows that; else None.
        missing: how the file writes a missing value, where rows with one are left out; else empty.
    """

    columns: dict[str, Column]
    target: str
    values: Column
    labels: tuple[Any, ...]
    weights: Column | None
    weights_name: str
    formula: t.Node | None
    features: tuple[t.Node | None, ...]
    loss: Loss
    l2: float
    penalised: tuple[bool, ...]
    standardised: bool
    shifted: bool
    supplied: dict[str, Supplied]
    file: str | None
    separator: str
    trace: float | None
    missing: tuple[str, ...]

    @property
    def as_matrix(self) -> bool:
        """Whether the prediction is a matrix times the parameters."""
        return self.formula is None or self.standardised or self.classes > 0

    @property
    def classes(self) -> int:
        """How many classes there are; 0 where there is one prediction a row."""
        return len(self.labels) if self.loss.per_class else 0

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.values)
