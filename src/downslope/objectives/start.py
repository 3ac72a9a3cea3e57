"""Where a run begins: text such as ``x=-7,y=2``, random starts, and the start a classic problem knows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.containers import like
from downslope.errors import ExpressionError, StartError, UsageError
from downslope.language import parse_number
from downslope.messages import Message, message
from downslope.pieces import split_outside_brackets

_ANOTHER = re.compile(r"[\s;]+([^\W\d]\w*)\s*=(?!=)")  # the name of a further value where no comma was typed


@dataclass(frozen=True)
class Uniform:
    """A number drawn uniformly from [low, high).

    >>> from downslope import Uniform
    >>> Uniform(-2, 2)
    Uniform(low=-2, high=2)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise StartError(
                message(
                    "uniform({low}, {high}) needs two finite numbers, the smaller first.",
                    low=self.low,
                    high=self.high,
                )
            )
        if not np.isfinite(float(self.high) - float(self.low)):
            raise StartError(
                message(
                    "uniform({low}, {high}) is wider than the largest float64, about 1.8e308.",
                    low=self.low,
                    high=self.high,
                )
            )


@dataclass(frozen=True)
class Normal:
    """A number drawn from the normal distribution with this mean and standard deviation.

    >>> from downslope import Normal
    >>> Normal(0, 2)
    Normal(mean=0, deviation=2)
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.deviation) and self.deviation > 0):
            raise StartError(
                message(
                    "normal({mean}, {deviation}) needs a finite mean and a standard deviation above 0.",
                    mean=self.mean,
                    deviation=self.deviation,
                )
            )


DRAWN = (Uniform, Normal)  # what is drawn before a run begins


def parse_start(text: str) -> dict[str, Any]:
    """``"x=-7, y=uniform(-2,2)"`` as a dict.

    Each value is a number, a constant such as 2*pi, uniform(low,high) or normal(mean,deviation).

    Raises:
        StartError: it is not of this form, or a name comes twice.

    >>> from downslope.objectives import parse_start
    >>> parse_start("x=-7, y=pi/2")
    {'x': -7.0, 'y': 1.5707963267948966}
    """
    values: dict[str, Any] = {}
    for piece in split_outside_brackets(text):
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not equals or not name or not value:
            raise StartError(
                message(
                    "'{piece}' in the start is not of the form name=value, as in x=-7,y=2.",
                    piece=piece.strip(),
                )
            )
        if _ANOTHER.search(value):
            raise StartError(
                message(
                    "'{piece}' in the start is more than one value. A comma separates them: {example}.",
                    piece=piece.strip(),
                    example=_ANOTHER.sub(r",\1=", piece.strip()),
                )
            )
        if name in values:
            raise StartError(
                message(
                    "the start gives {name} twice: {first} and {second}.",
                    name=name,
                    first=values[name],
                    second=value,
                )
            )
        values[name] = _parse_value(name, value)
    return values


def _parse_value(name: str, value: str) -> Any:
    try:
        law, bracket, inside = value.partition("(")
        if law in ("uniform", "normal") and bracket and inside.endswith(")"):
            numbers = [parse_number(part) for part in inside[:-1].split(",")]
            if len(numbers) != 2:
                raise StartError(_takes_two(name, value, law))
            return Uniform(*numbers) if law == "uniform" else Normal(*numbers)
        return parse_number(value)
    except ExpressionError as error:
        raise StartError(
            message(
                "the start for {name} is '{value}', which is not a finite number: {why}.",
                name=name,
                value=value,
                why=error.message,
            )
        ) from error


def _takes_two(name: str, value: str, law: str) -> Message:
    if law == "normal":
        return message(
            "the start for {name} is '{value}'; normal takes two numbers, mean and standard deviation: normal(0,1).",
            name=name,
            value=value,
        )
    return message(
        "the start for {name} is '{value}'; uniform takes two numbers: uniform(-2,2).", name=name, value=value
    )


def seed_for(start: Any, seed: int | None) -> int | None:
    """The seed asked for; where none is and the start has something to draw, a fresh one, so that it can be told."""
    if seed is None and draws(start, DRAWN):
        return int(np.random.SeedSequence().generate_state(1)[0])
    return seed


def draws(start: Any, laws: type | tuple[type, ...]) -> bool:
    """Whether an entry of a start is drawn from one of these laws."""
    values = (
        start.values()
        if isinstance(start, Mapping)
        else start
        if isinstance(start, (list, tuple))
        else [start]
    )
    return any(isinstance(value, laws) for value in values)


def draw(start: Any, seed: int | None) -> Any:
    """Replace every ``Uniform`` and ``Normal`` in a start by a number, from one generator seeded with ``seed``.

    >>> draw({"x": Uniform(0, 1), "y": 2.0}, seed=7)
    {'x': 0.625095466604667, 'y': 2.0}
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
        raise UsageError(message("seed is {seed!r}; it must be a whole number, at least 0.", seed=seed))
    return draw_from(start, np.random.default_rng(seed))


def draw_from(start: Any, random: np.random.Generator) -> Any:
    """The same from a generator, which goes on."""

    def one(value: Any) -> Any:
        if isinstance(value, Normal):
            return float(random.normal(value.mean, value.deviation))
        return float(random.uniform(value.low, value.high)) if isinstance(value, Uniform) else value

    if isinstance(start, Mapping):
        return {name: one(value) for name, value in start.items()}
    if isinstance(start, (list, tuple)):
        return like(start, map(one, start))
    return one(start)
