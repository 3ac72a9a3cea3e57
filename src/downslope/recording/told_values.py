"""What a loop tells of a variable: its numbers, in one array or part by part, each with its key.

A list of arrays and a dict come in parts; a loop over coordinates tells of one after the other. Parameters and their
gradients may come in different ways: ``aligned`` puts the parts of one in the order of the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from downslope.objectives import Parameters

Key: TypeAlias = Any  # of a dict, or places in a list; None where the parts come in their order
Parts: TypeAlias = list[tuple[Key, Any]]


def array_of(value: Any) -> Any:
    """The numbers of a value, or None where it has none."""
    if value is None:
        return None
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        return np.array(value, np.float64)
    except Exception:  # anything may stand in a learner's variable
        return None


def parts_of(value: Any) -> Parts | None:
    """The parts of a value, a single one of most; None where it has no numbers."""
    if isinstance(value, dict):
        return _each(value.items())
    found = array_of(value)
    if found is not None:
        return [(None, found)]
    return _each(enumerate(value)) if isinstance(value, (list, tuple)) else None


def _each(items: Any) -> Parts | None:
    found: Parts = []
    for key, value in items:
        inner = parts_of(value)
        if inner is None:
            return None
        found += [(key if deeper is None else (key, deeper), array) for deeper, array in inner]
    return found


def aligned(given: Parts, wanted: Parts) -> list[Any] | None:
    """The arrays of one value in the order of another's parts; None where they do not belong together."""
    keys = [key for key, _ in wanted]
    by_key = {_hashable(key): array for key, array in given}
    are_keyed = len(by_key) == len(given) and None not in by_key
    found: list[Any] | None = None
    if len(given) == 1 and given[0][0] is None and None not in keys:
        found = _looked_up(given[0][1], keys)
    elif are_keyed and len(wanted) == 1 and keys == [None]:
        found = _put_together(given, wanted[0][1])
    elif are_keyed and {_hashable(key) for key in keys} == set(by_key):
        found = [by_key[_hashable(key)] for key in keys]
    if found is None or any(a.size != b.size for a, (_, b) in zip(found, wanted, strict=True)):
        found = _in_order(given, wanted)
    return found


def _hashable(key: Key) -> Any:
    return tuple(map(_hashable, key)) if isinstance(key, (list, tuple)) else key


def _looked_up(array: Any, keys: Sequence[Key]) -> list[Any] | None:
    try:
        return [np.asarray(array[key]) for key in keys]
    except (IndexError, TypeError, ValueError):
        return None


def _put_together(given: Parts, whole: Any) -> list[Any] | None:
    """Entries that were told one by one, as the array that has them all."""
    if sum(array.size for _, array in given) != whole.size:
        return None
    made = np.full(whole.shape, np.nan)
    try:
        for key, array in given:
            made[key] = array
    except (IndexError, TypeError, ValueError):
        return None
    return None if np.isnan(made).any() else [made]


def _in_order(given: Parts, wanted: Parts) -> list[Any] | None:
    """One after the other, whatever their keys."""
    flat = np.concatenate([np.ravel(array) for _, array in given]) if given else np.empty(0)
    sizes = [array.size for _, array in wanted]
    if flat.size != sum(sizes):
        return None
    return list(np.split(flat, np.cumsum(sizes)[:-1]))


def coordinates(name: str, parts: Parts) -> list[str]:
    """The names of all numbers of a variable."""
    name = re.sub(r"""\[['"](.*)['"]\]$""", r".\1", name).removesuffix(".data").rpartition(".")[2]
    name = re.sub(r"\[(-1|[^\d\]][^\]]*)\]$", "", name)  # xs[i] and xs[-1] are xs
    found: list[str] = []
    for i, (key, array) in enumerate(parts):
        label = name if len(parts) == 1 and key is None else _entry(name, i if key is None else key)
        found += Parameters((label,), (array.shape,)).coordinates
    return found


def _entry(name: str, key: Key) -> str:
    if isinstance(key, str):
        return f"{name}.{key}"
    if isinstance(key, tuple) and any(isinstance(one, str) for one in key):
        for one in key:
            name = _entry(name, one)
        return name
    places = key if isinstance(key, tuple) else (key,)
    return f"{name}[{','.join(map(str, places))}]"
