"""Reads a start of tensors; the library that they are of is imported, which is then there already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from downslope.containers import like
from downslope.errors import StartError, UsageError
from downslope.objectives.frameworks.tensors import (
    PRECISIONS,
    TensorLibrary,
    Tensors,
    leaves_of,
    library_name,
    of_keras,
)


def library_of(start: Any) -> TensorLibrary | None:
    """The library whose tensors a start is made of, or None.

    Raises:
        StartError: of two libraries.
    """
    found = {name for leaf in leaves_of(start) if (name := library_name(leaf))}
    if len(found) > 1:
        raise StartError(f"the start mixes {' and '.join(sorted(found))}; give tensors of one library.")
    if not found:
        return None
    if "torch" in found:
        from downslope.objectives.frameworks import torch

        return torch.LIBRARY
    if "tensorflow" in found:
        from downslope.objectives.frameworks import tensorflow

        return tensorflow.LIBRARY
    from downslope.objectives.frameworks import jax

    return jax.LIBRARY


def as_tensors(start: Any, dtype: Any = None) -> Tensors | None:
    """Read a start of tensors; None where it has none.

    Raises:
        StartError: the tensors are of two libraries, of whole or complex numbers, or of two precisions.
        UsageError: another precision is asked for than the tensors have.
    """
    library = library_of(start)
    if library is None:
        return None
    found: dict[str, str] = {}
    numbers: Any
    if isinstance(start, Mapping):
        numbers = {k: _numbers(library, f"the start for {k}", v, found) for k, v in start.items()}
    elif isinstance(start, (list, tuple)):
        places = (f"number {i + 1} of the start" for i in range(len(start)))
        numbers = like(
            start, [_numbers(library, what, leaf, found) for what, leaf in zip(places, start, strict=True)]
        )
    else:
        numbers = _numbers(library, "the start", start, found)
    kinds = sorted(set(found.values()))
    if len(kinds) > 1:
        listed = ", ".join(f"{what.removeprefix('the start for ')} {kind}" for what, kind in found.items())
        raise StartError(f"the start mixes precisions ({listed}); give all of it the same one.")
    if dtype is not None and np.dtype(dtype).name != kinds[0]:
        raise UsageError(
            f"the start is {kinds[0]}, but dtype is {np.dtype(dtype).name}; leave dtype out, or give a start of that"
            " precision."
        )
    return Tensors(library, start, numbers, kinds[0])


def _numbers(library: TensorLibrary, what: str, leaf: Any, found: dict[str, str]) -> Any:
    if not library_name(leaf):
        return leaf
    if not hasattr(leaf, "dtype"):
        raise StartError(
            f"{what} is a {type(leaf).__name__}, not a tensor. For a model, start with dict(model.named_parameters())"
            " and call it with torch.func.functional_call(model, parameters, inputs)."
        )
    precision = library.precision(leaf)
    if precision not in PRECISIONS:
        kind = "whole numbers" if "int" in precision or precision == "bool" else f"{precision} numbers"
        raise StartError(f"{what} is a tensor of {kind}; a descent needs float32 or float64: {library.cast}.")
    found[what] = precision
    return library.numbers(leaf)


def check_in_place(start: Any) -> None:
    """Raise UsageError where ``in_place=True`` is asked of a start that cannot be changed."""
    start = of_keras(start)
    library = library_of(start)
    leaves = list(leaves_of(start))
    if library is not None and all(library_name(leaf) and library.can_change(leaf) for leaf in leaves):
        return
    allowed = (
        library.in_place if library and library.in_place else "PyTorch leaf tensors and TensorFlow Variables"
    )
    raise UsageError(
        f"in_place=True needs a start that can be changed: {allowed}; leave it out and use run.x."
    )
