"""NumPy's functions that arrange elements: in other shapes, orders and places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import NDArray

from downslope.messages import message
from downslope.programs.elementwise import as_number, as_truth
from downslope.programs.node import Axis, Shape, Table
from downslope.programs.recorded import ProgramArray, as_array, graph_among, node_of
from downslope.symbolic.unknown import TraceError


def _views(function: Any, read_only: bool = False) -> Callable[..., ProgramArray]:
    """A function of NumPy whose result is a view."""
    return lambda a, *args, **kwargs: as_array(a).seen(
        lambda array: function(array, *args, **kwargs), read_only
    )


def _views_of_each(function: Any) -> Callable[..., Any]:
    """Such a function of one array or several."""

    def applied(*arrays: Any) -> Any:
        found = [as_array(a, *arrays).seen(function) for a in arrays]
        return found[0] if len(found) == 1 else tuple(found)

    return applied


def moved(a: ProgramArray, index: Callable[[Any], Any]) -> ProgramArray:
    """The elements that a function of NumPy takes from the array, which is asked for their numbers."""
    places = np.array(index(np.arange(a.size).reshape(a.shape)), np.int64)
    return ProgramArray(a.node.graph.taken(a.node, Table(places), places.shape))


def arranged(a: ProgramArray, places: NDArray[np.int64]) -> ProgramArray:
    """The elements of an array at places (counted row by row): another shape or a view of it where they are one."""
    node, shape = a.node, places.shape
    graph = node.graph
    if places.size == node.size and np.array_equal(places.reshape(-1), np.arange(node.size)):
        return ProgramArray(graph.reshaped(node, shape))
    axes = _as_axes(node.shape, places)
    if axes is None:
        return ProgramArray(graph.taken(node, Table(places.astype(np.int64)), shape))
    return ProgramArray(graph.view(node, axes, shape))


def _as_axes(shape: Shape, places: NDArray[np.int64]) -> list[Axis] | None:
    """Places in an array of that shape as a view of it: those along each of its axes go up with one of their own."""
    axes: list[Axis] = []
    if not shape or not places.size:
        return axes if not shape else None
    for along in np.unravel_index(places, shape):
        start = int(along.flat[0])
        found = Axis(start, 0, None)
        for k, n in enumerate(places.shape):
            if n > 1 and (step := int(along.take(1, k).flat[0]) - start):
                found = Axis(start, step, k)
                counted = np.arange(n).reshape(n, *(1,) * (places.ndim - 1 - k))
                break
        else:
            counted = np.zeros((), int)
        if not np.all(along == start + found.step * counted):
            return None
        axes.append(found)
    return axes


def _moves(function: Any) -> Callable[..., ProgramArray]:
    return lambda a, *args, **kwargs: moved(as_array(a), lambda array: function(array, *args, **kwargs))


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> ProgramArray:
    """Arrays one after the other along an axis."""
    graph = graph_among(*arrays)
    nodes = [node_of(graph, a) for a in arrays]
    if axis is None:
        nodes, axis = [graph.reshaped(node, (node.size,)) for node in nodes], 0
    first = nodes[0].shape
    axis = normalize_axis_index(axis, len(first))
    total, pieces = 0, []
    for node in nodes:
        others = (node.shape[:axis], node.shape[axis + 1 :])
        if others != (first[:axis], first[axis + 1 :]):
            raise TraceError(
                message("'concatenate' of arrays of shapes {a} and {b} does not fit", a=first, b=node.shape)
            )
        pieces.append((as_number(node), _placed(len(first), axis, total)))
        total += node.shape[axis]
    shape = (*first[:axis], total, *first[axis + 1 :])
    if len(nodes) == 1:
        return ProgramArray(nodes[0])
    result = graph.assembled([piece for piece in pieces if piece[0].size], shape)
    return ProgramArray(as_truth(result) if all(node.truth for node in nodes) else result)


def _placed(count: int, axis: int, start: int) -> list[Axis]:
    return [Axis(start if k == axis else 0, 1, k) for k in range(count)]


def _with_axis(a: Any, axis: int, arrays: Sequence[Any]) -> ProgramArray:
    return as_array(a, *arrays).seen(lambda array: np.expand_dims(array, axis))


def _stack(arrays: Sequence[Any], axis: int = 0) -> ProgramArray:
    return concatenate([_with_axis(a, axis, arrays) for a in arrays], axis)


def _hstack(arrays: Sequence[Any]) -> ProgramArray:
    given = [as_array(a, *arrays).seen(np.atleast_1d) for a in arrays]
    return concatenate(given, 0 if given[0].ndim == 1 else 1)


def _vstack(arrays: Sequence[Any]) -> ProgramArray:
    return concatenate([as_array(a, *arrays).seen(np.atleast_2d) for a in arrays], 0)


def _column_stack(arrays: Sequence[Any]) -> ProgramArray:
    given = [as_array(a, *arrays) for a in arrays]
    return concatenate([a if a.ndim == 2 else a.seen(lambda x: np.atleast_1d(x)[:, None]) for a in given], 1)


def _dstack(arrays: Sequence[Any]) -> ProgramArray:
    return concatenate([as_array(a, *arrays).seen(np.atleast_3d) for a in arrays], 2)


def _block(arrays: Any) -> ProgramArray:
    def depth(part: Any) -> int:
        return 1 + depth(part[0]) if isinstance(part, list) else 0

    levels, graph = depth(arrays), graph_among(arrays)

    def joined(part: Any, level: int) -> ProgramArray:
        if not isinstance(part, list):
            found = ProgramArray(node_of(graph, part))
            missing = max(levels - found.ndim, 0)
            return found.seen(lambda array: array[(None,) * missing]) if missing else found
        return concatenate([joined(inner, level - 1) for inner in part], -level)

    return joined(arrays, levels)


def _append(a: Any, values: Any, axis: int | None = None) -> ProgramArray:
    return concatenate([a, values], axis)


def _split(a: Any, parts: Any, axis: int = 0, *, equal: bool = True) -> list[ProgramArray]:
    given = as_array(a)
    n = given.shape[axis]
    if isinstance(parts, (int, np.integer)):
        if equal and n % parts:
            raise TraceError(message("an array of length {n} has no {parts} equal parts", n=n, parts=parts))
        sizes = [n // int(parts) + (k < n % int(parts)) for k in range(int(parts))]
        ends = list(accumulate(sizes))[:-1]
    else:
        ends = list(parts)
    lead = (slice(None),) * normalize_axis_index(axis, given.ndim)
    return [given[(*lead, slice(i, j))] for i, j in zip([0, *ends], [*ends, n], strict=True)]


def _roll(a: Any, shift: Any, axis: Any = None) -> ProgramArray:
    given = as_array(a)
    if axis is None:
        return _roll(given.reshape(-1), int(np.sum(shift)), 0).reshape(given.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    for by, along in zip(shifts.ravel().tolist(), axes.ravel().tolist(), strict=True):
        n = given.shape[along]
        by = by % n if n else 0
        if by:
            lead = (slice(None),) * normalize_axis_index(along, given.ndim)
            given = concatenate([given[(*lead, slice(n - by, n))], given[(*lead, slice(0, n - by))]], along)
    return given.copy()


def _tile(a: Any, reps: Any) -> ProgramArray:
    given = as_array(a)
    counts = (reps,) if isinstance(reps, (int, np.integer)) else tuple(reps)
    ndim = max(len(counts), given.ndim)
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - given.ndim) + given.shape
    axes = [Axis(0, 1, 2 * k + 1) for k in range(ndim - given.ndim, ndim)]
    spread = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    graph = given.node.graph
    node = graph.view(given.node, axes, spread)
    return ProgramArray(graph.reshaped(node, tuple(c * n for c, n in zip(counts, shape, strict=True))))


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> ProgramArray:
    given = as_array(a)
    if axis is None:
        given, axis = given.reshape(-1), 0
    if np.ndim(repeats):
        return moved(given, lambda array: np.repeat(array, repeats, axis))
    k = normalize_axis_index(axis, given.ndim)
    shape = given.shape
    graph = given.node.graph
    axes = [Axis(0, 1, j if j <= k else j + 1) for j in range(given.ndim)]
    node = graph.view(given.node, axes, (*shape[: k + 1], int(repeats), *shape[k + 1 :]))
    return ProgramArray(graph.reshaped(node, (*shape[:k], shape[k] * int(repeats), *shape[k + 1 :])))


def _diag(a: Any, k: int = 0) -> ProgramArray:
    given = as_array(a)
    if given.ndim == 2:
        return given.seen(lambda array: np.diagonal(array, k), read_only=True)
    if given.ndim != 1:
        raise TraceError(message("np.diag takes one or two axes, not {n}", n=given.ndim))
    n = given.shape[0] + abs(k)
    axes = [Axis(max(-k, 0), 1, 0), Axis(max(k, 0), 1, 0)]
    return ProgramArray(given.node.graph.assembled([(as_number(given.node), axes)], (n, n)))


def _triangle(keep: Any) -> Callable[..., ProgramArray]:
    def applied(m: Any, k: int = 0) -> ProgramArray:
        given = as_array(m)
        shape = given.shape if given.ndim > 1 else (given.size, given.size)
        mask = keep(np.ones(shape[-2:], bool), k)
        return np.where(mask, given, 0.0)  # type: ignore[return-value]

    return applied


def _broadcast_arrays(*arrays: Any) -> tuple[ProgramArray, ...]:
    given = [as_array(a, *arrays) for a in arrays]
    shape = np.broadcast_shapes(*(a.shape for a in given))
    return tuple(a.seen(lambda array: np.broadcast_to(array, shape), read_only=True) for a in given)


def _meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[ProgramArray, ...]:
    given = [as_array(a, *arrays).reshape(-1) for a in arrays]
    spots = np.meshgrid(*(np.arange(a.size) for a in given), indexing=indexing)  # type: ignore[call-overload]
    return tuple(moved(a, itemgetter(spot)) for a, spot in zip(given, spots, strict=True))


def _pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> ProgramArray:
    given = as_array(array)
    widths = np.broadcast_to(np.asarray(pad_width, int), (given.ndim, 2)).tolist()
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        return moved(given, lambda numbers: np.pad(numbers, widths, mode))  # type: ignore[call-overload]
    if mode != "constant":
        raise TraceError(message("np.pad with mode={mode} is not known for symbols", mode=mode))
    shape = tuple(n + before + after for n, (before, after) in zip(given.shape, widths, strict=True))
    axes = [Axis(before, 1, k) for k, (before, _) in enumerate(widths)]
    graph = given.node.graph
    node = graph.assembled([(as_number(given.node), axes)], shape)
    frame = np.pad(np.zeros(given.shape), widths, constant_values=constant_values)
    return ProgramArray(node) + frame if frame.any() else ProgramArray(node)


def _take(a: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> ProgramArray:
    return moved(as_array(a), lambda array: np.take(array, indices, axis, mode=mode))  # type: ignore[call-overload]


def _filled(number: float) -> Callable[..., ProgramArray]:
    """``np.zeros_like``: an array that can be written into, of the shape of another one."""

    def applied(a: Any, dtype: Any = None, *, shape: Any = None) -> ProgramArray:
        given = as_array(a)
        return _full_like(given, number, dtype, shape=shape)

    return applied


def _full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> ProgramArray:
    graph = graph_among(a, fill_value)
    wanted: Shape = np.shape(a) if shape is None else np.broadcast_shapes(shape)
    if dtype is not None and np.dtype(dtype).kind not in "fO":
        raise TraceError(message("a symbol was asked for its value as {dtype}", dtype=np.dtype(dtype)))
    return ProgramArray(graph.broadcast(as_number(node_of(graph, fill_value)), wanted))


def _copyto(destination: Any, source: Any) -> None:
    if not isinstance(destination, ProgramArray):
        raise TraceError(message("a symbol was put into a plain NumPy array"))
    destination[...] = source


def _fill_diagonal(a: ProgramArray, val: Any) -> None:
    spots = np.arange(min(a.shape))
    a[(spots,) * a.ndim] = val


def _same_shape(a: Any, newshape: Any = None, *, shape: Any = None, order: str = "C") -> ProgramArray:
    return as_array(a).reshape(newshape if shape is None else shape, order=order)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{
        function: _views(function)
        for function in (
            *(np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.flip, np.fliplr, np.flipud, np.rot90),
            *(np.expand_dims, np.squeeze, np.permute_dims, np.matrix_transpose, np.linalg.matrix_transpose),
        )
    },
    **{f: _views(f, read_only=True) for f in (np.diagonal, np.broadcast_to, np.linalg.diagonal)},
    **{f: _views_of_each(f) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)},
    **{f: _moves(f) for f in (np.delete, np.resize, np.take_along_axis, np.compress)},
    np.reshape: _same_shape,
    np.ravel: lambda a, order="C": as_array(a).ravel(order),
    np.concatenate: concatenate,
    np.stack: _stack,
    np.hstack: _hstack,
    np.vstack: _vstack,
    np.dstack: _dstack,
    np.column_stack: _column_stack,
    np.block: _block,
    np.append: _append,
    np.split: _split,
    np.array_split: lambda a, parts, axis=0: _split(a, parts, axis, equal=False),
    np.hsplit: lambda a, parts: _split(a, parts, 1 if as_array(a).ndim > 1 else 0),
    np.vsplit: lambda a, parts: _split(a, parts, 0),
    np.dsplit: lambda a, parts: _split(a, parts, 2),
    np.roll: _roll,
    np.tile: _tile,
    np.repeat: _repeat,
    np.diag: _diag,
    np.diagflat: lambda v, k=0: _diag(as_array(v).reshape(-1), k),
    np.tril: _triangle(np.tril),
    np.triu: _triangle(np.triu),
    np.broadcast_arrays: _broadcast_arrays,
    np.meshgrid: _meshgrid,
    np.pad: _pad,
    np.take: _take,
    np.copy: lambda a: as_array(a).copy(),
    np.zeros_like: _filled(0.0),
    np.empty_like: _filled(0.0),
    np.ones_like: _filled(1.0),
    np.full_like: _full_like,
    np.copyto: _copyto,
    np.fill_diagonal: _fill_diagonal,
    np.shape: lambda a: as_array(a).shape,
    np.ndim: lambda a: as_array(a).ndim,
    np.size: lambda a, axis=None: as_array(a).size if axis is None else as_array(a).shape[axis],
    np.iscomplexobj: lambda a: False,
    np.isrealobj: lambda a: True,
    np.real: as_array,
    np.result_type: lambda *given: np.dtype(np.float64),
}
