"""Sums of products in twice the working precision, by transformations without error.

``a + b`` and ``a * b`` are each written as a rounded number and what the rounding left out; both parts are then added
up apart. What is summed so is as good as in 32 digits, rounded once.

Source: T. Ogita, S. Rump, S. Oishi, SIAM Journal on Scientific Computing 26 (2005) 1955-1988, algorithms 3.1 to 3.3.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
SPLIT = 134217729.0  # 2^27 + 1: halves the 53 bits of a number
LARGEST = 1e140  # of a number that is split and multiplied without overflow


class Doubled(NamedTuple):
    """The unevaluated sum of two arrays, the second of which is rounding beside the first."""

    high: Array
    low: Array

    def plus(self, other: Doubled) -> Doubled:
        """The sum."""
        high, rest = two_sum(self.high, other.high)
        return Doubled(*two_sum(high, rest + (self.low + other.low)))

    def times(self, factor: Any) -> Doubled:
        """The product with numbers."""
        high, rest = two_product(self.high, factor)
        return Doubled(*two_sum(high, rest + self.low * factor))

    def total(self) -> Doubled:
        """The sum over the first axis, in a tree."""
        part = self
        while len(part.high) > 1:
            half = (len(part.high) + 1) // 2
            rest = Doubled(part.high[half:], part.low[half:])
            first = Doubled(part.high[:half], part.low[:half])
            both = Doubled(first.high[: len(rest.high)], first.low[: len(rest.low)]).plus(rest)
            odd = len(rest.high)
            part = Doubled(
                np.concatenate([both.high, first.high[odd:]]), np.concatenate([both.low, first.low[odd:]])
            )
        return Doubled(part.high[0], part.low[0])

    @property
    def value(self) -> Array:
        """Rounded to one number."""
        return np.asarray(self.high + self.low)


def two_sum(a: Any, b: Any) -> tuple[Array, Array]:
    """``a + b`` rounded, and what that leaves out.

    >>> [float(part) for part in two_sum(1.0, 1e-20)]
    [1.0, 1e-20]
    """
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Any, b: Any) -> tuple[Array, Array]:
    """``a * b`` rounded, and what that leaves out.

    >>> high, low = two_product(1 + 2.0**-30, 1 + 2.0**-30)
    >>> float(high) == 1 + 2.0**-29, float(low) == 2.0**-60
    (True, True)
    """
    product = a * b
    a1, b1 = _upper(a), _upper(b)
    a2, b2 = a - a1, b - b1
    return product, a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2)


def _upper(a: Any) -> Any:
    """The upper half of the digits."""
    large = SPLIT * a
    return large - (large - a)


def exact(array: Any) -> Doubled:
    """Numbers as they are."""
    numbers = np.asarray(array, np.float64)
    return Doubled(numbers, np.zeros_like(numbers))
