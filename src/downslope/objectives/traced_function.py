"""A Python function in symbols: traced, and held against what it answers to numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import Message, message
from downslope.objectives.calling import Calling
from downslope.objectives.formula import FormulaObjective, is_readable, readable
from downslope.objectives.parameters import Parameters
from downslope.symbolic import SymbolicArray
from downslope.symbolic.array import box
from downslope.symbolic.size import size
from downslope.symbolic.unknown import TraceError

if TYPE_CHECKING:
    pass

MOST_PARTS = 10_000  # of a formula that a function is traced into


def trace_function(
    function: Callable[..., Any],
    how: Calling,
    gradient: Callable[..., Any] | Literal[True] | None,
    dtype: Any,
) -> FormulaObjective | None:
    """The function as a formula, or None where it cannot be expressed in symbols."""
    import symengine as se

    def symbols() -> SymbolicArray:
        elements = np.array([se.Symbol(name) for name in how.parameters.coordinates], object)
        return SymbolicArray(elements)

    try:
        answer = how(function, symbols())
        if gradient is True:
            answer, slopes = answer
        else:
            slopes = None if gradient is None else how(gradient, symbols())
        result = box(answer)
        if result.size != 1:
            return None
        partials = None if gradient is None else _flat_gradient(slopes, how.parameters)
        expression = result.reshape(-1)[0]
        if size([expression], MOST_PARTS) == MOST_PARTS:  # data, written out: it would compile for seconds
            return None
        if not is_readable(expression):
            return None
        return FormulaObjective(
            expression, how.parameters, readable(expression), dtype=dtype, gradient=partials
        )
    except (
        Exception
    ):  # whatever a person's function raises when given symbols: it is then called with numbers
        return None


def _flat_gradient(result: Any, parameters: Parameters) -> list[Any]:
    if isinstance(result, Mapping):
        result = [result[name] for name in parameters.names]
    parts = result if isinstance(result, (list, tuple)) else [result]
    entries = [entry for part in parts for entry in box(part).ravel()]
    if len(entries) != parameters.size:
        raise TraceError(message("wrong number of partial derivatives"))
    return entries


def as_answer(result: Any, name: Message | str) -> NDArray[Any]:
    """What a function returned, as an array.

    Raises:
        ObjectiveError: it is none.
    """
    try:
        return np.asarray(result)
    except ValueError as error:  # rows of different lengths
        raise ObjectiveError(
            message("{name} returned {result!r:.60}, whose rows differ in length.", name=name, result=result)
        ) from error


def is_no_number(answer: Any) -> bool:
    """Whether an answer is what is made of an exception outside the domain."""
    return isinstance(answer, float) and not math.isfinite(answer)
