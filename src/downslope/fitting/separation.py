"""Whether a direction separates the classes, or the zero counts: then no finite parameters are best, and it proves so.

Along ``d`` the likelihood never falls and rises for ever where ``a_i'd >= 0`` for all rows ``a_i``, ``> 0`` for some.
For log_loss ``a_i = ±x_i`` by its label; for softmax there is a row for each other class, with ``x_i`` in the place of
its own and ``-x_i`` in that of the other; for poisson ``a_i = -x_i`` where the count is 0, and ``x_i'd = 0`` elsewhere.

Either there is such a direction, or some ``lambda > 0`` makes ``A'lambda = 0`` (E. Stiemke 1915). Least squares of
``A'lambda`` over ``lambda >= 1/n`` decide which: what they leave is 0, or is itself such a direction, because the
conditions of optimality say ``A r >= 0`` and ``1'A r / n = |r|^2``. They are solved by active sets (C. Lawson, R.
Hanson 1974), with few rows at a time: those of a sample, and then the ones that the direction found does not suit.

That there is none is mostly seen at once, from a few rows: the likelihood of a logistic regression of these has a
highest point then, and a few steps of Newton's method come near enough to prove it.

Sources: A. Albert, J. Anderson, Biometrika 71 (1984) 1-10; F. Bach, Electronic Journal of Statistics 4 (2010) 384-414,
whose proposition 1 says how the curvature of such a likelihood may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.fitting.standardising import standardised

MOST_PARAMETERS = 100
FIRST_ROWS = 4_000  # inequalities to begin with
MORE_ROWS = 500  # that are added where they do not hold
MOST_ROUNDS = 30
FEW_ROWS = 500  # or so many for each direction, with which it is first tried to show that there is none
FOR_EACH = 10
NEWTON_STEPS = 12
PROVEN = 0.5  # of the 1 below which a highest point exists: the rest is for rounding
DEFINITE = 1e-10  # of the largest curvature, above which the least is no rounding
BLOCK = 2_000  # rows of the table at a time
NOTHING_LEFT = 1e-12  # of least squares of rows of length 1
DUST = 1e-9  # of a row of length 1
EDGE = 1e-8  # a row of length 1 this near to the plane lies on it
RANK = 1e-10

Blocks = Callable[[], Iterator[Array]]


@dataclass(frozen=True, eq=False)
class Separation:
    """The certificate.

    Attributes:
        direction: in the user's parameters, its largest component 1.
        edge: how many inequalities it leaves as equations; with none the separation is complete.
    """

    direction: Array
    edge: int


def find_separation(objective: DataObjective) -> Separation | None:
    """A direction that separates; None where there is none, or where it would be dear to find.

    ``objective`` is the cost of a hypothesis that is linear in its parameters.
    """
    if objective.loss.link == "identity" or objective.parameters.size > MOST_PARAMETERS:
        return None
    with np.errstate(all="ignore"):
        rows = _ScaledRows(objective)
        way = _moving(rows, _way(rows))
        found = _direction(rows, way) if way.shape[1] else None
    if found is None:
        return None
    d, edge = found
    direction = rows.basis @ way @ d
    return Separation(direction / np.max(np.abs(direction)), edge)


# --- the rows ----------------------------------------------------------------------------------------------


class _ScaledRows:
    """Inequalities and equations in parameters of about the same size; ``basis`` leads back to the user's."""

    def __init__(self, objective: DataObjective) -> None:
        size = objective.parameters.size
        self.at, self.penalty = np.zeros(size), objective.penalty
        if isinstance(objective.rows, LinearRows):
            objective, c = standardised(objective)
        else:
            lengths = np.sqrt(
                np.mean(np.square(objective.rows.jacobian(self.at, slice(0, BLOCK))[1]), axis=0)
            )
            units = 1 / np.where((lengths > 0) & np.isfinite(lengths), lengths, 1.0)
            c = Coordinates("standardised", np.diag(units), np.zeros(size), np.eye(size))
        self.objective, self.matrix, self.basis = objective, c.matrix, c.shear @ c.matrix

    def blocks(self) -> Iterator[tuple[Array, Array]]:
        """(inequalities, equations) of the rows that count, some at a time."""
        for part in self.objective.parts():
            for begin in range(0, part.rows.count, BLOCK):
                yield self._of(part, slice(begin, begin + BLOCK))

    def sample(self, most: int = FIRST_ROWS) -> tuple[Array, Array]:
        """The same of some rows from all over the table, or of all where they are few."""
        o = self.objective
        others = o.rows.classes - 1 if isinstance(o.rows, SoftmaxRows) else 1
        return self._of(o.block, slice(0, None, max(1, o.rows.count * others // most)))

    def _of(self, part: RowBlock, some: slice) -> tuple[Array, Array]:
        rows, link = part.rows, self.objective.loss.link
        X = rows.features(some) if isinstance(rows, LinearRows) else rows.jacobian(self.at, some)[1]
        y = part.y[some]
        if part.weights.size:
            counts = part.weights[some] > 0
            X, y = X[counts], y[counts]
        if isinstance(rows, SoftmaxRows):
            return _unit(_between_classes(X, y.astype(np.intp), rows.classes) @ self.matrix), X[:0, :0]
        X = X @ self.matrix
        if link == "exp":
            return _unit(-X[y == 0]), _unit(X[y > 0])
        return _unit((2 * y - 1)[:, None] * X), X[:0]


def _way(rows: _ScaledRows) -> Array:
    """The directions that are free to separate, one a column: without a penalty, and leaving positive counts alone."""
    size, penalty = len(rows.basis), rows.penalty
    R: Array = np.zeros((0, size))
    if penalty.l1 or penalty.l2:
        R = _unit(rows.basis[penalty.mask > 0])
    if rows.objective.loss.link == "exp":
        more = iter(()) if rows.objective.in_database else rows.blocks()
        for _, equations in chain([rows.sample()], more):
            R = np.asarray(np.linalg.qr(np.concatenate([R, equations]), mode="r"))
            if _rank(R) == size:
                return np.zeros((size, 0))
    if not len(R):
        return np.eye(size)
    return np.asarray(np.linalg.svd(R, full_matrices=True)[2][_rank(R) :].T)


def _moving(rows: _ScaledRows, way: Array) -> Array:
    """Those of them that change a prediction: what is added to every class of softmax alike does not."""
    o = rows.objective
    if not isinstance(o.rows, SoftmaxRows) or not way.shape[1]:
        return way
    alike = np.kron(np.eye(len(rows.matrix) // o.rows.classes), np.ones((o.rows.classes, 1)))
    idle = np.linalg.qr(np.linalg.lstsq(rows.matrix, alike, rcond=None)[0])[0]
    _, sizes, kinds = np.linalg.svd(way - idle @ (idle.T @ way), full_matrices=True)
    still = np.append(sizes, np.zeros(len(kinds) - len(sizes))) <= RANK
    return np.asarray(way @ kinds[~still].T)


def _rank(A: Array) -> int:
    values = np.linalg.svd(A, compute_uv=False)
    return int(np.count_nonzero(values > RANK * values[0])) if len(values) and values[0] > 0 else 0


def _between_classes(X: Array, own: Array, classes: int) -> Array:
    """A row for each row and each class that is not its own."""
    A = np.zeros((len(X), classes, X.shape[1], classes))
    at = np.arange(len(X))
    for k in range(classes):
        A[:, k, :, k] -= X
        A[at, k, :, own] += X
    keep = np.arange(classes) != own[:, None]
    return np.asarray(A[keep].reshape(-1, X.shape[1] * classes))


def _unit(A: Array) -> Array:
    """The rows at length 1, without those that are 0."""
    A = A / np.maximum(np.max(np.abs(A), axis=1, keepdims=True, initial=0.0), 1e-300)
    lengths = np.linalg.norm(A, axis=1)
    return np.asarray(A[lengths > 0.5] / lengths[lengths > 0.5, None])


def _projected(A: Array, way: Array) -> Array:
    """Rows of length 1 seen along the columns of ``way``, at length 1 again, without what is dust there."""
    seen = A @ way
    lengths = np.linalg.norm(seen, axis=1)
    return np.asarray(seen[lengths > DUST] / lengths[lengths > DUST, None])


# --- the direction -----------------------------------------------------------------------------------------


def _direction(rows: _ScaledRows, way: Array) -> tuple[Array, int] | None:
    """A direction that suits every row, and how many rows it leaves on the edge."""

    def blocks() -> Iterator[Array]:
        for inequalities, _ in rows.blocks():
            yield _projected(inequalities, way)

    few = max(FEW_ROWS, FOR_EACH * way.shape[1])
    if _is_held(_projected(rows.sample(few)[0], way)):
        return None
    if rows.objective.in_database:  # a direction that suits a sample proves nothing
        return None
    some = _projected(rows.sample()[0], way)
    if len(some) > few and _is_held(some):
        return None
    for _ in range(MOST_ROUNDS):
        d = _by_least_squares(some)
        if d is None:
            more = _beyond(blocks, some)
        else:
            least, most, edge, more = _held_against(blocks, d)
            if least >= -EDGE:
                return (d, edge) if most > EDGE else None
        if not len(more):
            return None
        some = np.concatenate([some, more])
    return None


def _held_against(blocks: Blocks, d: Array) -> tuple[float, float, int, Array]:
    """The least and the largest ``a'd``, how many are 0, and the rows that are worst off."""
    least, most, edge, worst = np.inf, -np.inf, 0, np.zeros((0, len(d)))
    for block in blocks():
        if not len(block):
            continue
        along = block @ d
        least, most = min(least, float(along.min())), max(most, float(along.max()))
        edge += int(np.count_nonzero(np.abs(along) <= EDGE))
        worst = np.concatenate([worst, block[along < -EDGE]])
        if len(worst) > MORE_ROWS:
            worst = worst[np.argsort(worst @ d)[:MORE_ROWS]]
    return least, most, edge, worst


def _beyond(blocks: Blocks, some: Array) -> Array:
    """Rows that go where those at hand, which no direction separates, leave it open."""
    R = np.asarray(np.linalg.qr(some, mode="r"))
    null = np.linalg.svd(R, full_matrices=True)[2][_rank(R) :].T if len(R) else np.eye(some.shape[1])
    found = np.zeros((0, some.shape[1]))
    if not null.shape[1]:
        return found
    for block in blocks():
        found = np.concatenate([found, block[np.linalg.norm(block @ null, axis=1) > EDGE][:MORE_ROWS]])
        if len(found) >= MORE_ROWS:
            break
    return found


def _is_held(A: Array) -> bool:
    """Whether it is proven that no direction ``d`` has ``A d >= 0`` but 0.

    None has exactly where ``f(d) = mean(log(1 + exp(-A d)))`` has a minimum, and curves in all directions. Along a line
    of length 1 in the norm of the curvature H of f, that curvature falls at most as exp(-R t), where R is the length of
    the longest row in the norm of its inverse. So the slope rises by (1 - exp(-R t)) / R at least, and from -n, the
    length of the gradient in that norm, to above 0 where n R < 1: f has a minimum.
    """
    if len(A) <= A.shape[1]:
        return False
    along, cost = np.zeros(len(A)), np.inf
    d, step = np.zeros(A.shape[1]), np.zeros(A.shape[1])
    for _ in range(NEWTON_STEPS):
        z = A @ (d + step)
        new = float(np.mean(np.logaddexp(0, -z)))
        if not new < cost:  # too far: half way is better, as the cost is convex
            step = step / 2
            continue
        d, along, cost = d + step, z, new
        p = 1 / (1 + np.exp(along))
        values, vectors = np.linalg.eigh(A.T @ ((p * (1 - p))[:, None] * A) / len(A))
        if not values[0] > DEFINITE * values[-1]:
            return False
        turned = vectors / np.sqrt(values)
        slope = -turned.T @ (p @ A) / len(A)
        reach = float(np.sqrt(np.max(np.sum(np.square(A @ turned), axis=1))))
        if float(np.linalg.norm(slope)) * reach < PROVEN:
            return True
        step = -turned @ slope
    return False


def _by_least_squares(A: Array) -> Array | None:
    """A direction ``d`` of length 1 with ``A d > 0``; or with ``A d >= 0`` and not 0; None where there is none."""
    if not len(A):
        return None
    ones = np.ones((len(A), 1))
    to_hull = _residual(np.concatenate([A, ones], axis=1), np.append(np.zeros(A.shape[1]), -1.0))
    for r in (to_hull[:-1], _residual(A, A.mean(axis=0))):
        size = float(np.linalg.norm(r))
        if size > NOTHING_LEFT:
            d = r / size
            along = A @ d
            if np.min(along) >= -EDGE and np.max(along) > EDGE:
                return np.asarray(d)
    return None


def _residual(A: Array, c: Array) -> Array:
    """``A'mu + c`` at the least squares over ``mu >= 0``, by active sets."""
    mu, active, r = np.zeros(len(A)), np.zeros(len(A), bool), c.copy()
    for _ in range(10 * len(c) + 30):
        slope = A @ r
        slope[active] = np.inf
        j = int(np.argmin(slope))
        if slope[j] >= -1e-10 * np.linalg.norm(r) - 1e-16:
            break
        active[j] = True
        while True:
            picked = np.flatnonzero(active)
            wanted = np.linalg.lstsq(A[picked].T, -c, rcond=None)[0]
            if np.all(wanted > 0):
                break
            down = wanted <= 0
            part = np.min(mu[picked][down] / (mu[picked][down] - wanted[down] + 1e-300))
            mu[picked] += part * (wanted - mu[picked])
            gone = picked[down & (mu[picked] <= 1e-15)]
            active[gone if len(gone) else picked[down][:1]] = False
            mu[~active] = 0.0
            if not active.any():
                wanted = np.zeros(0)
                picked = np.flatnonzero(active)
                break
        mu[picked] = wanted
        r = A[picked].T @ wanted + c
    return np.asarray(r)
