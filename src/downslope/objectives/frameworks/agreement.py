"""Whether a formula that was read off a framework's cost says what the framework says."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import ObjectiveError
from downslope.messages import listing, message
from downslope.objectives.check import GradientWarning
from downslope.objectives.formula import FormulaObjective, is_readable, readable
from downslope.objectives.frameworks.tensors import Tensors
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.unknown import TraceError


def agreeing_formula(
    expressions: list[Any], partials: list[Any] | None, hosted: Objective, tensors: Tensors
) -> FormulaObjective:
    """The formula, once it has given the framework's value and gradient at the start and at a point beside it.

    Raises:
        TraceError: it does not.
    """
    parameters = tensors.parameters
    if len(expressions) != 1:
        raise TraceError(message("the cost is more than one number"))
    if partials is not None and len(partials) != parameters.size:
        raise TraceError(message("the gradient has another size than the parameters"))
    if not is_readable(expressions[0]):
        raise TraceError(message("it has too many operations"))
    formula = FormulaObjective(
        expressions[0], parameters, readable(expressions[0]), dtype=tensors.precision, gradient=partials
    )
    formula.name = hosted.text
    check_agreement(formula.value_and_gradient, hosted, tensors.x)
    return formula


def check_agreement(read: Callable[[Vector], tuple[float, Vector]], hosted: Objective, x: Vector) -> None:
    """Raise TraceError where what was read gives another value or gradient at ``x``, or at a point beside it."""
    tolerance = 1e3 * float(np.finfo(hosted.dtype).eps)
    beside = x + 1e-3 * (1 + np.abs(x)) * np.cos(np.arange(len(x)))
    for point in (x, beside):
        known, known_gradient = hosted.value_and_gradient(point)
        try:
            found, found_gradient = read(point)
        except ObjectiveError as error:
            raise TraceError(error.message) from error
        if not (_close(found, known, tolerance) and _close(found_gradient, known_gradient, tolerance)):
            raise TraceError(message("as a formula it does not give the same value and gradient"))


def _close(found: Any, known: Any, tolerance: float) -> bool:
    finite = np.asarray(known)[np.isfinite(known)]
    scale = max(1.0, float(np.max(np.abs(finite), initial=0.0)))
    return bool(np.allclose(found, known, rtol=tolerance, atol=tolerance * scale, equal_nan=True))


DEAR = 0.1  # seconds of one evaluation, from which on five more are not spent on looking


def look_at_slope(objective: Objective, x: Vector, cuts: Sequence[str]) -> None:
    """Compare the framework's gradient with differences of the value, along one direction through the start.

    With h = eps^(1/3) and the direction d, (f(x + hd) - f(x - hd)) / 2h should be the gradient's product with d. What
    kinks, rounding and the third derivative can do to it is allowed for; costs that are random are left alone, and a
    step of a hundredth must find the same slope.

    Args:
        objective: the function, as the framework calls it.
        x: the start.
        cuts: what, in this framework, cuts the gradient off.

    Raises:
        ObjectiveError: the gradient is zero where the value changes. Where it is merely another, a note says so.
    """
    began = time.perf_counter()
    value, gradient = objective.value_and_gradient(x)
    if time.perf_counter() - began > DEAR or not (np.isfinite(value) and np.isfinite(gradient).all()):
        return
    coarse = _differences(objective, x, (value, gradient), 1.0)
    fine = None if coarse is None else _differences(objective, x, (value, gradient), 0.01)
    if coarse is None or fine is None or abs(fine.slope - coarse.slope) > 0.2 * abs(coarse.slope):
        return
    slope, said = fine.slope, fine.said
    if not gradient.any():
        raise ObjectiveError(
            message(
                "the gradient of {objective} is zero although its value changes: {cuts} inside it"
                " cuts it off.",
                objective=objective.text,
                cuts=listing(cuts, "or"),
            )
        )
    told = message(
        "the gradient is not the slope of {objective}: along one direction it says {said:.4g}, and"
        " differences of the value say {slope:.4g}. Does {cuts} inside it cut a part off?",
        objective=objective.text,
        said=said,
        slope=slope,
        cuts=listing(cuts, "or"),
    )
    objective.notes = (*objective.notes, told)
    warnings.warn(GradientWarning(told), stacklevel=2)


class _Found(NamedTuple):
    """A slope from differences, and what the gradient says of it."""

    slope: float
    said: float


def _differences(objective: Objective, x: Vector, there: tuple[float, Vector], part: float) -> _Found | None:
    """The slope along one direction, by a step of that part of the usual one; None where it does not contradict.

    ``there`` is the value at ``x`` and the gradient that is held against it.
    """
    value, gradient = there
    direction = np.cos(np.arange(len(x))) * (1 + np.abs(x))
    eps = float(np.finfo(objective.dtype).eps)
    h = part * eps ** (1 / 3)
    below, above, far_below, far_above, again = (
        objective.value(x + step * direction) for step in (-h, h, -2 * h, 2 * h, 0.0)
    )
    if again != value or not np.isfinite([below, above, far_below, far_above]).all():
        return None
    slope, wide = (above - below) / (2 * h), (far_above - far_below) / (4 * h)
    said = float(gradient.astype(np.float64) @ direction)
    rounding = eps * max(abs(v) for v in (value, below, above)) / h
    kink = abs(above + below - 2 * value) / h
    doubt = 0.1 * max(abs(slope), abs(said)) + 10 * rounding + 4 * abs(slope - wide) + 2 * kink
    return None if abs(slope - said) <= doubt else _Found(slope, said)
