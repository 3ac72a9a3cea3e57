"""Whether a formula that was read off a framework's cost says what the framework says."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.errors import ObjectiveError
from downslope.objectives.formula import FormulaObjective, readable
from downslope.objectives.frameworks.tensors import Tensors
from downslope.objectives.objective import Objective
from downslope.symbolic.array import TraceError


def agreeing_formula(
    expressions: list[Any], partials: list[Any] | None, hosted: Objective, tensors: Tensors
) -> FormulaObjective:
    """The formula, once it has given the framework's value and gradient at the start and at a point beside it.

    Raises:
        TraceError: it does not.
    """
    x, parameters = tensors.x, tensors.parameters
    if len(expressions) != 1:
        raise TraceError("the cost is more than one number")
    if partials is not None and len(partials) != parameters.size:
        raise TraceError("the gradient has another size than the parameters")
    formula = FormulaObjective(
        expressions[0], parameters, readable(expressions[0]), tensors.precision, partials
    )
    formula.name = hosted.text
    tolerance = 1e3 * float(np.finfo(hosted.dtype).eps)
    beside = x + 1e-3 * (1 + np.abs(x)) * np.cos(np.arange(len(x)))
    for point in (x, beside):
        known, known_gradient = hosted.value_and_gradient(point)
        try:
            found, found_gradient = formula.value_and_gradient(point)
        except ObjectiveError as error:
            raise TraceError(str(error)) from error
        if not (_close(found, known, tolerance) and _close(found_gradient, known_gradient, tolerance)):
            raise TraceError("as a formula it does not give the same value and gradient")
    return formula


def _close(found: Any, known: Any, tolerance: float) -> bool:
    finite = np.asarray(known)[np.isfinite(known)]
    scale = max(1.0, float(np.max(np.abs(finite), initial=0.0)))
    return bool(np.allclose(found, known, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
