"""How a sequence of values or points goes towards its end: whether it still rises, whether it repeats itself.

Pure functions of what a history holds. Two values in a row say nothing of a trend: a cycle rises at every other step.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Trend = Literal["falling", "rising", "level", "cycle", "swinging"]

FEWEST = 5  # values that must rise, all of them, where there are fewer than eight
PARTS = 4  # the last of so many equal parts is held against the one before
LONGEST_PERIOD = 4  # steps
ROUNDS = 8  # times that a cycle must have gone round, where there are so many points
FEWEST_ROUNDS = 4
WIDE = 0.1  # part of the whole way
FEW = 1000  # coordinates, that are looked at before all of them
SAME = 1e-6  # part of the cycle's width within which it comes back
ULPS = 64  # units in the last place, that rounding may move a point by


def trend_of(
    values: NDArray[np.float64], points: NDArray[np.float64], tail: int | None = None
) -> tuple[Trend, int]:
    """How values that were kept went in the end, and the period with which their points repeat; 0 where they do not.

    Args:
        values: of the accepted points, as descent sees them.
        points: of the same, one a row.
        tail: so many of the last were accepted one after the other, so that a period can be counted; None: all were.

    >>> there_and_back = np.array([[1.0], [-1.0]] * 20)
    >>> trend_of(np.ones(40), there_and_back), trend_of(0.9 ** np.arange(40), 0.9 ** np.arange(40)[:, None])
    (('cycle', 2), ('falling', 0))
    """
    period = period_of(points if tail is None else points[-tail:])
    if period and is_wide(points, period):
        return "cycle", period
    before = points if tail is None else points[:-tail]
    if not period and tail is not None and len(before) and repeats(before) and not repeats(points[-tail:]):
        return "cycle", 0
    if tail is not None and 1 < tail < len(values):  # a mean of thinned rows and of all is a mean of neither
        spaced = values[:-tail]
        values = np.concatenate([spaced, values[-1:]]) if len(spaced) > 2 * PARTS else values
    known = values[np.isfinite(values)]
    if len(known) < 2 or float(np.ptp(known[-2 * PARTS :])) <= _spacing(known[-2 * PARTS :]):
        return "level", 0
    if still_rising(values):
        return "rising", 0
    last = len(known) // PARTS if len(known) >= 2 * PARTS else 1
    before = known[-2 * last : -last]
    return ("falling" if np.max(known[-last:]) < np.min(before) else "swinging"), 0


def still_rising(values: NDArray[np.float64]) -> bool:
    """Whether values end above their first one and still rise: each of the last two quarters above the one before.

    Of fewer than eight values at least five must be there, and all of them rise. Bounded swings, cycles and a single
    bad step at the end are no rise.

    >>> still_rising(2.0 ** np.arange(5)), still_rising(np.array([2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.5]))
    (True, False)
    """
    known = values[np.isfinite(values)]
    if len(known) < FEWEST or not known[-1] > known[0]:
        return False
    if len(known) < 2 * PARTS:
        return bool(np.all(np.diff(known) > 0))
    n = len(known) // PARTS
    first, second, third = known[-3 * n : -2 * n], known[-2 * n : -n], known[-n:]
    return bool(np.min(third) > np.max(second) and np.min(second) > np.max(first))


def rising_rows(values: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Of many runs of equally many steps: which still rise, and do not repeat themselves; as ``trend_of`` has it.

    Args:
        values: shape (runs, steps), of the accepted points.
        points: the last of these, shape (runs, some, p).

    >>> grows, swings = 2.0 ** np.arange(9), np.array([2.0, 1.0] * 4 + [2.5])
    >>> rising_rows(np.array([grows, swings]), np.zeros((2, 9, 1))).tolist()
    [True, False]
    """
    runs, steps = values.shape
    if steps < FEWEST:
        return np.zeros(runs, bool)
    with np.errstate(all="ignore"):
        rising = values[:, -1] > values[:, 0]
        if steps < 2 * PARTS:
            rising &= np.all(np.diff(values, axis=1) > 0, axis=1)
        else:
            n = steps // PARTS
            first, second, third = values[:, -3 * n : -2 * n], values[:, -2 * n : -n], values[:, -n:]
            rising &= (third.min(1) > second.max(1)) & (second.min(1) > first.max(1))
        spacing = ULPS * np.spacing(np.max(np.abs(values[:, -2 * PARTS :]), axis=1))
        rising &= np.ptp(values[:, -2 * PARTS :], axis=1) > spacing
    unclear = np.flatnonzero(rising)
    rising[unclear] &= ~_repeat_themselves(points[unclear])
    return np.asarray(rising)


