"""The complex step, for as long as real differences along the run bear it out.

It is blind to whatever throws the imaginary part away: ``abs``, comparisons, ``norm``, a branch that was not taken at
the start. One point proves nothing of the next; so at every point it is held against values, along a direction in
which every coordinate moves, and left at the first doubt.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.messages import Message, from_plain, message, to_plain
from downslope.objectives.differences import central_differences, rounding_of_differences
from downslope.objectives.parameters import Vector

AGREE = 1e-5  # relative: so far may a slope by the complex step lie from one by values
DOUBTS = 10  # times the estimated rounding of differences
_DRAWN = 20_241_113  # the seed of the directions, so that the same run is checked in the same way


def tells_of_leaving(note: Message) -> bool:
    """Whether a note says that the complex step was left."""
    return bool(getattr(note, "template", "") == getattr(_left_at(1, 0.0), "template", None))


def _left_at(evaluation: int, relative: float) -> Message:
    return message(
        "the complex step fails at evaluation {n}; from there on the gradient is by central differences, good to"
        " about {relative:.0e} relative.",
        n=evaluation,
        relative=relative,
    )


class GuardedComplexStep:
    """A gradient by the complex step that turns to central differences where the two disagree.

    Args:
        step: the gradient by the complex step.
        real: the function as a real number.

    Attributes:
        left: what to say of where it was left; nothing as long as it holds.

    >>> from downslope.objectives.differences import complex_step
    >>> function = lambda z: abs(z[0]) if z[0].real < 0 else z[0] ** 2
    >>> guarded = GuardedComplexStep(lambda x: complex_step(function, x), lambda x: abs(x[0]))
    >>> guarded(np.array([-3.0])).round(6)
    array([-1.])
    >>> print(*guarded.left)
    the complex step fails at evaluation 1; from there on the gradient is by central differences, good to about \
... relative.
    """

    def __init__(self, step: Callable[[Vector], Vector], real: Callable[[Vector], float]) -> None:
        self._step, self._real = step, real
        self._random = np.random.default_rng(_DRAWN)
        self._count, self._largest = 0, 1e-300
        self.tells = True  # while a run goes on
        self.left: tuple[Message, ...] = ()

    def memory(self) -> dict[str, Any]:
        """What is remembered of a run, the place in the drawn directions included, as plain data."""
        return {
            "evaluations": self._count,
            "largest": self._largest,
            "random": self._random.bit_generator.state,
            "left": list(map(to_plain, self.left)),
        }

    def recall(self, memory: Any) -> None:
        """Remember it again."""
        self._count, self._largest = int(memory["evaluations"]), float(memory["largest"])
        self._random.bit_generator.state = memory["random"]
        self.left = tuple(map(from_plain, memory["left"]))

    def __call__(self, x: Vector) -> Vector:
        """The gradient at ``x``."""
        if self.left:
            return central_differences(self._real, x)
        self._count += 1
        try:
            with warnings.catch_warnings():
                # NumPy only warns where an imaginary part is thrown away
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                gradient = self._step(x)
        except Exception:  # a branch that cannot take complex numbers may raise anything at all
            return self._leave(x)
        if not np.all(np.isfinite(gradient)) or self._agrees(x, gradient):
            self._largest = max(self._largest, float(np.max(np.abs(gradient), initial=0.0)))
            return gradient
        return self._leave(x)

    def _agrees(self, x: Vector, gradient: Vector) -> bool:
        """Whether values near ``x`` bear the gradient out; where they are not finite they say nothing."""
        lengths = np.maximum(1.0, np.abs(x))
        direction = (
            lengths * self._random.choice([-1.0, 1.0], len(x)) * self._random.uniform(0.5, 1.0, len(x))
        )

        def along(t: Vector) -> float:
            return self._real(x + t[0] * direction)

        here = np.zeros(1)
        measured = float(central_differences(along, here)[0])
        apart = abs(measured - float(gradient @ direction))
        allowed = AGREE * float(np.max(np.abs(gradient * direction), initial=0.0))
        if not np.isfinite(measured) or apart <= allowed:
            return True
        return apart <= allowed + DOUBTS * rounding_of_differences(along, here)

    def _leave(self, x: Vector) -> Vector:
        """Turn to central differences, and say so."""
        central = central_differences(self._real, x)
        if not self.tells:
            return central
        size = max(self._largest, float(np.max(np.abs(central[np.isfinite(central)]), initial=0.0)))
        self.left = (_left_at(self._count, rounding_of_differences(self._real, x) / size),)
        return central
