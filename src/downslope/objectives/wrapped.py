"""Objectives around another objective: the same function with something added, or fewer of its coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Vector

MOST_EXACT = 60  # parameters up to which a part's Hessian is cut out of the whole one


class WrappedObjective(Objective):
    """An objective that evaluates another, and is described as that is. A subclass says how.

    Args:
        whole: the other objective.
        parameters: what this one depends on, where they are not the same.
    """

    def __init__(self, whole: Objective, parameters: Parameters | None = None) -> None:
        super().__init__(whole.parameters if parameters is None else parameters, whole.text, whole.dtype)
        self.whole = whole
        self.name, self.differentiation, self.notes = whole.name, whole.differentiation, whole.notes
        self.evaluable, self.operations, self.by_values = whole.evaluable, whole.operations, whole.by_values
        self.gradient_calls = whole.gradient_calls
        if parameters is None:  # so a point of this one is a point of that
            self.problem, self.of_norms = whole.problem, whole.of_norms
            self.tensors, self.nested = whole.tensors, whole.nested


class ScaledObjective(WrappedObjective):
    """An objective times a number above 0.

    Args:
        whole: the objective.
        factor: what its values are multiplied by.
    """

    def __init__(self, whole: Objective, factor: float) -> None:
        super().__init__(whole)
        self._factor = factor

    def value(self, x: Vector) -> float:
        return self._factor * self.whole.value(x)

    def gradient(self, x: Vector) -> Vector:
        return np.asarray(self._factor * self.whole.gradient(x))

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, gradient = self.whole.value_and_gradient(x)
        return self._factor * value, self._factor * gradient

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """That of the objective, as many times as large."""
        return np.asarray(self._factor * self.whole.hessian(x))


class RestrictedObjective(WrappedObjective):
    """An objective of a few of its coordinates, with the others held.

    Args:
        whole: the objective of all.
        x: where the others stay.
        chosen: the places of those that vary.
        box: lower and upper bounds of all coordinates, outside which the value is not a number; None where there are
            none.
    """

    def __init__(
        self, whole: Objective, x: Vector, chosen: Sequence[int], box: tuple[Vector, Vector] | None = None
    ) -> None:
        super().__init__(whole, Parameters.scalars([whole.parameters.coordinates[i] for i in chosen]))
        self._x, self._chosen, self._box = x, list(chosen), box

    def value(self, x: Vector) -> float:
        full = self._filled(x)
        return self.whole.value(full) if self._allowed(full) else float("nan")

    def gradient(self, x: Vector) -> Vector:
        return self.whole.gradient(self._filled(x))[self._chosen]

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        full = self._filled(x)
        value, gradient = self.whole.value_and_gradient(full)
        return value if self._allowed(full) else float("nan"), gradient[self._chosen]

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """The rows and columns of the coordinates that vary."""
        if self.whole.parameters.size > MOST_EXACT:
            return super().hessian(x)
        return self.whole.hessian(self._filled(x))[np.ix_(self._chosen, self._chosen)]

    def _filled(self, z: Vector) -> Vector:
        full = np.array(self._x)
        full[self._chosen] = z
        return full

    def _allowed(self, full: Vector) -> Any:
        return self._box is None or np.all((full >= self._box[0]) & (full <= self._box[1]))
