"""Reads a start of tensors; the library that they are of is imported, which is then there already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from downslope.containers import like
from downslope.errors import StartError, UsageError
from downslope.messages import Message, listing, literal, message
from downslope.objectives.frameworks.tensors import (
    PRECISIONS,
    TensorLibrary,
    Tensors,
    leaves_of,
    library_name,
    of_keras,
)
from downslope.objectives.parameters import THE_START


def library_of(start: Any) -> TensorLibrary | None:
    """The library whose tensors a start is made of, or None.

    Raises:
        StartError: of two libraries.
    """
    found = {name for leaf in leaves_of(start) if (name := library_name(leaf))}
    if len(found) > 1:
        raise StartError(
            message(
                "the start mixes {found}; give tensors of one library.", found=listing(sorted(found), "and")
            )
        )
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
    found: dict[str | int, str] = {}
    numbers: Any
    if isinstance(start, Mapping):
        numbers = {k: _numbers(library, str(k), v, found) for k, v in start.items()}
    elif isinstance(start, (list, tuple)):
        numbers = like(start, [_numbers(library, n, leaf, found) for n, leaf in enumerate(start, 1)])
    else:
        numbers = _numbers(library, 0, start, found)
    kinds = sorted(set(found.values()))
    if len(kinds) > 1:
        raise StartError(
            message(
                "the start mixes precisions ({found}); give all of it the same one.",
                found=listing(_of_precision(place, kind) for place, kind in found.items()),
            )
        )
    if dtype is not None and np.dtype(dtype).name != kinds[0]:
        raise UsageError(
            message(
                "the start is {found}, but dtype is {wanted}; leave dtype out, or give a start of that"
                " precision.",
                found=kinds[0],
                wanted=np.dtype(dtype).name,
            )
        )
    return Tensors(library, start, numbers, kinds[0])


def _of_precision(place: str | int, precision: str) -> Message:
    """Which precision stands where: at a name, or at a number of a list."""
    if isinstance(place, int):
        return message("number {n} of the start {precision}", n=place, precision=precision)
    return literal(f"{place} {precision}")


def _place(place: str | int) -> Message:
    """What stands at a name, at a number of a list, or, at 0, the start itself."""
    if isinstance(place, int):
        return message("number {n} of the start", n=place) if place else THE_START
    return message("the start for {name}", name=place)


def _numbers(library: TensorLibrary, place: str | int, leaf: Any, found: dict[str | int, str]) -> Any:
    if not library_name(leaf):
        return leaf
    if not hasattr(leaf, "dtype"):
        raise StartError(
            message(
                "{what} is a {kind}, not a tensor. For a model, start with"
                " dict(model.named_parameters()) and call it with torch.func.functional_call(model,"
                " parameters, inputs).",
                what=_place(place),
                kind=type(leaf).__name__,
            )
        )
    precision = library.precision(leaf)
    if precision not in PRECISIONS:
        written, made = library.cast
        if "int" in precision or precision == "bool":
            raise StartError(
                message(
                    "{what} is a tensor of whole numbers; a descent needs float32 or float64: write {written},"
                    " or {made}.",
                    what=_place(place),
                    written=written,
                    made=made,
                )
            )
        raise StartError(
            message(
                "{what} is a tensor of {precision} numbers; a descent needs float32 or float64: write"
                " {written}, or {made}.",
                what=_place(place),
                precision=precision,
                written=written,
                made=made,
            )
        )
    found[place] = precision
    return library.numbers(leaf)


def check_in_place(start: Any) -> None:
    """Raise UsageError where ``in_place=True`` is asked of a start that cannot be changed."""
    start = of_keras(start)
    library = library_of(start)
    leaves = list(leaves_of(start))
    if library is not None and all(library_name(leaf) and library.can_change(leaf) for leaf in leaves):
        return
    raise UsageError(library.fixed if library else TensorLibrary.fixed)
