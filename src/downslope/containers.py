"""Dicts and lists within each other: taken apart, compared, and put together again.

In flow containers of anything, out flow their leaves with names joined by dots, and containers with other leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from downslope.errors import UsageError, nearest
from downslope.messages import Message, listing, message, plural, sentences

ALONE = "the parameter"  # the name of one that is in no container


def flattened(container: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(name, leaf) of everything in nested dicts and sequences, in order; names are joined by dots.

    >>> list(flattened({"w": [1.0, 2.0], "b": 3.0}))
    [('w.0', 1.0), ('w.1', 2.0), ('b', 3.0)]
    """
    if not isinstance(container, (Mapping, list, tuple)):
        yield path or ALONE, container
        return
    for key, value in zip(keys(container), values(container), strict=True):
        yield from flattened(value, f"{path}.{key}" if path else str(key))


def keys(container: Any) -> Iterable[Any]:
    """What the entries of a dict, named tuple or sequence are called."""
    if isinstance(container, Mapping):
        return container.keys()
    return getattr(container, "_fields", range(len(container)))


def values(container: Any) -> Iterable[Any]:
    """The entries of a dict or sequence."""
    return container.values() if isinstance(container, Mapping) else container


def like(sequence: Any, entries: Iterable[Any]) -> Any:
    """A new list, tuple or named tuple, as ``sequence`` is one."""
    if hasattr(sequence, "_fields"):
        return type(sequence)(*entries)
    return list(entries) if isinstance(sequence, list) else tuple(entries)


def aligned(container: Any, other: Any, path: str = "") -> Iterator[Any]:
    """What ``other``, a container of the same build, has in the place of each leaf of ``container``.

    Raises:
        UsageError: its build is another.
    """
    if isinstance(container, Mapping):
        if not isinstance(other, Mapping):
            raise UsageError(_no_dict(container, other, path))
        for key in other:
            if key not in container:
                raise UsageError(_unknown(container, key, path))
        for key, value in container.items():
            name = f"{path}.{key}" if path else str(key)
            if key not in other:
                raise UsageError(
                    message(
                        "there is no gradient for {name}, only for {others}.",
                        name=name,
                        others=_listed(other),
                    )
                )
            yield from aligned(value, other[key], name)
    elif isinstance(container, (list, tuple)):
        found = len(other) if isinstance(other, (Mapping, list, tuple)) else None
        if found != len(container) or isinstance(other, Mapping):
            raise UsageError(sentences(_no_list(other, found, path), _list_needed(len(container))))
        for key, value, its in zip(keys(container), container, other, strict=True):
            yield from aligned(value, its, f"{path}.{key}" if path else str(key))
    else:
        yield other


def _no_dict(container: Mapping[Any, Any], other: Any, path: str) -> Message:
    needed = _listed(container)
    if path:
        return message(
            "the gradients of {path} are {found!r:.60}; a dict with {needed} is needed.",
            path=path,
            found=other,
            needed=needed,
        )
    return message(
        "the gradients are {found!r:.60}; a dict with {needed} is needed.", found=other, needed=needed
    )


def _unknown(container: Mapping[Any, Any], key: Any, path: str) -> Message:
    known, hint = _listed(container), nearest(str(key), map(str, container))
    if path:
        said = message(
            "there is a gradient for {key!r}, but the parameters of {path} are {known}.",
            key=key,
            path=path,
            known=known,
        )
    else:
        said = message(
            "there is a gradient for {key!r}, but the parameters are {known}.", key=key, known=known
        )
    return sentences(said, hint)


def _no_list(other: Any, found: int | None, path: str) -> Message:
    if found is None:
        if path:
            return message("the gradients of {path} are {found!r:.60}.", path=path, found=other)
        return message("the gradients are {found!r:.60}.", found=other)
    if path:
        return plural(
            "there is {n} gradient of {path}.", "there are {n} gradients of {path}.", n=found, path=path
        )
    return plural("there is {n} gradient.", "there are {n} gradients.", n=found)


def _list_needed(count: int) -> Message:
    return message("A list of {length} is needed, in the order of the parameters.", length=count)


def _listed(container: Mapping[Any, Any]) -> Message:
    if not container:
        return message("nothing", context="a list of names")
    return listing(map(repr, container))


def rebuilt(container: Any, leaves: Iterator[Any], in_place: bool) -> Any:
    """The container with new leaves: the same dicts and lists where ``in_place``, else new ones."""
    if isinstance(container, Mapping):
        new = {key: rebuilt(value, leaves, in_place) for key, value in container.items()}
        if not in_place:
            return new
        for key, value in new.items():
            if container[key] is not value:
                container[key] = value  # type: ignore[index]
        return container
    if isinstance(container, (list, tuple)):
        entries = [rebuilt(value, leaves, in_place) for value in container]
        if isinstance(container, list) and in_place:
            container[:] = entries
            return container
        return like(container, entries)
    return next(leaves)
