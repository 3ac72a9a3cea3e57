"""The least of a piecewise linear cost, exactly: a vertex, at which as many rows are met as there are parameters.

A cost ``sum of w*rho(r)``, with rho falling with one slope below 0 and rising with another above, is least at a vertex.
From one vertex the cost falls along an edge where a row's multiplier is beyond the slopes that its residual 0 allows;
the edge is followed past every row at which the cost goes on falling, and the row at which it stops comes in for the
one that was let go. At the end all multipliers lie between the slopes, which proves it: they are a solution of the dual
linear programme of the same value.

Only the rows near 0 take part at first; the slopes of the others, which keep their side, are added up. Where more rows
are met than there are parameters, they are told apart by moving each by a little at random.

Source: I. Barrodale, F. Roberts, SIAM Journal on Numerical Analysis 10 (1973) 839-848; R. Koenker, V. d'Orey, Applied
Statistics 36 (1987) 383-393; far rows: S. Portnoy, R. Koenker, Statistical Science 12 (1997) 279-300, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.fitting.rows import Array

Rows = NDArray[np.intp]

MOST_EXCHANGES = 20_000
MOST_WORK = 10**10  # exchanges times squared parameters
MOST_ROUNDS = 40
NEAR_ROWS = 2_000  # that take part at first, and
NEAR_EACH = 20  # more for each parameter
RANK = 1e-10  # of the largest singular value
INDEPENDENT = 1e-5  # part of a row that must be new for it to join a vertex
APART = 1e-11  # of the mean residual by which rows are moved apart
SLACK = 1e-9  # of a row's slopes, by which a multiplier may be beyond them
PROVEN = 1e-12  # part of the cost by which it may be above the dual's
RENEWED = 40  # exchanges after which an inverse is computed anew


class Kink(NamedTuple):
    """The slopes of what a row costs in its prediction, below and above its target."""

    low: float
    high: float

    def cost(self, r: Array) -> Array:
        """Of residuals, prediction minus target."""
        return np.asarray(np.where(r > 0, self.high * r, self.low * r))


class Vertex(NamedTuple):
    """What was found.

    Attributes:
        step: to be added to the parameters.
        exchanges: how many edges were followed.
        proven: whether its multipliers show that no other point costs less.
    """

    step: Array
    exchanges: int
    proven: bool


def least_vertex(J: Array, r: Array, w: Array, kink: Kink) -> Vertex | None:
    """The step from residuals ``r`` to a vertex of least ``sum of w*rho(r + J step)``; None where none was found.

    ``w`` are more than 0. Where columns depend on each other, the step is the shortest in columns of one size.
    """
    sizes = np.sqrt(np.mean(np.square(J), axis=0))
    sizes = np.where(sizes > 0, sizes, 1.0)
    _, values, directions = np.linalg.svd(np.linalg.qr(J / sizes, mode="r"))
    rank = int(np.count_nonzero(values > RANK * values[0])) if values[0] > 0 else 0
    if not rank or rank > len(r):
        return None
    ways = directions[:rank].T / values[:rank] / sizes[:, None]
    search = _Search(J @ ways, r, w, kink)
    found = search.run()
    return None if found is None else Vertex(ways @ found, search.exchanges, search.proven(found))


@dataclass(eq=False)
class _Search:
    """From vertex to vertex.

    Args:
        Z: derivatives of the predictions in coordinates of one size, (rows, coordinates).
        r: residuals at the coordinates 0.
        w: weights.
        kink: the loss.
    """

    Z: Array
    r: Array
    w: Array
    kink: Kink
    exchanges: int = 0

    def __post_init__(self) -> None:
        size = float(np.average(np.abs(self.r), weights=self.w))
        moved = np.random.default_rng(0).uniform(0.5, 1.0, len(self.r))
        self.apart = self.r + APART * size * moved * np.where(self.r < 0, -1.0, 1.0)
        self.lengths = np.linalg.norm(self.Z, axis=1)

    def run(self) -> Array | None:
        """The coordinates of the vertex."""
        basis = self._first_basis()
        if basis is None:
            return None
        rank = self.Z.shape[1]
        here = self.apart + self.Z @ np.linalg.solve(self.Z[basis], -self.apart[basis])
        near = self._nearest(here, basis, NEAR_ROWS + NEAR_EACH * rank)
        for _ in range(MOST_ROUNDS):
            far = ~near
            beyond = self.Z[far].T @ (self.w[far] * self._slopes(here[far]))
            sides = here[far] > 0
            following = self._among(np.flatnonzero(near), basis, here, beyond)
            if following is None:
                return None
            basis, ended = following
            z = np.linalg.solve(self.Z[basis], -self.apart[basis])
            here = self.apart + self.Z @ z
            here[basis] = 0.0
            changed = np.flatnonzero(far)[(here[far] > 0) != sides]
            if ended and not len(changed):
                self.basis, self.here = basis, here
                return np.asarray(np.linalg.solve(self.Z[basis], -self.r[basis]))
            near = near.copy()
            near[changed] = True
            if not ended or len(changed) > np.count_nonzero(near) // 2:
                near |= self._nearest(here, basis, 4 * int(np.count_nonzero(near)))
        return None

    def proven(self, z: Array) -> bool:
        """Whether the multipliers at the vertex are those of a dual solution of the same cost."""
        r, w = self.r + self.Z @ z, self.w
        d = self._slopes(self.here)
        d[self.basis] = 0.0
        multipliers = -np.linalg.solve(self.Z[self.basis].T, self.Z.T @ (w * d)) / w[self.basis]
        slack = SLACK * (self.kink.high - self.kink.low)
        if np.any(multipliers > self.kink.high + slack) or np.any(multipliers < self.kink.low - slack):
            return False
        d[self.basis] = np.clip(multipliers, *self.kink)
        cost = float(w @ self.kink.cost(r))
        gap = cost - float(w @ (d * r))
        rounding = float(np.finfo(np.float64).eps) * float(w @ np.abs(self.r))
        return gap <= PROVEN * cost + 10 * rounding

    def _slopes(self, here: Array) -> Array:
        return np.where(here > 0, self.kink.high, self.kink.low)

    def _first_basis(self) -> Rows | None:
        """The rows with the least residuals that are independent."""
        rank, picked = self.Z.shape[1], []
        span: Array = np.zeros((0, rank))
        for i in np.argsort(np.abs(self.r), kind="stable"):
            if not self.lengths[i] > 0:
                continue
            new = self.Z[i] / self.lengths[i]
            for _ in range(2):
                new = new - span.T @ (span @ new)
            size = float(np.linalg.norm(new))
            if size > INDEPENDENT:
                picked.append(i)
                span = np.concatenate([span, new[None] / size])
                if len(picked) == rank:
                    return np.array(picked)
        return None

    def _nearest(self, here: Array, basis: Rows, most: int) -> NDArray[np.bool_]:
        """Which rows take part: the vertex' own, and those with the least residuals."""
        near = np.zeros(len(here), bool)
        near[np.argpartition(np.abs(here), most)[:most] if most < len(here) else slice(None)] = True
        near[basis] = True
        return near

    def _among(self, near: Rows, basis: Rows, here: Array, beyond: Array) -> tuple[Rows, bool] | None:
        """The vertex of least cost among the rows ``near``, and whether it is one; the others' slopes are ``beyond``.

        Not one where an edge leads past all of them. None where too many exchanges were needed.
        """
        Z, w, r = self.Z[near], self.w[near], here[near].copy()
        own = np.searchsorted(near, basis)
        free = np.ones(len(near), bool)
        free[own] = False
        low, high = self.kink
        inverse = np.linalg.inv(Z[own])
        g = beyond + Z[free].T @ (w[free] * self._slopes(r[free]))
        while True:
            if self.exchanges > MOST_EXCHANGES or self.exchanges * Z.shape[1] ** 2 > MOST_WORK:
                return None
            multipliers = -(g @ inverse) / w[own]
            over, under = multipliers - high, low - multipliers
            worst = np.maximum(over, under)
            j = int(np.argmax(worst))
            if worst[j] <= SLACK * (high - low) / 2:
                return near[own], True
            sign = 1.0 if over[j] >= under[j] else -1.0
            along = sign * (Z @ inverse[:, j])
            steps = self._crossings(r, along, free)
            if not len(steps.rows):
                return near[own], False
            fall = float(worst[j]) * w[own[j]]
            turns = np.cumsum(w[steps.rows] * np.abs(along[steps.rows])) * (high - low)
            stop = int(np.searchsorted(turns, fall))
            if stop == len(turns):
                return near[own], False
            enters, length = int(steps.rows[stop]), float(steps.lengths[stop])
            crossed, leaves = steps.rows[:stop], int(own[j])
            g = g + Z[crossed].T @ (w[crossed] * np.where(r[crossed] > 0, low - high, high - low))
            g = g + Z[leaves] * w[leaves] * (high if sign > 0 else low)
            g = g - Z[enters] * w[enters] * (high if r[enters] > 0 else low)
            r += length * along
            r[own], r[enters], r[leaves] = 0.0, 0.0, sign * length
            sides = r[crossed] * along[crossed]
            r[crossed[sides <= 0]] = np.finfo(np.float64).tiny * np.sign(along[crossed[sides <= 0]])
            free[leaves], free[enters] = True, False
            own[j] = enters
            self.exchanges += 1
            if self.exchanges % RENEWED:
                row = Z[enters] @ inverse
                inverse = inverse - np.outer(inverse[:, j], (row - np.eye(len(own))[j]) / row[j])
            else:
                inverse = np.linalg.inv(Z[own])
                g = beyond + Z[free].T @ (w[free] * self._slopes(r[free]))

    @staticmethod
    def _crossings(r: Array, along: Array, free: NDArray[np.bool_]) -> _Crossings:
        """The rows that change sides along an edge, in order."""
        rows = np.flatnonzero(free & (r * along < 0))
        lengths = -r[rows] / along[rows]
        order = np.argsort(lengths, kind="stable")
        return _Crossings(rows[order], lengths[order])


class _Crossings(NamedTuple):
    """Rows that change sides, and how far along the edge."""

    rows: Rows
    lengths: Array
