"""Starts whose dicts and lists hold dicts and lists, as people keep the parameters of networks.

Named tuples, and dicts whose keys are not texts, are taken apart and put together in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from downslope.containers import aligned, flattened, keys, like, rebuilt, values
from downslope.errors import StartError
from downslope.messages import message
from downslope.objectives.calling import Calling, style_of
from downslope.objectives.frameworks.answers import name_of
from downslope.objectives.frameworks.tensors import library_name
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
                    message(
                        "the start has two places called '{name}'; rename a key: dots join the keys of dicts"
                        " within dicts, and 1 and '1' are written alike.",
                        name=name,
                    )
                )
            out[name] = leaf
        return out

    def build(self, flat: Mapping[str, Any]) -> Any:
        """A value for each place, in dicts and lists as those of the start; tuples stay tuples."""
        return rebuilt(self.start, iter([flat[name] for name in self.flat]), in_place=False)

    @cached_property
    def plan(self) -> Any:
        """The build as JSON can say it, dicts and lists with the places for leaves; ``Nested(plan)`` builds such."""
        names = iter(self.flat)

        def planned(part: Any) -> Any:
            if isinstance(part, Mapping) or hasattr(part, "_fields"):
                return {str(key): planned(entry) for key, entry in zip(keys(part), values(part), strict=True)}
            return [planned(entry) for entry in part] if isinstance(part, (list, tuple)) else next(names)

        return planned(self.start)

    def of_places(self, function: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
        """A person's function of the nested parameters as a function of a dict of places.

        Raises:
            StartError, ObjectiveError: it does not take such a start.
        """
        names = tuple(str(key) for key in keys(self.start))
        top = dict.fromkeys(names) if isinstance(self.start, Mapping) else self.start
        how = Calling(Parameters.scalars(names), style_of(function, top))

        def placed(_places: Mapping[str, Any]) -> Any:
            whole = self.build(_places)
            if how.style in ("mapping", "sequence"):
                return function(whole)
            return how.with_values(function, dict(zip(names, values(whole), strict=True)))

        placed.__name__ = name_of(function)
        return placed

    def gradient_of_places(self, gradient: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
        """The same of a gradient, whose answer is built as the start is."""
        placed = self.of_places(gradient)

        def by_place(_places: Mapping[str, Any]) -> Any:
            return dict(zip(self.flat, aligned(self.start, placed(_places)), strict=True))

        return by_place


def nested_start(start: Any, keep_keys: bool) -> Nested | None:
    """The build of a start that has containers in its containers, or None.

    A list of numbers is no container but a vector; a list with arrays or tensors in it is one, and so is a named tuple.

    Args:
        start: what was given.
        keep_keys: whether a dict whose keys are not all texts is such a start, too, so that a function gets its keys.
    """
    if not isinstance(start, (Mapping, list, tuple)):
        return None
    has_keys = keep_keys and isinstance(start, Mapping) and not all(isinstance(key, str) for key in start)
    if has_keys or hasattr(start, "_fields") or any(map(_is_container, values(start))):
        return Nested(_with_vectors(start))
    return None


def _with_vectors(start: Any) -> Any:
    """The same with arrays for lists of numbers, as they are one parameter each."""
    if isinstance(start, Mapping):
        return {key: _with_vectors(value) for key, value in start.items()}
    if not isinstance(start, (list, tuple)):
        return start
    if hasattr(start, "_fields"):
        return like(start, map(_with_vectors, start))
    if not _is_container(start) and not any(map(_is_container, start)) and start and _are_numbers(start):
        return np.array(start, float)
    return like(start, [_with_vectors(value) for value in start])


def _are_numbers(entries: Any) -> bool:
    try:
        return np.asarray(entries).dtype.kind in "biuf"
    except ValueError:  # rows of different lengths
        return False


def _is_container(value: Any) -> bool:
    if isinstance(value, Mapping) or hasattr(value, "_fields"):
        return True
    if not isinstance(value, (list, tuple)):
        return False
    return any(
        _is_container(entry) or isinstance(entry, np.ndarray) or library_name(entry) is not None
        for entry in value
    )
