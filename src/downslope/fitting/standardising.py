"""A linear hypothesis with its features measured from their means in units of their spread."""

from __future__ import annotations

import numpy as np

from downslope.errors import UsageError
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import Coordinates, shear_of
from downslope.fitting.rows import LinearRows, SoftmaxRows
from downslope.messages import message


def standardised(objective: DataObjective) -> tuple[DataObjective, Coordinates]:
    """The cost with the features of a linear hypothesis measured from their means in units of their spread."""
    rows = objective.rows
    if not isinstance(rows, LinearRows):
        raise UsageError(
            message(
                "standardising needs a hypothesis that is linear in its parameters; scale the"
                " columns in the table, or leave optimizer and learning rate out."
            )
        )
    centre, spread = objective.feature_spreads()
    if rows.intercept is None:  # nothing absorbs a mean, so it is measured from zero
        spread, centre = np.hypot(spread, centre), np.zeros_like(centre)
    scale = np.ones(rows.each if isinstance(rows, SoftmaxRows) else rows.size)
    scale[rows.at] = np.where(spread > 1e-12 * (np.abs(centre) + 1e-300), spread, 1.0)
    shear = shear_of(rows, centre)
    if isinstance(rows, SoftmaxRows):
        scale, shear = np.repeat(scale, rows.classes), np.kron(shear, np.eye(rows.classes))
    coordinates = Coordinates("standardised", np.diag(1 / scale), np.zeros(len(scale)), shear)
    return objective.centred(centre), coordinates
