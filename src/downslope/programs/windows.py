"""Which elements of an array NumPy shows when it is indexed, turned, sliced or repeated.

NumPy itself is asked: it does the same to a stand-in of that shape, which has no elements, only strides, each so much
larger than the next that those of the result tell along which axes, and in which steps, it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from downslope.programs.node import ArrayNode, Axis, Shape


class Shown(NamedTuple):
    """A view: an axis for each axis of the array, and the shape that is shown."""

    axes: tuple[Axis, ...]
    shape: Shape

    def of(self, node: ArrayNode) -> ArrayNode:
        """The elements of a node that it shows."""
        return node.graph.view(node, self.axes, self.shape)


@lru_cache(maxsize=256)
def _stand_in(shape: Shape) -> tuple[NDArray[Any], tuple[int, ...]]:
    """An array of that shape, which must not be looked into, and its strides."""
    strides = [1]
    for n in reversed(shape[1:]):
        strides.append(strides[-1] * (2 * n + 1))
    kept = tuple(reversed(strides)) if shape else ()
    return as_strided(np.zeros(1, np.int8), shape, kept), kept


def shown(shape: Shape, function: Callable[[NDArray[Any]], Any]) -> Shown:
    """What a function of NumPy that only ever gives views shows of an array of that shape.

    >>> shown((4, 3), lambda array: array[1::2, ::-1].T)
    Shown(axes=(Axis(start=1, step=2, along=1), Axis(start=2, step=-1, along=0)), shape=(3, 2))
    """
    array, strides = _stand_in(shape)
    result = function(array)
    if 0 in result.shape:
        return Shown(tuple(Axis(0, 0, None) for _ in shape), result.shape)
    offset = result.__array_interface__["data"][0] - array.__array_interface__["data"][0]
    starts = []
    for stride in strides:
        start, offset = divmod(offset, stride)
        starts.append(start)
    axes = [Axis(start, 0, None) for start in starts]
    for k, stride in enumerate(result.strides):
        for axis, length, n in zip(range(len(shape)), strides, shape, strict=True):
            step = (stride + length // 2) // length
            stride -= step * length
            if (step and result.shape[k] > 1) or (step == 1 and n == 1 and axes[axis].along is None):
                axes[axis] = Axis(starts[axis], step, k)
    return Shown(tuple(axes), result.shape)


def at(shape: Shape, key: Any) -> Shown:
    """What a basic index shows."""
    return shown(shape, lambda array: array[key] if Ellipsis in _parts(key) else array[(*_parts(key), ...)])


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def is_basic(key: Any) -> bool:
    """Whether an index is of numbers, slices, new axes and an ellipsis only."""
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, slice)
        or (isinstance(part, (int, np.integer)) and not isinstance(part, bool))
        for part in _parts(key)
    )


def composed(outer: Shown, inner: Shown) -> Shown:
    """A view of what a view shows, as one view."""
    axes = []
    for start, step, along in outer.axes:
        if along is None:
            axes.append(Axis(start, 0, None))
        else:
            further, times, by = inner.axes[along]
            axes.append(Axis(start + step * further, step * times if by is not None else 0, by))
    return Shown(tuple(axes), inner.shape)
