"""Where contour lines go, so that a valley is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.plots.plane import Floats

MOST_LEVELS = 200
LEAST_SPAN = 1e-280  # colours cannot be told apart below
DECADES = 50.0  # where the middle nine tenths of the heights span this factor, contours go by ratio
POLE = 20.0  # a lowest value this many times below the lowest hundredth of all is a pole's


@dataclass(frozen=True)
class Levels:
    """Contour levels in rising order.

    Attributes:
        at: the values.
        base: the value from which heights are measured where the levels are evenly spaced in the logarithm
            of height; None where they are evenly spaced in value, or given.
        climb: whether heights are measured downwards from ``base``, a summit.
    """

    at: Floats
    base: float | None = None
    climb: bool = False


def checked_levels(levels: int | Sequence[float]) -> int | Floats:
    """The number of levels, or the levels themselves in rising order.

    Raises:
        UsageError: the number is not from 1 to 200, or the levels are not finite and different.
    """
    if isinstance(levels, (int, np.integer)) and not isinstance(levels, bool):
        if not 1 <= levels <= MOST_LEVELS:
            raise UsageError(
                message(
                    "levels is {levels}; ask for 1 to {most} contour lines.",
                    levels=levels,
                    most=MOST_LEVELS,
                )
            )
        return int(levels)
    try:
        at = np.array(sorted(float(level) for level in levels))  # type: ignore[union-attr]
    except (TypeError, ValueError):
        at = np.empty(0)
    if not (1 <= at.size <= MOST_LEVELS and np.isfinite(at).all() and (np.diff(at) > 0).all()):
        raise UsageError(
            message("levels is {levels!r:.60}; give how many, or different finite values.", levels=levels)
        )
    return at


def choose_levels(
    values: Floats, wanted: int | Floats, known: float | None = None, climb: bool = False
) -> Levels | None:
    """The levels for a grid of values; None where there is nothing to draw a line between.

    Evenly spaced in value; or, where the heights above the lowest value span decades, evenly spaced in the
    logarithm of height, so that the floor of a valley gets its share of lines.

    Args:
        values: on the grid; NaN where the function has none.
        wanted: how many, or the levels themselves.
        known: the least value, where it is known and in view.
        climb: measure from the highest value downwards.

    >>> choose_levels(np.linspace(0, 4, 50), 3).at
    array([1., 2., 3.])
    """
    finite = values[np.isfinite(values)]
    if not isinstance(wanted, int):
        return Levels(wanted)
    if not finite.size or finite.max() - finite.min() <= max(1e-13 * np.abs(finite).max(), LEAST_SPAN):
        return None
    signed = -finite if climb else finite
    low, first, middle, high = np.quantile(signed, [0.0, 0.01, 0.5, 1.0])
    if middle - low > POLE * (middle - first) and middle > first:
        low = first
    if known is not None and known <= low:
        low = known
    heights = signed[signed > low] - low
    small, large = np.quantile(heights, [0.05, 0.95])
    with np.errstate(over="ignore"):
        if large > DECADES * small and np.isfinite(high - low):
            least = max(np.quantile(heights, 0.005), 1e-12 * (high - low), 1e-14 * abs(low))
            at = low + np.geomspace(least, (high - low), wanted + 1)[:-1]
            return Levels(*_signed(at, low, climb), climb)
        at = low + (high / 2 - low / 2) * 2 * np.arange(1, wanted + 1) / (wanted + 1)
    return Levels(_signed(at, low, climb)[0], None, climb)


def _signed(at: Floats, low: float, climb: bool) -> tuple[Floats, float]:
    at = np.unique(at)
    return (-at[::-1], -low) if climb else (at, low)
