"""Some coordinates of an objective, with the others held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from downslope.objectives import Objective, Vector
from downslope.objectives.parameters import Parameters


class RestrictedObjective(Objective):
    """An objective of a few of its coordinates.

    Args:
        whole: the objective of all.
        x: where the others stay.
        chosen: the places of those that vary.
    """

    def __init__(self, whole: Objective, x: Vector, chosen: Sequence[int]) -> None:
        names = [whole.parameters.coordinates[i] for i in chosen]
        super().__init__(Parameters.scalars(names), whole.text, whole.dtype)
        self._whole, self._x, self._chosen = whole, x, list(chosen)
        self.differentiation = whole.differentiation

    def _filled(self, z: Vector) -> Vector:
        point = np.array(self._x)
        point[self._chosen] = z
        return point

    def value(self, x: Vector) -> float:
        return self._whole.value(self._filled(x))

    def gradient(self, x: Vector) -> Vector:
        return self._whole.gradient(self._filled(x))[self._chosen]

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, gradient = self._whole.value_and_gradient(self._filled(x))
        return value, gradient[self._chosen]
