"""The learning rate above which theory says that runs of a sweep do not settle: 2/L, where it is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DownslopeError
from downslope.explain.setup import Setup
from downslope.explain.theory import forecast_of
from downslope.sweeping.record import SweepRecord
from downslope.sweeping.settings import Target

TOLERANCE = 1e-8  # which the limit does not depend on
MOST_LIMITS = 101  # that are worked out along another axis


class KnownLimits(NamedTuple):
    """Limits of the learning rate.

    Attributes:
        at: values on the other axis, in their order; empty where the limit does not depend on it.
        limits: the limit at each, or the one that there is.
        exact: whether it holds everywhere, as on a quadratic; else near the best minimum found.
    """

    at: NDArray[np.float64]
    limits: NDArray[np.float64]
    exact: bool


def known_limits(sweep: SweepRecord, other: Target | None = None) -> KnownLimits | None:
    """The limits along another axis of a sweep; None where theory has none for this rule and function.

    Args:
        sweep: the sweep.
        other: what the other axis sets; only a number of the rule changes the limit.
    """
    trial = sweep.trial
    minima = [point for point in sweep.minima if point.kind == "minimum"]
    x = minima[0].x if minima else np.asarray(trial.start, np.float64)
    settings = dict(trial.design.at(0))
    values = np.empty(0)
    if other is not None and other[0] == "hyperparameter":
        column = next(axis.sets[other] for axis in trial.design.axes if other in axis.sets)
        values = np.unique(np.asarray(column, np.float64))
        values = values[np.unique(np.linspace(0, len(values) - 1, MOST_LIMITS).round().astype(int))]
    found, exact = [], True
    for value in values if len(values) else [None]:
        try:
            rule = trial.optimizer_of(
                settings if value is None or other is None else {**settings, other: float(value)}
            )
            made = forecast_of(
                trial.objective, x, Setup.of(rule), TOLERANCE, sign=-1.0 if trial.maximize else 1.0
            )
        except DownslopeError:
            return None
        if made is None or made.limit is None:
            return None
        found.append(made.limit)
        exact = exact and made.exact
    return KnownLimits(values, np.array(found), exact)
