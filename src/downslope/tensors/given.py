"""What a person's loop hands over: gradients, made to fit their parameters, and the value."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.tensors.library import ArrayLibrary, lone


def fitted_gradient(gradient: Any, part: Any, library: ArrayLibrary, name: str) -> Any:
    """The gradient of one parameter, in the parameter's own type.

    Raises:
        UsageError: it is missing, of another shape, or no numbers.
    """
    if gradient is None:
        raise UsageError(
            message(
                "the gradient of {name} is None: the cost does not depend on it. Leave it out of the"
                " parameters, or give zeros.",
                name=name,
            )
        )
    try:
        made = library.fit(gradient, part)
        shape = tuple(np.shape(made))
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            message(
                "the gradient of {name} is {gradient!r:.60}, which is no array of numbers.",
                name=name,
                gradient=gradient,
            )
        ) from error
    if shape != tuple(np.shape(part)):
        raise UsageError(
            message(
                "the gradient of {name} has shape {shape}, but {name} has shape {needed}.",
                name=name,
                shape=shape,
                needed=tuple(np.shape(part)),
            )
        )
    return made


def as_number(value: Any) -> float:
    """A value as a plain number: torch warns where it must do that to a tensor that has a gradient.

    >>> as_number(np.array([2.5]))
    2.5
    """
    if hasattr(value, "detach"):
        value = value.detach()
    try:
        return float(lone(value))
    except (TypeError, ValueError, RuntimeError) as error:
        shape = tuple(np.shape(value)) if hasattr(value, "shape") else ()
        if shape:
            what = message(
                "the value is of shape {shape}; it must be one real number, such as the mean of the losses.",
                shape=shape,
            )
        else:
            what = message(
                "the value is {value!r:.60}; it must be one real number, such as the mean of the losses.",
                value=value,
            )
        raise UsageError(what) from error
