# mypy: disallow-untyped-decorators=False
"""The steps of Levenberg and Marquardt for few parameters, in machine code: the text of ``optimizers.marquardt``.

That text stands on some functions of vectors and matrices, which here are loops; the rest is compiled as it is.
What it remembers lies in one row of numbers, as Numba takes microseconds to look at a record of many arrays.
"""

from __future__ import annotations

import inspect
import math
from types import FunctionType
from typing import Any

import numpy as np

from downslope.fitting.kernels.records import Floats
from downslope.objectives.residuals import Residuals
from downslope.optimizers import marquardt
from downslope.optimizers.marquardt import MarquardtState
from downslope.symbolic.kernel_cache import compiled, made_of

EPS = float(np.finfo(np.float64).eps)
MOST_SWEEPS = 30  # over all pairs of columns; six are usual

# The numbers of a state, in this order: where each stands in front of the vectors and matrices.
VALUE, RADIUS, DAMPING, SLOPE, LEVEL, SPENT, BEGUN, NUMBERS = range(8)

made_of(inspect.getsource(marquardt))


@compiled()
def _inner(a: Floats, b: Floats) -> float:
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@compiled()
def _length(vector: Floats) -> float:
    return math.sqrt(_inner(vector, vector))


@compiled()
def _times(matrix: Floats, vector: Floats) -> Floats:
    out = np.zeros(matrix.shape[0])
    for i in range(matrix.shape[0]):
        for j in range(vector.size):
            out[i] += matrix[i, j] * vector[j]
    return out


@compiled()
def _transposed_times(matrix: Floats, vector: Floats) -> Floats:
    out = np.zeros(matrix.shape[1])
    for i in range(vector.size):
        for j in range(out.size):
            out[j] += matrix[i, j] * vector[i]
    return out


@compiled()
def _column_lengths(matrix: Floats) -> Floats:
    out = np.zeros(matrix.shape[1])
    for i in range(matrix.shape[0]):
        for j in range(out.size):
            out[j] += matrix[i, j] * matrix[i, j]
    return np.sqrt(out)


@compiled()
def singular_values(matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """As ``lapack.singular_values``, by rotations of pairs of columns, until all are at right angles.

    Source: J. Demmel, K. Veselić, SIAM Journal on Matrix Analysis and Applications 13 (1992) 1204-1245, algorithm 4.1.
    """
    n = matrix.shape[0]
    columns, right = np.empty((n, n)), np.zeros((n, n))  # each column of the matrix, and of V, is a row here
    unit = 0.0
    for j in range(n):
        right[j, j] = 1.0
        for i in range(n):
            unit = max(unit, abs(matrix[i, j]))
    unit = unit if unit > 0 else 1.0
    for j in range(n):
        for i in range(n):
            columns[j, i] = matrix[i, j] / unit
    for _ in range(MOST_SWEEPS):
        turned = False
        for j in range(n):
            for k in range(j + 1, n):
                a, b = _inner(columns[j], columns[j]), _inner(columns[k], columns[k])
                c = _inner(columns[j], columns[k])
                if not abs(c) > EPS * math.sqrt(a) * math.sqrt(b):
                    continue
                turned = True
                cotangent = (b - a) / (2 * c)
                tangent = 1.0 / (abs(cotangent) + math.sqrt(1 + cotangent * cotangent))
                tangent = tangent if cotangent >= 0 else -tangent
                cosine = 1 / math.sqrt(1 + tangent * tangent)
                sine = cosine * tangent
                for pair in (columns, right):
                    for i in range(n):
                        first, second = pair[j, i], pair[k, i]
                        pair[j, i] = cosine * first - sine * second
                        pair[k, i] = sine * first + cosine * second
        if not turned:
            break
    lengths = np.empty(n)
    for j in range(n):
        lengths[j] = _length(columns[j])
    left, values, rows = np.zeros((n, n)), np.empty(n), np.empty((n, n))
    for place in range(n):
        j = 0
        for k in range(1, n):
            j = k if lengths[k] > lengths[j] else j
        size, lengths[j] = lengths[j], -1.0
        values[place] = size * unit
        for i in range(n):
            rows[place, i] = right[j, i]
            left[i, place] = columns[j, i] / size if size > 0 else 0.0
    return left, values, rows


@compiled()
def _positive_or(vector: Floats, other: float) -> Floats:
    out = np.empty(vector.size)
    for i in range(vector.size):
        out[i] = vector[i] if vector[i] > 0 else other
    return out


@compiled()
def _plain_step(S: Floats, along: Floats) -> tuple[bool, Floats]:
    return False, along  # of few columns the singular values are there as soon


def _made(name: str, known: dict[str, Any]) -> Any:
    """A function of the rule in machine code, with these in place of what it calls."""
    function = inspect.unwrap(getattr(marquardt, name))
    scope = {**vars(marquardt), **known}
    made = FunctionType(function.__code__, scope, name, function.__defaults__)
    return compiled(kept=False)(made)


_known: dict[str, Any] = {
    "inner": _inner,
    "length": _length,
    "times": _times,
    "transposed_times": _transposed_times,
    "column_lengths": _column_lengths,
    "plain_step": _plain_step,
    "positive_or": _positive_or,
    "singular_values": singular_values,
}
for _name in ("_within", "_scaled", "_stepped", "after"):  # what is called before what calls it
    _known[_name] = _made(_name, _known)
_after = _known["after"]


@compiled()
def marquardt_step(cost: float, p: int, before: Floats, now: Floats) -> tuple[bool, float, float, bool]:
    """``optimizers.marquardt.after`` of a state in numbers, at its point; into another such row.

    Where what stands in a row is said in ``fitting.marquardt_walk``. What is written is the state after the step and
    the point to evaluate next. Returned are whether the point is accepted, the slope and the cost at the last accepted
    one, and whether neither cost nor model can change by more than rounding.
    """
    n, q = NUMBERS, p * p
    R, c, at = before[n : n + q].reshape(p, p), before[n + q : n + q + p], n + q + p
    point, x, scale = before[at : at + p], before[at + p : at + 2 * p], before[at + 2 * p : at + 3 * p]
    step, along = before[at + 3 * p : at + 4 * p], before[at + 4 * p : at + 5 * p]
    root = before[at + 5 * p :].reshape(p, p)
    state = MarquardtState(
        Residuals(R, c),
        x,
        before[VALUE],
        root,
        along,
        scale,
        before[RADIUS],
        before[DAMPING],
        step,
        before[SLOPE],
        before[LEVEL],
        before[SPENT] > 0,
        before[BEGUN] > 0,
    )
    following, s, accepted = _after(point, cost, state)
    now[VALUE], now[RADIUS], now[DAMPING], now[SLOPE] = s.value, s.radius, s.damping, s.slope
    now[LEVEL], now[SPENT], now[BEGUN] = s.level, s.spent, s.begun
    for i in range(p):
        for k, vector in enumerate((following, s.x, s.scale, s.step, s.along)):
            now[at + k * p + i] = vector[i]
        for k in range(p):
            now[at + (5 + i) * p + k] = s.root[i, k]
    return accepted, s.slope, s.value, s.spent
