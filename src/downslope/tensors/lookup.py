"""Whose array it is. The library's file is imported where an array of it is there, and the library so is too."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.tensors.library import ArrayLibrary
from downslope.tensors.numpy import NUMBERS, NUMPY

ROOTS = ("torch", "tensorflow", "jax", "jaxlib")


def root_of(value: Any) -> str:
    """The package of a value's class: "torch", "jaxlib", "builtins", ..."""
    return type(value).__module__.partition(".")[0]


@cache
def library_of(root: str) -> ArrayLibrary:
    """The library of that package; NumPy's for plain numbers and whatever behaves like an array of NumPy's."""
    if root == "torch":
        from downslope.tensors.torch import TORCH

        return TORCH
    if root == "tensorflow":
        from downslope.tensors.tensorflow import TENSORFLOW

        return TENSORFLOW
    if root in ("jax", "jaxlib"):
        from downslope.tensors.jax import JAX

        return JAX
    return NUMPY


def library_of_parameter(leaf: Any, name: str) -> ArrayLibrary:
    """Which library a parameter is of.

    Raises:
        UsageError: of none that is known.
    """
    if isinstance(leaf, np.ndarray):
        return NUMPY
    if isinstance(leaf, (int, float, np.floating)) and not isinstance(leaf, bool):
        return NUMBERS
    root = root_of(leaf)
    if root not in ROOTS or not hasattr(leaf, "dtype"):
        raise UsageError(
            message(
                "{name} is {leaf!r:.60}; parameters can be floats, NumPy arrays, torch tensors, TensorFlow"
                " variables or tensors, and JAX arrays, in dicts and lists.",
                name=name,
                leaf=leaf,
            )
        )
    return library_of(root)
