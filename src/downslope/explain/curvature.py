"""Curvatures at a point and the directions they belong to, named by parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.objectives import Vector

RULES = 0.999  # a direction with a component this large is called by that parameter's name
SMALL = 1e-10  # part of the largest curvature: a smaller one has few digits in a plain decomposition
DEFINITE = (
    1e-6  # least eigenvalue, in units in which the diagonal is 1, of a matrix that is taken for definite
)
SHOWN = 4  # components of a direction that are spelt out


def along(direction: Vector, names: tuple[str, ...], signed: bool = False) -> str:
    """``y`` where one parameter rules, else the components: ``(x, y) = (0.866, 0.5)``.

    With ``signed``, ``-y`` says which way.

    >>> along(np.array([0.0, -1.0]), ("x", "y"), signed=True)
    '-y'
    >>> along(np.array([0.6, 0.8]), ("x", "y"))
    '(x, y) = (0.6, 0.8)'
    """
    largest = int(np.argmax(np.abs(direction)))
    if abs(direction[largest]) > RULES:
        return f"-{names[largest]}" if signed and direction[largest] < 0 else names[largest]
    chosen = np.arange(len(names))
    if len(names) > SHOWN:
        chosen = np.sort(np.argsort(-np.abs(direction), kind="stable")[:SHOWN])
    more = ", ..." if len(names) > SHOWN else ""
    listed = ", ".join(names[i] for i in chosen)
    shown = ", ".join(f"{direction[i] + 0.0:.3g}" for i in chosen)
    return f"({listed}{more}) = ({shown}{more})"


def turned(direction: Vector) -> Vector:
    """The direction or its opposite, whichever has its largest component positive; no rounding dust.

    Of a matrix each column by itself.
    """
    clean = np.where(np.abs(direction) < 1e-12, 0.0, direction)
    sizes = np.abs(clean)
    largest = np.argmax(sizes > 0.999 * np.max(sizes, axis=0), axis=0)
    ahead = np.take_along_axis(clean, np.expand_dims(largest, 0), 0)
    return np.asarray(np.where(ahead > 0, clean, -clean)) + 0.0


@dataclass(frozen=True, eq=False)
class Curvature:
    """The eigenvalues of a Hessian, ascending, and their directions.

    Attributes:
        values: curvatures, as descent sees them.
        vectors: one unit direction in each column.
        names: of the coordinates.
        certain: which of them are known whatever their size beside others, as coordinates differ in their units only;
            None where that was not asked.

    >>> c = Curvature.of(np.diag([0.1, 2.0]), ("x", "y"))
    >>> c.along(-1), c.largest, round(c.condition, 6)
    ('y', 2.0, 20.0)
    """

    values: NDArray[np.float64]
    vectors: NDArray[np.float64]
    names: tuple[str, ...]
    certain: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, hessian: NDArray[np.float64], names: tuple[str, ...], exact: bool = False) -> Curvature:
        """The eigen-decomposition of a symmetric matrix.

        Coordinates that do not meet in it are decomposed by themselves: what rounding does to a curvature of 1e12
        is nothing that another one could have felt. Where its entries are right to the last digit (``exact``), and it
        is definite once every coordinate has the unit in which its own curvature is 1, small curvatures are those of
        the inverse, however small they are beside the largest.
        """
        hessian = (hessian + hessian.T) / 2
        values, vectors = np.zeros(len(hessian)), np.zeros_like(hessian, dtype=np.float64)
        certain = np.zeros(len(hessian), bool)
        alone = np.isfinite(np.diag(hessian)) & (
            np.count_nonzero(hessian - np.diag(np.diag(hessian)), axis=0) == 0
        )
        values[alone], vectors[alone, alone] = np.diag(hessian)[alone], 1.0
        others = np.flatnonzero(~alone)
        for block in (others[one] for one in _blocks(hessian[np.ix_(others, others)])):
            part = hessian[np.ix_(block, block)]
            found, directions = np.linalg.eigh(part)
            size = float(np.max(np.abs(found), initial=0.0))
            if exact and np.any(np.abs(found) <= SMALL * size) and (inverse := _inverse(part)) is not None:
                found, directions = _with_small_ones(found, directions, inverse)
                certain[block] = True
            values[block] = np.where(
                (np.abs(found) <= 4e-16 * size * len(found)) & ~certain[block], 0.0, found
            )
            vectors[np.ix_(block, block)] = directions
        order = np.argsort(values, kind="stable")
        values, vectors = values[order], vectors[:, order]
        columns = np.asarray(turned(vectors) if len(values) else vectors, np.float64)
        return cls(values, columns, names, certain[order])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which curvatures are no rounding, however small."""
        return np.zeros(len(self.values), bool) if self.certain is None else self.certain

    @property
    def _meeting(self) -> NDArray[np.bool_]:
        """Which directions have coordinates in common; others do not feel each other's units."""
        held = (np.abs(self.vectors) > 0).astype(np.float64)
        return (held.T @ held) > 0

    @property
    def own(self) -> NDArray[np.float64]:
        """For each curvature the size of the largest one among those that meet it."""
        sizes = np.where(self._meeting, np.abs(self.values)[None, :], 0.0)
        return np.asarray(np.max(sizes, axis=1, initial=0.0))

    def sizes_beside(self, parts: Vector) -> Vector:
        """For each direction the length of a vector along all that meet it, from its parts along each."""
        size = float(np.max(np.abs(parts), initial=0.0))
        if not 0 < size < np.inf:
            return np.full(len(parts), size)
        return size * np.sqrt(self._meeting.astype(np.float64) @ (parts / size) ** 2)

    @property
    def largest(self) -> float:
        """L, the largest curvature."""
        return float(self.values[-1])

    @property
    def smallest(self) -> float:
        """μ, the smallest curvature that is not null beside the largest."""
        felt = self.values[self.values > 0]  # those that rounding may have made are 0 already
        return float(felt[0]) if len(felt) else 0.0

    @property
    def condition(self) -> float:
        """κ = L/μ; infinite where no curvature is positive."""
        return self.largest / self.smallest if self.smallest > 0 else np.inf

    @property
    def best_rate(self) -> float:
        """2/(L + μ), the constant learning rate at which gradient descent is fastest."""
        return 2 / (self.largest + self.smallest)

    def along(self, index: int, signed: bool = False) -> str:
        """The name of one direction; that of all of them where there is no difference."""
        return along(self.vectors[:, index], self.names, signed)

    def direction(self, index: int) -> dict[str, float]:
        """One direction as parameter -> component."""
        return as_dict(self.vectors[:, index], self.names)

    def to_list(self, sign: float = 1.0) -> list[dict[str, Any]]:
        """Curvature and direction of each, ascending, for JSON."""
        return [
            {"curvature": sign * float(v) + 0.0, "along": self.along(i), "direction": self.direction(i)}
            for i, v in enumerate(self.values)
        ]


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The inverse of a matrix that is definite by far but for the units of its coordinates; else None."""
    diagonal = np.diag(matrix)
    if not np.all(diagonal > 0):
        return None
    units = 1 / np.sqrt(diagonal)
    scaled = matrix * np.outer(units, units)
    if not np.all(np.isfinite(scaled)) or np.linalg.eigvalsh(scaled)[0] < DEFINITE:
        return None
    inverse = np.linalg.inv(scaled) * np.outer(units, units)
    return inverse if np.all(np.isfinite(inverse)) else None


def _with_small_ones(
    values: NDArray[np.float64], vectors: NDArray[np.float64], inverse: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An ascending decomposition whose small values are taken from that of the inverse."""
    of_inverse, directions = np.linalg.eigh(inverse)
    few = int(np.sum(np.abs(values) <= SMALL * np.max(np.abs(values))))
    values, vectors = values.copy(), vectors.copy()
    values[:few] = 1 / of_inverse[::-1][:few]
    vectors[:, :few] = directions[:, ::-1][:, :few]
    return values, vectors


def _blocks(matrix: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """The indices that hang together by entries that are not 0, in ascending order."""
    left, found = np.ones(len(matrix), bool), []
    linked = matrix != 0
    for first in range(len(matrix)):
        if not left[first]:
            continue
        block = np.zeros(len(matrix), bool)
        block[first] = True
        while True:
            wider = block | np.any(linked[block], axis=0)
            if np.array_equal(wider, block):
                break
            block = wider
        left &= ~block
        found.append(np.flatnonzero(block))
    return found


def as_dict(vector: Vector, names: tuple[str, ...]) -> dict[str, float]:
    """A vector as coordinate -> number."""
    return {name: float(v) for name, v in zip(names, vector, strict=True)}
