"""What the passes are told. Arrays are contiguous, and of float64 where nothing else is said.

Those that a pass gets at every evaluation are plain tuples: Numba takes microseconds to look at one with names.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

Table = tuple[Floats, Any, Floats]
"""X (rows, features), y (rows,), weights (rows,), or (0,) where every row counts once.

For softmax y holds the numbers of the classes, int64.
"""

Linear = tuple[Floats, Any, Floats]
"""w (features,), the intercept b, what the features are measured from (features,).

For softmax w is (features, classes) and b (classes,).
"""

Formula = tuple[int, int, Floats]
"""Address and data of SymEngine's code, and theta (parameters,).

The code reads ``[theta | a row of X]`` and writes ``[prediction | its derivatives in theta]``.
"""

Loss = tuple[int, float]
"""Its code and its number."""

Rows = tuple[int, int]
"""The first, and the one after the last."""

Order = tuple[Integers, Integers]
"""The rows of an epoch, (rows,); and for each place the row that memory is asked for there, (rows,)."""

MadeToMeasure = tuple[int, Integers, Integers]
"""Address of ``linear_kernel.OrderedKernel``, where its sums stand (2 + features,), and the sheet of a call (9,)."""


class ColumnPlaces(NamedTuple):
    """Where the parameters of a linear hypothesis stand, and their units."""

    at: NDArray[np.intp]  # (features,), the parameter of each
    intercept: int  # -1 where there is none
    centre: Floats  # (features,), subtracted from them
    scale: Floats  # (features,), a parameter is its coordinate times this


class Rule(NamedTuple):
    """A rule in machine code.

    Where ``read`` and ``written`` are not empty, it is that of one coordinate j: its k-th input stands at
    ``read[k, 0] + j*read[k, 1]``, its outputs likewise.
    """

    address: int
    data: int
    head: int  # where x begins in the inputs
    size: int  # parameters
    root: bool  # whether to take the root of the batch's mean
    l2: Floats  # (parameters,), the penalty of each, or (0,)
    read: Integers  # (inputs of one coordinate, 2), or (0, 2)
    written: Integers  # (its outputs, 2), or (0, 2)


class EpochTask(NamedTuple):
    """What stays the same from epoch to epoch."""

    table: Table
    model: Any  # ``ColumnPlaces`` of a linear hypothesis, address and data of a row formula
    loss: Loss
    batch: int  # rows
    mean_weight: float  # of a row that counts once
    rule: Rule