def _repeat_themselves(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which runs have a period, by their last points, shape (runs, some, p); as ``period_of``."""
    out = np.zeros(len(points), bool)
    for period in range(2, LONGEST_PERIOD + 1):
        rounds = min(ROUNDS, points.shape[1] // period - 1)
        if rounds < FEWEST_ROUNDS or not points.size:
            break
        last = points[:, -(rounds + 1) * period :]
        with np.errstate(all="ignore"):
            width = np.max(np.ptp(last, axis=1), axis=1)
            back = np.max(np.abs(last[:, period:] - last[:, :-period]), axis=(1, 2))
            spacing = ULPS * np.spacing(np.max(np.abs(last), axis=(1, 2)))
            out |= np.isfinite(width) & (width > spacing) & (back <= SAME * width)
    return out


def period_of(points: NDArray[np.float64]) -> int:
    """The period, from 2 to 4, with which the last of consecutive points repeat themselves; 0 where they do not.

    They must come back to within a millionth of the cycle's own width, and not be shrinking or growing.

    >>> period_of(np.array([[1.0], [-1.0]] * 20)), period_of(np.array([[0.9**k] for k in range(40)]))
    (2, 0)
    """
    for period in range(2, LONGEST_PERIOD + 1):
        rounds = min(ROUNDS, len(points) // period - 1)
        if rounds < FEWEST_ROUNDS:
            return 0
        last = points[-(rounds + 1) * period :]
        if not last.size or not np.all(np.isfinite(last)):  # no coordinate is left where bounds hold them all
            return 0
        width = float(np.max(np.ptp(last, axis=0)))
        back = float(np.max(np.abs(last[period:] - last[:-period])))
        if width > _spacing(last) and back <= SAME * width:
            return period
    return 0


def is_wide(points: NDArray[np.float64], period: int) -> bool:
    """Whether a cycle at the end is wide beside the whole way; a narrow one is how some rules stand at a minimum.

    >>> is_wide(np.array([[1.0], [-1.0]] * 20), 2), is_wide(np.array([[9.0], [1e-3], [-1e-3], [1e-3], [-1e-3]]), 2)
    (True, False)
    """
    whole = float(np.max(np.ptp(points, axis=0), initial=0.0))
    return float(np.max(np.ptp(points[-2 * period :], axis=0))) > WIDE * whole


def _spacing(points: NDArray[np.float64]) -> float:
    """What rounding alone may move points of this size by."""
    least = 1e-300
    most, lowest = np.max(points, initial=least), np.min(points, initial=-least)  # no copy of many parameters
    return ULPS * float(np.spacing(np.maximum(most, -lowest)))


def repeats(points: NDArray[np.float64]) -> Any:
    """Whether thinned points stay where they are, each the same as the one before, to rounding."""
    last = points[-FEWEST_ROUNDS:]
    if len(last) < FEWEST_ROUNDS:
        return False
    few, spacing = last[:, :FEW], _spacing(last)
    if few.size and np.max(np.ptp(few, axis=0)) > spacing:
        return False  # which most are, as few of many parameters show
    return bool(np.max(np.ptp(last, axis=0)) <= spacing)
