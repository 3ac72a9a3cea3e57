"""What a framework's function answered: one real number, and of a gradient a number for each parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import listing, message
from downslope.objectives.parameters import Vector


def one_number(array: NDArray[Any], name: str) -> None:
    """Raise ObjectiveError unless a cost's answer is one real number."""
    if array.dtype.kind == "c":
        raise ObjectiveError(message("{name} returned a complex number; a real one is needed.", name=name))
    if array.size != 1:
        raise ObjectiveError(
            message(
                "{name} returned a tensor of shape {shape}; one number is needed. Is a sum or a mean"
                " missing?",
                name=name,
                shape=tuple(array.shape),
            )
        )


def name_of(function: Callable[..., Any]) -> str:
    """What to call a person's function."""
    return getattr(function, "__name__", type(function).__name__)


def nothing_returned(name: str) -> ObjectiveError:
    """The error of a function without ``return``."""
    return ObjectiveError(message("{name} returned None. Does it end with 'return'?", name=name))


def refuse_several(result: Any, name: str) -> None:
    """Raise ObjectiveError where a cost answers with several things."""
    if isinstance(result, (tuple, list, Mapping)):
        raise ObjectiveError(
            message(
                "{name} returned a {kind} of {count}; one number is needed: return the cost alone.",
                name=name,
                kind=type(result).__name__,
                count=len(result),
            )
        )


def flat_gradient(parts: list[NDArray[Any]], parameters: Any, dtype: Any) -> Vector:
    """A supplied gradient's parts as one vector; a wrong number of them is an ObjectiveError."""
    sizes = [part.size for part in parts]
    if sum(sizes) != parameters.size or (
        len(sizes) == len(parameters.sizes) and sizes != list(parameters.sizes)
    ):
        shown = listing(str(tuple(part.shape)) for part in parts)
        raise ObjectiveError(
            message(
                "the gradient has shape {shown}, but {size} numbers are needed, in the order {coordinates}.",
                shown=shown,
                size=parameters.size,
                coordinates=listing(parameters.coordinates),
            )
        )
    return np.concatenate([part.ravel() for part in parts]).astype(dtype)


def gradient_parts(result: Any, parameters: Any) -> list[Any]:
    """What a supplied gradient returned, part by part: of a dict, a list or one tensor."""
    if result is None:
        raise ObjectiveError(message("the gradient returned None. Does it end with 'return'?"))
    if isinstance(result, Mapping):
        missing = [name for name in parameters.names if name not in result]
        if missing:
            raise ObjectiveError(
                message("the gradient gives nothing for {missing}.", missing=listing(missing))
            )
        return [result[name] for name in parameters.names]
    return list(result) if isinstance(result, (list, tuple)) else [result]
