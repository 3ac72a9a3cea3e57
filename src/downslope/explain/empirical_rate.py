"""The factor by which each direction shrank at each step, measured on the path, beside the one that was predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent
from downslope.explain.curvature import Curvature
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.linear import LinearRule, written
from downslope.objectives import Vector

DUST = 1e-9  # part of the largest error below which a ratio of two errors says nothing


@dataclass(frozen=True, eq=False)
class EmpiricalRates:
    """What the steps of a run did to the error along each direction of curvature.

    Attributes:
        curvature: at the minimum, or everywhere.
        centre: the minimum, from which errors are measured.
        factors: one row for each step, one column for each direction; NaN where the error is too small to tell.
            Where a direction swings (complex roots r, r̄), |r|, from e_k² - e_{k+1} e_{k-1}, which shrinks by |r|².
        predicted: one factor for each direction; None where the rule has none.
        linear: the rule, where it is linear.
    """

    curvature: Curvature
    centre: Vector
    factors: NDArray[np.float64]
    predicted: tuple[float, ...] | None
    linear: LinearRule | None


def empirical_rates(run: Descent) -> EmpiricalRates | None:
    """The factors per step of a run; None where no minimum is known to measure from.

    >>> import downslope as ds
    >>> found = empirical_rates(ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30))
    >>> found.factors[0].round(3).tolist(), [round(f, 3) for f in found.predicted]
    ([0.905, -0.9], [0.905, -0.9])
    """
    diagnosis = Diagnosis(run)
    with np.errstate(all="ignore"):
        bottom = diagnosis.bottom
        if bottom is None or diagnosis.setup.bounded or len(diagnosis.early) < 3:
            return None
        curvature = diagnosis.curvature_at(bottom.x) or bottom.curvature
        errors = (diagnosis.early - bottom.x) @ curvature.vectors
        factors = errors[1:] / errors[:-1]
        size = float(np.nanmax(np.abs(errors), initial=0.0))
        linear = diagnosis.linear
        for i, value in enumerate(curvature.values):
            if linear is not None and linear.factor(float(value)).imag != 0:
                factors[:, i] = _modulus(errors[:, i])
        factors[(np.abs(errors[:-1]) < DUST * size) | ~np.isfinite(factors)] = np.nan
    predicted = None if linear is None else tuple(written(linear.factor(float(v))) for v in curvature.values)
    return EmpiricalRates(curvature, bottom.x, factors, predicted, linear)


def _modulus(errors: Vector) -> Vector:
    """The modulus of the roots of the two-step recurrence that a swinging error follows, at every step."""
    squares = errors[1:-1] ** 2 - errors[2:] * errors[:-2]
    out = np.full(len(errors) - 1, np.nan)
    out[2:] = np.sqrt(np.abs(squares[1:] / squares[:-1]))
    return out
