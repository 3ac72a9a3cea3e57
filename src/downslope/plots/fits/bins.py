"""Rows that are neighbours taken together, and what share of them has a label."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from downslope.plots.plane import Floats

LEAST = 20  # rows in a bin
MOST_BINS = 15


def binned(x: Floats, least: int = LEAST, most: int = MOST_BINS) -> list[NDArray[np.intp]]:
    """Indices of rows in order of ``x``, in bins of about equal numbers; none where there are too few rows.

    >>> [len(part) for part in binned(np.arange(90.0))]
    [22, 23, 22, 23]
    """
    count = min(len(x) // least, most)
    if count < 3:
        return []
    order = np.argsort(x, kind="stable")
    edges = np.linspace(0, len(x), count + 1).astype(int)
    return [order[a:b] for a, b in pairwise(edges)]


def binned_shares(x: Floats, labels: Floats) -> tuple[Floats, Floats, Floats] | None:
    """(mean of ``x``, share of label 1, its standard error) in each bin; None where there are too few rows."""
    parts = binned(x)
    if not parts:
        return None
    at = np.array([x[part].mean() for part in parts])
    share = np.array([labels[part].mean() for part in parts])
    size = np.array([len(part) for part in parts])
    return at, share, np.sqrt(share * (1 - share) / size)
