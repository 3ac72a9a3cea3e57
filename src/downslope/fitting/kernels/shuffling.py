# mypy: disallow-untyped-decorators=False
"""The rows of an epoch, and reading them in that order."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.fitting.kernels.calls import prefetch
from downslope.fitting.kernels.records import Floats, Order, Rows
from downslope.symbolic.kernel_cache import compiled


@compiled()
def shuffled(blocks: Any, size: Any, rows: Any, seed: Any) -> Any:
    """(row numbers block by block in the order given, the rows of each block of ``size`` at random; for each place
    the row that is to be asked of memory there, which belongs to the next block and comes in order).

    The random numbers are xorshift64*'s. Source: S. Vigna, ACM Trans. Math. Software 42 (2016) 30, figure 10.
    """
    order = np.empty(rows, np.int64)
    state = np.uint64(seed) * np.uint64(2685821657736338717) + np.uint64(88172645463325252)
    coming = np.zeros(rows, np.int64)
    at = 0
    for block in blocks:
        first = block * size
        count = min(size, rows - first)
        for i in range(count):
            order[at + i] = first + i
            if at >= size:
                coming[at + i - size] = first + i
        for i in range(count - 1, 0, -1):
            state ^= state >> np.uint64(12)
            state ^= state << np.uint64(25)
            state ^= state >> np.uint64(27)
            j = np.int64((state * np.uint64(2685821657736338717) >> np.uint64(33)) % np.uint64(i + 1))
            order[at + i], order[at + j] = order[at + j], order[at + i]
        at += count
    return order, coming


@compiled(inline="always")
def gather(features: tuple[Floats, Floats], order: Order, rows: Rows, out: Floats) -> None:
    """The rows at these places of the order into ``out``, while memory is asked for those that come.

    ``features`` are X (rows, features) and what they are measured from, (features,); ``out`` is (rows, features).
    """
    X, centre = features
    numbers, coming = order
    first, end = rows
    d = centre.size
    flat = X.reshape(-1)
    for i in range(end - first):
        place = coming[first + i] * d
        for q in range(place, place + d, 8):
            prefetch(flat, q)
        x, row = X[numbers[first + i]], out[i]
        for j in range(d):
            row[j] = x[j] - centre[j]
