"""Standard errors: how far the parameters would move if the rows were drawn again."""

from __future__ import annotations

import numpy as np

from downslope.fitting.objective import DataObjective
from downslope.fitting.quadratic import NormalEquations
from downslope.fitting.rows import Array
from downslope.messages import NOTHING, Message, message, plural

ROUNDING = 1e-9  # part of a parameter by which it may be off however small its standard error


NONE_BY_PENALTY = message("a penalty draws the parameters away from where the data alone would have them")
NONE_BY_ENDING = message("the descent did not arrive at a minimum")
NONE_BY_DEPENDENCE = message("the data do not determine the parameters at the point reached")
NONE_BY_DISTANCE = message("the descent ended further from the minimum than a standard error")
NONE_BY_COUNTS = message("some counts of 0 can be told apart from all others, so there is no minimum")
NONE_BY_SEPARATION = message("the classes can be separated, so there is no minimum")


def standard_errors(
    objective: DataObjective, normal_equations: NormalEquations | None, theta: Array, loss: float
) -> tuple[Array | None, Message]:
    """The standard error of each parameter; or None, and why there is none to give.

    For squared losses the roots of the diagonal of s^2 (J'WJ)^-1 with s^2 = RSS/(n - p); for log_loss and poisson those
    of the inverse Hessian of the summed loss. There is none for other losses (which goes without saying), with
    penalties, where the data do not determine the parameters, or where ``theta`` is further from the minimum than a
    standard error.
    """
    kind, penalty, p = objective.loss, objective.penalty, objective.parameters.size
    n = objective.count
    if not kind.likelihood:
        return None, NOTHING
    if penalty.l1 or penalty.l2:
        return None, NONE_BY_PENALTY
    if n <= p:
        return None, message(
            "{rows} for {parameters} leave nothing to tell the noise by",
            rows=plural("{n} row", "{n} rows", n=n),
            parameters=plural("{n} parameter", "{n} parameters", n=p),
        )
    if not np.isfinite(loss) or not np.all(np.isfinite(theta)):
        return None, NONE_BY_ENDING
    half = 2.0 if kind.quadratic else 1.0
    if normal_equations is not None:
        root = inverse(normal_equations.factor @ np.linalg.inv(normal_equations.shear))
        inverted: Array | None = None if root is None else np.asarray(root @ root.T / objective.total)
    else:
        inverted = inverse(objective.whole_curvature(theta) * objective.total / half)
    if inverted is None:
        return None, NONE_BY_DEPENDENCE
    mean = loss**2 if objective.loss.root else loss
    gradient = objective.value_and_gradient(theta)[1] * (2 * loss if objective.loss.root else 1.0)
    step = inverted @ gradient * (objective.total / half)  # Newton's, to the minimum
    least = max(mean - float(gradient @ step) / 2, 0.0)
    s2 = least * objective.total / (n - p) if kind.quadratic else 1.0
    errors = np.asarray(np.sqrt(np.maximum(np.diag(inverted) * s2, 0.0)))
    near = np.all(np.abs(step) <= errors + ROUNDING * np.abs(theta))
    return (errors, NOTHING) if near else (None, NONE_BY_DISTANCE)


def inverse(matrix: Array) -> Array | None:
    """The inverse, with rows and columns scaled first; None where it is singular to working precision."""
    scale = np.sqrt(np.sum(np.square(matrix), axis=0))
    if not np.all(np.isfinite(matrix)) or not np.all(scale > 0):
        return None
    if np.allclose(matrix, matrix.T) and np.all(np.diag(matrix) > 0):
        scale = np.sqrt(np.diag(matrix))
        inner, outer = matrix / np.outer(scale, scale), np.outer(scale, scale)
    else:
        inner, outer = matrix / scale, scale[:, None] * np.ones(len(scale))
    if np.linalg.cond(inner) > 1e14:
        return None
    return np.asarray(np.linalg.inv(inner) / outer)
