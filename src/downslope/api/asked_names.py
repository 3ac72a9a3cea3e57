"""The arguments of ``fit`` that name columns or switch something: understood, or refused before anything is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import argument, message

_SWITCHES = ("drop_missing", "standardize")


def check_switches(asked: Mapping[str, Any]) -> None:
    """Refuse what is no switch, and no seed.

    Raises:
        UsageError: one of them is something else.
    """
    for name in _SWITCHES:
        value = asked.get(name)
        if value is not None and not isinstance(value, bool | np.bool_):
            raise UsageError(
                message(
                    "{option} is {value!r:.60}; it can be True or False.", option=argument(name), value=value
                )
            )
    seed = asked.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0):
        raise UsageError(message("seed is {seed!r}; it must be a whole number, at least 0.", seed=seed))


def name_of(option: str, name: Any) -> str | None:
    """The name of a column, which pandas may have as a number, a tuple or a date; None where none is given.

    Raises:
        UsageError: it is no name.
    """
    if name is None or isinstance(name, str):
        return name
    if isinstance(name, int | float | np.number | tuple | date) and not isinstance(name, bool):
        return str(name)
    raise UsageError(
        message(
            "{option} is {value!r:.60}; it must be the name of a column.",
            option=argument(option),
            value=name,
        )
    )


def names_of(option: str, names: Any) -> list[str] | None:
    """The names of columns, given as text with commas between, as one name, or as several; None where none are given.

    Raises:
        UsageError: they are no names.
    """
    if names is None:
        return None
    if isinstance(names, str):
        return [name.strip() for name in names.split(",")]
    listed = names if isinstance(names, Iterable) and not isinstance(names, bytes | Mapping) else [names]
    return [name for name in (name_of(option, one) for one in listed) if name is not None]
