"""Functions that take many points at once: whether one does is tried, and checked at every gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.messages import Message, from_plain, message, to_plain
from downslope.objectives.differences import STEP, central_differences, complex_step, difference_steps
from downslope.objectives.parameters import Vector

FEWEST = 5  # parameters; of less, differences take few calls
MOST_NUMBERS = 1_000_000  # in the points of one call, 8 MB of real ones
SAME = 1e-11  # relative: so far may values lie from those of single calls, as sums are made in another order
_TRIED = 3  # points
_DRAWN = 20_261_130  # the seed of the points that are tried


class Batches:
    """Derivatives of a person's function by few calls, each at many points.

    Args:
        call: the function, of an array with an axis more.
        columns: whether points are columns, so that ``x[0]`` is the first coordinate of all; else they are rows.
    """

    def __init__(self, call: Callable[[NDArray[Any]], Any], columns: bool) -> None:
        self._call, self._columns = call, columns

    def values(self, points: NDArray[Any]) -> NDArray[Any]:
        """At each row of ``points``, shape (k, n); of shape (k,).

        Raises:
            ValueError: it answers otherwise now; besides whatever it raises itself.
        """
        given = np.ascontiguousarray(points.T) if self._columns else points.copy()
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            answer = np.asarray(self._call(given))
        if answer.shape != (len(points),) or answer.dtype.kind not in "biufc":
            raise ValueError(answer.shape)
        return answer

    def central_differences(self, x: Vector, value: float, scale: float = 1.0) -> Vector:
        """As of single calls; ``value`` is what one of these says at ``x``.

        Raises:
            ValueError: it says something else among other points.
        """
        steps = difference_steps(x) * scale
        ahead, behind = x + steps, x - steps
        out = np.empty(len(x))
        for places in _pieces(len(x), points_at_once(2 * len(x))):
            count, rows = len(places), np.arange(len(places))
            points = np.tile(x, (2 * count + 1, 1))
            points[rows, places], points[count + rows, places] = ahead[places], behind[places]
            found = self.values(points).real
            _check(found[-1], value)
            out[places] = (found[:count] - found[count:-1]) / (ahead[places] - behind[places])
        return out

    def complex_step(self, x: Vector, value: float) -> Vector:
        """Likewise."""
        out = np.empty(len(x))
        for places in _pieces(len(x), points_at_once(2 * len(x))):
            count, rows = len(places), np.arange(len(places))
            points = np.tile(x.astype(np.complex128), (count + 1, 1))
            points[rows, places] += 1j * STEP
            found = self.values(points)
            _check(found[-1].real, value)
            out[places] = found[:-1].imag / STEP
        return out


class InBatches:
    """Derivatives in batches, for as long as one value among them is what a single call says; then by single calls.

    Args:
        take: ``Batches.central_differences`` or ``Batches.complex_step``.
        single: the function at one point.
        otherwise: the same derivatives by single calls.
        single_calls: how many those are.

    Attributes:
        left: what to say of where they were left; nothing as long as they hold.
        count: gradients until then.
        tells: whether they may be left: while a run goes on.
    """

    def __init__(
        self,
        take: Callable[[Vector, float], Vector],
        single: Callable[[Vector], float],
        otherwise: Callable[[Vector], Vector],
        single_calls: int,
    ) -> None:
        self._take, self._single, self._otherwise = take, single, otherwise
        self.single_calls, self.count, self.tells = single_calls, 0, True
        self.left: tuple[Message, ...] = ()

    def __call__(self, x: Vector) -> Vector:
        if not self.left:
            self.count += 1
            try:
                return self._take(x, self._single(x))
            except Exception:  # it answers otherwise here, or raises what it does not raise of one point
                if self.tells:
                    self.left = (_left_at(self.count, self.single_calls),)
        return self._otherwise(x)

    def memory(self) -> dict[str, Any]:
        """What is remembered of a run, as plain data."""
        return {"evaluations": self.count, "left": list(map(to_plain, self.left))}

    def recall(self, memory: Any) -> None:
        """Remember it again."""
        self.count, self.left = int(memory["evaluations"]), tuple(map(from_plain, memory["left"]))


def _left_at(evaluation: int, calls: int) -> Message:
    return message(
        "the function answers many points at once otherwise than one at evaluation {n}; from there on it is called"
        " with one, {calls} times for each gradient.",
        n=evaluation,
        calls=calls,
    )


class Differentiation(NamedTuple):
    """How a function that is only called is differentiated.

    Attributes:
        exact: by the complex step.
        central, wide: by central differences, the second with steps of twice the length.
        calls: of the function, for a gradient by the complex step and for one by differences.
    """

    exact: Callable[[Vector], Vector]
    central: Callable[[Vector], Vector]
    wide: Callable[[Vector], Vector]
    calls: tuple[int, int]


def differentiation(
    raw: Callable[[NDArray[Any]], Any], real: Callable[[Vector], float], size: int, batches: Batches | None
) -> Differentiation:
    """Point by point, or in batches.

    Args:
        raw, real: the function, of complex numbers as well, and as a real number.
        size: how many parameters there are.
    """

    exact, central = partial(complex_step, raw), partial(central_differences, real)
    wide = partial(central_differences, real, scale=2.0)
    if batches is None:
        return Differentiation(exact, central, wide, (size, 2 * size))
    twice = partial(batches.central_differences, scale=2.0)
    return Differentiation(
        InBatches(batches.complex_step, real, exact, size),
        InBatches(batches.central_differences, real, central, 2 * size),
        InBatches(twice, real, wide, 2 * size),
        (calls_in_batches(size),) * 2,
    )


def calls_in_batches(size: int) -> int:
    """For one gradient of so many parameters."""
    return 1 + -(-size // points_at_once(2 * size))


def points_at_once(numbers: int) -> int:
    """So many points of that many numbers each go into one call."""
    return max(1, MOST_NUMBERS // numbers)


def _pieces(count: int, most: int) -> list[NDArray[np.intp]]:
    return [np.arange(k, min(k + most, count)) for k in range(0, count, most)]


def _check(found: float, value: float) -> None:
    if not same(np.array([found]), np.array([value])):
        raise ValueError(found)


def same(found: NDArray[Any], wanted: NDArray[Any]) -> bool:
    """Whether values agree but for the order in which they were summed up."""
    size = float(np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0))
    return bool(np.allclose(found, wanted, rtol=SAME, atol=SAME * size, equal_nan=True))


def batches_of(
    call: Callable[[NDArray[Any]], Any], single: Callable[[Vector], float], x: Vector
) -> Batches | None:
    """How a function takes many points at once, tried at three of them near ``x``; None where it does not.

    >>> found = batches_of(lambda x: np.sum(x**2, axis=0), lambda x: float(np.sum(x**2)), np.arange(6.0))
    >>> found.central_differences(np.arange(6.0), 55.0).round(6)
    array([ 0.,  2.,  4.,  6.,  8., 10.])
    """
    if len(x) < FEWEST:
        return None
    random = np.random.default_rng(_DRAWN)
    points = x + 1e-3 * np.maximum(1.0, np.abs(x)) * random.uniform(-1.0, 1.0, (_TRIED, len(x)))
    wanted = np.array([single(point) for point in points])
    if not np.all(np.isfinite(wanted)) or len(set(wanted)) < _TRIED:
        return None  # which says nothing
    for columns in (True, False):
        found = Batches(call, columns)
        try:
            if same(found.values(points), wanted):
                return found
        except Exception:  # whatever a person's function raises of an array with an axis more
            continue
    return None
