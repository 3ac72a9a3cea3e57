"""The coordinates in which a fit descends, and the way back to the user's units.

The user's parameters ``theta`` become ``phi`` when a linear hypothesis measures its features from a centre (only
the intercept changes), and ``phi = matrix @ z + shift``, where ``z`` is what the engine sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.fitting.rows import Array, LinearRows
from downslope.objectives import Objective, Parameters, Vector
from downslope.objectives.residuals import Residuals
from downslope.objectives.wrapped import WrappedObjective


class CentredParameters(NamedTuple):
    """The parameters of a linear hypothesis whose features are measured from ``centre``.

    Where the features lie far from zero, an intercept at zero has no digits left for what the data say.
    """

    centre: Array  # one number for each feature
    phi: Array  # the parameters; the intercept is the prediction at the centre
    tail: Array | None = (
        None  # what the parameters leave out by being rounded, where terms of theirs cancel so far
    )

    def to_dict(self) -> dict[str, list[float]]:
        """As plain data."""
        tail = {} if self.tail is None else {"tail": self.tail.tolist()}
        return {"centre": self.centre.tolist(), "parameters": self.phi.tolist(), **tail}


Kind = Literal["user", "standardised", "orthogonal", "natural"]


@dataclass(frozen=True, eq=False)
class Coordinates:
    """``theta = uncentre(matrix @ z + shift)``.

    Attributes:
        kind: "user" (z is theta), "standardised" (features have mean 0 and spread 1), "orthogonal" (the squared
            loss is round), "natural" (the loss is round near one point).
        matrix, shift: see above.
        shear: ``uncentre`` as a matrix: the identity but for the row of the intercept.
    """

    kind: Kind
    matrix: Array
    shift: Array
    shear: Array

    @classmethod
    def user(cls, size: int) -> Coordinates:
        """The user's own."""
        return cls("user", np.eye(size), np.zeros(size), np.eye(size))

    def to_user(self, z: Array) -> NDArray[np.float64]:
        """``theta`` of one point, or of every row of a matrix of points."""
        if self.kind == "user":
            return np.array(z, np.float64)
        return np.asarray((z @ self.matrix.T + self.shift) @ self.shear.T, np.float64)

    def from_user(self, theta: Array) -> Array:
        """``z`` of one point."""
        if self.kind == "user":
            return np.array(theta, np.float64)
        phi = np.linalg.solve(self.shear, theta)
        return np.asarray(np.linalg.solve(self.matrix, phi - self.shift))

    def with_matrix(self, kind: Kind, matrix: Array, shift: Array) -> Coordinates:
        """Other coordinates with the same centre."""
        return replace(self, kind=kind, matrix=matrix, shift=shift)


def shear_of(rows: LinearRows, centre: Array) -> Array:
    """The matrix from the intercept at ``centre`` to the intercept at zero, for one class."""
    size = rows.X.shape[1] + (rows.intercept is not None)
    out = np.eye(size)
    if rows.intercept is not None:
        out[rows.intercept, rows.at] -= centre
    return out


def centre_of(rows: LinearRows, shear: Array) -> Array:
    """The centre that ``shear_of`` was given; zero where there is no intercept. ``shear`` may be of several classes."""
    if rows.intercept is None:
        return np.zeros(rows.X.shape[1])
    classes = len(shear) // rows.each
    return np.asarray(0.0 - shear[rows.intercept * classes, rows.at * classes])


class PreconditionedObjective(WrappedObjective):
    """An objective as a function of ``z``, where its own point is ``matrix @ z + shift``."""

    def __init__(self, objective: Objective, coordinates: Coordinates) -> None:
        size = objective.parameters.size
        names = tuple(f"z{i + 1}" for i in range(size))
        super().__init__(objective, Parameters.scalars(names, "vector"))
        self.coordinates = coordinates
        self.diagonal = np.diag(coordinates.matrix).copy()
        self.is_diagonal = bool(np.array_equal(np.diag(self.diagonal), coordinates.matrix))

    def check_residuals(self, wanted_by: str) -> None:
        self.whole.check_residuals(wanted_by)

    def residuals(self, x: Vector) -> tuple[float, Residuals]:
        c = self.coordinates
        value, told = self.whole.residuals(c.matrix @ x + c.shift)
        return value, told._replace(root=told.root @ c.matrix)

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """That of the objective, along the axes of these coordinates."""
        c = self.coordinates
        return np.asarray(c.matrix.T @ self.whole.hessian(c.matrix @ x + c.shift) @ c.matrix, np.float64)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        c = self.coordinates
        with np.errstate(all="ignore"):  # an infinite cost is the caller's to judge
            if self.is_diagonal:
                value, gradient = self.whole.value_and_gradient(self.diagonal * x + c.shift)
                return value, self.diagonal * gradient
            value, gradient = self.whole.value_and_gradient(c.matrix @ x + c.shift)
            return value, c.matrix.T @ gradient
