"""Whether one method is better than another over the same starts: the signed-rank test, and Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_EXACT = 200  # differences whose distribution is counted out; of more it is normal to four digits


def signed_rank(differences: NDArray[np.float64] | Sequence[float]) -> float:
    """How likely such differences, or more one-sided ones, are where neither side is favoured: in (0, 1].

    Two-sided. Zeros say nothing and are left out; equal sizes share their ranks; infinite differences are the largest.
    Up to 200 differences the distribution is counted out over all signs, ties included.

    >>> signed_rank([1.0] * 5), signed_rank([1.0, -1.0]), signed_rank([0.0])
    (0.0625, 1.0, 1.0)

    F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1 (1945).
    """
    given = np.asarray(differences, np.float64)
    kept = given[given != 0]
    if not len(kept):
        return 1.0
    doubled = _doubled_ranks(np.abs(kept))
    total = int(doubled.sum())
    positive = int(doubled[kept > 0].sum())
    less = min(positive, total - positive)
    if len(kept) > MOST_EXACT:
        spread = math.sqrt(
            float((doubled.astype(np.float64) ** 2).sum())
        )  # of the sum of signed doubled ranks
        return min(1.0, math.erfc((total - 2 * less) / spread / math.sqrt(2)))
    chance = np.zeros(total + 1)  # of each sum of the positive ranks
    chance[0] = 1.0
    for rank in doubled.tolist():
        chance /= 2
        chance[rank:] += chance[: total + 1 - rank].copy()
    return min(1.0, 2 * float(chance[: less + 1].sum()))


def _doubled_ranks(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the rank of each size, so that shared ranks are whole."""
    ordered = np.sort(sizes)
    low = np.searchsorted(ordered, sizes, side="left")
    high = np.searchsorted(ordered, sizes, side="right")
    return (low + high + 1).astype(np.int64)


def favours(differences: NDArray[np.float64] | Sequence[float]) -> int:
    """1 where the positive differences weigh more by their ranks, -1 where the negative ones do, 0 where neither.

    >>> favours([3.0, -1.0]), favours([-1.0])
    (1, -1)
    """
    given = np.asarray(differences, np.float64)
    kept = given[given != 0]
    doubled = _doubled_ranks(np.abs(kept))
    return int(np.sign(doubled[kept > 0].sum() - doubled[kept < 0].sum()))


def holm(chances: Sequence[float]) -> list[float]:
    """The chances, corrected for being the smallest of several: a claim at 5 % is wrong in 5 % of whole families.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(chances)), key=lambda i: chances[i])
    corrected, largest = [0.0] * len(chances), 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - place) * chances[i]))
        corrected[i] = largest
    return corrected


def least_count(pairs: int, level: float) -> int:
    """So many differences of one sign are needed for one of so many pairs to be called different at this level.

    >>> least_count(1, 0.05), least_count(120, 0.05)
    (6, 13)
    """
    return math.ceil(math.log2(2 * max(pairs, 1) / level))
