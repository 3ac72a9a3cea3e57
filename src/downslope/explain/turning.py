"""How consecutive steps lie to each other: back over the way they came, or on in one direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def reversals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """For every two steps in a row <s', s>/<s, s>: -0.9 where the second goes back over 0.9 of the first."""
    steps = np.diff(points, axis=0)
    with np.errstate(all="ignore"):
        return np.asarray(np.sum(steps[1:] * steps[:-1], axis=1) / np.sum(steps[:-1] ** 2, axis=1))


def turns(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cosine between every two steps in a row."""
    steps = np.diff(points, axis=0)
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(steps, axis=1)
        return np.asarray(np.sum(steps[1:] * steps[:-1], axis=1) / (lengths[1:] * lengths[:-1]))
