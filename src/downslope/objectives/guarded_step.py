"""The complex step, for as long as real differences along the run bear it out.

It is blind to whatever throws the imaginary part away: ``abs``, comparisons, ``norm``, a branch that was not taken at
the start. One point proves nothing of the next; so it is held against values where a run goes, and left at the first
doubt.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.messages import Message, message
from downslope.objectives.differences import central_differences, complex_step, rounding_of_differences
from downslope.objectives.parameters import Vector

FIRST = 4  # evaluations that are all checked; then every one whose number is a power of 2
FADED = 1e-2  # part of the largest gradient so far: where less is left, a test might pass
BESIDE = 0.5  # part of a step's slopes by which the change of the value may miss the trapezoid between them
AGREE = 1e-5  # relative
DOUBTS = 10  # times the estimated rounding of differences


class GuardedComplexStep:
    """A gradient by the complex step that turns to central differences where the two disagree.

    Args:
        raw: the function, of complex numbers as well.
        real: the function as a real number.
        left: is told how to differentiate from then on.

    >>> guarded = GuardedComplexStep(lambda z: abs(z[0]) if z[0].real < 0 else z[0] ** 2, lambda x: abs(x[0]), print)
    >>> guarded(np.array([-3.0])).round(6)
    the complex step fails at evaluation 1 of this run; from there on the gradient is by central differences, good to \
about ... relative.
    array([-1.])
    """

    def __init__(
        self,
        raw: Callable[[NDArray[Any]], Any],
        real: Callable[[Vector], float],
        left: Callable[[Message], None],
    ) -> None:
        self._raw, self._real, self._left = raw, real, left
        self._holds = True
        self._count, self._largest = 0, 0.0
        self._last: tuple[Vector, float, Vector] | None = None

    def __call__(self, x: Vector) -> Vector:
        """The gradient at ``x``."""
        if not self._holds:
            return central_differences(self._real, x)
        self._count += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy only warns where an imaginary part is thrown away
                gradient = complex_step(self._raw, x)
        except Exception:  # a branch that cannot take complex numbers may raise anything at all
            return self._leave(x, central_differences(self._real, x))
        if not np.all(np.isfinite(gradient)):
            return gradient
        if self._is_due(x, gradient):
            central = central_differences(self._real, x)
            doubt = DOUBTS * rounding_of_differences(self._real, x)
            size = float(np.max(np.abs(central), initial=0.0))
            if np.all(np.isfinite(central)) and np.any(np.abs(gradient - central) > doubt + AGREE * size):
                return self._leave(x, central)
        return gradient

    def _is_due(self, x: Vector, gradient: Vector) -> bool:
        """Whether it is to be held against values: early, now and then, where it fades or where they differ from it."""
        count, size = self._count, float(np.linalg.norm(gradient))
        self._largest = max(self._largest, size)
        value, before = self._real(x), self._last
        self._last = x.copy(), value, gradient
        if count <= FIRST or count & (count - 1) == 0 or size <= FADED * self._largest:
            return True
        if before is None or not np.isfinite(value):
            return False
        step = x - before[0]
        slopes = float(before[2] @ step), float(gradient @ step)
        change = value - before[1]
        return abs(change - sum(slopes) / 2) > BESIDE * max(abs(change), *map(abs, slopes))

    def _leave(self, x: Vector, central: Vector) -> Vector:
        """Turn to central differences, and say so."""
        self._holds = False
        size = float(np.max(np.abs(central), initial=1e-300))
        self._left(
            message(
                "the complex step fails at evaluation {n} of this run; from there on the gradient is by central"
                " differences, good to about {relative:.0e} relative.",
                n=self._count,
                relative=rounding_of_differences(self._real, x) / size,
            )
        )
        return central
