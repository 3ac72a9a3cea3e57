"""A cheap look at a supplied gradient before the first step.

The value is compared, not only the direction: a gradient that is 1.5 times the derivative points the
right way and is wrong all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.errors import DownslopeWarning
from downslope.messages import Message, message, sentences
from downslope.objectives.differences import central_differences, doubt_of_differences, scale_for
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector

MOST_COORDINATES = 20  # each costs two evaluations
SHOWN = 3  # of the coordinates that are wrong
DIRECTIONS = 3  # of all coordinates together, where there are more


class GradientWarning(DownslopeWarning):
    """A supplied gradient is not the derivative of the objective it came with."""


@dataclass(frozen=True)
class Mismatch:
    """One coordinate in which the supplied gradient is not the derivative, or one direction across all of them."""

    coordinate: str  # "" where it is a direction
    supplied: float
    measured: float
    parameters: int  # how many there are

    @property
    def message(self) -> Message:
        """What is wrong, without a full stop."""
        ratio = self.supplied / self.measured if self.measured else np.inf
        if not self.coordinate:
            return message(
                "the gradient supplied for a direction across all {n} parameters is {supplied:.6g} where the"
                " objective's derivative is {measured:.6g} (ratio {ratio:.4g})",
                n=self.parameters,
                supplied=self.supplied,
                measured=self.measured,
                ratio=ratio,
            )
        return message(
            "the gradient supplied for {coordinate} is {supplied:.6g} where the objective's derivative is"
            " {measured:.6g} (ratio {ratio:.4g})",
            coordinate=self.coordinate,
            supplied=self.supplied,
            measured=self.measured,
            ratio=ratio,
        )

    def __str__(self) -> str:
        return str(self.message)


def all_mismatches(found: Sequence[Mismatch], cause: Message | None = None) -> Message:
    """What is wrong with a gradient, in one sentence, and the likely cause in another."""
    told = found[0].message
    for other in found[1:]:
        told = message("{before}; {after}", before=told, after=other.message)
    return sentences(message("{mismatches}.", mismatches=told), cause)


def compare_gradient(objective: Objective, x: Vector, seed: int = 0) -> list[Mismatch]:
    """The first coordinates in which the supplied gradient and central differences disagree, near ``x``.

    The point is moved off ``x`` a little at random (seeded), because a wrong gradient can be right at a
    special point. Empty where nothing is wrong or the function is not finite there. Of many coordinates it is the
    slopes along a few random directions that are compared.
    """
    random = np.random.default_rng(seed)
    point = x + 1e-2 * np.maximum(1.0, np.abs(x)) * random.uniform(0.5, 1.0, len(x))
    if len(x) > MOST_COORDINATES:
        return _compare_slopes(objective, point, random)
    value, supplied = objective.value_and_gradient(point)
    scale = scale_for(objective.dtype)
    measured = central_differences(objective.value, point, scale)
    doubt = doubt_of_differences(objective.value, point, objective.dtype)
    wrong = _differ(objective.dtype, supplied, measured, doubt) & np.isfinite(value)
    names = objective.parameters.coordinates
    return [
        Mismatch(names[i], float(supplied[i]), float(measured[i]), len(x))
        for i in np.flatnonzero(wrong)[:SHOWN]
    ]


def _compare_slopes(objective: Objective, point: Vector, random: np.random.Generator) -> list[Mismatch]:
    """The same along directions in which every coordinate moves by its own size, up or down."""
    value, supplied = objective.value_and_gradient(point)
    found = []
    scale = scale_for(objective.dtype)
    for _ in range(DIRECTIONS):
        direction = random.choice([-1.0, 1.0], len(point)) * np.maximum(1.0, np.abs(point))

        def along(t: Vector, direction: Vector = direction) -> float:
            return objective.value(point + t[0] * direction)

        here = np.zeros(1)
        measured, said = central_differences(along, here, scale), np.array([supplied @ direction])
        doubt = doubt_of_differences(along, here, objective.dtype)
        if np.isfinite(value) and _differ(objective.dtype, said, measured, doubt).any():
            found.append(Mismatch("", float(said[0]), float(measured[0]), len(point)))
    return found[:1] if len(found) == DIRECTIONS else []


def _differ(dtype: Any, supplied: Vector, measured: Vector, doubt: float) -> Any:
    """Which derivatives differ by more than rounding can explain; none where something is not finite."""
    if not (np.all(np.isfinite(measured)) and np.all(np.isfinite(supplied))):
        return np.zeros(len(supplied), bool)
    allowed = doubt + 1e-4 * float(np.max(np.abs(measured), initial=0.0))
    if dtype == np.float32:
        allowed += 1e-2 * float(np.max(np.abs(measured), initial=0.0))
    return np.abs(supplied - measured) > allowed
