"""What varies, as text: ``x=grid(-7,7,400),y=2`` and ``0.1,0.5,1`` and ``logspace(0.001,1,30)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.errors import ExpressionError, UsageError
from downslope.language import parse_number
from downslope.messages import Message, listing, message
from downslope.objectives import Normal, Uniform
from downslope.pieces import split_outside_brackets
from downslope.sweeping.settings import grid, logspace

KINDS: dict[str, tuple[Any, int]] = {
    "grid": (grid, 3),
    "logspace": (logspace, 3),
    "uniform": (Uniform, 2),
    "normal": (Normal, 2),
}


def read_values(text: str, name: str) -> Any:
    """A number, a list of numbers, ``grid``, ``logspace``, ``uniform`` or ``normal``; ``name`` says whose values.

    Raises:
        UsageError: it is none of these.

    >>> read_values("0.1, 0.5", "learning_rate"), read_values("[1,2]", "x"), read_values("uniform(0,2)", "x")
    (array([0.1, 0.5]), array([1., 2.]), Uniform(low=0.0, high=2.0))
    """
    pieces = split_outside_brackets(text.strip())
    if len(pieces) == 1 and pieces[0].startswith("[") and pieces[0].endswith("]"):
        pieces = split_outside_brackets(pieces[0][1:-1])
        return np.array([_number(piece, name, text) for piece in pieces])
    if len(pieces) > 1:
        return np.array([_number(piece, name, text) for piece in pieces])
    kind, opened, inside = pieces[0].strip().partition("(")
    if not opened or kind.strip().lower() not in KINDS or not inside.endswith(")"):
        return _number(pieces[0], name, text)
    make, count = KINDS[kind.strip().lower()]
    numbers = [_number(piece, name, text) for piece in inside[:-1].split(",")]
    if len(numbers) != count:
        raise _unfit(name, text, message("{kind} takes {count} numbers", kind=kind, count=count))
    if make in (grid, logspace):
        numbers[2] = int(numbers[2]) if float(numbers[2]).is_integer() else numbers[2]
    return make(*numbers)


def read_starts(text: str) -> dict[str, Any] | list[Any]:
    """``"x=grid(-7,7,400), y=2"`` as what ``sweep`` takes; without names, one entry a variable.

    Raises:
        UsageError: a piece is not of this form, or a name comes twice.

    >>> read_starts("x=grid(0,1,3), y=2")
    {'x': array([0. , 0.5, 1. ]), 'y': 2.0}
    >>> read_starts("grid(0,1,3), 2")
    [array([0. , 0.5, 1. ]), 2.0]
    """
    if "=" not in text:
        return [read_values(piece, "start") for piece in split_outside_brackets(text)]
    found: dict[str, Any] = {}
    for piece in split_outside_brackets(text):
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not (name and equals and value):
            raise UsageError(
                message(
                    "'{piece}' in the start is not of the form {example}.",
                    piece=piece.strip(),
                    example="x=grid(-7,7,400),y=2",
                )
            )
        if name in found:
            raise UsageError(message("the start gives {name} twice.", name=name))
        found[name] = read_values(value, name)
    return found


def _number(piece: str, name: str, text: str) -> float:
    try:
        return float(parse_number(piece.strip()))
    except ExpressionError as error:
        raise _unfit(name, text, error.message) from error


def _unfit(name: str, text: str, why: Message) -> UsageError:
    return UsageError(
        message(
            "{name} is '{text:.60}', which is no number, no list, and none of {kinds}: {why}.",
            name=name,
            text=text,
            kinds=listing([f"{kind}(...)" for kind in KINDS]),
            why=why,
        )
    )
