"""Keras's variables and the tensors of its backends: read, fitted to each other, named and written."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from downslope.optimizers.param_tree import ParamTree
from downslope.tensors import library_of, root_of


def tensor(variable: Any) -> Any:
    """What a variable holds, as the backend's own tensor."""
    kept = getattr(variable, "value", variable)
    if hasattr(kept, "detach"):  # torch's, which is changed in place
        return kept.detach()
    if keras.backend.backend() == "tensorflow":  # where Keras's own conversion leaves a variable a variable
        return importlib.import_module("tensorflow").convert_to_tensor(kept)
    return keras.ops.convert_to_tensor(variable)


def numbers_of(variable: Any) -> Any:
    """A copy of what a variable holds, in NumPy; of float16 of any kind in float32, which holds them all."""
    numbers = np.array(keras.ops.convert_to_numpy(tensor(variable)))
    return numbers if numbers.dtype in (np.float32, np.float64) else numbers.astype(np.float32)


def is_held(variable: Any) -> bool:
    """Whether a variable holds numbers. While Keras's ``fit`` runs with JAX, they are elsewhere."""
    return getattr(variable, "_value", variable) is not None


def like_tensor(gradient: Any, part: Any) -> Any:
    """A gradient as a tensor of the precision of its parameter, which it mostly is."""
    if type(gradient) is type(part) and gradient.dtype == part.dtype:
        return gradient
    return library_of(root_of(part)).fit(gradient, part)


def write(variables: Sequence[Any], numbers: ParamTree) -> None:
    """Assign each part to its variable."""
    for variable, part in zip(variables, numbers.parts, strict=True):
        variable.assign(part)


def word(name: str) -> str:
    """A name of a state's leaf in letters that every backend allows: ``search.α`` is ``search_alpha``.

    >>> word("search.α")
    'search_alpha'
    """
    letters = (c if c.isascii() else unicodedata.name(c).rpartition(" ")[2].lower() for c in name)
    return "".join(letters).replace(".", "_")


def widest(variables: Sequence[Any]) -> str:
    """The precision of scalars: that of the widest variable, and at least float32."""
    kinds = {keras.backend.standardize_dtype(v.dtype) for v in variables}
    return "float64" if "float64" in kinds else "float32"
