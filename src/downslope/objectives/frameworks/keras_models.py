"""A cost of a Keras model, on any of its backends, as a function of its weights, which are not touched."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from downslope.errors import UsageError
from downslope.messages import message


def is_keras_model(start: Any) -> bool:
    """Whether it is a Keras model or layer."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(start, keras.layers.Layer)


def cost_of_keras_model(
    function: Callable[[Any], Any], model: Any
) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """``function(model)`` as a function of a dict of trainable weights, and those that the model has, as copies.

    It is called in a scope without state (``keras.StatelessScope``), in which weights have the values that are given,
    and what a layer assigns, such as the means of a normalisation or the state of a seed, stays in the scope.

    Raises:
        UsageError: the model has no weights yet.
    """
    import keras

    variables = list(model.trainable_variables)
    if not variables:
        raise UsageError(
            message("the model has no weights yet: call it once on data, or build it with an input shape.")
        )
    paths = [variable.path for variable in variables]
    several = {path for path, count in Counter(paths).items() if count > 1}
    names = [f"{path}:{i}" if path in several else path for i, path in enumerate(paths)]

    def called(values: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, map(values.get, names), strict=True))):
            return function(model)

    return called, dict(zip(names, map(_copied, variables), strict=True))


def _copied(variable: Any) -> Any:
    """The value as a tensor of the backend's, which shares no memory with the variable."""
    value = variable.value
    if hasattr(value, "detach"):
        return value.detach().clone()
    return value.read_value() if hasattr(value, "read_value") else value
