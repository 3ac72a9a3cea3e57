"""Starts whose dicts and lists hold dicts and lists, as people keep the parameters of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from downslope.containers import aligned, flattened, rebuilt
from downslope.errors import StartError
from downslope.objectives.frameworks.tensors import library_name, name_of
from downslope.objectives.function import Calling, style_of
from downslope.objectives.parameters import Parameters


@dataclass(frozen=True)
class Nested:
    """The build of such a start. The parameters are called by their places: ``layers.0.w``.

    >>> nested = Nested({"layers": [{"w": np.ones(2)}, {"w": np.zeros(1)}], "scale": 2.0})
    >>> list(nested.flat)
    ['layers.0.w', 'layers.1.w', 'scale']
    """

    start: Any

    @cached_property
    def flat(self) -> dict[str, Any]:
        """Place -> what stands there.

        Raises:
            StartError: two places have one name.
        """
        out: dict[str, Any] = {}
        for name, leaf in flattened(self.start):
            if name in out:
                raise StartError(
                    f"the start has two places called '{name}'; rename a key that has a dot in it."
                )
            out[name] = leaf
        return out

    def build(self, flat: Mapping[str, Any]) -> Any:
        """A value for each place, in dicts and lists as those of the start; tuples stay tuples."""
        return rebuilt(self.start, iter([flat[name] for name in self.flat]), in_place=False)

    def of_places(self, function: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
        """A person's function of the nested parameters as a function of a dict of places.

        Raises:
            StartError, ObjectiveError: it does not take such a start.
        """
        keys = self.start if isinstance(self.start, Mapping) else range(len(self.start))
        names = tuple(str(key) for key in keys)
        how = Calling(Parameters.scalars(names), style_of(function, self.start))

        def placed(_places: Mapping[str, Any]) -> Any:
            whole = self.build(_places)
            parts = whole.values() if isinstance(whole, Mapping) else whole
            if how.style in ("mapping", "sequence"):
                return function(whole)
            return how.with_values(function, dict(zip(names, parts, strict=True)))

        placed.__name__ = name_of(function)
        return placed

    def gradient_of_places(self, gradient: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
        """The same of a gradient, whose answer is built as the start is."""
        placed = self.of_places(gradient)

        def by_place(_places: Mapping[str, Any]) -> Any:
            return dict(zip(self.flat, aligned(self.start, placed(_places)), strict=True))

        return by_place


def nested_start(start: Any) -> Nested | None:
    """The build of a start that has containers in its containers, or None.

    A list of numbers is no container but a vector; a list with arrays or tensors in it is one.
    """
    if isinstance(start, Mapping):
        values = list(start.values())
    elif isinstance(start, (list, tuple)):
        values = list(start)
    else:
        return None
    return Nested(_with_vectors(start)) if any(map(_is_container, values)) else None


def _with_vectors(start: Any) -> Any:
    """The same with arrays for lists of numbers, as they are one parameter each."""
    if isinstance(start, Mapping):
        return {key: _with_vectors(value) for key, value in start.items()}
    if not isinstance(start, (list, tuple)):
        return start
    if not _is_container(start) and not any(map(_is_container, start)) and start and _are_numbers(start):
        return np.array(start, float)
    values = [_with_vectors(value) for value in start]
    if isinstance(start, list):
        return values
    return type(start)(*values) if hasattr(start, "_fields") else tuple(values)


def _are_numbers(values: Any) -> bool:
    try:
        return np.asarray(values).dtype.kind in "biuf"
    except ValueError:  # rows of different lengths
        return False


def _is_container(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    if not isinstance(value, (list, tuple)):
        return False
    return any(
        _is_container(entry) or isinstance(entry, np.ndarray) or library_name(entry) is not None
        for entry in value
    )
