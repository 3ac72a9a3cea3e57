"""The least of a piecewise linear cost plus squares, exactly: of absolute or quantile losses with an l2 penalty.

Such a cost, ``sum of w*rho(r + J s) + |P s + t|^2``, is least on no vertex, but where some rows are met exactly and
the slopes of all others, which are constant there, balance the squares. Which rows these are is found by active
sets: among the rows that are met, a Newton step leads to the least of the piece; the line there is followed past every
row at which the cost goes on falling, and a row at which it stops is met from then on. Where the cost of a piece is
at its least, the row whose multiplier is farthest beyond its slopes is let go. At the end none is, which proves that no
other point costs less, as the cost is convex.

Rows that are met together are told apart by moving each by a little at random, as in ``exchange``.

Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, section 16.5, with the slopes of the kinks for bounds of
multipliers; line searches past kinks: ``exchange``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.fitting.exchange import APART, RANK, SLACK, Kink, Vertex
from downslope.fitting.rows import Array

MOST_TURNS = 20_000
MOST_WORK = 2 * 10**10  # turns times rows times parameters
MET = 1e-7  # of the mean residual: rows so near are taken to be met at first
STILL = 1e-11  # of the slopes' sizes: a gradient that is left of them by rounding
INDEPENDENT = 1e-7  # part of a row that must be new for it to be met beside others


class StepSquares(NamedTuple):
    """``|P s + t|^2`` of a step s."""

    P: Array
    t: Array


def least_with_squares(J: Array, r: Array, w: Array, kink: Kink, *, squares: StepSquares) -> Vertex | None:
    """The step to where ``sum of w*rho(r + J step) + |P step + t|^2`` is least; None where it was not found.

    ``w`` are more than 0. Where columns depend on each other, the step is the shortest in columns of one size.
    """
    sizes = np.sqrt(np.mean(np.square(J), axis=0))
    sizes = np.where(sizes > 0, sizes, 1.0)
    both = np.concatenate([J, squares.P]) / sizes
    _, values, directions = np.linalg.svd(np.linalg.qr(both, mode="r"))
    rank = int(np.count_nonzero(values > RANK * values[0])) if values[0] > 0 else 0
    if not rank:
        return None
    ways = directions[:rank].T / values[:rank] / sizes[:, None]
    search = _ActiveRows(J @ ways, r, w, kink, StepSquares(squares.P @ ways, squares.t))
    found = search.run()
    return None if found is None else Vertex(ways @ found, search.turns, proven=True)


@dataclass(eq=False)
class _ActiveRows:
    """From piece to piece.

    Args:
        Z: derivatives of the predictions in coordinates of one size, (rows, coordinates).
        r: residuals at the coordinates 0.
        w: weights.
        kink: the loss.
        squares: in these coordinates.
    """

    Z: Array
    r: Array
    w: Array
    kink: Kink
    squares: StepSquares
    turns: int = 0
    met: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = float(np.average(np.abs(self.r), weights=self.w))
        moved = np.random.default_rng(0).uniform(0.5, 1.0, len(self.r))
        self.apart = self.r + APART * size * moved * np.where(self.r < 0, -1.0, 1.0)
        self.hessian = 2 * self.squares.P.T @ self.squares.P
        self.slope = 2 * self.squares.P.T @ self.squares.t
        self.above = self.r > 0
        for i in np.flatnonzero(np.abs(self.r) <= MET * size)[: 4 * self.Z.shape[1]]:
            if self._is_new(int(i)):
                self.met.append(int(i))

    def run(self) -> Array | None:
        """The coordinates of the least cost."""
        rows, rank = self.Z.shape
        z = self._onto_met(np.zeros(rank), self.apart)
        self.above = self._residuals(z) > 0
        while self.turns < MOST_TURNS and self.turns * rows * rank < MOST_WORK:
            self.turns += 1
            gradient, scale = self._gradient(z)
            free = self._free_ways()
            left = free.T @ gradient
            if np.max(np.abs(left), initial=0.0) > STILL * scale:
                stepped = self._follow(z, free, left)
                if stepped is not None:
                    z = stepped
                    continue
            beyond = self._beyond(gradient, scale)
            if beyond is None:
                return self._where_rows_are_met(z)
            row = self.met.pop(beyond[0])
            self.above[row] = beyond[1]
        return None

    def _residuals(self, z: Array) -> Array:
        return np.asarray(self.apart + self.Z @ z)

    def _gradient(self, z: Array) -> tuple[Array, float]:
        """Of all but the rows that are met; and of what size its parts are."""
        d = self.w * np.where(self.above, self.kink.high, self.kink.low)
        d[self.met] = 0.0
        bend = self.hessian @ z
        parts = np.abs(d) @ np.abs(self.Z) + np.abs(bend) + np.abs(self.slope)
        return self.Z.T @ d + bend + self.slope, float(np.max(parts))

    def _free_ways(self) -> Array:
        """An orthonormal basis of the ways along which the rows that are met stay so."""
        rank = self.Z.shape[1]
        if not self.met:
            return np.eye(rank)
        full = np.linalg.qr(self.Z[self.met].T, mode="complete")[0]
        return np.asarray(full[:, len(self.met) :])

    def _is_new(self, row: int) -> bool:
        """Whether a row can be met beside those that are."""
        free = self._free_ways()
        size = float(np.linalg.norm(self.Z[row]))
        return float(np.linalg.norm(self.Z[row] @ free)) > INDEPENDENT * size

    def _onto_met(self, z: Array, r: Array) -> Array:
        """The nearest point at which the rows are met, of residuals ``r`` at 0."""
        if not self.met:
            return z
        own = self.Z[self.met]
        return np.asarray(z - np.linalg.lstsq(own, r[self.met] + own @ z, rcond=None)[0])

    def _follow(self, z: Array, free: Array, left: Array) -> Array | None:
        """Where the cost is least along the Newton step of the piece, or along its slope where that has no end."""
        bends, axes = np.linalg.eigh(free.T @ self.hessian @ free)
        parts = axes.T @ left
        bent = bends > RANK * max(float(np.max(np.abs(self.hessian))), np.finfo(np.float64).tiny)
        straight = ~bent & (np.abs(parts) > STILL * float(np.max(np.abs(left))))
        ahead = np.where(straight, -parts, 0.0)
        if not np.any(straight):
            ahead = np.where(bent, -parts / np.where(bent, bends, 1.0), 0.0)
        way = free @ (axes @ ahead)
        along, here = self.Z @ way, self._residuals(z)
        fall = float(left @ (axes @ ahead))
        bend = float(way @ self.hessian @ way)
        if not fall < 0:
            return None
        others = np.ones(len(here), bool)
        others[self.met] = False
        rows = np.flatnonzero(others & (along != 0) & ((along > 0) != self.above))
        lengths = np.maximum(-here[rows] / along[rows], 0.0)
        order = np.argsort(lengths, kind="stable")
        rows, lengths = rows[order], lengths[order]
        rise = (self.kink.high - self.kink.low) * self.w[rows] * np.abs(along[rows])
        before = (
            fall + bend * lengths + np.concatenate([[0.0], np.cumsum(rise)])[:-1]
        )  # slopes as each is reached
        ends = np.flatnonzero((before >= 0) | (before + rise >= 0))
        stop = int(ends[0]) if len(ends) else len(rows)
        if stop < len(rows) and before[stop] < 0:  # the kink of this row ends it
            self._cross(rows[:stop])
            self.met.append(int(rows[stop]))
            return self._onto_met(z + lengths[stop] * way, self.apart)
        slope = fall + float(np.sum(rise[:stop]))
        if not bend > 0:
            return None
        self._cross(rows[:stop])
        return self._onto_met(z - slope / bend * way, self.apart)

    def _cross(self, rows: NDArray[np.intp]) -> None:
        self.above[rows] = ~self.above[rows]

    def _beyond(self, gradient: Array, scale: float) -> tuple[int, bool] | None:
        """Which of the rows that are met is to be let go, and whether upwards; None where none is."""
        if not self.met:
            return None
        own, (low, high) = self.met, self.kink
        multipliers = -np.linalg.lstsq(self.Z[own].T, gradient, rcond=None)[0] / self.w[own]
        over, under = multipliers - high, low - multipliers
        worst = np.maximum(over, under)
        j = int(np.argmax(worst * self.w[own]))
        if worst[j] * self.w[own[j]] <= max(SLACK * (high - low) * self.w[own[j]], STILL * scale):
            return None
        return j, bool(over[j] >= under[j])

    def _where_rows_are_met(self, z: Array) -> Array:
        """The point with the rows met that were only moved apart."""
        z = self._onto_met(z, self.r)
        gradient, free = self._gradient(z)[0], self._free_ways()
        bent = free.T @ self.hessian @ free
        step = np.linalg.lstsq(bent, -free.T @ gradient, rcond=RANK)[0]
        return np.asarray(z + free @ step)
