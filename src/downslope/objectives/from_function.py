"""A function of a person, read: into symbols or a program on arrays where it can be, else called with numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from downslope.errors import ObjectiveError, UsageError
from downslope.messages import Message, message
from downslope.objectives.announcing import not_followed, refused
from downslope.objectives.calling import calling
from downslope.objectives.formula import FEWEST
from downslope.objectives.function import FunctionObjective
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Vector
from downslope.objectives.traced_function import trace_function

if TYPE_CHECKING:
    from downslope.objectives.array_program import ArrayProgram


def from_function(
    function: Callable[..., Any],
    start: Any,
    gradient: Callable[..., Any] | Literal[True] | None = None,
    dtype: Any = np.float64,
) -> tuple[Objective, Vector]:
    """The objective of a Python function, and the start as a flat vector.

    The function is called once with symbols, and where there are many parameters with an array that records
    what is done with it. If what comes back agrees with its value at the start, the run is native and the derivatives
    are exact. If not, it is called with numbers at every step, and its
    gradient comes from ``gradient``, or from the function itself where that answers with a pair of its value and
    its gradient; else from the complex step where that holds, or else from
    central differences; ``Objective.differentiation`` and ``notes`` say which and how well.

    Raises:
        ObjectiveError: it returns None, a complex number, or more than one number.
        StartError: the start does not fit its signature.
    """
    how = calling(function, start)
    x = how.parameters.flatten(start)
    hosted = FunctionObjective(function, how, gradient, dtype)
    with np.errstate(all="ignore"):
        try:
            answer = hosted.answer(x)
        except ValueError as error:
            told = refused(hosted.text, error)
            if told is None:
                raise
            raise told from error
        if gradient is None or gradient is True:
            hosted.gives_both = _is_pair(answer, how.parameters)
        if gradient is True and not hosted.gives_both:
            raise UsageError(_no_pair(hosted.text, how.parameters.size))
        value, has_gradient = hosted.value_in(answer), gradient is not None or hosted.gives_both
        supplied = True if hosted.gives_both else gradient

        def agrees(found: Callable[[Vector], tuple[float, Vector]]) -> bool:
            return _agree(found, hosted, x, value, supplied=has_gradient)

        def by_program() -> bool:
            program = _recorded(hosted, function, supplied, dtype)
            if program is None:
                return False
            if not agrees(program.evaluated_at if has_gradient else lambda x: (program.value_in_numpy(x), x)):
                return False
            hosted.follow(program)
            return True

        many = len(x) >= FEWEST
        if many and by_program():
            return hosted, x
        traced = trace_function(function, how, supplied, dtype)
        if traced is not None and agrees(traced.value_and_gradient):
            traced.name = hosted.text
            return traced, x
        if not many and by_program():  # of few parameters, and much data
            return hosted, x
        if has_gradient:
            hosted.gradient(x)  # a gradient of the wrong shape or kind is refused before the first step
        else:
            hosted.choose_differences(x)
        if many or not has_gradient:
            hosted.tell_why_called()
    return hosted, x


def _is_pair(answer: Any, parameters: Parameters) -> bool:
    """Whether a function answers with its value and its gradient, as SciPy's do with ``jac=True``."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return False
    value, slopes = answer
    if isinstance(answer, list) and np.ndim(slopes) == 0:  # a list of two numbers
        return False
    parts = slopes.values() if isinstance(slopes, Mapping) else slopes
    try:
        size = sum(np.size(part) for part in parts) if np.iterable(parts) else 1
        return bool(np.size(value) == 1 and size == parameters.size)
    except (TypeError, ValueError):
        return False


def _no_pair(name: str, size: int) -> Message:
    return message(
        "gradient is True, but {name} does not return a pair of its value and its gradient, of {size} numbers.",
        name=name,
        size=size,
    )


def _recorded(
    hosted: FunctionObjective,
    function: Callable[..., Any],
    gradient: Callable[..., Any] | Literal[True] | None,
    dtype: Any,
) -> ArrayProgram | None:
    """The function as a program on arrays, or None where it cannot be recorded: ``hosted`` is told why."""
    from downslope.objectives.array_program import ArrayProgram  # with LLVM, which takes a while

    how, size = hosted.how, hosted.parameters.size
    if np.dtype(dtype) != np.float64:
        return None

    def slopes(x: Any) -> Any:
        assert callable(gradient)
        return _joined(how(gradient, x), how.parameters)

    def both(x: Any) -> Any:
        value, partials = how(function, x)
        return value, _joined(partials, how.parameters)

    try:
        if gradient is True:
            return ArrayProgram.of_pair(both, size)
        return ArrayProgram(lambda x: how(function, x), size, None if gradient is None else slopes)
    except Exception as error:  # as in ``trace_function``
        hosted.why_not_recorded = not_followed(error)
        return None


def _joined(partials: Any, parameters: Parameters) -> Any:
    """The partial derivatives that a function gives as one vector."""
    if isinstance(partials, Mapping):
        partials = [partials[name] for name in parameters.names]
    if isinstance(partials, (list, tuple)):
        return np.concatenate([np.ravel(part) for part in partials])
    return np.ravel(partials)


def _agree(
    traced: Callable[[Vector], tuple[float, Vector]],
    hosted: FunctionObjective,
    x: Vector,
    value: float,
    *,
    supplied: bool,
) -> bool:
    """Whether value and gradient that were traced are the function's at the start (the gradient, where supplied)."""
    tolerance = 1e3 * float(np.finfo(hosted.dtype).eps)
    try:
        formula_value, formula_gradient = traced(x)
    except ObjectiveError:
        return False
    scale = max(1.0, abs(value)) if np.isfinite(value) else 1.0
    if not np.isclose(formula_value, value, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
        return False
    if not supplied:
        return True
    own = hosted.gradient(x)
    scale = float(np.max(np.abs(own), initial=1.0))
    return bool(np.allclose(formula_gradient, own, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
